//! Slices that are tied to each other become one graph and the circuits over it.

use std::cmp::Reverse;

use crate::protect::network::circuits::{Circuit, circuits};
use crate::protect::network::graph::Graph;
use crate::protect::network::search::NEVER;
use crate::protect::network::{Network, Ways};
use crate::protect::system::State;

/// The figures of slices that are tied to each other.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// The figures that may change in any of the slices.
    pub(crate) graph: Graph,
    /// The numbers that the slices have in the table; the family counts them from 0.
    pub(crate) slices: Vec<u32>,
    /// The ways in which a change in one slice is made good in others, the shortest first.
    pub(crate) circuits: Vec<Circuit>,
    /// The circuits through each slice, the shortest first.
    pub(crate) through: Vec<Vec<u32>>,
    /// What must be protected, in the order in which it is.
    pub(crate) primary: Vec<(u32, u32)>,
    /// What each contributor knows.
    pub(crate) contributors: Vec<Vec<(u32, u32)>>,
    /// The figures of each slice that are as small as everyone knows; empty when there are none.
    at_floor: Vec<bool>,
    ways: Ways,
}

/// What hiding each figure of each slice would weigh: edge × slices + slice. 0 for what is hidden,
/// [`NEVER`] for what never is.
pub(crate) type Weights = Vec<u64>;

impl Family {
    /// The slices of a family, and what hiding each figure of each of them would weigh.
    pub(crate) fn new(network: &Network, slices: &[u32]) -> (Self, Weights) {
        let cells =
            |figure: u32| slices.iter().map(move |slice| slice * network.figures() + figure);
        let some = |figure| cells(figure).any(|cell| network.values[cell as usize] > 0);
        let graph = Graph::new(&network.territory, network.columns, some);
        let of_edges = || graph.figures.iter().flat_map(|figure| cells(*figure));
        let weights = of_edges().map(|cell| weight(network, cell)).collect();
        // Zeros are published: none of them moves.
        let at_floor = |cell: u32| (1..=network.floor).contains(&network.values[cell as usize]);
        let at_floor = if network.floor > 0 && of_edges().any(at_floor) {
            of_edges().map(at_floor).collect()
        } else {
            Vec::new()
        };
        let local = |slice: u32| {
            let place = slices.iter().position(|known| *known == slice)?;
            u32::try_from(place).ok()
        };
        let mut circuits = circuits(&network.slices, slices);
        for (slice, _) in circuits.iter_mut().flatten() {
            *slice = local(*slice).unwrap_or(u32::MAX);
        }
        let mut through = vec![Vec::new(); slices.len()];
        for (number, circuit) in (0_u32..).zip(&circuits) {
            for (slice, _) in circuit {
                through[*slice as usize].push(number);
            }
        }
        let place = |cell: &u32| {
            let (slice, figure) = (cell / network.figures(), cell % network.figures());
            let edge = u32::try_from(graph.figures.binary_search(&figure).ok()?).ok()?;
            Some((edge, local(slice)?))
        };
        let contributors = network.contributors.iter();
        let contributors = contributors.map(|cells| cells.iter().filter_map(place).collect());
        let contributors = contributors.collect();
        let primary = Vec::new();
        let slices = slices.to_vec();
        let mut family = Self {
            graph,
            slices,
            circuits,
            through,
            primary,
            contributors,
            at_floor,
            ways: network.ways,
        };
        family.primary = family.in_order(network);
        (family, weights)
    }

    /// The primary figures: the topmost slices first, for they have the fewest ways out; the
    /// largest figures first.
    fn in_order(&self, network: &Network) -> Vec<(u32, u32)> {
        let mut primary = Vec::new();
        for edge in self.graph.edges() {
            for slice in self.numbers_of_slices() {
                let cell = self.cell(network.figures(), (edge, slice));
                if network.is_primary(cell) {
                    let depth = network.slices.up(self.slices[slice as usize]).count();
                    primary.push((depth, Reverse(network.values[cell as usize]), edge, slice));
                }
            }
        }
        primary.sort_unstable();
        primary.into_iter().map(|(_, _, edge, slice)| (edge, slice)).collect()
    }

    /// The cell that a figure of a slice is in a table with that many figures in a slice.
    pub(crate) fn cell(&self, figures: u32, (edge, slice): (u32, u32)) -> u32 {
        self.slices[slice as usize] * figures + self.graph.figures[edge as usize]
    }

    /// The slices, as the family counts them.
    pub(crate) fn numbers_of_slices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.slices.len()).unwrap_or(u32::MAX)
    }

    /// The place of a figure among the weights.
    pub(crate) fn place(&self, edge: u32, slice: u32) -> usize {
        edge as usize * self.slices.len() + slice as usize
    }

    /// The figure and the slice of a place.
    pub(crate) fn at(&self, place: usize) -> (u32, u32) {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        (number(place / self.slices.len()), number(place % self.slices.len()))
    }

    /// The circuits, by number.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.circuits.len()).unwrap_or(u32::MAX)
    }

    /// Whether a figure is hidden in all slices of a circuit.
    pub(crate) fn all_hidden(&self, weights: &[u64], circuit: u32, edge: u32) -> bool {
        let circuit = &self.circuits[circuit as usize];
        circuit.iter().all(|(slice, _)| weights[self.place(edge, *slice)] == 0)
    }

    /// Whether a contributor knows a figure in any slice of a circuit.
    pub(crate) fn knows(&self, contributor: &[(u32, u32)], circuit: u32, edge: u32) -> bool {
        let mut circuit = self.circuits[circuit as usize].iter();
        !contributor.is_empty() && circuit.any(|(slice, _)| contributor.contains(&(edge, *slice)))
    }

    /// Whether some figures cannot sink, so that a change and its opposite are two questions.
    pub(crate) fn has_floor(&self) -> bool {
        !self.at_floor.is_empty()
    }

    /// What a primary figure must be able to do, each in any of some ways, true being up. Without
    /// floors one way is looked at, for each change may be made the other way too.
    pub(crate) fn tasks(&self, (edge, slice): (u32, u32)) -> &'static [&'static [bool]] {
        match (self.at_floor.get(self.place(edge, slice)), self.ways) {
            (Some(true) | None, _) => &[&[true]],
            (Some(false), Ways::Both) => &[&[true], &[false]],
            (Some(false), Ways::Either) => &[&[true, false]],
        }
    }

    /// Whether a figure moves along its edge in a circuit when it rises, or sinks, in a slice.
    pub(crate) fn is_along(&self, circuit: u32, slice: u32, rises: bool) -> bool {
        let mut circuit = self.circuits[circuit as usize].iter();
        circuit.any(|(known, sign)| *known == slice && (*sign > 0) == rises)
    }

    /// Whether no figure that sinks is at its floor when an edge is gone along, or against, in the
    /// slices of a circuit.
    pub(crate) fn allows(&self, circuit: &Circuit, edge: u32, along: bool) -> bool {
        let rises = |sign: i8| (sign > 0) == along;
        let mut circuit = circuit.iter();
        !self.has_floor()
            || circuit.all(|(slice, sign)| rises(*sign) || !self.at_floor[self.place(edge, *slice)])
    }

    /// What it weighs to hide a figure in all slices of a circuit.
    pub(crate) fn weight(&self, weights: &[u64], circuit: &Circuit, edge: u32) -> u64 {
        let of_slice = circuit.iter().map(|(slice, _)| weights[self.place(edge, *slice)]);
        of_slice.fold(0, u64::saturating_add)
    }
}

fn weight(network: &Network, cell: u32) -> u64 {
    match network.states[cell as usize] {
        _ if network.values[cell as usize] == 0 => NEVER,
        State::Frozen => NEVER,
        State::Primary | State::Unpublished => 0,
        // Of two ways that cost the same, the one that hides fewer cells weighs less.
        State::Free => (network.costs[cell as usize].min(1 << 48) << 8) + 1,
    }
}
