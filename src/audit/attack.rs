//! What is known becomes what can be computed of the rest, by outsiders and by contributors.
//!
//! Differences of releases, totals less what is published, complements and rates need no attack of
//! their own: [`crate::audit::knowledge`] holds them all as relations.

use crate::audit::component::components;
use crate::audit::deduction::deduce;
use crate::audit::elimination::determined;
use crate::audit::figures::Known;
use crate::audit::graph::Graph;

/// The hidden figures that anyone can compute exactly, sorted. It reads no secret.
#[must_use]
pub fn computable(known: &Known) -> Vec<u32> {
    let mut known = known.clone();
    let mut found = deduce(&mut known);
    for component in components(&known) {
        match Graph::of(&known, &component) {
            Some(graph) => found.extend(graph.bridges()),
            None => found.extend(determined(&known, &component)),
        }
    }
    found.sort_unstable();
    found
}

/// What a contributor who knows `own` figures, whose true values are in `truth`, can compute
/// besides, sorted.
#[must_use]
pub fn computable_by(known: &Known, truth: &[i64], own: &[u32]) -> Vec<u32> {
    let mut his = known.clone();
    for figure in own {
        his.show(*figure, truth[*figure as usize]);
    }
    computable(&his)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::knowledge::Knowledge;
    use crate::audit::release::{Measure, Relation, Release, Row, Sums, Table};
    use crate::audit::test_support::{flat, hide, table};

    /// A table of two parts, as (first, second, what is hidden of them).
    fn release(name: &str, counts: [i64; 2], hidden: &[&str]) -> Release {
        let records = [(vec![0], counts[0]), (vec![1], counts[1])];
        let tables = vec![table(&[(0, flat("a", 2))], &records)];
        let mut release = Release { name: name.into(), tables, ..Release::default() };
        hide(&mut release, |key, _| hidden.contains(&key));
        release
    }

    fn names(knowledge: &Knowledge) -> Vec<&str> {
        let found = computable(&knowledge.known);
        found.iter().map(|figure| knowledge.keys[*figure as usize].as_str()).collect()
    }

    #[test]
    fn a_total_less_what_is_published_gives_the_rest() {
        let one = release("1", [3, 8], &["n|a=a0"]);
        let knowledge = Knowledge::of(&[one], (0, i64::MAX)).unwrap();
        assert_eq!(names(&knowledge), ["n|a=a0"]);
    }

    #[test]
    fn what_one_release_shows_another_does_not_hide() {
        let past = release("1", [3, 8], &[]);
        let now = release("2", [3, 8], &["n|a=a0", "n|a=a1"]);
        let knowledge = Knowledge::of(&[past, now], (0, i64::MAX)).unwrap();
        assert!(knowledge.known.is_shown(knowledge.figure("n|a=a0").unwrap()));
    }

    #[test]
    fn two_releases_give_what_changed_between_them() {
        let both = ["n|a=a0", "n|a=a1"];
        let knowledge = Knowledge::of(
            &[release("1", [3, 8], &both), release("2", [3, 9], &both)],
            (0, i64::MAX),
        )
        .unwrap();
        // The total shows that one activity is new; that only the second part changed is known to
        // whoever knows which figures did.
        assert_eq!(names(&knowledge), ["n|a=a1@1.."]);
        let figure = |key: &str| knowledge.truth[knowledge.figure(key).unwrap() as usize];
        assert_eq!([figure("n|a=a1@1.."), figure("n|a=a1@1"), figure("n|a=a1")], [1, 8, 9]);
    }

    #[test]
    fn a_contributor_who_knows_his_own_figure_computes_the_other() {
        let one = release("1", [3, 8], &["n|a=a0", "n|a=a1"]);
        let knowledge = Knowledge::of(&[one], (0, i64::MAX)).unwrap();
        let [own, other] = ["n|a=a0", "n|a=a1"].map(|key| knowledge.figure(key).unwrap());
        assert!(names(&knowledge).is_empty());
        assert_eq!(computable_by(&knowledge.known, &knowledge.truth, &[own]), [other]);
    }

    #[test]
    fn a_measure_that_moves_with_another_gives_it_away() {
        let mut one = release("1", [3, 8], &["n|a=a0", "n|a=a1"]);
        let mut other = one.tables[0].clone();
        other.measures[0].name = "m".into();
        for row in &mut other.rows {
            row.values = vec![Some(if row.codes[0] == "T" { 13 } else { 4 })];
        }
        other.rows.retain(|row| row.codes[0] != "a1");
        one.tables.push(other);
        let apart = Knowledge::of(&[one.clone()], (0, 0)).unwrap();
        assert!(names(&apart).is_empty());
        one.bonds = vec![("n".into(), "m".into())];
        let bound = Knowledge::of(&[one], (0, 0)).unwrap();
        assert_eq!(names(&bound), ["n|a=a0", "n|a=a1"]);
    }

    #[test]
    fn the_rate_of_a_hidden_figure_gives_it_away() {
        let measure = |name: &str, sums: Sums| Measure { name: name.into(), floor: Some(0), sums };
        let rows = vec![Row { codes: vec!["a0".into()], values: vec![None, Some(8), Some(38)] }];
        let rate = Relation::Rate { rate: 2, numerator: 0, denominator: 1, scale: 100 };
        let released = |relations: Vec<Relation>| Release {
            name: "1".into(),
            tables: vec![Table {
                name: "t".into(),
                dimensions: vec![flat("a", 1)],
                measures: vec![
                    measure("part", Sums::Exact),
                    measure("all", Sums::Exact),
                    measure("rate", Sums::Unrelated),
                ],
                relations,
                rows: rows.clone(),
            }],
            bonds: Vec::new(),
            secrets: [("part|a=a0".into(), 3), ("rate|a=a0".into(), 38)].into(),
        };
        let with = Knowledge::of(&[released(vec![rate])], (0, 0)).unwrap();
        let truth = |figure: u32| with.truth[figure as usize];
        let part = with.figure("part|a=a0").unwrap();
        let mut search = crate::audit::search::Search::new(&with.known, &with.truth);
        let ways = [1, -1].map(|by| search.push(part, by, &|_| false));
        assert_eq!((truth(part), ways.map(|found| found.by)), (3, [0, 0]));
    }
}
