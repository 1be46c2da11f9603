//! Versions of one record, and notices that it was deleted, become the one row that counts, if any.

use serde::{Deserialize, Serialize};

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

/// One version of a record, or a notice that it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The record.
    pub id: u128,
    /// Whether it is a notice.
    pub is_notice: bool,
    /// Instant of the version, or of the deletion.
    pub at: i64,
    /// Fingerprint of its content.
    pub content: u64,
    /// Number of its segment.
    pub segment: u32,
    /// Its row there.
    pub row: u32,
}

/// Why a row does not count, or what a notice did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A later version takes its place.
    Superseded,
    /// It is the copy of a row that counts, or of one that does not either.
    Duplicate,
    /// A notice says the record was deleted, and no version is later.
    Deleted,
    /// The notice deleted the record.
    Applied,
    /// A version of the record is later than the notice.
    Overtaken,
}

/// What becomes of each version, by segment and row; nothing is said of a row that counts, nor of
/// a notice about nothing. The latest version counts; of two of one instant, that of the greater
/// fingerprint; none if a notice is not earlier.
#[must_use]
pub fn decide(mut versions: Vec<Version>) -> Vec<(u32, u32, Option<Verdict>)> {
    versions.sort_unstable();
    let mut found = Vec::with_capacity(versions.len());
    for record in versions.chunk_by(|one, other| one.id == other.id) {
        let (rows, notices) = record.split_at(record.partition_point(|row| !row.is_notice));
        // The last one counts; of equal ones, the last stands for all.
        for pair in rows.windows(2) {
            let [one, next] = pair else { continue };
            let is_copy = (one.at, one.content) == (next.at, next.content);
            let why = if is_copy { Verdict::Duplicate } else { Verdict::Superseded };
            found.push((one.segment, one.row, Some(why)));
        }
        let last = rows.last();
        let reaches = |notice: &Version| last.is_some_and(|last| notice.at >= last.at);
        if let Some(last) = last {
            let is_deleted = notices.iter().any(reaches);
            found.push((last.segment, last.row, is_deleted.then_some(Verdict::Deleted)));
        }
        for notice in notices {
            let effect = if reaches(notice) { Verdict::Applied } else { Verdict::Overtaken };
            found.push((notice.segment, notice.row, last.map(|_| effect)));
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
        fn the_latest_version_of_each_record_counts_unless_it_was_deleted(
            rows in prop::collection::vec((0..5_u128, 0..4_i64, 0..3_u64, 0..6_u8), 1..40),
        ) {
            let versions: Vec<Version> = rows.iter().zip(0..)
                .map(|((id, at, content, kind), row)| Version {
                    id: *id,
                    is_notice: *kind == 0,
                    at: *at,
                    content: *content,
                    segment: row / 7,
                    row,
                })
                .collect();
            let decided = decide(versions.clone());
            prop_assert_eq!(decided.len(), versions.len());
            let verdict = |v: &Version| decided.iter().find(|found| found.1 == v.row).unwrap().2;
            for record in 0..5 {
                let of = || versions.iter().filter(|version| version.id == record);
                let (rows, notices): (Vec<&Version>, Vec<&Version>) =
                    of().partition(|version| !version.is_notice);
                let best = rows.iter().map(|version| (version.at, version.content)).max();
                let deleted = notices.iter().map(|notice| notice.at).max();
                let is_deleted = best.is_some_and(|best| deleted.is_some_and(|at| at >= best.0));
                let with = |wanted| rows.iter().filter(move |v| verdict(v) == wanted);
                let counts: Vec<_> = with(None).map(|v| (v.at, v.content)).collect();
                let gone: Vec<_> =
                    with(Some(Verdict::Deleted)).map(|v| (v.at, v.content)).collect();
                let best: Vec<_> = best.into_iter().collect();
                prop_assert_eq!(counts, if is_deleted { Vec::new() } else { best.clone() });
                prop_assert_eq!(gone, if is_deleted { best.clone() } else { Vec::new() });
                for notice in notices {
                    let effect = best.first().map(|(at, _)| {
                        if notice.at >= *at { Verdict::Applied } else { Verdict::Overtaken }
                    });
                    prop_assert_eq!(verdict(notice), effect);
                }
            }
        }
    }
}
