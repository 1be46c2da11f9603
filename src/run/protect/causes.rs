//! What the runs between two releases moved becomes why published figures changed.
//!
//! A closed month that takes over what came since moved in the runs after the one whose file it
//! had; all else, in those after the last release was made. Readers learn the kinds of cause of a
//! figure that they read in both releases, never what a cause moved. While a month still waits
//! for company, what moved it is not in its figures yet: nothing is told of periods that hold one.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::publish::changelog::Change;
use crate::revision::cause::Cause;
use crate::run::execute::RUNS;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::outputs::BUILDING;
use crate::run::protect::FOLDER;
use crate::run::protect::closed::{Closed, months_of};
use crate::run::revision::{history, revisions_of};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;

/// Says of each change since the release `last` why it came, as far as readers may know.
pub(super) fn tell(
    job: &Job<'_>,
    closed: &Closed,
    last: &str,
    changes: &mut [Change],
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let runs = Runs::since(job, closed, last)?;
    let wanted: BTreeSet<(&str, &str, &str)> = changes.iter().map(of).collect();
    // The causes of a figure, each with the number of runs since.
    let mut moved: BTreeMap<(String, String, String), BTreeMap<Cause, usize>> = BTreeMap::new();
    for (age, run) in runs.folders.iter().enumerate() {
        for (table, revisions) in revisions_of(job.store, run)? {
            for it in revisions {
                if wanted.contains(&(table.as_str(), it.key.as_str(), it.measure.as_str())) {
                    let figure = (table.clone(), it.key, it.measure);
                    moved.entry(figure).or_default().entry(it.cause).or_insert(age);
                }
            }
        }
    }
    for change in changes.iter_mut().filter(|it| it.before.is_some() && it.after.is_some()) {
        let declared = job.definitions.tables.get(&change.table);
        let is_open = declared.and_then(|it| it.secrecy.as_ref()).is_some_and(|it| it.open);
        let oldest = if is_open { Some(runs.release) } else { runs.oldest(closed, &change.period) };
        let figure = (change.table.clone(), change.row.clone(), change.measure.clone());
        let causes = moved.get(&figure).into_iter().flatten();
        let causes = causes.filter(|(_, age)| oldest.is_some_and(|oldest| **age <= oldest));
        change.causes = causes.map(|(cause, _)| cause.in_french().to_owned()).collect();
    }
    Ok(())
}

fn of(change: &Change) -> (&str, &str, &str) {
    (&change.table, &change.row, &change.measure)
}

/// The runs that may have moved what a release shows, this one first.
struct Runs {
    folders: Vec<String>,
    /// For each month that was taken over, the place of the first run after its last file.
    months: BTreeMap<String, usize>,
    /// The place of the first run after the last release was made.
    release: usize,
}

impl Runs {
    /// Where the past cannot be read back to the last release, nothing is told of it.
    fn unknown() -> Self {
        Self { folders: Vec::new(), months: BTreeMap::new(), release: 0 }
    }

    fn since(job: &Job<'_>, closed: &Closed, last: &str) -> Result<Self> {
        let hash = |file: Option<&Output>| file.map(|file| file.file.blake3.clone());
        let before = Closed::before(job)?.unwrap_or_default();
        let taken = before.months.iter().filter_map(|(month, before)| {
            let (now, before) = (closed.months.get(month)?, hash(before.file.as_ref()));
            (hash(now.file.as_ref()) != before).then(|| (month.clone(), before))
        });
        let mut sought: BTreeMap<String, Option<String>> = taken.collect();
        let mut months = BTreeMap::new();
        let mut folders = vec![BUILDING.to_owned()];
        let mut release = None;
        let path = format!("{FOLDER}/verite/{last}.parquet");
        for (place, manifest) in history::back(job.store).enumerate() {
            let Ok(manifest) = manifest else { return Ok(Self::unknown()) };
            let found = months_of(&manifest.outputs);
            sought.retain(|month, file| {
                let is_it = hash(found.get(month)) == *file;
                if is_it {
                    months.insert(month.clone(), place);
                }
                !is_it
            });
            let has_release = manifest.outputs.iter().any(|output| output.file.path == path);
            if has_release {
                release = Some(place);
            } else if sought.is_empty() {
                break;
            }
            folders.push(format!("{RUNS}/{}", manifest.run_id));
        }
        let Some(release) = release else { return Ok(Self::unknown()) };
        let all = folders.len();
        months.extend(sought.into_keys().map(|month| (month, all)));
        Ok(Self { folders, months, release })
    }

    /// The place of the first run that may have moved a period; none where a month of it waits.
    fn oldest(&self, closed: &Closed, period: &str) -> Option<usize> {
        let is_within =
            |month: &str| period == ENSEMBLE || Length::of_period(period).of(month) == period;
        let mut months = closed.months.iter().filter(|(month, _)| is_within(month));
        if months.any(|(_, month)| month.is_waiting) {
            return None;
        }
        let taken = self.months.iter().filter(|(month, _)| is_within(month));
        Some(taken.map(|(_, place)| *place).max().unwrap_or(self.release))
    }
}
