//! Rows of a release become its public files: what is hidden is gone before anything is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Int64Type, Schema};

use crate::audit::release::Row;
use crate::definition::secrecy::Policy;
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::run::aggregate::{csv_of, table_schema};
use crate::run::job::Job;
use crate::run::outputs::{self, BUILDING};
use crate::run::parquet::{self, Description};
use crate::run::protect::counted::{Exact, Wanted, published};
use crate::run::protect::judged::key_of;
use crate::run::store::Store;
use crate::vocabulary::columns;
use crate::vocabulary::schema::field;

/// Folder of a release under construction, below that of its run.
pub(super) const RELEASE: &str = "release";
/// The file of a release that says that it was audited.
pub const VERDICT: &str = "verdict.json";

/// A public table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Public {
    /// Its rows; figures that are hidden are not there.
    pub(super) rows: Vec<Row>,
}

/// Writes a protected table, as Parquet and as CSV.
pub(super) fn write_protected(
    job: &Job<'_>,
    exact: &Exact<'_>,
    (hidden, policy): (&BTreeSet<String>, &Policy),
) -> Result<()> {
    let Exact { wanted, measures, rows, .. } = exact;
    let is_hidden: Vec<bool> =
        rows.iter().map(|row| hidden.contains(&key_of(wanted.table, &row.codes))).collect();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for place in 0..wanted.table.by.len() {
        let codes = rows.iter().map(|row| row.codes.get(place));
        arrays.push(Arc::new(codes.collect::<StringArray>()));
    }
    for place in 0..measures.len() {
        let figures = rows.iter().zip(&is_hidden);
        let figures =
            figures.map(|(row, hidden)| row.figures.get(place).filter(|_| !hidden).copied());
        arrays.push(Arc::new(figures.collect::<Int64Array>()));
    }
    let symbol = |hidden: &bool| hidden.then_some(policy.symbol.as_str());
    arrays.push(Arc::new(is_hidden.iter().map(symbol).collect::<StringArray>()));
    let batch = RecordBatch::try_new(schema_of(job, wanted), arrays)?;
    write(job, (wanted.name, wanted.table), &batch, &policy.version)
}

/// Publishes a table that sums an open list, as it is; says whether there is one.
pub(super) fn write_open(
    job: &Job<'_>,
    (name, table): (&str, &Table),
    policy: &Policy,
) -> Result<bool> {
    let path = format!("{BUILDING}/tables/{name}.parquet");
    if !job.store.has(&path) {
        return Ok(false);
    }
    let rows = parquet::read_whole(job.store.file(&path)?)?;
    write(job, (name, table), &rows, &policy.version)?;
    Ok(true)
}

fn schema_of(job: &Job<'_>, wanted: &Wanted<'_>) -> Arc<Schema> {
    let measures = published(wanted.table, wanted.secrecy).map(str::to_owned).collect();
    let shown = Table { measures, ..wanted.table.clone() };
    let all = table_schema(&shown, job.definitions);
    let fields = all.fields().iter().filter(|field| *field.name() != columns::PROVISOIRE.name);
    let mut fields: Vec<Field> = fields.map(|field| field.as_ref().clone()).collect();
    fields.push(field(&columns::SECRET));
    Arc::new(Schema::new(fields))
}

fn write(
    job: &Job<'_>,
    (name, table): (&str, &Table),
    batch: &RecordBatch,
    rules: &str,
) -> Result<()> {
    let grain = format!("une combinaison de {} ; ensemble = total", table.by.join(", "));
    let mut metadata =
        outputs::metadata(job, (name, &grain, &table.title), &job.definitions.digest)?;
    // The version of all declarations would change the bytes of tables that say the same.
    metadata.retain(|(key, _)| key != "definitions_version");
    metadata.push(("definition".to_owned(), table.definition.clone()));
    metadata.push(("rules_version".to_owned(), rules.to_owned()));
    let description = Description { sorted_by: table.by.clone(), metadata };
    let path = format!("{RELEASE}/{name}.parquet");
    let one = std::slice::from_ref(batch);
    outputs::write(job, &path, (batch.schema(), &description), one)?;
    let path = format!("{BUILDING}/{RELEASE}/{name}.csv");
    job.store.write(&path, &csv_of(batch, b',')?).map(drop)
}

/// Reads a protected table of a release, if it has it. Both its files must say the same.
pub(super) fn read_public(
    store: &Store,
    folder: &str,
    wanted: &Wanted<'_>,
) -> Result<Option<Public>> {
    let path = format!("{folder}/{}.parquet", wanted.name);
    if !store.has(&path) {
        return Ok(None);
    }
    let mut public = Public::default();
    let mut csv = Vec::new();
    for batch in parquet::read(store.file(&path)?, None, None)? {
        let batch = batch?;
        let text = csv_of(&batch, b',')?;
        let head = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        csv.extend_from_slice(
            text.get(if csv.is_empty() { 0 } else { head }..).unwrap_or_default(),
        );
        let lacking = |name: &str| Error::secrecy(format!("`{path}` has no column `{name}`"));
        let mut codes = Vec::new();
        for name in &wanted.table.by {
            let column = batch.column_by_name(name).ok_or_else(|| lacking(name))?;
            codes.push(column.as_string::<i32>().clone());
        }
        let mut figures = Vec::new();
        for name in published(wanted.table, wanted.secrecy) {
            let column = batch.column_by_name(name).ok_or_else(|| lacking(name))?;
            figures.push(column.as_primitive::<Int64Type>().clone());
        }
        public.rows.extend((0..batch.num_rows()).map(|row| {
            Row {
                codes: codes.iter().map(|column| column.value(row).to_owned()).collect(),
                values: figures
                    .iter()
                    .map(|column| column.is_valid(row).then(|| column.value(row)))
                    .collect(),
            }
        }));
    }
    if store
        .read(&format!("{folder}/{}.csv", wanted.name))?
        .is_some_and(|text| !csv.is_empty() && text != csv)
    {
        return Err(Error::secrecy(format!("`{path}` and the CSV beside it differ")));
    }
    Ok(Some(public))
}
