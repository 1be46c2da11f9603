//! `conum diff`: which figures moved from one run to another, and why; which became odd.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use arrow::array::RecordBatch;
use clap::ValueEnum;
use serde::Serialize;

use crate::cli::outliers::listed;
use crate::cli::report::{self, Page, table};
use crate::cli::rows;
use crate::error::{Error, Result};
use crate::revision::figures::Revision;
use crate::run::aggregate::csv_of;
use crate::run::manifest::CURRENT;
use crate::run::revision::batch;
use crate::run::revision::history::{Moved, between};
use crate::run::revision::outliers;
use crate::run::store::Store;

/// Say which figures moved from one run to another, by how much, and why; or which are far from
/// their own past and were not before.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The older run: its identifier, the beginning of it, or its reference day [default: the run
    /// before].
    from: Option<String>,
    /// The newer run [default: the published one].
    to: Option<String>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// One table only.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Rows whose key has this part only, such as `type_employeur=commune`.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// The figures that are far from the past of their own cell in the newer run, and were not in
    /// the older one.
    #[arg(long)]
    outliers: bool,
    /// At most this many figures of a table, as text.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines: a line for each figure and cause.
    Csv,
    /// The same, as JSON.
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    if let Some(wanted) = &args.table
        && !store.has(&format!("{CURRENT}/tables/{wanted}.parquet"))
    {
        return Err(Error::no_input(format!("the published run has no table `{wanted}`")));
    }
    if args.outliers {
        return odd(args, &store);
    }
    let mut moved = between(&store, args.from.as_deref(), args.to.as_deref())?;
    if let Some(wanted) = &args.table {
        moved.tables.retain(|name, _| name == wanted);
    }
    if let Some(part) = &args.key {
        let has_part = |it: &Revision| has_part(&it.key, part);
        moved.tables.values_mut().for_each(|of_table| of_table.retain(has_part));
        moved.tables.retain(|_, of_table| !of_table.is_empty());
    }
    match args.format {
        Format::Text => text(&moved, args.limit)?,
        Format::Csv => report::text(&String::from_utf8_lossy(&csv_of(&revisions(&moved)?, b',')?))?,
        Format::Json => report::text(&rows::json(&revisions(&moved)?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn revisions(moved: &Moved) -> Result<RecordBatch> {
    let tables = moved.tables.iter();
    batch(tables.flat_map(|(table, all)| all.iter().map(|revision| (table.as_str(), revision))))
}

/// The figures that became odd.
fn odd(args: &Args, store: &Store) -> Result<ExitCode> {
    let told = outliers::between(store, args.from.as_deref(), args.to.as_deref())?;
    let mut told = told.ok_or_else(|| {
        Error::no_input("the run did not hold its figures against their past")
            .hint("`conum run --force` makes its tables again")
    })?;
    told.new.retain(|odd| {
        let is_of_table = args.table.as_ref().is_none_or(|wanted| *wanted == odd.table);
        is_of_table && args.key.as_ref().is_none_or(|part| has_part(&odd.cle, part))
    });
    match args.format {
        Format::Text => listed(&told, args.limit)?,
        Format::Csv => csv(&told.new)?,
        Format::Json => report::json(&told.new)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn has_part(key: &str, part: &str) -> bool {
    key.split('|').any(|one| one == part)
}

fn csv(lines: &[impl Serialize]) -> Result<()> {
    let failed = |error: csv::Error| Error::internal("CSV is written in memory").because(error);
    let mut out = csv::Writer::from_writer(Vec::new());
    for line in lines {
        out.serialize(line).map_err(failed)?;
    }
    let text = out
        .into_inner()
        .map_err(|error| Error::internal("CSV is written in memory").because(error.to_string()))?;
    report::text(&String::from_utf8_lossy(&text))
}

/// Figures with their causes, those that moved most first.
fn text(moved: &Moved, limit: usize) -> Result<()> {
    let mut page = Page::default();
    let Moved { from, to, tables } = moved;
    page.line(format!("From {} ({}) to {} ({})", from.id, from.as_of, to.id, to.as_of));
    if tables.is_empty() {
        page.line("No figure moved.");
    }
    for (name, of_table) in tables {
        let mut figures: BTreeMap<(&str, &str), (i64, i64, Vec<String>)> = BTreeMap::new();
        for it in of_table {
            let figure = figures.entry((&it.key, &it.measure));
            let told = match it.part {
                Some(part) => format!("{} {part:+}", it.cause.code()),
                None => it.cause.code().to_owned(),
            };
            figure.or_insert((it.before, it.now, Vec::new())).2.push(told);
        }
        let mut figures: Vec<_> = figures.into_iter().collect();
        figures
            .sort_by_key(|(key, (before, now, _))| (std::cmp::Reverse((now - before).abs()), *key));
        page.line(format!("\n{name}: {} figures moved", figures.len()));
        let rows = figures.iter().take(limit).map(|((key, measure), (before, now, causes))| {
            let moved = format!("{:+}", now - before);
            let figures = [before.to_string(), now.to_string(), moved];
            let told = [(*key).to_owned(), (*measure).to_owned()].into_iter().chain(figures);
            told.chain([causes.join(", ")]).collect()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        table(&mut page, &["row", "figure", "before", "now", "moved", "because of"], &rows);
        if figures.len() > limit {
            page.line(format!("… and {} more: `--limit`, `--format csv`", figures.len() - limit));
        }
    }
    page.print()
}
