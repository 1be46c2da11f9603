//! A pattern becomes a cheaper one: a secondary figure gives way to others that cost less.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::{Place, Views};

/// Looks, for each secondary figure and the most costly first, for a way around the primary figures
/// that would be computable without it, and takes it where it costs less. Says whether any did.
/// Not where contributors know figures of their own.
pub(crate) fn exchange(family: &Family, weights: &mut [u64], first: &[u64]) -> bool {
    if !family.contributors.is_empty() || family.has_floor() {
        return false;
    }
    let graph = &family.graph;
    let places = (0..weights.len()).filter(|place| weights[*place] == 0 && first[*place] != 0);
    let mut secondary: Vec<(Reverse<u64>, usize)> =
        places.map(|place| (Reverse(first[place]), place)).collect();
    secondary.sort_unstable();
    let mut views = Views::new(family, weights);
    let mut apart = Merged::new(graph.nodes);
    let mut search = Search::new(graph.nodes);
    let mut cheaper = false;
    for (_, place) in secondary {
        let (edge, slice) = family.at(place);
        let labels = views.labels((edge, slice));
        let Some((circuit, label)) = labels.first().copied() else { continue };
        let exposed: BTreeSet<u32> = views.needed(circuit, label).iter().copied().collect();
        let along = &family.circuits[circuit as usize];
        let weight = |other: u32, _: bool| match family.weight(weights, along, other) {
            0 if exposed.contains(&other) => NEVER,
            weight => weight,
        };
        let Some((_, path)) = search.cheapest(graph, &mut apart, weight, (edge, first[place]))
        else {
            continue;
        };
        let slices = along.iter().map(|(slice, _)| *slice);
        let instead = slices.flat_map(|slice| path.iter().map(move |edge| (*edge, slice)));
        let instead: Vec<Place> =
            instead.filter(|(edge, slice)| weights[family.place(*edge, *slice)] != 0).collect();
        for place in &instead {
            weights[family.place(place.0, place.1)] = 0;
            views.hide(weights, *place);
        }
        let gives_way = views.dispensable(edge, &views.labels((edge, slice)));
        let published = if gives_way { vec![(edge, slice)] } else { instead };
        for place in published {
            views.publish(place);
            weights[family.place(place.0, place.1)] = first[family.place(place.0, place.1)];
        }
        cheaper |= gives_way;
    }
    cheaper
}
