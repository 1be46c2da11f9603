//! Rows of the archive become the notices of those deleted after it was made.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::activity::Activities;
use crate::sample::cra_json::{Notation, annotation_quirks, write_date};
use crate::sample::days::DAY_MS;
use crate::sample::dice::{Dice, Stream, mix, object_id};
use crate::sample::documents::{write_document, write_id};
use crate::sample::legacy_record::LegacyRecord;
use crate::sample::lines::JsonLine;
use crate::sample::migration::Migration;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "cras_deleted.jsonl";
/// One row in as many is deleted.
const DELETED_ROWS: u64 = 200;
/// Rows of each stretch of that length that are never deleted, so that small archives have some.
const FIRST_CANDIDATE: u64 = 30;
/// Kind numbers of identifiers made for notices and for an activity that exists nowhere.
const NOTICE_IDS: u64 = 13;
const NOWHERE_IDS: u64 = 14;

/// Writes the notices: of plain rows that were not migrated, then of an activity that exists
/// nowhere.
pub(crate) fn write(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let rows = world.legacy_rows();
    let activities = Activities::new(world, Stream::Legacy, rows);
    let migration = Migration::new(world);
    let mut dice = activities.dice();
    let mut line = JsonLine::new();
    let mut write_notice = |dice: &mut Dice, row: u64, is_nowhere: bool| -> io::Result<()> {
        let Some(mut record) = LegacyRecord::at(world, &activities, dice, row) else {
            return Ok(());
        };
        if is_nowhere {
            record.id = Some(object_id(world.seed, NOWHERE_IDS, row));
        }
        line.start();
        write_members(&mut line, world, &record);
        out.write_all(line.end())?;
        record.count_in(&mut summary);
        annotation_quirks(&record).into_iter().for_each(|quirk| summary.count(quirk));
        Ok(())
    };
    for start in (0..rows).step_by(usize::try_from(DELETED_ROWS).unwrap_or(usize::MAX)) {
        let mut candidates = start + FIRST_CANDIDATE..rows.min(start + DELETED_ROWS);
        let deleted = candidates
            .find(|row| activities.quirks.is_plain(*row) && !migration.has_copied(&mut dice, *row));
        if let Some(row) = deleted {
            write_notice(&mut dice, row, false)?;
        }
    }
    let beyond = (rows..).take(1000).find(|row| activities.quirks.is_plain(*row));
    write_notice(&mut dice, beyond.unwrap_or(rows), true)?;
    Ok(summary)
}

fn write_members(line: &mut JsonLine, world: &World<'_>, record: &LegacyRecord<'_>) {
    let activity = &record.activity;
    let last_ms = activity.updated_ms.unwrap_or(activity.created_ms);
    let lag = mix(&[world.seed, NOTICE_IDS, activity.id_row]) % 20;
    let deleted_ms = last_ms.saturating_add(i64::try_from(lag).unwrap_or(0) * DAY_MS + 3_723_456);
    write_id(line, "_id", record.id.as_deref().unwrap_or_default());
    write_date(line, "deletedAt", deleted_ms, Notation::Relaxed);
    write_id(line, "conseillerId", &activity.adviser.legacy_id);
    line.open("craObj");
    write_document(line, record, record.id.as_deref());
    line.close();
}
