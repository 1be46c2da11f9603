//! `conum status`: is what readers see recent, and is all well?

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::SignedDuration;

use crate::cli::observe::write_metrics;
use crate::cli::plan::Format;
use crate::cli::report::{self, Page};
use crate::cli::{age, pipeline_args};
use crate::error::{EXIT_WARNINGS, Kind, Result};
use crate::run::register::Attempt;
use crate::run::status::{Limits, State, Status, status};
use crate::run::store::Store;

/// Say what readers see, how old it is, how the last run ended and who is at work.
///
/// It only reads, and needs neither the lock nor the right to write.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// How long ago the last good run may have ended, one that found nothing new too.
    #[arg(long, value_name = "TIME", default_value = "26h", value_parser = age::parse)]
    max_age: SignedDuration,
    /// How long inputs may stay the same [default: for ever].
    #[arg(long, value_name = "TIME", value_parser = age::parse)]
    max_input_age: Option<SignedDuration>,
    /// Write metrics of the last run there too, for the textfile collector of node_exporter.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   the last good run is recent enough
  3   so it is, but a later one failed or was killed
  66  nothing was published, it is too old, or its time is in the future
  75  it is too old, and a run that began in time is at work: ask again";

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let now = pipeline_args::instant();
    let limits = Limits { run: args.max_age, inputs: args.max_input_age };
    let found = status(&store, now, limits)?;
    if let Some(path) = &args.metrics {
        write_metrics(&store, None, path)?;
    }
    match args.format {
        Format::Text => text(&found)?,
        Format::Json => report::json(&found)?,
    }
    Ok(ExitCode::from(match found.state {
        State::Fresh => 0,
        State::FreshButFailed => EXIT_WARNINGS,
        State::AtWork => Kind::Busy.exit_code(),
        State::Stale | State::Nothing => Kind::NoInput.exit_code(),
    }))
}

fn text(found: &Status) -> Result<()> {
    let mut page = Page::default();
    page.line(match found.state {
        State::Fresh => "Fresh",
        State::FreshButFailed => "Fresh, but the last run did not end well",
        State::AtWork => "Nothing recent, and a run is at work",
        State::Stale => "Too old",
        State::Nothing => "Nothing is published",
    });
    if let Some(published) = &found.published {
        page.line(format!("  published  run {} as of {}", published.run, published.as_of));
        if let Some(release) = &published.release {
            page.line(format!("  release    {release}"));
        }
    }
    match found.age_seconds {
        Some(age) => page.line(format!("  age        {}", age::told(age))),
        None if found.published.is_some() => page.line("  age        unknown"),
        None => {}
    }
    if let Some(since) = &found.inputs_since {
        page.line(format!("  inputs     the same since {since}"));
    }
    if let Some(last) = &found.last {
        page.line(format!("  last       {}", told(last)));
    }
    let at_work = found.at_work.as_deref().unwrap_or("nobody");
    page.line(format!("  at work    {at_work}"));
    let warnings = found.published.iter().flat_map(|published| &published.warnings);
    for warning in warnings {
        page.line(format!("  warning    {warning}"));
    }
    for odd in &found.odd {
        page.line(format!("  look at    {odd}"));
    }
    page.print()
}

/// An entry of the register, in words.
pub(super) fn told(attempt: &Attempt) -> String {
    let begin = &attempt.begin;
    let outcome = match &attempt.end {
        None => "no end".to_owned(),
        Some(end) => {
            let new = if end.is_unchanged { ", nothing new" } else { "" };
            format!("code {}{new}, {}", end.code, end.ended_at)
        }
    };
    format!("`conum {}` of {}: {outcome}", begin.command, begin.started_at)
}
