//! Contributions become the figures that must not be known, and how near nobody may come.
//!
//! Judged again from who contributed what and from the policy: no rule is read from the engines.
//! All tests are in integers.

use std::collections::BTreeSet;

use crate::definition::secrecy::{Interval, Missing, Percent, Rules, Unit};

/// Who makes up a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The figure.
    pub value: i64,
    /// Units that contribute to it.
    pub units: u64,
    /// Sum of what each contributes, without its sign.
    pub total: u64,
    /// The largest of these, in falling order.
    pub largest: Vec<u64>,
    /// Persons it counts, where that is known; else each of it is one.
    pub persons: Option<u64>,
    /// Whether one of its codes says that the code is missing.
    pub is_of_missing_code: bool,
    /// Whether it counts all persons of a group, of whom it tells a trait.
    pub is_whole_group: bool,
}

/// Why a figure is sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Too few units, or persons.
    Few,
    /// One or a few units hold too much of it.
    Dominance,
    /// The second largest unit can tell the largest too well.
    PPercent,
    /// All persons of a group share a trait.
    SharedTrait,
}

/// A sensitive figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitive {
    /// Why.
    pub reasons: BTreeSet<Reason>,
    /// How far above it others must be possible; 0 both ways when it only must not be computable.
    pub up: i64,
    /// How far below, where its floor allows.
    pub down: i64,
}

impl Sensitive {
    fn add(&mut self, reason: Reason, (up, down): (i128, i128)) {
        let narrowed = |room: i128| i64::try_from(room).unwrap_or(i64::MAX);
        self.reasons.insert(reason);
        self.up = self.up.max(narrowed(up));
        self.down = self.down.max(narrowed(down));
    }
}

/// Judges a figure by sets of rules, all of which hold; nothing where it may be known.
#[must_use]
pub fn judge<'a>(parts: &Parts, rules: impl IntoIterator<Item = &'a Rules>) -> Option<Sensitive> {
    let mut judged = Sensitive::default();
    rules.into_iter().for_each(|rules| judge_by(parts, rules, &mut judged));
    (!judged.reasons.is_empty()).then_some(judged)
}

fn judge_by(parts: &Parts, rules: &Rules, judged: &mut Sensitive) {
    if parts.is_whole_group && rules.hides_groups() {
        judged.add(Reason::SharedTrait, (1, 1));
    }
    if parts.is_of_missing_code && rules.missing_codes == Missing::Safe {
        return;
    }
    let size = parts.value.unsigned_abs();
    let (units, total, largest) = match rules.unit {
        Unit::Holding | Unit::Structure => (parts.units, parts.total, parts.largest.as_slice()),
        // Who contributes is not told person by person.
        Unit::Person => (parts.persons.unwrap_or(size), size, [].as_slice()),
    };
    let (total, all) = (i128::from(total), i128::from(Percent::ALL));
    let room = |interval: Interval, level: i128| match interval {
        Interval::Exact => (0, 0),
        Interval::Percent(share) => {
            let part = parted(i128::from(size) * i128::from(share.0), all).max(1);
            (part, part)
        }
        Interval::Width => ((i128::from(rules.min_units) - 1).max(1), 1),
        Interval::Level => (level.max(1), level.max(1)),
    };
    let intervals = rules.intervals();
    if units < rules.min_units && (units > 0 || size > 0) {
        judged.add(Reason::Few, room(intervals.few, 1));
    }
    let top = |number: usize| largest.iter().take(number).map(|one| i128::from(*one)).sum::<i128>();
    for rule in &rules.dominance {
        // 100/k of what the largest hold, less the total.
        let (held, share) = (all * top(rule.top), i128::from(rule.percent.0));
        if share > 0 && held > share * total {
            judged.add(Reason::Dominance, room(intervals.dominated, parted(held, share) - total));
        }
    }
    let (rest, close) = (total - top(2), i128::from(rules.p_percent.0) * top(1));
    if close > all * rest {
        judged.add(Reason::PPercent, room(intervals.dominated, parted(close, all) - rest));
    }
}

/// A quotient, rounded up.
fn parted(sum: i128, by: i128) -> i128 {
    (sum + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::secrecy::{Dominance, Intervals};

    fn rules(min_units: u64, dominance: &[(usize, &str)], p_percent: &str) -> Rules {
        let percent = |text: &str| Percent::parse(text).unwrap();
        let rule = |(top, share): &(usize, &str)| Dominance { top: *top, percent: percent(share) };
        Rules {
            dominance: dominance.iter().map(rule).collect(),
            p_percent: percent(p_percent),
            ..Rules::bare(min_units, Some(Interval::Level))
        }
    }

    fn parts(amounts: &[u64]) -> Parts {
        let total = amounts.iter().sum();
        Parts {
            value: i64::try_from(total).unwrap(),
            units: u64::try_from(amounts.len()).unwrap(),
            total,
            largest: amounts.to_vec(),
            ..Parts::default()
        }
    }

    fn check(amounts: &[u64], rules: &Rules, reasons: &[Reason], room: i64) {
        let judged = judge(&parts(amounts), [rules]).unwrap_or_default();
        assert_eq!(judged.reasons.into_iter().collect::<Vec<_>>(), reasons, "{amounts:?}");
        assert_eq!((judged.up, judged.down), (room, room), "{amounts:?}");
    }

    #[test]
    fn tests_are_strict_and_exact() {
        let few = rules(3, &[], "0");
        check(&[1, 1], &few, &[Reason::Few], 1);
        check(&[1, 1, 1], &few, &[], 0);
        check(&[], &few, &[], 0);
        let dominance = rules(1, &[(1, "85")], "0");
        check(&[85, 15], &dominance, &[], 0);
        check(&[86, 14], &dominance, &[Reason::Dominance], 2);
        let percent = rules(1, &[], "10");
        check(&[100, 50, 10], &percent, &[], 0);
        check(&[100, 50, 9], &percent, &[Reason::PPercent], 1);
        check(&[7], &percent, &[Reason::PPercent], 1);
    }

    #[test]
    fn persons_are_counted_and_a_group_of_one_trait_tells_of_each() {
        let persons = Rules { unit: Unit::Person, interval: None, ..rules(5, &[(1, "85")], "0") };
        let nine = Parts { persons: Some(4), ..parts(&[9]) };
        let judged = judge(&nine, [&persons]).unwrap();
        assert_eq!((judged.up, judged.down), (4, 1), "four of the nine came before");
        assert_eq!(judge(&parts(&[9]), [&persons]), None);
        let group = Parts { is_whole_group: true, ..parts(&[9]) };
        assert!(judge(&group, [&persons]).unwrap().reasons.contains(&Reason::SharedTrait));
        assert_eq!(judge(&group, [&rules(1, &[], "0")]), None);
    }

    #[test]
    fn all_sets_of_rules_hold_and_the_widest_room_is_asked_for() {
        let tenth = Interval::Percent(Percent(10 * Percent::ONE));
        let interval = Some(Intervals { few: tenth, dominated: Interval::Exact });
        let one = Rules { interval, ..rules(3, &[(1, "85")], "0") };
        let other = rules(1, &[(1, "50")], "0");
        let judged = judge(&parts(&[95, 5]), [&one, &other]).unwrap();
        assert_eq!(judged.reasons.len(), 2);
        assert_eq!(judged.up, 90, "twice 95, less 100");
        let safe = Rules { missing_codes: Missing::Safe, ..one };
        let missing = Parts { is_of_missing_code: true, ..parts(&[95, 5]) };
        assert_eq!(judge(&missing, [&safe]), None);
    }
}
