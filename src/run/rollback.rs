//! An earlier run becomes the one that readers see again; nothing of what is known of releases is
//! forgotten.
//!
//! It becomes a new run, made of the same files, behind the earlier one: what moved since is off
//! the record of figures, and stays in the register of runs. What was published meanwhile is still
//! known to the public, so the new run knows all that the last one knew of releases.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::run::attempt::Attempt;
use crate::run::execute::RUNS;
use crate::run::kept_runs::{folder, named, record, runs};
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::protect::kept::shown;
use crate::run::protect::taken_back::carry;
use crate::run::protect::verify::verify_run;
use crate::run::run_name::run_name;
use crate::run::store::Store;
use crate::run::warning::Warning;
use crate::run::{protect, reuse, revision, swap, verify};
use crate::vocabulary::warnings::Code;

/// What readers see again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Back {
    /// The run that was taken back.
    pub from: String,
    /// The run whose files readers see again.
    pub to: String,
    /// Its reference day.
    pub as_of: String,
    /// The name under which they do.
    pub run: String,
    /// The release that readers saw.
    pub release_from: Option<String>,
    /// The one they see now.
    pub release_to: Option<String>,
}

/// Looks whether an earlier run can be gone back to: whether all its files are what was written.
/// Gives its name and its record.
///
/// # Errors
/// When there is no such run, its data is gone, or a file was changed.
pub fn prove(store: &Store, name: &str) -> Result<(String, Manifest)> {
    let all = runs(store)?;
    let run = named(&all, name, |run| run.has_data && !run.is_current)?;
    if run.is_current {
        let told = format!("run {} is the one that readers see", run.id);
        return Err(Error::no_input(told).hint("`conum runs list` names the earlier ones"));
    }
    if !run.has_data {
        let kept = all.iter().filter(|run| run.has_data && !run.is_current);
        let kept: Vec<String> = kept.map(|run| format!("{} ({})", run.id, run.as_of)).collect();
        let told = format!("the data of run {} was cleared away", run.id);
        return Err(Error::no_input(told).hint(match kept.is_empty() {
            true => "no earlier run has its data; `conum run --keep` says how many do".to_owned(),
            false => format!("those that have it: {}", kept.join(", ")),
        }));
    }
    let manifest = record(store, &run.id)?;
    let manifest = manifest.ok_or_else(|| Error::internal("a run that is listed has a record"))?;
    let problems = verify::files(store, &folder(&run.id), &manifest)?;
    if problems.is_empty() {
        return Ok((run.id.clone(), manifest));
    }
    let told = problems.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n  ");
    Err(Error::data(format!("run {} is not what it was\n  {told}", run.id))
        .hint("nothing was changed; another run, or a copy of the warehouse, may be whole"))
}

/// Has readers see an earlier run, and its release, again.
///
/// # Errors
/// When it cannot be gone back to, or what is known of releases does not hold with it; what readers
/// see is then untouched.
pub fn rollback(
    store: &Store,
    name: &str,
    (attempt, finished_at): (&Attempt<'_>, fn() -> String),
) -> Result<Back> {
    swap::mend(store)?;
    let (earlier, manifest) = prove(store, name)?;
    let current = Manifest::current(store)?;
    let current = current.ok_or_else(|| Error::no_input("readers see no run yet"))?;
    store.remove_folder(BUILDING)?;
    let from = folder(&earlier);
    let key = earlier.rsplit('-').next().unwrap_or_default();
    let mut back = Manifest {
        run_id: run_name(&attempt.started_at, key, &store.names_in(RUNS)?),
        started_at: attempt.started_at.clone(),
        finished_at: finished_at(),
        registered: attempt.registered.clone(),
        previous: store.stat(&format!("{from}/{MANIFEST}"))?,
        ..manifest.clone()
    };
    // What it moved is told behind it already.
    let is_own =
        |path: &str| !path.starts_with(&format!("{}/", protect::FOLDER)) && path != revision::FILE;
    back.outputs.retain(|output| is_own(&output.file.path));
    for output in &back.outputs {
        let path = &output.file.path;
        store.link(&format!("{from}/{path}"), &format!("{BUILDING}/{path}"))?;
    }
    let left = reuse::FOLDER;
    store.link_files(&format!("{from}/{left}"), &format!("{BUILDING}/{left}"))?;
    back.outputs.extend(carry(store, (&current, &manifest), &from)?);
    back.outputs.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    let told = format!("run {} was taken back: readers see run {earlier} again", current.run_id);
    back.warnings.push(Warning::new(Code::RunTakenBack, told));
    let release_to = shown(store, BUILDING)?;
    if release_to.is_some() {
        let definitions = verify::definitions(store, &manifest)?;
        verify_run(store, BUILDING, &definitions).map_err(|error| {
            error.hint("nothing was changed: what is published cannot be proved with that run")
        })?;
    }
    // Written last: what is left of one that fails is nothing to go on from.
    store.write(&format!("{BUILDING}/{MANIFEST}"), &back.to_json()?)?;
    let release_from = shown(store, CURRENT)?;
    swap::show(store, &back.run_id)?;
    let Manifest { run_id: run, as_of, .. } = back;
    Ok(Back { from: current.run_id, to: earlier, as_of, run, release_from, release_to })
}
