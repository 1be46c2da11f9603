//! The instant at which an activity was entered becomes the days since its day.

use jiff::tz::TimeZone;
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::vocabulary::calendar::paris_day;
use crate::vocabulary::columns;

/// Counts the days from each activity to its entry, by the calendar of Paris; none where the
/// instant is not told, less than none where the activity was entered before it took place.
pub(super) fn count_days(mut rows: DataFrame) -> Result<DataFrame> {
    let paris = TimeZone::get("Europe/Paris")
        .map_err(|error| Error::internal("the time zone Europe/Paris is known").because(error))?;
    let days = rows.column(columns::DATE.name)?.date()?.physical();
    let entered = rows.column(columns::CREE_LE.name)?.i64()?;
    let delay =
        |(day, entered): (Option<i32>, Option<i64>)| paris_day(entered?, &paris)?.checked_sub(day?);
    let delays: Vec<Option<i32>> = days.iter().zip(entered.iter()).map(delay).collect();
    rows.with_column(Series::new(columns::DELAI_SAISIE_JOURS.name.into(), delays).into())?;
    Ok(rows)
}
