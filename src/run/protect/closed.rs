//! Months that are over become those a release is made of, each as it was when it closed.
//!
//! A record that comes late would tell what one adviser did, as the difference of two releases. So
//! a closed month keeps the file it closed with, under a second name, until what changed since
//! comes from as many employers as the rules ask for, in every figure it moves.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Output};
use crate::run::outputs::BUILDING;
use crate::run::store::Store;
use crate::vocabulary::calendar::{Length, last_day};

/// Folder of a run for what the public does not see.
pub const FOLDER: &str = "secrecy";
const RECORD: &str = "closed.json";

/// A month that releases show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Month {
    /// The file of its records; nothing where it had none.
    pub(super) file: Option<Output>,
    /// Reference day of the run that closed it.
    pub(super) since: String,
    /// Reference day of the run that took over what changed since.
    pub(super) revised: Option<String>,
    /// Whether something changed that may not be shown yet.
    pub(super) is_waiting: bool,
}

/// The months that are closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    /// Last day of what releases show.
    pub(super) until: Option<Date>,
    /// By month.
    pub(super) months: BTreeMap<String, Month>,
}

/// The months that the releases of a run show, in order; none where its data is gone.
///
/// # Errors
/// When what it kept of them cannot be read.
pub fn months(store: &Store, run: &str) -> Result<Vec<String>> {
    let path = format!("{run}/{FOLDER}/{RECORD}");
    let Some(content) = store.read(&path)? else { return Ok(Vec::new()) };
    let read: Closed = serde_json::from_slice(&content)
        .map_err(|error| Error::data(format!("`{path}`: {error}")).because(error))?;
    Ok(read.months.into_keys().collect())
}

impl Closed {
    /// What the run that readers see closed.
    pub(super) fn before(job: &Job<'_>) -> Result<Option<Self>> {
        let path = format!("{CURRENT}/{FOLDER}/{RECORD}");
        let Some(content) = job.store.read(&path)? else { return Ok(None) };
        let read = serde_json::from_slice(&content);
        read.map(Some).map_err(|error| Error::data(format!("`{path}`: {error}")).because(error))
    }

    /// Closes the months that are over: after them, records of theirs still come.
    pub(super) fn close(&mut self, job: &Job<'_>, found: &BTreeMap<String, Output>) -> Result<()> {
        let provisional = jiff::Span::new().days(job.definitions.pipeline.provisional_days);
        let until = job
            .as_of
            .checked_sub(provisional)
            .map_err(|error| Error::definition("`provisional_days` is too long").because(error))?;
        let before = self.until;
        self.until = before.max(Some(until));
        let is_over = |month: &str| last_day(month).is_some_and(|last| last <= until);
        let was_over =
            |month: &str| last_day(month).is_some_and(|last| before.is_some_and(|day| last <= day));
        for (month, file) in found.iter().filter(|(month, _)| is_over(month)) {
            if self.months.contains_key(month) {
                continue;
            }
            // A month that closed without a record has had a file of none.
            let file = (!was_over(month)).then(|| file.clone());
            let since = job.as_of.to_string();
            let closed = Month { file, since, revised: None, is_waiting: false };
            self.months.insert(month.clone(), closed);
        }
        Ok(())
    }

    /// Whether releases show a period: all of it is closed.
    pub(super) fn shows(&self, period: &str) -> bool {
        last_day(period).is_some_and(|last| self.until.is_some_and(|until| last <= until))
    }

    /// The days after their end, at least, when the months that releases show were closed; `asked`
    /// is what is declared today, and may have been less.
    pub(super) fn after_days(&self, asked: u16) -> u16 {
        let shown = self.months.iter().filter(|(month, _)| self.shows(month));
        let days = shown.filter_map(|(month, closed)| {
            let since: Date = closed.since.parse().ok()?;
            u16::try_from((since - last_day(month)?).get_days()).ok()
        });
        days.min().map_or(asked, |days| days.min(asked))
    }

    /// Months whose files are no longer those that releases are made of.
    pub(super) fn changed(&self, found: &BTreeMap<String, Output>) -> Vec<String> {
        let months = self.months.iter().filter(|(month, closed)| {
            let hash = |output: Option<&Output>| output.map(|output| output.file.blake3.clone());
            hash(closed.file.as_ref()) != hash(found.get(*month))
        });
        months.map(|(month, _)| month.clone()).collect()
    }

    /// Links the files of the closed months into the run, from the last run or from this one.
    pub(super) fn link(
        &mut self,
        job: &Job<'_>,
        found: &BTreeMap<String, Output>,
    ) -> Result<Vec<Output>> {
        let mut outputs = Vec::new();
        for (month, closed) in &mut self.months {
            let Some(file) = &mut closed.file else { continue };
            let path = path_of(month);
            let is_kept = file.file.path == path;
            let from = match found.get(month) {
                Some(now) if now.file.blake3 == file.file.blake3 => {
                    format!("{BUILDING}/{}", now.file.path)
                }
                _ => format!("{CURRENT}/{path}"),
            };
            let now = job.store.stat(&from)?;
            if now.is_none_or(|now| now.blake3 != file.file.blake3) {
                return Err(lost(&from).hint(if is_kept {
                    "bring it back from a copy of the warehouse: releases are made of it"
                } else {
                    "`conum run --force` makes it again"
                }));
            }
            job.store.link(&from, &format!("{BUILDING}/{path}"))?;
            file.file.path = path;
            outputs.push(file.clone());
        }
        Ok(outputs)
    }

    /// The files of the closed months, by path below the warehouse, once they are linked.
    pub(super) fn files(&self) -> Vec<String> {
        let files = self.months.values().filter_map(|month| month.file.as_ref());
        files.map(|file| format!("{BUILDING}/{}", file.file.path)).collect()
    }

    /// Writes the record of the closed months.
    pub(super) fn write(&self, job: &Job<'_>) -> Result<Output> {
        let content = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("closed months are JSON").because(error))?;
        let path = format!("{FOLDER}/{RECORD}");
        let mut file = job.store.write(&format!("{BUILDING}/{path}"), &content)?;
        file.path = path;
        Ok(Output { file, rows: 0 })
    }
}

/// Where the file of a closed month is kept in a run.
pub(super) fn path_of(month: &str) -> String {
    format!("{FOLDER}/closed/{month}.parquet")
}

/// The clean files of months, by month, among the outputs of a run.
pub(super) fn months_of(outputs: &[Output]) -> BTreeMap<String, Output> {
    let months = outputs.iter().filter_map(|output| {
        let rest = output.file.path.strip_prefix("clean/activites/")?;
        let month = rest.rsplit('/').next()?.strip_suffix(".parquet")?;
        let is_month = Length::of_period(month) == Length::Mois && last_day(month).is_some();
        is_month.then(|| (month.to_owned(), output.clone()))
    });
    months.collect()
}

fn lost(path: &str) -> Error {
    Error::secrecy(format!("`{path}`, the records of a closed month, is gone or changed"))
}
