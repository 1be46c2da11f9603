//! The files of a release become what the public reads in them, and how its codes add up.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::release::{Dimension as Codes, Measure, Release, Row, Sums, Table};
use crate::definition::Definitions;
use crate::definition::table::Dimension;
use crate::error::Result;
use crate::protect::release::key;
use crate::run::protect::counted::{Wanted, bonds, published, wanted};
use crate::run::protect::files::{Public, read_public};
use crate::run::protect::judged::inner_rows;
use crate::run::protect::proof::OnDisk;
use crate::run::protect::truth::Truth;
use crate::run::store::Store;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// What the public reads in the files of a release, and how codes add up.
pub(super) fn as_published(
    store: &Store,
    definitions: &Definitions,
    on_disk: &OnDisk,
) -> Result<Release> {
    let mut tables = Vec::new();
    let names: BTreeSet<&String> = on_disk.truth.keys().map(|(_, measure)| measure).collect();
    let counted_measures: BTreeMap<&str, Measure> =
        names.iter().map(|name| (name.as_str(), counted(name, &on_disk.truth))).collect();
    for wanted in wanted(definitions) {
        let Some(public) = read_public(store, &on_disk.folder, &wanted)? else { continue };
        tables.push(table_of(&wanted, public, &counted_measures));
    }
    for (dimensions, rows) in inner_rows(&on_disk.truth) {
        let codes = |row: &Vec<String>| {
            key(dimensions.iter().map(String::as_str).zip(row.iter().map(String::as_str)))
        };
        let first = rows.first().map(codes).unwrap_or_default();
        let is_there =
            |name: &&&String| on_disk.truth.contains_key(&(first.clone(), (**name).clone()));
        let measures = names.iter().filter(is_there);
        let measures = measures.filter_map(|name| counted_measures.get(name.as_str()).cloned());
        let measures: Vec<Measure> = measures.collect();
        tables.extend(tied(&dimensions, &rows, &measures, &on_disk.truth));
    }
    let secrets = on_disk.truth.iter();
    let secrets = secrets.map(|((key, name), figure)| (format!("{name}|{key}"), figure.value));
    let bonds = bonds(definitions, names.iter().map(|name| name.as_str()));
    Ok(Release { name: on_disk.name.clone(), tables, bonds, secrets: secrets.collect() })
}

/// A measure, and what everyone knows that its figures are at least: rows of zeros are left out, so
/// where no row has a zero of it, a hidden figure is no zero either.
pub(super) fn counted(name: &str, truth: &Truth) -> Measure {
    let mut figures = truth.iter().filter(|((_, measure), _)| measure == name);
    let floor = i64::from(figures.all(|(_, figure)| figure.value > 0));
    Measure { name: name.to_owned(), floor: Some(floor), sums: Sums::Exact }
}

fn table_of(wanted: &Wanted<'_>, public: Public, measures: &BTreeMap<&str, Measure>) -> Table {
    let codes = |place: usize| public.rows.iter().filter_map(move |row| row.codes.get(place));
    let dimensions = wanted.table.dimensions().enumerate().map(|(place, (name, from))| {
        let sums = match from {
            Dimension::Split(_) => Sums::Overlap,
            _ => Sums::Exact,
        };
        dimension(name, codes(place), sums)
    });
    Table {
        name: wanted.name.to_owned(),
        dimensions: dimensions.collect(),
        measures: published(wanted.table, wanted.secrecy)
            .map(|name| measures.get(name).cloned().unwrap_or_default())
            .collect(),
        relations: Vec::new(),
        rows: public.rows,
    }
}

/// A dimension: each code is part of the total, and a period of the next longer one.
fn dimension<'a>(name: &str, codes: impl Iterator<Item = &'a String>, sums: Sums) -> Codes {
    let codes: BTreeSet<&String> = codes.collect();
    if name != columns::PERIODE.name {
        let parts = codes.iter().filter(|code| **code != ENSEMBLE);
        let parents = parts.map(|code| ((*code).clone(), ENSEMBLE.to_owned())).collect();
        return Codes { name: name.to_owned(), total: Some(ENSEMBLE.to_owned()), parents, sums };
    }
    let lengths: BTreeSet<Length> = codes.iter().map(|code| Length::of_period(code)).collect();
    let parent = |code: &&String| {
        let own = Length::of_period(code);
        let longer = lengths.iter().find(|length| **length > own)?.of(code);
        codes.contains(&longer).then(|| ((*code).clone(), longer))
    };
    Codes {
        name: name.to_owned(),
        total: None,
        parents: codes.iter().filter_map(parent).collect(),
        sums,
    }
}

/// Inner rows with the rows that they are parts of: those of one grouping, and those of the other,
/// as far as these are released.
fn tied(
    dimensions: &[String],
    rows: &[Vec<String>],
    measures: &[Measure],
    truth: &Truth,
) -> Vec<Table> {
    let is_grouping =
        |place: &usize| dimensions.get(*place).is_some_and(|name| name != columns::PERIODE.name);
    let is_released = |codes: &Vec<String>| {
        let named = dimensions.iter().map(String::as_str);
        let key = key(named.zip(codes.iter().map(String::as_str)));
        measures.iter().all(|measure| truth.contains_key(&(key.clone(), measure.name.clone())))
    };
    let tables = (0..dimensions.len()).filter(is_grouping).map(|along| {
        let totals = rows.iter().map(|row| {
            let mut total = row.clone();
            if let Some(code) = total.get_mut(along) {
                ENSEMBLE.clone_into(code);
            }
            total
        });
        let totals: BTreeSet<Vec<String>> = totals.filter(is_released).collect();
        let has_totals = !totals.is_empty();
        let rows: Vec<&Vec<String>> = rows.iter().chain(&totals).collect();
        let codes = |place: usize| rows.iter().filter_map(move |row| row.get(place));
        let of = |(place, name): (usize, &String)| {
            let known = dimension(name, codes(place), Sums::Exact);
            let adds_up = (place == along && has_totals) || name == columns::PERIODE.name;
            if adds_up { known } else { Codes { total: None, parents: BTreeMap::new(), ..known } }
        };
        let of_rows = dimensions.iter().enumerate().map(of).collect();
        let values = vec![None; measures.len()];
        let row = |codes: &&Vec<String>| Row { codes: (*codes).clone(), values: values.clone() };
        Table {
            name: dimensions.join("|"),
            dimensions: of_rows,
            measures: measures.to_vec(),
            relations: Vec::new(),
            rows: rows.iter().map(row).collect(),
        }
    });
    tables.collect()
}
