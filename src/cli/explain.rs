//! `conum explain`: where a figure comes from.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::outliers::score;
use crate::cli::report::{self, Page, table};
use crate::error::{Error, Result};
use crate::run::explain::{Explained, Figure, explain};
use crate::run::store::Store;

/// Say where a row of a table comes from: formula, months and systems, what was left out, what the
/// public reads of it, how it moved. Figures are exact: it is for the office.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The table.
    table: String,
    /// Dimensions and codes, such as `type_employeur=commune periode=2024`; others are totals.
    #[arg(value_name = "DIMENSION=CODE")]
    row: Vec<String>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    // A key as other commands write it does as well.
    let named = args.row.iter().flat_map(|row| row.split('|')).map(|part| {
        let pair = part.split_once('=');
        let pair = pair.ok_or_else(|| {
            Error::usage(format!("`{part}` is no dimension and code"))
                .hint("such as `periode=2024`")
        });
        pair.map(|(name, code)| (name.to_owned(), code.to_owned()))
    });
    let named: Vec<(String, String)> = named.collect::<Result<_>>()?;
    let found = explain(&Store::existing(&args.warehouse)?, &args.table, &named)?;
    match args.format {
        Format::Json => report::json(&found)?,
        Format::Text => page(&found).print()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn page(found: &Explained) -> Page {
    let mut page = Page::default();
    let row: Vec<String> =
        found.row.iter().map(|(name, code)| format!("{name} = {code}")).collect();
    page.line(format!("{}: {}", found.table, found.title));
    page.line(format!("{}\nRow: {}", found.definition, row.join(", ")));
    page.line(format!("Run {} as of {}", found.run, found.as_of));
    let release = found.release.as_deref().unwrap_or("no release has the row");
    page.line(format!("Release: {release}\n"));
    let rows: Vec<Vec<String>> = found.figures.iter().map(figure).collect();
    table(&mut page, &["figure", "exact", "public", "formula"], &rows);
    if !found.parts.is_empty() {
        page.line("\nMade of the records of");
        let names = found.figures.iter().map(|figure| figure.name.as_str());
        let heads: Vec<&str> = ["month", "system"].into_iter().chain(names).collect();
        let parts = found.parts.iter().map(|part| {
            let figures = part.figures.iter().map(i64::to_string);
            [part.month.clone(), part.system.clone()].into_iter().chain(figures).collect()
        });
        table(&mut page, &heads, &parts.collect::<Vec<Vec<String>>>());
    }
    if !found.flags.is_empty() {
        page.line("\nFlags and corrections of these records");
        let rows = found.flags.iter().map(|(flag, count)| vec![flag.clone(), count.to_string()]);
        table(&mut page, &["flag", "records"], &rows.collect::<Vec<_>>());
    }
    page.line("\nAll records of its years, by what became of them");
    let rows = found.accounts.iter().map(|it| {
        let texts = [&it.stage, &it.source, &it.year, &it.fate, &it.reason].map(Clone::clone);
        texts.into_iter().chain([it.rows.to_string(), it.participants.to_string()]).collect()
    });
    let heads = ["stage", "source", "year", "fate", "reason", "rows", "participants"];
    table(&mut page, &heads, &rows.collect::<Vec<Vec<String>>>());
    if found.revisions.is_empty() {
        page.line("\nIt did not move since the first run that is kept.");
    } else {
        page.line("\nHow it moved, the last first");
        let rows = found.revisions.iter().map(|it| {
            let part = it.part.map_or_else(String::new, |part| format!("{part:+}"));
            let figures = [it.before.to_string(), it.now.to_string(), it.cause.clone(), part];
            let texts = [it.as_of.clone(), it.measure.clone()];
            texts.into_iter().chain(figures).collect()
        });
        let heads = ["as of", "figure", "before", "now", "cause", "part"];
        table(&mut page, &heads, &rows.collect::<Vec<Vec<String>>>());
    }
    if !found.odd.is_empty() {
        page.line("\nFar from its own past");
        let rows = found.odd.iter().map(|odd| {
            let figures = [odd.valeur.to_string(), odd.attendu.to_string(), score(odd)];
            [odd.indicateur.clone()].into_iter().chain(figures).collect()
        });
        table(&mut page, &["figure", "is", "expected", "score"], &rows.collect::<Vec<_>>());
    }
    let references = found.references.iter().map(|(path, hash)| format!("{path} {hash}"));
    page.line(format!("\nReferences: {}", references.collect::<Vec<_>>().join(", ")));
    page
}

fn figure(figure: &Figure) -> Vec<String> {
    let public = match (figure.published, figure.is_hidden) {
        (Some(published), _) => published.to_string(),
        (None, true) => "hidden".to_owned(),
        (None, false) => "not released".to_owned(),
    };
    let exact = figure.exact.map_or_else(String::new, |exact| exact.to_string());
    vec![figure.name.clone(), exact, public, figure.formula.clone()]
}
