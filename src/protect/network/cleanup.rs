//! Hidden cycles become a pattern in which no secondary figure can be published again.

use std::cmp::Reverse;

use crate::protect::network::family::Family;
use crate::protect::network::views::Views;

/// Publishes secondary figures again, the most costly first, as long as each primary figure keeps
/// a circuit in which it is not computable. `first` are the weights before anything secondary was
/// hidden: those of what is published again are as they were.
pub(crate) fn clean_up(family: &Family, weights: &mut [u64], first: &[u64]) {
    let places = (0..weights.len()).filter(|place| weights[*place] == 0 && first[*place] != 0);
    let mut secondary: Vec<(Reverse<u64>, usize)> =
        places.map(|place| (Reverse(first[place]), place)).collect();
    secondary.sort_unstable();
    let mut views = Views::new(family, weights);
    let mut labels = Vec::new();
    for (_, place) in secondary {
        let (edge, slice) = family.at(place);
        // Where a figure is computable itself, it protects nothing.
        let through = family.through[slice as usize].iter();
        labels.clear();
        labels.extend(through.map(|circuit| (*circuit, views.label(*circuit, edge))));
        labels.retain(|(_, label)| *label != 0);
        if views.dispensable(edge, &labels) {
            for (circuit, _) in &labels {
                views.publish(*circuit, edge);
            }
            weights[place] = first[place];
        }
    }
}
