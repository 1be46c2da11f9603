//! Each Parquet file of a run is read again: rows as recorded, in the declared order.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int64Type, TimestampMicrosecondType,
};

use crate::error::Result;
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
        let group = metadata.row_groups().first();
        let declared = group.and_then(|group| group.sorting_columns());
        let Some(declared) = declared else {
            if rows > 0 {
                problems.push(format!("`{path}` declares no sort order"));
            }
            continue;
        };
        let columns = metadata.file_metadata().schema_descr().columns();
        let names: Vec<&str> = declared
            .iter()
            .filter_map(|column| columns.get(usize::try_from(column.column_idx).ok()?))
            .map(|column| column.name())
            .collect();
        if let Some(row) = first_disorder(store, &path, &names)? {
            problems.push(format!(
                "`{path}` is not in its declared order, or repeats a key, at row {row}"
            ));
        }
    }
    Ok(problems)
}

/// The first row that does not come after the one before it.
fn first_disorder(store: &Store, path: &str, names: &[&str]) -> Result<Option<usize>> {
    let mut before: Option<RecordBatch> = None;
    let mut start = 0;
    for batch in parquet::read(store.file(path)?, Some(names), None)? {
        let batch = batch?;
        let found = (0..batch.num_rows()).find(|row| match (row.checked_sub(1), &before) {
            (Some(one), _) => !is_before(names, (&batch, one), (&batch, *row)),
            (None, Some(last)) => !is_before(names, (last, last.num_rows() - 1), (&batch, *row)),
            (None, None) => false,
        });
        if let Some(row) = found {
            return Ok(Some(start + row));
        }
        start += batch.num_rows();
        before = Some(batch);
    }
    Ok(None)
}

/// Whether a row comes before another, by columns in this order.
fn is_before(names: &[&str], one: (&RecordBatch, usize), other: (&RecordBatch, usize)) -> bool {
    let orderings = names.iter().filter_map(|name| {
        let (a, b) = (one.0.column_by_name(name)?, other.0.column_by_name(name)?);
        Some(compare((a, one.1), (b, other.1)))
    });
    orderings.into_iter().find(|ordering| ordering.is_ne()).is_some_and(std::cmp::Ordering::is_lt)
}

fn is_parquet(output: &Output) -> bool {
    Path::new(&output.file.path).extension().is_some_and(|extension| extension == "parquet")
}

fn compare(one: (&ArrayRef, usize), other: (&ArrayRef, usize)) -> std::cmp::Ordering {
    match (one.0.is_valid(one.1), other.0.is_valid(other.1)) {
        (true, true) => {}
        (one, other) => return one.cmp(&other),
    }
    match one.0.data_type() {
        DataType::Utf8 => {
            let (text, next) = (one.0.as_string::<i32>(), other.0.as_string::<i32>());
            text.value(one.1).cmp(next.value(other.1))
        }
        DataType::Date32 => of_numbers::<Date32Type>(one, other),
        DataType::Int64 => of_numbers::<Int64Type>(one, other),
        DataType::Timestamp(..) => of_numbers::<TimestampMicrosecondType>(one, other),
        _ => std::cmp::Ordering::Equal,
    }
}

fn of_numbers<T: ArrowPrimitiveType<Native: Ord>>(
    one: (&ArrayRef, usize),
    other: (&ArrayRef, usize),
) -> std::cmp::Ordering {
    one.0.as_primitive::<T>().value(one.1).cmp(&other.0.as_primitive::<T>().value(other.1))
}
