//! Checksums that a release tells, and those of its files, become the files that do not fit.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::publish::sums;
use crate::run::protect::files::VERDICT;
use crate::run::store::Store;

/// The files below a folder that are not what `SHA256SUMS` tells, and those it tells that are not
/// there; `hashes` are the names and hashes of all files. It tells of all but itself and the
/// verdict, which is of the proof and comes after.
///
/// # Errors
/// When it cannot be read.
pub fn misfits<'f>(
    store: &Store,
    folder: &str,
    hashes: impl Iterator<Item = (&'f str, &'f str)>,
) -> Result<Vec<String>> {
    let content = store.read(&format!("{folder}/{}", sums::NAME))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    let mut told: BTreeMap<&str, &str> = lines.map(|(hash, name)| (name, hash)).collect();
    told.remove(VERDICT);
    let summed = hashes.filter(|(name, _)| ![sums::NAME, VERDICT].contains(name));
    let wrong = summed.filter(|(name, hash)| told.remove(name) != Some(*hash));
    let mut wrong: Vec<String> = wrong.map(|(name, _)| name.to_owned()).collect();
    wrong.extend(told.into_keys().map(str::to_owned));
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_held_to_their_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let of = |told: &str| {
            store.write("r/SHA256SUMS", told.as_bytes()).unwrap();
            let files = [("a.csv", "a0"), ("b.csv", "b0"), (VERDICT, "c0"), (sums::NAME, "d0")];
            misfits(&store, "r", files.into_iter()).unwrap()
        };
        assert!(of("a0  a.csv\nb0  b.csv\n").is_empty());
        assert!(of("a0  a.csv\nb0  b.csv\nff  verdict.json\n").is_empty());
        assert_eq!(of("a0  a.csv\na0  b.csv\n"), ["b.csv"]);
        assert_eq!(of("a0  a.csv\n"), ["b.csv"]);
        assert_eq!(of("a0  a.csv\nb0  b.csv\na0  c.csv\n"), ["c.csv"]);
        assert_eq!(of(""), ["a.csv", "b.csv"]);
    }
}
