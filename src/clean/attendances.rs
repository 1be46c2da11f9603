//! Attendances and the people who attend become counts of each activity: ages, statuses, genders.

use polars::prelude::{DataFrame, NamedFrom, Series};
use rayon::prelude::*;

use crate::error::Result;
use crate::vocabulary::codes::Fate;
use crate::vocabulary::columns::{self, Column};

/// The columns counted, in the order of a [`Counts`].
pub const COUNTED: [Column; 17] = [
    columns::AGE_MOINS_12,
    columns::AGE_12_17,
    columns::AGE_18_24,
    columns::AGE_25_39,
    columns::AGE_40_59,
    columns::AGE_60_69,
    columns::AGE_70_PLUS,
    columns::AGE_INCONNU,
    columns::STATUT_SCOLARISE,
    columns::STATUT_SANS_EMPLOI,
    columns::STATUT_EN_EMPLOI,
    columns::STATUT_RETRAITE,
    columns::STATUT_INCONNU,
    columns::GENRE_FEMININ,
    columns::GENRE_MASCULIN,
    columns::GENRE_INCONNU,
    columns::NB_PARTICIPANTS_RECURRENTS,
];

/// What is told of a person: places in [`COUNTED`], the year of birth, and whether it came before.
pub(super) const PERSON: [&str; 5] = ["age", "status", "gender", "birth_year", "is_recurrent"];
/// First ages of the bands of the Coop, in the order of [`COUNTED`].
pub(super) const FIRST_AGES: [i32; 7] = [0, 12, 18, 25, 40, 60, 70];
/// Nobody is older.
pub(super) const AGE_MAX: i32 = 120;
const AGE_UNKNOWN: u8 = 7;
const STATUS_UNKNOWN: u8 = 12;
const GENDER_UNKNOWN: u8 = 15;
/// Of the columns counted, those that add up to the people: the ages come first.
pub(super) const AGES: usize = 8;
const RECURRENT: u8 = 16;

/// How many of the people at an activity are of each kind.
pub type Counts = [i32; COUNTED.len()];

/// What is known of a person: places in [`COUNTED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    age: u8,
    status: u8,
    gender: u8,
    birth_year: i16,
}

impl Person {
    /// A person from the codes of the Coop; a code that is lacking or not known counts as not told.
    #[must_use]
    pub fn new(age: &str, status: &str, gender: &str, birth_year: Option<i32>) -> Self {
        Self {
            age: match age {
                "moins_de_douze" => 0,
                "douze_dix_huit" => 1,
                "dix_huit_vingt_quatre" => 2,
                "vingt_cinq_trente_neuf" => 3,
                "quarante_cinquante_neuf" => 4,
                "soixante_soixante_neuf" => 5,
                "soixante_dix_plus" => 6,
                _ => AGE_UNKNOWN,
            },
            status: match status {
                "scolarise" => 8,
                "sans_emploi" => 9,
                "en_emploi" => 10,
                "retraite" => 11,
                _ => STATUS_UNKNOWN,
            },
            gender: match gender {
                "feminin" => 13,
                "masculin" => 14,
                _ => GENDER_UNKNOWN,
            },
            birth_year: birth_year.and_then(|year| i16::try_from(year).ok()).unwrap_or(0),
        }
    }

    /// The band of the age reached in a year, from the year of birth where it is told.
    ///
    /// The Coop takes the age of today, so that its past results move every January.
    fn age_in(&self, year: i16) -> u8 {
        let age = i32::from(year) - i32::from(self.birth_year);
        if self.birth_year == 0 || !(0..=AGE_MAX).contains(&age) {
            return self.age;
        }
        let band = FIRST_AGES.iter().rposition(|first| *first <= age);
        band.and_then(|band| u8::try_from(band).ok()).unwrap_or(AGE_UNKNOWN)
    }
}

/// One person at one activity, as a segment tells it: 24 bytes, as there are millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attendance {
    /// Pseudonym of the activity, in halves.
    activity: (u64, u64),
    /// Number of the person.
    person: u32,
    /// Whether it is not the person's first; of two that disagree, the one that says so counts.
    is_recurrent: bool,
    segment: u16,
}

impl Attendance {
    /// A person, by its number, at an activity.
    #[must_use]
    pub fn new(activity: u128, person: u32, is_recurrent: bool, segment: u16) -> Self {
        Self { activity: halves(activity), person, is_recurrent, segment }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.activity, self.person) == (other.activity, other.person)
    }
}

fn halves(id: u128) -> (u64, u64) {
    let low = u64::try_from(id & u128::from(u64::MAX)).unwrap_or_default();
    (u64::try_from(id >> 64).unwrap_or_default(), low)
}

/// Who attended what.
#[derive(Debug, Default)]
pub struct Attendances {
    sorted: Vec<Attendance>,
    people: Vec<Person>,
}

impl Attendances {
    /// Puts attendances in order, and says of each row, by the number of its segment, what becomes
    /// of it; `people` are those of the first numbers, of others nothing is known.
    #[must_use]
    pub fn new(
        mut attendances: Vec<Attendance>,
        people: Vec<Person>,
        see: &mut dyn FnMut(u16, Fate),
    ) -> Self {
        attendances.par_sort_unstable_by(|a, b| b.cmp(a));
        let mut before: Option<&Attendance> = None;
        for attendance in &attendances {
            let fate = match before.filter(|before| before.is_same(attendance)) {
                None => Fate::Kept,
                Some(before) if before.is_recurrent == attendance.is_recurrent => Fate::Duplicate,
                Some(_) => Fate::Superseded,
            };
            see(attendance.segment, fate);
            before = Some(attendance);
        }
        attendances.dedup_by(|later, earlier| later.is_same(earlier));
        attendances.reverse();
        attendances.shrink_to_fit();
        Self { sorted: attendances, people }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Each person at each activity, as [`Attendances::counts`] counts them, in the columns that
    /// [`crate::clean::sql::people`] reads: a place in [`COUNTED`], or a year of birth, 0 for none.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn told(&self) -> Result<DataFrame> {
        let mut ids = Vec::with_capacity(self.sorted.len());
        let mut numbers: [Vec<i32>; 5] = Default::default();
        for attendance in &self.sorted {
            let (high, low) = attendance.activity;
            ids.push(format!("{high:016x}{low:016x}"));
            let person = usize::try_from(attendance.person).ok();
            let told = person.and_then(|person| self.people.get(person));
            let nothing = Person {
                age: AGE_UNKNOWN,
                status: STATUS_UNKNOWN,
                gender: GENDER_UNKNOWN,
                birth_year: 0,
            };
            let Person { age, status, gender, birth_year } = *told.unwrap_or(&nothing);
            let row = [
                i32::from(age),
                i32::from(status),
                i32::from(gender),
                i32::from(birth_year),
                i32::from(attendance.is_recurrent),
            ];
            numbers.iter_mut().zip(row).for_each(|(column, number)| column.push(number));
        }
        let mut columns = vec![Series::new(columns::ACTIVITE_ID.name.into(), ids).into()];
        for (name, numbers) in PERSON.into_iter().zip(numbers) {
            columns.push(Series::new(name.into(), numbers).into());
        }
        Ok(DataFrame::new_infer_height(columns)?)
    }

    /// The counts of an activity of that year; `None` when nobody is known to have attended.
    #[must_use]
    pub fn counts(&self, activity: u128, year: i16) -> Option<Counts> {
        let activity = halves(activity);
        let start = self.sorted.partition_point(|attendance| attendance.activity < activity);
        let there = self.sorted.get(start..)?;
        let mut counts = [0; COUNTED.len()];
        let mut is_attended = false;
        for attendance in there.iter().take_while(|found| found.activity == activity) {
            is_attended = true;
            let person = usize::try_from(attendance.person).ok();
            let person = person.and_then(|person| self.people.get(person));
            let places = person.map_or([AGE_UNKNOWN, STATUS_UNKNOWN, GENDER_UNKNOWN], |person| {
                [person.age_in(year), person.status, person.gender]
            });
            for place in places.into_iter().chain(attendance.is_recurrent.then_some(RECURRENT)) {
                if let Some(count) = counts.get_mut(usize::from(place)) {
                    *count += 1;
                }
            }
        }
        is_attended.then_some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &Counts, column: &Column) -> i32 {
        let place = COUNTED.iter().position(|counted| counted == column).unwrap();
        counts[place]
    }

    #[test]
    fn people_are_counted_once_an_activity() {
        let at =
            |activity, person, is_recurrent| Attendance::new(activity, person, is_recurrent, 0);
        let people = vec![
            Person::new("moins_de_douze", "scolarise", "feminin", None),
            Person::new("", "", "", Some(1950)),
        ];
        let rows = [at(7, 0, false), at(7, 1, false), at(7, 1, true), at(7, 1, true)];
        let rows = rows.into_iter().chain([at(7, 2, false)]).collect();
        let mut fates = Vec::new();
        let known = Attendances::new(rows, people, &mut |_, fate| fates.push(fate));
        let expected = [Fate::Kept, Fate::Kept, Fate::Duplicate, Fate::Superseded, Fate::Kept];
        assert_eq!(fates, expected);
        let counts = known.counts(7, 2024).unwrap();
        assert_eq!(of(&counts, &columns::AGE_MOINS_12), 1);
        assert_eq!(of(&counts, &columns::AGE_70_PLUS), 1);
        assert_eq!(of(&counts, &columns::AGE_INCONNU), 1);
        assert_eq!(of(&counts, &columns::GENRE_FEMININ), 1);
        assert_eq!(of(&counts, &columns::GENRE_INCONNU), 2);
        assert_eq!(of(&counts, &columns::NB_PARTICIPANTS_RECURRENTS), 1);
        assert!(known.counts(8, 2024).is_none());
    }

    #[test]
    fn the_age_is_that_of_the_year_of_the_activity() {
        let person = Person::new("dix_huit_vingt_quatre", "", "", Some(2000));
        assert_eq!(person.age_in(2024), 2);
        assert_eq!(person.age_in(2025), 3);
        let unlikely = Person::new("dix_huit_vingt_quatre", "", "", Some(1800));
        assert_eq!(unlikely.age_in(2024), 2);
    }
}
