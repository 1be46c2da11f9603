//! Large tables of territory by type, from where `CONUM_DATA` names their folder.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;

use conum::protect::network::{Network, Outcome, Ways, insiders, protect};
use conum::protect::system::State;
use conum::protect::tree::Tree;

#[path = "../../benches/secrecy/linked.rs"]
mod linked;

use linked::{Inner, calendar, three_way};

const COLUMNS: u32 = 9;

fn read(name: &str) -> Option<(Tree, Vec<Inner>)> {
    let path = PathBuf::from(env::var_os("CONUM_DATA")?).join("secrecy/synthetic_fr").join(name);
    let mut pairs = BTreeSet::new();
    let mut counts = Vec::new();
    for record in csv::Reader::from_path(path).ok()?.into_records() {
        let record = record.unwrap();
        let above = ["commune", "epcidep", "dep", "reg"].len();
        for level in 0..above {
            let parent = if level + 1 < above { &record[level + 1] } else { "FR" };
            pairs.insert((record[level].to_owned(), parent.to_owned()));
        }
        let column: u32 = record[4][1..].parse().unwrap();
        counts.push((record[0].to_owned(), column, record[5].parse().unwrap()));
    }
    let pairs = pairs.iter().map(|(child, parent)| (child.as_str(), parent.as_str()));
    let tree = Tree::new(pairs, []).unwrap();
    let places: BTreeMap<&str, u32> = tree.codes().iter().map(String::as_str).zip(0..).collect();
    let inner = counts.iter().map(|(code, column, count)| (places[code.as_str()], *column, *count));
    Some((tree.clone(), inner.collect()))
}

fn network(name: &str, slices: Tree) -> Option<Network> {
    let (territory, inner) = read(name)?;
    Some(linked::linked(territory, COLUMNS, &inner, slices, 5))
}

fn one() -> Tree {
    Tree::new([], ["all"]).unwrap()
}

/// Number and value of the secondary cells.
fn loss(network: &Network, outcome: &Outcome) -> (usize, u64) {
    let cells = network.states.iter().zip(&network.values).zip(&outcome.hidden);
    let secondary = cells.filter(|((state, _), hidden)| **state == State::Free && **hidden);
    secondary.fold((0, 0), |(cells, values), ((_, value), _)| (cells + 1, values + value))
}

/// Additions only: each primary cell has a witness, and nothing published forbids it; no cell sinks
/// below the floor. Gives the number of primary cells above the floor that have witnesses for one
/// way only.
fn check(network: &Network, outcome: &Outcome) -> usize {
    let (territory, slices) = (&network.territory, &network.slices);
    let primary = network.states.iter().filter(|state| **state == State::Primary).count();
    assert_eq!(outcome.unprotected, []);
    let figures = u32::try_from(territory.len()).unwrap() * network.columns;
    let changes = |witness| outcome.witnesses.changes(witness);
    let mut ways: BTreeMap<u32, BTreeSet<i64>> = BTreeMap::new();
    for (cell, witness) in outcome.witnesses.primary() {
        let (_, by) = changes(witness).find(|(moved, _)| *moved == cell).unwrap();
        let ways = ways.entry(cell).or_default();
        ways.insert(by);
        ways.extend(outcome.witnesses.is_both_ways(witness).then_some(-by));
    }
    assert_eq!(ways.len(), primary);
    for witness in 0..u32::try_from(outcome.witnesses.len()).unwrap() {
        let change: BTreeMap<u32, i64> = changes(witness).collect();
        let mut sums: BTreeMap<(char, u32), i64> = BTreeMap::new();
        for (cell, by) in &change {
            let sinks = *by < 0 || outcome.witnesses.is_both_ways(witness);
            let least = network.floor + u64::from(sinks);
            assert!(outcome.hidden[*cell as usize] && network.values[*cell as usize] >= least);
            assert!(by.abs() == 1 && network.states[*cell as usize] != State::Frozen);
            let (slice, figure) = (cell / figures, cell % figures);
            let (place, column) = (figure / network.columns, figure % network.columns);
            let row = cell - column;
            *sums.entry(('r', row)).or_default() += if column == 0 { -by } else { *by };
            if let Some(above) = territory.parent(place) {
                let above = network.cell(slice, above, column);
                *sums.entry(('t', above)).or_default() += by;
            }
            if !territory.children(place).is_empty() {
                *sums.entry(('t', *cell)).or_default() -= by;
            }
            if let Some(above) = slices.parent(slice) {
                *sums.entry(('s', network.cell(above, place, column))).or_default() += by;
            }
            if !slices.children(slice).is_empty() {
                *sums.entry(('s', *cell)).or_default() -= by;
            }
        }
        assert!(sums.values().all(|sum| *sum == 0));
    }
    let above = |cell: u32| network.values[cell as usize] > network.floor;
    ways.iter().filter(|(cell, ways)| above(**cell) && ways.len() == 1).count()
}

#[test]
fn regions_and_france_lose_no_more_than_they_must() {
    // Most cells and their value at the cost of value; the same where each cell costs 24 more.
    let targets = [
        ("fr53.csv", (315, 8_668), (301, 8_991)),
        ("fr3.csv", (995, 22_868), (948, 24_136)),
        ("frall.csv", (8_305, 167_135), (8_305, 167_135)),
    ];
    for (name, by_value, by_count) in targets {
        let Some(mut table) = network(name, one()) else { return };
        let outcome = protect(&table);
        assert_eq!(check(&table, &outcome), 0);
        let (cells, value) = loss(&table, &outcome);
        assert!(cells <= by_value.0 && value <= by_value.1, "{name}: {cells} cells, {value}");
        table.costs.iter_mut().for_each(|cost| *cost += 24);
        let (cells, value) = loss(&table, &protect(&table));
        assert!(cells <= by_count.0 && value <= by_count.1, "{name}: {cells} cells, {value}");
    }
}

#[test]
fn where_hidden_means_not_zero_a_primary_cell_is_not_computable_either() {
    // Most cells and their value where primary cells above 1 must be able to go either way; the
    // same for both ways, and the cells that cannot whatever is hidden.
    let targets = [
        ("fr53.csv", (330, 8_900), (414, 10_147), 12),
        ("fr3.csv", (1_085, 23_900), (1_409, 31_293), 44),
        ("frall.csv", (7_600, 160_000), (9_888, 201_508), 270),
    ];
    for (name, either, both, one_way) in targets {
        let Some(table) = network(name, one()) else { return };
        for (ways, most) in [(Ways::Either, either), (Ways::Both, both)] {
            let table = Network { floor: 1, ways, ..table.clone() };
            let outcome = protect(&table);
            let found = check(&table, &outcome);
            assert!(ways == Ways::Either || found == one_way);
            let (cells, value) = loss(&table, &outcome);
            assert!(cells <= most.0 && value <= most.1, "{name}: {cells} cells, {value}");
        }
    }
}

#[test]
fn who_is_alone_in_a_cell_of_one_computes_no_other() {
    for (floor, ways) in [(0, Ways::Both), (1, Ways::Both), (1, Ways::Either)] {
        let Some(mut table) = network("fr53.csv", one()) else { return };
        (table.floor, table.ways) = (floor, ways);
        table.contributors = insiders::ones(&table);
        insiders_compute_nothing(&table);
    }
}

fn insiders_compute_nothing(table: &Network) {
    let outcome = protect(table);
    check(table, &outcome);
    assert_eq!(outcome.known_to, []);
    let mut its: BTreeMap<(u32, Option<usize>), Vec<u32>> = BTreeMap::new();
    for (cell, witness) in outcome.witnesses.primary() {
        its.entry((cell, None)).or_default().push(witness);
    }
    for (cell, who, witness) in outcome.witnesses.for_contributors() {
        its.entry((cell, Some(who))).or_default().push(witness);
    }
    let primary: BTreeSet<u32> = outcome.witnesses.primary().map(|(cell, _)| cell).collect();
    for (number, known) in table.contributors.iter().enumerate() {
        for cell in primary.iter().filter(|cell| !known.contains(cell)) {
            let its = [None, Some(number)].into_iter().filter_map(|who| its.get(&(*cell, who)));
            assert!(its.flatten().any(|witness| {
                let mut moved = outcome.witnesses.changes(*witness).map(|(moved, _)| moved);
                moved.all(|moved| !known.contains(&moved))
            }));
        }
    }
}

#[test]
fn months_of_a_year_are_protected_together() {
    for (floor, ways) in [(0, Ways::Both), (1, Ways::Both), (1, Ways::Either)] {
        let Some(table) = network("fr53.csv", calendar(1)) else { return };
        let table = Network { floor, ways, ..table };
        check(&table, &protect(&table));
    }
}

#[test]
fn a_three_way_table_is_protected() {
    let table = three_way();
    assert_eq!(table.values.len(), 148_140);
    check(&table, &protect(&table));
}
