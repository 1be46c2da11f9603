//! What a run tells programs and people beside its outputs: log, metrics, lineage, letter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use conum::run::store::Store;
use serde_json::Value;

use crate::support::{Said, Scene, conum, root, row, said};

/// A scene of few activities.
fn small() -> Scene {
    let scene = Scene::new();
    scene.flat(&[row("a", "2025-05-05", &[]), row("b", "2025-05-06", &[])]);
    scene
}

/// Rows that no gate lets through.
fn broken(scene: &Scene) {
    let rows: Vec<String> = (0..9).map(|id| row(&id.to_string(), "9999-99-99", &[])).collect();
    scene.flat(&rows);
}

/// `conum run` with more arguments.
fn run(scene: &Scene, more: &[&str]) -> Said {
    said(&scene.command("run").args(more).output().unwrap())
}

/// The same so many days later that nothing stands any more for an input that cannot be used.
fn late(scene: &Scene, more: &[&str]) -> Said {
    let mut arguments = scene.arguments("run");
    arguments[2] = "2025-07-09".into();
    said(&conum().args(arguments).args(more).output().unwrap())
}

/// Lines of JSON, each of which is an object with a time, a level, a target and an event.
#[track_caller]
fn lines(text: &str) -> Vec<Value> {
    let line = |line: &str| -> Value {
        let read: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let ts = read["ts"].as_str().unwrap();
        let time: jiff::Timestamp = ts.parse().unwrap();
        assert_eq!(time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), ts);
        for name in ["level", "target", "event"] {
            assert!(read[name].is_string(), "{line}");
        }
        read
    };
    text.lines().map(line).collect()
}

/// Lines without their time and place: each log reads the clock on its own, and lines of threads
/// that are told at once may reach one before the other.
fn untimed(text: &str) -> Vec<String> {
    let mut all = lines(text);
    all.iter_mut().for_each(|line| drop(line.as_object_mut().unwrap().remove("ts")));
    let mut all: Vec<String> = all.iter().map(Value::to_string).collect();
    all.sort();
    all
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

/// Checks what every log promises; gives its lines and the last of them.
#[track_caller]
fn told(text: &str, code: i32) -> (Vec<Value>, Value) {
    let lines = lines(text);
    let (first, last) = (lines[0].clone(), lines.last().unwrap().clone());
    assert_eq!(first["event"], "run.started", "{text}");
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert!(first["threads"].as_u64().unwrap() > 0 && first["host"].is_string(), "{first}");
    assert_eq!(last["event"], "run.finished", "{text}");
    assert_eq!(last["code"], code, "{last}");
    assert!(last["rss_peak"].as_u64().unwrap() > 1 << 20 && last["elapsed_ms"].is_u64(), "{last}");
    let all = events(&lines);
    for once in ["run.started", "run.finished"] {
        assert_eq!(all.iter().filter(|event| **event == once).count(), 1, "{once}: {text}");
    }
    let ids: BTreeSet<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    (lines, last)
}

/// The logs in a warehouse, the first first.
fn logs(scene: &Scene) -> Vec<String> {
    scene.files("logs").into_iter().map(|(_, log)| String::from_utf8(log).unwrap()).collect()
}

/// A run at work, that has written down that it began, with its log in a file.
fn begun(scene: &Scene, more: &[&str]) -> Child {
    let log = fs::File::create(scene.path().join("stderr")).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_conum"))
        .args(scene.arguments("run"))
        .args(more)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let register = scene.warehouse().join("register.jsonl");
    let begun = fs::read_to_string(&register).unwrap_or_default().lines().count();
    while fs::read_to_string(&register).unwrap_or_default().lines().count() == begun {
        assert_eq!(run.try_wait().unwrap(), None, "the run is over");
        std::thread::yield_now();
    }
    run
}

#[test]
fn the_log_of_a_run_says_what_went_in_and_what_it_came_to() {
    let scene = Scene::of_sample();
    scene.file("inconnu.dat", "x");
    let said = run(&scene, &["--log-format", "json"]).expect(3);
    let (all, last) = told(&said.stderr, 3);
    assert_eq!(last["is_unchanged"], false);
    let current = fs::read_link(scene.warehouse().join("current")).unwrap();
    let current = current.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!([&last["run"], &last["published"]], [current.as_str(), current.as_str()]);
    let release = fs::read_link(scene.warehouse().join("releases/latest")).unwrap();
    assert_eq!(last["release"], release.to_str().unwrap());
    // All inputs of the manifest are in it, with their hashes.
    let manifest: Value = serde_json::from_str(&scene.read("current/manifest.json")).unwrap();
    let given: BTreeSet<(String, String)> = manifest["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| (input["name"].to_string(), input["blake3"].to_string()))
        .collect();
    let found = all.iter().filter(|line| line["event"] == "input.found");
    let found: BTreeSet<(String, String)> =
        found.map(|line| (line["input"].to_string(), line["blake3"].to_string())).collect();
    assert_eq!(found, given);
    let configured = all.iter().find(|line| line["event"] == "run.configured").unwrap();
    assert_eq!(configured["definitions"], manifest["definitions"]);
    // Stages one after the other, and what is told in one says so.
    let stages: Vec<&str> = all
        .iter()
        .filter(|line| line["event"] == "stage.finished")
        .map(|line| line["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["ingest", "clean", "aggregate", "protect", "publish"]);
    let segment = all.iter().find(|line| line["event"] == "segment.ready").unwrap();
    assert_eq!(segment["stage"], "ingest");
    let warned = all.iter().filter(|line| line["event"] == "run.warning");
    let warned: Vec<&str> = warned.map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(warned, ["input `inconnu.dat` matches no source and was not read"]);
    // Rows by fate are those of the register.
    let register = scene.read("register.jsonl");
    let end: Value = serde_json::from_str(register.lines().last().unwrap()).unwrap();
    let accounted = all.iter().filter(|line| line["event"] == "rows.accounted");
    let mut count = 0;
    for line in accounted {
        let (of, fate) = (line["of"].as_str().unwrap(), line["fate"].as_str().unwrap());
        assert_eq!(end["ledger"][of][fate], line["rows"]);
        count += 1;
    }
    assert!(count > 5, "{count}");
    // The same lies beside the run.
    assert_eq!(untimed(&logs(&scene)[0]), untimed(&said.stderr));
    scene.expect_nothing_personal();
}

#[test]
fn failed_refused_and_stopped_runs_have_a_first_and_a_last_line() {
    let scene = small();
    let json = ["--log-format", "json"];
    run(&scene, &json).expect(0);
    let published = fs::read_link(scene.warehouse().join("current")).unwrap();
    let published = published.file_name().unwrap().to_string_lossy().into_owned();
    // Nothing new.
    let (all, last) = told(&run(&scene, &json).expect(0).stderr, 0);
    assert_eq!(last["is_unchanged"], true);
    assert!(!events(&all).contains(&"stage.started"));
    // A gate; and what was not loaded yet.
    broken(&scene);
    let said = late(&scene, &json).expect(65);
    let (all, last) = told(&said.stderr, 65);
    assert!(last["reason"].as_str().unwrap().contains("are rejected"), "{last}");
    assert_eq!(last["published"], published.as_str(), "readers see the last good one");
    let gate = all.iter().find(|line| line["event"] == "gate.rejects").unwrap();
    assert_eq!([&gate["source"], &gate["rejected"]], [&Value::from("activites_plates"), &9.into()]);
    let failed = all.iter().find(|line| line["event"] == "stage.failed").unwrap();
    assert_eq!([&failed["stage"], &failed["code"]], [&Value::from("publish"), &65.into()]);
    assert!(!said.stderr.contains("9999-99-99"), "no value of a record");
    for (argument, value, code) in
        [("--input", "/nowhere", 66), ("--pipeline", "/nowhere/national.toml", 78)]
    {
        let mut arguments = scene.arguments("run");
        let place = arguments.iter().position(|it| it == argument).unwrap();
        arguments[place + 1] = value.into();
        let said = said_of(conum().args(arguments).args(json));
        let (_, last) = told(&said.expect(code).stderr, code);
        assert!(last["reason"].as_str().unwrap().contains("/nowhere"), "{last}");
    }
    // Who does not get the lock leaves no log.
    let count = logs(&scene).len();
    let lock = Store::at(&scene.warehouse()).lock().unwrap();
    let (_, last) = told(&run(&scene, &json).expect(75).stderr, 75);
    assert!(last["reason"].as_str().unwrap().contains("at work"), "{last}");
    drop(lock);
    assert_eq!((count, logs(&scene).len()), (5, 5));
    for log in logs(&scene) {
        let last = lines(&log).pop().unwrap();
        told(&log, i32::try_from(last["code"].as_i64().unwrap()).unwrap());
    }
    // What is no run says so in its own words, and nothing else than JSON.
    let said = said_of(conum().args(["check", "--pipeline", "/nowhere/n.toml"]).args(json));
    let all = lines(&said.expect(78).stderr);
    assert_eq!(events(&all), ["command.failed"]);
    // In text nothing is told twice.
    let text = late(&scene, &[]).expect(65).stderr;
    assert!(!text.contains("input.found") && text.contains("error: too many"), "{text}");
}

fn said_of(command: &mut assert_cmd::Command) -> Said {
    said(&command.output().unwrap())
}

#[test]
fn a_run_that_is_stopped_or_killed_leaves_its_log() {
    let scene = Scene::of_sample();
    let lineage = scene.path().join("lineage.jsonl");
    let more = ["--log-format", "json", "--lineage", lineage.to_str().unwrap()];
    let mut stopped = begun(&scene, &more);
    assert!(signal(&stopped, "-TERM"));
    assert_eq!(stopped.wait().unwrap().code(), Some(143));
    let stderr = fs::read_to_string(scene.path().join("stderr")).unwrap();
    let (_, last) = told(&stderr, 143);
    assert!(last["reason"].as_str().unwrap().contains("asked to stop"), "{last}");
    assert_eq!(untimed(&logs(&scene)[0]), untimed(&stderr));
    let mut killed = begun(&scene, &more);
    // Not before it has told that it began, which it does behind the register.
    while fs::read_to_string(&lineage).unwrap().matches("nominalStartTime").count() < 2 {
        std::thread::yield_now();
    }
    assert!(signal(&killed, "-KILL"));
    killed.wait().unwrap();
    let left = logs(&scene).pop().unwrap();
    let left = lines(&left);
    assert_eq!(left[0]["event"], "run.started");
    assert!(!events(&left).contains(&"run.finished"));
    let said = conum().args(["summary", "--warehouse"]).arg(scene.warehouse()).output().unwrap();
    let letter = String::from_utf8(said.stdout).unwrap();
    assert!(letter.starts_with("conum 01/07/2025 : ÉCHEC, le programme a été tué\n"), "{letter}");
    assert!(letter.contains("C'est la 2e nuit de suite qui échoue."), "{letter}");
    let (all, _) = told(&run(&scene, &more).expect(0).stderr, 0);
    let told = all.iter().find(|line| line["event"] == "run.killed").unwrap();
    assert_eq!(told["killed"], left[0]["id"]);
    // The next run tells the end of the one that could not.
    let told = lineage_of(&lineage);
    let of_run = told.iter().filter(|event| event["job"]["name"] == "national");
    let of_run: Vec<(&str, &str)> = of_run
        .map(|it| (it["eventType"].as_str().unwrap(), it["run"]["runId"].as_str().unwrap()))
        .collect();
    let kinds: Vec<&str> = of_run.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["START", "ABORT", "START", "ABORT", "START", "COMPLETE"]);
    for pair in of_run.chunks(2) {
        assert_eq!(pair[0].1, pair[1].1, "the end is that of the beginning");
    }
}

fn signal(run: &Child, signal: &str) -> bool {
    Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success()
}

#[test]
fn a_log_that_cannot_be_kept_is_no_reason_to_fail() {
    let scene = small();
    fs::create_dir(scene.warehouse()).unwrap();
    fs::write(scene.warehouse().join("logs"), "no folder").unwrap();
    fs::write(scene.path().join("no"), "no folder").unwrap();
    let lost = scene.path().join("no/file");
    let lost = lost.to_str().unwrap();
    let more = ["--log-format", "json", "--metrics", lost, "--lineage", lost];
    let (all, _) = told(&run(&scene, &more).expect(0).stderr, 0);
    let lost = events(&all).into_iter().filter(|event| event.ends_with(".lost"));
    assert_eq!(lost.collect::<Vec<_>>(), ["observe.lost", "observe.lost", "log.lost"]);
    scene.verify().expect(0);
}

#[test]
fn logs_of_long_ago_go() {
    let scene = small();
    fs::create_dir_all(scene.warehouse().join("logs")).unwrap();
    for number in 0..120 {
        fs::write(scene.warehouse().join(format!("logs/2024{number:04}.jsonl")), "{}\n").unwrap();
    }
    scene.run().expect(0);
    let left = scene.files("logs");
    assert_eq!(left.len(), 100);
    assert_eq!(left[0].0, "20240021.jsonl");
    let log = String::from_utf8(left.last().unwrap().1.clone()).unwrap();
    told(&log, 0);
}

#[test]
fn where_no_terminal_shows_it_a_run_says_that_it_is_alive() {
    let scene = Scene::of_sample();
    let said = run(&scene, &["--log-format", "json", "--heartbeat", "50ms"]).expect(0);
    let (all, _) = told(&said.stderr, 0);
    let beats: Vec<&Value> = all.iter().filter(|line| line["event"] == "run.working").collect();
    assert!(beats.len() > 3, "{}", said.stderr);
    let within = beats.iter().filter(|beat| beat["steps"].is_number());
    for beat in within.clone() {
        assert!(beat["done"].as_u64().unwrap() <= beat["steps"].as_u64().unwrap(), "{beat}");
    }
    assert!(within.count() > 0, "{}", said.stderr);
    let quiet = run(&scene, &["--log-format", "json", "--heartbeat", "0s", "--force"]).expect(0);
    assert!(!quiet.stderr.contains("run.working"));
}

/// Labels of a sample.
type Labels = BTreeMap<String, String>;

/// Reads the exposition format as strictly as node_exporter does: each family has one HELP and one
/// TYPE before its samples, no sample comes twice.
#[track_caller]
fn metrics_of(path: &Path) -> BTreeMap<String, Vec<(Labels, f64)>> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let is_name = |name: &str| {
        let mut signs = name.chars();
        signs.next().is_some_and(|sign| sign.is_ascii_alphabetic() || sign == '_')
            && signs.all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
    };
    let mut found: BTreeMap<String, Vec<(Labels, f64)>> = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let (name, help) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        assert!(is_name(name) && name.starts_with("conum_") && !help.is_empty(), "{name}");
        assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (labels, value) = sample(line.strip_prefix(name).unwrap());
            assert!(labels.keys().all(|label| is_name(label)), "{line}");
            assert!(!samples.iter().any(|(known, _)| *known == labels), "{line} comes twice");
            samples.push((labels, value));
        }
        assert!(!samples.is_empty(), "{name}");
        assert!(found.insert(name.to_owned(), samples).is_none(), "{name} comes twice");
    }
    found
}

/// `{a="b",c="d"} 1`, or ` 1`.
fn sample(text: &str) -> (Labels, f64) {
    let mut labels = Labels::new();
    let mut rest = text;
    if let Some(inner) = text.strip_prefix('{') {
        rest = inner;
        loop {
            let (name, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut signs = after.char_indices();
            let end = loop {
                match signs.next().unwrap() {
                    (place, '"') => break place,
                    (_, '\\') => value.push(match signs.next().unwrap().1 {
                        'n' => '\n',
                        sign @ ('\\' | '"') => sign,
                        other => panic!("\\{other}"),
                    }),
                    (_, sign) => value.push(sign),
                }
            };
            assert!(labels.insert(name.to_owned(), value).is_none(), "{name} comes twice");
            let after = &after[end + 1..];
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('}').unwrap();
                    break;
                }
            }
        }
    }
    (labels, rest.strip_prefix(' ').unwrap().parse().unwrap())
}

#[test]
fn metrics_say_how_the_last_run_ended_and_what_readers_see() {
    let scene = Scene::of_sample();
    let file = scene.path().join("conum.prom");
    let more = ["--metrics", file.to_str().unwrap()];
    run(&scene, &more).expect(0);
    let good = metrics_of(&file);
    let one = |of: &BTreeMap<String, Vec<(Labels, f64)>>, name: &str| of[name][0].1;
    assert!(one(&good, "conum_run_exit_code").abs() < 0.1);
    assert!(one(&good, "conum_peak_memory_bytes") > 1e6);
    let stages: Vec<&str> =
        good["conum_stage_seconds"].iter().map(|(labels, _)| labels["stage"].as_str()).collect();
    assert_eq!(stages, ["ingest", "clean", "aggregate", "protect", "publish"]);
    let spent: f64 = good["conum_stage_seconds"].iter().map(|(_, seconds)| seconds).sum();
    let took = one(&good, "conum_run_duration_seconds");
    assert!(spent > 0.0 && spent <= took, "{spent} of {took}");
    let (labels, _) = &good["conum_published_info"][0];
    let current = fs::read_link(scene.warehouse().join("current")).unwrap();
    assert!(current.ends_with(&labels["run"]));
    assert_eq!(labels["as_of"], "2025-07-01");
    // Each row that was read met a fate; rejects are those of the reasons.
    let mut read: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for (labels, rows) in &good["conum_rows"] {
        let fate = labels["fate"].as_str();
        let counts = read.entry(&labels["source"]).or_default();
        counts[usize::from(fate != "entree")] += rows;
        counts[2] += if fate == "rejetee" { *rows } else { 0.0 };
    }
    for (source, [read, met, rejected]) in &read {
        assert!((read - met).abs() < 0.5, "{source}: {read} read, {met} met a fate");
        let of_source = |(labels, _): &&(Labels, f64)| labels["source"] == *source;
        let reasons = good["conum_rejects"].iter().filter(of_source);
        let told: f64 = reasons.map(|(_, rows)| rows).sum();
        assert!((rejected - told).abs() < 0.5, "{source}: {rejected}, by reason {told}");
    }
    assert!(read.len() > 20);
    let disk: f64 = good["conum_warehouse_bytes"].iter().map(|(_, bytes)| bytes).sum();
    assert!(disk > one(&good, "conum_output_bytes"), "{disk}");
    // After a failure: its code, and what readers see as before.
    broken(&scene);
    late(&scene, &more).expect(65);
    let bad = metrics_of(&file);
    assert!((one(&bad, "conum_run_exit_code") - 65.0).abs() < 0.1);
    assert!(one(&bad, "conum_run_timestamp_seconds") > one(&good, "conum_run_timestamp_seconds"));
    for same in ["conum_last_success_timestamp_seconds", "conum_published_info", "conum_rows"] {
        assert_eq!(bad[same], good[same]);
    }
    // Asked for later it is the same; who does not get the lock leaves it.
    let again = scene.path().join("again.prom");
    let asked = conum()
        .args(["status", "--metrics"])
        .arg(&again)
        .arg("--warehouse")
        .arg(scene.warehouse())
        .output();
    said(&asked.unwrap()).expect(3);
    let free = "conum_warehouse_free_bytes";
    let without = |path: &Path| -> BTreeMap<_, _> {
        metrics_of(path)
            .into_iter()
            .filter(|(name, _)| !name.starts_with("conum_warehouse"))
            .collect()
    };
    assert!(metrics_of(&again).contains_key(free));
    assert_eq!(without(&again), without(&file));
    let before = fs::read(&file).unwrap();
    let lock = Store::at(&scene.warehouse()).lock().unwrap();
    run(&scene, &more).expect(75);
    drop(lock);
    assert_eq!(fs::read(&file).unwrap(), before);
    let names: Vec<_> =
        fs::read_dir(scene.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("draft")), "{names:?}");
}

/// Events of OpenLineage, each with what the specification asks for.
#[track_caller]
fn lineage_of(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let events: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    for event in &events {
        for name in ["eventTime", "producer", "schemaURL", "eventType"] {
            assert!(event[name].is_string(), "{event}");
        }
        event["eventTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(event["job"]["namespace"].is_string() && event["job"]["name"].is_string());
        assert_eq!(event["run"]["runId"].as_str().unwrap().len(), 36);
        facets(event);
    }
    events
}

/// Every facet says who made it, and by which schema.
fn facets(value: &Value) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        if name.to_lowercase().ends_with("facets") {
            for facet in inner.as_object().unwrap().values() {
                assert!(facet["_producer"].as_str().unwrap().starts_with("urn:"), "{facet}");
                let url = facet["_schemaURL"].as_str().unwrap();
                assert!(url.starts_with("https://openlineage.io/spec/facets/"), "{facet}");
            }
        }
        facets(inner);
    }
    value.as_array().into_iter().flatten().for_each(facets);
}

#[test]
fn lineage_says_what_a_run_read_and_made() {
    let scene = small();
    let file = scene.path().join("lineage.jsonl");
    let more = ["--lineage", file.to_str().unwrap()];
    run(&scene, &more).expect(0);
    let all = lineage_of(&file);
    let kinds: Vec<(&str, &str)> = all
        .iter()
        .map(|it| (it["job"]["name"].as_str().unwrap(), it["eventType"].as_str().unwrap()))
        .collect();
    let mut expected = vec![("national", "START")];
    for stage in ["ingest", "clean", "aggregate", "protect", "publish"] {
        expected.extend(["START", "COMPLETE"].map(|kind| (stage, kind)));
    }
    expected.push(("national", "COMPLETE"));
    let told: Vec<(&str, &str)> =
        kinds.iter().map(|(name, kind)| (name.rsplit('.').next().unwrap(), *kind)).collect();
    assert_eq!(told, expected);
    assert_eq!(kinds[1].0, "national.ingest");
    let (first, end) = (&all[0], all.last().unwrap());
    assert_eq!(first["run"]["runId"], end["run"]["runId"]);
    let nominal = &first["run"]["facets"]["nominalTime"]["nominalStartTime"];
    assert_eq!(nominal, "2025-06-30T22:00:00Z");
    let parent = &all[1]["run"]["facets"]["parent"];
    assert_eq!(parent["run"]["runId"], first["run"]["runId"]);
    assert_ne!(all[1]["run"]["runId"], first["run"]["runId"]);
    let input = scene.input().join("activites_plates.csv");
    let inputs = end["inputs"].as_array().unwrap();
    let input = inputs.iter().find(|it| it["name"] == input.to_str().unwrap()).unwrap();
    assert_eq!(input["facets"]["dataSource"]["name"], "activites_plates");
    assert_eq!(input["inputFacets"]["inputStatistics"]["rowCount"], 2);
    let outputs = end["outputs"].as_array().unwrap();
    let of = |name: &str| {
        let path = scene.warehouse().join(name);
        outputs.iter().find(|it| it["name"] == path.to_str().unwrap()).unwrap()
    };
    // Months are one data set; the rows are those of the clean files.
    let activities = of("current/clean/activites");
    assert_eq!(activities["outputFacets"]["outputStatistics"]["rowCount"], 2);
    let fields = activities["facets"]["schema"]["fields"].as_array().unwrap();
    let day = fields.iter().find(|field| field["name"] == "date").unwrap();
    assert_eq!(
        [&day["type"], &day["description"]],
        ["Date32", "Jour de l'activité, heure de Paris."]
    );
    of("current/tables/activites_par_employeur_periode.parquet");
    // Nothing new: nothing was made. A gate: it failed, and the message names no record.
    run(&scene, &more).expect(0);
    broken(&scene);
    late(&scene, &more).expect(65);
    let all = lineage_of(&file);
    let ends: Vec<&Value> = all
        .iter()
        .filter(|it| it["job"]["name"] == "national" && it["eventType"] != "START")
        .collect();
    assert_eq!(ends[1]["eventType"], "COMPLETE");
    assert_eq!(ends[1]["outputs"].as_array().unwrap().len(), 0);
    assert_eq!(ends[2]["eventType"], "FAIL");
    let message = ends[2]["run"]["facets"]["errorMessage"]["message"].as_str().unwrap();
    assert!(message.starts_with("code 65: too many") && message.lines().count() == 1, "{message}");
}

#[test]
fn nothing_that_is_told_changes_a_byte_of_the_outputs() {
    let (plain, watched) = (Scene::of_sample(), Scene::of_sample());
    plain.run().expect(0);
    let metrics = watched.path().join("conum.prom");
    let lineage = watched.path().join("lineage.jsonl");
    let [metrics, lineage] = [&metrics, &lineage].map(|it| it.to_str().unwrap());
    let more = ["--metrics", metrics, "--lineage", lineage, "--heartbeat", "10ms"];
    run(&watched, &[&more[..], &["--log-format", "json"]].concat()).expect(0);
    for folder in ["clean", "tables", "rejects", "secrecy", "releases", "staged"] {
        assert!(plain.files(folder) == watched.files(folder), "{folder}");
    }
    watched.verify().expect(0);
}

/// What the clock, the machine and the folder say, by signs.
fn timeless(letter: &str, scene: &Scene) -> String {
    let hour = regex::Regex::new(r"\d\d/\d\d/20(2[6-9]|[3-9]\d)( à \d\d h \d\d)?").unwrap();
    let run = regex::Regex::new(r"\d{8}T\d{9}Z(-[0-9a-f]{8})?").unwrap();
    let release = regex::Regex::new(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}").unwrap();
    let took = regex::Regex::new(r"\d+(,\d s| min \d\d s)").unwrap();
    let size = regex::Regex::new(r": \d+ (ko|Mo|Go)\.").unwrap();
    let letter = letter.replace(scene.warehouse().to_str().unwrap(), "ENTREPÔT");
    let letter = hour.replace_all(&letter, "HEURE");
    let letter = run.replace_all(&letter, "EXÉCUTION");
    let letter = release.replace_all(&letter, "DIFFUSION");
    let letter = took.replace_all(&letter, "DURÉE");
    // Lines break where the time they tell makes them.
    let letter = size.replace_all(&letter, ": TAILLE.");
    let mut text = String::new();
    for line in letter.lines() {
        let is_time = line.contains("DURÉE") || line.contains("HEURE");
        let line = if is_time && line.starts_with("  ") { "  (temps)" } else { line };
        if line != "  (temps)" || !text.ends_with("  (temps)\n") {
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

fn letter(scene: &Scene, more: &[&str]) -> String {
    let mut asked = conum();
    asked.args(["summary", "--warehouse"]).arg(scene.warehouse()).args(more);
    let letter = said_of(&mut asked).expect(0).stdout;
    let folder = scene.path().to_str().unwrap();
    for line in letter.lines().filter(|line| !line.contains(folder)) {
        assert!(line.chars().count() <= 72, "{line}");
    }
    letter
}

#[test]
fn the_letter_of_the_morning_says_what_a_person_asks() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let first = timeless(&letter(&scene, &[]), &scene);
    let path = root().join("tests/it/summary.txt");
    if std::env::var_os("CONUM_WRITE_EXPECTED").is_some() {
        fs::write(&path, &first).unwrap();
    }
    assert_eq!(first, fs::read_to_string(&path).unwrap());
    // A night with other rows: what changed is beside it.
    let plain = fs::read_to_string(scene.input().join("activites_plates.csv")).unwrap();
    let mut rows: Vec<&str> = plain.lines().collect();
    rows.truncate(rows.len() - 40);
    scene.file("activites_plates.csv", rows.join("\n") + "\n");
    run(&scene, &["--accept", "activites_plates"]).expect(0);
    // Lines may break anywhere.
    let second = letter(&scene, &[]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(second.contains("CHIFFRES RÉVISÉS") && second.contains("au lieu de"), "{second}");
    assert!(second.contains("suppression à la source"), "{second}");
    assert!(second.contains("changement depuis le jour de référence"), "{second}");
    // A night that finds nothing is short; one that fails says what to do, and what readers see.
    scene.run().expect(0);
    let third = letter(&scene, &[]);
    assert!(third.starts_with("conum 01/07/2025 : rien de neuf\n"), "{third}");
    assert!(!third.contains("CHIFFRES PAR TYPE"), "{third}");
    broken(&scene);
    late(&scene, &[]).expect(65);
    let failed = letter(&scene, &[]);
    assert!(failed.starts_with("conum 09/07/2025 : ÉCHEC, code 65\n"), "{failed}");
    for part in ["QUE FAIRE", "Toujours l'exécution précédente", "Étape en cours : lecture."] {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    assert!(failed.contains("source `structures`"), "{failed}");
    // Another night can be asked for.
    let id = logs(&scene);
    let id = lines(&id[0])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(letter(&scene, &["--run", &id]).lines().next(), first.lines().next());
    let unknown =
        conum().args(["summary", "--run", "1999", "--warehouse"]).arg(scene.warehouse()).output();
    said(&unknown.unwrap()).expect(66);
}
