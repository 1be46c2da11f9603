//! `conum summary`: what the night came to, as a letter that somebody reads in the morning.

mod figures;
mod letter;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::report;
use crate::cli::summary::letter::Letter;
use crate::error::Result;
use crate::run::report::night::Night;
use crate::run::store::Store;

/// Write what the last run came to as a letter in French, ready for mail: its subject is the first
/// line, and no line is longer than 72 characters but for paths.
///
/// It only reads, and ends with 0 whatever the run came to.
/// Figures are exact: it is for the office.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Another run: its name, the beginning of it, or its reference day.
    #[arg(long)]
    run: Option<String>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let night = Night::of(&store, args.run.as_deref())?;
    report::text(&letter(&night)?)?;
    Ok(ExitCode::SUCCESS)
}

fn letter(night: &Night<'_>) -> Result<String> {
    let mut letter = Letter::default();
    letter.subject(&told::subject(night));
    told::outcome(&mut letter, night);
    told::seen(&mut letter, night)?;
    if night.is_new() {
        figures::by_type(&mut letter, night)?;
    }
    told::warnings(&mut letter, night);
    told::rejects(&mut letter, night)?;
    if night.is_new() {
        figures::revisions(&mut letter, night)?;
        figures::odd(&mut letter, night)?;
    }
    told::inputs(&mut letter, night)?;
    told::cost(&mut letter, night);
    told::places(&mut letter, night);
    Ok(letter.text())
}
