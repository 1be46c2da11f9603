//! What goes with a release: it says what the files are, and the same release says the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::public_list::HEADER;
use crate::secrecy::{month, run_on, three_months, verify_secrecy, write};
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
    assert!(page.contains("### Définitions\n\n- `nb_activites` : nombre"), "{page}");
    assert!(!page.contains("### Tables"), "{page}");
    verify_secrecy(&scene).expect(0);
}

#[test]
fn what_has_changed_since_the_last_release_is_told() {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let page = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    assert!(page.contains("Première diffusion : mois de 2024-01 à 2024-03."), "{page}");
    rows.extend(month("2024-04"));
    write(&scene, &rows);
    run_on(&scene, "2024-09-01").expect(0);
    let page = String::from_utf8(bytes(&scene, "CHANGELOG.md")).unwrap();
    assert!(page.contains("Par rapport à la diffusion du 2024-08-01."), "{page}");
    assert!(page.contains("### Mois clos depuis\n\n- `2024-04`\n"), "{page}");
    assert!(page.contains("- `activites_par_employeur_periode` : "), "{page}");
    assert!(!page.contains("### Chiffres modifiés"), "{page}");
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
