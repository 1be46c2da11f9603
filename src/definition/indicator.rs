//! Each published figure has one declaration: title, formula, unit, and what it is not.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::definition::{Files, Problem, toml_file};
use crate::vocabulary::columns::{self, Kind};

const FILE: &str = "indicateurs.toml";

/// How an indicator is computed from clean rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compute {
    /// Number of rows.
    Count,
    /// Sum of a column.
    Sum,
    /// Number of distinct values of a column; not additive.
    Distinct,
    /// Sum of the columns of each band of the table.
    Bands,
}

/// One indicator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// French title.
    pub title: String,
    /// French formula, in words.
    pub formula: String,
    /// What it must not be taken for.
    pub is_not: String,
    /// Unit.
    pub unit: String,
    /// How it is computed.
    pub compute: Compute,
    /// The column it is computed from.
    pub of: Option<String>,
}

impl Indicator {
    /// Whether its parts add up to its total.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        match self.compute {
            Compute::Count | Compute::Sum | Compute::Bands => true,
            Compute::Distinct => false,
        }
    }
}

/// `is_of_series`: their columns are those of the dictionary, and not those of datasets.
pub(super) fn load(
    files: &Files,
    is_of_series: bool,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Indicator> {
    let Some(bytes) = files.get(FILE) else {
        problems.push(Problem::new(FILE, "is missing"));
        return BTreeMap::new();
    };
    let indicators: BTreeMap<String, Indicator> =
        toml_file::read(FILE, bytes, problems).unwrap_or_default();
    for (name, indicator) in indicators.iter().filter(|_| is_of_series) {
        let column = indicator.of.as_deref().and_then(columns::find);
        let is_number = column.is_some_and(|c| matches!(c.kind, Kind::Count | Kind::Sum));
        let valid = match indicator.compute {
            Compute::Sum => is_number,
            Compute::Distinct => column.is_some_and(|column| column.kind == Kind::Text),
            Compute::Count | Compute::Bands => indicator.of.is_none(),
        };
        if !valid {
            problems.push(Problem::new(
                FILE,
                format!(
                    "[{name}]: `of` must name a column of numbers for sum, of text for distinct, \
                     and be absent otherwise"
                ),
            ));
        }
    }
    indicators
}
