//! Segments in a bucket: the rows of an input, what is known of them, and last their record.

use crate::error::{Error, Result};
use crate::run::bucket::Bucket;
use crate::run::store::Store;

/// Sends the segment of an input, its record last, where the bucket lacks it.
///
/// # Errors
/// When the bucket does not answer.
pub fn send_segment(store: &Store, bucket: &Bucket, rows: &str) -> Result<()> {
    let stem = rows.strip_suffix("parquet").unwrap_or(rows);
    let folder = rows.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut names = store.files_below(folder)?;
    names.retain(|name| name.starts_with(stem));
    names.sort_by_key(|name| is_record(name));
    for name in names {
        let Some(file) = store.stat(&name)? else { continue };
        if !bucket.send(store, &file, &name)? {
            let told = format!("`{name}` in the bucket is of another program");
            return Err(Error::data(told).hint("nothing was written over"));
        }
    }
    Ok(())
}

/// Whether the segment with these rows is in the bucket.
///
/// # Errors
/// When the bucket does not answer.
pub fn has_segment(bucket: &Bucket, rows: &str) -> Result<bool> {
    let stem = rows.strip_suffix("parquet").unwrap_or(rows);
    bucket.has(&format!("{stem}json"))
}

/// Whether a file is the record of a segment, without which the rest of it is nothing.
pub(super) fn is_record(name: &str) -> bool {
    name.ends_with(".json")
}
