//! `conum diff`: which figures moved from one run to another, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use clap::ValueEnum;
use serde_json::Value;

use crate::cli::report::{self, Page, table};
use crate::error::{Error, Result};
use crate::revision::figures::Revision;
use crate::run::aggregate::csv_of;
use crate::run::manifest::CURRENT;
use crate::run::revision::batch;
use crate::run::revision::history::{Moved, between};
use crate::run::store::Store;

/// Say which figures moved from one run to another, by how much, and why.
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
    let mut moved = between(&store, args.from.as_deref(), args.to.as_deref())?;
    if let Some(wanted) = &args.table {
        if !store.has(&format!("{CURRENT}/tables/{wanted}.parquet")) {
            return Err(Error::no_input(format!("the published run has no table `{wanted}`")));
        }
        moved.tables.retain(|name, _| name == wanted);
    }
    if let Some(part) = &args.key {
        let has_part = |it: &Revision| it.key.split('|').any(|one| one == part);
        moved.tables.values_mut().for_each(|of_table| of_table.retain(has_part));
        moved.tables.retain(|_, of_table| !of_table.is_empty());
    }
    match args.format {
        Format::Text => text(&moved, args.limit)?,
        Format::Csv => report::text(&String::from_utf8_lossy(&csv_of(&rows(&moved)?, b',')?))?,
        Format::Json => report::json(&objects(&rows(&moved)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(moved: &Moved) -> Result<RecordBatch> {
    let tables = moved.tables.iter();
    batch(tables.flat_map(|(table, all)| all.iter().map(|revision| (table.as_str(), revision))))
}

/// Rows as JSON objects.
fn objects(rows: &RecordBatch) -> Vec<BTreeMap<String, Value>> {
    let schema = rows.schema();
    let value = |column: &ArrayRef, row: usize| match column.data_type() {
        _ if column.is_null(row) => Value::Null,
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        _ => column.as_primitive::<Int64Type>().value(row).into(),
    };
    let object = |row: usize| {
        let pairs = schema.fields().iter().zip(rows.columns());
        pairs.map(|(field, column)| (field.name().clone(), value(column, row))).collect()
    };
    (0..rows.num_rows()).map(object).collect()
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
