//! What is published: closed months, protected, proved, and the same from night to night.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{FLAT, Said, Scene, conum, row, said};

/// A number with its key (Luhn): a SIREN.
pub fn siren(number: u32) -> String {
    let digits = format!("{number:08}");
    let sum = digits.bytes().rev().enumerate().map(|(place, digit)| {
        let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        digit / 10 + digit % 10
    });
    format!("{digits}{}", (10 - sum.sum::<u32>() % 10) % 10)
}

/// Commune and postal code of places in three départements of two régions.
const PLACES: [(&str, &str); 3] = [("01053", "01000"), ("69123", "69001"), ("35238", "35000")];

/// Structures of three types, the first ones associations.
pub fn structures(scene: &Scene, count: u32) {
    let kinds = ["9220", "7210", "7346"];
    let line = |number: u32| {
        let (commune, postal) = PLACES[0];
        let kind = kinds[usize::try_from(number % 3).unwrap()];
        format!(
            "s{number};{}00011;STRUCTURE {number};{kind};{commune};{postal};;\n",
            siren(number + 30_000_000)
        )
    };
    let lines: String = (0..count).map(line).collect();
    let head = "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services\n";
    scene.file("structures.csv", format!("{head}{lines}"));
}

/// A record of a structure, at a place, that many participants.
pub fn record(id: &str, day: &str, (structure, place): (u32, usize), people: u32) -> String {
    let (commune, postal) = PLACES[place];
    let (structure, people) = (format!("s{structure}"), people.to_string());
    let changes = [
        ("structure_id", structure.as_str()),
        ("conseiller_id", structure.as_str()),
        ("code_commune", commune),
        ("code_postal", postal),
        ("nb_participants", &people),
        ("age_18_35", &people),
        ("st_en_emploi", &people),
    ];
    row(id, day, &changes)
}

/// Records of a month: many structures in the first two places, two in the third.
pub fn month(month: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for structure in 0..18_u32 {
        for place in 0..2 {
            let id = format!("{month}-{structure}-{place}");
            rows.push(record(&id, &format!("{month}-10"), (structure, place), 5 + structure % 4));
        }
    }
    for structure in 0..2 {
        let id = format!("{month}-{structure}-2");
        rows.push(record(&id, &format!("{month}-11"), (structure, 2), 7));
    }
    rows
}

pub fn write(scene: &Scene, rows: &[String]) {
    scene.file("activites_plates.csv", format!("{FLAT}\n{}\n", rows.join("\n")));
}

/// `conum run` on a reference day.
pub fn run_on(scene: &Scene, day: &str) -> Said {
    let mut arguments = scene.arguments("run");
    arguments[2] = day.into();
    said(&conum().args(arguments).output().unwrap())
}

pub fn verify_secrecy(scene: &Scene) -> Said {
    let mut conum = conum();
    said(&conum.arg("verify-secrecy").arg("--warehouse").arg(scene.warehouse()).output().unwrap())
}

const TABLE: &str = "releases/latest/activites_par_departement_periode";

/// Figures of a released table by their codes.
fn figures(scene: &Scene) -> BTreeMap<String, String> {
    let text = scene.read(&format!("{TABLE}.csv"));
    let rows = text.lines().skip(1).map(|line| {
        let places: Vec<usize> = line.match_indices(',').map(|(place, _)| place).collect();
        (line[..places[1]].to_owned(), line[places[1] + 1..].to_owned())
    });
    rows.collect()
}

pub fn three_months() -> (Scene, Vec<String>) {
    let scene = Scene::new();
    structures(&scene, 18);
    let rows = ["2024-01", "2024-02", "2024-03"].map(month).concat();
    write(&scene, &rows);
    (scene, rows)
}

#[test]
fn a_small_cell_is_hidden_with_what_would_give_it_away() {
    let (scene, _) = three_months();
    let said = run_on(&scene, "2024-08-01").expect(0);
    assert!(said.stdout.contains("Secrecy: release 2024-08-01-"), "{}", said.stdout);
    let found = figures(&scene);
    assert_eq!(found["35,2024-01"], ",,,,s");
    // The total and two other départements would give it by difference.
    let shown = ["01", "69"].map(|place| found[&format!("{place},2024-01")].ends_with(",s"));
    let total = found["ensemble,2024-01"].ends_with(",s");
    assert!(total || shown.contains(&true), "{found:?}");
    assert!(found.values().any(|row| !row.ends_with('s')), "{found:?}");
    assert!(!found.keys().any(|codes| codes.ends_with("ensemble") || codes.ends_with("2024")));
    // Parquet and CSV say the same, and nothing else tells of what is hidden.
    let columns = ["departement", "periode", "nb_activites", "secret"];
    let parquet = scene.parquet(&format!("{TABLE}.parquet"), &columns);
    assert!(parquet.contains("35,2024-01,,s\n"), "{parquet}");
    assert!(!scene.warehouse().join("releases/latest/certificat.bin").exists());
    verify_secrecy(&scene).expect(0);
    scene.verify().expect(0);
}

#[test]
fn an_altered_release_is_not_the_one_that_was_proved() {
    let (scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let path = scene.warehouse().join(format!("{TABLE}.csv"));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("35,2024-01,,", "35,2024-01,2,", 1)).unwrap();
    verify_secrecy(&scene).expect(77);
}

#[test]
fn a_new_month_changes_nothing_of_those_before() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let first = figures(&scene);
    run_on(&scene, "2024-08-02").expect(0);
    let is_one = fs::read_dir(scene.warehouse().join("releases")).unwrap().count() == 2;
    assert!(is_one, "no month closed: no new release");
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    run_on(&scene, "2024-09-01").expect(0);
    let second = figures(&scene);
    assert!(second.contains_key("01,2024-04"));
    for (codes, figures) in &first {
        assert_eq!(&second[codes], figures, "{codes}");
    }
    assert!(verify_secrecy(&scene).expect(0).stdout.contains("2 release(s)"));
}

#[test]
fn what_comes_late_waits_for_company() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let first = figures(&scene);
    let codes =
        first.keys().find(|codes| codes.starts_with("01,2024-0") && !first[*codes].ends_with('s'));
    let Some(codes) = codes.cloned() else { panic!("{first:?}") };
    let day = format!("{}-20", &codes[3..]);
    rows.push(record("late-0", &day, (0, 0), 9));
    write(&scene, &rows);
    run_on(&scene, "2024-08-02").expect(0);
    assert_eq!(figures(&scene), first, "one employer's record would be the difference");
    // As many of each type, which the released table by type shows.
    for structure in 3..12 {
        rows.push(record(&format!("late-{structure}"), &day, (structure, 0), 9));
    }
    write(&scene, &rows);
    run_on(&scene, "2024-08-03").expect(0);
    let count = |figures: &BTreeMap<String, String>| {
        figures[&codes].split(',').next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(count(&figures(&scene)), count(&first) + 10);
    verify_secrecy(&scene).expect(0);
}

#[test]
fn a_run_that_forgot_what_it_hid_publishes_nothing() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let latest = fs::read_link(scene.warehouse().join("releases/latest")).unwrap();
    let run = fs::read_link(scene.warehouse().join("current")).unwrap();
    fs::remove_dir_all(scene.warehouse().join("current/secrecy")).unwrap();
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    let said = run_on(&scene, "2024-09-01").expect(77);
    assert!(said.stderr.contains("no longer says what they hid"), "{}", said.stderr);
    assert_eq!(fs::read_link(scene.warehouse().join("releases/latest")).unwrap(), latest);
    assert_eq!(fs::read_link(scene.warehouse().join("current")).unwrap(), run);
}

#[test]
fn a_table_that_shows_more_of_rows_that_are_out_is_withheld_where_that_may_not_be_known() {
    let mut scene = Scene::new();
    structures(&scene, 18);
    // One structure has most participants of its place, and few of the activities.
    let big = record("big", "2024-02-12", (0, 0), 900);
    write(&scene, &[["2024-01", "2024-02", "2024-03"].map(month).concat(), vec![big]].concat());
    let folder = scene.own_declarations().join("tables");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let is_of_persons = |line: &&str| line.ends_with("= [\"structures\", \"persons\"]");
        if text.contains("nb_activites = [") {
            let lines: Vec<&str> = text.lines().filter(|line| !is_of_persons(line)).collect();
            fs::write(&path, lines.join("\n")).unwrap();
        }
    }
    run_on(&scene, "2024-08-01").expect(0);
    let shown = figures(&scene);
    assert!(!shown["01,2024-02"].ends_with('s'), "{shown:?}");
    let table = "title = \"Participations par département\"\ndefinition = \"Toutes.\"\n\
        from = \"activites\"\nby = [\"departement\", \"periode\"]\nperiods = [\"mois\"]\n\
        measures = [\"nb_participations\"]\n[secrecy]\nwhy = \"Une table de plus.\"\n\
        [secrecy.rules]\nnb_participations = [\"structures\"]\n";
    fs::write(folder.join("participations_par_departement.toml"), table).unwrap();
    let told = run_on(&scene, "2024-08-02").expect(0);
    let withheld = told.stdout.lines().find(|line| line.starts_with("Withheld"));
    let is_told = withheld.is_some_and(|line| line.contains("participations_par_departement"));
    assert!(is_told, "{}", told.stdout);
    let latest = scene.warehouse().join("releases/latest");
    assert!(!latest.join("participations_par_departement.csv").exists());
    assert_eq!(figures(&scene), shown);
}

#[test]
fn a_past_release_that_is_not_whole_is_not_forgotten() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let latest = fs::read_link(scene.warehouse().join("releases/latest")).unwrap();
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    let file = scene.warehouse().join(format!("{TABLE}.parquet"));
    let content = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let told = run_on(&scene, "2024-09-01").expect(77);
    assert!(told.stderr.contains("is gone, or not what it was"), "{}", told.stderr);
    assert_eq!(fs::read_link(scene.warehouse().join("releases/latest")).unwrap(), latest);
    fs::write(&file, content).unwrap();
    run_on(&scene, "2024-09-01").expect(0);
    verify_secrecy(&scene).expect(0);
}

#[test]
fn a_published_table_is_not_declared_otherwise() {
    let (mut scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let table = scene.own_declarations().join("tables/activites_par_departement_periode.toml");
    let text = fs::read_to_string(&table).unwrap();
    let is_of_minutes = |line: &&str| !line.starts_with("nb_minutes =");
    let lines: Vec<&str> = text.lines().filter(is_of_minutes).collect();
    fs::write(&table, lines.join("\n")).unwrap();
    let told = run_on(&scene, "2024-08-02").expect(77);
    assert!(told.stderr.contains("is published, and is no longer declared"), "{}", told.stderr);
    fs::write(&table, text).unwrap();
    run_on(&scene, "2024-08-02").expect(0);
}

#[test]
fn two_releases_of_one_day_are_judged_like_others() {
    let (mut scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let policy = scene.own_declarations().join("secrecy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("min_units = 3", "min_units = 4")).unwrap();
    run_on(&scene, "2024-08-01").expect(0);
    assert!(verify_secrecy(&scene).expect(0).stdout.contains("2 release(s)"));
}
