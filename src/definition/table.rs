//! A summary table: rows, measures, title. One file each.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::definition::indicator::{Compute, Indicator};
use crate::definition::{Files, Problem, in_folder, toml_file};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables;

/// Columns that identify a record or a person.
const NOT_DIMENSIONS: [&str; 2] = [columns::ACTIVITE_ID.name, columns::CONSEILLER_ID.name];

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
    /// A dimension whose values are the codes of a multi-valued column. An activity counts once
    /// for each of its codes and once in `ensemble`.
    #[serde(default)]
    pub split: BTreeMap<String, String>,
    /// A dimension whose values are bands, each the sum of some count columns.
    #[serde(default)]
    pub bands: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

pub(super) fn load(
    files: &Files,
    indicators: &BTreeMap<String, Indicator>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for (path, name, bytes) in in_folder(files, "tables", "toml") {
        if let Some(table) = toml_file::read::<Table>(path, bytes, problems) {
            for (word, message) in mistakes(&table, indicators) {
                problems.push(Problem::at(path, bytes, &word, message));
            }
            tables.insert(name.to_owned(), table);
        }
    }
    if tables.is_empty() {
        problems.push(Problem::new("tables", "declares no table"));
    }
    tables
}

fn mistakes(table: &Table, indicators: &BTreeMap<String, Indicator>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let clean = tables::clean(table.from);
    let column = |name: &str, kind: Option<Kind>| {
        clean.columns.iter().any(|c| c.name == name && kind.is_none_or(|kind| c.kind == kind))
    };
    if table.by.is_empty() || table.by.len() > 4 {
        found.push(("by".to_owned(), "`by` must name one to four dimensions".to_owned()));
    }
    if table.split.len() + table.bands.len() > 1 {
        let message = "at most one dimension may be split or made of bands";
        found.push(("bands".to_owned(), message.to_owned()));
    }
    for name in &table.by {
        let derived = table.split.contains_key(name) || table.bands.contains_key(name);
        if columns::find(name).is_none() || (!derived && !column(name, Some(Kind::Text))) {
            found.push((
                name.clone(),
                format!("dimension `{name}` is not a text column of `{}`", clean.name),
            ));
        }
    }
    for (dimension, source) in &table.split {
        if !table.by.contains(dimension) || !column(source, Some(Kind::Text)) {
            let message =
                format!("split `{dimension}`: not a dimension, or `{source}` is no column");
            found.push((source.clone(), message));
        }
    }
    for (dimension, bands) in &table.bands {
        if !table.by.contains(dimension) {
            let message = format!("bands of `{dimension}`, which is not a dimension");
            found.push((dimension.clone(), message));
        }
        for source in bands.values().flatten().filter(|name| !column(name, Some(Kind::Count))) {
            let message = format!("band of `{dimension}`: `{source}` is not a count column");
            found.push((source.clone(), message));
        }
    }
    let mut names: Vec<&String> = table.by.iter().chain(&table.measures).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        found.push(((*name).clone(), format!("`{name}` stands twice")));
    }
    for name in table.by.iter().filter(|name| NOT_DIMENSIONS.contains(&name.as_str())) {
        let message = format!("dimension `{name}` would make a table of records or of persons");
        found.push((name.clone(), message));
    }
    if table.measures.is_empty() {
        found.push(("measures".to_owned(), "`measures` is empty".to_owned()));
    }
    for name in &table.measures {
        let Some(indicator) = indicators.get(name) else {
            found.push((
                name.clone(),
                format!("measure `{name}` is not declared in indicateurs.toml"),
            ));
            continue;
        };
        if (indicator.compute == Compute::Bands) == table.bands.is_empty() {
            let message =
                format!("measure `{name}`: bands go with a table of bands, and only those");
            found.push((name.clone(), message));
        }
        if let Some(of) = indicator.of.as_deref()
            && !column(of, None)
        {
            let message = format!("measure `{name}` needs column `{of}`, not in `{}`", clean.name);
            found.push((name.clone(), message));
        }
    }
    found
}
