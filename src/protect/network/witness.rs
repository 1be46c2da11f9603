//! A pattern becomes its proof: for each primary cell a change that nothing published forbids.
//!
//! The table with the change added and the table with it taken away are both possible: the cell
//! may be greater, and it may be smaller. A witness serves all primary cells that it moves.

use crate::protect::network::circuits::Circuit;
use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};

/// Changes around cycles, each made good in the slices of a circuit. None exceeds 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// The cells of a slice.
    figures: u32,
    circuits: Vec<Circuit>,
    /// The circuit of each witness, and where the terms of its cycle end.
    cycles: Vec<(u32, u32)>,
    /// Figures of a slice and how each changes.
    terms: Vec<(u32, i8)>,
    /// The witness of each primary cell that has one; ascending.
    of: Vec<(u32, u32)>,
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
        let (circuit, end) = self.cycles[witness];
        let start = if witness == 0 { 0 } else { self.cycles[witness - 1].1 };
        let cycle = &self.terms[start as usize..end as usize];
        self.circuits[circuit as usize].iter().flat_map(move |(slice, sign)| {
            let cell = move |figure: u32| slice * self.figures + figure;
            cycle.iter().map(move |(figure, change)| (cell(*figure), i64::from(sign * change)))
        })
    }

    /// Each primary cell that has a witness, with its number.
    pub fn primary(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.of.iter().copied()
    }

    /// Adds those of other slices, whose primary cells come later or earlier.
    pub(crate) fn append(&mut self, other: Self) {
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (circuits, cycles) = (length(self.circuits.len()), length(self.cycles.len()));
        let terms = length(self.terms.len());
        self.circuits.extend(other.circuits);
        let moved = other.cycles.iter().map(|(circuit, end)| (circuit + circuits, end + terms));
        self.cycles.extend(moved);
        self.terms.extend(other.terms);
        self.of.extend(other.of.iter().map(|(cell, witness)| (*cell, witness + cycles)));
        self.of.sort_unstable();
    }
}

/// Finds a witness of each primary figure, of as few cells as may be; gives those that have none.
/// Hidden is what has no weight.
pub(crate) fn witnesses(
    family: &Family,
    weights: &[u64],
    figures: u32,
) -> (Witnesses, Vec<(u32, u32)>) {
    let graph = &family.graph;
    let in_table = |circuit: &Circuit| {
        circuit.iter().map(|(slice, sign)| (family.slices[*slice as usize], *sign)).collect()
    };
    let mut found = Witnesses::new(figures);
    found.circuits = family.circuits.iter().map(in_table).collect();
    let mut none = Vec::new();
    let mut apart = Merged::new(graph.nodes);
    let mut search = Search::new(graph.nodes);
    let mut has_witness = vec![false; weights.len()];
    let mut is_primary = vec![false; weights.len()];
    for (edge, slice) in &family.primary {
        is_primary[family.place(*edge, *slice)] = true;
    }
    for (edge, slice) in &family.primary {
        if has_witness[family.place(*edge, *slice)] {
            continue;
        }
        let way = family.through[*slice as usize].iter().find_map(|number| {
            let is_hidden = |edge| family.all_hidden(weights, *number, edge);
            let weight = |edge, _: bool| if is_hidden(edge) { 1 } else { NEVER };
            let found = is_hidden(*edge)
                .then(|| search.cheapest(graph, &mut apart, weight, (*edge, NEVER)))
                .flatten();
            found.map(|(_, path)| (*number, path))
        });
        let Some((circuit, path)) = way else {
            none.push((*edge, *slice));
            continue;
        };
        let witness = u32::try_from(found.len()).unwrap_or(u32::MAX);
        found.terms.extend(graph.around(*edge, &path));
        found.cycles.push((circuit, u32::try_from(found.terms.len()).unwrap_or(u32::MAX)));
        for edge in path.iter().chain([edge]) {
            for (slice, _) in &family.circuits[circuit as usize] {
                let place = family.place(*edge, *slice);
                if is_primary[place] && !has_witness[place] {
                    has_witness[place] = true;
                    found.of.push((family.cell(figures, (*edge, *slice)), witness));
                }
            }
        }
    }
    found.of.sort_unstable();
    (found, none)
}
