//! The least and the greatest value of a page or chunk become statistics any reader may trust.

use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Bytes of a text kept in statistics, as other writers keep them.
const KEPT: usize = 64;

/// A value that bounds others.
pub(super) trait Bound: Clone + PartialOrd {
    /// The bytes of a lower bound, shortened when long, and whether they are the value itself.
    fn floor(&self) -> (Vec<u8>, bool);
    /// The bytes of an upper bound, shortened when long, and whether they are the value itself.
    fn ceiling(&self) -> (Vec<u8>, bool);
    /// The statistics of values within bounds.
    fn statistics(bounds: Option<&(Self, Self)>, nulls: u64) -> Statistics;
}

impl Bound for i32 {
    fn floor(&self) -> (Vec<u8>, bool) {
        (self.to_le_bytes().to_vec(), true)
    }

    fn ceiling(&self) -> (Vec<u8>, bool) {
        self.floor()
    }

    fn statistics(bounds: Option<&(Self, Self)>, nulls: u64) -> Statistics {
        Statistics::Int32(of_numbers(bounds, nulls))
    }
}

impl Bound for i64 {
    fn floor(&self) -> (Vec<u8>, bool) {
        (self.to_le_bytes().to_vec(), true)
    }

    fn ceiling(&self) -> (Vec<u8>, bool) {
        self.floor()
    }

    fn statistics(bounds: Option<&(Self, Self)>, nulls: u64) -> Statistics {
        Statistics::Int64(of_numbers(bounds, nulls))
    }
}

fn of_numbers<T: Copy>(bounds: Option<&(T, T)>, nulls: u64) -> ValueStatistics<T> {
    let (least, greatest) = bounds.copied().unzip();
    ValueStatistics::new(least, greatest, None, Some(nulls), false)
        .with_backwards_compatible_min_max(true)
}

/// A text, in the order of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(pub String);

impl Bound for Label {
    fn floor(&self) -> (Vec<u8>, bool) {
        let kept = prefix(&self.0);
        (kept.as_bytes().to_vec(), kept.len() == self.0.len())
    }

    fn ceiling(&self) -> (Vec<u8>, bool) {
        let kept = prefix(&self.0);
        let exact = (self.0.as_bytes().to_vec(), true);
        if kept.len() == self.0.len() {
            return exact;
        }
        // No text of at most this many bytes is greater: the value itself remains.
        successor(kept).map_or(exact, |text| (text.into_bytes(), false))
    }

    fn statistics(bounds: Option<&(Self, Self)>, nulls: u64) -> Statistics {
        let floor = bounds.map(|(least, _)| least.floor());
        let ceiling = bounds.map(|(_, greatest)| greatest.ceiling());
        let is_exact = |bound: &Option<(Vec<u8>, bool)>| bound.as_ref().is_some_and(|(_, it)| *it);
        let (least_is_exact, greatest_is_exact) = (is_exact(&floor), is_exact(&ceiling));
        let bytes = |bound: Option<(Vec<u8>, bool)>| bound.map(|(bytes, _)| ByteArray::from(bytes));
        let statistics =
            ValueStatistics::new(bytes(floor), bytes(ceiling), None, Some(nulls), false);
        Statistics::ByteArray(
            statistics.with_min_is_exact(least_is_exact).with_max_is_exact(greatest_is_exact),
        )
    }
}

/// The longest start of a text that is whole characters and at most [`KEPT`] bytes.
fn prefix(text: &str) -> &str {
    text.get(..text.floor_char_boundary(KEPT)).unwrap_or_default()
}

/// The least text of the same length or less that comes after all texts with this start.
fn successor(start: &str) -> Option<String> {
    start.char_indices().rev().find_map(|(place, last)| {
        let next = char::from_u32(u32::from(last) + 1)?;
        // A longer character would make the bound longer than what it shortens.
        let text = (next.len_utf8() == last.len_utf8()).then(|| start.get(..place))??;
        Some(format!("{text}{next}"))
    })
}

/// An identifier as sixteen bytes, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub u128);

impl Bound for Id {
    fn floor(&self) -> (Vec<u8>, bool) {
        (self.0.to_be_bytes().to_vec(), true)
    }

    fn ceiling(&self) -> (Vec<u8>, bool) {
        self.floor()
    }

    fn statistics(bounds: Option<&(Self, Self)>, nulls: u64) -> Statistics {
        let bytes = |id: &Id| FixedLenByteArray::from(id.floor().0);
        let least = bounds.map(|(least, _)| bytes(least));
        let greatest = bounds.map(|(_, greatest)| bytes(greatest));
        Statistics::FixedLenByteArray(ValueStatistics::new(
            least,
            greatest,
            None,
            Some(nulls),
            false,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, floor: &str, ceiling: &str) {
        let label = Label(text.to_owned());
        assert_eq!(label.floor().0, floor.as_bytes());
        assert_eq!(label.ceiling().0, ceiling.as_bytes());
        assert!(label.floor().0 <= label.0.clone().into_bytes());
        assert!(label.ceiling().0 >= label.0.into_bytes());
    }

    #[test]
    fn a_short_text_bounds_itself() {
        check("été", "été", "été");
        check("", "", "");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let (a, e) = ("a".repeat(63), "é".repeat(40));
        check(&format!("{a}étage"), &a, &format!("{}b", "a".repeat(62)));
        check(&e, &"é".repeat(32), &format!("{}ê", "é".repeat(31)));
    }

    #[test]
    fn a_last_character_without_successor_is_left_out() {
        let text = format!("{}\u{7f}{}", "a".repeat(63), "b");
        check(&text, text.get(..64).unwrap_or_default(), &format!("{}b", "a".repeat(62)));
        let last = "\u{10ffff}".repeat(20);
        check(&last, last.get(..64).unwrap_or_default(), &last);
    }
}
