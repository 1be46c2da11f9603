//! Refused records tell the structure they name, and each employer gets a page of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{FLAT, Said, Scene, conum, row, said};

/// Characters of the longest identifier there may be.
const LONGEST: usize = 64;

fn coop(n: usize, structure: &str) -> String {
    format!(
        r#"{{"id":"u{n}","type":"individuel","mediateur_id":"m","accompagnements":1,"date":"2025-01-07","duree":30,"type_lieu":"domicile","structure_id":null,"lieu_code_postal":null,"lieu_code_insee":"2A004","modification":"2025-01-07T10:00:00.000Z","suppression":null,"thematiques":[],"structure_employeuse_id":"{structure}","v1_cra_id":null,"beneficiaires":null}}"#
    )
}

/// Two employers with bad records in two sources, and some whose identifiers are hostile.
fn scene() -> Scene {
    let scene = Scene::new();
    let longest = "x".repeat(LONGEST);
    let mut structures =
        "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services\n\
         s1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI\n"
            .to_owned();
    for id in ["s2", "a=cmd", "/etc/x", &longest] {
        structures.push_str(&format!("{id};;MAIRIE;7210;01053;01000;COMMUNE;NON\n"));
    }
    let mut rows = vec![
        row("b2", "2023-05-02", &[("nb_participants", "9999")]),
        row("b3", "2019-05-02", &[]),
        row("b4", "soon", &[("structure_id", "s2"), ("activite", "unheard-of"), ("maj_le", "")]),
        row("b5", "2023-05-02", &[("structure_id", "../../x")]),
        row("b6", "2023-05-02", &[("structure_id", "a=cmd"), ("activite", "unheard-of")]),
        row("b7", "2023-05-02", &[("structure_id", "/etc/x"), ("activite", "unheard-of")]),
        row("b8", "2023-05-02", &[("structure_id", &longest), ("activite", "unheard-of")]),
        row("b9", "2023-05-02", &[("structure_id", &"x".repeat(500))]),
        "broken;s1;line".to_owned(),
        row("b11", "2023-05-02", &[("structure_id", "s404"), ("activite", "unheard-of")]),
    ];
    rows.extend((0..400).map(|n| row(&format!("good-{n}"), "2023-05-02", &[])));
    let mut lines: Vec<String> = (0..200).map(|n| coop(n, "s1")).collect();
    lines[0] = coop(0, "s1").replace("\"accompagnements\":1", "\"accompagnements\":1.5");
    lines[1] = coop(1, "s2").replace("\"accompagnements\":1", "\"accompagnements\":9999");
    scene
        .file("structures.csv", structures)
        .file("activites_plates.csv", format!("{FLAT}\n{}\n", rows.join("\n")))
        .file("coop_activites.jsonl", lines.join("\n"));
    scene
}

fn rejects(scene: &Scene, arguments: &[&str]) -> Said {
    let mut command = conum();
    command.arg("rejects").args(arguments).arg("--warehouse").arg(scene.warehouse());
    said(&command.arg("--pipeline").arg(&scene.pipeline).output().unwrap())
}

fn report(scene: &Scene, folder: &Path, limit: &str) -> Said {
    rejects(scene, &["--report", &folder.to_string_lossy(), "--limit", limit])
}

/// The pages of a folder, by name.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let page = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(page).collect()
}

#[test]
fn a_reject_tells_the_structure_it_names_on_any_number_of_threads() {
    let scene = scene();
    let run = |threads: &str| {
        let done = said(&scene.command("run").env("RAYON_NUM_THREADS", threads).output().unwrap());
        done.expect(0);
        scene.files("rejects")
    };
    let many = run("4");
    let of = |stage: &str| {
        let columns = ["source", "ligne", "structure_id", "raison"];
        scene.parquet(&format!("rejects/{stage}.parquet"), &columns)
    };
    let longest = "x".repeat(LONGEST);
    assert_eq!(
        of("ingest"),
        format!(
            "activites_plates,4,s2,date_invalide:date\n\
             activites_plates,5,,identifiant_invalide:structure_id\n\
             activites_plates,6,a=cmd,code_inconnu:type_activite\n\
             activites_plates,7,/etc/x,code_inconnu:type_activite\n\
             activites_plates,8,{longest},code_inconnu:type_activite\n\
             activites_plates,9,,identifiant_invalide:structure_id\n\
             activites_plates,10,,nombre_de_champs\n\
             activites_plates,11,s404,code_inconnu:type_activite\n\
             coop_activites,1,s1,entier_invalide:nb_participants\n"
        )
    );
    assert_eq!(
        of("clean"),
        "activites_plates,2,s1,participants_hors_bornes\n\
         activites_plates,3,s1,date_trop_ancienne\n\
         coop_activites,2,s2,participants_hors_bornes\n"
    );
    scene.verify().expect(0);
    fs::remove_dir_all(scene.warehouse()).unwrap();
    assert_eq!(run("1"), many);
}

#[test]
fn counts_by_employer_add_up_to_all_rejects() {
    let scene = scene();
    scene.run().expect(0);
    let said = rejects(&scene, &["--by", "employer"]).expect(0);
    let rows: Vec<Vec<&str>> =
        said.stdout.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let sum = |number: usize, of: &dyn Fn(&str) -> bool| -> i64 {
        let own = rows.iter().filter(|row| of(row[0]));
        own.map(|row| row[number].parse::<i64>().unwrap()).sum()
    };
    let all = scene.rejects().lines().count();
    assert_eq!(usize::try_from(sum(4, &|_| true)).unwrap(), all, "{}", said.stdout);
    // Those of the flat file have a participant each, where they could be read.
    assert_eq!([sum(4, &|id| id == "s1"), sum(5, &|id| id == "s1")], [3, 10_000]);
    assert_eq!([sum(4, &|id| id == "s2"), sum(5, &|id| id == "s2")], [2, 10_000]);
    assert_eq!(sum(4, &|id| id == "-"), 3);
    let expected = ["s1", "association", "73282932000074", "participants_hors_bornes", "1", "9999"];
    assert!(rows.contains(&expected.to_vec()), "{}", said.stdout);
    assert!(rows.contains(&vec!["s404", "-", "-", "code_inconnu:type_activite", "1", "1"]));
}

#[test]
fn each_employer_gets_a_page_in_plain_french_and_the_warehouse_nothing() {
    let scene = scene();
    scene.run().expect(0);
    let before = scene.files("");
    let folder = scene.path().join("pages");
    let said = report(&scene, &folder, "50").expect(0);
    assert!(said.stdout.ends_with("12 rejected lines in 6 page(s)\n"), "{}", said.stdout);
    let found = pages(&folder);
    assert_eq!(found.len(), 6, "{:?}", found.keys());
    for (name, text) in &found {
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(name.chars().all(is_safe) && name.len() < 120 && name.ends_with(".txt"), "{name}");
        for content in
            ["unheard-of", "soon", "../", "broken", "1.5", "xxxxxxxxxx".repeat(7).as_str()]
        {
            assert!(!text.contains(content), "{name} repeats {content}");
        }
    }
    let page = &found["employeur-s1.txt"];
    for line in [
        "Structure : s1",
        "Type d'employeur : Association",
        "SIRET : 73282932000074",
        "Jour de référence : 01/07/2025",
        "3 lignes refusées ; participants annoncés : 10000.",
        "1. L'activité est datée d'avant 2020 : 1 ligne",
        "   Dans le fichier : « date » : Jour de l'activité, heure de Paris.",
        "   - activites_plates.csv, ligne 3",
        "2. Un nombre n'est pas écrit en chiffres : 1 ligne",
        "   Dans le fichier : « accompagnements » : Participants (P).",
        "   Attendu : un nombre entier.",
        "   - coop_activites.jsonl, ligne 1",
        "3. Le nombre de participants est nul ou démesuré : 1 ligne",
        "- activites_plates.csv : enregistrements reçus : 410, dont 10 refusés",
        "- coop_activites.jsonl : enregistrements reçus : 200, dont 2 refusés",
        "Activités de cette structure qui comptent : 598.",
    ] {
        assert!(page.lines().any(|other| other == line), "no « {line} » in\n{page}");
    }
    let page = &found["employeur-s2.txt"];
    let both = "   - activites_plates.csv, ligne 4 ; aussi : une valeur n'est pas de la liste \
                prévue (« activite »)";
    assert!(page.lines().any(|line| line == both), "{page}");
    let page = &found["sans-employeur.txt"];
    let named = "   - activites_plates.csv, ligne 11 ; structure nommée : s404";
    assert!(page.lines().any(|line| line == named), "{page}");
    assert!(page.contains("1. Un identifiant contient des caractères"), "{page}");
    assert_eq!(scene.files(""), before);
    assert!(!scene.path().join("x").exists());
    let again = scene.path().join("again");
    report(&scene, &again, "50").expect(0);
    assert_eq!(pages(&again), found);
}

#[test]
fn few_lines_are_told_and_the_rest_counted() {
    let scene = scene();
    scene.run().expect(0);
    let folder = scene.path().join("deep/er");
    report(&scene, &folder, "1").expect(0);
    let page = &pages(&folder)["sans-employeur.txt"];
    assert!(page.contains("ligne 5\n   - et 1 autre ligne\n"), "{page}");
}

#[test]
fn pages_go_to_a_new_folder_outside_of_the_warehouse() {
    let scene = scene();
    scene.run().expect(0);
    let before = scene.files("");
    let link = scene.path().join("link");
    std::os::unix::fs::symlink(scene.warehouse(), &link).unwrap();
    let within = scene.warehouse();
    let back = scene.path().join("nowhere/../warehouse/pages");
    for folder in [within.clone(), within.join("pages"), link.join("a/b"), back, scene.input()] {
        let said = report(&scene, &folder, "50").expect(73);
        assert!(said.stderr.contains("give a new folder"), "{}", said.stderr);
    }
    assert_eq!(scene.files(""), before);
    assert!(!scene.path().join("nowhere").exists());
    let said = rejects(&scene, &["--report", "pages", "--by", "reason"]);
    said.expect(2);
}
