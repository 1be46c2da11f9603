//! Thirty nights of growing months, late records, edits and deletions: what all releases together
//! tell. The check is written here, from the public files alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::secrecy::{run_on, siren, verify_secrecy, write};
use crate::support::{Scene, row};

const NIGHTS: u32 = 30;
const FIRST: Date = date(2024, 8, 1);
/// The released tables and their dimension beside the period.
const RELEASED: [(&str, &str); 3] = [
    ("activites_par_departement_periode", "departement"),
    ("activites_par_region_periode", "region"),
    ("activites_par_employeur_periode", "type_employeur"),
];

/// Commune, postal code, département and région; two structures alone work in the last one.
const PLACES: [[&str; 4]; 6] = [
    ["01053", "01000", "01", "84"],
    ["69123", "69001", "69", "84"],
    ["35238", "35000", "35", "53"],
    ["29019", "29200", "29", "53"],
    ["44109", "44000", "44", "52"],
    ["49007", "49000", "49", "52"],
];

/// Legal categories and the types they mean; two structures alone are of the last one.
const KINDS: [[&str; 2]; 4] =
    [["9220", "association"], ["7210", "commune"], ["7346", "epci"], ["7220", "departement"]];
const STRUCTURES: u32 = 18;

fn kind(structure: u32) -> [&'static str; 2] {
    let last = KINDS.len() - 1;
    let is_last = structure + 2 >= STRUCTURES;
    KINDS[if is_last { last } else { usize::try_from(structure).unwrap() % last }]
}

/// Whether a structure works at a place.
fn works(structure: u32, place: usize) -> bool {
    match place {
        5 => structure < 2,
        _ => (structure + u32::try_from(place).unwrap()).is_multiple_of(2),
    }
}

/// Every structure at each of its places.
fn pairs() -> impl Iterator<Item = (u32, usize)> {
    let all = (0..PLACES.len()).flat_map(|place| (0..STRUCTURES).map(move |one| (one, place)));
    all.filter(|(structure, place)| works(*structure, *place))
}

/// A record of a structure at a place, with its participants.
struct Record {
    id: String,
    day: Date,
    structure: u32,
    place: usize,
    people: u32,
}

impl Record {
    fn line(&self) -> String {
        let [commune, postal, ..] = PLACES[self.place];
        let (structure, people) = (format!("s{}", self.structure), self.people.to_string());
        let changes = [
            ("structure_id", structure.as_str()),
            ("conseiller_id", structure.as_str()),
            ("code_commune", commune),
            ("code_postal", postal),
            ("nb_participants", &people),
        ];
        row(&self.id, &self.day.to_string(), &changes)
    }

    /// The rows that count it, in all tables.
    fn cells(&self) -> Vec<Cell> {
        let [.., departement, region] = PLACES[self.place];
        let kind = kind(self.structure)[1];
        let codes =
            [ALL, ("departement", departement), ("region", region), ("type_employeur", kind)];
        let month = self.day.to_string()[..7].to_owned();
        let periods = std::iter::successors(Some(month), |period| longer(period));
        periods.flat_map(|period| codes.map(|(head, code)| cell(head, code, &period))).collect()
    }
}

/// Dimension, code and period of a row.
type Cell = (String, String, String);
/// The row that all tables share, of a period.
const ALL: (&str, &str) = ("", "ensemble");

fn cell(head: &str, code: &str, period: &str) -> Cell {
    let head = if code == ALL.1 { ALL.0 } else { head };
    (head.to_owned(), code.to_owned(), period.to_owned())
}

/// The quarter of a month, the year of a quarter.
fn longer(period: &str) -> Option<String> {
    let (year, part) = period.split_once('-')?;
    let month: Option<u32> = part.parse().ok();
    Some(month.map_or(year.to_owned(), |month| format!("{year}-T{}", month.div_ceil(3))))
}

/// A number below `sides`, another one for each seed.
fn dice(seed: u32, sides: usize) -> usize {
    usize::try_from(seed.wrapping_add(7).wrapping_mul(2_654_435_761) >> 9).unwrap() % sides
}

/// What the public reads of a release: the figures of each row; nothing where they are hidden.
type Public = BTreeMap<Cell, Option<String>>;

fn public(scene: &Scene) -> Public {
    let mut public = Public::new();
    for (table, head) in RELEASED {
        let text = scene.read(&format!("releases/latest/{table}.csv"));
        for line in text.lines().skip(1) {
            let (codes, rest) = line.split_at(line.match_indices(',').nth(1).unwrap().0);
            let (code, period) = codes.split_once(',').unwrap();
            let shown = rest.strip_suffix(',').map(str::to_owned);
            let known = public.insert(cell(head, code, period), shown.clone());
            assert!(known.is_none_or(|known| known == shown), "two tables differ on {codes}");
        }
    }
    public
}

/// A hidden figure: a row, and how many times its period was revised.
type Figure = (Cell, u32);
/// Figures that add up, with their factors, to something published.
type Equation = BTreeMap<Figure, u64>;

/// All releases so far, as one system.
#[derive(Clone, Default)]
struct Union {
    last: Public,
    revisions: BTreeMap<String, u32>,
    equations: BTreeSet<Equation>,
}

impl Union {
    /// Adds a release; gives the rows of which it shows other figures than the last.
    fn add(&mut self, release: &Public) -> BTreeSet<Cell> {
        for (cell, shown) in &self.last {
            let now = release.get(cell);
            assert_eq!(
                now.map(Option::is_some),
                Some(shown.is_some()),
                "{cell:?} changed its fate"
            );
        }
        let is_new = |(cell, shown): &(&Cell, &Option<String>)| {
            self.last.get(*cell).is_some_and(|last| last != *shown)
        };
        let revised: BTreeSet<Cell> =
            release.iter().filter(is_new).map(|(cell, _)| cell.clone()).collect();
        for period in revised.iter().map(|cell| &cell.2).collect::<BTreeSet<_>>() {
            *self.revisions.entry(period.clone()).or_default() += 1;
        }
        let periods: BTreeSet<&String> = release.keys().map(|cell| &cell.2).collect();
        let codes: BTreeSet<(&String, &String)> =
            release.keys().map(|(head, code, _)| (head, code)).collect();
        for period in &periods {
            for (_, head) in RELEASED {
                let parts = release.keys().filter(|cell| cell.0 == head && cell.2 == **period);
                self.relate(release, &cell(ALL.0, ALL.1, period), parts);
            }
            for [.., region] in PLACES {
                let parts = PLACES.iter().filter(|place| place[3] == region);
                let parts: Vec<Cell> =
                    parts.map(|place| cell("departement", place[2], period)).collect();
                self.relate(release, &cell("region", region, period), parts.iter());
            }
            for (head, code) in &codes {
                let parts = periods.iter().filter(|part| longer(part).as_ref() == Some(*period));
                let parts: Vec<Cell> = parts.map(|part| cell(head, code, part)).collect();
                if !parts.is_empty() {
                    self.relate(release, &cell(head, code, period), parts.iter());
                }
            }
        }
        self.last.clone_from(release);
        revised
    }

    /// A row that is not there is a row of zeros; what is shown leaves the equation.
    fn relate<'c>(
        &mut self,
        release: &Public,
        total: &Cell,
        parts: impl Iterator<Item = &'c Cell>,
    ) {
        let mut equation = Equation::new();
        for (cell, factor) in parts.map(|part| (part, 1)).chain([(total, PRIME - 1)]) {
            if release.get(cell) == Some(&None) {
                let revision = self.revisions.get(&cell.2).copied().unwrap_or_default();
                equation.insert((cell.clone(), revision), factor);
            }
        }
        if !equation.is_empty() {
            self.equations.insert(equation);
        }
    }

    /// The hidden rows of which some figure is determined, if one more were shown.
    fn determined(&self, shown: Option<&Cell>) -> BTreeSet<Cell> {
        let mut reduced: BTreeMap<Figure, Equation> = BTreeMap::new();
        for equation in &self.equations {
            let mut left = equation.clone();
            left.retain(|(cell, _), _| Some(cell) != shown);
            let pivots: Vec<Figure> =
                left.keys().filter(|figure| reduced.contains_key(*figure)).cloned().collect();
            for pivot in pivots {
                subtract(&mut left, &reduced[&pivot], &pivot);
            }
            let Some((pivot, factor)) = left.first_key_value() else { continue };
            let (pivot, inverse) = (pivot.clone(), power(*factor, PRIME - 2));
            left.values_mut().for_each(|factor| *factor = *factor * inverse % PRIME);
            reduced.values_mut().for_each(|other| subtract(other, &left, &pivot));
            reduced.insert(pivot, left);
        }
        // Fully reduced, what is determined stands alone.
        let alone = reduced.into_iter().filter(|(_, equation)| equation.len() == 1);
        alone.map(|((cell, _), _)| cell).collect()
    }
}

/// Sums are exact modulo a prime: what is determined there and not else would be a rare chance.
const PRIME: u64 = 2_147_483_647;

fn power(base: u64, exponent: u64) -> u64 {
    let half = if exponent == 0 { return 1 } else { power(base * base % PRIME, exponent / 2) };
    if exponent % 2 == 1 { half * base % PRIME } else { half }
}

/// Takes `pivot` out of an equation by another whose factor of it is 1.
fn subtract(equation: &mut Equation, by: &Equation, pivot: &Figure) {
    let Some(times) = equation.get(pivot).copied() else { return };
    for (figure, factor) in by {
        let left = equation.get(figure).copied().unwrap_or_default();
        let left = (left + (PRIME - times) * factor) % PRIME;
        match left {
            0 => equation.remove(figure),
            left => equation.insert(figure.clone(), left),
        };
    }
}

/// Declarations of the released tables alone, and the structures.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    for name in ["chiffres_cles.toml", "cout.toml"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for entry in fs::read_dir(folder.join("tables")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_kept = RELEASED.iter().any(|(table, _)| *table == name);
        // The pipeline shows it at the end of a run.
        if !is_kept && name != "employeurs_par_type" {
            fs::remove_file(path).unwrap();
        }
    }
    let line = |number: u32| {
        let (siren, [category, _]) = (siren(number + 30_000_000), kind(number));
        format!("s{number};{siren}00011;STRUCTURE {number};{category};01053;01000;;\n")
    };
    let lines: String = (0..STRUCTURES).map(line).collect();
    let head = "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services\n";
    scene.file("structures.csv", format!("{head}{lines}"));
    scene
}

/// A year of records, each structure once a month at each of its places.
fn year() -> Vec<Record> {
    let record = |month: i8, (structure, place): (u32, usize)| Record {
        id: format!("{month}-{structure}-{place}"),
        day: date(2024, month, 10),
        structure,
        place,
        people: 5 + structure % 4,
    };
    (1..=12).flat_map(|month| pairs().map(move |pair| record(month, pair))).collect()
}

/// What comes on a night to the months that are closed: late records of a few structures, or now
/// and then of all in a month; an edit; a deletion.
fn revise(records: &mut Vec<Record>, night: u32, closed: i8) {
    let closed = usize::try_from(closed).unwrap();
    let pairs: Vec<(u32, usize)> = pairs().collect();
    let month = |seed: u32| date(2024, i8::try_from(1 + dice(seed, closed)).unwrap(), 20);
    let mut late = |seed: u32, day: Date, (structure, place): (u32, usize)| {
        let id = format!("late-{night}-{seed}");
        records.push(Record { id, day, structure, place, people: 5 + seed % 4 });
    };
    for seed in night * 3..night * 3 + 3 {
        late(seed, month(seed), pairs[dice(seed, pairs.len())]);
    }
    if night % 5 == 4 {
        let day = month(night / 5);
        for (seed, pair) in (1000..).zip(&pairs) {
            late(seed, day, *pair);
        }
    }
    // The first records are those of the first months.
    let place = |seed: u32| dice(seed, closed * pairs.len());
    records[place(night + 400)].people += 3;
    records.remove(place(night + 800));
}

/// Records and participants of each structure in each row of months.
type Parts = BTreeMap<Cell, BTreeMap<u32, (u32, u32)>>;

fn parts(records: &[Record]) -> Parts {
    let mut parts = Parts::new();
    for record in records {
        for cell in record.cells() {
            let sums = parts.entry(cell).or_default().entry(record.structure).or_default();
            (sums.0, sums.1) = (sums.0 + 1, sums.1 + record.people);
        }
    }
    parts
}

/// The rows that the rules forbid: fewer than three structures, whatever came and went, or what
/// the register says, which stays inside.
fn forbidden(scene: &Scene, ever: &BTreeMap<Cell, BTreeSet<u32>>) -> BTreeSet<Cell> {
    let few = ever.iter().filter(|(_, structures)| structures.len() < 3);
    let mut forbidden: BTreeSet<Cell> = few.map(|(cell, _)| cell.clone()).collect();
    let register = scene.parquet("current/secrecy/registre.parquet", &["cle", "statut_secret"]);
    for line in register.lines() {
        let Some((key, "A" | "B")) = line.rsplit_once(',') else { continue };
        let pairs: BTreeMap<&str, &str> =
            key.split('|').filter_map(|part| part.split_once('=')).collect();
        let (head, code) =
            pairs.iter().find(|(head, _)| **head != "periode").unwrap_or((&ALL.0, &ALL.1));
        forbidden.insert(cell(head, code, pairs["periode"]));
    }
    forbidden
}

#[test]
fn thirty_nights_together_tell_no_more_than_one() {
    let scene = scene();
    let mut records = year();
    let mut ever: BTreeMap<Cell, BTreeSet<u32>> = BTreeMap::new();
    let mut union = Union::default();
    // What the figures of months are made of, as they were last shown.
    let mut shown = Parts::new();
    let (mut waited, mut revised) = (0, 0);
    for night in 0..NIGHTS {
        let day = FIRST + (i64::from(night) * 10).days();
        // A month is provisional for 120 days.
        let open = day - 119.days();
        revise(&mut records, night, if open.year() > 2024 { 12 } else { open.month() - 1 });
        let known = records.iter().filter(|record| record.day <= day);
        write(&scene, &known.map(Record::line).collect::<Vec<_>>());
        run_on(&scene, &day.to_string()).expect(0);
        verify_secrecy(&scene).expect(0);
        let parts = parts(&records);
        for (cell, of) in &parts {
            ever.entry(cell.clone()).or_default().extend(of.keys());
        }
        waited += u32::from(scene.read("current/secrecy/closed.json").contains("waiting\": true"));
        let release = public(&scene);
        for cell in union.add(&release) {
            // Quarters and years are made of months that may still wait.
            if longer(&cell.2).is_none_or(|longer| !longer.contains('-')) {
                continue;
            }
            let (before, now) = (&shown[&cell], &parts[&cell]);
            let all: BTreeSet<&u32> = before.keys().chain(now.keys()).collect();
            let moved = all.iter().filter(|one| before.get(one) != now.get(one)).count();
            assert!(moved >= 3, "night {night}: {moved} structures moved {cell:?}");
            shown.insert(cell, now.clone());
            revised += 1;
        }
        for cell in release.keys() {
            shown.entry(cell.clone()).or_insert_with(|| parts[cell].clone());
        }
        let forbidden = forbidden(&scene, &ever);
        let is_shown = |cell: &&Cell| release.get(*cell).is_some_and(Option::is_some);
        assert_eq!(forbidden.iter().find(is_shown), None, "night {night}");
        let determined = union.determined(None);
        assert_eq!(determined.intersection(&forbidden).next(), None, "night {night}");
    }
    let releases = fs::read_dir(scene.warehouse().join("releases")).unwrap().count() - 1;
    assert!(releases > 10 && waited > 10 && revised > 10, "{releases} {waited} {revised}");
    let is_national = |(cell, shown): (&Cell, &Option<String>)| cell.0 == ALL.0 && shown.is_some();
    assert!(union.last.iter().any(is_national), "all is hidden, and nothing is shown by it");
    // The check can fail: each row that only protects others gives one of them away.
    let forbidden = forbidden(&scene, &ever);
    let hidden = union.last.iter().filter(|(_, shown)| shown.is_none()).map(|(cell, _)| cell);
    let secondary: Vec<&Cell> = hidden.filter(|cell| !forbidden.contains(*cell)).collect();
    let falls = |cell: &&&Cell| !union.determined(Some(cell)).is_disjoint(&forbidden);
    let needed = secondary.iter().filter(falls).count();
    assert!(needed > 0, "{secondary:?}");
}
