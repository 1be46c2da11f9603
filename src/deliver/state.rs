//! What is done so far becomes a small file, so that the next call goes on from there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::deliver::http::hex;
use crate::deliver::{Asked, Document, Place};
use crate::fetch::{Error, Result};

/// Portals throw parts away after a day.
const HOURS_KEPT: i64 = 20;

/// What is known of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By file of the release.
    pub resources: BTreeMap<String, Known>,
    /// The last release that is published and verified whole.
    pub release: Option<String>,
}

/// What is known of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its identifier, once it is created.
    pub id: Option<String>,
    /// A file on its way.
    pub upload: Option<Upload>,
    /// SHA-256 of the file that was downloaded again, and was right.
    pub verified: Option<String>,
    /// Whether the portal is to make a table of the file, and when it had last made one before.
    pub parsing: Option<Parsing>,
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Names it on the portal.
    pub uuid: String,
    /// The file.
    pub sha1: String,
    /// Its length.
    pub bytes: u64,
    /// Length of all parts but the last.
    pub chunk_bytes: u64,
    /// How many parts there are.
    pub parts: u64,
    /// How many the portal has.
    pub parts_sent: u64,
    /// Whether the portal was asked to put them together: it may have done so and not said it.
    pub is_asked: bool,
    /// When it began.
    pub begun: Timestamp,
}

/// A table that the portal is to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsing {
    /// When it had last made one, of the file before.
    pub before: Option<String>,
}

impl State {
    /// Reads the state, or begins one.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read: without it, resources would be created twice.
    pub fn load(place: &mut dyn Place) -> Result<Self> {
        let unreadable = |why: String| Error::Save(format!("cannot read the state: {why}"));
        let Some(bytes) = place.load().map_err(|error| unreadable(error.to_string()))? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }

    /// Writes the state.
    pub(super) fn save(&self, place: &mut dyn Place) -> Result<()> {
        let unwritable = |why: String| Error::Save(format!("cannot save the state: {why}"));
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| unwritable(error.to_string()));
        place.save(&bytes?).map_err(|error| unwritable(error.to_string()))
    }

    /// What is known of the resource of a file.
    pub(super) fn of(&mut self, file: &str) -> &mut Known {
        self.resources.entry(file.to_owned()).or_default()
    }
}

impl Upload {
    /// Begins to send a file, which readers see only once its parts are put together: there are two
    /// of them at least.
    pub(super) fn begin(asked: &Asked<'_>, document: &Document, attempt: u32) -> Self {
        let half = document.bytes.div_ceil(2);
        let chunk_bytes = asked.chunk_bytes.clamp(1, half.max(1));
        let seed = format!("{} {} {attempt} {}", asked.now, document.name, document.sha256);
        let hash = hex(&Sha256::digest(seed.as_bytes()));
        let piece = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
        // The form of a random UUID.
        let uuid = format!(
            "{}-{}-4{}-a{}-{}",
            piece(0, 8),
            piece(8, 12),
            piece(13, 16),
            piece(17, 20),
            piece(20, 32)
        );
        Self {
            uuid,
            sha1: document.sha1.clone(),
            bytes: document.bytes,
            chunk_bytes,
            parts: document.bytes.div_ceil(chunk_bytes),
            parts_sent: 0,
            is_asked: false,
            begun: asked.now,
        }
    }

    /// Whether it may go on: the portal still has the parts, and they are of this file.
    pub(super) fn is_of(&self, document: &Document, now: Timestamp) -> bool {
        let age = now.duration_since(self.begun).as_hours();
        let is_file = self.sha1 == document.sha1 && self.bytes == document.bytes;
        is_file && (0..HOURS_KEPT).contains(&age)
    }

    /// Where a part begins, and its length.
    pub(super) fn part(&self, part: u64) -> (u64, u64) {
        let from = part * self.chunk_bytes;
        (from, self.chunk_bytes.min(self.bytes.saturating_sub(from)))
    }
}
