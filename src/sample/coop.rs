//! Activities become the Coop's export: one JSON object a line, some copied from the archive.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::activity::{Activite, Activities, Activity, Canal};
use crate::sample::coop_values::{
    AGES, AUTONOMIES, EQUIPMENT, GENDERS, LEVELS, REDIRECTIONS, STATUSES, TAGS, TYPES_OF_PLACE,
    thematiques,
};
use crate::sample::days::{DAY_MS, iso_day, iso_instant, paris_day};
use crate::sample::dice::{Dice, Stream, uuid};
use crate::sample::legacy;
use crate::sample::lines::JsonLine;
use crate::sample::quirks::Quirk;
use crate::sample::spots::Spot;
use crate::sample::words;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "coop_activites.jsonl";
/// Kind numbers of identifiers made for rows and unknown structures.
const ROW_IDS: u64 = 20;
const UNKNOWN_IDS: u64 = 21;

/// The Coop's own activities, and the archive it copies from.
struct Sources<'a> {
    own: Activities<'a>,
    archive: Activities<'a>,
    archive_rows: u64,
    /// Copies there may be at most; each has its own stretch of the archive.
    copies_most: u64,
}

/// A line to write.
struct Entry<'a> {
    activity: Activity<'a>,
    /// Row of the archive it copies.
    copied_row: Option<u64>,
}

/// Writes the export.
pub(crate) fn write(world: &World<'_>, rows: u64, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let own = Activities::new(world, Stream::Coop, rows);
    let sources = Sources {
        copies_most: own.quirks.most(Quirk::MigratedCopy, rows),
        own,
        archive: Activities::new(world, Stream::Legacy, world.legacy_rows()),
        archive_rows: world.legacy_rows(),
    };
    let (mut dice, mut archive_dice) = (sources.own.dice(), sources.archive.dice());
    let mut line = JsonLine::new();
    for row in 0..rows {
        let Some(entry) = sources.entry(&mut dice, &mut archive_dice, row) else { continue };
        line.start();
        let has_personal_text = write_entry(&mut line, &mut dice, world, &entry);
        out.write_all(line.end())?;
        summary.rows += 1;
        if let Some(occurrence) = entry.activity.occurrence {
            summary.count(occurrence.quirk);
        }
        summary.count_if(has_personal_text, Quirk::PersonalText);
    }
    Ok(summary)
}

impl<'a> Sources<'a> {
    fn entry(&self, dice: &mut Dice, archive_dice: &mut Dice, row: u64) -> Option<Entry<'a>> {
        let mut own = self.own.at(dice, row)?;
        if !own.shows(Quirk::MigratedCopy) {
            return Some(Entry { activity: own, copied_row: None });
        }
        let ordinal = own.occurrence?.ordinal;
        let Some((copied_row, copied)) = self.archived(archive_dice, ordinal) else {
            own.occurrence = None;
            return Some(Entry { activity: own, copied_row: None });
        };
        let activity =
            Activity { id_row: row, occurrence: own.occurrence, updated_ms: None, ..copied };
        Some(Entry { activity, copied_row: Some(copied_row) })
    }

    /// Finds the archived activity a copy is made of: the first good one of its stretch.
    fn archived(&self, dice: &mut Dice, ordinal: u64) -> Option<(u64, Activity<'a>)> {
        let bound = |ordinal: u64| {
            let product = u128::from(ordinal) * u128::from(self.archive_rows);
            u64::try_from(product / u128::from(self.copies_most.max(1))).unwrap_or(u64::MAX)
        };
        (bound(ordinal)..bound(ordinal + 1)).find_map(|row| {
            let quirk = self.archive.quirks.at(row).map(|occurrence| occurrence.quirk);
            let is_sound = match quirk {
                None | Some(Quirk::EveningMonthEnd | Quirk::EveningClockChange) => true,
                Some(_) => false,
            };
            let activity = self.archive.at(dice, row).filter(|_| is_sound)?;
            activity.employer.coop_id.is_some().then_some((row, activity))
        })
    }
}

/// Writes one object; tells whether it holds an invented personal text.
fn write_entry(line: &mut JsonLine, dice: &mut Dice, world: &World<'_>, entry: &Entry<'_>) -> bool {
    let activity = &entry.activity;
    let is_copy = entry.copied_row.is_some();
    let id = uuid(world.seed, ROW_IDS, activity.id_row);
    line.text("id", Some(if activity.shows(Quirk::EmptyId) { "" } else { &id }));
    line.text("type", Some(kind(activity)));
    line.text("mediateur_id", Some(&activity.adviser.mediator_id));
    line.text("user_id", Some(&activity.adviser.user_id));
    if activity.shows(Quirk::TooFewFields) {
        return false;
    }
    // A migrated single activity counts one person, whatever was recorded.
    line.bare("accompagnements", &activity.participants_text());
    line.text("date", Some(&date(activity, is_copy)));
    let minutes =
        if is_copy { legacy::stored_minutes(activity.minutes) } else { rounded(activity) };
    line.bare("duree", &minutes);
    write_place(line, dice, world, activity);
    write_times(line, dice, activity);
    let personal = write_content(line, dice, activity, is_copy);
    write_people(line, dice, activity, is_copy);
    let unknown = activity
        .shows(Quirk::UnknownStructure)
        .then(|| uuid(world.seed, UNKNOWN_IDS, activity.id_row));
    line.text(
        "structure_employeuse_id",
        unknown.as_deref().or(activity.employer.coop_id.as_deref()),
    );
    let copied_id = entry.copied_row.map(|row| legacy::row_id(world.seed, row));
    line.text("v1_cra_id", copied_id.as_deref());
    personal
}

fn kind(activity: &Activity<'_>) -> &'static str {
    if activity.shows(Quirk::UnknownActivite) {
        return "permanence";
    }
    match activity.activite {
        Activite::Individuel | Activite::Ponctuel => "individuel",
        Activite::Collectif => "collectif",
    }
}

/// Gives the day: in Paris, except for copies, which bear the UTC day.
fn date(activity: &Activity<'_>, is_copy: bool) -> String {
    match activity.unparsable_date() {
        Some(date) => date.to_owned(),
        None if is_copy => iso_day(activity.at_ms.div_euclid(DAY_MS)),
        None => iso_day(paris_day(activity.at_ms)),
    }
}

fn rounded(activity: &Activity<'_>) -> u64 {
    (activity.minutes / 15 * 15).max(15)
}

/// Writes the place: a structure, or else a commune; at a distance, the employer's.
fn write_place(line: &mut JsonLine, dice: &mut Dice, world: &World<'_>, activity: &Activity<'_>) {
    let place = match activity.canal {
        // A flaw of place can only be seen where the commune is written.
        _ if activity.spot.is_flawed => 1,
        Canal::Rattachement => 0,
        Canal::Domicile => 1,
        Canal::Distance => 2,
        Canal::AutreLieu => 3,
    };
    let name = TYPES_OF_PLACE.get(place).copied();
    let is_unknown = activity.shows(Quirk::UnknownCanal);
    line.text("type_lieu", if is_unknown { Some("itinerant") } else { name });
    if place == 0 && !is_unknown {
        let other = world.employers.get(dice.pick(&world.known_to_coop));
        let is_own = dice.chance(4, 5);
        let structure = other.filter(|_| !is_own).unwrap_or(activity.employer);
        line.text("structure_id", structure.coop_id.as_deref());
        for key in ["lieu_code_postal", "lieu_commune", "lieu_code_insee"] {
            line.text(key, None);
        }
        return;
    }
    let employers_spot = Spot::of_employer(activity.employer);
    let spot = if place == 2 { &employers_spot } else { &activity.spot };
    let present = |text: &'_ str| !text.is_empty();
    line.text("structure_id", None);
    line.text("lieu_code_postal", Some(&*spot.postal_code).filter(|text| present(text)));
    line.text("lieu_commune", Some(spot.commune_name.as_str()));
    line.text("lieu_code_insee", Some(&*spot.commune_code).filter(|text| present(text)));
}

fn write_times(line: &mut JsonLine, dice: &mut Dice, activity: &Activity<'_>) {
    let created_ms = activity.created_ms;
    let changed_ms = activity.updated_ms.unwrap_or(created_ms);
    let deleted_ms = changed_ms + dice.between(60_000, 5 * DAY_MS);
    let deleted_ms = activity.shows(Quirk::SoftDeleted).then_some(deleted_ms);
    line.text("creation", Some(&iso_instant(created_ms)));
    line.text("modification", Some(&iso_instant(deleted_ms.unwrap_or(changed_ms))));
    line.text("suppression", deleted_ms.map(iso_instant).as_deref());
}

/// Writes what was done; tells whether a personal text is in it.
fn write_content(
    line: &mut JsonLine,
    dice: &mut Dice,
    activity: &Activity<'_>,
    is_copy: bool,
) -> bool {
    let is_workshop = activity.activite == Activite::Collectif;
    let is_redirected = dice.chance(8, 100);
    let redirection = is_redirected.then(|| dice.pick(REDIRECTIONS));
    let autonomy = (!is_copy && !is_workshop).then(|| dice.pick(AUTONOMIES));
    line.text("autonomie", autonomy);
    line.bare("oriente_vers_structure", &is_redirected);
    line.text("structure_de_redirection", redirection);
    let equipment = [dice.pick(EQUIPMENT)];
    line.list("materiel", if is_copy { &[] } else { &equipment });
    let themes = thematiques(&activity.themes);
    line.list("thematiques", &themes);
    let personal = (!is_copy && dice.chance(3, 100)).then(|| words::personal_note(dice));
    let personal_field = dice.below(3);
    let personal_in = |field: u64| personal.as_deref().filter(|_| personal_field == field);
    let tag = dice.pick(TAGS);
    let has_tag = !is_copy && dice.chance(1, 5);
    let tags: Vec<&str> = personal_in(0).into_iter().chain(has_tag.then_some(tag)).collect();
    line.list("tags", &tags);
    let has_process = themes.contains(&"aide_aux_demarches_administratives");
    let process = words::plain_note(dice);
    let process = personal_in(1).or((has_process && !is_copy).then_some(process));
    line.text("precisions_demarche", process);
    let title = words::workshop_title(dice);
    line.text("titre_atelier", personal_in(2).or((is_workshop && !is_copy).then_some(title)));
    let level = dice.pick(LEVELS);
    line.text("niveau_atelier", (is_workshop && !is_copy).then_some(level));
    personal.is_some()
}

/// Writes the counts of people; of copies, the ages alone are known.
fn write_people(line: &mut JsonLine, dice: &mut Dice, activity: &Activity<'_>, is_copy: bool) {
    let people = activity.participants;
    let mut genders = [0, 0, if is_copy { people } else { 0 }];
    if !is_copy {
        for _ in 0..people {
            if let Some(count) = genders.get_mut(dice.weighted(&[42, 53, 5])) {
                *count += 1;
            }
        }
    }
    let [under_12, under_18, under_35, under_60, over_60] = activity.ages;
    // The migration's random split of two bands (domain note, section 5).
    let mut part = |people: u64, part: u64| {
        u64::try_from((0..people).filter(|_| dice.chance(part, 10_000)).count()).unwrap_or(0)
    };
    let (under_25, under_70) = (part(under_35, 2915), part(over_60, 4805));
    let ages = [
        under_12,
        under_18,
        under_25,
        under_35 - under_25,
        under_60,
        under_70,
        over_60 - under_70,
        0,
    ];
    let statuses = if is_copy { [0, 0, 0, 0, people] } else { activity.statuses };
    line.open("beneficiaires");
    line.bare("total", &people);
    line.counts("genres", GENDERS, &genders);
    line.counts("tranches_age", AGES, &ages);
    line.counts("statuts", STATUSES, &statuses);
    line.close();
}
