//! Bad input ends in a reject with line and reason, or in a clear error; nothing vanishes.

use std::fs;

use crate::secrecy::run_on;
use crate::support::{FLAT, Scene, conum, row, said};

/// Enough good rows that one bad row stays under the limit of rejects.
fn with_bad(bad: &[String]) -> Scene {
    let scene = Scene::new();
    let good = (0..100).map(|n| row(&format!("good-{n}"), "2023-05-02", &[]));
    scene.flat(&bad.iter().cloned().chain(good).collect::<Vec<_>>());
    scene
}

/// The bad rows start at line 2. Checks the rejects and that 100 activities are left.
#[track_caller]
fn check(bad: &[String], rejects: &str) {
    let scene = with_bad(bad);
    scene.run().expect(0);
    assert_eq!(scene.rejects(), rejects);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,non,100,100,"), "{table}");
    scene.verify().expect(0);
}

#[test]
fn a_missing_folder_is_named() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.input()).unwrap();
    let said = scene.run().expect(66);
    assert!(said.stderr.contains("there is no input folder"), "{}", said.stderr);
}

#[test]
fn a_folder_without_any_known_file_is_told_the_names_looked_for() {
    let scene = Scene::new();
    scene.file("other.csv", "a,b\n");
    let said = scene.run().expect(66);
    assert!(said.stderr.contains("activites_plates*.csv"), "{}", said.stderr);
}

#[test]
fn an_empty_file_is_an_absent_input() {
    let scene = Scene::new();
    scene.file("activites_plates.csv", "");
    let said = scene.run().expect(66);
    assert!(said.stderr.contains("`activites_plates.csv`"), "{}", said.stderr);
    assert!(said.stderr.contains("the file is empty"), "{}", said.stderr);
}

#[test]
fn a_header_alone_is_published_with_a_warning() {
    let scene = Scene::new();
    scene.file("activites_plates.csv", format!("{FLAT}\n"));
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("has no record"), "{}", said.stderr);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.ends_with("\nensemble,ensemble,non,0,0,0,0,0,0,0,0,0,0,0\n"), "{table}");
    scene.verify().expect(0);
}

#[test]
fn missing_columns_are_all_named() {
    let scene = Scene::new();
    let header = FLAT.replace(";duree", "").replace("nb_participants;", "");
    scene.file("activites_plates.csv", format!("{header}\n"));
    let said = scene.run().expect(65);
    assert!(
        said.stderr.contains("missing column(s) `duree`, `nb_participants`")
            || said.stderr.contains("missing column(s) `nb_participants`, `duree`"),
        "{}",
        said.stderr
    );
}

#[test]
fn binary_garbage_is_refused() {
    let scene = Scene::new();
    let numbers = 0..100_000_u32;
    let garbage: Vec<u8> =
        numbers.map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    scene.file("activites_plates.csv", garbage);
    scene.run().expect(65);
}

#[test]
fn binary_garbage_in_the_middle_costs_its_lines() {
    let scene = Scene::new();
    let mut text = format!("{FLAT}\n{}\n", row("a", "2023-05-02", &[])).into_bytes();
    text.extend_from_slice(b"\x00\xff\xfe;\x80\n");
    for n in 0..100 {
        text.extend_from_slice(
            format!("{}\n", row(&format!("g{n}"), "2023-05-02", &[])).as_bytes(),
        );
    }
    scene.structures().file("activites_plates.csv", text);
    scene.run().expect(0);
    assert_eq!(scene.rejects(), "3,encodage\n");
}

#[test]
fn a_truncated_last_line_is_rejected_as_such() {
    let scene = with_bad(&[]);
    let path = scene.input().join("activites_plates.csv");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("cut;c1;s1;2023-05");
    fs::write(&path, text).unwrap();
    scene.run().expect(3);
    assert_eq!(scene.rejects(), "102,ligne_tronquee\n");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    let plain = with_bad(&[]);
    plain.run().expect(0);
    let marked = with_bad(&[]);
    let path = marked.input().join("activites_plates.csv");
    let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
    fs::write(&path, format!("\u{feff}{text}")).unwrap();
    marked.run().expect(0);
    assert_eq!(plain.files("tables"), marked.files("tables"));
    assert_eq!(plain.files("clean"), marked.files("clean"));
}

#[test]
fn latin_1_where_utf_8_is_declared_is_rejected_and_where_declared_is_read() {
    let mut latin = row("accent", "2023-05-02", &[("note", "@")]).into_bytes();
    let at = latin.iter().position(|byte| *byte == b'@').unwrap();
    latin[at] = 0xE9;
    let text = |scene: &Scene| {
        let path = scene.input().join("activites_plates.csv");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(&latin);
        bytes.push(b'\n');
        fs::write(&path, bytes).unwrap();
    };
    let scene = with_bad(&[]);
    text(&scene);
    scene.run().expect(0);
    assert_eq!(scene.rejects(), "102,encodage\n");

    let mut scene = with_bad(&[]);
    text(&scene);
    let source = scene.own_declarations().join("sources/activites_plates.toml");
    let declared = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("encoding = \"windows-1252\"\n{declared}")).unwrap();
    scene.run().expect(0);
    assert_eq!(scene.rejects(), "");
}

#[test]
fn an_unbalanced_quote_costs_one_line() {
    check(&[row("q", "2023-05-02", &[("note", "\"open")])], "2,guillemets\n");
}

#[test]
fn a_field_of_ten_megabytes_costs_one_line() {
    let long = "x".repeat(10 << 20);
    check(&[row("long", "2023-05-02", &[("note", &long)])], "2,enregistrement_trop_long\n");
}

#[test]
fn a_quoted_field_of_ten_megabytes_costs_one_line() {
    let long = format!("\"{}\"", "x;".repeat(5 << 20));
    check(&[row("long", "2023-05-02", &[("note", &long)])], "2,enregistrement_trop_long\n");
}

#[test]
fn line_feeds_in_quotes_are_part_of_the_field() {
    check(
        &[row("late", "2023-05-02", &[("note", "\"a;\n\"\"b\"\"\""), ("date", "soon")])],
        "2,date_invalide:date\n",
    );
}

#[test]
fn unknown_codes_are_rejected() {
    check(
        &[
            row("a", "2023-05-02", &[("canal", "pigeon")]),
            row("b", "2023-05-02", &[("activite", "rituel")]),
        ],
        "2,code_inconnu:lieu\n3,code_inconnu:type_activite\n",
    );
}

#[test]
fn a_row_keeps_all_its_reasons() {
    check(
        &[row("", "2023-05-02", &[("nb_participants", "two"), ("canal", "pigeon")])],
        "2,manquant:activite_id|code_inconnu:lieu|entier_invalide:nb_participants\n",
    );
}

#[test]
fn dates_out_of_the_programme_are_rejected() {
    check(
        &[
            row("a", "1970-01-01", &[]),
            row("b", "2026-03-01", &[]),
            row("c", "2023-02-30", &[("maj_le", "")]),
        ],
        "4,date_invalide:date\n2,date_trop_ancienne\n3,date_future\n",
    );
}

#[test]
fn absurd_counts_are_rejected() {
    check(
        &[
            row("a", "2023-05-02", &[("nb_participants", "-3")]),
            row("b", "2023-05-02", &[("nb_participants", "1000000000000")]),
            row("c", "2023-05-02", &[("nb_participants", "0")]),
            row("d", "2023-05-02", &[("age_12_18", "-1")]),
        ],
        "3,entier_hors_bornes:nb_participants\n2,participants_hors_bornes\n\
         4,participants_hors_bornes\n5,effectif_hors_bornes:age_12_17\n",
    );
}

#[test]
fn a_duplicate_identifier_counts_once() {
    let twice = row("twice", "2023-05-02", &[]);
    let later = row("twice", "2023-05-02", &[("maj_le", "2023-06-01T00:00:00Z"), ("duree", "60")]);
    let scene = Scene::new();
    scene.flat(&[twice.clone(), later, twice]);
    scene.run().expect(0);
    assert_eq!(scene.parquet("clean/activites/annee=2023", &["duree_minutes"]), "60\n");
    let ledger = scene
        .parquet("current/ledger.parquet", &["etape", "source", "devenir", "lignes", "minutes"]);
    assert!(ledger.contains("clean,activites_plates,entree,3,120\n"), "{ledger}");
    assert!(ledger.contains("clean,activites_plates,doublon,1,30\n"), "{ledger}");
    assert!(ledger.contains("clean,activites_plates,remplacee,1,30\n"), "{ledger}");
    assert!(ledger.contains("clean,activites_plates,gardee,1,60\n"), "{ledger}");
}

#[test]
fn too_many_rejects_stop_the_run_and_leave_the_last_outputs() {
    let scene = with_bad(&[]);
    // So long ago that what it gave stands for nothing any more.
    run_on(&scene, "2025-06-01").expect(0);
    let before = scene.files("tables");
    let bad: Vec<String> = (0..50).map(|n| row(&format!("b{n}"), "soon", &[])).collect();
    scene.flat(&bad);
    let said = scene.run().expect(65);
    assert!(
        said.stderr.contains("`activites_plates`: 50 of 50 (date_invalide:date 50)"),
        "{}",
        said.stderr
    );
    assert_eq!(scene.files("tables"), before);
    scene.verify().expect(0);
    let listed = conum()
        .args(["rejects", "--unpublished", "--limit", "1", "--warehouse"])
        .arg(scene.warehouse())
        .arg("--pipeline")
        .arg(&scene.pipeline)
        .output()
        .unwrap();
    let listed = crate::support::said(&listed).expect(0);
    assert!(listed.stdout.contains("activites_plates.csv"), "{}", listed.stdout);
    assert!(listed.stdout.contains("une date qui existe"), "{}", listed.stdout);
}

#[test]
fn json_lines_that_are_no_object_are_rejected() {
    let scene = Scene::new();
    let good = |n: usize| {
        format!(
            r#"{{"id":"u{n}","type":"individuel","mediateur_id":"m","accompagnements":1,"date":"2025-01-07","duree":30,"type_lieu":"domicile","structure_id":null,"lieu_code_postal":null,"lieu_code_insee":"2A004","modification":"2025-01-07T10:00:00.000Z","suppression":null,"thematiques":["email","inconnue"],"structure_employeuse_id":"s1","v1_cra_id":null,"beneficiaires":{{"total":1,"genres":{{}},"statuts":{{}},"tranches_age":{{"soixante_dix_plus":1}}}}}}"#
        )
    };
    let mut lines: Vec<String> = (0..100).map(good).collect();
    lines.insert(0, "{\"id\":".to_owned());
    lines.insert(1, "[1,2]".to_owned());
    lines.insert(2, "null".to_owned());
    lines.insert(3, good(100).replace("\"accompagnements\":1", "\"accompagnements\":1.5"));
    scene.structures().file("coop_activites.jsonl", lines.join("\n"));
    scene.run().expect(0);
    assert_eq!(
        scene.rejects(),
        "1,json_invalide\n2,json_invalide\n3,json_invalide\n4,entier_invalide:nb_participants\n"
    );
    let ages = scene.read("tables/beneficiaires_par_employeur_age.csv");
    assert!(ages.contains("\nassociation,60_plus,ensemble,oui,100\n"), "{ages}");
    let clean = scene.parquet("clean/activites/annee=2025", &["themes", "departement", "drapeaux"]);
    assert!(clean.starts_with("email|inconnu,2A,theme_inconnu|recurrents_inconnus\n"), "{clean}");
}

#[test]
fn the_same_file_under_two_names_counts_once_with_a_warning() {
    let scene = with_bad(&[]);
    fs::copy(
        scene.input().join("activites_plates.csv"),
        scene.input().join("activites_plates_2.csv"),
    )
    .unwrap();
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("has the same bytes as"), "{}", said.stderr);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,non,100,"), "{table}");
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    said(&conum().args(["run", "--fast"]).output().unwrap()).expect(2);
}

#[test]
fn no_published_run_is_said() {
    let scene = Scene::new();
    let said = scene.verify().expect(66);
    assert!(said.stderr.contains("there is no warehouse"), "{}", said.stderr);
}

#[test]
fn a_json_value_of_another_shape_is_rejected() {
    let scene = Scene::new();
    let good = |n: usize| {
        format!(
            r#"{{"id":"u{n}","type":"individuel","mediateur_id":"m","accompagnements":1,"date":"2025-01-07","duree":30,"type_lieu":"domicile","structure_id":null,"lieu_code_postal":null,"lieu_code_insee":"2A004","modification":"2025-01-07T10:00:00.000Z","suppression":null,"thematiques":[],"structure_employeuse_id":"s1","v1_cra_id":null,"beneficiaires":null}}"#
        )
    };
    let mut lines: Vec<String> = (0..200).map(good).collect();
    lines[0] = good(0).replace(r#""id":"u0""#, r#""id":["u0"]"#);
    lines[1] = good(1).replace(r#""beneficiaires":null"#, r#""beneficiaires":3"#);
    lines[2] = good(2).replace(r#""thematiques":[]"#, r#""thematiques":"email""#);
    lines[3] = good(3).replace(r#""v1_cra_id":null"#, r#""id":"twice""#);
    scene.structures().file("coop_activites.jsonl", lines.join("\n"));
    scene.run().expect(0);
    let rejects = scene.rejects();
    assert!(
        rejects.starts_with("1,forme_inattendue:activite_id\n2,forme_inattendue:age_"),
        "{rejects}"
    );
    assert!(rejects.ends_with("\n3,forme_inattendue:themes\n4,json_invalide\n"), "{rejects}");

    let scene = Scene::new();
    let renamed: Vec<String> = (0..9).map(|n| good(n).replace("v1_cra_id", "legacy_id")).collect();
    scene.file("coop_activites.jsonl", renamed.join("\n"));
    let said = scene.run().expect(65);
    assert!(said.stderr.contains("no record has the key(s) `v1_cra_id`"), "{}", said.stderr);
}

#[test]
fn a_column_named_twice_is_refused_and_an_unknown_one_is_a_warning() {
    let scene = Scene::new();
    scene.file("activites_plates.csv", format!("{FLAT};duree\n"));
    let said = scene.run().expect(65);
    assert!(said.stderr.contains("the header has `duree` twice"), "{}", said.stderr);
    let lines = format!("{FLAT};humeur\n{};bonne\n", row("a", "2023-05-02", &[]));
    scene.structures().file("activites_plates.csv", lines);
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("a column `humeur` that is not declared"), "{}", said.stderr);
}

#[test]
fn line_ends_of_carriage_returns_alone_are_refused() {
    let scene = Scene::new();
    scene.file("activites_plates.csv", format!("{FLAT}\r{}\r", row("a", "2023-05-02", &[])));
    let said = scene.run().expect(65);
    assert!(said.stderr.contains("carriage return"), "{}", said.stderr);
}

#[test]
fn an_input_that_is_a_folder_and_a_source_that_fell_away_are_warnings() {
    let scene = with_bad(&[]);
    scene.run().expect(0);
    fs::remove_file(scene.input().join("structures.csv")).unwrap();
    fs::create_dir(scene.input().join("structures.csv")).unwrap();
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("`structures.csv` is not a file"), "{}", said.stderr);
    assert!(
        said.stderr.contains("source `structures` is held back: it has no input"),
        "{}",
        said.stderr
    );
}

#[test]
fn real_exports_under_the_published_key_are_a_warning() {
    let scene = with_bad(&[]);
    fs::remove_file(scene.input().join(".conum-sample")).unwrap();
    let run = scene.run().expect(3);
    assert!(run.stderr.contains("give `--key-file`"), "{}", run.stderr);
    let key = scene.path().join("key");
    fs::write(&key, "a secret of more than sixteen bytes").unwrap();
    said(&scene.command("run").arg("--key-file").arg(&key).output().unwrap()).expect(0);
}

#[test]
fn a_file_without_header_is_refused_and_its_data_not_shown() {
    let scene = Scene::new();
    scene.file("activites_plates.csv", format!("{}\n", row("a-person", "2023-05-02", &[])));
    let said = scene.run().expect(65);
    assert!(said.stderr.contains("is it a header?"), "{}", said.stderr);
    assert!(!said.stderr.contains("a-person"), "{}", said.stderr);
}

#[test]
fn rejects_are_counted_by_reason_and_by_file() {
    let scene = Scene::new();
    let mut rows: Vec<String> =
        (0..100).map(|number| row(&format!("n{number}"), "2023-05-02", &[])).collect();
    rows.push(row("a", "2023-05-02", &[("nb_participants", "9999")]));
    rows.push(row("b", "2019-05-02", &[]));
    rows.push(row("c", "2019-05-03", &[]));
    scene.flat(&rows).run().expect(0);
    let count = |by: &str| {
        let mut command = conum();
        command.args(["rejects", "--by", by, "--warehouse"]).arg(scene.warehouse());
        let said = said(&command.arg("--pipeline").arg(&scene.pipeline).output().unwrap());
        let lines = said.expect(0).stdout;
        let words = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        words.collect::<Vec<_>>()
    };
    assert_eq!(
        count("reason"),
        ["reason lines participants", "date_trop_ancienne 2 2", "participants_hors_bornes 1 9999"]
    );
    assert_eq!(count("file")[1], "activites_plates.csv date_trop_ancienne 2 2");
}
