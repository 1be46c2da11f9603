//! A warehouse is told by its names and hashes, but for what bears the time of the clock.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Files that hold nothing but times and inodes, and those that tell of killed runs too.
const OF_THE_CLOCK: [&str; 5] = ["hashes.json", ".lock", "register.jsonl", "logs", "reports"];
/// What a manifest says of the clock and of the disk. `previous` has the hash of another manifest,
/// `registered` that of a line of the register.
const CLOCKED: [&str; 5] = ["run_id", "started_at", "finished_at", "previous", "registered"];

/// Names of a difference that are shown.
const NAMES_SHOWN: usize = 6;

/// Names below a warehouse, each with the hash of its bytes; a link with where it points.
///
/// The folder of a run bears the number of the run, from the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    names: BTreeMap<String, String>,
}

/// What readers see: the run, and the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub run: BTreeMap<String, String>,
    pub release: BTreeMap<String, String>,
}

impl Tree {
    pub fn of(warehouse: &Path) -> Self {
        let mut tree = Self::default();
        let runs = numbers(warehouse);
        if warehouse.is_dir() {
            tree.add(warehouse, "", &runs);
        }
        tree
    }

    /// What is in the folder of a run.
    pub fn of_run(run: &Path) -> BTreeMap<String, String> {
        let mut tree = Self::default();
        tree.add(run, "", &BTreeMap::new());
        tree.names
    }

    fn add(&mut self, folder: &Path, name: &str, runs: &BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let last = entry.file_name().to_string_lossy().into_owned();
            let mut below = format!("{name}{last}");
            if OF_THE_CLOCK.contains(&below.as_str()) {
                continue;
            }
            if name == "runs/" {
                below = format!("runs/{}", runs.get(&last).unwrap());
            }
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                self.names.insert(format!("{below}/"), String::new());
                self.add(&entry.path(), &format!("{below}/"), runs);
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap().to_string_lossy().into_owned();
                let run = target.strip_prefix("runs/").and_then(|run| runs.get(run));
                let target = run.map_or(target.clone(), |number| format!("runs/{number}"));
                self.names.insert(below, format!("-> {target}"));
            } else {
                self.names.insert(below, hash(&entry.path()));
            }
        }
    }

    /// All below a folder, by the name in it.
    fn below(&self, folder: &str) -> BTreeMap<String, String> {
        let below = self.names.iter().filter_map(|(name, hash)| {
            Some((name.strip_prefix(folder)?.strip_prefix('/')?.to_owned(), hash.clone()))
        });
        below.filter(|(name, _)| !name.is_empty()).collect()
    }

    fn target(&self, link: &str) -> Option<&str> {
        self.names.get(link)?.strip_prefix("-> ")
    }

    /// What readers see.
    pub fn seen(&self) -> Seen {
        let run = self.target("current").map(|run| self.below(run)).unwrap_or_default();
        let release = self.target("releases/latest");
        let release = release.map(|name| self.below(&format!("releases/{name}")));
        Seen { run, release: release.unwrap_or_default() }
    }

    /// The same without what a later run may leave as it is: segments that are read no more.
    pub fn without(&self, folder: &str) -> Self {
        let names = self.names.iter().filter(|(name, _)| !name.starts_with(folder));
        Self { names: names.map(|(name, hash)| (name.clone(), hash.clone())).collect() }
    }

    /// Names that are in one alone, or differ.
    pub fn difference(&self, other: &Self) -> Option<String> {
        (self != other).then(|| differing(&self.names, &other.names))
    }

    /// Names of what is unfinished.
    pub fn drafts(&self) -> Vec<String> {
        let names = self.names.keys().filter(|name| name.contains(".draft-"));
        names.cloned().collect()
    }

    /// Releases, but for the pointer.
    pub fn releases(&self) -> BTreeMap<String, String> {
        let mut all = self.below("releases");
        all.remove("latest");
        all
    }
}

/// Names that are in one alone, or differ; the first of them.
pub fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> String {
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| one.get(*name) != other.get(*name));
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).map(|name| name.as_str()).collect();
    format!("{} names, {}", names.len(), shown.join(", "))
}

/// The number of each run, in the order of their names.
fn numbers(warehouse: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(warehouse.join("runs")) else { return BTreeMap::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.into_iter().zip(1..).map(|(name, number): (_, u32)| (name, number.to_string())).collect()
}

fn hash(path: &Path) -> String {
    let content = fs::read(path).unwrap();
    let content = if path.ends_with("manifest.json") { timeless(&content) } else { content };
    blake3::hash(&content).to_hex().to_string()
}

/// A manifest without what the clock and the disk say.
fn timeless(manifest: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(manifest).unwrap();
    let whole = value.as_object_mut().unwrap();
    for key in CLOCKED {
        whole.remove(key);
    }
    for input in whole.get_mut("inputs").and_then(Value::as_array_mut).unwrap() {
        input.as_object_mut().unwrap().remove("stamp");
    }
    serde_json::to_vec(&value).unwrap()
}
