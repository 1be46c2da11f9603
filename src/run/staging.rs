//! Rows that come in the order of a file are staged: activities in row groups of one month each.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Date32Type;

use crate::error::{Error, Result};
use crate::run::draft::Written;
use crate::run::parquet::{ROWS_PER_GROUP, Writer};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns;

/// Rows that are told apart by month at once.
const ROWS_AT_ONCE: usize = 1 << 15;
/// Rows that wait for their group to be full, at most.
const ROWS_MAX: usize = 1 << 18;

/// Month, in months since January of the year 0, and rows of each row group.
pub(super) type Groups = Vec<(i32, u32)>;

/// A file of staged rows under construction.
pub(super) struct Staging {
    writer: Writer,
    /// Nothing but activities has months.
    is_by_month: bool,
    /// Rows as they came.
    pieces: Vec<RecordBatch>,
    pieces_rows: usize,
    /// Rows of each month that wait for their group to be full.
    waiting: BTreeMap<i32, Waiting>,
    waiting_rows: usize,
    groups: Groups,
}

#[derive(Default)]
struct Waiting {
    parts: Vec<RecordBatch>,
    rows: usize,
}

impl Staging {
    /// Starts a file of rows of a subject.
    pub(super) fn new(writer: Writer, subject: Subject) -> Self {
        Self {
            writer,
            is_by_month: subject == Subject::Activites,
            pieces: Vec::new(),
            pieces_rows: 0,
            waiting: BTreeMap::new(),
            waiting_rows: 0,
            groups: Groups::new(),
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn add(&mut self, rows: RecordBatch) -> Result<()> {
        if !self.is_by_month {
            return self.writer.write(&rows);
        }
        self.pieces_rows += rows.num_rows();
        self.pieces.push(rows);
        if self.pieces_rows >= ROWS_AT_ONCE { self.tell_apart() } else { Ok(()) }
    }

    /// Writes what waits and puts the file in its place; returns it, its rows and its groups.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub(super) fn finish(mut self) -> Result<(Written, u64, Groups)> {
        self.tell_apart()?;
        let months: Vec<i32> = self.waiting.keys().copied().collect();
        for month in months {
            self.write_group(month)?;
        }
        let (written, rows) = self.writer.commit()?;
        Ok((written, rows, self.groups))
    }

    /// Puts the rows that came with those of their months.
    fn tell_apart(&mut self) -> Result<()> {
        let pieces = std::mem::take(&mut self.pieces);
        self.pieces_rows = 0;
        let Some(first) = pieces.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &pieces)?;
        drop(pieces);
        let mut by_month: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
        for (row, month) in (0..).zip(months(&rows)?) {
            by_month.entry(month).or_default().push(row);
        }
        for (month, places) in by_month {
            let part = take_record_batch(&rows, &UInt32Array::from(places))?;
            self.wait(month, part)?;
        }
        while self.waiting_rows > ROWS_MAX {
            let largest = self.waiting.iter().max_by_key(|(month, group)| (group.rows, **month));
            let Some((month, _)) = largest else { break };
            self.write_group(*month)?;
        }
        Ok(())
    }

    fn wait(&mut self, month: i32, part: RecordBatch) -> Result<()> {
        let rows = self.waiting.get(&month).map_or(0, |group| group.rows);
        if rows + part.num_rows() > ROWS_PER_GROUP {
            self.write_group(month)?;
        }
        let group = self.waiting.entry(month).or_default();
        group.rows += part.num_rows();
        self.waiting_rows += part.num_rows();
        group.parts.push(part);
        Ok(())
    }

    fn write_group(&mut self, month: i32) -> Result<()> {
        let Some(group) = self.waiting.remove(&month) else { return Ok(()) };
        self.waiting_rows -= group.rows;
        for part in &group.parts {
            self.writer.write(part)?;
        }
        self.writer.end_group()?;
        let rows = u32::try_from(group.rows).map_err(|_| Error::internal("a group is small"))?;
        self.groups.push((month, rows));
        Ok(())
    }
}

/// The month of each row.
pub(super) fn months(rows: &RecordBatch) -> Result<Vec<i32>> {
    let lacking = || Error::internal("an activity has its day");
    let days = rows.column_by_name(columns::DATE.name).ok_or_else(lacking)?;
    let days = days.as_primitive_opt::<Date32Type>().filter(|days| days.null_count() == 0);
    let days = days.ok_or_else(lacking)?;
    // Days come in runs.
    let mut known = (i32::MIN, 0);
    let mut found = Vec::with_capacity(days.len());
    for day in days.values() {
        if *day != known.0 {
            known = (*day, month_of(*day)?);
        }
        found.push(known.1);
    }
    Ok(found)
}

/// The month of a day since 1970, in months since January of the year 0.
fn month_of(day: i32) -> Result<i32> {
    let date = jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(day))
        .map_err(|error| Error::internal("a staged day is in the calendar").because(error))?;
    Ok(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
}
