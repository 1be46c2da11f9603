//! `conum check`: are the declarations usable?

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::{pipeline_args, report};
use crate::error::Result;

/// Read all declarations of a pipeline and name every problem.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The pipeline; its declarations are the folders beside it.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    report::definitions(&definitions)?;
    Ok(ExitCode::SUCCESS)
}
