//! Primary figures become hidden cycles: around each, figures that may change together.
//!
//! A change around a cycle of figures, made good in the slices of a circuit, is zero in every
//! relation. When all figures that it moves are hidden and above their floor, the table with the
//! change added and the table with it taken away both agree with all that is published. Where
//! figures at their floor only rise, one of them does.

use crate::protect::network::family::Family;
use crate::protect::network::labels::Forest;
use crate::protect::network::proofs::Cycle;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::Place;

/// Hides what protects each primary figure at the least weight, one after the other: the weights
/// of what is hidden become 0. A figure that nothing can protect stays hidden alone.
pub(crate) fn hide(family: &Family, weights: &mut [u64]) {
    let mut hider = Hider::new(family, weights);
    for place in &family.primary {
        let tasks = family.tasks(*place).iter().filter(|ways| {
            let mut ways = ways.iter();
            !ways.any(|rises| hider.is_done(weights, *place, *rises))
        });
        let tasks: Vec<&[bool]> = tasks.copied().collect();
        match tasks[..] {
            [] => {}
            [ways] => hider.protect(weights, *place, ways),
            _ => hider.protect_both_ways(weights, *place),
        }
    }
}

/// How a figure is to move.
#[derive(Clone, Copy)]
struct Way {
    rises: bool,
    /// And the other way too, by the same figures.
    both: bool,
}

struct Hider<'a> {
    family: &'a Family,
    /// For each circuit, the relations that cycles of hidden figures join which can go both ways.
    merged: Vec<Merged>,
    search: Search,
    /// Which figures of each place sink, and which rise, in cycles that go one way; empty where
    /// there are none.
    done: [Vec<bool>; 2],
}

impl<'a> Hider<'a> {
    fn new(family: &'a Family, weights: &[u64]) -> Self {
        let bulk = |circuit| already_protected(family, weights, circuit);
        let places = if family.has_floor() { weights.len() } else { 0 };
        Self {
            family,
            merged: family.numbers().map(bulk).collect(),
            search: Search::new(family.graph.nodes),
            done: [vec![false; places], vec![false; places]],
        }
    }

    /// Whether hidden figures let a primary one rise, or sink, already.
    fn is_done(&mut self, weights: &[u64], (edge, slice): Place, rises: bool) -> bool {
        let family = self.family;
        if self.done[usize::from(rises)].get(family.place(edge, slice)) == Some(&true) {
            return true;
        }
        let (tail, head) = family.graph.ends[edge as usize];
        family.through[slice as usize].iter().any(|number| {
            let (circuit, merged) =
                (&family.circuits[*number as usize], &mut self.merged[*number as usize]);
            family.weight(weights, circuit, edge) == 0
                && merged.find(tail) == merged.find(head)
                && family.allows(circuit, edge, family.is_along(*number, slice, rises))
        })
    }

    /// The cheapest cycle that weighs less than `limit`.
    fn cheapest(
        &mut self,
        weights: &[u64],
        (edge, slice): Place,
        way: Way,
        limit: u64,
    ) -> Option<(u64, Cycle)> {
        let family = self.family;
        let weight = |number: u32, edge: u32, along: bool| {
            let circuit = &family.circuits[number as usize];
            let allowed = family.allows(circuit, edge, along)
                && (!way.both || family.allows(circuit, edge, !along));
            if allowed { family.weight(weights, circuit, edge) } else { NEVER }
        };
        let through = &family.through[slice as usize];
        let mut own = Vec::with_capacity(through.len());
        for number in through {
            let start = family.is_along(*number, slice, way.rises);
            let weight = weight(*number, edge, start);
            if weight != NEVER {
                own.push((weight, *number, start));
            }
        }
        own.sort_unstable();
        let mut best: Option<(u64, Cycle)> = None;
        for (own, number, start) in own {
            let limit = best.as_ref().map_or(limit, |(best, _)| *best);
            if own >= limit {
                break;
            }
            let of_edge = |edge, along: bool| weight(number, edge, along == start);
            let merged = &mut self.merged[number as usize];
            let found = self.search.cheapest(&family.graph, merged, of_edge, (edge, limit - own));
            if let Some((way, path)) = found {
                best =
                    Some((way + own, Cycle::new(family, merged, (number, (edge, start)), &path)));
            }
        }
        best
    }

    /// Hides what lets a primary figure move in one of some ways.
    fn protect(&mut self, weights: &mut [u64], place: Place, ways: &[bool]) {
        let mut best: Option<(u64, Cycle)> = None;
        for rises in ways {
            let limit = best.as_ref().map_or(NEVER, |(weight, _)| *weight);
            let way = Way { rises: *rises, both: false };
            best = self.cheapest(weights, place, way, limit).or(best);
        }
        if let Some((_, cycle)) = best {
            self.take(weights, &cycle);
        }
    }

    /// Hides what lets a primary figure rise and sink: the same figures for both, or others for
    /// each where that weighs less.
    fn protect_both_ways(&mut self, weights: &mut [u64], place: Place) {
        let way = |rises| Way { rises, both: false };
        let both = self.cheapest(weights, place, Way { rises: true, both: true }, NEVER);
        let limit = both.as_ref().map_or(NEVER, |(weight, _)| *weight);
        let up = (limit > 0).then(|| self.cheapest(weights, place, way(true), limit)).flatten();
        let Some((weight, up)) = up else {
            let down = || self.cheapest(weights, place, way(false), NEVER);
            if let Some((_, cycle)) = both.or_else(down) {
                self.take(weights, &cycle);
            }
            return;
        };
        let before = hide_all(self.family, weights, &up);
        let down = self.cheapest(weights, place, way(false), limit - weight);
        match (down, both) {
            (Some((_, down)), _) => {
                self.take(weights, &up);
                self.take(weights, &down);
            }
            (None, Some((_, both))) => {
                for (place, weight) in before {
                    weights[place] = weight;
                }
                self.take(weights, &both);
            }
            (None, None) => self.take(weights, &up),
        }
    }

    /// Hides a cycle.
    fn take(&mut self, weights: &mut [u64], cycle: &Cycle) {
        let family = self.family;
        hide_all(family, weights, cycle);
        if cycle.is_both_ways(family) {
            let (first, path) = cycle.edges.split_at(1);
            for (edge, _) in path.iter().chain(first) {
                let (from, to) = family.graph.ends[*edge as usize];
                self.merged[cycle.circuit as usize].unite(from, to);
            }
        } else {
            for ((edge, slice), rises) in cycle.moved(family) {
                self.done[usize::from(rises)][family.place(edge, slice)] = true;
            }
        }
    }
}

/// Hides the figures of a cycle; what they weighed.
fn hide_all(family: &Family, weights: &mut [u64], cycle: &Cycle) -> Vec<(usize, u64)> {
    let places = cycle.moved(family).map(|((edge, slice), _)| family.place(edge, slice));
    places.map(|place| (place, std::mem::take(&mut weights[place]))).collect()
}

/// The sets of nodes that cycles of figures hidden in all slices of a circuit already join, which
/// can go both ways.
fn already_protected(family: &Family, weights: &[u64], number: u32) -> Merged {
    let circuit = &family.circuits[number as usize];
    let mut merged = Merged::new(family.graph.nodes);
    let both = |edge| family.allows(circuit, edge, true) && family.allows(circuit, edge, false);
    let hidden = |edge| family.all_hidden(weights, number, edge) && both(edge);
    let forest = Forest::new(&family.graph, hidden);
    for edge in family.graph.edges() {
        if forest.label(edge) != 0 {
            let (from, to) = family.graph.ends[edge as usize];
            merged.unite(from, to);
        }
    }
    merged
}
