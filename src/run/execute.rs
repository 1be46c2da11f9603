//! The stages run in order; what readers see changes once, at the very end.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use crate::error::{EXIT_WARNINGS, Result};
use crate::run::deliveries::Deliveries;
use crate::run::held_back::Judged;
use crate::run::ingest::Ingested;
use crate::run::job::Job;
use crate::run::ledger::Ledger;
use crate::run::log;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest, Output, Segment};
use crate::run::outputs::{BUILDING, write_table};
use crate::run::plan::Plan;
use crate::run::rejects::Located;
use crate::run::reuse;
use crate::run::run_name::run_name;
use crate::run::store::Store;
use crate::run::warning::Warning;
use crate::run::{
    aggregate, asked, clean, dataset, gates, gc, ingest, interrupted, parquet, protect, rejects,
    revision, space, swap,
};
use crate::vocabulary::tables::{LEDGER, REJECTS};

/// Folder of all runs.
pub(super) const RUNS: &str = "runs";
/// Folder of the declarations of published runs.
pub const DECLARATIONS: &str = "declarations";
const PUBLISH: &str = "publish";
const LEDGER_FILE: &str = "ledger.parquet";

/// The stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Raw files → staged segments.
    Ingest,
    /// Segments → clean files.
    Clean,
    /// Clean files → tables.
    Aggregate,
    /// Tables of closed months → a release, audited.
    Protect,
    /// The new run becomes the one readers see.
    Publish,
}

/// Tables of each dataset, where its rows were at hand.
type DatasetTables = BTreeMap<String, Vec<(String, RecordBatch)>>;

/// What a run came to.
#[derive(Debug)]
pub struct Done {
    /// The record of the run.
    pub manifest: Manifest,
    /// Its accounts.
    pub ledger: Ledger,
    /// Nothing had to be done.
    pub is_unchanged: bool,
    /// Whether it is what readers see.
    pub is_published: bool,
}

impl Done {
    /// The exit code: that of warnings only where readers see what they are about.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let is_all_well = self.manifest.warnings.iter().all(Warning::is_accepted);
        if self.is_published && !is_all_well { EXIT_WARNINGS } else { 0 }
    }
}

/// Runs the stages up to and including `last`; who calls it has the lock of the warehouse.
///
/// # Errors
/// When a stage or a gate fails; what readers see is then untouched.
pub fn execute(job: &Job<'_>, last: Stage) -> Result<Done> {
    job.tell();
    let done = execute_stages(job, last);
    interrupted::end(job.store, &done);
    job.store.keep_hashes();
    done
}

fn execute_stages(job: &Job<'_>, last: Stage) -> Result<Done> {
    swap::mend(job.store)?;
    let tonight = Deliveries::new(job)?;
    // What would end the run does, once all inputs are read: one of them may tell more.
    let (mut judged, _) = tonight.known()?;
    // A source whose input turns out not to be used is one more for which an earlier one stands.
    loop {
        match stages(job, tonight.used(judged), &tonight, last)? {
            Outcome::Done(done) => return Ok(*done),
            Outcome::Again(more) => judged = more,
        }
    }
}

/// What came of the stages.
enum Outcome {
    Done(Box<Done>),
    /// Some inputs are not to be used.
    Again(Judged),
}

/// Makes the stages of a job on the inputs that are used, of those that were given.
fn stages(
    given: &Job<'_>,
    mut job: Job<'_>,
    tonight: &Deliveries<'_, '_>,
    last: Stage,
) -> Result<Outcome> {
    let plan = Plan::new(&job)?;
    if plan.is_up_to_date()
        && let Some(manifest) = plan.current
    {
        let ledger = ledger_in(job.store, CURRENT)?;
        keep_declarations(&job)?;
        swap::link_folders(job.store)?;
        protect::kept::show(job.store)?;
        gc::prune(job.store, &manifest, job.runs_kept);
        let done = Done { manifest, ledger, is_unchanged: true, is_published: true };
        return Ok(Outcome::Done(Box::new(done)));
    }
    space::check(&job, plan.current.as_ref())?;
    // One that is not there ends the run before hours of work, not after.
    if let Some(asked) = job.engine.filter(|_| last >= Stage::Aggregate) {
        asked.engine()?;
    }
    interrupted::keep(given)?;
    asked::forget(job.store)?;
    let (read, judged) = log::stage(ingest::STAGE, || {
        let mut read = ingest::run(&job)?;
        let judged = tonight.after_ingest(&job, &mut read)?;
        Ok((read, judged))
    })?;
    if judged.held != job.judged.held {
        return Ok(Outcome::Again(judged));
    }
    job.judged = judged;
    let Ingested { segments, mut ledger, .. } = read;
    let mut tables = BTreeMap::new();
    let (mut manifest, left) = begin(&job, &plan, segments)?;
    if last >= Stage::Clean {
        let stage = || clean_stage(&job, &plan, (&mut manifest, &mut tables), &left);
        ledger.merge(log::stage(clean::STAGE, stage)?);
        save(&job, &manifest, &ledger)?;
        let judged = tonight.after_clean(&job, &ledger)?;
        if judged.held != job.judged.held {
            return Ok(Outcome::Again(judged));
        }
        job.judged = judged;
    }
    if last >= Stage::Aggregate {
        let stage = || aggregate_stage(&job, &plan, (&mut manifest, &tables), &left);
        ledger.merge(log::stage(aggregate::STAGE, stage)?);
        save(&job, &manifest, &ledger)?;
    }
    if last >= Stage::Protect {
        log::stage(protect::STAGE, || protect_stage(&job, &plan, &mut manifest))?;
        save(&job, &manifest, &ledger)?;
    }
    if last >= Stage::Publish {
        log::stage(PUBLISH, || publish(&job, &plan, &mut manifest, &ledger))?;
    }
    let is_published = last >= Stage::Publish;
    let done = Done { manifest, ledger, is_unchanged: false, is_published };
    Ok(Outcome::Done(Box::new(done)))
}

/// Keeps what an interrupted run finished on the same inputs, with its accounts, and clears the
/// rest away.
fn begin(job: &Job<'_>, plan: &Plan, segments: Vec<Segment>) -> Result<(Manifest, Ledger)> {
    let (mut manifest, ledger) = taken_over(job, plan)?.unwrap_or_default();
    if manifest.stage_keys.get(aggregate::STAGE) != Some(&plan.aggregate_key) {
        manifest.stage_keys.remove(aggregate::STAGE);
        manifest.stage_keys.remove(protect::STAGE);
        let is_of_tables =
            |path: &str| path.starts_with("tables/") || revision::FILES.contains(&path);
        manifest.outputs.retain(|output| !is_of_tables(&output.file.path));
        job.store.remove_folder(&format!("{BUILDING}/tables"))?;
    }
    if manifest.stage_keys.is_empty() {
        job.store.remove_folder(BUILDING)?;
    }
    let before = job.store.names_in(RUNS)?;
    let manifest = Manifest {
        run_id: run_name(&job.started_at, &plan.aggregate_key, &before),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: job.started_at.clone(),
        finished_at: String::new(),
        as_of: job.as_of.to_string(),
        pipeline: job.pipeline.clone(),
        definitions: job.definitions.digest.clone(),
        definition_files: job.definitions.digests.clone(),
        key_fingerprint: job.key.fingerprint(),
        inputs: job.inputs.iter().map(|(input, _)| input.clone()).collect(),
        segments,
        held_back: job.judged.held.clone(),
        registered: job.registered.clone(),
        previous: Manifest::shown(job.store)?,
        ..manifest
    };
    Ok((manifest, ledger))
}

/// What an interrupted run made of the same inputs, if all of it is still what was written.
fn taken_over(job: &Job<'_>, plan: &Plan) -> Result<Option<(Manifest, Ledger)>> {
    let is_same = |left: &&Manifest| left.stage_keys.get(clean::STAGE) == Some(&plan.clean_key);
    let left = plan.left.as_ref().filter(|_| !job.is_forced).filter(is_same);
    let Some(left) = left else { return Ok(None) };
    if !is_whole(job, BUILDING, &left.outputs)? {
        return Ok(None);
    }
    let ledger = ledger_in(job.store, BUILDING).ok();
    Ok(ledger.filter(|ledger| ledger.prove().is_ok()).map(|ledger| (left.clone(), ledger)))
}

fn clean_stage(
    job: &Job<'_>,
    plan: &Plan,
    (manifest, tables): (&mut Manifest, &mut DatasetTables),
    left: &Ledger,
) -> Result<Ledger> {
    if manifest.stage_keys.get(clean::STAGE) == Some(&plan.clean_key) {
        return Ok(left.of_stage(clean::STAGE));
    }
    if let Some(current) = reusable(job, plan)? {
        for folder in ["clean", "rejects", reuse::FOLDER] {
            let from = format!("{}/{}/{folder}", RUNS, current.run_id);
            job.store.link_files(&from, &format!("{BUILDING}/{folder}"))?;
        }
        let kept = current.outputs.iter().filter(|output| is_of_clean(output));
        manifest.outputs = kept.filter(|output| output.file.path != LEDGER_FILE).cloned().collect();
        manifest.clean_warnings.clone_from(&current.clean_warnings);
        manifest.flags.clone_from(&current.flags);
        manifest.reconciliation.clone_from(&current.reconciliation);
        manifest.stage_keys.insert(clean::STAGE.to_owned(), plan.clean_key.clone());
        return Ok(ledger_in(job.store, CURRENT)?.of_stage(clean::STAGE));
    }
    let cleaned = clean::run(job, &manifest.segments)?;
    *tables = cleaned.tables;
    manifest.outputs = cleaned.outputs;
    manifest.outputs.extend(dataset::publish_rejects(job, &manifest.segments)?);
    let is_of_series = |segment: &&Segment| job.definitions.sources.contains_key(&segment.source);
    let of_series: Vec<Segment> = manifest.segments.iter().filter(is_of_series).cloned().collect();
    let ingested = ingest::all_rejects(job.store, &of_series)?;
    for (stage, found) in [(ingest::STAGE, &ingested), (clean::STAGE, &cleaned.rejects)] {
        let path = format!("rejects/{stage}.parquet");
        let batch = rejects::to_batch(found)?;
        manifest.outputs.push(write_table(job, &path, &REJECTS, &[batch])?);
    }
    manifest.clean_warnings = cleaned.warnings;
    manifest.flags = cleaned.flags;
    manifest.reconciliation = cleaned.reconciliation;
    manifest.stage_keys.insert(clean::STAGE.to_owned(), plan.clean_key.clone());
    Ok(cleaned.ledger)
}

fn aggregate_stage(
    job: &Job<'_>,
    plan: &Plan,
    (manifest, tables): (&mut Manifest, &DatasetTables),
    left: &Ledger,
) -> Result<Ledger> {
    if manifest.stage_keys.get(aggregate::STAGE) == Some(&plan.aggregate_key) {
        return Ok(left.of_stage(aggregate::STAGE));
    }
    let (outputs, ledger) = aggregate::run(job, &manifest.subjects(job.definitions))?;
    manifest.outputs.extend(outputs);
    for (name, dataset, _) in dataset::with_segments(job.definitions, &manifest.segments) {
        let made = match tables.get(name) {
            Some(made) => made.clone(),
            None => {
                dataset::tables::of_files(job.store, BUILDING, (name, dataset), job.definitions)?
            }
        };
        manifest.outputs.extend(dataset::tables::write(job, dataset, &made)?);
    }
    manifest.outputs.extend(revision::run(job, plan.current.as_ref(), manifest)?);
    manifest.stage_keys.insert(aggregate::STAGE.to_owned(), plan.aggregate_key.clone());
    Ok(ledger)
}

/// Makes the release, unless an interrupted run did.
fn protect_stage(job: &Job<'_>, plan: &Plan, manifest: &mut Manifest) -> Result<()> {
    if manifest.stage_keys.get(protect::STAGE) == Some(&plan.protect_key) {
        return Ok(());
    }
    let is_of_release = |output: &Output| output.file.path.starts_with(protect::FOLDER);
    manifest.outputs.retain(|output| !is_of_release(output));
    let made = protect::run(job, &manifest.outputs)?;
    manifest.outputs.extend(made);
    manifest.stage_keys.insert(protect::STAGE.to_owned(), plan.protect_key.clone());
    Ok(())
}

/// The run that readers see, if its clean files are whole and what this run would make.
fn reusable<'p>(job: &Job<'_>, plan: &'p Plan) -> Result<Option<&'p Manifest>> {
    let is_same = |m: &&Manifest| m.stage_keys.get(clean::STAGE) == Some(&plan.clean_key);
    let current = plan.current.as_ref().filter(|_| !job.is_forced).filter(is_same);
    let Some(current) = current else { return Ok(None) };
    let clean: Vec<Output> = current.outputs.iter().filter(|o| is_of_clean(o)).cloned().collect();
    Ok(is_whole(job, CURRENT, &clean)?.then_some(current))
}

/// Whether files are what was written.
fn is_whole(job: &Job<'_>, folder: &str, outputs: &[Output]) -> Result<bool> {
    for output in outputs {
        let path = format!("{folder}/{}", output.file.path);
        let found = job.store.stat(&path)?;
        if found.is_none_or(|found| found.blake3 != output.file.blake3) {
            tracing::warn!(event = "file.damaged", file = %path, "Made again.");
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_of_clean(output: &Output) -> bool {
    let path = output.file.path.as_str();
    path == LEDGER_FILE || ["clean/", "rejects/"].iter().any(|folder| path.starts_with(folder))
}

/// Writes the state of the run under construction, so that an interrupted one can be taken over.
fn save(job: &Job<'_>, manifest: &Manifest, ledger: &Ledger) -> Result<()> {
    write_table(job, LEDGER_FILE, &LEDGER, &[ledger.to_batch()?])?;
    job.store.write(&format!("{BUILDING}/{MANIFEST}"), &manifest.to_json()?)?;
    Ok(())
}

/// The accounts in a folder of the warehouse.
///
/// # Errors
/// When they cannot be read.
pub fn ledger_in(store: &Store, folder: &str) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    for batch in parquet::read(store.file(&format!("{folder}/{LEDGER_FILE}"))?, None, None)? {
        ledger.merge(Ledger::from_batch(&batch?)?);
    }
    Ok(ledger)
}

/// Proves the ledger, checks the gates, and swaps the new run in.
fn publish(job: &Job<'_>, plan: &Plan, manifest: &mut Manifest, ledger: &Ledger) -> Result<()> {
    ledger.prove()?;
    gates::check_rejects(job, ledger)?;
    protect::pass_gate(job.store, job.definitions, false)?;
    manifest.warnings = gates::warnings(job, (manifest, ledger));
    manifest.accepted_inputs.clone_from(&job.judged.accepted);
    manifest.stage_keys.insert(PUBLISH.to_owned(), plan.publish_key.clone());
    manifest.outputs.retain(|output| output.file.path != LEDGER_FILE);
    manifest.outputs.push(write_table(job, LEDGER_FILE, &LEDGER, &[ledger.to_batch()?])?);
    manifest.outputs.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    manifest.finished_at = (job.clock)();
    job.store.write(&format!("{BUILDING}/{MANIFEST}"), &manifest.to_json()?)?;
    keep_declarations(job)?;
    swap::show(job.store, &manifest.run_id)?;
    gc::prune(job.store, manifest, job.runs_kept);
    Ok(())
}

/// Keeps the declarations of the run, once for all runs that share them: what a figure means can be
/// read, and the tables recomputed, years later.
fn keep_declarations(job: &Job<'_>) -> Result<()> {
    let folder = format!("{DECLARATIONS}/{}", job.definitions.digest);
    for (path, digest) in &job.definitions.digests {
        let name = format!("{folder}/{path}");
        let is_kept = job.store.stat(&name)?.is_some_and(|kept| kept.blake3 == *digest);
        if let (false, Some(content)) = (is_kept, job.files.get(path)) {
            job.store.write(&name, content)?;
        }
    }
    Ok(())
}

/// The rejects of a run: `current`, or the one under construction.
///
/// # Errors
/// When they cannot be read.
pub fn read_rejects(store: &Store, folder: &str) -> Result<Vec<Located>> {
    let mut found = Vec::new();
    for name in store.files_below(&format!("{folder}/rejects"))? {
        // Those of a dataset have its own fields.
        if name.contains(dataset::REJECTS) {
            continue;
        }
        for batch in parquet::read(store.file(&name)?, None, None)? {
            found.extend(rejects::from_batch(&batch?)?);
        }
    }
    Ok(found)
}
