//! Activities become the archive of the legacy system, as its Postgres dump prints it.

use std::io::{self, Write};

use crate::sample::activity::Activity;
use crate::sample::days::sql_instant;
use crate::sample::employers::Employer;
use crate::sample::legacy_columns::{HEADER, THEMES};
use crate::sample::legacy_record::{LegacyRecord, Permanence, records, stored_minutes};
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::territory::region_code;
use crate::sample::words;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "cras_conseiller_numerique_v1.csv";
const NULL: &str = "null";
/// Day and time the archive was made.
const IMPORTED_AT: &str = "2024-12-02 08:15:27.104";
/// Fields left on a row that was cut; neither the 46 of the header nor the 70 of the rows.
const CUT_FIELDS: usize = 31;

/// Writes the archive.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    for record in records(world, portion) {
        line.start(if record.is_cut() { CUT_FIELDS } else { usize::MAX });
        write_row(&mut line, &record);
        out.write_all(line.end())?;
        record.count_in(&mut summary);
        let has_annotation = record.annotation.is_some() && !record.is_cut();
        summary.count_if(has_annotation, Quirk::PersonalText);
    }
    Ok(summary)
}

fn write_row(line: &mut CsvLine, record: &LegacyRecord<'_>) {
    let activity = &record.activity;
    line.field(record.id.as_deref().unwrap_or_default());
    line.fields(&[IMPORTED_AT, activity.canal_text(), activity.activite_text()]);
    line.field(&activity.participants_text());
    line.field(&record.recurrents.map_or(NULL.to_owned(), |count| count.to_string()));
    line.numbers(&activity.ages);
    line.numbers(&activity.statuses);
    let themes: Vec<&str> =
        activity.themes.iter().filter_map(|theme| THEMES.get(*theme).copied()).collect();
    line.field(&format!("{{{}}}", themes.join(",")));
    line.field(&array_or_null(&record.sub_themes.health));
    line.field(&record.duree());
    line.numbers(&record.follow_ups);
    let spot = &activity.spot;
    line.fields(&[&spot.postal_code, &spot.commune_name.to_uppercase()]);
    match activity.unparsable_date() {
        Some(date) => line.field(date),
        None => line.field(&sql_instant(activity.at_ms)),
    }
    line.field(or_null(&spot.commune_code));
    line.field(&sql_instant(activity.created_ms));
    write_structure(line, record);
    line.field(&activity.adviser.legacy_id);
    line.field(record.annotation.as_deref().unwrap_or(NULL));
    let sub_themes = &record.sub_themes;
    for details in [&sub_themes.children, &sub_themes.equipment, &sub_themes.texts] {
        line.field(&array_or_null(details));
    }
    line.field(&organismes(&record.organismes));
    line.field(&activity.updated_ms.map_or(NULL.to_owned(), sql_instant));
    line.field(&stored_minutes(activity.minutes).to_string());
    write_permanence(line, activity, record.permanence.as_ref());
}

fn or_null(text: &str) -> &str {
    if text.is_empty() { NULL } else { text }
}

fn array_or_null(members: &[&str]) -> String {
    if members.is_empty() { NULL.to_owned() } else { format!("{{{}}}", members.join(",")) }
}

/// Writes the eleven fields of the employer.
fn write_structure(line: &mut CsvLine, record: &LegacyRecord<'_>) {
    let activity = &record.activity;
    if activity.shows(Quirk::UnknownStructure) {
        line.field(record.structure_id.as_deref().unwrap_or(NULL));
        line.fields(&[NULL; 10]);
        return;
    }
    let is_abandoned = activity.employer.quirk == Some(Quirk::AbandonedStructure);
    let statut = if is_abandoned { "ABANDON" } else { "VALIDATION_COSELEC" };
    write_employer(line, activity.employer, statut);
}

fn write_employer(line: &mut CsvLine, employer: &Employer, statut: &str) {
    line.field(employer.legacy_id.as_deref().unwrap_or(NULL));
    line.numbers(&[employer.number + 1]);
    line.fields(&[employer.declared_type, statut, &employer.name, &employer.siret]);
    line.field(&employer.postal_code);
    line.field(&words::commune_name(&employer.commune_code).to_uppercase());
    line.field(&employer.commune_code);
    let region = region_code(&employer.departement);
    line.fields(&[if region == "00" { "00" } else { &employer.departement }, region]);
}

/// Writes the 24 fields of the permanence.
fn write_permanence(line: &mut CsvLine, activity: &Activity<'_>, permanence: Option<&Permanence>) {
    let Some(permanence) = permanence else {
        line.fields(&[NULL; 24]);
        return;
    };
    let employer = activity.employer;
    let is_own = permanence.is_own;
    let commune = words::commune_name(&employer.commune_code).to_uppercase();
    line.field(&permanence.id);
    line.field(if is_own { "true" } else { "false" });
    line.field(&if is_own { employer.name.clone() } else { format!("ESPACE NUMERIQUE {commune}") });
    let (phone, email) = if permanence.has_contact {
        ("06 39 98 01 23", "contact.dortignon@exemple.invalid")
    } else {
        (NULL, NULL)
    };
    line.fields(&[phone, email, NULL]);
    line.field(if is_own { &employer.siret } else { NULL });
    line.field(&permanence.address);
    line.fields(&[&employer.postal_code, &commune, &employer.commune_code]);
    line.fields(&[&permanence.latitude, &permanence.longitude]);
    if is_own {
        write_employer(line, employer, "VALIDATION_COSELEC");
    } else {
        line.fields(&[NULL; 11]);
    }
}

/// Writes the organisations people were sent on to, as JSON.
fn organismes(counts: &[(&str, u64)]) -> String {
    if counts.is_empty() {
        return NULL.to_owned();
    }
    let members: Vec<String> =
        counts.iter().map(|(name, count)| format!("\"{name}\": {count}")).collect();
    format!("{{{}}}", members.join(", "))
}
