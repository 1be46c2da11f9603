//! Reads the command line, runs the command, prints an error once, ends with its exit code.

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;
use conum::cli::{Cli, report};
use conum::error::Error;

fn main() -> ExitCode {
    // What panicked has said where.
    let done = catch_unwind(|| Cli::parse().run()).unwrap_or_else(|_| Err(Error::defect()));
    match done {
        Ok(code) => code,
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}
