//! Where activities took place: old codes, parts of communes, divided communes, postal codes; and
//! where their employers are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::support::{Scene, root, row};

const TERRITORY: [&str; 4] = ["commune", "epci", "departement", "region"];

/// Checks what becomes of a commune code and a postal code on a day.
#[track_caller]
fn check((day, commune, postal_code): (&str, &str, &str), expected: &str) {
    let scene = Scene::new();
    scene.flat(&[row("a", day, &[("code_commune", commune), ("code_postal", postal_code)])]);
    scene.run().expect(0);
    let columns = ["commune", "epci", "departement", "departement_source", "drapeaux"];
    assert_eq!(scene.parquet("clean/activites", &columns), format!("{expected}\n"));
}

#[test]
fn the_postal_code_tells_the_heir_of_a_divided_commune() {
    let day = "2023-05-02";
    check((day, "45117", "45410"), "45313,200035764,45,commune,commune_par_code_postal");
    check((day, "45117", "45520"), "45093,200035764,45,commune,commune_par_code_postal");
}

#[test]
fn the_heir_of_a_divided_commune_stays_open_where_nothing_tells_it() {
    let day = "2023-05-02";
    check((day, "45117", ""), ",200035764,45,commune,commune_divisee");
    // Both heirs have this postal code.
    check((day, "77362", "77320"), ",200037133,77,commune,commune_divisee");
}

#[test]
fn a_code_that_named_a_larger_commune_is_open_until_the_division() {
    check(("2023-12-31", "85084", "85140"), ",200071918,85,commune,commune_divisee");
    check(("2024-01-01", "85084", "85140"), "85084,200071918,85,commune,");
}

#[test]
fn overseas_communes_have_their_own_collectivity() {
    for (commune, epci, departement) in [
        ("97123", "", "977"),
        ("97127", "", "978"),
        ("97502", "", "975"),
        ("98613", "", "986"),
        ("98735", "", "987"),
        ("98818", "", "988"),
    ] {
        let scene = Scene::new();
        scene.flat(&[row("a", "2023-05-02", &[("code_commune", commune), ("code_postal", "")])]);
        scene.run().expect(0);
        let found = scene.parquet("clean/activites", &["epci", "departement", "region"]);
        assert_eq!(found, format!("{epci},{departement},{departement}\n"), "{commune}");
    }
}

#[test]
fn a_postal_code_of_another_departement_is_flagged_and_does_not_decide() {
    check(("2023-05-02", "2A004", "13001"), "2A004,242010056,2A,commune,code_postal_divergent");
    // 05110 is of communes of two départements: it decides nothing.
    let ambiguous = "code_postal_ambigu|departement_par_employeur";
    check(("2023-05-02", "", "05110"), &format!(",,01,employeur,{ambiguous}"));
}

#[test]
fn the_place_of_an_activity_and_that_of_its_employer_are_apart() {
    let scene = Scene::new();
    scene.flat(&[
        row("a", "2023-05-02", &[("code_commune", "75113"), ("code_postal", "75013")]),
        row("b", "2023-05-03", &[("code_commune", ""), ("code_postal", "")]),
        row("c", "2023-05-04", &[("structure_id", "unlisted")]),
    ]);
    scene.run().expect(0);
    let place = ["commune", "departement", "region", "departement_source"];
    let expected = "75056,75,11,commune\n,01,84,employeur\n01053,01,84,commune\n";
    assert_eq!(scene.parquet("clean/activites", &place), expected);
    let employer =
        ["commune_employeur", "epci_employeur", "departement_employeur", "region_employeur"];
    let expected = "01053,200071751,01,84\n01053,200071751,01,84\n,,inconnu,\n";
    assert_eq!(scene.parquet("clean/activites", &employer), expected);
}

/// Communes that more codes than theirs lead to: former, delegated, associated, arrondissements.
static CODES: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let path = root().join("pipelines/reference/communes.csv");
    for record in csv::Reader::from_path(path).unwrap().records() {
        let record = record.unwrap();
        let (code, commune) = (record[0].to_owned(), record[2].to_owned());
        codes.entry(commune).or_default().insert(code);
    }
    codes.remove("");
    let several = codes.into_values().filter(|codes| codes.len() > 1);
    several.map(|codes| codes.into_iter().collect()).collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// The day is after the divisions: before one, a code in use may name a larger commune.
    #[test]
    fn an_activity_has_one_territory_whatever_code_its_commune_bears(
        places in prop::collection::btree_set(0..100_000_usize, 1..150),
        day in 1..=28_u8,
    ) {
        let day = format!("2025-03-{day:02}");
        let mut rows = Vec::new();
        for (number, place) in places.iter().enumerate() {
            let minutes = (number + 1).to_string();
            for code in &CODES[place % CODES.len()] {
                let id = format!("{number}-{code}");
                let told = [("code_commune", code.as_str()), ("code_postal", ""), ("duree", &minutes)];
                rows.push(row(&id, &day, &told));
            }
        }
        let scene = Scene::new();
        scene.flat(&rows);
        scene.run().expect(0);
        let found = scene.parquet("clean/activites", &["duree_minutes"]);
        prop_assert_eq!(found.lines().count(), rows.len());
        let [commune, epci, departement, region] = TERRITORY;
        let columns = ["duree_minutes", commune, epci, departement, region];
        let found = scene.parquet("clean/activites", &columns);
        let distinct: BTreeSet<&str> = found.lines().collect();
        prop_assert_eq!(distinct.len(), places.len(), "{:?}", distinct);
    }
}
