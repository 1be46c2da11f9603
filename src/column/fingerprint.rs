//! Bytes become a number that tells them apart, all but surely.

use std::hash::{BuildHasherDefault, Hasher};

/// 64 bits of some bytes; the same for two exact copies, whatever file they are in.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    const KEYS: [u64; 2] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];
    let (pairs, rest) = bytes.as_chunks::<16>();
    let mut tail = [0; 16];
    for (to, from) in tail.iter_mut().zip(rest) {
        *to = *from;
    }
    let mut state = u64::try_from(bytes.len()).unwrap_or_default() ^ KEYS[0];
    for pair in pairs.iter().chain([&tail]) {
        if let [one, other] = pair.as_chunks::<8>().0 {
            let one = u64::from_le_bytes(*one) ^ KEYS[1];
            let other = u64::from_le_bytes(*other) ^ state;
            let product = (u128::from(one) * u128::from(other)).to_le_bytes();
            if let [low, high] = product.as_chunks::<8>().0 {
                state = u64::from_le_bytes(*low) ^ u64::from_le_bytes(*high);
            }
        }
    }
    state
}

/// Hashes texts by their fingerprint.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByFingerprint(u64);

/// Makes hashers of texts.
pub type Fingerprints = BuildHasherDefault<ByFingerprint>;

impl Hasher for ByFingerprint {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.rotate_left(5) ^ fingerprint(bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_have_another_fingerprint() {
        let texts = ["", "\0", "a", "b", "a\0", "0123456789abcdef", "0123456789abcdef0"];
        let mut prints: Vec<u64> = texts.iter().map(|text| fingerprint(text.as_bytes())).collect();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), texts.len());
    }
}
