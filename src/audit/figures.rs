//! Figures by number, and all that is known of them.

use sha2::{Digest, Sha256};

/// A bound that nobody knows.
pub const NO_LOW: i64 = i64::MIN;
/// A bound that nobody knows.
pub const NO_HIGH: i64 = i64::MAX;

/// Linear rows over figures, one after the other: `Σ factor · figure` beside a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    starts: Vec<u32>,
    figures: Vec<u32>,
    factors: Vec<i32>,
    constants: Vec<i64>,
}

impl Default for Rows {
    fn default() -> Self {
        Self { starts: vec![0], figures: Vec::new(), factors: Vec::new(), constants: Vec::new() }
    }
}

impl Rows {
    /// Adds one.
    pub fn push(&mut self, terms: impl IntoIterator<Item = (u32, i32)>, constant: i64) {
        for (figure, factor) in terms {
            self.figures.push(figure);
            self.factors.push(factor);
        }
        self.starts.push(u32::try_from(self.figures.len()).unwrap_or(u32::MAX));
        self.constants.push(constant);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.constants.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.constants.is_empty()
    }

    /// The terms of one.
    pub fn terms(&self, row: usize) -> impl Iterator<Item = (u32, i32)> + '_ {
        let place = self.starts[row] as usize..self.starts[row + 1] as usize;
        self.figures[place.clone()].iter().copied().zip(self.factors[place].iter().copied())
    }

    /// What the sum of one equals, or is at least.
    #[must_use]
    pub fn constant(&self, row: usize) -> i64 {
        self.constants[row]
    }

    /// The sum of one over `values`, if it can be held.
    #[must_use]
    pub fn sum(&self, row: usize, values: &[i64]) -> Option<i64> {
        self.terms(row).try_fold(0_i64, |sum, (figure, factor)| {
            sum.checked_add(values.get(figure as usize)?.checked_mul(i64::from(factor))?)
        })
    }

    /// The rows that each of `figures` figures stands in, for those that `wanted` says.
    #[must_use]
    pub fn by_figure(&self, figures: usize, wanted: &dyn Fn(u32) -> bool) -> ByFigure {
        let mut starts = vec![0_u32; figures + 1];
        for figure in self.figures.iter().filter(|figure| wanted(**figure)) {
            starts[*figure as usize + 1] += 1;
        }
        for figure in 0..figures {
            starts[figure + 1] += starts[figure];
        }
        let mut next = starts.clone();
        let mut rows = vec![(0_u32, 0_i32); starts[figures] as usize];
        for (row, number) in (0..self.len()).zip(0_u32..) {
            for (figure, factor) in self.terms(row).filter(|(figure, _)| wanted(*figure)) {
                let place = &mut next[figure as usize];
                rows[*place as usize] = (number, factor);
                *place += 1;
            }
        }
        ByFigure { starts, rows }
    }

    /// Gives back the memory that growing left over.
    pub fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        self.figures.shrink_to_fit();
        self.factors.shrink_to_fit();
        self.constants.shrink_to_fit();
    }

    fn add_to(&self, hash: &mut Sha256) {
        let mut bytes = Vec::new();
        for row in 0..self.len() {
            bytes.clear();
            for (figure, factor) in self.terms(row) {
                bytes.extend(figure.to_le_bytes());
                bytes.extend(factor.to_le_bytes());
            }
            bytes.extend(self.constants[row].to_le_bytes());
            bytes.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(&bytes);
        }
        hash.update(u64::try_from(self.len()).unwrap_or(u64::MAX).to_le_bytes());
    }
}

/// The rows that each figure stands in, with its factor there.
#[derive(Clone, Debug)]
pub struct ByFigure {
    starts: Vec<u32>,
    rows: Vec<(u32, i32)>,
}

impl ByFigure {
    /// The rows of one figure.
    #[must_use]
    pub fn of(&self, figure: u32) -> &[(u32, i32)] {
        let figure = figure as usize;
        &self.rows[self.starts[figure] as usize..self.starts[figure + 1] as usize]
    }
}

/// All that an outsider knows: each figure lies between two bounds, and rows of them add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The least that a figure may be; a published one is its own bound.
    pub low: Vec<i64>,
    /// The most that it may be.
    pub high: Vec<i64>,
    /// Sums that equal their constant.
    pub equations: Rows,
    /// Sums that are at least their constant.
    pub inequalities: Rows,
}

impl Known {
    /// Number of figures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there is no figure.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// Adds a figure and gives its number.
    pub fn push(&mut self, low: i64, high: i64) -> u32 {
        self.low.push(low);
        self.high.push(high);
        u32::try_from(self.low.len() - 1).unwrap_or(u32::MAX)
    }

    /// Whether everyone knows a figure.
    #[must_use]
    pub fn is_shown(&self, figure: u32) -> bool {
        self.low[figure as usize] == self.high[figure as usize]
    }

    /// Shows a figure.
    pub fn show(&mut self, figure: u32, value: i64) {
        self.low[figure as usize] = value;
        self.high[figure as usize] = value;
    }

    /// The sha256 of all of it.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (low, high) in self.low.iter().zip(&self.high) {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&low.to_le_bytes());
            bytes[8..].copy_from_slice(&high.to_le_bytes());
            hash.update(bytes);
        }
        self.equations.add_to(&mut hash);
        self.inequalities.add_to(&mut hash);
        hex(&hash.finalize())
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_knows_the_rows_it_stands_in() {
        let mut rows = Rows::default();
        rows.push([(0, -1), (1, 1), (2, 1)], 0);
        rows.push([(2, 2)], 6);
        let by_figure = rows.by_figure(4, &|figure| figure > 0);
        assert_eq!(by_figure.of(2), [(0, 1), (1, 2)]);
        assert_eq!([by_figure.of(0), by_figure.of(3)], [[]; 2]);
        assert_eq!(rows.sum(0, &[5, 2, 3]), Some(0));
        assert_eq!(rows.sum(1, &[0, 0, i64::MAX]), None);
    }

    #[test]
    fn what_is_known_has_one_hash_and_any_change_another() {
        let mut known = Known::default();
        known.push(0, NO_HIGH);
        known.push(0, NO_HIGH);
        known.equations.push([(0, 1), (1, -1)], 0);
        let first = known.sha256();
        assert_eq!(first, known.clone().sha256());
        let mut more = known.clone();
        more.inequalities.push([(0, 1)], 0);
        assert_ne!(first, more.sha256());
        known.show(0, 3);
        assert_ne!(first, known.sha256());
    }
}
