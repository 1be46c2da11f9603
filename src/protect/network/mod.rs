//! A table of territory × one classification, alone or in linked slices, becomes a protected one.
//!
//! 1. [`graph`]: each figure is an edge between the two relations it stands in.
//! 2. [`circuits`]: months, quarters and years (or the parts and total of a third dimension): how
//!    a change in one slice is made good in others.
//! 3. [`labels`] tells which hidden figures are computable, [`search`] finds the cheapest cycle
//!    through one, and [`hide`] hides cycles until no primary figure is computable.
//! 4. [`insiders`] does so for each contributor, who knows cells of his own; [`cleanup`] and
//!    [`exchange`] publish again what is not needed or can be had for less.
//! 5. [`rooms`] widens intervals where that is asked, [`witness`] proves the result, and [`cuts`]
//!    says what gives away a figure that cannot be protected.
//!
//! Where zeros are published a hidden figure is known to be 1 or more. Then a 1 only rises, and
//! [`proofs`] keeps for each primary figure a change by which it rises and, if it is more than 1,
//! one by which it sinks, as far as there are any; or one of these, where [`Ways`] says so.
//!
//! One slice is judged exactly. Between slices a change is the same cycle in all slices of a
//! circuit: what that protects is safe, as its witness shows; a figure that only a less regular
//! change would protect counts as unprotected.

pub(crate) mod circuits;
pub(crate) mod cleanup;
pub(crate) mod cuts;
pub(crate) mod exchange;
pub(crate) mod family;
pub(crate) mod graph;
pub(crate) mod hide;
pub mod insiders;
pub(crate) mod labels;
pub(crate) mod proofs;
pub(crate) mod rooms;
pub(crate) mod search;
pub(crate) mod views;
pub mod witness;

use rayon::prelude::*;

use crate::protect::network::circuits::families;
use crate::protect::network::cleanup::clean_up;
use crate::protect::network::cuts::giving_away;
use crate::protect::network::exchange::exchange;
use crate::protect::network::family::Family;
use crate::protect::network::hide::hide;
use crate::protect::network::insiders::hide_from_insiders;
use crate::protect::network::rooms::make_rooms;
use crate::protect::network::witness::{Witnesses, witnesses};
use crate::protect::system::{Pattern, Room, State};
use crate::protect::tree::Tree;

/// A table of counts with all its totals. The cell of a slice, territory and column is at
/// `(slice × territories + territory) × columns + column`.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The territories; those without parts have a row whose columns add up.
    pub territory: Tree,
    /// Number of columns. Column 0 is the total of the others; alone, there are no others.
    pub columns: u32,
    /// The slices, such as months, quarters and years: a parent is the sum of its parts.
    pub slices: Tree,
    /// The values: not negative, and additive.
    pub values: Vec<u64>,
    /// What may be done with each cell. A zero is published whatever its state.
    pub states: Vec<State>,
    /// What hiding each cell costs as a secondary one. 0 makes it as good as hidden: that is for
    /// the cells that the last release hid.
    pub costs: Vec<u64>,
    /// The cells in which each contributor is alone, so that he knows them: see [`insiders::ones`].
    pub contributors: Vec<Vec<u32>>,
    /// How far outsiders must remain from primary cells, where not being computable is not enough.
    pub rooms: Vec<(u32, Room)>,
    /// What everyone knows that a hidden cell is at least: 1 where published zeros tell that what
    /// is hidden is none, else 0.
    pub floor: u64,
    /// Which ways a primary cell above the floor must be able to go.
    pub ways: Ways,
}

/// Which ways a primary cell must be able to go. Where nothing is known but that no cell is less
/// than 0, it is the same: a cell that can go one way can go the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// It may be more, and it may be less where that is possible at all.
    #[default]
    Both,
    /// One is enough: it is not computable.
    Either,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Which cells are hidden.
    pub hidden: Pattern,
    /// The proof that primary cells are not computable.
    pub witnesses: Witnesses,
    /// The proof that primary cells have the room they need; by cell.
    pub rooms: Vec<Proof>,
    /// The primary cells that cannot be protected; by cell.
    pub unprotected: Vec<Unprotected>,
    /// Primary cells that a contributor can compute all the same, and his number; ascending.
    pub known_to: Vec<(u32, usize)>,
    /// Primary cells that cannot have the room they need; ascending.
    pub narrow: Vec<u32>,
}

/// A primary cell that others give away.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unprotected {
    /// The cell.
    pub cell: u32,
    /// The frozen cells of its slice that it is a signed sum of: none of them may be left out.
    /// None where relations alone give it away, or floors, or only several slices together.
    pub frozen: Vec<u32>,
}

/// What may happen to a primary cell: zero in every relation, and no cell sinks below its floor.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The cell.
    pub cell: u32,
    /// A change by which it rises as much as it must be able to.
    pub up: Vec<(u32, i64)>,
    /// A change by which it sinks as much as it must be able to.
    pub down: Vec<(u32, i64)>,
}

/// Hides what protects the primary cells of a table.
#[must_use]
pub fn protect(network: &Network) -> Outcome {
    let families = families(&network.slices);
    let parts = families.par_iter().map(|slices| protect_family(network, slices));
    let parts: Vec<Outcome> = parts.collect();
    let mut outcome = Outcome {
        hidden: vec![false; network.values.len()],
        witnesses: Witnesses::new(network.figures()),
        ..Outcome::default()
    };
    for (part, slices) in parts.into_iter().zip(families) {
        let figures = network.figures() as usize;
        for (place, slice) in slices.into_iter().enumerate() {
            let hidden = &mut outcome.hidden[slice as usize * figures..][..figures];
            hidden.copy_from_slice(&part.hidden[place * figures..][..figures]);
        }
        outcome.witnesses.append(part.witnesses);
        outcome.rooms.extend(part.rooms);
        outcome.unprotected.extend(part.unprotected);
        outcome.known_to.extend(part.known_to);
        outcome.narrow.extend(part.narrow);
    }
    outcome.rooms.sort_unstable();
    outcome.unprotected.sort_unstable();
    outcome.known_to.sort_unstable();
    outcome.narrow.sort_unstable();
    outcome
}

/// The same for slices that are tied to each other; what is hidden is that of these slices only.
fn protect_family(network: &Network, slices: &[u32]) -> Outcome {
    let figures = network.figures();
    let (family, first) = Family::new(network, slices);
    let mut weights = first.clone();
    hide(&family, &mut weights);
    hide_from_insiders(&family, &mut weights);
    clean_up(&family, &mut weights, &first);
    // Over many slices it gains next to nothing, and takes as long as all the rest.
    if slices.len() == 1 && exchange(&family, &mut weights, &first) {
        clean_up(&family, &mut weights, &first);
    }
    let (rooms, narrow) = make_rooms(network, &family, &mut weights);
    let (witnesses, none, known_to) = witnesses(&family, &weights, figures);
    let mut outcome = Outcome { witnesses, rooms, narrow, ..Outcome::default() };
    outcome.hidden = vec![false; slices.len() * figures as usize];
    for (place, weight) in weights.iter().enumerate() {
        let (edge, slice) = family.at(place);
        let figure = family.graph.figures[edge as usize] as usize;
        outcome.hidden[slice as usize * figures as usize + figure] = *weight == 0;
    }
    for (edge, slice) in none {
        let frozen = giving_away(&family, &first, (edge, slice)).into_iter();
        let frozen = frozen.map(|edge| family.cell(figures, (edge, slice))).collect();
        let cell = family.cell(figures, (edge, slice));
        outcome.unprotected.push(Unprotected { cell, frozen });
    }
    // Who can compute what all can is no news.
    let known_to = known_to.iter().map(|(place, who)| (family.cell(figures, *place), *who));
    let is_news = |(cell, _): &(u32, usize)| {
        outcome.unprotected.iter().all(|unprotected| unprotected.cell != *cell)
    };
    outcome.known_to = known_to.filter(is_news).collect();
    outcome
}

impl Network {
    /// The place of a cell.
    #[must_use]
    pub fn cell(&self, slice: u32, territory: u32, column: u32) -> u32 {
        slice * self.figures() + territory * self.columns + column
    }

    fn figures(&self) -> u32 {
        u32::try_from(self.territory.len()).unwrap_or(u32::MAX) * self.columns
    }

    fn is_primary(&self, cell: u32) -> bool {
        self.states[cell as usize] == State::Primary && self.values[cell as usize] > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// The table of inner values, in the order of slices, territories and columns without parts.
    fn table(territory: &Tree, columns: u32, slices: &Tree, inner: &[u64]) -> Network {
        let mut inner = inner.iter();
        let mut values = Vec::new();
        let parts: Vec<u32> = if columns == 1 { vec![0] } else { (1..columns).collect() };
        let leaves: Vec<(u32, u32)> = slices
            .leaves()
            .flat_map(|slice| territory.leaves().map(move |place| (slice, place)))
            .collect();
        let drawn = leaves
            .iter()
            .flat_map(|(slice, place)| parts.iter().map(move |column| (*slice, *place, *column)));
        let drawn: Vec<_> = drawn.map(|at| (at, *inner.next().unwrap_or(&0))).collect();
        let within = |tree: &Tree, part: u32, whole: u32| tree.up(part).any(|node| node == whole);
        for slice in slices.nodes() {
            for place in territory.nodes() {
                for column in 0..columns {
                    let counts = drawn.iter().filter(|((s, p, c), _)| {
                        within(slices, *s, slice)
                            && within(territory, *p, place)
                            && (column == 0 || *c == column)
                    });
                    values.push(counts.map(|(_, value)| *value).sum());
                }
            }
        }
        let state = |value: &u64| if *value < 3 { State::Primary } else { State::Free };
        let (states, costs) = (values.iter().map(state).collect(), values.clone());
        let (territory, slices) = (territory.clone(), slices.clone());
        Network { territory, columns, slices, values, states, costs, ..Network::default() }
    }

    /// Whether values, by cell, are zero in each relation.
    fn adds_up(network: &Network, value: impl Fn(u32) -> i64) -> bool {
        let (territory, slices) = (&network.territory, &network.slices);
        let at = |slice: u32, place: u32, column: u32| {
            value(slice * network.figures() + place * network.columns + column)
        };
        slices.nodes().all(|slice| {
            territory.nodes().all(|place| {
                let row = (1..network.columns).map(|column| at(slice, place, column)).sum::<i64>();
                (network.columns == 1 || row == at(slice, place, 0))
                    && (0..network.columns).all(|column| {
                        let whole = at(slice, place, column);
                        let parts = territory.children(place).iter();
                        let parts: Vec<i64> = parts.map(|part| at(slice, *part, column)).collect();
                        let times = slices.children(slice).iter();
                        let times: Vec<i64> = times.map(|part| at(*part, place, column)).collect();
                        (parts.is_empty() || parts.iter().sum::<i64>() == whole)
                            && (times.is_empty() || times.iter().sum::<i64>() == whole)
                    })
            })
        })
    }

    fn primary(network: &Network) -> Vec<u32> {
        let cells = 0..u32::try_from(network.values.len()).unwrap();
        cells.filter(|cell| network.is_primary(*cell)).collect()
    }

    fn unprotected(outcome: &Outcome) -> Vec<u32> {
        outcome.unprotected.iter().map(|unprotected| unprotected.cell).collect()
    }

    /// Additions only: each primary cell has a witness or is said to have none.
    fn check(network: &Network, outcome: &Outcome) {
        let mut open: Vec<u32> = unprotected(outcome);
        for (cell, witness) in outcome.witnesses.primary() {
            assert!(outcome.witnesses.changes(witness).any(|(moved, by)| moved == cell && by != 0));
            open.push(cell);
        }
        open.sort_unstable();
        open.dedup();
        assert_eq!(open, primary(network));
        for witness in 0..u32::try_from(outcome.witnesses.len()).unwrap() {
            let changes: Vec<(u32, i64)> = outcome.witnesses.changes(witness).collect();
            for (cell, change) in &changes {
                let cell = *cell as usize;
                assert!(outcome.hidden[cell] && network.states[cell] != State::Frozen);
                if *change < 0 || outcome.witnesses.is_both_ways(witness) {
                    assert!(network.values[cell] >= change.unsigned_abs() + network.floor);
                }
            }
            let of =
                |cell| changes.iter().filter(|(moved, _)| *moved == cell).map(|(_, by)| by).sum();
            assert!(adds_up(network, of));
        }
    }

    /// Whether a cell is known to be able to sink and to rise.
    fn moves(outcome: &Outcome, cell: u32, witnesses: impl Iterator<Item = u32>) -> (bool, bool) {
        let mut moves = (false, false);
        for witness in witnesses {
            let both = outcome.witnesses.is_both_ways(witness);
            for (_, by) in outcome.witnesses.changes(witness).filter(|(moved, _)| *moved == cell) {
                moves = (moves.0 || by < 0 || both, moves.1 || by > 0 || both);
            }
        }
        moves
    }

    fn floors() -> impl Strategy<Value = (u64, Ways)> {
        select(vec![(0, Ways::Both), (1, Ways::Both), (1, Ways::Either)])
    }

    /// In how many ways primary cells can move.
    fn moving(outcome: &Outcome) -> usize {
        let mut ways: Vec<(u32, bool)> = Vec::new();
        for (cell, witness) in outcome.witnesses.primary() {
            let (sinks, rises) = moves(outcome, cell, [witness].into_iter());
            ways.extend(sinks.then_some((cell, false)));
            ways.extend(rises.then_some((cell, true)));
        }
        ways.sort_unstable();
        ways.dedup();
        ways.len()
    }

    /// The least and greatest value of each cell in all tables that agree with what is published.
    fn enumerate(network: &Network, hidden: &[bool], inner: usize) -> Vec<(u64, u64)> {
        let mut bounds: Vec<(u64, u64)> = network.values.iter().map(|_| (u64::MAX, 0)).collect();
        let (territory, slices) = (&network.territory, &network.slices);
        let alone = |place: usize| {
            let inner: Vec<u64> = (0..inner).map(|other| u64::from(other == place)).collect();
            table(territory, network.columns, slices, &inner).values
        };
        let parts: Vec<Vec<u64>> = (0..inner).map(alone).collect();
        let mut values = vec![0; network.values.len()];
        let mut drawn = vec![0; inner];
        loop {
            let mut cells = network.values.iter().zip(&values).zip(hidden);
            if cells.all(
                |((value, other), hidden)| {
                    if *hidden { *other >= network.floor } else { value == other }
                },
            ) {
                for (bound, value) in bounds.iter_mut().zip(&values) {
                    *bound = (bound.0.min(*value), bound.1.max(*value));
                }
            }
            let Some(next) = drawn.iter().position(|value| *value < 3) else { return bounds };
            for (place, drawn) in drawn.iter_mut().enumerate().take(next + 1) {
                let now = if place == next { *drawn + 1 } else { 0 };
                for (value, part) in values.iter_mut().zip(&parts[place]) {
                    *value = *value - part * *drawn + part * now;
                }
                *drawn = now;
            }
        }
    }

    fn nested() -> Tree {
        let pairs = [("a", "x"), ("b", "x"), ("x", "top"), ("c", "top")];
        Tree::new(pairs, []).unwrap()
    }

    fn year() -> Tree {
        let quarters = [("q1", "y"), ("q2", "y")];
        let months = [("m1", "q1"), ("m2", "q1"), ("m4", "q2"), ("m5", "q2")];
        Tree::new(quarters.into_iter().chain(months), []).unwrap()
    }

    fn one() -> Tree {
        Tree::new([], ["all"]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn in_one_slice_a_primary_cell_takes_other_values_or_nothing_could_be_done(
            territory in select(vec![nested(), Tree::flat("top", ["a", "b"]), one()]),
            columns in 1_u32..4,
            inner in prop::collection::vec(0_u64..3, 6),
            frozen in prop::collection::vec(prop::bool::weighted(0.1), 20),
            (floor, ways) in floors(),
        ) {
            let count = territory.leaves().count() * (columns as usize - 1).max(1);
            let mut network = table(&territory, columns, &one(), &inner);
            (network.floor, network.ways) = (floor, ways);
            for (state, frozen) in network.states.iter_mut().zip(frozen) {
                *state = if frozen { State::Frozen } else { *state };
            }
            let outcome = protect(&network);
            check(&network, &outcome);
            let bounds = enumerate(&network, &outcome.hidden, count);
            for cell in primary(&network) {
                let (least, most) = bounds[cell as usize];
                let value = network.values[cell as usize];
                let its = outcome.witnesses.primary().filter(|(its, _)| *its == cell);
                let proved = moves(&outcome, cell, its.map(|(_, witness)| witness));
                let can = (least < value, value < most);
                prop_assert!(proved == can || ways == Ways::Either && proved != (false, false));
                prop_assert!(proved <= can && proved.1 <= can.1);
                let open = unprotected(&outcome).contains(&cell);
                prop_assert_eq!(proved == (false, false), open);
            }
        }

        #[test]
        fn in_linked_slices_a_protected_primary_cell_takes_other_values(
            territory in select(vec![Tree::flat("top", ["a", "b"]), one()]),
            slices in select(vec![
                Tree::flat("all", ["i", "j"]),
                Tree::new([], ["i", "j"]).unwrap(),
            ]),
            inner in prop::collection::vec(0_u64..3, 8),
            (floor, ways) in floors(),
        ) {
            let network = Network { floor, ways, ..table(&territory, 3, &slices, &inner) };
            let outcome = protect(&network);
            check(&network, &outcome);
            let bounds = enumerate(&network, &outcome.hidden, territory.leaves().count() * 4);
            for cell in primary(&network) {
                let value = network.values[cell as usize];
                let (least, most) = bounds[cell as usize];
                let its = outcome.witnesses.primary().filter(|(its, _)| *its == cell);
                let (sinks, rises) = moves(&outcome, cell, its.map(|(_, witness)| witness));
                prop_assert!(!sinks || least < value);
                prop_assert!(!rises || value < most);
                prop_assert!(sinks || rises || unprotected(&outcome).contains(&cell));
            }
        }

        #[test]
        fn who_knows_his_own_cells_cannot_compute_others(
            (territory, slices) in select(vec![
                (nested(), one()),
                (Tree::flat("top", ["a", "b"]), Tree::flat("all", ["i", "j"])),
            ]),
            inner in prop::collection::vec(0_u64..3, 8),
            (floor, ways) in floors(),
        ) {
            let drawn = 2 * territory.leaves().count() * slices.leaves().count();
            let mut network = Network { floor, ways, ..table(&territory, 3, &slices, &inner) };
            network.contributors = insiders::ones(&network);
            let outcome = protect(&network);
            check(&network, &outcome);
            for (number, known) in network.contributors.iter().enumerate() {
                let mut hidden = outcome.hidden.clone();
                known.iter().for_each(|cell| hidden[*cell as usize] = false);
                let bounds = enumerate(&network, &hidden, drawn);
                let untouched = |witness: &u32| {
                    let mut moved = outcome.witnesses.changes(*witness);
                    moved.all(|(cell, _)| !known.contains(&cell))
                };
                for cell in primary(&network).into_iter().filter(|cell| !known.contains(cell)) {
                    let (least, most) = bounds[cell as usize];
                    let value = network.values[cell as usize];
                    let its = outcome.witnesses.primary().filter(|(its, _)| *its == cell);
                    let his = outcome.witnesses.for_contributors();
                    let his = his.filter(|(its, who, _)| (*its, *who) == (cell, number));
                    let its = its.map(|(_, witness)| witness);
                    let its = its.chain(his.map(|(_, _, witness)| witness)).filter(untouched);
                    let (sinks, rises) = moves(&outcome, cell, its);
                    let tells = unprotected(&outcome).contains(&cell)
                        || outcome.known_to.contains(&(cell, number));
                    prop_assert_eq!(tells, !sinks && !rises);
                    prop_assert!(!sinks || least < value);
                    prop_assert!(!rises || value < most);
                    let can = (least < value, value < most);
                    if slices.len() == 1 && tells {
                        prop_assert_eq!(can, (false, false));
                    }
                    if slices.len() == 1 && ways == Ways::Both {
                        prop_assert_eq!((sinks, rises), can);
                    }
                }
            }
        }

        #[test]
        fn a_primary_cell_rises_and_sinks_as_much_as_it_must(
            inner in prop::collection::vec(0_u64..9, 24),
            slices in select(vec![one(), Tree::flat("all", ["i", "j"])]),
            (floor, ways) in floors(),
        ) {
            let mut network = Network { floor, ways, ..table(&nested(), 5, &slices, &inner) };
            let room = |cell: u32| Room { up: 4, down: network.values[cell as usize] - floor };
            network.rooms = primary(&network).into_iter().map(|cell| (cell, room(cell))).collect();
            let outcome = protect(&network);
            check(&network, &outcome);
            let proved = outcome.rooms.iter().map(|proof| proof.cell);
            let mut all: Vec<u32> = proved.chain(outcome.narrow.iter().copied()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, primary(&network));
            for Proof { cell, up, down } in &outcome.rooms {
                let sinks = network.values[*cell as usize] as i64 - floor as i64;
                for (changes, by) in [(up, 4), (down, -sinks)] {
                    prop_assert!(by == 0 || changes.contains(&(*cell, by)));
                    let of = |cell| -> i64 {
                        changes.iter().filter(|(moved, _)| *moved == cell).map(|(_, by)| by).sum()
                    };
                    prop_assert!(adds_up(&network, of));
                    for (cell, by) in changes {
                        prop_assert!(outcome.hidden[*cell as usize]);
                        prop_assert!(network.values[*cell as usize] as i64 + by >= floor as i64);
                    }
                }
            }
        }

        #[test]
        fn without_any_one_secondary_cell_a_primary_cell_could_be_computed(
            inner in prop::collection::vec(0_u64..9, 16),
            slices in select(vec![one(), Tree::flat("all", ["i", "j"])]),
            (floor, ways) in floors(),
        ) {
            let table = table(&Tree::flat("top", ["a", "b", "c"]), 4, &slices, &inner);
            let network = Network { floor, ways, ..table };
            let outcome = protect(&network);
            let secondary = (0..network.values.len())
                .filter(|cell| outcome.hidden[*cell] && network.states[*cell] == State::Free);
            for cell in secondary {
                // All that is published, and this cell too: nothing more can be hidden.
                let mut less = network.clone();
                for (state, hidden) in less.states.iter_mut().zip(&outcome.hidden) {
                    *state = if *hidden { *state } else { State::Frozen };
                }
                less.states[cell] = State::Frozen;
                let less = protect(&less);
                prop_assert!(
                    moving(&less) < moving(&outcome)
                        || less.unprotected.len() > outcome.unprotected.len()
                );
            }
        }

        #[test]
        fn months_quarters_and_years_have_witnesses_whatever_the_number_of_threads(
            inner in prop::collection::vec(0_u64..9, 48),
            frozen in prop::collection::vec(prop::bool::weighted(0.02), 175),
            (floor, ways) in floors(),
        ) {
            let mut network = Network { floor, ways, ..table(&nested(), 5, &year(), &inner) };
            for (state, frozen) in network.states.iter_mut().zip(frozen) {
                *state = if frozen { State::Frozen } else { *state };
            }
            let threads = rayon::ThreadPoolBuilder::new;
            let on = |number| threads().num_threads(number).build().unwrap();
            let outcome = on(1).install(|| protect(&network));
            check(&network, &outcome);
            prop_assert_eq!(on(2).install(|| protect(&network)), outcome);
        }
    }

    #[test]
    fn frozen_cells_that_give_a_primary_cell_away_are_named() {
        // By column: 2 and 9, 9 and 9 in x; 9 and 9 in c.
        let mut network = table(&nested(), 3, &one(), &[9, 9, 2, 9, 9, 9]);
        let cell = |place: &str, column| network.cell(0, nested().node(place).unwrap(), column);
        let (primary, row, part) = (cell("a", 1), cell("a", 0), cell("a", 2));
        for cell in [row, part] {
            network.states[cell as usize] = State::Frozen;
        }
        let outcome = protect(&network);
        check(&network, &outcome);
        let frozen = vec![row, part];
        assert_eq!(outcome.unprotected, [Unprotected { cell: primary, frozen }]);
    }

    #[test]
    fn what_the_last_release_hid_is_hidden_again() {
        let mut network = table(&nested(), 3, &one(), &[9, 9, 2, 9, 9, 9]);
        let secondary = |network: &Network| {
            let hidden = protect(network).hidden;
            let cells = (0..hidden.len()).filter(|cell| hidden[*cell]);
            cells.filter(|cell| network.states[*cell] == State::Free).collect::<Vec<usize>>()
        };
        let cheapest = secondary(&network);
        // Then it was through c and the totals of x that the cell was protected.
        let cell = |place: &str, column| network.cell(0, nested().node(place).unwrap(), column);
        let last = [cell("a", 0), cell("x", 1), cell("x", 0), cell("c", 1), cell("c", 0)];
        for cell in last {
            network.costs[cell as usize] = 0;
        }
        let again = secondary(&network);
        assert!(again != cheapest && again.iter().all(|cell| network.costs[*cell] == 0));
    }

    #[test]
    fn a_figure_that_only_one_month_has_is_hidden_up_to_the_year() {
        let mut inner = vec![9; 4 * 3 * 2];
        for month in 0..4 {
            inner[month * 6] = u64::from(month == 2);
        }
        let network = table(&nested(), 3, &year(), &inner);
        let outcome = protect(&network);
        check(&network, &outcome);
        assert_eq!(outcome.unprotected, []);
        let hidden = |slice: &str, place: &str| {
            let (slice, place) = (year().node(slice).unwrap(), nested().node(place).unwrap());
            outcome.hidden[(slice * network.figures() + place * 3 + 1) as usize]
        };
        assert!(["m4", "q2", "y"].iter().all(|slice| hidden(slice, "c")));
        assert!(!hidden("m1", "a") && !hidden("q1", "a"));
    }
}
