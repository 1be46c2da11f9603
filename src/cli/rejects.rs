//! `conum rejects`: which lines were refused, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::report::{Page, table};
use crate::cli::{pipeline_args, report};
use crate::error::{Error, Result};
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::rejects::{Located, read_all};
use crate::run::store::Store;
use crate::run::suppliers::{self, Employer, Employers, Supplier, Told, by_employer};

/// List refused lines: source, file, line, reason, and what was expected; or tell employers.
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
    /// Write a page for each employer, in French, in this folder: new or empty, outside of the
    /// warehouse. The limit is then that of each reason.
    #[arg(long, value_name = "DIR", conflicts_with = "by")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// By first reason.
    Reason,
    /// By source and first reason.
    Source,
    /// By file and first reason.
    File,
    /// By employer and first reason.
    Employer,
}

/// What stands for nothing.
const NONE: &str = "-";

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let folder = if args.unpublished { BUILDING } else { CURRENT };
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    if !store.has(&format!("{folder}/{MANIFEST}")) {
        return Err(Error::no_input(format!("there is no run in `{folder}`"))
            .hint("without `--unpublished` it is the published run, with it the one that failed"));
    }
    let found = read_all(&store, folder, &definitions)?;
    let record = store.read(&format!("{folder}/{MANIFEST}"))?.unwrap_or_default();
    let manifest: Manifest = serde_json::from_slice(&record).unwrap_or_default();
    if let Some(pages) = &args.report {
        let employers = Employers::read(&store, folder)?;
        let suppliers = by_employer(&employers, &found);
        let run = (&manifest, !args.unpublished);
        let told = Told::new(&definitions, run, &found, args.limit);
        suppliers::write(pages, &store, (&told, &suppliers))?;
        written(&suppliers)?;
    } else if let Some(by) = args.by {
        counted(&found, &manifest, by, &Employers::read(&store, folder)?)?;
    } else {
        report::rejects(&found, &manifest, &definitions, args.limit)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many there are of each, the most first.
fn counted(found: &[Located], manifest: &Manifest, by: By, employers: &Employers) -> Result<()> {
    let mut counts: BTreeMap<Vec<String>, (usize, i64)> = BTreeMap::new();
    for located in found {
        let mut key = match by {
            By::Reason => Vec::new(),
            By::Source => vec![located.source.clone()],
            By::File => vec![manifest.input_of(&located.segment).to_owned()],
            By::Employer => employer(employers.of(located), located),
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
        By::Employer => &["structure", "type", "siret", "reason", "lines", "participants"],
    };
    let rows = counts.into_iter().map(|(key, (lines, participants))| {
        key.into_iter().chain([lines.to_string(), participants.to_string()]).collect()
    });
    let mut page = Page::default();
    table(&mut page, heads, &rows.collect::<Vec<Vec<String>>>());
    page.print()
}

/// Identifier, type and SIRET of the employer of a reject, as far as they are known.
fn employer(known: Option<&Employer>, located: &Located) -> Vec<String> {
    let (id, kind, siret) = match known {
        Some(Employer { id, kind, siret, .. }) => (Some(id), Some(kind), siret.as_ref()),
        None => (located.reject.structure.as_ref(), None, None),
    };
    [id, kind, siret].map(|text| text.map_or(NONE, String::as_str).to_owned()).to_vec()
}

/// The pages written.
fn written(suppliers: &[Supplier<'_>]) -> Result<()> {
    let rows: Vec<Vec<String>> = suppliers
        .iter()
        .map(|supplier| vec![supplier.file_name(), supplier.rejects.len().to_string()])
        .collect();
    let lines: usize = suppliers.iter().map(|supplier| supplier.rejects.len()).sum();
    let mut page = Page::default();
    table(&mut page, &["page", "lines"], &rows);
    page.line(format!("{lines} rejected lines in {} page(s)", rows.len()));
    page.print()
}
