//! Cells of consecutive records become an Arrow batch of the staged table.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
use crate::ingest::cell::{Cell, keep};
use crate::ingest::plan::column_index;
use crate::ingest::record::Scratch;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::Table;

/// Rows under construction.
pub(super) struct Rows {
    table: &'static Table,
    builders: Vec<Builder>,
    line: Option<usize>,
    fingerprint: Option<usize>,
    flags: Option<usize>,
    /// What the fingerprint of a record is made of.
    content: Vec<u8>,
    is_empty: bool,
}

enum Builder {
    Text(StringBuilder),
    Count(Int32Builder),
    Sum(Int64Builder),
    Day(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
}

impl Rows {
    pub(super) fn new(table: &'static Table, capacity: usize) -> Self {
        let builders = table.columns.iter().map(|column| match column.kind {
            Kind::Text => Builder::Text(StringBuilder::with_capacity(capacity, capacity * 8)),
            Kind::Count => Builder::Count(Int32Builder::with_capacity(capacity)),
            Kind::Sum => Builder::Sum(Int64Builder::with_capacity(capacity)),
            Kind::Day => Builder::Day(Date32Builder::with_capacity(capacity)),
            Kind::Instant => {
                let builder = TimestampMicrosecondBuilder::with_capacity(capacity);
                Builder::Instant(builder.with_timezone("UTC"))
            }
        });
        Self {
            table,
            builders: builders.collect(),
            line: column_index(table, columns::LIGNE.name),
            fingerprint: column_index(table, columns::EMPREINTE.name),
            flags: column_index(table, columns::DRAPEAUX.name),
            content: Vec::new(),
            is_empty: true,
        }
    }

    /// Adds the record in the scratch.
    pub(super) fn push(&mut self, line: i64, scratch: &mut Scratch) -> Result<()> {
        scratch.flags.sort_unstable();
        let flags = scratch.flags.join(SEPARATOR);
        let flags = if flags.is_empty() { Cell::Null } else { keep(&flags, &mut scratch.text) };
        let fingerprint = fingerprint(&scratch.cells, &scratch.text, &mut self.content);
        for (place, cell) in [
            (self.flags, flags),
            (self.fingerprint, Cell::Number(fingerprint)),
            (self.line, Cell::Number(line)),
        ] {
            if let Some(slot) = place.and_then(|place| scratch.cells.get_mut(place)) {
                *slot = cell;
            }
        }
        for (builder, cell) in self.builders.iter_mut().zip(&scratch.cells) {
            builder.push(*cell, &scratch.text)?;
        }
        self.is_empty = false;
        Ok(())
    }

    /// The batch. Without rows it holds none of the room that was made for them: blocks of which
    /// every record is refused are many where an input is no such thing.
    pub(super) fn finish(mut self) -> Result<RecordBatch> {
        if self.is_empty {
            return Ok(RecordBatch::new_empty(schema(self.table)));
        }
        let columns: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        Ok(RecordBatch::try_new(schema(self.table), columns)?)
    }
}

impl Builder {
    fn push(&mut self, cell: Cell, text: &str) -> Result<()> {
        let misfit = || Error::internal("a cell has the type of its column");
        match (self, cell) {
            (Builder::Text(builder), Cell::Text(start, end)) => {
                builder.append_value(text.get(start..end).unwrap_or_default());
            }
            (Builder::Count(builder), Cell::Number(number)) => {
                builder.append_value(i32::try_from(number).map_err(|_| misfit())?);
            }
            (Builder::Sum(builder), Cell::Number(number)) => builder.append_value(number),
            (Builder::Day(builder), Cell::Number(number)) => {
                builder.append_value(i32::try_from(number).map_err(|_| misfit())?);
            }
            (Builder::Instant(builder), Cell::Number(number)) => builder.append_value(number),
            (Builder::Text(builder), Cell::Null) => builder.append_null(),
            (Builder::Count(builder), Cell::Null) => builder.append_null(),
            (Builder::Sum(builder), Cell::Null) => builder.append_null(),
            (Builder::Day(builder), Cell::Null) => builder.append_null(),
            (Builder::Instant(builder), Cell::Null) => builder.append_null(),
            (_, Cell::Text(..) | Cell::Number(_)) => return Err(misfit()),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(builder) => Arc::new(builder.finish()),
            Builder::Count(builder) => Arc::new(builder.finish()),
            Builder::Sum(builder) => Arc::new(builder.finish()),
            Builder::Day(builder) => Arc::new(builder.finish()),
            Builder::Instant(builder) => Arc::new(builder.finish()),
        }
    }
}

/// 63 bits of the content read; the same for two exact copies, whatever file or line they are on.
/// The content is put together first: hashing many small pieces takes twice as long.
fn fingerprint(cells: &[Cell], text: &str, content: &mut Vec<u8>) -> i64 {
    content.clear();
    for cell in cells {
        match cell {
            Cell::Null => content.push(0),
            Cell::Number(number) => {
                content.push(1);
                content.extend(number.to_le_bytes());
            }
            Cell::Text(start, end) => {
                let bytes = text.get(*start..*end).unwrap_or_default().as_bytes();
                content.push(2);
                content.extend(bytes.len().to_le_bytes());
                content.extend(bytes);
            }
        }
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(blake3::hash(content).as_bytes()) {
        *to = *from;
    }
    i64::from_le_bytes(first) & i64::MAX
}
