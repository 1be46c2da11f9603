//! Inputs and the last run tell what a run needs of the disk at least, before it writes anything.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::run::job::Job;
use crate::run::machine::{self, Room};
use crate::run::manifest::Manifest;

/// Files that any run makes.
const FILES: u64 = 400;

/// Checks that a run has room for its outputs.
///
/// # Errors
/// When it has not.
pub(super) fn check(job: &Job<'_>, last: Option<&Manifest>) -> Result<()> {
    let root = job.store.path("");
    // Where the file system does not tell, nothing is known.
    machine::free(&root).map_or(Ok(()), |free| compare(&root, needed(job, last), free))
}

/// Room for all outputs of the last run once more, and for what new inputs become: about half of
/// their bytes, measured on a hundred megabytes of all formats.
fn needed(job: &Job<'_>, last: Option<&Manifest>) -> Room {
    let known = |blake3: &String| {
        last.is_some_and(|last| last.inputs.iter().any(|input| input.blake3 == *blake3))
    };
    // An archive is told once for all its members.
    let new: BTreeMap<&Path, u64> = job
        .read_inputs()
        .filter(|(input, ..)| !known(&input.blake3))
        .map(|(input, path, _)| (path, input.bytes))
        .collect();
    let again = once_more(last);
    let staged = new.into_values().map(|bytes| bytes / 2);
    Room { bytes: staged.fold(again.bytes, u64::saturating_add), ..again }
}

/// Room for all outputs of the last run, even if most will only be linked.
pub(super) fn once_more(last: Option<&Manifest>) -> Room {
    let outputs = last.map(|last| last.outputs.as_slice()).unwrap_or_default();
    let bytes = outputs.iter().map(|output| output.file.bytes).fold(0, u64::saturating_add);
    let files = u64::try_from(outputs.len()).unwrap_or(u64::MAX);
    Room { bytes, files: files.saturating_add(FILES) }
}

/// Checks that what is free is enough.
///
/// # Errors
/// When it is not.
pub(super) fn compare(root: &Path, needed: Room, free: Room) -> Result<()> {
    let lacking = match (needed.bytes > free.bytes, needed.files > free.files) {
        (true, _) => format!("{} MB, and {} MB are free", needed.bytes >> 20, free.bytes >> 20),
        (false, true) => format!("{} files, and {} can be made", needed.files, free.files),
        (false, false) => return Ok(()),
    };
    let message = format!("the disk of `{}` is too full: the run needs {lacking}", root.display());
    Err(Error::io_failed(message).hint("make room; nothing was begun, what readers see is whole"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_refused() {
        let check = |bytes, files| {
            let needed = Room { bytes: 5 << 20, files: 400 };
            let checked = compare(Path::new("w"), needed, Room { bytes, files });
            checked.map_err(|error| (error.kind.exit_code(), error.message))
        };
        assert_eq!(check(5 << 20, 400), Ok(()));
        let message = "the disk of `w` is too full: the run needs";
        let refused = |what: &str| Err((74, format!("{message} {what}")));
        assert_eq!(check(3 << 20, 400), refused("5 MB, and 3 MB are free"));
        assert_eq!(check(5 << 20, 399), refused("400 files, and 399 can be made"));
    }
}
