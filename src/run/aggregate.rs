//! Clean files become summary tables, each proved against the national total.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef};
use rayon::prelude::*;

use crate::aggregate::{Records, Row, Summary, Sums, VERSION};
use crate::column::{NO_COUNT, Values};
use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::run::dataset::files::{Coded, Dictionaries};
use crate::run::job::{Job, Progress};
use crate::run::key_figures;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::Output;
use crate::run::outputs::{self, BUILDING};
use crate::run::parquet::Description;
use crate::run::store::Store;
use crate::vocabulary::codes::{ENSEMBLE, Fate, Subject};
use crate::vocabulary::columns::{self, Column as Name, Kind};
use crate::vocabulary::schema::{data_type, field};
use crate::vocabulary::tables::{self, CHIFFRES_CLES};

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
    let mut cited = key_figures::Tables::new();
    for subject in subjects {
        let (made, nationals) = tables_of(job.store, BUILDING, definitions, *subject)?;
        for (name, rows) in made {
            let table = table(definitions, name)?;
            account(&mut ledger, (name, table), &rows, (&nationals, definitions));
            outputs.extend(write(job, name, table, &rows)?);
            if key_figures::sources(definitions).any(|source| source == name) {
                cited.insert(name.to_owned(), rows);
            }
            (job.progress)(Progress::Step(name.to_owned()));
        }
    }
    if let Some(figures) = key_figures::make(definitions, job.as_of, &cited)? {
        let path = format!("tables/{}", CHIFFRES_CLES.name);
        let parquet = format!("{path}.parquet");
        let one = std::slice::from_ref(&figures);
        outputs.push(outputs::write_table(job, &parquet, &CHIFFRES_CLES, one)?);
        outputs.push(write_csv(job, &path, &figures)?);
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
) -> Result<(Vec<(&'d str, RecordBatch)>, Nationals)> {
    let declared = || definitions.tables.iter().filter(|(_, table)| table.from == subject);
    let mut summaries = Vec::new();
    for (_, table) in declared() {
        summaries.push(Summary::new(table, definitions)?);
    }
    let needed: BTreeSet<&str> = summaries.iter().flat_map(Summary::columns).collect();
    let columns = tables::clean(subject).columns.iter();
    let needed: Vec<&Name> = columns.filter(|column| needed.contains(column.name)).collect();
    let names: Vec<&str> = needed.iter().map(|column| column.name).collect();
    let dictionaries: Dictionaries =
        needed.iter().map(|column| (column.kind == Kind::Text).then(Mutex::default)).collect();
    let texts = |wanted: &str| {
        let place = names.iter().position(|name| *name == wanted)?;
        dictionaries.get(place)?.as_ref()
    };
    let nothing = || -> Vec<Sums> { summaries.iter().map(Summary::nothing).collect() };
    let of_file = |path: &String| -> Result<(Vec<Sums>, Nationals)> {
        let (mut sums, mut nationals) = (nothing(), Nationals::new());
        let file = Coded::open(store, path)?;
        for group in 0..file.groups() {
            let read = file.read(group, &names, &dictionaries)?;
            let columns = names.iter().copied().zip(&read).collect();
            let count = usize::try_from(file.rows_of(group));
            let count = count.map_err(|_| Error::internal("a group is small"))?;
            let records = Records { columns, count };
            add_nationals(&mut nationals, (definitions, subject), &records);
            for (sums, summary) in sums.iter_mut().zip(&summaries) {
                sums.merge(summary.sums(&records, &texts)?);
            }
        }
        Ok((sums, nationals))
    };
    let files = clean_files(store, folder, subject)?;
    let parts: Vec<(Vec<Sums>, Nationals)> =
        files.par_iter().map(of_file).collect::<Result<_>>()?;
    let (mut all, mut nationals) = (nothing(), Nationals::new());
    for (sums, of_file) in parts {
        all.iter_mut().zip(sums).for_each(|(to, from)| to.merge(from));
        of_file.into_iter().for_each(|(key, sum)| *nationals.entry(key).or_default() += sum);
    }
    let mut made = Vec::new();
    for (((name, table), summary), sums) in declared().zip(&summaries).zip(all) {
        made.push((name.as_str(), batch(table, definitions, &summary.finish(sums, &texts)?)?));
    }
    Ok((made, nationals))
}

/// The rows of a table, in its schema.
fn batch(table: &Table, definitions: &Definitions, rows: &[Row]) -> Result<RecordBatch> {
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for place in 0..table.by.len() {
        let codes = rows.iter().map(|(codes, _)| codes.get(place));
        arrays.push(Arc::new(codes.collect::<StringArray>()));
    }
    for place in 0..table.measures.len() {
        let figures = rows.iter().map(|(_, figures)| figures.get(place).copied());
        arrays.push(Arc::new(figures.collect::<Int64Array>()));
    }
    Ok(RecordBatch::try_new(table_schema(table, definitions), arrays)?)
}

/// Sums straight from the files, by no table's grouping.
fn add_nationals(
    nationals: &mut Nationals,
    (definitions, subject): (&Definitions, Subject),
    records: &Records<'_>,
) {
    let sum_of = |name: &str| -> i64 {
        match records.columns.get(name) {
            Some(Values::Counts(counts)) => {
                counts.iter().filter(|count| **count != NO_COUNT).map(|c| i64::from(*c)).sum()
            }
            Some(Values::Instants(sums)) => sums.iter().sum(),
            _ => 0,
        }
    };
    for (name, table) in definitions.tables.iter().filter(|(_, table)| table.from == subject) {
        for measure in &table.measures {
            let Some(indicator) = definitions.indicators.get(measure) else { continue };
            let bands = || table.bands.values().flat_map(BTreeMap::values).flatten();
            let sum = match indicator.compute {
                Compute::Distinct => continue,
                Compute::Count => i64::try_from(records.count).unwrap_or_default(),
                Compute::Sum => indicator.of.as_deref().map_or(0, sum_of),
                Compute::Bands => bands().map(|source| sum_of(source)).sum(),
            };
            *nationals.entry((name.clone(), measure.clone())).or_default() += sum;
        }
    }
}

/// Enters, for each additive measure, the national total against the table's own total and, where
/// dimensions partition the records, against the sum of its finest rows.
pub fn account(
    ledger: &mut Ledger,
    (name, table): (&str, &Table),
    rows: &RecordBatch,
    (nationals, definitions): (&Nationals, &Definitions),
) {
    for measure in &table.measures {
        let additive = definitions.indicators.get(measure).is_some_and(Indicator::is_additive);
        if !additive {
            continue;
        }
        let national = nationals.get(&(name.to_owned(), measure.clone())).copied();
        let mut checks = vec![("ensemble", sum_where(rows, table, measure, |is_total| is_total))];
        if table.split.is_empty() {
            checks.push(("detail", sum_where(rows, table, measure, |is_total| !is_total)));
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
}

/// Sum of a measure over rows all of whose dimensions are totals, or none of them is.
fn sum_where(rows: &RecordBatch, table: &Table, measure: &str, wanted: fn(bool) -> bool) -> i64 {
    let text = |name: &String| rows.column_by_name(name)?.as_string_opt::<i32>();
    let dimensions: Vec<&StringArray> = table.by.iter().filter_map(text).collect();
    let figures = rows.column_by_name(measure).and_then(|f| f.as_primitive_opt::<Int64Type>());
    let figures = figures.into_iter().flat_map(|figures| figures.iter().enumerate());
    let is_wanted =
        |row: usize| dimensions.iter().all(|codes| wanted(codes.value(row) == ENSEMBLE));
    figures.filter(|(row, _)| is_wanted(*row)).filter_map(|(_, figure)| figure).sum()
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
fn write(job: &Job<'_>, name: &str, table: &Table, rows: &RecordBatch) -> Result<Vec<Output>> {
    let grain = format!("une combinaison de {} ; ensemble = total", table.by.join(", "));
    let mut metadata =
        outputs::metadata(job, (name, &grain, &table.title), &job.definitions.digest)?;
    metadata.push(("definition".to_owned(), table.definition.clone()));
    let description = Description { sorted_by: table.by.clone(), metadata };
    let path = format!("tables/{name}.parquet");
    let one = std::slice::from_ref(rows);
    let parquet = outputs::write(job, &path, (rows.schema(), &description), one)?;
    Ok(vec![parquet, write_csv(job, &format!("tables/{name}"), rows)?])
}

fn write_csv(job: &Job<'_>, path: &str, rows: &RecordBatch) -> Result<Output> {
    let path = format!("{path}.csv");
    let mut file = job.store.write(&format!("{BUILDING}/{path}"), &csv_of(rows, b',')?)?;
    file.path = path;
    Ok(Output { file, rows: u64::try_from(rows.num_rows()).unwrap_or_default() })
}

/// A batch of text, counts and sums as CSV: LF, UTF-8, header; what has no value is empty.
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
            _ if column.is_null(row) => String::new(),
            DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
            DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
            _ => column.as_primitive::<Int64Type>().value(row).to_string(),
        });
        out.write_record(cells).map_err(failed)?;
    }
    out.into_inner()
        .map_err(|error| Error::internal("CSV is written in memory").because(error.to_string()))
}
