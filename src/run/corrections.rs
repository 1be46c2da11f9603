//! Corrections are applied to the records of their source, counted, and held to what they expect.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use polars::prelude::{DataFrame, DataType, IntoLazy, col};

use crate::clean::corrections::correct;
use crate::definition::correction::{Correction, Status};
use crate::error::{Error, Result};
use crate::ingest::pseudonym::datalake_hash;
use crate::run::frames;
use crate::run::job::Job;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::Segment;
use crate::run::staged::{account, declared_source};
use crate::vocabulary::codes::{Fate, System};
use crate::vocabulary::columns;

/// Records that each correction matched, over all files.
#[derive(Debug, Default)]
pub(super) struct Matched(pub(super) BTreeMap<String, i64>);

/// Whether a correction is of the source of a segment.
pub(super) fn is_corrected(job: &Job<'_>, segment: &Segment) -> bool {
    !of_source(job, &segment.source).is_empty()
}

/// The corrections of a source.
pub(super) fn of_source<'j>(job: &Job<'j>, source: &str) -> Vec<&'j Correction> {
    job.definitions.corrections.iter().filter(|correction| correction.source == source).collect()
}

impl Matched {
    /// Applies the corrections of a segment's source to its structures.
    pub(super) fn correct_structures(
        &mut self,
        job: &Job<'_>,
        segment: &Segment,
        batch: RecordBatch,
        ledger: &mut Ledger,
    ) -> Result<RecordBatch> {
        if of_source(job, &segment.source).is_empty() {
            return Ok(batch);
        }
        let schema = batch.schema();
        let frame = frames::to_frame(&schema, &[batch])?;
        let account = account(segment, String::new());
        let frame = self.correct(job, segment, frame, (&account, ledger))?;
        frames::to_batch(&schema, &frame)
    }

    /// Applies the corrections of a segment's source, one after the other, and accounts for what
    /// they leave out and for what they take from the measures.
    pub(super) fn correct(
        &mut self,
        job: &Job<'_>,
        segment: &Segment,
        rows: DataFrame,
        (account, ledger): (&Account, &mut Ledger),
    ) -> Result<DataFrame> {
        let source = declared_source(job, segment)?;
        let system = source.system;
        let mut rows = rows;
        for correction in of_source(job, &segment.source) {
            let before = measure(job, system, &rows)?;
            let pseudonym = |column: &str, identifier: &str| {
                let mapping = source.columns.get(column);
                if mapping.is_some_and(|mapping| mapping.hash) {
                    return job.key.pseudonym(&datalake_hash(identifier));
                }
                job.key.pseudonym(identifier)
            };
            let corrected = correct(rows, &[correction], &pseudonym)?;
            let matched: i64 = corrected.matched.iter().sum();
            *self.0.entry(correction.name.clone()).or_default() += matched;
            let mut left = Amount::default();
            for (name, dropped) in &corrected.dropped {
                left = measure(job, system, dropped)?;
                ledger.leave(account, Fate::Dropped, name, left);
            }
            rows = corrected.rows;
            let after = measure(job, system, &rows)?;
            let taken = Amount {
                rows: 0,
                participants: before.participants - left.participants - after.participants,
                minutes: before.minutes - left.minutes - after.minutes,
            };
            ledger.leave(account, Fate::Corrected, &correction.name, taken);
        }
        Ok(rows)
    }

    /// Adds what was matched elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        for (name, matched) in other.0 {
            *self.0.entry(name).or_default() += matched;
        }
    }

    /// Fails when a correction matched another number of records than it expects.
    ///
    /// # Errors
    /// Names each such correction.
    pub(super) fn check(&self, job: &Job<'_>, segments: &[Segment]) -> Result<()> {
        let mut wrong = Vec::new();
        for correction in &job.definitions.corrections {
            let is_read = segments.iter().any(|segment| segment.source == correction.source);
            let found = self.0.get(&correction.name).copied().unwrap_or_default();
            if !is_read || found == correction.expect {
                continue;
            }
            let mut line = format!(
                "`{}` of `{}` matches {found} record(s), {} expected",
                correction.name, correction.source, correction.expect
            );
            if found == 0 && correction.status != Status::Open {
                line.push_str(": has the provider corrected it? the entry can go");
            }
            wrong.push(line);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::data(format!(
            "{} correction(s) no longer fit\n  {}",
            wrong.len(),
            wrong.join("\n  ")
        ))
        .hint("nothing was published; look at the records and change `corrections/`"))
    }
}

/// Rows, participants and minutes of staged rows; structures have rows alone.
fn measure(job: &Job<'_>, system: System, rows: &DataFrame) -> Result<Amount> {
    let height = i64::try_from(rows.height()).unwrap_or_default();
    if rows.column(columns::NB_PARTICIPANTS.name).is_err() {
        return Ok(Amount::of_rows(height));
    }
    let measured = rows
        .clone()
        .lazy()
        .select([
            col(columns::NB_PARTICIPANTS.name).cast(DataType::Int64),
            col(columns::DUREE.name),
        ])
        .collect()?;
    let participants = measured.column(columns::NB_PARTICIPANTS.name)?.i64()?;
    let durations = measured.column(columns::DUREE.name)?.str()?;
    let minutes = durations.iter().flatten().filter_map(|duration| {
        let found = job.definitions.lists.minutes(system.code(), duration);
        found.map(|(minutes, _)| i64::from(minutes))
    });
    Ok(Amount {
        rows: height,
        participants: participants.iter().flatten().sum(),
        minutes: minutes.sum(),
    })
}
