//! `conum backfill`: the nights that were missed, in order.

use std::process::ExitCode;

use jiff::civil::Date;

use crate::cli::bucket::Kept;
use crate::cli::pipeline_args::{Beside, PipelineArgs};
use crate::cli::report::{self, Page};
use crate::error::{Error, Result};
use crate::run::bucket::Bucket;
use crate::run::bucket::upkeep::Upkeep;
use crate::run::execute::Stage;
use crate::run::manifest::Manifest;
use crate::run::store::Store;

/// Run each reference day after the last published one that was missed, in order.
///
/// All days are run on the inputs that are there now.
/// It stops at the first run that fails; the same command goes on from there.
#[derive(Debug, clap::Args)]
#[command(mut_arg("as_of", |it| it.hide(true).conflicts_with("from")))]
pub(super) struct Args {
    /// The first day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Date,
    /// The last day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Date,
    /// Say which days would be run, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pipeline: PipelineArgs,
    #[command(flatten)]
    kept: Kept,
}

pub(super) fn run(args: &Args, bars: bool) -> Result<ExitCode> {
    let bucket = args.kept.bucket()?.filter(|_| !args.dry_run);
    let days = missing(args, bucket.as_ref())?;
    let mut page = Page::default();
    if args.dry_run {
        days.iter().for_each(|day| page.line(day.to_string()));
        page.line(format!("{} day(s) would be run. Nothing was done.", days.len()));
        page.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = 0;
    for day in &days {
        let (done, ..) = args
            .pipeline
            .execute(
                ("run", Stage::Publish),
                Beside { as_of: Some(*day), is_next: true, bucket: bucket.as_ref(), engine: None },
                (bars, None),
            )
            .map_err(|error| Error {
                message: format!("as of {day}: {}", error.message),
                ..error
            })?;
        code = code.max(done.exit_code());
        report::text(&format!("Published: run {} as of {day}\n", done.manifest.run_id))?;
    }
    page.line(format!("{} day(s) run", days.len()));
    page.print()?;
    Ok(ExitCode::from(code))
}

/// The days that are asked for and come after the one that readers see: none goes back.
fn missing(args: &Args, bucket: Option<&Bucket>) -> Result<Vec<Date>> {
    let store = Store::at(&args.pipeline.warehouse);
    if bucket.is_some() {
        let (lock, mut upkeep) = Upkeep::begin(&store, bucket);
        lock.and_then(|_| upkeep.check())?;
    }
    let current = Manifest::current(&store)?;
    let last = match current {
        Some(current) => Some(current.as_of.parse::<Date>().map_err(|error| {
            Error::data(format!("run {} has no reference day", current.run_id)).because(error)
        })?),
        None => None,
    };
    let all = args.from.series(jiff::Span::new().days(1)).take_while(|day| *day <= args.to);
    Ok(all.filter(|day| last.is_none_or(|last| *day > last)).collect())
}
