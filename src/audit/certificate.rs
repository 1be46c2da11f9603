//! Changes that outsiders cannot tell from the truth become a file, and its hash.
//!
//! The file stays inside: a change says that a value is at least that great, and the possible
//! tables it leads to give the true one between them. The public reads [`Verdict`] only.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::figures::hex;

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// The release it belongs to.
    pub release: String,
    /// Its name in the release.
    pub name: String,
    /// The sha256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// What a certificate is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the rules.
    pub rules: String,
    /// Every file of this release and of all the past ones, sorted.
    pub files: Vec<ReleaseFile>,
    /// The sha256 of all that is known ([`crate::audit::figures::Known::sha256`]).
    pub known: String,
    /// Number of figures that must not be known.
    pub primaries: u64,
    /// Number of changes.
    pub lines: u64,
}

/// A change of figures: one line of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Figures and what they change by, sorted by figure, each once, none by zero.
    pub terms: Vec<(u32, i64)>,
    /// Whether the opposite change serves as well.
    pub mirrored: bool,
}

impl Change {
    /// Terms in any order become a change.
    #[must_use]
    pub fn new(terms: impl IntoIterator<Item = (u32, i64)>, mirrored: bool) -> Self {
        let mut terms: Vec<(u32, i64)> = terms.into_iter().filter(|(_, by)| *by != 0).collect();
        terms.sort_unstable();
        Self { terms, mirrored }
    }
}

/// Proof that no figure that must not be known can be computed, nor guessed too closely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// What it is about.
    pub header: Header,
    lines: Vec<u8>,
}

impl Certificate {
    /// A certificate without a line yet.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self { header: Header { lines: 0, ..header }, lines: Vec::new() }
    }

    /// Adds a line.
    pub fn push(&mut self, change: &Change) {
        let length = u64::try_from(change.terms.len()).unwrap_or(u64::MAX);
        put(&mut self.lines, (length << 1) | u64::from(change.mirrored));
        let mut last = 0;
        for (figure, by) in &change.terms {
            put(&mut self.lines, u64::from(figure.wrapping_sub(last)));
            put(&mut self.lines, ((by << 1) ^ (by >> 63)).cast_unsigned());
            last = *figure;
        }
        self.header.lines += 1;
    }

    /// Its lines. A line that cannot be read ends them, as `None`.
    pub fn lines(&self) -> impl Iterator<Item = Option<Change>> + '_ {
        let mut rest = self.lines.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let line = take_line(&mut rest);
            if line.is_none() {
                rest = &[];
            }
            Some(line)
        })
    }

    /// The file: a line of JSON, then the changes, packed.
    ///
    /// # Errors
    /// When the header cannot be written as JSON.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&self.header)?;
        bytes.push(b'\n');
        bytes.extend(&self.lines);
        Ok(bytes)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When the header is no header.
    pub fn from_bytes(bytes: &[u8]) -> serde_json::Result<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let header = serde_json::from_slice(&bytes[..end])?;
        Ok(Self { header, lines: bytes.get(end + 1..).unwrap_or_default().to_vec() })
    }

    /// The sha256 of the file.
    ///
    /// # Errors
    /// When the header cannot be written as JSON.
    pub fn sha256(&self) -> serde_json::Result<String> {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&self.header)?);
        hash.update(b"\n");
        hash.update(&self.lines);
        Ok(hex(&hash.finalize()))
    }
}

/// What the public may know of an audit: that it passed, and the hash of the proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Version of the rules.
    pub rules: String,
    /// `protected`; there is no release with another verdict.
    pub verdict: String,
    /// The sha256 of the certificate, which stays inside.
    pub certificate: String,
}

impl Verdict {
    /// Whether it allows to publish, and for the reason that a certificate gives.
    #[must_use]
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        let hash = certificate.sha256().ok();
        self.verdict == PROTECTED && hash.as_ref() == Some(&self.certificate)
    }
}

/// The word of a verdict that allows to publish.
pub const PROTECTED: &str = "protected";

/// Adds a number, seven bits a byte, the least first.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_line(bytes: &mut &[u8]) -> Option<Change> {
    let start = take(bytes)?;
    let mut change = Change { terms: Vec::new(), mirrored: start & 1 == 1 };
    let mut figure = 0_u32;
    for _ in 0..start >> 1 {
        figure = figure.checked_add(u32::try_from(take(bytes)?).ok()?)?;
        let by = take(bytes)?;
        change.terms.push((figure, (by >> 1).cast_signed() ^ -(by & 1).cast_signed()));
    }
    Some(change)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            changes in prop::collection::vec(
                (prop::collection::btree_map(any::<u32>(), any::<i64>(), 0..6), any::<bool>()),
                0..5,
            )
        ) {
            let header = Header { rules: "é\n".into(), ..Header::default() };
            let mut certificate = Certificate::new(header);
            let changes: Vec<Change> =
                changes.into_iter().map(|(terms, both)| Change::new(terms, both)).collect();
            changes.iter().for_each(|change| certificate.push(change));
            let bytes = certificate.to_bytes().unwrap();
            let read = Certificate::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read, &certificate);
            prop_assert_eq!(read.sha256().unwrap(), hex(&Sha256::digest(&bytes)));
            let lines: Option<Vec<Change>> = read.lines().collect();
            prop_assert_eq!(lines, Some(changes));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let certificate = Certificate { header: Header::default(), lines: bytes };
            prop_assert!(certificate.lines().count() <= 41);
        }
    }
}
