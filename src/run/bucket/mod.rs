//! A warehouse that is kept in a bucket, of which this machine's folder is a copy.
//!
//! Objects are named as files of the warehouse are. Nothing that is there is written over but one
//! small object, which names all the others: it moves last, at once, and only if no one moved it
//! meanwhile.

pub mod address;
pub mod copy;
mod index;
pub mod segments;
mod sent;
pub mod upkeep;

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use object_store::Attributes;
use object_store::path::Path;

use crate::definition::publication::Bucket as Place;
use crate::deliver::http::{Attempt, Limits};
use crate::deliver::objects::{Head, If, PIECE_BYTES, Patient, Shelf, Tag, named, pieces};
use crate::error::{Error, Result};
use crate::fetch::{self, Patience, Token};
use crate::run::draft::Written;
use crate::run::stop;
use crate::run::store::Store;

/// The object that names all others.
const POINTER: &str = "current.json";
/// An object that is there, and is never put again.
const PROOF: &str = "conditions";
const HINT: &str = "what readers of the bucket see is as before; run again";

/// A bucket that a warehouse is kept in.
#[derive(Debug)]
pub struct Bucket {
    place: Place,
    /// One request at a time.
    shelf: Mutex<Shelf>,
}

impl Bucket {
    /// Prepares connections to a bucket with a key, `identifier:secret`.
    ///
    /// # Errors
    /// Refuses an address where others could read what is sent, and a key of another form.
    pub fn new(place: Place, key: &Token, proxy: Option<&str>) -> Result<Self> {
        let shelf = Shelf::new(&place, key, Limits::default(), proxy)?;
        Ok(Self { place, shelf: Mutex::new(shelf) })
    }

    /// Where a file of the warehouse is, as engines name it.
    #[must_use]
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.place.name, self.place.prefix)
    }

    /// Makes sure that the server keeps conditions: one that does not would let two machines
    /// publish at once.
    fn prove(&self) -> Result<()> {
        let path = self.path(PROOF)?;
        let put = || self.ask(6, |shelf| shelf.put_if(&path, b"", If::Nothing));
        // The second one is put where the first one is, and the third in place of another.
        let is_first_alone = put()?.is_none() || put()?.is_none();
        let other = Tag::of_nothing();
        let in_place = self.ask(7, |shelf| shelf.put_if(&path, b"", If::Still(&other)))?;
        if is_first_alone && in_place.is_none() {
            return Ok(());
        }
        let told = format!("{}: the server keeps no conditions (`If-Match`)", self.location());
        Err(Error::definition(told).hint("a warehouse needs one that does"))
    }

    /// What tells the bucket from any other.
    fn origin(&self) -> String {
        format!("{} at {}", self.location(), self.place.url)
    }

    /// What the pointer holds, if there is one.
    fn pointed(&self) -> Result<Option<(Vec<u8>, Option<Tag>)>> {
        let path = self.path(POINTER)?;
        self.ask(0, |shelf| shelf.get(&path))
    }

    /// Moves the pointer, unless somebody did since.
    fn point(&self, content: &[u8], since: Option<&Tag>) -> Result<Option<Tag>> {
        let path = self.path(POINTER)?;
        self.ask(1, |shelf| shelf.put_if(&path, content, since.map_or(If::Nothing, If::Still)))
    }

    /// The names of all objects below a folder.
    pub(super) fn names_below(&self, folder: &str) -> Result<Vec<String>> {
        let within = format!("{}/", self.place.prefix);
        let prefix = format!("{within}{folder}/");
        let (mut names, mut more) = (Vec::new(), None);
        loop {
            let (found, next) = self.ask(2, |shelf| shelf.list(&prefix, more.clone()))?;
            let found = found.into_iter().map(|(name, _)| name);
            // Others make objects that stand for folders.
            let found = found.filter(|name| name.starts_with(&prefix));
            names.extend(found.filter_map(|it| it.strip_prefix(&within).map(str::to_owned)));
            more = next;
            if more.is_none() {
                return Ok(names);
            }
        }
    }

    /// Whether an object is there.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        Ok(self.head(name)?.is_some())
    }

    /// The length of an object, if it is there.
    pub(super) fn length(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.head(name)?.map(|head| head.bytes))
    }

    fn head(&self, name: &str) -> Result<Option<Head>> {
        let path = self.path(name)?;
        self.ask(3, |shelf| shelf.head(&path))
    }

    /// Sends a file of the warehouse, unless an object of that name is there: then tells whether it
    /// is the same.
    pub(super) fn send(&self, store: &Store, file: &Written, name: &str) -> Result<bool> {
        let path = self.path(name)?;
        let mut content = store.file(&file.path)?;
        let changed = || format!("`{}` is not what was written", file.path);
        if file.bytes > PIECE_BYTES {
            if self.head(name)?.is_some() {
                return self.is_same(name, file);
            }
            let mut hasher = blake3::Hasher::new();
            let mut read = |from: u64, bytes: u64| {
                let content = piece(&mut content, from, bytes).map_err(|error| {
                    fetch::Error::Save(format!("cannot read `{}`: {error}", file.path))
                })?;
                hasher.update(&content);
                // Nothing is seen before all pieces are there.
                let is_last = from + bytes == file.bytes;
                match is_last && hasher.finalize().to_hex().as_str() != file.blake3 {
                    true => Err(fetch::Error::Save(changed())),
                    false => Ok(content),
                }
            };
            let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let about = (file.bytes, Attributes::default());
            let sent = shelf.send(&path, about, &mut read, &mut patient(&mut sleep));
            return sent.map(|()| true).map_err(|error| self.failed(error));
        }
        let content = piece(&mut content, 0, file.bytes)
            .map_err(|error| Error::io("read", &store.path(&file.path), error))?;
        if blake3::hash(&content).to_hex().as_str() != file.blake3 {
            return Err(Error::data(changed()));
        }
        match self.ask(4, |shelf| shelf.put_if(&path, &content, If::Nothing))? {
            Some(_) => Ok(true),
            None => self.is_same(name, file),
        }
    }

    fn is_same(&self, name: &str, file: &Written) -> Result<bool> {
        if self.length(name)? != Some(file.bytes) {
            return Ok(false);
        }
        let mut hasher = blake3::Hasher::new();
        self.read(&self.path(name)?, file.bytes, &mut |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        Ok(hasher.finalize().to_hex().as_str() == file.blake3)
    }

    /// Brings an object into the warehouse.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn bring(&self, store: &Store, name: &str, target: &str) -> Result<Written> {
        let head = self.head(name)?;
        let head = head.ok_or_else(|| Error::data(format!("`{name}` is not in the bucket")))?;
        let mut draft = store.draft(target)?;
        self.read(&self.path(name)?, head.bytes, &mut |piece| {
            draft.write_all(piece).map_err(|error| Error::io("write", &store.path(target), error))
        })?;
        // What says that the folder is a copy is on disk no sooner than the copy.
        draft.commit()
    }

    fn read(
        &self,
        path: &Path,
        bytes: u64,
        see: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        for range in pieces(bytes) {
            see(&self.ask(range.0, |shelf| shelf.range(path, range))?)?;
        }
        Ok(())
    }

    /// Removes an object, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        self.ask(5, |shelf| shelf.remove(&path))
    }

    fn path(&self, name: &str) -> Result<Path> {
        named(&format!("{}/{name}", self.place.prefix)).map_err(|error| self.failed(error))
    }

    fn ask<T>(&self, salt: u64, ask: impl Fn(&Shelf) -> Attempt<T>) -> Result<T> {
        stop::check()?;
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        patient(&mut sleep).ask(salt, || ask(&shelf)).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: fetch::Error) -> Error {
        let error = Error::from(error);
        let message = format!("{}: {}", self.location(), error.message);
        Error { message, ..error }.hint(HINT)
    }
}

fn patient(sleep: &mut dyn FnMut(Duration)) -> Patient<'_> {
    Patient { patience: Patience::default(), seed: u64::from(std::process::id()), sleep }
}

fn sleep(wait: Duration) {
    std::thread::sleep(wait);
}

fn piece(file: &mut std::fs::File, from: u64, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(bytes).read_to_end(&mut content)?;
    if content.len() as u64 == bytes {
        Ok(content)
    } else {
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}
