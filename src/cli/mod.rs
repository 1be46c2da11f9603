//! One command, one file: what it does, its arguments, what it prints.

mod age;
mod backfill;
mod bucket;
mod check;
mod completions;
mod describe;
mod diff;
mod doctor;
mod engine;
mod explain;
mod fetch;
mod heartbeat;
mod held_back;
mod key_figures;
mod log;
mod man;
mod observe;
mod outliers;
mod pipeline_args;
mod plan;
mod progress;
mod protect;
mod publish;
mod query;
mod rejects;
mod release;
mod report;
mod rollback;
mod rows;
mod run;
mod runs;
mod sample;
mod scenario;
mod scenario_words;
mod sql;
mod stages;
mod status;
mod summary;
mod verify;
mod verify_secrecy;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::error::{Error, Result};

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
    Summary(summary::Args),
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
    Sql(sql::Args),
    Verify(verify::Args),
    VerifySecrecy(verify_secrecy::Args),
    Rejects(rejects::Args),
    Protect(Box<protect::Args>),
    Scenario(scenario::Args),
    Sample(sample::Args),
    Fetch(fetch::Args),
    Man(man::Args),
    Completions(completions::Args),
}

impl Cli {
    /// Runs the command, prints an error once, and gives the exit code: 0, 3 when there are
    /// warnings, or that of the error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        log::start(self.log_format, self.quiet);
        let format = self.log_format;
        // What panicked has said where.
        let acted = catch_unwind(AssertUnwindSafe(|| self.act()));
        acted.unwrap_or_else(|_| Err(Error::defect())).unwrap_or_else(|error| {
            match format {
                LogFormat::Text => report::error(&error),
                LogFormat::Json => log::error(&error),
            }
            ExitCode::from(error.kind.exit_code())
        })
    }

    fn act(self) -> Result<ExitCode> {
        let bars = !self.quiet && self.log_format == LogFormat::Text;
        match self.command {
            Command::Run(args) => run::run(&args, bars),
            Command::Plan(args) => plan::run(&args),
            Command::Status(args) => status::run(&args),
            Command::Summary(args) => summary::run(&args),
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
            Command::Sql(args) => sql::run(&args),
            Command::Verify(args) => verify::run(&args),
            Command::VerifySecrecy(args) => verify_secrecy::run(&args),
            Command::Rejects(args) => rejects::run(&args),
            Command::Protect(args) => protect::run(&args),
            Command::Scenario(args) => scenario::run(&args),
            Command::Sample(args) => sample::run(&args),
            Command::Fetch(args) => fetch::run(&args),
            Command::Man(args) => man::run(&args),
            Command::Completions(args) => completions::run(&args),
        }
    }
}
