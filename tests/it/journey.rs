//! The whole journey on the committed sample.

use std::fs;

use conum::vocabulary::tables;

use crate::support::{Scene, conum, root, said};

#[test]
fn the_sample_gives_the_expected_tables() {
    let scene = Scene::of_sample();
    let run = scene.run().expect(0);
    assert!(run.stdout.contains("Ensemble"), "{}", run.stdout);
    let expected = root().join("tests/expected");
    let mut compared = 0;
    for entry in fs::read_dir(expected).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = scene.read(&format!("tables/{name}"));
        assert_eq!(
            found,
            fs::read_to_string(&path).unwrap(),
            "{name}: `make expected` writes it anew"
        );
        compared += 1;
    }
    let declared = fs::read_dir(root().join("pipelines/tables")).unwrap().count();
    assert_eq!(compared, declared + tables::MADE.len());
    scene.verify().expect(0);
}

#[test]
fn the_sample_is_what_its_command_invents() {
    let scene = Scene::new();
    let mut sample = conum();
    sample.args(["sample", "--rows", "2000", "--seed", "2023", "--out"]).arg(scene.input());
    sample.arg("--pipeline").arg(&scene.pipeline);
    said(&sample.output().unwrap()).expect(0);
    let mut compared = 0;
    for entry in fs::read_dir(scene.input()).unwrap() {
        let path = entry.unwrap().path();
        let committed = root().join("sample-data").join(path.file_name().unwrap());
        assert!(fs::read(&path).unwrap() == fs::read(committed).unwrap(), "{}", path.display());
        compared += 1;
    }
    // Anything else in that folder would be an odd entry: `make run` would end in a warning.
    let committed = fs::read_dir(root().join("sample-data")).unwrap().count();
    assert_eq!(compared, committed);
}

#[test]
fn same_inputs_give_the_same_bytes() {
    let first = Scene::of_sample();
    first.run().expect(0);
    let (clean, tables) = (first.files("clean"), first.files("tables"));
    said(&first.command("run").arg("--force").output().unwrap()).expect(0);
    assert!(first.files("clean") == clean && first.files("tables") == tables, "run again");

    let single = Scene::of_sample();
    let mut run = single.command("run");
    run.env("POLARS_MAX_THREADS", "1").env("RAYON_NUM_THREADS", "1");
    said(&run.output().unwrap()).expect(0);
    assert!(single.files("clean") == clean && single.files("tables") == tables, "one thread");

    let renamed = Scene::of_sample();
    let rename = |from: &str, to: &str| {
        fs::rename(renamed.input().join(from), renamed.input().join(to)).unwrap();
    };
    rename("coop_activites.jsonl", "coop_activites-a.jsonl");
    rename("activites_plates.csv", "sessions-z.csv");
    rename("structures.csv", "structures_du_jour.csv");
    renamed.run().expect(0);
    assert!(renamed.files("clean") == clean && renamed.files("tables") == tables, "renamed");

    let split = Scene::of_sample();
    let whole = fs::read_to_string(split.input().join("coop_activites.jsonl")).unwrap();
    let half = whole[..whole.len() / 2].rfind('\n').unwrap() + 1;
    fs::write(split.input().join("coop_activites.jsonl"), &whole[half..]).unwrap();
    split.file("coop_activites_2.jsonl", &whole[..half]);
    split.run().expect(0);
    assert!(split.files("clean") == clean && split.files("tables") == tables, "split");
}

#[test]
fn stages_run_one_by_one_come_to_the_same() {
    let whole = Scene::of_sample();
    whole.run().expect(0);
    let staged = Scene::of_sample();
    for command in ["ingest", "clean", "aggregate"] {
        said(&staged.command(command).output().unwrap()).expect(0);
        assert!(!staged.warehouse().join("current").exists(), "{command} publishes nothing");
    }
    said(&staged.command("publish").output().unwrap()).expect(0);
    assert!(whole.files("clean") == staged.files("clean"));
    assert!(whole.files("tables") == staged.files("tables"));
    let ledger =
        |scene: &Scene| fs::read(scene.warehouse().join("current/ledger.parquet")).unwrap();
    assert!(ledger(&whole) == ledger(&staged), "the same accounts");
    staged.verify().expect(0);
}

#[test]
fn nothing_personal_passes_ingest() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    scene.expect_nothing_personal();
}

#[test]
fn a_second_run_at_work_is_told_to_wait() {
    let scene = Scene::of_sample();
    fs::create_dir_all(scene.warehouse()).unwrap();
    let lock = fs::File::create(scene.warehouse().join(".lock")).unwrap();
    lock.lock().unwrap();
    let said = scene.run().expect(75);
    assert!(said.stderr.contains("another run is at work"), "{}", said.stderr);
}
