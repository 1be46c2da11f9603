//! Hidden cycles become a pattern in which no secondary figure can be published again.

use std::cmp::Reverse;

use crate::protect::network::family::Family;
use crate::protect::network::proofs::Proofs;
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
    // Labels know nothing of floors: what they forbid is forbidden, what they permit may not be.
    let mut proofs = family.has_floor().then(|| Proofs::new(family, weights));
    for (_, place) in secondary {
        let (edge, slice) = family.at(place);
        if !views.dispensable(edge, &views.labels((edge, slice))) {
            continue;
        }
        weights[place] = first[place];
        if proofs.as_mut().is_none_or(|proofs| proofs.do_without(weights, place).is_ok()) {
            views.publish((edge, slice));
        } else {
            weights[place] = 0;
        }
    }
}
