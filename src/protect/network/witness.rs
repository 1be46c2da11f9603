//! A pattern becomes its proof: for each primary cell a change that nothing published forbids.
//!
//! The table with the change added and the table with it taken away are both possible: the cell
//! may be greater, and it may be smaller. A witness serves all primary cells that it moves.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::network::circuits::Circuit;
use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::Place;

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

    /// The other witness of a primary cell for each contributor who knows a cell that the first
    /// one moves: the cell, the contributor's number and the witness.
    pub fn for_contributors(&self) -> impl Iterator<Item = (u32, usize, u32)> + '_ {
        self.for_contributors.iter().copied()
    }

    /// Adds a change around a cycle, and gives its number.
    fn push(&mut self, circuit: u32, cycle: Vec<(u32, i8)>) -> u32 {
        self.terms.extend(cycle);
        self.cycles.push((circuit, u32::try_from(self.terms.len()).unwrap_or(u32::MAX)));
        u32::try_from(self.len() - 1).unwrap_or(u32::MAX)
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
        let others = other.for_contributors.iter();
        self.for_contributors.extend(others.map(|(cell, who, own)| (*cell, *who, own + cycles)));
        self.for_contributors.sort_unstable();
    }
}

/// Finds a witness of each primary figure, of as few cells as may be, and one for each contributor
/// who knows a cell of it; gives the figures that have none. Hidden is what has no weight.
pub(crate) fn witnesses(family: &Family, weights: &[u64], figures: u32) -> (Witnesses, Vec<Place>) {
    let mut found = Witnesses::new(figures);
    let in_table = |circuit: &Circuit| {
        circuit.iter().map(|(slice, sign)| (family.slices[*slice as usize], *sign)).collect()
    };
    found.circuits = family.circuits.iter().map(in_table).collect();
    let mut finder = Finder {
        family,
        weights,
        apart: Merged::new(family.graph.nodes),
        search: Search::new(family.graph.nodes),
    };
    let mut none = Vec::new();
    let mut is_primary = vec![false; weights.len()];
    for (edge, slice) in &family.primary {
        is_primary[family.place(*edge, *slice)] = true;
    }
    let mut witness_of = vec![NONE; weights.len()];
    for (edge, slice) in &family.primary {
        if witness_of[family.place(*edge, *slice)] != NONE {
            continue;
        }
        let Some((circuit, path)) = finder.find((*edge, *slice), &[]) else {
            none.push((*edge, *slice));
            continue;
        };
        let witness = found.push(circuit, family.graph.around(*edge, &path));
        for edge in path.iter().chain([edge]) {
            for (slice, _) in &family.circuits[circuit as usize] {
                let place = family.place(*edge, *slice);
                if is_primary[place] && witness_of[place] == NONE {
                    witness_of[place] = witness;
                    found.of.push((family.cell(figures, (*edge, *slice)), witness));
                }
            }
        }
    }
    found.of.sort_unstable();
    for_contributors(&mut finder, &mut found);
    (found, none)
}

/// For each contributor: another witness of each primary cell whose witness moves a cell that he
/// knows, unless he knows it too.
fn for_contributors(finder: &mut Finder, found: &mut Witnesses) {
    let (family, figures) = (finder.family, found.figures);
    let places = family.primary.iter().map(|place| (family.cell(figures, *place), *place));
    let places: BTreeMap<u32, Place> = places.collect();
    let known = family.contributors.iter().flatten().map(|place| family.cell(figures, *place));
    let mut moving: BTreeMap<u32, Vec<u32>> = known.map(|cell| (cell, Vec::new())).collect();
    if moving.is_empty() {
        return;
    }
    for (cell, witness) in &found.of {
        for (moved, _) in found.changes(*witness) {
            if let Some(moving) = moving.get_mut(&moved) {
                moving.push(*cell);
            }
        }
    }
    for (number, contributor) in family.contributors.iter().enumerate() {
        let known: Vec<u32> =
            contributor.iter().map(|place| family.cell(figures, *place)).collect();
        let doubtful: BTreeSet<u32> =
            known.iter().flat_map(|cell| &moving[cell]).copied().collect();
        for cell in doubtful.into_iter().filter(|cell| !known.contains(cell)) {
            if let Some((circuit, path)) = finder.find(places[&cell], contributor) {
                let witness = found.push(circuit, family.graph.around(places[&cell].0, &path));
                found.for_contributors.push((cell, number, witness));
            }
        }
    }
    found.for_contributors.sort_unstable();
}

const NONE: u32 = u32::MAX;

struct Finder<'a> {
    family: &'a Family,
    weights: &'a [u64],
    apart: Merged,
    search: Search,
}

impl Finder<'_> {
    /// The shortest cycle of hidden figures, unknown to a contributor, in the shortest circuit.
    fn find(&mut self, (edge, slice): Place, contributor: &[Place]) -> Option<(u32, Vec<u32>)> {
        let (family, weights) = (self.family, self.weights);
        family.through[slice as usize].iter().find_map(|number| {
            let usable = |edge| {
                family.all_hidden(weights, *number, edge)
                    && !family.knows(contributor, *number, edge)
            };
            let weight = |edge, _: bool| if usable(edge) { 1 } else { NEVER };
            let (apart, search) = (&mut self.apart, &mut self.search);
            let way = usable(edge)
                .then(|| search.cheapest(&family.graph, apart, weight, (edge, NEVER)))
                .flatten();
            way.map(|(_, path)| (*number, path))
        })
    }
}
