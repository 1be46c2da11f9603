//! The counts of people of a Coop activity become the people themselves, one by participant.

use crate::sample::coop_record::CoopRecord;
use crate::sample::coop_values::{AGES, GENDERS, STATUSES};
use crate::sample::days::{DAY_MS, to_civil};
use crate::sample::dice::{mix, uuid};
use crate::sample::words::{Person, person};

/// Kind numbers of identifiers made for people and for their being there.
const PERSON_IDS: u64 = 22;
const ATTENDANCE_IDS: u64 = 23;
/// More than the people an activity can have.
const PEOPLE_MAX: u64 = 32;
/// First and last age of each band but the one that is not told.
const AGES_OF_BANDS: [(u64, u64); 7] =
    [(3, 11), (12, 17), (18, 24), (25, 39), (40, 59), (60, 69), (70, 94)];

/// Somebody who took part in an activity.
pub(crate) struct Beneficiary {
    pub(crate) id: String,
    pub(crate) attendance_id: String,
    /// Texts of the closed lists; none where it was not told.
    pub(crate) gender: Option<&'static str>,
    pub(crate) age: Option<&'static str>,
    pub(crate) status: Option<&'static str>,
    /// Year of birth, known of some of those whose age is.
    pub(crate) birth_year: Option<i64>,
    pub(crate) is_first_time: bool,
    /// Name, known of 3 % of the people.
    pub(crate) person: Option<Person>,
}

/// Lists the people of an activity; their bands add up to its counts.
pub(crate) fn beneficiaries(seed: u64, record: &CoopRecord<'_>) -> Vec<Beneficiary> {
    let people = &record.people;
    let (genders, ages) = (expanded(&people.genders), expanded(&people.ages));
    let statuses = expanded(&people.statuses);
    let (year, ..) = to_civil(record.activity.at_ms.div_euclid(DAY_MS));
    let year = record.activity.unparsable_date().map_or(to_civil(record.day()).0, |_| year);
    let attendants = (0..people.total).zip(0..);
    attendants
        .map(|(number, rank): (u64, usize)| {
            let key = record.activity.id_row * PEOPLE_MAX + number;
            let noise = mix(&[seed, PERSON_IDS, key]);
            let band = ages.get(rank).copied();
            Beneficiary {
                id: uuid(seed, PERSON_IDS, key),
                attendance_id: uuid(seed, ATTENDANCE_IDS, key),
                gender: told(GENDERS, genders.get(rank).copied()),
                age: told(AGES, band),
                status: told(STATUSES, statuses.get(rank).copied()),
                birth_year: birth_year(noise, band, year),
                is_first_time: number >= record.activity.recurrents,
                person: ((noise >> 20) % 100 < 3).then(|| person(noise >> 40)),
            }
        })
        .collect()
}

/// Lists the band of each person.
fn expanded(counts: &[u64]) -> Vec<usize> {
    let bands = counts.iter().zip(0_usize..);
    bands.flat_map(|(count, band)| (0..*count).map(move |_| band)).collect()
}

/// Names a band; the last one of each list is that of people of whom it was not told.
fn told(names: &[&'static str], band: Option<usize>) -> Option<&'static str> {
    let band = band.filter(|band| band + 1 < names.len())?;
    names.get(band).copied()
}

fn birth_year(noise: u64, band: Option<usize>, year: i64) -> Option<i64> {
    let (first, last) = *AGES_OF_BANDS.get(band?)?;
    let age = first + (noise >> 8) % (last - first + 1);
    noise.is_multiple_of(5).then(|| year.saturating_sub_unsigned(age))
}
