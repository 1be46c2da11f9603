//! Clean files become summary tables, each proved against the national total and the others.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::Date;

use crate::aggregate::margins::{Check, Made, checks};
use crate::aggregate::{Row, VERSION};
use crate::definition::Definitions;
use crate::definition::indicator::Indicator;
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::run::asked::Asked;
use crate::run::job::{Job, Progress};
use crate::run::key_figures;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::made::{checked, covered, covered_months, state_share};
use crate::run::manifest::Output;
use crate::run::outputs::{self, BUILDING};
use crate::run::parquet::Description;
use crate::run::summaries::{Below, Nationals, summaries};
use crate::vocabulary::calendar::{Length, last_day};
use crate::vocabulary::codes::{ENSEMBLE, Fate, NON, OUI, Subject};
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::schema::{data_type, field};
use crate::vocabulary::tables::{
    self, CHIFFRES_CLES, COUVERTURE, COUVERTURE_MOIS, MADE, PART_ETAT_COUT, RECONCILIATION,
};

/// Name of the stage.
pub const STAGE: &str = "aggregate";

/// Checks named in an error, at most.
const NAMED: usize = 5;

/// The tables of a run, and what proves them.
#[derive(Debug, Default)]
pub struct Tables {
    /// Those that are declared, by name.
    pub declared: Vec<(String, RecordBatch)>,
    /// Those the program makes beside them.
    pub made: Vec<(&'static tables::Table, RecordBatch)>,
    /// Tables against national totals.
    pub ledger: Ledger,
    /// Tables against each other.
    pub checks: Vec<Check>,
}

/// The hash of all the stage depends on: every table bears the version of all declarations.
#[must_use]
pub fn key(definitions: &Definitions, clean_key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&VERSION.to_le_bytes());
    hasher.update(clean_key.as_bytes()).update(definitions.digest.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Makes all tables whose clean data is there.
///
/// # Errors
/// When a table does not reconcile with the national total or with another table, or a file cannot
/// be read or written.
pub fn run(job: &Job<'_>, subjects: &[Subject]) -> Result<(Vec<Output>, Ledger)> {
    let count = u64::try_from(job.definitions.tables.len()).unwrap_or_default();
    (job.progress)(Progress::Stage(STAGE, count));
    let below = Below {
        store: job.store,
        folder: BUILDING,
        definitions: job.definitions,
        as_of: job.as_of,
        engine: job.engine,
    };
    let all = tables_of(below, subjects)?;
    job.engine.map_or(Ok(()), Asked::clear)?;
    all.ledger.prove()?;
    reconcile(&all.checks)?;
    let mut outputs = Vec::new();
    for (name, rows) in &all.declared {
        outputs.extend(write(job, name, &of_declared(job, name)?, rows)?);
        (job.progress)(Progress::Step(name.clone()));
    }
    for (table, rows) in &all.made {
        outputs.extend(write(job, table.name, &of_made(job, table)?, rows)?);
    }
    (job.progress)(Progress::Done);
    Ok((outputs, all.ledger))
}

/// Computes the tables of some subjects from their clean files.
///
/// # Errors
/// When a file cannot be read.
pub fn tables_of(below: Below<'_>, subjects: &[Subject]) -> Result<Tables> {
    let definitions = below.definitions;
    let since = provisional_since(definitions, below.as_of)?;
    let mut all = Tables::default();
    for subject in subjects {
        let found = summaries(below, *subject)?;
        for made in &found.made {
            account(&mut all.ledger, made, (&found.nationals, definitions));
            let rows = batch(made, definitions, since)?;
            all.declared.push((made.name.to_owned(), rows));
        }
        all.checks.extend(checks(&found.made, &definitions.indicators));
        if let Some(employers) = &found.coverage {
            let until = i64::from(below.as_of.year()) * 12 + i64::from(below.as_of.month()) - 1;
            all.made.push((&COUVERTURE, covered(employers, until)?));
            all.made.push((&COUVERTURE_MOIS, covered_months(employers)?));
        }
    }
    all.checks.sort_unstable();
    if let Some(figures) = key_figures::make(definitions, below.as_of, &all.declared)? {
        all.made.push((&CHIFFRES_CLES, figures));
    }
    let has_cost = [Subject::Contrats, Subject::Subventions].iter().any(|s| subjects.contains(s));
    if let Some(cost) = definitions.cost.as_ref().filter(|_| has_cost) {
        all.made.push((&PART_ETAT_COUT, state_share(below, cost)?));
    }
    // Datasets alone have no such tables.
    if !subjects.is_empty() {
        all.made.push((&RECONCILIATION, checked(&all.checks)?));
    }
    Ok(all)
}

/// The day after which a period must not end for its figures to be final.
///
/// # Errors
/// When so many days before there is none.
pub fn provisional_since(definitions: &Definitions, as_of: Date) -> Result<Date> {
    let days = jiff::Span::new().days(definitions.pipeline.provisional_days);
    let since = as_of.checked_sub(days);
    since.map_err(|error| Error::definition("`provisional_days` is too long").because(error))
}

/// Tables that disagree are not to be trusted.
fn reconcile(checks: &[Check]) -> Result<()> {
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| check.differing > 0)
        .map(|Check { table, other, dimensions, measure, cells, differing }| {
            format!(
                "`{table}` and `{other}`, {measure} by {dimensions}: {differing} of {cells} cells"
            )
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = failed.iter().take(NAMED).map(String::as_str).collect();
    Err(Error::data(format!(
        "{} checks of tables against each other failed\n  {}",
        failed.len(),
        named.join("\n  ")
    ))
    .hint("nothing was published; this is a defect of the program or a damaged clean file"))
}

/// The rows of a table, in its schema.
fn batch(made: &Made<'_>, definitions: &Definitions, since: Date) -> Result<RecordBatch> {
    let Made { table, rows, .. } = made;
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for place in 0..table.by.len() {
        let codes = rows.iter().map(|(codes, _)| codes.get(place));
        arrays.push(Arc::new(codes.collect::<StringArray>()));
    }
    if let Some(place) = table.by.iter().position(|name| name == columns::PERIODE.name) {
        arrays.push(Arc::new(provisional(rows, place, since)));
    }
    for place in 0..table.measures.len() {
        let figures = rows.iter().map(|(_, figures)| figures.get(place).copied());
        arrays.push(Arc::new(figures.collect::<Int64Array>()));
    }
    Ok(RecordBatch::try_new(table_schema(table, definitions), arrays)?)
}

/// Whether the period of each row ends after that day; all periods together do when one does.
fn provisional(rows: &[Row], place: usize, since: Date) -> StringArray {
    let is_open = |(codes, _): &Row| {
        codes.get(place).and_then(|code| last_day(code)).is_some_and(|last| last > since)
    };
    let is_some_open = rows.iter().any(is_open);
    let is_total = |row: &Row| row.0.get(place).is_some_and(|code| code == ENSEMBLE);
    let told = |row: &Row| {
        if is_open(row) || (is_total(row) && is_some_open) { OUI } else { NON }
    };
    rows.iter().map(|row| Some(told(row))).collect()
}

/// Enters, for each additive measure, the national total against the table's own total and, where
/// dimensions partition the records, against the sum of its finest rows.
fn account(
    ledger: &mut Ledger,
    made: &Made<'_>,
    (nationals, definitions): (&Nationals, &Definitions),
) {
    for (place, measure) in made.table.measures.iter().enumerate() {
        let additive = definitions.indicators.get(measure).is_some_and(Indicator::is_additive);
        if !additive {
            continue;
        }
        let national = nationals.get(&(made.name.to_owned(), measure.clone())).copied();
        let mut checks = vec![("ensemble", sum_where(made, place, &|_, code| code == ENSEMBLE))];
        if made.table.split.is_empty() {
            checks.push((
                "detail",
                sum_where(made, place, &|name, code| is_finest(made, name, code)),
            ));
        }
        for (check, found) in checks {
            let account = Account {
                stage: STAGE.to_owned(),
                source: made.name.to_owned(),
                segment: measure.clone(),
                period: check.to_owned(),
            };
            ledger.enter(&account, Amount::of_rows(national.unwrap_or_default()));
            ledger.leave(&account, Fate::Kept, "", Amount::of_rows(found));
        }
    }
}

/// Whether a code is no total, nor that of a longer period than the shortest.
fn is_finest(made: &Made<'_>, name: &str, code: &str) -> bool {
    let is_shortest = || made.table.periods.first() == Some(&Length::of_period(code));
    code != ENSEMBLE && (name != columns::PERIODE.name || is_shortest())
}

/// Sum of a measure over rows all of whose codes are wanted.
fn sum_where(made: &Made<'_>, place: usize, is_wanted: &dyn Fn(&str, &str) -> bool) -> i64 {
    let wanted = made.rows.iter().filter(|(codes, _)| {
        made.table.by.iter().zip(codes).all(|(name, code)| is_wanted(name, code))
    });
    wanted.filter_map(|(_, figures)| figures.get(place)).sum()
}

/// The schema of a summary table: each measure bears its definition.
#[must_use]
pub fn table_schema(table: &Table, definitions: &Definitions) -> SchemaRef {
    let dimensions = table.by.iter().filter_map(|name| columns::find(name));
    let has_periods = table.by.iter().any(|name| name == columns::PERIODE.name);
    let provisional = has_periods.then_some(&columns::PROVISOIRE);
    let dimensions = dimensions.chain(provisional).map(field);
    let measures = table.measures.iter().map(|name| {
        let about = definitions.indicators.get(name).map(about).unwrap_or_default();
        Field::new(name, data_type(Kind::Sum), true).with_metadata(about)
    });
    Arc::new(Schema::new(dimensions.chain(measures).collect::<Vec<Field>>()))
}

/// What a measure is, as the metadata of its column.
fn about(indicator: &Indicator) -> HashMap<String, String> {
    let pairs = [
        ("description", format!("{} : {}", indicator.title, indicator.formula)),
        ("unit", indicator.unit.clone()),
        ("is_not", indicator.is_not.clone()),
        ("used_by", indicator.used_by.clone()),
    ];
    let told = pairs.into_iter().filter(|(_, text)| !text.is_empty());
    told.map(|(key, text)| (key.to_owned(), text)).collect()
}

/// What the file of a declared table says of itself.
fn of_declared(job: &Job<'_>, name: &str) -> Result<Description> {
    let table = job.definitions.tables.get(name);
    let table = table.ok_or_else(|| Error::internal(format!("table `{name}` is declared")))?;
    let grain = format!("une combinaison de {} ; ensemble = total", table.by.join(", "));
    let mut metadata =
        outputs::metadata(job, (name, &grain, &table.title), &job.definitions.digest)?;
    metadata.push(("definition".to_owned(), table.definition.clone()));
    Ok(Description { sorted_by: table.by.clone(), metadata })
}

/// What the file of another table says of itself: it depends on all declarations, too.
fn of_made(job: &Job<'_>, table: &tables::Table) -> Result<Description> {
    let made = MADE.iter().find(|made| made.table.name == table.name);
    let made = made.ok_or_else(|| Error::internal(format!("`{}` is made", table.name)))?;
    let told = (table.name, table.grain, made.title);
    let mut metadata = outputs::metadata(job, told, &job.definitions.digest)?;
    let definition = job.definitions.told_of(made);
    metadata.extend(definition.map(|text| ("definition".to_owned(), text.into_owned())));
    let sorted_by = table.key.iter().map(|column| column.name.to_owned()).collect();
    Ok(Description { sorted_by, metadata })
}

/// Parquet and CSV of the same rows.
fn write(
    job: &Job<'_>,
    name: &str,
    description: &Description,
    rows: &RecordBatch,
) -> Result<[Output; 2]> {
    let path = format!("tables/{name}.parquet");
    let one = std::slice::from_ref(rows);
    let parquet = outputs::write(job, &path, (rows.schema(), description), one)?;
    let path = format!("tables/{name}.csv");
    let mut file = job.store.write(&format!("{BUILDING}/{path}"), &csv_of(rows, b',')?)?;
    file.path = path;
    let csv = Output { file, rows: parquet.rows };
    Ok([parquet, csv])
}

/// A batch as CSV: LF, UTF-8, header, ISO days; what has no value is empty.
///
/// # Errors
/// When a column has no texts for its values, such as a list.
pub fn csv_of(batch: &RecordBatch, delimiter: u8) -> Result<Vec<u8>> {
    let failed = |error: csv::Error| Error::internal("CSV is written in memory").because(error);
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let schema = batch.schema();
    out.write_record(schema.fields().iter().map(|field| field.name())).map_err(failed)?;
    let options = FormatOptions::new();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        let cells = columns.iter().map(|column| column.value(row).try_to_string());
        let cells = cells.collect::<std::result::Result<Vec<String>, _>>()?;
        out.write_record(cells).map_err(failed)?;
    }
    out.into_inner()
        .map_err(|error| Error::internal("CSV is written in memory").because(error.to_string()))
}
