//! A run that is asked to stop stops, tells so by its exit code, and leaves nothing half done.

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use conum::run::register::Register;
use conum::run::store::Store;

use crate::faults::nights::Nights;
use crate::faults::tree::Tree;
use crate::support::{Said, said};

/// A run of the first night, once it has made so many calls.
fn started(nights: &Nights, calls: usize) -> Child {
    let warehouse = nights.path("stopped");
    let running = nights.shim.start((&nights.arguments(0, &warehouse), &warehouse));
    while nights.shim.calls().len() < calls {
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

fn send(running: &Child, signal: &str) {
    let mut kill = Command::new("kill");
    assert!(kill.args([signal, &running.id().to_string()]).status().unwrap().success());
}

fn ended(running: Child) -> Said {
    said(&running.wait_with_output().unwrap())
}

/// The exit code of the last run in the register; none where it came to no end.
fn registered(warehouse: &Path) -> Option<u8> {
    let register = Register::read(&Store::at(warehouse)).unwrap();
    assert_eq!(register.problems(), Vec::<String>::new());
    register.attempts().pop().unwrap().end.map(|end| end.code)
}

#[test]
fn a_signal_stops_a_run_at_the_next_file_and_the_next_run_goes_on() {
    let (nights, _pipeline) = Nights::of_few_tables(1);
    let warehouse = nights.path("stopped");
    for (signal, code, calls) in [("-INT", 130, 60), ("-TERM", 143, 250)] {
        let running = started(&nights, calls);
        send(&running, signal);
        let said = ended(running);
        assert_eq!(said.code, code, "{}", said.stderr);
        assert!(said.stderr.contains("asked to stop"), "{}", said.stderr);
        assert_eq!(Tree::of(&warehouse).drafts(), Vec::<String>::new());
        assert_eq!(nights.problem(0, &warehouse), None);
        assert_eq!(registered(&warehouse).map(i32::from), Some(code));
    }
    assert_eq!(nights.recover(0, &warehouse), None);
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let (nights, _pipeline) = Nights::of_few_tables(1);
    let running = started(&nights, 60);
    // Both wait for the process to go on, and are met before it does anything else.
    for signal in ["-STOP", "-INT", "-TERM", "-CONT"] {
        send(&running, signal);
    }
    let said = ended(running);
    assert!([130, 143].contains(&said.code), "{} {}", said.code, said.stderr);
    assert!(!said.stderr.contains("asked to stop"), "{}", said.stderr);
    let warehouse = nights.path("stopped");
    assert_eq!(registered(&warehouse), None);
    assert_eq!(nights.recover(0, &warehouse), None);
}
