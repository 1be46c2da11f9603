//! What leaves the program: no packet, no secret, no formula, nothing that acts on a terminal.

use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use zip::ZipArchive;

use super::{good, scene};
use crate::support::{FLAT, Scene, conum, not_shown, row, said, walk};

/// What runs a command where there is no network, and whether it works here.
fn without_network() -> Option<&'static [&'static str]> {
    // As root; or as anybody, where that is allowed.
    let ways: [&[&str]; 2] = [&["unshare", "-n"], &["unshare", "-r", "-n"]];
    ways.into_iter().find(|way| {
        let tried = Command::new(way[0]).args(&way[1..]).arg("true").output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

/// What writes down each call that has to do with a network, and whether it works here.
fn watched(trace: &Path) -> Vec<OsString> {
    let watch = ["strace", "-f", "-qq", "-e", "trace=%network", "-o"];
    let mut watch: Vec<OsString> = watch.map(OsString::from).into();
    watch.push(trace.into());
    let tried = Command::new(&watch[0]).args(&watch[1..]).arg("true").output();
    if tried.is_ok_and(|tried| tried.status.success()) { watch } else { Vec::new() }
}

#[test]
fn the_whole_job_needs_no_network_and_asks_for_none() {
    let Some(way) = without_network() else {
        not_shown("this machine lets nobody have a network of his own (`unshare -n`)");
        return;
    };
    let scene = Scene::of_sample();
    let trace = scene.path().join("trace");
    let watch = watched(&trace);
    if watch.is_empty() {
        not_shown("there is no `strace`, so calls are not looked at");
    }
    let warehouse = scene.warehouse().into_os_string();
    let of_warehouse = |command: &[&str]| {
        let mut arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
        arguments.extend(["--warehouse".into(), warehouse.clone()]);
        arguments
    };
    let pages = scene.path().join("pages").into_os_string().into_string().unwrap();
    let pipeline = scene.pipeline.to_str().unwrap();
    let job = [
        scene.arguments("run"),
        of_warehouse(&["verify"]),
        of_warehouse(&["verify-secrecy"]),
        of_warehouse(&["status", "--max-age", "26h"]),
        of_warehouse(&["rejects", "--pipeline", pipeline, "--report", &pages]),
        of_warehouse(&["query", "SELECT COUNT(*) FROM activites"]),
        scene.arguments("run"),
    ];
    for arguments in job {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).args(&watch);
        command.arg(env!("CARGO_BIN_EXE_conum")).args(&arguments);
        let said = said(&command.output().unwrap());
        assert!([0, 3].contains(&said.code), "{arguments:?}: {} {}", said.code, said.stderr);
        if !watch.is_empty() {
            let calls = fs::read_to_string(&trace).unwrap();
            assert!(!calls.contains('('), "{arguments:?}: {calls}");
        }
    }
}

#[test]
fn a_secret_is_in_nothing_that_is_written_or_said() {
    const SECRET: &str = "a-secret-that-nobody-may-see-4711";
    let scene = scene();
    let credentials = scene.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("conum-key"), SECRET).unwrap();
    let run = |arguments: &[&str]| {
        let mut run = scene.command("run");
        run.args(arguments).env("CREDENTIALS_DIRECTORY", &credentials).env("RUST_LOG", "trace");
        let said = said(&run.output().unwrap());
        assert!(!(said.stdout + &said.stderr).contains(SECRET));
        said.code
    };
    let key_of_run = || {
        let manifest = scene.read("current/manifest.json");
        let found = manifest.split("\"key_fingerprint\"").nth(1).unwrap();
        found.split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(run(&[]), 0);
    let kept = key_of_run();
    // A file that is given counts more than one that is kept.
    let other = scene.path().join("other");
    fs::write(&other, "another secret of more than sixteen bytes").unwrap();
    assert_eq!(run(&["--key-file", other.to_str().unwrap()]), 0);
    assert_ne!(key_of_run(), kept);
    walk(&scene.warehouse(), &mut |path| {
        let bytes = fs::read(path).unwrap();
        let is_told = bytes.windows(SECRET.len()).any(|piece| piece == SECRET.as_bytes());
        assert!(!is_told, "{}", path.display());
    });
    for (content, code) in [("", 78), ("short", 78), (&*"long".repeat(100_000), 78)] {
        fs::write(&other, content).unwrap();
        assert_eq!(run(&["--key-file", other.to_str().unwrap()]), code);
    }
    assert_eq!(run(&["--key-file", scene.path().to_str().unwrap()]), 74);
    assert_eq!(run(&["--key-file", "/dev/zero"]), 74);
}

#[test]
fn no_text_of_an_input_is_a_formula_in_an_output() {
    let scene = Scene::new();
    let formulas = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"];
    let mut rows = good();
    let mut structures = "id;siret;nom;categorie_juridique;code_commune;code_postal;type;\
        france_services\ns1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI\n"
        .to_owned();
    for (number, formula) in formulas.iter().enumerate() {
        // Each field of a row in turn.
        for field in FLAT.split(';').filter(|field| *field != "date") {
            let row = row(&format!("f-{number}-{field}"), "2023-05-02", &[(field, formula)]);
            rows.push_str(&(row + "\n"));
        }
        let s = format!("f{number};{formula};{formula};{formula};{formula};{formula};{formula};\n");
        structures.push_str(&s);
    }
    for number in 0..300 {
        let good = ";73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI\n";
        structures.push_str(&format!("g{number}{good}"));
    }
    // Most of the others are refused, and so many good ones are needed.
    for number in 0..4000 {
        rows.push_str(&(row(&format!("more-{number}"), "2023-05-03", &[]) + "\n"));
    }
    scene.file("activites_plates.csv", rows).file("structures.csv", structures);
    scene.run().expect(0);
    let mut seen = 0;
    walk(&scene.warehouse(), &mut |path| {
        let name = path.to_string_lossy();
        if name.contains("/declarations/") {
            return;
        }
        if name.ends_with(".csv") {
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
            for record in reader.records() {
                for cell in &record.unwrap() {
                    let is_number = cell.parse::<i64>().is_ok();
                    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                    assert!(is_number || !is_formula, "{name}: {cell}");
                    seen += 1;
                }
            }
        } else if name.ends_with(".xlsx") {
            let mut book = ZipArchive::new(Cursor::new(fs::read(path).unwrap())).unwrap();
            for part in 0..book.len() {
                let mut text = String::new();
                book.by_index(part).unwrap().read_to_string(&mut text).unwrap();
                assert!(!text.contains("<f>") && !text.contains("<f "), "{name}");
            }
        }
    });
    assert!(seen > 10_000, "{seen} cells");
}

#[test]
fn nothing_that_is_said_acts_on_a_terminal() {
    let scene = scene();
    scene.file("other_\u{1b}[31m\n\u{9b}2J\u{202e}.csv", "x\n");
    let header = format!("{FLAT};\"a\u{1b}[31m\nerror: fake\"");
    let text = good().replace(FLAT, &header).replace(";;\n", ";;;\n");
    scene.file("activites_plates_\u{7}.csv", text);
    let run = scene.run();
    let rejects = conum()
        .args(["rejects", "--by", "file", "--warehouse"])
        .arg(scene.warehouse())
        .arg("--pipeline")
        .arg(&scene.pipeline)
        .output()
        .unwrap();
    let rejects = said(&rejects);
    let told = run.stdout + &run.stderr + &rejects.stdout + &rejects.stderr;
    let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!told.contains(acts), "{told:?}");
    assert!(!told.contains("\nerror: fake"), "{told:?}");
    assert!(told.contains(r"other_\u{1b}[31m\u{a}\u{9b}2J\u{202e}.csv"), "{told}");
}
