//! The clean files of a month in two runs become the records that do not count alike.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::row::{RowConverter, Rows, SortField};

use crate::error::Result;
use crate::run::parquet;
use crate::run::staged::lacking;
use crate::run::store::Store;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{CLEAN_ACTIVITES, Table};

/// What is known of employers and territories, and what follows from it.
const OF_REFERENCES: [Column; 18] = [
    columns::CONSEILLER_NUMERIQUE,
    columns::STRUCTURE_ID,
    columns::EMPLOYEUR_SOURCE,
    columns::SIREN,
    columns::TYPE_EMPLOYEUR,
    columns::GROUPE_EMPLOYEUR,
    columns::TYPE_EMPLOYEUR_SOURCE,
    columns::FRANCE_SERVICES,
    columns::COMMUNE_EMPLOYEUR,
    columns::EPCI_EMPLOYEUR,
    columns::DEPARTEMENT_EMPLOYEUR,
    columns::REGION_EMPLOYEUR,
    columns::COMMUNE,
    columns::EPCI,
    columns::DEPARTEMENT,
    columns::REGION,
    columns::DEPARTEMENT_SOURCE,
    columns::DRAPEAUX,
];

/// A record that does not count alike: its rows in the two files, and how they differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Differing {
    pub(super) before: Option<u32>,
    pub(super) now: Option<u32>,
    /// It bears the flag of a correction that began, ended or changed.
    pub(super) is_corrected: bool,
    /// Nothing differs but what references decide.
    pub(super) is_of_references: bool,
}

/// The records of a month that differ, by identifier.
pub(super) type Month = BTreeMap<String, Differing>;

/// All rows of a clean file, or none where there is no file.
pub(super) fn rows_of(store: &Store, path: Option<&str>) -> Result<RecordBatch> {
    let schema = schema(&CLEAN_ACTIVITES);
    let Some(path) = path else { return Ok(RecordBatch::new_empty(schema)) };
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let batches = parquet::read(store.file(path)?, Some(&names), None)?;
    let batches: Vec<RecordBatch> = batches.collect::<Result<_>>()?;
    let read = batches.first().map_or(schema, RecordBatch::schema);
    Ok(concat_batches(&read, &batches)?)
}

/// Whether a file has the columns that its table has today.
pub(super) fn is_readable(store: &Store, path: &str, table: &Table) -> Result<bool> {
    let metadata = parquet::metadata(store.file(path)?)?;
    let found: BTreeSet<String> = metadata
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|c| c.name().to_owned())
        .collect();
    Ok(table.columns.iter().all(|column| found.contains(column.name)))
}

/// The records that differ; `corrections` are the names of those that began, ended or changed.
pub(super) fn differing(
    [before, now]: [&RecordBatch; 2],
    corrections: &BTreeSet<String>,
) -> Result<Month> {
    let mut month = Month::new();
    let all = |_: &str| true;
    let own = |name: &str| OF_REFERENCES.iter().all(|column| column.name != name);
    let [whole_before, whole_now] = compared([before, now], &all)?;
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let ids_before = ids(before)?;
    for (row, id) in ids_before.iter().flatten().enumerate() {
        known.insert(id, row);
    }
    let own = compared([before, now], &own)?;
    for (row, id) in ids(now)?.iter().flatten().enumerate() {
        let Some(row_before) = known.remove(id) else {
            let differing = Differing { now: u32::try_from(row).ok(), ..Differing::default() };
            month.insert(id.to_owned(), differing);
            continue;
        };
        if whole_before.row(row_before) == whole_now.row(row) {
            continue;
        }
        let flags = [(before, row_before), (now, row)]
            .map(|(batch, row)| corrections_of(batch, row, corrections));
        let differing = Differing {
            before: u32::try_from(row_before).ok(),
            now: u32::try_from(row).ok(),
            is_corrected: flags.iter().any(|flags| !flags.is_empty()),
            is_of_references: own[0].row(row_before) == own[1].row(row),
        };
        month.insert(id.to_owned(), differing);
    }
    for (id, row) in known {
        let differing = Differing { before: u32::try_from(row).ok(), ..Differing::default() };
        month.insert(id.to_owned(), differing);
    }
    Ok(month)
}

fn ids(batch: &RecordBatch) -> Result<&arrow::array::StringArray> {
    let column = batch.column_by_name(columns::ACTIVITE_ID.name).ok_or_else(lacking)?;
    column.as_string_opt::<i32>().ok_or_else(lacking)
}

/// Rows of two batches as bytes that are the same where the wanted columns are.
fn compared(batches: [&RecordBatch; 2], is_wanted: &dyn Fn(&str) -> bool) -> Result<[Rows; 2]> {
    let schema = batches[0].schema();
    let fields = schema.fields().iter().filter(|field| is_wanted(field.name()));
    let sorts = fields.map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(sorts.collect())?;
    let rows = |batch: &RecordBatch| -> Result<Rows> {
        let fields = schema.fields().iter().filter(|field| is_wanted(field.name()));
        let arrays = fields.map(|field| batch.column_by_name(field.name()).cloned());
        let arrays: Option<Vec<_>> = arrays.collect();
        Ok(converter.convert_columns(&arrays.ok_or_else(lacking)?)?)
    };
    Ok([rows(batches[0])?, rows(batches[1])?])
}

/// The corrections whose flag a row bears.
fn corrections_of<'b>(
    batch: &'b RecordBatch,
    row: usize,
    corrections: &BTreeSet<String>,
) -> BTreeSet<&'b str> {
    let flags = batch.column_by_name(columns::DRAPEAUX.name);
    let flags = flags.and_then(|column| column.as_string_opt::<i32>());
    let flags = flags.filter(|flags| flags.is_valid(row)).map(|flags| flags.value(row));
    let flags = flags.unwrap_or_default().split(SEPARATOR);
    flags.filter(|flag| corrections.contains(*flag)).collect()
}
