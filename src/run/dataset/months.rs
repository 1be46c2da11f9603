//! Rows that come in any order are gathered by month, and leave in groups.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::column::Values;
use crate::error::{Error, Result};
use crate::run::parquet::ROWS_PER_GROUP;

/// Rows that wait for their group to be full, at most.
const ROWS_MAX: usize = 1 << 20;

/// Rows of one month.
#[derive(Debug)]
pub struct Group {
    /// Months since January of the year 0.
    pub month: i32,
    /// Columns.
    pub columns: Vec<Values>,
}

impl Group {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Values::len)
    }
}

/// Rows that wait for their group to be full.
#[derive(Debug, Default)]
pub struct Months {
    waiting: BTreeMap<i32, Group>,
    rows: usize,
}

impl Months {
    /// Adds the rows of some months, ranges of `rows`; returns the groups that are full.
    ///
    /// # Errors
    /// When columns differ in type from those before.
    pub fn add(
        &mut self,
        columns: &[Values],
        rows: &[u32],
        months: &[(i32, Range<usize>)],
    ) -> Result<Vec<Group>> {
        let mut full = Vec::new();
        for (month, range) in months {
            let places = rows.get(range.clone()).unwrap_or_default();
            let group = self.waiting.entry(*month).or_insert_with(|| Group {
                month: *month,
                columns: columns.iter().map(|values| values.empty_like(0)).collect(),
            });
            for (to, from) in group.columns.iter_mut().zip(columns) {
                if !to.extend_at(from, places) {
                    return Err(Error::internal("a column keeps its type"));
                }
            }
            self.rows += places.len();
            if group.rows() >= ROWS_PER_GROUP {
                full.extend(self.take(*month));
            }
        }
        while self.rows > ROWS_MAX {
            let largest = self.waiting.values().max_by_key(|group| (group.rows(), group.month));
            let Some(month) = largest.map(|group| group.month) else { break };
            full.extend(self.take(month));
        }
        Ok(full)
    }

    fn take(&mut self, month: i32) -> Option<Group> {
        let group = self.waiting.remove(&month)?;
        self.rows -= group.rows();
        Some(group)
    }

    /// The groups that are not full.
    pub fn finish(self) -> impl Iterator<Item = Group> {
        self.waiting.into_values()
    }
}

/// The year of a month.
#[must_use]
pub fn year_of(month: i32) -> i32 {
    month.div_euclid(12)
}

/// A month as text, `AAAA-MM`.
#[must_use]
pub fn text_of(month: i32) -> String {
    format!("{:04}-{:02}", year_of(month), month.rem_euclid(12) + 1)
}

/// The month in the path of a clean file, as text.
#[must_use]
pub fn in_path<'p>(path: &'p str, period: &str) -> Option<&'p str> {
    path.split('/').find_map(|part| part.strip_prefix(period)?.strip_prefix('='))
}

/// The month of a text, `AAAA-MM`.
#[must_use]
pub fn of_text(text: &str) -> Option<i32> {
    let (year, month) = text.split_once('-')?;
    Some(year.parse::<i32>().ok()? * 12 + month.parse::<i32>().ok()? - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_full_or_last() {
        let mut months = Months::default();
        let counts: Vec<i32> = (0..i32::try_from(ROWS_PER_GROUP).unwrap()).collect();
        let columns = [Values::Counts(counts)];
        let half = ROWS_PER_GROUP / 2;
        let rows: Vec<u32> = (0..u32::try_from(ROWS_PER_GROUP).unwrap()).collect();
        let split = [(5, 0..half), (7, half..ROWS_PER_GROUP)];
        assert!(months.add(&columns, &rows, &split).unwrap().is_empty());
        let full = months.add(&columns, &rows, &[(5, 0..half)]).unwrap();
        assert_eq!(full.iter().map(Group::rows).collect::<Vec<_>>(), [ROWS_PER_GROUP]);
        let last: Vec<_> = months.finish().map(|group| (group.month, group.rows())).collect();
        assert_eq!(last, [(7, ROWS_PER_GROUP - half)]);
    }

    #[test]
    fn months_have_their_names() {
        assert_eq!(text_of(2023 * 12 + 11), "2023-12");
        assert_eq!(text_of(2024 * 12), "2024-01");
        assert_eq!(of_text("2023-12"), Some(2023 * 12 + 11));
        assert_eq!(of_text("2023"), None);
    }
}
