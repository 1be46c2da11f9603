//! What is known becomes what follows at once: a published zero is a zero for each of its parts.
//!
//! A linear test does not see this: it follows from bounds.

use std::collections::VecDeque;

use crate::audit::figures::{Known, NO_HIGH, NO_LOW, Rows};

/// Shows every figure that a single row and the bounds of its figures leave no choice for, until
/// nothing more follows, and gives their numbers.
pub fn deduce(known: &mut Known) -> Vec<u32> {
    let figures = known.len();
    let equations = std::mem::take(&mut known.equations);
    let inequalities = std::mem::take(&mut known.inequalities);
    let hidden = |figure| !known.is_shown(figure);
    let by_figure = [&equations, &inequalities].map(|rows| rows.by_figure(figures, &hidden));
    let all = |rows: &Rows, unequal: usize| (0..rows.len()).map(move |row| (unequal, row));
    let mut queue: VecDeque<(usize, usize)> =
        all(&equations, 0).chain(all(&inequalities, 1)).collect();
    let mut waiting = [vec![true; equations.len()], vec![true; inequalities.len()]];
    let mut found = Vec::new();
    while let Some((unequal, row)) = queue.pop_front() {
        waiting[unequal][row] = false;
        let rows = if unequal == 1 { &inequalities } else { &equations };
        for (figure, value) in forced(known, rows, row, unequal == 1) {
            known.show(figure, value);
            found.push(figure);
            for (unequal, by_figure) in by_figure.iter().enumerate() {
                for (row, _) in by_figure.of(figure) {
                    let row = *row as usize;
                    if !std::mem::replace(&mut waiting[unequal][row], true) {
                        queue.push_back((unequal, row));
                    }
                }
            }
        }
    }
    (known.equations, known.inequalities) = (equations, inequalities);
    found.sort_unstable();
    found
}

/// The hidden figures of a row that can have one value only, and that value.
fn forced(known: &Known, rows: &Rows, row: usize, unequal: bool) -> Vec<(u32, i64)> {
    let hidden: Vec<(u32, i32)> =
        rows.terms(row).filter(|(figure, _)| !known.is_shown(*figure)).collect();
    let shown = rows.terms(row).filter(|(figure, _)| known.is_shown(*figure));
    let rest = shown.fold(i128::from(rows.constant(row)), |rest, (figure, factor)| {
        rest - i128::from(known.low[figure as usize]) * i128::from(factor)
    });
    if let ([(figure, factor)], false) = (hidden.as_slice(), unequal) {
        let factor = i128::from(*factor);
        let value = if factor != 0 && rest % factor == 0 { rest / factor } else { return vec![] };
        return i64::try_from(value).map(|value| (*figure, value)).into_iter().collect();
    }
    // The greatest sum leaves no choice when it is what the row must reach; so does the least sum
    // of an equation.
    for greatest in [true, false] {
        if unequal && !greatest {
            break;
        }
        let end = |(figure, factor): &(u32, i32)| {
            let (low, high) = (known.low[*figure as usize], known.high[*figure as usize]);
            let end = if (*factor > 0) == greatest { high } else { low };
            (end != NO_LOW && end != NO_HIGH).then_some((*figure, end, *factor))
        };
        let Some(ends) = hidden.iter().map(end).collect::<Option<Vec<_>>>() else { continue };
        let sum: i128 = ends.iter().map(|(_, end, by)| i128::from(*end) * i128::from(*by)).sum();
        if sum == rest {
            let moved = ends.into_iter().filter(|(_, _, factor)| *factor != 0);
            return moved.map(|(figure, end, _)| (figure, end)).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_zero_and_a_last_unknown_are_found() {
        let mut known = Known::default();
        for bounds in [(0, 0), (0, NO_HIGH), (0, NO_HIGH), (7, 7), (0, NO_HIGH), (NO_LOW, NO_HIGH)]
        {
            known.push(bounds.0, bounds.1);
        }
        known.equations.push([(0, -1), (1, 1), (2, 1)], 0);
        known.equations.push([(3, -1), (2, 1), (4, 1)], 0);
        assert_eq!(deduce(&mut known), [1, 2, 4]);
        assert_eq!(known.low[4], 7);
        assert!(!known.is_shown(5));
    }

    #[test]
    fn a_part_that_fills_its_total_is_found_though_it_is_no_sum() {
        let mut known = Known::default();
        known.push(0, 4);
        known.push(4, NO_HIGH);
        known.inequalities.push([(0, 1), (1, -1)], 0);
        assert_eq!(deduce(&mut known), [0, 1]);
    }
}
