//! A tree of slices becomes the ways in which one change can be made good in other slices.
//!
//! What is added to a month is taken from another month of its quarter, and no total moves; or its
//! quarter rises with it, and another quarter sinks; or the year rises too. Each such circuit is
//! the path between two leaves of the tree, or from a leaf up to the root.

use crate::protect::tree::Tree;

/// Slices and the sign of the change in each: zero in every relation between slices.
pub(crate) type Circuit = Vec<(u32, i8)>;

/// The slices of each root, all in one independent of those under another root.
pub(crate) fn families(slices: &Tree) -> Vec<Vec<u32>> {
    let mut families: Vec<Vec<u32>> = Vec::new();
    let mut family_of = vec![0; slices.len()];
    for slice in slices.nodes() {
        family_of[slice as usize] = match slices.parent(slice) {
            Some(parent) => family_of[parent as usize],
            None => {
                families.push(Vec::new());
                families.len() - 1
            }
        };
        families[family_of[slice as usize]].push(slice);
    }
    families
}

/// All circuits of a family, the shortest first.
pub(crate) fn circuits(slices: &Tree, family: &[u32]) -> Vec<Circuit> {
    let leaves = family.iter().copied().filter(|slice| slices.children(*slice).is_empty());
    let leaves: Vec<u32> = leaves.collect();
    let mut circuits = Vec::new();
    for (place, leaf) in leaves.iter().enumerate() {
        let up: Vec<u32> = slices.up(*leaf).collect();
        circuits.push(up.iter().map(|slice| (*slice, 1)).collect::<Circuit>());
        for other in &leaves[place + 1..] {
            let there: Vec<u32> = slices.up(*other).collect();
            let rise = up.iter().filter(|slice| !there.contains(slice));
            let sink = there.iter().filter(|slice| !up.contains(slice));
            let sink = sink.map(|slice| (*slice, -1));
            circuits.push(rise.map(|slice| (*slice, 1)).chain(sink).collect());
        }
    }
    circuits.sort_by_key(Vec::len);
    circuits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_good_in_the_quarter_in_another_quarter_or_in_the_year() {
        let pairs = [("q1", "y"), ("q2", "y"), ("m1", "q1"), ("m2", "q1"), ("m4", "q2")];
        let tree = Tree::new(pairs, []).unwrap();
        let named = circuits(&tree, &families(&tree)[0]);
        let name = |(slice, sign): &(u32, i8)| {
            format!("{}{}", if *sign > 0 { '+' } else { '-' }, tree.codes()[*slice as usize])
        };
        let named: Vec<String> =
            named.iter().map(|circuit| circuit.iter().map(name).collect()).collect();
        let expected =
            ["+m1-m2", "+m1+q1+y", "+m2+q1+y", "+m4+q2+y", "+m1+q1-m4-q2", "+m2+q1-m4-q2"];
        assert_eq!(named, expected);
    }

    #[test]
    fn one_slice_is_a_circuit() {
        let tree = Tree::new([], ["all"]).unwrap();
        assert_eq!(circuits(&tree, &[0]), [[(0, 1)]]);
    }
}
