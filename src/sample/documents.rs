//! Activities become the documents of the legacy database, as its own dump prints them.

use std::io::{self, Write};

use crate::sample::cra_json::{
    Notation, Shape, annotation_quirks, single_band, write_cra, write_date,
};
use crate::sample::days::{DAY_MS, from_civil, paris_day};
use crate::sample::legacy_record::{LegacyRecord, records};
use crate::sample::lines::JsonLine;
use crate::sample::quirks::Quirk;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "cras_documents.jsonl.zst";
/// One document in as many is in the canonical notation.
const CANONICAL_ROWS: u64 = 9;
/// Days from which documents are of a new generation (domain note, section 1a).
const COUNTS_START: i64 = from_civil(2022, 2, 1);
const STRUCTURE_START: i64 = from_civil(2022, 11, 1);
const ORGANISMES_START: i64 = from_civil(2023, 3, 1);
/// Level at which a whole dump takes seconds.
const LEVEL: i32 = 3;

/// How one document is written.
pub(crate) struct Generation {
    shape: Shape,
    has_structure: bool,
}

impl Generation {
    fn of(record: &LegacyRecord<'_>) -> Self {
        let activity = &record.activity;
        let created_before = |day: i64| activity.created_ms < day * DAY_MS;
        let has_single_bands = created_before(COUNTS_START)
            && record.noise.is_multiple_of(3)
            && is_of_one_kind(record)
            && !activity.shows(Quirk::NegativeParticipants)
            && !activity.shows(Quirk::HugeParticipants);
        let is_own_employer = !activity.adviser.changes_employer()
            && !activity.shows(Quirk::UnknownStructure)
            && !activity.shows(Quirk::AbandonedStructure);
        let is_canonical = activity.id_row % CANONICAL_ROWS == 4;
        Self {
            shape: Shape {
                notation: if is_canonical { Notation::Canonical } else { Notation::Relaxed },
                has_single_bands,
                has_one_organisme: created_before(ORGANISMES_START)
                    && matches!(record.organismes.as_slice(), [] | [(_, 1)]),
                omits_date: has_single_bands
                    && activity.unparsable_date().is_none()
                    && paris_day(activity.at_ms) == paris_day(activity.created_ms),
            },
            // Only where the adviser's other documents tell the employer.
            has_structure: !(created_before(STRUCTURE_START)
                && is_own_employer
                && (record.noise >> 8).is_multiple_of(4)),
        }
    }
}

/// Tells whether single texts say all that the counts say.
fn is_of_one_kind(record: &LegacyRecord<'_>) -> bool {
    let activity = &record.activity;
    let people = activity.participants;
    let is_followed = record.follow_ups.iter().any(|count| *count > 0);
    people > 0
        && single_band(&activity.ages, people).is_some()
        && single_band(&activity.statuses, people).is_some()
        && (!is_followed || single_band(&record.follow_ups, people).is_some())
}

/// Writes the documents, compressed.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut out = zstd::stream::write::Encoder::new(out, LEVEL)?;
    let mut line = JsonLine::new();
    for record in records(world, portion) {
        line.start();
        let generation = write_document(&mut line, &record, record.id.as_deref());
        out.write_all(line.end())?;
        record.count_in(&mut summary);
        annotation_quirks(&record).into_iter().for_each(|quirk| summary.count(quirk));
        if !record.is_cut() {
            summary.count_if(generation.shape.has_single_bands, Quirk::OldSchema);
            summary.count_if(!generation.has_structure, Quirk::StructureAbsent);
        }
    }
    out.finish()?;
    Ok(summary)
}

/// Writes the members of a document; one that was cut has its two first.
pub(crate) fn write_document(
    line: &mut JsonLine,
    record: &LegacyRecord<'_>,
    id: Option<&str>,
) -> Generation {
    let activity = &record.activity;
    let generation = Generation::of(record);
    let notation = generation.shape.notation;
    if let Some(id) = id {
        write_id(line, "_id", id);
    }
    write_reference(line, "conseiller", "conseillers", Some(&activity.adviser.legacy_id));
    if record.is_cut() {
        return generation;
    }
    if generation.has_structure {
        write_reference(line, "structure", "structures", record.structure_id.as_deref());
    }
    let permanence = record.permanence.as_ref().map(|permanence| permanence.id.as_str());
    if permanence.is_some() || record.noise.is_multiple_of(2) {
        write_reference(line, "permanence", "permanences", permanence);
    }
    write_date(line, "createdAt", activity.created_ms, notation);
    if let Some(updated_ms) = activity.updated_ms {
        write_date(line, "updatedAt", updated_ms, notation);
    }
    line.open("cra");
    write_cra(line, record, generation.shape);
    line.close();
    generation
}

/// Writes an identifier.
pub(crate) fn write_id(line: &mut JsonLine, key: &str, id: &str) {
    line.open(key);
    line.text("$oid", Some(id));
    line.close();
}

fn write_reference(line: &mut JsonLine, key: &str, collection: &str, id: Option<&str>) {
    let Some(id) = id else {
        line.text(key, None);
        return;
    };
    line.open(key);
    line.text("$ref", Some(collection));
    write_id(line, "$id", id);
    line.close();
}
