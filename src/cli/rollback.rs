//! `conum rollback`: readers see an earlier run again.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::bucket::{Kept, writable};
use crate::cli::pipeline_args::now;
use crate::cli::plan::Format;
use crate::cli::report::{self, Page};
use crate::error::Result;
use crate::run::bucket::upkeep;
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
    /// Verify that it can be gone back to, as the folder is, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    kept: Kept,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let bucket = args.kept.bucket()?;
    let mut page = Page::default();
    if args.dry_run {
        let (run, manifest) = prove(&Store::existing(&args.warehouse)?, &args.run)?;
        page.line(format!("Run {run} as of {} is whole. Nothing was done.", manifest.as_of));
        page.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = writable(&args.warehouse, bucket.as_ref())?;
    let back = upkeep::attempt((&store, bucket.as_ref()), ("rollback", now), |attempt| {
        rollback(&store, &args.run, (attempt, now))
    })?;
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
