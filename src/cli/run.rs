//! `conum run`: the nightly job.

use std::process::ExitCode;

use crate::cli::bucket::Kept;
use crate::cli::engine::Engine;
use crate::cli::observe::Observe;
use crate::cli::pipeline_args::{Beside, PipelineArgs};
use crate::cli::report;
use crate::error::Result;
use crate::run::execute::Stage;
use crate::run::store::Store;

/// Run all stages that have something to do, and publish the result in the warehouse.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Say what there is to do, as `conum plan` does, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    observe: Observe,
}

pub(super) fn run(args: &Args, bars: bool) -> Result<ExitCode> {
    if args.dry_run {
        report::plan(&args.pipeline.plan()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = (bars, Some(&args.observe));
    let command = ("run", Stage::Publish);
    let bucket = args.kept.bucket()?;
    let beside =
        Beside { engine: Some(&args.engine), bucket: bucket.as_ref(), ..Beside::default() };
    let (done, definitions, page) = args.pipeline.execute(command, beside, shown)?;
    let store = Store::existing(&args.pipeline.warehouse)?;
    report::outcome(&store, &done, &definitions, (&args.pipeline.warehouse, page.as_deref()))?;
    Ok(ExitCode::from(done.exit_code()))
}
