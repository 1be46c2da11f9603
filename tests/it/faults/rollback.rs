//! A rollback that is killed is made, or is as if nobody had asked for it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::faults::nights::{Nights, expect_proved};
use crate::faults::shim::Fault;
use crate::faults::tree::Tree;
use crate::faults::{Found, asked, restore};
use crate::support::{Said, conum, said};

/// `COMMAND…` on a warehouse.
fn on(command: &[&str], warehouse: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
    arguments.extend(["--warehouse".into(), warehouse.into()]);
    arguments
}

fn tree(warehouse: &Path) -> Tree {
    Tree::of(warehouse).without("staged/")
}

#[test]
fn a_rollback_killed_anywhere_is_made_again_or_leaves_no_trace() {
    let every = asked("CONUM_EVERY", 320);
    let (nights, _pipeline) = Nights::of_few_tables(3);
    // Two nights are there, and readers go back to the first.
    let warehouse = nights.path("back");
    let ask = |command: &[&str], at| nights.shim.run((&on(command, &warehouse), &warehouse), at);
    let back = ["rollback", nights.all[0].day];
    restore(&nights, 2, &warehouse);
    let before = tree(&warehouse);
    // The first night again comes to the run that is gone back to, without what followed.
    let night = nights.run(0, &warehouse, None);
    assert!([0, 3].contains(&night.code), "{}", night.stderr);
    let other = tree(&warehouse);
    restore(&nights, 2, &warehouse);
    ask(&back, None).expect(0);
    let calls = nights.shim.calls();
    let made = tree(&warehouse);
    expect_proved(&warehouse);
    assert!(made.seen() != before.seen());

    let is_of_names =
        |at: &usize| [" symlink ", " rename "].iter().any(|it| calls[*at].contains(it));
    let names = (0..calls.len()).filter(is_of_names).flat_map(|at| [at, at + 1]);
    let mut places: BTreeSet<usize> = (0..calls.len()).step_by(every).chain(names).collect();
    places.retain(|at| *at < calls.len());
    let mut found = Found::default();
    for at in places {
        let kill = || {
            restore(&nights, 2, &warehouse);
            ask(&back, Some((Fault::Kill, at + 1)));
            let seen = tree(&warehouse).seen().run;
            let is_made = seen == made.seen().run;
            let told = (!is_made && seen != before.seen().run).then(|| "a mix of runs".to_owned());
            (is_made, told)
        };
        let differs = |said: &Said, expected: &Tree| match said.code {
            0 | 3 => tree(&warehouse).difference(expected),
            code => Some(format!("it ends with {code}: {}", said.stderr)),
        };
        let (is_made, problem) = kill();
        let what = format!("rollback killed at {:?}", nights.shim.met());
        found.done += 1;
        found.hear(&what, problem);
        if is_made {
            // Nothing is left to do but the pointer to the release.
            nights.run(0, &warehouse, None);
            let seen = tree(&warehouse).seen();
            found.hear(&what, (seen != made.seen()).then(|| "the release is another".to_owned()));
            continue;
        }
        let mut clear = conum();
        let cleared =
            said(&clear.args(on(&["runs", "gc", "--keep", "9"], &warehouse)).output().unwrap());
        found.hear(&what, (cleared.code != 0).then_some(cleared.stderr));
        let said = ask(&back, None);
        found.hear(&format!("{what}, and made again"), differs(&said, &made));
        kill();
        let said = nights.run(0, &warehouse, None);
        found.hear(&format!("{what}, and a night"), differs(&said, &other));
    }
    found.expect_none("rollbacks");
}
