//! Contracts and agreements become, by employer type and year, what posts cost and what the State
//! gives of it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::definition::cost::Cost;
use crate::error::{Error, Result};
use crate::vocabulary::calendar::{day_of, number_of};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU};

/// Days of work under a contract, from its first day to its last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Employer type.
    pub kind: String,
    /// First day, since 1970; without it no day is known.
    pub start: Option<i32>,
    /// Last day; none while it runs.
    pub end: Option<i32>,
}

/// What the State gives by an agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Employer type.
    pub kind: String,
    /// First day, since 1970.
    pub start: Option<i32>,
    /// Last day.
    pub end: Option<i32>,
    /// Amounts agreed and paid, in cents.
    pub amounts: [i64; 2],
}

/// A year of an employer type; the year is `inconnu` for agreements without days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Days under contract.
    pub days: i64,
    /// What they cost, in cents.
    pub cost: i64,
    /// What is agreed and paid for the days of the year, in cents.
    pub state: [i64; 2],
}

impl Share {
    fn add(&mut self, other: &Share) {
        self.days += other.days;
        self.cost += other.cost;
        for (sum, part) in self.state.iter_mut().zip(other.state) {
            *sum += part;
        }
    }
}

/// Employer type and year → what it comes to, totals included.
pub type Shares = BTreeMap<(String, String), Share>;

/// The State's share of the cost until the reference day. Every total is the sum of its lines:
/// costs are rounded to the cent, half up, once for each type and year.
///
/// # Errors
/// When a day is not in the calendar.
pub fn shares(cost: &Cost, work: &[Work], agreements: &[Agreement], as_of: i32) -> Result<Shares> {
    let mut finest: BTreeMap<(&str, String), Share> = BTreeMap::new();
    for one in work {
        let Some(start) = one.start else { continue };
        let until = one.end.unwrap_or(as_of).min(as_of);
        for (year, first, last) in years(start, until)? {
            let days = i64::from(last) - i64::from(first) + 1;
            finest.entry((&one.kind, year)).or_default().days += days;
        }
    }
    for ((kind, year), share) in &mut finest {
        share.cost = cost_of(share.days, cost.cents_of(kind), days_of(year)?);
    }
    for one in agreements {
        let days = one.start.zip(one.end).filter(|(start, end)| start <= end);
        let Some((start, end)) = days else {
            add(&mut finest, (&one.kind, INCONNU.to_owned()), one.amounts);
            continue;
        };
        for (year, first, last) in years(start, end.min(as_of))? {
            let part = one.amounts.map(|amount| part(amount, (start, end), (first, last)));
            add(&mut finest, (&one.kind, year), part);
        }
    }
    let mut all = Shares::new();
    for ((kind, year), share) in finest {
        for kind in [kind, ENSEMBLE] {
            for year in [year.as_str(), ENSEMBLE] {
                all.entry((kind.to_owned(), year.to_owned())).or_default().add(&share);
            }
        }
    }
    Ok(all)
}

fn add<'k>(
    finest: &mut BTreeMap<(&'k str, String), Share>,
    key: (&'k str, String),
    state: [i64; 2],
) {
    finest.entry(key).or_default().add(&Share { state, ..Share::default() });
}

/// The years between two days, each with its first and its last day there.
fn years(start: i32, end: i32) -> Result<Vec<(String, i32, i32)>> {
    let year_of = |day: i32| day_of(day).map(Date::year).ok_or_else(outside);
    let mut found = Vec::new();
    if start <= end {
        for year in year_of(start)?..=year_of(end)? {
            let [first, last] = bounds(year)?;
            found.push((format!("{year:04}"), first.max(start), last.min(end)));
        }
    }
    Ok(found)
}

/// The first and the last day of a year.
fn bounds(year: i16) -> Result<[i32; 2]> {
    let day = |month, day| Date::new(year, month, day).map(number_of).map_err(|_| outside());
    Ok([day(1, 1)?, day(12, 31)?])
}

fn days_of(year: &str) -> Result<i64> {
    let [first, last] = bounds(year.parse().map_err(|_| outside())?)?;
    Ok(i64::from(last - first) + 1)
}

/// Half up.
fn cost_of(days: i64, cents: i64, days_of_year: i64) -> i64 {
    let year = i128::from(days_of_year);
    let cost = (i128::from(days) * i128::from(cents) * 2 + year).div_euclid(year * 2);
    i64::try_from(cost).unwrap_or(i64::MAX)
}

/// The part of an amount for some days: what is due by the last of them, less what is due before
/// the first. So the parts of a whole agreement add up to its amount, to the cent.
fn part(amount: i64, (start, end): (i32, i32), (first, last): (i32, i32)) -> i64 {
    let span = i128::from(end) - i128::from(start) + 1;
    let due = |days: i128| (i128::from(amount) * days).div_euclid(span);
    let before = i128::from(first) - i128::from(start);
    let until = i128::from(last) - i128::from(start) + 1;
    i64::try_from(due(until) - due(before)).unwrap_or(i64::MAX)
}

fn outside() -> Error {
    Error::data("a day of a contract or of an agreement is not in the calendar")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn cost() -> Cost {
        Cost {
            definition: String::new(),
            cost_euros: 36_500,
            cost_euros_by_type: BTreeMap::from([("epci".to_owned(), 73_000)]),
        }
    }

    fn work(kind: &str, start: Date, end: Option<Date>) -> Work {
        Work { kind: kind.to_owned(), start: Some(number_of(start)), end: end.map(number_of) }
    }

    fn of(found: &Shares, kind: &str, year: &str) -> (i64, i64, [i64; 2]) {
        let share = &found[&(kind.to_owned(), year.to_owned())];
        (share.days, share.cost, share.state)
    }

    #[test]
    fn a_day_under_contract_costs_its_part_of_the_year() {
        let all = [
            work("commune", date(2022, 12, 31), Some(date(2023, 1, 2))),
            work("epci", date(2023, 1, 1), None),
            work("commune", date(2024, 1, 1), None),
            Work { kind: "commune".to_owned(), ..Work::default() },
        ];
        let found = shares(&cost(), &all, &[], number_of(date(2023, 1, 10))).unwrap();
        assert_eq!(of(&found, "commune", "2022"), (1, 10_000, [0, 0]));
        assert_eq!(of(&found, "commune", "2023"), (2, 20_000, [0, 0]));
        assert_eq!(of(&found, "epci", "2023"), (10, 200_000, [0, 0]));
        assert_eq!(of(&found, ENSEMBLE, ENSEMBLE), (13, 230_000, [0, 0]));
        assert!(!found.contains_key(&("commune".to_owned(), "2024".to_owned())));
    }

    #[test]
    fn an_agreement_is_spread_over_its_days_and_known_amounts_never_vanish() {
        let agreement = Agreement {
            kind: "commune".to_owned(),
            start: Some(number_of(date(2022, 12, 31))),
            end: Some(number_of(date(2023, 1, 2))),
            amounts: [100, 10],
        };
        let undated = Agreement { end: None, ..agreement.clone() };
        let all = [agreement, undated];
        let found = shares(&cost(), &[], &all, number_of(date(2024, 1, 1))).unwrap();
        assert_eq!(of(&found, "commune", "2022"), (0, 0, [33, 3]));
        assert_eq!(of(&found, "commune", "2023"), (0, 0, [67, 7]));
        assert_eq!(of(&found, "commune", INCONNU), (0, 0, [100, 10]));
        assert_eq!(of(&found, ENSEMBLE, ENSEMBLE), (0, 0, [200, 20]));
        let found = shares(&cost(), &[], &all, number_of(date(2022, 12, 31))).unwrap();
        assert_eq!(of(&found, ENSEMBLE, ENSEMBLE), (0, 0, [133, 13]));
    }

    proptest! {
        #[test]
        fn the_years_of_an_agreement_add_up_to_its_amount(
            start in 17_000..21_000_i32,
            length in 0..2_000_i32,
            amounts in [0..10_000_000_i64, 0..10_000_000_i64],
        ) {
            let end = start + length;
            let kind = "commune".to_owned();
            let one = Agreement { kind, start: Some(start), end: Some(end), amounts };
            let found = shares(&cost(), &[], &[one], end).unwrap();
            prop_assert_eq!(found[&(ENSEMBLE.to_owned(), ENSEMBLE.to_owned())].state, amounts);
        }

        #[test]
        fn every_day_is_in_one_year(start in 17_000..21_000_i32, length in 0..900_i32) {
            let end = Some(start + length);
            let one = Work { kind: "commune".to_owned(), start: Some(start), end };
            let found = shares(&cost(), &[one], &[], start + length).unwrap();
            let all = &found[&(ENSEMBLE.to_owned(), ENSEMBLE.to_owned())];
            prop_assert_eq!(all.days, i64::from(length) + 1);
        }
    }
}
