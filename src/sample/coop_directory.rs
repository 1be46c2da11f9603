//! Employers and advisers become what the Coop knows of structures, users and employments.

use crate::sample::advisers::Adviser;
use crate::sample::classes::Kind;
use crate::sample::days::{DAY_MS, from_civil};
use crate::sample::dice::{mix, uuid};
use crate::sample::employers::{Employer, Label};
use crate::sample::words::{self, Person, person};
use crate::sample::world::World;

/// Kind numbers of identifiers made for employments, and of what is drawn of users.
const EMPLOYMENT_IDS: u64 = 24;
const USER_NOISE: u64 = 25;
/// Instant the accounts of the legacy system were brought over.
pub(crate) const IMPORTED_MS: i64 = from_civil(2024, 11, 18) * DAY_MS + 7_384_219;

/// A user of the Coop.
pub(crate) struct User<'a> {
    pub(crate) adviser: &'a Adviser,
    pub(crate) person: Person,
    /// Whether the adviser is one of the programme today: nine in ten.
    pub(crate) is_in_programme: bool,
    /// Number in the programme's own register.
    pub(crate) number: usize,
    pub(crate) deleted_ms: Option<i64>,
    pub(crate) employments: Vec<CoopEmployment<'a>>,
}

/// An employment by a structure the Coop knows.
pub(crate) struct CoopEmployment<'a> {
    pub(crate) id: String,
    pub(crate) structure_id: &'a str,
    pub(crate) start_ms: i64,
    /// Last instant of the last day; none while it lasts.
    pub(crate) end_ms: Option<i64>,
}

/// Lists the users.
pub(crate) fn users<'a>(world: &'a World<'a>) -> impl Iterator<Item = User<'a>> {
    world.advisers.all().iter().zip(0..).map(|(adviser, number): (_, usize)| {
        let rank = u64::try_from(number).unwrap_or(0);
        let noise = mix(&[world.seed, USER_NOISE, rank]);
        let employments = adviser.employments().filter_map(|employment| {
            let employer = world.employers.get(employment.employer)?;
            let start = u64::try_from(employment.first_day).unwrap_or(0);
            Some(CoopEmployment {
                id: uuid(world.seed, EMPLOYMENT_IDS, rank << 32 | start),
                structure_id: employer.coop_id.as_deref()?,
                start_ms: employment.first_day * DAY_MS,
                end_ms: employment.last_day.map(|day| (day + 1) * DAY_MS - 1),
            })
        });
        User {
            adviser,
            person: person(noise),
            is_in_programme: number % 10 != 9,
            number,
            deleted_ms: (number % 50 == 33).then_some((world.last_day + 1) * DAY_MS - 1),
            employments: employments.collect(),
        }
    })
}

/// Lists the structures the Coop knows, with their identifiers.
pub(crate) fn structures<'a>(
    world: &'a World<'a>,
) -> impl Iterator<Item = (&'a str, &'a Employer)> {
    let known = |employer: &'a Employer| Some((employer.coop_id.as_deref()?, employer));
    world.employers.iter().filter_map(known)
}

/// Gives the address of a structure without its commune.
pub(crate) fn address(employer: &Employer) -> String {
    words::address(employer.number)
}

/// Gives the number of an association in the national register; one in three is known.
pub(crate) fn association_number(employer: &Employer) -> Option<String> {
    let is_known = employer.kind == Kind::Association && employer.number.is_multiple_of(3);
    is_known.then(|| format!("W99{:07}", employer.number))
}

/// Lists the kinds a structure is declared under.
pub(crate) fn typologies(employer: &Employer) -> Vec<&'static str> {
    let kind = match employer.kind {
        Kind::Association => Some("ASSO"),
        Kind::Commune => Some("MUNI"),
        Kind::Epci if employer.registered_category == "7346" => Some("CC"),
        Kind::Epci => Some("EPCI"),
        Kind::Ccas => Some("CCAS"),
        Kind::Cias => Some("CIAS"),
        Kind::Departement => Some("CD"),
        Kind::Region => Some("REG"),
        _ => None,
    };
    kind.into_iter().chain(is_labelled(employer).then_some("RFS")).collect()
}

/// Lists the national programmes a structure is in.
pub(crate) fn programmes(employer: &Employer) -> &'static [&'static str] {
    if is_labelled(employer) { &["France Services"] } else { &[] }
}

fn is_labelled(employer: &Employer) -> bool {
    employer.label == Label::Yes
}
