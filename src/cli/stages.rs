//! `conum ingest`, `clean`, `aggregate`: the run, stage by stage.

use std::process::ExitCode;

use crate::cli::bucket::Kept;
use crate::cli::pipeline_args::{Beside, PipelineArgs};
use crate::cli::plan::Format;
use crate::cli::report;
use crate::error::{Error, Result};
use crate::run::execute::Stage;
use crate::run::job::Job;
use crate::run::tasks;

/// Read the raw exports into typed segments, and stop; or one of them, as one of many machines.
#[derive(Debug, clap::Args)]
pub(super) struct Ingest {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// List the inputs as tasks, each with its number, and read none.
    #[arg(long, conflicts_with = "task")]
    list: bool,
    /// Read the input of this number alone, without the lock of the warehouse: any number of
    /// machines may, at once and again. `conum run` goes on, once all are done.
    #[arg(long, value_name = "N")]
    task: Option<usize>,
    #[command(flatten)]
    kept: Kept,
    /// Format of the list and of the task.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Go on to clean microdata, aside, and stop.
#[derive(Debug, clap::Args)]
pub(super) struct Clean {
    #[command(flatten)]
    pipeline: PipelineArgs,
}

/// Go on to summary tables, aside, and stop.
#[derive(Debug, clap::Args)]
pub(super) struct Aggregate {
    #[command(flatten)]
    pipeline: PipelineArgs,
}

pub(super) fn ingest(args: &Ingest, bars: bool) -> Result<ExitCode> {
    let inputs = &args.pipeline;
    if args.list {
        let bucket = args.kept.bucket()?;
        let list = |job: &Job<'_>| tasks::list(job, bucket.as_ref());
        let all = inputs.with_inputs(&|_, _| true, list)?;
        report::tasks(&all, args.format)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(number) = args.task {
        // Its content alone is to be known, and that of the files that its source looks up.
        let wanted = inputs.with_inputs(&|_, _| false, |job| tasks::named(job, number))?;
        let is_known = |source: &str, name: &str| wanted.needs(source, name);
        let bucket = args.kept.bucket()?;
        let run = |job: &Job<'_>| tasks::run(job, &wanted, bucket.as_ref());
        let task = inputs.with_inputs(&is_known, run)?;
        report::tasks(&[task], args.format)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.kept.bucket()?.is_some() {
        return Err(Error::usage("a bucket takes the segments of tasks, or the whole of a run")
            .hint("`conum ingest --task N --bucket …`, or `conum run --bucket …`"));
    }
    stage(&args.pipeline, ("ingest", Stage::Ingest), bars)
}

pub(super) fn clean(args: &Clean, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, ("clean", Stage::Clean), bars)
}

pub(super) fn aggregate(args: &Aggregate, bars: bool) -> Result<ExitCode> {
    stage(&args.pipeline, ("aggregate", Stage::Aggregate), bars)
}

/// Runs the stages up to `last`, as a command.
pub(super) fn stage(
    args: &PipelineArgs,
    (command, last): (&str, Stage),
    bars: bool,
) -> Result<ExitCode> {
    let (done, ..) = args.execute((command, last), Beside::default(), (bars, None))?;
    report::stage(&done, &args.warehouse)?;
    Ok(ExitCode::from(done.exit_code()))
}
