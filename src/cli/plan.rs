//! `conum plan`: what a run would do, and why.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::pipeline_args::PipelineArgs;
use crate::cli::report;
use crate::error::Result;

/// Say what a run would do and why, and change nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Format of the plan.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let plan = args.pipeline.plan()?;
    match args.format {
        Format::Text => report::plan(&plan),
        Format::Json => report::json(&plan.steps),
    }?;
    Ok(ExitCode::SUCCESS)
}
