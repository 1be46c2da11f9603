//! Activities become the nightly raw extract of the legacy system: hashed identifiers, and JSON
//! between semicolons without quotes.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::sample::cra_json::{Shape, annotation_quirks, write_cra};
use crate::sample::days::script_date;
use crate::sample::legacy_record::{LegacyRecord, records};
use crate::sample::lines::JsonLine;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "cras.csv.gz";
const HEADER: &str = "ID;ConseillerId;Cra;CreatedAt;UpdatedAt;PermanenceId;StructureId\n";
const UNDEFINED: &str = "undefined";
/// One row in as many was written by a server on Paris time.
const PARIS_ROWS: u64 = 7;
/// Characters left of the object on a row that was cut.
const CUT_LENGTH: usize = 40;

/// Writes the extract, compressed.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut out = GzBuilder::new().mtime(0).write(out, Compression::default());
    out.write_all(HEADER.as_bytes())?;
    let mut cra = JsonLine::new();
    for record in records(world, portion) {
        cra.start();
        write_cra(&mut cra, &record, Shape::PLAIN);
        write_row(&mut out, &record, cra.object())?;
        record.count_in(&mut summary);
        annotation_quirks(&record).into_iter().for_each(|quirk| summary.count(quirk));
    }
    out.finish()?;
    Ok(summary)
}

fn write_row(out: &mut dyn Write, record: &LegacyRecord<'_>, cra: &str) -> io::Result<()> {
    let activity = &record.activity;
    let id = hashed(record.id.as_deref());
    let adviser = hashed(Some(&activity.adviser.legacy_id));
    if record.is_cut() {
        return writeln!(out, "{id};{adviser};{}", cra.get(..CUT_LENGTH).unwrap_or_default());
    }
    let is_in_paris = activity.id_row % PARIS_ROWS == PARIS_ROWS - 1;
    let created = script_date(activity.created_ms, is_in_paris);
    let updated = activity.updated_ms.map(|at_ms| script_date(at_ms, is_in_paris));
    let updated = updated.as_deref().unwrap_or(UNDEFINED);
    let permanence = hashed(record.permanence.as_ref().map(|permanence| permanence.id.as_str()));
    let structure = hashed(record.structure_id.as_deref());
    writeln!(out, "{id};{adviser};{cra};{created};{updated};{permanence};{structure};")
}

/// Gives the hash that stands for an identifier.
pub(crate) fn hashed(id: Option<&str>) -> String {
    id.map_or_else(|| UNDEFINED.to_owned(), |id| STANDARD.encode(Sha256::digest(id)))
}
