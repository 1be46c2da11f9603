//! An identifier of a person or record becomes a keyed pseudonym.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The published key, fit for invented data only.
const PUBLISHED: &[u8] = b"conum: published key for sample data, not a secret";

/// The secret of the pseudonyms.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
    /// Whether it is the published one.
    pub is_published: bool,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key(published: {})", self.is_published)
    }
}

impl Key {
    /// The key that anyone can know, for sample data.
    #[must_use]
    pub fn published() -> Self {
        Self { bytes: *blake3::hash(PUBLISHED).as_bytes(), is_published: true }
    }

    /// A key from the content of a secret file.
    ///
    /// # Errors
    /// When the secret has fewer than 16 bytes.
    pub fn secret(content: &[u8]) -> Result<Self> {
        let content = content.trim_ascii();
        if content.len() < 16 {
            return Err(Error::definition("the pseudonym key has fewer than 16 bytes")
                .hint("make one with `head -c 32 /dev/urandom | base64`"));
        }
        Ok(Self { bytes: *blake3::hash(content).as_bytes(), is_published: false })
    }

    /// What tells two keys apart without telling the key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        blake3::keyed_hash(&self.bytes, b"fingerprint").to_hex().chars().take(16).collect()
    }

    /// 128 bits in hexadecimal; the same identifier gives the same pseudonym in all sources.
    #[must_use]
    pub fn pseudonym(&self, identifier: &str) -> String {
        let hash = blake3::keyed_hash(&self.bytes, identifier.as_bytes());
        let mut hex = String::with_capacity(32);
        for byte in hash.as_bytes().iter().take(16) {
            for digit in [byte >> 4, byte & 15] {
                hex.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
            }
        }
        hex
    }
}

/// An identifier as the datalake of the Espace Coop writes it: base64 of its SHA-256.
#[must_use]
pub fn datalake_hash(identifier: &str) -> String {
    STANDARD.encode(Sha256::digest(identifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_depend_on_the_key_and_are_stable() {
        let one = Key::published().pseudonym("62318e9445c0d1f2a3b4c5d6");
        assert_eq!(one.len(), 32);
        assert_eq!(one, Key::published().pseudonym("62318e9445c0d1f2a3b4c5d6"));
        let other = Key::secret(b"0123456789abcdef").unwrap();
        assert_ne!(one, other.pseudonym("62318e9445c0d1f2a3b4c5d6"));
        assert!(Key::secret(b"short").is_err());
    }
}
