//! The lock of a warehouse: one changes it at a time, and the others are told who.
//!
//! The kernel alone decides who has it, and takes it back when the process ends; what is written in
//! the file is for the message.
#![expect(clippy::disallowed_methods, reason = "locks files beside store.rs")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;

use crate::error::{Error, Result};
use crate::run::store::{Store, create_folder};

/// Name of the machine, where the kernel tells it.
const HOST: &str = "/proc/sys/kernel/hostname";
const LOCK: &str = ".lock";
/// How often, and how long apart, a lock is asked for before somebody is said to be at work.
const LOOKS: u32 = 5;
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);

/// The right to change the warehouse; the kernel takes it back when the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Says who holds it, to those it keeps waiting; the kernel alone decides.
    pub fn tell(&mut self, work: &str, since: Option<&str>) {
        let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
        let told = format!("{work}, process {} on {}{since}", std::process::id(), host());
        // Nothing depends on it.
        self.file.write_all(told.as_bytes()).ok();
    }
}

impl Store {
    /// Takes the lock of the warehouse.
    ///
    /// # Errors
    /// `Busy` when another run holds it.
    pub fn lock(&self) -> Result<Lock> {
        self.lock_as(LOCK, "run")
    }

    /// Takes the lock of publications, which read releases and let runs go on.
    ///
    /// # Errors
    /// `Busy` when another publication holds it.
    pub fn lock_publication(&self) -> Result<Lock> {
        self.lock_as(".publication.lock", "publication")
    }

    fn lock_as(&self, name: &str, work: &str) -> Result<Lock> {
        let folder = self.path("");
        create_folder(&folder)?;
        let path = self.path(name);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            // No file elsewhere is emptied, and nobody is waited for at a pipe.
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(&path)
            .map_err(|error| Error::io("create", &path, error))?;
        let mut looks = LOOKS;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    file.set_len(0).map_err(|error| Error::io("write", &path, error))?;
                    return Ok(Lock { file });
                }
                // Who asks whether a run is at work holds the lock for a moment.
                Err(fs::TryLockError::WouldBlock) if looks > 0 => {
                    looks -= 1;
                    std::thread::sleep(LOOK);
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    let told = if holder.is_empty() { holder } else { format!(": {holder}") };
                    let told = format!("another {work} is at work in this warehouse{told}");
                    return Err(
                        Error::busy(told).hint("wait for it; the lock goes away with its process")
                    );
                }
                Err(fs::TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
            }
        }
    }

    /// Who is at work in the warehouse, if anyone is; nothing is written.
    ///
    /// # Errors
    /// When nobody may ask.
    pub fn holder(&self) -> Result<Option<String>> {
        let path = self.path(LOCK);
        let mut asked = File::options();
        let asked = asked.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let file = match asked.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open", &path, error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(fs::TryLockError::WouldBlock) => {
                Ok(Some(fs::read_to_string(&path).unwrap_or_default()))
            }
            Err(fs::TryLockError::Error(error)) => Err(Error::io("lock", &path, error)),
        }
    }
}

/// The name of this machine.
pub(super) fn host() -> String {
    fs::read_to_string(HOST).unwrap_or_default().trim().to_owned()
}
