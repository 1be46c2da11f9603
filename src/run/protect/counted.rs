//! Clean files become the tables of a release, each cell with those who contribute to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::holdings::{Counted, by_holding};
use crate::aggregate::{Row, Summary, Sums};
use crate::definition::Definitions;
use crate::definition::indicator::Compute;
use crate::definition::secrecy::{Policy, Unit};
use crate::definition::table::{Secrecy, Table};
use crate::error::{Error, Result};
use crate::run::records::Reader;
use crate::vocabulary::columns;

/// A table that is published, as the declarations have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'d> {
    pub(super) name: &'d str,
    pub(super) table: &'d Table,
    pub(super) secrecy: &'d Secrecy,
}

/// The tables of activities that are published.
pub(super) fn wanted(definitions: &Definitions) -> Vec<Wanted<'_>> {
    let tables = definitions.tables.iter().filter_map(|(name, table)| {
        let secrecy = table.secrecy.as_ref()?;
        Some(Wanted { name, table, secrecy })
    });
    tables.filter(|wanted| !wanted.secrecy.open).collect()
}

/// A table of a release, before anything is hidden.
#[derive(Debug)]
pub(super) struct Exact<'d> {
    pub(super) wanted: Wanted<'d>,
    /// Published measures, in the order of the table.
    pub(super) measures: Vec<&'d str>,
    /// Rows: the published measures come first.
    pub(super) rows: Vec<Counted>,
    /// Persons of each row; none where no rule protects them.
    pub(super) persons: Vec<Option<u64>>,
    /// Sums by both groupings of the same records, neither of them a total.
    pub(super) across: Vec<Row>,
}

/// What is summed for a release, in the order of the summaries.
pub(super) struct Plan<'d> {
    wanted: Vec<Wanted<'d>>,
    parts: Vec<(usize, Part, Table)>,
}

/// What a sum is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Holdings,
    /// Persons of bands, which no column counts.
    Persons,
    Across,
}

impl<'d> Plan<'d> {
    /// What the tables need.
    pub(super) fn new(definitions: &'d Definitions, policy: &Policy) -> Result<Self> {
        let wanted = wanted(definitions);
        let mut parts = Vec::new();
        for (place, Wanted { table, secrecy, .. }) in wanted.iter().enumerate() {
            let mut measures: Vec<String> = published(table, secrecy).map(str::to_owned).collect();
            let has_persons = counts_persons(secrecy, policy);
            if has_persons && table.bands.is_empty() {
                let persons = persons_measure(definitions)?.to_owned();
                if !measures.contains(&persons) {
                    measures.push(persons);
                }
            }
            parts.push((place, Part::Holdings, by_holding(table, measures)));
            if has_persons && !table.bands.is_empty() {
                let measures = published(table, secrecy).map(str::to_owned).collect();
                parts.push((place, Part::Persons, by_holding(table, measures)));
            }
            if let Some(across) = &secrecy.across {
                let mut by = vec![across.dimension.clone(), across.column.clone()];
                let periods = table.by.iter().filter(|name| *name == columns::PERIODE.name);
                by.extend(periods.cloned());
                let measures = published(table, secrecy).map(str::to_owned).collect();
                parts.push((place, Part::Across, Table { by, measures, ..(*table).clone() }));
            }
        }
        Ok(Self { wanted, parts })
    }

    /// The summaries, to be used with each other's sums.
    pub(super) fn summaries<'p>(
        &'p self,
        definitions: &'p Definitions,
    ) -> Result<Vec<Summary<'p>>> {
        let summary = |(_, part, table): &'p (usize, Part, Table)| match part {
            Part::Persons => Summary::of_persons(table, definitions),
            Part::Holdings | Part::Across => Summary::new(table, definitions),
        };
        self.parts.iter().map(summary).collect()
    }

    /// The tables that sums come to.
    pub(super) fn finish(
        &self,
        (summaries, sums): (&[Summary<'_>], Vec<Sums>),
        (reader, definitions): (&Reader<'_>, &Definitions),
    ) -> Result<Vec<Exact<'d>>> {
        let texts = |wanted: &str| reader.texts(wanted);
        let mut exact: Vec<Exact<'d>> = Vec::new();
        for (((place, part, derived), summary), sums) in self.parts.iter().zip(summaries).zip(sums)
        {
            let wanted =
                self.wanted.get(*place).ok_or_else(|| Error::internal("a part is of one"))?;
            match part {
                Part::Holdings => {
                    let rows = summary.shares(sums, &texts)?;
                    let persons = persons_measure(definitions).ok();
                    let of_persons =
                        derived.measures.iter().position(|m| Some(m.as_str()) == persons);
                    let count = |row: &Counted| {
                        let figure = row.figures.get(of_persons?)?;
                        u64::try_from(*figure).ok()
                    };
                    exact.push(Exact {
                        wanted: *wanted,
                        measures: published(wanted.table, wanted.secrecy).collect(),
                        persons: rows.iter().map(count).collect(),
                        rows,
                        across: Vec::new(),
                    });
                }
                Part::Persons => {
                    let persons = summary.shares(sums, &texts)?;
                    let Some(of) = exact.last_mut() else { continue };
                    let found = |row: &Counted| {
                        let place = persons.binary_search_by(|other| other.codes.cmp(&row.codes));
                        let figure = persons.get(place.ok()?)?.figures.first()?;
                        u64::try_from(*figure).ok()
                    };
                    of.persons = of.rows.iter().map(found).collect();
                }
                Part::Across => {
                    let rows = summary.finish(sums, &texts)?;
                    if let Some(of) = exact.last_mut() {
                        of.across = rows;
                    }
                }
            }
        }
        Ok(exact)
    }
}

/// The published measures of a table, in its order.
pub(super) fn published<'t>(
    table: &'t Table,
    secrecy: &'t Secrecy,
) -> impl Iterator<Item = &'t str> {
    let measures = table.measures.iter().map(String::as_str);
    measures.filter(|measure| secrecy.rules.contains_key(*measure))
}

/// Released measures that move together: those that follow a measure with it, or with each other
/// where it is not released.
pub(super) fn bonds<'m>(
    definitions: &Definitions,
    measures: impl IntoIterator<Item = &'m str>,
) -> Vec<(String, String)> {
    let mut moved: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for measure in measures {
        let indicator = definitions.indicators.get(measure);
        let leader = indicator.and_then(|indicator| indicator.follows.as_deref());
        moved.entry(leader.unwrap_or(measure)).or_default().insert(measure);
    }
    let bonds = moved.into_iter().flat_map(|(leader, together)| {
        let first = together.get(leader).or(together.first()).copied().unwrap_or(leader);
        let others = together.into_iter().filter(move |one| *one != first);
        others.map(move |one| (first.to_owned(), one.to_owned()))
    });
    bonds.collect()
}

fn counts_persons(secrecy: &Secrecy, policy: &Policy) -> bool {
    let names = secrecy.rules.values().flatten();
    let mut rules = names.filter_map(|name| policy.rules.get(name));
    rules.any(|rules| rules.unit == Unit::Person)
}

/// The indicator that counts persons as well as records tell: those who come for the first time.
fn persons_measure(definitions: &Definitions) -> Result<&str> {
    let of = columns::NB_PERSONNES_HORS_RECURRENTS.name;
    let mut indicators = definitions.indicators.iter();
    let found = indicators.find(|(_, indicator)| {
        indicator.compute == Compute::Sum && indicator.of.as_deref() == Some(of)
    });
    found.map(|(name, _)| name.as_str()).ok_or_else(|| {
        Error::definition(format!("rules about persons need an indicator that sums `{of}`"))
            .hint("`indicateurs.toml` declares it")
    })
}
