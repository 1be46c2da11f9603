//! Identifiers of all rows become the few that more than one row bears, in bounded memory.

use std::collections::HashSet;

use rayon::prelude::*;

/// Parts into which hashes are split, so that each is sorted on its own.
const PARTS: usize = 256;
/// Words of the filter of repeated hashes: 4 MiB.
const FILTER_WORDS: usize = 1 << 19;

/// Hashes of identifiers, gathered to find those that come twice.
#[derive(Debug)]
pub struct Hashes {
    parts: Vec<Vec<u64>>,
}

/// A number that tells identifiers apart, all but surely.
#[must_use]
#[inline]
pub fn hash_of(id: u128) -> u64 {
    let bytes = id.to_le_bytes();
    let (words, _) = bytes.as_chunks::<8>();
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^= hash >> 32;
    }
    hash
}

impl Default for Hashes {
    fn default() -> Self {
        Self { parts: vec![Vec::new(); PARTS] }
    }
}

impl Hashes {
    /// Adds the identifiers of some rows.
    pub fn add(&mut self, ids: &[u128]) {
        for id in ids {
            let hash = hash_of(*id);
            if let Some(part) = self.parts.get_mut(usize::from(hash.to_le_bytes()[7])) {
                part.push(hash);
            }
        }
    }

    /// Both together.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.parts.iter_mut().zip(other.parts).for_each(|(to, mut from)| to.append(&mut from));
        self
    }

    /// The identifiers that came more than once, and very few others.
    #[must_use]
    pub fn repeated(self) -> Repeated {
        let of_part = |mut part: Vec<u64>| {
            part.sort_unstable();
            let pairs = part.windows(2).filter(|pair| pair.first() == pair.last());
            let mut found: Vec<u64> = pairs.filter_map(|pair| pair.first()).copied().collect();
            found.dedup();
            found
        };
        let hashes: HashSet<u64> = self.parts.into_par_iter().flat_map_iter(of_part).collect();
        let mut filter = vec![0; FILTER_WORDS];
        for hash in &hashes {
            let (word, bit) = place(*hash);
            if let Some(word) = filter.get_mut(word) {
                *word |= bit;
            }
        }
        Repeated { hashes, filter }
    }
}

/// Identifiers that more than one row bears.
#[derive(Debug)]
pub struct Repeated {
    hashes: HashSet<u64>,
    /// A bit for each hash, shared by others: most rows are told by it.
    filter: Vec<u64>,
}

impl Repeated {
    /// Whether more than one row bears an identifier, or, hardly ever, another with its hash.
    #[must_use]
    #[inline]
    pub fn has(&self, id: u128) -> bool {
        let hash = hash_of(id);
        let (word, bit) = place(hash);
        self.filter.get(word).is_some_and(|word| word & bit != 0) && self.hashes.contains(&hash)
    }

    /// Whether each row has its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

fn place(hash: u64) -> (usize, u64) {
    let word = usize::try_from(hash >> 8).unwrap_or_default() % FILTER_WORDS;
    (word, 1 << (hash % 64))
}

/// One version of a record that has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The record.
    pub id: u128,
    /// Instant of the version.
    pub at: i64,
    /// Fingerprint of its content.
    pub content: u64,
    /// Number of its segment.
    pub segment: u32,
    /// Its row there.
    pub row: u32,
}

/// Why a row does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// A later version takes its place.
    Superseded,
    /// It is the copy of a row that counts, or of one that does not either.
    Duplicate,
}

/// The rows that do not count: segment, row and why, in the order of segments and rows. The latest
/// version counts; of two of one instant, that of the greater fingerprint.
#[must_use]
pub fn losers(mut versions: Vec<Version>) -> Vec<(u32, u32, Lost)> {
    versions.sort_unstable();
    let mut found = Vec::new();
    for record in versions.chunk_by(|one, other| one.id == other.id) {
        // The last one counts; of equal ones, the last stands for all.
        for pair in record.windows(2) {
            let [one, next] = pair else { continue };
            let is_copy = (one.at, one.content) == (next.at, next.content);
            let why = if is_copy { Lost::Duplicate } else { Lost::Superseded };
            found.push((one.segment, one.row, why));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn repeated_identifiers_are_found(ids in prop::collection::vec(0..50_u128, 0..80)) {
            let mut hashes = Hashes::default();
            hashes.add(&ids);
            let repeated = hashes.repeated();
            for id in 0..50_u128 {
                let count = ids.iter().filter(|other| **other == id).count();
                prop_assert_eq!(repeated.has(id), count > 1);
            }
        }

        #[test]
        fn the_latest_version_of_each_record_counts(
            rows in prop::collection::vec((0..5_u128, 0..4_i64, 0..3_u64), 1..40),
        ) {
            let versions: Vec<Version> = rows.iter().zip(0..)
                .map(|((id, at, content), row)| {
                    Version { id: *id, at: *at, content: *content, segment: row / 7, row }
                })
                .collect();
            let lost: Vec<u32> = losers(versions.clone()).iter().map(|lost| lost.1).collect();
            for record in 0..5 {
                let of = versions.iter().filter(|version| version.id == record);
                let kept: Vec<_> = of.clone().filter(|v| !lost.contains(&v.row)).collect();
                let best = of.map(|version| (version.at, version.content)).max();
                prop_assert_eq!(kept.len(), usize::from(best.is_some()));
                prop_assert_eq!(kept.first().map(|v| (v.at, v.content)), best);
            }
        }
    }
}
