//! Segments become clean files: which version of each record counts is decided on ids alone, then
//! one year at a time is cleaned and written.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use jiff::civil::Date;
use polars::prelude::{DataFrame, DataType, IntoLazy, UnionArgs, concat, lit};

use crate::clean::employers::{Declared, Register};
use crate::clean::public_employers::{self, Decision};
use crate::clean::versions::{self, Version};
use crate::clean::{VERSION, activities};
use crate::definition::codelist::Lists;
use crate::error::{Error, Result};
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::{Output, Segment};
use crate::run::outputs::write_table;
use crate::run::rejects::{self, Located};
use crate::run::{frames, parquet};
use crate::vocabulary::codes::{Fate, Subject, System};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{
    self, CLEAN_ACTIVITES, CLEAN_EMPLOYEURS, CLEAN_EMPLOYEURS_PUBLICS, STAGED_ACTIVITES,
};

/// Name of the stage.
pub const STAGE: &str = "clean";

/// What the stage made.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Files.
    pub outputs: Vec<Output>,
    /// Accounts.
    pub ledger: Ledger,
    /// Rejects.
    pub rejects: Vec<Located>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// The hash of all the stage depends on.
#[must_use]
pub fn key(job: &Job<'_>, segment_keys: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&VERSION.to_le_bytes()).update(job.as_of.to_string().as_bytes());
    for key in segment_keys {
        hasher.update(key.as_bytes());
    }
    let folders = ["sources/", "rules/", "codelists/", "reference/"];
    for (path, digest) in &job.definitions.digests {
        if folders.iter().any(|folder| path.starts_with(folder)) {
            hasher.update(path.as_bytes()).update(digest.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
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

fn account(segment: &Segment, period: String) -> Account {
    Account {
        stage: STAGE.to_owned(),
        source: segment.source.clone(),
        segment: segment.id.clone(),
        period,
    }
}

fn batches(
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
                let print = sum(&batch, &columns::EMPREINTE, row).unwrap_or_default();
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
            let Some(id) = text(&batch, &columns::STRUCTURE_ID, row) else { continue };
            let siret = text(&batch, &columns::SIRET, row);
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

/// What is kept in memory of each row of a segment while versions are decided.
#[derive(Default)]
struct Facts {
    years: Vec<i16>,
    participants: Vec<i32>,
    minutes: Vec<i32>,
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

/// Reads ids alone, decides which version counts, and enters all rows in the ledger.
fn decide(
    job: &Job<'_>,
    segments: &[&Segment],
    cleaned: &mut Cleaned,
) -> Result<(Vec<Facts>, Vec<Vec<Fate>>)> {
    let mut all = Vec::new();
    let mut facts = Vec::new();
    let mut copies: Vec<u128> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let system = system(job, segment)?;
        facts.push(read_versions(job, segment, (index, system), &mut all, &mut copies)?);
    }
    warn_of_orphans(&all, copies, cleaned);
    let rows: Vec<usize> = facts.iter().map(|facts| facts.years.len()).collect();
    let fates = versions::decide(all, &rows);
    for ((segment, facts), fates) in segments.iter().zip(&facts).zip(&fates) {
        let mut sums: BTreeMap<(i16, Fate), Amount> = BTreeMap::new();
        for (row, fate) in fates.iter().enumerate() {
            let get = |values: &[i32]| values.get(row).copied().map_or(0, i64::from);
            let year = facts.years.get(row).copied().unwrap_or_default();
            *sums.entry((year, *fate)).or_default() += Amount {
                rows: 1,
                participants: get(&facts.participants),
                minutes: get(&facts.minutes),
            };
        }
        for ((year, fate), amount) in sums {
            let account = account(segment, year.to_string());
            cleaned.ledger.enter(&account, amount);
            if fate != Fate::Kept {
                cleaned.ledger.leave(&account, fate, "", amount);
            }
        }
    }
    Ok((facts, fates))
}

fn system(job: &Job<'_>, segment: &Segment) -> Result<System> {
    let source = job.definitions.sources.get(&segment.source);
    let source = source.ok_or_else(|| Error::internal("a segment has a declared source"))?;
    Ok(source.system)
}

/// Copies of legacy records are left out because the archive has them: says so when it has not.
fn warn_of_orphans(all: &[Version], mut copies: Vec<u128>, cleaned: &mut Cleaned) {
    if copies.is_empty() {
        return;
    }
    let mut archived: Vec<u128> = all
        .iter()
        .filter(|version| version.system == System::Legacy)
        .map(|version| version.id)
        .collect();
    archived.sort_unstable();
    copies.sort_unstable();
    copies.dedup();
    let orphans = copies.iter().filter(|id| archived.binary_search(id).is_err()).count();
    if orphans > 0 {
        cleaned.warnings.push(format!(
            "{orphans} migrated activities of La Coop are left out although the archive given does \
             not have their record: is the whole archive there?"
        ));
    }
}

fn read_versions(
    job: &Job<'_>,
    segment: &Segment,
    (index, system): (usize, System),
    all: &mut Vec<Version>,
    copies: &mut Vec<u128>,
) -> Result<Facts> {
    let names = [
        &columns::ACTIVITE_ID,
        &columns::COPIE_DE,
        &columns::EMPREINTE,
        &columns::MODIFIE_LE,
        &columns::SUPPRIME_LE,
        &columns::DATE,
        &columns::NB_PARTICIPANTS,
        &columns::DUREE,
    ];
    let mut facts = Facts::default();
    let mut minutes = Minutes { lists: &job.definitions.lists, system, known: HashMap::new() };
    let mut calendar = Calendar::default();
    for batch in batches(job, segment, &names)? {
        let batch = batch?;
        let lacking = || Error::internal("an activity read has its columns");
        let column = |name: &Name| batch.column_by_name(name.name).ok_or_else(lacking);
        let ids = column(&columns::ACTIVITE_ID)?.as_string::<i32>();
        let copied = column(&columns::COPIE_DE)?.as_string::<i32>();
        let prints = column(&columns::EMPREINTE)?.as_primitive::<Int64Type>();
        let modified = column(&columns::MODIFIE_LE)?.as_primitive::<TimestampMicrosecondType>();
        let deleted = column(&columns::SUPPRIME_LE)?;
        let days = column(&columns::DATE)?.as_primitive::<Date32Type>();
        let participants = column(&columns::NB_PARTICIPANTS)?.as_primitive::<Int32Type>();
        let durations = column(&columns::DUREE)?.as_string::<i32>();
        for row in 0..batch.num_rows() {
            let id = number(ids.value(row))?;
            if copied.is_valid(row) {
                copies.push(number(copied.value(row))?);
            }
            all.push(Version {
                system,
                id,
                modified: if modified.is_valid(row) { modified.value(row) } else { i64::MIN },
                fingerprint: prints.value(row),
                segment: index,
                row: facts.years.len(),
                is_deleted: deleted.is_valid(row),
                is_copy: copied.is_valid(row),
            });
            facts.years.push(calendar.year(days.value(row))?);
            facts.participants.push(participants.value(row));
            let duration = if durations.is_valid(row) { durations.value(row) } else { "" };
            facts.minutes.push(minutes.of(duration));
        }
    }
    Ok(facts)
}

fn number(pseudonym: &str) -> Result<u128> {
    u128::from_str_radix(pseudonym, 16).map_err(|_| {
        Error::data("a staged pseudonym is not hexadecimal").hint("run with `--force`")
    })
}

/// Minutes of durations as entered, each text looked up once.
struct Minutes<'a> {
    lists: &'a Lists,
    system: System,
    known: HashMap<String, i32>,
}

impl Minutes<'_> {
    fn of(&mut self, duration: &str) -> i32 {
        if let Some(minutes) = self.known.get(duration) {
            return *minutes;
        }
        let found = self.lists.minutes(self.system.code(), duration);
        let minutes = found.map_or(0, |(minutes, _)| minutes);
        self.known.insert(duration.to_owned(), minutes);
        minutes
    }
}

/// Years of days, each day looked up once.
#[derive(Default)]
struct Calendar {
    known: HashMap<i32, i16>,
}

impl Calendar {
    fn year(&mut self, days: i32) -> Result<i16> {
        if let Some(year) = self.known.get(&days) {
            return Ok(*year);
        }
        let date = Date::constant(1970, 1, 1)
            .checked_add(jiff::Span::new().days(days))
            .map_err(|error| Error::internal("a staged day is in the calendar").because(error))?;
        self.known.insert(days, date.year());
        Ok(date.year())
    }
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
        columns::SIRET,
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
