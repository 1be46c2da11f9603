//! A number of rows becomes an invented export of the dataset in `race/datasets/`, with its flaws.
//!
//! Every record is a function of its number, so the same rows give the same bytes everywhere.

use jiff::Timestamp;

const STRUCTURES: u64 = 400;
const COMMUNES: u64 = 1_000;
const ADVISERS: u64 = 500;
const MINUTE: i64 = 60_000;
/// Milliseconds from 1970 to November 2020, and what the days of the records span.
const FIRST: i64 = 1_605_520_800_000;
const SPAN: i64 = 129_000_000_000;

const HEADER: &str = "id;conseiller_id;structure_id;date;maj_le;canal;activite;code_commune;\
    code_postal;nb_participants;nb_participants_recurrents;age_moins12;age_12_18;age_18_35;\
    age_35_60;age_plus60;st_etudiant;st_sans_emploi;st_en_emploi;st_retraite;st_heterogene;\
    themes;duree;orientation;note";
const CATEGORIES: [&str; 9] =
    ["7210", "7220", "7230", "7346", "7361", "9220", "5710", "4110", "6540"];
const PLACES: [&str; 4] = ["rattachement", "domicile", "distance", "autre lieu"];
const THEMES: [&str; 8] = [
    "courriel",
    "demarches-en-ligne",
    "smartphone",
    "sante",
    "securite",
    "traitement-texte",
    "trouver-emploi",
    "vocabulaire",
];
const DURATIONS: [&str; 8] = ["0-30", "30-60", "60-90", "90-120", "120+", "45", "75", ""];
const NOTES: [&str; 8] = [
    "",
    "",
    "",
    "",
    "Première visite",
    "À revoir",
    "\"Vu avec la mairie ; \"\"à rappeler\"\"\"",
    "\"Deux séances\nà suivre\"",
];
/// A field, and a text that no rule lets pass there.
const FAULTS: [(usize, &str); 12] = [
    (0, "undefined"),
    (2, "ffffffffffffffffffffffff"),
    (3, "05/03/2024"),
    (3, "2023-02-30T10:00:00.000Z"),
    (3, "1970-01-01T00:00:00.000Z"),
    (4, ""),
    (5, "DOMICILE "),
    (7, "99999"),
    (9, "abc"),
    (9, "0"),
    (10, "99"),
    (14, "70"),
];

/// Numbers that look drawn at random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64: of each number, all bits depend on all bits of the seed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % limit
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::try_from(self.below(texts.len() as u64)).unwrap_or_default()]
    }

    fn milliseconds(&mut self, limit: i64) -> i64 {
        self.below(limit.unsigned_abs()).cast_signed()
    }

    /// Splits persons over five classes.
    fn classes(&mut self, persons: u64) -> [u64; 5] {
        let mut classes = [0; 5];
        for _ in 0..persons {
            classes[usize::try_from(self.below(5)).unwrap_or_default()] += 1;
        }
        classes
    }
}

/// The export: records, one in sixty with a fault and one in two hundred a copy or a later version.
pub(super) fn sessions(rows: u64) -> String {
    let mut text = format!("{HEADER}\n");
    for number in 0..rows {
        let fields = match number {
            0 => session(0, rows),
            _ if number % 200 == 0 => copy(number, rows),
            _ => session(number, rows),
        };
        text.push_str(&fields.join(";"));
        text.push('\n');
    }
    text
}

/// Structures by identifier, with their legal category.
pub(super) fn structures() -> impl Iterator<Item = (String, &'static str)> {
    (0..STRUCTURES).map(|number| (structure(number), Dice(number).one_of(&CATEGORIES)))
}

/// Communes by code, with their département.
pub(super) fn communes() -> impl Iterator<Item = (String, String)> {
    (0..COMMUNES).map(|number| {
        let code = commune(number);
        let departement = code[..2].to_owned();
        (code, departement)
    })
}

/// An earlier record once more, every other time corrected a week later.
fn copy(number: u64, rows: u64) -> Vec<String> {
    let mut dice = Dice(number);
    let earlier = dice.below(number);
    let mut fields = session(earlier, rows);
    if dice.below(2) == 0 {
        fields[4] = instant(created(earlier, rows) + 7 * 1_440 * MINUTE);
        dice.one_of(&PLACES).clone_into(&mut fields[5]);
    }
    fields
}

fn session(number: u64, rows: u64) -> Vec<String> {
    let mut dice = Dice(number.wrapping_mul(1_000));
    let at = created(number, rows);
    let adviser = dice.below(ADVISERS);
    let is_workshop = dice.below(5) == 0;
    let persons = if is_workshop { 2 + dice.below(8) } else { 1 };
    let commune = commune(dice.below(COMMUNES));
    let mut fields = vec![
        format!("{:08x}{:016x}", at / 1_000, dice.below(u64::MAX)),
        format!("{:024x}", 0xc0_0000 + adviser),
        structure(adviser % STRUCTURES),
        instant(at - dice.milliseconds(2 * 1_440 * MINUTE)),
        instant(at + dice.milliseconds(1_440 * MINUTE)),
        dice.one_of(&PLACES).to_owned(),
        if is_workshop { "collectif" } else { dice.one_of(&["individuel", "ponctuel"]) }.to_owned(),
        commune.clone(),
        format!("{}0", &commune[..4]),
        persons.to_string(),
        dice.below(persons + 1).to_string(),
    ];
    fields.extend(dice.classes(persons).iter().map(u64::to_string));
    fields.extend(dice.classes(persons).iter().map(u64::to_string));
    let themes: Vec<&str> = THEMES.into_iter().filter(|_| dice.below(4) == 0).collect();
    fields.push(themes.join("|"));
    fields.push(dice.one_of(&DURATIONS).to_owned());
    fields.push(dice.one_of(&["", "", "Mairie", "CAF"]).to_owned());
    fields.push(if dice.below(20) == 0 { dice.one_of(&NOTES) } else { "" }.to_owned());
    if dice.below(60) == 0 {
        let (place, text) = FAULTS[usize::try_from(number).unwrap_or_default() % FAULTS.len()];
        text.clone_into(&mut fields[place]);
    }
    fields
}

/// When a record was created: evenly over the years, whatever the number of rows.
fn created(number: u64, rows: u64) -> i64 {
    FIRST + SPAN / rows.cast_signed() * number.cast_signed()
}

fn structure(number: u64) -> String {
    format!("{:024x}", 0x5000_0000 + number * 7)
}

fn commune(number: u64) -> String {
    format!("{:02}{:03}", 1 + number % 19, 1 + number / 19)
}

fn instant(milliseconds: i64) -> String {
    let at = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
