//! A finished release becomes resources of a dataset on a portal, or objects of a bucket.
//!
//! Files are read and the state is kept by a [`Place`]; nothing here opens a file or asks for the
//! time. How servers fail and how often they are asked again is as in [`crate::fetch`].

pub mod http;

mod form;
mod udata;

pub mod plan;
pub mod state;

mod upload;
mod verified;
pub mod walk;

pub mod objects;
pub mod s3;
mod signed;

use jiff::Timestamp;

use crate::definition::publication::{Portal, Publication};
use crate::fetch::{Kept, Patience};

/// A release that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name: its day and the start of its hash.
    pub name: String,
    /// Its files, by name.
    pub documents: Vec<Document>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// What portals know it by, in hexadecimal.
    pub sha1: String,
    /// What readers know it by, in hexadecimal.
    pub sha256: String,
}

/// What to publish on a portal, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The dataset.
    pub portal: &'a Portal,
    /// Its identifier.
    pub dataset: &'a str,
    /// Which file is which resource.
    pub publication: &'a Publication,
    /// The files.
    pub release: &'a Release,
    /// Bytes sent at a time.
    pub chunk_bytes: u64,
    /// The time of the call.
    pub now: Timestamp,
    /// How long a failing server is borne with.
    pub patience: Patience,
}

/// Bytes sent at a time, unless said otherwise: what is sent again after a cut.
pub const CHUNK_BYTES: u64 = 4 << 20;

/// The files of a release, and what is known of their publication.
pub trait Place {
    /// Reads a part of a file of the release.
    ///
    /// # Errors
    ///
    /// It is not there, or shorter.
    fn read(&mut self, file: &str, from: u64, bytes: u64) -> Kept<Vec<u8>>;

    /// Reads the state, if there is one.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read.
    fn load(&mut self) -> Kept<Option<Vec<u8>>>;

    /// Writes the state whole or not at all.
    ///
    /// # Errors
    ///
    /// It cannot be written; the one before stays.
    fn save(&mut self, state: &[u8]) -> Kept<()>;
}
