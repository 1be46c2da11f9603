//! A table of the dictionary becomes an Arrow schema: types, meanings, grain.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::vocabulary::columns::{Column, Kind};
use crate::vocabulary::tables::Table;

/// The Arrow type of a column.
#[must_use]
pub fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Count => DataType::Int32,
        Kind::Sum => DataType::Int64,
        Kind::Day => DataType::Date32,
        Kind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The Arrow field of a column, with its meaning.
#[must_use]
pub fn field(column: &Column) -> Field {
    let meaning = HashMap::from([("description".to_owned(), column.meaning.to_owned())]);
    Field::new(column.name, data_type(column.kind), true).with_metadata(meaning)
}

/// The Arrow schema of a table of the dictionary.
#[must_use]
pub fn schema(table: &Table) -> SchemaRef {
    Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()))
}
