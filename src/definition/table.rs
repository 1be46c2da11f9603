//! A summary table: rows, measures, title. One file each.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::definition::indicator::Indicator;
use crate::definition::secrecy::Policy;
use crate::definition::{
    Files, Problem, in_folder, secrecy_check, secrecy_ties, table_check, toml_file,
};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns;

/// One summary table. Every dimension gets a row `ensemble`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// French title.
    pub title: String,
    /// What a reader must know, in French.
    pub definition: String,
    /// The clean data it sums.
    pub from: Subject,
    /// Its dimensions, in sort order.
    pub by: Vec<String>,
    /// Its indicators, in order.
    pub measures: Vec<String>,
    /// The lengths of the periods that its dimension `periode` has rows for.
    #[serde(default)]
    pub periods: Vec<Length>,
    /// A dimension whose values are classes of a count.
    #[serde(default)]
    pub classes: BTreeMap<String, Classes>,
    /// A dimension whose values are the codes of a multi-valued column. An activity counts once
    /// for each of its codes and once in `ensemble`.
    #[serde(default)]
    pub split: BTreeMap<String, String>,
    /// A dimension whose values are bands, each the sum of some count columns.
    #[serde(default)]
    pub bands: BTreeMap<String, Bands>,
    /// What is published of it; without it, the table stays inside.
    #[serde(default)]
    pub secrecy: Option<Secrecy>,
}

/// What of a table is published, and which rules it must pass.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrecy {
    /// Why these figures and these levels, in French.
    pub why: String,
    /// It sums a list that anyone may read: nothing of it is hidden.
    #[serde(default)]
    pub open: bool,
    /// Published measures, and the rule sets of the policy that each must pass.
    #[serde(default)]
    pub rules: BTreeMap<String, Vec<String>>,
    /// Published lengths of periods; all those of the table when it says nothing.
    #[serde(default)]
    pub periods: Vec<Length>,
    /// A column that groups the same records otherwise than one of the dimensions, and by which
    /// another table is published: territories that overlap.
    #[serde(default)]
    pub across: Option<Across>,
}

/// Two columns that group the same records, neither always within the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Across {
    /// The dimension of the table.
    pub dimension: String,
    /// The other column.
    pub column: String,
}

/// Bands, and the count columns that each adds up.
pub type Bands = BTreeMap<String, Vec<String>>;

/// Classes of a count. What is below the first, or that nobody gave, is `non_renseigne`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// The count column.
    pub of: String,
    /// The least value of each class.
    pub from: BTreeMap<String, i32>,
}

impl Classes {
    /// The classes and their least values, in ascending order.
    pub fn ascending(&self) -> impl Iterator<Item = (&str, i32)> {
        let mut all: Vec<(i32, &str)> =
            self.from.iter().map(|(name, least)| (*least, name.as_str())).collect();
        all.sort_unstable();
        all.into_iter().map(|(least, name)| (name, least))
    }
}

/// Where the values of a dimension come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension<'t> {
    /// They are those of a text column.
    Column(&'t str),
    /// They are periods, of the month of the record.
    Periods(&'t [Length]),
    /// They are classes of a count.
    Classes(&'t Classes),
    /// They are the codes of a multi-valued column.
    Split(&'t str),
    /// They are bands.
    Bands(&'t Bands),
}

impl Table {
    /// Where the values of one of its dimensions come from.
    #[must_use]
    pub fn dimension<'t>(&'t self, name: &'t str) -> Dimension<'t> {
        if name == columns::PERIODE.name {
            return Dimension::Periods(&self.periods);
        }
        let classes = self.classes.get(name).map(Dimension::Classes);
        let split = || self.split.get(name).map(|source| Dimension::Split(source));
        let bands = || self.bands.get(name).map(Dimension::Bands);
        classes.or_else(split).or_else(bands).unwrap_or(Dimension::Column(name))
    }

    /// Its dimensions, in order.
    pub fn dimensions(&self) -> impl Iterator<Item = (&str, Dimension<'_>)> {
        self.by.iter().map(|name| (name.as_str(), self.dimension(name)))
    }
}

pub(super) fn load(
    files: &Files,
    (indicators, policy): (&BTreeMap<String, Indicator>, Option<&Policy>),
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for (path, name, bytes) in in_folder(files, "tables", "toml") {
        if let Some(table) = toml_file::read::<Table>(path, bytes, problems) {
            let mistakes = table_check::mistakes(name, &table, indicators).into_iter();
            let of_secrecy = secrecy_check::mistakes(&table, indicators, policy);
            for (word, message) in mistakes.chain(of_secrecy) {
                problems.push(Problem::at(path, bytes, &word, message));
            }
            tables.insert(name.to_owned(), table);
        }
    }
    if tables.is_empty() {
        problems.push(Problem::new("tables", "declares no table"));
    }
    for (name, message) in secrecy_ties::mistakes(&tables) {
        problems.push(Problem::new(&format!("tables/{name}.toml"), message));
    }
    tables
}
