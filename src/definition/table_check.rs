//! What a declared table says is held against the clean table, the indicators and itself.

use std::collections::BTreeMap;

use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::{Dimension, Table};
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables;

/// Columns that identify a record or a person.
const NOT_DIMENSIONS: [&str; 2] = [columns::ACTIVITE_ID.name, columns::CONSEILLER_ID.name];

/// A word of the file, and what is wrong there.
type Mistake = (String, String);

pub(super) fn mistakes(
    name: &str,
    table: &Table,
    indicators: &BTreeMap<String, Indicator>,
) -> Vec<Mistake> {
    let mut found = Vec::new();
    if tables::MADE.iter().any(|made| made.table.name == name) {
        found.push((String::new(), format!("the program makes a table `{name}`")));
    }
    if table.by.is_empty() || table.by.len() > 4 {
        found.push(("by".to_owned(), "`by` must name one to four dimensions".to_owned()));
    }
    if table.split.len() + table.bands.len() > 1 {
        let message = "at most one dimension may be split or made of bands";
        found.push(("bands".to_owned(), message.to_owned()));
    }
    let mut names: Vec<&String> = table.by.iter().chain(&table.measures).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        found.push(((*name).clone(), format!("`{name}` stands twice")));
    }
    found.extend(of_dimensions(table));
    found.extend(of_measures(table, indicators));
    found
}

fn of_dimensions(table: &Table) -> Vec<Mistake> {
    let mut found = Vec::new();
    let clean = tables::clean(table.from);
    let has = |name: &str, kind: Kind| {
        clean.columns.iter().any(|column| column.name == name && column.kind == kind)
    };
    for (name, dimension) in table.dimensions() {
        let message = match dimension {
            _ if NOT_DIMENSIONS.contains(&name) => {
                format!("dimension `{name}` would make a table of records or of persons")
            }
            Dimension::Column(_) if !has(name, Kind::Text) => {
                format!("dimension `{name}` is not a text column of `{}`", clean.name)
            }
            Dimension::Periods([]) => format!("dimension `{name}` needs `periods`"),
            Dimension::Periods(_) if !has(columns::MOIS.name, Kind::Text) => {
                format!("dimension `{name}`: rows of `{}` have no month", clean.name)
            }
            Dimension::Classes(classes) if !has(&classes.of, Kind::Count) => {
                format!("classes of `{name}`: `{}` is not a count column", classes.of)
            }
            Dimension::Split(source) if !has(source, Kind::Text) => {
                format!("split `{name}`: `{source}` is no column of text")
            }
            _ if columns::find(name).is_none() => {
                format!("dimension `{name}` is not in the dictionary of columns")
            }
            _ => continue,
        };
        found.push((name.to_owned(), message));
    }
    for source in table.bands.values().flat_map(BTreeMap::values).flatten() {
        if !has(source, Kind::Count) {
            found.push((source.clone(), format!("band `{source}` is not a count column")));
        }
    }
    let derived = table.split.keys().chain(table.bands.keys()).chain(table.classes.keys());
    for name in derived.filter(|name| !table.by.contains(*name)) {
        found.push((name.clone(), format!("`{name}` is described and is not a dimension")));
    }
    if !table.periods.is_empty() && !table.by.iter().any(|name| name == columns::PERIODE.name) {
        let message = format!("`periods` go with the dimension `{}`", columns::PERIODE.name);
        found.push(("periods".to_owned(), message));
    }
    if !table.periods.is_sorted_by(|shorter, longer| shorter < longer) {
        let message = "`periods` stand from the shortest to the longest, each once";
        found.push(("periods".to_owned(), message.to_owned()));
    }
    found
}

fn of_measures(table: &Table, indicators: &BTreeMap<String, Indicator>) -> Vec<Mistake> {
    let mut found = Vec::new();
    let clean = tables::clean(table.from);
    if table.measures.is_empty() {
        found.push(("measures".to_owned(), "`measures` is empty".to_owned()));
    }
    for name in &table.measures {
        let Some(indicator) = indicators.get(name) else {
            let message = format!("measure `{name}` is not declared in indicateurs.toml");
            found.push((name.clone(), message));
            continue;
        };
        if (indicator.compute == Compute::Bands) == table.bands.is_empty() {
            let message =
                format!("measure `{name}`: bands go with a table of bands, and only those");
            found.push((name.clone(), message));
        }
        let needed = indicator.of.iter().chain(&indicator.minus);
        for of in needed {
            let is_there = match indicator.compute {
                Compute::Difference => table.measures.contains(of),
                _ => clean.columns.iter().any(|column| column.name == of),
            };
            if !is_there {
                let place = match indicator.compute {
                    Compute::Difference => "`measures`".to_owned(),
                    _ => format!("`{}`", clean.name),
                };
                let message = format!("measure `{name}` needs `{of}`, not in {place}");
                found.push((name.clone(), message));
            }
        }
    }
    found
}
