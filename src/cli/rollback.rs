//! `conum rollback`: readers see an earlier run again.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::pipeline_args::now;
use crate::cli::plan::Format;
use crate::cli::report::{self, Page};
use crate::error::Result;
use crate::run::attempt::Attempt;
use crate::run::rollback::{prove, rollback};
use crate::run::store::Store;

/// Have readers see an earlier run, and its release, again.
///
/// All its files are verified first, and what is published is judged again with it.
/// A release that is taken back is known all the same: it stays in `releases/`, and all later ones
/// are judged with it.
/// The next run goes on from there: mend the inputs or the declarations before it, or it comes to
/// what was taken back.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name, the beginning of it, or its reference day.
    run: String,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Verify that it can be gone back to, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let existing = Store::existing(&args.warehouse)?;
    let mut page = Page::default();
    if args.dry_run {
        let (run, manifest) = prove(&existing, &args.run)?;
        page.line(format!("Run {run} as of {} is whole. Nothing was done.", manifest.as_of));
        page.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = Store::remembering(&args.warehouse, now, false)?;
    let attempt = Attempt::begin(&store, ("rollback", None), now)?;
    let done = rollback(&store, &args.run, (&attempt, now));
    store.keep_hashes();
    attempt.did(&done);
    let back = done?;
    if args.format == Format::Json {
        report::json(&back)?;
        return Ok(ExitCode::SUCCESS);
    }
    page.line(format!("Taken back: run {}", back.from));
    page.line(format!("Published:  run {} as of {}, that is {}", back.run, back.as_of, back.to));
    match (&back.release_from, &back.release_to) {
        (Some(from), Some(to)) if from != to => {
            page.line(format!("Taken back: release {from}; it stays known to the public"));
            page.line(format!("Published:  release {to}"));
        }
        (Some(from), _) => page.line(format!("Release {from} stays")),
        (None, _) => {}
    }
    page.line("Mend the inputs or the declarations before the next run.");
    page.print()?;
    Ok(ExitCode::SUCCESS)
}
