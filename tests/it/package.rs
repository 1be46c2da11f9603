//! What goes with a release: it says what the files are, and the same release says the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::public_list::HEADER;
use crate::secrecy::{month, record, run_on, three_months, verify_secrecy, write};
use crate::support::Scene;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(scene: &Scene, name: &str) -> Vec<u8> {
    fs::read(scene.warehouse().join("releases/latest").join(name)).unwrap()
}

fn json(scene: &Scene, name: &str) -> Value {
    serde_json::from_slice(&bytes(scene, name)).unwrap()
}

fn latest(scene: &Scene) -> String {
    let link = fs::read_link(scene.warehouse().join("releases/latest")).unwrap();
    link.to_string_lossy().into_owned()
}

#[test]
fn a_release_says_what_its_files_are() {
    let (scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let names: BTreeSet<String> = scene
        .files(&format!("releases/{}", latest(&scene)))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let text = String::from_utf8(bytes(&scene, "SHA256SUMS")).unwrap();
    let mut summed = BTreeSet::from(["SHA256SUMS".to_owned(), "verdict.json".to_owned()]);
    for line in text.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sum, sha256(&bytes(&scene, name)), "{name}");
        summed.insert(name.to_owned());
    }
    assert_eq!(names, summed);
    for name in ["NOTES.md", "CHANGELOG.md", "import.R", "import.py", "import.sql", "dcat.jsonld"] {
        assert!(names.contains(name), "{name}");
    }
    let page = String::from_utf8(bytes(&scene, "dictionnaire.html")).unwrap();
    assert!(page.contains("<caption>Colonnes de <code>activites_par_region_periode</code>"));
    for foreign in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let package = json(&scene, "datapackage.json");
    let resources = package["resources"].as_array().unwrap();
    for resource in resources {
        let content = bytes(&scene, resource["path"].as_str().unwrap());
        assert_eq!(resource["bytes"], content.len());
        assert_eq!(resource["hash"], format!("sha256:{}", sha256(&content)));
    }
    let tables = names.iter().filter(|name| name.ends_with(".parquet"));
    for table in tables.filter_map(|name| name.strip_suffix(".parquet")) {
        let csv = format!("{table}.csv");
        assert!(resources.iter().any(|resource| resource["path"] == csv), "{table}");
        let text = String::from_utf8(bytes(&scene, &csv)).unwrap();
        let schema = json(&scene, &format!("{table}.schema.json"));
        let fields = schema["fields"].as_array().unwrap().iter();
        let columns: Vec<&str> = fields.map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(text.lines().next(), Some(columns.join(",").as_str()));
    }
    verify_secrecy(&scene).expect(0);
}

#[test]
fn the_workbook_has_notes_first_and_the_symbol_where_figures_are_hidden() {
    let (scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let mut book = Xlsx::new(Cursor::new(bytes(&scene, "principales_tables.xlsx"))).unwrap();
    assert_eq!(book.sheet_names()[0], "Notes");
    let name = "activites_par_employeur_periode";
    let sheet = book.worksheet_range(name).unwrap();
    let text = String::from_utf8(bytes(&scene, &format!("{name}.csv"))).unwrap();
    assert_eq!(sheet.height(), text.lines().count());
    for (cells, line) in sheet.rows().zip(text.lines()).skip(1) {
        let hidden = line.ends_with('s');
        for (place, (cell, value)) in cells.iter().zip(line.split(',')).enumerate() {
            let expected = match value {
                "" if hidden => Data::String("s".to_owned()),
                "" => Data::Empty,
                value if place < 2 || value == "s" => Data::String(value.to_owned()),
                figure => Data::Float(figure.parse().unwrap()),
            };
            assert_eq!(*cell, expected, "{line}");
        }
    }
}

#[test]
fn the_same_release_has_the_same_bytes() {
    let made = || {
        let (scene, _) = three_months();
        run_on(&scene, "2024-08-01").expect(0);
        let name = latest(&scene);
        (name.clone(), scene.files(&format!("releases/{name}")))
    };
    assert_eq!(made(), made());
}

#[test]
fn the_same_files_are_the_last_release_whatever_the_day() {
    let (mut scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    run_on(&scene, "2024-09-01").expect(0);
    let before = latest(&scene);
    // What the release depends on is another text, and says the same.
    let file = scene.own_declarations().join("indicateurs.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("# Une remarque.\n{text}")).unwrap();
    run_on(&scene, "2024-09-02").expect(0);
    assert_eq!(latest(&scene), before);
    // A definition is part of what a release says.
    fs::write(&file, text.replace("nombre d'activités, chacune", "nombre d'activités : chacune"))
        .unwrap();
    run_on(&scene, "2024-09-03").expect(0);
    assert!(latest(&scene).starts_with("2024-09-03-"));
    let page = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    let step = page.split("\n## ").nth(1).unwrap();
    assert!(step.contains("### Définitions\n\n- `nb_activites` : nombre"), "{page}");
    assert!(!step.contains("### Tables"), "{page}");
    verify_secrecy(&scene).expect(0);
}

#[test]
fn what_has_changed_since_the_last_release_is_told() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let first = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    assert!(first.contains("Première diffusion : mois de 2024-01 à 2024-03."), "{first}");
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    run_on(&scene, "2024-09-01").expect(0);
    let page = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    assert!(page.contains("Par rapport à la diffusion du 2024-08-01."), "{page}");
    assert!(page.contains("### Mois clos depuis\n\n- `2024-04`\n"), "{page}");
    assert!(page.contains("- `activites_par_employeur_periode` : "), "{page}");
    assert!(!page.contains("### Chiffres modifiés"), "{page}");
    let below = first.strip_prefix("# Journal des données\n\n").unwrap();
    assert!(page.ends_with(&format!("\n{below}")), "{page}");
    verify_secrecy(&scene).expect(0);
}

#[test]
fn published_figures_that_change_are_told_with_the_kinds_of_their_causes() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let before = latest(&scene);
    let shown = String::from_utf8(bytes(&scene, "activites_par_departement_periode.csv")).unwrap();
    let month = ["2024-01", "2024-02", "2024-03"].into_iter().find(|month| {
        shown.lines().any(|line| line.starts_with(&format!("01,{month},")) && !line.ends_with('s'))
    });
    let month = month.unwrap();
    // An edit waits for company for a night; what comes the next night brings it along.
    let edited = format!("{month}-0-0");
    rows.retain(|row| !row.starts_with(&format!("{edited};")));
    rows.push(record(&edited, &format!("{month}-10"), (0, 0), 9));
    write(&scene, &rows);
    run_on(&scene, "2024-08-02").expect(0);
    assert_eq!(latest(&scene), before);
    for structure in 3..12 {
        let day = format!("{month}-20");
        rows.push(record(&format!("late-{structure}"), &day, (structure, 0), 9));
    }
    write(&scene, &rows);
    run_on(&scene, "2024-08-03").expect(0);
    assert_ne!(latest(&scene), before);
    let page = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    let (_, causes) = page.split_once("### Causes\n\n").unwrap();
    let (causes, _) = causes.split_once("\n\n").unwrap();
    let of_table = format!("- `activites_par_departement_periode`, {month} : ");
    let line = causes.lines().find(|line| line.starts_with(&of_table)).unwrap();
    assert!(line.contains("modification à la source "), "{page}");
    assert!(line.contains("saisie tardive"), "{page}");
    assert!(!causes.contains("cause non établie"), "{page}");
    verify_secrecy(&scene).expect(0);
}

#[test]
fn notes_tell_the_days_that_months_waited_and_why_a_table_is_not_there() {
    let (mut scene, _) = three_months();
    let pipeline = scene.own_declarations().join("national.toml");
    run_on(&scene, "2024-08-01").expect(0);
    let notes = |scene: &Scene| String::from_utf8(bytes(scene, "NOTES.md")).unwrap();
    assert!(notes(&scene).contains("clos, 120 jours au moins après sa fin"));
    let why = "la liste publique dont elle est la somme n'a pas été fournie.";
    let method = String::from_utf8(bytes(&scene, "methode.md")).unwrap();
    for page in [&notes(&scene), &method] {
        let line = page.lines().find(|line| line.starts_with("- `employeurs_par_type` : "));
        assert!(line.is_some_and(|line| line.ends_with(why)), "{page}");
    }
    // March was closed after 123 days, whatever is asked of later months.
    let text = fs::read_to_string(&pipeline).unwrap();
    let longer = text.replace("provisional_days = 120", "provisional_days = 150");
    fs::write(&pipeline, longer).unwrap();
    run_on(&scene, "2024-08-02").expect(0);
    assert!(notes(&scene).contains("clos, 123 jours au moins après sa fin"));
}

#[test]
fn a_text_that_was_altered_is_not_the_one_that_was_proved() {
    let (scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let path = scene.warehouse().join("releases/latest/NOTES.md");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("masqué", "montré", 1)).unwrap();
    verify_secrecy(&scene).expect(77);
}

#[test]
fn a_release_that_stays_is_opened_again() {
    let (scene, _) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let run = fs::read_link(scene.warehouse().join("current")).unwrap();
    let path = scene.warehouse().join("releases/latest/NOTES.md");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen('e', "f", 1)).unwrap();
    let said = run_on(&scene, "2024-08-02").expect(65);
    assert!(said.stderr.contains("`NOTES.md` is not what `SHA256SUMS` tells"), "{}", said.stderr);
    assert_eq!(fs::read_link(scene.warehouse().join("current")).unwrap(), run);
    fs::write(&path, text).unwrap();
    run_on(&scene, "2024-08-02").expect(0);
}

#[test]
fn an_open_table_that_changed_is_another_release() {
    let (scene, _) = three_months();
    let list = |count: u32| {
        let rest = "publique;73282932000074;01;;01053;01000;1;non;non;non";
        let text = format!("{HEADER}\nMAIRIE;;;;{count};16/06/2021;{rest}\n");
        scene.file("employeurs_open_data.csv", text);
    };
    list(3);
    run_on(&scene, "2024-08-01").expect(0);
    let first = latest(&scene);
    let protected = bytes(&scene, "activites_par_departement_periode.csv");
    let open = bytes(&scene, "employeurs_par_type.csv");
    run_on(&scene, "2024-08-02").expect(0);
    assert_eq!(latest(&scene), first);
    list(4);
    run_on(&scene, "2024-08-03").expect(0);
    assert!(latest(&scene).starts_with("2024-08-03-"));
    assert_ne!(bytes(&scene, "employeurs_par_type.csv"), open);
    assert_eq!(bytes(&scene, "activites_par_departement_periode.csv"), protected);
    verify_secrecy(&scene).expect(0);
}
