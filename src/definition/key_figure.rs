//! Key figures: each is a cell of a table, or a share of two, held against what is published.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::indicator::Indicator;
use crate::definition::table::Table;
use crate::definition::{Files, Problem, toml_file};

const FILE: &str = "chiffres_cles.toml";

/// Some cells of a table: those of the dimensions named, and the total of all others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    /// Table.
    pub table: String,
    /// Measure.
    pub measure: String,
    /// Dimension → values that are added.
    #[serde(default, rename = "where")]
    pub wanted: BTreeMap<String, Vec<String>>,
}

/// What is published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Value, in the unit of the figure; a percentage for a share.
    pub value: i64,
    /// It says "over", "more than".
    #[serde(default)]
    pub at_least: bool,
    /// In words.
    pub wording: String,
    /// The day it is of.
    pub on: Date,
}

/// One figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFigure {
    /// Name.
    pub name: String,
    /// French title.
    pub title: String,
    /// What it counts, in French.
    pub definition: String,
    /// The cells.
    pub value: Cells,
    /// What they are a share of.
    pub share_of: Option<Cells>,
    /// What is published, if anything is.
    pub published: Option<Published>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFigures {
    chiffre: Vec<KeyFigure>,
}

pub(super) fn load(
    files: &Files,
    (tables, indicators): (&BTreeMap<String, Table>, &BTreeMap<String, Indicator>),
    problems: &mut Vec<Problem>,
) -> Vec<KeyFigure> {
    let Some(bytes) = files.get(FILE) else { return Vec::new() };
    let figures = toml_file::read::<KeyFigures>(FILE, bytes, problems).unwrap_or_default().chiffre;
    for (place, figure) in figures.iter().enumerate() {
        let mut tell = |message: String| {
            problems.push(Problem::at(FILE, bytes, &figure.name, message));
        };
        if figures.iter().take(place).any(|other| other.name == figure.name) {
            tell(format!("figure `{}` stands twice", figure.name));
        }
        for cells in std::iter::once(&figure.value).chain(&figure.share_of) {
            for mistake in mistakes(cells, tables, indicators) {
                tell(format!("figure `{}`: {mistake}", figure.name));
            }
        }
    }
    figures
}

fn mistakes(
    cells: &Cells,
    tables: &BTreeMap<String, Table>,
    indicators: &BTreeMap<String, Indicator>,
) -> Vec<String> {
    let Some(table) = tables.get(&cells.table) else {
        return vec![format!("table `{}` is not declared in tables/", cells.table)];
    };
    let mut found = Vec::new();
    if !table.measures.contains(&cells.measure) {
        found.push(format!("table `{}` has no measure `{}`", cells.table, cells.measure));
    }
    let is_additive = indicators.get(&cells.measure).is_some_and(Indicator::is_additive);
    for (dimension, values) in &cells.wanted {
        if !table.by.contains(dimension) {
            found.push(format!("table `{}` has no dimension `{dimension}`", cells.table));
        }
        if values.is_empty() || (!is_additive && values.len() > 1) {
            found.push(format!(
                "`{dimension}` must name one value, or several of a measure that adds up"
            ));
        }
    }
    found
}
