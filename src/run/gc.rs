//! What no run needs any more becomes free space.
//!
//! Each run has names of its own for all that it needs of earlier ones: closed months, the register
//! of what was published, certificates. So what goes is the data of old runs, segments that no kept
//! run was made of, and drafts. Records of runs stay, as figures of any past night are told from
//! them; so do releases and declarations.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::run::execute::RUNS;
use crate::run::kept_runs::{DATA, folder, record, runs};
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::store::Store;
use crate::run::swap;

/// Folder of the segments.
const STAGED: &str = "staged";

/// Something that no run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waste {
    /// Why nothing needs it.
    pub what: &'static str,
    /// A folder or a file of the warehouse.
    pub path: String,
    /// Its files.
    #[serde(skip)]
    pub files: Vec<String>,
    /// Bytes that are free without it and all that goes before.
    pub bytes: u64,
}

/// What nothing needs, where the data of so many runs is kept beside the current one.
///
/// # Errors
/// When a record cannot be read.
pub fn waste(store: &Store, keep: usize) -> Result<Vec<Waste>> {
    let all = runs(store)?;
    let older: Vec<&str> =
        all.iter().filter(|run| !run.is_current).map(|run| run.id.as_str()).collect();
    let mut found = Vec::new();
    for run in older.iter().skip(keep).rev() {
        for part in DATA {
            let path = format!("{}/{part}", folder(run));
            let files = store.files_below(&path)?;
            if !files.is_empty() {
                found.push(Waste { what: "data of an old run", path, files, bytes: 0 });
            }
        }
    }
    let current = all.iter().filter(|run| run.is_current).map(|run| run.id.as_str());
    let kept: Vec<&str> = current.chain(older.iter().take(keep).copied()).collect();
    found.extend(unused_segments(store, &kept)?);
    for path in swap::drafts(store)? {
        let files = vec![path.clone()];
        found.push(Waste { what: "a draft of a run that was killed", path, files, bytes: 0 });
    }
    measure(store, &mut found)?;
    Ok(found)
}

/// Segments that neither the kept runs nor the one under construction are made of.
fn unused_segments(store: &Store, kept: &[&str]) -> Result<Vec<Waste>> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut add = |manifest: Manifest| {
        // What was read and is not used is judged again the next night.
        let held = manifest.held_back.into_iter().flat_map(|held| held.segments);
        let segments = manifest.segments.into_iter().chain(held);
        used.extend(segments.map(|it| format!("{}/{}", it.source, it.key)));
    };
    for run in kept {
        record(store, run)?.into_iter().for_each(&mut add);
    }
    for folder in swap::unshown(store).into_iter().chain([BUILDING.to_owned()]) {
        if let Some(content) = store.read(&format!("{folder}/{MANIFEST}"))? {
            serde_json::from_slice(&content).ok().into_iter().for_each(&mut add);
        }
    }
    let mut segments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in store.files_below(STAGED)? {
        let Some((source, name)) =
            file.strip_prefix(&format!("{STAGED}/")).and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let key = name.split('.').next().unwrap_or_default();
        segments.entry(format!("{source}/{key}")).or_default().push(file.clone());
    }
    segments.retain(|key, _| !used.contains(key));
    let segments = segments.into_iter().map(|(key, mut files)| {
        // The record goes first: without it the rest is nothing.
        files.sort_by_key(|file| !file.ends_with(".json"));
        let path = format!("{STAGED}/{key}");
        Waste { what: "a segment that no kept run is made of", path, files, bytes: 0 }
    });
    Ok(segments.collect())
}

/// A file is free once its last name is gone.
fn measure(store: &Store, found: &mut [Waste]) -> Result<()> {
    let mut names: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for waste in found {
        for file in &waste.files {
            let path = store.path(file);
            let known = std::fs::symlink_metadata(&path)
                .map_err(|error| Error::io("read", &path, error))?;
            let gone = names.entry((known.dev(), known.ino())).or_default();
            *gone += 1;
            if *gone == known.nlink() {
                waste.bytes += known.len();
            }
        }
    }
    Ok(())
}

/// Removes the data of older runs but for the last ones, and the segments that only they were made
/// of. What cannot be removed now is removed next time.
pub(super) fn prune(store: &Store, current: &Manifest, keep: usize) {
    let pruned = || -> Result<()> {
        let runs = store.names_in(RUNS)?;
        let older: Vec<&str> =
            runs.iter().rev().map(String::as_str).filter(|run| *run != current.run_id).collect();
        let (kept, old) = older.split_at(keep.min(older.len()));
        let folders = old.iter().flat_map(|run| DATA.map(|part| format!("{}/{part}", folder(run))));
        let outputs = current.outputs.iter().map(|one| format!("{CURRENT}/{}", one.file.path));
        store.remove_folders_beside(&folders.collect::<Vec<_>>(), &outputs.collect::<Vec<_>>())?;
        let kept: Vec<&str> = kept.iter().copied().chain([current.run_id.as_str()]).collect();
        let unused = unused_segments(store, &kept)?;
        let files = unused.iter().flat_map(|waste| &waste.files);
        files.into_iter().try_for_each(|file| store.remove_file(file))
    };
    if let Err(error) = pruned() {
        tracing::warn!(event = "runs.kept", "{error}: data of older runs stays for now.");
    }
}

/// Removes what nothing needs, and says what it was.
///
/// # Errors
/// When something cannot be deleted.
pub fn remove(store: &Store, keep: usize) -> Result<Vec<Waste>> {
    // Its pointer is a draft, which alone tells that it was not shown.
    swap::take_back(store)?;
    let found = waste(store, keep)?;
    let current = Manifest::current(store)?;
    let current = current.iter().flat_map(|current| &current.outputs);
    let current: Vec<String> =
        current.map(|output| format!("{CURRENT}/{}", output.file.path)).collect();
    let is_folder = |waste: &&Waste| store.path(&waste.path).is_dir();
    let folders = found.iter().filter(is_folder).map(|waste| waste.path.clone());
    store.remove_folders_beside(&folders.collect::<Vec<_>>(), &current)?;
    let files = found.iter().filter(|waste| !is_folder(waste)).flat_map(|waste| &waste.files);
    // The files of the folders above are gone by now.
    files.into_iter().try_for_each(|file| store.remove_file(file))?;
    Ok(found)
}
