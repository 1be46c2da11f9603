//! Clean files become summary tables, one at a time, each proved against the national total.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use polars::prelude::DataFrame;

use crate::aggregate::{Summary, VERSION};
use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::run::frames;
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::Output;
use crate::run::outputs::{self, BUILDING};
use crate::run::parquet::{self, Description};
use crate::run::store::Store;
use crate::vocabulary::codes::{ENSEMBLE, Fate, Subject};
use crate::vocabulary::columns::{self, Column as Name, Kind};
use crate::vocabulary::schema::{data_type, field};
use crate::vocabulary::tables;

/// Name of the stage.
pub const STAGE: &str = "aggregate";

/// National total of each additive measure of each table: (table, measure) → total.
pub type Nationals = BTreeMap<(String, String), i64>;

/// The hash of all the stage depends on: every table bears the version of all declarations.
#[must_use]
pub fn key(definitions: &Definitions, clean_key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&VERSION.to_le_bytes());
    hasher.update(clean_key.as_bytes()).update(definitions.digest.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The clean files of a subject below a folder of the warehouse, in the order of their periods.
///
/// # Errors
/// When the folder cannot be listed.
pub fn clean_files(store: &Store, folder: &str, subject: Subject) -> Result<Vec<String>> {
    let table = tables::clean(subject).name;
    let mut files = store.files_below(&format!("{folder}/clean/{table}"))?;
    let single = format!("{folder}/clean/{table}.parquet");
    if store.has(&single) {
        files.push(single);
    }
    Ok(files)
}

/// Makes all tables whose clean data is there.
///
/// # Errors
/// When a table does not reconcile with the national total, or a file cannot be read or written.
pub fn run(job: &Job<'_>, subjects: &[Subject]) -> Result<(Vec<Output>, Ledger)> {
    let definitions = job.definitions;
    let count = u64::try_from(definitions.tables.len()).unwrap_or_default();
    (job.progress)(Progress::Stage(STAGE, count));
    let mut outputs = Vec::new();
    let mut ledger = Ledger::default();
    for subject in subjects {
        let (made, nationals) = tables_of(job.store, BUILDING, definitions, *subject)?;
        for (name, frame) in made {
            let table = table(definitions, name)?;
            account(&mut ledger, (name, table), &frame, (&nationals, definitions))?;
            outputs.extend(write(job, name, table, &frame)?);
            (job.progress)(Progress::Step(name.to_owned()));
        }
    }
    (job.progress)(Progress::Done);
    ledger.prove()?;
    Ok((outputs, ledger))
}

fn table<'d>(definitions: &'d Definitions, name: &str) -> Result<&'d Table> {
    let table = definitions.tables.get(name);
    table.ok_or_else(|| Error::internal(format!("table `{name}` is declared")))
}

/// Computes the tables of a subject from its clean files, with the national totals read apart.
///
/// # Errors
/// When a file cannot be read.
pub fn tables_of<'d>(
    store: &Store,
    folder: &str,
    definitions: &'d Definitions,
    subject: Subject,
) -> Result<(Vec<(&'d str, DataFrame)>, Nationals)> {
    let mut summaries = Vec::new();
    for (name, table) in definitions.tables.iter().filter(|(_, table)| table.from == subject) {
        summaries.push(Summary::new(name, table, definitions)?);
    }
    let clean = tables::clean(subject);
    let needed: Vec<String> = summaries.iter().flat_map(Summary::columns).collect();
    let needed: Vec<&Name> =
        clean.columns.iter().filter(|column| needed.iter().any(|n| n == column.name)).collect();
    let names: Vec<&str> = needed.iter().map(|column| column.name).collect();
    let schema: SchemaRef =
        Arc::new(Schema::new(needed.iter().copied().map(field).collect::<Vec<Field>>()));
    let mut nationals = Nationals::new();
    let files = clean_files(store, folder, subject)?;
    for file in &files {
        let batches: Vec<RecordBatch> =
            parquet::read(store.file(file)?, Some(&names), None)?.collect::<Result<_>>()?;
        add_nationals(&mut nationals, definitions, subject, &batches);
        let records = frames::to_frame(&schema, &batches)?;
        for summary in &mut summaries {
            summary.add(&records)?;
        }
    }
    if files.is_empty() {
        let nothing = frames::to_frame(&schema, &[])?;
        add_nationals(&mut nationals, definitions, subject, &[]);
        for summary in &mut summaries {
            summary.add(&nothing)?;
        }
    }
    let names = definitions.tables.iter().filter(|(_, table)| table.from == subject);
    let made = names.map(|(name, _)| name.as_str()).zip(summaries);
    let made = made.map(|(name, summary)| Ok((name, summary.finish()?)));
    Ok((made.collect::<Result<_>>()?, nationals))
}

/// Sums straight from the files, by no table's grouping.
fn add_nationals(
    nationals: &mut Nationals,
    definitions: &Definitions,
    subject: Subject,
    batches: &[RecordBatch],
) {
    for (name, table) in definitions.tables.iter().filter(|(_, table)| table.from == subject) {
        for measure in &table.measures {
            let Some(indicator) = definitions.indicators.get(measure) else { continue };
            let sources: Vec<&str> = match indicator.compute {
                Compute::Distinct => continue,
                Compute::Count => Vec::new(),
                Compute::Sum => indicator.of.as_deref().into_iter().collect(),
                Compute::Bands => table
                    .bands
                    .values()
                    .flat_map(BTreeMap::values)
                    .flatten()
                    .map(String::as_str)
                    .collect(),
            };
            let total = nationals.entry((name.clone(), measure.clone())).or_default();
            for batch in batches {
                *total += match indicator.compute {
                    Compute::Count => i64::try_from(batch.num_rows()).unwrap_or_default(),
                    _ => sources.iter().map(|source| frames::sum_of(batch, source)).sum(),
                };
            }
        }
    }
}

/// Enters, for each additive measure, the national total against the table's own total and, where
/// dimensions partition the records, against the sum of its finest rows.
///
/// # Errors
/// When the frame is not of the table.
pub fn account(
    ledger: &mut Ledger,
    (name, table): (&str, &Table),
    frame: &DataFrame,
    (nationals, definitions): (&Nationals, &Definitions),
) -> Result<()> {
    for measure in &table.measures {
        let additive = definitions.indicators.get(measure).is_some_and(Indicator::is_additive);
        if !additive {
            continue;
        }
        let national = nationals.get(&(name.to_owned(), measure.clone())).copied();
        let mut checks = vec![("ensemble", sum_where(frame, table, measure, |is_total| is_total)?)];
        if table.split.is_empty() {
            checks.push(("detail", sum_where(frame, table, measure, |is_total| !is_total)?));
        }
        for (check, found) in checks {
            let account = Account {
                stage: STAGE.to_owned(),
                source: name.to_owned(),
                segment: measure.clone(),
                period: check.to_owned(),
            };
            ledger.enter(&account, Amount::of_rows(national.unwrap_or_default()));
            ledger.leave(&account, Fate::Kept, "", Amount::of_rows(found));
        }
    }
    Ok(())
}

/// Sum of a measure over rows all of whose dimensions are totals, or none of them is.
fn sum_where(
    frame: &DataFrame,
    table: &Table,
    measure: &str,
    wanted: fn(bool) -> bool,
) -> Result<i64> {
    let mut dimensions = Vec::new();
    for name in &table.by {
        dimensions.push(frame.column(name)?.str()?);
    }
    let values = frame.column(measure)?.i64()?;
    let mut sum = 0;
    for row in 0..frame.height() {
        let mut codes = dimensions.iter().map(|column| column.get(row) == Some(ENSEMBLE));
        if codes.all(wanted) {
            sum += values.get(row).unwrap_or_default();
        }
    }
    Ok(sum)
}

/// The schema of a summary table.
#[must_use]
pub fn table_schema(table: &Table, definitions: &Definitions) -> SchemaRef {
    let dimensions = table.by.iter().filter_map(|name| columns::find(name)).map(field);
    let measures = table.measures.iter().map(|name| {
        let meaning = definitions
            .indicators
            .get(name)
            .map(|indicator| format!("{} : {}", indicator.title, indicator.formula));
        let unit = definitions.indicators.get(name).map(|indicator| indicator.unit.clone());
        let about: HashMap<String, String> =
            [("description".to_owned(), meaning), ("unit".to_owned(), unit)]
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .collect();
        Field::new(name, data_type(Kind::Sum), true).with_metadata(about)
    });
    Arc::new(Schema::new(dimensions.chain(measures).collect::<Vec<Field>>()))
}

/// Parquet and CSV of the same rows.
fn write(job: &Job<'_>, name: &str, table: &Table, frame: &DataFrame) -> Result<Vec<Output>> {
    let schema = table_schema(table, job.definitions);
    let batch = frames::to_batch(&schema, frame)?;
    let grain = format!("une combinaison de {} ; ensemble = total", table.by.join(", "));
    let mut metadata =
        outputs::metadata(job, (name, &grain, &table.title), &job.definitions.digest)?;
    metadata.push(("definition".to_owned(), table.definition.clone()));
    let description = Description { sorted_by: table.by.clone(), metadata };
    let path = format!("tables/{name}.parquet");
    let parquet = outputs::write(job, &path, (schema, &description), std::slice::from_ref(&batch))?;
    let path = format!("tables/{name}.csv");
    let mut file = job.store.write(&format!("{BUILDING}/{path}"), &csv_of(&batch, b',')?)?;
    file.path = path;
    Ok(vec![parquet.clone(), Output { file, rows: parquet.rows }])
}

/// A batch of text and sums as CSV: LF, UTF-8, header.
///
/// # Errors
/// Never, in principle: it is written in memory.
pub fn csv_of(batch: &RecordBatch, delimiter: u8) -> Result<Vec<u8>> {
    let failed = |error: csv::Error| Error::internal("CSV is written in memory").because(error);
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let schema = batch.schema();
    out.write_record(schema.fields().iter().map(|field| field.name())).map_err(failed)?;
    for row in 0..batch.num_rows() {
        let cells = batch.columns().iter().map(|column| match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
            _ => column.as_primitive::<Int64Type>().value(row).to_string(),
        });
        out.write_record(cells).map_err(failed)?;
    }
    out.into_inner()
        .map_err(|error| Error::internal("CSV is written in memory").because(error.to_string()))
}
