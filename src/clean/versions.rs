//! Versions of the same record, in any file, become one: the latest. Nothing is read but ids.

use rayon::prelude::*;

use crate::vocabulary::codes::{Fate, System};

/// What a row is to the record it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A version of the activity.
    Activity,
    /// The Coop's copy of a legacy record.
    Copy,
    /// A version that says the activity was deleted.
    Deleted,
    /// A notice of deletion, told apart from the activities.
    Notice,
}

/// What tells versions of records apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// System of origin.
    pub system: System,
    /// The pseudonym, as a number.
    pub id: u128,
    /// Microseconds of the last modification, or deletion; `i64::MIN` when unknown.
    pub modified: i64,
    /// Rank of the source: of two versions of one instant, that of the lower rank counts.
    pub rank: u8,
    /// Fingerprint of the content.
    pub fingerprint: i64,
    /// Number of its segment, in the order of the segments' content hashes.
    pub segment: u32,
    /// Row in its segment.
    pub row: u32,
    /// What the row is.
    pub role: Role,
}

impl Version {
    fn is_of(&self, other: &Version) -> bool {
        (self.system, self.id) == (other.system, other.id)
    }
}

/// What a notice of deletion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The record it names is left out.
    Applied,
    /// The record was modified later.
    Overtaken,
    /// No file has the record.
    Void,
}

impl Effect {
    /// Its code in the ledger.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Effect::Applied => "applique",
            Effect::Overtaken => "depasse",
            Effect::Void => "sans_objet",
        }
    }
}

impl Role {
    /// The fate of a row that is the only one of its record.
    #[must_use]
    pub fn alone(self) -> Fate {
        match self {
            Role::Activity => Fate::Kept,
            Role::Copy => Fate::Migrated,
            Role::Deleted => Fate::Deleted,
            Role::Notice => Fate::Notice,
        }
    }
}

/// Sets the fate of each of these versions among those of the rows of each segment, and says what
/// each notice did, by the number of its segment. The latest modification wins; of two of one
/// instant a deletion, then the lower rank, then the greater fingerprint; so the order of files and
/// lines decides nothing. A record is a copy as soon as one of its versions says so.
///
/// A record kept here may still break a rule.
pub fn decide(mut versions: Vec<Version>, fates: &mut [Vec<Fate>]) -> Vec<(u32, Effect)> {
    let mut notices = Vec::new();
    versions.par_sort_unstable_by_key(|version| {
        let is_lasting = !matches!(version.role, Role::Deleted | Role::Notice);
        let latest_first = (!version.modified, is_lasting, version.rank, !version.fingerprint);
        (version.system, version.id, latest_first, version.segment, version.row)
    });
    for record in versions.chunk_by(Version::is_of) {
        decide_one(record, fates, &mut notices);
    }
    notices
}

/// Decides the versions of one record, the latest first.
fn decide_one(record: &[Version], fates: &mut [Vec<Fate>], notices: &mut Vec<(u32, Effect)>) {
    let is_copy = record.iter().any(|version| version.role == Role::Copy);
    let is_known = record.iter().any(|version| version.role != Role::Notice);
    let mut is_deleted = false;
    let mut newer: Vec<i64> = Vec::new();
    for version in record {
        if version.role == Role::Notice {
            let effect = match (is_known, newer.is_empty()) {
                (false, _) => Effect::Void,
                (true, true) => Effect::Applied,
                (true, false) => Effect::Overtaken,
            };
            is_deleted |= effect == Effect::Applied;
            notices.push((version.segment, effect));
            set(fates, version, Fate::Notice);
            continue;
        }
        let fate = match newer.is_empty() {
            false if newer.contains(&version.fingerprint) => Fate::Duplicate,
            false => Fate::Superseded,
            true if is_copy => Fate::Migrated,
            true if is_deleted || version.role == Role::Deleted => Fate::Deleted,
            true => Fate::Kept,
        };
        set(fates, version, fate);
        newer.push(version.fingerprint);
    }
}

fn set(fates: &mut [Vec<Fate>], version: &Version, fate: Fate) {
    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let rows = fates.get_mut(place(version.segment));
    if let Some(slot) = rows.and_then(|rows| rows.get_mut(place(version.row))) {
        *slot = fate;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(id: u128, modified: i64, fingerprint: i64, row: u32) -> Version {
        Version {
            system: System::Coop,
            id,
            modified,
            rank: 0,
            fingerprint,
            segment: 0,
            row,
            role: Role::Activity,
        }
    }

    fn decided(versions: Vec<Version>) -> (Vec<Fate>, Vec<Effect>) {
        let mut fates = [vec![Fate::Rejected; versions.len()]];
        let notices = decide(versions, &mut fates);
        let [fates] = fates;
        (fates, notices.into_iter().map(|(_, effect)| effect).collect())
    }

    fn fates(versions: Vec<Version>) -> Vec<Fate> {
        decided(versions).0
    }

    #[test]
    fn a_row_alone_has_the_fate_of_its_role() {
        for role in [Role::Activity, Role::Copy, Role::Deleted, Role::Notice] {
            let alone = Version { role, ..version(1, 10, 7, 0) };
            assert_eq!(fates(vec![alone]), [role.alone()]);
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
        let expected = [Fate::Superseded, Fate::Kept, Fate::Duplicate, Fate::Kept];
        assert_eq!(fates(versions), expected);
    }

    #[test]
    fn of_one_instant_the_lower_rank_wins() {
        let poor = Version { rank: 3, ..version(1, 10, 9, 0) };
        let rich = Version { rank: 1, ..version(1, 10, 2, 1) };
        assert_eq!(fates(vec![poor, rich]), [Fate::Superseded, Fate::Kept]);
    }

    #[test]
    fn a_deletion_counts_when_it_is_the_latest_version() {
        let deleted = Version { role: Role::Deleted, ..version(1, 20, 8, 1) };
        let before = vec![version(1, 10, 7, 0), deleted];
        assert_eq!(fates(before), [Fate::Superseded, Fate::Deleted]);
        let after = vec![version(1, 30, 9, 0), deleted];
        assert_eq!(fates(after), [Fate::Kept, Fate::Superseded]);
    }

    #[test]
    fn a_notice_deletes_what_was_not_modified_later() {
        let notice = |id, row| Version { role: Role::Notice, ..version(id, 20, 8, row) };
        let versions = vec![
            version(1, 10, 7, 0),
            version(1, 5, 6, 1),
            notice(1, 2),
            version(2, 30, 7, 3),
            notice(2, 4),
            notice(3, 5),
            version(4, 20, 9, 6),
            notice(4, 7),
        ];
        let (fates, effects) = decided(versions);
        let expected = [
            Fate::Deleted,
            Fate::Superseded,
            Fate::Notice,
            Fate::Kept,
            Fate::Notice,
            Fate::Notice,
            Fate::Deleted,
            Fate::Notice,
        ];
        assert_eq!(fates, expected);
        let expected = [Effect::Applied, Effect::Overtaken, Effect::Void, Effect::Applied];
        assert_eq!(effects, expected);
    }

    #[test]
    fn one_version_that_is_a_copy_makes_the_record_one() {
        let copy = Version { role: Role::Copy, ..version(1, 10, 7, 0) };
        let versions = vec![copy, version(1, 20, 8, 1)];
        assert_eq!(fates(versions), [Fate::Superseded, Fate::Migrated]);
    }

    proptest! {
        #[test]
        fn one_row_of_each_record_wins_whatever_the_order(
            rows in prop::collection::vec((0..6_u128, 0..4_i64, 0..3_i64), 1..40),
            turn in 0..40_usize,
        ) {
            let versions: Vec<Version> = rows
                .iter()
                .zip(0..)
                .map(|((id, modified, print), row)| version(*id, *modified, *print, row))
                .collect();
            let mut turned = versions.clone();
            turned.rotate_left(turn % versions.len());
            let decided = fates(versions);
            prop_assert_eq!(&decided, &fates(turned));
            let ids: std::collections::BTreeSet<u128> = rows.iter().map(|row| row.0).collect();
            let kept = decided.iter().filter(|fate| **fate == Fate::Kept).count();
            prop_assert_eq!(kept, ids.len());
        }
    }
}
