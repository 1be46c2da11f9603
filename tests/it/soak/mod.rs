//! Many nights in a row, good and bad ones: the warehouse and the memory a run takes do not grow
//! beyond what is kept on purpose, and what readers see is at all times what the inputs say.
//!
//! `make soak` does more of them.
#![expect(clippy::print_stderr, reason = "a long test tells how far it is")]

mod inputs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::soak::inputs::{Export, Hazard};
use crate::support::{copy_folder, program, root, walk};

const FIRST_DAY: Date = date(2025, 7, 1);
/// Nights after which nothing that is not kept on purpose grows any more.
const SETTLED: usize = 6;

/// What is kept of each night, or of each release, for good: files of these beginnings.
const HISTORY: [&str; 6] =
    ["releases/", "declarations/", "secrecy/", "register.jsonl", "logs/", "reports/"];

/// What a run came to.
struct Outcome {
    code: i32,
    stderr: String,
    /// Largest resident set, kB.
    memory: u64,
    took: Duration,
}

/// The nights so far.
struct Soak {
    folder: tempfile::TempDir,
    sample: Export,
}

impl Soak {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The declarations, but that twice as many rejects are let through: the sample has as many as
    /// may be, and among the lines that come anew there are some.
    fn declare(&self) {
        copy_folder(&root().join("pipelines"), &self.path("pipelines"));
        let national = self.path("pipelines/national.toml");
        let text = fs::read_to_string(&national).unwrap();
        let limit = "rejects_percent_max = 5";
        assert!(text.contains(limit));
        fs::write(&national, text.replace(limit, "rejects_percent_max = 10")).unwrap();
    }

    /// Runs a night in a warehouse, and kills it after a time if one is given.
    fn run(&self, (warehouse, day): (&Path, Date), life: Option<Duration>) -> Outcome {
        let log = self.path("log");
        let start = Instant::now();
        let mut running = Command::new(program())
            .args(["run", "--quiet", "--as-of", &day.to_string(), "--pipeline"])
            .arg(self.path("pipelines/national.toml"))
            .arg("--input")
            .arg(self.path("input"))
            .arg("--warehouse")
            .arg(warehouse)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", running.id());
        let mut memory = 0;
        let code = loop {
            if let Some(ended) = running.try_wait().unwrap() {
                break ended.code().unwrap_or(-1);
            }
            if life.is_some_and(|life| start.elapsed() > life) {
                running.kill().unwrap();
            }
            memory = memory.max(peak(&fs::read_to_string(&status).unwrap_or_default()));
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr = fs::read_to_string(&log).unwrap();
        Outcome { code, stderr, memory, took: start.elapsed() }
    }

    /// Checks that the tables are those of a warehouse without a past.
    fn expect_as_fresh(&self, day: Date) {
        let fresh = self.path("fresh");
        let _nothing_yet = fs::remove_dir_all(&fresh);
        let outcome = self.run((&fresh, day), None);
        assert!([0, 3].contains(&outcome.code), "{}", outcome.stderr);
        for folder in ["clean", "rejects", "tables"] {
            let all = |warehouse: &Path| hashes(&warehouse.join("current").join(folder));
            let (found, expected) = (all(&self.path("warehouse")), all(&fresh));
            let differ = expected.iter().filter(|(name, hash)| found.get(*name) != Some(hash));
            let differ: Vec<&String> = differ.map(|(name, _)| name).collect();
            assert!(differ.is_empty() && found.len() == expected.len(), "{day}: {differ:?}");
        }
    }

    fn ask(&self, command: &str) {
        let mut conum = Command::new(program());
        let output = conum.arg(command).arg("--warehouse").arg(self.path("warehouse")).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {said}");
    }
}

#[test]
fn nights_in_a_row_leave_what_the_last_one_needs() {
    let count = std::env::var("CONUM_SOAK").ok().and_then(|count| count.parse().ok()).unwrap_or(9);
    let soak = Soak { folder: tempfile::tempdir().unwrap(), sample: Export::of_sample() };
    soak.declare();
    let warehouse = soak.path("warehouse");
    let mut before = soak.sample.clone();
    let (mut sizes, mut memories) = (Vec::new(), Vec::new());
    let mut codes = BTreeMap::<(Option<String>, i32), usize>::new();
    for night in 0..count {
        let day = FIRST_DAY + i64::try_from(night).unwrap().days();
        let grown = soak.sample.after(night);
        // The first nights and every other one are good.
        let hazard =
            (night > 2 && night % 2 == 1).then(|| Hazard::ALL[night / 2 % Hazard::ALL.len()]);
        let export = match hazard {
            Some(Hazard::Stale) => before.clone(),
            Some(hazard) => grown.with(hazard),
            None => grown.clone(),
        };
        export.write(&soak.path("input"), hazard);
        let seen = fs::read_link(warehouse.join("current")).ok();
        if hazard == Some(Hazard::Killed) {
            soak.run((&warehouse, day), Some(Duration::from_millis(900)));
        }
        let outcome = soak.run((&warehouse, day), None);
        let codes_expected = hazard.map_or(&[0, 3][..], Hazard::codes);
        assert!(
            codes_expected.contains(&outcome.code),
            "night {night}, {hazard:?}: {}\n{}",
            outcome.code,
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        if ![0, 3].contains(&outcome.code) {
            assert_eq!(fs::read_link(warehouse.join("current")).ok(), seen);
        }
        let name = hazard.map(|hazard| format!("{hazard:?}"));
        *codes.entry((name.clone(), outcome.code)).or_default() += 1;
        let size = Size::of(&warehouse);
        let told: Vec<&str> =
            outcome.stderr.lines().filter(|line| line.contains("run.warning")).collect();
        eprintln!(
            "{day} {:18} code {:2} {:5} ms {:4} MB, data {:6} kB, history {:6} kB {}",
            name.unwrap_or_default(),
            outcome.code,
            outcome.took.as_millis(),
            outcome.memory / 1024,
            size.data / 1024,
            size.history / 1024,
            told.join("; ")
        );
        sizes.push(size);
        memories.push(outcome.memory);
        before = grown;
        let is_last = night + 1 == count;
        if hazard.is_none() && (night % 10 == 0 || is_last) {
            soak.expect_as_fresh(day);
            soak.ask("verify");
            soak.ask("verify-secrecy");
        }
    }
    soak.ask("verify");
    assert_eq!(drafts(&warehouse), Vec::<String>::new());
    // What was killed before it had the lock left no line.
    let runs = codes.values().sum::<usize>();
    assert!((runs..=runs + killed(&codes)).contains(&begun(&warehouse)));
    let settled = sizes[..=SETTLED].iter().map(|size| size.data).max().unwrap();
    let data = sizes.iter().map(|size| size.data).max().unwrap();
    assert!(data <= settled * 3 / 2, "the data grew from {settled} to {data}");
    let settled = memories[..=SETTLED].iter().max().unwrap();
    let memory = memories.iter().max().unwrap();
    assert!(*memory <= settled * 3 / 2, "memory grew from {settled} kB to {memory} kB");
}

/// The largest resident set of a process, kB.
fn peak(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// Bytes of a warehouse.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// What is replaced by what comes later.
    data: u64,
    /// What is kept for good.
    history: u64,
}

impl Size {
    fn of(warehouse: &Path) -> Self {
        let mut size = Self::default();
        walk_once(warehouse, &mut |path| {
            let name = path.strip_prefix(warehouse).unwrap().to_string_lossy().into_owned();
            let bytes = fs::symlink_metadata(path).unwrap().len();
            let is_record = name.starts_with("runs/") && name.ends_with("/manifest.json");
            if is_record || HISTORY.iter().any(|start| name.starts_with(start)) {
                size.history += bytes;
            } else {
                size.data += bytes;
            }
        });
        size
    }
}

/// All files and links below a folder; links are not followed.
fn walk_once(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            walk_once(&entry.path(), visit);
        } else {
            visit(&entry.path());
        }
    }
}

fn drafts(warehouse: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk_once(warehouse, &mut |path| {
        let name = path.to_string_lossy().into_owned();
        if name.contains(".draft-") {
            found.push(name);
        }
    });
    found
}

/// How many lines of the register begin something.
fn begun(warehouse: &Path) -> usize {
    let register = fs::read_to_string(warehouse.join("register.jsonl")).unwrap();
    let lines = register.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == "begin").count()
}

fn killed(codes: &BTreeMap<(Option<String>, i32), usize>) -> usize {
    let killed = codes.iter().filter(|((name, _), _)| name.as_deref() == Some("Killed"));
    killed.map(|(_, count)| count).sum()
}

fn hashes(folder: &Path) -> BTreeMap<String, blake3::Hash> {
    let mut found = BTreeMap::new();
    walk(folder, &mut |path| {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        found.insert(name, blake3::hash(&fs::read(path).unwrap()));
    });
    found
}
