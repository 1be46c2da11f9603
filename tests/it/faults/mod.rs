//! No fault damages what readers see, and the next run ends as if there had been none.
//!
//! `make faults` does what these tests do more often, and fails each call in turn.
#![expect(clippy::print_stderr, reason = "a long test tells how far it is")]

mod causes;
mod nights;
mod resume;
mod rollback;
pub mod shim;
mod signals;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use regex::Regex;

use crate::faults::nights::{Nights, copy, expect_proved};
use crate::faults::shim::Fault;
use crate::faults::tree::{Tree, differing};

/// How often, from the environment: `make faults` sets it.
fn asked(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Faults and what was found, told as they come; the first problems are kept for the end.
#[derive(Default)]
struct Found {
    done: usize,
    problems: Vec<String>,
}

impl Found {
    /// Whether there is no problem.
    fn hear(&mut self, what: &str, problem: Option<String>) -> bool {
        let Some(problem) = problem else { return true };
        eprintln!("{what}: {problem}");
        self.problems.push(format!("{what}: {problem}"));
        false
    }

    #[track_caller]
    fn expect_none(&self, what: &str) {
        eprintln!("{what}: {} faults, {} problems", self.done, self.problems.len());
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}

/// Puts a warehouse as it was before a night in the place of another.
fn restore(nights: &Nights, number: usize, warehouse: &Path) {
    if warehouse.exists() {
        fs::remove_dir_all(warehouse).unwrap();
    }
    copy(&nights.before(number), warehouse);
}

#[test]
fn a_run_killed_anywhere_in_any_night_leaves_no_damage() {
    let (kills, count) = (asked("CONUM_KILLS", 6), asked("CONUM_NIGHTS", 3));
    let nights = Nights::of_sample(count);
    let warehouse = nights.path("killed");
    let mut dice = Dice(asked("CONUM_SEED", 8).try_into().unwrap());
    let mut found = Found::default();
    let mut number = 0;
    let mut took = Duration::from_secs(6);
    while found.done < kills {
        let calls = nights.all[number].calls;
        let at = 1 + dice.below(calls);
        let arguments = nights.arguments(number, &warehouse);
        let (was_killed, how) = match dice.below(4) {
            0 => {
                let time = took * u32::try_from(dice.below(100)).unwrap() / 100;
                (nights.shim.kill_after((&arguments, &warehouse), time), format!("after {time:?}"))
            }
            kind => {
                let fault = if kind == 1 { Fault::Tear } else { Fault::Kill };
                let said = nights.run(number, &warehouse, Some((fault, at)));
                (said.code == -1, format!("at {:?}", nights.shim.met()))
            }
        };
        let what = format!("night {number}, killed {how}");
        found.done += usize::from(was_killed);
        let mut is_sound = found.hear(&what, nights.problem(number, &warehouse));
        // What a killed run left is killed again, now and then.
        if is_sound && dice.below(3) == 0 {
            continue;
        }
        let start = Instant::now();
        is_sound &= found.hear(&what, nights.recover(number, &warehouse));
        took = start.elapsed();
        if was_killed && found.done.is_multiple_of(20) {
            eprintln!("{} kills, {} problems", found.done, found.problems.len());
            expect_proved(&warehouse);
        }
        number = (number + 1) % count;
        if !is_sound || number == 0 {
            restore(&nights, number, &warehouse);
        }
    }
    found.expect_none("kills");
}

/// The calls that are to fail, counted from 1: each so manieth; or, of each kind, the first and the
/// last. Calls of a kind do the same to the same file of a run, whatever its name has of hashes.
fn places(calls: &[String], every: usize) -> Vec<usize> {
    if every > 0 {
        return (1 + asked("CONUM_FIRST", 0)..=calls.len()).step_by(every).collect();
    }
    let name = Regex::new("\\.(draft-|tmp)[A-Za-z0-9]+|[0-9a-f]{8,}|[0-9]+").unwrap();
    let mut kinds = BTreeMap::<String, [usize; 2]>::new();
    for (place, call) in calls.iter().enumerate() {
        let (_number, call) = call.split_once(' ').unwrap();
        let kind = name.replace_all(call, "#").into_owned();
        kinds.entry(kind).or_insert([place + 1; 2])[1] = place + 1;
    }
    let places: BTreeSet<usize> = kinds.into_values().flatten().collect();
    places.into_iter().collect()
}

#[test]
fn a_call_that_fails_anywhere_leaves_no_damage() {
    let every = asked("CONUM_EVERY", 320);
    let (nights, _pipeline) = Nights::of_few_tables(3);
    let warehouse = nights.path("failed");
    let number = 2;
    let mut found = Found::default();
    for fault in Fault::TOLD {
        // Where the faults of a kind meet is told by a run that meets the first one too late.
        restore(&nights, number, &warehouse);
        nights.run(number, &warehouse, Some((fault, usize::MAX / 2)));
        let all = nights.shim.calls();
        let calls = all.len();
        let mut codes = BTreeMap::<i32, usize>::new();
        for at in places(&all, every) {
            restore(&nights, number, &warehouse);
            let said = nights.run(number, &warehouse, Some((fault, at)));
            let what = format!("{fault:?} at {:?}", nights.shim.met());
            *codes.entry(said.code).or_default() += 1;
            let mut problem = nights.problem(number, &warehouse);
            if said.code != fault.code() && said.code != 0 {
                problem = Some(format!("it ends with {}: {}", said.code, said.stderr));
            }
            if said.stderr.contains("panicked") {
                problem = Some(said.stderr);
            }
            let problem = problem.or_else(|| nights.recover(number, &warehouse));
            found.done += 1;
            found.hear(&what, problem);
        }
        eprintln!("{fault:?}: {calls} calls, exit codes {codes:?}");
    }
    found.expect_none("failed calls");
}

#[test]
fn a_night_that_is_killed_and_never_made_leaves_no_trace() {
    let every = asked("CONUM_EVERY", 320);
    let (nights, _pipeline) = Nights::of_few_tables(4);
    // The third night closes a month: its release is lost with it.
    let (lost, next) = (2, 3);
    let warehouse = nights.path("lost");
    restore(&nights, lost, &warehouse);
    nights.run(next, &warehouse, None);
    let expected = Tree::of(&warehouse).without("staged/");
    restore(&nights, lost, &warehouse);
    nights.run(lost, &warehouse, None);
    let calls = nights.shim.calls();
    // From the pointer that is made aside on, each change of a name counts.
    let swap = calls.iter().position(|call| call.contains(" symlink ")).unwrap();
    let renames = (swap..calls.len())
        .filter(|at| [" symlink ", " rename "].iter().any(|name| calls[*at].contains(name)));
    let mut found = Found::default();
    let mut places: BTreeSet<usize> = places(&calls[..swap], every).into_iter().collect();
    places.extend(renames.flat_map(|at| [at + 1, at + 2]));
    for at in places {
        restore(&nights, lost, &warehouse);
        nights.run(lost, &warehouse, Some((Fault::Kill, at)));
        let what = format!("lost at {:?}", nights.shim.met());
        let is_published = Tree::of(&warehouse).seen().run == nights.all[lost].whole.seen().run;
        let said = nights.run(next, &warehouse, None);
        let left = Tree::of(&warehouse);
        let problem = if ![0, 3].contains(&said.code) {
            Some(format!("the next night ends with {}: {}", said.code, said.stderr))
        } else if is_published {
            left.difference(&nights.all[next].whole)
        } else {
            left.without("staged/").difference(&expected)
        };
        found.done += 1;
        found.hear(&what, problem);
    }
    found.expect_none("lost nights");
}

#[test]
fn a_reader_sees_the_old_run_or_the_new_one() {
    let (nights, _pipeline) = Nights::of_few_tables(2);
    let warehouse = nights.path("read");
    restore(&nights, 1, &warehouse);
    let both = [nights.all[0].whole.seen().run, nights.all[1].whole.seen().run];
    let arguments = nights.arguments(1, &warehouse);
    let mut seen = [0_u32; 2];
    std::thread::scope(|scope| {
        let run = scope.spawn(|| nights.shim.run((&arguments, &warehouse), None));
        let mut is_over = false;
        while !is_over {
            is_over = run.is_finished();
            // The link is followed once: what it pointed to stays whole for this night.
            let run = fs::read_link(warehouse.join("current")).unwrap();
            let read = Tree::of_run(&warehouse.join(run));
            let which = both.iter().position(|whole| *whole == read);
            let differing = || differing(&read, &both[0]);
            seen[which.unwrap_or_else(|| panic!("a mix of two runs: {}", differing()))] += 1;
        }
        assert!([0, 3].contains(&run.join().unwrap().code));
    });
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}
