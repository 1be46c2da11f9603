//! A dataset declared whole goes through all stages: small CSV text in, CSV text out.

use std::fs;

use crate::support::{Scene, conum, root, said};

pub const HEADER: &str = "id;conseiller_id;structure_id;date;maj_le;canal;activite;code_commune;\
    code_postal;nb_participants;nb_participants_recurrents;age_moins12;age_12_18;age_18_35;\
    age_35_60;age_plus60;st_etudiant;st_sans_emploi;st_en_emploi;st_retraite;st_heterogene;themes;\
    duree;orientation;note";
const SESSIONS: &str = "clean/sessions/ym=2023-05/sessions.parquet";

/// A scene of the dataset of the race, with two structures and two communes.
pub fn scene(rows: &[String]) -> Scene {
    let mut scene = Scene::new();
    scene.pipeline = root().join("benches/race/race.toml");
    scene.file("structures.csv", "id;categorie_juridique\ns1;7210\ns2;9220\ns3;8410\n");
    scene.file("communes.csv", "code;departement\n01001;01\n2A004;2A\n");
    scene.file("sessions.csv", format!("{HEADER}\n{}", rows.concat()));
    scene
}

/// A session on a day of 2023-05, of this version.
pub fn session(id: u32, structure: &str, participants: u32, version: u32) -> String {
    format!(
        "{id:024x};c{};{structure};2023-05-{:02}T10:00:00.000Z;2023-06-01T00:00:00.{version:03}Z;\
         domicile;individuel;01001;01000;{participants};0;0;0;0;{participants};0;0;0;{participants};\
         0;0;courriel|internet;0-30;;\n",
        id % 3,
        1 + id % 28
    )
}

/// Line and reasons of the refused records.
fn refused(scene: &Scene) -> String {
    let files = scene.files("rejects/datasets/sessions");
    let path = format!("rejects/datasets/sessions/{}", files[0].0);
    scene.parquet(&path, &["ligne", "reasons"])
}

#[test]
fn versions_totals_and_parts_come_out() {
    let scene = scene(&[
        session(1, "s1", 2, 1),
        session(1, "s1", 5, 2),
        session(1, "s1", 5, 2),
        session(2, "s2", 3, 1),
        session(3, "s2", 1, 1).replace("2023-05", "2023-07").replace("courriel|internet", ""),
    ]);
    let said = scene.run();
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(
        scene.read("tables/t1.csv"),
        "employeur;ym;sessions;participants;recurrents;conseillers\n\
         Association;2023-05;1;3;0;1\nAssociation;2023-07;1;1;0;1\nAssociation;TOTAL;2;4;0;2\n\
         Commune;2023-05;1;5;0;1\nCommune;TOTAL;1;5;0;1\n\
         TOTAL;2023-05;2;8;0;2\nTOTAL;2023-07;1;1;0;1\nTOTAL;TOTAL;3;9;0;3\n"
    );
    assert_eq!(
        scene.read("tables/t3.csv"),
        "theme;employeur;occurrences;participants\n\
         TOTAL;Association;2;6\nTOTAL;Commune;2;10\nTOTAL;TOTAL;4;16\n\
         courriel;Association;1;3\ncourriel;Commune;1;5\ncourriel;TOTAL;2;8\n\
         internet;Association;1;3\ninternet;Commune;1;5\ninternet;TOTAL;2;8\n"
    );
    assert!(scene.read("tables/t4a.csv").contains("\nTOTAL;age_35_60;9\n"));
    assert!(said.stdout.contains("sessions"), "{}", said.stdout);
    let clean = scene.parquet(SESSIONS, &["id", "employeur", "departement", "duree_min", "note"]);
    let first = "000000000000000000000001,Commune,01,30,\n";
    assert_eq!(clean, format!("{first}000000000000000000000002,Association,01,30,\n"));
    scene.verify().expect(0);
}

#[test]
fn a_record_is_refused_with_all_its_reasons_and_its_text() {
    let rows: Vec<String> = (1..60).map(|id| session(id, "s1", 1, 1)).collect();
    let bad = session(70, "s1", 1, 1)
        .replace("2023-05-15T", "2023-02-30T")
        .replace(";s1;", ";s9;")
        .replace(";01001;", ";;")
        .replace(";domicile;", ";DOMICILE ;");
    let counts = session(71, "s1", 4, 1).replace(";0;0;0;4;0;", ";0;0;0;7;0;");
    let late = session(72, "s1", 1, 1).replace("2023-05-17T", "2031-01-01T");
    let few = session(73, "s1", 0, 1);
    let scene = scene(&[rows.concat(), bad, counts, late, few]);
    let said = scene.run();
    // Four of 63 are more than the limit.
    assert_eq!(said.code, 65, "{}", said.stderr);
    assert!(said.stderr.contains("`sessions`: 4 of 63"), "{}", said.stderr);
    let folder = scene.warehouse().join("building/rejects/datasets/sessions");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().file_name();
    let path = format!("building/rejects/datasets/sessions/{}", file.to_string_lossy());
    assert_eq!(
        scene.parquet(&path, &["ligne", "canal", "nb_participants", "reasons"]),
        "61,DOMICILE ,1,R02|R04|R05|R10\n62,domicile,4,R07\n63,domicile,1,R03\n\
         64,domicile,0,R06\n"
    );
}

#[test]
fn quotes_that_are_no_quotes_cost_one_line() {
    let mut rows: Vec<String> = (1..100).map(|id| session(id, "s1", 1, 1)).collect();
    rows[20] = rows[20].replace(";;\n", ";;\"jamais fermé\n");
    rows[40] = rows[40].replace(";;\n", ";;\"deux\nlignes ; \"\"et\"\" un point\"\n");
    rows[60] = "une ligne perdue\n".to_owned();
    rows[50] = rows[50].replace("domicile", "canal inconnu");
    let scene = scene(&rows);
    scene.run().expect(0);
    assert_eq!(refused(&scene), "22,guillemets\n53,R10\n63,nombre_de_champs\n");
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;TOTAL;96;96;0;3\n"));
    let clean = scene.parquet(SESSIONS, &["note"]);
    assert!(clean.contains("deux\nlignes ; \"et\" un point"), "{clean}");
    scene.verify().expect(0);
}

#[test]
fn files_threads_and_order_change_no_byte() {
    let rows: Vec<String> = (0..6000)
        .map(|number| {
            let structure = ["s1", "s2", "s3"][usize::try_from(number % 3).unwrap()];
            let month = format!("2023-{:02}", 1 + number % 12);
            session(number % 5000 + 1, structure, 1 + number % 4, number / 5000)
                .replace("2023-05", &month)
        })
        .collect();
    let whole = scene(&rows);
    let run = |scene: &Scene, threads: &str| {
        let done = scene.command("run").env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (scene.files("clean"), scene.files("tables"))
    };
    let expected = run(&whole, "1");
    assert_eq!(expected.0.len(), 12);
    assert!(whole.read("tables/t1.csv").contains("\nTOTAL;TOTAL;5000;"));
    assert_eq!(run(&scene(&rows), "3"), expected);
    let mut turned = rows.clone();
    turned.rotate_left(1234);
    assert_eq!(run(&scene(&turned), "2"), expected);
    // A night that brings the last rows alone makes what a rebuild makes.
    let (old, new) = rows.split_at(4500);
    let mut night = scene(old);
    let folder = night.path().join("pipelines");
    fs::create_dir_all(folder.join("datasets")).unwrap();
    for name in ["race.toml", "indicateurs.toml", "datasets/sessions.toml"] {
        let text = fs::read_to_string(root().join("benches/race").join(name)).unwrap();
        let text = text.replace("[\"sessions.csv\"]", "[\"sessions*.csv\"]");
        fs::write(folder.join(name), text).unwrap();
    }
    night.pipeline = folder.join("race.toml");
    run(&night, "2");
    night.file("sessions-2.csv", format!("{HEADER}\n{}", new.concat()));
    let after = run(&night, "2");
    let csv = |files: &[(String, Vec<u8>)]| {
        files.iter().filter(|(name, _)| name.ends_with(".csv")).cloned().collect::<Vec<_>>()
    };
    assert_eq!((&after.0, csv(&after.1)), (&expected.0, csv(&expected.1)));
    // Tables made again from the clean files alone are the same.
    let before = csv(&night.files("tables"));
    let text = fs::read_to_string(folder.join("indicateurs.toml")).unwrap();
    fs::write(folder.join("indicateurs.toml"), text.replace("Séances", "Rendez-vous")).unwrap();
    run(&night, "2");
    assert_eq!(csv(&night.files("tables")), before);
    night.verify().expect(0);
}

#[test]
fn what_a_dataset_lacks_is_told() {
    let without = scene(&[session(1, "s1", 1, 1)]);
    fs::remove_file(without.input().join("communes.csv")).unwrap();
    let said = without.run();
    assert_eq!(said.code, 66, "{}", said.stderr);
    assert!(said.stderr.contains("`communes.csv` is not in the input"), "{}", said.stderr);
    let renamed = scene(&[session(1, "s1", 1, 1)]);
    let text = fs::read_to_string(renamed.input().join("sessions.csv")).unwrap();
    renamed.file("sessions.csv", text.replace("code_postal", "cp"));
    let said = renamed.run();
    assert_eq!(said.code, 65, "{}", said.stderr);
    assert!(said.stderr.contains("missing column(s) `code_postal`"), "{}", said.stderr);
}

#[test]
fn a_damaged_file_of_a_dataset_is_found() {
    let scene = scene(&[session(1, "s1", 1, 1), session(2, "s2", 2, 1)]);
    scene.run().expect(0);
    let table = scene.read("tables/t2.csv");
    let path = scene.warehouse().join("tables/t2.csv");
    fs::write(&path, table.replace(";3;", ";4;")).unwrap();
    let said = scene.verify();
    assert_eq!(said.code, 65, "{}", said.stdout);
    assert!(said.stderr.contains("t2.csv") || said.stdout.contains("t2.csv"));
}

#[test]
fn describe_knows_the_tables_of_a_dataset() {
    let scene = scene(&[]);
    let mut describe = conum();
    describe.args(["describe", "--format", "json", "--pipeline"]).arg(&scene.pipeline);
    let told = said(&describe.output().unwrap()).expect(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let tables = told["tables"].as_array().unwrap();
    assert!(!tables.is_empty());
    for table in tables {
        assert_eq!(table["from"], "sessions", "{table}");
        let axes = table["dimensions"].as_array().unwrap();
        assert!(axes.iter().any(|axis| axis["meaning"] != ""), "{table}");
    }
}
