//! A component becomes the figures that its equations determine, by elimination modulo a prime.
//!
//! No tolerance: a figure is determined when a combination of the equations holds it and no other
//! hidden figure. The prime is 2^61 - 1, greater than any minor of the small factors in use.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::component::Component;
use crate::audit::figures::Known;

const PRIME: u64 = (1 << 61) - 1;

type Sparse = BTreeMap<u32, u64>;

/// The figures that the equations of a component determine, sorted.
#[must_use]
pub fn determined(known: &Known, component: &Component) -> Vec<u32> {
    let mut rows: Vec<Sparse> = Vec::new();
    for row in &component.equations {
        let mut sparse = Sparse::new();
        for (figure, factor) in known.equations.terms(*row as usize) {
            if factor != 0 && !known.is_shown(figure) {
                let size = u64::from(factor.unsigned_abs());
                sparse.insert(figure, if factor < 0 { PRIME - size } else { size });
            }
        }
        rows.push(sparse);
    }
    // Shortest rows first, and in each the figure that the fewest rows hold: little fills in.
    let mut holders: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        for figure in row.keys() {
            holders.entry(*figure).or_default().insert(place);
        }
    }
    let mut waiting: BTreeSet<(usize, usize)> =
        rows.iter().enumerate().map(|(place, row)| (row.len(), place)).collect();
    let mut pivots: Vec<(u32, usize)> = Vec::new();
    while let Some((_, place)) = waiting.pop_first() {
        let fewest = |figure: &&u32| holders.get(*figure).map_or(0, BTreeSet::len);
        let Some(pivot) = rows[place].keys().min_by_key(fewest).copied() else { continue };
        pivots.push((pivot, place));
        let row = std::mem::take(&mut rows[place]);
        let inverse = power(row.get(&pivot).copied().unwrap_or(1), PRIME - 2);
        let others = holders.get(&pivot).cloned().unwrap_or_default();
        for other in others.into_iter().filter(|other| *other != place) {
            let was_waiting = waiting.remove(&(rows[other].len(), other));
            let factor = rows[other].get(&pivot).copied().unwrap_or(0);
            let factor = times(PRIME - factor, inverse);
            for (figure, value) in &row {
                let sum = rows[other].get(figure).copied().unwrap_or(0);
                let sum = plus(sum, times(factor, *value));
                if sum == 0 {
                    rows[other].remove(figure);
                    holders.entry(*figure).or_default().remove(&other);
                } else {
                    rows[other].insert(*figure, sum);
                    holders.entry(*figure).or_default().insert(other);
                }
            }
            if was_waiting {
                waiting.insert((rows[other].len(), other));
            }
        }
        rows[place] = row;
    }
    let mut determined: Vec<u32> = pivots
        .into_iter()
        .filter(|(_, place)| rows[*place].len() == 1)
        .map(|(pivot, _)| pivot)
        .collect();
    determined.sort_unstable();
    determined
}

fn plus(one: u64, other: u64) -> u64 {
    let sum = one + other;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let prime = u128::from(PRIME);
    // 2^61 is 1 modulo the prime: the high bits are added to the low ones.
    let folded = (product & prime) + (product >> 61);
    u64::try_from(if folded >= prime { folded - prime } else { folded }).unwrap_or(0)
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}
