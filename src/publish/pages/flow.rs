//! What goes in on one side and comes out on the other becomes bands on a drawing, in whole units.
//!
//! A small part is drawn as high as can be seen, at the cost of the large ones: figures stand
//! beside it. All parts of a side add up to its height.

use serde::Serialize;

/// Width of the drawing.
const WIDTH: i64 = 100;
/// Height of a part that is just seen, and between two parts of a side: a line of text.
const LEAST: i64 = 22;
const GAP: i64 = 6;
/// Height that is shared in proportion, beside what each part has at least.
const SHARED: i64 = 320;
/// Height of a band that is just seen.
const THIN: i64 = 1;

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Units from left to right.
    pub width: i64,
    /// Units from top to bottom.
    pub height: i64,
    /// What goes in.
    pub left: Vec<Part>,
    /// What comes out.
    pub right: Vec<Part>,
    /// What goes from the one to the other.
    pub bands: Vec<Band>,
}

/// A part of a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Where it begins.
    pub top: i64,
    /// Its height.
    pub height: i64,
}

/// A band from a part on the left to a part on the right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Band {
    /// The part on the left.
    pub from: usize,
    /// The part on the right.
    pub to: usize,
    /// Its outline.
    pub path: String,
    /// Its height on the left and on the right.
    pub heights: (i64, i64),
}

/// Draws flows: each row is a part on the left, each column one on the right; none is negative.
#[must_use]
pub fn flow(rows: &[Vec<i64>]) -> Flow {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let of = |row: usize, column: usize| {
        rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default().max(0)
    };
    let across: Vec<Vec<i64>> =
        (0..rows.len()).map(|row| (0..columns).map(|column| of(row, column)).collect()).collect();
    let down: Vec<Vec<i64>> =
        (0..columns).map(|column| (0..rows.len()).map(|row| of(row, column)).collect()).collect();
    let (lefts, rights) = (sums(&across), sums(&down));
    let (of_left, of_right) = (leasts(&across), leasts(&down));
    let height = needed(&of_left).max(needed(&of_right));
    let (left, right) = (side(&lefts, &of_left, height), side(&rights, &of_right, height));
    let (starts, ends) = (bands(&left, &across), bands(&right, &down));
    let mut drawn = Vec::new();
    for (from, row) in starts.iter().enumerate() {
        for (to, (top, thick)) in row.iter().enumerate().filter(|(_, band)| band.1 > 0) {
            let (end, end_thick) =
                ends.get(to).and_then(|it| it.get(from)).copied().unwrap_or((0, 0));
            let middle = WIDTH / 2;
            let (low, end_low) = (top + thick, end + end_thick);
            let path = format!(
                "M0 {top}C{middle} {top} {middle} {end} {WIDTH} {end}V{end_low}C{middle} {end_low} \
                 {middle} {low} 0 {low}Z"
            );
            drawn.push(Band { from, to, path, heights: (*thick, end_thick) });
        }
    }
    Flow { width: WIDTH, height, left, right, bands: drawn }
}

fn sums(rows: &[Vec<i64>]) -> Vec<i64> {
    rows.iter().map(|row| row.iter().fold(0, |sum: i64, one| sum.saturating_add(*one))).collect()
}

/// What each part has at least: room for a line of text, and for all its bands.
fn leasts(rows: &[Vec<i64>]) -> Vec<i64> {
    let bands = |row: &Vec<i64>| to_units(row.iter().filter(|one| **one > 0).count());
    rows.iter().map(|row| LEAST.max(bands(row) * THIN)).collect()
}

/// The height that a side needs.
fn needed(leasts: &[i64]) -> i64 {
    leasts.iter().map(|least| least + GAP).sum::<i64>() + SHARED
}

/// The parts of a side, one below the other.
fn side(sums: &[i64], leasts: &[i64], height: i64) -> Vec<Part> {
    let gaps = to_units(sums.len()) * GAP;
    let mut top = 0;
    let heights = shared(sums, leasts, height - gaps);
    let parts = heights.into_iter().map(|height| {
        let part = Part { top, height };
        top += height + GAP;
        part
    });
    parts.collect()
}

/// Where each band begins in its part, and its height.
fn bands(parts: &[Part], rows: &[Vec<i64>]) -> Vec<Vec<(i64, i64)>> {
    let of_part = |(part, row): (&Part, &Vec<i64>)| {
        let mut top = part.top;
        let heights = shared(row, &vec![THIN; row.len()], part.height).into_iter();
        let placed = heights.map(|height| {
            let band = (top, height);
            top += height;
            band
        });
        placed.collect()
    };
    parts.iter().zip(rows).map(of_part).collect()
}

/// Shares a height between parts: what is nothing has none, each other at least what is its own,
/// and the rest in proportion. They add up to the height where any part is something.
fn shared(parts: &[i64], leasts: &[i64], height: i64) -> Vec<i64> {
    let own = |(part, least): (&i64, &i64)| if *part > 0 { *least } else { 0 };
    let owned: i64 = parts.iter().zip(leasts).map(own).sum();
    let whole: i128 = parts.iter().map(|part| i128::from(*part)).sum();
    let free = i128::from((height - owned).max(0));
    // Where one ends is rounded, so no unit is lost between two.
    let end = |sum: i128| if whole == 0 { 0 } else { (sum * free * 2 + whole) / (whole * 2) };
    let mut sum = 0;
    let share = |(part, least): (&i64, &i64)| {
        let before = end(sum);
        sum += i128::from(*part);
        own((part, least)) + i64::try_from(end(sum) - before).unwrap_or_default()
    };
    parts.iter().zip(leasts).map(share).collect()
}

fn to_units(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / SHARED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_part_is_seen_and_the_rest_in_proportion() {
        assert_eq!(shared(&[900, 100, 0], &[0, 0, 0], 100), [90, 10, 0]);
        assert_eq!(shared(&[999_999, 1, 0], &[0, 22, 22], 122), [100, 22, 0]);
        let drawn = flow(&[vec![3, 1], vec![0, 0]]);
        assert_eq!(drawn.bands.len(), 2);
        assert!(drawn.bands[0].path.starts_with("M0 0C50 0 50 0 100 0V"), "{drawn:?}");
        assert_eq!(drawn.left[1].height, 0, "nothing is not drawn");
    }

    #[test]
    fn nothing_makes_an_empty_drawing() {
        let drawn = flow(&[]);
        assert!(drawn.left.is_empty() && drawn.right.is_empty() && drawn.bands.is_empty());
    }

    fn figures() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let figure = prop_oneof![Just(0_i64), 0..50_i64, 0..1_000_000_000_000_i64];
        (1..9_usize).prop_flat_map(move |columns| {
            prop::collection::vec(prop::collection::vec(figure.clone(), columns), 1..30)
        })
    }

    proptest! {
        #[test]
        fn heights_add_up_on_both_sides(rows in figures()) {
            let drawn = flow(&rows);
            for (place, part) in drawn.left.iter().enumerate() {
                let own = drawn.bands.iter().filter(|band| band.from == place);
                prop_assert_eq!(own.map(|band| band.heights.0).sum::<i64>(), part.height);
            }
            for (place, part) in drawn.right.iter().enumerate() {
                let own = drawn.bands.iter().filter(|band| band.to == place);
                prop_assert_eq!(own.map(|band| band.heights.1).sum::<i64>(), part.height);
            }
            for side in [&drawn.left, &drawn.right] {
                for pair in side.windows(2) {
                    prop_assert!(pair[0].top + pair[0].height <= pair[1].top);
                }
                prop_assert!(side.iter().all(|part| part.top + part.height <= drawn.height));
                prop_assert!(side.iter().all(|part| part.height == 0 || part.height >= LEAST));
            }
            let some = rows.iter().flatten().filter(|one| **one > 0).count();
            prop_assert_eq!(drawn.bands.len(), some);
            prop_assert!(drawn.bands.iter().all(|it| it.heights.0 > 0 && it.heights.1 > 0));
        }
    }
}
