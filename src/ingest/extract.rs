//! A Parquet file with the columns of a source becomes records of delimited fields.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::definition::source::ListStyle;
use crate::error::{Error, Result};
use crate::ingest::records::{Block, Reader};
use crate::ingest::sheet::{FIELD_END, VALUE_END};

/// Rows a block.
const ROWS: usize = 8192;

/// The rows of a Parquet file.
pub(super) struct Extract {
    /// Names of the columns.
    pub(super) names: Vec<String>,
    batches: ParquetRecordBatchReader,
    lists: ListStyle,
    number: i64,
}

impl Extract {
    /// Opens a Parquet file.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn open(bytes: Vec<u8>, lists: ListStyle) -> Result<Self> {
        let failed = |error| {
            Error::data(format!("the Parquet file cannot be opened: {error}")).because(error)
        };
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(failed)?;
        let fields = builder.schema().fields().clone();
        let names = fields.iter().map(|field| field.name().clone()).collect();
        let batches = builder.with_batch_size(ROWS).build().map_err(failed)?;
        Ok(Self { names, batches, lists, number: 1 })
    }
}

impl Reader for Extract {
    fn next_block(&mut self) -> Result<Option<Block>> {
        let Some(batch) = self.batches.next() else { return Ok(None) };
        let batch = batch.map_err(|error| {
            Error::data(format!("the Parquet file is damaged: {error}")).because(error)
        })?;
        let mut block = Block::default();
        let columns = texts(&batch, self.lists)?;
        for row in 0..batch.num_rows() {
            let mut record = String::new();
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    record.push(char::from(FIELD_END));
                }
                if let Some(Some(text)) = column.get(row) {
                    record.push_str(&text.replace([char::from(FIELD_END), VALUE_END], " "));
                }
            }
            block.append(record.as_bytes(), self.number);
            self.number += 1;
        }
        Ok(Some(block))
    }
}

fn texts(batch: &RecordBatch, lists: ListStyle) -> Result<Vec<Vec<Option<String>>>> {
    let columns = batch.columns().iter().zip(batch.schema_ref().fields());
    let of_column =
        |(column, field): (&ArrayRef, &arrow::datatypes::FieldRef)| match column.data_type() {
            DataType::List(_) => (0..column.len())
                .map(|row| {
                    let is_there = column.is_valid(row);
                    is_there.then(|| list(&column.as_list::<i32>().value(row), lists)).transpose()
                })
                .collect(),
            _ => scalars(column).map_err(|error| {
                Error::data(format!("column `{}` cannot be read as text: {error}", field.name()))
            }),
        };
    columns.map(of_column).collect()
}

fn scalars(column: &ArrayRef) -> Result<Vec<Option<String>>> {
    let text = cast(column, &DataType::Utf8)?;
    let text = text.as_string::<i32>();
    Ok(text.iter().map(|value| value.map(str::to_owned)).collect())
}

fn list(elements: &ArrayRef, lists: ListStyle) -> Result<String> {
    let elements: Vec<String> = scalars(elements)?.into_iter().flatten().collect();
    Ok(match lists {
        ListStyle::Pipe => elements.join("|"),
        ListStyle::Lines => elements.join("\n"),
        ListStyle::Postgres => {
            let quoted = elements.iter().map(|element| {
                format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""))
            });
            format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
        }
    })
}
