//! A figure becomes all that it comes from: what the public reads of it, what it is exactly, by
//! which formula, from which months and systems, what was left out on the way, and how it moved.
//!
//! No record is shown. It is for the office: figures are exact.

mod row;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::aggregate::Summary;
use crate::definition::Definitions;
use crate::definition::indicator::Compute;
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::revision::cause::Cause;
use crate::revision::figures::key;
use crate::run::execute::{RUNS, ledger_in};
use crate::run::explain::row::{codes_of, no_row, row_in, unknown_table};
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::records::{reader, sums_of};
use crate::run::revision::history::runs;
use crate::run::revision::outliers::{Odd, of_row};
use crate::run::revision::revisions_of;
use crate::run::store::Store;
use crate::run::summaries::clean_files;
use crate::run::verify::definitions_of_current;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{ENSEMBLE, Subject};
use crate::vocabulary::columns;

/// A figure and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The table.
    pub table: String,
    /// Its French title.
    pub title: String,
    /// Its French definition.
    pub definition: String,
    /// Dimensions and codes of the row.
    pub row: Vec<(String, String)>,
    /// The run that readers see.
    pub run: String,
    /// Its reference day.
    pub as_of: String,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// The release that readers see, where it has the row.
    pub release: Option<String>,
    /// Months and systems whose records it is made of.
    pub parts: Vec<Part>,
    /// Flags and corrections that these records bear, and how many do.
    pub flags: Vec<(String, i64)>,
    /// What became of all records of its years.
    pub accounts: Vec<Account>,
    /// When it moved, and why.
    pub revisions: Vec<Moved>,
    /// Its figures that are far from its past.
    pub odd: Vec<Odd>,
    /// Reference lists, and the beginning of their hashes.
    pub references: Vec<(String, String)>,
}

/// A measure of the row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The measure.
    pub name: String,
    /// Its French title.
    pub title: String,
    /// Its French formula.
    pub formula: String,
    /// What it must not be taken for.
    pub is_not: String,
    /// What it is exactly.
    pub exact: Option<i64>,
    /// What the public reads; nothing where it is hidden or not released.
    pub published: Option<i64>,
    /// Whether a release has the row and hides it.
    pub is_hidden: bool,
}

/// The records of a month and a system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The month.
    pub month: String,
    /// The system.
    pub system: String,
    /// What they come to, in the order of the figures.
    pub figures: Vec<i64>,
}

/// Records of a source with one fate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The stage that saw them.
    pub stage: String,
    /// Their source.
    pub source: String,
    /// Their year.
    pub year: String,
    /// What became of them.
    pub fate: String,
    /// Why.
    pub reason: String,
    /// How many they are.
    pub rows: i64,
    /// Sum of their participants.
    pub participants: i64,
}

/// A figure that moved in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The run.
    pub run: String,
    /// Its reference day.
    pub as_of: String,
    /// The measure.
    pub measure: String,
    /// The figure before.
    pub before: i64,
    /// The figure after.
    pub now: i64,
    /// One of the causes.
    pub cause: String,
    /// What it moved by for this cause, where that is known.
    pub part: Option<i64>,
}

/// Explains a row of a table of activities; dimensions that are not named are totals.
///
/// # Errors
/// When there is no such row, or a file cannot be read.
pub fn explain(store: &Store, name: &str, named: &[(String, String)]) -> Result<Explained> {
    let definitions = definitions_of_current(store)?;
    let manifest = Manifest::current(store)?;
    let manifest = manifest.ok_or_else(|| Error::no_input("no run was published yet"))?;
    let table = definitions.tables.get(name);
    let table = table.ok_or_else(|| unknown_table(&definitions, name))?;
    let codes = codes_of(table, named)?;
    let exact = row_in(store, &format!("{CURRENT}/tables/{name}.parquet"), table, &codes)?;
    let exact = exact.ok_or_else(|| no_row(store, name, table, &codes))?;
    let released = format!("{RELEASES}/{LATEST}/{name}.parquet");
    let public = match store.has(&released) {
        true => row_in(store, &released, table, &codes)?,
        false => None,
    };
    let figures = table.measures.iter().zip(exact).map(|(measure, exact)| {
        let indicator = definitions.indicators.get(measure);
        let place = table.measures.iter().position(|it| it == measure);
        let published = public.as_ref().zip(place).and_then(|(row, place)| *row.get(place)?);
        let is_released = table
            .secrecy
            .as_ref()
            .is_some_and(|secrecy| secrecy.open || secrecy.rules.contains_key(measure));
        Figure {
            name: measure.clone(),
            title: indicator.map(|it| it.title.clone()).unwrap_or_default(),
            formula: indicator.map(|it| it.formula.clone()).unwrap_or_default(),
            is_not: indicator.map(|it| it.is_not.clone()).unwrap_or_default(),
            exact,
            published,
            is_hidden: public.is_some() && is_released && published.is_none(),
        }
    });
    let is_of_activities = table.from == Subject::Activites;
    let (parts, flags) = match is_of_activities {
        true => parts_of(store, &definitions, table, &codes)?,
        false => (Vec::new(), Vec::new()),
    };
    let references = manifest.definition_files.iter();
    let references = references.filter(|(path, _)| path.starts_with("reference/"));
    let short = |hash: &String| hash.chars().take(12).collect::<String>();
    let row = key(&table.by, &codes);
    Ok(Explained {
        table: name.to_owned(),
        title: table.title.clone(),
        definition: table.definition.clone(),
        row: table.by.iter().cloned().zip(codes.iter().cloned()).collect(),
        figures: figures.collect(),
        release: store.target(&format!("{RELEASES}/{LATEST}")).filter(|_| public.is_some()),
        parts,
        flags,
        accounts: accounts_of(store, &definitions, table, &codes)?,
        revisions: moves(store, name, &row)?,
        odd: of_row(store, name, &row)?,
        references: references.map(|(path, hash)| (path.clone(), short(hash))).collect(),
        run: manifest.run_id,
        as_of: manifest.as_of,
    })
}

type Parts = (Vec<Part>, Vec<(String, i64)>);

/// The months and systems that a row is made of, and the flags of its records.
fn parts_of(
    store: &Store,
    definitions: &Definitions,
    table: &Table,
    codes: &[String],
) -> Result<Parts> {
    let own = table.by.iter().zip(codes).filter(|(name, _)| **name != columns::PERIODE.name);
    let (names, wanted): (Vec<String>, Vec<&String>) =
        own.map(|(it, code)| (it.clone(), code)).unzip();
    let of = |more: &[&str]| Table {
        by: names.iter().cloned().chain(more.iter().map(|it| (*it).to_owned())).collect(),
        periods: Vec::new(),
        ..table.clone()
    };
    let by_part = of(&[columns::MOIS.name, columns::SYSTEME.name]);
    let counts = definitions.indicators.iter();
    let count = counts.into_iter().find(|(_, it)| it.compute == Compute::Count && it.of.is_none());
    // A table of one multi-valued column cannot be split by another.
    let by_flag = count.filter(|_| table.split.is_empty() && table.bands.is_empty());
    let by_flag = by_flag.map(|(name, _)| {
        let flags = columns::DRAPEAUX.name.to_owned();
        Table {
            measures: vec![name.clone()],
            split: BTreeMap::from([(flags.clone(), flags.clone())]),
            ..of(&[&flags])
        }
    });
    let tables: Vec<&Table> = [&by_part].into_iter().chain(&by_flag).collect();
    let summaries = tables.iter().map(|table| Summary::new(table, definitions));
    let summaries: Vec<Summary<'_>> = summaries.collect::<Result<_>>()?;
    let reader = reader(store, &summaries);
    let texts = |wanted: &str| reader.texts(wanted);
    let period = period_of(table, codes);
    let files = clean_files(store, CURRENT, Subject::Activites)?;
    let is_within = |path: &String| {
        let month = path.rsplit('/').next().and_then(|name| name.strip_suffix(".parquet"));
        month.is_some_and(|month| is_in(month, period))
    };
    let files: Vec<String> = files.into_iter().filter(is_within).collect();
    let sums = sums_of(&files, &summaries, &reader)?;
    let mut rows = Vec::new();
    for (summary, sums) in summaries.iter().zip(sums) {
        let found = summary.finish(sums, &texts)?.into_iter();
        let is_it = |codes: &Vec<String>| {
            let (own, more) = codes.split_at(wanted.len().min(codes.len()));
            own.iter().zip(&wanted).all(|(code, wanted)| code == *wanted)
                && more.iter().all(|code| code != ENSEMBLE)
        };
        rows.push(found.filter(|(codes, _)| is_it(codes)).collect::<Vec<_>>());
    }
    let mut rows = rows.into_iter();
    let parts = rows.next().unwrap_or_default().into_iter();
    let parts = parts.filter(|(_, figures)| figures.iter().any(|it| *it != 0));
    let parts = parts.map(|(codes, figures)| {
        let mut last = codes.into_iter().rev();
        let system = last.next().unwrap_or_default();
        Part { system, month: last.next().unwrap_or_default(), figures }
    });
    let flags = rows.next().unwrap_or_default().into_iter();
    let flags =
        flags.filter_map(|(codes, figures)| Some((codes.last()?.clone(), *figures.first()?)));
    let is_flag = |(flag, _): &(String, i64)| flag != crate::vocabulary::codes::NON_RENSEIGNE;
    Ok((parts.collect(), flags.filter(is_flag).collect()))
}

/// The period of a row, unless it is of all.
fn period_of<'c>(table: &Table, codes: &'c [String]) -> Option<&'c str> {
    let place = table.by.iter().position(|name| name == columns::PERIODE.name)?;
    codes.get(place).map(String::as_str).filter(|code| *code != ENSEMBLE)
}

fn is_in(month: &str, period: Option<&str>) -> bool {
    period.is_none_or(|period| Length::of_period(period).of(month) == period)
}

/// What became of the records of its years, by source.
fn accounts_of(
    store: &Store,
    definitions: &Definitions,
    table: &Table,
    codes: &[String],
) -> Result<Vec<Account>> {
    let year = period_of(table, codes).and_then(|period| period.get(..4));
    let mut all: BTreeMap<(String, String, String, String, String), [i64; 2]> = BTreeMap::new();
    ledger_in(store, CURRENT)?.visit(|account, fate, reason, amount| {
        let source = definitions.sources.get(&account.source);
        let is_of_subject = source.is_some_and(|source| source.subject == table.from);
        if !is_of_subject || year.is_some_and(|year| account.period != year) {
            return;
        }
        let fate = fate.map_or("entree", crate::vocabulary::codes::Fate::code);
        let key = [&account.stage, &account.source, &account.period].map(Clone::clone);
        let [stage, source, period] = key;
        let sums = all.entry((stage, source, period, fate.to_owned(), reason.to_owned()));
        let sums = sums.or_default();
        (sums[0], sums[1]) = (sums[0] + amount.rows, sums[1] + amount.participants);
    });
    let accounts = all.into_iter().map(|((stage, source, year, fate, reason), sums)| Account {
        stage,
        source,
        year,
        fate,
        reason,
        rows: sums[0],
        participants: sums[1],
    });
    Ok(accounts.collect())
}

/// The runs in which a row moved, the last first.
fn moves(store: &Store, table: &str, key: &str) -> Result<Vec<Moved>> {
    let mut found = Vec::new();
    for run in runs(store)?.into_iter().rev() {
        let of_run = revisions_of(store, &format!("{RUNS}/{}", run.id))?.remove(table);
        let of_row = of_run.into_iter().flatten().filter(|it| it.key == key);
        found.extend(of_row.map(|it| Moved {
            run: run.id.clone(),
            as_of: run.as_of.clone(),
            cause: Cause::code(it.cause).to_owned(),
            measure: it.measure,
            before: it.before,
            now: it.now,
            part: it.part,
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_in_its_quarter_and_its_year() {
        for period in ["2024-03", "2024-T1", "2024"] {
            assert!(is_in("2024-03", Some(period)), "{period}");
        }
        assert!(is_in("2024-03", None) && !is_in("2024-04", Some("2024-T1")));
    }
}
