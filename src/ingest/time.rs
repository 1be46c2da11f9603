//! The text of a day or an instant becomes a number.

use jiff::Unit;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> Option<i32> {
    let epoch = Date::constant(1970, 1, 1);
    let days = epoch.until((Unit::Day, date)).ok()?.get_days();
    Some(days)
}

/// A day in the given format; `%Y-%m-%d` is read without a parser.
pub(super) fn day(text: &str, format: Option<&str>) -> Option<i32> {
    let date = match format {
        None | Some("%Y-%m-%d") => plain_date(text.as_bytes())?,
        Some(format) => Date::strptime(format, text).ok()?,
    };
    day_number(date)
}

/// Microseconds since 1970 of `YYYY-MM-DD HH:MM:SS[.f]`, with `T` or a space; unless an offset
/// follows, read from the clock of `zone`.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = plain_date(date.as_bytes())?;
    let rest = rest.strip_prefix(['T', ' '])?;
    let (clock, offset) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let time = DateTime::from_parts(date, plain_time(clock)?);
    if offset.is_empty() {
        return Some(time.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond());
    }
    let micros = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
    micros.checked_sub(offset_seconds(offset)?.checked_mul(1_000_000)?)
}

/// Microseconds since 1970 of an instant in the given format; what follows an opening bracket is a
/// remark. Without an offset it was read from the clock of `zone`.
pub(super) fn instant_as(text: &str, format: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.split_once(" (").map_or(text, |(text, _)| text);
    let parts = jiff::fmt::strtime::parse(format, text).ok()?;
    let at = match parts.offset() {
        Some(_) => parts.to_timestamp().ok()?,
        None => parts.to_datetime().ok()?.to_zoned(zone.clone()).ok()?.timestamp(),
    };
    Some(at.as_microsecond())
}

fn plain_date(text: &[u8]) -> Option<Date> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text else { return None };
    let year = number(&[a, b, c, d])?;
    let date = Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(number(&[e, f])?).ok()?,
        i8::try_from(number(&[g, h])?).ok()?,
    );
    date.ok()
}

fn plain_time(text: &str) -> Option<jiff::civil::Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let &[a, b, b':', c, d, b':', e, f] = clock.as_bytes() else { return None };
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_i64.checked_pow(u32::try_from(9 - fraction.len()).ok()?)?;
    jiff::civil::Time::new(
        i8::try_from(number(&[a, b])?).ok()?,
        i8::try_from(number(&[c, d])?).ok()?,
        i8::try_from(number(&[e, f])?).ok()?,
        i32::try_from(number(fraction.as_bytes())?.checked_mul(scale)?).ok()?,
    )
    .ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: Vec<u8> = text.bytes().skip(1).filter(|byte| *byte != b':').collect();
    let (hours, minutes) = match digits.as_slice() {
        [a, b] => (number(&[*a, *b])?, 0),
        [a, b, c, d] => (number(&[*a, *b])?, number(&[*c, *d])?),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::calendar::paris_day;

    fn paris(text: &str) -> Option<String> {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let days = paris_day(instant(text, &TimeZone::UTC)?, &paris)?;
        Some((Date::constant(1970, 1, 1) + jiff::Span::new().days(days)).to_string())
    }

    #[test]
    fn an_evening_in_utc_is_the_next_day_in_paris() {
        assert_eq!(paris("2023-01-31 22:59:59.999").as_deref(), Some("2023-01-31"));
        assert_eq!(paris("2023-01-31 23:00:00").as_deref(), Some("2023-02-01"));
        assert_eq!(paris("2023-07-31T22:00:00.000Z").as_deref(), Some("2023-08-01"));
        assert_eq!(paris("2023-03-25T23:30:00+01:00").as_deref(), Some("2023-03-25"));
    }

    #[test]
    fn other_forms_of_instants_are_declared() {
        let javascript = "%a %b %d %Y %H:%M:%S GMT%z";
        let utc = "Wed Aug 09 2023 15:41:28 GMT+0000 (Coordinated Universal Time)";
        let summer = "Wed Aug 09 2023 17:41:28 GMT+0200 (Central European Summer Time)";
        let expected = instant("2023-08-09T15:41:28Z", &TimeZone::UTC);
        assert_eq!(instant_as(utc, javascript, &TimeZone::UTC), expected);
        assert_eq!(instant_as(summer, javascript, &TimeZone::UTC), expected);
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let french = instant_as("09/08/2023 à 17:41", "%d/%m/%Y à %H:%M", &paris);
        assert_eq!(french, instant("2023-08-09T15:41:00Z", &TimeZone::UTC));
        assert_eq!(french, instant("2023-08-09 17:41:00", &paris));
        assert_eq!(instant_as("undefined", javascript, &paris), None);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2023-02-30 10:00:00",
            "2023-02-01",
            "2023-02-01 25:00:00",
            "2023-02-01 10:00:00+99:00",
            "é023-02-01 10:00:00",
        ] {
            assert_eq!(instant(text, &TimeZone::UTC), None, "{text}");
        }
        assert_eq!(day("16/06/2021", Some("%d/%m/%Y")), day("2021-06-16", None));
        assert_eq!(day("1969-12-31", None), Some(-1));
    }
}
