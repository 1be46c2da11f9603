//! What a run would do, stage by stage, and why.

use crate::definition::Definitions;
use crate::error::{Kind, Result};
use crate::run::deliveries::Deliveries;
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::{aggregate, clean, ingest, protect};

/// What a step would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It runs.
    Run,
    /// What is there is what it would make.
    UpToDate,
}

/// A step and its reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Stage.
    pub stage: &'static str,
    /// Input file, or what the stage makes.
    pub what: String,
    /// What it would do.
    pub action: Action,
    /// Why.
    pub reason: String,
}

/// The plan of a run.
#[derive(Debug)]
pub struct Plan {
    /// Steps in the order they would run.
    pub steps: Vec<Step>,
    /// Hash of all that the clean stage depends on.
    pub clean_key: String,
    /// Hash of all that the tables depend on.
    pub aggregate_key: String,
    /// Hash of all that the release depends on.
    pub protect_key: String,
    /// Hash of all that the record of the run depends on.
    pub publish_key: String,
    /// The run that readers see.
    pub current: Option<Manifest>,
    /// What an interrupted run left.
    pub left: Option<Manifest>,
    /// A file of the current run that is not what was written.
    damaged: Option<String>,
}

/// Plans a run on what is known of its inputs without reading them, and changes nothing.
///
/// # Errors
/// When the warehouse cannot be read.
pub fn plan(job: &Job<'_>) -> Result<Plan> {
    let tonight = Deliveries::new(job)?;
    let (judged, refused) = tonight.known()?;
    let mut plan = Plan::new(&tonight.used(judged))?;
    let refused = refused.map(|error| Step {
        stage: ingest::STAGE,
        what: "all inputs".to_owned(),
        action: Action::Run,
        reason: format!("ends the run with {}: {}", error.kind.exit_code(), error.message),
    });
    plan.steps.splice(0..0, refused);
    Ok(plan)
}

impl Plan {
    /// Plans a run on the inputs that are used, without changing anything.
    ///
    /// # Errors
    /// When the warehouse cannot be read.
    pub(super) fn new(job: &Job<'_>) -> Result<Self> {
        let current = match Manifest::current(job.store) {
            Err(error) if error.kind == Kind::Data => {
                tracing::warn!(event = "manifest.damaged", "{error}: every stage runs again.");
                None
            }
            // One that is there and cannot be read now is no reason to forget it.
            read => read?,
        };
        let left = left_over(job)?;
        let mut steps = Vec::new();
        let mut keys = Vec::new();
        let mut staged = Vec::new();
        for (input, _, source) in job.staged_inputs() {
            let key = ingest::key(job, input, source);
            let segment = ingest::existing(job.store, source, &key)?;
            staged.extend(segment.clone());
            let (action, reason) = match segment {
                Some(_) if job.judged.stands(source) => {
                    (Action::UpToDate, "stands for an input that is held back".to_owned())
                }
                _ if job.is_forced => (Action::Run, "--force".to_owned()),
                Some(_) => (Action::UpToDate, "its segment is staged".to_owned()),
                None => (Action::Run, why_read(current.as_ref(), &input.name, &input.blake3)),
            };
            keys.push(key);
            let what = format!("{} as {source}", input.name);
            steps.push(Step { stage: ingest::STAGE, what, action, reason });
        }
        keys.sort_unstable();
        let clean_key = clean::key(job, &keys);
        let aggregate_key = aggregate::key(job.definitions, &clean_key);
        let protect_key = protect_key(job, &aggregate_key);
        let publish_key = publish_key(job, &aggregate_key);
        let mut damaged = current.as_ref().map_or(Ok(None), |current| damaged(job, current))?;
        let known = |segment| current.as_ref().is_none_or(|c| c.segments.contains(segment));
        if !staged.iter().all(known) {
            damaged = damaged.or_else(|| Some(MANIFEST.to_owned()));
        }
        let mut plan = Self {
            steps,
            clean_key,
            aggregate_key,
            protect_key,
            publish_key,
            current,
            left,
            damaged,
        };
        let why = why_clean(job, plan.current.as_ref());
        plan.add(job, clean::STAGE, "clean microdata", (&plan.clean_key.clone(), why));
        let why = why_tables(job.definitions, plan.current.as_ref());
        plan.add(job, aggregate::STAGE, "summary tables", (&plan.aggregate_key.clone(), why));
        plan.add(job, protect::STAGE, "a release", (&plan.protect_key.clone(), String::new()));
        let key = plan.publish_key.clone();
        let why =
            "the names or kinds of the inputs changed, or what is expected of them".to_owned();
        plan.add(job, "publish", "the run that readers see", (&key, why));
        Ok(plan)
    }

    fn add(&mut self, job: &Job<'_>, stage: &'static str, what: &str, (key, why): (&str, String)) {
        let is_current =
            |manifest: &Manifest| manifest.stage_keys.get(stage).is_some_and(|known| known == key);
        let (action, reason) = if job.is_forced {
            (Action::Run, "--force".to_owned())
        } else if self.current.as_ref().is_some_and(is_current) {
            match &self.damaged {
                Some(file) => (Action::Run, format!("`{file}` is missing or was changed")),
                None => (Action::UpToDate, "same inputs, declarations and program".to_owned()),
            }
        } else if self.left.as_ref().is_some_and(is_current) {
            (Action::Run, "taken over from an interrupted run".to_owned())
        } else if why.is_empty() {
            let follows = self.steps.iter().rev().find(|step| step.action == Action::Run);
            let before = follows.map_or("a stage", |step| step.stage);
            (Action::Run, format!("follows {before}"))
        } else {
            (Action::Run, why)
        };
        self.steps.push(Step { stage, what: what.to_owned(), action, reason });
    }

    /// Whether what readers see is what a run would make.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.steps.iter().all(|step| step.action != Action::Run)
    }
}

/// A file of the current run that is not there or has other bytes.
fn damaged(job: &Job<'_>, current: &Manifest) -> Result<Option<String>> {
    for output in &current.outputs {
        let found = job.store.stat(&format!("{CURRENT}/{}", output.file.path))?;
        if found.is_none_or(|found| found.blake3 != output.file.blake3) {
            return Ok(Some(output.file.path.clone()));
        }
    }
    Ok(None)
}

/// The release depends on the tables, on those before it, which no run forgets, and says of which
/// day a source is.
fn protect_key(job: &Job<'_>, aggregate_key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(aggregate_key.as_bytes()).update(protect::STAGE.as_bytes());
    for held in &job.judged.held {
        hasher.update(held.source.as_bytes()).update(held.since.to_string().as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Names of inputs decide no figure, but the record and the warnings of the run.
fn publish_key(job: &Job<'_>, aggregate_key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(aggregate_key.as_bytes()).update(&[u8::from(job.is_sample)]);
    hasher.update(job.definitions.gates.digest.as_bytes());
    for held in &job.judged.held {
        for text in [&held.source, &held.told()] {
            hasher.update(text.as_bytes()).update(&[0]);
        }
        held.keys.iter().for_each(|key| _ = hasher.update(key.as_bytes()));
    }
    for (input, _) in &job.inputs {
        for text in [Some(&input.name), input.source.as_ref(), input.same_as.as_ref()] {
            hasher.update(text.map_or("", String::as_str).as_bytes()).update(&[0]);
        }
    }
    for name in &job.unreadable {
        hasher.update(name.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex().to_string()
}

/// What an interrupted run left behind the run that readers see. A rollback that was killed left
/// what follows an earlier one: it would bring back what was known then.
fn left_over(job: &Job<'_>) -> Result<Option<Manifest>> {
    let content = job.store.read(&format!("{BUILDING}/{MANIFEST}"))?;
    let left: Option<Manifest> = content.and_then(|it| serde_json::from_slice(&it).ok());
    let shown = Manifest::shown(job.store)?;
    Ok(left.filter(|left| left.previous == shown))
}

fn why_read(current: Option<&Manifest>, name: &str, blake3: &str) -> String {
    let before = current.and_then(|current| current.inputs.iter().find(|i| i.name == name));
    match before {
        None => "new input".to_owned(),
        Some(input) if input.blake3 != blake3 => "its content changed".to_owned(),
        Some(_) => "its declaration, a code list, the key or the reader changed".to_owned(),
    }
}

fn why_clean(job: &Job<'_>, current: Option<&Manifest>) -> String {
    let Some(current) = current else { return "no earlier run".to_owned() };
    let mut reasons = Vec::new();
    if current.as_of != job.as_of.to_string() {
        reasons.push(format!("reference day {} instead of {}", job.as_of, current.as_of));
    }
    let contents = |inputs: &mut dyn Iterator<Item = (&String, &Option<String>)>| {
        let mut read: Vec<String> = inputs
            .filter(|(_, source)| source.is_some())
            .map(|(blake3, _)| blake3.clone())
            .collect();
        read.sort_unstable();
        read
    };
    let now = contents(&mut job.inputs.iter().map(|(input, _)| (&input.blake3, &input.source)));
    let then = contents(&mut current.inputs.iter().map(|input| (&input.blake3, &input.source)));
    if now != then {
        reasons.push("inputs changed".to_owned());
    }
    let concerns = |path: &str| clean::concerns(&job.pipeline, path);
    reasons.extend(changed(job.definitions, current, concerns));
    reasons.join(", ")
}

fn why_tables(definitions: &Definitions, current: Option<&Manifest>) -> String {
    let Some(current) = current else { return "no earlier run".to_owned() };
    let changed =
        changed(definitions, current, |path| path.starts_with("tables/") || !path.contains('/'));
    changed.join(", ")
}

fn changed(
    definitions: &Definitions,
    current: &Manifest,
    concerns: impl Fn(&str) -> bool,
) -> Vec<String> {
    let (now, then) = (&definitions.digests, &current.definition_files);
    let mut paths: Vec<&String> = now.keys().chain(then.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let concerned = paths.into_iter().filter(|path| concerns(path));
    concerned
        .filter(|path| now.get(*path) != then.get(*path))
        .map(|p| format!("`{p}` changed"))
        .collect()
}
