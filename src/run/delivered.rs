//! The release that readers of the warehouse see becomes what is taken to a portal or a bucket.

use std::io::{Read, Seek, SeekFrom};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::deliver::http::hex;
use crate::deliver::{Document, Place, Release};
use crate::error::{Error, Result};
use crate::fetch::Kept;
use crate::publish::sums;
use crate::run::protect::RELEASES;
use crate::run::protect::summed::misfits;
use crate::run::protect::verify::verify;
use crate::run::store::Store;

/// Folder of what is known of publications, beside the releases.
pub(super) const FOLDER: &str = "publication";
/// Bytes hashed at a time.
const PIECE: usize = 1 << 20;

/// A release of the warehouse, proved and as it was written.
///
/// # Errors
/// When the proof does not hold, the release is not among those it is about, or a file changed.
pub fn release(store: &Store, asked: Option<&str>) -> Result<Release> {
    // What a killed publication left: no other is at work.
    let drafts = store.drafts(FOLDER, &[])?;
    drafts.iter().try_for_each(|path| store.remove_file(path))?;
    let verified = verify(store)?;
    let name = asked.unwrap_or(&verified.release);
    if !verified.all.iter().any(|known| known == name) {
        let known = verified.all.join(", ");
        return Err(Error::no_input(format!("the warehouse has no release `{name}`"))
            .hint(format!("it has {known}")));
    }
    let folder = format!("{RELEASES}/{name}");
    let mut documents = Vec::new();
    for path in store.files_below(&folder)? {
        let Some(file) = path.strip_prefix(&format!("{folder}/")) else { continue };
        documents.push(document(store, &path, file)?);
    }
    check_sums(store, &folder, &documents)?;
    Ok(Release { name: name.to_owned(), documents })
}

fn document(store: &Store, path: &str, name: &str) -> Result<Document> {
    let mut file = store.file(path)?;
    let (mut sha1, mut sha256, mut bytes) = (Sha1::new(), Sha256::new(), 0);
    let mut buffer = vec![0; PIECE];
    loop {
        let count = file.read(&mut buffer);
        let count = count.map_err(|error| Error::io("read", &store.path(path), error))?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        sha1.update(piece);
        sha256.update(piece);
        bytes += u64::try_from(count).unwrap_or_default();
    }
    let (sha1, sha256) = (hex(&sha1.finalize()), hex(&sha256.finalize()));
    Ok(Document { name: name.to_owned(), bytes, sha1, sha256 })
}

/// Holds files to the checksums that go with them, where they do.
fn check_sums(store: &Store, folder: &str, documents: &[Document]) -> Result<()> {
    let path = format!("{folder}/{}", sums::NAME);
    let hashes = documents.iter().map(|one| (one.name.as_str(), one.sha256.as_str()));
    let wrong = misfits(store, folder, hashes)?;
    if wrong.is_empty() || !store.has(&path) {
        return Ok(());
    }
    let message = format!("`{path}` does not fit: {}", wrong.join(", "));
    Err(Error::data(message).hint("the release was changed after it was made: publish another"))
}

/// The files of a release, and what is known of their publication somewhere.
#[derive(Debug)]
pub struct Delivered<'a> {
    store: &'a Store,
    folder: String,
    state: String,
}

impl<'a> Delivered<'a> {
    /// The files of a release, on their way to a dataset of a server.
    #[must_use]
    pub fn new(store: &'a Store, release: &Release, (server, dataset): (&str, &str)) -> Self {
        let server = server.split_once("://").map_or(server, |(_, rest)| rest);
        let host = server.split('/').next().unwrap_or_default();
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let host = host.replace(|c| !is_letter(c), "_");
        Self {
            store,
            folder: format!("{RELEASES}/{}", release.name),
            state: format!("{FOLDER}/{host}_{dataset}.json"),
        }
    }
}

impl Place for Delivered<'_> {
    fn read(&mut self, file: &str, from: u64, bytes: u64) -> Kept<Vec<u8>> {
        let mut content = vec![0; usize::try_from(bytes)?];
        let mut file = self.store.file(&format!("{}/{file}", self.folder))?;
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut content)?;
        Ok(content)
    }

    fn load(&mut self) -> Kept<Option<Vec<u8>>> {
        Ok(self.store.read(&self.state)?)
    }

    fn save(&mut self, state: &[u8]) -> Kept<()> {
        self.store.write(&self.state, state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_has_a_state_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let release = Release { name: "r".to_owned(), documents: Vec::new() };
        let mut demo = Delivered::new(&store, &release, ("https://demo.x.fr/api/1", "d1"));
        demo.save(b"{}").unwrap();
        let mut real = Delivered::new(&store, &release, ("https://www.x.fr:443/api/1", "d1"));
        assert_eq!((demo.load().unwrap(), real.load().unwrap()), (Some(b"{}".to_vec()), None));
        real.save(b"[]").unwrap();
        let names = ["demo.x.fr_d1.json", "www.x.fr_443_d1.json"];
        assert_eq!(store.names_in(FOLDER).unwrap(), names);
    }

    #[test]
    fn parts_of_a_file_are_read_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        store.write("releases/r/a.csv", b"0123456789").unwrap();
        let release = Release { name: "r".to_owned(), documents: Vec::new() };
        let mut place = Delivered::new(&store, &release, ("https://x", "d"));
        assert_eq!(place.read("a.csv", 3, 4).unwrap(), b"3456");
        assert!(place.read("a.csv", 8, 4).is_err());
    }
}
