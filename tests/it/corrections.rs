//! Known errors are corrected, counted, and stop the run when they no longer fit.

use std::fs;

use crate::support::{Scene, row};

const CLEAN: &str = "clean/activites/annee=2023";

pub fn entry(name: &str, rest: &str, expect: u32) -> String {
    format!(
        "[[correction]]\nname = \"{name}\"\nsource = \"activites_plates\"\nreason = \"erreur de saisie\"\n\
         provider = \"un partenaire\"\nstatus = \"reported\"\nreported = \"2023-06-01\"\n\
         expect = {expect}\n{rest}\n"
    )
}

pub fn scene(entries: &[String]) -> Scene {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    fs::create_dir_all(folder.join("corrections")).unwrap();
    fs::write(folder.join("corrections/essai.toml"), entries.join("\n")).unwrap();
    scene.flat(&[
        row("a", "2023-05-02", &[("nb_participants", "1000")]),
        row("b", "2023-05-03", &[("code_postal", "01001")]),
        row("c", "2023-06-04", &[("canal", "domicile")]),
    ]);
    scene
}

#[test]
fn records_are_changed_left_out_or_flagged_and_the_ledger_says_so() {
    let scene = scene(&[
        entry(
            "mille_pour_dix",
            "action = \"override\"\nwhere = { activite_id = \"a\" }\nset = { nb_participants = 10 }",
            1,
        ),
        entry(
            "essai_du_2",
            "action = \"drop\"\nwhere = { code_postal = [\"01001\", \"01002\"] }",
            1,
        ),
        entry(
            "a_revoir",
            "action = \"flag\"\nwhere = { lieu = \"domicile\" }\ndays = [\"2023-06-01\", \"2023-06-30\"]",
            1,
        ),
    ]);
    scene.run().expect(0);
    let clean = scene.parquet(CLEAN, &["date", "nb_participants", "drapeaux"]);
    assert_eq!(clean, "2023-05-02,10,mille_pour_dix\n2023-06-04,1,a_revoir\n");
    let columns = ["devenir", "raison", "lignes", "participants", "minutes"];
    let ledger = scene.parquet("current/ledger.parquet", &columns);
    for line in ["ecartee,essai_du_2,1,1,30", "corrigee,mille_pour_dix,0,990,0", "gardee,,2,11,60"]
    {
        assert!(ledger.contains(line), "{line}\n{ledger}");
    }
    scene.verify().expect(0);
}

#[test]
fn a_correction_that_matches_another_number_stops_the_run() {
    let drop = "action = \"drop\"\nwhere = { code_postal = \"99999\" }";
    let scene = scene(&[entry("disparue", drop, 1)]);
    let said = scene.run().expect(65);
    assert!(
        said.stderr.contains("`disparue` of `activites_plates` matches 0 record(s), 1 expected"),
        "{}",
        said.stderr
    );
    assert!(!scene.warehouse().join("current").exists());
}

#[test]
fn a_correction_that_makes_no_sense_is_told_with_its_line() {
    let scene = scene(&[entry("vide", "action = \"override\"\nwhere = { jour = \"x\" }", 0)]);
    let said = scene.run().expect(78);
    for expected in ["corrections/essai.toml:2", "`expect`", "`set`", "column `jour`"] {
        assert!(said.stderr.contains(expected), "{expected}\n{}", said.stderr);
    }
}

#[test]
fn a_correction_cannot_set_what_ingest_would_refuse() {
    for set in [
        "nb_participants = \"\"",
        "nb_participants = -1",
        "type_activite = \"zzz\"",
        "themes = \"internet|zz\"",
        "structure_id = \"Mme Dupont\"",
        "date = \"2024-01-01\"",
    ] {
        let rest =
            format!("action = \"override\"\nwhere = {{ activite_id = \"a\" }}\nset = {{ {set} }}");
        let said = scene(&[entry("porte_de_service", &rest, 1)]).run().expect(78);
        assert!(said.stderr.contains("porte_de_service"), "{set}: {}", said.stderr);
    }
}
