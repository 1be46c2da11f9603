//! An archive becomes a list of files, unless it was made to exhaust who opens it.
//!
//! The reader of a file in it holds it to the length that the archive declares, so that what is
//! declared can be judged.

use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, Result};

/// Files of an archive, at most: two million rows of the API, 500 a page.
pub const MEMBERS_MAX: usize = 4096;
/// How many times its own length something may unpack to. Exports come to ten times or twenty;
/// packing that has no end of repetitions reaches a thousand, and zstd far more.
pub const RATIO_MAX: u64 = 200;
/// Bytes that anything may unpack to: a small file of few words is packed very well.
pub const UNPACKED_FREE: u64 = 64 << 20;

/// How many bytes so many packed ones may become.
#[must_use]
pub fn unpacked_max(packed: u64) -> u64 {
    packed.saturating_mul(RATIO_MAX).max(UNPACKED_FREE)
}

/// What is said of something that unpacks to more.
#[must_use]
pub fn too_large() -> Error {
    Error::data(format!("it unpacks to more than {RATIO_MAX} times its length"))
        .hint("no export does: is it whole, and from whom you think? take it away, or unpack it")
}

/// Opens an archive.
///
/// # Errors
/// When it is none; when it has too many files, two of one name, files that share bytes, or files
/// that unpack to more than anything real.
pub fn open<R: Read + Seek>(mut bytes: R) -> Result<ZipArchive<R>> {
    let length = bytes.seek(SeekFrom::End(0)).map_err(|error| damaged(&error.into()))?;
    let mut archive = ZipArchive::new(bytes).map_err(|error| damaged(&error))?;
    if archive.len() > MEMBERS_MAX {
        return Err(Error::data(format!("the archive has more than {MEMBERS_MAX} files"))
            .hint("unpack it, or make several of it"));
    }
    if archive.has_duplicate_names() {
        return Err(Error::data("the archive has two files of one name")
            .hint("only one of them would be read: give them two names"));
    }
    if archive.has_overlapping_entries().map_err(|error| damaged(&error))? {
        return Err(Error::data("files of the archive share their bytes")
            .hint("no program packs so: take it away, and ask whom it came from"));
    }
    let mut unpacked: u64 = 0;
    for number in 0..archive.len() {
        let member = archive.by_index_raw(number).map_err(|error| damaged(&error))?;
        unpacked = unpacked.saturating_add(member.size());
    }
    if unpacked > unpacked_max(length) {
        return Err(too_large());
    }
    Ok(archive)
}

/// What is said of an archive that cannot be read.
pub fn damaged(error: &ZipError) -> Error {
    Error::data(format!("the archive cannot be read: {error}"))
        .hint("was its transfer interrupted, or is it encrypted? ask for it again, or take it away")
}
