//! A night that was killed goes on as that night, whatever the day and the inputs are by then.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::faults::nights::Nights;
use crate::faults::restore;
use crate::faults::shim::Fault;
use crate::faults::tree::Tree;
use crate::support::Said;

const ACTIVITIES: &str = "activites_plates.csv";
const HALF_A_DAY: i64 = 12 * 3_600;

/// Kills the second night at its first call that has `at` in its name, and takes the last ten
/// activities out of the export.
fn killed(nights: &Nights, warehouse: &Path, at: &str) {
    restore(nights, 1, warehouse);
    nights.run(1, warehouse, None);
    let calls = nights.shim.calls();
    let place = calls.iter().position(|call| call.contains(at));
    let place = place.unwrap_or_else(|| panic!("no call has `{at}` in {calls:?}"));
    restore(nights, 1, warehouse);
    assert_eq!(nights.run(1, warehouse, Some((Fault::Kill, place + 1))).code, -1);
    let export = nights.all[1].input.join(ACTIVITIES);
    let text = fs::read_to_string(&export).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(export, lines[..lines.len() - 10].join("\n") + "\n").unwrap();
}

/// Runs the night as a scheduler does, without a reference day, after so many seconds.
fn begun_again(nights: &Nights, warehouse: &Path, seconds: i64) -> Said {
    let mut arguments = nights.arguments(1, warehouse);
    let day = arguments.iter().position(|argument| argument == "--as-of").unwrap();
    let _day: Vec<OsString> = arguments.drain(day..=day + 1).collect();
    // What is told of going on is no warning.
    arguments.retain(|argument| argument != "--quiet");
    nights.shim.run_ahead((&arguments, warehouse), seconds)
}

fn as_of(warehouse: &Path) -> String {
    let manifest = fs::read(warehouse.join("current/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["as_of"].as_str().unwrap().to_owned()
}

#[test]
fn a_night_goes_on_with_its_day_and_the_inputs_it_has_read() {
    let (nights, _pipeline) = Nights::of_few_tables(2);
    let warehouse = nights.path("resumed");
    killed(&nights, &warehouse, "building/clean");
    let said = begun_again(&nights, &warehouse, HALF_A_DAY - 60);
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    assert!(said.stderr.contains("with the inputs of then"), "{}", said.stderr);
    assert_eq!(Tree::of(&warehouse).difference(&nights.all[1].whole), None);
    // It is over: what lies there now is of another night.
    let said = nights.run(1, &warehouse, None);
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    assert_ne!(Tree::of(&warehouse).difference(&nights.all[1].whole), None);
}

#[test]
fn a_night_whose_inputs_are_gone_begins_anew_on_its_day() {
    let (nights, _pipeline) = Nights::of_few_tables(2);
    let warehouse = nights.path("anew");
    killed(&nights, &warehouse, "staged/activites_plates");
    let said = begun_again(&nights, &warehouse, 60);
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    assert!(said.stderr.contains("the night begins anew"), "{}", said.stderr);
    assert_eq!(as_of(&warehouse), nights.all[1].day);
    // The next run on these inputs finds that all is done.
    let run = fs::read_link(warehouse.join("current")).unwrap();
    nights.run(1, &warehouse, None);
    assert_eq!(fs::read_link(warehouse.join("current")).unwrap(), run);
}

#[test]
fn what_comes_after_half_a_day_is_another_night() {
    let (nights, _pipeline) = Nights::of_few_tables(2);
    let warehouse = nights.path("later");
    killed(&nights, &warehouse, "building/clean");
    let said = begun_again(&nights, &warehouse, HALF_A_DAY + 60);
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    assert!(as_of(&warehouse).as_str() > nights.all[1].day, "{}", as_of(&warehouse));
}
