//! A finished run becomes the one that readers see, at once; one that a kill kept from it goes back
//! to where it was built.

use crate::error::Result;
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::store::Store;
use crate::run::{execute, protect, reuse};

/// Shows readers the run that was built, and its release.
///
/// # Errors
/// When it cannot be; readers then see the old one, or all of the new one.
pub(super) fn show(job: &Job<'_>, manifest: &Manifest) -> Result<()> {
    let run = format!("{}/{}", execute::RUNS, manifest.run_id);
    // Said first: a run that lies in its place without being shown is told from one that was.
    job.store.aim(CURRENT, &run)?;
    protect::kept::settle(job.store)?;
    job.store.move_folder(BUILDING, &run)?;
    link_folders(job.store)?;
    job.store.point(CURRENT, &run)?;
    protect::kept::show(job.store)?;
    prune(job.store, manifest);
    Ok(())
}

/// Mends what a kill left of a run that was being shown, and clears unfinished files away.
///
/// # Errors
/// When a folder cannot be moved or a file not deleted.
pub(super) fn mend(store: &Store) -> Result<()> {
    let shown = store.target(CURRENT);
    let moved = store.aimed(CURRENT).filter(|run| Some(run) != shown.as_ref());
    if let Some(run) = moved.filter(|run| store.path(run).is_dir()) {
        tracing::warn!(event = "run.unfinished", run, "It was not shown, and is taken over.");
        store.remove_folder(BUILDING)?;
        store.move_folder(&run, BUILDING)?;
    }
    protect::kept::unsettle(store)?;
    store.remove_drafts("")?;
    let folders = ["staged", BUILDING, execute::DECLARATIONS, protect::RELEASES];
    folders.iter().try_for_each(|folder| store.remove_drafts_below(folder))
}

/// The folders of the run that readers see, by short names that never change.
pub(super) fn link_folders(store: &Store) -> Result<()> {
    for folder in ["clean", "rejects", "tables", protect::FOLDER] {
        store.point(folder, &format!("{CURRENT}/{folder}"))?;
    }
    Ok(())
}

/// Removes the data of older runs; their record and ledger stay. So does all of the run that
/// readers saw before: some still have it open. What cannot be removed now is removed next time.
pub(super) fn prune(store: &Store, current: &Manifest) {
    let before = current.previous.as_ref().and_then(|manifest| manifest.path.split('/').nth(1));
    let pruned = store.names_in(execute::RUNS).and_then(|runs| {
        let older = runs.iter().filter(|run| **run != current.run_id);
        let older = older.filter(|run| Some(run.as_str()) != before);
        let folders = older.flat_map(|run| {
            let folders = ["clean", "rejects", "tables", protect::FOLDER, reuse::FOLDER];
            folders.map(|folder| format!("{}/{run}/{folder}", execute::RUNS))
        });
        let outputs = current.outputs.iter().map(|one| format!("{CURRENT}/{}", one.file.path));
        store.remove_folders_beside(&folders.collect::<Vec<_>>(), &outputs.collect::<Vec<_>>())
    });
    if let Err(error) = pruned {
        tracing::warn!(event = "runs.kept", "{error}: data of older runs stays for now.");
    }
}
