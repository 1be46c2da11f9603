//! What an engine shares with this program: the folder of the warehouse, or the bucket it is kept
//! in, each by the name that the engine has for it.

use crate::error::{Error, Result};
use crate::run::asked::{Asked, exchange};
use crate::run::bucket::Bucket;
use crate::run::store::Store;

/// Objects of segments have the names of files.
const STAGED: &str = "staged/";

/// Where an engine reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Shared<'a> {
    /// The bucket of the warehouse; without one, it is the folder.
    pub bucket: Option<&'a Bucket>,
    /// How the engine names that place; by default, as this program does.
    pub seen_as: Option<String>,
}

impl Asked<'_> {
    /// The name that the engine has for a file or folder of the warehouse.
    pub(super) fn location(&self, store: &Store, name: &str) -> Result<String> {
        let name = self.shared_name(name);
        let place = match (&self.shared.seen_as, self.shared.bucket) {
            (Some(place), _) => place.trim_end_matches('/').to_owned(),
            (None, Some(bucket)) => bucket.location(),
            (None, None) => {
                let path = store.path(&name);
                let found = std::path::absolute(&path);
                let path = found.map_err(|error| Error::io("find", &path, error))?;
                return Ok(path.to_string_lossy().into_owned());
            }
        };
        Ok(format!("{place}/{name}"))
    }

    /// In a bucket each run has a folder of its own, as no lock keeps another one out.
    fn shared_name(&self, name: &str) -> String {
        if self.shared.bucket.is_none() || name.starts_with(STAGED) {
            return name.to_owned();
        }
        let within = name.strip_prefix(exchange::FOLDER).unwrap_or(name).trim_start_matches('/');
        format!("{}/{}/{within}", exchange::FOLDER, self.session)
    }

    /// Lets the engine see a file, or all files of a folder.
    ///
    /// # Errors
    /// When it cannot be read or sent.
    pub(in crate::run) fn offer(&self, store: &Store, name: &str) -> Result<()> {
        let Some(bucket) = self.shared.bucket else { return Ok(()) };
        let files =
            if store.has(name) { vec![name.to_owned()] } else { store.files_below(name)? };
        for file in files {
            let object = self.shared_name(&file);
            let Some(written) = store.stat(&file)? else { continue };
            if bucket.length(&object)? == Some(written.bytes) {
                continue;
            }
            if !bucket.send(store, &written, &object)? {
                return Err(Error::data(format!("`{object}` in the bucket is of another run")));
            }
        }
        Ok(())
    }

    /// Brings what the engine wrote into a folder of the warehouse.
    pub(super) fn collect(&self, store: &Store, folder: &str) -> Result<()> {
        let Some(bucket) = self.shared.bucket else { return Ok(()) };
        let shared = self.shared_name(folder);
        for object in bucket.names_below(&shared)? {
            let rest = object.strip_prefix(&shared).unwrap_or_default();
            if is_data(&object) {
                bucket.bring(store, &object, &format!("{folder}{rest}"))?;
            }
        }
        Ok(())
    }

    /// Takes away what the engine was shown, and what it wrote.
    pub(in crate::run) fn clear(&self) -> Result<()> {
        let Some(bucket) = self.shared.bucket else { return Ok(()) };
        let all = bucket.names_below(self.shared_name("").trim_end_matches('/'))?;
        all.iter().try_for_each(|object| bucket.remove(object))
    }
}

/// Whether an engine wrote rows there: it leaves marks of success and checksums beside.
pub(super) fn is_data(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    base.ends_with(".parquet") && !base.starts_with(['.', '_'])
}
