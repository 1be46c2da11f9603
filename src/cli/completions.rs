//! `conum completions`: the arguments the program takes become a script for a shell.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, report};
use crate::error::{Error, Result};

/// Print the script that completes commands and options in a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "conum", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Error::internal("a completion script is UTF-8").because(error))?;
    report::text(&script)?;
    Ok(ExitCode::SUCCESS)
}
