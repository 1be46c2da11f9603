//! What a run leaves to the next, so that it need not make it again.
//!
//! It is internal, bears its own hash, and changes no result: without it, everything is made again.

use std::io::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::run::hashes::{sealed, unsealed};
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Output};
use crate::run::outputs::BUILDING;

/// Folder of a run for what the next one need not make again.
pub const FOLDER: &str = "reuse";

fn path_in(folder: &str, name: &str) -> String {
    format!("{folder}/{FOLDER}/{name}.json")
}

/// What the run that readers see left under a name; nothing if it is not whole, or all is to be
/// made again.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read<T: DeserializeOwned + Default>(job: &Job<'_>, name: &str) -> Result<T> {
    let content = if job.is_forced { None } else { job.store.read(&path_in(CURRENT, name))? };
    let kept = content.as_deref().and_then(unsealed);
    Ok(kept.and_then(|kept| serde_json::from_slice(kept).ok()).unwrap_or_default())
}

/// Leaves something to the next run, under a name.
///
/// # Errors
/// When it cannot be written.
pub fn write(job: &Job<'_>, name: &str, kept: &impl Serialize) -> Result<()> {
    let kept = serde_json::to_vec(kept)
        .map_err(|error| Error::internal("what is kept is JSON").because(error))?;
    let path = path_in(BUILDING, name);
    let mut draft = job.store.draft(&path)?;
    let written = draft.write_all(&sealed(&kept));
    written.map_err(|error| Error::io("write", &job.store.path(&path), error))?;
    draft.commit_unsynced().map(drop)
}

/// Whether a file of the run that readers see is what was written.
///
/// # Errors
/// When it is there and cannot be read.
pub fn is_whole(job: &Job<'_>, output: &Output) -> Result<bool> {
    let path = format!("{CURRENT}/{}", output.file.path);
    let found = job.store.stat(&path)?;
    let is_whole = found.is_some_and(|found| found.blake3 == output.file.blake3);
    if !is_whole {
        tracing::warn!(event = "file.damaged", file = %path, "Made again.");
    }
    Ok(is_whole)
}

/// Gives a file a second name in the run under construction, if it is what was written; says
/// whether it is.
///
/// # Errors
/// When it cannot be read or linked.
pub fn take_over(job: &Job<'_>, output: &Output) -> Result<bool> {
    let path = &output.file.path;
    let is_whole = is_whole(job, output)?;
    if is_whole {
        job.store.link(&format!("{CURRENT}/{path}"), &format!("{BUILDING}/{path}"))?;
    }
    Ok(is_whole)
}
