//! What everyone knows of parts becomes what everyone knows that a total is at least.
//!
//! A total of two hidden parts, neither of which is zero, is 2 or more whatever is hidden, and so
//! is the only part of such a total, or what is known to exceed it by 3: no rule can ask that it
//! might be 1.

use crate::audit::figures::{Known, NO_LOW};

/// What each figure is at least, from what it is at least when nothing else is known of it
/// (`floor`, [`NO_LOW`] if nothing is).
#[must_use]
pub fn least(known: &Known, floor: &dyn Fn(u32) -> i64) -> Vec<i64> {
    let mut least: Vec<i64> = (0_u32..).take(known.len()).map(floor).collect();
    while raise(known, &mut least) {}
    least
}

fn raise(known: &Known, least: &mut [i64]) -> bool {
    let rows = &known.equations;
    let mut has_risen = false;
    for row in 0..rows.len() {
        let apart = rows.constant(row);
        let mut totals = rows.terms(row).filter(|(_, factor)| *factor == -1);
        let (Some((total, _)), None) = (totals.next(), totals.next()) else { continue };
        let parts: Vec<(u32, i32)> =
            rows.terms(row).filter(|(figure, _)| *figure != total).collect();
        let of = |figure: u32| least.get(figure as usize).copied().unwrap_or(NO_LOW);
        if let [(part, 1)] = parts.as_slice() {
            let apart_from = |low: i64, by: i64| if low == NO_LOW { low } else { low + by };
            let of_part = of(*part).max(apart_from(of(total), apart));
            let of_total = of(total).max(apart_from(of(*part), -apart));
            has_risen |= of_part > of(*part) || of_total > of(total);
            (least[*part as usize], least[total as usize]) = (of_part, of_total);
            continue;
        }
        if apart != 0 {
            continue;
        }
        let of_part = |(figure, factor): (u32, i32)| {
            let least = least.get(figure as usize).copied().filter(|least| *least != NO_LOW)?;
            (factor > 0).then(|| least.saturating_mul(i64::from(factor)))
        };
        let Some(sum) = parts.into_iter().map(of_part).sum::<Option<i64>>() else { continue };
        if let Some(of_total) = least.get_mut(total as usize).filter(|least| **least < sum) {
            (*of_total, has_risen) = (sum, true);
        }
    }
    has_risen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::figures::NO_HIGH;

    #[test]
    fn a_total_of_totals_is_at_least_its_parts_and_so_is_what_moves_with_it() {
        let mut known = Known::default();
        for _ in 0..7 {
            known.push(NO_LOW, NO_HIGH);
        }
        known.equations.push([(0, 1), (1, 1), (2, -1)], 0);
        known.equations.push([(2, 1), (3, 1), (4, -1)], 0);
        known.equations.push([(5, 1), (4, -1)], 3);
        known.equations.push([(6, 1), (4, -1)], 0);
        let floor = |figure: u32| if figure == 5 { NO_LOW } else { 1 };
        assert_eq!(least(&known, &floor), [1, 1, 2, 1, 3, 6, 3]);
    }
}
