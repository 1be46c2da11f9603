//! The run that readers see and the one under construction become the figures that moved, and why.
//!
//! Clean files that differ are put side by side, record by record. The records of each cause are
//! summed as any table is, before and now: what they come to is what the cause moved. Nothing but
//! `revisions.parquet` and `triangle.parquet` stay of it; `atypiques.parquet` needs no run before.

mod evidence;
pub mod history;
pub mod outliers;
mod records;
pub mod triangle;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Int64Type};

use crate::aggregate::Summary;
use crate::clean::rows::{Row, to_batch};
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::revision::cause::{Around, Cause, Seen, cause};
use crate::revision::figures::{Compared, Revision, Rows, key};
use crate::run::dataset::months::of_text;
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Manifest, Output};
use crate::run::outputs::{BUILDING, write_table};
use crate::run::parquet;
use crate::run::records::{reader, sums_of};
use crate::run::revision::evidence::{Sources, announced, around, changed_corrections, elsewhere};
use crate::run::revision::records::{differing, is_readable, rows_of};
use crate::run::staged::{lacking, sum, text};
use crate::run::store::Store;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns;
use crate::vocabulary::tables::{CLEAN_ACTIVITES, REVISIONS};

/// Files of a run that tell of its tables: what moved, and what is odd.
pub const FILES: [&str; 3] = [FILE, triangle::FILE, outliers::FILE];
/// The file of a run that says what it moved.
pub const FILE: &str = "revisions.parquet";
/// Records of each cause, while they are summed.
const WORK: &str = "revision";
const CLEAN: &str = "clean/activites/";

/// Files of a month, before and now.
type Pair = [Option<String>; 2];

/// Compares the tables of the run under construction with those that readers see.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(job: &Job<'_>, before: Option<&Manifest>, now: &Manifest) -> Result<Vec<Output>> {
    let odd = outliers::write(job)?;
    let Some(before) = before else { return Ok(vec![odd]) };
    let around = around(job, before, now)?;
    let months = changed_months(before, now);
    job.store.remove_folder(&format!("{BUILDING}/{WORK}"))?;
    let mut causes = BTreeMap::new();
    // With another key each record has another pseudonym.
    let same_key = before.key_fingerprint == now.key_fingerprint;
    if same_key && all_readable(job.store, &months)? {
        causes = by_cause(job, (before, now), (&months, around))?;
    }
    let (mut revisions, mut outputs) = (Vec::new(), vec![odd]);
    let files: Vec<(Cause, [Vec<String>; 2])> = causes.into_iter().collect();
    let parts = parts_of(job, &files)?;
    let main = job.definitions.pipeline.main_tables.first();
    for (name, table) in &job.definitions.tables {
        let is_of_activities = table.from == Subject::Activites;
        let otherwise = match (is_of_activities, around) {
            (true, _) | (_, Around { rules: true, .. }) => Cause::Rule,
            (_, Around { structures: true, .. }) => Cause::Correction,
            (_, Around { references: true, .. }) => Cause::Edit,
            _ => Cause::Reference,
        };
        let parts = parts.get(name).cloned().unwrap_or_default();
        let Some(compared) = compared(job, (name, table), (parts, otherwise))? else { continue };
        let moved = compared.revisions();
        // The rows of a period alone are the same in all tables; one and the same has their past.
        let is_main = main == Some(name);
        if is_main && is_of_activities && table.periods.contains(&Length::Mois) {
            let measures: Vec<String> = compared.measures.iter().map(|it| it.0.clone()).collect();
            let figures = (measures.as_slice(), &compared.now);
            outputs.push(triangle::write(job, name, figures, moved.clone())?);
        }
        revisions.extend(moved.into_iter().map(|it| (name.as_str(), it)));
    }
    job.store.remove_folder(&format!("{BUILDING}/{WORK}"))?;
    let figures: BTreeSet<(&str, &str, &str)> = revisions
        .iter()
        .map(|(table, it)| (*table, it.key.as_str(), it.measure.as_str()))
        .collect();
    tracing::info!(event = "figures.moved", figures = figures.len(), "Compared with the last run.");
    let rows = batch(revisions.iter().map(|(table, revision)| (*table, revision)))?;
    outputs.push(write_table(job, FILE, &REVISIONS, &[rows])?);
    Ok(outputs)
}

/// The months whose clean file is not what it was.
fn changed_months(before: &Manifest, now: &Manifest) -> BTreeMap<String, Pair> {
    let mut months: BTreeMap<String, Pair> = BTreeMap::new();
    let mut hashes: BTreeMap<&str, [&str; 2]> = BTreeMap::new();
    for (side, (manifest, folder)) in [(before, CURRENT), (now, BUILDING)].into_iter().enumerate() {
        for output in manifest.outputs.iter().filter(|it| it.file.path.starts_with(CLEAN)) {
            let path = output.file.path.as_str();
            let Some(month) = path.rsplit('/').next().and_then(|it| it.strip_suffix(".parquet"))
            else {
                continue;
            };
            months.entry(month.to_owned()).or_default()[side] = Some(format!("{folder}/{path}"));
            hashes.entry(month).or_default()[side] = output.file.blake3.as_str();
        }
    }
    let is_other = |month: &String| hashes.get(month.as_str()).is_some_and(|it| it[0] != it[1]);
    months.retain(|month, _| is_other(month));
    months
}

fn all_readable(store: &Store, months: &BTreeMap<String, Pair>) -> Result<bool> {
    for path in months.values().filter_map(|pair| pair[0].as_ref()) {
        if !is_readable(store, path, &CLEAN_ACTIVITES)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes the records that do not count alike, by cause, before and now; gives the files. A month
/// is looked at twice, so that no more than a month is held.
fn by_cause(
    job: &Job<'_>,
    (before, now): (&Manifest, &Manifest),
    (months, around): (&BTreeMap<String, Pair>, Around),
) -> Result<BTreeMap<Cause, [Vec<String>; 2]>> {
    let names: BTreeSet<String> = changed_corrections(job, before)?.into_keys().collect();
    let [mut left, mut joined] = left_and_joined(job.store, months, &names)?;
    let moved = left.keys().filter(|id| joined.contains_key(*id));
    let moved: BTreeSet<String> = moved.cloned().collect();
    left.append(&mut joined);
    left.retain(|id, _| !moved.contains(id));
    // Those that are told in two months: to be seen whole.
    let (mut apart, mut numbers) = elsewhere(job, (before, now), &left)?;
    apart.extend(moved.iter().cloned());
    numbers.extend(months.keys().filter_map(|month| of_text(month)));
    let of_apart = Sources::read(job, (before, now), (&apart, &numbers))?;
    let was_announced = announced(job, &before.segments)?;
    let is_announced = announced(job, &now.segments)?;
    let mut files: BTreeMap<Cause, [Vec<String>; 2]> = BTreeMap::new();
    for (month, pair) in months {
        let rows = read(job.store, pair)?;
        let of_month = differing([&rows[0], &rows[1]], &names)?;
        let others = of_month.keys().filter(|id| !apart.contains(*id));
        let others: BTreeSet<String> = others.cloned().collect();
        let number: BTreeSet<i32> = of_text(month).into_iter().collect();
        let of_others = Sources::read(job, (before, now), (&others, &number))?;
        let mut places: BTreeMap<Cause, [Vec<u32>; 2]> = BTreeMap::new();
        for (id, it) in &of_month {
            let is_moved = moved.contains(id);
            let told = if apart.contains(id) { of_apart.seen(id) } else { of_others.seen(id) };
            let seen = Seen {
                was_there: is_moved || it.before.is_some(),
                is_there: is_moved || it.now.is_some(),
                was_announced: told.was_announced || was_announced.contains(id),
                is_announced: told.is_announced || is_announced.contains(id),
                is_corrected: it.is_corrected,
                is_of_references: it.is_of_references,
                ..told
            };
            let of_cause = places.entry(cause(&seen, around)).or_default();
            of_cause[0].extend(it.before);
            of_cause[1].extend(it.now);
        }
        for (cause, sides) in places {
            for (side, (mut places, name)) in sides.into_iter().zip(["before", "now"]).enumerate() {
                if places.is_empty() {
                    continue;
                }
                places.sort_unstable();
                let path = format!("{WORK}/{}/{name}/{month}.parquet", cause.code());
                let taken = take_record_batch(&rows[side], &UInt32Array::from(places))?;
                write_table(job, &path, &CLEAN_ACTIVITES, &[taken])?;
                files.entry(cause).or_default()[side].push(format!("{BUILDING}/{path}"));
            }
        }
    }
    Ok(files)
}

/// The records that left a month, and those that joined one; a day that changed does both.
fn left_and_joined(
    store: &Store,
    months: &BTreeMap<String, Pair>,
    corrections: &BTreeSet<String>,
) -> Result<[BTreeMap<String, i32>; 2]> {
    let (mut left, mut joined) = (BTreeMap::new(), BTreeMap::new());
    for (month, pair) in months {
        let number = of_text(month).ok_or_else(lacking)?;
        let [one, other] = read(store, pair)?;
        for (id, it) in differing([&one, &other], corrections)? {
            match (it.before, it.now) {
                (Some(_), None) => _ = left.insert(id, number),
                (None, Some(_)) => _ = joined.insert(id, number),
                _ => {}
            }
        }
    }
    Ok([left, joined])
}

fn read(store: &Store, pair: &Pair) -> Result<[RecordBatch; 2]> {
    Ok([rows_of(store, pair[0].as_deref())?, rows_of(store, pair[1].as_deref())?])
}

/// For each table of activities, what the records of each cause add to its rows.
fn parts_of(
    job: &Job<'_>,
    files: &[(Cause, [Vec<String>; 2])],
) -> Result<BTreeMap<String, BTreeMap<Cause, Rows>>> {
    let declared = || {
        let tables = job.definitions.tables.iter();
        tables.filter(|(_, table)| table.from == Subject::Activites)
    };
    let summaries = declared().map(|(_, table)| Summary::new(table, job.definitions));
    let summaries: Vec<Summary<'_>> = summaries.collect::<Result<_>>()?;
    let reader = reader(job.store, &summaries);
    let texts = |wanted: &str| reader.texts(wanted);
    let mut parts: BTreeMap<String, BTreeMap<Cause, Rows>> = BTreeMap::new();
    for (cause, [before, now]) in files {
        let before = sums_of(before, &summaries, &reader)?;
        let now = sums_of(now, &summaries, &reader)?;
        for (((name, table), summary), (now, before)) in
            declared().zip(&summaries).zip(now.into_iter().zip(before))
        {
            let rows = summary.finish(now.since(before), &texts)?;
            let named = rows.into_iter().map(|(codes, figures)| (key(&table.by, &codes), figures));
            parts.entry(name.clone()).or_default().insert(*cause, named.collect());
        }
    }
    Ok(parts)
}

/// A table in both runs; none where one lacks it, or it had other dimensions. Measures that it had
/// not are no revisions.
fn compared(
    job: &Job<'_>,
    (name, table): (&str, &Table),
    (parts, otherwise): (BTreeMap<Cause, Rows>, Cause),
) -> Result<Option<Compared>> {
    let paths = [CURRENT, BUILDING].map(|folder| format!("{folder}/tables/{name}.parquet"));
    if !paths.iter().all(|path| job.store.has(path)) {
        return Ok(None);
    }
    let Some((mut before, lacking)) = figures_of(job.store, &paths[0], table)? else {
        return Ok(None);
    };
    let Some((now, _)) = figures_of(job.store, &paths[1], table)? else { return Ok(None) };
    for (key, figures) in now.iter().filter(|_| !lacking.is_empty()) {
        let row = before.entry(key.clone()).or_insert_with(|| vec![0; table.measures.len()]);
        lacking.iter().for_each(|place| row[*place] = figures[*place]);
    }
    let measures = table.measures.iter().map(|measure| {
        let indicator = job.definitions.indicators.get(measure);
        let indicator = indicator.ok_or_else(|| Error::internal("an indicator is declared"))?;
        Ok((measure.clone(), indicator.is_additive()))
    });
    let measures = measures.collect::<Result<_>>()?;
    Ok(Some(Compared { measures, before, now, parts, otherwise }))
}

/// The rows of a table on disk, and the places of measures that it lacks; none where it has other
/// dimensions.
///
/// # Errors
/// When the file cannot be read.
pub fn figures_of(store: &Store, path: &str, table: &Table) -> Result<Option<(Rows, Vec<usize>)>> {
    let mut rows = Rows::new();
    let mut lacking = Vec::new();
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        let schema = batch.schema();
        let texts = schema.fields().iter().filter(|field| *field.data_type() == DataType::Utf8);
        let by = texts.map(|field| field.name()).filter(|it| *it != columns::PROVISOIRE.name);
        if !by.eq(&table.by) {
            return Ok(None);
        }
        let codes = table.by.iter().filter_map(|name| batch.column_by_name(name));
        let codes: Vec<_> = codes.filter_map(|it| it.as_string_opt::<i32>()).collect();
        let figure = |name: &String| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        let figures: Vec<_> = table.measures.iter().map(figure).collect();
        let places = figures.iter().enumerate().filter(|(_, column)| column.is_none());
        lacking = places.map(|(place, _)| place).collect();
        for row in 0..batch.num_rows() {
            let codes: Vec<String> = codes.iter().map(|it| it.value(row).to_owned()).collect();
            let value = |it: &Option<&Int64Array>| {
                it.filter(|it| it.is_valid(row)).map_or(0, |it| it.value(row))
            };
            rows.insert(key(&table.by, &codes), figures.iter().map(value).collect());
        }
    }
    Ok(Some((rows, lacking)))
}

/// Revisions of tables as rows.
///
/// # Errors
/// Never, in principle.
pub fn batch<'r>(revisions: impl Iterator<Item = (&'r str, &'r Revision)>) -> Result<RecordBatch> {
    to_batch(&REVISIONS, revisions.map(|(table, revision)| row(table, revision)).collect())
}

fn row(table: &str, revision: &Revision) -> Row {
    let mut row = Row::default();
    row.text(&columns::TABLE, Some(table));
    row.text(&columns::CLE, Some(&revision.key));
    row.text(&columns::INDICATEUR, Some(&revision.measure));
    row.text(&columns::CAUSE, Some(revision.cause.code()));
    row.number(&columns::VALEUR_AVANT, Some(revision.before));
    row.number(&columns::VALEUR, Some(revision.now));
    row.number(&columns::ECART, revision.part);
    row
}

/// The revisions of a run, by table.
///
/// # Errors
/// When the file cannot be read.
pub fn revisions_of(store: &Store, run: &str) -> Result<BTreeMap<String, Vec<Revision>>> {
    let path = format!("{run}/{FILE}");
    let mut found: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
    if !store.has(&path) {
        return Ok(found);
    }
    for batch in parquet::read(store.file(&path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let of = |column| text(&batch, column, row).unwrap_or_default();
            let number = |column| sum(&batch, column, row);
            let revision = Revision {
                key: of(&columns::CLE).to_owned(),
                measure: of(&columns::INDICATEUR).to_owned(),
                cause: Cause::of_code(of(&columns::CAUSE)).ok_or_else(lacking)?,
                before: number(&columns::VALEUR_AVANT).unwrap_or_default(),
                now: number(&columns::VALEUR).unwrap_or_default(),
                part: number(&columns::ECART),
            };
            found.entry(of(&columns::TABLE).to_owned()).or_default().push(revision);
        }
    }
    Ok(found)
}
