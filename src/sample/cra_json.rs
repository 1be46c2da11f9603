//! A legacy record becomes the `cra` object the legacy database keeps, in any of its generations.

use crate::sample::days::iso_instant;
use crate::sample::legacy_columns::THEMES;
use crate::sample::legacy_record::LegacyRecord;
use crate::sample::lines::JsonLine;
use crate::sample::quirks::Quirk;

const AGE_KEYS: [&str; 5] = ["moins12ans", "de12a18ans", "de18a35ans", "de35a60ans", "plus60ans"];
const STATUS_KEYS: [&str; 5] = ["etudiant", "sansEmploi", "enEmploi", "retraite", "heterogene"];
const FOLLOW_UP_KEYS: [&str; 3] = ["individuel", "atelier", "redirection"];
/// Names of the bands when the whole group was in one.
const OLD_AGES: [&str; 5] = ["-12", "12-18", "18-35", "35-60", "+60"];
const OLD_STATUSES: [&str; 5] = ["etudiant", "sans emploi", "en emploi", "retraite", "heterogene"];

/// How numbers and dates are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// Plain JSON: dates are texts.
    Json,
    /// Relaxed extended JSON: dates are objects.
    Relaxed,
    /// Canonical extended JSON: numbers are objects too, and dates numbers of milliseconds.
    Canonical,
}

/// Which generation of the schema an object is of, and how it is written.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) notation: Notation,
    /// Whether ages, statuses and follow-ups are single texts.
    pub(crate) has_single_bands: bool,
    /// Whether there is one organisation, as a text.
    pub(crate) has_one_organisme: bool,
    /// Whether the date of the activity is the one of entry, and not repeated.
    pub(crate) omits_date: bool,
}

impl Shape {
    /// The shape of the last generation, in plain JSON.
    pub(crate) const PLAIN: Self = Self {
        notation: Notation::Json,
        has_single_bands: false,
        has_one_organisme: false,
        omits_date: false,
    };
}

/// Gives the position of the one band that holds everybody.
pub(crate) fn single_band(counts: &[u64], people: u64) -> Option<usize> {
    let band = counts.iter().position(|count| *count > 0)?;
    let is_alone = counts.iter().sum::<u64>() == people && counts.get(band) == Some(&people);
    is_alone.then_some(band)
}

/// Writes the members of the object.
pub(crate) fn write_cra(line: &mut JsonLine, record: &LegacyRecord<'_>, shape: Shape) {
    let activity = &record.activity;
    let notation = shape.notation;
    line.text("canal", Some(activity.canal_text()));
    line.text("activite", Some(activity.activite_text()));
    let is_one = activity.activite_text() == "individuel" && activity.participants == 1;
    if shape.has_single_bands && is_one {
        line.text("nbParticipants", None);
    } else {
        write_number(line, "nbParticipants", &activity.participants_text(), notation);
    }
    match record.recurrents {
        Some(count) => {
            write_number(line, "nbParticipantsRecurrents", &count.to_string(), notation);
        }
        None => line.text("nbParticipantsRecurrents", None),
    }
    write_people(line, record, shape);
    let themes: Vec<&str> =
        activity.themes.iter().filter_map(|theme| THEMES.get(*theme).copied()).collect();
    line.list("themes", &themes);
    write_sub_themes(line, record);
    write_duree(line, record, notation);
    write_follow_ups(line, record, shape);
    write_organismes(line, record, shape);
    line.text("codePostal", Some(&*activity.spot.postal_code));
    line.text("nomCommune", Some(activity.spot.commune_name.to_uppercase().as_str()));
    if !activity.spot.commune_code.is_empty() {
        line.text("codeCommune", Some(&*activity.spot.commune_code));
    }
    match activity.unparsable_date() {
        Some(date) if notation == Notation::Json => line.text("dateAccompagnement", Some(date)),
        Some(date) => {
            line.open("dateAccompagnement");
            line.text("$date", Some(date));
            line.close();
        }
        None if shape.omits_date => {}
        None => write_date(line, "dateAccompagnement", activity.at_ms, notation),
    }
}

fn write_people(line: &mut JsonLine, record: &LegacyRecord<'_>, shape: Shape) {
    let activity = &record.activity;
    for (key, keys, counts, old) in [
        ("age", AGE_KEYS, &activity.ages, OLD_AGES),
        ("statut", STATUS_KEYS, &activity.statuses, OLD_STATUSES),
    ] {
        if shape.has_single_bands {
            let band = single_band(counts, activity.participants);
            line.text(key, band.and_then(|band| old.get(band).copied()));
        } else {
            write_counts(line, key, keys.iter().copied().zip(counts.iter().copied()), shape);
        }
    }
}

fn write_sub_themes(line: &mut JsonLine, record: &LegacyRecord<'_>) {
    let details = &record.sub_themes;
    let lists = [
        ("sante", &details.health),
        ("accompagner enfant", &details.children),
        ("equipement informatique", &details.equipment),
        ("traitement texte", &details.texts),
    ];
    let annotation = annotation(record);
    if annotation.is_none() && lists.iter().all(|(_, list)| list.is_empty()) {
        line.text("sousThemes", None);
        return;
    }
    line.open_list("sousThemes");
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        line.open_item();
        line.list(key, list);
        line.close();
    }
    if let Some(annotation) = annotation {
        line.open_item();
        line.list("annotation", &[annotation]);
        line.close();
    }
    line.close_list();
}

/// Gives the note as it was typed: two in three hold what trips readers of delimited text.
pub(crate) fn annotation(record: &LegacyRecord<'_>) -> Option<String> {
    let note = record.annotation.as_deref()?;
    Some(match record.noise % 3 {
        0 => note.to_owned(),
        1 => format!("{note} ; \"à recontacter\" ; ok"),
        _ => format!("Accueil;{note}\nsuite au prochain \"atelier\""),
    })
}

fn write_duree(line: &mut JsonLine, record: &LegacyRecord<'_>, notation: Notation) {
    let duree = record.duree();
    let is_text = match record.activity.minutes {
        0..60 => true,
        60 | 90 => record.noise % 4 < 3,
        _ => false,
    };
    if is_text {
        line.text("duree", Some(&duree));
    } else {
        write_number(line, "duree", &duree, notation);
    }
}

fn write_follow_ups(line: &mut JsonLine, record: &LegacyRecord<'_>, shape: Shape) {
    if shape.has_single_bands {
        let given = single_band(&record.follow_ups, record.activity.participants);
        line.text("accompagnement", given.and_then(|kind| FOLLOW_UP_KEYS.get(kind).copied()));
        return;
    }
    let counts = FOLLOW_UP_KEYS.into_iter().zip(record.follow_ups);
    write_counts(line, "accompagnement", counts, shape);
}

fn write_organismes(line: &mut JsonLine, record: &LegacyRecord<'_>, shape: Shape) {
    if shape.has_one_organisme {
        line.text("organisme", record.organismes.first().map(|(name, _)| *name));
        return;
    }
    if record.organismes.is_empty() {
        line.text("organismes", None);
        return;
    }
    line.open_list("organismes");
    for (name, count) in &record.organismes {
        line.open_item();
        write_number(line, name, &count.to_string(), shape.notation);
        line.close();
    }
    line.close_list();
}

fn write_counts(
    line: &mut JsonLine,
    key: &str,
    counts: impl Iterator<Item = (&'static str, u64)>,
    shape: Shape,
) {
    line.open(key);
    for (name, count) in counts {
        write_number(line, name, &count.to_string(), shape.notation);
    }
    line.close();
}

fn write_number(line: &mut JsonLine, key: &str, number: &str, notation: Notation) {
    if notation != Notation::Canonical {
        line.bare(key, &number);
        return;
    }
    let is_long = number.parse::<i32>().is_err();
    line.open(key);
    line.text(if is_long { "$numberLong" } else { "$numberInt" }, Some(number));
    line.close();
}

/// Writes an instant.
pub(crate) fn write_date(line: &mut JsonLine, key: &str, at_ms: i64, notation: Notation) {
    match notation {
        Notation::Json => line.text(key, Some(&iso_instant(at_ms))),
        Notation::Relaxed => {
            line.open(key);
            line.text("$date", Some(&iso_instant(at_ms)));
            line.close();
        }
        Notation::Canonical => {
            line.open(key);
            line.open("$date");
            line.text("$numberLong", Some(&at_ms.to_string()));
            line.close();
            line.close();
        }
    }
}

/// Counts what a note holds beside a personal text.
pub(crate) fn annotation_quirks(record: &LegacyRecord<'_>) -> Vec<Quirk> {
    let Some(text) = annotation(record).filter(|_| !record.is_cut()) else {
        return Vec::new();
    };
    let holds = [
        (true, Quirk::PersonalText),
        (text.contains(';'), Quirk::SemicolonText),
        (text.contains('"'), Quirk::QuotedText),
        (text.contains('\n'), Quirk::MultilineNote),
    ];
    holds.into_iter().filter(|(holds, _)| *holds).map(|(_, quirk)| quirk).collect()
}
