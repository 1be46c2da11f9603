//! The pace of the programme becomes a way to draw days: months, weekdays, summer.

use crate::sample::days::{COOP_START, LEGACY_END, PROGRAMME_START, from_civil, to_civil, weekday};
use crate::sample::dice::{Dice, Stream};

/// Activity of the programme by quarter from the last of 2020 on; then it stays level.
///
/// Chosen so that 65 % of the archive is before 28 November 2023 (domain note, section 6).
const PROGRAMME: &[u64] = &[1, 3, 8, 16, 30, 45, 55, 62, 70, 78, 82, 84, 86, 90, 92, 90];
/// Share of the legacy system in its last months, from September 2024, in percent.
const LEGACY_LAST: &[u64] = &[75, 50, 25];
/// Share of the Coop in its first months, in percent.
const COOP_FIRST: &[u64] = &[15, 40, 75];

/// A way to draw days within the span of a file.
pub(crate) struct Pace {
    first: i64,
    sums: Vec<u64>,
}

impl Pace {
    /// Plans the days of a file, up to `last_day`.
    pub(crate) fn new(stream: Stream, last_day: i64) -> Self {
        let (first, last) = match stream {
            Stream::Legacy => (PROGRAMME_START, LEGACY_END.min(last_day)),
            Stream::Coop => (COOP_START.min(last_day), last_day),
            Stream::Flat | Stream::Employers | Stream::Advisers => (PROGRAMME_START, last_day),
        };
        let sums = (first..=last).scan(0, |sum, day| {
            *sum += weight(stream, day);
            Some(*sum)
        });
        Self { first, sums: sums.collect() }
    }

    /// Draws a day of the span, within `earliest..=latest` as far as the span allows.
    pub(crate) fn draw(&self, dice: &mut Dice, (earliest, latest): (i64, i64)) -> i64 {
        let rank = |day: i64| usize::try_from(day - self.first).ok();
        let sum_until = |day: i64| {
            let rank = rank(day)?.min(self.sums.len().saturating_sub(1));
            self.sums.get(rank).copied()
        };
        let before = sum_until(earliest - 1).unwrap_or(0);
        let upto = sum_until(latest).unwrap_or(0);
        let drawn = before + dice.below(upto.saturating_sub(before));
        let rank = self.sums.partition_point(|sum| *sum <= drawn);
        let rank = rank.min(self.sums.len().saturating_sub(1));
        self.first.saturating_add_unsigned(u64::try_from(rank).unwrap_or(0))
    }

    /// Gives the first and last day of the span.
    pub(crate) fn span(&self) -> (i64, i64) {
        let length = u64::try_from(self.sums.len()).unwrap_or(1);
        (self.first, self.first.saturating_add_unsigned(length.saturating_sub(1)))
    }
}

fn weight(stream: Stream, day: i64) -> u64 {
    let (year, month, _) = to_civil(day);
    let quarter = (year - 2020) * 4 + (month - 1) / 3 - 3;
    let quarter = usize::try_from(quarter).unwrap_or(0).min(PROGRAMME.len() - 1);
    let programme = PROGRAMME.get(quarter).copied().unwrap_or(1);
    let since_coop = usize::try_from((year - 2024) * 12 + month - 9).ok();
    let share = |shares: &[u64], after: u64| match since_coop {
        Some(months) => shares.get(months).copied().unwrap_or(after),
        None => 100,
    };
    let share = match stream {
        Stream::Legacy => share(LEGACY_LAST, 0),
        Stream::Coop => share(COOP_FIRST, 100),
        Stream::Flat | Stream::Employers | Stream::Advisers => 100,
    };
    let of_week = match weekday(day) {
        0..=4 => 20,
        5 => 3,
        _ => 1,
    };
    let of_month = match month {
        8 => 60,
        12 => 80,
        _ => 100,
    };
    programme * share * of_week * of_month
}

/// Last day before `autre` stopped being a channel.
pub(crate) const AUTRE_END: i64 = from_civil(2022, 12, 31);
/// Last day before the commune code was recorded.
pub(crate) const NO_COMMUNE_CODE_END: i64 = from_civil(2023, 6, 30);
/// Day from which the date of an activity is its own and not the day of entry.
pub(crate) const OWN_DATE_START: i64 = from_civil(2022, 2, 15);
