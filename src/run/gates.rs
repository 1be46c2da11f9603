//! What stops a run before publication, and what is only told.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::Definitions;
use crate::definition::source::Source;
use crate::error::{Error, Result};
use crate::run::held_back::is_over;
use crate::run::job::Job;
use crate::run::ledger::Ledger;
use crate::run::manifest::{Manifest, Segment};
use crate::run::outputs::BUILDING;
use crate::run::warning::{Warning, accept};
use crate::run::{clean, ingest};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::reject::reasons;
use crate::vocabulary::warnings::Code;

/// Records of a source, and those that are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The source.
    pub(super) source: String,
    /// Refused records.
    pub(super) refused: i64,
    /// All but copies.
    pub(super) read: i64,
    /// What may be refused, in per cent.
    pub(super) percent_max: u64,
    /// Why, the most frequent reason first.
    pub(super) reasons: String,
}

impl Refused {
    /// Whether the source loses too many of its records to be trusted.
    pub(super) fn is_over(&self) -> bool {
        is_over(self.refused, self.read, self.percent_max)
    }
}

/// What the gate measures of each source.
pub(super) fn refused(definitions: &Definitions, ledger: &Ledger) -> Vec<Refused> {
    let of_source = |source: String| {
        let read = ledger.total(ingest::STAGE, &source, None).rows
            - ledger.total(ingest::STAGE, &source, Some(Fate::Duplicate)).rows;
        let refused = ledger.total(ingest::STAGE, &source, Some(Fate::Rejected)).rows
            + ledger.total(clean::STAGE, &source, Some(Fate::Rejected)).rows
            - later(definitions, ledger, &source);
        let limits = definitions.gates.limits(&definitions.pipeline, &source);
        let reasons = most_frequent(ledger.reasons(&source, Fate::Rejected));
        Refused { source, refused, read, percent_max: limits.rejects_percent_max, reasons }
    };
    ledger.sources(ingest::STAGE).into_iter().map(of_source).collect()
}

/// The sources that lose too many of their records to be trusted.
pub(super) fn over(job: &Job<'_>, ledger: &Ledger) -> Vec<Refused> {
    let mut all = refused(job.definitions, ledger);
    all.retain(Refused::is_over);
    all
}

/// The most frequent reasons, with their rows.
pub(super) fn most_frequent(reasons: BTreeMap<String, i64>) -> String {
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let shown = reasons.iter().take(5).map(|(reason, rows)| format!("{reason} {rows}"));
    shown.collect::<Vec<_>>().join(", ")
}

/// A source that loses too many of its records ends the run, unless a person said that they are
/// right.
///
/// # Errors
/// Names each such source, with its most frequent reasons.
pub(super) fn check_rejects(job: &Job<'_>, ledger: &Ledger) -> Result<()> {
    let mut over = over(job, ledger);
    over.retain(|over| !job.judged.is_accepted(&over.source));
    for Refused { source, read, refused: rejected, .. } in &over {
        tracing::warn!(event = "gate.rejects", source, read, rejected, "Too many rejected.");
    }
    let Some(first) = over.first() else { return Ok(()) };
    let told = over.iter().map(|Refused { source, refused, read, percent_max, reasons }| {
        format!("`{source}`: {refused} of {read} ({reasons}), and {percent_max} % may be")
    });
    let sources: Vec<String> = over.iter().map(|over| format!("`{}`", over.source)).collect();
    Err(Error::data(format!(
        "too many records of {} are rejected\n  {}",
        sources.join(", "),
        told.collect::<Vec<_>>().join("\n  ")
    ))
    .hint(format!(
        "nothing was published; `conum rejects --unpublished` lists the lines, from \
         `{BUILDING}/rejects`; `rejects_percent_max` sets the limit, and `--accept {}` says that \
         they are right",
        first.source
    )))
}

/// Records of a source that are of a day after the reference day: on a past one they are no fault.
fn later(definitions: &Definitions, ledger: &Ledger, source: &str) -> i64 {
    let rules = definitions.rules.iter().filter(|rule| rule.is_of_reference_day());
    let reasons = ledger.reasons(source, Fate::Rejected);
    rules.filter_map(|rule| reasons.get(&rule.name)).sum()
}

/// Sources of which more is after the reference day than may be rejected.
fn of_later_records(job: &Job<'_>, ledger: &Ledger) -> Vec<Warning> {
    let definitions = job.definitions;
    let sources = ledger.sources(ingest::STAGE).into_iter();
    let found = sources.filter_map(|source| {
        let read = ledger.total(ingest::STAGE, &source, None).rows;
        let later = later(definitions, ledger, &source);
        let limits = definitions.gates.limits(&definitions.pipeline, &source);
        is_over(later, read, limits.rejects_percent_max).then(|| {
            let text = format!(
                "{later} of {read} records of `{source}` are after the reference day and left out"
            );
            Warning::of(Code::RecordsLater, &source, text)
        })
    });
    found.collect()
}

/// What a person should know of a run that passes its gates: each of them means exit code 3, unless
/// it is accepted.
pub(super) fn warnings(job: &Job<'_>, (manifest, ledger): (&Manifest, &Ledger)) -> Vec<Warning> {
    let mut found = manifest.clean_warnings.clone();
    let has_pseudonyms = |segment: &Segment| {
        let source = job.definitions.sources.get(&segment.source);
        source.is_some_and(Source::has_pseudonyms)
    };
    if job.key.is_published && !job.is_sample && manifest.segments.iter().any(has_pseudonyms) {
        let warning = "pseudonyms are keyed with the published key, fit for samples only: \
            give `--key-file`";
        found.push(Warning::new(Code::KeyPublished, warning));
    }
    found.extend(of_inputs(job));
    let held = job.judged.held.iter();
    found.extend(held.map(|held| Warning::of(Code::SourceHeldBack, &held.source, held.told())));
    found.extend(job.judged.late.iter().cloned());
    for segment in &manifest.segments {
        let source = &segment.source;
        found.extend(segment.unknown_columns.iter().map(|column| {
            let text = format!("`{source}` has a column `{column}` that is not declared");
            Warning::of(Code::ColumnUnknown, source, text)
        }));
        if segment.records == 0 {
            let text =
                format!("input `{}` of `{source}` has no record", manifest.input_of(&segment.id));
            found.push(Warning::of(Code::InputEmpty, source, text));
        }
    }
    found.extend(of_later_records(job, ledger));
    found.extend(of_cut_inputs(ledger, manifest));
    accept(found, &job.definitions.gates.accepted_warnings, job.as_of)
}

/// Inputs whose last record is not whole: what followed it is missing, and no line can tell.
fn of_cut_inputs(ledger: &Ledger, manifest: &Manifest) -> Vec<Warning> {
    let mut cut: BTreeSet<String> = BTreeSet::new();
    ledger.visit(|account, fate, reason, _| {
        if account.stage == ingest::STAGE
            && fate == Some(Fate::Rejected)
            && reason == reasons::TRUNCATED
        {
            cut.insert(account.segment.clone());
        }
    });
    let segments = manifest.segments.iter().filter(|segment| cut.contains(&segment.id));
    segments
        .map(|segment| {
            let text = format!(
                "input `{}` of `{}` breaks off: its last record is not whole, and others may \
                 have followed",
                manifest.input_of(&segment.id),
                segment.source
            );
            Warning::of(Code::InputCut, &segment.source, text)
        })
        .collect()
}

/// Inputs that are told of one by one: a folder may hold any number of other things.
const NOT_READ_TOLD_MAX: usize = 100;

/// Entries of the input folder that were not read, or not twice.
fn of_inputs(job: &Job<'_>) -> Vec<Warning> {
    let files = job.inputs.iter().filter_map(|(input, _)| {
        let name = &input.name;
        match (&input.source, &input.same_as) {
            (None, _) => Some(Warning::new(
                Code::InputUnclaimed,
                format!("input `{name}` matches no source and was not read"),
            )),
            (Some(source), Some(other)) => Some(Warning::of(
                Code::InputTwice,
                source,
                format!("input `{name}` has the same bytes as `{other}`"),
            )),
            (Some(_), None) => None,
        }
    });
    let others = job.unreadable.iter().map(|name| {
        let text = format!("input `{name}` is not a file and was not read");
        Warning::new(Code::InputNoFile, text)
    });
    let mut found: Vec<Warning> = others.chain(files).collect();
    let more = found.len().saturating_sub(NOT_READ_TOLD_MAX);
    if more > 0 {
        found.truncate(NOT_READ_TOLD_MAX);
        let text = format!("{more} more inputs were not read, or not twice");
        found.push(Warning::new(Code::InputUnclaimed, text));
    }
    found
}
