//! Hidden cycles become enough of them that no contributor can compute a primary figure either.

use crate::protect::network::Network;
use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::{Place, Views};

/// Hides, for each primary figure that a contributor can compute, the cheapest cycle through it
/// that has none of his cells. Gives the pairs for which there is none.
pub(crate) fn hide_from_insiders(family: &Family, weights: &mut [u64]) -> Vec<(Place, usize)> {
    if family.contributors.is_empty() {
        return Vec::new();
    }
    let views = Views::new(family, weights);
    let mut exposed = Vec::new();
    for (number, contributor) in family.contributors.iter().enumerate() {
        let places = views.exposed_to(contributor).into_iter();
        exposed.extend(places.map(|place| (place, number)));
    }
    let graph = &family.graph;
    let mut apart = Merged::new(graph.nodes);
    let mut search = Search::new(graph.nodes);
    // What one pair hides only helps the others: none has to be looked at twice.
    exposed.retain(|((edge, slice), number)| {
        let contributor = &family.contributors[*number];
        let mut best = None;
        for number in &family.through[*slice as usize] {
            let circuit = &family.circuits[*number as usize];
            let weight = |edge, _: bool| match family.weight(weights, circuit, edge) {
                weight if weight != NEVER && family.knows(contributor, *number, edge) => NEVER,
                weight => weight,
            };
            let (own, limit) =
                (weight(*edge, true), best.as_ref().map_or(NEVER, |(best, _, _)| *best));
            if own < limit {
                let way = search.cheapest(graph, &mut apart, weight, (*edge, limit - own));
                best = way.map(|(way, path)| (way + own, *number, path)).or(best);
            }
        }
        if let Some((_, circuit, path)) = &best {
            for edge in path.iter().chain([edge]) {
                for (slice, _) in &family.circuits[*circuit as usize] {
                    weights[family.place(*edge, *slice)] = 0;
                }
            }
        }
        best.is_none()
    });
    exposed
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
