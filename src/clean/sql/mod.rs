//! Steps become SQL: columns computed from others are the same expressions, written out; what is
//! looked up is a table to be joined.

pub mod days;
pub mod people;
pub mod versions;
mod words;

use std::collections::BTreeSet;

use polars::prelude::Expr;

use crate::clean::lookup::{SINCE, UNTIL};
use crate::clean::sql::words::{quoted, words};
use crate::error::Result;
use crate::vocabulary::columns;

/// A query under construction: rows that go through steps, each a part of it.
#[derive(Clone, Debug)]
pub struct Query {
    parts: Vec<Part>,
    columns: Vec<String>,
}

/// A part of a query, whose place is its name. None adds or drops a row.
#[derive(Clone, Debug)]
enum Part {
    /// Columns one by one, of the rows of the part before, and of the one row of a table for each.
    Shown { columns: Vec<Shown>, join: Option<Join> },
    /// A whole query, and the columns that it leaves as they are in another part.
    Whole { text: String, same: Option<(usize, Vec<String>)> },
}

/// A column of a part.
#[derive(Clone, Debug)]
struct Shown {
    name: String,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    /// The column of that name, of the part before.
    Before,
    /// An expression, and the columns that it is of.
    Computed { text: String, of: Vec<String> },
    /// A column of the table that is joined.
    Table(String),
}

/// A table, its condition, and the columns of the part before that are in it.
#[derive(Clone, Debug)]
struct Join {
    table: String,
    on: String,
    of: Vec<String>,
}

impl Query {
    /// Rows of a relation, which has these columns.
    #[must_use]
    pub fn of(relation: &str, columns: &[&str]) -> Self {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
        let text = format!("SELECT {}\nFROM {relation}", names.join(", "));
        Self { parts: vec![Part::Whole { text, same: None }], columns }
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
        let mut shown: Vec<Shown> = self.columns.iter().map(|name| before(name)).collect();
        for expression in computed {
            let meta = expression.clone().meta();
            let name = meta.output_name()?.to_string();
            let of = meta.root_names().iter().map(ToString::to_string).collect();
            let from = From::Computed { text: words(expression)?, of };
            match shown.iter_mut().find(|known| known.name == name) {
                Some(known) => known.from = from,
                None => shown.push(Shown { name, from }),
            }
        }
        self.show(shown, None);
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
        let own = self.columns.iter().filter(|name| !is_taken(name)).map(|name| before(name));
        let others = taken.iter().map(|(from, to)| Shown {
            name: (*to).to_owned(),
            from: From::Table((*from).to_owned()),
        });
        let shown = own.chain(others).collect();
        let mut on: Vec<String> =
            keys.iter().map(|(l, r)| format!("l.{} = r.{}", quoted(l), quoted(r))).collect();
        let mut of: Vec<String> = keys.iter().map(|(l, _)| (*l).to_owned()).collect();
        if is_dated {
            let day = quoted(columns::DATE.name);
            on.push(format!("l.{day} >= r.{SINCE} AND l.{day} < r.{UNTIL}"));
            of.push(columns::DATE.name.to_owned());
        }
        self.show(shown, Some(Join { table: table.to_owned(), on: on.join(" AND "), of }));
    }

    /// Computes a column by an expression of SQL.
    pub fn set(&mut self, name: &str, text: &str) {
        let own = self.columns.iter().filter(|known| *known != name);
        let own: Vec<String> = own.cloned().collect();
        let mut shown: Vec<String> = own.iter().map(|name| quoted(name)).collect();
        shown.push(format!("{text} AS {}", quoted(name)));
        let text = format!("SELECT {}\nFROM {}", shown.join(", "), self.last());
        self.columns = own.iter().cloned().chain([name.to_owned()]).collect();
        let before = self.parts.len().saturating_sub(1);
        self.parts.push(Part::Whole { text, same: Some((before, own)) });
    }

    /// The distinct combinations of some columns.
    #[must_use]
    pub fn distinct(&self, keys: &[&str]) -> String {
        let names: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
        self.narrow(keys, |rows| format!("SELECT DISTINCT {}\nFROM {rows}", names.join(", ")))
    }

    /// Some columns of all rows, in the order of others.
    #[must_use]
    pub fn select(&self, columns: &[&str], order: &[&str]) -> String {
        let of =
            |names: &[&str]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        self.narrow(columns, |rows| {
            format!("SELECT {}\nFROM {rows}\nORDER BY {}", of(columns), of(order))
        })
    }

    /// A query over some columns of the rows, by what the rows are called: of the parts it has
    /// those alone that these columns come from. Engines do not know that a join changes nothing.
    pub(super) fn narrow(&self, columns: &[&str], last: impl Fn(&str) -> String) -> String {
        let mut wanted: BTreeSet<&str> = columns.iter().copied().collect();
        let mut taken: Vec<(usize, Vec<&Shown>)> = Vec::new();
        let mut at = self.parts.len().saturating_sub(1);
        let whole = loop {
            match self.parts.get(at) {
                Some(Part::Shown { columns, join }) => {
                    let shown = columns.iter().filter(|it| wanted.contains(it.name.as_str()));
                    let shown: Vec<&Shown> = shown.collect();
                    if shown.iter().any(|it| !matches!(it.from, From::Before)) {
                        wanted = needed(&shown, join.as_ref());
                        taken.push((at, shown));
                    }
                    at = at.saturating_sub(1);
                }
                Some(Part::Whole { same: Some((before, same)), .. })
                    if wanted.iter().all(|name| same.iter().any(|it| it == name)) =>
                {
                    at = *before;
                }
                _ => break at,
            }
        };
        let all = self.parts.iter().enumerate().take(whole + 1);
        let mut texts: Vec<String> = all
            .map(|(place, part)| {
                let text = match part {
                    Part::Whole { text, .. } => text.clone(),
                    Part::Shown { columns, join } => {
                        let before = step(place.saturating_sub(1));
                        written(&columns.iter().collect::<Vec<_>>(), join.as_ref(), &before)
                    }
                };
                format!("{} AS (\n{text}\n)", step(place))
            })
            .collect();
        let mut rows = step(whole);
        for (place, shown) in taken.into_iter().rev() {
            let join = match self.parts.get(place) {
                Some(Part::Shown { join, .. }) => join.as_ref(),
                _ => None,
            };
            let text = written(&shown, join, &rows);
            rows = step(place);
            texts.push(format!("{rows} AS (\n{text}\n)"));
        }
        format!("WITH {}\n{}", texts.join(",\n"), last(&rows))
    }

    /// What the rows are called by now.
    pub(super) fn last(&self) -> String {
        step(self.parts.len().saturating_sub(1))
    }

    fn show(&mut self, columns: Vec<Shown>, join: Option<Join>) {
        self.columns = columns.iter().map(|shown| shown.name.clone()).collect();
        self.parts.push(Part::Shown { columns, join });
    }

    /// Adds a part that is a query of its own.
    pub(super) fn add(&mut self, text: String) {
        self.parts.push(Part::Whole { text, same: None });
    }

    /// The same, of rows that were called `before` and keep some columns as they were there.
    pub(super) fn add_beside(&mut self, text: String, before: &str, same: Vec<String>) {
        let before = (0..self.parts.len()).find(|place| step(*place) == before);
        self.parts.push(Part::Whole { text, same: before.map(|before| (before, same)) });
    }
}

fn before(name: &str) -> Shown {
    Shown { name: name.to_owned(), from: From::Before }
}

fn step(place: usize) -> String {
    format!("step_{place}")
}

/// The columns of the part before that some columns of a part come from.
fn needed<'q>(shown: &[&'q Shown], join: Option<&'q Join>) -> BTreeSet<&'q str> {
    let mut needed = BTreeSet::new();
    for it in shown {
        match &it.from {
            From::Before => _ = needed.insert(it.name.as_str()),
            From::Computed { of, .. } => needed.extend(of.iter().map(String::as_str)),
            From::Table(_) => {
                let of = join.iter().flat_map(|join| &join.of);
                needed.extend(of.map(String::as_str));
            }
        }
    }
    needed
}

/// Columns of a part, in words; without the table where none is of it.
fn written(shown: &[&Shown], join: Option<&Join>, before: &str) -> String {
    let is_joined = shown.iter().any(|it| matches!(it.from, From::Table(_)));
    let join = join.filter(|_| is_joined);
    let own = if join.is_some() { "l." } else { "" };
    let texts = shown.iter().map(|it| {
        let name = quoted(&it.name);
        match &it.from {
            From::Before => format!("{own}{name}"),
            From::Computed { text, .. } => format!("{text} AS {name}"),
            From::Table(from) => format!("r.{} AS {name}", quoted(from)),
        }
    });
    let texts = texts.collect::<Vec<_>>().join(",\n  ");
    match join {
        Some(Join { table, on, .. }) => {
            format!("SELECT {texts}\nFROM {before} l LEFT JOIN {table} r ON {on}")
        }
        None => format!("SELECT {texts}\nFROM {before}"),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{col, lit};

    use super::*;

    fn query() -> Query {
        let mut query = Query::of("rows", &["id", "date", "place", "people"]);
        query.join("places", &[("place", "code")], (&[("town", "town")], false));
        query.with(&[(col("people") + lit(1)).alias("more")]).unwrap();
        query.set("delay", "1 + 1");
        query.join("owners", &[("town", "town")], (&[("owner", "owner")], true));
        query
    }

    #[test]
    fn a_query_has_the_parts_alone_that_its_columns_come_from() {
        let text = query().distinct(&["people"]);
        assert_eq!(
            text,
            "WITH step_0 AS (\nSELECT `id`, `date`, `place`, `people`\nFROM rows\n)\n\
             SELECT DISTINCT `people`\nFROM step_0"
        );
        let text = query().distinct(&["owner", "id"]);
        assert!(!text.contains("delay") && !text.contains("more"), "{text}");
        assert!(text.contains("SELECT l.`id`,\n  l.`date`,\n  r.`town` AS `town`\n"), "{text}");
        assert!(text.ends_with("SELECT DISTINCT `owner`, `id`\nFROM step_4"), "{text}");
    }

    #[test]
    fn what_is_asked_of_all_columns_has_all_parts() {
        let text = query().select(&["id", "town", "more", "delay", "owner"], &["id"]);
        for part in ["places", "owners", "1 + 1", "`more`"] {
            assert!(text.contains(part), "{text}");
        }
        let text = query().distinct(&["delay"]);
        assert!(text.contains("places") && !text.contains("owners"), "{text}");
    }
}
