//! Versions of the same record, in any file, become one: the latest. Nothing is read but ids.

use rayon::prelude::*;

use crate::vocabulary::codes::{Fate, System};

/// What tells versions of records apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// System of origin.
    pub system: System,
    /// The pseudonym, as a number.
    pub id: u128,
    /// Microseconds of the last modification; `i64::MIN` when unknown.
    pub modified: i64,
    /// Fingerprint of the content.
    pub fingerprint: i64,
    /// Number of its segment, in the order of the segments' content hashes.
    pub segment: usize,
    /// Row in its segment.
    pub row: usize,
    /// Deleted in the system of origin.
    pub is_deleted: bool,
    /// The Coop's copy of a legacy record.
    pub is_copy: bool,
}

/// What becomes of each row of each segment: the latest modification wins, then the greater
/// fingerprint; so the order of files and lines decides nothing.
///
/// A record kept here may still break a rule.
#[must_use]
pub fn decide(mut versions: Vec<Version>, rows: &[usize]) -> Vec<Vec<Fate>> {
    let mut fates: Vec<Vec<Fate>> = rows.iter().map(|count| vec![Fate::Kept; *count]).collect();
    versions.par_sort_unstable_by_key(|version| {
        let latest_first = (!version.modified, !version.fingerprint);
        (version.system, version.id, latest_first, version.segment, version.row)
    });
    let mut before: Option<Version> = None;
    for version in versions {
        let fate = match before {
            Some(before) if (before.system, before.id) == (version.system, version.id) => {
                if before.fingerprint == version.fingerprint {
                    Fate::Duplicate
                } else {
                    Fate::Superseded
                }
            }
            _ if version.is_copy => Fate::Migrated,
            _ if version.is_deleted => Fate::Deleted,
            _ => Fate::Kept,
        };
        if let Some(slot) =
            fates.get_mut(version.segment).and_then(|rows| rows.get_mut(version.row))
        {
            *slot = fate;
        }
        before = Some(version);
    }
    fates
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(id: u128, modified: i64, fingerprint: i64, row: usize) -> Version {
        Version {
            system: System::Coop,
            id,
            modified,
            fingerprint,
            segment: 0,
            row,
            is_deleted: false,
            is_copy: false,
        }
    }

    #[test]
    fn the_latest_version_wins_and_copies_are_duplicates() {
        let versions = vec![
            version(1, 10, 7, 0),
            version(1, 20, 8, 1),
            version(1, 20, 8, 2),
            version(2, 5, 7, 3),
        ];
        let fates = decide(versions, &[4]);
        assert_eq!(fates, [[Fate::Superseded, Fate::Kept, Fate::Duplicate, Fate::Kept]]);
    }

    #[test]
    fn a_deletion_counts_when_it_is_the_latest_version() {
        let deleted = Version { is_deleted: true, ..version(1, 20, 8, 1) };
        assert_eq!(
            decide(vec![version(1, 10, 7, 0), deleted], &[2]),
            [[Fate::Superseded, Fate::Deleted]]
        );
        let late = version(1, 30, 9, 0);
        assert_eq!(decide(vec![late, deleted], &[2]), [[Fate::Kept, Fate::Superseded]]);
    }

    proptest! {
        #[test]
        fn one_row_of_each_record_wins_whatever_the_order(
            rows in prop::collection::vec((0..6_u128, 0..4_i64, 0..3_i64), 1..40),
            turn in 0..40_usize,
        ) {
            let versions: Vec<Version> = rows
                .iter()
                .enumerate()
                .map(|(row, (id, modified, print))| version(*id, *modified, *print, row))
                .collect();
            let mut turned = versions.clone();
            turned.rotate_left(turn % versions.len());
            let fates = decide(versions, &[rows.len()]);
            prop_assert_eq!(&fates, &decide(turned, &[rows.len()]));
            let ids: std::collections::BTreeSet<u128> = rows.iter().map(|row| row.0).collect();
            let kept = fates[0].iter().filter(|fate| **fate == Fate::Kept).count();
            prop_assert_eq!(kept, ids.len());
        }
    }
}
