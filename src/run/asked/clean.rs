//! Activities are cleaned by an engine: what takes all rows side by side is done there, what is to
//! be known of them is told from here, and files are written here, as those of one machine.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};

use crate::clean::activities::{self, steps};
use crate::clean::sql::Query;
use crate::clean::sql::versions::{
    EFFECT, FATE, IS_BEFORE, IS_COPY, IS_EXACT, IS_NOTICE, IS_TWIN, Origin, TWIN, versions,
};
use crate::error::{Error, Result};
use crate::run::activities::{Desk, With, corrected, of_months};
use crate::run::asked::Asked;
use crate::run::asked::exchange::Exchange;
use crate::run::asked::lookups::take;
use crate::run::asked::parts::{BESIDE, Parts};
use crate::run::clean::{Cleaned, STAGE};
use crate::run::corrections::Matched;
use crate::run::dataset::months::text_of;
use crate::run::job::Progress;
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::run::month::{self, Month};
use crate::run::reconciliation::{Found, opening};
use crate::run::staged::{account, declared_source, lacking, system};
use crate::vocabulary::codes::{Fate, System};
use crate::vocabulary::columns;
use crate::vocabulary::tables::CLEAN_ACTIVITES;

/// Segments of fewer rows are put together with others of their source.
const ROWS_TOGETHER: i64 = 1 << 17;

/// Cleans the activities of all segments.
///
/// # Errors
/// When the engine fails, loses rows, or a file cannot be read or written.
pub(in crate::run) fn clean(
    desk: &Desk<'_>,
    (asked, notices): (&Asked<'_>, &[&Segment]),
    with: &With<'_>,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let months: BTreeSet<i32> = with.groups.iter().map(|group| group.month).collect();
    let months: Vec<i32> = months.into_iter().collect();
    let job = desk.job;
    (job.progress)(Progress::Stage(STAGE, u64::try_from(months.len()).unwrap_or_default()));
    let exchange = Exchange::new(asked, job.store)?;
    let work = Work { desk, notices, exchange: &exchange };
    let rows = work.decide(cleaned)?;
    let folder = work.follow(&rows, with)?;
    exchange.collect(&folder)?;
    let parts = Parts::open(job.store, &folder)?;
    let found = of_months(job, &months, &|month| {
        let (mut done, mut clean) = (Month::default(), Vec::new());
        parts.each(month, &mut |rows| {
            clean.push(desk.keep(month, &activities::split(&rows)?, &mut done)?);
            Ok(())
        })?;
        desk.write(month, &clean, &mut done)?;
        Ok(done)
    })?;
    let mut records = BTreeMap::new();
    for (month, of_month) in found.into_iter().filter(|(_, of_month)| !of_month.is_empty()) {
        // None can tell whether it would come out the same: keys are made of rows read here.
        records.insert(text_of(month), of_month.record(String::new()));
        of_month.enter(cleaned, &mut Matched::default());
    }
    month::write(job, &records)?;
    drop(parts);
    exchange.end()?;
    (job.progress)(Progress::Done);
    Ok(())
}

struct Work<'a> {
    desk: &'a Desk<'a>,
    notices: &'a [&'a Segment],
    exchange: &'a Exchange<'a>,
}

impl Work<'_> {
    /// Decides which version of each record counts, and enters all rows; returns them, each with
    /// its fate, as a relation.
    fn decide(&self, cleaned: &mut Cleaned) -> Result<String> {
        let activities = self.origins(self.desk.segments, 0)?;
        let notices = self.origins(self.notices, self.desk.segments.len())?;
        let query = versions(&activities, &notices, opening(self.desk.job)?);
        let rows = self.exchange.relation(&self.exchange.make("versions", &query)?)?;
        self.enter(&rows, cleaned)?;
        self.enter_notices(&rows, cleaned)?;
        self.reconcile(&rows, cleaned)?;
        Ok(rows)
    }

    /// Segments, of which the first has a number, as an engine reads them: where they are, or put
    /// together by source. A query that names a thousand files is too deep for an engine.
    fn origins(&self, segments: &[&Segment], from: usize) -> Result<Vec<Origin>> {
        let mut by_source: BTreeMap<&str, Vec<(usize, &Segment)>> = BTreeMap::new();
        let mut origins = Vec::new();
        for (number, segment) in (from..).zip(segments).filter(|(_, it)| it.row_count > 0) {
            if segment.row_count < ROWS_TOGETHER {
                by_source.entry(&segment.source).or_default().push((number, segment));
            } else {
                origins.push(self.origin(segment, Some(number), &segment.rows.path)?);
            }
        }
        for (source, small) in by_source {
            let Some((number, first)) = small.first().copied() else { continue };
            origins.push(match small.len() {
                1 => self.origin(first, Some(number), &first.rows.path)?,
                _ => self.origin(first, None, &self.exchange.gather(source, &small)?)?,
            });
        }
        Ok(origins)
    }

    fn origin(&self, of: &Segment, segment: Option<usize>, path: &str) -> Result<Origin> {
        let source = declared_source(self.desk.job, of)?;
        let creation = source.columns.get(columns::CREE_LE.name);
        Ok(Origin {
            relation: self.exchange.relation(path)?,
            segment,
            system: source.system,
            rank: source.rank,
            is_exact: creation.is_some_and(|mapping| mapping.format.is_none()),
            copies_by_creation: source.copies_by_creation,
        })
    }

    /// Enters the rows of activities in the ledger, and takes out those that do not count.
    fn enter(&self, rows: &str, cleaned: &mut Cleaned) -> Result<()> {
        let (segment, duration) = (columns::SEGMENT.name, columns::DUREE.name);
        let query = format!(
            "SELECT {segment}, YEAR({day}) AS year, {FATE}, {duration}, COUNT(*) AS met,
  SUM({participants}) AS people
FROM {rows} WHERE {IS_NOTICE} = 0
GROUP BY {segment}, YEAR({day}), {FATE}, {duration}",
            day = columns::DATE.name,
            participants = columns::NB_PARTICIPANTS.name,
        );
        let (number, text) = (DataType::Int64, DataType::Utf8);
        let found = self.exchange.ask(
            &query,
            &[
                (segment, number.clone()),
                ("year", number.clone()),
                (FATE, text.clone()),
                (duration, text),
                ("met", number.clone()),
                ("people", number),
            ],
        )?;
        let numbers = |place: usize| found.column(place).as_primitive::<Int64Type>();
        let texts = |place: usize| found.column(place).as_string::<i32>();
        let job = self.desk.job;
        for row in 0..found.num_rows() {
            let place = usize::try_from(numbers(0).value(row)).map_err(|_| lacking())?;
            let segment = self.desk.segments.get(place).ok_or_else(lacking)?;
            let account = account(segment, numbers(1).value(row).to_string());
            let code = texts(2).value(row);
            let fate =
                Fate::ALL.into_iter().find(|fate| fate.code() == code).ok_or_else(lacking)?;
            let duration = texts(3).iter().nth(row).flatten().unwrap_or_default();
            let minutes = job.definitions.lists.minutes(system(job, segment)?.code(), duration);
            let minutes = minutes.map_or(0, |(minutes, _)| i64::from(minutes));
            let met = numbers(4).value(row);
            let amount =
                Amount { rows: met, participants: numbers(5).value(row), minutes: minutes * met };
            cleaned.ledger.enter(&account, amount);
            if fate != Fate::Kept {
                cleaned.ledger.leave(&account, fate, "", amount);
            }
        }
        Ok(())
    }

    fn enter_notices(&self, rows: &str, cleaned: &mut Cleaned) -> Result<()> {
        let segment = columns::SEGMENT.name;
        let query = format!(
            "SELECT {segment}, {EFFECT}, COUNT(*) AS met FROM {rows} WHERE {IS_NOTICE} = 1
GROUP BY {segment}, {EFFECT}"
        );
        let names =
            [(segment, DataType::Int64), (EFFECT, DataType::Utf8), ("met", DataType::Int64)];
        let found = self.exchange.ask(&query, &names)?;
        for row in 0..found.num_rows() {
            let number = |place: usize| found.column(place).as_primitive::<Int64Type>().value(row);
            let place = usize::try_from(number(0)).ok();
            let place = place.and_then(|place| place.checked_sub(self.desk.segments.len()));
            let segment = place.and_then(|place| self.notices.get(place)).ok_or_else(lacking)?;
            let account = account(segment, String::new());
            let amount = Amount::of_rows(number(2));
            cleaned.ledger.enter(&account, amount);
            let effect = found.column(1).as_string::<i32>().value(row);
            cleaned.ledger.leave(&account, Fate::Notice, effect, amount);
        }
        Ok(())
    }

    /// Says how the two systems fit together.
    fn reconcile(&self, rows: &str, cleaned: &mut Cleaned) -> Result<()> {
        let (id, copy_of) = (columns::ACTIVITE_ID.name, columns::COPIE_DE.name);
        let (created, day) = (columns::CREE_LE.name, columns::DATE.name);
        let is_of = |system: System| format!("{} = '{}'", columns::SYSTEME.name, system.code());
        let (legacy, coop) = (is_of(System::Legacy), is_of(System::Coop));
        let names = ["migrated", "twins", "befores", "archived", "copied", "instants"];
        let query = format!(
            "SELECT COUNT(DISTINCT CASE WHEN {IS_COPY} = 1 THEN {id} END) AS migrated,
  SUM({IS_TWIN}) AS twins, SUM({IS_BEFORE}) AS befores,
  SUM(CASE WHEN {legacy} AND {IS_NOTICE} = 0 THEN 1 ELSE 0 END) AS archived,
  COUNT({copy_of}) AS copied,
  SUM(CASE WHEN {legacy} AND {IS_EXACT} = 1 AND {created} IS NOT NULL THEN 1 ELSE 0 END) AS instants
FROM {rows}"
        );
        let found = self.exchange.numbers(&query, names)?;
        let [migrated, by_instant, before_opening, archived, copied, instants] =
            found.map(Option::unwrap_or_default);
        let ids_copied =
            format!("SELECT DISTINCT {copy_of} AS id FROM {rows} WHERE {copy_of} IS NOT NULL");
        let ids_archived =
            format!("SELECT DISTINCT {id} AS id FROM {rows} WHERE {legacy} AND {IS_NOTICE} = 0");
        let lacking_in = |one: &str, other: &str| {
            self.count(&format!("({one}) o LEFT ANTI JOIN ({other}) t ON o.id = t.id"))
        };
        let kept = format!("{IS_EXACT} = 1 AND {FATE} = '{}'", Fate::Kept.code());
        // The migration gave copies the day in UTC: that of their record, or the one before.
        let residual = self.count(&format!(
            "(SELECT {created}, {day} FROM {rows} WHERE {coop} AND {TWIN} IS NOT NULL AND {kept}) s
LEFT SEMI JOIN (SELECT {created}, {day} FROM {rows} WHERE {legacy} AND {kept}
  UNION ALL SELECT {created}, DATE_SUB({day}, 1) AS {day} FROM {rows} WHERE {legacy} AND {kept}) a
ON s.{created} = a.{created} AND s.{day} = a.{day}"
        ))?;
        let has_both = archived > 0 && copied > 0;
        let found = Found {
            migrated,
            by_instant,
            before_opening,
            orphans: lacking_in(&ids_copied, &ids_archived)?,
            uncopied: if has_both { lacking_in(&ids_archived, &ids_copied)? } else { 0 },
            residual,
            can_tell: archived == 0 || instants > 0,
        };
        found.conclude(cleaned);
        Ok(())
    }

    fn count(&self, from: &str) -> Result<i64> {
        let [met] =
            self.exchange.numbers(&format!("SELECT COUNT(*) AS met FROM {from}"), ["met"])?;
        met.ok_or_else(|| Error::internal("a count is a number"))
    }

    /// Has the steps taken on the rows that count; returns the folder they are written in.
    fn follow(&self, rows: &str, with: &With<'_>) -> Result<String> {
        let mut columns: Vec<String> =
            corrected().fields().iter().map(|field| field.name().clone()).collect();
        columns.extend([columns::SYSTEME, columns::SEGMENT].map(|column| column.name.to_owned()));
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let counting = format!("{rows} WHERE {FATE} = '{}'", Fate::Kept.code());
        let query = Query::of(&counting, &columns);
        let query = take(self.exchange, query, &steps(with.known)?)?;
        let wanted = CLEAN_ACTIVITES.columns.iter().chain(&BESIDE);
        let wanted: Vec<&str> = wanted.map(|column| column.name).collect();
        let order: Vec<&str> = CLEAN_ACTIVITES.key.iter().map(|column| column.name).collect();
        self.exchange.make("clean", &query.select(&wanted, &order))
    }
}
