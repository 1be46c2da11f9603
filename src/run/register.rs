//! What each run came to becomes lines of a register, each behind the hash of the one before.
//!
//! A run leaves a line when it has the lock and another when it ends; one that was killed lacks the
//! second. The file is written anew each time, aside and whole, so that no line is ever half there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::execute::RUNS;
use crate::run::ledger::Ledger;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::store::Store;

/// Name of the register in the warehouse.
pub const REGISTER: &str = "register.jsonl";
/// What comes before the hash of a line in it, which is the last field.
const SEAL: &str = ",\"seal\":\"";

/// Something began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The instant it began, as runs are named.
    pub id: String,
    /// Command.
    pub command: String,
    /// When it began.
    pub started_at: String,
    /// Reference day.
    pub as_of: Option<String>,
    /// Version of the program.
    pub version: String,
    /// Machine.
    pub host: String,
    /// Process.
    pub pid: u32,
}

/// It ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// That of its beginning.
    pub id: String,
    /// When it ended.
    pub ended_at: String,
    /// Exit code.
    pub code: u8,
    /// The run that it made, or found to be still right.
    pub run: Option<String>,
    /// Whether nothing had to be done.
    pub is_unchanged: bool,
    /// The run that readers see from then on.
    pub published: Option<String>,
    /// BLAKE3 of the record of that run.
    pub manifest: Option<String>,
    /// The release that readers see from then on.
    pub release: Option<String>,
    /// BLAKE3 of the hashes of all inputs.
    pub inputs: Option<String>,
    /// Stage → fate → rows.
    pub ledger: BTreeMap<String, BTreeMap<String, i64>>,
    /// How many warnings it gave.
    pub warnings: usize,
    /// Why it failed.
    pub reason: Option<String>,
    /// Sources for whose input an earlier one stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<String>,
    /// Sources whose input is used because a person said that it is right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Something began.
    Begin(Begin),
    /// It ended.
    End(Box<End>),
}

/// A line, without its own hash.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    event: Event,
    /// BLAKE3 of the line before.
    previous: String,
}

/// A beginning, and its end if it came to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// BLAKE3 of the line of its beginning, which the record of a run that it makes holds.
    pub line: String,
    /// Its beginning.
    pub begin: Begin,
    /// Its end; none where it was killed, or is at work.
    pub end: Option<End>,
}

impl Attempt {
    /// Whether it ended well, with warnings or without.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.end.as_ref().is_some_and(|end| [0, 3].contains(&end.code))
    }
}

/// What is written down of a warehouse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    content: String,
}

impl Register {
    /// The register of a warehouse; empty where nothing was written down yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(store: &Store) -> Result<Self> {
        let content = store.read(REGISTER)?.unwrap_or_default();
        Ok(Self { content: String::from_utf8_lossy(&content).into_owned() })
    }

    /// Adds a line and writes the register; gives the hash of the line.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays.
    pub fn add(&mut self, store: &Store, event: Event) -> Result<String> {
        let mut content = self.content.clone();
        if !content.is_empty() && !content.ends_with('\n') {
            content.push('\n');
        }
        let line = line(event, content.lines().last())?;
        content.push_str(&line);
        content.push('\n');
        store.write(REGISTER, content.as_bytes())?;
        self.content = content;
        Ok(hash(&line))
    }

    /// All beginnings with their ends, the oldest first; lines that tell nothing are left out.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        let mut found: Vec<Attempt> = Vec::new();
        for line in self.content.lines() {
            let Ok(Line { event, .. }) = read_line(line) else { continue };
            match event {
                Event::Begin(begin) => found.push(Attempt { line: hash(line), begin, end: None }),
                // Who ends has the lock since he began: nothing comes between.
                Event::End(end) => {
                    if let Some(last) = found.last_mut().filter(|last| last.begin.id == end.id) {
                        last.end = Some(*end);
                    }
                }
            }
        }
        found
    }

    /// What is wrong with the lines, each named by its number.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let lines: Vec<&str> = self.content.lines().collect();
        let hashes: Vec<String> = lines.iter().map(|line| hash(line)).collect();
        let mut is_sound = true;
        for (place, line) in lines.iter().enumerate() {
            let number = place + 1;
            let read = match read_line(line) {
                Ok(read) => read,
                Err(what) => {
                    found.push(format!("line {number} of `{REGISTER}` {what}"));
                    is_sound = false;
                    continue;
                }
            };
            let before = place.checked_sub(1).and_then(|place| hashes.get(place));
            let follows = before.map_or("", String::as_str) == read.previous;
            // A line that was changed is followed by none; it is told once.
            if is_sound && !follows {
                let elsewhere = hashes.iter().position(|hash| *hash == read.previous);
                found.push(match elsewhere {
                    Some(other) => format!(
                        "line {number} of `{REGISTER}` is out of its place: it follows line {}",
                        other + 1
                    ),
                    None => format!("lines before line {number} of `{REGISTER}` are lost"),
                });
            }
            is_sound = true;
        }
        if !self.content.is_empty() && !self.content.ends_with('\n') {
            found.push(format!("the last line of `{REGISTER}` is cut off"));
        }
        found
    }

    /// What is wrong with the lines, and between them and the records of runs that are there: a
    /// line that a record rests on is there, and the record that readers see is the one told of.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn all_problems(&self, store: &Store) -> Result<Vec<String>> {
        let mut found = self.problems();
        let attempts = self.attempts();
        // Who sets a damaged register aside begins another, which knows of no earlier run.
        let first = attempts.first().map_or("", |first| first.begin.id.as_str());
        let known: BTreeSet<String> = self.content.lines().map(hash).collect();
        for run in store.names_in(RUNS)? {
            let path = format!("{RUNS}/{run}/{MANIFEST}");
            let content = if store.has(&path) { store.read(&path)? } else { None };
            let manifest = content.and_then(|it| serde_json::from_slice::<Manifest>(&it).ok());
            // Runs before there was a register have no line.
            let line = manifest.map(|manifest| manifest.registered).unwrap_or_default();
            if !line.is_empty() && run.as_str() >= first && !known.contains(&line) {
                found.push(format!(
                    "`{REGISTER}` lacks the line that began run {run}: lines were lost or changed"
                ));
            }
        }
        let path = format!("{CURRENT}/{MANIFEST}");
        let current = store.target(CURRENT);
        let current = current.as_deref().and_then(|it| it.rsplit('/').next());
        let record = store.read(&path)?.map(|it| blake3::hash(&it).to_hex().to_string());
        let ends = attempts.iter().filter_map(|attempt| attempt.end.as_ref());
        let mut ends = ends.filter(|end| end.published.as_deref() == current);
        if ends.any(|end| end.manifest != record) {
            found.push(format!("`{path}` is not the one that `{REGISTER}` tells of"));
        }
        Ok(found)
    }
}

/// The rows of the stages that count rows, by fate.
#[must_use]
pub fn totals(ledger: &Ledger) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut totals: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    ledger.visit(|account, fate, _, amount| {
        // Accounts of tables are of measures.
        if account.stage != "aggregate" {
            let fate = fate.map_or("entree", |fate| fate.code());
            let of_stage = totals.entry(account.stage.clone()).or_default();
            *of_stage.entry(fate.to_owned()).or_default() += amount.rows;
        }
    });
    totals
}

fn hash(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex().to_string()
}

/// An event as a line behind another; the line ends with its own hash.
fn line(event: Event, before: Option<&str>) -> Result<String> {
    let line = Line { event, previous: before.map(hash).unwrap_or_default() };
    let text = serde_json::to_string(&line)
        .map_err(|error| Error::internal("a line of the register is JSON").because(error))?;
    let text = text.strip_suffix('}').unwrap_or(&text);
    Ok(format!("{text}{SEAL}{}\"}}", hash(text)))
}

fn read_line(line: &str) -> std::result::Result<Line, &'static str> {
    let (text, seal) = line.rsplit_once(SEAL).ok_or("was changed: it has no hash")?;
    if seal.strip_suffix("\"}") != Some(hash(text).as_str()) {
        return Err("was changed");
    }
    serde_json::from_str(line).map_err(|_| "tells nothing that this program knows")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(ids: &[&str]) -> Register {
        let mut content = String::new();
        for id in ids {
            let begin = Begin { id: (*id).to_owned(), ..Begin::default() };
            let end = End { id: (*id).to_owned(), code: 65, ..End::default() };
            for event in [Event::Begin(begin), Event::End(Box::new(end))] {
                let line = line(event, content.lines().last()).unwrap();
                content = format!("{content}{line}\n");
            }
        }
        Register { content }
    }

    fn of(lines: &[&str]) -> Register {
        Register { content: lines.iter().map(|line| format!("{line}\n")).collect() }
    }

    #[test]
    fn a_chain_that_nobody_touched_has_no_problem() {
        assert_eq!(register(&[]).problems(), Vec::<String>::new());
        assert_eq!(register(&["a", "b", "c"]).problems(), Vec::<String>::new());
    }

    #[test]
    fn each_changed_line_is_named() {
        let whole = register(&["a", "b", "c"]);
        let lines: Vec<&str> = whole.content.lines().collect();
        for place in 0..lines.len() {
            let changed = lines[place].replace("\"id\":\"", "\"id\":\"x");
            let mut lines = lines.clone();
            lines[place] = &changed;
            let expected = format!("line {} of `register.jsonl` was changed", place + 1);
            assert_eq!(of(&lines).problems(), [expected]);
        }
    }

    #[test]
    fn lines_that_are_lost_or_in_another_order_are_named() {
        let whole = register(&["a", "b", "c"]);
        let lines: Vec<&str> = whole.content.lines().collect();
        for place in 0..lines.len() - 1 {
            let mut lines = lines.clone();
            lines.remove(place);
            let expected = format!("lines before line {} of `register.jsonl` are lost", place + 1);
            assert_eq!(of(&lines).problems(), [expected]);
        }
        let mut turned = lines.clone();
        turned.swap(1, 2);
        let told = of(&turned).problems();
        assert!(told.iter().any(|one| one.contains("is out of its place")), "{told:?}");
        let cut = Register { content: whole.content[..whole.content.len() - 9].to_owned() };
        assert_eq!(cut.problems().len(), 2);
    }

    #[test]
    fn a_beginning_without_an_end_stays_one() {
        let mut register = register(&["a"]);
        let begin = |id: &str| Event::Begin(Begin { id: id.to_owned(), ..Begin::default() });
        for event in [begin("killed"), begin("b")] {
            let line = line(event, register.content.lines().last()).unwrap();
            register.content.push_str(&format!("{line}\n"));
        }
        let end = Event::End(Box::new(End { id: "b".to_owned(), ..End::default() }));
        let line = line(end, register.content.lines().last()).unwrap();
        register.content.push_str(&format!("{line}\n"));
        let found = register.attempts();
        let ended: Vec<bool> = found.iter().map(|attempt| attempt.end.is_some()).collect();
        assert_eq!(ended, [true, false, true]);
        assert_eq!(found.iter().map(Attempt::is_good).collect::<Vec<_>>(), [false, false, true]);
    }
}
