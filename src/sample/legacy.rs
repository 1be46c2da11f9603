//! Activities become the archive of the legacy system, as its Postgres dump prints it.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::activity::{Activities, Activity};
use crate::sample::days::{differs_in_paris, sql_instant};
use crate::sample::dice::{Dice, Stream, object_id};
use crate::sample::employers::Employer;
use crate::sample::legacy_columns::{
    CHILDREN, EQUIPMENT, HEADER, HEALTH, ORGANISMES, TEXTS, THEMES,
};
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::territory::region_code;
use crate::sample::words;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "cras_conseiller_numerique_v1.csv";
const NULL: &str = "null";
/// Day and time the archive was made.
const IMPORTED_AT: &str = "2024-12-02 08:15:27.104";
/// Kind numbers of identifiers made for rows, unknown structures and permanences.
const ROW_IDS: u64 = 10;
const UNKNOWN_IDS: u64 = 11;
const PERMANENCE_IDS: u64 = 12;
/// Fields left on a row that was cut; neither the 46 of the header nor the 70 of the rows.
const CUT_FIELDS: usize = 31;

/// Gives the identifier of a row, which migrated copies refer to.
pub(crate) fn row_id(seed: u64, row: u64) -> String {
    object_id(seed, ROW_IDS, row)
}

/// Writes the archive.
pub(crate) fn write(world: &World<'_>, rows: u64, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let activities = Activities::new(world, Stream::Legacy, rows);
    let mut dice = activities.dice();
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    for row in 0..rows {
        let Some(activity) = activities.at(&mut dice, row) else { continue };
        let is_cut = activity.shows(Quirk::TooFewFields);
        line.start(if is_cut { CUT_FIELDS } else { usize::MAX });
        let has_annotation = write_row(&mut line, &mut dice, world, &activity);
        out.write_all(line.end())?;
        summary.rows += 1;
        if let Some(occurrence) = activity.occurrence {
            summary.count(occurrence.quirk);
        }
        summary.count_if(has_annotation && !is_cut, Quirk::PersonalText);
        summary.count_if(activity.minutes < 60, Quirk::IntervalDuration);
        let is_dated = activity.unparsable_date().is_none();
        summary.count_if(is_dated && differs_in_paris(activity.at_ms), Quirk::DayDiffersInParis);
    }
    Ok(summary)
}

/// Writes one row; tells whether it has an annotation.
fn write_row(
    line: &mut CsvLine,
    dice: &mut Dice,
    world: &World<'_>,
    activity: &Activity<'_>,
) -> bool {
    let id = row_id(world.seed, activity.id_row);
    line.field(if activity.shows(Quirk::EmptyId) { "" } else { &id });
    line.fields(&[IMPORTED_AT, activity.canal_text(), activity.activite_text()]);
    line.field(&activity.participants_text());
    if dice.chance(3, 100) && activity.recurrents == 0 {
        line.field(NULL);
    } else {
        line.numbers(&[activity.recurrents]);
    }
    line.numbers(&activity.ages);
    line.numbers(&activity.statuses);
    let sub_themes = SubThemes::draw(dice, activity);
    let themes: Vec<&str> =
        activity.themes.iter().filter_map(|theme| THEMES.get(*theme).copied()).collect();
    line.field(&format!("{{{}}}", themes.join(",")));
    line.field(&sub_themes.health);
    line.field(&duree(activity.minutes));
    for percent in [34, 36, 2] {
        let follow_up = if dice.chance(percent, 100) { activity.participants.max(1) } else { 0 };
        line.numbers(&[follow_up.min(1 + dice.below(3))]);
    }
    let spot = &activity.spot;
    line.fields(&[&spot.postal_code, &spot.commune_name.to_uppercase()]);
    match activity.unparsable_date() {
        Some(date) => line.field(date),
        None => line.field(&sql_instant(activity.at_ms)),
    }
    line.field(or_null(&spot.commune_code));
    line.field(&sql_instant(activity.created_ms));
    write_structure(line, world, activity);
    line.field(&activity.adviser.legacy_id);
    let annotation = dice.chance(3, 100).then(|| words::personal_note(dice));
    line.field(annotation.as_deref().unwrap_or(NULL));
    line.fields(&[&sub_themes.children, &sub_themes.equipment, &sub_themes.texts]);
    line.field(&organismes(dice));
    line.field(&activity.updated_ms.map_or(NULL.to_owned(), sql_instant));
    line.field(&stored_minutes(activity.minutes).to_string());
    write_permanence(line, dice, world, activity);
    annotation.is_some()
}

fn or_null(text: &str) -> &str {
    if text.is_empty() { NULL } else { text }
}

fn duree(minutes: u64) -> String {
    match minutes {
        0..30 => "0-30".to_owned(),
        30..60 => "30-60".to_owned(),
        _ => minutes.to_string(),
    }
}

/// Gives the minutes that stand for a duration: the middle of an interval.
pub(crate) fn stored_minutes(minutes: u64) -> u64 {
    match minutes {
        0..30 => 15,
        30..60 => 45,
        _ => minutes,
    }
}

/// Writes the eleven fields of the employer.
fn write_structure(line: &mut CsvLine, world: &World<'_>, activity: &Activity<'_>) {
    if activity.shows(Quirk::UnknownStructure) {
        line.field(&object_id(world.seed, UNKNOWN_IDS, activity.id_row));
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

/// Writes the 24 fields of the permanence, all missing on four rows in ten.
fn write_permanence(
    line: &mut CsvLine,
    dice: &mut Dice,
    world: &World<'_>,
    activity: &Activity<'_>,
) {
    if dice.chance(4, 10) {
        line.fields(&[NULL; 24]);
        return;
    }
    let employer = activity.employer;
    let is_own = dice.chance(6, 10);
    let commune = words::commune_name(&employer.commune_code).to_uppercase();
    // An adviser holds two permanences of the employer at most.
    line.field(&object_id(world.seed, PERMANENCE_IDS, employer.number * 2 + u64::from(is_own)));
    line.field(if is_own { "true" } else { "false" });
    line.field(&if is_own { employer.name.clone() } else { format!("ESPACE NUMERIQUE {commune}") });
    let (phone, email) = if dice.chance(1, 10) {
        ("06 39 98 01 23", "contact.dortignon@exemple.invalid")
    } else {
        (NULL, NULL)
    };
    line.fields(&[phone, email, NULL]);
    line.field(if is_own { &employer.siret } else { NULL });
    line.field(&format!("{} {} {commune}", 1 + dice.below(90), words::street(dice)));
    line.fields(&[&employer.postal_code, &commune, &employer.commune_code]);
    line.field(&format!("4{}.{:04}", 3 + dice.below(6), dice.below(10_000)));
    line.field(&format!("{}.{:04}", dice.below(7), dice.below(10_000)));
    if is_own {
        write_employer(line, employer, "VALIDATION_COSELEC");
    } else {
        line.fields(&[NULL; 11]);
    }
}

/// Details of themes, as Postgres prints arrays.
struct SubThemes {
    health: String,
    children: String,
    equipment: String,
    texts: String,
}

impl SubThemes {
    fn draw(dice: &mut Dice, activity: &Activity<'_>) -> Self {
        let mut of = |theme: usize, details: &[&'static str]| {
            if activity.themes.contains(&theme) && dice.chance(4, 10) {
                let first = dice.pick(details);
                let second = dice.pick(details);
                return if first == second {
                    format!("{{{first}}}")
                } else {
                    format!("{{{first},{second}}}")
                };
            }
            NULL.to_owned()
        };
        Self {
            health: of(HEALTH, &["espace-sante", "autres", "prise-rdv"]),
            children: of(CHILDREN, &["pronote", "ent", "cantine"]),
            equipment: of(EQUIPMENT, &["reparation", "choix materiel", "branchement"]),
            texts: of(TEXTS, &["cv", "courrier", "tableur"]),
        }
    }
}

/// Draws the organisations people were sent on to, as JSON; missing on nine rows in ten.
fn organismes(dice: &mut Dice) -> String {
    if !dice.chance(1, 10) {
        return NULL.to_owned();
    }
    let (first, second) = (dice.pick(ORGANISMES), dice.pick(ORGANISMES));
    let count = 1 + dice.below(2);
    if first == second || dice.chance(7, 10) {
        return format!("{{\"{first}\": {count}}}");
    }
    format!("{{\"{first}\": {count}, \"{second}\": 1}}")
}
