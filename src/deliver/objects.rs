//! Objects of a bucket are put, read, listed and removed; some are put only where nothing is, or
//! where nothing else came meanwhile.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
    RetryConfig, UpdateVersion,
};

use crate::definition::publication::Bucket;
use crate::deliver::http::{Attempt, Limits};
use crate::deliver::signed::Signed;
use crate::fetch::{Error, Failure, Patience, Result, Token, address, retry};

/// Bytes sent or read at a time; a longer file is sent in parts, of which none is seen.
pub(crate) const PIECE_BYTES: u64 = 16 << 20;

/// A bucket.
pub struct Shelf {
    store: AmazonS3,
    signed: Signed,
}

/// The store knows the key: it is not shown.
impl std::fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shelf(…)")
    }
}

/// What is known of an object without reading it.
pub(crate) struct Head {
    pub(crate) bytes: u64,
    pub(crate) attributes: Attributes,
}

/// What an object is at a moment; another one in its place has another tag.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tag(String);

impl Tag {
    /// A tag that no object has.
    pub(crate) fn of_nothing() -> Self {
        Self("\"00000000000000000000000000000000\"".to_owned())
    }
}

/// On what condition an object is put.
#[derive(Clone, Copy)]
pub(crate) enum If<'a> {
    /// None is there.
    Nothing,
    /// It is still this one.
    Still(&'a Tag),
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

    /// What is known of an object, if it is there.
    pub(crate) fn head(&self, path: &Path) -> Attempt<Option<Head>> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        let found = self.signed.settle(self.store.get_opts(path, options));
        let found = there(found)?;
        Ok(found.map(|found| Head { bytes: found.meta.size, attributes: found.attributes }))
    }

    /// A small object whole, and what it is at this moment, if it is there.
    pub(crate) fn get(&self, path: &Path) -> Attempt<Option<(Vec<u8>, Option<Tag>)>> {
        let found = self.signed.settle(self.store.get_opts(path, GetOptions::default()));
        let Some(found) = there(found)? else { return Ok(None) };
        let tag = found.meta.e_tag.clone().map(Tag);
        let content = self.signed.settle(found.bytes())?;
        Ok(Some((content.to_vec(), tag)))
    }

    pub(crate) fn range(&self, path: &Path, (from, bytes): (u64, u64)) -> Attempt<Vec<u8>> {
        let found = self.signed.settle(self.store.get_range(path, from..from + bytes))?;
        Ok(found.to_vec())
    }

    pub(crate) fn put(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Attempt<()> {
        let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
        let sent = self.store.put_opts(path, content.to_vec().into(), options);
        self.signed.settle(sent).map(drop)
    }

    /// Puts an object on a condition; none is put where the condition does not hold.
    pub(crate) fn put_if(&self, path: &Path, content: &[u8], on: If<'_>) -> Attempt<Option<Tag>> {
        let mode = match on {
            If::Nothing => PutMode::Create,
            If::Still(Tag(tag)) => {
                PutMode::Update(UpdateVersion { e_tag: Some(tag.clone()), version: None })
            }
        };
        let sent = self.store.put_opts(path, content.to_vec().into(), PutOptions::from(mode));
        let Some(put) = self.signed.settle_if(sent)? else { return Ok(None) };
        let untold = || Error::Unexpected("the bucket does not tell versions apart".to_owned());
        Ok(Some(Tag(put.e_tag.ok_or_else(untold)?)))
    }

    /// The names and lengths of the objects whose names begin with a prefix.
    pub(crate) fn list(&self, prefix: &str, more: Option<String>) -> Attempt<Listed> {
        let options = PaginatedListOptions { page_token: more, ..PaginatedListOptions::default() };
        let found = self.signed.settle(self.store.list_paginated(Some(prefix), options))?;
        let names = found.result.objects.into_iter().map(|it| (it.location.to_string(), it.size));
        Ok((names.collect(), found.page_token))
    }

    /// Removes an object, which may be gone.
    pub(crate) fn remove(&self, path: &Path) -> Attempt<()> {
        there(self.signed.settle(self.store.delete(path))).map(drop)
    }

    /// Sends a file piece by piece; none is seen before the last.
    pub(crate) fn send(
        &self,
        path: &Path,
        (bytes, attributes): (u64, Attributes),
        read: &mut dyn FnMut(u64, u64) -> Result<Vec<u8>>,
        patient: &mut Patient<'_>,
    ) -> Result<()> {
        if bytes <= PIECE_BYTES {
            let content = read(0, bytes)?;
            return patient.ask(3, || self.put(path, &content, &attributes));
        }
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let id = patient.ask(4, || {
            let begun = self.store.create_multipart_opts(path, options.clone());
            self.signed.settle(begun)
        })?;
        let sent = self.send_parts((path, &id), bytes, read, patient).and_then(|parts| {
            patient.ask(5, || {
                let whole = self.store.complete_multipart(path, &id, parts.clone());
                self.signed.settle(whole).map(drop)
            })
        });
        if sent.is_err() {
            // Parts of nothing would be paid for; what cannot be removed now is for a rule of the
            // bucket.
            self.signed.settle(self.store.abort_multipart(path, &id)).ok();
        }
        sent
    }

    fn send_parts(
        &self,
        (path, id): (&Path, &String),
        bytes: u64,
        read: &mut dyn FnMut(u64, u64) -> Result<Vec<u8>>,
        patient: &mut Patient<'_>,
    ) -> Result<Vec<PartId>> {
        let mut parts = Vec::new();
        for (from, bytes) in pieces(bytes) {
            let content = read(from, bytes)?;
            parts.push(patient.ask(from, || {
                let content = content.clone().into();
                self.signed.settle(self.store.put_part(path, id, parts.len(), content))
            })?);
        }
        Ok(parts)
    }
}

/// Names and lengths of objects, and how to ask for more.
pub(crate) type Listed = (Vec<(String, u64)>, Option<String>);

/// What is there, of what may not be.
fn there<T>(found: Attempt<T>) -> Attempt<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Unknown(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Asks again what fails in passing.
pub(crate) struct Patient<'s> {
    pub(crate) patience: Patience,
    /// Spreads the waits.
    pub(crate) seed: u64,
    pub(crate) sleep: &'s mut dyn FnMut(Duration),
}

impl Patient<'_> {
    pub(crate) fn ask<T>(&mut self, salt: u64, ask: impl FnMut() -> Attempt<T>) -> Result<T> {
        let seed = self.seed.wrapping_add(salt << 32);
        let answer = retry::persist(self.patience, seed, self.sleep, ask);
        answer.map_err(Failure::into_error)
    }
}

/// The path that a name is.
pub(crate) fn named(path: &str) -> Result<Path> {
    Path::parse(path).map_err(|_| Error::Refused(format!("`{path}` cannot name an object")))
}

/// Where the pieces of so many bytes begin, and their lengths.
pub(crate) fn pieces(bytes: u64) -> impl Iterator<Item = (u64, u64)> {
    let starts = (0..bytes.div_ceil(PIECE_BYTES)).map(|piece| piece * PIECE_BYTES);
    starts.map(move |from| (from, PIECE_BYTES.min(bytes - from)))
}
