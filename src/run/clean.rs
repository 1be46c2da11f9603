//! Segments become clean files: employers and what is said of people first, then activities.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};

use crate::clean::activities::Known;
use crate::clean::{VERSION, employment};
use crate::error::Result;
use crate::run::activities::With;
use crate::run::corrections::Matched;
use crate::run::job::Job;
use crate::run::keys::Employers;
use crate::run::ledger::Ledger;
use crate::run::manifest::{Output, Segment};
use crate::run::mentions::Mentions;
use crate::run::outputs::write_table;
use crate::run::posts::Awards;
use crate::run::rejects::{self, Located};
use crate::run::staged::{groups, of_subject};
use crate::run::warning::Warning;
use crate::run::{activities, dataset, employers, frames, people};
use crate::vocabulary::codes::{SEPARATOR, Subject};
use crate::vocabulary::columns;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{CLEAN_EMPLOYEURS, Table};

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
    pub warnings: Vec<Warning>,
    /// Tables of datasets, whose sums were made while their rows were at hand.
    pub tables: BTreeMap<String, Vec<(String, RecordBatch)>>,
}

impl Cleaned {
    pub(super) fn count_flags(&mut self, table: &Table, batch: &RecordBatch) {
        count_flags(self.flags.entry(table.name.to_owned()).or_default(), batch);
    }
}

/// Counts the rows that bear each flag.
pub(super) fn count_flags(counts: &mut BTreeMap<String, u64>, batch: &RecordBatch) {
    let flags = batch.column_by_name(columns::DRAPEAUX.name);
    let flags = flags.and_then(|array| array.as_string_opt::<i32>());
    for flag in flags.into_iter().flatten().flatten().flat_map(|all| all.split(SEPARATOR)) {
        match counts.get_mut(flag) {
            Some(count) => *count += 1,
            None => _ = counts.insert(flag.to_owned(), 1),
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
    let groups = groups(&activities)?;
    let mentions = Mentions::read(job, &activities, &groups)?;
    let aliases = employers::complete(&mentions, &mut register);
    let mut contracts = people::contracts(job, segments, &mut cleaned.ledger)?;
    people::link_accounts(&mentions, &mut contracts);
    for structure in contracts.structures() {
        register.complete(structure, None, "");
    }
    let awards = Awards::read(job, segments, &mut cleaned)?;
    for structure in awards.structures() {
        register.complete(structure, None, "");
    }
    people::suppose_employers(&mentions, (&aliases, &mut contracts));
    let attendances = people::attendances(job, segments, &mut cleaned.ledger)?;
    let public = employers::read_public(job, segments, &mut cleaned)?;
    register.learn(&public, &job.definitions.lists);
    let employers = register.resolve(job.definitions)?;
    let former_types = register.former_types(job.definitions);
    let rows = frames::to_batch(&schema(&CLEAN_EMPLOYEURS), &employers)?;
    let hashes = Employers::new(&rows, &former_types)?;
    if employers.height() > 0 {
        let path = "clean/employeurs.parquet";
        cleaned.count_flags(&CLEAN_EMPLOYEURS, &rows);
        cleaned.outputs.push(write_table(job, path, &CLEAN_EMPLOYEURS, &[rows])?);
    }
    if !of_subject(job, segments, Subject::EmployeursPublics).is_empty() {
        employers::clean_public(job, public, &register, &mut cleaned)?;
    }
    awards.clean(job, segments, &register, &mut cleaned)?;
    let notices = of_subject(job, segments, Subject::Suppressions);
    if !activities.is_empty() || !notices.is_empty() {
        let known = Known {
            employers: &employment::directory(employers)?,
            former_types: &former_types,
            aliases: &aliases,
            contracts: &contracts,
            attendances: &attendances,
            definitions: job.definitions,
            as_of: job.as_of_days()?,
        };
        let with = With { known: &known, employers: &hashes, mentions: &mentions, groups: &groups };
        activities::clean(job, (&activities, &notices), &with, (&mut cleaned, &mut corrections))?;
    }
    corrections.check(job, segments)?;
    for (name, dataset, own) in dataset::with_segments(job.definitions, segments) {
        let tables = dataset::clean::run(job, (name, dataset), &own, &mut cleaned)?;
        cleaned.tables.insert(name.to_owned(), tables);
    }
    rejects::sort(&mut cleaned.rejects);
    Ok(cleaned)
}
