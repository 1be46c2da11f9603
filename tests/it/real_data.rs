//! Public data that is not in the repository: read where `CONUM_DATA` names its folder, else these
//! tests say nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use conum::definition::Definitions;
use conum::definition::territory::Place;
use conum::run::folders;
use conum::vocabulary::sirene::is_siret;
use jiff::civil::Date;

use crate::support::{Scene, root};

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    Definitions::load("national.toml", &files).unwrap()
});

fn data(name: &str) -> Option<PathBuf> {
    Some(PathBuf::from(env::var_os("CONUM_DATA")?).join(name)).filter(|path| path.is_file())
}

/// A code, and whether it is that of a commune and not of a part of one.
type Code = (String, bool);

/// Events of communes, by the day they take effect: what a code becomes.
fn events(path: PathBuf) -> BTreeMap<Date, Vec<(Code, Code)>> {
    let mut events: BTreeMap<Date, Vec<(Code, Code)>> = BTreeMap::new();
    for record in csv::Reader::from_path(path).unwrap().records() {
        let record = record.unwrap();
        let code = |kind: usize, code: usize| (record[code].to_owned(), &record[kind] == "COM");
        events.entry(record[1].parse().unwrap()).or_default().push((code(2, 3), code(8, 9)));
    }
    events
}

/// The communes of today that have the territory which a code had before a day; none where it is
/// a part of a commune to this day.
fn heirs(code: &Code, since: Date, events: &BTreeMap<Date, Vec<(Code, Code)>>) -> BTreeSet<String> {
    let mut codes = BTreeSet::from([code.clone()]);
    for pairs in events.range(since..).map(|(_, pairs)| pairs) {
        let step = |code: Code| {
            let becomes = pairs.iter().filter(|(before, _)| *before == code);
            let becomes: BTreeSet<Code> = becomes.map(|(_, after)| after.clone()).collect();
            let communes = becomes.iter().filter(|(_, is_commune)| *is_commune);
            let communes: BTreeSet<Code> = communes.cloned().collect();
            match (becomes.is_empty(), communes.is_empty()) {
                (true, _) => BTreeSet::from([code]),
                (false, true) => becomes,
                (false, false) => communes,
            }
        };
        codes = codes.into_iter().flat_map(step).collect();
    }
    codes.into_iter().filter(|(_, is_commune)| *is_commune).map(|(code, _)| code).collect()
}

fn leads_to(place: Option<&Place>) -> BTreeSet<String> {
    match place {
        None => BTreeSet::new(),
        Some(place) if place.commune.is_empty() => place.heirs.iter().cloned().collect(),
        Some(place) => BTreeSet::from([place.commune.clone()]),
    }
}

#[test]
fn codes_of_all_vintages_since_2019_lead_where_the_events_of_communes_lead() {
    let Some(path) = data("insee_mouvements-communes_2026.csv") else { return };
    let events = events(path);
    let territory = &DEFINITIONS.territory;
    let mut checked = 0;
    for (day, pairs) in events.range(Date::constant(2019, 1, 2)..) {
        for (code, _) in pairs {
            let eve = day.yesterday().unwrap();
            let place = territory.place(territory.code_on(&code.0, eve));
            let expected = heirs(code, *day, &events);
            if expected.is_empty() {
                assert!(place.is_some(), "{code:?} before {day} is unknown");
            } else if code.1 || !pairs.iter().any(|(other, _)| *other == (code.0.clone(), true)) {
                assert_eq!(leads_to(place), expected, "{code:?} before {day}");
            }
            checked += 1;
        }
    }
    assert!(checked > 800, "{checked} codes");
}

#[test]
fn every_line_of_the_public_list_is_kept_with_a_type_and_a_departement() {
    let Some(path) = data("employeurs_open_data_2023-04-05_extrait.csv") else { return };
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().skip(1).map(|line| line.split(';').collect::<Vec<_>>());
    let given: BTreeSet<&str> = lines.map(|cells| cells[7]).filter(|it| is_siret(it)).collect();
    let scene = Scene::new();
    scene.file("employeurs_open_data.csv", &text);
    scene.run().expect(0);
    let columns = ["siret", "type_employeur", "groupe_employeur", "departement"];
    let found = scene.parquet("clean/employeurs_publics.parquet", &columns);
    assert_eq!(found.lines().count(), text.lines().count() - 1);
    let kept: BTreeSet<&str> = found.lines().filter_map(|line| line.split(',').next()).collect();
    assert!(given.is_subset(&kept));
    assert!(!found.contains("inconnu"), "{found}");
    scene.verify().expect(0);
}
