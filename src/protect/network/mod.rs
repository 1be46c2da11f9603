//! A table of territory × one classification, alone or in linked slices, becomes a protected one.
//!
//! 1. [`graph`]: each figure is an edge between the two relations it stands in.
//! 2. [`circuits`]: months, quarters and years (or the parts and total of a third dimension): how
//!    a change in one slice is made good in others.
//! 3. [`labels`] tells which hidden figures are computable, [`search`] finds the cheapest cycle
//!    through one, and [`hide`] hides cycles until no primary figure is computable.

pub(crate) mod circuits;
pub(crate) mod cleanup;
pub(crate) mod graph;
pub(crate) mod hide;
pub(crate) mod labels;
pub(crate) mod search;
pub mod witness;

use rayon::prelude::*;

use crate::protect::network::cleanup::clean_up;
use crate::protect::network::graph::Graph;
use crate::protect::network::hide::{Family, Weights, hide};
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
    };
    for part in parts {
        for cell in part.hidden {
            outcome.hidden[cell as usize] = true;
        }
        outcome.witnesses.append(part.witnesses);
        outcome.unprotected.extend(part.unprotected);
    }
    outcome.unprotected.sort_unstable();
    outcome
}

struct Part {
    hidden: Vec<u32>,
    witnesses: Witnesses,
    unprotected: Vec<u32>,
}

impl Network {
    fn figures(&self) -> u32 {
        u32::try_from(self.territory.len()).unwrap_or(u32::MAX) * self.columns
    }

    fn protect_family(&self, slices: &[u32]) -> Part {
        let (mut family, first) = self.family(slices);
        let mut weights = first.clone();
        hide(&family, &mut weights);
        if slices.len() > 1 {
            // Once more, the other way round, with nothing but what was hidden: what is not needed
            // again is published.
            family.primary.reverse();
            let again = weights.iter().zip(&first);
            weights =
                again.map(|(weight, first)| if *weight == 0 { *first } else { NEVER }).collect();
            hide(&family, &mut weights);
        }
        let mut hidden: Vec<bool> = weights.iter().map(|weight| *weight == 0).collect();
        if slices.len() == 1 {
            clean_up(&family.graph, &mut hidden, |edge| {
                Some(first[edge as usize]).filter(|weight| *weight != 0)
            });
        }
        let cell = |edge: u32, slice: u32| {
            slices[slice as usize] * self.figures() + family.graph.figures[edge as usize]
        };
        let (witnesses, none) = witnesses(&family, &hidden, slices, self.figures());
        let mut cells = Vec::new();
        for edge in family.graph.edges() {
            let of_edge = (0..family.slices).filter(|slice| hidden[family.place(edge, *slice)]);
            cells.extend(of_edge.map(|slice| cell(edge, slice)));
        }
        let unprotected = none.iter().map(|(edge, slice)| cell(*edge, *slice)).collect();
        Part { hidden: cells, witnesses, unprotected }
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
                let cell = cell as usize;
                if self.states[cell] == State::Primary && self.values[cell] > 0 {
                    let depth = self.depth(slices[slice as usize]);
                    primary.push((depth, std::cmp::Reverse(self.values[cell]), edge, slice));
                }
            }
        }
        primary.sort_unstable();
        let primary = primary.into_iter().map(|(_, _, edge, slice)| (edge, slice)).collect();
        let slices = u32::try_from(slices.len()).unwrap_or(u32::MAX);
        (Family { graph, slices, circuits, through, primary }, weights)
    }

    fn depth(&self, slice: u32) -> usize {
        std::iter::successors(Some(slice), |slice| self.slices.parent(*slice)).count()
    }
}
