//! A Parquet file with the columns of a source becomes records of delimited fields.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type, TimeUnit};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Type;
use parquet::column::page::Page;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::definition::source::ListStyle;
use crate::error::{Error, Result};
use crate::ingest::archive::{too_large, unpacked_max};
use crate::ingest::guarded::guarded;
use crate::ingest::records::{Block, RECORD_MAX, Reader};
use crate::ingest::sheet::{FIELD_END, VALUE_END};
use crate::ingest::thrift::{has_sound_footer, has_sound_pages};
use crate::vocabulary::reject::reasons;

/// Rows a block.
const ROWS: usize = 8192;
/// Bytes that the rows of a block may take from dictionaries, where each value stands once and any
/// number of rows points to it.
const BLOCK_MAX: usize = 64 << 20;

/// The rows of a Parquet file.
pub(super) struct Extract {
    /// Names of the columns.
    pub(super) names: Vec<String>,
    /// Places of the columns that are read.
    taken: Vec<usize>,
    batches: ParquetRecordBatchReader,
    lists: ListStyle,
    number: i64,
}

impl Extract {
    /// Opens a Parquet file, of which the columns that `is_read` are read.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn open(
        bytes: Vec<u8>,
        lists: ListStyle,
        is_read: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        guarded("Parquet file", || Self::read(Bytes::from(bytes), lists, is_read))
    }

    fn read(bytes: Bytes, lists: ListStyle, is_read: &dyn Fn(&str) -> bool) -> Result<Self> {
        let failed = |error| {
            Error::data(format!("the Parquet file cannot be opened: {error}"))
                .because(error)
                .hint("is it whole? a Parquet file begins and ends with PAR1")
        };
        if !has_sound_footer(&bytes) {
            return Err(damaged());
        }
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(failed)?;
        let groups = builder.metadata().row_groups().iter();
        let unpacked = groups.map(|group| u64::try_from(group.total_byte_size()).unwrap_or(0));
        let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if unpacked.fold(0, u64::saturating_add) > unpacked_max(packed) {
            return Err(too_large());
        }
        let columns = builder.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
        if !has_sound_pages(&bytes, columns.map(ColumnChunkMetaData::byte_range)) {
            return Err(damaged());
        }
        let fields = builder.schema().fields().clone();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let is_taken = |(_, name): &(usize, &String)| is_read(name);
        let taken: Vec<usize> =
            names.iter().enumerate().filter(is_taken).map(|(place, _)| place).collect();
        // What is not read is not even unpacked: it may be large, or of a type of no use.
        let mask = ProjectionMask::roots(builder.parquet_schema(), taken.iter().copied());
        let longest = longest_row(bytes, &taken).map_err(failed)?;
        let rows = BLOCK_MAX.checked_div(longest).map_or(ROWS, |rows| rows.clamp(1, ROWS));
        let builder = builder.with_batch_size(rows).with_projection(mask);
        let batches = builder.build().map_err(failed)?;
        Ok(Self { names, taken, batches, lists, number: 1 })
    }
}

fn damaged() -> Error {
    Error::data("the Parquet file describes what it does not have")
        .hint("is it whole? ask for it again, or for the same extract as CSV")
}

impl Reader for Extract {
    fn next_block(&mut self) -> Result<Option<Block>> {
        guarded("Parquet file", || self.next())
    }
}

impl Extract {
    fn next(&mut self) -> Result<Option<Block>> {
        let Some(batch) = self.batches.next() else { return Ok(None) };
        let batch = batch.map_err(|error| {
            Error::data(format!("the Parquet file cannot be read: {error}"))
                .because(error)
                .hint("is it whole, and packed with Snappy, zstd, gzip, LZ4 or not at all?")
        })?;
        let mut block = Block::default();
        let columns = texts(&batch, self.lists)?;
        for row in 0..batch.num_rows() {
            let mut record = String::new();
            for place in 0..self.names.len() {
                if place > 0 {
                    record.push(char::from(FIELD_END));
                }
                let column = self.taken.binary_search(&place).ok();
                let column = column.and_then(|column| columns.get(column));
                if let Some(Some(text)) = column.and_then(|column| column.get(row)) {
                    record.push_str(&text.replace([char::from(FIELD_END), VALUE_END], " "));
                }
            }
            if record.len() > RECORD_MAX {
                block.refuse(self.number, reasons::TOO_LONG);
            } else {
                block.append(record.as_bytes(), self.number);
            }
            self.number += 1;
        }
        Ok(Some(block))
    }
}

/// The length of a row that has the longest text of each dictionary, of the columns that are taken.
fn longest_row(bytes: Bytes, taken: &[usize]) -> std::result::Result<usize, ParquetError> {
    let file = SerializedFileReader::new(bytes)?;
    let mut longest = 0;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        let schema = group.metadata().schema_descr();
        let mut row: usize = 0;
        for leaf in 0..group.num_columns() {
            let is_text = schema.column(leaf).physical_type() == Type::BYTE_ARRAY;
            if !is_text || !taken.contains(&schema.get_column_root_idx(leaf)) {
                continue;
            }
            let mut pages = group.get_column_page_reader(leaf)?;
            let mut of_column = 0;
            while let Some(page) = pages.peek_next_page()? {
                if !page.is_dict {
                    pages.skip_next_page()?;
                } else if let Some(Page::DictionaryPage { buf, .. }) = pages.get_next_page()? {
                    of_column = longest_value(&buf).max(of_column);
                }
            }
            row = row.saturating_add(of_column);
        }
        longest = row.max(longest);
    }
    Ok(longest)
}

/// The length of the longest value of a dictionary of texts: each stands behind its length.
fn longest_value(dictionary: &[u8]) -> usize {
    let mut rest = dictionary;
    let mut longest = 0;
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        longest = length.min(behind.len()).max(longest);
        rest = behind.get(length..).unwrap_or_default();
    }
    longest
}

fn texts(batch: &RecordBatch, lists: ListStyle) -> Result<Vec<Vec<Option<String>>>> {
    let columns = batch.columns().iter().zip(batch.schema_ref().fields());
    let of_column = |(column, field): (&ArrayRef, &FieldRef)| {
        column_texts(column, lists).map_err(|error| Error {
            message: format!("column `{}`: {}", field.name(), error.message),
            ..error
        })
    };
    columns.map(of_column).collect()
}

fn column_texts(column: &ArrayRef, lists: ListStyle) -> Result<Vec<Option<String>>> {
    let elements = |row: usize| match column.data_type() {
        DataType::List(_) => Some(column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(column.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => Some(column.as_fixed_size_list().value(row)),
        _ => None,
    };
    if !column.data_type().is_list() {
        return scalars(column);
    }
    let text = |row: usize| match elements(row).filter(|_| column.is_valid(row)) {
        Some(elements) => list(&elements, lists).map(Some),
        None => Ok(None),
    };
    (0..column.len()).map(text).collect()
}

/// Values as text: instants by UTC where they have a zone, days alone where they have no time,
/// whole numbers without decimals.
fn scalars(column: &ArrayRef) -> Result<Vec<Option<String>>> {
    let failed = |error: arrow::error::ArrowError| {
        Error::data(format!("type {} cannot be read as text: {error}", column.data_type()))
            .hint("export the column as text, a number, a date or a timestamp")
    };
    match column.data_type() {
        DataType::Timestamp(unit, zone) => {
            let per_second: i64 = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            let numbers = cast(column, &DataType::Int64).map_err(failed)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            let text = |number: i64| instant(number, per_second, zone.is_some());
            Ok(numbers.iter().map(|number| number.and_then(text)).collect())
        }
        DataType::Date64 => scalars(&cast(column, &DataType::Date32).map_err(failed)?),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let numbers = cast(column, &DataType::Float64).map_err(failed)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            Ok(numbers.iter().map(|number| number.map(|number| number.to_string())).collect())
        }
        kind if kind.is_nested() => Err(Error::data(format!("type {kind} has parts"))
            .hint("export the column as text, a number, a date or a timestamp")),
        _ => {
            let text = cast(column, &DataType::Utf8).map_err(failed)?;
            let text = text.as_string::<i32>();
            Ok(text.iter().map(|value| value.map(str::to_owned)).collect())
        }
    }
}

fn instant(number: i64, per_second: i64, has_zone: bool) -> Option<String> {
    let rest = number.rem_euclid(per_second).checked_mul(1_000_000_000 / per_second)?;
    let nanoseconds = i32::try_from(rest).ok()?;
    let at = Timestamp::new(number.div_euclid(per_second), nanoseconds).ok()?;
    if has_zone {
        return Some(at.to_string());
    }
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let is_midnight = civil.time() == Time::midnight();
    Some(if is_midnight { civil.date().to_string() } else { civil.to_string() })
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
