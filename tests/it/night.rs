//! What the operator of the nightly job asks and does, and what the register of runs says of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use conum::run::register::{Begin, End, Event, Register};
use conum::run::store::Store;
use serde_json::Value;

use crate::secrecy::{month, run_on, three_months, verify_secrecy, write};
use crate::support::{Said, Scene, conum, program, row, said};

const REGISTER: &str = "register.jsonl";

/// `conum COMMAND…` on the warehouse of a scene.
fn ask(scene: &Scene, command: &[&str]) -> Said {
    let mut asked = conum();
    said(&asked.args(command).arg("--warehouse").arg(scene.warehouse()).output().unwrap())
}

fn json(scene: &Scene, command: &[&str]) -> Value {
    let mut command = command.to_vec();
    command.extend(["--format", "json"]);
    serde_json::from_str(&ask(scene, &command).stdout).unwrap()
}

/// The latest entries of the register: command and exit code; -1 where it came to no end.
fn entries(scene: &Scene) -> Vec<(String, i64)> {
    let listed = json(scene, &["runs", "list"]);
    let entry = |line: &Value| {
        let command = line["attempt"]["begin"]["command"].as_str().unwrap().to_owned();
        (command, line["attempt"]["end"]["code"].as_i64().unwrap_or(-1))
    };
    listed.as_array().unwrap().iter().map(entry).collect()
}

/// A scene of few activities.
fn small() -> Scene {
    let scene = Scene::new();
    scene.flat(&[row("a", "2025-05-05", &[]), row("b", "2025-05-06", &[])]);
    scene
}

/// Other rows, which a run has to do with.
fn change(scene: &Scene, ids: &[&str]) {
    let rows: Vec<String> = ids.iter().map(|id| row(id, "2025-05-07", &[])).collect();
    scene.flat(&rows);
}

fn current(scene: &Scene) -> String {
    let target = fs::read_link(scene.warehouse().join("current")).unwrap();
    target.file_name().unwrap().to_string_lossy().into_owned()
}

/// A run at work, that has written down that it began; behind `lines` other lines.
fn begun(scene: &Scene, lines: usize) -> Child {
    let mut run = Command::new(program())
        .args(scene.arguments("run"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let register = scene.warehouse().join(REGISTER);
    while fs::read_to_string(&register).unwrap_or_default().lines().count() <= lines {
        assert_eq!(run.try_wait().unwrap(), None, "the run is over");
        std::thread::yield_now();
    }
    run
}

#[test]
fn each_run_that_has_the_lock_leaves_its_lines() {
    let scene = small();
    let mut planned = scene.command("run");
    let planned = said(&planned.arg("--dry-run").output().unwrap()).expect(0).stdout;
    assert!(planned.contains("no earlier run") && !scene.warehouse().exists(), "{planned}");
    scene.run().expect(0);
    scene.run().expect(0);
    // What the gate refuses once nothing stands for it any more, and inputs that are not there.
    let broken: Vec<String> = (0..9).map(|id| row(&id.to_string(), "9999-99-99", &[])).collect();
    scene.flat(&broken);
    run_on(&scene, "2025-07-09").expect(65);
    for name in ["activites_plates.csv", "structures.csv"] {
        fs::remove_file(scene.input().join(name)).unwrap();
    }
    scene.run().expect(66);
    let expected = [("run", 66), ("run", 65), ("run", 0), ("run", 0)];
    assert_eq!(entries(&scene), expected.map(|(command, code)| (command.to_owned(), code)));
    let listed = json(&scene, &["runs", "list"]);
    let end = |place: usize| &listed[place]["attempt"]["end"];
    assert!(end(0)["reason"].as_str().unwrap().contains("no file in"), "{listed}");
    assert!(end(1)["reason"].as_str().unwrap().contains("are rejected"), "{listed}");
    assert_eq!(end(1)["published"], current(&scene).as_str(), "readers see the last good one");
    assert_eq!(end(2)["is_unchanged"], true);
    assert_eq!(end(3)["ledger"]["ingest"]["entree"], 3, "two activities and a structure");
    assert_eq!(end(3)["ledger"]["clean"]["gardee"], 3);
    let text = ask(&scene, &["runs", "list"]).expect(0).stdout;
    assert!(text.contains("code 0, nothing new") && text.contains("seen by readers"), "{text}");
    let shown = ask(&scene, &["runs", "show", &current(&scene)]).expect(0).stdout;
    assert!(shown.contains("readers see it") && shown.contains("activites_plates.csv"), "{shown}");
    assert!(ask(&scene, &["runs", "show", "1999"]).expect(66).stderr.contains("no run `1999`"));
    scene.verify().expect(0);
    scene.expect_nothing_personal();
}

#[test]
fn a_line_that_was_changed_lost_or_moved_is_named() {
    let scene = small();
    scene.run().expect(0);
    scene.run().expect(0);
    let path = scene.warehouse().join(REGISTER);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 4);
    let damaged = |lines: &[&str], told: &str| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).unwrap();
        let said = scene.verify().expect(65);
        assert!(said.stdout.contains(told), "{}", said.stdout);
    };
    let changed = lines[3].replace("\"code\":0", "\"code\":3");
    damaged(&[lines[0], lines[1], lines[2], &changed], "line 4 of `register.jsonl` was changed");
    damaged(&[lines[0], lines[2], lines[3]], "lines before line 2 of `register.jsonl` are lost");
    damaged(&[lines[0], lines[2], lines[1], lines[3]], "line 2 of `register.jsonl` is out of");
    damaged(&lines[2..], "lines before line 1 of `register.jsonl` are lost");
    fs::remove_file(&path).unwrap();
    let said = scene.verify().expect(65);
    assert!(said.stdout.contains("lacks the line that began run"), "{}", said.stdout);
    fs::write(&path, &whole).unwrap();
    scene.verify().expect(0);
    // The record of a run is held to what the register tells of it.
    let record = scene.warehouse().join("current/manifest.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("\"as_of\": \"2025-07-01\"", "\"as_of\": \"2025-07-02\""))
        .unwrap();
    let said = scene.verify().expect(65);
    assert!(
        said.stdout.contains("is not the one that `register.jsonl` tells of"),
        "{}",
        said.stdout
    );
}

#[test]
fn of_two_runs_one_is_told_who_is_at_work_and_a_killed_one_is_seen_by_the_next() {
    let scene = Scene::of_sample();
    let mut first = begun(&scene, 0);
    let said = scene.run().expect(75);
    let holder = format!("`conum run`, process {} on ", first.id());
    assert!(said.stderr.contains(&holder), "{}", said.stderr);
    let status = ask(&scene, &["status"]).expect(75).stdout;
    assert!(status.contains("a run is at work"), "{status}");
    assert!(status.contains(&holder), "{status}");
    // One that began too long ago is no hope.
    ask(&scene, &["status", "--max-age", "0s"]).expect(66);
    first.kill().unwrap();
    first.wait().unwrap();
    let status = ask(&scene, &["status"]).expect(66).stdout;
    assert!(status.contains("came to no end: it was killed"), "{status}");
    let said = scene.run().expect(0);
    assert!(said.stderr.contains("The one before came to no end"), "{}", said.stderr);
    ask(&scene, &["status"]).expect(0);
    let expected = [("run", 0), ("run", -1)];
    assert_eq!(entries(&scene), expected.map(|(command, code)| (command.to_owned(), code)));
    scene.verify().expect(0);
}

#[test]
fn status_tells_fresh_from_old_failed_and_future_and_changes_nothing() {
    let scene = small();
    fs::create_dir(scene.warehouse()).unwrap();
    assert!(ask(&scene, &["status"]).expect(66).stdout.contains("Nothing is published"));
    scene.run().expect(0);
    let before = scene.files("");
    let fresh = ask(&scene, &["status"]).expect(0).stdout;
    assert!(fresh.starts_with("Fresh\n") && fresh.contains("at work    nobody"), "{fresh}");
    assert!(ask(&scene, &["status", "--max-age", "0s"]).expect(66).stdout.contains("Too old"));
    let inputs = ask(&scene, &["status", "--max-input-age", "0s"]).expect(66).stdout;
    assert!(inputs.contains("no input has changed since"), "{inputs}");
    ask(&scene, &["status", "--max-age", "soon"]).expect(2);
    let told = json(&scene, &["status"]);
    assert_eq!(
        (&told["state"], &told["published"]["as_of"]),
        (&"fresh".into(), &"2025-07-01".into())
    );
    assert!(scene.files("") == before, "it only reads");
    fs::remove_file(scene.input().join("activites_plates.csv")).unwrap();
    fs::remove_file(scene.input().join("structures.csv")).unwrap();
    scene.run().expect(66);
    let failed = ask(&scene, &["status"]).expect(3).stdout;
    assert!(failed.contains("ended with code 66: no file in"), "{failed}");
    // A clock that was wrong for a run.
    let store = Store::existing(&scene.warehouse()).unwrap();
    let mut register = Register::read(&store).unwrap();
    let (id, at) = ("29990101T000000000Z", "2999-01-01T00:00:00.000Z");
    let command = "run".to_owned();
    let begin = Begin { id: id.into(), command, started_at: at.into(), ..Begin::default() };
    register.add(&store, Event::Begin(begin)).unwrap();
    let end = End { id: id.into(), ended_at: at.into(), ..End::default() };
    register.add(&store, Event::End(Box::new(end))).unwrap();
    let future = ask(&scene, &["status"]).expect(66).stdout;
    assert!(
        future.contains("ended at 2999-01-01") && future.contains("age        unknown"),
        "{future}"
    );
}

#[test]
fn what_no_run_needs_is_cleared_away_and_the_rest_goes_on() {
    let (scene, mut rows) = three_months();
    let night = |rows: &[String], day: &str| {
        write(&scene, rows);
        let mut arguments = scene.arguments("run");
        arguments[2] = day.into();
        arguments.extend(["--keep", "9"].map(Into::into));
        let said = said(&conum().args(arguments).output().unwrap());
        assert!([0, 3].contains(&said.code), "{}", said.stderr);
        current(&scene)
    };
    let first = night(&rows, "2024-08-01");
    rows.extend(month("2024-04"));
    let second = night(&rows, "2024-09-01");
    rows.extend(month("2024-05"));
    let third = night(&rows, "2024-10-01");
    let draft = scene.warehouse().join(".draft-killed");
    fs::write(&draft, "half").unwrap();
    let before = scene.files("");
    let told = json(&scene, &["runs", "gc", "--keep", "1", "--dry-run"]);
    let paths: Vec<&str> =
        told.as_array().unwrap().iter().map(|waste| waste["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&format!("runs/{first}/tables").as_str()), "{paths:?}");
    assert!(paths.contains(&".draft-killed"), "{paths:?}");
    assert!(
        paths.iter().all(|path| !path.contains(&second) && !path.contains(&third)),
        "{paths:?}"
    );
    let segments = paths.iter().filter(|path| path.starts_with("staged/activites_plates/"));
    assert_eq!(segments.count(), 1, "{paths:?}");
    assert!(scene.files("") == before);

    let files = |of: &[(String, Vec<u8>)]| of.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let report = ask(&scene, &["runs", "gc", "--keep", "0"]).expect(0).stdout;
    assert!(report.contains("bytes are free"), "{report}");
    assert!(files(&scene.files("")) < files(&before));
    for run in [&first, &second] {
        assert!(scene.warehouse().join(format!("runs/{run}/manifest.json")).exists());
        assert!(!scene.warehouse().join(format!("runs/{run}/tables")).exists());
    }
    assert!(!draft.exists());
    scene.verify().expect(0);
    verify_secrecy(&scene).expect(0);
    assert!(ask(&scene, &["diff", &first, &third]).expect(0).stdout.contains("figures moved"));
    let tables = scene.files("tables");
    assert_eq!(night(&rows, "2024-10-01"), third, "nothing new");
    // What is made again, inputs of the first night too, is what it was.
    let mut arguments = scene.arguments("run");
    arguments[2] = "2024-10-01".into();
    arguments.push("--force".into());
    said(&conum().args(arguments).output().unwrap()).expect(0);
    assert!(scene.files("tables") == tables);
    rows.extend(month("2024-06"));
    night(&rows, "2024-11-01");
    scene.verify().expect(0);
    verify_secrecy(&scene).expect(0);
    assert!(entries(&scene).contains(&("runs gc".to_owned(), 0)));
    let gone = ask(&scene, &["rollback", &first]).expect(66);
    assert!(gone.stderr.contains("was cleared away"), "{}", gone.stderr);
}

fn latest(scene: &Scene) -> String {
    let target = fs::read_link(scene.warehouse().join("releases/latest")).unwrap();
    target.to_string_lossy().into_owned()
}

/// A month that closes with figures ten times too high is taken back.
fn taken_back() -> (Scene, Vec<String>, [String; 2]) {
    let (scene, mut rows) = three_months();
    run_on(&scene, "2024-08-01").expect(0);
    let good = latest(&scene);
    rows.extend(month("2024-04"));
    let wrong = rows.iter().map(|row| row.replace(";8;0;", ";80;0;")).collect::<Vec<_>>();
    assert!(wrong != rows);
    write(&scene, &wrong);
    run_on(&scene, "2024-09-01").expect(0);
    let bad = latest(&scene);
    assert!(good != bad);
    (scene, rows, [good, bad])
}

#[test]
fn readers_go_back_to_an_earlier_run_and_the_next_night_goes_on() {
    let (scene, rows, [good, bad]) = taken_back();
    let bad_tables = scene.files("tables");
    let taken = current(&scene);
    let before = scene.files("");
    ask(&scene, &["rollback", "2024-08-01", "--dry-run"]).expect(0);
    ask(&scene, &["rollback", "2024-09-01"]).expect(66);
    ask(&scene, &["rollback", "2019"]).expect(66);
    // What was asked for is told, refused or not.
    let told = [REGISTER, ".lock", "hashes.json"];
    let same = |name: &str| !told.contains(&name) && !name.starts_with("logs/");
    let kept = |files: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
        files.into_iter().filter(|(name, _)| same(name)).collect()
    };
    assert!(kept(scene.files("")) == kept(before), "a refused rollback changes nothing");
    let said = ask(&scene, &["rollback", "2024-08-01"]).expect(0);
    assert!(said.stdout.contains(&format!("Taken back: run {taken}")), "{}", said.stdout);
    assert!(said.stdout.contains(&format!("Published:  release {good}")), "{}", said.stdout);
    assert_eq!(latest(&scene), good);
    assert!(scene.files("tables") != bad_tables);
    scene.verify().expect(0);
    let judged = verify_secrecy(&scene).expect(0).stdout;
    assert!(judged.contains("Judged with 2 release(s)"), "what was taken back is known: {judged}");
    let status = ask(&scene, &["status"]).expect(0).stdout;
    assert!(status.contains(&format!("run {taken} was taken back")), "{status}");

    // A night without anything new stays there, and says so.
    let mut first = three_months().1;
    write(&scene, &first);
    run_on(&scene, "2024-08-01").expect(3);
    assert_eq!(latest(&scene), good);
    // With right figures, the month that closed wrong waits or is revised; both are known.
    write(&scene, &rows);
    run_on(&scene, "2024-09-02").expect(0);
    scene.verify().expect(0);
    verify_secrecy(&scene).expect(0);
    first.clone_from(&rows);
    first.extend(month("2024-05"));
    write(&scene, &first);
    run_on(&scene, "2024-10-01").expect(0);
    scene.verify().expect(0);
    verify_secrecy(&scene).expect(0);
    assert!(latest(&scene) != bad && latest(&scene) != good);
    assert!(scene.warehouse().join("releases").join(&bad).exists());
    // The record of figures goes on behind the earlier run, without the one that was taken back.
    let diff = ask(&scene, &["diff", "--format", "csv", "2024-08-01"]).expect(0);
    assert!(diff.stdout.contains("periode=2024-04"), "{}", diff.stdout);
    let unknown = ask(&scene, &["diff", &taken]).expect(66);
    assert!(unknown.stderr.contains("no published run"), "{}", unknown.stderr);
}

#[test]
fn a_release_that_was_taken_back_is_never_forgotten() {
    let (scene, rows, [good, bad]) = taken_back();
    ask(&scene, &["rollback", "2024-08-01"]).expect(0);
    // Back and forth: nothing is lost on the way.
    let again = ask(&scene, &["rollback", "2024-09-01"]).expect(0);
    assert!(again.stdout.contains(&format!("Published:  release {bad}")), "{}", again.stdout);
    assert_eq!(latest(&scene), bad);
    verify_secrecy(&scene).expect(0);
    ask(&scene, &["rollback", "2024-08-01"]).expect(0);
    assert_eq!(latest(&scene), good);
    scene.verify().expect(0);
    // Without its files nothing can be judged, and nothing is published.
    let table = format!("releases/{bad}/activites_par_region_periode.csv");
    let path: PathBuf = scene.warehouse().join(table);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    verify_secrecy(&scene).expect(77);
    let mut more = rows.clone();
    more.extend(month("2024-05"));
    write(&scene, &more);
    run_on(&scene, "2024-10-01").expect(77);
    fs::write(&path, whole).unwrap();
    run_on(&scene, "2024-10-01").expect(0);
    verify_secrecy(&scene).expect(0);
}

#[test]
fn a_run_that_is_not_what_it_was_is_not_gone_back_to() {
    let scene = small();
    scene.run().expect(0);
    let first = current(&scene);
    change(&scene, &["c", "d", "e"]);
    scene.run().expect(0);
    let second = current(&scene);
    let table =
        scene.warehouse().join(format!("runs/{first}/tables/activites_par_employeur_periode.csv"));
    let whole = fs::read(&table).unwrap();
    fs::write(&table, "type_employeur\n").unwrap();
    let said = ask(&scene, &["rollback", &first]).expect(65);
    assert!(
        said.stderr.contains("activites_par_employeur_periode.csv` was changed"),
        "{}",
        said.stderr
    );
    assert_eq!(current(&scene), second);
    fs::write(&table, whole).unwrap();
    ask(&scene, &["rollback", &first]).expect(0);
    scene.verify().expect(0);
    scene.run().expect(0);
    scene.verify().expect(0);
    assert!(ask(&scene, &["runs", "list"]).expect(0).stdout.contains("rollback"));
}

#[test]
fn a_doctor_says_what_a_run_would_miss() {
    let scene = small();
    scene.run().expect(0);
    let pipeline = scene.pipeline.to_string_lossy().into_owned();
    let input = scene.input().to_string_lossy().into_owned();
    let doctor = |more: &[&str]| {
        let mut command = vec!["doctor"];
        if !more.contains(&"--pipeline") {
            command.extend(["--pipeline", &pipeline]);
        }
        if !more.contains(&"--input") {
            command.extend(["--input", &input]);
        }
        command.extend(more);
        ask(&scene, &command)
    };
    let before = scene.files("");
    let said = doctor(&[]);
    // A machine of small memory, or on a network, is only warned of.
    assert!([0, 3].contains(&said.code), "{}", said.stdout);
    for what in ["rights", "free space", "file system", "lock", "clock", "leftovers", "inputs"] {
        assert!(said.stdout.contains(&format!("  {what}")), "{what}: {}", said.stdout);
    }
    assert!(!said.stdout.contains("FAIL"), "{}", said.stdout);
    let old = doctor(&["--max-age", "0s"]).expect(3).stdout;
    assert!(old.contains("look whether the suppliers still deliver"), "{old}");
    let key = scene.path().join("conum.key");
    fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let named = key.to_string_lossy().into_owned();
    let key_is = |mode: u32, told: &str| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let said = doctor(&["--key-file", &named]).expect(78);
        assert!(said.stdout.contains(told), "{}", said.stdout);
    };
    key_is(0o644, "others can read the secret");
    key_is(0o600, "all pseudonyms would be others");
    doctor(&["--pipeline", "nowhere/national.toml"]).expect(78);
    doctor(&["--input", "nowhere"]).expect(66);
    assert!(scene.files("") == before, "it changes nothing");
    let register = scene.warehouse().join(REGISTER);
    let text = fs::read_to_string(&register).unwrap();
    fs::write(&register, text.replace("\"code\":0", "\"code\":3")).unwrap();
    let said = doctor(&[]).expect(65);
    assert!(said.stdout.contains("line 2 of `register.jsonl` was changed"), "{}", said.stdout);
}

#[test]
fn missed_nights_are_run_in_order_and_once() {
    let scene = small();
    let backfill = |from: &str, to: &str, more: &[&str]| {
        let mut arguments = scene.arguments("backfill");
        arguments.drain(1..3);
        arguments.extend(["--from", from, "--to", to].iter().chain(more).map(Into::into));
        said(&conum().args(arguments).output().unwrap())
    };
    let told = backfill("2025-07-01", "2025-07-03", &["--dry-run"]).expect(0).stdout;
    assert_eq!(
        told,
        "2025-07-01\n2025-07-02\n2025-07-03\n3 day(s) would be run. Nothing was done.\n"
    );
    assert!(!scene.warehouse().exists());
    backfill("2025-07-01", "2025-07-02", &[]).expect(0);
    let told = backfill("2025-07-01", "2025-07-03", &[]).expect(0).stdout;
    assert!(told.contains("as of 2025-07-03\n1 day(s) run"), "{told}");
    let days: Vec<String> = json(&scene, &["runs", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["attempt"]["begin"]["as_of"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(days, ["2025-07-03", "2025-07-02", "2025-07-01"]);
    scene.verify().expect(0);
}
