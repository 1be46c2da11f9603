//! The tables of the run under construction become the figures that are far from what the past of
//! their own cell leads to expect.
//!
//! All months that are over are judged, those that moved in this run with the others: what is new
//! is what the run before did not tell. A provisional month is not: it is lower than those before
//! by nature, and what they were after as many days is known of national figures alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::clean::rows::{Row, to_batch};
use crate::definition::indicator::Compute;
use crate::definition::table::Table;
use crate::error::Result;
use crate::revision::figures::{Rows, key};
use crate::revision::outlier::outliers;
use crate::run::execute::RUNS;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::outputs::{BUILDING, write_table};
use crate::run::parquet;
use crate::run::revision::figures_of;
use crate::run::revision::history::{Run, ends};
use crate::run::staged::{sum, text};
use crate::run::store::Store;
use crate::vocabulary::calendar::{
    Length, last_day, month_number, month_of, month_text, number_of,
};
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;
use crate::vocabulary::tables::ATYPIQUES;

/// The file of a run that says which figures are odd.
pub const FILE: &str = "atypiques.parquet";

/// A figure that is far from its past.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Odd {
    /// Its table.
    pub table: String,
    /// Its row.
    pub cle: String,
    /// Its month.
    pub periode: String,
    /// Its measure.
    pub indicateur: String,
    /// What it is.
    pub valeur: i64,
    /// What its past leads to expect.
    pub attendu: i64,
    /// How far it is from it, in hundredths of the spread of its past.
    pub score_centiemes: i64,
    /// Which way: the code of the direction.
    pub sens: String,
}

/// What is odd in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The run that it is compared with; none of the first.
    pub from: Option<Run>,
    /// The run.
    pub to: Run,
    /// All that is odd in it, the farthest first.
    pub all: Vec<Odd>,
    /// What was not, or the other way, in the run that it is compared with.
    pub new: Vec<Odd>,
}

/// Judges the tables of months.
pub(super) fn write(job: &Job<'_>) -> Result<Output> {
    let mut rows = Vec::new();
    for (name, table) in &job.definitions.tables {
        let path = format!("{BUILDING}/tables/{name}.parquet");
        if !table.periods.contains(&Length::Mois) || !job.store.has(&path) {
            continue;
        }
        if let Some((figures, _)) = figures_of(job.store, &path, table)? {
            rows.extend(of_table(job, (name, table), &figures).iter().map(row));
        }
    }
    tracing::info!(event = "figures.odd", figures = rows.len(), "Held against their own past.");
    write_table(job, FILE, &ATYPIQUES, &[to_batch(&ATYPIQUES, rows)?])
}

fn of_table(job: &Job<'_>, (name, table): (&str, &Table), figures: &Rows) -> Vec<Odd> {
    let head = format!("{}=", columns::PERIODE.name);
    let until = job.definitions.pipeline.provisional_days;
    let until = job.as_of.saturating_sub(jiff::Span::new().days(until));
    // The figures of each cell, by month.
    let mut cells: BTreeMap<Vec<&str>, BTreeMap<i64, &Vec<i64>>> = BTreeMap::new();
    for (key, figures) in figures {
        let (of_period, others): (Vec<&str>, Vec<&str>) =
            key.split('|').partition(|part| part.starts_with(&head));
        let period = of_period.first().and_then(|part| part.strip_prefix(&head));
        if let Some(month) = period.and_then(|period| over(period, until)) {
            cells.entry(others).or_default().insert(month, figures);
        }
    }
    // The last month that is over is judged though no cell has it.
    let first = cells.values().flat_map(BTreeMap::keys).min().copied();
    let day_after = until.saturating_add(jiff::Span::new().days(1)).first_of_month();
    let last = month_of(number_of(day_after)).and_then(|month| month_number(&month));
    let (Some(first), Some(last)) = (first, last.map(|month| month - 1)) else { return Vec::new() };
    let count = table.measures.iter().position(|measure| {
        let indicator = job.definitions.indicators.get(measure);
        indicator.is_some_and(|it| it.compute == Compute::Count && it.of.is_none())
    });
    let mut found = Vec::new();
    for (cell, months) in &cells {
        // A row that is not there is one of zeros.
        let series = |place: usize| -> Vec<i64> {
            let figure = |month| months.get(&month).and_then(|it| it.get(place)).copied();
            (first..=last).map(|month| figure(month).unwrap_or(0)).collect()
        };
        let records = count.map(series);
        for (place, measure) in table.measures.iter().enumerate() {
            let values = series(place);
            let judged = outliers(&values, records.as_ref().unwrap_or(&values));
            let all = judged.into_iter().zip(std::iter::repeat((cell, measure)));
            found.extend(all.filter_map(|(it, (cell, measure))| {
                let month = month_text(first + i64::try_from(it.place).ok()?);
                Some(Odd {
                    table: name.to_owned(),
                    cle: key_of(table, cell, &month),
                    periode: month,
                    indicateur: measure.clone(),
                    valeur: it.value,
                    attendu: it.expected,
                    score_centiemes: it.score,
                    sens: it.direction.code().to_owned(),
                })
            }));
        }
    }
    found
}

/// The number of a month that is over and no longer provisional.
fn over(period: &str, until: Date) -> Option<i64> {
    let is_month = Length::of_period(period) == Length::Mois;
    let is_over = last_day(period).is_some_and(|last| last <= until);
    month_number(period).filter(|_| is_month && is_over)
}

/// The row of a cell in a month, which the table may not have.
fn key_of(table: &Table, cell: &[&str], month: &str) -> String {
    let code = |name: &String| {
        let head = format!("{name}=");
        match cell.iter().find_map(|part| part.strip_prefix(&head)) {
            _ if *name == columns::PERIODE.name => month.to_owned(),
            code => code.unwrap_or(ENSEMBLE).to_owned(),
        }
    };
    key(&table.by, &table.by.iter().map(code).collect::<Vec<_>>())
}

fn row(odd: &Odd) -> Row {
    let mut row = Row::default();
    row.text(&columns::TABLE, Some(&odd.table));
    row.text(&columns::CLE, Some(&odd.cle));
    row.text(&columns::PERIODE, Some(&odd.periode));
    row.text(&columns::INDICATEUR, Some(&odd.indicateur));
    row.number(&columns::VALEUR, Some(odd.valeur));
    row.number(&columns::ATTENDU, Some(odd.attendu));
    row.number(&columns::SCORE, Some(odd.score_centiemes));
    row.text(&columns::SENS, Some(&odd.sens));
    row
}

/// What is odd in a run, and what was not in another; by default the last two. Nothing of a run
/// that did not look.
///
/// # Errors
/// When there are no such runs, or a file cannot be read.
pub fn between(store: &Store, from: Option<&str>, to: Option<&str>) -> Result<Option<Told>> {
    let (runs, from, to) = ends(store, from, to)?;
    let from = from.and_then(|place| runs.get(place).cloned());
    let before = from.as_ref().map(|run| odd_in(store, run)).transpose()?.flatten();
    let Some(mut all) = odd_in(store, &runs[to])? else { return Ok(None) };
    all.sort_by(|one, other| (other.score_centiemes, one).cmp(&(one.score_centiemes, other)));
    let what = |odd: &Odd| [&odd.table, &odd.cle, &odd.indicateur, &odd.sens].map(Clone::clone);
    let known: BTreeSet<[String; 4]> = before.iter().flatten().map(what).collect();
    let new = all.iter().filter(|odd| !known.contains(&what(odd))).cloned().collect();
    Ok(Some(Told { from, to: runs[to].clone(), all, new }))
}

/// The figures of a row of the run that readers see that are odd.
///
/// # Errors
/// When a file cannot be read.
pub fn of_row(store: &Store, table: &str, key: &str) -> Result<Vec<Odd>> {
    let mut all = between(store, None, None)?.map(|told| told.all).unwrap_or_default();
    all.retain(|odd| odd.table == table && odd.cle == key);
    Ok(all)
}

fn odd_in(store: &Store, run: &Run) -> Result<Option<Vec<Odd>>> {
    let path = format!("{RUNS}/{}/{FILE}", run.id);
    if !store.has(&path) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for batch in parquet::read(store.file(&path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let of = |column| text(&batch, column, row).unwrap_or_default().to_owned();
            let number = |column| sum(&batch, column, row).unwrap_or_default();
            found.push(Odd {
                table: of(&columns::TABLE),
                cle: of(&columns::CLE),
                periode: of(&columns::PERIODE),
                indicateur: of(&columns::INDICATEUR),
                valeur: number(&columns::VALEUR),
                attendu: number(&columns::ATTENDU),
                score_centiemes: number(&columns::SCORE),
                sens: of(&columns::SENS),
            });
        }
    }
    Ok(Some(found))
}
