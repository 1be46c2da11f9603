//! Inputs read as tasks, by any number of processes, make the warehouse that one process makes.

use std::ffi::OsString;
use std::fs;

use serde_json::Value;

use crate::faults::shim::{Fault, Shim};
use crate::faults::tree::Tree;
use crate::support::{Scene, program, root, said};

/// Eight files of the sample, of many formats.
const INPUTS: [&str; 8] = [
    "activites_plates.csv",
    "coop_activites.xlsx",
    "coop_api_activites_0001.json",
    "cras.csv.gz",
    "cras_deleted.jsonl",
    "cras_documents.jsonl.zst",
    "employeurs_open_data.csv",
    "structures.csv",
];

fn scene() -> Scene {
    let scene = Scene::new();
    for name in INPUTS {
        fs::copy(root().join("sample-data").join(name), scene.input().join(name)).unwrap();
    }
    scene
}

fn task(scene: &Scene, number: usize) -> Vec<OsString> {
    let mut arguments = scene.arguments("ingest");
    arguments.extend(["--task".into(), number.to_string().into()]);
    arguments
}

fn tasks(scene: &Scene) -> Vec<Value> {
    let said =
        said(&scene.command("ingest").args(["--list", "--format", "json"]).output().unwrap());
    serde_json::from_str(&said.expect(0).stdout).unwrap()
}

fn done(scene: &Scene) -> usize {
    tasks(scene).iter().filter(|task| task["is_done"] == true).count()
}

#[test]
fn tasks_in_any_order_twice_or_killed_make_the_warehouse_of_one_process() {
    let (one, many) = (scene(), scene());
    assert_eq!(done(&many), 0);
    let all = tasks(&many);
    assert_eq!(all.len(), INPUTS.len());
    assert_eq!(all[5]["input"], "cras_documents.jsonl.zst");
    assert!(!many.warehouse().exists(), "a list makes nothing");
    // One is killed in the midst of its file, and another once all but its record is there.
    let shim = Shim::build(many.path());
    for (number, call) in [(4, 3), (2, 9)] {
        let arguments = task(&many, number);
        let said = shim.run((&arguments, &many.warehouse()), Some((Fault::Kill, call)));
        assert_eq!(said.code, -1, "{number}: {}", said.stderr);
        assert_eq!(done(&many), 0);
    }
    // Two processes have the same task at the same time, and one comes again; the lock is nobody's.
    let start = |number: usize| {
        std::process::Command::new(program()).args(task(&many, number)).spawn().unwrap()
    };
    let running: Vec<_> = [7, 7, 5, 2, 0, 6].map(start).into();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    for number in [3, 5, 1, 4] {
        let said =
            said(&many.command("ingest").args(["--task", &number.to_string()]).output().unwrap());
        assert!(said.expect(0).stdout.contains("done"));
    }
    assert_eq!(done(&many), INPUTS.len());
    assert!(!many.warehouse().join("register.jsonl").exists(), "a task is no run");
    // La Coop has copies of records whose archive is not among the eight: a warning.
    one.run().expect(3);
    let said = many.run().expect(3);
    assert!(said.stderr.contains("Input read."), "{}", said.stderr);
    assert_eq!(Tree::of(&many.warehouse()).difference(&Tree::of(&one.warehouse())), None);
}

#[test]
fn a_task_that_is_not_there_or_cannot_be_read_says_so() {
    let scene = Scene::new();
    scene
        .flat(&[])
        .file("cras_2021_query_result_2024-12-02.csv", "not;the;right;header\n1;2;3;4\n");
    let run =
        |number: &str| said(&scene.command("ingest").args(["--task", number]).output().unwrap());
    let beyond = run("3").expect(2);
    assert!(beyond.stderr.contains("there is no task 3: the last is 2"), "{}", beyond.stderr);
    let unlike = run("1").expect(65);
    assert!(unlike.stderr.contains("cras_2021_query_result_2024-12-02.csv"), "{}", unlike.stderr);
    run("0").expect(0);
    assert_eq!(done(&scene), 1);
}
