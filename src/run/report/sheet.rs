//! Words and numbers become the tables and parts that the template of the page writes down.

use serde::Serialize;

use crate::publish::pages::flow::Flow;
use crate::vocabulary::french::spaced;

/// How something ended: a colour, and always a word beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
}

/// A part of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Part {
    pub(super) anchor: &'static str,
    pub(super) title: &'static str,
    /// What matters, in sentences.
    pub(super) sentences: Vec<String>,
    pub(super) drawing: Option<Drawing>,
    pub(super) sheets: Vec<Sheet>,
    /// What is to be known to read it.
    pub(super) notes: Vec<String>,
}

/// Flows, with what stands beside them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Drawing {
    pub(super) title: String,
    pub(super) flow: Flow,
    /// Labels of what goes in, and what of it.
    pub(super) left: Vec<(String, String)>,
    /// Labels of what comes out, what of it, and the name of its colour.
    pub(super) right: Vec<(String, String, &'static str)>,
}

/// A table.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Sheet {
    pub(super) caption: String,
    /// Titles of columns, and whether they are of numbers.
    heads: Vec<(&'static str, bool)>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    is_total: bool,
    cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Cell {
    text: String,
    link: Option<String>,
    /// How long a bar below it is.
    bar: Option<String>,
    tone: Option<Tone>,
}

impl Sheet {
    /// A table without rows; a title that begins with `#` is of numbers.
    pub(super) fn of(caption: impl Into<String>, heads: &[&'static str]) -> Self {
        let heads = heads.iter().map(|head| (head.trim_start_matches('#'), head.starts_with('#')));
        Self { caption: caption.into(), heads: heads.collect(), rows: Vec::new() }
    }

    /// Adds a column of numbers.
    pub(super) fn numbers(&mut self, title: &'static str) {
        self.heads.push((title, true));
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { is_total: false, cells: cells.into_iter().collect() });
    }

    /// Adds the row of what all rows come to.
    pub(super) fn total(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { is_total: true, cells: cells.into_iter().collect() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Cell {
    /// A cell that leads somewhere.
    pub(super) fn link(self, to: impl Into<String>) -> Self {
        Self { link: Some(to.into()), ..self }
    }

    /// A cell with a bar.
    pub(super) fn bar(self, length: String) -> Self {
        Self { bar: Some(length), ..self }
    }

    /// A word that is a verdict.
    pub(super) fn verdict(text: impl Into<String>, tone: Tone) -> Self {
        Self { tone: Some(tone), ..Self::from(text.into()) }
    }

    /// What nobody knows, or does not apply.
    pub(super) fn none() -> Self {
        Self::from("–")
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::from(spaced(number))
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::from(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(known: Option<T>) -> Self {
        known.map_or_else(Self::none, Into::into)
    }
}
