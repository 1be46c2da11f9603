//! `conum runs`: which runs there were, and what is kept of them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use crate::cli::bucket::{Kept, writable};
use crate::cli::pipeline_args::now;
use crate::cli::plan::Format;
use crate::cli::report::{self, Page, table};
use crate::cli::status::told;
use crate::error::{Error, Result};
use crate::run::bucket::upkeep;
use crate::run::doctor::bytes;
use crate::run::gc;
use crate::run::kept_runs::{self, Run};
use crate::run::manifest::Manifest;
use crate::run::register::{Attempt, Register};
use crate::run::store::Store;

/// List runs, show one, or clear away what none needs any more.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what was done, the latest first, failed and killed runs too.
    List(List),
    /// Show what a run came to.
    Show(Show),
    /// Clear away the data of old runs, segments that no kept run is made of, and drafts.
    ///
    /// Releases, records of runs and declarations stay, and what the next run needs.
    Gc(Gc),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// At most this many.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Its name, the beginning of it, or its reference day.
    run: String,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Gc {
    /// Runs whose data stays beside the one that readers see.
    #[arg(long, value_name = "N")]
    keep: usize,
    /// Say what would go of the folder, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    kept: Kept,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::List(args) => list(args)?,
        Action::Show(args) => show(args)?,
        Action::Gc(args) => clear(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Something that was done, with the run it made as far as that is there.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
}

fn list(args: &List) -> Result<()> {
    let store = Store::existing(&args.warehouse)?;
    let mut runs = kept_runs::runs(&store)?;
    let mut lines = Vec::new();
    for attempt in Register::read(&store)?.attempts() {
        let made = runs.iter().position(|run| run.registered == attempt.line);
        let run = made.map(|made| runs.remove(made));
        lines.push(Line { attempt: Some(attempt), run });
    }
    // Those before there was a register.
    let earlier = runs.into_iter().rev().map(|run| Line { attempt: None, run: Some(run) });
    let mut all: Vec<Line> = earlier.chain(lines).collect();
    all.reverse();
    all.truncate(args.limit);
    match args.format {
        Format::Json => report::json(&all),
        Format::Text => {
            let mut page = Page::default();
            let rows: Vec<Vec<String>> = all.iter().map(row).collect();
            let heads = ["begun", "command", "as of", "outcome", "run", "data", "release"];
            table(&mut page, &heads, &rows);
            page.print()
        }
    }
}

fn row(line: &Line) -> Vec<String> {
    let begin = line.attempt.as_ref().map(|attempt| &attempt.begin);
    let run = line.run.as_ref();
    let dash = || "-".to_owned();
    let outcome = match line.attempt.as_ref().map(|attempt| &attempt.end) {
        None => dash(),
        Some(None) => "no end".to_owned(),
        Some(Some(end)) if end.is_unchanged => format!("code {}, nothing new", end.code),
        Some(Some(end)) => format!("code {}", end.code),
    };
    let data = match run {
        Some(run) if run.is_current => format!("{}, seen by readers", bytes(run.bytes)),
        Some(run) if run.has_data => bytes(run.bytes),
        Some(_) => "record only".to_owned(),
        None => dash(),
    };
    let as_of = begin.and_then(|begin| begin.as_of.clone());
    vec![
        begin.map_or_else(dash, |begin| begin.started_at.clone()),
        begin.map_or_else(dash, |begin| begin.command.clone()),
        as_of.or_else(|| run.map(|run| run.as_of.clone())).unwrap_or_else(dash),
        outcome,
        run.map_or_else(dash, |run| run.id.clone()),
        data,
        run.and_then(|run| run.release.clone()).unwrap_or_else(dash),
    ]
}

/// A run, its record and its entry in the register.
#[derive(Debug, Serialize)]
struct Shown {
    run: Run,
    attempt: Option<Attempt>,
    manifest: Manifest,
}

fn show(args: &Show) -> Result<()> {
    let store = Store::existing(&args.warehouse)?;
    let all = kept_runs::runs(&store)?;
    let run = kept_runs::named(&all, &args.run, |_| true)?.clone();
    let manifest = kept_runs::record(&store, &run.id)?;
    let manifest = manifest.ok_or_else(|| Error::internal("a run that is listed has a record"))?;
    let attempts = Register::read(&store)?.attempts();
    let attempt = attempts.into_iter().find(|attempt| attempt.line == run.registered);
    let shown = Shown { run, attempt, manifest };
    if args.format == Format::Json {
        return report::json(&shown);
    }
    let Shown { run, attempt, manifest } = shown;
    let mut page = Page::default();
    page.line(format!("Run {} as of {}", run.id, run.as_of));
    if let Some(attempt) = &attempt {
        page.line(format!("  {}", told(attempt)));
    }
    let state = match (run.is_current, run.has_data) {
        (true, _) => "readers see it",
        (false, true) => "its data is kept: `conum rollback` can go back to it",
        (false, false) => "its record is kept, its data was cleared away",
    };
    page.line(format!("  {state}; {}", bytes(run.bytes)));
    if let Some(release) = &run.release {
        page.line(format!("  release {release}"));
    }
    page.line(format!("  declarations {}", manifest.definitions));
    if let Some(previous) = &manifest.previous {
        page.line(format!("  follows {}", previous.path));
    }
    page.line("\nInputs");
    let rows = manifest.inputs.iter().filter(|input| input.source.is_some()).map(|input| {
        let source = input.source.clone().unwrap_or_default();
        let hash = input.blake3.chars().take(16).collect();
        vec![input.name.clone(), source, input.bytes.to_string(), hash]
    });
    let heads = ["file", "source", "bytes", "blake3"];
    table(&mut page, &heads, &rows.collect::<Vec<Vec<String>>>());
    if let Some(end) = attempt.and_then(|attempt| attempt.end) {
        page.line("\nRows");
        let rows = end.ledger.into_iter().flat_map(|(stage, fates)| {
            fates.into_iter().map(move |(fate, rows)| vec![stage.clone(), fate, rows.to_string()])
        });
        table(&mut page, &["stage", "fate", "rows"], &rows.collect::<Vec<Vec<String>>>());
    }
    for warning in &manifest.warnings {
        page.line(format!("warning: {warning}"));
    }
    page.print()
}

fn clear(args: &Gc) -> Result<()> {
    let bucket = args.kept.bucket()?;
    let found = if args.dry_run {
        gc::waste(&Store::existing(&args.warehouse)?, args.keep)?
    } else {
        let store = writable(&args.warehouse, bucket.as_ref())?;
        upkeep::attempt((&store, bucket.as_ref()), ("runs gc", now), |_| {
            gc::remove(&store, args.keep)
        })?
    };
    let total: u64 = found.iter().map(|waste| waste.bytes).sum();
    if args.format == Format::Json {
        return report::json(&found);
    }
    let mut page = Page::default();
    let rows = found
        .iter()
        .map(|waste| vec![waste.path.clone(), waste.bytes.to_string(), waste.what.to_owned()]);
    table(&mut page, &["path", "bytes", "what"], &rows.collect::<Vec<Vec<String>>>());
    let done = if args.dry_run { "would be free; nothing was done" } else { "are free" };
    page.line(format!("{} entries, {total} bytes {done}", found.len()));
    page.print()
}
