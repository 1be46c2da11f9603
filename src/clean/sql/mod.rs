//! Steps become SQL: columns computed from others are the same expressions, written out; what is
//! looked up is a table to be joined.

pub mod days;
pub mod people;
pub mod versions;
mod words;

use polars::prelude::Expr;

use crate::clean::lookup::{SINCE, UNTIL};
use crate::clean::sql::words::{quoted, words};
use crate::error::Result;
use crate::vocabulary::columns;

/// A query under construction: rows that go through steps, each a part of it.
#[derive(Clone, Debug)]
pub struct Query {
    parts: Vec<(String, String)>,
    columns: Vec<String>,
}

impl Query {
    /// Rows of a relation, which has these columns.
    #[must_use]
    pub fn of(relation: &str, columns: &[&str]) -> Self {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        let part = format!("SELECT {}\nFROM {relation}", names.join(", "));
        Self { parts: vec![("step_0".to_owned(), part)], columns }
    }

    /// The columns that the rows have by now.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Computes columns; one of a name that is there takes its place.
    ///
    /// # Errors
    /// When an expression has no words in SQL.
    pub fn with(&mut self, computed: &[Expr]) -> Result<()> {
        let mut shown: Vec<(String, String)> =
            self.columns.iter().map(|name| (name.clone(), quoted(name))).collect();
        for expression in computed {
            let name = expression.clone().meta().output_name()?.to_string();
            let text = format!("{} AS {}", words(expression)?, quoted(&name));
            match shown.iter_mut().find(|(known, _)| *known == name) {
                Some((_, shown)) => *shown = text,
                None => shown.push((name, text)),
            }
        }
        let before = self.last();
        let texts: Vec<String> = shown.iter().map(|(_, text)| text.clone()).collect();
        self.columns = shown.into_iter().map(|(name, _)| name).collect();
        self.add(format!("SELECT {}\nFROM {before}", texts.join(",\n  ")));
        Ok(())
    }

    /// Adds columns of a table, by their names there and here, from the row that has the same keys;
    /// where the table says what holds for some time, the row of the day. One of a name that is
    /// there takes its place.
    pub fn join(
        &mut self,
        table: &str,
        keys: &[(&str, &str)],
        (taken, is_dated): (&[(&str, &str)], bool),
    ) {
        let is_taken = |name: &String| taken.iter().any(|(_, to)| to == name);
        let own = self.columns.iter().filter(|name| !is_taken(name));
        let own: Vec<String> = own.cloned().collect();
        let mut shown: Vec<String> = own.iter().map(|name| format!("l.{}", quoted(name))).collect();
        let others = taken.iter().map(|(from, to)| format!("r.{} AS {}", quoted(from), quoted(to)));
        shown.extend(others);
        let mut on: Vec<String> =
            keys.iter().map(|(l, r)| format!("l.{} = r.{}", quoted(l), quoted(r))).collect();
        if is_dated {
            let day = quoted(columns::DATE.name);
            on.push(format!("l.{day} >= r.{SINCE} AND l.{day} < r.{UNTIL}"));
        }
        let (shown, before) = (shown.join(",\n  "), self.last());
        let part =
            format!("SELECT {shown}\nFROM {before} l LEFT JOIN {table} r ON {}", on.join(" AND "));
        self.columns =
            own.into_iter().chain(taken.iter().map(|(_, to)| (*to).to_owned())).collect();
        self.add(part);
    }

    /// Computes a column by an expression of SQL.
    pub fn set(&mut self, name: &str, text: &str) {
        let own = self.columns.iter().filter(|known| *known != name);
        let own: Vec<String> = own.cloned().collect();
        let mut shown: Vec<String> = own.iter().map(|name| quoted(name)).collect();
        shown.push(format!("{text} AS {}", quoted(name)));
        let before = self.last();
        self.columns = own.into_iter().chain([name.to_owned()]).collect();
        self.add(format!("SELECT {}\nFROM {before}", shown.join(", ")));
    }

    /// The distinct combinations of some columns.
    #[must_use]
    pub fn distinct(&self, keys: &[&str]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
        self.text(&format!("SELECT DISTINCT {}\nFROM {}", keys.join(", "), self.last()))
    }

    /// Some columns of all rows, in the order of others.
    #[must_use]
    pub fn select(&self, columns: &[&str], order: &[&str]) -> String {
        let of =
            |names: &[&str]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        self.text(&format!("SELECT {}\nFROM {}\nORDER BY {}", of(columns), self.last(), of(order)))
    }

    pub(super) fn text(&self, last: &str) -> String {
        let parts = self.parts.iter().map(|(name, part)| format!("{name} AS (\n{part}\n)"));
        format!("WITH {}\n{last}", parts.collect::<Vec<_>>().join(",\n"))
    }

    pub(super) fn last(&self) -> String {
        self.parts.last().map(|(name, _)| name.clone()).unwrap_or_default()
    }

    pub(super) fn add(&mut self, part: String) {
        self.parts.push((format!("step_{}", self.parts.len()), part));
    }
}
