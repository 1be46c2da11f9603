//! Columns of a Parquet file become columns of a frame, texts by their codes.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Field, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use polars::prelude::*;

use crate::error::{Error, Result};

/// The type that a question sees. Counts are wider than in the file: a sum of millions of rows has
/// the type of what it adds.
///
/// # Errors
/// When no file of a warehouse has such a column.
pub(super) fn kind(field: &Field) -> Result<DataType> {
    Ok(match field.data_type() {
        ArrowType::Utf8 | ArrowType::Dictionary(..) => DataType::String,
        ArrowType::Int32 | ArrowType::Int64 => DataType::Int64,
        ArrowType::Float64 => DataType::Float64,
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Date32 => DataType::Date,
        ArrowType::Timestamp(..) => DataType::Datetime(TimeUnit::Microseconds, None),
        other => return Err(unknown(field.name(), other)),
    })
}

/// How a column is read: a text as codes where the file has it so, since each of them is decoded
/// once then.
pub(super) fn coded(field: &Field, has_codes: bool) -> Field {
    match field.data_type() {
        ArrowType::Utf8 if has_codes => {
            let coded = ArrowType::Dictionary(ArrowType::Int32.into(), ArrowType::Utf8.into());
            field.clone().with_data_type(coded)
        }
        _ => field.clone(),
    }
}

/// A column of the type a question sees.
///
/// # Errors
/// When an array has a type that no file of a warehouse has.
pub(super) fn column(name: &PlSmallStr, kind: &DataType, arrays: &[ArrayRef]) -> Result<Column> {
    let mut column = Series::new_empty(name.clone(), kind);
    for array in arrays {
        column.append(&series(name.clone(), array)?.cast(kind)?)?;
    }
    Ok(column.into())
}

fn series(name: PlSmallStr, array: &ArrayRef) -> Result<Series> {
    Ok(match array.data_type() {
        ArrowType::Utf8 => {
            StringChunked::from_iter_options(name, array.as_string::<i32>().iter()).into_series()
        }
        ArrowType::Dictionary(..) => {
            let array = array.as_dictionary::<Int32Type>();
            let texts = array.values().as_string::<i32>().iter();
            let texts = StringChunked::from_iter_options(name, texts);
            let codes =
                array.keys().iter().map(|code| code.and_then(|it| IdxSize::try_from(it).ok()));
            let codes = IdxCa::from_iter_options(PlSmallStr::EMPTY, codes);
            texts.take(&codes)?.into_series()
        }
        ArrowType::Int32 => {
            let numbers = array.as_primitive::<Int32Type>();
            match numbers.null_count() {
                0 => Int64Chunked::from_iter_values(
                    name,
                    numbers.values().iter().map(|it| i64::from(*it)),
                ),
                _ => Int64Chunked::from_iter_options(
                    name,
                    numbers.iter().map(|it| it.map(i64::from)),
                ),
            }
            .into_series()
        }
        ArrowType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>();
            match numbers.null_count() {
                0 => Int64Chunked::from_slice(name, numbers.values()),
                _ => Int64Chunked::from_iter_options(name, numbers.iter()),
            }
            .into_series()
        }
        ArrowType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>().iter();
            Float64Chunked::from_iter_options(name, numbers).into_series()
        }
        ArrowType::Boolean => {
            BooleanChunked::from_iter_options(name, array.as_boolean().iter()).into_series()
        }
        ArrowType::Date32 => {
            let days = array.as_primitive::<Date32Type>().iter();
            Int32Chunked::from_iter_options(name, days).into_series()
        }
        ArrowType::Timestamp(..) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>().iter();
            Int64Chunked::from_iter_options(name, instants).into_series()
        }
        other => return Err(unknown(name.as_str(), other)),
    })
}

fn unknown(name: &str, kind: &ArrowType) -> Error {
    Error::internal(format!("no table has a column such as `{name}` of type {kind}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int32Array, StringArray};

    use super::*;

    #[test]
    fn codes_and_counts_are_read_as_what_they_say() {
        let texts: DictionaryArray<Int32Type> =
            [Some("epci"), None, Some("commune"), Some("epci")].into_iter().collect();
        let texts: ArrayRef = Arc::new(texts);
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["ccas"]));
        let read = column(&"type".into(), &DataType::String, &[texts, plain]).unwrap();
        let read: Vec<Option<&str>> = read.str().unwrap().iter().collect();
        assert_eq!(read, [Some("epci"), None, Some("commune"), Some("epci"), Some("ccas")]);

        let many: ArrayRef = Arc::new(Int32Array::from(vec![i32::MAX, i32::MAX]));
        let none: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(-1)]));
        let read = column(&"n".into(), &DataType::Int64, &[many, none]).unwrap();
        assert_eq!(read.i64().unwrap().sum(), Some(2 * i64::from(i32::MAX) - 1));
        assert_eq!(read.null_count(), 1);
    }
}
