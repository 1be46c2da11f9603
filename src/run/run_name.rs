//! The time and what a run depends on become its name, which sorts after all names before it, even
//! if the clock went back.

use jiff::civil::DateTime;
use jiff::{Span, ToSpan};

/// Characters of a stamp: day, `T`, time, milliseconds.
const STAMP_CHARS: usize = 18;
const FORMAT: &str = "%Y%m%dT%H%M%S";

/// The instant of a beginning, RFC 3339 with milliseconds, as runs are named.
pub(super) fn stamp(started_at: &str) -> String {
    started_at.chars().filter(|c| !matches!(c, '-' | ':' | '.')).take(STAMP_CHARS).collect()
}

/// Names a run that began at an instant; `key` tells its inputs apart.
pub(super) fn run_name(started_at: &str, key: &str, before: &[String]) -> String {
    let now = stamp(started_at);
    let last = before.iter().filter_map(|name| name.get(..STAMP_CHARS)).max();
    let stamp = match last.filter(|last| **last >= *now).and_then(after) {
        Some(after) => {
            tracing::warn!(event = "clock.behind", after, "The clock is behind the last run.");
            after
        }
        None => now,
    };
    let key: String = key.chars().take(8).collect();
    format!("{stamp}Z-{key}")
}

/// The stamp a millisecond after another.
fn after(stamp: &str) -> Option<String> {
    let (second, milliseconds) = stamp.split_at_checked(15)?;
    let second = DateTime::strptime(FORMAT, second).ok()?;
    let span: Span = (milliseconds.parse::<i64>().ok()? + 1).milliseconds();
    let next = second.checked_add(span).ok()?;
    Some(format!("{}{:03}", next.strftime(FORMAT), next.millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_its_time_and_its_inputs() {
        let name = run_name("2025-07-01T04:10:00.315Z", "947f0dd2c0ffee", &[]);
        assert_eq!(name, "20250701T041000315Z-947f0dd2");
    }

    #[test]
    fn a_clock_that_went_back_gives_later_names_all_the_same() {
        let mut names: Vec<String> = Vec::new();
        for clock in [
            "2025-12-31T23:59:59.999Z",
            "2025-12-31T23:59:59.999Z",
            "2025-07-01T04:10:00.000Z",
            "1970-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.001Z",
            "2026-07-01T04:10:00.000Z",
        ] {
            names.push(run_name(clock, "947f0dd2", &names));
        }
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert_eq!(names[1], "20260101T000000000Z-947f0dd2");
        assert_eq!(names[5], "20260701T041000000Z-947f0dd2");
    }
}
