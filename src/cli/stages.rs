//! `conum ingest`, `clean`, `aggregate`: the run, stage by stage.

use std::process::ExitCode;

use crate::cli::pipeline_args::PipelineArgs;
use crate::cli::{EXIT_WARNINGS, report};
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
    stage(&args.pipeline, Stage::Ingest, bars)
}

pub(super) fn clean(args: &Clean, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, Stage::Clean, bars)
}

pub(super) fn aggregate(args: &Aggregate, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, Stage::Aggregate, bars)
}

/// Runs the stages up to `last`.
pub(super) fn stage(args: &PipelineArgs, last: Stage, bars: bool) -> Result<ExitCode> {
    let (done, _) = args.execute(last, bars)?;
    report::stage(&done, &args.warehouse)?;
    if done.is_published && !done.manifest.warnings.is_empty() {
        return Ok(ExitCode::from(EXIT_WARNINGS));
    }
    Ok(ExitCode::SUCCESS)
}
