//! What stops a run before publication, and what is only told.

use std::collections::BTreeSet;

use crate::definition::source::Source;
use crate::error::{Error, Result};
use crate::run::job::Job;
use crate::run::ledger::Ledger;
use crate::run::manifest::{Manifest, Segment};
use crate::run::outputs::BUILDING;
use crate::run::{clean, ingest};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::reject::reasons;

/// A source that loses too many of its lines is not to be trusted.
///
/// # Errors
/// Names each such source, with its most frequent reasons.
pub(super) fn check_rejects(job: &Job<'_>, ledger: &Ledger) -> Result<()> {
    let limit = job.definitions.pipeline.rejects_percent_max;
    let mut over = Vec::new();
    for source in ledger.sources(ingest::STAGE) {
        let read = ledger.total(ingest::STAGE, &source, None).rows
            - ledger.total(ingest::STAGE, &source, Some(Fate::Duplicate)).rows;
        let refused = ledger.total(ingest::STAGE, &source, Some(Fate::Rejected)).rows
            + ledger.total(clean::STAGE, &source, Some(Fate::Rejected)).rows
            - later(job, ledger, &source);
        if i128::from(refused) * 100 > i128::from(read) * i128::from(limit) {
            let rejected = refused;
            tracing::warn!(event = "gate.rejects", source, read, rejected, "Too many rejected.");
            let reasons = ledger.reasons(&source, Fate::Rejected);
            let mut reasons: Vec<_> = reasons.into_iter().collect();
            reasons.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            let shown: Vec<String> =
                reasons.iter().take(5).map(|(reason, rows)| format!("{reason} {rows}")).collect();
            over.push(format!("`{source}`: {refused} of {read} ({})", shown.join(", ")));
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    Err(Error::data(format!(
        "more than {limit} % of the lines are rejected\n  {}",
        over.join("\n  ")
    ))
    .hint(format!(
        "nothing was published; `conum rejects --unpublished` lists the lines, from \
         `{BUILDING}/rejects`; `rejects_percent_max` in the pipeline sets the limit"
    )))
}

/// Records of a source that are of a day after the reference day: on a past one they are no fault.
fn later(job: &Job<'_>, ledger: &Ledger, source: &str) -> i64 {
    let rules = job.definitions.rules.iter().filter(|rule| rule.is_of_reference_day());
    let reasons = ledger.reasons(source, Fate::Rejected);
    rules.filter_map(|rule| reasons.get(&rule.name)).sum()
}

/// Sources of which more is after the reference day than may be rejected.
fn of_later_records(job: &Job<'_>, ledger: &Ledger) -> Vec<String> {
    let limit = i128::from(job.definitions.pipeline.rejects_percent_max);
    let sources = ledger.sources(ingest::STAGE).into_iter();
    let found = sources.filter_map(|source| {
        let read = ledger.total(ingest::STAGE, &source, None).rows;
        let later = later(job, ledger, &source);
        let is_over = i128::from(later) * 100 > i128::from(read) * limit;
        is_over.then(|| {
            format!(
                "{later} of {read} records of `{source}` are after the reference day and left out"
            )
        })
    });
    found.collect()
}

/// What a person should know of a run that passes its gates: each of them means exit code 3.
pub(super) fn warnings(
    job: &Job<'_>,
    previous: Option<&Manifest>,
    (manifest, ledger): (&Manifest, &Ledger),
) -> Vec<String> {
    let mut found = manifest.clean_warnings.clone();
    let has_pseudonyms = |segment: &Segment| {
        let source = job.definitions.sources.get(&segment.source);
        source.is_some_and(Source::has_pseudonyms)
    };
    if job.key.is_published && !job.is_sample && manifest.segments.iter().any(has_pseudonyms) {
        let warning = "pseudonyms are keyed with the published key, fit for samples only: \
            give `--key-file`";
        found.push(warning.to_owned());
    }
    found.extend(of_inputs(job));
    let given: BTreeSet<&str> = sources_of(manifest).collect();
    let before: BTreeSet<&str> = previous.into_iter().flat_map(sources_of).collect();
    for source in before.difference(&given) {
        found.push(format!("source `{source}` had an input in the last run and has none"));
    }
    for segment in &manifest.segments {
        let source = &segment.source;
        let unknown = segment.unknown_columns.iter();
        found.extend(
            unknown
                .map(|column| format!("`{source}` has a column `{column}` that is not declared")),
        );
        if segment.records == 0 {
            found.push(format!(
                "input `{}` of `{source}` has no record",
                name_of(segment, manifest)
            ));
        }
    }
    found.extend(of_later_records(job, ledger));
    found.extend(of_cut_inputs(ledger, manifest));
    found
}

/// Inputs whose last record is not whole: what followed it is missing, and no line can tell.
fn of_cut_inputs(ledger: &Ledger, manifest: &Manifest) -> Vec<String> {
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
            format!(
                "input `{}` of `{}` breaks off: its last record is not whole, and others may \
                 have followed",
                name_of(segment, manifest),
                segment.source
            )
        })
        .collect()
}

fn name_of<'m>(segment: &'m Segment, manifest: &'m Manifest) -> &'m str {
    let input = manifest.inputs.iter().find(|input| input.blake3.starts_with(&segment.id));
    input.map_or(segment.id.as_str(), |input| input.name.as_str())
}

/// Inputs that are told of one by one: a folder may hold any number of other things.
const NOT_READ_TOLD_MAX: usize = 100;

/// Entries of the input folder that were not read, or not twice.
fn of_inputs(job: &Job<'_>) -> Vec<String> {
    let files = job.inputs.iter().filter_map(|(input, _)| {
        let name = &input.name;
        match (&input.source, &input.same_as) {
            (None, _) => Some(format!("input `{name}` matches no source and was not read")),
            (_, Some(other)) => Some(format!("input `{name}` has the same bytes as `{other}`")),
            (Some(_), None) => None,
        }
    });
    let others = job.unreadable.iter();
    let others = others.map(|name| format!("input `{name}` is not a file and was not read"));
    let mut found: Vec<String> = others.chain(files).collect();
    let more = found.len().saturating_sub(NOT_READ_TOLD_MAX);
    if more > 0 {
        found.truncate(NOT_READ_TOLD_MAX);
        found.push(format!("{more} more inputs were not read, or not twice"));
    }
    found
}

fn sources_of(manifest: &Manifest) -> impl Iterator<Item = &str> {
    manifest.segments.iter().map(|segment| segment.source.as_str())
}
