//! Activities become the exports of a query tool on the legacy database: one CSV by year, zipped.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::sample::days::{DAY_MS, iso_instant, to_civil};
use crate::sample::legacy_columns::THEMES;
use crate::sample::legacy_record::{LegacyRecord, records};
use crate::sample::lines::CsvLine;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "cras_metabase.zip";
/// Day the exports were made, in the names inside.
const EXPORTED_ON: &str = "2024-12-02";
/// Names of the columns.
pub(crate) const HEADER: &[&str] = &[
    "ID",
    "ConseillerId",
    "DateAccompagnement",
    "NomCommune",
    "Statut",
    "CodePostal",
    "Accompagnement",
    "Themes",
    "Activite",
    "Moins12ans",
    "De12a18ans",
    "De18a35ans",
    "De35a60ans",
    "Plus60ans",
    "NbParticipants",
    "NbParticipantsRecurrents",
    "Duree",
    "Canal",
    "PermanenceId",
    "StructureId",
];
const STATUS_KEYS: [&str; 5] = ["etudiant", "sansEmploi", "enEmploi", "retraite", "heterogene"];
const FOLLOW_UP_KEYS: [&str; 3] = ["individuel", "atelier", "redirection"];
/// Fields left on a row that was cut.
const CUT_FIELDS: usize = 9;

/// Writes the exports; keeps the rows of each year until all are known.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut line = CsvLine::new(',');
    let mut years: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for record in records(world, portion) {
        let (year, ..) = to_civil(record.activity.at_ms.div_euclid(DAY_MS));
        let rows = years.entry(year).or_insert_with(|| {
            line.start(usize::MAX);
            line.fields(HEADER);
            line.end().to_vec()
        });
        line.start(if record.is_cut() { CUT_FIELDS } else { usize::MAX });
        write_row(&mut line, &record);
        rows.extend_from_slice(line.end());
        record.count_in(&mut summary);
    }
    out.write_all(&zipped(&years)?)?;
    Ok(summary)
}

fn zipped(years: &BTreeMap<i64, Vec<u8>>) -> io::Result<Vec<u8>> {
    let written_at = DateTime::from_date_and_time(2024, 12, 2, 9, 30, 0).unwrap_or_default();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(written_at);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (year, rows) in years {
        archive.start_file(format!("cras_{year}_query_result_{EXPORTED_ON}.csv"), options)?;
        archive.write_all(rows)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn write_row(line: &mut CsvLine, record: &LegacyRecord<'_>) {
    let activity = &record.activity;
    line.field(record.id.as_deref().unwrap_or_default());
    line.field(&activity.adviser.legacy_id);
    match activity.unparsable_date() {
        Some(date) => line.field(date),
        None => line.field(&iso_instant(activity.at_ms)),
    }
    line.field(&activity.spot.commune_name.to_uppercase());
    line.field(&map(&STATUS_KEYS, &activity.statuses));
    line.field(&activity.spot.postal_code);
    line.field(&map(&FOLLOW_UP_KEYS, &record.follow_ups));
    let themes = activity.themes.iter().filter_map(|theme| THEMES.get(*theme));
    let themes: Vec<String> = themes.map(|theme| format!("\"{theme}\"")).collect();
    line.field(&format!("[{}]", themes.join(" ")));
    line.field(activity.activite_text());
    line.numbers(&activity.ages);
    line.field(&activity.participants_text());
    line.field(&record.recurrents.map(|count| count.to_string()).unwrap_or_default());
    line.fields(&[&record.duree(), activity.canal_text()]);
    let permanence = record.permanence.as_ref().map(|permanence| permanence.id.as_str());
    line.field(permanence.unwrap_or_default());
    line.field(record.structure_id.as_deref().unwrap_or_default());
}

/// Writes counts as a map of the query tool's language: `{:a 1, :b 0}`.
fn map(keys: &[&str], counts: &[u64]) -> String {
    let members: Vec<String> =
        keys.iter().zip(counts).map(|(key, count)| format!(":{key} {count}")).collect();
    format!("{{{}}}", members.join(", "))
}
