//! An input file, compressed or in an archive, becomes a stream of its own bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::ingest::archive::{self, too_large, unpacked_max};
use crate::run::digest;
use crate::run::manifest::Input;
use crate::run::store;

/// Files up to this length are hashed again while they are read.
const HASHED_TWICE_MAX: u64 = 64 << 20;

/// How the bytes of an input are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// `.gz`.
    Gzip,
    /// `.zst`.
    Zstd,
}

/// The name of a file without the mark of its packing.
#[must_use]
pub fn unpacked(name: &str) -> (&str, Packing) {
    let lower = name.to_lowercase();
    let without = |mark: &str| name.get(..name.len() - mark.len()).unwrap_or(name);
    if lower.ends_with(".gz") {
        (without(".gz"), Packing::Gzip)
    } else if lower.ends_with(".zst") {
        (without(".zst"), Packing::Zstd)
    } else {
        (name, Packing::Plain)
    }
}

/// The name under which a source looks for an input: without folder, archive or packing.
#[must_use]
pub fn bare_name(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    unpacked(name).0
}

/// Whether a file is an archive of others.
#[must_use]
pub fn is_archive(name: &str) -> bool {
    name.to_lowercase().ends_with(".zip")
}

/// The files in an archive, by name; those of the systems that made it are left out.
///
/// # Errors
/// When it cannot be read.
pub fn members(path: &Path) -> Result<Vec<String>> {
    let archive = archive::open(store::open(path)?).map_err(|error| of(path, error))?;
    let is_real = |name: &str| {
        let base = name.rsplit('/').next().unwrap_or(name);
        !base.is_empty() && !base.starts_with('.') && !name.starts_with("__MACOSX/")
    };
    let names = archive.file_names().filter_map(std::result::Result::ok);
    let mut names: Vec<String> =
        names.map(|name| name.to_string()).filter(|n| is_real(n)).collect();
    names.sort_unstable();
    Ok(names)
}

fn of(path: &Path, error: Error) -> Error {
    Error { message: format!("`{}`: {}", path.display(), error.message), ..error }
}

/// Hands the bytes of an input to `read`, and checks that they are those that were listed.
///
/// # Errors
/// When the file cannot be read, or changed meanwhile; and what `read` says.
pub fn with_bytes<T>(
    (input, path): (&Input, &Path),
    read: impl FnOnce(&mut (dyn Read + Send)) -> Result<T>,
) -> Result<T> {
    let Some(member) = &input.member else {
        // To hash a large file twice costs more than to read it; its stamp tells a change as well.
        let is_small = input.stamp.is_none_or(|stamp| stamp.bytes <= HASHED_TWICE_MAX);
        let packing = unpacked(&input.name).1;
        let mut file = store::open(path)?;
        if !is_small {
            let done = unpack((&mut file, path), (packing, input.bytes), read);
            check(Some(digest::stamp(path)?) == input.stamp)?;
            return done;
        }
        let mut bytes = Hashed { file, hasher: blake3::Hasher::new() };
        let done = unpack((&mut bytes, path), (packing, input.bytes), read);
        // What stands behind the last record counts for the hash.
        let rest = io::copy(&mut bytes, &mut io::sink());
        rest.map_err(|error| Error::io("read", path, error))?;
        check(*bytes.hasher.finalize().to_hex() == *input.blake3)?;
        return done;
    };
    let mut archive = archive::open(store::open(path)?).map_err(|error| of(path, error))?;
    let file = archive.by_name(member).map_err(|error| of(path, archive::damaged(&error)))?;
    let (packed, unpacked_length) = (file.compressed_size(), file.size());
    let mut file = Packed { bytes: file, left: unpacked_length };
    let done = unpack((&mut file, path), (unpacked(member).1, packed), read);
    let (_, found) = digest::digest(path)?;
    check(member_hash(&found, member) == input.blake3)?;
    done
}

/// Hands the bytes to `read` without their packing. A plain file is handed over as it is, for the
/// standard library fills its buffers without clearing them first.
fn unpack<T>(
    (bytes, path): (&mut (dyn Read + Send), &Path),
    (packing, length): (Packing, u64),
    read: impl FnOnce(&mut (dyn Read + Send)) -> Result<T>,
) -> Result<T> {
    let left = unpacked_max(length);
    match packing {
        Packing::Plain => read(bytes),
        Packing::Gzip => read(&mut Packed { bytes: MultiGzDecoder::new(bytes), left }),
        Packing::Zstd => {
            let decoder = zstd::stream::read::Decoder::new(bytes);
            let bytes = decoder.map_err(|error| Error::io("read", path, error))?;
            read(&mut Packed { bytes, left })
        }
    }
}

/// The hash of a file in an archive: of the archive and of its name there.
#[must_use]
pub fn member_hash(archive: &str, member: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(archive.as_bytes()).update(b"/").update(member.as_bytes());
    hasher.finalize().to_hex().to_string()
}

fn check(is_same: bool) -> Result<()> {
    if is_same {
        return Ok(());
    }
    Err(Error::busy("the file changed while it was read")
        .hint("is the export still being written? run again when it is whole"))
}

/// A file and the hash of what was read of it.
struct Hashed {
    file: File,
    hasher: blake3::Hasher,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Unpacked bytes; whatever goes wrong in them is a flaw of the data, not of the disk.
struct Packed<R> {
    bytes: R,
    /// How many more there may be.
    left: u64,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer);
        let count = read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let count_left = u64::try_from(count).ok().and_then(|count| self.left.checked_sub(count));
        self.left = count_left.ok_or_else(|| io::Error::other(too_large()))?;
        Ok(count)
    }
}
