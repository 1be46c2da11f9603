//! The days to the entry of an activity, in SQL: the rules of [`crate::clean::delay`].

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clean::sql::Query;
use crate::error::{Error, Result};
use crate::vocabulary::columns;

/// The first instant of entry.
pub const EARLIEST: &str = "earliest";
/// The last.
pub const LATEST: &str = "latest";
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The first and the last instant of entry.
#[must_use]
pub fn bounds(query: &Query) -> String {
    let entered = columns::CREE_LE.name;
    query.narrow(&[entered], |rows| {
        format!("SELECT MIN({entered}) AS {EARLIEST}, MAX({entered}) AS {LATEST} FROM {rows}")
    })
}

/// Counts the days from each activity to its entry by the calendar of Paris, for instants between
/// two; no instant is told where there are none.
///
/// # Errors
/// When an instant is out of any calendar.
pub fn count(query: &mut Query, bounds: Option<(i64, i64)>) -> Result<()> {
    let (entered, day) = (columns::CREE_LE.name, columns::DATE.name);
    let delay = match bounds {
        None => "CAST(NULL AS INT)".to_owned(),
        Some(bounds) => {
            // What is ahead of UTC, by the latest change before the instant.
            let changes = changes(bounds)?;
            let (first, later) = changes
                .split_first()
                .ok_or_else(|| Error::internal("an instant has its difference from UTC"))?;
            let cases = later.iter().rev();
            let cases: Vec<String> =
                cases.map(|(at, ahead)| format!("WHEN {entered} >= {at} THEN {ahead}")).collect();
            let ahead = match cases.as_slice() {
                [] => first.1.to_string(),
                cases => format!("CASE {} ELSE {} END", cases.join(" "), first.1),
            };
            format!(
                "CAST(FLOOR(CAST({entered} + {ahead} AS DOUBLE) / CAST({DAY} AS DOUBLE)) AS INT)
  - DATEDIFF({day}, DATE '1970-01-01')"
            )
        }
    };
    query.set(columns::DELAI_SAISIE_JOURS.name, &delay);
    Ok(())
}

/// Since when the clocks of Paris are how far ahead of UTC, in microseconds, from before the first
/// instant to the last.
fn changes((first, last): (i64, i64)) -> Result<Vec<(i64, i64)>> {
    let out = |error: jiff::Error| Error::data("an instant is out of any calendar").because(error);
    let paris = TimeZone::get("Europe/Paris").map_err(out)?;
    let (first, last) = (
        Timestamp::from_microsecond(first).map_err(out)?,
        Timestamp::from_microsecond(last).map_err(out)?,
    );
    let ahead = |seconds: i32| i64::from(seconds) * 1_000_000;
    let mut found = vec![(i64::MIN, ahead(paris.to_offset(first).seconds()))];
    for change in paris.following(first).take_while(|change| change.timestamp() <= last) {
        found.push((change.timestamp().as_microsecond(), ahead(change.offset().seconds())));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_change_twice_a_year() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let found = changes((at("2024-01-01T00:00:00Z"), at("2024-12-31T00:00:00Z"))).unwrap();
        let hour = 3_600_000_000;
        let expected = [
            (i64::MIN, hour),
            (at("2024-03-31T01:00:00Z"), 2 * hour),
            (at("2024-10-27T01:00:00Z"), hour),
        ];
        assert_eq!(found, expected);
    }
}
