//! Segments become clean files: which version of each record counts is decided on ids alone, then
//! one year at a time is cleaned and written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Schema;
use polars::prelude::{DataFrame, DataType, IntoLazy, UnionArgs, concat, lit};

use crate::clean::activities::{self, Known};
use crate::clean::{VERSION, attendances::Attendances, contracts::Contracts};
use crate::definition::correction::GONE;
use crate::error::{Error, Result};
use crate::run::corrections::Matched;
use crate::run::dataset;
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Amount, Ledger};
use crate::run::manifest::{Output, Segment};
use crate::run::outputs::write_table;
use crate::run::rejects::{self, Located};
use crate::run::staged::{account, declared_source, of_subject, system};
use crate::run::versions::{Decisions, decide};
use crate::run::{employers, frames, parquet, people};
use crate::vocabulary::codes::{Fate, SEPARATOR, Subject};
use crate::vocabulary::columns;
use crate::vocabulary::reject::Reject;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{CLEAN_ACTIVITES, CLEAN_EMPLOYEURS, STAGED_ACTIVITES, Table};

/// Name of the stage.
pub const STAGE: &str = "clean";

/// What the stage made.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Files.
    pub outputs: Vec<Output>,
    /// Clean table → flag → rows that bear it.
    pub flags: BTreeMap<String, BTreeMap<String, u64>>,
    /// Accounts.
    pub ledger: Ledger,
    /// Rejects.
    pub rejects: Vec<Located>,
    /// How the two systems fit together: what, and how many.
    pub reconciliation: BTreeMap<String, i64>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Tables of datasets, whose sums were made while their rows were at hand.
    pub tables: BTreeMap<String, Vec<(String, RecordBatch)>>,
}

impl Cleaned {
    pub(super) fn count_flags(&mut self, table: &Table, batch: &RecordBatch) {
        let counts = self.flags.entry(table.name.to_owned()).or_default();
        let flags = batch.column_by_name(columns::DRAPEAUX.name);
        let flags = flags.and_then(|array| array.as_string_opt::<i32>());
        for flag in flags.into_iter().flatten().flatten().flat_map(|all| all.split(SEPARATOR)) {
            *counts.entry(flag.to_owned()).or_default() += 1;
        }
    }
}

/// The hash of all the stage depends on.
#[must_use]
pub fn key(job: &Job<'_>, segment_keys: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(env!("CARGO_PKG_VERSION").as_bytes())
        .update(&VERSION.to_le_bytes())
        .update(job.as_of.to_string().as_bytes());
    for key in segment_keys {
        hasher.update(key.as_bytes());
    }
    hasher.update(digest(job).as_bytes()).finalize().to_hex().to_string()
}

/// Whether a declaration concerns the stage.
#[must_use]
pub fn concerns(pipeline: &str, path: &str) -> bool {
    let folders = ["sources/", "rules/", "codelists/", "corrections/", "reference/", "datasets/"];
    path == pipeline || folders.iter().any(|folder| path.starts_with(folder))
}

/// The digest of the declarations that concern the stage.
#[must_use]
pub fn digest(job: &Job<'_>) -> String {
    job.definitions.digest_of(|path| concerns(&job.pipeline, path))
}

/// Cleans all segments.
///
/// # Errors
/// When a file cannot be read or written, or a correction no longer fits.
pub fn run(job: &Job<'_>, segments: &[Segment]) -> Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    let mut corrections = Matched::default();
    let activities = of_subject(job, segments, Subject::Activites);
    let mut register = employers::read_structures(job, segments, (&mut cleaned, &mut corrections))?;
    let aliases = employers::complete(job, &activities, &mut register)?;
    let mut contracts = people::contracts(job, segments, &mut cleaned.ledger)?;
    people::link_accounts(job, &activities, &mut contracts)?;
    for structure in contracts.structures() {
        register.complete(structure, None, "");
    }
    people::suppose_employers(job, &activities, (&aliases, &mut contracts))?;
    let attendances = people::attendances(job, segments, &mut cleaned.ledger)?;
    let employers = register.resolve(job.definitions)?;
    if employers.height() > 0 {
        let batch = frames::to_batch(&schema(&CLEAN_EMPLOYEURS), &employers)?;
        let path = "clean/employeurs.parquet";
        cleaned.count_flags(&CLEAN_EMPLOYEURS, &batch);
        cleaned.outputs.push(write_table(job, path, &CLEAN_EMPLOYEURS, &[batch])?);
    }
    let public = of_subject(job, segments, Subject::EmployeursPublics);
    if !public.is_empty() {
        employers::clean_public(job, &public, &register, &mut cleaned)?;
    }
    let notices = of_subject(job, segments, Subject::Suppressions);
    if !activities.is_empty() || !notices.is_empty() {
        let others = Others { employers: &employers, aliases, contracts, attendances };
        clean_activities(job, (&activities, &notices), &others, (&mut cleaned, &mut corrections))?;
    }
    corrections.check(job, segments)?;
    for (name, dataset, own) in dataset::with_segments(job.definitions, segments) {
        let tables = dataset::clean::run(job, (name, dataset), &own, &mut cleaned)?;
        cleaned.tables.insert(name.to_owned(), tables);
    }
    rejects::sort(&mut cleaned.rejects);
    Ok(cleaned)
}

/// What other files say of activities.
struct Others<'a> {
    employers: &'a DataFrame,
    aliases: HashMap<String, String>,
    contracts: Contracts,
    attendances: Attendances,
}

fn clean_activities(
    job: &Job<'_>,
    (segments, notices): (&[&Segment], &[&Segment]),
    others: &Others<'_>,
    (cleaned, corrections): (&mut Cleaned, &mut Matched),
) -> Result<()> {
    let decisions = decide(job, (segments, notices), cleaned)?;
    let known = Known {
        employers: others.employers,
        aliases: &others.aliases,
        contracts: &others.contracts,
        attendances: &others.attendances,
        definitions: job.definitions,
        as_of: job.as_of_days()?,
    };
    let years = decisions.years();
    (job.progress)(Progress::Stage(STAGE, u64::try_from(years.len()).unwrap_or_default()));
    for year in years {
        let period = year.to_string();
        let rows = read_year(job, segments, (&decisions, year), (cleaned, corrections))?;
        let done = activities::clean(rows, &known)?;
        enter(job, segments, &done, (&period, cleaned))?;
        if done.kept.height() > 0 {
            let batch = frames::to_batch(&schema(&CLEAN_ACTIVITES), &done.kept)?;
            let path = format!("clean/activites/annee={year}/activites.parquet");
            cleaned.count_flags(&CLEAN_ACTIVITES, &batch);
            cleaned.outputs.push(write_table(job, &path, &CLEAN_ACTIVITES, &[batch])?);
        }
        tracing::info!(event = "period.cleaned", year, rows = done.kept.height(), "Year cleaned.");
        (job.progress)(Progress::Step(period));
    }
    (job.progress)(Progress::Done);
    Ok(())
}

/// Enters what was kept and refused in the ledger, and the refused among the rejects.
fn enter(
    job: &Job<'_>,
    segments: &[&Segment],
    done: &activities::Cleaned,
    (period, cleaned): (&str, &mut Cleaned),
) -> Result<()> {
    for (segment, reject) in &done.rejected {
        let segment = of_index(segments, *segment)?;
        let place = declared_source(job, segment)?.place(segment.container, reject.line);
        let reject = Reject { place, ..reject.clone() };
        let amount = Amount { rows: 1, participants: reject.participants, minutes: reject.minutes };
        let located = Located {
            stage: STAGE.to_owned(),
            source: segment.source.clone(),
            segment: segment.id.clone(),
            reject,
        };
        let account = account(segment, period.to_owned());
        cleaned.ledger.leave(&account, Fate::Rejected, located.primary(), amount);
        cleaned.rejects.push(located);
    }
    for tally in &done.tally {
        let account = account(of_index(segments, tally.segment)?, period.to_owned());
        let amount =
            Amount { rows: tally.rows, participants: tally.participants, minutes: tally.minutes };
        cleaned.ledger.leave(&account, Fate::Kept, "", amount);
    }
    Ok(())
}

fn of_index<'s>(segments: &[&'s Segment], index: usize) -> Result<&'s Segment> {
    segments.get(index).copied().ok_or_else(|| Error::internal("a row comes from a segment"))
}

/// The rows of a year that count, of all segments, corrected, with their system and segment.
fn read_year(
    job: &Job<'_>,
    segments: &[&Segment],
    (decisions, year): (&Decisions, i16),
    (cleaned, corrections): (&mut Cleaned, &mut Matched),
) -> Result<DataFrame> {
    let names: Vec<&str> = STAGED_ACTIVITES
        .columns
        .iter()
        .filter(|column| !GONE.contains(column))
        .map(|column| column.name)
        .collect();
    let full = schema(&STAGED_ACTIVITES);
    let kept = full.fields().iter().filter(|field| names.contains(&field.name().as_str()));
    let schema = Arc::new(Schema::new(kept.cloned().collect::<Vec<_>>()));
    let mut parts = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let Some((rows, count)) = decisions.rows_of(index, year) else { continue };
        let selection = RowSelection::from_consecutive_ranges(rows, count);
        if !selection.selects_any() {
            continue;
        }
        let file = job.store.file(&segment.rows.path)?;
        let batches: Vec<RecordBatch> =
            parquet::read(file, Some(&names), Some(selection))?.collect::<Result<_>>()?;
        let number = i64::try_from(index).map_err(|_| Error::internal("few segments"))?;
        let frame = frames::to_frame(&schema, &batches)?;
        let account = account(segment, year.to_string());
        let frame = corrections.correct(job, segment, frame, (&account, &mut cleaned.ledger))?;
        let frame = frame.lazy().with_columns([
            lit(system(job, segment)?.code()).alias(columns::SYSTEME.name),
            lit(number).cast(DataType::Int64).alias(columns::SEGMENT.name),
        ]);
        parts.push(frame);
    }
    Ok(concat(parts, UnionArgs::default())?.collect()?)
}
