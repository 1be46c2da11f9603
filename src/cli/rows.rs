//! Rows of any columns become a table on screen, or JSON.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions, array_value_to_string};
use serde_json::Value;

use crate::cli::report::{Page, table};
use crate::error::{Error, Result};

/// A table of the first rows, and how many there are more.
pub(super) fn page(answer: &RecordBatch, limit: usize) -> Result<String> {
    let schema = answer.schema();
    let heads: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let options = FormatOptions::new();
    let columns = answer.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    let shown = answer.num_rows().min(limit);
    let rows = (0..shown).map(|row| columns.iter().map(|it| it.value(row).to_string()).collect());
    let mut page = Page::default();
    table(&mut page, &heads, &rows.collect::<Vec<Vec<String>>>());
    match answer.num_rows() - shown {
        0 => {}
        left => page.line(format!("… and {left} more rows: `--limit`, `--format csv`")),
    }
    Ok(page.into_text())
}

/// Rows as JSON: an array of one object a row, names in the order of the columns.
pub(super) fn json(answer: &RecordBatch) -> Result<String> {
    let failed = |error| Error::internal("an answer is JSON").because(error);
    let schema = answer.schema();
    let heads = schema.fields().iter().map(|field| serde_json::to_string(field.name()));
    let heads: Vec<String> = heads.collect::<std::result::Result<_, _>>().map_err(failed)?;
    let rows = (0..answer.num_rows()).map(|row| {
        let cells = heads.iter().zip(answer.columns()).map(|(head, column)| {
            let value = serde_json::to_string(&value(column, row)?).map_err(failed)?;
            Ok(format!("{head}:{value}"))
        });
        Ok(format!("{{{}}}", cells.collect::<Result<Vec<_>>>()?.join(",")))
    });
    Ok(format!("[{}]\n", rows.collect::<Result<Vec<_>>>()?.join(",\n ")))
}

fn value(column: &ArrayRef, row: usize) -> Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Int64 => Value::from(column.as_primitive::<Int64Type>().value(row)),
        // What is no number becomes null: JSON has no word for it.
        DataType::Float64 => Value::from(column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => Value::from(column.as_boolean().value(row)),
        _ => Value::from(array_value_to_string(column, row)?),
    })
}
