//! One command, one file: what it does, its arguments, what it prints.

mod age;
mod backfill;
mod check;
mod describe;
mod diff;
mod doctor;
mod explain;
mod fetch;
mod held_back;
mod key_figures;
mod outliers;
mod pipeline_args;
mod plan;
mod progress;
mod protect;
mod publish;
mod query;
mod rejects;
mod release;
pub mod report;
mod rollback;
mod rows;
mod run;
mod runs;
mod sample;
mod scenario;
mod scenario_words;
mod stages;
mod status;
mod verify;
mod verify_secrecy;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::error::Result;

/// Turns the raw activity exports of the Conseillers numériques into national statistics.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// How the log is written on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// No progress bar, and only warnings in the log.
    #[arg(long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing new
  2   wrong usage
  3   published, with warnings
  65  the data did not pass a gate; the last outputs stay
  66  an input is absent, cut off or stale, and no earlier one stands for it
  69  a server does not answer
  70  a defect of the program
  73  a file cannot be created
  74  reading or writing failed
  75  another run is at work
  77  publishing would disclose what is secret
  78  a declaration is wrong
  130 stopped by SIGINT, 143 by SIGTERM; the last outputs stay";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Plan(plan::Args),
    Status(status::Args),
    Runs(runs::Args),
    Rollback(rollback::Args),
    Doctor(doctor::Args),
    Backfill(backfill::Args),
    Ingest(stages::Ingest),
    Clean(stages::Clean),
    Aggregate(stages::Aggregate),
    Publish(Box<publish::Args>),
    Check(check::Args),
    Describe(describe::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Query(query::Args),
    Verify(verify::Args),
    VerifySecrecy(verify_secrecy::Args),
    Rejects(rejects::Args),
    Protect(Box<protect::Args>),
    Scenario(scenario::Args),
    Sample(sample::Args),
    Fetch(fetch::Args),
}

impl Cli {
    /// Runs the command; the exit code is 0, or 3 when there are warnings.
    ///
    /// # Errors
    /// What the command could not do.
    pub fn run(self) -> Result<ExitCode> {
        start_log(self.log_format, self.quiet);
        let bars = !self.quiet && self.log_format == LogFormat::Text;
        match self.command {
            Command::Run(args) => run::run(&args, bars),
            Command::Plan(args) => plan::run(&args),
            Command::Status(args) => status::run(&args),
            Command::Runs(args) => runs::run(&args),
            Command::Rollback(args) => rollback::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::Backfill(args) => backfill::run(&args, bars),
            Command::Ingest(args) => stages::ingest(&args, bars),
            Command::Clean(args) => stages::clean(&args, bars),
            Command::Aggregate(args) => stages::aggregate(&args, bars),
            Command::Publish(args) => publish::run(&args, bars),
            Command::Check(args) => check::run(&args),
            Command::Describe(args) => describe::run(&args),
            Command::Diff(args) => diff::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Query(args) => query::run(&args),
            Command::Verify(args) => verify::run(&args),
            Command::VerifySecrecy(args) => verify_secrecy::run(&args),
            Command::Rejects(args) => rejects::run(&args),
            Command::Protect(args) => protect::run(&args),
            Command::Scenario(args) => scenario::run(&args),
            Command::Sample(args) => sample::run(&args),
            Command::Fetch(args) => fetch::run(&args),
        }
    }
}

fn start_log(format: LogFormat, is_quiet: bool) {
    let default = if is_quiet { "conum=warn" } else { "conum=info" };
    let filter = EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .try_from_env()
        .unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            log.compact().without_time().with_target(false).with_ansi(colours).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("a log was already started");
    }
}
