//! `conum publish`: a run becomes the one readers see; its release, resources of a portal or
//! objects of a bucket.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;

use crate::cli::pipeline_args::{self, PipelineArgs, credentials};
use crate::cli::report::{Page, table};
use crate::cli::stages;
use crate::definition::publication::{self, Bucket, FILE, Portal, Publication};
use crate::deliver::http::{Client, Limits};
use crate::deliver::objects::Shelf;
use crate::deliver::plan::{Action, Plan};
use crate::deliver::walk::{self, Stopped, Summary};
use crate::deliver::{self, CHUNK_BYTES, Release, s3};
use crate::error::{EXIT_WARNINGS, Error, Kind, Result};
use crate::fetch::{self, Patience, Token};
use crate::run::bucket::copy::is_ahead;
use crate::run::delivered::{self, Delivered};
use crate::run::execute::Stage;
use crate::run::store::{self, Store};

/// What to do where no declaration says where to.
const HOW_TO_DECLARE: &str = "docs/publication.md says what to declare";
/// What to do without a secret.
const HOW_TO_KEEP: &str = "docs/publication.md says how to keep one";

/// Make the new run the one readers see; with `--to`, publish its release elsewhere.
///
/// With `--to` it only reads the warehouse, and `publication.toml` beside the pipeline.
#[derive(Debug, clap::Args)]
#[command(mut_arg("input", |input| input.required(false).required_unless_present("to")))]
pub(super) struct Args {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// Where the release goes.
    #[arg(long, value_enum)]
    to: Option<Target>,
    /// The release.
    #[arg(long, default_value = "latest", requires = "to")]
    release: String,
    /// Say what there is to do, and do nothing.
    #[arg(long, requires = "to")]
    dry_run: bool,
    /// File of the secret [default: `datagouv` or `s3` in the folder `CREDENTIALS_DIRECTORY`].
    #[arg(long, value_name = "FILE", requires = "to")]
    token_file: Option<PathBuf>,
    /// Address of a proxy.
    #[arg(long, requires = "to")]
    proxy: Option<String>,
}

/// Where a release goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// Resources of a dataset of data.gouv.fr, or of a portal like it.
    #[value(name = "data.gouv")]
    DataGouv,
    /// Objects of a bucket.
    S3,
}

impl Target {
    /// Name of its secret in the folder of a manager of services.
    fn credential(self) -> &'static str {
        match self {
            Target::DataGouv => "datagouv",
            Target::S3 => "s3",
        }
    }
}

pub(super) fn run(args: &Args, bars: bool) -> Result<ExitCode> {
    let Some(target) = args.to else {
        return stages::stage(&args.pipeline, ("publish", Stage::Publish), bars);
    };
    let declared = args.pipeline.pipeline.with_file_name(FILE);
    let declaration = store::read_file(&declared)
        .map_err(|error| error.if_absent(Kind::Definition, HOW_TO_DECLARE))?;
    let publication = publication::read(&declaration)?;
    let token = token(args.token_file.as_deref(), target)?;
    let store = Store::existing(&args.pipeline.warehouse)?;
    let _lock = store.lock_publication()?;
    if is_ahead(&store)? {
        let told = "the bucket of the warehouse does not have the run that this folder shows";
        return Err(Error::busy(told).hint("`conum run --bucket …` sends it, or drops it"));
    }
    let asked = Some(args.release.as_str()).filter(|name| *name != "latest");
    let release = delivered::release(&store, asked)?;
    tracing::info!(event = "publish.release", release = release.name, "Release proved.");
    match (target, &publication.portal, &publication.bucket) {
        (Target::DataGouv, Some(portal), _) => {
            to_portal(args, (portal, &publication), (&store, &release), token)
        }
        (Target::S3, _, Some(bucket)) => to_bucket(args, bucket, (&store, &release), &token),
        (Target::DataGouv, None, _) => Err(undeclared("[portal]")),
        (Target::S3, _, None) => Err(undeclared("[bucket]")),
    }
}

fn undeclared(what: &str) -> Error {
    Error::definition(format!("`{FILE}` does not say where to publish: it has no {what}"))
        .hint(HOW_TO_DECLARE)
}

/// The secret, from a file that nobody else can read.
fn token(file: Option<&Path>, target: Target) -> Result<Token> {
    let folder = credentials();
    let given = file.map(Path::to_owned);
    let kept = folder.as_ref().map(|folder| folder.join(target.credential()));
    let Some(path) = given.or(kept) else {
        return Err(Error::definition("no secret: neither `--token-file` nor credentials")
            .hint(HOW_TO_KEEP));
    };
    pipeline_args::token(&path, HOW_TO_KEEP)
}

fn to_portal(
    args: &Args,
    (portal, publication): (&Portal, &Publication),
    (store, release): (&Store, &Release),
    token: Token,
) -> Result<ExitCode> {
    let dataset = portal.dataset.as_deref();
    let dataset = dataset.ok_or_else(|| undeclared("`dataset` in its [portal]"))?;
    let client = Client::new(&portal.url, token, Limits::default(), args.proxy.as_deref())?;
    let mut place = Delivered::new(store, release, (&portal.url, dataset));
    let (now, patience, chunk_bytes) = (now(), Patience::default(), CHUNK_BYTES);
    let asked =
        deliver::Asked { portal, dataset, publication, release, chunk_bytes, now, patience };
    let sleep = &mut std::thread::sleep;
    if args.dry_run {
        let plan = walk::look(&asked, &client, &mut place, sleep).map_err(failed)?;
        return show_plan(&plan, release);
    }
    let done = walk::publish(&asked, &client, &mut place, sleep);
    show_done(&done.map_err(|stopped| halfway(stopped, release))?, portal, release)
}

fn to_bucket(
    args: &Args,
    bucket: &Bucket,
    (store, release): (&Store, &Release),
    key: &Token,
) -> Result<ExitCode> {
    let shelf = Shelf::new(bucket, key, Limits::default(), args.proxy.as_deref())?;
    let mut place = Delivered::new(store, release, (&bucket.url, &bucket.name));
    let asked = s3::Asked { bucket, release, now: now(), patience: Patience::default() };
    let sleep = &mut std::thread::sleep;
    let mut page = Page::default();
    if args.dry_run {
        let planned = s3::look(&asked, &shelf, &mut place, sleep).map_err(failed)?;
        let rows = planned.sent.iter().map(|file| vec![file.clone(), "send".to_owned()]);
        let left = planned.left.iter().map(|file| vec![file.clone(), "leave".to_owned()]);
        table(&mut page, &["file", "action"], &rows.chain(left).collect::<Vec<_>>());
        let pointer = if planned.is_moved { "moves to" } else { "is already at" };
        page.line(format!("{} {pointer} release {}", s3::POINTER, release.name));
    } else {
        let done = s3::publish(&asked, &shelf, &mut place, sleep).map_err(|error| {
            let error = failed(error);
            let message = format!("{}\n  readers see the release before", error.message);
            Error { message, ..error }
        })?;
        let (sent, left) = (done.sent.len(), done.left.len());
        page.line(format!("Published: release {}, {sent} files sent, {left} there", release.name));
        let (Bucket { name, prefix, .. }, pointer) = (bucket, s3::POINTER);
        page.line(format!("  {name}/{prefix}/{pointer} points to it"));
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

fn show_plan(plan: &Plan<'_>, release: &Release) -> Result<ExitCode> {
    let mut page = Page::default();
    let row = |step: &deliver::plan::Step<'_>| {
        let action = match step.action {
            Action::Create => "create",
            Action::Replace => "replace",
            Action::Describe => "describe",
            Action::Leave => "leave",
        };
        let id = step.id.as_deref().unwrap_or("-");
        let bytes = step.document.bytes.to_string();
        vec![step.resource.file.clone(), action.to_owned(), bytes, id.to_owned()]
    };
    let mut rows: Vec<Vec<String>> = plan.steps.iter().map(row).collect();
    rows.extend(plan.lacking.iter().map(|resource| {
        let id = resource.id.as_deref().unwrap_or("-");
        [&resource.file, "lack", "-", id].map(str::to_owned).into()
    }));
    page.line(format!("Release {}", release.name));
    table(&mut page, &["file", "action", "bytes", "resource"], &rows);
    let text = if plan.has_new_text { "changes" } else { "stays" };
    page.line(format!("The text of the dataset {text}. Nothing was done."));
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

fn show_done(done: &Summary, portal: &Portal, release: &Release) -> Result<ExitCode> {
    let mut page = Page::default();
    let Summary { created, replaced, described, left, .. } = done;
    page.line(format!(
        "Published: release {}, {} resources created, {} replaced, {} described, {} left",
        release.name,
        created.len(),
        replaced.len(),
        described.len(),
        left.len()
    ));
    for (file, id) in created {
        page.line(format!("  {file}  {}/datasets/r/{id}", portal.url.trim_end_matches('/')));
    }
    page.print()?;
    for file in &done.lacking {
        let message = "The release has no such file: its resource shows an earlier one.";
        tracing::warn!(event = "publish.lacking", file, "{message}");
    }
    for file in &done.unparsed {
        let message = "The portal has not made a table of the file yet: publish again to look.";
        tracing::warn!(event = "publish.unparsed", file, "{message}");
    }
    match done.lacking.is_empty() && done.unparsed.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::from(EXIT_WARNINGS)),
    }
}

/// Says which resources are new and which are not.
fn halfway(stopped: Stopped, release: &Release) -> Error {
    let Stopped { error, shown, hidden } = stopped;
    let error = failed(error);
    let state = match (shown.is_empty(), hidden.is_empty()) {
        (true, _) => "readers see nothing of it yet".to_owned(),
        (false, true) => "readers see all its files".to_owned(),
        (false, false) => format!(
            "readers see its {}\n  and, of an earlier release or not at all, {}",
            shown.join(", "),
            hidden.join(", ")
        ),
    };
    let message = format!("{}\n  release {}: {state}", error.message, release.name);
    Error { message, ..error }
}

fn failed(error: fetch::Error) -> Error {
    let error = Error::from(error);
    Error { hint: None, ..error }.hint("what is done is kept; the same command goes on from there")
}

#[expect(clippy::disallowed_methods, reason = "the clock enters here")]
fn now() -> Timestamp {
    Timestamp::now()
}
