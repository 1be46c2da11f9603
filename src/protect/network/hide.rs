//! Primary figures become hidden cycles: around each, figures that may change together.
//!
//! A change around a cycle of figures, made good in the slices of a circuit, is zero in every
//! relation. When all figures that it moves are hidden and at least 1, the table with the change
//! added and the table with it taken away both agree with all that is published.

use crate::protect::network::circuits::Circuit;
use crate::protect::network::family::Family;
use crate::protect::network::labels::Forest;
use crate::protect::network::search::{Merged, NEVER, Search};

/// Hides what protects each primary figure at the least weight, one after the other: the weights
/// of what is hidden become 0. A figure that nothing can protect stays hidden alone.
pub(crate) fn hide(family: &Family, weights: &mut [u64]) {
    let graph = &family.graph;
    let bulk = |circuit| already_protected(family, weights, circuit);
    let mut merged: Vec<Merged> = family.circuits.iter().map(bulk).collect();
    let mut search = Search::new(graph.nodes);
    for (edge, slice) in &family.primary {
        let (edge, through) = (*edge, &family.through[*slice as usize]);
        let (tail, head) = graph.ends[edge as usize];
        let mut own = Vec::with_capacity(through.len());
        for circuit in through {
            let weight = family.weight(weights, &family.circuits[*circuit as usize], edge);
            if weight != NEVER {
                own.push((weight, *circuit));
            }
        }
        own.sort_unstable();
        let is_protected = own.iter().any(|(weight, circuit)| {
            let merged = &mut merged[*circuit as usize];
            *weight == 0 && merged.find(tail) == merged.find(head)
        });
        if is_protected {
            continue;
        }
        let mut best: Option<(u64, u32, Vec<u32>)> = None;
        for (weight, circuit) in own {
            let limit = best.as_ref().map_or(NEVER, |(best, _, _)| *best);
            if weight >= limit {
                break;
            }
            let along = &family.circuits[circuit as usize];
            let of_edge = |edge, _: bool| family.weight(weights, along, edge);
            let merged = &mut merged[circuit as usize];
            let found = search.cheapest(graph, merged, of_edge, (edge, limit - weight));
            if let Some((way, path)) = found {
                best = Some((way + weight, circuit, path));
            }
        }
        let Some((_, circuit, path)) = best else { continue };
        for edge in path.into_iter().chain([edge]) {
            for (slice, _) in &family.circuits[circuit as usize] {
                weights[family.place(edge, *slice)] = 0;
            }
            let (from, to) = graph.ends[edge as usize];
            merged[circuit as usize].unite(from, to);
        }
    }
}

/// The sets of nodes that cycles of figures hidden in all slices of a circuit already join.
fn already_protected(family: &Family, weights: &[u64], circuit: &Circuit) -> Merged {
    let mut merged = Merged::new(family.graph.nodes);
    let hidden = |edge| family.weight(weights, circuit, edge) == 0;
    let forest = Forest::new(&family.graph, hidden);
    for edge in family.graph.edges() {
        if forest.label(edge) != 0 {
            let (from, to) = family.graph.ends[edge as usize];
            merged.unite(from, to);
        }
    }
    merged
}
