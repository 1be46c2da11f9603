//! Folders of runs become what an operator lists, goes back to or clears away.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::run::execute::RUNS;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::store::Store;
use crate::run::{protect, reuse, swap};

/// Folders of a run that are cleared away when it is old; the rest is its record.
pub const DATA: [&str; 5] = ["clean", "rejects", "tables", protect::FOLDER, reuse::FOLDER];

/// A run whose record is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its name.
    pub id: String,
    /// Its reference day.
    pub as_of: String,
    /// When its outputs were complete.
    pub finished_at: String,
    /// BLAKE3 of the line of the register that began it; empty before there was one.
    pub registered: String,
    /// The release that readers saw with it, while its data is there.
    pub release: Option<String>,
    /// How many warnings it gave.
    pub warnings: usize,
    /// Whether readers see it.
    pub is_current: bool,
    /// Whether all its files are there.
    pub has_data: bool,
    /// Bytes of its files; a file that several runs share is counted in each.
    pub bytes: u64,
}

/// The folder of a run.
#[must_use]
pub fn folder(run: &str) -> String {
    format!("{RUNS}/{run}")
}

/// The record of a run; none where there is no such run.
///
/// # Errors
/// When it cannot be read.
pub fn record(store: &Store, run: &str) -> Result<Option<Manifest>> {
    let path = format!("{}/{MANIFEST}", folder(run));
    if !store.has(&path) {
        return Ok(None);
    }
    let content = store.read(&path)?.unwrap_or_default();
    let read = serde_json::from_slice(&content);
    read.map(Some)
        .map_err(|error| Error::data(format!("`{path}` cannot be read: {error}")).because(error))
}

/// All runs that readers saw, the newest first.
///
/// # Errors
/// When a record cannot be read.
pub fn runs(store: &Store) -> Result<Vec<Run>> {
    let current = store.target(CURRENT);
    let unshown = swap::unshown(store);
    let mut found = Vec::new();
    for id in store.names_in(RUNS)?.into_iter().rev() {
        let folder = folder(&id);
        if unshown.as_deref() == Some(folder.as_str()) {
            continue;
        }
        let Some(manifest) = record(store, &id)? else { continue };
        let has = |path: &str| store.has(&format!("{folder}/{path}"));
        let mut bytes = 0;
        for name in store.files_below(&folder)? {
            bytes += std::fs::metadata(store.path(&name)).map_or(0, |found| found.len());
        }
        found.push(Run {
            as_of: manifest.as_of,
            finished_at: manifest.finished_at,
            registered: manifest.registered,
            release: protect::kept::shown(store, &folder)?,
            warnings: manifest.warnings.len(),
            is_current: current.as_deref() == Some(folder.as_str()),
            has_data: manifest.outputs.iter().all(|output| has(&output.file.path)),
            bytes,
            id,
        });
    }
    Ok(found)
}

/// The one run that is meant by its name, the beginning of it, or its reference day; of several of
/// one day, the newest that `is_wanted`.
///
/// # Errors
/// When there is none, or a name is the beginning of several.
pub fn named<'r>(runs: &'r [Run], name: &str, is_wanted: impl Fn(&Run) -> bool) -> Result<&'r Run> {
    let by_day = runs.iter().find(|run| run.as_of == name && is_wanted(run));
    let begins = |run: &&Run| !name.is_empty() && run.id.starts_with(name);
    let mut by_name = runs.iter().filter(begins);
    match (by_day, by_name.next(), by_name.next()) {
        (Some(run), _, _) | (None, Some(run), None) => Ok(run),
        (None, Some(one), Some(other)) => {
            let told = format!("`{name}` may be run {} or {}", other.id, one.id);
            Err(Error::no_input(told).hint("write more of its name"))
        }
        (None, None, _) => {
            let told: Vec<String> =
                runs.iter().take(5).map(|run| format!("{} ({})", run.id, run.as_of)).collect();
            Err(Error::no_input(format!("there is no run `{name}`"))
                .hint(format!("the last ones are {}", told.join(", "))))
        }
    }
}
