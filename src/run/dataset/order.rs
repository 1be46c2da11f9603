//! Instants and identifiers of a month become the order of its rows.

/// The rows that count, by time, then by identifier.
#[must_use]
pub fn order_of(instants: &[i64], ids: &[u128], lost: &[u32]) -> Vec<u32> {
    let mut counts = vec![true; ids.len()];
    for row in lost {
        if let Some(slot) = usize::try_from(*row).ok().and_then(|row| counts.get_mut(row)) {
            *slot = false;
        }
    }
    let kept = instants.iter().zip((0_u32..).zip(counts)).filter(|(_, (_, counts))| *counts);
    let mut rows: Vec<(i64, u32)> = kept.map(|(at, (row, _))| (*at, row)).collect();
    // Exports come nearly in this order, which a stable sort makes use of.
    rows.sort();
    let id = |row: u32| usize::try_from(row).ok().and_then(|row| ids.get(row)).copied();
    for at_once in rows.chunk_by_mut(|one, other| one.0 == other.0) {
        if at_once.len() > 1 {
            at_once.sort_unstable_by_key(|(_, row)| (id(*row), *row));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_in_the_order_of_time_and_identifiers(
            rows in prop::collection::vec((0..9_i64, 0..5_u128), 1..60),
        ) {
            let (instants, ids): (Vec<i64>, Vec<u128>) = rows.iter().copied().unzip();
            let order = order_of(&instants, &ids, &[0]);
            let found: Vec<(i64, u128, u32)> = order
                .iter()
                .map(|row| (*row, rows[usize::try_from(*row).unwrap()]))
                .map(|(row, (at, id))| (at, id, row))
                .collect();
            let numbered = rows.iter().zip(0..).map(|((at, id), row)| (*at, *id, row));
            let mut expected: Vec<(i64, u128, u32)> = numbered.skip(1).collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
