//! Reads the command line, runs the command, ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use conum::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
