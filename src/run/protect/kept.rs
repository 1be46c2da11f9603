//! What a run keeps of its release becomes the memory of the next, and the place readers look at.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::draft::Written;
use crate::run::execute::RUNS;
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Output};
use crate::run::outputs::BUILDING;
use crate::run::parquet;
use crate::run::protect::files::{RELEASE, VERDICT};
use crate::run::protect::past::Shapes;
use crate::run::protect::{FOLDER, LATEST, LOSSES, RECORD, RELEASES};
use crate::run::store::Store;

/// What a run keeps of the release it made, or took over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Name of the release: its day and the start of its hash.
    pub(super) release: String,
    /// BLAKE3 of all that it depends on.
    pub(super) key: String,
    /// All releases so far, this one last.
    pub(super) all: Vec<String>,
    /// Tables that are not in it, though the declarations ask for them.
    pub(super) withheld: Vec<String>,
    /// What each table that was ever released is made of.
    pub(super) shapes: Shapes,
    /// The release that readers see, where the last one was taken back: it is known all the same,
    /// and those to come are judged with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<String>,
}

impl Record {
    pub(super) fn read(store: &Store, folder: &str) -> Result<Option<Self>> {
        let path = format!("{folder}/{FOLDER}/{RECORD}");
        let Some(content) = store.read(&path)? else { return Ok(None) };
        let read = serde_json::from_slice(&content);
        read.map(Some).map_err(|error| Error::data(format!("`{path}`: {error}")).because(error))
    }

    /// The release that readers see.
    pub(super) fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.release)
    }
}

/// The release that readers see with a run; none where it has none, or its data is gone.
///
/// # Errors
/// When its record cannot be read.
pub fn shown(store: &Store, run: &str) -> Result<Option<String>> {
    Ok(Record::read(store, run)?.map(|record| record.shown().to_owned()))
}

/// Takes over all that the last run kept of its release.
pub(super) fn keep(job: &Job<'_>, before: &Record) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for name in job.store.files_below(&format!("{CURRENT}/{FOLDER}"))? {
        let Some(path) = name.strip_prefix(&format!("{CURRENT}/")) else { continue };
        let to = format!("{BUILDING}/{path}");
        if job.store.has(&to) {
            continue;
        }
        job.store.link(&name, &to)?;
        outputs.push(output(job.store, path)?);
    }
    tracing::info!(event = "release.kept", release = before.release, "No month closed since.");
    Ok(outputs)
}

/// A file of the run under construction and its rows.
pub(super) fn output(store: &Store, path: &str) -> Result<Output> {
    let full = format!("{BUILDING}/{path}");
    let file = store.stat(&full)?.ok_or_else(|| Error::internal("a file was linked"))?;
    let rows = match path.ends_with(".parquet") {
        true => parquet::row_count(store.file(&full)?)?,
        false => 0,
    };
    let file = Written { path: path.to_owned(), ..file };
    Ok(Output { file, rows: u64::try_from(rows).unwrap_or_default() })
}

/// Puts the release of the run in its place; readers see it once [`show`] points to it.
///
/// # Errors
/// When it cannot be moved.
pub(in crate::run) fn settle(store: &Store) -> Result<()> {
    let folder = format!("{BUILDING}/{RELEASE}");
    let Some(record) = Record::read(store, BUILDING)? else { return Ok(()) };
    if store.names_in(&folder)?.is_empty() {
        return Ok(());
    }
    let to = format!("{RELEASES}/{}", record.release);
    if store.names_in(&to)?.is_empty() {
        store.move_folder(&folder, &to)
    } else {
        // Same name, same files, but for the verdict, which is that of the new certificate.
        let verdict = store.read(&format!("{folder}/{VERDICT}"))?.unwrap_or_default();
        store.write(&format!("{to}/{VERDICT}"), &verdict)?;
        store.remove_folder(&folder)
    }
}

/// Takes the release of a run that readers never saw back to where it was built: it may never be
/// one. A release that any run knows stays where it is.
///
/// # Errors
/// When it cannot be moved.
pub(in crate::run) fn unsettle(store: &Store) -> Result<()> {
    let Ok(Some(record)) = Record::read(store, BUILDING) else { return Ok(()) };
    let name = &record.release;
    let release = format!("{RELEASES}/{name}");
    let runs = store.names_in(RUNS)?.into_iter().map(|run| format!("{RUNS}/{run}"));
    let is_known = runs.chain([CURRENT.to_owned()]).any(|run| {
        // A record that cannot be read may know it.
        let known = Record::read(store, &run);
        known.map_or(true, |known| known.is_some_and(|known| known.all.contains(name)))
    });
    let is_shown = store.target(&format!("{RELEASES}/{LATEST}")).as_ref() == Some(name);
    if is_known || is_shown || !store.path(&release).is_dir() {
        return Ok(());
    }
    let folder = format!("{BUILDING}/{RELEASE}");
    store.remove_folder(&folder)?;
    store.move_folder(&release, &folder)
}

/// Points readers to the release of the current run.
///
/// # Errors
/// When the pointer cannot be swapped.
pub(in crate::run) fn show(store: &Store) -> Result<()> {
    match Record::read(store, CURRENT)? {
        Some(record) => store.point(&format!("{RELEASES}/{LATEST}"), record.shown()),
        None => Ok(()),
    }
}

/// What the release of a run costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Its name.
    pub release: String,
    /// The one that readers see, if it was taken back.
    pub shown: Option<String>,
    /// Lines of CSV, the head first.
    pub losses: String,
    /// Tables that were asked for and are not in it.
    pub withheld: Vec<String>,
}

/// What the release of the current run costs; nothing without one.
///
/// # Errors
/// When it cannot be read.
pub fn costs(store: &Store) -> Result<Option<Costs>> {
    let Some(record) = Record::read(store, CURRENT)? else { return Ok(None) };
    let losses = store.read(&format!("{CURRENT}/{FOLDER}/{LOSSES}"))?.unwrap_or_default();
    let losses = String::from_utf8_lossy(&losses).into_owned();
    let Record { release, shown, withheld, .. } = record;
    Ok(Some(Costs { release, shown, losses, withheld }))
}
