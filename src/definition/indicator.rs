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
    /// One indicator of the table less another.
    Difference,
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
    /// The column it is computed from, or the indicator it is a difference from.
    pub of: Option<String>,
    /// The indicator that a difference takes away.
    pub minus: Option<String>,
    /// The indicator that its total over all bands moves with: readers know how far they differ.
    pub follows: Option<String>,
    /// Which system published it, and what it was called there.
    #[serde(default)]
    pub used_by: String,
}

impl Indicator {
    /// Whether its parts add up to its total.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        match self.compute {
            Compute::Count | Compute::Sum | Compute::Bands | Compute::Difference => true,
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
        problems.extend(mistake(indicator, &indicators).map(|message| {
            let at = format!("[{name}]");
            Problem::at(FILE, bytes, &at, format!("{at}: {message}"))
        }));
    }
    indicators
}

fn mistake(indicator: &Indicator, others: &BTreeMap<String, Indicator>) -> Option<&'static str> {
    let column = indicator.of.as_deref().and_then(columns::find);
    let is_number = column.is_some_and(|c| matches!(c.kind, Kind::Count | Kind::Sum));
    let is_sum = |name: &Option<String>| {
        let other = name.as_ref().and_then(|name| others.get(name));
        other.is_some_and(|other| matches!(other.compute, Compute::Count | Compute::Sum))
    };
    let (is_valid, message) = match indicator.compute {
        Compute::Sum => (is_number, "`of` must name a column of numbers"),
        Compute::Distinct => {
            let is_text = column.is_some_and(|column| column.kind == Kind::Text);
            (is_text, "`of` must name a column of text")
        }
        Compute::Count | Compute::Bands => (indicator.of.is_none(), "`of` has no use here"),
        Compute::Difference => {
            let are_sums = is_sum(&indicator.of) && is_sum(&indicator.minus);
            (are_sums, "`of` and `minus` must name indicators that are counts or sums")
        }
    };
    if indicator.follows.is_some()
        && !(indicator.compute == Compute::Bands && is_sum(&indicator.follows))
    {
        return Some(
            "`follows` goes with `bands`, and names an indicator that is a count or a sum",
        );
    }
    let has_minus = indicator.minus.is_some();
    if !is_valid {
        return Some(message);
    }
    (has_minus != (indicator.compute == Compute::Difference))
        .then_some("`minus` goes with `difference`, and only with it")
}
