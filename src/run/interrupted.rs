//! A run that came to no end becomes the reference day and the inputs of the one that goes on.
//!
//! A night that is begun again after midnight, or while its sources write new exports, is still
//! that night. One that a gate refused is over: what was mended is to be read.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::run::ingest;
use crate::run::job::Job;
use crate::run::manifest::Input;
use crate::run::store::Store;

/// What the run under construction was begun with; it goes away when that run ends.
pub const NIGHT: &str = "night.json";
/// After so long, what comes is another night.
const LIFE: SignedDuration = SignedDuration::from_hours(12);

/// What a run was begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// When it was first begun.
    pub began_at: String,
    /// Its reference day.
    pub as_of: String,
    /// Its inputs.
    pub inputs: Vec<Input>,
}

impl Night {
    /// The one that came to no end, if it is not too long ago.
    ///
    /// # Errors
    /// When its record is there and cannot be read.
    pub fn left(store: &Store, now: &str) -> Result<Option<Self>> {
        let Some(content) = store.read(NIGHT)? else { return Ok(None) };
        // One that was damaged is begun anew, as if it was not there.
        let night: Option<Self> = serde_json::from_slice(&content).ok();
        Ok(night.filter(|night| night.is_recent(now).unwrap_or(false)))
    }

    fn is_recent(&self, now: &str) -> Option<bool> {
        let instant = |text: &str| text.parse::<Timestamp>().ok();
        let age = instant(&self.began_at)?.duration_until(instant(now)?);
        Some(age >= SignedDuration::ZERO && age < LIFE)
    }
}

/// Puts what the run that came to no end began with in the place of what lies in the input folder
/// now, if all of it is still there or was read already.
///
/// # Errors
/// When the warehouse cannot be read.
pub fn resume(job: &mut Job<'_>, folder: &Path) -> Result<()> {
    let Some(night) = Night::left(job.store, &job.started_at)? else { return Ok(()) };
    if job.is_forced || night.as_of != job.as_of.to_string() {
        return Ok(());
    }
    let (since, as_of) = (&night.began_at, &night.as_of);
    let found = std::mem::take(&mut job.inputs);
    job.inputs = night.inputs.iter().map(|then| input_of(then, &found, folder)).collect();
    if is_at_hand(job, &found)? {
        job.began_at.clone_from(since);
        tracing::info!(event = "run.resumed", since, as_of, "Goes on, with the inputs of then.");
    } else {
        job.inputs = found;
        tracing::warn!(
            event = "inputs.changed",
            since,
            as_of,
            "Inputs changed since the run that came to no end began: the night begins anew."
        );
    }
    Ok(())
}

/// An input as it lies there, or as it was.
fn input_of(then: &Input, found: &[(Input, PathBuf)], folder: &Path) -> (Input, PathBuf) {
    let is_same = |now: &Input| Input { stamp: None, ..now.clone() } == *then;
    let here = found.iter().find(|(now, _)| is_same(now));
    here.cloned().unwrap_or_else(|| {
        // The name of a member begins with that of its archive.
        let file = then.name.split('/').next().unwrap_or_default();
        (then.clone(), folder.join(file))
    })
}

/// Whether each input is there, or has a segment that is whole.
fn is_at_hand(job: &Job<'_>, found: &[(Input, PathBuf)]) -> Result<bool> {
    let staged: Vec<_> = job.staged_inputs().map(|(input, _, _)| &input.name).collect();
    for (input, _, source) in job.read_inputs() {
        if found.iter().any(|(now, _)| now == input) {
            continue;
        }
        let is_staged = staged.contains(&&input.name)
            && ingest::existing(job.store, source, &ingest::key(job, input, source))?.is_some();
        if !is_staged {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes down what a run begins with.
///
/// # Errors
/// When it cannot be written.
pub(super) fn keep(job: &Job<'_>) -> Result<()> {
    let inputs = job.inputs.iter().map(|(input, _)| input.clone()).collect();
    let night = Night { began_at: job.began_at.clone(), as_of: job.as_of.to_string(), inputs };
    let content = serde_json::to_vec_pretty(&night)
        .map_err(|error| Error::internal("the record of a night is JSON").because(error))?;
    job.store.write(NIGHT, &content)?;
    Ok(())
}

/// The run is over: what comes next is another one, unless it was stopped from outside.
pub(super) fn end<T>(store: &Store, done: &Result<T>) {
    let goes_on = done.as_ref().err().is_some_and(|error| is_from_outside(error.kind));
    if goes_on {
        return;
    }
    if let Err(error) = store.remove_file(NIGHT) {
        tracing::warn!(event = "night.kept", "{error}");
    }
}

/// Whether a run may be begun again as it was.
fn is_from_outside(kind: Kind) -> bool {
    match kind {
        Kind::CannotCreate | Kind::Io | Kind::Internal | Kind::Interrupted | Kind::Terminated => {
            true
        }
        Kind::Usage
        | Kind::Data
        | Kind::NoInput
        | Kind::Definition
        | Kind::Busy
        | Kind::Unavailable
        | Kind::Secrecy => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(began_at: &str, now: &str, is_recent: bool) {
        let night =
            Night { began_at: began_at.to_owned(), as_of: String::new(), inputs: Vec::new() };
        assert_eq!(night.is_recent(now), Some(is_recent));
    }

    #[test]
    fn a_night_is_that_night_for_half_a_day() {
        check("2026-03-01T03:10:00.000Z", "2026-03-01T03:10:00.000Z", true);
        check("2026-03-01T23:58:00.000Z", "2026-03-02T11:57:59.999Z", true);
        check("2026-03-01T23:58:00.000Z", "2026-03-02T11:58:00.000Z", false);
        // A clock that jumped tells nothing.
        check("2026-03-01T03:10:00.000Z", "2026-03-01T03:09:59.999Z", false);
    }
}
