//! A row number becomes an activity: who, when, where, with how many people, about what.

use crate::sample::advisers::Adviser;
use crate::sample::days::{DAY_MS, from_civil, last_sunday, month_end, paris_day, to_civil};
use crate::sample::dice::{Dice, Stream, mix};
use crate::sample::employers::Employer;
use crate::sample::pace::{AUTRE_END, NO_COMMUNE_CODE_END, OWN_DATE_START, Pace};
use crate::sample::quirks::{Occurrence, Quirk, QuirkCalendar};
use crate::sample::spots::Spot;
use crate::sample::world::World;

/// Kind of activity.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Activite {
    #[default]
    Individuel,
    Ponctuel,
    Collectif,
}

/// Where an activity took place, in the legacy system's terms.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Canal {
    #[default]
    Rattachement,
    AutreLieu,
    Distance,
    Domicile,
}

/// Weights of the 19 legacy themes, in the order of their list.
const THEME_WEIGHTS: &[u64] = &[11, 5, 10, 5, 11, 5, 5, 3, 7, 1, 3, 14, 3, 5, 9, 1, 2, 5, 3];

/// One activity, before it takes the form of a file.
pub(crate) struct Activity<'a> {
    /// Row whose identifier it bears; another row's for copies and earlier versions.
    pub(crate) id_row: u64,
    pub(crate) occurrence: Option<Occurrence>,
    pub(crate) adviser: &'a Adviser,
    pub(crate) employer: &'a Employer,
    pub(crate) at_ms: i64,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: Option<i64>,
    pub(crate) activite: Activite,
    pub(crate) canal: Canal,
    pub(crate) spot: Spot<'a>,
    pub(crate) participants: u64,
    pub(crate) recurrents: u64,
    /// Under 12, 12 to 18, 18 to 35, 35 to 60, over 60.
    pub(crate) ages: [u64; 5],
    /// Student, without a job, with a job, retired, not told.
    pub(crate) statuses: [u64; 5],
    /// Positions in the list of legacy themes, most telling first.
    pub(crate) themes: Vec<usize>,
    pub(crate) minutes: u64,
}

impl Activity<'_> {
    /// Tells whether the row shows a quirk.
    pub(crate) fn shows(&self, quirk: Quirk) -> bool {
        self.occurrence.is_some_and(|occurrence| occurrence.quirk == quirk)
    }

    /// Writes the channel in the legacy system's terms, right or wrong.
    pub(crate) fn canal_text(&self) -> &'static str {
        match (self.occurrence.map(|occurrence| occurrence.quirk), self.canal) {
            (Some(Quirk::AutreCanal), _) => "autre",
            (Some(Quirk::UnknownCanal), _) => "messagerie",
            (_, Canal::Rattachement) => "rattachement",
            (_, Canal::AutreLieu) => "autre lieu",
            (_, Canal::Distance) => "distance",
            (_, Canal::Domicile) => "domicile",
        }
    }

    /// Writes the kind of activity in the legacy system's terms, right or wrong.
    pub(crate) fn activite_text(&self) -> &'static str {
        match (self.occurrence.map(|occurrence| occurrence.quirk), self.activite) {
            (Some(Quirk::UnknownActivite), _) => "entretien",
            (_, Activite::Individuel) => "individuel",
            (_, Activite::Ponctuel) => "ponctuel",
            (_, Activite::Collectif) => "collectif",
        }
    }

    /// Writes the number of participants, right or wrong.
    pub(crate) fn participants_text(&self) -> String {
        match self.occurrence.map(|occurrence| occurrence.quirk) {
            Some(Quirk::NegativeParticipants) => "-3".to_owned(),
            Some(Quirk::HugeParticipants) => "1000000000000".to_owned(),
            _ => self.participants.to_string(),
        }
    }

    /// Gives what replaces the date where it must be unreadable.
    pub(crate) fn unparsable_date(&self) -> Option<&'static str> {
        let occurrence = self.occurrence.filter(|_| self.shows(Quirk::UnparsableDate))?;
        Some(occurrence.variant(&["2023-02-30", "mardi dernier", "2023-13-01"]))
    }
}

/// The activities of one file.
pub(crate) struct Activities<'a> {
    world: &'a World<'a>,
    stream: Stream,
    rows: u64,
    pub(crate) quirks: QuirkCalendar,
    pace: Pace,
}

impl<'a> Activities<'a> {
    /// Plans the activities of a file of `rows` rows.
    pub(crate) fn new(world: &'a World<'a>, stream: Stream, rows: u64) -> Self {
        let seed = mix(&[world.seed, stream.number()]);
        let quirks = match stream {
            Stream::Coop => QuirkCalendar::of_coop(seed, rows),
            _ => QuirkCalendar::of_activities(seed, rows),
        };
        Self { world, stream, rows, quirks, pace: Pace::new(stream, world.last_day) }
    }

    /// Gives the dice the activities of this file are drawn with.
    pub(crate) fn dice(&self) -> Dice {
        Dice::new(self.world.seed, self.stream)
    }

    /// Invents the activity of a row and leaves the dice where the row's other fields start.
    pub(crate) fn at(&self, dice: &mut Dice, row: u64) -> Option<Activity<'a>> {
        let occurrence = self.quirks.at(row);
        match occurrence.map(|occurrence| occurrence.quirk) {
            Some(Quirk::ExactDuplicate) => {
                let Some(source) = self.sources(dice, row).next() else {
                    return self.draw(dice, row, None);
                };
                Some(Activity { occurrence, ..self.draw(dice, source, None)? })
            }
            Some(Quirk::OlderVersion) => self.older_version(dice, row, occurrence),
            _ => self.draw(dice, row, occurrence),
        }
    }

    /// Invents an earlier version of another row: its identity, other figures, an older date of
    /// update.
    fn older_version(
        &self,
        dice: &mut Dice,
        row: u64,
        occurrence: Option<Occurrence>,
    ) -> Option<Activity<'a>> {
        let sources = self.sources(dice, row);
        let newer = sources
            .filter_map(|source| self.draw(dice, source, None))
            .find(|newer| newer.updated_ms.is_some());
        let other = self.draw(dice, row, None)?;
        let Some(newer) = newer else { return Some(other) };
        Some(Activity {
            id_row: newer.id_row,
            occurrence,
            adviser: newer.adviser,
            employer: newer.employer,
            at_ms: newer.at_ms,
            created_ms: newer.created_ms,
            updated_ms: Some(newer.created_ms),
            ..other
        })
    }

    /// Lists rows to copy, best first: with nothing wrong, up to 5,000 rows before; near the
    /// start of a file, also those that follow.
    fn sources(&self, dice: &mut Dice, row: u64) -> impl Iterator<Item = u64> + use<'_, 'a> {
        dice.turn_to(row);
        let before = 0..row.saturating_sub(dice.below(row.min(5000)));
        let after = row + 1..self.rows;
        before.rev().chain(after).take(300).filter(|source| self.quirks.is_plain(*source))
    }

    fn draw(
        &self,
        dice: &mut Dice,
        row: u64,
        occurrence: Option<Occurrence>,
    ) -> Option<Activity<'a>> {
        dice.turn_to(row);
        let quirk = occurrence.map(|occurrence| occurrence.quirk);
        let at_ms = self.instant(dice, occurrence);
        let (adviser, employer) = self.world.advisers.draw(dice, self.employment_day(at_ms))?;
        let employer = match quirk {
            Some(Quirk::AbandonedStructure) => dice.pick(&self.world.abandoned),
            _ => employer,
        };
        let employer = self.world.employers.get(employer)?;
        let (at_ms, created_ms, updated_ms) = self.entry(dice, at_ms);
        let activite = dice.weigh(&[
            (Activite::Individuel, 59),
            (Activite::Ponctuel, 25),
            (Activite::Collectif, 16),
        ]);
        // Some of the Coop's ages are left out, which takes two people or more to be seen.
        let activite = match (self.stream, quirk) {
            (Stream::Coop, Some(Quirk::AgesSumDiffers)) => Activite::Collectif,
            _ => activite,
        };
        let canal = dice.weigh(&[
            (Canal::Rattachement, 58),
            (Canal::AutreLieu, 24),
            (Canal::Distance, 10),
            (Canal::Domicile, 8),
        ]);
        let spot = Spot::draw(self.world, dice, employer, occurrence)
            .without_code_if(quirk == Some(Quirk::CommuneCodeMissing));
        let people = People::draw(dice, activite, (self.stream, quirk));
        Some(Activity {
            id_row: row,
            occurrence,
            adviser,
            employer,
            at_ms: self.misdated(dice, quirk, at_ms),
            created_ms,
            updated_ms,
            activite,
            canal,
            spot,
            participants: people.participants,
            recurrents: people.recurrents,
            ages: people.ages,
            statuses: people.statuses,
            themes: themes(dice),
            minutes: minutes(dice),
        })
    }

    /// Gives the day that decides on the employer: the one the stream's own rows bear.
    fn employment_day(&self, at_ms: i64) -> i64 {
        match self.stream {
            Stream::Coop => paris_day(at_ms),
            _ => at_ms.div_euclid(DAY_MS),
        }
    }

    /// Draws the instant of an activity: by day, rarely late in the evening.
    fn instant(&self, dice: &mut Dice, occurrence: Option<Occurrence>) -> i64 {
        let (first, last) = self.pace.span();
        let quirk = occurrence.map(|occurrence| occurrence.quirk);
        let latest = match quirk {
            Some(Quirk::AutreCanal) => AUTRE_END,
            // The Coop, which opened later, has always recorded it: there it is simply missing.
            Some(Quirk::CommuneCodeMissing) if first < NO_COMMUNE_CODE_END => NO_COMMUNE_CODE_END,
            _ => last,
        };
        let day = self.pace.draw(dice, (first, latest));
        let minute = 60_000;
        let evening = dice.between(22 * 60 * minute, 24 * 60 * minute - 1);
        let daytime = dice.between(7 * 60 * minute, 17 * 60 * minute);
        // On the last day an evening could already be the next day in Paris.
        let is_evening = dice.chance(15, 1000) && day < last;
        let late = dice.between((23 * 60 + 5) * minute, 24 * 60 * minute - 1);
        match (quirk, occurrence) {
            (Some(Quirk::EveningMonthEnd), _) => {
                let (year, month, _) = to_civil(day);
                let end = month_end(day);
                let end = if end >= last { from_civil(year, month, 1) - 1 } else { end };
                end.max(first) * DAY_MS + late
            }
            (Some(Quirk::EveningClockChange), Some(occurrence)) => {
                let (year, month) = occurrence.variant(&[
                    (2022, 10),
                    (2023, 3),
                    (2021, 10),
                    (2024, 3),
                    (2022, 3),
                    (2023, 10),
                ]);
                // By turns the night the clocks change and the evening after.
                let sunday = last_sunday(year, month).min(last - 1).max(first);
                match (occurrence.ordinal + occurrence.ordinal / 6) % 2 {
                    0 => (sunday - 1).max(first) * DAY_MS + late,
                    _ => sunday * DAY_MS + evening,
                }
            }
            _ => day * DAY_MS + if is_evening { evening } else { daytime },
        }
    }

    /// Draws when an activity was entered and last changed: up to 110 days later.
    fn entry(&self, dice: &mut Dice, at_ms: i64) -> (i64, i64, Option<i64>) {
        let (first_lag, last_lag) =
            dice.weigh(&[((0, 0), 62), ((1, 7), 25), ((8, 30), 10), ((31, 109), 3)]);
        let lag_ms = dice.between(first_lag, last_lag) * DAY_MS + dice.between(0, 3 * 3_600_000);
        let end_ms = (self.world.last_day + 1) * DAY_MS - 1;
        let created_ms = (at_ms + lag_ms).min(end_ms.max(at_ms));
        let changed_ms = created_ms + dice.between(60_000, 20 * DAY_MS);
        let is_changed = dice.chance(3, 10) && changed_ms <= end_ms;
        // Until February 2022 the legacy system knew the day of entry alone.
        let own_date = at_ms >= OWN_DATE_START * DAY_MS;
        (at_ms, if own_date { created_ms } else { at_ms }, is_changed.then_some(changed_ms))
    }

    fn misdated(&self, dice: &mut Dice, quirk: Option<Quirk>, at_ms: i64) -> i64 {
        let (year, ..) = to_civil(self.world.last_day);
        let next_year = (from_civil(year + 1, 1, 1), from_civil(year + 1, 12, 31));
        match quirk {
            Some(Quirk::Year1970) => 0,
            Some(Quirk::AfterLastDay) => dice.between(next_year.0, next_year.1) * DAY_MS,
            _ => at_ms,
        }
    }
}

/// The people of an activity.
struct People {
    participants: u64,
    recurrents: u64,
    ages: [u64; 5],
    statuses: [u64; 5],
}

impl People {
    /// Draws the people: one, or 2 to 20 in a workshop, 5.6 on average.
    fn draw(dice: &mut Dice, activite: Activite, (stream, quirk): (Stream, Option<Quirk>)) -> Self {
        let participants = match (quirk, activite) {
            (Some(Quirk::ZeroParticipants), _) => 0,
            (_, Activite::Collectif) => 2 + dice.run_of((785, 1000), 18),
            (_, Activite::Individuel | Activite::Ponctuel) => 1,
        };
        let mut people = Self { participants, recurrents: 0, ages: [0; 5], statuses: [0; 5] };
        for _ in 0..participants {
            // Shares of July 2023 (domain note, section 6); those of statuses are a guess.
            raise(&mut people.ages, dice.weighted(&[81, 53, 106, 291, 469]), 1);
            raise(&mut people.statuses, dice.weighted(&[120, 180, 220, 430, 50]), 1);
            people.recurrents += u64::from(dice.chance(35, 100));
        }
        match quirk {
            Some(Quirk::RecurrentsAboveParticipants) => {
                people.recurrents = participants + 1 + dice.below(3);
            }
            Some(Quirk::AgesAllZero) => people.ages = [0; 5],
            Some(Quirk::AgesSumDiffers) => match stream {
                // The Coop counts the ages of people it knows one by one: never too many.
                Stream::Coop => lower_most(&mut people.ages),
                _ => raise(&mut people.ages, 3, 2),
            },
            _ => {}
        }
        people
    }
}

fn raise(counts: &mut [u64], position: usize, by: u64) {
    if let Some(count) = counts.get_mut(position) {
        *count += by;
    }
}

fn lower_most(counts: &mut [u64]) {
    if let Some(most) = counts.iter_mut().max() {
        *most = most.saturating_sub(1);
    }
}

/// Draws one to five themes, 1.77 on average.
fn themes(dice: &mut Dice) -> Vec<usize> {
    let count = 1 + dice.weighted(&[50, 31, 13, 4, 2]);
    let mut themes = Vec::with_capacity(count);
    while themes.len() < count {
        let theme = dice.weighted(THEME_WEIGHTS);
        if !themes.contains(&theme) {
            themes.push(theme);
        }
    }
    themes
}

/// Draws a duration in minutes.
fn minutes(dice: &mut Dice) -> u64 {
    match dice.below(100) {
        0..30 => 5 + dice.below(25),
        30..70 => 30 + dice.below(30),
        70..91 => 60 + 15 * dice.below(4),
        _ => 120 + 15 * dice.below(25),
    }
}
