//! A file becomes what tells it from another: what the file system says of it, and its hash.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::run::store::open;

/// Bytes hashed at a time, on all threads.
const PIECE: u64 = 4 << 20;

/// What changes with any change to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Length.
    pub bytes: u64,
    inode: u64,
    /// Seconds and nanoseconds of the last change of its bytes, and of anything about it, which no
    /// program can set.
    changed: [(i64, i64); 2],
}

/// What the file system says of a file.
///
/// # Errors
/// When it cannot be asked.
pub fn stamp(path: &Path) -> Result<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    let changed = [(found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec())];
    Ok(Stamp { bytes: found.len(), inode: found.ino(), changed })
}

/// Length and BLAKE3 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> Result<(u64, String)> {
    let mut file = open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let piece = file.by_ref().take(PIECE).read_to_end(&mut buffer);
        let count = piece.map_err(|error| Error::io("read", path, error))?;
        if count == 0 {
            return Ok((bytes, hasher.finalize().to_hex().to_string()));
        }
        hasher.update_rayon(&buffer);
        bytes += u64::try_from(count).unwrap_or_default();
    }
}
