//! Footers of small files are forgotten once others are read: a footer takes a kilobyte of memory
//! for each column of each row group, more than the rows of a page of the API.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::{Mutex, PoisonError};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::error::Result;
use crate::run::parquet::failed;

/// Footers that are kept: threads read the row groups of a file one behind the other.
const KEPT: usize = 32;

/// The last footers that were read, by path.
#[derive(Debug, Default)]
pub struct Footers {
    last: Mutex<VecDeque<(String, ArrowReaderMetadata)>>,
}

impl Footers {
    /// The footer of a file, read again unless it is among the last.
    pub(super) fn of(&self, path: &str, file: &File) -> Result<ArrowReaderMetadata> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = last().iter().find(|(known, _)| known == path) {
            return Ok(known.clone());
        }
        let read = load(file)?;
        let mut last = last();
        last.push_front((path.to_owned(), read.clone()));
        last.truncate(KEPT);
        Ok(read)
    }
}

/// Reads a footer.
pub(super) fn load(file: &File) -> Result<ArrowReaderMetadata> {
    ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(failed)
}
