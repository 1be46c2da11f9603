//! Activities of all segments become clean files, a month at a time and a few thousand rows at a
//! time in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Date32Type, Schema, SchemaRef};
use polars::prelude::{DataFrame, DataType, IntoLazy, UnionArgs, concat, lit};

use crate::clean::activities::{self, Known};
use crate::definition::correction::GONE;
use crate::error::{Error, Result};
use crate::run::asked;
use crate::run::clean::{Cleaned, STAGE, count_flags};
use crate::run::corrections::{Matched, is_corrected};
use crate::run::dataset::months::{text_of, year_of};
use crate::run::frames;
use crate::run::job::{Job, Progress};
use crate::run::keys::{Employers, Keys};
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::run::mentions::Mentions;
use crate::run::month::{self, Before, Month};
use crate::run::outputs::write_pieces;
use crate::run::rejects::Located;
use crate::run::staged::{self, Group, account, declared_source, lacking, system};
use crate::run::versions::{Read, decide};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::columns;
use crate::vocabulary::reject::Reject;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{CLEAN_ACTIVITES, STAGED_ACTIVITES};

/// Rows cleaned at once: frames take kilobytes a row.
const ROWS: usize = 1 << 15;
/// Rows of a clean file put together at once.
const ROWS_WRITTEN: usize = 1 << 14;
/// Months cleaned at once, at most: memory does not grow with the machine.
const MONTHS: usize = 4;

/// What activities are cleaned with.
pub(super) struct With<'a> {
    pub(super) known: &'a Known<'a>,
    pub(super) employers: &'a Employers,
    pub(super) mentions: &'a Mentions,
    /// Row groups of the segments.
    pub(super) groups: &'a [Group],
}

/// Cleans the activities of all segments; a month that would come out the same is taken over.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn clean(
    job: &Job<'_>,
    (segments, notices): (&[&Segment], &[&Segment]),
    with: &With<'_>,
    (cleaned, corrections): (&mut Cleaned, &mut Matched),
) -> Result<()> {
    let desk = Desk { job, segments };
    // An engine knows nothing of corrections, and cannot tell the columns of a folder without rows.
    let is_here = with.groups.is_empty() || segments.iter().any(|it| is_corrected(job, it));
    if let Some(asked) = job.engine.filter(|_| !is_here) {
        return asked::clean::clean(&desk, (asked, notices), with, cleaned);
    }
    let files = staged::open(job, segments)?;
    let read = Read { job, segments, notices, files: &files, groups: with.groups };
    let fates = decide(&read, cleaned)?;
    let keys = Keys { read: &read, with, fates: &fates }.of_months()?;
    let before = Before::read(job, &keys)?;
    let work = Work { desk, known: with.known, read: &read, fates: &fates, schema: corrected() };
    (job.progress)(Progress::Stage(STAGE, u64::try_from(keys.len()).unwrap_or_default()));
    let mut months: BTreeMap<i32, Month> = BTreeMap::new();
    for month in keys.keys() {
        if let Some(same) = before.take_over(job, *month)? {
            (job.progress)(Progress::Step(text_of(*month)));
            months.insert(*month, same);
        }
    }
    tracing::info!(event = "months.same", months = months.len(), "Months taken over.");
    let changed: Vec<i32> = keys.keys().filter(|m| !months.contains_key(m)).copied().collect();
    months.append(&mut of_months(job, &changed, &|month| work.clean(month))?);
    let mut records = BTreeMap::new();
    for (month, key) in keys {
        let Some(of_month) = months.remove(&month) else { continue };
        records.insert(text_of(month), of_month.record(key));
        of_month.enter(cleaned, corrections);
    }
    month::write(job, &records)?;
    (job.progress)(Progress::Done);
    Ok(())
}

/// The columns that are there when corrections apply.
pub(super) fn corrected() -> SchemaRef {
    let full = schema(&STAGED_ACTIVITES);
    let is_gone = |name: &str| GONE.iter().any(|column| column.name == name);
    let kept = full.fields().iter().filter(|field| !is_gone(field.name()));
    Arc::new(Schema::new(kept.cloned().collect::<Vec<_>>()))
}

/// Cleans some months at once. Threads of their own: one that waits for a frame takes no other
/// month meanwhile.
pub(super) fn of_months(
    job: &Job<'_>,
    months: &[i32],
    clean: &(dyn Fn(i32) -> Result<Month> + Sync),
) -> Result<BTreeMap<i32, Month>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        while let Some(month) = months.get(next.fetch_add(1, Ordering::Relaxed)) {
            let of_month = clean(*month)?;
            let rows = of_month.output.as_ref().map_or(0, |output| output.rows);
            let text = text_of(*month);
            tracing::info!(event = "period.cleaned", month = text, rows, "Month cleaned.");
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(*month, of_month);
            (job.progress)(Progress::Step(text_of(*month)));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let count = rayon::current_num_threads().min(MONTHS);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let failed = || Error::internal("a thread cleans months");
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| failed())?)
    })?;
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// All that cleaning a month needs.
struct Work<'a> {
    desk: Desk<'a>,
    known: &'a Known<'a>,
    read: &'a Read<'a>,
    /// Fate of each row of each segment.
    fates: &'a [Vec<Fate>],
    schema: SchemaRef,
}

impl Work<'_> {
    fn clean(&self, month: i32) -> Result<Month> {
        let mut done = Month::default();
        // Clean rows, in any order.
        let mut clean: Vec<RecordBatch> = Vec::new();
        let mut waiting: Vec<DataFrame> = Vec::new();
        let mut rows = 0;
        for group in self.read.groups.iter().filter(|group| group.month == month) {
            let of_segment = self.fates.get(group.segment).ok_or_else(lacking)?;
            let fates = of_segment.get(group.rows.clone()).ok_or_else(lacking)?;
            if !fates.contains(&Fate::Kept) {
                continue;
            }
            let file = self.read.files.get(group.segment).ok_or_else(lacking)?;
            let names: Vec<&str> =
                self.schema.fields().iter().map(|field| field.name().as_str()).collect();
            for batch in file.read(group.number, &names, (kept(fates), ROWS))? {
                let frame = self.frame(group, &batch?, &mut done)?;
                rows += frame.height();
                waiting.push(frame);
                if rows >= ROWS {
                    clean.push(self.clean_rows(month, std::mem::take(&mut waiting), &mut done)?);
                    rows = 0;
                }
            }
        }
        if !waiting.is_empty() {
            clean.push(self.clean_rows(month, waiting, &mut done)?);
        }
        self.desk.write(month, &clean, &mut done)?;
        Ok(done)
    }

    /// Rows of a segment, corrected, with their system and segment.
    fn frame(&self, group: &Group, batch: &RecordBatch, done: &mut Month) -> Result<DataFrame> {
        let segment = self.read.segments.get(group.segment).ok_or_else(lacking)?;
        let number = i64::try_from(group.segment).map_err(|_| Error::internal("few segments"))?;
        let frame = frames::to_frame(&self.schema, std::slice::from_ref(batch))?;
        let account = account(segment, year_of(group.month).to_string());
        let ledger = (&account, &mut done.ledger);
        let frame = done.matched.correct(self.desk.job, segment, frame, ledger)?;
        let frame = frame.lazy().with_columns([
            lit(system(self.desk.job, segment)?.code()).alias(columns::SYSTEME.name),
            lit(number).cast(DataType::Int64).alias(columns::SEGMENT.name),
        ]);
        Ok(frame.collect()?)
    }

    fn clean_rows(
        &self,
        month: i32,
        frames: Vec<DataFrame>,
        done: &mut Month,
    ) -> Result<RecordBatch> {
        let frames: Vec<_> = frames.into_iter().map(IntoLazy::lazy).collect();
        let rows = concat(frames, UnionArgs::default())?.collect()?;
        self.desk.keep(month, &activities::clean(rows, self.known)?, done)
    }
}

/// Where rows that went through all steps are accounted for, and those that are kept written.
pub(super) struct Desk<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) segments: &'a [&'a Segment],
}

impl Desk<'_> {
    /// The rows of a month that are kept, with all accounts.
    pub(super) fn keep(
        &self,
        month: i32,
        cleaned: &activities::Cleaned,
        done: &mut Month,
    ) -> Result<RecordBatch> {
        self.enter(cleaned, &year_of(month).to_string(), done)?;
        let batch = frames::to_batch(&schema(&CLEAN_ACTIVITES), &cleaned.kept)?;
        count_flags(&mut done.flags, &batch);
        Ok(batch)
    }

    /// Enters what was kept and refused in the ledger, and the refused among the rejects.
    fn enter(&self, cleaned: &activities::Cleaned, period: &str, done: &mut Month) -> Result<()> {
        for (segment, reject) in &cleaned.rejected {
            let segment = self.segments.get(*segment).ok_or_else(lacking)?;
            let source = declared_source(self.job, segment)?;
            let place = source.place(segment.container, reject.line);
            let reject = Reject { place, ..reject.clone() };
            let (participants, minutes) = (reject.participants, reject.minutes);
            let located = Located {
                stage: STAGE.to_owned(),
                source: segment.source.clone(),
                segment: segment.id.clone(),
                reject,
            };
            let account = account(segment, period.to_owned());
            let amount = Amount { rows: 1, participants, minutes };
            done.ledger.leave(&account, Fate::Rejected, located.primary(), amount);
            done.rejects.push(located);
        }
        for tally in &cleaned.tally {
            let segment = self.segments.get(tally.segment).ok_or_else(lacking)?;
            let (participants, minutes) = (tally.participants, tally.minutes);
            let amount = Amount { rows: tally.rows, participants, minutes };
            done.ledger.leave(&account(segment, period.to_owned()), Fate::Kept, "", amount);
        }
        Ok(())
    }

    /// Writes the rows of a month, if there are any, in the order of their key.
    pub(super) fn write(&self, month: i32, rows: &[RecordBatch], done: &mut Month) -> Result<()> {
        let order = order_of(rows)?;
        if order.is_empty() {
            return Ok(());
        }
        let all: Vec<&RecordBatch> = rows.iter().collect();
        let pieces = order.chunks(ROWS_WRITTEN).map(|places| {
            let piece = interleave_record_batch(&all, places)?;
            Ok(piece)
        });
        let path = format!("clean/activites/annee={}/{}.parquet", year_of(month), text_of(month));
        done.output = Some(write_pieces(self.job, &path, &CLEAN_ACTIVITES, pieces)?);
        Ok(())
    }
}

/// The rows that count; all of them when nothing is said.
fn kept(fates: &[Fate]) -> Option<RowSelection> {
    if fates.iter().all(|fate| *fate == Fate::Kept) {
        return None;
    }
    let kept = fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Kept);
    let ranges = kept.map(|(row, _)| row..row + 1);
    Some(RowSelection::from_consecutive_ranges(ranges, fates.len()))
}

/// The places of all rows, batch and row, in the order of the key of clean activities.
fn order_of(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>> {
    let mut keys = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        let column = |name| batch.column_by_name(name).ok_or_else(lacking);
        let days = column(columns::DATE.name)?.as_primitive::<Date32Type>();
        let systems = column(columns::SYSTEME.name)?.as_string::<i32>();
        let ids = column(columns::ACTIVITE_ID.name)?.as_string::<i32>();
        for row in 0..batch.num_rows() {
            let key = (days.value(row), systems.value(row), ids.value(row));
            keys.push((key, (number, row)));
        }
    }
    keys.sort_unstable();
    Ok(keys.into_iter().map(|(_, place)| place).collect())
}
