//! What each source gave, and what is expected of it, becomes the gates of a night, those that it
//! passed too.

use jiff::civil::Date;

use crate::definition::Definitions;
use crate::definition::gates::Limits;
use crate::error::Result;
use crate::run::gates::{Refused, refused};
use crate::run::held_back::{HeldBack, median};
use crate::run::ledger::Ledger;
use crate::run::manifest::{Manifest, Segment};
use crate::run::newest::newest;
use crate::run::past_nights::PastNights;
use crate::run::report::inputs::{Came, why};
use crate::run::report::night::Night;
use crate::run::report::sheet::{Cell, Sheet, Tone};
use crate::vocabulary::calendar::number_of;
use crate::vocabulary::french::{UNBROKEN, percent, short_day};
use crate::vocabulary::warnings::Code;

const CAPTION: &str = "Portes, source par source";

/// What a source is judged by.
struct Gate<'a> {
    source: &'a str,
    limits: Limits,
    /// Refused records; not known before all are judged.
    refused: Option<&'a Refused>,
    /// Records that it gave.
    records: Option<i64>,
    /// Those of the days before.
    before: Vec<i64>,
    /// Days from its newest record to the reference day.
    age: Option<i32>,
    verdict: (String, Tone),
}

/// The gates of each source that gave something or was expected to.
///
/// # Errors
/// When the warehouse cannot be read.
pub(super) fn sheet(
    night: &Night<'_>,
    made: Option<&Manifest>,
    (definitions, ledger, came): (&Definitions, Option<&Ledger>, &[Came]),
) -> Result<Sheet> {
    let shown = night.seen.as_ref().filter(|_| night.attempt.is_good());
    let past = PastNights::read(night.store, shown.map(|seen| seen.run_id.as_str()))?;
    let measured = ledger.map(|ledger| refused(definitions, ledger)).unwrap_or_default();
    let declared = |source: &&str| {
        definitions.sources.contains_key(*source) || definitions.datasets.contains_key(*source)
    };
    let given = came.iter().map(|it| it.source.as_str());
    let told = night.logged.refused.keys().map(String::as_str);
    let mut sources: Vec<&str> = given.chain(told).filter(declared).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut gates = Vec::new();
    for source in sources {
        let own = came.iter().find(|it| it.source == source);
        let held = made.and_then(|made| made.held_back.iter().find(|it| it.source == source));
        let segments = made.map(|made| segments_of(made, held, source)).unwrap_or_default();
        let limits = definitions.gates.limits(&definitions.pipeline, source);
        let as_of = night.attempt.begin.as_of.as_deref().and_then(|day| day.parse().ok());
        let judged = limits.stale_days_max.zip(as_of);
        let age = judged.and_then(|(_, day)| age(night, definitions, day, (source, &segments)));
        let refused = measured.iter().find(|it| it.source == source);
        let gate = Gate {
            source,
            limits,
            refused: refused.filter(|_| held.is_none()),
            records: match held {
                Some(held) => Some(held.segments.iter().map(|it| it.records).sum()),
                None => own.and_then(|it| it.records),
            },
            before: past.records(source, definitions.gates.median_of_days()),
            age,
            verdict: verdict(night, made, (source, held, refused)),
        };
        gates.push(gate);
    }
    // No source needs to be fresh unless it is declared to be.
    let has_ages = gates.iter().any(|gate| gate.limits.stale_days_max.is_some());
    let ages: &[&str] = if has_ages { &["#Dernier jour", "#Au plus tard"] } else { &[] };
    let sizes = ["Source", "#Refusées", "#Part", "#Au plus", "#Lus", "#Médiane", "#Au moins"];
    let mut sheet = Sheet::of(CAPTION, &[&sizes[..], ages, &["Verdict"]].concat());
    gates.into_iter().for_each(|gate| sheet.row(gate.cells(has_ages)));
    Ok(sheet)
}

/// What was read of a source tonight.
fn segments_of(made: &Manifest, held: Option<&HeldBack>, source: &str) -> Vec<Segment> {
    let used = made.segments.iter().filter(|it| it.source == source);
    held.map_or_else(|| used.cloned().collect(), |held| held.segments.clone())
}

/// Days from the newest record to the reference day; not known where it cannot be read.
fn age(
    night: &Night<'_>,
    definitions: &Definitions,
    as_of: Date,
    (source, segments): (&str, &[Segment]),
) -> Option<i32> {
    let found = newest((night.store, definitions, as_of), source, segments).ok().flatten();
    found.map(|day| number_of(as_of) - day)
}

fn verdict(
    night: &Night<'_>,
    made: Option<&Manifest>,
    (source, held, refused): (&str, Option<&HeldBack>, Option<&Refused>),
) -> (String, Tone) {
    if let Some(reason) = night.logged.refused.get(source) {
        return (format!("refusée : {}", why(reason)), Tone::Bad);
    }
    if let Some(held) = held {
        let day = short_day(&held.since.to_string());
        let reason = why(held.finding.reason.code());
        return (format!("retenue : {reason} ; celle du {day} la remplace"), Tone::Warn);
    }
    let accepted = made.is_some_and(|it| it.accepted_inputs.iter().any(|it| it.source == source));
    if accepted {
        return ("acceptée par une personne".to_owned(), Tone::Warn);
    }
    if refused.is_some_and(Refused::is_over) {
        return ("refusée : trop de lignes refusées".to_owned(), Tone::Bad);
    }
    let is_late = |made: &Manifest| {
        made.warnings
            .iter()
            .any(|it| it.code == Code::SourceStale && it.source.as_deref() == Some(source))
    };
    match made {
        Some(made) if is_late(made) => ("ancienne".to_owned(), Tone::Warn),
        Some(_) => ("passe".to_owned(), Tone::Good),
        None => ("pas jugée".to_owned(), Tone::Warn),
    }
}

impl Gate<'_> {
    fn cells(self, has_ages: bool) -> Vec<Cell> {
        let share = self.refused.and_then(|it| percent(it.refused, it.read));
        let most = format!("{}{UNBROKEN}%", self.limits.rejects_percent_max);
        let days = |days: i64| match days {
            ..2 => format!("{days}{UNBROKEN}jour avant"),
            _ => format!("{days}{UNBROKEN}jours avant"),
        };
        let mut cells = vec![
            Cell::from(self.source),
            Cell::from(self.refused.map(|it| it.refused)),
            Cell::from(share),
            Cell::from(most),
            Cell::from(self.records),
            Cell::from(median(&self.before)),
            Cell::from(self.least()),
        ];
        if has_ages {
            cells.push(Cell::from(self.age.map(|age| days(i64::from(age)))));
            let limit = self.limits.stale_days_max;
            cells.push(Cell::from(limit.map(|limit| days(i64::from(limit)))));
        }
        let (text, tone) = self.verdict;
        cells.push(Cell::verdict(text, tone));
        cells
    }

    /// How many records it must have; any number of one without a past, or with few.
    fn least(&self) -> Option<i64> {
        let usual = median(&self.before).filter(|usual| *usual > 0)?;
        let share = i128::from(self.limits.rows_percent_min);
        if share == 0 {
            return None;
        }
        if usual < i64::from(self.limits.rows_judged_from) {
            return Some(1);
        }
        i64::try_from((i128::from(usual) * share + 99) / 100).ok()
    }
}
