//! A full table over trees of numbered codes becomes equations, without a name for each figure:
//! for tables of millions of figures.
//!
//! The figure of some codes is their number in mixed radix, the last dimension the fastest.

use crate::audit::figures::Rows;

/// The parent of each code of a dimension; `None` for a code that is part of no other.
pub type Parents = Vec<Option<u32>>;

/// The equations of a table over `dimensions`. Figures that `is_left_out` says are zeros and stand
/// in none. Sums over a dimension are stated for the leaves of the dimensions before it: with the
/// sums over those, they imply the others.
#[must_use]
pub fn equations(dimensions: &[Parents], is_left_out: &dyn Fn(u32) -> bool) -> Rows {
    let inner: Vec<Vec<bool>> = dimensions.iter().map(inner).collect();
    let mut rows = Rows::default();
    for (along, parents) in dimensions.iter().enumerate() {
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
        for (code, parent) in (0_u32..).zip(parents) {
            if let Some(parent) = parent {
                children[*parent as usize].push(code);
            }
        }
        // What one step of a code of this dimension is worth, and of the others together.
        let step = size(&dimensions[along + 1..]);
        let mut firsts = vec![0_u32];
        for (place, other) in dimensions.iter().enumerate() {
            if place == along {
                continue;
            }
            let worth = size(&dimensions[place + 1..]);
            let codes = (0_u32..).take(other.len());
            let leaf = |code: &u32| place > along || !inner[place][*code as usize];
            let codes: Vec<u32> = codes.filter(leaf).collect();
            firsts = firsts
                .iter()
                .flat_map(|first| codes.iter().map(move |code| first + code * worth))
                .collect();
        }
        for (code, parts) in (0_u32..).zip(&children).filter(|(_, parts)| !parts.is_empty()) {
            for first in &firsts {
                let total = [(first + code * step, -1)];
                let parts = parts.iter().map(|part| (first + part * step, 1));
                let terms = total.into_iter().chain(parts);
                let terms: Vec<_> = terms.filter(|(figure, _)| !is_left_out(*figure)).collect();
                if !terms.is_empty() {
                    rows.push(terms, 0);
                }
            }
        }
    }
    rows.shrink();
    rows
}

/// Which codes have others as parts.
fn inner(parents: &Parents) -> Vec<bool> {
    let mut inner = vec![false; parents.len()];
    for parent in parents.iter().flatten() {
        inner[*parent as usize] = true;
    }
    inner
}

/// Number of figures over some dimensions.
fn size(dimensions: &[Parents]) -> u32 {
    let sizes = dimensions.iter().map(|parents| u32::try_from(parents.len()).unwrap_or(u32::MAX));
    sizes.fold(1, u32::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_summed_in_every_column_and_rows_where_they_are_leaves() {
        let flat = vec![None, Some(0), Some(0)];
        let rows = equations(&[flat.clone(), flat], &|figure| figure == 8);
        let rows: Vec<Vec<_>> = (0..rows.len()).map(|row| rows.terms(row).collect()).collect();
        assert_eq!(
            rows,
            [
                vec![(0, -1), (3, 1), (6, 1)],
                vec![(1, -1), (4, 1), (7, 1)],
                vec![(2, -1), (5, 1)],
                vec![(3, -1), (4, 1), (5, 1)],
                vec![(6, -1), (7, 1)],
            ]
        );
    }
}
