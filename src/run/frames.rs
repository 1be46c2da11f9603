//! Arrow batches become polars frames, and back: the types of the dictionary, no other.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int32Array, Int64Array, StringArray,
};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Field as ArrowField, Int32Type, Int64Type,
    Schema as ArrowSchema, SchemaRef, TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;
use polars::prelude::*;

use crate::error::{Error, Result};

/// One frame of all batches; columns of types a frame does not need are refused.
///
/// # Errors
/// When a column has another type.
pub fn to_frame(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<DataFrame> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(index)).collect();
        let name: PlSmallStr = field.name().as_str().into();
        columns.push(column(name, field.data_type(), &arrays)?);
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

fn column(name: PlSmallStr, kind: &ArrowType, arrays: &[&ArrayRef]) -> Result<Column> {
    let series = match kind {
        ArrowType::Utf8 => {
            let values = arrays.iter().flat_map(|array| array.as_string::<i32>().iter());
            StringChunked::from_iter_options(name, values).into_series()
        }
        ArrowType::Int32 => {
            let values = arrays.iter().flat_map(|array| array.as_primitive::<Int32Type>().iter());
            Int32Chunked::from_iter_options(name, values).into_series()
        }
        ArrowType::Int64 => {
            let values = arrays.iter().flat_map(|array| array.as_primitive::<Int64Type>().iter());
            Int64Chunked::from_iter_options(name, values).into_series()
        }
        ArrowType::Date32 => {
            let values = arrays.iter().flat_map(|array| array.as_primitive::<Date32Type>().iter());
            Int32Chunked::from_iter_options(name, values).into_series().cast(&DataType::Date)?
        }
        // Microseconds since 1970: that is all a frame needs of it.
        ArrowType::Timestamp(..) => {
            let values = arrays.iter();
            let values =
                values.flat_map(|array| array.as_primitive::<TimestampMicrosecondType>().iter());
            Int64Chunked::from_iter_options(name, values).into_series()
        }
        other => return Err(Error::internal(format!("no frame needs the type {other}"))),
    };
    Ok(series.into())
}

/// One batch of the columns of `schema`, in its order and types.
///
/// # Errors
/// When the frame lacks a column or has it in another type.
pub fn to_batch(schema: &SchemaRef, frame: &DataFrame) -> Result<RecordBatch> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        arrays.push(array(frame.column(field.name())?, field.data_type())?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

/// One batch of all columns.
///
/// # Errors
/// When a column is of a type that no table has.
pub fn batch_of(frame: &DataFrame) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    for column in frame.columns() {
        let kind = match column.dtype() {
            DataType::String => ArrowType::Utf8,
            DataType::Int32 => ArrowType::Int32,
            DataType::Date => ArrowType::Date32,
            DataType::Boolean => ArrowType::Boolean,
            other => return Err(Error::internal(format!("no table has the type {other}"))),
        };
        fields.push(ArrowField::new(column.name().as_str(), kind, true));
    }
    to_batch(&Arc::new(ArrowSchema::new(fields)), frame)
}

fn array(column: &Column, kind: &ArrowType) -> Result<ArrayRef> {
    Ok(match kind {
        ArrowType::Utf8 => Arc::new(StringArray::from_iter(column.str()?.iter())),
        ArrowType::Int32 => Arc::new(Int32Array::from_iter(column.i32()?.iter())),
        ArrowType::Int64 => Arc::new(Int64Array::from_iter(column.i64()?.iter())),
        ArrowType::Date32 => Arc::new(Date32Array::from_iter(column.date()?.physical().iter())),
        ArrowType::Boolean => Arc::new(BooleanArray::from_iter(column.bool()?.iter())),
        other => return Err(Error::internal(format!("no frame has the type {other}"))),
    })
}

/// The sum of an integer column; 0 where there is none.
#[must_use]
pub fn sum_of(batch: &RecordBatch, name: &str) -> i64 {
    let Some(column) = batch.column_by_name(name) else { return 0 };
    match column.data_type() {
        ArrowType::Int32 => {
            column.as_primitive::<Int32Type>().iter().flatten().map(i64::from).sum()
        }
        ArrowType::Int64 => column.as_primitive::<Int64Type>().iter().flatten().sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::schema::schema;
    use crate::vocabulary::tables::REJECTS;

    #[test]
    fn a_frame_goes_there_and_back() {
        let schema = schema(&REJECTS);
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("é"), None]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(-3)]));
        let arrays = schema.fields().iter().map(|field| match field.data_type() {
            ArrowType::Utf8 => Arc::clone(&text),
            _ => Arc::clone(&number),
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).unwrap();
        let frame = to_frame(&schema, std::slice::from_ref(&batch)).unwrap();
        assert_eq!(to_batch(&schema, &frame).unwrap(), batch);
        assert_eq!(batch.column(0).null_count(), 1);
    }
}
