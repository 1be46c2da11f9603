//! Hidden cycles become enough of them that no contributor can compute a primary figure either.

use crate::protect::network::Network;
use crate::protect::network::family::Family;
use crate::protect::network::proofs::Proofs;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::{Place, Views};

/// Hides, for each primary figure that a contributor can compute, the cheapest cycle through it
/// that has none of his cells.
pub(crate) fn hide_from_insiders(family: &Family, weights: &mut [u64]) {
    if family.contributors.is_empty() {
        return;
    }
    let exposed = exposed(family, weights);
    let graph = &family.graph;
    let mut apart = Merged::new(graph.nodes);
    let mut search = Search::new(graph.nodes);
    // What one task hides only helps the others: none has to be looked at twice.
    for (place, ways, number) in exposed {
        let (edge, slice) = place;
        let contributor = &family.contributors[number];
        let mut best = None;
        let through = family.through[slice as usize].iter();
        for (circuit_number, rises) in through.flat_map(|it| ways.iter().map(move |way| (it, *way)))
        {
            let circuit = &family.circuits[*circuit_number as usize];
            let start = family.is_along(*circuit_number, slice, rises);
            let weight = |edge, along: bool| match family.weight(weights, circuit, edge) {
                NEVER => NEVER,
                _ if family.knows(contributor, *circuit_number, edge) => NEVER,
                _ if !family.allows(circuit, edge, along == start) => NEVER,
                weight => weight,
            };
            let (own, limit) =
                (weight(edge, true), best.as_ref().map_or(NEVER, |(best, _, _)| *best));
            if own < limit {
                let way = search.cheapest(graph, &mut apart, weight, (edge, limit - own));
                best = way.map(|(way, path)| (way + own, *circuit_number, path)).or(best);
            }
        }
        let Some((_, circuit, path)) = &best else { continue };
        for edge in path.iter().chain([&edge]) {
            for (slice, _) in &family.circuits[*circuit as usize] {
                weights[family.place(*edge, *slice)] = 0;
            }
        }
    }
}

/// The primary figures that contributors can compute, or know that they cannot rise or cannot sink.
fn exposed(family: &Family, weights: &[u64]) -> Vec<(Place, &'static [bool], usize)> {
    if family.has_floor() {
        let open = Proofs::new(family, weights).open.into_iter();
        return open.filter_map(|task| Some((task.place, task.ways, task.contributor?))).collect();
    }
    let views = Views::new(family, weights);
    let contributors = family.contributors.iter().enumerate();
    let exposed = contributors.flat_map(|(number, contributor)| {
        views
            .exposed_to(contributor)
            .into_iter()
            .map(move |place| (place, [true].as_slice(), number))
    });
    exposed.collect()
}

/// Cells of value 1 as what one contributor knows: all cells in which an inner figure of 1 is
/// alone.
#[must_use]
pub fn ones(network: &Network) -> Vec<Vec<u32>> {
    let mut contributors = Vec::new();
    let one = |cell: &u32| network.values[*cell as usize] == 1;
    for slice in network.slices.leaves() {
        for place in network.territory.leaves() {
            for column in 1.min(network.columns - 1)..network.columns {
                if !one(&network.cell(slice, place, column)) {
                    continue;
                }
                let mut known = Vec::new();
                for column in [column, 0] {
                    for slice in network.slices.up(slice) {
                        let up = network.territory.up(place);
                        known
                            .extend(up.map(|place| network.cell(slice, place, column)).filter(one));
                    }
                }
                known.sort_unstable();
                known.dedup();
                contributors.push(known);
            }
        }
    }
    contributors
}
