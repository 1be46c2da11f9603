//! Each input of a run is a task of its own, for as many machines as there are.
//!
//! A segment is named by all that it depends on, so nothing is agreed upon beyond names: a task
//! that is run twice, at once or again, leaves the same bytes in the same place, and one whose
//! machine was lost is run again. Tasks are numbered by the names of their inputs, done or not, so
//! a number means the same as long as the input folder does.

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::run::bucket::Bucket;
use crate::run::bucket::segments::{has_segment, send_segment};
use crate::run::dataset::lookups::source_name;
use crate::run::ingest;
use crate::run::job::Job;
use crate::run::manifest::Input;

/// An input to be read, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its number, from 0.
    pub number: usize,
    /// Name of the input.
    pub input: String,
    /// The source that reads it.
    pub source: String,
    /// Length of the input, or of the archive that holds it.
    pub bytes: u64,
    /// Where its rows are, or will be, below the warehouse.
    pub segment: String,
    /// Whether they are there, whole.
    pub is_done: bool,
}

/// A task by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    number: usize,
    input: String,
    source: String,
    /// Sources of the files that its own looks up.
    lookups: Vec<String>,
}

impl Wanted {
    /// Whether the task depends on the content of an input, by its source and name.
    #[must_use]
    pub fn needs(&self, source: &str, name: &str) -> bool {
        let is_own = source == self.source && name == self.input;
        is_own || self.lookups.iter().any(|lookup| lookup == source)
    }
}

/// Inputs that are tasks, in the order of their numbers. Two of the same content are two tasks, and
/// one segment: what a number means does not depend on contents.
fn numbered<'j>(job: &'j Job<'_>) -> Vec<(&'j Input, &'j Path, &'j str)> {
    let all = job.inputs.iter().filter_map(|(input, path)| {
        let source = input.source.as_deref().filter(|source| job.is_staged(source))?;
        Some((input, path.as_path(), source))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by(|(one, ..), (other, ..)| one.name.cmp(&other.name));
    all
}

/// All tasks; what is done is known of a job that knows the content of all its inputs: in the
/// bucket, if there is one, or in the folder.
///
/// # Errors
/// When the warehouse cannot be read, or the bucket does not answer.
pub fn list(job: &Job<'_>, bucket: Option<&Bucket>) -> Result<Vec<Task>> {
    let is_sent = |segment: &str| bucket.map(|bucket| has_segment(bucket, segment)).transpose();
    let tasks = numbered(job).into_iter().enumerate().map(|(number, (input, _, source))| {
        let key = ingest::key(job, input, source);
        let segment = ingest::rows_path(source, &key);
        let is_done = match is_sent(&segment)? {
            Some(is_done) => is_done,
            None => ingest::existing(job.store, source, &key)?.is_some(),
        };
        let (input, source, bytes) = (input.name.clone(), source.to_owned(), input.bytes);
        Ok(Task { number, input, source, bytes, segment, is_done })
    });
    tasks.collect()
}

/// The task of a number, of a job that need not know the content of any input.
///
/// # Errors
/// When there is none.
pub fn named(job: &Job<'_>, number: usize) -> Result<Wanted> {
    let all = numbered(job);
    let Some((input, _, source)) = all.get(number).copied() else {
        let last = all.len().saturating_sub(1);
        return Err(Error::usage(format!("there is no task {number}: the last is {last}"))
            .hint("`conum ingest --list` shows all; numbers are those of the input folder"));
    };
    let lookups = job.definitions.datasets.get(source).map(|dataset| &dataset.lookups);
    let lookups = lookups.into_iter().flatten().map(|lookup| source_name(source, lookup));
    let (input, source) = (input.name.clone(), source.to_owned());
    Ok(Wanted { number, input, lookups: lookups.collect(), source })
}

/// Reads the input of a task, unless its segment is there, in a job that knows what it depends on;
/// where there is a bucket, the segment goes there.
///
/// # Errors
/// When the input went away meanwhile, or is not what its source declares, or the bucket does not
/// answer.
pub fn run(job: &Job<'_>, wanted: &Wanted, bucket: Option<&Bucket>) -> Result<Task> {
    let found = numbered(job).into_iter().find(|(input, ..)| input.name == wanted.input);
    let Some((input, path, source)) = found else {
        return Err(Error::no_input(format!("`{}` went away meanwhile", wanted.input)));
    };
    let segment = ingest::rows_path(source, &ingest::key(job, input, source));
    let is_sent = bucket.map_or(Ok(false), |bucket| has_segment(bucket, &segment))?;
    if !is_sent {
        ingest::segment(job, (input, path, source))?;
        bucket.map_or(Ok(()), |bucket| send_segment(job.store, bucket, &segment))?;
    }
    Ok(Task {
        number: wanted.number,
        input: input.name.clone(),
        source: source.to_owned(),
        bytes: input.bytes,
        segment,
        is_done: true,
    })
}
