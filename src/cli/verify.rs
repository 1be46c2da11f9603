//! `conum verify`: does the warehouse prove itself?

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::report;
use crate::error::{Error, Result};
use crate::run::register::REGISTER;
use crate::run::store::Store;
use crate::run::verify::verify;

/// Recompute hashes, ledger, sort orders and tables from the files alone.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let found = verify(&Store::existing(&args.warehouse)?)?;
    report::verified(&found)?;
    if found.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let is_of_register = |problem: &String| problem.contains(REGISTER);
    let hint = match found.problems.iter().all(is_of_register) {
        true => "the figures are right; bring the register back from a copy, or set it aside",
        false => "`conum run --force` rebuilds every stage from the inputs",
    };
    let problems = found.problems.len();
    Err(Error::data(format!("{problems} problem(s) in run {}", found.run_id)).hint(hint))
}
