//! A release becomes objects of a bucket, and then the one that a small object points to.
//!
//! Objects of a release have names of their own, so nothing that readers see changes until all are
//! there and have been read again; the pointer moves last, at once.

use std::time::Duration;

use jiff::Timestamp;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, RetryConfig,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::definition::publication::Bucket;
use crate::deliver::http::{Attempt, Limits, hex};
use crate::deliver::signed::Signed;
use crate::deliver::upload::about;
use crate::deliver::{Document, Place, Release};
use crate::fetch::{Error, Failure, Patience, Result, Token, address, retry};

/// The object that names the release to read.
pub const POINTER: &str = "latest.json";
/// Bytes sent or read at a time; a longer file is sent in parts, of which none is seen.
const PIECE_BYTES: u64 = 16 << 20;
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

/// A bucket.
pub struct Shelf {
    store: AmazonS3,
    signed: Signed,
}

impl Shelf {
    /// Prepares connections to a bucket with a key, `identifier:secret`.
    ///
    /// # Errors
    ///
    /// Refuses an address where others could read what is sent, and a key of another form.
    pub fn new(bucket: &Bucket, key: &Token, limits: Limits, proxy: Option<&str>) -> Result<Self> {
        let unfit = |why| Error::Refused(format!("the address of the bucket {why}"));
        let url = address::private(&bucket.url).map_err(unfit)?.to_string();
        let Some((identifier, secret)) = key.secret().split_once(':') else {
            let message = "the key of the bucket is not of the form `identifier:secret`";
            return Err(Error::Refused(message.to_owned()));
        };
        let signed = Signed::new(limits, proxy)?;
        let store = AmazonS3Builder::new()
            .with_endpoint(url.trim_end_matches('/'))
            .with_allow_http(true)
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(identifier)
            .with_secret_access_key(secret)
            .with_virtual_hosted_style_request(false)
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            .with_http_connector(signed.clone())
            .build();
        let store = store.map_err(|_| Error::Refused("the bucket cannot be named".to_owned()))?;
        Ok(Self { store, signed })
    }

    /// Length and checksum of an object, if it is there.
    fn head(&self, path: &Path) -> Attempt<Option<(u64, Option<String>)>> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.signed.settle(self.store.get_opts(path, options)) {
            Ok(found) => {
                let sum = found.attributes.get(&Attribute::Metadata(SHA256.into()));
                Ok(Some((found.meta.size, sum.map(|sum| sum.as_ref().to_owned()))))
            }
            Err(Failure::Unknown(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn get(&self, path: &Path) -> Attempt<Option<Vec<u8>>> {
        let Some((bytes, _)) = self.head(path)? else { return Ok(None) };
        self.range(path, (0, bytes)).map(Some)
    }

    fn range(&self, path: &Path, (from, bytes): (u64, u64)) -> Attempt<Vec<u8>> {
        let found = self.signed.settle(self.store.get_range(path, from..from + bytes))?;
        Ok(found.to_vec())
    }

    fn put(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Attempt<()> {
        let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
        let sent = self.store.put_opts(path, content.to_vec().into(), options);
        self.signed.settle(sent).map(drop)
    }
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
    let mut mover = Mover { asked, shelf, place, sleep };
    let (pointer, content) = mover.pointer()?;
    let now = mover.persist(0, || shelf.get(&pointer))?;
    let is_moved = now.as_ref() != Some(&content);
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
    let mut mover = Mover { asked, shelf, place, sleep };
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
        let moved = mover.persist(1, || shelf.put(&pointer, &content, &attributes));
        moved.map_err(|error| about("cannot point to the release", error))?;
    }
    Ok(summary)
}

/// The store knows the key: it is not shown.
impl std::fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shelf(…)")
    }
}

struct Mover<'a, 's> {
    asked: &'a Asked<'a>,
    shelf: &'a Shelf,
    place: &'s mut dyn Place,
    sleep: &'s mut dyn FnMut(Duration),
}

impl Mover<'_, '_> {
    fn is_there(&mut self, document: &Document) -> Result<bool> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let found = self.persist(2, || shelf.head(&path));
        let found = found.map_err(|error| about("cannot look into the bucket", error))?;
        Ok(found == Some((document.bytes, Some(document.sha256.clone()))))
    }

    fn send(&mut self, document: &Document) -> Result<()> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let attributes = attributes(&document.name, &document.sha256);
        if document.bytes <= PIECE_BYTES {
            let content = self.read(document, (0, document.bytes))?;
            return self.persist(3, || shelf.put(&path, &content, &attributes));
        }
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let id = self.persist(4, || {
            let begun = shelf.store.create_multipart_opts(&path, options.clone());
            shelf.signed.settle(begun)
        })?;
        let sent = self.send_parts(document, &id).and_then(|parts| {
            self.persist(5, || {
                let whole = shelf.store.complete_multipart(&path, &id, parts.clone());
                shelf.signed.settle(whole).map(drop)
            })
        });
        if sent.is_err() {
            // Parts of nothing would be paid for; what cannot be removed now is for a rule of the
            // bucket.
            shelf.signed.settle(shelf.store.abort_multipart(&path, &id)).ok();
        }
        sent
    }

    fn send_parts(&mut self, document: &Document, id: &String) -> Result<Vec<PartId>> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let mut parts = Vec::new();
        for (from, bytes) in pieces(document.bytes) {
            let content = self.read(document, (from, bytes))?;
            parts.push(self.persist(from, || {
                let content = content.clone().into();
                let sent = shelf.store.put_part(&path, id, parts.len(), content);
                shelf.signed.settle(sent)
            })?);
        }
        Ok(parts)
    }

    /// Reads an object again, as readers do.
    fn verify(&mut self, document: &Document) -> Result<()> {
        let (shelf, path) = (self.shelf, self.path(document)?);
        let (mut hasher, mut length) = (Sha256::new(), 0);
        for piece in pieces(document.bytes) {
            let content = self.persist(piece.0, || shelf.range(&path, piece))?;
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

    fn read(&mut self, document: &Document, (from, bytes): (u64, u64)) -> Result<Vec<u8>> {
        let content = self.place.read(&document.name, from, bytes);
        content.map_err(|error| Error::Save(format!("cannot read `{}`: {error}", document.name)))
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

    fn persist<T>(&mut self, salt: u64, ask: impl FnMut() -> Attempt<T>) -> Result<T> {
        let seed = self.asked.now.as_microsecond().unsigned_abs().wrapping_add(salt << 32);
        let answer = retry::persist(self.asked.patience, seed, self.sleep, ask);
        answer.map_err(Failure::into_error)
    }
}

fn named(path: &str) -> Result<Path> {
    Path::parse(path).map_err(|_| Error::Refused(format!("`{path}` cannot name an object")))
}

/// Where the pieces of so many bytes begin, and their lengths.
fn pieces(bytes: u64) -> impl Iterator<Item = (u64, u64)> {
    let starts = (0..bytes.div_ceil(PIECE_BYTES)).map(|piece| piece * PIECE_BYTES);
    starts.map(move |from| (from, PIECE_BYTES.min(bytes - from)))
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
