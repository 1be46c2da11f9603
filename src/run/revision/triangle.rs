//! The runs so far and the one under construction become the triangle of revisions.

use std::collections::BTreeMap;

use crate::clean::rows::{Row, to_batch};
use crate::error::{Error, Result};
use crate::revision::figures::{Revision, Rows};
use crate::revision::triangle::{DAYS, Line, Run, triangle};
use crate::run::execute::RUNS;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::outputs::write_table;
use crate::run::revision::{history, revisions_of};
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::tables::TRIANGLE;

/// The file of a run that says what each period was said to be.
pub const FILE: &str = "triangle.parquet";

/// Writes the triangle of a table: of the rows that are of a period and of nothing else; `moved`
/// are the figures that this run moved.
pub(super) fn write(
    job: &Job<'_>,
    table: &str,
    (measures, rows): (&[String], &Rows),
    moved: Vec<Revision>,
) -> Result<Output> {
    let is_national = |key: &str| key.starts_with("periode=") && !key.contains('|');
    let mut runs = Vec::new();
    for run in history::runs(job.store)? {
        let as_of = run.as_of.parse().map_err(|error: jiff::Error| {
            Error::data(format!("run {} has no reference day", run.id)).because(error)
        })?;
        let all = revisions_of(job.store, &format!("{RUNS}/{}", run.id))?.remove(table);
        let moved = all.into_iter().flatten().filter(|it| is_national(&it.key)).collect();
        runs.push(Run { as_of, moved });
    }
    let moved = moved.into_iter().filter(|it| is_national(&it.key)).collect();
    runs.push(Run { as_of: job.as_of, moved });
    let mut now = BTreeMap::new();
    for (key, figures) in rows.iter().filter(|(key, _)| is_national(key)) {
        let period = key.trim_start_matches("periode=");
        for (measure, figure) in measures.iter().zip(figures) {
            now.insert((period.to_owned(), measure.clone()), *figure);
        }
    }
    let lines = triangle(&now, &runs);
    let rows = lines.iter().map(row).collect();
    write_table(job, FILE, &TRIANGLE, &[to_batch(&TRIANGLE, rows)?])
}

fn row(line: &Line) -> Row {
    let mut row = Row::default();
    row.text(&columns::PERIODE, Some(&line.period));
    row.text(&columns::INDICATEUR, Some(&line.measure));
    let then: [&Column; DAYS.len()] = [&columns::J1, &columns::J7, &columns::J30, &columns::J90];
    for (column, figure) in then.into_iter().zip(line.then) {
        row.number(column, figure);
    }
    row.number(&columns::VALEUR, Some(line.now));
    row
}
