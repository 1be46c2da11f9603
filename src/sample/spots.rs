//! A flaw and an employer become the place written on a row.

use std::borrow::Cow;

use crate::sample::dice::Dice;
use crate::sample::employers::Employer;
use crate::sample::quirks::{Occurrence, Quirk};
use crate::sample::words::commune_name;
use crate::sample::world::World;

/// Communes that no longer existed when the programme started, or stopped since, with their
/// postal codes.
const OLD_COMMUNES: &[(&str, &str)] = &[
    ("69101", "69640"),
    ("27651", "27100"),
    ("50316", "50860"),
    ("08294", "08140"),
    ("71492", "71460"),
    ("19092", "19300"),
    ("61409", "61340"),
];
const ARRONDISSEMENTS: &[(&str, &str)] =
    &[("13201", "13001"), ("75111", "75011"), ("69381", "69001")];
const CORSICA: &[(&str, &str)] = &[("2A004", "20000"), ("2B033", "20200"), ("2A004", "20090")];
const OVERSEAS: &[(&str, &str)] = &[
    ("97801", "97150"),
    ("98818", "98800"),
    ("97502", "97500"),
    ("97105", "97100"),
    ("97209", "97200"),
    ("97302", "97300"),
    ("97411", "97490"),
    ("97608", "97600"),
];
/// Communes whose codes start with a zero.
const ZERO_FIRST: &[(&str, &str)] =
    &[("01053", "01000"), ("04070", "04000"), ("06088", "06000"), ("09122", "09000")];
/// Postal codes as they were met (domain note, section 3.6), with the commune meant.
const MALFORMED: &[(&str, &str)] = &[("04070", " 0400"), ("24322", "24 54"), ("35238", "null ")];

/// The place of an activity, as written; an empty text is a missing one.
pub(crate) struct Spot<'a> {
    pub(crate) commune_code: Cow<'a, str>,
    pub(crate) postal_code: Cow<'a, str>,
    pub(crate) commune_name: String,
    /// Whether a quirk chose it.
    pub(crate) is_flawed: bool,
}

impl<'a> Spot<'a> {
    fn new(commune_code: &'a str, postal_code: &'a str) -> Self {
        Self {
            commune_code: Cow::Borrowed(commune_code),
            postal_code: Cow::Borrowed(postal_code),
            commune_name: commune_name(commune_code),
            is_flawed: false,
        }
    }

    /// Gives the place of an employer.
    pub(crate) fn of_employer(employer: &'a Employer) -> Self {
        Self::new(&employer.commune_code, &employer.postal_code)
    }

    /// Draws the place of an activity: the commune of the employer in 72 % of the cases.
    pub(crate) fn draw(
        world: &'a World<'_>,
        dice: &mut Dice,
        employer: &'a Employer,
        occurrence: Option<Occurrence>,
    ) -> Self {
        let usual = Self::usual(world, dice, employer);
        occurrence.and_then(Self::flawed).unwrap_or(usual)
    }

    fn usual(world: &'a World<'_>, dice: &mut Dice, employer: &'a Employer) -> Self {
        let near = world.neighbours.get(employer.departement.as_str());
        let place = match dice.below(100) {
            0..72 => None,
            72..92 => near.and_then(|near| world.places.get(dice.pick(near))),
            _ => world.places.get(dice.position(world.places.len())),
        };
        place.map_or_else(
            || Self::of_employer(employer),
            |place| Self::new(&place.code, &place.postal_code),
        )
    }

    /// Gives the place a flaw asks for; none when the flaw is not one of place.
    fn flawed(occurrence: Occurrence) -> Option<Self> {
        let one_of = |variants: &[(&'static str, &'static str)]| {
            let (commune_code, postal_code) = occurrence.variant(variants);
            Self::new(commune_code, postal_code)
        };
        let without_zero = |code: &str| Cow::Owned(code.trim_start_matches('0').to_owned());
        // Half of the flawed postal codes have no commune code to be corrected from.
        let lone = occurrence.ordinal % 2 == 1;
        let spot = match occurrence.quirk {
            Quirk::OldCommune => one_of(OLD_COMMUNES),
            Quirk::Arrondissement => one_of(ARRONDISSEMENTS),
            Quirk::Corsica => one_of(CORSICA),
            Quirk::Overseas => one_of(OVERSEAS),
            Quirk::UndefinedPlace => Self {
                commune_code: Cow::Borrowed(""),
                postal_code: Cow::Borrowed("undef"),
                commune_name: "NED UNDEFINED".to_owned(),
                is_flawed: true,
            },
            Quirk::MalformedPostalCode => one_of(MALFORMED).without_code_if(lone),
            Quirk::LostZeroPostalCode => {
                let spot = one_of(ZERO_FIRST).without_code_if(lone);
                Self { postal_code: without_zero(&spot.postal_code), ..spot }
            }
            Quirk::LostZeroCommuneCode => {
                let spot = one_of(ZERO_FIRST);
                Self { commune_code: without_zero(&spot.commune_code), ..spot }
            }
            _ => return None,
        };
        Some(Self { is_flawed: true, ..spot })
    }

    /// Forgets the commune code where asked.
    pub(crate) fn without_code_if(self, forget: bool) -> Self {
        if forget {
            return Self { commune_code: Cow::Borrowed(""), is_flawed: true, ..self };
        }
        self
    }
}
