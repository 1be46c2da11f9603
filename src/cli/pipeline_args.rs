//! What every command that runs stages needs to be told.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::engine::Engine;
use crate::cli::heartbeat::Heartbeat;
use crate::cli::observe::Observe;
use crate::cli::progress::Bars;
use crate::definition::{Definitions, Files};
use crate::error::{Error, Kind, Result};
use crate::fetch::Token;
use crate::ingest::pseudonym::Key;
use crate::run::asked::{Asked, Shared};
use crate::run::attempt::Attempt;
use crate::run::bucket::Bucket;
use crate::run::bucket::upkeep::Upkeep;
use crate::run::execute::{Done, Stage, execute};
use crate::run::folders;
use crate::run::held_back::Judged;
use crate::run::interrupted::{self, Night};
use crate::run::job::{IsKnown, Job, Progress, find_inputs};
use crate::run::manifest::Manifest;
use crate::run::plan::{Plan, plan};
use crate::run::sample_folder;
use crate::run::secret::{self, Keeper};
use crate::run::store::Store;

/// Inputs, declarations, warehouse.
#[derive(Debug, clap::Args)]
pub(super) struct PipelineArgs {
    /// The pipeline; its declarations are the folders beside it.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pub(super) pipeline: PathBuf,
    /// Folder of the raw exports.
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) input: Option<PathBuf>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    pub(super) warehouse: PathBuf,
    /// Reference day: nothing may be dated after it [default: today in Paris, or that of the run
    /// that came to no end within the last 12 hours].
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// Rebuild every stage, and begin anew where a run came to no end.
    #[arg(long)]
    force: bool,
    /// Runs whose data stays beside the new one, to go back to with `conum rollback`.
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep: usize,
    /// Secret file the pseudonyms are keyed with [default: `conum-key` in the folder
    /// `CREDENTIALS_DIRECTORY`, else a published key, for sample data].
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Use tonight's input of a source although the gates would hold it back: it is right, and its
    /// size is what is usual from now on. Can be given several times.
    #[arg(long, value_name = "SOURCE")]
    accept: Vec<String>,
}

/// What a run is told beside its inputs.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// A reference day other than the one that is given.
    pub(super) as_of: Option<Date>,
    /// It must be later than that of the run that readers see.
    pub(super) is_next: bool,
    /// What is said of an engine.
    pub(super) engine: Option<&'a Engine>,
    /// What keeps the warehouse.
    pub(super) bucket: Option<&'a Bucket>,
}

/// The name of a pipeline file, the files beside it, and what they declare.
type Loaded = (String, Files, Definitions);

/// The declarations of a pipeline file.
pub(super) fn load(pipeline: &Path) -> Result<Loaded> {
    let name = pipeline.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Error::definition("`--pipeline` names no file"))?;
    let folder = match pipeline.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let files = folders::read_tree(folder)?;
    let definitions = Definitions::load(&name, &files)?;
    Ok((name, files, definitions))
}

impl PipelineArgs {
    /// Runs the stages up to `last`, as a command; gives the path of its page too, if it has one.
    pub(super) fn execute(
        &self,
        (command, last): (&str, Stage),
        beside: Beside<'_>,
        (with_bars, observe): (bool, Option<&Observe>),
    ) -> Result<(Done, Definitions, Option<String>)> {
        let store = Store::remembering(&self.warehouse, now, self.force)?;
        let engine = beside.engine.map(Engine::address).transpose()?.flatten();
        let (lock, mut upkeep) = Upkeep::begin(&store, beside.bucket);
        let as_of = match beside.as_of.or(self.as_of) {
            Some(day) => day,
            None => self.unsaid_day(&store)?,
        };
        let begun = (command, Some(as_of.to_string()));
        let attempt = Attempt::begin((&store, lock), begun, now)?;
        let about = (self.pipeline.as_path(), self.input.as_deref(), as_of);
        let watched = observe.map(|observe| observe.begin((&store, &attempt), about));
        let bars = Bars::new(with_bars);
        let heart = Heartbeat::new();
        let every = observe.filter(|_| !bars.are_shown()).map(Observe::heartbeat);
        let begun = (attempt.started_at.clone(), attempt.registered.clone());
        let progress = |progress: Progress| {
            heart.hear(&progress);
            bars.show(progress);
        };
        let asked = engine.zip(beside.engine).map(|(address, engine)| {
            let shared = Shared { bucket: beside.bucket, seen_as: engine.seen_as() };
            Asked::new(address, &attempt.registered, shared)
        });
        let mut loaded = None;
        let done = heart.during(every.unwrap_or_default(), || {
            upkeep.check()?;
            if beside.is_next {
                expect_earlier(&store, as_of)?;
            }
            let loaded = loaded.insert(load(&self.pipeline)?);
            self.with_job((&store, as_of, begun), (loaded, &progress), |job| {
                let done = execute(&Job { engine: asked.as_ref(), ..job.clone() }, last)?;
                if done.is_published {
                    upkeep.send()?;
                }
                Ok(done)
            })
        });
        bars.clear();
        let outcome = done.as_ref();
        let definitions = loaded.map(|(_, _, definitions)| definitions);
        let page = attempt.ran((outcome, definitions.as_ref()), || {
            if let Some(watched) = &watched {
                watched.end(outcome);
            }
            if outcome.is_ok() {
                upkeep.send_record();
            }
        });
        let undeclared = || Error::internal("what was run was declared");
        Ok((done?, definitions.ok_or_else(undeclared)?, page))
    }

    /// Plans a run.
    pub(super) fn plan(&self) -> Result<Plan> {
        let store = Store::remembering(&self.warehouse, now, self.force)?;
        let as_of = match self.as_of {
            Some(day) => day,
            None => self.unsaid_day(&store)?,
        };
        let begun = (now(), String::new());
        self.with_job((&store, as_of, begun), (&load(&self.pipeline)?, &|_| {}), plan)
    }

    /// Does something to the inputs as they lie there, outside of any run; those whose content is
    /// not to be known have no hash.
    pub(super) fn with_inputs<T>(
        &self,
        is_known: IsKnown<'_>,
        act: impl FnOnce(&Job<'_>) -> Result<T>,
    ) -> Result<T> {
        let store = Store::at(&self.warehouse);
        let loaded = load(&self.pipeline)?;
        let as_of = self.as_of.map_or_else(today, Ok)?;
        let begun = (now(), String::new());
        act(&self.job((&store, as_of, begun), (&loaded, &|_| {}), is_known)?)
    }

    /// The reference day of a run that came to no end and is to go on, or today.
    fn unsaid_day(&self, store: &Store) -> Result<Date> {
        let night = Night::left(store, &now())?.filter(|_| !self.force);
        match night.and_then(|night| night.as_of.parse().ok()) {
            Some(day) => Ok(day),
            None => today(),
        }
    }

    fn with_job<T>(
        &self,
        about: (&Store, Date, (String, String)),
        given: (&Loaded, &(dyn Fn(Progress) + Sync)),
        act: impl FnOnce(&Job<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut job = self.job(about, given, &|_, _| true)?;
        interrupted::resume(&mut job, self.input()?)?;
        act(&job)
    }

    fn input(&self) -> Result<&Path> {
        self.input.as_deref().ok_or_else(|| Error::no_input("`--input` names no folder"))
    }

    fn job<'a>(
        &self,
        (store, as_of, (started_at, registered)): (&'a Store, Date, (String, String)),
        ((pipeline, files, definitions), progress): (&'a Loaded, &'a (dyn Fn(Progress) + Sync)),
        is_known: IsKnown<'_>,
    ) -> Result<Job<'a>> {
        let input = self.input()?;
        let inputs = find_inputs(input, definitions, (store.hashes(), is_known))?;
        let key = match key_file(self.key_file.as_deref()) {
            Some((path, _)) => Key::secret(&secret::read_any(&path)?)?,
            None => Key::published(),
        };
        let is_sample = sample_folder::is_sample(input);
        if key.is_published && is_sample {
            tracing::warn!(event = "key.published", "Pseudonyms use the published key: a sample.");
        }
        Ok(Job {
            store,
            definitions,
            pipeline: pipeline.clone(),
            key,
            as_of,
            registered,
            began_at: started_at.clone(),
            started_at,
            clock: now,
            files,
            is_sample,
            is_forced: self.force,
            runs_kept: self.keep,
            inputs: inputs.files,
            unreadable: inputs.unreadable,
            accept: self.accept.clone(),
            judged: Judged::default(),
            engine: None,
            progress,
        })
    }
}

/// Makes sure that readers see an earlier day, or none yet.
fn expect_earlier(store: &Store, day: Date) -> Result<()> {
    let seen = Manifest::current(store)?.filter(|seen| *seen.as_of >= *day.to_string());
    seen.map_or(Ok(()), |seen| {
        let told = format!("run {} as of {} was published meanwhile", seen.run_id, seen.as_of);
        Err(Error::busy(told).hint("no day goes back before it"))
    })
}

/// Name of the key of pseudonyms in the folder of a manager of services.
const KEY: &str = "conum-key";

/// The file of the key, and who keeps it: the one given, else that of a manager of services.
pub(super) fn key_file(given: Option<&Path>) -> Option<(PathBuf, Keeper)> {
    if let Some(given) = given {
        return Some((given.to_owned(), keeper(given)));
    }
    let kept = credentials()?.join(KEY);
    kept.exists().then_some((kept, Keeper::Manager))
}

/// Who keeps a secret: a manager of services, in its folder of credentials, or its owner.
pub(super) fn keeper(path: &Path) -> Keeper {
    let is_kept = credentials().is_some_and(|folder| path.starts_with(folder));
    if is_kept { Keeper::Manager } else { Keeper::Owner }
}

/// A secret of one line, from a file that nobody else can read.
pub(super) fn token(path: &Path, how_to_keep: &str) -> Result<Token> {
    let content = secret::read_secret(path, keeper(path))
        .map_err(|error| error.if_absent(Kind::Definition, how_to_keep))?;
    Ok(Token::new(&String::from_utf8_lossy(&content))?)
}

/// The folder where a manager of services keeps secrets.
#[expect(clippy::disallowed_methods, reason = "the environment enters here")]
pub(super) fn credentials() -> Option<PathBuf> {
    std::env::var("CREDENTIALS_DIRECTORY").ok().map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the clock enters here")]
pub(super) fn instant() -> Timestamp {
    Timestamp::now()
}

pub(super) fn now() -> String {
    instant().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn today() -> Result<Date> {
    let paris = TimeZone::get("Europe/Paris")
        .map_err(|error| Error::internal("the time zone Europe/Paris is known").because(error))?;
    Ok(instant().to_zoned(paris).date())
}
