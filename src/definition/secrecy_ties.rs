//! Released tables are held against each other: what one hides must not be a difference of others.

use std::collections::BTreeMap;
use std::mem::discriminant;

use crate::definition::table::{Dimension, Secrecy, Table};
use crate::vocabulary::columns::{self, Column};

/// Names of tables, and what is wrong there.
pub(super) fn mistakes(tables: &BTreeMap<String, Table>) -> Vec<(String, String)> {
    groupings(tables).into_iter().chain(untied(tables)).collect()
}

/// Released tables that group the same counts in two ways: a group less its parts in another table
/// is a figure, and nothing would say so.
fn groupings(tables: &BTreeMap<String, Table>) -> Vec<(String, String)> {
    let mut known: Vec<(&str, &str, Dimension<'_>)> = Vec::new();
    let mut found = Vec::new();
    let released = tables.iter().filter(|(_, table)| table.secrecy.is_some());
    for (name, table) in released {
        for (dimension, from) in table.dimensions() {
            let other = known.iter().find(|(_, other, before)| {
                let is_other_form =
                    *other == dimension && discriminant(before) != discriminant(&from);
                let shares = columns_of(*before).iter().any(|it| columns_of(from).contains(it));
                is_other_form || (shares && (*before != from || *other != dimension))
            });
            if let Some((before, ..)) = other {
                let message = format!(
                    "`{dimension}` groups what `{before}` is published with in another way: a \
                     difference of the two would be a figure that nothing protects"
                );
                found.push((name.clone(), message));
            }
            known.push((name, dimension, from));
        }
    }
    found
}

/// Columns of which one tells, or nearly, what another is: a département its région, an EPCI mostly
/// its département.
const FAMILIES: [&[Column]; 3] = [
    &[
        columns::COMMUNE,
        columns::EPCI,
        columns::DEPARTEMENT,
        columns::REGION,
        columns::DEPARTEMENT_SOURCE,
    ],
    &[
        columns::COMMUNE_EMPLOYEUR,
        columns::EPCI_EMPLOYEUR,
        columns::DEPARTEMENT_EMPLOYEUR,
        columns::REGION_EMPLOYEUR,
    ],
    &[
        columns::STRUCTURE_ID,
        columns::SIREN,
        columns::TYPE_EMPLOYEUR,
        columns::GROUPE_EMPLOYEUR,
        columns::TYPE_EMPLOYEUR_SOURCE,
    ],
];

/// Released tables by two columns of a family that nothing ties: what is hidden in one could be
/// computed from the other.
fn untied(tables: &BTreeMap<String, Table>) -> Vec<(String, String)> {
    let released = tables.iter().filter_map(|(name, table)| {
        let secrecy = table.secrecy.as_ref().filter(|secrecy| !secrecy.open)?;
        Some((name, table, secrecy))
    });
    let released: Vec<_> = released.collect();
    let mut found = Vec::new();
    for (place, (name, table, _)) in released.iter().enumerate() {
        for (before, other, _) in &released[..place] {
            for (one, two) in pairs(table, other) {
                let is_other = |it: &&String| **it != one && **it != columns::PERIODE.name;
                let shared: Vec<&String> = table.by.iter().filter(is_other).collect();
                let shared: Vec<&String> =
                    shared.into_iter().filter(|it| **it != two && other.by.contains(it)).collect();
                let has_all = |table: &Table| {
                    let needed = [&one, &two].into_iter().chain(shared.iter().copied());
                    needed.into_iter().all(|it| table.by.contains(it))
                };
                let is_tied = released.iter().any(|(_, table, _)| has_all(table))
                    || (shared.is_empty() && are_tied(&released, &one, &two));
                if !is_tied {
                    let message = format!(
                        "`{one}` and `{two}` of `{before}` are published apart, and one tells of \
                         the other: `across` ties them, or one of the two is not published"
                    );
                    found.push(((*name).clone(), message));
                }
            }
        }
    }
    found
}

/// Columns of one family, one of each of two tables, that the other lacks.
fn pairs(table: &Table, other: &Table) -> Vec<(String, String)> {
    let of = |table: &Table, lacks: &Table, family: &[Column]| -> Vec<String> {
        let is_of = |name: &&String| family.iter().any(|column| column.name == **name);
        let names = table.by.iter().filter(is_of);
        names.filter(|name| !lacks.by.contains(name)).cloned().collect()
    };
    let pairs = FAMILIES.iter().flat_map(|family| {
        let others = of(other, table, family);
        let ones = of(table, other, family);
        ones.into_iter().flat_map(move |one| {
            let others = others.clone();
            others.into_iter().map(move |two| (one.clone(), two))
        })
    });
    pairs.collect()
}

/// Whether sums by both groupings tie two columns, perhaps by way of others.
fn are_tied(released: &[(&String, &Table, &Secrecy)], one: &str, two: &str) -> bool {
    let mut known = vec![one];
    let mut next = 0;
    while let Some(from) = known.get(next).copied() {
        next += 1;
        for across in released.iter().filter_map(|(_, _, secrecy)| secrecy.across.as_ref()) {
            let pair = [across.dimension.as_str(), across.column.as_str()];
            if pair.contains(&from) {
                known.extend(pair.into_iter().filter(|it| !known.contains(it)).collect::<Vec<_>>());
            }
        }
    }
    known.contains(&two)
}

/// The columns that a dimension groups.
fn columns_of(dimension: Dimension<'_>) -> Vec<&str> {
    match dimension {
        Dimension::Column(_) | Dimension::Periods(_) => Vec::new(),
        Dimension::Classes(classes) => vec![classes.of.as_str()],
        Dimension::Split(column) => vec![column],
        Dimension::Bands(bands) => bands.values().flatten().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_released_tables_do_not_group_the_same_counts_otherwise() {
        let table = |dimension: &str, bands: &str| {
            let text = format!(
                "title=''\ndefinition=''\nfrom='activites'\nby=['{dimension}']\nmeasures=['n']\n\
                 [bands.{dimension}]\n{bands}\n[secrecy]\nwhy=''\nrules={{n=['structures']}}\n"
            );
            toml::from_str::<Table>(&text).unwrap()
        };
        let fine = table("age", "a=['x']\nb=['y']");
        let mut tables =
            BTreeMap::from([("one".to_owned(), fine.clone()), ("same".to_owned(), fine)]);
        assert_eq!(groupings(&tables), []);
        tables.insert("two".to_owned(), table("age", "all=['x','y']"));
        tables.insert("wide".to_owned(), table("ages", "all=['x','z']"));
        let found: Vec<String> = groupings(&tables).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["two", "wide"]);
    }

    #[test]
    fn two_released_tables_by_columns_that_tell_of_each_other_are_tied() {
        let table = |by: &str, across: &str| {
            let text = format!(
                "title=''\ndefinition=''\nfrom='activites'\nby=[{by}]\nmeasures=['n']\n\
                 [secrecy]\nwhy=''\nrules={{n=['structures']}}\n{across}\n"
            );
            toml::from_str::<Table>(&text).unwrap()
        };
        let names = |tables: &BTreeMap<String, Table>| -> Vec<String> {
            untied(tables).into_iter().map(|(name, _)| name).collect()
        };
        let mut tables = BTreeMap::from([
            ("a".to_owned(), table("'departement','periode'", "")),
            ("b".to_owned(), table("'region','periode'", "")),
        ]);
        assert_eq!(names(&tables), ["b"]);
        let across = "across={dimension='departement',column='region'}";
        tables.insert("a".to_owned(), table("'departement','periode'", across));
        let across = "across={dimension='epci',column='departement'}";
        tables.insert("c".to_owned(), table("'epci','periode'", across));
        tables.insert("d".to_owned(), table("'type_employeur','departement'", ""));
        assert!(names(&tables).is_empty(), "an EPCI is tied to its régions by départements");
        tables.insert("e".to_owned(), table("'type_employeur','region'", ""));
        assert_eq!(names(&tables), ["e"], "nothing ties the two for each type");
        tables.remove("e");
        tables.insert("f".to_owned(), table("'groupe_employeur','periode'", ""));
        assert_eq!(names(&tables), ["f"]);
        tables.insert("d".to_owned(), table("'type_employeur','groupe_employeur'", ""));
        assert!(names(&tables).is_empty(), "one table has both");
    }
}
