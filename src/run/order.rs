//! Each Parquet file of a run is read again: rows as recorded, in the declared order.

use std::cmp::Ordering;
use std::path::Path;

use arrow::array::{DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;

use crate::error::{Error, Result};
use crate::run::manifest::{CURRENT, Manifest, Output};
use crate::run::parquet;
use crate::run::store::Store;

/// Re-reads each Parquet file: rows as recorded, sorted as declared, no key twice.
pub(super) fn problems(store: &Store, manifest: &Manifest) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for output in manifest.outputs.iter().filter(|output| is_parquet(output)) {
        let path = format!("{CURRENT}/{}", output.file.path);
        let metadata = parquet::metadata(store.file(&path)?)?;
        let rows = metadata.file_metadata().num_rows();
        if u64::try_from(rows).ok() != Some(output.rows) {
            problems.push(format!("`{path}` has {rows} rows, not {}", output.rows));
        }
        problems.extend(disorder(store, &path)?);
    }
    Ok(problems)
}

/// What is wrong with the declared order of a file, if anything is.
pub(super) fn disorder(store: &Store, path: &str) -> Result<Option<String>> {
    let metadata = parquet::metadata(store.file(path)?)?;
    let group = metadata.row_groups().first();
    let declared = group.and_then(|group| group.sorting_columns());
    let Some(declared) = declared else {
        let has_rows = metadata.file_metadata().num_rows() > 0;
        return Ok(has_rows.then(|| format!("`{path}` declares no sort order")));
    };
    let columns = metadata.file_metadata().schema_descr().columns();
    let names: Vec<&str> = declared
        .iter()
        .filter_map(|column| columns.get(usize::try_from(column.column_idx).ok()?))
        .map(|column| column.name())
        .collect();
    let row = first_disorder(store, path, &names)?;
    Ok(row.map(|row| {
        format!("`{path}` is not in its declared order, or repeats a key, at row {row}")
    }))
}

/// The first row that does not come after the one before it.
fn first_disorder(store: &Store, path: &str, names: &[&str]) -> Result<Option<usize>> {
    let mut before: Option<RecordBatch> = None;
    let mut start = 0;
    for batch in parquet::read(store.file(path)?, Some(names), None)? {
        let batch = batch?;
        if let Some(last) = before.filter(|last| last.num_rows() > 0) {
            let row = last.num_rows() - 1;
            if batch.num_rows() > 0 && !is_before(&comparators(names, &last, &batch)?, row, 0) {
                return Ok(Some(start));
            }
        }
        let own = comparators(names, &batch, &batch)?;
        if let Some(row) = (1..batch.num_rows()).find(|row| !is_before(&own, row - 1, *row)) {
            return Ok(Some(start + row));
        }
        start += batch.num_rows();
        before = Some(batch);
    }
    Ok(None)
}

/// What compares a row of one batch with a row of another, column by column.
fn comparators(
    names: &[&str],
    one: &RecordBatch,
    other: &RecordBatch,
) -> Result<Vec<DynComparator>> {
    let column = |batch: &RecordBatch, name: &str| {
        let column = batch.column_by_name(name).cloned();
        column.ok_or_else(|| Error::internal("a column that was asked for"))
    };
    let compare = |name: &&str| {
        let (one, other) = (column(one, name)?, column(other, name)?);
        Ok(make_comparator(&one, &other, SortOptions { descending: false, nulls_first: true })?)
    };
    names.iter().map(compare).collect()
}

fn is_before(comparators: &[DynComparator], one: usize, other: usize) -> bool {
    let mut orderings = comparators.iter().map(|compare| compare(one, other));
    orderings.find(|ordering| ordering.is_ne()).is_some_and(Ordering::is_lt)
}

fn is_parquet(output: &Output) -> bool {
    Path::new(&output.file.path).extension().is_some_and(|extension| extension == "parquet")
}
