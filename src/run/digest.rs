//! A file becomes what tells it from another: what the file system says of it, and its hash.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::store::open;

/// Bytes hashed at a time, on all threads.
const PIECE: usize = 1 << 20;
/// Bytes of a page. The kernel copies from pages to pages: where the bytes of a buffer begin a
/// little behind a page, as those of large allocations do, some processors copy three times slower.
const PAGE: usize = 4096;

/// What changes with any change to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Length.
    pub bytes: u64,
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds of the last change of its bytes, and of anything about it, which no
    /// program can set.
    changed: [(i64, i64); 2],
}

impl Stamp {
    /// What tells a file from all others, by whatever name.
    #[must_use]
    pub fn file(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Second of the last change of any kind.
    #[must_use]
    pub fn last_change(&self) -> i64 {
        self.changed.iter().map(|(second, _)| *second).max().unwrap_or_default()
    }

    /// Whether nothing changed between two stamps but the names of a file.
    #[must_use]
    pub fn is_of_same_bytes(&self, other: &Self) -> bool {
        let of = |stamp: &Self| (stamp.bytes, stamp.file(), stamp.changed[0]);
        of(self) == of(other)
    }
}

/// What the file system says of a file.
///
/// # Errors
/// When it cannot be asked.
pub fn stamp(path: &Path) -> Result<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    let changed = [(found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec())];
    Ok(Stamp { bytes: found.len(), device: found.dev(), inode: found.ino(), changed })
}

/// Length and BLAKE3 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> Result<(u64, String)> {
    let mut file = open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    let mut space = vec![0; PIECE + PAGE];
    let start = space.as_ptr().align_offset(PAGE).min(PAGE);
    let buffer = space.get_mut(start..start + PIECE).unwrap_or_default();
    loop {
        let count = fill(&mut file, buffer).map_err(|error| Error::io("read", path, error))?;
        if count == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update_rayon(buffer.get(..count).unwrap_or_default());
        bytes += u64::try_from(count).unwrap_or_default();
    }
}

/// Reads until the buffer is full or the input ends; returns how many bytes are in it.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_of_several_pieces_has_the_hash_of_its_bytes() {
        for length in [0, 1, PIECE, PIECE + 1, 2 * PIECE + 7] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            let expected = blake3::hash(&bytes).to_hex().to_string();
            let found = digest(file.path()).unwrap();
            assert_eq!(found, (u64::try_from(length).unwrap(), expected));
        }
    }

    #[test]
    fn interrupted_reads_go_on() {
        struct Halting(u8);
        impl Read for Halting {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 | 3 => Err(io::ErrorKind::Interrupted.into()),
                    2 | 4 => {
                        buffer[0] = self.0;
                        Ok(1)
                    }
                    _ => Ok(0),
                }
            }
        }
        let mut buffer = [0; 9];
        assert_eq!(fill(&mut Halting(0), &mut buffer).unwrap(), 2);
        assert_eq!(buffer[..3], [2, 4, 0]);
    }
}
