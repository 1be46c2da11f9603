//! Posts of the reference day become what a renewal scenario costs, by year and employer type.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::scenario::{Class, Scenario, Start};
use crate::error::{Error, Result};
use crate::vocabulary::codes::ENSEMBLE;

/// Posts that cost the same, are paid for the same and end the same year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Employer type.
    pub kind: String,
    /// Place of their class in the scenario.
    pub class: usize,
    /// Year their agreement ends, where it is known.
    pub agreement_ends: Option<i32>,
}

/// How many posts each group has.
pub type Posts = BTreeMap<Group, i64>;

/// What a year costs for an employer type, or for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The year; none for all years together.
    pub year: Option<i32>,
    /// Employer type, or `ensemble`.
    pub kind: String,
    /// Posts in the year; none for all years, whose posts are mostly the same.
    pub posts: Option<i64>,
    /// Annual cost of the posts, in cents.
    pub cost: i64,
    /// What the State pays of it, in cents.
    pub state: i64,
    /// Posts at risk; none for all years.
    pub at_risk: Option<i64>,
}

impl Line {
    /// What employers have to find elsewhere, in cents.
    #[must_use]
    pub fn cofinancing(&self) -> i64 {
        self.cost - self.state
    }

    fn add(&mut self, other: &Line) {
        self.cost += other.cost;
        self.state += other.state;
        self.posts = self.posts.zip(other.posts).map(|(one, other)| one + other);
        self.at_risk = self.at_risk.zip(other.at_risk).map(|(one, other)| one + other);
    }
}

/// The lines of a scenario: years in order, then all years; types in the order given, then all.
///
/// # Errors
/// When a group is of a class that the scenario does not have.
pub fn project(
    scenario: &Scenario,
    posts: &Posts,
    types: &[(String, String)],
) -> Result<Vec<Line>> {
    let mut lines: BTreeMap<(Option<i32>, &str), Line> = BTreeMap::new();
    let [first, last] = scenario.years;
    for year in first..=last {
        for (group, count) in posts {
            let line = line(scenario, year, (group, *count))?;
            for (year, kind) in [
                (Some(year), group.kind.as_str()),
                (Some(year), ENSEMBLE),
                (None, &group.kind),
                (None, ENSEMBLE),
            ] {
                let of_one_year = year.map(|_| 0);
                let empty = || Line {
                    year,
                    kind: kind.to_owned(),
                    posts: of_one_year,
                    at_risk: of_one_year,
                    ..Line::default()
                };
                lines.entry((year, kind)).or_insert_with(empty).add(&line);
            }
        }
    }
    let mut kinds: Vec<&str> = types.iter().map(|(kind, _)| kind.as_str()).collect();
    // A run may have types that the list has lost since.
    let others: BTreeSet<&str> = posts.keys().map(|group| group.kind.as_str()).collect();
    kinds.extend(others.into_iter().filter(|kind| types.iter().all(|(known, _)| known != kind)));
    kinds.push(ENSEMBLE);
    let years = (first..=last).map(Some).chain([None]);
    let order = years.flat_map(|year| kinds.iter().map(move |kind| (year, *kind)));
    Ok(order.filter_map(|key| lines.get(&key).cloned()).collect())
}

/// What a group of posts costs in a year. Whole per cents of whole euros are whole cents: amounts
/// are not rounded.
fn line(scenario: &Scenario, year: i32, (group, count): (&Group, i64)) -> Result<Line> {
    let class = scenario.class.get(group.class);
    let class = class.ok_or_else(|| Error::internal("a post is of a class of its scenario"))?;
    let renewals = renewals(scenario, year, group.agreement_ends);
    let share = share(scenario, class, renewals);
    let euros = scenario.cost_of(&group.kind);
    let state = euros * share;
    let posts = renewed(count, class.renewed_percent, renewals);
    let is_at_risk = renewals > 0 && is_at_risk(class, share, euros * 100 - state);
    Ok(Line {
        year: Some(year),
        kind: group.kind.clone(),
        posts: Some(posts),
        cost: posts * euros * 100,
        state: posts * state,
        at_risk: Some(if is_at_risk { posts } else { 0 }),
    })
}

/// How often a post was renewed by a year, that year included; 0 while its agreement runs.
fn renewals(scenario: &Scenario, year: i32, agreement_ends: Option<i32>) -> u32 {
    let [first, _] = scenario.years;
    let begins = match (scenario.starts, agreement_ends) {
        (Start::Agreement, Some(ends)) => first.max(ends.saturating_add(1)),
        (Start::Agreement, None) | (Start::Scenario, _) => first,
    };
    u32::try_from(year.saturating_sub(begins).saturating_add(1)).unwrap_or(0)
}

/// The State's share in a renewal year, in per cent.
fn share(scenario: &Scenario, class: &Class, renewals: u32) -> i64 {
    let shares = &class.state_share_percent;
    let Some(place) = renewals.checked_sub(1) else {
        return scenario.agreement_share_percent.unwrap_or_default();
    };
    let named = usize::try_from(place).ok().and_then(|place| shares.get(place));
    named.or(shares.last()).copied().unwrap_or_default()
}

/// How many of some posts are left after that many renewals, rounded half up once.
fn renewed(count: i64, percent: i64, renewals: u32) -> i64 {
    let whole = 100_i128.pow(renewals);
    let left = i128::from(count) * i128::from(percent).pow(renewals);
    i64::try_from((left * 2 + whole) / (whole * 2)).unwrap_or(count)
}

fn is_at_risk(class: &Class, share: i64, cofinancing_cents: i64) -> bool {
    let rule = class.at_risk;
    rule.cofinancing_over_euros.is_some_and(|euros| cofinancing_cents > euros * 100)
        || rule.state_share_under_percent.is_some_and(|least| share < least)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::definition::scenario::Risk;

    fn group(kind: &str, class: usize, agreement_ends: Option<i32>) -> Group {
        Group { kind: kind.to_owned(), class, agreement_ends }
    }

    fn class(shares: &[i64], renewed_percent: i64) -> Class {
        Class { state_share_percent: shares.to_vec(), renewed_percent, ..Class::default() }
    }

    fn scenario() -> Scenario {
        Scenario {
            years: [2026, 2028],
            cost_euros: 40_001,
            class: vec![class(&[70, 50], 100)],
            ..Scenario::default()
        }
    }

    /// Year, posts, cost, State, posts at risk of all types together.
    fn totals(scenario: &Scenario, posts: &Posts) -> Vec<(Option<i32>, [i64; 4])> {
        let lines = project(scenario, posts, &[]).unwrap();
        let of_all = lines.iter().filter(|line| line.kind == ENSEMBLE);
        let cells = |line: &Line| {
            [line.posts.unwrap_or(-1), line.cost, line.state, line.at_risk.unwrap_or(-1)]
        };
        of_all.map(|line| (line.year, cells(line))).collect()
    }

    #[test]
    fn the_last_share_holds_on_and_cents_are_exact() {
        let posts = Posts::from([(group("commune", 0, Some(2030)), 3)]);
        assert_eq!(
            totals(&scenario(), &posts),
            [
                (Some(2026), [3, 12_000_300, 8_400_210, 0]),
                (Some(2027), [3, 12_000_300, 6_000_150, 0]),
                (Some(2028), [3, 12_000_300, 6_000_150, 0]),
                (None, [-1, 36_000_900, 20_400_510, -1]),
            ]
        );
    }

    #[test]
    fn renewals_may_begin_after_the_agreement() {
        let scenario = Scenario {
            starts: Start::Agreement,
            agreement_share_percent: Some(90),
            cost_euros: 100,
            ..scenario()
        };
        let state = |ends| -> Vec<i64> {
            let posts = Posts::from([(group("commune", 0, ends), 1)]);
            totals(&scenario, &posts).iter().map(|(_, cells)| cells[2]).collect()
        };
        assert_eq!(state(Some(2026)), [9_000, 7_000, 5_000, 21_000]);
        assert_eq!(state(Some(2024)), [7_000, 5_000, 5_000, 17_000]);
        assert_eq!(state(None), [7_000, 5_000, 5_000, 17_000]);
    }

    #[test]
    fn a_post_is_at_risk_by_its_cofinancing_or_by_the_share() {
        let with = |at_risk| {
            let class = Class { at_risk, ..class(&[70, 50], 100) };
            let posts = Posts::from([(group("commune", 0, None), 2)]);
            let scenario = Scenario { cost_euros: 40_000, class: vec![class], ..scenario() };
            let at_risk = totals(&scenario, &posts).iter().map(|(_, cells)| cells[3]).collect();
            let at_risk: Vec<i64> = at_risk;
            at_risk
        };
        let over = |euros| Risk { cofinancing_over_euros: Some(euros), ..Risk::default() };
        let under = |share| Risk { state_share_under_percent: Some(share), ..Risk::default() };
        assert_eq!(with(over(12_000)), [0, 2, 2, -1]);
        assert_eq!(with(over(11_999)), [2, 2, 2, -1]);
        assert_eq!(with(under(70)), [0, 2, 2, -1]);
        assert_eq!(with(Risk::default()), [0, 0, 0, -1]);
    }

    #[test]
    fn posts_that_are_not_renewed_go_away() {
        let scenario = Scenario { class: vec![class(&[70], 90)], ..scenario() };
        let posts = Posts::from([(group("commune", 0, None), 15)]);
        let left: Vec<i64> = totals(&scenario, &posts).iter().map(|(_, cells)| cells[0]).collect();
        // 13,5 then 12,15 then 10,935.
        assert_eq!(left, [14, 12, 11, -1]);
    }

    fn any_class() -> impl Strategy<Value = Class> {
        (prop::collection::vec(0..=100_i64, 1..5), 0..=100_i64, any::<[bool; 2]>()).prop_map(
            |(mut shares, renewed, [is_constant, has_rule])| {
                shares.sort_unstable_by(|one, other| other.cmp(one));
                let at_risk =
                    Risk { state_share_under_percent: has_rule.then_some(60), ..Risk::default() };
                Class { at_risk, ..class(&shares, if is_constant { 100 } else { renewed }) }
            },
        )
    }

    fn any_scenario() -> impl Strategy<Value = Scenario> {
        let classes = prop::collection::vec(any_class(), 2);
        (classes, 0..10_i32, 0..1_000_000_i64, any::<bool>()).prop_map(
            |(class, length, cost_euros, is_of_agreement)| Scenario {
                years: [2026, 2026 + length],
                cost_euros,
                class,
                starts: if is_of_agreement { Start::Agreement } else { Start::Scenario },
                agreement_share_percent: is_of_agreement.then_some(100),
                ..Scenario::default()
            },
        )
    }

    fn any_posts() -> impl Strategy<Value = Posts> {
        let one = (0..3_usize, 0..2_usize, prop::option::of(2_020..2_040_i32), 0..5_000_i64);
        prop::collection::vec(one, 0..12).prop_map(|groups| {
            let kinds = ["association", "commune", "epci"];
            let pairs = groups.into_iter();
            pairs
                .map(|(kind, class, ends, count)| (group(kinds[kind], class, ends), count))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn lines_add_up_to_their_totals(scenario in any_scenario(), posts in any_posts()) {
            let lines = project(&scenario, &posts, &[]).unwrap();
            let sum = |lines: &[&Line], of: fn(&Line) -> i64| -> i64 {
                lines.iter().map(|line| of(line)).sum()
            };
            let measures: [fn(&Line) -> i64; 5] = [
                |line| line.cost,
                |line| line.state,
                Line::cofinancing,
                |line| line.posts.unwrap_or_default(),
                |line| line.at_risk.unwrap_or_default(),
            ];
            for total in &lines {
                prop_assert_eq!(total.state + total.cofinancing(), total.cost);
                prop_assert!((0..=total.cost).contains(&total.state));
                prop_assert!(total.at_risk <= total.posts);
                let of_year = |line: &&Line| total.kind == ENSEMBLE
                    && line.kind != ENSEMBLE && line.year == total.year;
                let of_type = |line: &&Line| total.year.is_none()
                    && line.year.is_some() && line.kind == total.kind;
                let of_year: Vec<&Line> = lines.iter().filter(of_year).collect();
                let of_type: Vec<&Line> = lines.iter().filter(of_type).collect();
                for measure in measures.iter().filter(|_| total.kind == ENSEMBLE) {
                    prop_assert_eq!(sum(&of_year, *measure), measure(total));
                }
                for measure in measures.iter().take(3).filter(|_| total.year.is_none()) {
                    prop_assert_eq!(sum(&of_type, *measure), measure(total));
                }
            }
        }

        #[test]
        fn the_state_never_pays_more_than_the_year_before(
            mut scenario in any_scenario(),
            posts in any_posts(),
        ) {
            let falling = totals(&scenario, &posts);
            let years: Vec<i64> = falling.iter().filter(|(year, _)| year.is_some())
                .map(|(_, cells)| cells[2]).collect();
            prop_assert!(years.is_sorted_by(|one, next| one >= next));
            for class in &mut scenario.class {
                class.state_share_percent = vec![100];
            }
            for line in project(&scenario, &posts, &[]).unwrap() {
                prop_assert_eq!(line.cofinancing(), 0);
            }
        }
    }
}
