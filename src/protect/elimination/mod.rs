//! Any system of figures and relations becomes a pattern that protects its primary figures.
//!
//! 1. [`part`] splits the system into components; each is solved alone.
//! 2. [`circuits`] publishes the candidates one by one unless a primary figure would be computable.
//! 3. [`intervals`] also leaves room around it, where room is asked: [`attacker`] looks how far it
//!    can be moved.
//! 4. The order decides the cost: [`search`] tries several, one of them from [`relaxation`], and
//!    keeps the cheapest pattern.
//! 5. [`insiders`] do not compute what outsiders do not, and [`explain`] names the frozen figures
//!    that give a primary one away.
//!
//! Every primary figure gets two *witnesses*: whole changes of hidden figures that no relation
//! forbids, one that raises it and one that lowers it. They, not the engine, are the proof: neither
//! a prime nor a float can be wrong about a sum of integers.

pub mod attacker;
pub mod circuits;
pub mod explain;
pub mod field;
pub mod insiders;
pub mod intervals;
pub mod part;
pub mod relaxation;
pub mod room;
pub mod search;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::protect::elimination::part::Part;
use crate::protect::elimination::search::Found;
use crate::protect::system::{Cell, Pattern, System};

/// By how much it costs less to hide what the last release hid.
const PREFERENCE: u64 = 16;

/// What a release may ask beyond the safety of its primary figures.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sets of figures that one contributor knows: their own. Who knows such a set must not be able
    /// to compute a primary figure outside it.
    pub insiders: Vec<Vec<u32>>,
    /// What the last release hid, or nothing: to hide it again costs little.
    pub preferred: Pattern,
    /// How many perturbed orders are tried. With none, the order of costs is the only one, and no
    /// relaxation is solved: the largest systems are.
    pub orders: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { insiders: Vec::new(), preferred: Vec::new(), orders: 16 }
    }
}

/// Changes of figures; what is not named does not change. Places are those of the system's cells.
pub type Change = Vec<(u32, i64)>;

/// Why a primary figure is safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The figure.
    pub cell: u32,
    /// A change that raises it.
    pub up: Change,
    /// A change that lowers it.
    pub down: Change,
}

/// A primary figure that no pattern protects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unprotected {
    /// The figure.
    pub cell: u32,
    /// Frozen figures that determine it: none of them can be left out of the computation.
    pub frozen: Vec<u32>,
}

/// What to hide, and why that is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Which figures are hidden.
    pub pattern: Pattern,
    /// What the secondary ones cost.
    pub cost: u64,
    /// No pattern costs less.
    pub bound: u64,
    /// One for each primary figure that is protected, by figure.
    pub witnesses: Vec<Witness>,
    /// The release is to be held back if there is any, by figure.
    pub unprotected: Vec<Unprotected>,
    /// Primary figures that a contributor can compute whatever else is hidden; sorted.
    pub open_to_insiders: Vec<u32>,
}

/// Hides what it takes.
#[must_use]
pub fn protect(system: &System, options: &Options) -> Outcome {
    let (cells, rows) = part::extended(system);
    let known = part::known(&cells, &rows);
    let parts = part::parts(&cells, &rows, &known);
    let solved: Vec<Found> = parts.par_iter().map(|part| solve(part, options)).collect();
    let mut outcome = Outcome { pattern: system.forbidden(), ..Outcome::default() };
    let mut lost: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut safe: BTreeMap<u32, Witness> = BTreeMap::new();
    for (part, found) in parts.iter().zip(solved) {
        outcome.cost += part.cost(&found.hidden);
        outcome.bound += found.bound;
        for (place, hidden) in part.places.iter().zip(&found.hidden) {
            if let Some(shown) = outcome.pattern.get_mut(*place as usize) {
                *shown = *hidden;
            }
        }
        let open = found.open_to_insiders.iter().map(|cell| part.places[*cell as usize]);
        outcome.open_to_insiders.extend(open);
        for (task, change) in found.done {
            let cell = part.places[task.cell as usize];
            let Some(change) = change else {
                lost.entry(cell)
                    .or_insert_with(|| explain::explain(part, task, &cells, &rows, &known));
                continue;
            };
            let witness =
                safe.entry(cell).or_insert_with(|| Witness { cell, ..Witness::default() });
            let change = change.into_iter().map(|(cell, by)| (part.places[cell as usize], by));
            // Slacks of inequalities are no figures.
            let change = change.filter(|(cell, _)| (*cell as usize) < system.cells.len());
            let change: Change = change.collect();
            if task.room == 0 {
                witness.down = change.iter().map(|(cell, by)| (*cell, -by)).collect();
            }
            if task.way > 0.0 { witness.up = change } else { witness.down = change }
        }
    }
    // Who is known whatever happens is not protected either.
    for cell in system.primary().filter(|cell| known[*cell]) {
        lost.insert(u32::try_from(cell).unwrap_or(u32::MAX), Vec::new());
    }
    outcome.open_to_insiders.sort_unstable();
    safe.retain(|cell, _| !lost.contains_key(cell));
    outcome.witnesses = safe.into_values().collect();
    outcome.unprotected =
        lost.into_iter().map(|(cell, frozen)| Unprotected { cell, frozen }).collect();
    outcome
}

fn solve(part: &Part, options: &Options) -> Found {
    let cost = |(cell, place): (&Cell, &u32)| {
        let was_hidden = options.preferred.get(*place as usize).copied().unwrap_or(false);
        if was_hidden { cell.cost / PREFERENCE } else { cell.cost }
    };
    let costs: Vec<u64> = part.cells.iter().zip(&part.places).map(cost).collect();
    let mut found = search::search(part, &costs, options.orders);
    let own = |set: &Vec<u32>| -> Vec<u32> {
        let places = set.iter().filter_map(|place| part.places.binary_search(place).ok());
        let mut own: Vec<u32> = places.filter_map(|place| u32::try_from(place).ok()).collect();
        own.sort_unstable();
        own
    };
    let insiders: Vec<Vec<u32>> = options.insiders.iter().map(own).collect();
    let insiders: Vec<Vec<u32>> = insiders.into_iter().filter(|own| !own.is_empty()).collect();
    found.open_to_insiders = insiders::guard(part, &costs, &insiders, &mut found);
    if found.done.is_empty() {
        found.done = search::witnesses(part, &found.hidden);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protect::system::{Builder, Room, State};

    /// Rows and columns of small tables.
    const ROWS: usize = 3;
    const COLUMNS: usize = 2;

    /// What each kind of figure is the sum of: inner cells, totals of rows and of columns, of the
    /// first two rows in each column, of these, and of all.
    fn sums() -> Vec<(String, Vec<usize>)> {
        let inner = |row: usize, column: usize| row * COLUMNS + column;
        let all: Vec<usize> = (0..ROWS * COLUMNS).collect();
        let mut sums: Vec<(String, Vec<usize>)> =
            all.iter().map(|cell| (format!("inner {cell}"), vec![*cell])).collect();
        for row in 0..ROWS {
            let cells = (0..COLUMNS).map(|column| inner(row, column)).collect();
            sums.push((format!("row {row}"), cells));
        }
        for column in 0..COLUMNS {
            let cells = |rows: usize| (0..rows).map(|row| inner(row, column)).collect();
            sums.push((format!("column {column}"), cells(ROWS)));
            sums.push((format!("group {column}"), cells(2)));
        }
        sums.push(("group".into(), (0..2 * COLUMNS).collect()));
        sums.push(("total".into(), all));
        sums
    }

    fn linked(values: &[i64], states: &[(State, u64)], room: Room) -> System {
        let mut builder = Builder::default();
        let sums = sums();
        for ((key, cells), (state, cost)) in sums.iter().zip(states) {
            let value = cells.iter().map(|cell| values[*cell]).sum();
            let room = if *state == State::Primary { room } else { Room::default() };
            let cell = Cell { value, cost: *cost, state: *state, room, floor: Some(0) };
            builder.cell(key, cell);
        }
        let mut relation = |total: &str, parts: &[String]| {
            let parts = parts.iter().map(|part| (part.clone(), 1));
            builder.relation(parts.chain([(total.to_owned(), -1)]).collect());
        };
        for row in 0..ROWS {
            let parts = (0..COLUMNS).map(|column| format!("inner {}", row * COLUMNS + column));
            relation(&format!("row {row}"), &parts.collect::<Vec<_>>());
        }
        for column in 0..COLUMNS {
            let inner = |row: usize| format!("inner {}", row * COLUMNS + column);
            relation(&format!("group {column}"), &[inner(0), inner(1)]);
            relation(&format!("column {column}"), &[format!("group {column}"), inner(2)]);
        }
        let of = |name: &str, count: usize| -> Vec<String> {
            (0..count).map(|place| format!("{name} {place}")).collect()
        };
        relation("group", &of("group", COLUMNS));
        relation("group", &of("row", 2));
        relation("total", &of("row", ROWS));
        relation("total", &of("column", COLUMNS));
        builder.finish()
    }

    /// For each primary figure, whether it can be more and less, by all tables up to a maximum.
    fn by_enumeration(system: &System, pattern: &[bool], most: i64) -> Vec<(usize, bool, bool)> {
        let sums = sums();
        let places: Vec<usize> = sums.iter().map(|(key, _)| system.cell(key).unwrap()).collect();
        let mut found: Vec<(usize, bool, bool)> =
            system.primary().map(|cell| (cell, false, false)).collect();
        let mut inner = [0_i64; ROWS * COLUMNS];
        loop {
            let mut values = vec![0; system.cells.len()];
            for ((_, cells), place) in sums.iter().zip(&places) {
                values[*place] = cells.iter().map(|cell| inner[*cell]).sum::<i64>();
            }
            let agrees = |cell: usize| pattern[cell] || values[cell] == system.cells[cell].value;
            if (0..values.len()).all(agrees) {
                for (cell, more, less) in &mut found {
                    *more |= values[*cell] > system.cells[*cell].value;
                    *less |= values[*cell] < system.cells[*cell].value;
                }
            }
            let Some(next) = inner.iter().position(|value| *value < most) else {
                return found;
            };
            inner[..next].fill(0);
            inner[next] += 1;
        }
    }

    fn assert_witness(system: &System, pattern: &[bool], cell: u32, change: &Change, floors: bool) {
        let mut changes = vec![0_i64; system.cells.len()];
        for (cell, by) in change {
            assert!(pattern[*cell as usize], "published");
            changes[*cell as usize] = *by;
        }
        assert!(changes[cell as usize] != 0);
        for row in system.relations.iter() {
            let sum = row.iter().map(|(cell, sign)| changes[*cell as usize] * i64::from(*sign));
            assert_eq!(sum.sum::<i64>(), 0);
        }
        if floors {
            assert!(system.cells.iter().zip(changes).all(|(cell, by)| cell.value + by >= 0));
        }
    }

    fn state() -> impl Strategy<Value = State> {
        prop_oneof![
            6 => Just(State::Free),
            3 => Just(State::Primary),
            1 => Just(State::Frozen),
            1 => Just(State::Unpublished),
        ]
    }

    /// A table of two rows and three columns, all of it free but for the states given.
    fn two_by_three(states: &[(&str, State)]) -> System {
        let mut builder = Builder::default();
        let state = |key: &str| {
            states.iter().find(|(known, _)| *known == key).map_or(State::Free, |known| known.1)
        };
        let keys = ["a1", "a2", "a3", "a", "b1", "b2", "b3", "b", "1", "2", "3", "all"];
        for (key, value) in keys.into_iter().zip([4_i64, 5, 6, 15, 7, 8, 9, 24, 11, 13, 15, 39]) {
            let cost = value.unsigned_abs();
            builder.cell(key, Cell { value, cost, state: state(key), ..Cell::default() });
        }
        let sums = [
            ["a1", "a2", "a3", "a"].as_slice(),
            &["b1", "b2", "b3", "b"],
            &["a1", "b1", "1"],
            &["a2", "b2", "2"],
            &["a3", "b3", "3"],
            &["a", "b", "all"],
            &["1", "2", "3", "all"],
        ];
        for sum in sums {
            let last = sum.len() - 1;
            let sign = |place: usize| if place == last { -1 } else { 1 };
            let terms = sum.iter().enumerate().map(|(place, key)| ((*key).to_owned(), sign(place)));
            builder.relation(terms.collect());
        }
        builder.finish()
    }

    fn hidden(system: &System, options: &Options) -> Vec<String> {
        let pattern = protect(system, options).pattern;
        let keys = system.keys.iter().zip(pattern).filter(|(_, hidden)| *hidden);
        keys.map(|(key, _)| key.clone()).collect()
    }

    #[test]
    fn the_cheapest_rectangle_protects_a_figure() {
        let system = two_by_three(&[("a1", State::Primary)]);
        let outcome = protect(&system, &Options::default());
        assert_eq!(hidden(&system, &Options::default()), ["a1", "a2", "b1", "b2"]);
        assert_eq!((outcome.cost, outcome.bound), (20, 20));
        let cell = |key: &str| u32::try_from(system.cell(key).unwrap()).unwrap();
        let up = [("a1", 1), ("a2", -1), ("b1", -1), ("b2", 1)].map(|(key, by)| (cell(key), by));
        assert_eq!(outcome.witnesses[0].up, up);
    }

    #[test]
    fn what_the_last_release_hid_is_hidden_again() {
        let system = two_by_three(&[("a1", State::Primary)]);
        let preferred =
            system.keys.iter().map(|key| ["a1", "a3", "b1", "b3"].contains(&key.as_str()));
        let options = Options { preferred: preferred.collect(), ..Options::default() };
        assert_eq!(hidden(&system, &options), ["a1", "a3", "b1", "b3"]);
    }

    #[test]
    fn who_knows_a_figure_of_a_rectangle_does_not_compute_the_others() {
        let system = two_by_three(&[("a1", State::Primary), ("b2", State::Primary)]);
        assert_eq!(hidden(&system, &Options::default()), ["a1", "a2", "b1", "b2"]);
        let own = vec![u32::try_from(system.cell("b2").unwrap()).unwrap()];
        let options = Options { insiders: vec![own], ..Options::default() };
        assert_eq!(hidden(&system, &options), ["a1", "a2", "a3", "b1", "b2", "b3"]);
    }

    #[test]
    fn frozen_figures_that_give_a_primary_one_away_are_named() {
        let frozen = ["a2", "a3", "a", "2"].map(|key| (key, State::Frozen));
        let states: Vec<_> = frozen.into_iter().chain([("a1", State::Primary)]).collect();
        let system = two_by_three(&states);
        let outcome = protect(&system, &Options::default());
        assert!(outcome.witnesses.is_empty());
        let frozen = outcome.unprotected[0].frozen.iter();
        let named: Vec<&str> = frozen.map(|cell| system.keys[*cell as usize].as_str()).collect();
        assert_eq!(named, ["a", "a2", "a3"]);
    }

    #[test]
    fn parts_of_a_published_zero_are_known() {
        let mut builder = Builder::default();
        let zero = Cell { floor: Some(0), ..Cell::default() };
        builder.cell("a", Cell { state: State::Primary, ..zero });
        builder.cell("b", zero);
        builder.cell("sum", Cell { state: State::Frozen, ..zero });
        builder.relation([("a", 1), ("b", 1), ("sum", -1)].map(|(a, b)| (a.into(), b)).into());
        let outcome = protect(&builder.finish(), &Options::default());
        assert_eq!(outcome.unprotected, [Unprotected { cell: 0, frozen: Vec::new() }]);
    }

    #[test]
    fn an_inequality_binds_what_it_holds_together() {
        let mut builder = Builder::default();
        let cell =
            |value: i64, state: State| Cell { value, state, floor: Some(0), ..Cell::default() };
        let room = Room { up: 1, down: 1 };
        builder.cell("all", cell(10, State::Free));
        builder.cell("theme", Cell { room, ..cell(10, State::Primary) });
        builder.cell("other", cell(3, State::Free));
        // A theme is at most all; here it is all, and so it can only be more if all can.
        builder.inequality(vec![("all".into(), 1), ("theme".into(), -1)]);
        builder.relation(vec![("all".into(), 1), ("other".into(), 1), ("sum".into(), -1)]);
        builder.cell("sum", cell(13, State::Free));
        let system = builder.finish();
        let outcome = protect(&system, &Options::default());
        assert!(outcome.unprotected.is_empty());
        assert!(outcome.pattern[system.cell("all").unwrap()]);
    }

    #[test]
    fn threads_do_not_change_the_outcome() {
        let states = [("a1", State::Primary), ("b2", State::Primary), ("3", State::Primary)];
        let system = two_by_three(&states);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| protect(&system, &Options::default()))
        };
        assert_eq!(on(1), on(4));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn what_is_protected_can_be_more_and_less_and_what_is_not_cannot(
            values in prop::collection::vec(0..4_i64, ROWS * COLUMNS),
            states in prop::collection::vec((state(), 0..20_u64), 15),
        ) {
            let system = linked(&values, &states, Room { up: 1, down: 1 });
            let outcome = protect(&system, &Options::default());
            for witness in &outcome.witnesses {
                assert_witness(&system, &outcome.pattern, witness.cell, &witness.up, true);
                if system.cells[witness.cell as usize].value > 0 {
                    assert_witness(&system, &outcome.pattern, witness.cell, &witness.down, true);
                }
            }
            let open: Vec<bool> =
                system.cells.iter().map(|cell| cell.state != State::Frozen).collect();
            let best = by_enumeration(&system, &open, 6);
            for (cell, more, less) in best {
                let place = u32::try_from(cell).unwrap();
                let lost = outcome.unprotected.iter().any(|lost| lost.cell == place);
                let safe = more && (less || system.cells[cell].value == 0);
                prop_assert_eq!(lost, !safe, "{} {:?} {:?}", &system.keys[cell], more, less);
            }
            prop_assert!(outcome.cost >= outcome.bound || !outcome.unprotected.is_empty());
        }

        #[test]
        fn no_primary_figure_is_a_combination_of_published_ones(
            values in prop::collection::vec(0..4_i64, ROWS * COLUMNS),
            states in prop::collection::vec((state(), 0..20_u64), 15),
        ) {
            let system = linked(&values, &states, Room::default());
            let outcome = protect(&system, &Options::default());
            for witness in &outcome.witnesses {
                assert_witness(&system, &outcome.pattern, witness.cell, &witness.up, false);
                assert_witness(&system, &outcome.pattern, witness.cell, &witness.down, false);
            }
            let told = outcome.witnesses.len() + outcome.unprotected.len();
            prop_assert_eq!(told, system.primary().count());
        }

        #[test]
        fn who_knows_figures_computes_no_other(
            values in prop::collection::vec(0..4_i64, ROWS * COLUMNS),
            states in prop::collection::vec((state(), 0..20_u64), 15),
            mates in prop::collection::vec(0..15_usize, 15),
        ) {
            let system = linked(&values, &states, Room::default());
            let primary: Vec<usize> = system.primary().collect();
            let own = |cell: &usize| {
                let mate = primary[mates[*cell] % primary.len()];
                [*cell, mate].map(|cell| u32::try_from(cell).unwrap()).to_vec()
            };
            let insiders: Vec<Vec<u32>> = primary.iter().map(own).collect();
            let options = Options { insiders: insiders.clone(), ..Options::default() };
            let outcome = protect(&system, &options);
            let lost: Vec<u32> = outcome.unprotected.iter().map(|lost| lost.cell).collect();
            for own in insiders {
                // What is published and what they know is frozen: nothing is left to choose.
                let mut known = system.clone();
                for (place, cell) in (0..).zip(&mut known.cells) {
                    if !outcome.pattern[place as usize] || own.contains(&place) {
                        cell.state = State::Frozen;
                    } else if cell.state == State::Free {
                        cell.state = State::Unpublished;
                    }
                    // Whether a figure is a combination of others does not depend on floors.
                    cell.floor = None;
                }
                for exposed in protect(&known, &Options::default()).unprotected {
                    let told = lost.contains(&exposed.cell)
                        || outcome.open_to_insiders.contains(&exposed.cell);
                    prop_assert!(told, "{}", &system.keys[exposed.cell as usize]);
                }
            }
        }
    }
}
