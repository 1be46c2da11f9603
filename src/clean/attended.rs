//! Activities whose people are told one by one get the counts that other exports give.

use polars::prelude::*;

use crate::clean::attendances::{AGES, Attendances, COUNTED};
use crate::error::{Error, Result};
use crate::vocabulary::columns;
use crate::vocabulary::flags;

/// Flag of the attendances, while rows are on their way.
pub(super) const ATTENDANCE_FLAG: &str = "drapeau des participants";

/// Fills the counts that a record does not have with those of the people who attended.
pub(super) fn count_people(rows: DataFrame, attendances: &Attendances) -> Result<DataFrame> {
    if attendances.is_empty() {
        let none = lit(NULL).cast(DataType::String).alias(ATTENDANCE_FLAG);
        return Ok(rows.lazy().with_columns([none]).collect()?);
    }
    let mut rows = rows;
    let height = rows.height();
    let ids = rows.column(columns::ACTIVITE_ID.name)?.str()?;
    let years = rows.column(columns::DATE.name)?.date()?.year();
    let participants = rows.column(columns::NB_PARTICIPANTS.name)?.i32()?;
    let mut own = Vec::with_capacity(COUNTED.len());
    for column in &COUNTED {
        own.push(rows.column(column.name)?.i32()?);
    }
    let mut filled: Vec<Vec<Option<i32>>> = vec![Vec::with_capacity(height); COUNTED.len()];
    let mut flagged = Vec::with_capacity(height);
    for row in 0..height {
        let year = years.get(row).and_then(|year| i16::try_from(year).ok()).unwrap_or_default();
        let id = ids.get(row).and_then(|id| u128::from_str_radix(id, 16).ok());
        let id = id.ok_or_else(|| Error::internal("a row has its pseudonym"))?;
        let is_told = own.iter().any(|column| column.get(row).is_some());
        let counts = if is_told { None } else { attendances.counts(id, year) };
        let people = counts.map(|counts| counts.iter().take(AGES).sum::<i32>());
        flagged.push(match people {
            Some(people) if Some(people) != participants.get(row) => {
                Some(flags::PARTICIPANTS_DIVERGENTS)
            }
            _ => None,
        });
        for (place, (column, own)) in filled.iter_mut().zip(&own).enumerate() {
            let counted = counts.and_then(|counts| counts.get(place).copied());
            column.push(own.get(row).or(counted));
        }
    }
    for (column, values) in COUNTED.iter().zip(filled) {
        rows.with_column(Series::new(column.name.into(), values).into())?;
    }
    rows.with_column(Series::new(ATTENDANCE_FLAG.into(), flagged).into())?;
    Ok(rows)
}
