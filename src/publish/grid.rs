//! The rows of a table, as the public reads them.

use std::collections::{BTreeMap, BTreeSet};

use crate::vocabulary::columns::SECRET;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// No value: hidden, or none.
    Empty,
    /// A code or another text.
    Text(String),
    /// A figure.
    Number(i64),
}

/// A table: its rows in the order of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// Names of its columns, in order.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// The tables of a release, by name.
pub type Grids = BTreeMap<String, Grid>;

impl Grid {
    /// The values of a column; none of one that is not there.
    pub fn column<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Cell> {
        let place = self.columns.iter().position(|column| column == name);
        let rows = place.is_some().then_some(&self.rows).into_iter().flatten();
        rows.filter_map(move |row| row.get(place?))
    }

    /// Number of rows whose figures are hidden.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.column(SECRET.name).filter(|cell| **cell != Cell::Empty).count()
    }

    /// The codes of a column.
    #[must_use]
    pub fn codes(&self, name: &str) -> BTreeSet<&str> {
        let texts = self.column(name).filter_map(|cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            Cell::Empty | Cell::Number(_) => None,
        });
        texts.collect()
    }

    /// The sum of all figures of a column, totals included: what a reader checks its reading by.
    #[must_use]
    pub fn sum(&self, name: &str) -> i64 {
        let figures = self.column(name).map(|cell| match cell {
            Cell::Number(figure) => *figure,
            Cell::Empty | Cell::Text(_) => 0,
        });
        figures.fold(0, i64::saturating_add)
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Empty => Ok(()),
            Cell::Text(text) => f.write_str(text),
            Cell::Number(figure) => write!(f, "{figure}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_rows_count_and_do_not_sum() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let grid = Grid {
            columns: ["type", "n", "secret"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![text("a"), Cell::Number(3), Cell::Empty],
                vec![text("b"), Cell::Empty, text("s")],
            ],
        };
        assert_eq!((grid.hidden(), grid.sum("n"), grid.sum("other")), (1, 3, 0));
        assert_eq!(grid.codes("type"), BTreeSet::from(["a", "b"]));
    }
}
