//! Identifiers of all rows become those that more than one row bears, at eight bytes a row.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::clean::duplicates::hash_of;

/// Parts into which hashes are split, so that each is sorted on its own.
const PARTS: usize = 256;
/// Words of the filter of repeated hashes: 4 MiB.
const FILTER_WORDS: usize = 1 << 19;

/// Hashes of identifiers, gathered to find those that come twice.
#[derive(Debug)]
pub struct Hashes {
    parts: Vec<Vec<u64>>,
}

impl Default for Hashes {
    fn default() -> Self {
        Self { parts: vec![Vec::new(); PARTS] }
    }
}

impl Hashes {
    /// Adds the identifiers of some rows.
    pub fn add(&mut self, ids: impl Iterator<Item = u128>) {
        for id in ids {
            let hash = hash_of(id);
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
    pub fn has(&self, id: u128) -> bool {
        let hash = hash_of(id);
        let (word, bit) = place(hash);
        self.filter.get(word).is_some_and(|word| word & bit != 0) && self.hashes.contains(&hash)
    }
}

fn place(hash: u64) -> (usize, u64) {
    let word = usize::try_from(hash >> 8).unwrap_or_default() % FILTER_WORDS;
    (word, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn repeated_identifiers_are_found(ids in prop::collection::vec(0..50_u128, 0..80)) {
            let (first, last) = ids.split_at(ids.len() / 2);
            let of = |ids: &[u128]| {
                let mut hashes = Hashes::default();
                hashes.add(ids.iter().copied());
                hashes
            };
            let repeated = of(first).merged(of(last)).repeated();
            for id in 0..50_u128 {
                let count = ids.iter().filter(|other| **other == id).count();
                prop_assert_eq!(repeated.has(id), count > 1);
            }
        }
    }
}
