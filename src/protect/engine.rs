//! A problem becomes a pattern, by the engine that suits its shape.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::protect::elimination::{self, Options};
use crate::protect::network::{self, Network, Ways};
use crate::protect::office::problem::{Problem, Stated};
use crate::protect::system::{Cell, Pattern, Room, State, System};
use crate::protect::tree::Tree;

/// How a pattern was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Cycles of a graph: a tree by one classification.
    Network,
    /// Linear algebra: any linked tables.
    Elimination,
}

/// Figures and what each changes by, and whether the opposite change serves as well.
pub type Proposed = (Vec<(u32, i64)>, bool);

/// What to hide.
#[derive(Clone, Debug)]
pub struct Solved {
    /// Which figures are hidden.
    pub pattern: Pattern,
    /// What the secondary ones cost.
    pub cost: u64,
    /// No pattern costs less, as far as is known.
    pub bound: Option<u64>,
    /// Why that is enough: for the audit to judge.
    pub proposed: Vec<Proposed>,
    /// Figures that nothing protects, each with the published ones that give it away.
    pub unprotected: Vec<(u32, Vec<u32>)>,
    /// How it was found.
    pub engine: Engine,
}

/// Figures up to which both engines are asked, and the cheaper pattern is kept.
const BOTH_MAX: usize = 1_000;

/// Hides what it takes.
#[must_use]
pub fn protect(problem: &Problem) -> Solved {
    let graph = match &problem.tables[..] {
        [table] => Grid::new(table, problem),
        _ => None,
    };
    let insiders = &problem.insiders;
    let Some(mut grid) = graph else { return eliminate(&problem.system, insiders) };
    grid.mind(insiders);
    let by_network = grid.protect(&problem.system);
    if problem.system.cells.len() > BOTH_MAX && by_network.unprotected.is_empty() {
        return by_network;
    }
    let by_elimination = eliminate(&problem.system, insiders);
    let is_worse = by_elimination.cost > by_network.cost || !by_elimination.unprotected.is_empty();
    if is_worse && by_network.unprotected.is_empty() {
        Solved { bound: by_elimination.bound, ..by_network }
    } else {
        by_elimination
    }
}

/// Hides what it takes in any system, from contributors too who know the figures named.
#[must_use]
pub fn eliminate(system: &System, insiders: &[Vec<u32>]) -> Solved {
    let options = Options { insiders: insiders.to_vec(), ..Options::default() };
    let outcome = elimination::protect(system, &options);
    let changes = outcome.witnesses.into_iter().flat_map(|witness| {
        let opposite: Vec<(u32, i64)> =
            witness.down.iter().map(|(cell, by)| (*cell, -by)).collect();
        if opposite == witness.up {
            vec![(witness.up, true)]
        } else {
            vec![(witness.up, false), (witness.down, false)]
        }
    });
    let proposed = changes.filter(|(change, _)| !change.is_empty()).collect();
    let unprotected = outcome.unprotected.into_iter().map(|one| (one.cell, one.frozen)).collect();
    Solved {
        cost: cost(system, &outcome.pattern),
        pattern: outcome.pattern,
        bound: Some(outcome.bound),
        proposed,
        unprotected,
        engine: Engine::Elimination,
    }
}

/// Hides more around figures that are exposed all the same: in each sum that one stands in, the
/// smallest published figure that leaves it room, or the largest. Says whether there was any.
pub fn widen(system: &System, solved: &mut Solved, narrow: &[usize]) -> bool {
    let mut found = BTreeSet::new();
    for cell in narrow {
        let Room { up, down } = system.cells[*cell].room;
        let asked = up.max(down).max(1);
        let is_in = |row: &&[(u32, i8)]| row.iter().any(|(term, _)| *term as usize == *cell);
        for row in system.relations.iter().filter(is_in) {
            let others = row.iter().filter_map(|(term, _)| {
                let known = system.cells[*term as usize];
                let above = known.value.abs_diff(known.floor.unwrap_or(0));
                let is_shown = known.state == State::Free && !solved.pattern[*term as usize];
                (is_shown && known.value != 0).then_some((above, *term))
            });
            let others: BTreeSet<(u64, u32)> = others.collect();
            let wide = others.iter().find(|(above, _)| *above >= asked);
            found.extend(wide.or(others.last()).map(|(_, term)| *term));
        }
    }
    found.iter().for_each(|term| solved.pattern[*term as usize] = true);
    solved.cost = cost(system, &solved.pattern);
    !found.is_empty()
}

fn cost(system: &System, pattern: &[bool]) -> u64 {
    let costs = system.secondary(pattern).into_iter();
    costs.map(|cell| system.cells[cell].cost).fold(0, u64::saturating_add)
}

/// Counts of which zeros are published.
fn is_of_counts(system: &System) -> bool {
    let is_count = |cell: &Cell| match cell.state {
        State::Primary => cell.value > 0,
        State::Free => cell.value > 0,
        State::Frozen => true,
        State::Unpublished => false,
    };
    system.cells.iter().all(|cell| cell.value >= 0 && is_count(cell))
}

/// A table whose figures are the edges of a graph.
struct Grid {
    network: Network,
    /// The figure of each cell of the grid that has one.
    figures: Vec<Option<u32>>,
}

impl Grid {
    /// A table of counts by a tree, one flat dimension and perhaps a third one.
    fn new(table: &Stated, problem: &Problem) -> Option<Self> {
        let system = &problem.system;
        let floor = u64::try_from(problem.floor?).ok()?;
        let axes = &table.cells.axes;
        let mut places: Vec<usize> = (0..axes.len()).collect();
        places.sort_by_key(|place| Reverse((axes[*place].levels(), axes[*place].tree.len())));
        let flat = *places.last().filter(|place| axes[**place].levels() <= 1)?;
        let (tree, slices) = match places[..] {
            [tree, _] => (tree, None),
            [tree, slices, _] => (tree, Some(slices)),
            _ => return None,
        };
        if axes.iter().any(|axis| axis.tree.roots() != 1) || !is_of_counts(system) {
            return None;
        }
        let columns = u32::try_from(axes[flat].tree.len()).ok()?;
        let alone = || Tree::flat("", []);
        let slice_tree = slices.map_or_else(alone, |place| axes[place].tree.clone());
        let territories = axes[tree].tree.len();
        let length = slice_tree.len() * territories * columns as usize;
        let is_exact = |cell: usize| system.cells[cell].room == Room::default();
        let ways = if system.primary().all(is_exact) { Ways::Either } else { Ways::Both };
        let mut network = Network {
            floor,
            ways,
            territory: axes[tree].tree.clone(),
            columns,
            slices: slice_tree,
            values: vec![0; length],
            states: vec![State::Frozen; length],
            costs: vec![0; length],
            ..Network::default()
        };
        let mut figures = vec![None; length];
        for (nodes, figure) in table.cells.figures.keys().zip(&table.figures) {
            let slice = slices.map_or(0, |place| nodes[place] as usize);
            let row = slice * territories + nodes[tree] as usize;
            let cell = row * columns as usize + nodes[flat] as usize;
            let known = &system.cells[*figure];
            network.values[cell] = u64::try_from(known.value).ok()?;
            (network.states[cell], network.costs[cell]) = (known.state, known.cost);
            figures[cell] = u32::try_from(*figure).ok();
            if known.room.up > 1 || known.room.down > 1 {
                network.rooms.push((u32::try_from(cell).ok()?, known.room));
            }
        }
        network.rooms.sort_unstable_by_key(|(cell, _)| *cell);
        Some(Self { network, figures })
    }

    /// Protects from contributors too, who know these figures.
    fn mind(&mut self, insiders: &[Vec<u32>]) {
        let cells = self.figures.iter().zip(0_u32..);
        let cells = cells.filter_map(|(figure, cell)| Some((figure.as_ref().copied()?, cell)));
        let cells: BTreeMap<u32, u32> = cells.collect();
        for known in insiders {
            let mut known: Vec<u32> =
                known.iter().filter_map(|figure| cells.get(figure).copied()).collect();
            known.sort_unstable();
            self.network.contributors.push(known);
        }
    }

    fn protect(&self, system: &System) -> Solved {
        let outcome = network::protect(&self.network);
        let mut pattern = system.forbidden();
        for (figure, hidden) in self.figures.iter().zip(&outcome.hidden) {
            if let Some(shown) = figure.and_then(|figure| pattern.get_mut(figure as usize)) {
                *shown |= *hidden;
            }
        }
        let figure = |cell: u32| self.figures.get(cell as usize).copied().flatten();
        let named = |changes: &mut dyn Iterator<Item = (u32, i64)>| -> Vec<(u32, i64)> {
            changes.filter_map(|(cell, by)| Some((figure(cell)?, by))).collect()
        };
        let witnesses = 0..u32::try_from(outcome.witnesses.len()).unwrap_or(u32::MAX);
        let witnesses = witnesses.map(|witness| {
            let is_both_ways = outcome.witnesses.is_both_ways(witness);
            (named(&mut outcome.witnesses.changes(witness)), is_both_ways)
        });
        let rooms = outcome.rooms.iter().flat_map(|room| [&room.up, &room.down]);
        let rooms = rooms.map(|change| (named(&mut change.iter().copied()), false));
        let unprotected = outcome.unprotected.iter();
        let unprotected = unprotected.map(|one| (one.cell, one.frozen.as_slice()));
        let none = [].as_slice();
        let others = outcome.narrow.iter().chain(outcome.known_to.iter().map(|(cell, _)| cell));
        let unprotected = unprotected.chain(others.map(|cell| (*cell, none)));
        let unprotected = unprotected.filter_map(|(cell, frozen)| {
            Some((figure(cell)?, frozen.iter().filter_map(|cell| figure(*cell)).collect()))
        });
        Solved {
            cost: cost(system, &pattern),
            bound: None,
            proposed: witnesses.chain(rooms).filter(|(change, _)| !change.is_empty()).collect(),
            unprotected: unprotected.collect(),
            pattern,
            engine: Engine::Network,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::system::Builder;

    #[test]
    fn any_system_is_protected_by_elimination() {
        let mut builder = Builder::default();
        let mut terms = vec![("t".to_owned(), -1)];
        for (key, value, state) in
            [("a", 2_i64, State::Primary), ("b", 9, State::Free), ("c", 5, State::Free)]
        {
            let cost = value.unsigned_abs();
            let cell = Cell { value, cost, state, room: Room::default(), floor: Some(0) };
            builder.cell(key, cell);
            terms.push((key.to_owned(), 1));
        }
        builder.cell("t", Cell { value: 16, cost: 16, floor: Some(0), ..Cell::default() });
        builder.relation(terms);
        let system = builder.finish();
        let found = eliminate(&system, &[]);
        assert_eq!(found.pattern, [true, false, true, false]);
        assert_eq!((found.cost, found.unprotected.len()), (5, 0));
        let mut found = found;
        assert!(widen(&system, &mut found, &[0]));
        assert_eq!((found.pattern, found.cost), (vec![true, true, true, false], 14));
    }
}
