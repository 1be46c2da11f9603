//! A night costs what is new: months that would come out the same are taken over, and the result
//! is that of a run that makes everything again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::{Scene, conum, said};

/// A line of the Coop's export: identifier, day, hour of the modification, and what differs.
pub fn coop(id: &str, day: &str, hour: u32, changes: &[(&str, &str)]) -> String {
    let line = format!(
        "{{\"id\":\"{id}\",\"type\":\"individuel\",\"mediateur_id\":\"m\",\"accompagnements\":1,\
         \"date\":\"{day}\",\"duree\":30,\"type_lieu\":\"domicile\",\"structure_id\":null,\
         \"structure_employeuse_id\":\"s1\",\"lieu_code_postal\":null,\"lieu_code_insee\":null,\
         \"thematiques\":[],\"beneficiaires\":null,\"suppression\":null,\
         \"modification\":\"2025-05-07T{hour:02}:00:00.000Z\",\"v1_cra_id\":null}}"
    );
    changes.iter().fold(line, |line, (from, to)| {
        assert!(line.contains(from), "{from}");
        line.replace(from, to)
    })
}

/// Activities of January to April 2025; those of March are of another employer, one is refused.
fn scene() -> Scene {
    let scene = Scene::new();
    fill(&scene);
    scene.run().expect(0);
    scene
}

fn fill(scene: &Scene) {
    let other = [("\"s1\"", "\"s2\"")];
    let refused = [("\"accompagnements\":1", "\"accompagnements\":9999")];
    let mut lines = vec![
        coop("a", "2025-01-07", 10, &[]),
        coop("b", "2025-01-08", 10, &[]),
        coop("c", "2025-02-07", 10, &[]),
        coop("d", "2025-02-08", 10, &refused),
        coop("e", "2025-03-07", 10, &other),
        coop("f", "2025-04-07", 10, &[]),
    ];
    // One refused of too few would stop the run.
    lines.extend((0..60).map(|number| coop(&format!("n{number}"), "2025-01-09", 10, &[])));
    scene.file("coop_activites.jsonl", lines.join("\n"));
    employers(scene, "9220");
}

/// Two employers, the second of that legal category.
fn employers(scene: &Scene, category: &str) {
    let header = "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services";
    let first = "s1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI";
    let second = format!("s2;55208131766522;LE LAC;{category};01053;01000;PRIVATE;NON");
    scene.file("structures.csv", format!("{header}\n{first}\n{second}\n"));
}

/// Month → inode of its clean file.
fn inodes(scene: &Scene) -> BTreeMap<String, u64> {
    let current = scene.warehouse().join("current");
    let files = scene.files("current/clean/activites").into_iter().map(|(name, _)| {
        let file = fs::metadata(current.join("clean/activites").join(&name)).unwrap();
        (name[name.len() - "2025-01.parquet".len()..][..7].to_owned(), file.ino())
    });
    files.collect()
}

/// Runs a night: exactly these months are made, and all is as if it had been made anew.
#[track_caller]
fn night(scene: &Scene, made: &[&str]) {
    let before = inodes(scene);
    scene.run().expect(0);
    scene.verify().expect(0);
    let after = inodes(scene);
    let new = after.iter().filter(|(month, inode)| before.get(*month) != Some(*inode));
    assert_eq!(new.map(|(month, _)| month.as_str()).collect::<Vec<_>>(), made);
    let folders = ["clean", "rejects", "tables"];
    let found = folders.map(|folder| scene.files(folder));
    let ledger = fs::read(scene.warehouse().join("current/ledger.parquet")).unwrap();
    said(&scene.command("run").arg("--force").output().unwrap()).expect(0);
    assert!(folders.map(|folder| scene.files(folder)) == found, "as made anew");
    let anew = fs::read(scene.warehouse().join("current/ledger.parquet")).unwrap();
    assert!(anew == ledger, "the same accounts");
}

#[test]
fn a_new_file_makes_the_months_it_touches() {
    let scene = scene();
    let lines = [coop("g", "2025-02-09", 10, &[]), coop("h", "2025-05-02", 10, &[])];
    scene.file("coop_activites_2.jsonl", lines.join("\n"));
    night(&scene, &["2025-02", "2025-05"]);
}

#[test]
fn a_record_that_moves_makes_the_month_it_leaves_and_the_one_it_joins() {
    let scene = scene();
    scene.file("coop_activites_2.jsonl", coop("b", "2025-04-20", 11, &[]));
    night(&scene, &["2025-01", "2025-04"]);
}

#[test]
fn an_older_version_makes_no_month() {
    let scene = scene();
    scene.file("coop_activites_2.jsonl", coop("b", "2025-01-08", 9, &[]));
    night(&scene, &[]);
}

#[test]
fn a_deletion_makes_the_month_of_its_record() {
    let scene = scene();
    let deleted = [("\"suppression\":null", "\"suppression\":\"2025-05-09T00:00:00.000Z\"")];
    scene.file("coop_activites_2.jsonl", coop("a", "2025-01-07", 11, &deleted));
    night(&scene, &["2025-01"]);
    scene.file("coop_activites_3.jsonl", coop("e", "2025-03-07", 11, &deleted));
    let before = inodes(&scene);
    scene.run().expect(0);
    assert_eq!(before.len() - 1, inodes(&scene).len(), "March has no activity left");
    scene.verify().expect(0);
}

#[test]
fn an_employer_makes_the_months_that_mention_it() {
    let scene = scene();
    employers(&scene, "7210");
    night(&scene, &["2025-03"]);
}

#[test]
fn an_employer_makes_the_months_whose_records_are_corrected_to_name_it() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    fill(&scene);
    fs::create_dir_all(folder.join("corrections")).unwrap();
    let correction = "[[correction]]\nname = \"autre_employeur\"\nsource = \"coop_activites\"\n\
        reason = \"erreur de saisie\"\nprovider = \"un partenaire\"\nstatus = \"reported\"\n\
        reported = \"2025-06-01\"\nexpect = 1\naction = \"override\"\n\
        where = { activite_id = \"c\" }\nset = { structure_id = \"s2\" }\n";
    fs::write(folder.join("corrections/essai.toml"), correction).unwrap();
    scene.run().expect(0);
    employers(&scene, "7210");
    night(&scene, &["2025-01", "2025-02", "2025-03", "2025-04"]);
}

#[test]
fn the_reference_day_makes_the_months_it_cuts() {
    let scene = scene();
    let before = inodes(&scene);
    let earlier = scene
        .arguments("run")
        .into_iter()
        .map(|argument| if argument == "2025-07-01" { "2025-04-05".into() } else { argument });
    said(&conum().args(earlier).output().unwrap()).expect(0);
    let after = inodes(&scene);
    assert!(!after.contains_key("2025-04"), "the only activity of April is of the 7th");
    assert!(before.iter().filter(|(month, _)| *month != "2025-04").eq(&after));
    scene.verify().expect(0);
}

#[test]
fn a_damaged_month_is_made_again_and_no_other() {
    let scene = scene();
    let path = scene.warehouse().join("current/clean/activites/annee=2025/2025-02.parquet");
    fs::remove_file(&path).unwrap();
    night(&scene, &["2025-02"]);
}
