//! Hashes of files are remembered by what the file system says of them: one that has not changed
//! is not read again.
//!
//! A hash is believed only while length, inode and both times of change are those of the moment it
//! was made. A file that changed so shortly before it was hashed that a further change might bear
//! the same times is not remembered. What a run writes itself is known by the bytes it wrote.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::digest::{self, Stamp};

/// Name of the file in the warehouse.
pub const HASHES: &str = "hashes.json";
/// Seconds that a file must have been left alone before its hash is remembered: longer than a tick
/// of any file system's clock.
const SETTLED_SECONDS: i64 = 2;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    blake3: String,
    /// A power cut may take its bytes and leave its stamp.
    is_unsynced: bool,
}

/// What is written down.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Which start of the machine the unsynced files are of.
    boot: String,
    files: Vec<Known>,
}

/// What a run knows of files.
#[derive(Debug, Default)]
struct Memory {
    /// By device and inode.
    files: HashMap<(u64, u64), Known>,
    /// Those that this run asked for or made.
    used: HashSet<(u64, u64)>,
    is_changed: bool,
}

/// The hashes of files that have not changed since they were made; none by default, so that each
/// file is read.
#[derive(Debug, Default)]
pub struct Hashes {
    memory: Mutex<Memory>,
    /// Tells the time, RFC 3339; without it nothing is remembered.
    clock: Option<fn() -> String>,
}

impl Hashes {
    /// Remembers from here on.
    #[must_use]
    pub fn remembering(clock: fn() -> String) -> Self {
        Self { memory: Mutex::default(), clock: Some(clock) }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Length and BLAKE3 of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn digest(&self, path: &Path) -> Result<(u64, String)> {
        let Some(clock) = self.clock else { return digest::digest(path) };
        let stamp = digest::stamp(path)?;
        if let Some(known) = self.known(&stamp) {
            return Ok((stamp.bytes, known.blake3));
        }
        let now = clock().parse::<Timestamp>();
        let now = now.map_err(|error| Error::internal("a clock tells the time").because(error))?;
        let found = digest::digest(path)?;
        if stamp.last_change() < now.as_second() - SETTLED_SECONDS && digest::stamp(path)? == stamp
        {
            self.remember(Known { stamp, blake3: found.1.clone(), is_unsynced: false });
        }
        Ok(found)
    }

    /// Remembers a file that was just written, whose hash is that of what was written.
    pub(super) fn made(&self, path: &Path, blake3: &str, is_synced: bool) -> Result<()> {
        if self.clock.is_some() {
            let blake3 = blake3.to_owned();
            let stamp = digest::stamp(path)?;
            self.remember(Known { stamp, blake3, is_unsynced: !is_synced });
        }
        Ok(())
    }

    /// A file is on disk for good.
    pub(super) fn synced(&self, path: &Path) -> Result<()> {
        if self.clock.is_some()
            && let Some(known) = self.known(&digest::stamp(path)?)
        {
            self.remember(Known { is_unsynced: false, ..known });
        }
        Ok(())
    }

    /// Gives or takes names of files, which changes their stamps and not their bytes: what was
    /// known of them before is known of them afterwards.
    pub(super) fn renamed<T>(&self, paths: &[&Path], act: impl FnOnce() -> Result<T>) -> Result<T> {
        let known_of = |path: &&Path| self.known(&digest::stamp(path).ok()?);
        let before: Vec<Option<Known>> = match self.clock {
            Some(_) => paths.iter().map(known_of).collect(),
            None => Vec::new(),
        };
        let done = act()?;
        for (path, known) in paths.iter().zip(before) {
            let Some(known) = known else { continue };
            let stamp = digest::stamp(path)?;
            if stamp.is_of_same_bytes(&known.stamp) {
                self.remember(Known { stamp, ..known });
            }
        }
        Ok(done)
    }

    fn known(&self, stamp: &Stamp) -> Option<Known> {
        let mut memory = self.memory();
        let known = memory.files.get(&stamp.file()).filter(|known| known.stamp == *stamp).cloned();
        if known.is_some() {
            memory.used.insert(stamp.file());
        }
        known
    }

    fn remember(&self, known: Known) {
        let mut memory = self.memory();
        let file = known.stamp.file();
        memory.used.insert(file);
        memory.is_changed |= memory.files.get(&file) != Some(&known);
        memory.files.insert(file, known);
    }

    /// Believes what an earlier run wrote down; `boot` tells the starts of the machine apart.
    pub(super) fn believe(&self, content: &[u8], boot: &str) {
        let Some(kept) = unsealed(content) else { return };
        let Ok(kept) = serde_json::from_slice::<Kept>(kept) else { return };
        let is_same_boot = !boot.is_empty() && kept.boot == boot;
        let files = kept.files.into_iter().filter(|known| is_same_boot || !known.is_unsynced);
        self.memory().files = files.map(|known| (known.stamp.file(), known)).collect();
    }

    /// What is to be written down, if it is anything new: of the files that this run asked for or
    /// made.
    pub(super) fn to_keep(&self, boot: &str) -> Result<Option<Vec<u8>>> {
        let memory = self.memory();
        if !memory.is_changed {
            return Ok(None);
        }
        let used = memory.files.iter().filter(|(file, _)| memory.used.contains(file));
        let mut files: Vec<Known> = used.map(|(_, known)| known.clone()).collect();
        files.sort_unstable_by_key(|known| known.stamp.file());
        drop(memory);
        let kept = serde_json::to_vec(&Kept { boot: boot.to_owned(), files })
            .map_err(|error| Error::internal("hashes are JSON").because(error))?;
        Ok(Some(sealed(&kept)))
    }
}

/// Content behind its own hash.
#[must_use]
pub fn sealed(content: &[u8]) -> Vec<u8> {
    let mut sealed = blake3::hash(content).to_hex().to_string().into_bytes();
    sealed.push(b'\n');
    sealed.extend_from_slice(content);
    sealed
}

/// The content behind its own hash, if it is that content.
#[must_use]
pub fn unsealed(sealed: &[u8]) -> Option<&[u8]> {
    let (seal, content) = sealed.split_at_checked(blake3::OUT_LEN * 2 + 1)?;
    let expected = blake3::hash(content).to_hex();
    (seal.strip_suffix(b"\n")? == expected.as_bytes()).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_that_of_its_content() {
        let whole = sealed(b"content");
        assert_eq!(unsealed(&whole), Some(&b"content"[..]));
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert_eq!(unsealed(&changed), None);
            assert_eq!(unsealed(&whole[..place]), None);
        }
    }
}
