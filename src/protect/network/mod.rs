//! A table of territory × one classification, alone or in linked slices, becomes a protected one.
//!
//! 1. [`graph`]: each figure is an edge between the two relations it stands in.
//! 2. [`circuits`]: months, quarters and years (or the parts and total of a third dimension): how
//!    a change in one slice is made good in others.
//! 3. [`labels`] tells which hidden figures are computable, [`search`] finds the cheapest cycle
//!    through one, and [`hide`] hides cycles until no primary figure is computable.
//! 4. [`insiders`] does so for each contributor, who knows cells of his own; [`cleanup`] publishes
//!    again what turns out not to be needed; [`witness`] proves the result.

pub(crate) mod circuits;
pub(crate) mod cleanup;
pub(crate) mod graph;
pub(crate) mod hide;
pub mod insiders;
pub(crate) mod labels;
pub(crate) mod search;
pub(crate) mod views;
pub mod witness;

use rayon::prelude::*;

use crate::protect::network::cleanup::clean_up;
use crate::protect::network::graph::Graph;
use crate::protect::network::hide::{Family, Weights, hide};
use crate::protect::network::insiders::hide_from_insiders;
use crate::protect::network::search::NEVER;
use crate::protect::network::witness::{Witnesses, witnesses};
use crate::protect::system::{Pattern, State};
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
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Which cells are hidden.
    pub hidden: Pattern,
    /// The proof that primary cells are not computable.
    pub witnesses: Witnesses,
    /// The primary cells that the engine could not protect; ascending.
    pub unprotected: Vec<u32>,
    /// Primary cells that a contributor can compute all the same, and his number; ascending.
    pub known_to: Vec<(u32, usize)>,
}

/// Hides what protects the primary cells of a table.
#[must_use]
pub fn protect(network: &Network) -> Outcome {
    let families = circuits::families(&network.slices);
    let parts = families.par_iter().map(|family| network.protect_family(family));
    let parts: Vec<Part> = parts.collect();
    let mut outcome = Outcome {
        hidden: vec![false; network.values.len()],
        witnesses: Witnesses::new(network.figures()),
        unprotected: Vec::new(),
        known_to: Vec::new(),
    };
    for part in parts {
        for cell in part.hidden {
            outcome.hidden[cell as usize] = true;
        }
        outcome.witnesses.append(part.witnesses);
        outcome.unprotected.extend(part.unprotected);
        outcome.known_to.extend(part.known_to);
    }
    outcome.unprotected.sort_unstable();
    outcome.known_to.sort_unstable();
    outcome
}

struct Part {
    hidden: Vec<u32>,
    witnesses: Witnesses,
    unprotected: Vec<u32>,
    known_to: Vec<(u32, usize)>,
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

    fn protect_family(&self, slices: &[u32]) -> Part {
        let (family, first) = self.family(slices);
        let mut weights = first.clone();
        hide(&family, &mut weights);
        let known_to = hide_from_insiders(&family, &mut weights);
        let mut hidden: Vec<bool> = weights.iter().map(|weight| *weight == 0).collect();
        clean_up(&family, &mut hidden, &first);
        let cell = |edge: u32, slice: u32| {
            slices[slice as usize] * self.figures() + family.graph.figures[edge as usize]
        };
        let (witnesses, none) = witnesses(&family, &hidden, slices, self.figures());
        let mut cells = Vec::new();
        for edge in family.graph.edges() {
            let of_edge = (0..family.slices).filter(|slice| hidden[family.place(edge, *slice)]);
            cells.extend(of_edge.map(|slice| cell(edge, slice)));
        }
        let unprotected: Vec<u32> = none.iter().map(|(edge, slice)| cell(*edge, *slice)).collect();
        // Who can compute what all can is no news.
        let known_to = known_to.iter().map(|((edge, slice), who)| (cell(*edge, *slice), *who));
        let known_to = known_to.filter(|(cell, _)| !unprotected.contains(cell)).collect();
        Part { hidden: cells, witnesses, unprotected, known_to }
    }

    fn family(&self, slices: &[u32]) -> (Family, Weights) {
        let cells = |figure: u32| slices.iter().map(move |slice| slice * self.figures() + figure);
        let weight = |cell: u32| match self.states[cell as usize] {
            _ if self.values[cell as usize] == 0 => NEVER,
            State::Frozen => NEVER,
            State::Primary | State::Unpublished => 0,
            // Of two ways that cost the same, the one that hides fewer cells weighs less.
            State::Free => (self.costs[cell as usize].min(1 << 48) << 8) + 1,
        };
        let movable = |figure| cells(figure).any(|cell| weight(cell) != NEVER);
        let graph = Graph::new(&self.territory, self.columns, movable);
        let weights: Weights =
            graph.figures.iter().flat_map(|figure| cells(*figure)).map(weight).collect();
        let mut circuits = circuits::circuits(&self.slices, slices);
        for (slice, _) in circuits.iter_mut().flatten() {
            let place = slices.iter().position(|known| known == slice).unwrap_or(0);
            *slice = u32::try_from(place).unwrap_or(u32::MAX);
        }
        let mut through = vec![Vec::new(); slices.len()];
        for (number, circuit) in (0_u32..).zip(&circuits) {
            for (slice, _) in circuit {
                through[*slice as usize].push(number);
            }
        }
        let mut primary = Vec::new();
        for edge in graph.edges() {
            for (slice, cell) in (0_u32..).zip(cells(graph.figures[edge as usize])) {
                if self.is_primary(cell) {
                    let depth = self.slices.up(slices[slice as usize]).count();
                    primary.push((
                        depth,
                        std::cmp::Reverse(self.values[cell as usize]),
                        edge,
                        slice,
                    ));
                }
            }
        }
        primary.sort_unstable();
        let primary = primary.into_iter().map(|(_, _, edge, slice)| (edge, slice)).collect();
        let place = |cell: &u32| {
            let (slice, figure) = (cell / self.figures(), cell % self.figures());
            let slice = u32::try_from(slices.iter().position(|known| *known == slice)?).ok()?;
            let edge = u32::try_from(graph.figures.binary_search(&figure).ok()?).ok()?;
            Some((edge, slice))
        };
        let contributors = self.contributors.iter();
        let contributors =
            contributors.map(|cells| cells.iter().filter_map(place).collect()).collect();
        let slices = u32::try_from(slices.len()).unwrap_or(u32::MAX);
        (Family { graph, slices, circuits, through, primary, contributors }, weights)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// The table of inner values, in the order of slices, territories and columns without parts.
    pub(crate) fn table(territory: &Tree, columns: u32, slices: &Tree, inner: &[u64]) -> Network {
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
        let contributors = Vec::new();
        Network { territory, columns, slices, values, states, costs, contributors }
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

    /// Additions only: each primary cell has a witness or is said to have none.
    pub(crate) fn check(network: &Network, outcome: &Outcome) {
        let mut open: Vec<u32> = outcome.unprotected.clone();
        for (cell, witness) in outcome.witnesses.primary() {
            assert!(outcome.witnesses.changes(witness).any(|(moved, by)| moved == cell && by != 0));
            open.push(cell);
        }
        open.sort_unstable();
        assert_eq!(open, primary(network));
        for witness in 0..u32::try_from(outcome.witnesses.len()).unwrap() {
            let changes: Vec<(u32, i64)> = outcome.witnesses.changes(witness).collect();
            for (cell, change) in &changes {
                let cell = *cell as usize;
                assert!(outcome.hidden[cell] && network.values[cell] >= change.unsigned_abs());
                assert!(network.states[cell] != State::Frozen);
            }
            let of =
                |cell| changes.iter().filter(|(moved, _)| *moved == cell).map(|(_, by)| by).sum();
            assert!(adds_up(network, of));
        }
    }

    /// The least and greatest value of each cell in all tables that agree with what is published.
    fn enumerate(network: &Network, hidden: &[bool], inner: usize) -> Vec<(u64, u64)> {
        let mut bounds: Vec<(u64, u64)> = network.values.iter().map(|_| (u64::MAX, 0)).collect();
        let mut drawn = vec![0; inner];
        loop {
            let other = table(&network.territory, network.columns, &network.slices, &drawn);
            let mut cells = network.values.iter().zip(&other.values).zip(hidden);
            if cells.all(|((value, other), hidden)| *hidden || value == other) {
                for (bound, value) in bounds.iter_mut().zip(&other.values) {
                    *bound = (bound.0.min(*value), bound.1.max(*value));
                }
            }
            let Some(next) = drawn.iter().position(|value| *value < 3) else { return bounds };
            drawn[next] += 1;
            drawn[..next].fill(0);
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
        ) {
            let count = territory.leaves().count() * (columns as usize - 1).max(1);
            let mut network = table(&territory, columns, &one(), &inner);
            for (state, frozen) in network.states.iter_mut().zip(frozen) {
                *state = if frozen { State::Frozen } else { *state };
            }
            let outcome = protect(&network);
            check(&network, &outcome);
            let bounds = enumerate(&network, &outcome.hidden, count);
            for cell in primary(&network) {
                let (least, most) = bounds[cell as usize];
                let value = network.values[cell as usize];
                if outcome.unprotected.contains(&cell) {
                    prop_assert_eq!((least, most), (value, value));
                } else {
                    prop_assert!(least < value && value < most);
                }
            }
        }

        #[test]
        fn in_linked_slices_a_protected_primary_cell_takes_other_values(
            territory in select(vec![Tree::flat("top", ["a", "b"]), one()]),
            slices in select(vec![Tree::flat("all", ["i", "j"]), Tree::new([], ["i", "j"]).unwrap()]),
            inner in prop::collection::vec(0_u64..3, 8),
        ) {
            let network = table(&territory, 3, &slices, &inner);
            let outcome = protect(&network);
            check(&network, &outcome);
            let bounds = enumerate(&network, &outcome.hidden, territory.leaves().count() * 4);
            for cell in primary(&network) {
                let value = network.values[cell as usize];
                if !outcome.unprotected.contains(&cell) {
                    let (least, most) = bounds[cell as usize];
                    prop_assert!(least < value && value < most);
                }
            }
        }

        #[test]
        fn months_quarters_and_years_have_witnesses_whatever_the_number_of_threads(
            inner in prop::collection::vec(0_u64..9, 48),
        ) {
            let network = table(&nested(), 5, &year(), &inner);
            let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let outcome = on(1).install(|| protect(&network));
            check(&network, &outcome);
            prop_assert_eq!(on(2).install(|| protect(&network)), outcome);
        }
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
