//! A disk, a path or a clock that is not as it should be: what a run makes of it.

use std::fs;

use serde_json::Value;

use crate::faults::nights::Nights;
use crate::faults::restore;
use crate::faults::tree::Tree;
use crate::support::{Scene, conum, row, said};

/// Ten years.
const AHEAD: i64 = 10 * 365 * 86_400;

#[test]
fn a_run_that_has_no_room_begins_nothing() {
    let scene = Scene::new();
    scene.flat(&[row("a1", "2025-01-07", &[])]).run().expect(0);
    let path = scene.warehouse().join("current/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    // No disk holds an exabyte.
    manifest["outputs"][0]["bytes"] = (1_u64 << 60).into();
    fs::write(&path, manifest.to_string()).unwrap();
    let before = Tree::of(&scene.warehouse());
    scene.flat(&[row("a1", "2025-01-07", &[]), row("a2", "2025-01-07", &[])]);
    let said = scene.run().expect(74);
    assert!(said.stderr.contains("too full: the run needs 1099511627776 MB"), "{}", said.stderr);
    assert_eq!(Tree::of(&scene.warehouse()).difference(&before), None);
}

#[test]
fn a_warehouse_that_cannot_be_made_is_said_to_be() {
    let scene = Scene::new();
    scene.flat(&[row("a1", "2025-01-07", &[])]);
    fs::write(scene.path().join("file"), "").unwrap();
    for folder in ["x".repeat(300), "file/warehouse".to_owned()] {
        let mut arguments = scene.arguments("run");
        let _the_usual = arguments.pop();
        arguments.push(scene.path().join(&folder).into());
        let said = said(&conum().args(arguments).output().unwrap());
        assert_eq!(said.code, 73, "{}", said.stderr);
    }
}

#[test]
fn a_clock_that_jumps_changes_no_byte_and_no_order() {
    let (nights, _pipeline) = Nights::of_few_tables(3);
    let warehouse = nights.path("jumped");
    for (number, ahead) in [AHEAD, -AHEAD, 0].into_iter().enumerate() {
        let run = nights.arguments(number, &warehouse);
        let said = nights.shim.run_ahead((&run, &warehouse), ahead);
        assert!([0, 3].contains(&said.code), "{} {}", said.code, said.stderr);
        // The tree numbers runs in the order of their names.
        let difference = Tree::of(&warehouse).difference(&nights.all[number].whole);
        assert_eq!(difference, None, "night {number}");
        assert_eq!(said.stderr.contains("clock is behind"), number > 0, "{}", said.stderr);
    }
}

#[test]
fn a_panic_is_a_defect_that_has_an_end_in_the_register() {
    let (nights, _pipeline) = Nights::of_few_tables(2);
    let warehouse = nights.path("alone");
    restore(&nights, 1, &warehouse);
    let run = nights.arguments(1, &warehouse);
    let said = nights.shim.run_alone((&run, &warehouse));
    assert_eq!(said.code, 70, "{}", said.stderr);
    assert!(said.stderr.contains("a defect of the program ended it"), "{}", said.stderr);
    let register = fs::read_to_string(warehouse.join("register.jsonl")).unwrap();
    let last: Value = serde_json::from_str(register.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["code"]), (&"end".into(), &70.into()));
    assert_eq!(nights.problem(1, &warehouse), None);
    assert_eq!(nights.recover(1, &warehouse), None);
}
