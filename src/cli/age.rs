//! `26h`, `90m` or `2d` become a length of time; and back, as a person reads it.

use jiff::{SignedDuration, Span, SpanRelativeTo, Unit};

/// A length of time on the command line; a day has 24 hours.
pub(super) fn parse(text: &str) -> Result<SignedDuration, String> {
    let expected = || format!("`{text}` is no length of time such as 26h, 90m or 2d");
    let span: Span = text.parse().map_err(|_| expected())?;
    let days = SpanRelativeTo::days_are_24_hours();
    let length = span.to_duration(days).map_err(|_| expected())?;
    if length.is_negative() || span.total((Unit::Second, days)).is_err() {
        return Err(expected());
    }
    Ok(length)
}

/// The two largest units.
pub(super) fn told(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours) {
        (2.., _) => format!("{days} d {} h", hours % 24),
        (_, 1..) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_told() {
        for (text, seconds, back) in [
            ("26h", 93_600, "26 h 00 min"),
            ("90m", 5400, "1 h 30 min"),
            ("2d", 172_800, "2 d 0 h"),
            ("59s", 59, "0 min"),
        ] {
            let length = parse(text).map(|length| length.as_secs());
            assert_eq!(length, Ok(seconds), "{text}");
            assert_eq!(told(seconds), back);
        }
        for text in ["", "26", "h", "-3h", "1 month", "soon"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
