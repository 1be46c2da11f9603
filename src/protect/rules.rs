//! The contributions to a figure become a verdict: primary or not, and the room it needs.
//!
//! All tests are in integers, so that 85 % is 85 % whatever the scale of the values.

use std::collections::BTreeMap;

use crate::definition::secrecy::Missing;
use crate::definition::secrecy::{Dominance, Interval, Percent, Rules, Unknown, Zero};
use crate::protect::system::Room;

/// Why a figure is hidden, or that it is not: the letters of the statistical offices. They never
/// leave the house: which of A and D a cell is gives its value away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Too few units.
    A,
    /// A few units dominate.
    B,
    /// Hidden to protect others.
    D,
    /// Published.
    V,
}

impl Status {
    /// Its letter.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Status::A => "A",
            Status::B => "B",
            Status::D => "D",
            Status::V => "V",
        }
    }
}

/// What a figure is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contributions {
    /// The figure itself.
    pub value: i64,
    /// Number of units.
    pub units: u64,
    /// Sum of what they contribute, each without its sign.
    pub total: u64,
    /// The largest of these, in falling order: as many as the rules look at.
    pub largest: Vec<u64>,
    /// Whether one of its codes says that the code is missing.
    pub is_of_missing_code: bool,
}

/// A primary figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Primary {
    /// A or B.
    pub status: Status,
    /// What outsiders must be left with.
    pub room: Room,
}

impl Primary {
    /// What two sets of rules ask for together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let room =
            Room { up: self.room.up.max(other.room.up), down: self.room.down.max(other.room.down) };
        Self { status: self.status.min(other.status), room }
    }
}

/// Judges a figure by one set of rules.
#[must_use]
pub fn judge(figure: &Contributions, rules: &Rules) -> Option<Primary> {
    if figure.is_of_missing_code && rules.missing_codes == Missing::Safe {
        return None;
    }
    if figure.value == 0 && rules.zero == Zero::Publish {
        return None;
    }
    let few = few_units(figure, rules);
    let dominated = dominance_level(figure, rules).max(p_percent_level(figure, rules));
    let dominated = dominated.map(|level| Primary {
        status: Status::B,
        room: room(figure, rules.intervals().dominated, (rules, level)),
    });
    few.into_iter().chain(dominated).reduce(Primary::and)
}

/// A figure that is primary because someone says so.
#[must_use]
pub fn marked(figure: &Contributions, rules: &Rules) -> Primary {
    Primary { status: Status::A, room: room(figure, rules.intervals().few, (rules, 1)) }
}

fn few_units(figure: &Contributions, rules: &Rules) -> Option<Primary> {
    let is_few = figure.units < rules.min_units && (figure.units > 0 || figure.value != 0);
    is_few.then(|| marked(figure, rules))
}

/// `100 / percent × top - total`, of the rule that asks for most.
fn dominance_level(figure: &Contributions, rules: &Rules) -> Option<u64> {
    let level = |rule: &Dominance| {
        let top = figure.largest.iter().take(rule.top).map(|one| u128::from(*one)).sum::<u128>();
        let (percent, total) = (u128::from(rule.percent.0.max(1)), u128::from(figure.total));
        let reached = top * u128::from(Percent::ALL);
        (reached > percent * total).then(|| reached.div_ceil(percent) - total)
    };
    rules.dominance.iter().filter_map(level).max().map(narrowed)
}

/// `p / 100 × x1 - (total - x1 - x2)`: the second unit knows its own part and may take the rest
/// for small.
fn p_percent_level(figure: &Contributions, rules: &Rules) -> Option<u64> {
    let largest = |rank: usize| figure.largest.get(rank).copied().map_or(0, u128::from);
    let rest = u128::from(figure.total).saturating_sub(largest(0) + largest(1));
    let asked = largest(0) * u128::from(rules.p_percent.0);
    let all = u128::from(Percent::ALL);
    (asked > rest * all).then(|| narrowed(asked.div_ceil(all) - rest))
}

/// The room an interval means for a figure; at least one unit both ways, unless it only must not
/// be computable.
fn room(figure: &Contributions, interval: Interval, (rules, level): (&Rules, u64)) -> Room {
    let size = figure.value.unsigned_abs();
    match interval {
        Interval::Exact => Room::default(),
        Interval::Percent(share) => {
            let part = (u128::from(size) * u128::from(share.0)).div_ceil(u128::from(Percent::ALL));
            let part = narrowed(part).max(1);
            Room { up: part, down: part }
        }
        // One below and the others above: a count under the threshold has little below it.
        Interval::Width => Room { up: rules.min_units.saturating_sub(1).max(1), down: 1 },
        Interval::Level => Room { up: level.max(1), down: level.max(1) },
    }
}

fn narrowed(level: u128) -> u64 {
    u64::try_from(level).unwrap_or(u64::MAX)
}

/// Gathers the contributions to one figure, unit by unit: several rows of one unit are one.
#[derive(Clone, Debug, Default)]
pub struct Tally<'a> {
    of_unit: BTreeMap<&'a str, i64>,
    unknown: Vec<i64>,
}

impl<'a> Tally<'a> {
    /// Adds a row.
    pub fn add(&mut self, unit: Option<&'a str>, amount: i64) {
        match unit {
            Some(unit) => *self.of_unit.entry(unit).or_default() += amount,
            None => self.unknown.push(amount),
        }
    }

    /// What the figure is made of, with as many of the largest as `rules` look at.
    #[must_use]
    pub fn contributions(&self, rules: &Rules) -> Contributions {
        let unknown: Vec<i64> = match rules.unknown_unit {
            Unknown::Each => self.unknown.clone(),
            Unknown::One if self.unknown.is_empty() => Vec::new(),
            Unknown::One => vec![self.unknown.iter().sum()],
        };
        let amounts = || self.of_unit.values().chain(&unknown);
        let mut sizes: Vec<u64> = amounts().map(|amount| amount.unsigned_abs()).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        let units = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
        let total = sizes.iter().sum();
        sizes.truncate(rules.dominance.iter().map(|rule| rule.top).fold(2, usize::max));
        let value = amounts().sum();
        Contributions { value, units, total, largest: sizes, is_of_missing_code: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::secrecy::{Intervals, Unit};

    fn rules(min_units: u64, dominance: &[(usize, &str)], p_percent: &str) -> Rules {
        let share = |text: &str| Percent::parse(text).unwrap();
        let rule =
            |(top, percent): &(usize, &str)| Dominance { top: *top, percent: share(percent) };
        Rules {
            unit: Unit::Holding,
            min_units,
            dominance: dominance.iter().map(rule).collect(),
            p_percent: share(p_percent),
            unknown_unit: Unknown::One,
            missing_codes: Missing::Unsafe,
            zero: Zero::Publish,
            k_disclosure: None,
            interval: None,
        }
    }

    fn cell(parts: &[i64]) -> Contributions {
        let names: Vec<String> = (0..parts.len()).map(|place| place.to_string()).collect();
        let mut tally = Tally::default();
        for (name, part) in names.iter().zip(parts) {
            tally.add(Some(name), *part);
        }
        tally.contributions(&rules(1, &[(2, "100")], "0"))
    }

    #[test]
    fn a_dominated_cell_needs_the_level_of_the_handbook() {
        let one = rules(1, &[(1, "85")], "0");
        // 100 / 85 × 300 - 330 = 22.94, in hundredths.
        let found = judge(&cell(&[30_000, 2_000, 1_000]), &one).unwrap();
        assert_eq!((found.status, found.room.up), (Status::B, 2_295));
        assert_eq!(judge(&cell(&[85, 15]), &one), None, "85 % is not over 85 %");
        assert!(judge(&cell(&[851, 149]), &one).is_some());
    }

    #[test]
    fn two_rules_may_disagree_on_a_cell() {
        let parts = cell(&[52_000, 50_000, 8_000]);
        assert_eq!(judge(&parts, &rules(1, &[], "10")), None);
        let two = judge(&parts, &rules(1, &[(2, "90.909")], "0"));
        assert_eq!(two.map(|primary| primary.status), Some(Status::B));
        // 100 / 90.909 × 102,000 - 110,000 = 2,200.11
        assert_eq!(two.unwrap().room, Room { up: 2_201, down: 2_201 });
    }

    #[test]
    fn the_second_unit_may_not_estimate_the_first() {
        // 10 % of 1,000 less the 50 of the others.
        let found = judge(&cell(&[1_000, 400, 50]), &rules(1, &[], "10")).unwrap();
        assert_eq!(found, Primary { status: Status::B, room: Room { up: 50, down: 50 } });
    }

    #[test]
    fn too_few_units_come_before_dominance_and_rooms_add_up() {
        let found = judge(&cell(&[90, 5]), &rules(3, &[(1, "85")], "0")).unwrap();
        // 10 % of 95, and 100 / 85 × 90 - 95 = 10.9.
        assert_eq!(found, Primary { status: Status::A, room: Room { up: 11, down: 11 } });
    }

    #[test]
    fn units_unknown_are_one_or_as_many_as_rows() {
        let mut tally = Tally::default();
        for (unit, amount) in [(None, 5), (None, 7), (Some("a"), 4), (Some("a"), 4)] {
            tally.add(unit, amount);
        }
        let mut rules = rules(3, &[], "0");
        let one = tally.contributions(&rules);
        assert_eq!((one.value, one.units, one.largest.as_slice()), (20, 2, &[12, 8][..]));
        rules.unknown_unit = Unknown::Each;
        assert_eq!(tally.contributions(&rules).units, 3);
    }

    #[test]
    fn zeros_and_missing_codes_are_judged_as_the_rules_say() {
        let mut rules = rules(3, &[], "0");
        let zero = Contributions { units: 1, ..Contributions::default() };
        assert_eq!(judge(&zero, &rules), None);
        rules.zero = Zero::Judge;
        assert!(judge(&zero, &rules).is_some());
        assert_eq!(judge(&Contributions::default(), &rules), None, "nobody is in it");
        let missing = Contributions { is_of_missing_code: true, ..cell(&[4]) };
        assert!(judge(&missing, &rules).is_some());
        rules.missing_codes = Missing::Safe;
        assert_eq!(judge(&missing, &rules), None);
    }

    #[test]
    fn a_count_of_persons_may_be_any_of_as_many_values_as_the_threshold() {
        let mut rules = rules(5, &[], "0");
        rules.unit = Unit::Person;
        let four = Contributions { value: 4, units: 4, total: 4, ..Contributions::default() };
        // From 3 to 8.
        assert_eq!(judge(&four, &rules).unwrap().room, Room { up: 4, down: 1 });
        rules.interval = Some(Intervals { few: Interval::Exact, dominated: Interval::Level });
        assert_eq!(judge(&four, &rules).unwrap().room, Room::default());
    }

    #[test]
    fn a_negative_contribution_has_a_size() {
        let one = rules(1, &[(1, "85")], "0");
        assert!(judge(&cell(&[-90, 5]), &one).is_some());
        assert_eq!(judge(&cell(&[-50, 40]), &one), None);
    }
}
