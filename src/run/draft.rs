//! A file is built aside and appears whole, or not at all.
#![expect(clippy::disallowed_methods, reason = "files are written here and in store.rs")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::run::hashes::Hashes;
use crate::run::stop;
use crate::run::store::{create_folder, sync_folder};

/// How the names of unfinished files begin, and of pointers that are not in place yet.
pub(super) const PREFIX: &str = ".draft-";

/// A file that stands for itself: path below the warehouse, length, content hash.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Written {
    /// Path, relative to the warehouse or to the run.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 in hexadecimal.
    pub blake3: String,
}

/// A file under construction, invisible until it is committed.
#[derive(Debug)]
pub struct Draft {
    out: BufWriter<Hashed>,
    target: PathBuf,
    name: String,
    /// Where its hash is remembered.
    hashes: Arc<Hashes>,
}

/// A file and the hash of what was written to it, below the buffer: long pieces are hashed fast.
#[derive(Debug)]
struct Hashed {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.bytes += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft {
    /// Starts a file in its folder, which is created if need be; `name` is what it will be called.
    pub(super) fn new(target: PathBuf, folder: &Path, name: &str) -> Result<Self> {
        create_folder(folder)?;
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempfile_in(folder)
            .map_err(|error| Error::io("create a file in", folder, error))?;
        let hashed = Hashed { file, hasher: blake3::Hasher::new(), bytes: 0 };
        let out = BufWriter::with_capacity(1 << 18, hashed);
        Ok(Self { out, target, name: name.to_owned(), hashes: Arc::default() })
    }

    /// Has its hash remembered.
    pub(super) fn remembered_by(self, hashes: &Arc<Hashes>) -> Self {
        Self { hashes: Arc::clone(hashes), ..self }
    }

    /// Puts the finished file in its place, on disk for good when it returns.
    ///
    /// # Errors
    /// When it cannot be written or renamed.
    pub fn commit(self) -> Result<Written> {
        self.settle(true)
    }

    /// Puts the finished file in its place, where a power cut may still damage it: for what can be
    /// made again and is checked before it is used, or is synced later.
    ///
    /// # Errors
    /// When it cannot be written or renamed.
    pub fn commit_unsynced(self) -> Result<Written> {
        self.settle(false)
    }

    fn settle(self, is_synced: bool) -> Result<Written> {
        let target = self.target;
        let failed = |error: io::Error| Error::io("write", &target, error);
        let done = self.out.into_inner().map_err(|error| failed(error.into_error()))?;
        let Hashed { file, hasher, bytes } = done;
        if is_synced {
            file.as_file().sync_all().map_err(failed)?;
        }
        set_readable(file.as_file()).map_err(failed)?;
        let (_file, aside) = file.into_parts();
        fs::rename(&aside, &target).map_err(failed)?;
        // It bears another name now: there is nothing left to delete.
        aside.keep().map_err(|error| failed(error.error))?;
        if let (true, Some(folder)) = (is_synced, target.parent()) {
            sync_folder(folder)?;
        }
        let blake3 = hasher.finalize().to_hex().to_string();
        self.hashes.made(&target, &blake3, is_synced)?;
        Ok(Written { path: self.name, bytes, blake3 })
    }
}

impl Write for Draft {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        stop::check().map_err(io::Error::other)?;
        self.out.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A temporary file is private; a warehouse is read by others.
fn set_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
