//! Activities become extracts of the Coop's database: activities, people, and their meetings.

use std::io::{self, Write};

use crate::sample::beneficiaries::{Beneficiary, beneficiaries};
use crate::sample::coop_directory::IMPORTED_MS;
use crate::sample::coop_record::{CoopRecord, PersonalField, records};
use crate::sample::coop_tables;
use crate::sample::days::sql_instant;
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::world::World;
use crate::sample::{FileSummary, Output, Portion};

/// Names of the files.
pub(crate) const ACTIVITIES_FILE: &str = "coop_base_activites.csv";
pub(crate) const ATTENDANCES_FILE: &str = "coop_base_accompagnements.csv";
pub(crate) const PEOPLE_FILE: &str = "coop_base_beneficiaires.csv";

/// Names of the columns of activities.
pub(crate) const ACTIVITIES_HEADER: &[&str] = &[
    "id",
    "type",
    "mediateur_id",
    "accompagnements_count",
    "date",
    "duree",
    "notes",
    "structure_employeuse_id",
    "type_lieu",
    "structure_id",
    "lieu_code_postal",
    "lieu_commune",
    "lieu_code_insee",
    "suppression",
    "v1_cra_id",
    "creation",
    "modification",
    "autonomie",
    "structure_de_redirection",
    "materiel",
    "thematiques",
    "oriente_vers_structure",
    "precisions_demarche",
    "titre_atelier",
    "niveau",
    "rdv_service_public_id",
    "rdv_id",
    "v1_cra_id_pg",
    "v1_structure_id",
    "v1_permanence_id",
];
/// Names of the columns of meetings.
pub(crate) const ATTENDANCES_HEADER: &[&str] =
    &["id", "beneficiaire_id", "activite_id", "premier_accompagnement"];
/// Names of the columns of people.
pub(crate) const PEOPLE_HEADER: &[&str] = &[
    "id",
    "mediateur_id",
    "anonyme",
    "v1_imported",
    "prenom",
    "nom",
    "annee_naissance",
    "commune",
    "genre",
    "tranche_age",
    "statut_social",
    "accompagnements_count",
    "creation",
    "suppression",
    "fusion_vers_id",
];
/// Fields left on an activity that was cut.
const CUT_FIELDS: usize = 4;

/// Writes the extracts; the stream is drawn again for each.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    output: &mut Output<'_, '_>,
) -> io::Result<()> {
    output.file(ACTIVITIES_FILE, |out| write_activities(world, portion, out))?;
    output.file(ATTENDANCES_FILE, |out| {
        write_people(world, portion, out, (ATTENDANCES_FILE, ATTENDANCES_HEADER, attendance_row))
    })?;
    output.file(PEOPLE_FILE, |out| {
        write_people(world, portion, out, (PEOPLE_FILE, PEOPLE_HEADER, person_row))
    })?;
    coop_tables::write(world, output)
}

/// Writes a truth value as Postgres does.
pub(crate) fn flag(is_true: bool) -> &'static str {
    if is_true { "t" } else { "f" }
}

/// Writes a list as Postgres does.
pub(crate) fn array(members: &[&str]) -> String {
    let quoted = members.iter().map(|member| {
        if member.contains(' ') { format!("\"{member}\"") } else { (*member).to_owned() }
    });
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

fn write_activities(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(ACTIVITIES_FILE);
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(ACTIVITIES_HEADER);
    out.write_all(line.end())?;
    for record in records(world, portion) {
        line.start(if record.is_cut() { CUT_FIELDS } else { usize::MAX });
        write_activity(&mut line, &record);
        out.write_all(line.end())?;
        record.count_in(&mut summary);
    }
    Ok(summary)
}

fn write_activity(line: &mut CsvLine, record: &CoopRecord<'_>) {
    let activity = &record.activity;
    line.fields(&[&record.id, record.kind(), &activity.adviser.mediator_id]);
    line.fields(&[&activity.participants_text(), &record.date_text()]);
    line.numbers(&[record.minutes]);
    let content = &record.content;
    // The extract has no tags: the note is where their personal text goes.
    let note = content.personal_in(PersonalField::Tags).map(|text| format!("<p>{text}</p>"));
    line.field(note.as_deref().unwrap_or_default());
    line.field(record.employer_id.as_deref().unwrap_or_default());
    let place = &record.place;
    line.fields(&[place.kind, place.structure_id().unwrap_or_default()]);
    let commune = place.commune.as_ref();
    line.field(commune.and_then(|commune| commune.postal_code.as_deref()).unwrap_or_default());
    line.field(commune.map_or("", |commune| commune.name.as_str()));
    line.field(commune.and_then(|commune| commune.code.as_deref()).unwrap_or_default());
    line.field(&record.deleted_ms.map(sql_instant).unwrap_or_default());
    line.field(record.copied_id.as_deref().unwrap_or_default());
    line.fields(&[&sql_instant(activity.created_ms), &sql_instant(record.modified_ms)]);
    line.field(content.autonomy.unwrap_or_default());
    line.field(content.redirection.unwrap_or_default());
    line.fields(&[&array(&content.equipment), &array(&content.themes)]);
    line.field(flag(content.redirection.is_some()));
    line.field(content.process_text().unwrap_or_default());
    line.field(content.title_text().unwrap_or_default());
    line.field(content.level.unwrap_or_default());
    line.fields(&["", "", ""]);
    let legacy_id = activity.employer.legacy_id.as_deref().filter(|_| record.is_copy());
    line.fields(&[legacy_id.unwrap_or_default(), ""]);
}

type PeopleTable = (&'static str, &'static [&'static str], WriteRow);
type WriteRow = fn(&mut CsvLine, &CoopRecord<'_>, &Beneficiary);

/// Writes one row by person of each activity.
///
/// People are those of the activity itself: copies and earlier versions of its row have none of
/// their own, and a row without identifier has nothing to tie them to.
fn write_people(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
    (file, header, write_row): PeopleTable,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(file);
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(header);
    out.write_all(line.end())?;
    for record in records(world, portion) {
        let id_row = record.activity.id_row;
        // The row it copies may come after the last one of an extract.
        let is_itself = id_row == record.row || id_row >= portion.rows;
        if !is_itself || record.is_cut() || record.id.is_empty() {
            continue;
        }
        for beneficiary in beneficiaries(world.seed, &record) {
            line.start(usize::MAX);
            write_row(&mut line, &record, &beneficiary);
            out.write_all(line.end())?;
            summary.rows += 1;
            let is_named = file == PEOPLE_FILE && beneficiary.person.is_some();
            summary.count_if(is_named, Quirk::PersonalText);
        }
    }
    Ok(summary)
}

fn attendance_row(line: &mut CsvLine, record: &CoopRecord<'_>, beneficiary: &Beneficiary) {
    line.fields(&[&beneficiary.attendance_id, &beneficiary.id, &record.id]);
    line.field(flag(beneficiary.is_first_time));
}

fn person_row(line: &mut CsvLine, record: &CoopRecord<'_>, beneficiary: &Beneficiary) {
    let person = beneficiary.person.as_ref();
    let imported = if record.is_copy() { sql_instant(IMPORTED_MS) } else { String::new() };
    let born = beneficiary.birth_year;
    line.fields(&[&beneficiary.id, &record.activity.adviser.mediator_id]);
    line.fields(&[flag(person.is_none()), &imported]);
    line.field(person.map_or("", |person| person.first_name));
    line.field(person.map_or("", |person| person.last_name));
    line.field(&born.map(|year| year.to_string()).unwrap_or_default());
    let commune = record.place.commune.as_ref().filter(|_| person.is_some());
    line.field(commune.map_or("", |commune| commune.name.as_str()));
    line.field(beneficiary.gender.unwrap_or_default());
    line.field(beneficiary.age.filter(|_| born.is_none()).unwrap_or_default());
    line.fields(&[beneficiary.status.unwrap_or_default(), "1"]);
    line.fields(&[&sql_instant(record.activity.created_ms), "", ""]);
}
