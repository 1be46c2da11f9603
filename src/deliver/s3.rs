//! A release becomes objects of a bucket, and then the one that a small object points to.
//!
//! Objects of a release have names of their own, so nothing that readers see changes until all are
//! there and have been read again; the pointer moves last, at once.

use std::time::Duration;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Attribute, Attributes};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::definition::publication::Bucket;
use crate::deliver::http::hex;
use crate::deliver::objects::{Patient, Shelf, named, pieces};
use crate::deliver::upload::about;
use crate::deliver::{Document, Place, Release};
use crate::fetch::{Error, Patience, Result};

/// The object that names the release to read.
pub const POINTER: &str = "latest.json";
/// Where the checksum of an object is told.
const SHA256: &str = "sha256";

/// What to publish in a bucket, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// The files.
    pub release: &'a Release,
    /// The time of the call.
    pub now: Timestamp,
    /// How long a failing server is borne with.
    pub patience: Patience,
}

/// What was done, or is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were sent.
    pub sent: Vec<String>,
    /// Files that were there.
    pub left: Vec<String>,
    /// Whether the pointer moved.
    pub is_moved: bool,
}

/// Says what there is to send, and sends nothing.
///
/// # Errors
///
/// The bucket does not answer.
pub fn look(
    asked: &Asked<'_>,
    shelf: &Shelf,
    place: &mut dyn Place,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Summary> {
    let mut mover = Mover::new((asked, shelf), place, sleep);
    let (pointer, content) = mover.pointer()?;
    let now = mover.patient.ask(0, || shelf.get(&pointer))?;
    let is_moved = now.is_none_or(|(now, _)| now != content);
    let mut summary = Summary { is_moved, ..Summary::default() };
    for document in &asked.release.documents {
        let list = if mover.is_there(document)? { &mut summary.left } else { &mut summary.sent };
        list.push(document.name.clone());
    }
    Ok(summary)
}

/// Publishes a release, or goes on where an earlier call stopped.
///
/// # Errors
///
/// Objects that are sent stay, and no reader is pointed to them.
pub fn publish(
    asked: &Asked<'_>,
    shelf: &Shelf,
    place: &mut dyn Place,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Summary> {
    let summary = look(asked, shelf, place, sleep)?;
    let mut mover = Mover::new((asked, shelf), place, sleep);
    for document in &asked.release.documents {
        let is_sent = summary.sent.contains(&document.name);
        if is_sent {
            let what = format!("cannot send `{}`", document.name);
            mover.send(document).map_err(|error| about(&what, error))?;
        }
        if is_sent || summary.is_moved {
            let what = format!("cannot verify `{}`", document.name);
            mover.verify(document).map_err(|error| about(&what, error))?;
        }
    }
    if summary.is_moved {
        let (pointer, content) = mover.pointer()?;
        let attributes = attributes(POINTER, &hex(&Sha256::digest(&content)));
        let moved = mover.patient.ask(1, || shelf.put(&pointer, &content, &attributes));
        moved.map_err(|error| about("cannot point to the release", error))?;
    }
    Ok(summary)
}

struct Mover<'a, 's> {
    asked: &'a Asked<'a>,
    shelf: &'a Shelf,
    place: &'s mut dyn Place,
    patient: Patient<'s>,
}

impl<'a, 's> Mover<'a, 's> {
    fn new(
        (asked, shelf): (&'a Asked<'a>, &'a Shelf),
        place: &'s mut dyn Place,
        sleep: &'s mut dyn FnMut(Duration),
    ) -> Self {
        let (patience, seed) = (asked.patience, asked.now.as_microsecond().unsigned_abs());
        Self { asked, shelf, place, patient: Patient { patience, seed, sleep } }
    }

    fn is_there(&mut self, document: &Document) -> Result<bool> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let found = self.patient.ask(2, || shelf.head(&path));
        let found = found.map_err(|error| about("cannot look into the bucket", error))?;
        let sum = Attribute::Metadata(SHA256.into());
        Ok(found.is_some_and(|found| {
            let sum = found.attributes.get(&sum).map(AsRef::as_ref);
            found.bytes == document.bytes && sum == Some(document.sha256.as_str())
        }))
    }

    fn send(&mut self, document: &Document) -> Result<()> {
        let path = self.path(document)?;
        let about = (document.bytes, attributes(&document.name, &document.sha256));
        let Self { shelf, place, patient, .. } = self;
        let mut read = |from, bytes| {
            let content = place.read(&document.name, from, bytes);
            content
                .map_err(|error| Error::Save(format!("cannot read `{}`: {error}", document.name)))
        };
        shelf.send(&path, about, &mut read, patient)
    }

    /// Reads an object again, as readers do.
    fn verify(&mut self, document: &Document) -> Result<()> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let (mut hasher, mut length) = (Sha256::new(), 0);
        for piece in pieces(document.bytes) {
            let content = self.patient.ask(piece.0, || shelf.range(&path, piece))?;
            hasher.update(&content);
            length += content.len() as u64;
        }
        let sha256 = hex(&hasher.finalize());
        if length == document.bytes && sha256 == document.sha256 {
            return Ok(());
        }
        Err(Error::Unexpected(format!(
            "readers get {length} bytes of SHA-256 {sha256}, and {} of {} were sent",
            document.bytes, document.sha256
        )))
    }

    fn path(&self, document: &Document) -> Result<Path> {
        named(&format!(
            "{}/{}/{}",
            self.asked.bucket.prefix, self.asked.release.name, document.name
        ))
    }

    /// The pointer, and what it is to hold.
    fn pointer(&self) -> Result<(Path, Vec<u8>)> {
        let release = self.asked.release;
        let files = release.documents.iter().map(|document| {
            json!({
                "path": format!("{}/{}", release.name, document.name),
                "bytes": document.bytes,
                "sha256": document.sha256,
            })
        });
        let content = json!({"release": release.name, "files": files.collect::<Vec<_>>()});
        let path = named(&format!("{}/{POINTER}", self.asked.bucket.prefix))?;
        Ok((path, format!("{content:#}\n").into_bytes()))
    }
}

/// What a bucket is told of an object.
fn attributes(name: &str, sha256: &str) -> Attributes {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let kind = match extension {
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json",
        "jsonld" => "application/ld+json",
        "parquet" => "application/vnd.apache.parquet",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "md" => "text/markdown; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, kind.into());
    attributes.insert(Attribute::Metadata(SHA256.into()), sha256.to_owned().into());
    attributes
}
