//! What the machine offers: room, rights, memory, and the kind of its file systems.
#![expect(clippy::disallowed_methods, reason = "asks the kernel, beside store.rs")]

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{Access, access, statfs, statvfs};

use crate::error::{Error, Result};

/// Numbers by which the kernel knows file systems of other machines, and those of programs.
const OF_NETWORKS: [(u64, &str); 10] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x00c3_6400, "ceph"),
    (0x5346_414f, "afs"),
    (0x0102_1997, "9p"),
    (0x0bd0_0bd0, "lustre"),
    (0x7461_636f, "ocfs2"),
    (0x6573_5546, "fuse"),
];

/// Room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

/// What is free for this user where a path is.
///
/// # Errors
/// When the path is not there, or the file system does not tell.
pub fn free(path: &Path) -> Result<Room> {
    let told = statvfs(path).map_err(|error| Error::io("look at", path, error.into()))?;
    // A file system without a table of files tells zero of zero.
    let files = if told.f_files == 0 { u64::MAX } else { told.f_favail };
    Ok(Room { bytes: told.f_bavail.saturating_mul(told.f_frsize), files })
}

/// The name of the file system that a path is on, if it is one of another machine or a program.
///
/// # Errors
/// When the path is not there.
pub fn network_file_system(path: &Path) -> Result<Option<&'static str>> {
    let found = statfs(path).map_err(|error| Error::io("look at", path, error.into()))?;
    let kind = u64::try_from(found.f_type).unwrap_or_default();
    Ok(OF_NETWORKS.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name))
}

/// Whether this user may create and delete files in a folder.
#[must_use]
pub fn may_write(folder: &Path) -> bool {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Whether this user may read a file, or list a folder.
#[must_use]
pub fn may_read(path: &Path) -> bool {
    let wanted = if path.is_dir() { Access::READ_OK | Access::EXEC_OK } else { Access::READ_OK };
    access(path, wanted).is_ok()
}

/// Bytes of memory that the kernel has for programs; none where it does not tell.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    told_bytes("/proc/meminfo", "MemAvailable:")
}

/// Bytes of memory that this program had at most so far; none where the kernel does not tell.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    told_bytes("/proc/self/status", "VmHWM:")
}

/// What a line of the kernel says, which counts in kibibytes.
fn told_bytes(file: &str, name: &str) -> Option<u64> {
    let told = fs::read_to_string(file).ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Threads that work is shared by: those that are asked for, or as many as the machine has.
#[must_use]
pub fn threads() -> usize {
    // What rayon decides when it begins them, which a log must not make it do.
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|asked| asked.parse().ok());
    let has = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.filter(|asked| *asked > 0).unwrap_or_else(has)
}

/// When the bytes of a file last changed.
#[must_use]
pub fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_of_a_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let room = free(folder.path()).unwrap();
        assert!(room.bytes > 0 && room.files > 0);
        assert!(network_file_system(folder.path()).is_ok());
        assert!(may_write(folder.path()) && may_read(folder.path()));
        assert!(changed(folder.path()).is_some());
        assert!(memory_bytes().is_some());
        assert!(peak_memory_bytes().is_some_and(|bytes| bytes > 1 << 20));
        let gone = folder.path().join("gone");
        assert!(free(&gone).is_err() && !may_write(&gone) && !may_read(&gone));
    }
}
