//! `conum rejects`: which lines were refused, and why.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::{pipeline_args, report};
use crate::error::{Error, Result};
use crate::run::execute::read_rejects;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::store::Store;

/// List refused lines: source, file, line, reason, and what was expected.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// The pipeline, for the words of its rules.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
    /// Those of the run that did not pass its gates, instead of the published one.
    #[arg(long)]
    unpublished: bool,
    /// At most this many lines.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let folder = if args.unpublished { BUILDING } else { CURRENT };
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    if !store.has(&format!("{folder}/{MANIFEST}")) {
        return Err(Error::no_input(format!("there is no run in `{folder}`"))
            .hint("without `--unpublished` it is the published run, with it the one that failed"));
    }
    let found = read_rejects(&store, folder)?;
    let record = store.read(&format!("{folder}/{MANIFEST}"))?.unwrap_or_default();
    let manifest: Manifest = serde_json::from_slice(&record).unwrap_or_default();
    report::rejects(&found, &manifest, &definitions, args.limit)?;
    Ok(ExitCode::SUCCESS)
}
