//! Activities become the project's own flat file.

use std::io::{self, Write};

use crate::sample::activity::{Activities, Activity};
use crate::sample::days::{COOP_START, DAY_MS, differs_in_paris, iso_instant};
use crate::sample::dice::{Dice, Stream, object_id};
use crate::sample::legacy_columns::ORGANISMES;
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::words;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "activites_plates.csv";
const HEADER: &[&str] = &[
    "id",
    "conseiller_id",
    "structure_id",
    "date",
    "maj_le",
    "canal",
    "activite",
    "code_commune",
    "code_postal",
    "nb_participants",
    "nb_participants_recurrents",
    "age_moins12",
    "age_12_18",
    "age_18_35",
    "age_35_60",
    "age_plus60",
    "st_etudiant",
    "st_sans_emploi",
    "st_en_emploi",
    "st_retraite",
    "st_heterogene",
    "themes",
    "duree",
    "orientation",
    "note",
];
/// Codes of the legacy themes in this file; it has one theme more, `numerique-durable`.
const THEMES: &[&str] = &[
    "equipement-informatique",
    "vocabulaire",
    "internet",
    "securite",
    "courriel",
    "echanger",
    "traitement-texte",
    "contenus-numeriques",
    "trouver-emploi",
    "tpe-pme",
    "accompagner-enfant",
    "demarches-en-ligne",
    "fraude-et-harcelement",
    "sante",
    "smartphone",
    "budget",
    "scolaire",
    "diagnostic",
    "autre",
];
const EXTRA_THEME: &str = "numerique-durable";
/// Kind numbers of identifiers made for rows and unknown structures.
const ROW_IDS: u64 = 30;
const UNKNOWN_IDS: u64 = 31;
/// Fields left on a row that was cut.
const CUT_FIELDS: usize = 14;

/// Writes the flat file.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let activities = Activities::new(world, Stream::Flat, portion.stream_rows);
    let mut dice = activities.dice();
    let mut line = CsvLine::new(';');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    for row in 0..portion.rows {
        let Some(activity) = activities.at(&mut dice, row) else { continue };
        let is_cut = activity.shows(Quirk::TooFewFields);
        line.start(if is_cut { CUT_FIELDS } else { usize::MAX });
        let note = write_row(&mut line, &mut dice, world, &activity);
        out.write_all(line.end())?;
        summary.rows += 1;
        if let Some(occurrence) = activity.occurrence {
            summary.count(occurrence.quirk);
        }
        let is_dated = activity.unparsable_date().is_none();
        summary.count_if(is_dated && differs_in_paris(activity.at_ms), Quirk::DayDiffersInParis);
        if !is_cut {
            summary.count_if(note.is_personal, Quirk::PersonalText);
            summary.count_if(note.text.contains('"'), Quirk::QuotedText);
            summary.count_if(note.text.contains('\n'), Quirk::MultilineNote);
            summary.count_if(note.has_interval, Quirk::IntervalDuration);
        }
    }
    Ok(summary)
}

/// What the summary counts of a row, apart from its quirk.
struct Note {
    text: String,
    is_personal: bool,
    has_interval: bool,
}

fn write_row(
    line: &mut CsvLine,
    dice: &mut Dice,
    world: &World<'_>,
    activity: &Activity<'_>,
) -> Note {
    let id = object_id(world.seed, ROW_IDS, activity.id_row);
    line.field(if activity.shows(Quirk::EmptyId) { "" } else { &id });
    line.field(&activity.adviser.legacy_id);
    line.field(&structure_id(world, activity));
    match activity.unparsable_date() {
        Some(date) => line.field(date),
        None => line.field(&iso_instant(activity.at_ms)),
    }
    line.field(&iso_instant(activity.updated_ms.unwrap_or(activity.created_ms)));
    line.fields(&[activity.canal_text(), activity.activite_text()]);
    line.fields(&[&activity.spot.commune_code, &activity.spot.postal_code]);
    line.field(&activity.participants_text());
    line.numbers(&[activity.recurrents]);
    line.numbers(&activity.ages);
    line.numbers(&activity.statuses);
    let mut themes: Vec<&str> =
        activity.themes.iter().filter_map(|theme| THEMES.get(*theme).copied()).collect();
    if dice.chance(1, 200) {
        themes = vec![EXTRA_THEME];
    }
    line.field(&themes.join("|"));
    let has_interval = dice.chance(7, 10);
    line.field(&if has_interval {
        interval(activity.minutes).to_owned()
    } else {
        activity.minutes.to_string()
    });
    line.field(if dice.chance(3, 10) { dice.pick(ORGANISMES) } else { "" });
    let note = note(dice, activity.id_row, has_interval);
    line.field(&note.text);
    note
}

/// Gives the employer's identifier in the system of the day.
fn structure_id(world: &World<'_>, activity: &Activity<'_>) -> String {
    if activity.shows(Quirk::UnknownStructure) {
        return object_id(world.seed, UNKNOWN_IDS, activity.id_row);
    }
    let employer = activity.employer;
    let (legacy, coop) = (employer.legacy_id.as_ref(), employer.coop_id.as_ref());
    // The day of entry, since the date itself may be wrong.
    let known =
        if activity.created_ms < COOP_START * DAY_MS { legacy.or(coop) } else { coop.or(legacy) };
    known.cloned().unwrap_or_default()
}

fn interval(minutes: u64) -> &'static str {
    match minutes {
        0..30 => "0-30",
        30..60 => "30-60",
        60..90 => "60-90",
        90..120 => "90-120",
        _ => "120+",
    }
}

/// Draws a note: none on four rows in five; the rarest kinds come by the row's number, so that a
/// small file has them too.
fn note(dice: &mut Dice, id_row: u64, has_interval: bool) -> Note {
    let plain = words::plain_note(dice);
    let personal = words::personal_note(dice);
    let (text, is_personal) = match (id_row % 100, dice.below(100)) {
        (57, _) => (format!("{plain}\nsuite le lendemain"), false),
        (23 | 71, _) => (format!("Vu avec la mairie ; \"à recontacter\" ; {plain}"), false),
        (_, 0..80) => (String::new(), false),
        (_, 80..83) => (personal, true),
        _ => (plain.to_owned(), false),
    };
    Note { text, is_personal, has_interval }
}
