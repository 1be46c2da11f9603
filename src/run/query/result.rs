//! The frame of an answer becomes a batch of plain types, in an order that is always the same.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use arrow::record_batch::RecordBatch;
use polars::prelude::*;

use crate::error::{Error, Result};

/// The answer in the order of its columns from the left, nothing before anything.
///
/// # Errors
/// When a column cannot be ordered.
pub(super) fn sorted(frame: DataFrame) -> Result<DataFrame> {
    let names = frame.get_column_names_owned();
    if names.is_empty() || frame.height() < 2 {
        return Ok(frame);
    }
    Ok(frame.sort(names, SortMultipleOptions::default().with_maintain_order(true))?)
}

/// The answer as texts, whole numbers, numbers, truths, days and instants.
///
/// # Errors
/// `Usage` when a column is none of these, such as a list.
pub(super) fn to_batch(frame: &DataFrame) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for column in frame.columns() {
        let array = array(column)?;
        fields.push(Field::new(column.name().as_str(), array.data_type().clone(), true));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn array(column: &Column) -> Result<ArrayRef> {
    let as_plain = |kind: &DataType| column.cast(kind);
    Ok(match column.dtype() {
        DataType::String => Arc::new(StringArray::from_iter(column.str()?.iter())),
        DataType::Boolean => Arc::new(BooleanArray::from_iter(column.bool()?.iter())),
        kind if kind.is_integer() => {
            // Strict: what 64 bits cannot hold is an error, no gap.
            let numbers = column.strict_cast(&DataType::Int64).map_err(|error| {
                let name = column.name();
                Error::usage(format!("column `{name}` of the answer has numbers beyond 64 bits"))
                    .because(error)
                    .hint("CAST to DOUBLE what it is reckoned from")
            })?;
            Arc::new(Int64Array::from_iter(numbers.i64()?.iter()))
        }
        kind if kind.is_float() || kind.is_decimal() => {
            let numbers = as_plain(&DataType::Float64)?;
            Arc::new(Float64Array::from_iter(numbers.f64()?.iter()))
        }
        DataType::Date => Arc::new(Date32Array::from_iter(column.date()?.physical().iter())),
        DataType::Datetime(..) => {
            let instants = as_plain(&DataType::Datetime(TimeUnit::Microseconds, None))?;
            let instants = instants.datetime()?.physical().iter();
            Arc::new(TimestampMicrosecondArray::from_iter(instants))
        }
        DataType::Null => arrow::array::new_null_array(&ArrowType::Utf8, column.len()),
        other => {
            let name = column.name();
            return Err(Error::usage(format!("column `{name}` of the answer is of type {other}"))
                .hint("take one value of a list; of days, ask with extract(…) what you need"));
        }
    })
}
