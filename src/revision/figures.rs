//! The figures of a table in two runs, and what records of each cause come to, become revisions.

use std::collections::{BTreeMap, BTreeSet};

use crate::revision::cause::Cause;
use crate::vocabulary::codes::ENSEMBLE;

/// The rows of a table: figures by key, in the order of its measures.
pub type Rows = BTreeMap<String, Vec<i64>>;

/// What is known of a table in two runs. A row that is not there is one of zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Measures, and whether their parts add up.
    pub measures: Vec<(String, bool)>,
    /// Rows of the run before.
    pub before: Rows,
    /// Rows of this run.
    pub now: Rows,
    /// What the records of each cause add.
    pub parts: BTreeMap<Cause, Rows>,
    /// The cause of what no record explains.
    pub otherwise: Cause,
}

/// A figure that moved, and one of the causes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision {
    /// The row.
    pub key: String,
    /// The measure.
    pub measure: String,
    /// The cause.
    pub cause: Cause,
    /// The figure before.
    pub before: i64,
    /// The figure now.
    pub now: i64,
    /// What it moved by for this cause; not known of a measure whose parts do not add up.
    pub part: Option<i64>,
}

/// The key of a row: its dimensions and their codes, but totals; `ensemble` where all are.
#[must_use]
pub fn key(by: &[String], codes: &[String]) -> String {
    let named = by.iter().zip(codes).filter(|(_, code)| *code != ENSEMBLE);
    let key = named.map(|(name, code)| format!("{name}={code}")).collect::<Vec<_>>().join("|");
    if key.is_empty() { ENSEMBLE.to_owned() } else { key }
}

impl Compared {
    /// The figures that moved, one line for each cause, in order.
    #[must_use]
    pub fn revisions(&self) -> Vec<Revision> {
        let keys: BTreeSet<&String> = self.before.keys().chain(self.now.keys()).collect();
        let mut found = Vec::new();
        for key in keys {
            for (place, (measure, is_sum)) in self.measures.iter().enumerate() {
                let figure = |rows: &Rows| rows.get(key)?.get(place).copied();
                let [before, now] = [&self.before, &self.now].map(|rows| figure(rows).unwrap_or(0));
                if before == now {
                    continue;
                }
                let revision = |cause, part| Revision {
                    key: key.clone(),
                    measure: measure.clone(),
                    cause,
                    before,
                    now,
                    part,
                };
                if *is_sum {
                    let parts = self.parts_of(key, place, now - before).into_iter();
                    found.extend(parts.map(|(cause, part)| revision(cause, Some(part))));
                } else {
                    let causes = self.causes_of(key).into_iter();
                    found.extend(causes.map(|cause| revision(cause, None)));
                }
            }
        }
        found
    }

    /// What the records of each cause add to a figure, and the rest.
    fn parts_of(&self, key: &str, place: usize, by: i64) -> Vec<(Cause, i64)> {
        let parts = self.parts.iter().filter_map(|(cause, rows)| {
            let part = rows.get(key)?.get(place).copied().filter(|part| *part != 0)?;
            Some((*cause, part))
        });
        let mut parts: BTreeMap<Cause, i64> = parts.collect();
        let rest = by - parts.values().sum::<i64>();
        if rest != 0 {
            *parts.entry(self.otherwise).or_default() += rest;
        }
        parts.into_iter().filter(|(_, part)| *part != 0).collect()
    }

    /// The causes of the records of a row.
    fn causes_of(&self, key: &str) -> Vec<Cause> {
        let is_moved = |rows: &Rows| rows.get(key).is_some_and(|row| row.iter().any(|it| *it != 0));
        let moved = self.parts.iter().filter(|(_, rows)| is_moved(rows));
        let causes: Vec<Cause> = moved.map(|(cause, _)| *cause).collect();
        if causes.is_empty() { vec![self.otherwise] } else { causes }
    }
}

/// What figures moved by over several runs, the oldest first: the first figure and the last, and
/// for each cause what it came to.
#[must_use]
pub fn added(runs: impl IntoIterator<Item = Vec<Revision>>) -> Vec<Revision> {
    let mut ends: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    let mut parts: BTreeMap<(String, String, Cause), Option<i64>> = BTreeMap::new();
    for Revision { key, measure, cause, before, now, part } in runs.into_iter().flatten() {
        let of_figure = ends.entry((key.clone(), measure.clone())).or_insert((before, now));
        of_figure.1 = now;
        let known = parts.entry((key, measure, cause)).or_insert(Some(0));
        *known = known.zip(part).map(|(known, part)| known + part);
    }
    let revisions = parts.into_iter().filter_map(|((key, measure, cause), part)| {
        let (before, now) = ends.get(&(key.clone(), measure.clone())).copied()?;
        let is_nothing = part == Some(0) || (part.is_none() && before == now);
        (!is_nothing).then_some(Revision { key, measure, cause, before, now, part })
    });
    revisions.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(of: &[(&str, i64, i64)]) -> Rows {
        of.iter().map(|(key, sum, distinct)| ((*key).to_owned(), vec![*sum, *distinct])).collect()
    }

    fn told(revisions: &[Revision]) -> Vec<String> {
        let line = |it: &Revision| {
            let part = it.part.map_or_else(|| "?".to_owned(), |part| format!("{part:+}"));
            format!(
                "{} {} {} → {}: {} {part}",
                it.key,
                it.measure,
                it.before,
                it.now,
                it.cause.code()
            )
        };
        revisions.iter().map(line).collect()
    }

    #[test]
    fn what_a_figure_moved_by_is_told_by_cause() {
        let compared = Compared {
            measures: vec![("n".to_owned(), true), ("d".to_owned(), false)],
            before: rows(&[("a", 5, 2), ("b", 7, 3), ("c", 1, 1)]),
            now: rows(&[("a", 8, 2), ("b", 7, 4), ("d", 2, 1)]),
            parts: BTreeMap::from([
                (Cause::Arrival, rows(&[("a", 4, 1), ("b", 1, 1), ("d", 2, 1)])),
                (Cause::Deletion, rows(&[("a", -1, 0), ("b", -1, 0)])),
            ]),
            otherwise: Cause::Rule,
        };
        assert_eq!(
            told(&compared.revisions()),
            [
                "a n 5 → 8: arrivee +4",
                "a n 5 → 8: suppression -1",
                "b d 3 → 4: arrivee ?",
                "b d 3 → 4: suppression ?",
                "c n 1 → 0: regle -1",
                "c d 1 → 0: regle ?",
                "d n 0 → 2: arrivee +2",
                "d d 0 → 1: arrivee ?",
            ]
        );
    }

    #[test]
    fn runs_are_added_up_and_what_came_back_is_told_by_its_causes() {
        let one = |cause, before, now| Revision {
            key: "a".to_owned(),
            measure: "n".to_owned(),
            cause,
            before,
            now,
            part: Some(now - before),
        };
        let all = [
            vec![one(Cause::Arrival, 5, 9)],
            vec![one(Cause::Edit, 9, 8)],
            vec![one(Cause::Edit, 8, 9)],
            vec![one(Cause::Deletion, 9, 6)],
        ];
        let found = added(all);
        assert_eq!(told(&found), ["a n 5 → 6: arrivee +4", "a n 5 → 6: suppression -3"]);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_what_moved(
            before in prop::collection::vec(-9_i64..9, 4),
            now in prop::collection::vec(-9_i64..9, 4),
            parts in prop::collection::vec((0_usize..6, 0_usize..4, -9_i64..9), 0..8),
        ) {
            let of = |figures: &[i64]| -> Rows {
                figures.iter().enumerate().map(|(key, it)| (key.to_string(), vec![*it])).collect()
            };
            let mut compared = Compared {
                measures: vec![("n".to_owned(), true)],
                before: of(&before),
                now: of(&now),
                parts: BTreeMap::new(),
                otherwise: Cause::Rule,
            };
            for (cause, key, part) in parts {
                let rows = compared.parts.entry(Cause::ALL[cause]).or_default();
                rows.entry(key.to_string()).or_insert(vec![0])[0] += part;
            }
            for (key, (before, now)) in before.iter().zip(&now).enumerate() {
                let revisions = compared.revisions();
                let of_key = revisions.iter().filter(|it| it.key == key.to_string());
                prop_assert_eq!(of_key.filter_map(|it| it.part).sum::<i64>(), now - before);
            }
        }
    }
}
