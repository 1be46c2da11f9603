//! A finished run becomes the one that readers see, at once; one that a kill kept from it goes back
//! to where it was built.

use crate::error::Result;
use crate::run::kept_runs::folder;
use crate::run::manifest::CURRENT;
use crate::run::outputs::BUILDING;
use crate::run::store::Store;
use crate::run::{delivered, execute, protect};

/// Shows readers the run that was built, and its release.
///
/// # Errors
/// When it cannot be; readers then see the old one, or all of the new one.
pub(super) fn show(store: &Store, run: &str) -> Result<()> {
    let run = folder(run);
    // Said first: a run that lies in its place without being shown is told from one that was.
    store.aim(CURRENT, &run)?;
    protect::kept::settle(store)?;
    store.move_folder(BUILDING, &run)?;
    link_folders(store)?;
    store.point(CURRENT, &run)?;
    protect::kept::show(store)
}

/// The run that a kill kept from being shown, where it lies.
pub(super) fn unshown(store: &Store) -> Option<String> {
    let shown = store.target(CURRENT);
    let run = store.aimed(CURRENT).filter(|run| Some(run) != shown.as_ref());
    let is_of_run = |run: &String| {
        let name = run.strip_prefix(execute::RUNS).and_then(|rest| rest.strip_prefix('/'));
        // A pointer that leads anywhere else is none of ours.
        name.is_some_and(|name| !name.contains('/') && name != "..")
    };
    run.filter(is_of_run).filter(|run| store.path(run).is_dir())
}

/// Mends what a kill left of a run that was being shown.
///
/// # Errors
/// When a folder cannot be moved.
pub(super) fn take_back(store: &Store) -> Result<()> {
    if let Some(run) = unshown(store) {
        tracing::warn!(event = "run.unfinished", run, "It was not shown, and is taken over.");
        store.remove_folder(BUILDING)?;
        store.move_folder(&run, BUILDING)?;
    }
    protect::kept::unsettle(store)
}

/// The same, and clears unfinished files away.
///
/// # Errors
/// When a folder cannot be moved or a file not deleted.
pub(super) fn mend(store: &Store) -> Result<()> {
    take_back(store)?;
    drafts(store)?.iter().try_for_each(|path| store.remove_file(path))
}

/// Unfinished files, and pointers that are not in place: none is made in the folder of a run, and
/// publications delete their own.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn drafts(store: &Store) -> Result<Vec<String>> {
    store.drafts("", &[execute::RUNS, delivered::FOLDER])
}

/// The folders of the run that readers see, by short names that never change.
pub(super) fn link_folders(store: &Store) -> Result<()> {
    for folder in ["clean", "rejects", "tables", protect::FOLDER] {
        store.point(folder, &format!("{CURRENT}/{folder}"))?;
    }
    Ok(())
}
