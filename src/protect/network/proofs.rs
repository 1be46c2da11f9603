//! What must be possible becomes cycles of hidden figures, which are replaced as figures are
//! published again.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::Place;

/// That a primary figure moves, while what a contributor knows stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Task {
    /// The primary figure.
    pub(crate) place: Place,
    /// The ways that will do, true being up.
    pub(crate) ways: &'static [bool],
    /// The number of the contributor.
    pub(crate) contributor: Option<usize>,
}

/// A change around a cycle, made good in the slices of a circuit.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    /// Number of the circuit.
    pub(crate) circuit: u32,
    /// The edges, and whether each is gone along.
    pub(crate) edges: Vec<(u32, bool)>,
}

impl Cycle {
    /// From an edge, gone along or against, and the path back to its tail, as it was searched with
    /// these sets of nodes merged.
    pub(crate) fn new(
        family: &Family,
        merged: &mut Merged,
        (circuit, start): (u32, (u32, bool)),
        path: &[u32],
    ) -> Self {
        let mut here = merged.find(family.graph.ends[start.0 as usize].1);
        let mut edges = vec![start];
        for edge in path {
            let (from, to) = family.graph.ends[*edge as usize];
            let (from, to) = (merged.find(from), merged.find(to));
            edges.push((*edge, (from == here) == start.1));
            here = if from == here { to } else { from };
        }
        Self { circuit, edges }
    }

    /// Each figure that moves, and whether it rises.
    pub(crate) fn moved<'a>(
        &'a self,
        family: &'a Family,
    ) -> impl Iterator<Item = (Place, bool)> + 'a {
        let circuit = &family.circuits[self.circuit as usize];
        self.edges.iter().flat_map(move |(edge, along)| {
            circuit.iter().map(move |(slice, sign)| ((*edge, *slice), (*sign > 0) == *along))
        })
    }

    /// Whether the figures may all move the other way.
    pub(crate) fn is_both_ways(&self, family: &Family) -> bool {
        let circuit = &family.circuits[self.circuit as usize];
        self.edges.iter().all(|(edge, along)| family.allows(circuit, *edge, !along))
    }
}

/// The tasks and a cycle that does each.
pub(crate) struct Proofs<'a> {
    family: &'a Family,
    finder: Finder<'a>,
    /// The cycles found so far.
    pub(crate) cycles: Vec<Cycle>,
    /// The tasks that are done, each with the number of its cycle.
    pub(crate) done: Vec<(Task, u32)>,
    /// The tasks that no hidden cycle does.
    pub(crate) open: Vec<Task>,
    /// The tasks whose cycle moves, or moved, the figure of a place.
    users: Vec<Vec<u32>>,
    /// The contributors who know a figure.
    knowing: BTreeMap<Place, Vec<usize>>,
    /// The tasks of contributors, done and open.
    told: BTreeSet<Task>,
}

const NONE: u32 = u32::MAX;

impl<'a> Proofs<'a> {
    /// Finds cycles of what is hidden, of as few figures as may be: what has no weight.
    pub(crate) fn new(family: &'a Family, weights: &[u64]) -> Self {
        let mut proofs = Self {
            family,
            finder: Finder::new(family),
            cycles: Vec::new(),
            done: Vec::new(),
            open: Vec::new(),
            users: Vec::new(),
            knowing: BTreeMap::new(),
            told: BTreeSet::new(),
        };
        proofs.find_all(weights);
        proofs.find_for_contributors(weights);
        proofs
    }

    fn find_all(&mut self, weights: &[u64]) {
        let family = self.family;
        let mut cycle_of = [(); 2].map(|()| vec![NONE; weights.len()]);
        let mut is_primary = vec![false; weights.len()];
        for (edge, slice) in &family.primary {
            is_primary[family.place(*edge, *slice)] = true;
        }
        for place in &family.primary {
            for (ways, number) in family.tasks(*place).iter().zip(0..) {
                let task = Task { place: *place, ways, contributor: None };
                if cycle_of[number][family.place(place.0, place.1)] != NONE {
                    continue;
                }
                let Some(cycle) = self.finder.find(weights, task) else {
                    self.open.push(task);
                    continue;
                };
                let number = self.push(cycle);
                for (place, rises) in self.cycles[number as usize].moved(family) {
                    let at = family.place(place.0, place.1);
                    if !is_primary[at] {
                        continue;
                    }
                    for (ways, known) in family.tasks(place).iter().zip(&mut cycle_of) {
                        // Without floors each change may be made the other way.
                        let does = ways.contains(&rises) || !family.has_floor();
                        if does && known[at] == NONE {
                            known[at] = number;
                            self.done.push((Task { place, ways, contributor: None }, number));
                        }
                    }
                }
            }
        }
    }

    fn find_for_contributors(&mut self, weights: &[u64]) {
        for (number, contributor) in self.family.contributors.iter().enumerate() {
            for place in contributor {
                self.knowing.entry(*place).or_default().push(number);
            }
        }
        for number in 0..self.done.len() {
            let (task, cycle) = self.done[number];
            for (task, cycle) in
                self.for_contributors(weights, task, &self.cycles[cycle as usize].clone())
            {
                self.told.insert(task);
                match cycle {
                    Some(cycle) => self.add(task, cycle),
                    None => self.open.push(task),
                }
            }
        }
    }

    /// Another cycle for each contributor who knows a figure that a cycle moves, unless he has one
    /// already or knows the primary figure too.
    fn for_contributors(
        &mut self,
        weights: &[u64],
        task: Task,
        cycle: &Cycle,
    ) -> Vec<(Task, Option<Cycle>)> {
        let family = self.family;
        if self.knowing.is_empty() || task.contributor.is_some() {
            return Vec::new();
        }
        let knowing = cycle.moved(family).filter_map(|(place, _)| self.knowing.get(&place));
        let knowing: BTreeSet<usize> = knowing.flatten().copied().collect();
        let tasks = knowing.into_iter().map(|who| Task { contributor: Some(who), ..task });
        let is_his = |task: &Task| {
            task.contributor.is_some_and(|who| family.contributors[who].contains(&task.place))
        };
        let tasks = tasks.filter(|task| !self.told.contains(task) && !is_his(task));
        let tasks: Vec<Task> = tasks.collect();
        tasks.into_iter().map(|task| (task, self.finder.find(weights, task))).collect()
    }

    fn add(&mut self, task: Task, cycle: Cycle) {
        let cycle = self.push(cycle);
        self.done.push((task, cycle));
    }

    /// The primary figures that a contributor can compute though others cannot, and his number.
    pub(crate) fn known_to(&self) -> BTreeSet<(Place, usize)> {
        let open = self.open.iter().filter_map(|task| Some((task.place, task.contributor?)));
        let mut known: BTreeSet<(Place, usize)> = open.collect();
        for (task, cycle) in &self.done {
            let of_place = known.range((task.place, 0)..=(task.place, usize::MAX));
            let does = |who: usize| match task.contributor {
                Some(contributor) => contributor == who,
                None => {
                    let his = &self.family.contributors[who];
                    let mut moved = self.cycles[*cycle as usize].moved(self.family);
                    moved.all(|(moved, _)| !his.contains(&moved))
                }
            };
            let safe: Vec<(Place, usize)> =
                of_place.copied().filter(|(_, who)| does(*who)).collect();
            for pair in safe {
                known.remove(&pair);
            }
        }
        known
    }

    fn push(&mut self, cycle: Cycle) -> u32 {
        self.cycles.push(cycle);
        u32::try_from(self.cycles.len() - 1).unwrap_or(NONE)
    }

    /// Does all tasks without a figure, which has a weight again, or names one that needs it; then
    /// nothing is changed.
    pub(crate) fn do_without(&mut self, weights: &[u64], place: usize) -> Result<(), Task> {
        if self.users.is_empty() {
            self.users = vec![Vec::new(); weights.len()];
            for number in 0..self.done.len() {
                self.note(number);
            }
        }
        let users = std::mem::take(&mut self.users[place]);
        let at = self.family.at(place);
        let mut instead = Vec::new();
        let mut others = Vec::new();
        for number in &users {
            let (task, cycle) = self.done[*number as usize];
            let cycle = &self.cycles[cycle as usize];
            if cycle.moved(self.family).all(|(moved, _)| moved != at) {
                continue;
            }
            let Some(cycle) = self.finder.find(weights, task) else {
                self.users[place] = users;
                return Err(task);
            };
            // Those who know a figure of the new cycle, and none of the one before.
            for (task, cycle) in self.for_contributors(weights, task, &cycle) {
                let Some(cycle) = cycle else {
                    self.users[place] = users;
                    return Err(task);
                };
                others.push((task, cycle));
            }
            instead.push((*number, cycle));
        }
        for (task, cycle) in others {
            self.told.insert(task);
            self.add(task, cycle);
            self.note(self.done.len() - 1);
        }
        for (number, cycle) in instead {
            self.done[number as usize].1 = self.push(cycle);
            self.note(number as usize);
        }
        Ok(())
    }

    /// The cheapest change, in one slice, that does a task and weighs less than `limit`: the
    /// figures to hide for it.
    pub(crate) fn cheapest(&mut self, weights: &[u64], task: Task, limit: u64) -> Vec<usize> {
        let family = self.family;
        let (edge, slice) = task.place;
        let known = task.contributor.map_or([].as_slice(), |who| &family.contributors[who]);
        let Finder { apart, search, .. } = &mut self.finder;
        let mut best = (limit, Vec::new());
        for rises in task.ways {
            let weight = |edge, along: bool| match weights[family.place(edge, slice)] {
                _ if !family.allows(&family.circuits[0], edge, along == *rises) => NEVER,
                _ if known.contains(&(edge, slice)) => NEVER,
                weight => weight,
            };
            let limit = (edge, best.0);
            best = search.cheapest(&family.graph, apart, weight, limit).unwrap_or(best);
        }
        let (_, path) = best;
        let places = path.into_iter().map(|edge| family.place(edge, slice));
        places.filter(|place| weights[*place] != 0).collect()
    }

    /// Takes note of what the cycle of a task moves.
    fn note(&mut self, number: usize) {
        let (family, users) = (self.family, &mut self.users);
        let cycle = &self.cycles[self.done[number].1 as usize];
        for ((edge, slice), _) in cycle.moved(family) {
            users[family.place(edge, slice)].push(u32::try_from(number).unwrap_or(NONE));
        }
    }
}

/// Finds shortest cycles.
struct Finder<'a> {
    family: &'a Family,
    apart: Merged,
    search: Search,
}

impl<'a> Finder<'a> {
    fn new(family: &'a Family) -> Self {
        let nodes = family.graph.nodes;
        Self { family, apart: Merged::new(nodes), search: Search::new(nodes) }
    }

    /// The shortest cycle of hidden figures, unknown to the contributor, in the shortest circuit.
    fn find(&mut self, weights: &[u64], task: Task) -> Option<Cycle> {
        let family = self.family;
        let (edge, slice) = task.place;
        let known = task.contributor.map_or([].as_slice(), |who| &family.contributors[who]);
        let through = family.through[slice as usize].iter();
        let mut through = through.flat_map(|number| task.ways.iter().map(move |way| (number, way)));
        through.find_map(|(number, rises)| {
            let circuit = &family.circuits[*number as usize];
            let start = family.is_along(*number, slice, *rises);
            let usable = |edge, along: bool| {
                family.all_hidden(weights, *number, edge)
                    && family.allows(circuit, edge, along == start)
                    && !family.knows(known, *number, edge)
            };
            let weight = |edge, along| if usable(edge, along) { 1 } else { NEVER };
            let (apart, search) = (&mut self.apart, &mut self.search);
            let way = usable(edge, true)
                .then(|| search.cheapest(&family.graph, apart, weight, (edge, NEVER)))
                .flatten();
            let (_, path) = way?;
            Some(Cycle::new(family, &mut self.apart, (*number, (edge, start)), &path))
        })
    }
}
