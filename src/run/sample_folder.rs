//! A folder of invented exports is written, marked, and recognised.
#![expect(clippy::disallowed_methods, reason = "creates the files of a sample")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Marks a folder as an invented export.
pub const SAMPLE_MARK: &str = ".conum-sample";

/// Whether a folder holds an invented export, as `conum sample` marks it.
#[must_use]
pub fn is_sample(folder: &Path) -> bool {
    folder.join(SAMPLE_MARK).is_file()
}

/// Creates a file for an invented export, and its folder.
///
/// # Errors
/// When it cannot be created.
pub fn create_in(folder: &Path, name: &str) -> io::Result<Box<dyn Write>> {
    fs::create_dir_all(folder)?;
    Ok(Box::new(BufWriter::with_capacity(1 << 18, File::create(folder.join(name))?)))
}
