//! Contributions become the figures that must not be known, and how near nobody may come.
//!
//! Counted again from who contributed what, not read from the engines. All tests are in integers.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::release::Dimension;

/// The thresholds of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Fewer units make a figure sensitive; 0 for no such rule.
    pub units_min: usize,
    /// A figure of 1 to less than this is sensitive: a count of persons. 0 for no such rule.
    pub count_min: i64,
    /// `(n, k)`: the n largest units hold more than k thousandths of a percent (85 %: 85,000).
    pub dominance: Vec<(usize, u32)>,
    /// What the two largest leave is less than so many percent of the largest; 0 for no such rule.
    pub p_percent: u32,
    /// Dimensions of persons' traits: a total whose persons all share one code is sensitive.
    pub traits: BTreeSet<String>,
    /// Codes that say nothing of anyone, if any is held to.
    pub safe_codes: BTreeSet<String>,
}

/// 100 % in thousandths of a percent.
const ALL: i128 = 100_000;

/// What a unit contributes to the narrowest figure that counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// A code for each dimension.
    pub codes: Vec<String>,
    /// The unit: a holding, not its establishments. All that is unknown is one.
    pub unit: Option<String>,
    /// What it contributes.
    pub amount: i64,
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
    /// All persons share one code.
    SharedTrait,
}

/// A sensitive figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitive {
    /// Why.
    pub reasons: BTreeSet<Reason>,
    /// How far from it others must be possible, both ways where its floor allows; 0 when it only
    /// must not be computable.
    pub level: i64,
}

/// The sensitive figures of a table over `dimensions`, totals and all, by their codes.
#[must_use]
pub fn sensitive(
    dimensions: &[Dimension],
    contributions: &[Contribution],
    thresholds: &Thresholds,
) -> BTreeMap<Vec<String>, Sensitive> {
    let mut cells: BTreeMap<Vec<String>, BTreeMap<Option<&str>, i64>> = BTreeMap::new();
    for contribution in contributions {
        for codes in above(dimensions, &contribution.codes) {
            let amount = cells.entry(codes).or_default().entry(contribution.unit.as_deref());
            *amount.or_default() += contribution.amount;
        }
    }
    let is_safe = |codes: &[String]| codes.iter().any(|code| thresholds.safe_codes.contains(code));
    let mut sensitive: BTreeMap<Vec<String>, Sensitive> = BTreeMap::new();
    for (codes, units) in cells.iter().filter(|(codes, _)| !is_safe(codes)) {
        let units: Vec<i64> = units.values().copied().filter(|amount| *amount != 0).collect();
        let judged = judge(units, thresholds);
        if !judged.reasons.is_empty() {
            sensitive.insert(codes.clone(), judged);
        }
    }
    for (place, dimension) in dimensions.iter().enumerate() {
        if !thresholds.traits.contains(&dimension.name) {
            continue;
        }
        let mut parts: BTreeMap<Vec<String>, Vec<&Vec<String>>> = BTreeMap::new();
        for codes in cells.keys() {
            if let Some(parent) = dimension.parents.get(&codes[place]) {
                let mut total = codes.clone();
                total[place].clone_from(parent);
                parts.entry(total).or_default().push(codes);
            }
        }
        for (total, parts) in parts {
            if let ([part], false) = (parts.as_slice(), is_safe(&total)) {
                for codes in [&total, *part] {
                    let shared = sensitive.entry(codes.clone()).or_default();
                    shared.reasons.insert(Reason::SharedTrait);
                }
            }
        }
    }
    sensitive
}

/// Judges one figure by what its units contribute.
#[must_use]
pub fn judge(mut units: Vec<i64>, thresholds: &Thresholds) -> Sensitive {
    let mut judged = Sensitive::default();
    units.iter_mut().for_each(|amount| *amount = amount.abs());
    units.sort_unstable_by(|one, other| other.cmp(one));
    let total: i128 = units.iter().map(|amount| i128::from(*amount)).sum();
    if total == 0 {
        return judged;
    }
    let top = |number: usize| units.iter().take(number).map(|one| i128::from(*one)).sum::<i128>();
    if units.len() < thresholds.units_min || total < i128::from(thresholds.count_min) {
        judged.reasons.insert(Reason::Few);
    }
    let mut level = 0;
    for (number, share) in thresholds.dominance.iter().copied() {
        let share = i128::from(share);
        if share > 0 && ALL * top(number) > share * total {
            judged.reasons.insert(Reason::Dominance);
            // 100/k of what the largest hold, less the total; rounded up.
            level = level.max((ALL * top(number) + share - 1) / share - total);
        }
    }
    let percent = i128::from(thresholds.p_percent);
    let (rest, largest) = (total - top(2), top(1));
    if 100 * rest < percent * largest {
        judged.reasons.insert(Reason::PPercent);
        level = level.max((percent * largest + 99) / 100 - rest);
    }
    judged.level = i64::try_from(level).unwrap_or(i64::MAX);
    judged
}

/// Codes and all that they are part of.
fn above(dimensions: &[Dimension], codes: &[String]) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for (dimension, code) in dimensions.iter().zip(codes) {
        let mut chain = vec![code];
        while let Some(parent) = chain.last().and_then(|code| dimension.parents.get(*code)) {
            if chain.contains(&parent) {
                break;
            }
            chain.push(parent);
        }
        let longer = all.iter().flat_map(|codes| {
            chain.iter().map(|code| codes.iter().chain([*code]).cloned().collect())
        });
        all = longer.collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::test_support::flat;

    fn check(units: &[i64], thresholds: &Thresholds, reasons: &[Reason], level: i64) {
        let judged = judge(units.to_vec(), thresholds);
        assert_eq!(judged.reasons.into_iter().collect::<Vec<_>>(), reasons, "{units:?}");
        assert_eq!(judged.level, level, "{units:?}");
    }

    #[test]
    fn tests_are_strict_and_exact() {
        let few = Thresholds { units_min: 3, ..Thresholds::default() };
        check(&[1, 1], &few, &[Reason::Few], 0);
        check(&[1, 1, 1], &few, &[], 0);
        check(&[], &few, &[], 0);
        let count = Thresholds { count_min: 5, ..Thresholds::default() };
        check(&[4], &count, &[Reason::Few], 0);
        check(&[2, 3], &count, &[], 0);
        let dominance = Thresholds { dominance: vec![(1, 85_000)], ..Thresholds::default() };
        check(&[85, 15], &dominance, &[], 0);
        check(&[86, 14], &dominance, &[Reason::Dominance], 2);
        check(&[-86, 14], &dominance, &[Reason::Dominance], 2);
        let percent = Thresholds { p_percent: 10, ..Thresholds::default() };
        check(&[100, 50, 10], &percent, &[], 0);
        check(&[100, 50, 9], &percent, &[Reason::PPercent], 1);
        check(&[7], &percent, &[Reason::PPercent], 1);
    }

    #[test]
    fn the_units_of_a_total_are_those_of_its_parts_each_once() {
        let dimensions = [flat("a", 2), flat("sex", 2)];
        let contribution = |a: &str, sex: &str, unit: Option<&str>, amount| Contribution {
            codes: vec![a.into(), sex.into()],
            unit: unit.map(Into::into),
            amount,
        };
        let contributions = [
            contribution("a0", "sex0", Some("x"), 2),
            contribution("a1", "sex0", Some("x"), 2),
            contribution("a1", "sex1", Some("y"), 1),
            contribution("a1", "sex1", None, 1),
            contribution("a1", "sex1", None, 1),
        ];
        let units = Thresholds { units_min: 3, ..Thresholds::default() };
        let found = sensitive(&dimensions, &contributions, &units);
        let codes = |codes: [&str; 2]| codes.map(String::from).to_vec();
        assert!(!found.contains_key(&codes(["T", "T"])));
        assert!(!found.contains_key(&codes(["a1", "T"])));
        assert!(found.contains_key(&codes(["T", "sex0"])));
        let traits = Thresholds { traits: ["sex".into()].into(), ..Thresholds::default() };
        let found = sensitive(&dimensions, &contributions, &traits);
        let found: Vec<_> = found.into_keys().collect();
        assert_eq!(found, [codes(["a0", "T"]), codes(["a0", "sex0"])]);
    }
}
