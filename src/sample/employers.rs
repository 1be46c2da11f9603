//! Numbers become employers: a name, a SIRET, a place, and what each system calls them.

use crate::sample::Place;
use crate::sample::classes::{Class, Kind, counts};
use crate::sample::dice::{Dice, Stream, mix, object_id, uuid};
use crate::sample::quirks::{Quirk, QuirkCalendar};
use crate::sample::siret;
use crate::sample::words;

/// Kind number of identifiers made for employers.
const EMPLOYER_IDS: u64 = 1;
/// Step between the invented SIREN of two employers; odd and not a multiple of 5.
const SIREN_STEP: u64 = 37;

/// Whether an employer is labelled France Services.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Label {
    #[default]
    Unknown,
    Yes,
    No,
    Duplicate,
}

impl Label {
    /// Draws one of the spellings the legacy system holds (domain note, section 2.5).
    pub(crate) fn spelling(self, dice: &mut Dice) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Yes => dice.pick(&["OUI", "Oui", "oui"]),
            Self::No => dice.pick(&["NON", "Non", "non"]),
            Self::Duplicate => "DOUBLON",
        }
    }
}

/// One employer.
pub(crate) struct Employer {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) siret: String,
    /// Legal category in the list of structures, where it may be missing.
    pub(crate) legal_category: &'static str,
    /// Legal category in the national register of companies.
    pub(crate) registered_category: &'static str,
    pub(crate) declared_type: &'static str,
    pub(crate) commune_code: String,
    pub(crate) postal_code: String,
    pub(crate) departement: String,
    /// Identifier in the legacy system, where the employer exists there.
    pub(crate) legacy_id: Option<String>,
    /// Identifier in the Coop, where the employer exists there.
    pub(crate) coop_id: Option<String>,
    pub(crate) posts: u64,
    pub(crate) label: Label,
    pub(crate) quirk: Option<Quirk>,
}

impl Employer {
    /// Tells whether applicants declared a private body.
    pub(crate) fn is_declared_private(&self) -> bool {
        self.declared_type == "PRIVATE"
    }
}

/// Places with the weights employers are drawn by.
pub(crate) struct WeighedPlaces<'a> {
    places: &'a [Place],
    weights: Vec<u64>,
}

impl<'a> WeighedPlaces<'a> {
    /// Weighs communes by the square root of their population, so that towns do not take all.
    pub(crate) fn new(places: &'a [Place]) -> Self {
        let sum = places.iter().scan(0_u64, |sum, place| {
            *sum = sum.saturating_add(place.population.isqrt() + 1);
            Some(*sum)
        });
        Self { places, weights: sum.collect() }
    }

    fn draw(&self, dice: &mut Dice) -> Option<&'a Place> {
        let drawn = dice.below(self.weights.last().copied().unwrap_or(0));
        self.places.get(self.weights.partition_point(|sum| *sum <= drawn))
    }
}

/// Invents the employers of an export of `rows` activity rows.
pub(crate) fn invent(seed: u64, rows: u64, places: &[Place]) -> Vec<Employer> {
    let classes = counts(rows);
    let total: u64 = classes.iter().map(|(_, count)| count).sum();
    let quirks = QuirkCalendar::of_employers(seed, total);
    let saint_martin = (0..total).find(|number| quirks.is_plain(*number));
    let places = WeighedPlaces::new(places);
    let mut dice = Dice::new(seed, Stream::Employers);
    let mut employers: Vec<Employer> = Vec::new();
    for (class, count) in classes {
        for _ in 0..count {
            let number = u64::try_from(employers.len()).unwrap_or(u64::MAX);
            let quirk = if Some(number) == saint_martin {
                Some(Quirk::SaintMartin)
            } else {
                quirks.at(number).map(|occurrence| occurrence.quirk)
            };
            dice.turn_to(number + 1);
            let place = place_of(&mut dice, &places, quirk);
            employers.push(employer(&mut dice, (seed, number), (class, quirk), place));
        }
    }
    employers
}

fn employer(
    dice: &mut Dice,
    (seed, number): (u64, u64),
    (class, quirk): (&Class, Option<Quirk>),
    place: (String, String, String),
) -> Employer {
    let (commune_code, postal_code, departement) = place;
    let (legal_category, prefix) = dice.weigh(class.legal);
    let unit = siret::siren(prefix, first_siren(seed) + number * SIREN_STEP);
    let siret = siret::siret(&unit, 1 + dice.run_of((1, 4), 8));
    let name = name(dice, class.kind, (number, &commune_code));
    let is_quoted = quirk == Some(Quirk::QuotedText);
    let label =
        [(Label::Unknown, 360), (Label::Yes, 267), (Label::No, 363), (Label::Duplicate, 10)];
    Employer {
        number,
        kind: class.kind,
        name: if is_quoted { format!("{name} \"LE FIL\"") } else { name },
        siret: if quirk == Some(Quirk::InvalidSiret) { broken(dice, &siret) } else { siret },
        legal_category: if quirk == Some(Quirk::LegalCategoryMissing) {
            ""
        } else {
            legal_category
        },
        registered_category: legal_category,
        declared_type: dice.weigh(class.declared),
        legacy_id: (quirk != Some(Quirk::CoopOnly)).then(|| object_id(seed, EMPLOYER_IDS, number)),
        coop_id: (quirk != Some(Quirk::LegacyOnly)).then(|| uuid(seed, EMPLOYER_IDS, number)),
        posts: 1 + dice.run_of((26, 100), 10),
        label: dice.weigh(&label),
        commune_code,
        postal_code,
        departement,
        quirk,
    }
}

fn first_siren(seed: u64) -> u64 {
    mix(&[seed, EMPLOYER_IDS]) % 1_000_000
}

/// Gives the commune code, postal code and département of a new employer.
fn place_of(
    dice: &mut Dice,
    places: &WeighedPlaces<'_>,
    quirk: Option<Quirk>,
) -> (String, String, String) {
    let owned = |code: &str, postal_code: &str, departement: &str| {
        (code.to_owned(), postal_code.to_owned(), departement.to_owned())
    };
    match (quirk, places.draw(dice)) {
        (Some(Quirk::SaintMartin), _) => owned("97801", "97150", "978"),
        (Some(Quirk::LostZeroPostalCode), _) => owned("01053", "1000", "01"),
        (Some(Quirk::LostZeroCommuneCode), _) => owned("4070", "04000", "04"),
        (_, Some(place)) => owned(&place.code, &place.postal_code, &place.departement),
        (_, None) => owned("", "", ""),
    }
}

/// Breaks a SIRET in one of the ways met: wrong key, a digit short, the SIREN alone, blanks.
fn broken(dice: &mut Dice, siret: &str) -> String {
    let head = siret.get(..13).unwrap_or_default();
    match dice.below(4) {
        0 => {
            let key = if siret.ends_with('0') { '1' } else { '0' };
            format!("{head}{key}")
        }
        1 => head.to_owned(),
        2 => siret.get(..9).unwrap_or_default().to_owned(),
        _ => format!("{} {}", siret.get(..9).unwrap_or_default(), siret.get(9..).unwrap_or("x")),
    }
}

fn name(dice: &mut Dice, kind: Kind, (number, commune_code): (u64, &str)) -> String {
    let commune = words::commune_name(commune_code).to_uppercase();
    let starts: &[&'static str] = match kind {
        Kind::Association => {
            return format!("ASSOCIATION {} {number}", words::association_purpose(dice));
        }
        Kind::NaturalPerson => return words::INVENTED_NATURAL_PERSON.to_owned(),
        Kind::Company => {
            return format!("{} NUMERIK {number}", dice.pick(&["SAS", "SCOP", "SARL"]));
        }
        Kind::Commune => &["COMMUNE DE", "COMMUNE DE", "COMMUNE DE", "MAIRIE DE", "VILLE DE"],
        Kind::Epci => &["CC DU PAYS DE", "COMMUNAUTE DE COMMUNES DE", "CA DE", "GRAND"],
        Kind::Ccas => {
            &["CCAS DE", "CENTRE COMMUNAL D ACTION SOCIALE DE", "CTRE COM ACTION SOCIALE"]
        }
        Kind::Cias => &["CIAS DE", "CENTRE INTERCOMMUNAL D'ACTION SOCIALE DE"],
        Kind::Departement => &["DEPARTEMENT DE", "CONSEIL DEPARTEMENTAL DE"],
        Kind::Region => &["REGION", "CONSEIL REGIONAL DE"],
        Kind::Syndicat => &["SYNDICAT MIXTE NUMERIQUE DE", "SIVU DE", "PETR DU PAYS DE"],
        Kind::Gip => &["GIP NUMERIQUE DE", "GIP MAISON DES SERVICES DE"],
        Kind::LocalPublicBody => &["OFFICE PUBLIC DE", "COLLEGE DE", "HOPITAL DE", "REGIE DE"],
        Kind::State => &["CHAMBRE D AGRICULTURE DE", "UNIVERSITE DE", "CROUS DE"],
        Kind::OtherCollectivity => &["COLLECTIVITE DE"],
        Kind::Foundation => &["FONDATION"],
        Kind::SocialProtection => &["MUTUALITE DE", "MSA DE", "CAISSE DE"],
        Kind::OtherPrivate => &["UNION LOCALE DE", "GROUPEMENT DE"],
    };
    format!("{} {commune}", dice.pick(starts))
}
