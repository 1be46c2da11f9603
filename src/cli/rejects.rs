//! `conum rejects`: which lines were refused, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::report::{Page, table};
use crate::cli::{pipeline_args, report};
use crate::error::{Error, Result};
use crate::run::execute::read_rejects;
use crate::run::manifest::{CURRENT, Input, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::rejects::Located;
use crate::run::store::Store;

/// List refused lines: source, file, line, reason, and what was expected.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// The pipeline, for the words of its rules.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
    /// Those of the run that did not pass its gates, instead of the published one.
    #[arg(long)]
    unpublished: bool,
    /// At most this many lines.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Count them instead.
    #[arg(long, value_enum)]
    by: Option<By>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// By first reason.
    Reason,
    /// By source and first reason.
    Source,
    /// By file and first reason.
    File,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let folder = if args.unpublished { BUILDING } else { CURRENT };
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    if !store.has(&format!("{folder}/{MANIFEST}")) {
        return Err(Error::no_input(format!("there is no run in `{folder}`"))
            .hint("without `--unpublished` it is the published run, with it the one that failed"));
    }
    let found = read_rejects(&store, folder)?;
    let record = store.read(&format!("{folder}/{MANIFEST}"))?.unwrap_or_default();
    let manifest: Manifest = serde_json::from_slice(&record).unwrap_or_default();
    match args.by {
        Some(by) => counted(&found, &manifest, by)?,
        None => report::rejects(&found, &manifest, &definitions, args.limit)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How many there are of each, the most first.
fn counted(found: &[Located], manifest: &Manifest, by: By) -> Result<()> {
    let file = |segment: &str| {
        let of = |input: &&Input| input.blake3.starts_with(segment);
        let input = manifest.inputs.iter().find(of);
        input.map_or_else(|| segment.to_owned(), |input| input.name.clone())
    };
    let mut counts: BTreeMap<Vec<String>, (usize, i64)> = BTreeMap::new();
    for located in found {
        let mut key = match by {
            By::Reason => Vec::new(),
            By::Source => vec![located.source.clone()],
            By::File => vec![file(&located.segment)],
        };
        key.push(located.primary().to_owned());
        let count = counts.entry(key).or_default();
        (count.0, count.1) = (count.0 + 1, count.1 + located.reject.participants);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(key, (lines, _))| (std::cmp::Reverse(*lines), key.clone()));
    let heads: &[&str] = match by {
        By::Reason => &["reason", "lines", "participants"],
        By::Source => &["source", "reason", "lines", "participants"],
        By::File => &["file", "reason", "lines", "participants"],
    };
    let rows = counts.into_iter().map(|(key, (lines, participants))| {
        key.into_iter().chain([lines.to_string(), participants.to_string()]).collect()
    });
    let mut page = Page::default();
    table(&mut page, heads, &rows.collect::<Vec<Vec<String>>>());
    page.print()
}
