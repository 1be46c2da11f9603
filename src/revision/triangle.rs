//! Figures of runs become a triangle: what each period was said to be 1, 7, 30 and 90 days after
//! its end.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::revision::figures::Revision;
use crate::vocabulary::calendar::last_day;

/// Days after the end of a period.
pub const DAYS: [i32; 4] = [1, 7, 30, 90];

/// A run: its reference day, and the figures that it moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Reference day.
    pub as_of: Date,
    /// Figures of one table that moved.
    pub moved: Vec<Revision>,
}

/// What a period was said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The period.
    pub period: String,
    /// The measure.
    pub measure: String,
    /// The figure that many [`DAYS`] after its end: that of the last run by then. None before the
    /// first run, and where that day has not come.
    pub then: [Option<i64>; DAYS.len()],
    /// The figure now.
    pub now: i64,
}

/// The lines of periods that ended after the first run began to tell; `now` are the figures of the
/// last run, by period and measure, and `runs` the oldest first.
#[must_use]
pub fn triangle(now: &BTreeMap<(String, String), i64>, runs: &[Run]) -> Vec<Line> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Vec::new() };
    let mut lines = Vec::new();
    for ((period, measure), figure) in now {
        let Some(end) = last_day(period).filter(|end| *end >= first.as_of) else { continue };
        let key = format!("periode={period}");
        let at = |day: Date| -> Option<i64> {
            if day > last.as_of {
                return None;
            }
            let known = runs.iter().rposition(|run| run.as_of <= day)?;
            // What later runs moved is taken back.
            let later = runs.iter().skip(known + 1).flat_map(|run| &run.moved);
            let first_move = later.into_iter().find(|it| it.key == key && it.measure == *measure);
            Some(first_move.map_or(*figure, |it| it.before))
        };
        let then =
            DAYS.map(|days| at(end.checked_add(jiff::Span::new().days(days)).unwrap_or(end)));
        if then.iter().any(Option::is_some) {
            lines.push(Line {
                period: period.clone(),
                measure: measure.clone(),
                then,
                now: *figure,
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::revision::cause::Cause;

    fn run(as_of: Date, moved: &[(i64, i64)]) -> Run {
        let moved = moved.iter().map(|(before, now)| Revision {
            key: "periode=2025-01".to_owned(),
            measure: "n".to_owned(),
            cause: Cause::Arrival,
            before: *before,
            now: *now,
            part: Some(now - before),
        });
        Run { as_of, moved: moved.collect() }
    }

    #[test]
    fn a_period_is_what_the_last_run_by_then_said() {
        let now = [("2025-01", 9), ("2024-12", 5), ("2025-02", 1)]
            .map(|(period, figure)| ((period.to_owned(), "n".to_owned()), figure));
        let runs = [
            run(date(2025, 1, 20), &[]),
            run(date(2025, 2, 1), &[(2, 4)]),
            run(date(2025, 2, 6), &[(4, 8)]),
            run(date(2025, 3, 15), &[(8, 9)]),
        ];
        let lines = triangle(&BTreeMap::from(now), &runs);
        let told: Vec<_> = lines.iter().map(|it| (it.period.as_str(), it.then, it.now)).collect();
        assert_eq!(
            told,
            [
                ("2025-01", [Some(4), Some(8), Some(8), None], 9),
                ("2025-02", [Some(1), Some(1), None, None], 1),
            ],
            "December was over before the first run"
        );
    }
}
