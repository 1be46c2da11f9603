//! Sets with known answers that are not in the repository: read where `CONUM_DATA` names the
//! folder of shared data, else these tests say nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;

use conum::protect::elimination::{Options, Outcome, protect};
use conum::protect::system::{Builder, Cell, Room, State, System};
use conum::protect::table::{Dimension, Table};
use conum::protect::tree::Tree;

/// What an outsider must not learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Criterion {
    /// A primary figure is no linear combination of published ones.
    Linear,
    /// It may be a little more or a little less: that share in millionths, and at least that much.
    TwoSided(u64, u64),
}

pub(crate) const COUNT: Criterion = Criterion::TwoSided(0, 1);
pub(crate) const TURNOVER: Criterion = Criterion::TwoSided(1, 10);
pub(crate) const TENTH: Criterion = Criterion::TwoSided(100_000, 1);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cost {
    Value,
    Count,
}

/// What a set asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) criterion: Criterion,
    pub(crate) cost: Cost,
}

pub(crate) type Record = BTreeMap<String, String>;

pub(crate) fn data(name: &str) -> Option<Vec<Record>> {
    let path = PathBuf::from(env::var_os("CONUM_DATA")?).join("secrecy").join(name);
    let mut reader = csv::Reader::from_path(path).ok()?;
    let headers = reader.headers().unwrap().clone();
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        headers.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    });
    Some(records.collect())
}

/// Decimals as an integer of that many places.
pub(crate) fn scaled(text: &str, places: usize) -> i64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    assert!(decimals.len() <= places, "{text}");
    format!("{whole}{decimals:0<places$}").parse().unwrap()
}

pub(crate) fn cell(value: i64, is_primary: bool, ask: Ask) -> Cell {
    let cost = match ask.cost {
        Cost::Value => value.unsigned_abs(),
        Cost::Count => 1,
    };
    let room = match ask.criterion {
        Criterion::TwoSided(millionths, least) if is_primary => {
            let share = u128::from(value.unsigned_abs()) * u128::from(millionths);
            let room = u64::try_from(share.div_ceil(1_000_000)).unwrap().max(least);
            Room { up: room, down: room }
        }
        _ => Room::default(),
    };
    let state = if is_primary { State::Primary } else { State::Free };
    Cell { value, cost, state, room, floor: Some(value.min(0)) }
}

/// The tree of columns, the finest first, under `Total`; a code repeated on two levels is one node.
pub(crate) fn tree_of(records: &[Record], columns: &[&str]) -> Tree {
    let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for record in records {
        let mut path: Vec<&str> = columns.iter().map(|column| record[*column].as_str()).collect();
        path.push("Total");
        path.dedup();
        pairs.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
    }
    Tree::new(pairs, []).unwrap()
}

pub(crate) fn dimensions(trees: &[(&str, Tree)]) -> Vec<Dimension> {
    let dimension =
        |(name, tree): &(&str, Tree)| Dimension { name: (*name).to_owned(), tree: tree.clone() };
    trees.iter().map(dimension).collect()
}

/// A table whose totals are in the file; a dimension is named as its column.
pub(crate) fn whole(
    records: &[Record],
    trees: &[(&str, Tree)],
    judge: impl Fn(&Record) -> Cell,
) -> Table {
    let mut table = Table { dimensions: dimensions(trees), cells: BTreeMap::new() };
    for record in records {
        let nodes = trees.iter().map(|(name, tree)| tree.node(&record[*name]).unwrap());
        table.cells.insert(nodes.collect(), judge(record));
    }
    table
}

/// A table whose totals are to be made: what `judge` says of the records of each cell. A dimension
/// stands on the column of its finest codes.
pub(crate) fn totalled(
    records: &[Record],
    trees: &[(&str, &str, Tree)],
    judge: impl Fn(&[&Record]) -> Cell,
) -> Table {
    let mut groups: BTreeMap<Vec<u32>, Vec<&Record>> = BTreeMap::new();
    for record in records {
        let mut keys: Vec<Vec<u32>> = vec![Vec::new()];
        for (_, column, tree) in trees {
            let mut lines = Vec::new();
            let mut node = tree.node(&record[*column]);
            while let Some(known) = node {
                lines.push(known);
                node = tree.parent(known);
            }
            keys = keys
                .iter()
                .flat_map(|key| {
                    lines.iter().map(|node| key.iter().copied().chain([*node]).collect())
                })
                .collect();
        }
        for key in keys {
            groups.entry(key).or_default().push(record);
        }
    }
    let named: Vec<(&str, Tree)> =
        trees.iter().map(|(name, _, tree)| (*name, tree.clone())).collect();
    let cells = groups.into_iter().map(|(key, group)| (key, judge(&group))).collect();
    Table { dimensions: dimensions(&named), cells }
}

/// A count: the sum of a column; primary from 1 to `most`.
pub(crate) fn count(column: &str, most: i64, ask: Ask) -> impl Fn(&[&Record]) -> Cell {
    let column = column.to_owned();
    move |group| {
        let value = group.iter().map(|record| record[&column].parse::<i64>().unwrap()).sum();
        cell(value, (1..=most).contains(&value), ask)
    }
}

pub(crate) fn system(tables: &[Table]) -> System {
    let mut builder = Builder::default();
    for table in tables {
        table.add_to("n", &mut builder);
    }
    builder.finish()
}

/// The small sets, by name, for counts up to 3 (or as the set wants).
pub(crate) fn small(name: &str, ask: Ask) -> Option<System> {
    let set = name.split('/').next().unwrap();
    let records = data(&format!("ssbtools/{set}.csv"))?;
    let flat = |column: &str| tree_of(&records, &[column]);
    let tables = match name {
        "z1" => {
            let trees =
                [("region", "region", flat("region")), ("hovedint", "hovedint", flat("hovedint"))];
            vec![totalled(&records, &trees, count("ant", 3, ask))]
        }
        "d2" | "d2s" => {
            let other = if set == "d2" { "k_group" } else { "size" };
            let by = |column: &str| {
                let trees = [
                    ("region", "region", tree_of(&records, &["region", column])),
                    ("income", "main_income", flat("main_income")),
                ];
                totalled(&records, &trees, count("freq", 3, ask))
            };
            vec![by("county"), by(other)]
        }
        "mun_accidents" => {
            let trees = [("mun", "mun", flat("mun")), ("inj", "inj", flat("inj"))];
            vec![totalled(&records, &trees, count("freq", 3, ask))]
        }
        "paris2025_freq" => {
            let nations = tree_of(&records, &["nation", "continent"]);
            let trees = [("nation", "nation", nations), ("age", "age", flat("age"))];
            vec![totalled(&records, &trees, count("freq", 3, ask))]
        }
        "paris2025_micro" => {
            let judge = |group: &[&Record]| {
                let mut incomes: Vec<i64> =
                    group.iter().map(|record| record["income"].parse().unwrap()).collect();
                incomes.sort_unstable();
                incomes.reverse();
                let rest: i64 = incomes.iter().skip(2).sum();
                cell(incomes.iter().sum(), 10 * rest < incomes[0], ask)
            };
            let nations = tree_of(&records, &["nation", "continent"]);
            let continents = tree_of(&records, &["continent"]);
            vec![
                totalled(&records, &[("nation", "nation", nations)], judge),
                totalled(
                    &records,
                    &[("nation", "continent", continents), ("age", "age", flat("age"))],
                    judge,
                ),
            ]
        }
        "magnitude1/85" | "magnitude1/3" => {
            let judge = |group: &[&Record]| {
                let mut companies: BTreeMap<&str, i64> = BTreeMap::new();
                for record in group {
                    *companies.entry(&record["company"]).or_default() +=
                        scaled(&record["value"], 1);
                }
                let (total, largest) =
                    (companies.values().sum::<i64>(), companies.values().max().unwrap());
                let is_primary = match name {
                    "magnitude1/85" => 100 * largest > 85 * total,
                    _ => companies.len() < 3,
                };
                cell(total, is_primary, ask)
            };
            let sectors = tree_of(&records, &["sector4", "sector2"]);
            let places = tree_of(&records, &["geo", "eu"]);
            let trees = [("sector", "sector4", sectors), ("geo", "geo", places)];
            vec![totalled(&records, &trees, judge)]
        }
        "example1" | "my_km2" => return Some(through_inner_cells(set, &records, ask)),
        _ => panic!("{name}"),
    };
    Some(system(&tables))
}

/// The cases of hand size, by name.
pub(crate) fn by_hand(name: &str, ask: Ask) -> Option<System> {
    let case = |file: &str| data(&format!("smallcases/{file}.csv"));
    let tables = match name {
        "vignette" => {
            let records = case("insee_vignette_ex1")?;
            let flat = |column: &'static str| {
                let codes = records.iter().map(|record| record[column].as_str());
                let codes: BTreeSet<&str> = codes.filter(|code| *code != "Total").collect();
                (column, Tree::flat("Total", codes))
            };
            vec![whole(&records, &["ACTIVITY", "SIZE"].map(flat), |record| {
                let number = |column: &str| record[column].parse::<i64>().unwrap();
                let is_primary = number("N_OBS") < 3 || 100 * number("MAX") > 85 * number("VAL");
                cell(number("VAL"), is_primary, ask)
            })]
        }
        "4x4" => {
            let records = case("sdctable_simpleheuristic_4x4")?;
            let judge = |group: &[&Record]| {
                let value = group.iter().map(|record| record["freq"].parse::<i64>().unwrap()).sum();
                cell(value, group.len() == 1 && group[0]["primary"] == "1", ask)
            };
            let trees = ["v1", "v2"].map(|column| (column, column, tree_of(&records, &[column])));
            vec![totalled(&records, &trees, judge)]
        }
        "issue136" => {
            let records = case("issue136_linked_unsafe")?;
            let by = |column: &str| {
                let trees = [("region", "region", tree_of(&records, &["region", column]))];
                totalled(&records, &trees, count("n", 3, ask))
            };
            vec![by("county"), by("group")]
        }
        "issue135" => {
            let records = case("issue135_three_singletons")?;
            let tree = |column: &'static str| (column, column, tree_of(&records, &[column]));
            vec![totalled(&records, &["var1", "var2"].map(tree), count("value", 2, ask))]
        }
        _ => panic!("{name}"),
    };
    Some(system(&tables))
}

/// What each contributor knows when those of 1 have one each.
pub(crate) fn ones(system: &System) -> Vec<Vec<u32>> {
    let cells = (0..).zip(&system.cells);
    cells.filter(|(_, cell)| cell.value == 1).map(|(place, _)| vec![place]).collect()
}

/// Tables that share no more than their inner cells, which are not published.
fn through_inner_cells(set: &str, records: &[Record], ask: Ask) -> System {
    let most = if set == "example1" { 2 } else { 3 };
    // The codes of each kind of published cell.
    let kinds: Vec<Vec<&str>> = match set {
        "example1" => {
            vec![vec!["eu", "year"], vec!["eu"], vec!["year"], vec![], vec!["age", "geo"]]
        }
        _ => vec![
            vec!["Square250m", "Sex"],
            vec!["Square250m"],
            vec!["Square1000m", "Sex"],
            vec!["Square1000m"],
            vec!["Sex"],
            vec![],
            vec!["Municipality", "Age"],
            vec!["Municipality"],
            vec!["Age"],
        ],
    };
    let mut builder = Builder::default();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        for columns in &kinds {
            let codes = columns.iter().map(|column| format!("{column}={}", record[*column]));
            groups.entry(codes.collect::<Vec<_>>().join("|")).or_default().push(place);
        }
        let value = record["freq"].parse().unwrap();
        let inner = Cell { state: State::Unpublished, ..cell(value, false, ask) };
        builder.cell(format!("inner {place}"), inner);
    }
    for (key, places) in groups {
        let value = places.iter().map(|place| records[*place]["freq"].parse::<i64>().unwrap());
        let value = value.sum();
        builder.cell(key.clone(), cell(value, (1..=most).contains(&value), ask));
        let terms = places.iter().map(|place| (format!("inner {place}"), 1));
        builder.relation(terms.chain([(key, -1)]).collect());
    }
    builder.finish()
}

/// A turnover table of INSEE, by `SIZE` or `CJ`.
pub(crate) fn turnover(dimension: &str, ask: Ask) -> Option<Table> {
    let file = if dimension == "SIZE" { "size" } else { "cj" };
    let records = data(&format!("insee_rtauargus/turnover_act_{file}.csv"))?;
    let levels = data("insee_rtauargus/activity_corr_table.csv")?;
    let others = records.iter().map(|record| record[dimension].as_str());
    let others: BTreeSet<&str> = others.filter(|code| *code != "Total").collect();
    let trees = [
        ("ACTIVITY", tree_of(&levels, &["A88", "A21", "A10"])),
        (dimension, Tree::flat("Total", others)),
    ];
    Some(whole(&records, &trees, |record| {
        let (total, largest) = (scaled(&record["TOT"], 4), scaled(&record["MAX"], 4));
        let units: i64 = record["N_OBS"].parse().unwrap();
        let is_primary = (units > 0 && units < 3)
            || (largest != 0 && i128::from(largest) * 100 > i128::from(total) * 85);
        cell(total, is_primary, ask)
    }))
}

/// The table of four flat dimensions of INSEE.
pub(crate) fn datatest1(ask: Ask) -> Option<Table> {
    let records = data("insee_rtauargus/datatest1.csv")?;
    let flat = |column: &'static str| {
        let codes = records.iter().map(|record| record[column].as_str());
        let codes: BTreeSet<&str> = codes.filter(|code| *code != "Total").collect();
        (column, Tree::flat("Total", codes))
    };
    let trees = ["treff", "cj", "type_distrib", "A10"].map(flat);
    Some(whole(&records, &trees, |record| {
        cell(scaled(&record["pizzas_tot"], 6), record["is_secret_freq"] == "TRUE", ask)
    }))
}

/// Synthetic counts by commune and type, up to 4 primary.
pub(crate) fn territory(name: &str, ask: Ask) -> Option<Table> {
    let records = data(&format!("synthetic_fr/{name}.csv"))?;
    let territories = tree_of(&records, &["commune", "epcidep", "dep", "reg"]);
    let types = tree_of(&records, &["typ"]);
    let trees = [("territory", "commune", territories), ("typ", "typ", types)];
    Some(totalled(&records, &trees, count("freq", 4, ask)))
}

/// Number and value of the secondary cells.
fn secondary(system: &System, outcome: &Outcome) -> (usize, i64) {
    assert!(outcome.unprotected.is_empty());
    assert_eq!(outcome.witnesses.len(), system.primary().count());
    let cells = system.secondary(&outcome.pattern);
    (cells.len(), cells.iter().map(|cell| system.cells[*cell].value.abs()).sum())
}

/// What elimination hides beyond the primary cells, which it must protect.
fn solve(system: &System) -> (usize, i64) {
    secondary(system, &protect(system, &Options::default()))
}

#[test]
fn small_sets_are_solved_at_least_cost() {
    let expected = [
        ("z1", Criterion::Linear, 3, (3, 29)),
        ("d2", Criterion::Linear, 15, (15, 293)),
        ("d2s", Criterion::Linear, 8, (11, 159)),
        ("d2s", COUNT, 8, (10, 161)),
        ("example1", Criterion::Linear, 1, (1, 11)),
        ("mun_accidents", Criterion::Linear, 3, (5, 4)),
        ("mun_accidents", COUNT, 3, (3, 16)),
        ("my_km2", Criterion::Linear, 3, (3, 95)),
        ("paris2025_freq", Criterion::Linear, 4, (4, 23)),
        ("paris2025_micro", Criterion::Linear, 4, (4, 70_520)),
        ("magnitude1/85", Criterion::Linear, 8, (9, 6_130)),
        ("magnitude1/3", Criterion::Linear, 6, (6, 6_055)),
    ];
    for (name, criterion, count, by_value) in expected {
        let Some(system) = small(name, Ask { criterion, cost: Cost::Value }) else { return };
        assert_eq!(solve(&system), by_value, "{name}");
        let system = small(name, Ask { criterion, cost: Cost::Count }).unwrap();
        assert_eq!(solve(&system).0, count, "{name}");
    }
}

#[test]
fn turnover_tables_of_insee_are_solved_at_least_cost() {
    let expected = [
        (&["SIZE"][..], Criterion::Linear, (60, 410_870_036_831)),
        (&["SIZE"], TURNOVER, (60, 410_870_036_831)),
        (&["SIZE"], TENTH, (64, 492_236_401_391)),
        (&["CJ"], Criterion::Linear, (56, 675_626_355_735)),
        (&["CJ"], TURNOVER, (58, 694_927_050_023)),
        (&["SIZE", "CJ"], Criterion::Linear, (110, 975_824_765_761)),
        (&["SIZE", "CJ"], TURNOVER, (112, 995_125_460_049)),
    ];
    for (names, criterion, by_value) in expected {
        let ask = Ask { criterion, cost: Cost::Value };
        let tables: Option<Vec<Table>> = names.iter().map(|name| turnover(name, ask)).collect();
        let Some(tables) = tables else { return };
        assert_eq!(solve(&system(&tables)), by_value, "{names:?} {criterion:?}");
    }
}

#[test]
fn four_dimensions_cost_less_than_the_best_known() {
    let exact = |cost: Cost| datatest1(Ask { criterion: Criterion::Linear, cost });
    let Some(table) = exact(Cost::Value) else { return };
    let (cells, value) = solve(&system(&[table]));
    assert!(cells <= 164 && value <= 21_900_000_000_000, "{cells} {value}");
    assert!(solve(&system(&[exact(Cost::Count).unwrap()])).0 <= 157);
    let tenth = datatest1(Ask { criterion: TENTH, cost: Cost::Count }).unwrap();
    assert!(solve(&system(&[tenth])).0 < 265);
}

#[test]
fn all_communes_are_protected() {
    let ask = Ask { criterion: COUNT, cost: Cost::Value };
    for (name, cells, value) in [("fr53", 315, 8_668), ("frall", 8_305, 167_135)] {
        let Some(table) = territory(name, ask) else { return };
        let found = solve(&system(&[table]));
        assert!(found.0 <= cells && found.1 <= value, "{name} {found:?}");
    }
}

const EXACT: Ask = Ask { criterion: Criterion::Linear, cost: Cost::Value };

/// Keys of the secondary cells of a small case, without the name of the measure.
fn hidden(system: &System) -> Vec<String> {
    let outcome = protect(system, &Options::default());
    assert!(outcome.unprotected.is_empty());
    let keys = system.secondary(&outcome.pattern).into_iter().map(|cell| &system.keys[cell]);
    keys.map(|key| key.trim_start_matches("n|").to_owned()).collect()
}

#[test]
fn a_group_seen_through_two_tables_is_protected_jointly() {
    let Some(system) = by_hand("issue136", EXACT) else { return };
    assert_eq!(hidden(&system), ["region=N"]);
}

#[test]
fn two_hidden_cells_a_line_are_not_enough() {
    let Some(system) = by_hand("4x4", EXACT) else { return };
    assert_eq!(hidden(&system), ["v1=x|v2=d"]);
}

#[test]
fn the_vignette_of_rtauargus_is_solved_as_published() {
    let Some(system) = by_hand("vignette", EXACT) else { return };
    let records = data("smallcases/insee_vignette_ex1.csv").unwrap();
    let status = |key: &str| {
        let known = records.iter().find(|record| {
            key == format!("ACTIVITY={}|SIZE={}", record["ACTIVITY"], record["SIZE"])
        });
        known.map(|record| record["tauargus_status"].clone()).unwrap()
    };
    let found = hidden(&system);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|key| status(key) == "D"), "{found:?}");
}

#[test]
fn who_is_alone_in_a_cell_does_not_compute_that_of_another() {
    let Some(system) = by_hand("issue135", Ask { cost: Cost::Count, ..EXACT }) else { return };
    let insiders = ones(&system);
    let options = Options { insiders: insiders.clone(), ..Options::default() };
    let outcome = protect(&system, &options);
    assert!(outcome.unprotected.is_empty());
    // For who knows a cell it is as good as published.
    for own in insiders {
        let mut known = system.clone();
        for (cell, hidden) in known.cells.iter_mut().zip(&outcome.pattern) {
            if !hidden {
                cell.state = State::Frozen;
            }
        }
        known.cells[own[0] as usize].state = State::Frozen;
        assert!(protect(&known, &Options::default()).unprotected.is_empty());
    }
}
