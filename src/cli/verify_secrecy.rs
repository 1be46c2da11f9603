//! `conum verify-secrecy`: is the latest release proved?

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::release;
use crate::error::Result;
use crate::run::protect::verify::verify;
use crate::run::store::Store;

/// Judge the certificate and the verdict of the latest release again, from files alone.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    release::verified(&verify(&Store::existing(&args.warehouse)?)?)?;
    Ok(ExitCode::SUCCESS)
}
