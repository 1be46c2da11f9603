//! The months of a cell become those that are far from all that its own past leads to expect.
//!
//! A cell is judged by itself alone: a small département is not odd because it is small. A month is
//! held against what the cell was used to in the year before (the median of twelve months, so that
//! each season weighs as much), and against the same after the pace of the season, as each of the
//! last three years had it. It is out of line where it is far from all of these, on the same side:
//! August is low every year, and a cell that grew did so before. What is far is told by the
//! distances of the twelve months themselves (median absolute deviation), which one odd month
//! before does not move.
//!
//! The distance is that of Hidiroglou and Berthelot, Survey Methodology 12, 1986: by how much the
//! greater figure exceeds the smaller, over the smaller. Ten for twenty is as far as twenty for
//! ten: falls are told like rises. All of it is integers: the same on every machine.

/// Months that say what a cell is used to.
const PAST: usize = 12;
/// Months of these without a figure, at most: a cell that is often empty is used to nothing.
const GAPS_MAX: usize = 3;
/// Years whose seasons count.
const YEARS: usize = 3;
/// Records in a month, before or now: below it chance alone moves a figure by a fifth.
const RECORDS_MIN: i128 = 30;
/// Distances are in millionths.
const UNIT: i128 = 1_000_000;
/// The least spread of a past: with [`SCORE_MIN`], less than half as much again, or than two
/// thirds, is never told, however regular the past.
const SPREAD_MIN: i128 = UNIT / 10;
/// A median absolute deviation times this, over ten thousand, is a standard deviation.
const TO_STANDARD: i128 = 14_826;
/// What a score must be, in hundredths of the spread: many thousands of cells are judged each
/// night, and at three and a half chance alone would fill the page.
const SCORE_MIN: i128 = 500;
/// What no score exceeds, in hundredths. To and from zero there is no distance: it is this.
const SCORE_MAX: i128 = 9_999;
/// A distance without end.
const ENDLESS: i128 = UNIT * UNIT;

/// Which way a figure left its past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Upwards.
    Rise,
    /// Downwards.
    Fall,
}

impl Direction {
    /// Its code in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rise => "hausse",
            Self::Fall => "baisse",
        }
    }
}

/// A month that is out of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlier {
    /// Its place in the series.
    pub place: usize,
    /// Its figure.
    pub value: i64,
    /// The nearest of the figures that its past leads to expect.
    pub expected: i64,
    /// How far it is from it, in hundredths of the spread of its past.
    pub score: i64,
    /// Which way.
    pub direction: Direction,
}

/// The months of a series that are out of line; `records` says how many records each month has.
/// The first two years of a series say what it is used to, and are not judged.
#[must_use]
pub fn outliers(values: &[i64], records: &[i64]) -> Vec<Outlier> {
    let values: Vec<i128> = values.iter().copied().map(i128::from).collect();
    let records: Vec<i128> = records.iter().copied().map(i128::from).collect();
    let places = 2 * PAST..values.len().min(records.len());
    places.filter_map(|place| judged(&values, &records, place)).collect()
}

fn judged(values: &[i128], records: &[i128], place: usize) -> Option<Outlier> {
    let value = *values.get(place)?;
    let past = values.get(place - PAST..place)?;
    let counted = twice_median(records.get(place - PAST..place)?.to_vec());
    if value < 0 || counted.max(2 * records.get(place)?) < 2 * RECORDS_MIN {
        return None;
    }
    if values.get(place - 2 * PAST..place)?.iter().all(|value| *value == 0) {
        return outlier(place, value, ((0, 1), ENDLESS), SPREAD_MIN).filter(|_| value > 0);
    }
    let level = level(past)?;
    let seasons: Vec<(i128, i128)> = (1..=YEARS)
        .filter_map(|year| {
            let then = place.checked_sub(year * PAST)?;
            let level_then = self::level(values.get(then.checked_sub(PAST)?..then)?)?;
            Some((level * values.get(then)?, level_then))
        })
        .collect();
    let usual = (level, 2);
    // Of a cell that has not seen the season yet, the season may be all there is to tell.
    let expected = seasons.first().map(|_| seasons.iter().chain([&usual]))?;
    let distances: Vec<((i128, i128), i128)> =
        expected.map(|expected| (*expected, distance(value, *expected))).collect();
    let nearest = distances.iter().min_by_key(|(_, distance)| distance.abs())?;
    let side = nearest.1.signum();
    if distances.iter().any(|(_, distance)| distance.signum() != side) {
        return None;
    }
    let spread = past.iter().map(|value| distance(*value, usual).abs()).collect();
    let spread = twice_median(spread) * TO_STANDARD / 20_000;
    outlier(place, value, *nearest, spread.max(SPREAD_MIN))
}

fn outlier(
    place: usize,
    value: i128,
    ((above, below), distance): ((i128, i128), i128),
    spread: i128,
) -> Option<Outlier> {
    let score = (distance.abs() * 100 / spread).min(SCORE_MAX);
    (score >= SCORE_MIN).then_some(Outlier {
        place,
        value: i64::try_from(value).ok()?,
        expected: i64::try_from((2 * above + below) / (2 * below)).ok()?,
        score: i64::try_from(score).ok()?,
        direction: if distance > 0 { Direction::Rise } else { Direction::Fall },
    })
}

/// What some months were used to, twice: their median; none of what is often empty.
fn level(past: &[i128]) -> Option<i128> {
    let gaps = past.iter().filter(|value| **value == 0).count();
    let is_regular = gaps <= GAPS_MAX && past.iter().all(|value| *value >= 0);
    is_regular.then(|| twice_median(past.to_vec()))
}

/// The sum of the two in the middle.
fn twice_median(mut values: Vec<i128>) -> i128 {
    values.sort_unstable();
    let middle = values.iter().skip(values.len().saturating_sub(1) / 2).take(2);
    middle.sum()
}

/// How far a figure is from a fraction, in millionths; negative below it.
fn distance(value: i128, (above, below): (i128, i128)) -> i128 {
    let is = value * below;
    match is.min(above) {
        _ if is == above => 0,
        0 => (is - above).signum() * ENDLESS,
        least => ((is - above) * UNIT / least).clamp(-ENDLESS, ENDLESS),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENOUGH: [i64; 60] = [100; 60];

    /// Two years of about a hundred, low in their eighth month, and what follows.
    fn after(more: &[i64]) -> Vec<i64> {
        let year = [98, 103, 100, 97, 101, 104, 99, 40, 102, 100, 96, 105];
        [year, year].concat().into_iter().chain(more.iter().copied()).collect()
    }

    fn told(values: &[i64]) -> Vec<(usize, i64, i64, &'static str)> {
        let found = outliers(values, &ENOUGH);
        found.iter().map(|it| (it.place, it.value, it.expected, it.direction.code())).collect()
    }

    #[test]
    fn jumps_are_told_both_ways_and_seasons_are_not() {
        let usual = [101, 99, 98, 102, 103, 97, 100, 42, 99, 101, 104, 98];
        assert_eq!(told(&after(&usual)), [], "the same as every year");
        let mut odd = usual;
        (odd[2], odd[5], odd[7]) = (210, 48, 100);
        assert_eq!(told(&after(&odd)), [(26, 210, 100, "hausse"), (29, 48, 102, "baisse")]);
        assert!(told(&after(&[101, 99, 130, 75])).is_empty(), "not far");
    }

    #[test]
    fn a_cell_that_always_had_figures_and_has_none_is_told_and_the_other_way_round() {
        let gone = outliers(&after(&[0, 0, 0, 0, 0]), &ENOUGH);
        let places: Vec<usize> = gone.iter().map(|it| it.place).collect();
        assert_eq!(places, [24, 25, 26, 27], "then it is used to it");
        assert!(gone.iter().all(|it| it.score == 9_999 && it.direction == Direction::Fall));
        let mut never = vec![0; 24];
        never.extend([80, 90]);
        assert_eq!(told(&never), [(24, 80, 0, "hausse")]);
    }

    #[test]
    fn short_small_and_irregular_pasts_are_silent() {
        let values = after(&[500]);
        assert_eq!(told(&values).len(), 1);
        assert!(told(&values[1..]).is_empty(), "less than two years");
        let few: Vec<i64> = values.iter().map(|value| value / 20).collect();
        assert!(outliers(&few, &few).is_empty(), "few records");
        assert_eq!(outliers(&few, &ENOUGH).len(), 1, "few units of many records");
        let rare: Vec<i64> =
            (0..30).map(|month| if month % 3 == 0 { 90 } else { 0 }).chain([900]).collect();
        assert!(told(&rare).is_empty(), "often empty");
    }

    #[test]
    fn one_odd_month_hides_no_other() {
        let found = told(&after(&[900, 100, 20]));
        assert_eq!(found, [(24, 900, 100, "hausse"), (26, 20, 100, "baisse")]);
    }

    /// A year whose median is 512, of powers of two.
    fn year() -> impl Strategy<Value = Vec<i64>> {
        let low = prop::collection::vec(7_u32..=9, 5);
        let high = prop::collection::vec(9_u32..=11, 5);
        let all = (low, high).prop_map(|(low, high)| [low, vec![9, 9], high].concat());
        all.prop_shuffle().prop_map(|year| year.into_iter().map(|it| 1_i64 << it).collect())
    }

    proptest! {
        #[test]
        fn a_series_times_a_constant_is_judged_alike(
            values in prop::collection::vec(1_i64..400, 40),
            times in 1_i64..1_000,
        ) {
            let much: Vec<i64> = values.iter().map(|value| value * times).collect();
            let scores = |values: &[i64]| -> Vec<(usize, i64, Direction)> {
                let found = outliers(values, &ENOUGH);
                found.into_iter().map(|it| (it.place, it.score, it.direction)).collect()
            };
            prop_assert_eq!(scores(&values), scores(&much));
        }

        #[test]
        fn a_series_upside_down_falls_where_it_rose(
            years in (year(), year()),
            last in 0_u32..=18,
        ) {
            let values = [years.0, years.1, vec![1_i64 << last]].concat();
            let inverse: Vec<i64> = values.iter().map(|value| (1 << 18) / value).collect();
            let [one, other] = [values, inverse].map(|values| outliers(&values, &ENOUGH));
            prop_assert_eq!(one.len(), other.len());
            for (one, other) in one.iter().zip(&other) {
                prop_assert_eq!(one.score, other.score);
                prop_assert_ne!(one.direction, other.direction);
            }
        }
    }
}
