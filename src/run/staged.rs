//! Segments are read column by column; a cell is a value or nothing.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};

use crate::definition::source::Source;
use crate::error::{Error, Result};
use crate::run::clean::STAGE;
use crate::run::footers::Footers;
use crate::run::job::Job;
use crate::run::ledger::Account;
use crate::run::manifest::Segment;
use crate::run::parquet;
use crate::vocabulary::codes::{Subject, System};
use crate::vocabulary::columns::Column as Name;

/// Digits of a pseudonym.
const DIGITS: usize = 32;

/// The segments of a subject.
pub(super) fn of_subject<'s>(
    job: &Job<'_>,
    segments: &'s [Segment],
    subject: Subject,
) -> Vec<&'s Segment> {
    let is_of = |segment: &&Segment| {
        let source = job.definitions.sources.get(&segment.source);
        source.is_some_and(|source| source.subject == subject)
    };
    segments.iter().filter(is_of).collect()
}

/// The declaration of a segment's source.
pub(super) fn declared_source<'j>(job: &Job<'j>, segment: &Segment) -> Result<&'j Source> {
    let source = job.definitions.sources.get(&segment.source);
    source.ok_or_else(|| Error::internal("a segment has a declared source"))
}

/// The system of a segment's source.
pub(super) fn system(job: &Job<'_>, segment: &Segment) -> Result<System> {
    Ok(declared_source(job, segment)?.system)
}

/// The account of a segment and a period in the clean stage.
pub(super) fn account(segment: &Segment, period: String) -> Account {
    Account {
        stage: STAGE.to_owned(),
        source: segment.source.clone(),
        segment: segment.id.clone(),
        period,
    }
}

/// Some columns of a segment.
pub(super) fn batches(
    job: &Job<'_>,
    segment: &Segment,
    columns: &[&Name],
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    parquet::read(job.store.file(&segment.rows.path)?, Some(&names), None)
}

/// A row group of a segment of activities.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Number of the segment, among those of activities.
    pub(super) segment: usize,
    /// Its place in the segment.
    pub(super) number: usize,
    /// Months since January of the year 0.
    pub(super) month: i32,
    /// Its rows among those of the segment.
    pub(super) rows: Range<usize>,
}

/// The row groups of segments of activities, in their order.
pub(super) fn groups(segments: &[&Segment]) -> Result<Vec<Group>> {
    let mut found = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        let mut start = 0;
        for (place, (month, count)) in segment.groups.iter().enumerate() {
            let count = usize::try_from(*count).map_err(|_| Error::internal("few rows"))?;
            let rows = start..start + count;
            start = rows.end;
            found.push(Group { segment: number, number: place, month: *month, rows });
        }
        if i64::try_from(start).ok() != Some(segment.row_count) {
            return Err(Error::internal("each row of a segment is in a group"));
        }
    }
    Ok(found)
}

/// Rows of a segment below which its footer is not worth keeping.
const ROWS_OF_SMALL: i64 = 1 << 14;

/// The files of segments, ready to be read group by group.
pub(super) fn open<'j>(job: &Job<'j>, segments: &[&Segment]) -> Result<Vec<parquet::Groups<'j>>> {
    let footers = Arc::new(Footers::default());
    let file = |segment: &&Segment| match segment.row_count < ROWS_OF_SMALL {
        true => Ok(parquet::Groups::among(&footers, job.store, &segment.rows.path)),
        false => parquet::Groups::open(job.store, &segment.rows.path),
    };
    segments.iter().map(file).collect()
}

/// A text.
pub(super) fn text<'b>(batch: &'b RecordBatch, column: &Name, row: usize) -> Option<&'b str> {
    let array = batch.column_by_name(column.name)?.as_string_opt::<i32>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// A sum or a fingerprint.
pub(super) fn sum(batch: &RecordBatch, column: &Name, row: usize) -> Option<i64> {
    let array = batch.column_by_name(column.name)?.as_primitive_opt::<Int64Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// A count.
pub(super) fn count(batch: &RecordBatch, column: &Name, row: usize) -> Option<i32> {
    let array = batch.column_by_name(column.name)?.as_primitive_opt::<Int32Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// A day, since 1970.
pub(super) fn day(batch: &RecordBatch, column: &Name, row: usize) -> Option<i32> {
    let array = batch.column_by_name(column.name)?.as_primitive_opt::<Date32Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// An instant, in microseconds since 1970.
pub(super) fn instant(batch: &RecordBatch, column: &Name, row: usize) -> Option<i64> {
    let array =
        batch.column_by_name(column.name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// The number of a pseudonym.
pub(super) fn number(pseudonym: &str) -> Result<u128> {
    let mut number = 0;
    for byte in pseudonym.bytes() {
        let Some(digit) = char::from(byte).to_digit(16).filter(|_| pseudonym.len() == DIGITS)
        else {
            return Err(Error::data("a staged pseudonym is not of 32 hexadecimal digits")
                .hint("run with `--force`"));
        };
        number = number << 4 | u128::from(digit);
    }
    Ok(number)
}

/// What a row that was read must have.
pub(super) fn lacking() -> Error {
    Error::internal("a staged row has its required columns")
}
