//! Reads the command line, runs the command, prints an error once, ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use conum::cli::{Cli, report};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}
