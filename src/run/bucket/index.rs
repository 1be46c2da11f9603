//! What the pointer of a bucket holds: the files and links of a warehouse, and which object each
//! file is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::delivered::FOLDER as PUBLICATION;
use crate::run::draft::Written;
use crate::run::execute::{DECLARATIONS, RUNS};
use crate::run::manifest::CURRENT;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::REGISTER;
use crate::run::report::REPORTS;

/// Folders whose files are written once: their objects have their names.
const WRITTEN_ONCE: [&str; 4] = ["declarations/", "releases/", "runs/", "staged/"];

/// What is kept of a warehouse; the rest is of the machine.
pub(super) const KEPT: [&str; 7] =
    [DECLARATIONS, PUBLICATION, REGISTER, RELEASES, REPORTS, RUNS, STAGED];
/// Segments, which other machines may bring too.
pub(super) const STAGED: &str = "staged";
/// Files that change, by their content.
const OBJECTS: &str = "objects";
/// Names of an object by its content; each is free again a run after it was removed.
const AGAIN_MAX: u32 = 5;
/// Folders whose objects go once no pointer names them.
pub(super) const SWEPT: [&str; 5] = [DECLARATIONS, OBJECTS, RELEASES, RUNS, STAGED];

/// The files and links of a warehouse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Where links lead.
    pub(super) links: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, Kept>,
    /// Objects that the index before named, or segments that nothing needs: the next run removes
    /// them.
    #[serde(default)]
    pub(super) unused: BTreeSet<String>,
    /// Objects that are being removed: nothing is to rely on what is there of them.
    #[serde(default)]
    pub(super) going: BTreeSet<String>,
}

/// A file, as an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) bytes: u64,
    pub(super) blake3: String,
    /// Its object, where that has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<String>,
}

impl Kept {
    pub(super) fn of(file: &Written, object: &str) -> Self {
        let object = (object != file.path).then(|| object.to_owned());
        Self { bytes: file.bytes, blake3: file.blake3.clone(), object }
    }

    /// The name of its object.
    pub(super) fn object<'k>(&'k self, path: &'k str) -> &'k str {
        self.object.as_deref().unwrap_or(path)
    }

    pub(super) fn is(&self, file: &Written) -> bool {
        self.bytes == file.bytes && self.blake3 == file.blake3
    }
}

impl Index {
    /// Reads an index, which comes from outside: it names nothing but files of a warehouse.
    pub(super) fn read(content: &[u8]) -> Result<Self> {
        let index: Self = serde_json::from_slice(content).map_err(|error| {
            Error::data("the pointer of the bucket cannot be read").because(error)
        })?;
        let objects = index.files.values().filter_map(|kept| kept.object.as_ref());
        let mut names = index.files.keys().chain(objects).chain(&index.unused).chain(&index.going);
        let is_kept = |name: &String| KEPT.contains(&name.split('/').next().unwrap_or_default());
        let is_own = index.files.keys().all(is_kept);
        if is_own && names.all(|name| is_plain(name)) && index.links.iter().all(is_link) {
            return Ok(index);
        }
        Err(Error::data("the pointer of the bucket names what is no file of a warehouse"))
    }

    pub(super) fn written(&self) -> Result<Vec<u8>> {
        let mut content = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("an index is JSON").because(error))?;
        content.push(b'\n');
        Ok(content)
    }

    /// The names that the objects of a file may have, in the order in which they are tried: none
    /// is written over.
    pub(super) fn names(file: &Written) -> Vec<String> {
        let by_content = format!("{OBJECTS}/{}", file.blake3);
        // Where all others are being removed.
        let again = (2..AGAIN_MAX).map(|time| format!("{by_content}-{time}"));
        let own = is_written_once(&file.path).then(|| file.path.clone());
        own.into_iter().chain([by_content.clone()]).chain(again).collect()
    }

    /// Names of all objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(path, kept)| kept.object(path))
    }
}

/// Whether a file never changes.
pub(super) fn is_written_once(path: &str) -> bool {
    WRITTEN_ONCE.iter().any(|folder| path.starts_with(folder))
}

/// Whether a name stays where it is: no part of it is hidden, empty or leads back.
fn is_plain(name: &str) -> bool {
    name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// Whether a link is one of those that choose what readers see.
fn is_link((name, target): (&String, &String)) -> bool {
    let last = match name.as_str() {
        CURRENT => target.strip_prefix(RUNS).and_then(|last| last.strip_prefix('/')),
        _ => (*name == format!("{RELEASES}/{LATEST}")).then_some(target.as_str()),
    };
    last.is_some_and(|last| !last.contains('/') && is_plain(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Written {
        Written { path: path.to_owned(), bytes: 3, blake3: "ab".to_owned() }
    }

    #[test]
    fn what_changes_is_named_by_its_content() {
        let names = |path| Index::names(&file(path)).into_iter().take(2).collect::<Vec<String>>();
        assert_eq!(names("runs/1/t.csv"), ["runs/1/t.csv", "objects/ab"]);
        assert_eq!(names("register.jsonl"), ["objects/ab", "objects/ab-2"]);
    }

    #[test]
    fn an_index_comes_back_as_it_was() {
        let mut index = Index::default();
        index.links.insert("current".into(), "runs/1".into());
        for (path, object) in [("runs/1/t.csv", "runs/1/t.csv"), ("register.jsonl", "objects/ab")] {
            index.files.insert(path.into(), Kept::of(&file(path), object));
        }
        assert_eq!(Index::read(&index.written().unwrap()).unwrap(), index);
        assert_eq!(index.objects().collect::<Vec<_>>(), ["objects/ab", "runs/1/t.csv"]);
        assert!(Index::read(b"{").is_err());
    }

    #[test]
    fn an_index_names_nothing_outside_a_warehouse() {
        let link = |name: &str, target: &str| {
            let links = [(name.to_owned(), target.to_owned())].into();
            let index = Index { links, ..Index::default() };
            Index::read(&index.written().unwrap()).is_ok()
        };
        assert!(link("current", "runs/1") && link("releases/latest", "2025-07-01-0a"));
        for (name, target) in [
            ("current", "runs/.."),
            ("current", "runs/1/clean"),
            ("current", "/etc"),
            ("releases/latest", "../runs/1"),
            ("clean", "runs/1"),
        ] {
            assert!(!link(name, target), "{name} -> {target}");
        }
        for (path, object) in
            [("../x", "../x"), ("/etc/x", "/etc/x"), ("a//b", "c"), ("a", "../b"), (".lock", "c")]
        {
            let files = [(path.to_owned(), Kept::of(&file(path), object))].into();
            let index = Index { files, ..Index::default() };
            assert!(Index::read(&index.written().unwrap()).is_err(), "{path}");
        }
    }
}
