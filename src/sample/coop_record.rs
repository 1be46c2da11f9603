//! An activity of the Coop becomes all that any of its exports tells, drawn once.

use crate::sample::activity::{Activite, Activities, Activity, Canal};
use crate::sample::coop_values::{
    AUTONOMIES, EQUIPMENT, LEVELS, REDIRECTIONS, TAGS, TYPES_OF_PLACE, thematiques,
};
use crate::sample::days::{DAY_MS, iso_day, paris_day};
use crate::sample::dice::{Dice, Stream, uuid};
use crate::sample::employers::Employer;
use crate::sample::legacy_record;
use crate::sample::migration::Migration;
use crate::sample::quirks::Quirk;
use crate::sample::spots::Spot;
use crate::sample::words;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Kind numbers of identifiers made for rows and unknown structures.
const ROW_IDS: u64 = 20;
const UNKNOWN_IDS: u64 = 21;

/// One activity with all that the Coop recorded.
pub(crate) struct CoopRecord<'a> {
    /// Row of the stream it is drawn for.
    pub(crate) row: u64,
    pub(crate) activity: Activity<'a>,
    /// Identifier; empty where it was lost.
    pub(crate) id: String,
    /// Identifier of the archived activity it copies.
    pub(crate) copied_id: Option<String>,
    pub(crate) minutes: u64,
    pub(crate) place: CoopPlace<'a>,
    pub(crate) modified_ms: i64,
    pub(crate) deleted_ms: Option<i64>,
    pub(crate) content: Content,
    pub(crate) people: CoopPeople,
    /// Identifier of the employer.
    pub(crate) employer_id: Option<String>,
}

/// Where an activity took place: a structure, or else a commune.
pub(crate) struct CoopPlace<'a> {
    pub(crate) kind: &'static str,
    pub(crate) structure: Option<&'a Employer>,
    pub(crate) commune: Option<Commune>,
}

/// A commune as it is written; what is missing is none.
pub(crate) struct Commune {
    pub(crate) postal_code: Option<String>,
    pub(crate) name: String,
    pub(crate) code: Option<String>,
}

/// What was done.
pub(crate) struct Content {
    pub(crate) autonomy: Option<&'static str>,
    pub(crate) redirection: Option<&'static str>,
    pub(crate) equipment: Vec<&'static str>,
    pub(crate) themes: Vec<&'static str>,
    pub(crate) tag: Option<&'static str>,
    /// What the administrative process was, without personal text.
    pub(crate) process: Option<&'static str>,
    /// Title of the workshop, without personal text.
    pub(crate) title: Option<&'static str>,
    pub(crate) level: Option<&'static str>,
    pub(crate) personal: Option<Personal>,
}

/// A text with somebody's name or address in it, and the field it is in.
pub(crate) struct Personal {
    pub(crate) text: String,
    pub(crate) field: PersonalField,
}

/// Fields a personal text may be in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PersonalField {
    Tags,
    Process,
    Title,
}

/// Counts of people, in the order of the closed lists.
pub(crate) struct CoopPeople {
    pub(crate) total: u64,
    pub(crate) genders: [u64; 3],
    pub(crate) ages: [u64; 8],
    pub(crate) statuses: [u64; 5],
}

/// Draws the records of the first rows of the Coop's stream, in order.
pub(crate) fn records<'a>(
    world: &'a World<'a>,
    portion: Portion,
) -> impl Iterator<Item = CoopRecord<'a>> {
    let own = Activities::new(world, Stream::Coop, portion.stream_rows);
    let migration = Migration::new(world);
    let (mut dice, mut archive_dice) = (own.dice(), migration.dice());
    (0..portion.rows).filter_map(move |row| {
        let mut activity = own.at(&mut dice, row)?;
        if !activity.shows(Quirk::MigratedCopy) {
            return Some(CoopRecord::draw(world, &mut dice, activity, (row, None)));
        }
        let ordinal = activity.occurrence?.ordinal;
        let Some((copied_row, copied)) = migration.archived(&mut archive_dice, ordinal) else {
            activity.occurrence = None;
            return Some(CoopRecord::draw(world, &mut dice, activity, (row, None)));
        };
        let occurrence = activity.occurrence;
        let activity = Activity { id_row: row, occurrence, updated_ms: None, ..copied };
        Some(CoopRecord::draw(world, &mut dice, activity, (row, Some(copied_row))))
    })
}

impl<'a> CoopRecord<'a> {
    fn draw(
        world: &'a World<'a>,
        dice: &mut Dice,
        activity: Activity<'a>,
        (row, copied_row): (u64, Option<u64>),
    ) -> Self {
        let is_copy = copied_row.is_some();
        let id = uuid(world.seed, ROW_IDS, activity.id_row);
        let place = CoopPlace::draw(world, dice, &activity);
        let changed_ms = activity.updated_ms.unwrap_or(activity.created_ms);
        let deleted_ms = changed_ms + dice.between(60_000, 5 * DAY_MS);
        let deleted_ms = activity.shows(Quirk::SoftDeleted).then_some(deleted_ms);
        let content = Content::draw(dice, &activity, is_copy);
        let people = CoopPeople::draw(dice, &activity, is_copy);
        let unknown = || uuid(world.seed, UNKNOWN_IDS, activity.id_row);
        Self {
            row,
            id: if activity.shows(Quirk::EmptyId) { String::new() } else { id },
            copied_id: copied_row.map(|row| legacy_record::row_id(world.seed, row)),
            minutes: if is_copy {
                legacy_record::stored_minutes(activity.minutes)
            } else {
                (activity.minutes / 15 * 15).max(15)
            },
            place,
            modified_ms: deleted_ms.unwrap_or(changed_ms),
            deleted_ms,
            content,
            people,
            employer_id: match activity.shows(Quirk::UnknownStructure) {
                true => Some(unknown()),
                false => activity.employer.coop_id.clone(),
            },
            activity,
        }
    }

    pub(crate) fn is_copy(&self) -> bool {
        self.copied_id.is_some()
    }

    /// Tells whether the record was cut short.
    pub(crate) fn is_cut(&self) -> bool {
        self.activity.shows(Quirk::TooFewFields)
    }

    /// Names the kind of activity.
    pub(crate) fn kind(&self) -> &'static str {
        if self.activity.shows(Quirk::UnknownActivite) {
            return "permanence";
        }
        match self.activity.activite {
            Activite::Individuel | Activite::Ponctuel => "individuel",
            Activite::Collectif => "collectif",
        }
    }

    /// Gives the day: in Paris, except for copies, which bear the UTC day.
    pub(crate) fn day(&self) -> i64 {
        let at_ms = self.activity.at_ms;
        if self.is_copy() { at_ms.div_euclid(DAY_MS) } else { paris_day(at_ms) }
    }

    /// Writes the day, right or wrong.
    pub(crate) fn date_text(&self) -> String {
        self.activity.unparsable_date().map_or_else(|| iso_day(self.day()), str::to_owned)
    }

    /// Counts in a summary what the record shows in any export.
    pub(crate) fn count_in(&self, summary: &mut FileSummary) {
        summary.rows += 1;
        self.quirks().into_iter().for_each(|quirk| summary.count(quirk));
    }

    /// Lists what the record shows in any export.
    pub(crate) fn quirks(&self) -> Vec<Quirk> {
        let has_personal_text = self.content.personal.is_some() && !self.is_cut();
        let personal = has_personal_text.then_some(Quirk::PersonalText);
        self.activity
            .occurrence
            .map(|occurrence| occurrence.quirk)
            .into_iter()
            .chain(personal)
            .collect()
    }
}

impl<'a> CoopPlace<'a> {
    /// Draws the place: a structure, or else a commune; at a distance, the employer's.
    fn draw(world: &'a World<'a>, dice: &mut Dice, activity: &Activity<'a>) -> Self {
        let place = match activity.canal {
            // A flaw of place can only be seen where the commune is written.
            _ if activity.spot.is_flawed => 1,
            Canal::Rattachement => 0,
            Canal::Domicile => 1,
            Canal::Distance => 2,
            Canal::AutreLieu => 3,
        };
        let is_unknown = activity.shows(Quirk::UnknownCanal);
        let kind = TYPES_OF_PLACE.get(place).copied().unwrap_or_default();
        let kind = if is_unknown { "itinerant" } else { kind };
        if place == 0 && !is_unknown {
            let other = world.employers.get(dice.pick(&world.known_to_coop));
            let is_own = dice.chance(4, 5);
            let structure = other.filter(|_| !is_own).unwrap_or(activity.employer);
            return Self { kind, structure: Some(structure), commune: None };
        }
        let employers_spot = Spot::of_employer(activity.employer);
        let spot = if place == 2 { &employers_spot } else { &activity.spot };
        let present = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let commune = Commune {
            postal_code: present(&spot.postal_code),
            name: spot.commune_name.clone(),
            code: present(&spot.commune_code),
        };
        Self { kind, structure: None, commune: Some(commune) }
    }

    /// Gives the identifier of the structure.
    pub(crate) fn structure_id(&self) -> Option<&'a str> {
        self.structure.and_then(|structure| structure.coop_id.as_deref())
    }
}

impl Content {
    fn draw(dice: &mut Dice, activity: &Activity<'_>, is_copy: bool) -> Self {
        let is_workshop = activity.activite == Activite::Collectif;
        let is_redirected = dice.chance(8, 100);
        let redirection = is_redirected.then(|| dice.pick(REDIRECTIONS));
        let autonomy = (!is_copy && !is_workshop).then(|| dice.pick(AUTONOMIES));
        let equipment = dice.pick(EQUIPMENT);
        let themes = thematiques(&activity.themes);
        let text = (!is_copy && dice.chance(3, 100)).then(|| words::personal_note(dice));
        let field = match dice.below(3) {
            0 => PersonalField::Tags,
            1 => PersonalField::Process,
            _ => PersonalField::Title,
        };
        let tag = dice.pick(TAGS);
        let has_tag = !is_copy && dice.chance(1, 5);
        let has_process = !is_copy && themes.contains(&"aide_aux_demarches_administratives");
        let process = words::plain_note(dice);
        let title = words::workshop_title(dice);
        let level = dice.pick(LEVELS);
        Self {
            autonomy,
            redirection,
            equipment: if is_copy { Vec::new() } else { vec![equipment] },
            themes,
            tag: has_tag.then_some(tag),
            process: has_process.then_some(process),
            title: (is_workshop && !is_copy).then_some(title),
            level: (is_workshop && !is_copy).then_some(level),
            personal: text.map(|text| Personal { text, field }),
        }
    }

    /// Gives the personal text of a field.
    pub(crate) fn personal_in(&self, field: PersonalField) -> Option<&str> {
        let personal = self.personal.as_ref().filter(|personal| personal.field == field);
        personal.map(|personal| personal.text.as_str())
    }

    /// Lists the tags.
    pub(crate) fn tags(&self) -> Vec<&str> {
        self.personal_in(PersonalField::Tags).into_iter().chain(self.tag).collect()
    }

    /// Gives what is written of the administrative process.
    pub(crate) fn process_text(&self) -> Option<&str> {
        self.personal_in(PersonalField::Process).or(self.process)
    }

    /// Gives what is written as the title of the workshop.
    pub(crate) fn title_text(&self) -> Option<&str> {
        self.personal_in(PersonalField::Title).or(self.title)
    }
}

impl CoopPeople {
    /// Draws the counts of people; of copies, the ages alone are known.
    fn draw(dice: &mut Dice, activity: &Activity<'_>, is_copy: bool) -> Self {
        let total = activity.participants;
        let mut genders = [0, 0, if is_copy { total } else { 0 }];
        if !is_copy {
            for _ in 0..total {
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
        let known = activity.ages.iter().sum::<u64>();
        let ages = [
            under_12,
            under_18,
            under_25,
            under_35 - under_25,
            under_60,
            under_70,
            over_60 - under_70,
            total.saturating_sub(known),
        ];
        let statuses = if is_copy { [0, 0, 0, 0, total] } else { activity.statuses };
        Self { total, genders, ages, statuses }
    }
}
