//! An activity of the legacy system becomes all that any of its exports tells, drawn once.

use crate::sample::activity::{Activities, Activity};
use crate::sample::days::differs_in_paris;
use crate::sample::dice::{Dice, Stream, object_id};
use crate::sample::legacy_columns::{CHILDREN, EQUIPMENT, HEALTH, ORGANISMES, TEXTS};
use crate::sample::quirks::Quirk;
use crate::sample::words;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Kind numbers of identifiers made for rows, unknown structures and permanences.
const ROW_IDS: u64 = 10;
const UNKNOWN_IDS: u64 = 11;
const PERMANENCE_IDS: u64 = 12;

/// Gives the identifier of a row, which migrated copies refer to.
pub(crate) fn row_id(seed: u64, row: u64) -> String {
    object_id(seed, ROW_IDS, row)
}

/// One activity with all that the legacy system recorded.
pub(crate) struct LegacyRecord<'a> {
    pub(crate) activity: Activity<'a>,
    /// Identifier; none where it was lost.
    pub(crate) id: Option<String>,
    /// People met before; none where it was not told.
    pub(crate) recurrents: Option<u64>,
    pub(crate) sub_themes: SubThemes,
    /// Follow-ups given: alone, in a workshop, elsewhere.
    pub(crate) follow_ups: [u64; 3],
    /// Free text, with a personal one in it.
    pub(crate) annotation: Option<String>,
    /// Organisations people were sent on to, with how many were.
    pub(crate) organismes: Vec<(&'static str, u64)>,
    pub(crate) structure_id: Option<String>,
    pub(crate) permanence: Option<Permanence>,
    /// By which exports choose among the ways to write the same thing.
    pub(crate) noise: u64,
}

/// A place where an adviser receives people.
pub(crate) struct Permanence {
    pub(crate) id: String,
    /// Whether it is the employer itself.
    pub(crate) is_own: bool,
    pub(crate) has_contact: bool,
    pub(crate) address: String,
    pub(crate) latitude: String,
    pub(crate) longitude: String,
}

/// Details of themes; empty where there are none.
pub(crate) struct SubThemes {
    pub(crate) health: Vec<&'static str>,
    pub(crate) children: Vec<&'static str>,
    pub(crate) equipment: Vec<&'static str>,
    pub(crate) texts: Vec<&'static str>,
}

/// Draws the records of the first rows of the legacy stream, in order.
pub(crate) fn records<'a>(
    world: &'a World<'a>,
    portion: Portion,
) -> impl Iterator<Item = LegacyRecord<'a>> {
    let activities = Activities::new(world, Stream::Legacy, portion.stream_rows);
    let mut dice = activities.dice();
    (0..portion.rows).filter_map(move |row| LegacyRecord::at(world, &activities, &mut dice, row))
}

impl<'a> LegacyRecord<'a> {
    /// Draws the record of a row.
    pub(crate) fn at(
        world: &World<'_>,
        activities: &Activities<'a>,
        dice: &mut Dice,
        row: u64,
    ) -> Option<Self> {
        let activity = activities.at(dice, row)?;
        let is_untold = dice.chance(3, 100) && activity.recurrents == 0;
        let sub_themes = SubThemes::draw(dice, &activity);
        let follow_ups = [34, 36, 2].map(|percent| {
            let given = if dice.chance(percent, 100) { activity.participants.max(1) } else { 0 };
            given.min(1 + dice.below(3))
        });
        let annotation = dice.chance(3, 100).then(|| words::personal_note(dice));
        let organismes = organismes(dice);
        let permanence = Permanence::draw(dice, world.seed, &activity);
        let unknown_id = || object_id(world.seed, UNKNOWN_IDS, activity.id_row);
        Some(Self {
            id: (!activity.shows(Quirk::EmptyId)).then(|| row_id(world.seed, activity.id_row)),
            recurrents: (!is_untold).then_some(activity.recurrents),
            structure_id: match activity.shows(Quirk::UnknownStructure) {
                true => Some(unknown_id()),
                false => activity.employer.legacy_id.clone(),
            },
            sub_themes,
            follow_ups,
            annotation,
            organismes,
            permanence,
            noise: dice.below(u64::MAX),
            activity,
        })
    }

    /// Tells whether the record was cut short.
    pub(crate) fn is_cut(&self) -> bool {
        self.activity.shows(Quirk::TooFewFields)
    }

    /// Counts in a summary what the record shows in any export.
    pub(crate) fn count_in(&self, summary: &mut FileSummary) {
        let activity = &self.activity;
        summary.rows += 1;
        if let Some(occurrence) = activity.occurrence {
            summary.count(occurrence.quirk);
        }
        summary.count_if(activity.minutes < 60, Quirk::IntervalDuration);
        let is_dated = activity.unparsable_date().is_none();
        summary.count_if(is_dated && differs_in_paris(activity.at_ms), Quirk::DayDiffersInParis);
    }

    /// Writes the duration as it was chosen: an interval, or minutes.
    pub(crate) fn duree(&self) -> String {
        match self.activity.minutes {
            0..30 => "0-30".to_owned(),
            30..60 => "30-60".to_owned(),
            minutes => minutes.to_string(),
        }
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

impl Permanence {
    /// Draws the permanence: none on four rows in ten.
    fn draw(dice: &mut Dice, seed: u64, activity: &Activity<'_>) -> Option<Self> {
        if dice.chance(4, 10) {
            return None;
        }
        let employer = activity.employer;
        let is_own = dice.chance(6, 10);
        let commune = words::commune_name(&employer.commune_code).to_uppercase();
        Some(Self {
            // An adviser holds two permanences of the employer at most.
            id: object_id(seed, PERMANENCE_IDS, employer.number * 2 + u64::from(is_own)),
            is_own,
            has_contact: dice.chance(1, 10),
            address: format!("{} {} {commune}", 1 + dice.below(90), words::street(dice)),
            latitude: format!("4{}.{:04}", 3 + dice.below(6), dice.below(10_000)),
            longitude: format!("{}.{:04}", dice.below(7), dice.below(10_000)),
        })
    }
}

impl SubThemes {
    fn draw(dice: &mut Dice, activity: &Activity<'_>) -> Self {
        let mut of = |theme: usize, details: &[&'static str]| {
            if activity.themes.contains(&theme) && dice.chance(4, 10) {
                let first = dice.pick(details);
                let second = dice.pick(details);
                return if first == second { vec![first] } else { vec![first, second] };
            }
            Vec::new()
        };
        Self {
            health: of(HEALTH, &["espace-sante", "autres", "prise-rdv"]),
            children: of(CHILDREN, &["pronote", "ent", "cantine"]),
            equipment: of(EQUIPMENT, &["reparation", "choix materiel", "branchement"]),
            texts: of(TEXTS, &["cv", "courrier", "tableur"]),
        }
    }
}

/// Draws the organisations people were sent on to; none on nine rows in ten.
fn organismes(dice: &mut Dice) -> Vec<(&'static str, u64)> {
    if !dice.chance(1, 10) {
        return Vec::new();
    }
    let (first, second) = (dice.pick(ORGANISMES), dice.pick(ORGANISMES));
    let count = 1 + dice.below(2);
    if first == second || dice.chance(7, 10) {
        return vec![(first, count)];
    }
    vec![(first, count), (second, 1)]
}
