//! `conum doctor`: would a run find all that it needs?

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::SignedDuration;

use crate::cli::plan::Format;
use crate::cli::report::{self, Page};
use crate::cli::{age, pipeline_args};
use crate::error::{EXIT_WARNINGS, Result};
use crate::run::doctor::{Asked, Check, Level, checks};

/// Look at the machine, the warehouse, the declarations, the key and the inputs; change nothing.
///
/// Give it what the job gives `conum run`, as the user of the job.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The pipeline; its declarations are the folders beside it.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
    /// Folder of the raw exports.
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Secret file the pseudonyms are keyed with [default: as for `conum run`].
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How old the newest input may be.
    #[arg(long, value_name = "TIME", default_value = "26h", value_parser = age::parse)]
    max_age: SignedDuration,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   all is well
  3   a run can do, but look at the warnings
  65, 66, 70, 73, 74, 78  that of the first check that failed, as a run would end";

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let now = pipeline_args::instant();
    let declared = pipeline_args::load(&args.pipeline);
    let key_file = pipeline_args::key_file(args.key_file.as_deref());
    let asked = Asked {
        warehouse: &args.warehouse,
        declared: &declared,
        input: args.input.as_deref(),
        key_file: key_file.as_ref().map(|(path, keeper)| (path.as_path(), *keeper)),
        max_age: args.max_age,
        now,
    };
    let found = checks(&asked);
    match args.format {
        Format::Json => report::json(&found)?,
        Format::Text => text(&found)?,
    }
    let failed = found.iter().find(|check| check.level == Level::Fail).map(|check| check.code);
    let has_warning = found.iter().any(|check| check.level == Level::Warn);
    let code = failed.unwrap_or(if has_warning { EXIT_WARNINGS } else { 0 });
    Ok(ExitCode::from(code))
}

fn text(found: &[Check]) -> Result<()> {
    let mut page = Page::default();
    for Check { what, level, found, advice, .. } in found {
        let level = match level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        page.line(format!("{level:<4}  {what:<22}  {found}"));
        if let Some(advice) = advice {
            page.line(format!("{:30}→ {advice}", ""));
        }
    }
    page.print()
}
