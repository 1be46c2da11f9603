//! Instants become days of Paris; months become quarters and years.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// What stands before the number of a quarter, `2024-T1`.
const QUARTER: char = 'T';

/// The Europe/Paris day of an instant in microseconds since 1970, in days since 1970.
#[must_use]
pub fn paris_day(micros: i64, paris: &TimeZone) -> Option<i32> {
    let instant = Timestamp::from_microsecond(micros).ok()?;
    let shifted = micros.checked_add(i64::from(paris.to_offset(instant).seconds()) * 1_000_000)?;
    i32::try_from(shifted.div_euclid(DAY)).ok()
}

/// How long the periods of a table are, the shortest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// A month, `2024-03`.
    Mois,
    /// A quarter, `2024-T1`.
    Trimestre,
    /// A year, `2024`.
    Annee,
}

impl Length {
    /// The period of this length that a month is in, or a quarter where this is a year.
    #[must_use]
    pub fn of(self, period: &str) -> String {
        let (year, rest) = period.split_once('-').unwrap_or((period, ""));
        match (self, rest.parse::<u8>()) {
            (Length::Annee, _) => year.to_owned(),
            (Length::Trimestre, Ok(month)) => format!("{year}-{QUARTER}{}", month.div_ceil(3)),
            (Length::Mois | Length::Trimestre, _) => period.to_owned(),
        }
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Length::Mois => "mois",
            Length::Trimestre => "trimestre",
            Length::Annee => "annee",
        }
    }

    /// How long a period is.
    #[must_use]
    pub fn of_period(period: &str) -> Self {
        match period.split_once('-') {
            None => Length::Annee,
            Some((_, rest)) if rest.starts_with(QUARTER) => Length::Trimestre,
            Some(_) => Length::Mois,
        }
    }
}

/// The last day of a period; none of what is no period.
#[must_use]
pub fn last_day(period: &str) -> Option<Date> {
    let (year, rest) = period.split_once('-').unwrap_or((period, ""));
    let month = match Length::of_period(period) {
        Length::Annee => 12,
        Length::Trimestre => rest.strip_prefix(QUARTER)?.parse::<i8>().ok()?.checked_mul(3)?,
        Length::Mois => rest.parse().ok()?,
    };
    Some(Date::new(year.parse().ok()?, month, 1).ok()?.last_of_month())
}

/// The day 0 of day numbers.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day since 1970; none outside the calendar.
#[must_use]
pub fn day_of(number: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().days(number)).ok()
}

/// The number of a day since 1970.
#[must_use]
pub fn number_of(day: Date) -> i32 {
    (day - EPOCH).get_days()
}

/// The month of a day since 1970, `2024-03`.
#[must_use]
pub fn month_of(number: i32) -> Option<String> {
    day_of(number).map(|day| format!("{:04}-{:02}", day.year(), day.month()))
}

/// The number of a month, `2024-03`, since January of the year 0.
#[must_use]
pub fn month_number(month: &str) -> Option<i64> {
    let (year, month) = month.split_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

/// A month of that number as text, `2024-03`.
#[must_use]
pub fn month_text(number: i64) -> String {
    format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_in_a_quarter_and_a_year() {
        let check = |length: Length, period: &str, expected: &str| {
            assert_eq!(length.of(period), expected);
            assert_eq!(Length::of_period(expected), length);
        };
        check(Length::Mois, "2024-03", "2024-03");
        check(Length::Trimestre, "2024-01", "2024-T1");
        check(Length::Trimestre, "2024-12", "2024-T4");
        check(Length::Annee, "2024-03", "2024");
        check(Length::Annee, "2024-T2", "2024");
    }

    #[test]
    fn a_period_has_a_last_day() {
        let last = |period| last_day(period).map(|day| day.to_string());
        assert_eq!(last("2024-02").as_deref(), Some("2024-02-29"));
        assert_eq!(last("2024-T2").as_deref(), Some("2024-06-30"));
        assert_eq!(last("2024").as_deref(), Some("2024-12-31"));
        assert_eq!(last("ensemble"), None);
        assert_eq!(month_number("2024-03").unwrap() - month_number("2023-12").unwrap(), 3);
    }

    #[test]
    fn a_day_lies_in_its_month() {
        assert_eq!(month_of(19_411).as_deref(), Some("2023-02"));
        assert_eq!(month_number("2023-12").map(month_text).as_deref(), Some("2023-12"));
    }
}
