//! Day numbers and milliseconds become dates; knows enough of Europe/Paris to tell its days.

use std::io;

/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// First day of the programme (domain note, section 3.4).
pub(crate) const PROGRAMME_START: i64 = from_civil(2020, 11, 17);
/// Day the legacy system closed.
pub(crate) const LEGACY_END: i64 = from_civil(2024, 11, 15);
/// First day of the Coop.
pub(crate) const COOP_START: i64 = from_civil(2024, 9, 1);

/// Counts days from 1970-01-01 to a date of the Gregorian calendar.
pub(crate) const fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Gives the year, month and day of a day number.
pub(crate) const fn to_civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Reads a year, month and day that come from outside.
pub(crate) fn checked(year: i16, month: u8, day: u8) -> io::Result<i64> {
    let date = (i64::from(year), i64::from(month), i64::from(day));
    let days = from_civil(date.0, date.1, date.2);
    if (1..=12).contains(&month) && to_civil(days) == date {
        return Ok(days);
    }
    let message = format!("no such day: {year:04}-{month:02}-{day:02}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Tells the day of the week, from 0 for Monday to 6 for Sunday.
pub(crate) const fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// Gives the last day of the month a day is in.
pub(crate) const fn month_end(days: i64) -> i64 {
    let (year, month, _) = to_civil(days);
    if month == 12 { from_civil(year + 1, 1, 1) - 1 } else { from_civil(year, month + 1, 1) - 1 }
}

/// Gives the last Sunday of a month, when clocks change in March and October.
pub(crate) const fn last_sunday(year: i64, month: i64) -> i64 {
    let last = month_end(from_civil(year, month, 1));
    last - (weekday(last) + 1) % 7
}

/// Tells whether it is summer time in Paris at an instant.
fn is_summer(at_ms: i64) -> bool {
    let (year, ..) = to_civil(at_ms.div_euclid(DAY_MS));
    let summer = last_sunday(year, 3) * DAY_MS + HOUR_MS..last_sunday(year, 10) * DAY_MS + HOUR_MS;
    summer.contains(&at_ms)
}

/// Gives the instant whose UTC date and time are those of Paris at another.
fn to_paris(at_ms: i64) -> i64 {
    at_ms + if is_summer(at_ms) { 2 * HOUR_MS } else { HOUR_MS }
}

/// Gives the day it is in Paris at an instant.
pub(crate) fn paris_day(at_ms: i64) -> i64 {
    to_paris(at_ms).div_euclid(DAY_MS)
}

/// Tells whether an instant falls on another day in Paris than in UTC.
pub(crate) fn differs_in_paris(at_ms: i64) -> bool {
    paris_day(at_ms) != at_ms.div_euclid(DAY_MS)
}

/// Writes a day as `2025-01-07`.
pub(crate) fn iso_day(days: i64) -> String {
    let (year, month, day) = to_civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Writes a day as `07/01/2025`.
pub(crate) fn french_day(days: i64) -> String {
    let (year, month, day) = to_civil(days);
    format!("{day:02}/{month:02}/{year:04}")
}

/// Writes an instant as `2025-01-07T10:11:12.345Z`.
pub(crate) fn iso_instant(at_ms: i64) -> String {
    format!("{}T{}Z", iso_day(at_ms.div_euclid(DAY_MS)), clock(at_ms))
}

/// Writes an instant as Postgres does without a zone: `2025-01-07 10:11:12.345`.
pub(crate) fn sql_instant(at_ms: i64) -> String {
    format!("{} {}", iso_day(at_ms.div_euclid(DAY_MS)), clock(at_ms))
}

/// Writes an instant as it is in Paris: `07/01/2025 à 11:11`.
pub(crate) fn paris_minute(at_ms: i64) -> String {
    let local_ms = to_paris(at_ms);
    let time = clock(local_ms);
    let day = french_day(local_ms.div_euclid(DAY_MS));
    format!("{day} à {}", time.get(..5).unwrap_or_default())
}

/// Writes an instant as a script's text form of a date, on a server in Paris or in UTC:
/// `Tue Jan 07 2025 10:11:12 GMT+0000 (Coordinated Universal Time)`.
pub(crate) fn script_date(at_ms: i64, is_in_paris: bool) -> String {
    let (local_ms, zone) = match (is_in_paris, is_summer(at_ms)) {
        (false, _) => (at_ms, "GMT+0000 (Coordinated Universal Time)"),
        (true, false) => (to_paris(at_ms), "GMT+0100 (Central European Standard Time)"),
        (true, true) => (to_paris(at_ms), "GMT+0200 (Central European Summer Time)"),
    };
    let days = local_ms.div_euclid(DAY_MS);
    let (year, month, day) = to_civil(days);
    let part = |names: &'static str, rank: i64| {
        let start = usize::try_from(rank * 3).unwrap_or(0);
        names.get(start..start + 3).unwrap_or_default()
    };
    let weekday = part("MonTueWedThuFriSatSun", weekday(days));
    let month = part("JanFebMarAprMayJunJulAugSepOctNovDec", month - 1);
    let time = clock(local_ms);
    let time = time.get(..8).unwrap_or_default();
    format!("{weekday} {month} {day:02} {year:04} {time} {zone}")
}

fn clock(at_ms: i64) -> String {
    let ms = at_ms.rem_euclid(DAY_MS);
    let (seconds, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use crate::sample::days::{
        DAY_MS, checked, differs_in_paris, from_civil, iso_day, last_sunday, paris_minute,
        script_date,
    };

    #[test]
    fn days_and_dates_are_inverse() {
        for days in from_civil(1968, 1, 1)..from_civil(2032, 1, 1) {
            let (year, month, day) = crate::sample::days::to_civil(days);
            assert_eq!(from_civil(year, month, day), days);
        }
        assert_eq!(from_civil(1970, 1, 1), 0);
        assert_eq!(iso_day(from_civil(2024, 2, 29)), "2024-02-29");
        assert_eq!(iso_day(last_sunday(2024, 3)), "2024-03-31");
        assert!(checked(2023, 2, 29).is_err());
        assert!(checked(2023, 13, 1).is_err());
    }

    #[test]
    fn instants_are_written_in_both_zones() {
        let at_ms = from_civil(2023, 8, 9) * DAY_MS + ((22 * 60 + 41) * 60 + 28) * 1000;
        let utc = "Wed Aug 09 2023 22:41:28 GMT+0000 (Coordinated Universal Time)";
        assert_eq!(script_date(at_ms, false), utc);
        let paris = "Thu Aug 10 2023 00:41:28 GMT+0200 (Central European Summer Time)";
        assert_eq!(script_date(at_ms, true), paris);
        assert_eq!(paris_minute(at_ms), "10/08/2023 à 00:41");
        assert_eq!(paris_minute(0), "01/01/1970 à 01:00");
    }

    #[test]
    fn paris_is_one_or_two_hours_ahead() {
        let at = |day: i64, hour: i64| day * DAY_MS + hour * 3_600_000 + 1_800_000;
        assert!(differs_in_paris(at(from_civil(2023, 7, 31), 22)));
        assert!(!differs_in_paris(at(from_civil(2023, 1, 31), 22)));
        assert!(differs_in_paris(at(from_civil(2023, 1, 31), 23)));
        // The last Sunday of October starts in summer time and ends in winter time.
        assert!(differs_in_paris(at(from_civil(2022, 10, 29), 22)));
        assert!(!differs_in_paris(at(from_civil(2022, 10, 30), 22)));
    }
}
