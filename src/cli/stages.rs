//! `conum ingest`, `clean`, `aggregate`: the run, stage by stage.

use std::process::ExitCode;

use crate::cli::pipeline_args::PipelineArgs;
use crate::cli::report;
use crate::error::Result;
use crate::run::execute::Stage;

/// Read the raw exports into typed segments, and stop.
#[derive(Debug, clap::Args)]
pub(super) struct Ingest {
    #[command(flatten)]
    pipeline: PipelineArgs,
}

/// Go on to clean microdata, aside, and stop.
#[derive(Debug, clap::Args)]
pub(super) struct Clean {
    #[command(flatten)]
    pipeline: PipelineArgs,
}

/// Go on to summary tables, aside, and stop.
#[derive(Debug, clap::Args)]
pub(super) struct Aggregate {
    #[command(flatten)]
    pipeline: PipelineArgs,
}

pub(super) fn ingest(args: &Ingest, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, ("ingest", Stage::Ingest), bars)
}

pub(super) fn clean(args: &Clean, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, ("clean", Stage::Clean), bars)
}

pub(super) fn aggregate(args: &Aggregate, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, ("aggregate", Stage::Aggregate), bars)
}

/// Runs the stages up to `last`, as a command.
pub(super) fn stage(
    args: &PipelineArgs,
    (command, last): (&str, Stage),
    bars: bool,
) -> Result<ExitCode> {
    let (done, ..) = args.execute((command, last), None, (bars, None))?;
    report::stage(&done, &args.warehouse)?;
    Ok(ExitCode::from(done.exit_code()))
}
