//! Columns in memory: codes of texts, identifiers, counts, instants, each of fixed width.

pub mod bits;
mod dictionary;
mod fingerprint;
mod memo;

pub use dictionary::{Dictionary, Texts};
pub use fingerprint::{Fingerprints, fingerprint};
pub use memo::{Found, Memo};

/// Code of no text.
pub const NO_TEXT: u32 = 0;
/// A count nobody gave.
pub const NO_COUNT: i32 = i32::MIN;
/// An instant nobody gave.
pub const NO_INSTANT: i64 = i64::MIN;

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Codes of the texts of a dictionary; [`NO_TEXT`] where there is none.
    Codes(Vec<u32>),
    /// Identifiers, as numbers.
    Ids(Vec<u128>),
    /// [`NO_COUNT`] where there is none.
    Counts(Vec<i32>),
    /// Microseconds since 1970, UTC; [`NO_INSTANT`] where there is none.
    Instants(Vec<i64>),
}

impl Values {
    /// A column of the same type, with space for that many values.
    #[must_use]
    pub fn empty_like(&self, rows: usize) -> Self {
        match self {
            Values::Codes(_) => Values::Codes(Vec::with_capacity(rows)),
            Values::Ids(_) => Values::Ids(Vec::with_capacity(rows)),
            Values::Counts(_) => Values::Counts(Vec::with_capacity(rows)),
            Values::Instants(_) => Values::Instants(Vec::with_capacity(rows)),
        }
    }

    /// The values at these places, in this order; a place beyond the end has the value 0.
    #[must_use]
    pub fn gather(&self, places: &[u32]) -> Self {
        match self {
            Values::Codes(values) => Values::Codes(gather(values, places)),
            Values::Ids(values) => Values::Ids(gather(values, places)),
            Values::Counts(values) => Values::Counts(gather(values, places)),
            Values::Instants(values) => Values::Instants(gather(values, places)),
        }
    }

    /// Adds a range of another column of the same type; returns whether it was one.
    pub fn extend(&mut self, other: &Self, range: std::ops::Range<usize>) -> bool {
        match (self, other) {
            (Values::Codes(to), Values::Codes(from)) => add(to, from, range),
            (Values::Ids(to), Values::Ids(from)) => add(to, from, range),
            (Values::Counts(to), Values::Counts(from)) => add(to, from, range),
            (Values::Instants(to), Values::Instants(from)) => add(to, from, range),
            _ => return false,
        }
        true
    }

    /// Adds the values of another column of the same type at these places, in this order; returns
    /// whether it was one.
    pub fn extend_at(&mut self, other: &Self, places: &[u32]) -> bool {
        match (self, other) {
            (Values::Codes(to), Values::Codes(from)) => to.extend(at(from, places)),
            (Values::Ids(to), Values::Ids(from)) => to.extend(at(from, places)),
            (Values::Counts(to), Values::Counts(from)) => to.extend(at(from, places)),
            (Values::Instants(to), Values::Instants(from)) => to.extend(at(from, places)),
            _ => return false,
        }
        true
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Values::Codes(values) => values.len(),
            Values::Ids(values) => values.len(),
            Values::Counts(values) => values.len(),
            Values::Instants(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The codes of a column of codes; none of another.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        if let Values::Codes(values) = self { values } else { &[] }
    }

    /// The identifiers of a column of identifiers; none of another.
    #[must_use]
    pub fn ids(&self) -> &[u128] {
        if let Values::Ids(values) = self { values } else { &[] }
    }

    /// The counts of a column of counts; none of another.
    #[must_use]
    pub fn counts(&self) -> &[i32] {
        if let Values::Counts(values) = self { values } else { &[] }
    }

    /// The instants of a column of instants; none of another.
    #[must_use]
    pub fn instants(&self) -> &[i64] {
        if let Values::Instants(values) = self { values } else { &[] }
    }
}

fn gather<T: Copy + Default>(values: &[T], places: &[u32]) -> Vec<T> {
    at(values, places).collect()
}

// Nothing is filtered: an iterator of known length makes room once and copies without a test.
fn at<T: Copy + Default>(values: &[T], places: &[u32]) -> impl ExactSizeIterator<Item = T> {
    let value = |place: &u32| usize::try_from(*place).ok().and_then(|place| values.get(place));
    places.iter().map(move |place| value(place).copied().unwrap_or_default())
}

fn add<T: Copy>(to: &mut Vec<T>, from: &[T], range: std::ops::Range<usize>) {
    to.extend_from_slice(from.get(range).unwrap_or_default());
}
