//! A pattern becomes a cheaper one: a secondary figure gives way to others that cost less.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::protect::network::family::Family;
use crate::protect::network::proofs::Proofs;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::{Place, Views};

/// Looks, for each secondary figure and the most costly first, for a way around the primary figures
/// that would be computable without it, and takes it where it costs less. Says whether any did.
/// For one slice; without floors, not where contributors know figures of their own.
pub(crate) fn exchange(family: &Family, weights: &mut [u64], first: &[u64]) -> bool {
    let places = (0..weights.len()).filter(|place| weights[*place] == 0 && first[*place] != 0);
    let mut secondary: Vec<(Reverse<u64>, usize)> =
        places.map(|place| (Reverse(first[place]), place)).collect();
    secondary.sort_unstable();
    if family.has_floor() {
        return exchange_above_floors(family, weights, first, &secondary);
    }
    if !family.contributors.is_empty() {
        return false;
    }
    let graph = &family.graph;
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

/// The same where figures have floors: what cannot do without a figure is done another way.
fn exchange_above_floors(
    family: &Family,
    weights: &mut [u64],
    first: &[u64],
    secondary: &[(Reverse<u64>, usize)],
) -> bool {
    let mut proofs = Proofs::new(family, weights);
    let mut cheaper = false;
    for (_, place) in secondary {
        let place = *place;
        let mut instead: Vec<usize> = Vec::new();
        let mut left = first[place];
        weights[place] = NEVER;
        let gives_way = loop {
            let Err(task) = proofs.do_without(weights, place) else { break true };
            let more = proofs.cheapest(weights, task, left);
            if more.is_empty() {
                break false;
            }
            left -= more.iter().map(|place| weights[*place]).sum::<u64>();
            more.iter().for_each(|place| weights[*place] = 0);
            instead.extend(more);
        };
        if gives_way {
            weights[place] = first[place];
            cheaper |= !instead.is_empty();
        } else {
            weights[place] = 0;
            instead.iter().for_each(|place| weights[*place] = first[*place]);
        }
    }
    cheaper
}
