//! A source that falls short of what is expected is held back: its last good input stands for it,
//! for a while, and the others go on.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::activity_nights::coop;
use crate::support::{Said, Scene, conum, row, said};

const COOP: &str = "coop_activites.jsonl";
/// Lines of the Coop on the first night.
const LINES: usize = 140;

fn lines(count: usize) -> Vec<String> {
    (0..count).map(|number| coop(&format!("n{number}"), "2025-06-07", 10, &[])).collect()
}

fn give(scene: &Scene, lines: &[String]) {
    scene.file(COOP, format!("{}\n", lines.join("\n")));
}

/// What the other source gives on a night.
fn flat(scene: &Scene, count: usize) {
    let rows = (0..count).map(|number| row(&format!("f{number}"), "2025-05-02", &[]));
    scene.flat(&rows.collect::<Vec<_>>());
}

/// Two sources and what they say of employers.
fn two_sources() -> Scene {
    let scene = Scene::new();
    flat(&scene, 5);
    give(&scene, &lines(LINES));
    scene
}

/// The same, after a good night on 1 July 2025.
fn after_a_night() -> Scene {
    let scene = two_sources();
    night(&scene, 1, &[]).expect(0);
    scene
}

/// A night of July 2025.
fn night(scene: &Scene, day: u32, more: &[&str]) -> Said {
    let mut arguments = scene.arguments("run");
    arguments[2] = format!("2025-07-{day:02}").into();
    said(&conum().args(arguments).args(more).output().unwrap())
}

fn manifest(scene: &Scene) -> Value {
    serde_json::from_str(&scene.read("current/manifest.json")).unwrap()
}

/// Reason and reference day of what stands for the Coop.
fn held(scene: &Scene) -> Option<(String, String)> {
    let manifest = manifest(scene);
    let held = manifest.get("held_back")?.as_array()?.first()?;
    assert_eq!(held["source"], "coop_activites");
    let text = |name: &str| held[name].as_str().unwrap().to_owned();
    Some((text("reason"), text("since")))
}

/// All that readers see, and the accounts.
fn outputs(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for folder in ["clean", "rejects", "tables"] {
        let files = scene.files(folder).into_iter();
        found.extend(files.map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));
    }
    let ledger = fs::read(scene.warehouse().join("current/ledger.parquet")).unwrap();
    found.push(("ledger".to_owned(), ledger));
    found
}

#[track_caller]
fn expect_same(found: &Scene, expected: &Scene) {
    let (found, expected) = (outputs(found), outputs(expected));
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&found), names(&expected));
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found == expected, "{} has other bytes", found.0);
    }
}

/// A night of a shortcoming: what is told, what stands, what the next nights do.
#[track_caller]
fn check(reason: &str, told: &str, spoil: &dyn Fn(&Scene)) {
    let (scene, twin) = (after_a_night(), after_a_night());
    spoil(&scene);
    for scene in [&scene, &twin] {
        flat(scene, 6);
    }
    night(&twin, 2, &[]).expect(0);
    let first = night(&scene, 2, &[]).expect(3);
    assert!(first.stderr.contains(told), "{}", first.stderr);
    assert!(first.stderr.contains("its input of 2025-07-01 stands, until 2025-07-08"));
    assert!(first.stdout.contains("Held back: the last good input is used"), "{}", first.stdout);
    let expected = Some((reason.to_owned(), "2025-07-01".to_owned()));
    assert_eq!(held(&scene), expected);
    expect_same(&scene, &twin);
    scene.verify().expect(0);
    // What is judged is not judged anew, even when all that can go is gone.
    let mut gc = conum();
    gc.args(["runs", "gc", "--keep", "0", "--warehouse"]).arg(scene.warehouse());
    said(&gc.output().unwrap()).expect(0);
    let again = night(&scene, 2, &[]).expect(3);
    assert!(again.stdout.contains("Nothing new: unchanged since"), "{}", again.stdout);
    let mut status = conum();
    let status = status.args(["status", "--warehouse"]).arg(scene.warehouse()).output();
    let status = said(&status.unwrap()).stdout;
    assert!(status.contains("source `coop_activites` is held back"), "{status}");
    // The next night it still stands, and since when stays.
    night(&scene, 3, &[]).expect(3);
    night(&twin, 3, &[]).expect(0);
    assert_eq!(held(&scene), expected);
    expect_same(&scene, &twin);
    // The good input comes: all is as if nothing had been.
    for scene in [&scene, &twin] {
        give(scene, &lines(LINES + 1));
        night(scene, 4, &[]).expect(0);
    }
    assert_eq!(held(&scene), None);
    expect_same(&scene, &twin);
    scene.verify().expect(0);
}

#[test]
fn an_absent_input_is_replaced() {
    check("absent", "is held back: it has no input;", &|scene| {
        fs::remove_file(scene.input().join(COOP)).unwrap();
    });
}

#[test]
fn an_input_that_cannot_be_read_is_replaced() {
    check(
        "unreadable",
        "`coop_activites.jsonl` as `coop_activites`: the file is empty",
        &|scene| {
            scene.file(COOP, "");
        },
    );
}

#[test]
fn an_input_that_breaks_off_is_replaced() {
    check("truncated", "`coop_activites.jsonl` breaks off", &|scene| {
        scene.file(COOP, format!("{}\n{{\"id\":\"cu", lines(LINES).join("\n")));
    });
}

#[test]
fn an_input_that_is_suddenly_smaller_is_replaced() {
    let told = "it has 100 records, less than 90 % of 140, the median of the last 1 day(s)";
    check("smaller", told, &|scene| give(scene, &lines(100)));
}

#[test]
fn an_input_of_which_too_much_cannot_be_read_is_replaced() {
    let told = "20 of its 140 records are refused, more than 5 % (json_invalide 20)";
    check("rejects", told, &|scene| {
        let mut lines = lines(LINES);
        lines[..20].fill("[]".to_owned());
        give(scene, &lines);
    });
}

#[test]
fn an_input_of_which_the_rules_refuse_too_much_is_replaced() {
    let told = "20 of its 140 records are refused, more than 5 % (participants_hors_bornes 20)";
    check("rejects", told, &|scene| {
        let absurd = [("\"accompagnements\":1", "\"accompagnements\":9999")];
        let mut lines = lines(LINES);
        for (number, line) in lines.iter_mut().take(20).enumerate() {
            *line = coop(&format!("n{number}"), "2025-06-07", 10, &absurd);
        }
        give(scene, &lines);
    });
}

#[test]
fn patience_ends_and_a_person_may_say_that_it_is_right() {
    let scene = after_a_night();
    let before = outputs(&scene);
    fs::remove_file(scene.input().join(COOP)).unwrap();
    night(&scene, 8, &[]).expect(3);
    let planned = night(&scene, 9, &["--dry-run"]).expect(0).stdout;
    assert!(planned.contains("ends the run with 66: source `coop_activites`"), "{planned}");
    let over = night(&scene, 9, &[]).expect(66);
    let told = "source `coop_activites`: it has no input; its input of 2025-07-01 stood until \
                2025-07-08";
    assert!(over.stderr.contains(told), "{}", over.stderr);
    assert!(over.stderr.contains("--accept coop_activites"), "{}", over.stderr);
    assert_eq!(outputs(&scene).len(), before.len(), "nothing was published");
    give(&scene, &lines(100));
    let over = night(&scene, 9, &[]).expect(65);
    assert!(over.stderr.contains("less than 90 % of 140"), "{}", over.stderr);
    night(&scene, 9, &["--accept", "coop"]).expect(2);
    night(&scene, 9, &["--accept", "coop_activites"]).expect(0);
    let accepted = &manifest(&scene)["accepted_inputs"][0];
    assert_eq!(accepted["source"], "coop_activites");
    assert_eq!(accepted["reason"], "smaller");
    let register = scene.read("register.jsonl");
    let last = register.lines().last().unwrap();
    assert!(last.contains("\"accepted\":[\"coop_activites\"]"), "{last}");
    // What was before says nothing any more, and the same input is no news.
    let again = night(&scene, 9, &[]).expect(0);
    assert!(again.stdout.contains("Nothing new"), "{}", again.stdout);
    give(&scene, &lines(95));
    night(&scene, 10, &[]).expect(0);
    // That it is gone may be right too.
    fs::remove_file(scene.input().join(COOP)).unwrap();
    night(&scene, 11, &["--accept", "coop_activites"]).expect(0);
    night(&scene, 12, &[]).expect(0);
    assert!(!scene.read("current/manifest.json").contains(COOP));
}

#[test]
fn rejects_that_are_right_are_said_to_be_once() {
    let scene = after_a_night();
    let mut lines = lines(LINES);
    lines[..20].fill("[]".to_owned());
    give(&scene, &lines);
    night(&scene, 9, &[]).expect(65);
    let listed = conum()
        .args(["rejects", "--unpublished", "--warehouse"])
        .arg(scene.warehouse())
        .arg("--pipeline")
        .arg(&scene.pipeline)
        .output();
    assert!(said(&listed.unwrap()).expect(0).stdout.contains("of 20 rejected lines"));
    night(&scene, 9, &["--accept", "coop_activites"]).expect(0);
    night(&scene, 10, &[]).expect(0);
    scene.verify().expect(0);
    // Another input is to be looked at again.
    lines[20] = "[]".to_owned();
    give(&scene, &lines);
    night(&scene, 11, &[]).expect(3);
    assert_eq!(held(&scene), Some(("rejects".to_owned(), "2025-07-10".to_owned())));
}

/// Declarations of its own, with these gates.
fn gates(scene: &mut Scene, text: &str) {
    let path = scene.path().join("pipelines");
    if !path.exists() {
        scene.own_declarations();
    }
    fs::write(path.join("gates.toml"), text).unwrap();
}

#[test]
fn a_source_that_must_be_there_is_missed_on_the_first_night() {
    let mut scene = two_sources();
    gates(&mut scene, "[sources.coop_activites]\nrequired = true\n");
    fs::remove_file(scene.input().join(COOP)).unwrap();
    let missed = night(&scene, 1, &[]).expect(66);
    assert!(missed.stderr.contains("it has no input; it never had one"), "{}", missed.stderr);
    let cut = format!("{}\n{{\"id\":\"cu", lines(LINES).join("\n"));
    scene.file(COOP, &cut);
    night(&scene, 1, &[]).expect(66);
    // One that need not be there is used as far as it goes, and that is told.
    gates(&mut scene, "");
    let used = night(&scene, 1, &[]).expect(3);
    assert!(used.stderr.contains("breaks off: its last record is not whole"), "{}", used.stderr);
    assert_eq!(held(&scene), None);
    // The next night it is what readers see already.
    night(&scene, 2, &[]).expect(3);
    assert_eq!(held(&scene), None);
}

#[test]
fn a_ratchet_is_found() {
    let mut scene = two_sources();
    gates(&mut scene, "[all]\nrows_percent_min = 95\n");
    let mut count = 400;
    let mut codes = Vec::new();
    for day in 1..=6 {
        give(&scene, &lines(count));
        codes.push(night(&scene, day, &[]).code);
        count = count * 98 / 100;
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 3]);
    assert_eq!(held(&scene), Some(("smaller".to_owned(), "2025-07-05".to_owned())));
}

#[test]
fn a_stale_source_is_told_of_for_a_while() {
    let mut scene = two_sources();
    let own = "[sources.coop_activites]\nstale_days_max = 5\npatience_days = 3\n";
    gates(&mut scene, own);
    let on = |day: &str| -> Vec<String> {
        let mut all = lines(LINES);
        all.push(coop("last", day, 10, &[]));
        // Of the future, which is some clock's mistake and makes nothing younger.
        all.push(coop("future", "2025-08-01", 10, &[]));
        all
    };
    give(&scene, &on("2025-06-28"));
    night(&scene, 3, &[]).expect(0);
    let stale = night(&scene, 5, &[]).expect(3);
    let told = "source `coop_activites` is stale: its newest record is of 2025-06-28, 7 days \
                before the reference day, more than 5; it is used until 2025-07-06";
    assert!(stale.stderr.contains(told), "{}", stale.stderr);
    // An export of before is not taken for a new one.
    give(&scene, &on("2025-06-20"));
    night(&scene, 6, &[]).expect(3);
    assert_eq!(held(&scene), Some(("stale".to_owned(), "2025-07-05".to_owned())));
    give(&scene, &on("2025-06-28"));
    night(&scene, 6, &[]).expect(3);
    assert_eq!(held(&scene), None);
    let over = night(&scene, 7, &[]).expect(66);
    assert!(over.stderr.contains("9 days before the reference day"), "{}", over.stderr);
    give(&scene, &on("2025-07-06"));
    night(&scene, 7, &[]).expect(0);
}

#[test]
fn a_warning_is_accepted_until_a_day() {
    let mut scene = two_sources();
    let accepted = "[[accepted_warnings]]\ncode = \"source_held_back\"\n\
                    source = \"coop_activites\"\nreason = \"moving house\"\n\
                    until = \"2025-07-02\"\n";
    gates(&mut scene, "");
    night(&scene, 1, &[]).expect(0);
    gates(&mut scene, accepted);
    // It fits nothing yet.
    let unused = night(&scene, 1, &[]).expect(3);
    let told = "the accepted warning `source_held_back` of `coop_activites` was not given";
    assert!(unused.stderr.contains(told), "{}", unused.stderr);
    fs::remove_file(scene.input().join(COOP)).unwrap();
    let known = night(&scene, 2, &[]).expect(0);
    let told = "stands, until 2025-07-08 (accepted until 2025-07-02: moving house)";
    assert!(known.stderr.contains(told), "{}", known.stderr);
    let over = night(&scene, 3, &[]).expect(3);
    assert!(over.stderr.contains("(it was accepted until 2025-07-02)"), "{}", over.stderr);
    // What is expected changes no figure: only the record of the run is made anew.
    gates(&mut scene, &accepted.replace("07-02", "07-20"));
    let mut plan = scene.arguments("plan");
    plan[2] = "2025-07-03".into();
    let plan = said(&conum().args(plan).output().unwrap()).expect(0).stdout;
    let to_run: Vec<&str> = plan.lines().filter(|line| line.contains(" run ")).collect();
    assert_eq!(to_run.len(), 1, "{plan}");
    assert!(to_run[0].contains("what is expected of them"), "{plan}");
    assert!(plan.contains("stands for an input that is held back"), "{plan}");
    night(&scene, 3, &[]).expect(0);
}

#[test]
fn declarations_that_mean_nothing_are_told() {
    let mut scene = two_sources();
    let own = "[sources.structures]\nstale_days_max = 3\n[sources.nobody]\nrequired = true\n";
    gates(&mut scene, own);
    let wrong = night(&scene, 1, &[]).expect(78);
    assert!(wrong.stderr.contains("records of `structures` bear no day"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("there is no source or dataset `nobody`"), "{}", wrong.stderr);
}

#[test]
fn a_source_whose_last_good_input_cannot_stand_ends_the_night() {
    let mut scene = two_sources();
    gates(&mut scene, "");
    night(&scene, 1, &[]).expect(0);
    fs::remove_file(scene.input().join(COOP)).unwrap();
    // Read by another declaration, it would be something else.
    let path = scene.path().join("pipelines/sources/coop_activites.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("# Something else.\n{text}")).unwrap();
    let lost = night(&scene, 2, &[]).expect(66);
    let told = "its last good input was read by other declarations";
    assert!(lost.stderr.contains(told), "{}", lost.stderr);
    fs::write(&path, text).unwrap();
    night(&scene, 2, &[]).expect(3);
}

#[test]
fn a_dataset_is_held_back_too() {
    use crate::datasets::{HEADER, scene, session};
    let rows: Vec<String> = (0..120).map(|id| session(id, "s1", 1, 1)).collect();
    let scene = scene(&rows);
    night(&scene, 1, &[]).expect(0);
    let tables = scene.files("tables");
    scene.file("sessions.csv", format!("{HEADER}\n{}", rows[..60].concat()));
    let held = night(&scene, 2, &[]).expect(3);
    let told = "source `sessions` is held back: it has 60 records, less than 90 % of 120";
    assert!(held.stderr.contains(told), "{}", held.stderr);
    assert_eq!(scene.files("tables"), tables);
    scene.verify().expect(0);
}

#[test]
fn a_night_that_holds_back_and_is_killed_comes_to_the_same() {
    let spoil = |scene: &Scene| {
        let absurd = [("\"accompagnements\":1", "\"accompagnements\":9999")];
        let mut lines = lines(LINES);
        lines.extend((0..20).map(|id| coop(&format!("a{id}"), "2025-06-07", 10, &absurd)));
        give(scene, &lines);
        flat(scene, 6);
    };
    let whole = after_a_night();
    spoil(&whole);
    night(&whole, 2, &[]).expect(3);
    // Killed before it is known that the rules refuse too much, and with it known.
    for file in ["building/manifest.json", "building/tables"] {
        let killed = after_a_night();
        spoil(&killed);
        let mut arguments = killed.arguments("run");
        arguments[2] = "2025-07-02".into();
        let mut run = Command::new(env!("CARGO_BIN_EXE_conum"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !killed.warehouse().join(file).exists() {
            assert_eq!(run.try_wait().unwrap(), None, "the run is over");
            std::thread::yield_now();
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert_eq!(held(&killed), None, "readers see the night before");
        night(&killed, 2, &[]).expect(3);
        expect_same(&killed, &whole);
        assert_eq!(held(&killed), held(&whole));
        killed.verify().expect(0);
    }
}

#[test]
fn forced_and_taken_back_nights_know_what_stands() {
    let scene = after_a_night();
    give(&scene, &lines(100));
    night(&scene, 2, &[]).expect(3);
    let before = outputs(&scene);
    night(&scene, 2, &["--force"]).expect(3);
    assert!(outputs(&scene) == before);
    // An input that was wrongly said to be right is taken back, and so is what it said of sizes.
    night(&scene, 3, &["--accept", "coop_activites"]).expect(0);
    let mut back = conum();
    back.args(["rollback", "2025-07-02", "--warehouse"]).arg(scene.warehouse());
    said(&back.output().unwrap()).expect(0);
    night(&scene, 3, &[]).expect(3);
    assert_eq!(held(&scene), Some(("smaller".to_owned(), "2025-07-01".to_owned())));
}
