//! A pattern becomes its proof: for each primary cell a change that nothing published forbids.
//!
//! The table with the change added is possible: the cell may be greater, or smaller. Where no cell
//! is at its floor, so is the table with the change taken away. A witness serves all primary cells
//! that it moves.

use std::collections::BTreeSet;

use crate::protect::network::circuits::Circuit;
use crate::protect::network::family::Family;
use crate::protect::network::proofs::{Cycle, Proofs};
use crate::protect::network::views::Place;

/// Changes around cycles, each made good in the slices of a circuit. None exceeds 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// The cells of a slice.
    figures: u32,
    circuits: Vec<Circuit>,
    /// The circuit of each witness, where the terms of its cycle end, and whether it may also be
    /// taken away.
    cycles: Vec<(u32, u32, bool)>,
    /// Figures of a slice and how each changes.
    terms: Vec<(u32, i8)>,
    /// The witnesses of each primary cell that has any; ascending.
    of: Vec<(u32, u32)>,
    /// Primary cells, contributors who know a cell that their witness moves, and the witness that
    /// moves none; ascending.
    for_contributors: Vec<(u32, usize, u32)>,
}

impl Witnesses {
    /// None, for slices of that many cells.
    pub(crate) fn new(figures: u32) -> Self {
        Self { figures, ..Self::default() }
    }

    /// Number of witnesses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cycles.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cycles.is_empty()
    }

    /// The change that a witness makes to each cell it moves.
    pub fn changes(&self, witness: u32) -> impl Iterator<Item = (u32, i64)> + '_ {
        let witness = witness as usize;
        let (circuit, end, _) = self.cycles[witness];
        let start = if witness == 0 { 0 } else { self.cycles[witness - 1].1 };
        let cycle = &self.terms[start as usize..end as usize];
        self.circuits[circuit as usize].iter().flat_map(move |(slice, sign)| {
            let cell = move |figure: u32| slice * self.figures + figure;
            cycle.iter().map(move |(figure, change)| (cell(*figure), i64::from(sign * change)))
        })
    }

    /// Whether the change of a witness may be made the other way too.
    #[must_use]
    pub fn is_both_ways(&self, witness: u32) -> bool {
        self.cycles[witness as usize].2
    }

    /// Each primary cell that has a witness, with its number: one that may be made both ways, or
    /// one for each way that the cell can go.
    pub fn primary(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.of.iter().copied()
    }

    /// The other witness of a primary cell for each contributor who knows a cell that its own one
    /// moves: the cell, the contributor's number and the witness.
    pub fn for_contributors(&self) -> impl Iterator<Item = (u32, usize, u32)> + '_ {
        self.for_contributors.iter().copied()
    }

    /// Adds a change around a cycle.
    fn push(&mut self, family: &Family, cycle: &Cycle) {
        let by = |along: bool| if along { 1 } else { -1 };
        let term = |(edge, along): &(u32, bool)| (family.graph.figures[*edge as usize], by(*along));
        self.terms.extend(cycle.edges.iter().map(term));
        let end = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        self.cycles.push((cycle.circuit, end, cycle.is_both_ways(family)));
    }

    /// Adds those of other slices, whose primary cells come later or earlier.
    pub(crate) fn append(&mut self, other: Self) {
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (circuits, cycles) = (length(self.circuits.len()), length(self.cycles.len()));
        let terms = length(self.terms.len());
        self.circuits.extend(other.circuits);
        let moved = other.cycles.iter();
        let moved = moved.map(|(circuit, end, both)| (circuit + circuits, end + terms, *both));
        self.cycles.extend(moved);
        self.terms.extend(other.terms);
        self.of.extend(other.of.iter().map(|(cell, witness)| (*cell, witness + cycles)));
        self.of.sort_unstable();
        let others = other.for_contributors.iter();
        self.for_contributors.extend(others.map(|(cell, who, own)| (*cell, *who, own + cycles)));
        self.for_contributors.sort_unstable();
    }
}

/// The witnesses of what is hidden, which is what has no weight; the figures that have none; and
/// those that have none for a contributor.
pub(crate) fn witnesses(
    family: &Family,
    weights: &[u64],
    figures: u32,
) -> (Witnesses, Vec<Place>, BTreeSet<(Place, usize)>) {
    let proofs = Proofs::new(family, weights);
    let mut found = Witnesses::new(figures);
    let in_table = |circuit: &Circuit| {
        circuit.iter().map(|(slice, sign)| (family.slices[*slice as usize], *sign)).collect()
    };
    found.circuits = family.circuits.iter().map(in_table).collect();
    for cycle in &proofs.cycles {
        found.push(family, cycle);
    }
    let mut has_witness = BTreeSet::new();
    for (task, witness) in &proofs.done {
        let cell = family.cell(figures, task.place);
        match task.contributor {
            None => {
                has_witness.insert(task.place);
                found.of.push((cell, *witness));
            }
            Some(contributor) => found.for_contributors.push((cell, contributor, *witness)),
        }
    }
    found.of.sort_unstable();
    found.for_contributors.sort_unstable();
    let open = proofs.open.iter().filter(|task| task.contributor.is_none() && task.ways[0]);
    let none = open.map(|task| task.place).filter(|place| !has_witness.contains(place));
    (found, none.collect(), proofs.known_to())
}
