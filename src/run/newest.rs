//! Segments tell the day of their newest record, up to the reference day.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use jiff::civil::Date;

use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::run::manifest::Segment;
use crate::run::parquet::{Groups, ROWS_PER_GROUP};
use crate::run::store::Store;
use crate::vocabulary::calendar::number_of;
use crate::vocabulary::columns;

const MICROSECONDS: i64 = 86_400_000_000;

/// The newest day of segments of a source, in days since 1970; what is dated later than the
/// reference day is an error of someone, and says nothing.
///
/// # Errors
/// When a segment cannot be read.
pub(super) fn newest(
    (store, definitions, as_of): (&Store, &Definitions, Date),
    source: &str,
    segments: &[Segment],
) -> Result<Option<i32>> {
    let limit = number_of(as_of);
    let month = i32::from(as_of.year()) * 12 + i32::from(as_of.month()) - 1;
    let dataset = definitions.datasets.get(source);
    let column = dataset.map_or(columns::DATE.name, |dataset| &dataset.period.month_of);
    let mut newest = None;
    for segment in segments {
        let mut groups: Vec<(i32, usize)> =
            segment.groups.iter().zip(0..).map(|((month, _), place)| (*month, place)).collect();
        groups.retain(|(of, _)| *of <= month);
        groups.sort_unstable();
        let file = Groups::open(store, &segment.rows.path)?;
        let mut met = None;
        while let Some((month, place)) = groups.pop() {
            // A month may have several groups; an earlier one cannot have a later day.
            if met.is_some_and(|met| met > month) {
                break;
            }
            for batch in file.read(place, &[column], (None, ROWS_PER_GROUP))? {
                let found = latest(&batch?, column, limit)?;
                met = met.or(found.map(|_| month));
                newest = newest.max(found);
            }
        }
    }
    Ok(newest)
}

/// The latest day of a column that is not later than a limit.
fn latest(rows: &RecordBatch, column: &str, limit: i32) -> Result<Option<i32>> {
    let lacking = || Error::internal("a staged record has its day");
    let column = rows.column_by_name(column).ok_or_else(lacking)?;
    if let Some(days) = column.as_primitive_opt::<Date32Type>() {
        return Ok(days.iter().flatten().filter(|day| *day <= limit).max());
    }
    let instants = column.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(lacking)?;
    let days = instants.iter().flatten().map(|at| at.div_euclid(MICROSECONDS));
    let days = days.filter_map(|day| i32::try_from(day).ok());
    Ok(days.filter(|day| *day <= limit).max())
}
