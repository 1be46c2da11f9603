//! Segments become clean files: which version of each record counts is decided on ids alone, then
//! one year at a time is cleaned and written.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, Schema};
use polars::prelude::{DataFrame, DataType, IntoLazy, UnionArgs, concat, lit};

use crate::clean::employers::{Declared, Register};
use crate::clean::public_employers::{self, Decision};
use crate::clean::{VERSION, activities};
use crate::error::{Error, Result};
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::{Output, Segment};
use crate::run::outputs::write_table;
use crate::run::rejects::{self, Located};
use crate::run::versions::{Facts, decide, system};
use crate::run::{frames, parquet};
use crate::vocabulary::codes::{Fate, SEPARATOR, Subject};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{
    self, CLEAN_ACTIVITES, CLEAN_EMPLOYEURS, CLEAN_EMPLOYEURS_PUBLICS, STAGED_ACTIVITES, Table,
};

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
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl Cleaned {
    fn count_flags(&mut self, table: &Table, batch: &RecordBatch) {
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
    let folders = ["sources/", "rules/", "codelists/", "reference/"];
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
/// When a file cannot be read or written.
pub fn run(job: &Job<'_>, segments: &[Segment]) -> Result<Cleaned> {
    let of = |subject: Subject| -> Vec<&Segment> {
        let sources = &job.definitions.sources;
        let is_of = |segment: &&Segment| {
            sources.get(&segment.source).is_some_and(|source| source.subject == subject)
        };
        segments.iter().filter(is_of).collect()
    };
    let mut cleaned = Cleaned::default();
    let mut register = read_structures(job, &of(Subject::Structures), &mut cleaned)?;
    let with_activities = of(Subject::Activites);
    for segment in &with_activities {
        complete(job, segment, &mut register)?;
    }
    let employers = register.resolve(job.definitions)?;
    if employers.height() > 0 {
        let batch = frames::to_batch(&schema(&CLEAN_EMPLOYEURS), &employers)?;
        let path = "clean/employeurs.parquet";
        cleaned.count_flags(&CLEAN_EMPLOYEURS, &batch);
        cleaned.outputs.push(write_table(job, path, &CLEAN_EMPLOYEURS, &[batch])?);
    }
    let public = of(Subject::EmployeursPublics);
    if !public.is_empty() {
        clean_public(job, &public, &register, &mut cleaned)?;
    }
    if !with_activities.is_empty() {
        clean_activities(job, &with_activities, &employers, &mut cleaned)?;
    }
    rejects::sort(&mut cleaned.rejects);
    Ok(cleaned)
}

pub(super) fn account(segment: &Segment, period: String) -> Account {
    Account {
        stage: STAGE.to_owned(),
        source: segment.source.clone(),
        segment: segment.id.clone(),
        period,
    }
}

/// Some columns of a segment.
pub(super) fn batches(
    job: &Job<'_>,
    segment: &Segment,
    columns: &[&Name],
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    parquet::read(job.store.file(&segment.rows.path)?, Some(&names), None)
}

fn text(batch: &RecordBatch, column: &Name, row: usize) -> Option<String> {
    let array = batch.column_by_name(column.name)?.as_string_opt::<i32>()?;
    array.is_valid(row).then(|| array.value(row).to_owned())
}

fn sum(batch: &RecordBatch, column: &Name, row: usize) -> Option<i64> {
    let array = batch.column_by_name(column.name)?.as_primitive_opt::<Int64Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

fn declared(batch: &RecordBatch, row: usize) -> Declared {
    let of = |column: &Name| text(batch, column, row).unwrap_or_default();
    Declared {
        siret: text(batch, &columns::SIRET, row),
        name_rules: of(&columns::REGLES_NOM),
        kind: of(&columns::TYPE_DECLARE),
        category: of(&columns::CATEGORIE_JURIDIQUE),
        commune: of(&columns::CODE_COMMUNE),
        postal_code: of(&columns::CODE_POSTAL),
        france_services: of(&columns::FRANCE_SERVICES),
        flags: of(&columns::DRAPEAUX),
    }
}

/// One employer an identifier: of several that differ, that of the greatest fingerprint.
fn read_structures(
    job: &Job<'_>,
    segments: &[&Segment],
    cleaned: &mut Cleaned,
) -> Result<Register> {
    let mut best: BTreeMap<String, (i64, Declared, Account)> = BTreeMap::new();
    let staged: Vec<&Name> = tables::STAGED_STRUCTURES.columns.iter().collect();
    let one = Amount::of_rows(1);
    for segment in segments {
        let account = account(segment, String::new());
        for batch in batches(job, segment, &staged)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let id = text(&batch, &columns::STRUCTURE_ID, row)
                    .ok_or_else(|| Error::internal("a structure read has its identifier"))?;
                let print = sum(&batch, &columns::EMPREINTE, row)
                    .ok_or_else(|| Error::internal("a structure read has its fingerprint"))?;
                let new = (print, declared(&batch, row), account.clone());
                cleaned.ledger.enter(&account, one);
                let (lost, fate) = match best.entry(id) {
                    Entry::Vacant(slot) => {
                        slot.insert(new);
                        continue;
                    }
                    Entry::Occupied(mut slot) => match slot.get().0.cmp(&print) {
                        Ordering::Less => (slot.insert(new), Fate::Superseded),
                        Ordering::Equal => (new, Fate::Duplicate),
                        Ordering::Greater => (new, Fate::Superseded),
                    },
                };
                cleaned.ledger.leave(&lost.2, fate, "", one);
            }
        }
    }
    for (_, _, account) in best.values() {
        cleaned.ledger.leave(account, Fate::Kept, "", one);
    }
    Ok(Register::new(best.into_iter().map(|(id, (_, declared, _))| (id, declared)).collect()))
}

/// What activities say of employers that the structures do not know.
fn complete(job: &Job<'_>, segment: &Segment, register: &mut Register) -> Result<()> {
    let names = [&columns::STRUCTURE_ID, &columns::SIRET, &columns::TYPE_DECLARE];
    let mut seen = HashSet::new();
    for batch in batches(job, segment, &names)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let siret = text(&batch, &columns::SIRET, row);
            let id = text(&batch, &columns::STRUCTURE_ID, row).or_else(|| siret.clone());
            let Some(id) = id else { continue };
            let kind = text(&batch, &columns::TYPE_DECLARE, row).unwrap_or_default();
            seen.insert((id, siret, kind));
        }
    }
    for (id, siret, kind) in seen {
        register.complete(&id, siret.as_deref(), &kind);
    }
    Ok(())
}

/// Identical lines of the public list are one decision.
fn clean_public(
    job: &Job<'_>,
    segments: &[&Segment],
    register: &Register,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let staged: Vec<&Name> = tables::STAGED_EMPLOYEURS_PUBLICS.columns.iter().collect();
    let mut decisions: BTreeMap<i64, Decision> = BTreeMap::new();
    let one = Amount::of_rows(1);
    for segment in segments {
        let account = account(segment, String::new());
        for batch in batches(job, segment, &staged)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let decision = decision(&batch, row)?;
                cleaned.ledger.enter(&account, one);
                let before = decisions.insert(decision.fingerprint, decision);
                let fate = if before.is_some() { Fate::Duplicate } else { Fate::Kept };
                cleaned.ledger.leave(&account, fate, "", one);
            }
        }
    }
    let decisions = decisions.into_values().collect();
    let frame = public_employers::resolve_all(decisions, register, job.definitions)?;
    let batch = frames::to_batch(&schema(&CLEAN_EMPLOYEURS_PUBLICS), &frame)?;
    let path = "clean/employeurs_publics.parquet";
    cleaned.count_flags(&CLEAN_EMPLOYEURS_PUBLICS, &batch);
    cleaned.outputs.push(write_table(job, path, &CLEAN_EMPLOYEURS_PUBLICS, &[batch])?);
    Ok(())
}

fn decision(batch: &RecordBatch, row: usize) -> Result<Decision> {
    let lacking = || Error::internal("a decision read has its columns");
    let day = batch
        .column_by_name(columns::DATE_VALIDATION.name)
        .and_then(|array| array.as_primitive_opt::<Date32Type>())
        .ok_or_else(lacking)?;
    let posts = batch
        .column_by_name(columns::NB_POSTES.name)
        .and_then(|array| array.as_primitive_opt::<Int32Type>())
        .ok_or_else(lacking)?;
    Ok(Decision {
        employer: declared(batch, row),
        fingerprint: sum(batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
        day: day.is_valid(row).then(|| day.value(row)),
        posts: posts.value(row),
        investment: sum(batch, &columns::INVESTISSEMENT_CENTIMES, row),
        departement: text(batch, &columns::DEPARTEMENT_DECLARE, row).unwrap_or_default(),
        zrr: text(batch, &columns::ZRR, row).unwrap_or_default(),
        qpv: text(batch, &columns::QPV, row).unwrap_or_default(),
    })
}

fn clean_activities(
    job: &Job<'_>,
    segments: &[&Segment],
    employers: &DataFrame,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let (facts, fates) = decide(job, segments, cleaned)?;
    let mut years: Vec<i16> = facts
        .iter()
        .zip(&fates)
        .flat_map(|(facts, fates)| facts.years.iter().zip(fates))
        .filter(|(_, fate)| **fate == Fate::Kept)
        .map(|(year, _)| *year)
        .collect();
    years.sort_unstable();
    years.dedup();
    (job.progress)(Progress::Stage(STAGE, u64::try_from(years.len()).unwrap_or_default()));
    for year in years {
        let rows = read_year(job, segments, &facts, (&fates, year))?;
        let done = activities::clean(rows, employers, job.definitions, job.as_of_days()?)?;
        let period = year.to_string();
        for (segment, reject) in done.rejected {
            let segment = of_index(segments, segment)?;
            let amount =
                Amount { rows: 1, participants: reject.participants, minutes: reject.minutes };
            let located = Located {
                stage: STAGE.to_owned(),
                source: segment.source.clone(),
                segment: segment.id.clone(),
                reject,
            };
            let account = account(segment, period.clone());
            cleaned.ledger.leave(&account, Fate::Rejected, located.primary(), amount);
            cleaned.rejects.push(located);
        }
        for tally in done.tally {
            let account = account(of_index(segments, tally.segment)?, period.clone());
            let amount = Amount {
                rows: tally.rows,
                participants: tally.participants,
                minutes: tally.minutes,
            };
            cleaned.ledger.leave(&account, Fate::Kept, "", amount);
        }
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

fn of_index<'s>(segments: &[&'s Segment], index: usize) -> Result<&'s Segment> {
    segments.get(index).copied().ok_or_else(|| Error::internal("a row comes from a segment"))
}

/// The rows of a year that count, of all segments, with their system and segment.
fn read_year(
    job: &Job<'_>,
    segments: &[&Segment],
    facts: &[Facts],
    (fates, year): (&[Vec<Fate>], i16),
) -> Result<DataFrame> {
    let left_out = [
        columns::EMPREINTE,
        columns::COPIE_DE,
        columns::MODIFIE_LE,
        columns::SUPPRIME_LE,
        columns::TYPE_DECLARE,
    ];
    let names: Vec<&str> = STAGED_ACTIVITES
        .columns
        .iter()
        .filter(|column| !left_out.contains(column))
        .map(|column| column.name)
        .collect();
    let full = schema(&STAGED_ACTIVITES);
    let kept = full.fields().iter().filter(|field| names.contains(&field.name().as_str()));
    let schema = Arc::new(Schema::new(kept.cloned().collect::<Vec<_>>()));
    let mut parts = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let (Some(facts), Some(fates)) = (facts.get(index), fates.get(index)) else { continue };
        let is_taken = |row: &usize| {
            facts.years.get(*row) == Some(&year) && fates.get(*row) == Some(&Fate::Kept)
        };
        let rows = (0..fates.len()).filter(is_taken).map(|row| row..row + 1);
        let selection = RowSelection::from_consecutive_ranges(rows, fates.len());
        if !selection.selects_any() {
            continue;
        }
        let file = job.store.file(&segment.rows.path)?;
        let batches: Vec<RecordBatch> =
            parquet::read(file, Some(&names), Some(selection))?.collect::<Result<_>>()?;
        let number = i64::try_from(index).map_err(|_| Error::internal("few segments"))?;
        let frame = frames::to_frame(&schema, &batches)?.lazy().with_columns([
            lit(system(job, segment)?.code()).alias(columns::SYSTEME.name),
            lit(number).cast(DataType::Int64).alias(columns::SEGMENT.name),
        ]);
        parts.push(frame);
    }
    Ok(concat(parts, UnionArgs::default())?.collect()?)
}
