//! Two systems, one series: which activities of the Coop are copies of the Espace Coop, and a proof
//! that none of them counts twice.

use std::collections::HashSet;

use jiff::Zoned;

use crate::clean::versions::{Role, Version};
use crate::run::clean::Cleaned;
use crate::run::versions::Facts;
use crate::vocabulary::codes::{Fate, System};

/// What tells copies from activities.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Systems of the segments, in their order, and whether they tell instants to the millisecond.
    systems: Vec<(System, bool)>,
    /// Records of the Espace Coop that some activity says it copies.
    copied: Vec<u128>,
    /// Records of the Espace Coop.
    archived: Vec<u128>,
    /// When records of the Espace Coop were created, told to the millisecond.
    archive_instants: HashSet<i64>,
    /// Activities that bear no mark: place among the versions, creation, modification.
    unmarked: Vec<(usize, i64, i64)>,
    /// Of these, copies by the instant of their creation, and by its being before the Coop.
    by_instant: i64,
    before_opening: i64,
    /// Distinct activities of the Coop that are copies.
    copies: i64,
}

impl Evidence {
    /// Notes a row that was read.
    pub(super) fn see(
        &mut self,
        system: System,
        (place, id, copied): (usize, u128, Option<u128>),
        (created, modified): (i64, i64),
        (by_creation, is_exact): (bool, bool),
    ) {
        if system == System::Legacy {
            self.archived.push(id);
            if is_exact && created != i64::MIN {
                self.archive_instants.insert(created);
            }
        }
        self.copied.extend(copied);
        if by_creation && created != i64::MIN {
            self.unmarked.push((place, created, modified));
        }
    }

    /// Notes that a segment of a system is read.
    pub(super) fn end_segment(&mut self, system: System, is_exact: bool) {
        self.systems.push((system, is_exact));
    }

    /// Activities that bear no mark are copies when they were created before the Coop opened, or
    /// at the very instant of a record of the Espace Coop and never modified: the migration gave
    /// copies the instant of what they copy.
    pub(super) fn mark_copies(&mut self, opening: &Zoned, all: &mut [Version]) {
        let opening = opening.timestamp().as_microsecond();
        for (place, created, modified) in &self.unmarked {
            let is_twin = created == modified && self.archive_instants.contains(created);
            let is_before = *created < opening;
            if let Some(version) = all.get_mut(*place).filter(|_| is_twin || is_before) {
                version.role = Role::Copy;
                self.by_instant += i64::from(is_twin);
                self.before_opening += i64::from(!is_twin);
            }
        }
        self.unmarked = Vec::new();
    }

    /// Counts the activities that are copies.
    pub(super) fn count_copies(&mut self, all: &[Version]) {
        let copies = all.iter().filter(|version| version.role == Role::Copy);
        let ids: HashSet<u128> = copies.map(|version| version.id).collect();
        self.copies = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    }

    /// Says how the two systems fit together, and warns where they do not.
    pub(super) fn conclude(mut self, facts: &[Facts], fates: &[Vec<Fate>], cleaned: &mut Cleaned) {
        let residual = self.residual(facts, fates);
        for ids in [&mut self.archived, &mut self.copied] {
            ids.sort_unstable();
            ids.dedup();
        }
        let lacks = |ids: &[u128], id: &u128| ids.binary_search(id).is_err();
        let count = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
        let orphans = count(self.copied.iter().filter(|id| lacks(&self.archived, id)).count());
        let uncopied = count(self.archived.iter().filter(|id| lacks(&self.copied, id)).count());
        let has_both = !self.archived.is_empty() && !self.copied.is_empty();
        for (what, found) in [
            ("copies_migrees", self.copies),
            ("copies_par_instant", self.by_instant),
            ("copies_avant_ouverture", self.before_opening),
            ("copies_sans_archive", orphans),
            ("archives_sans_copie", if has_both { uncopied } else { 0 }),
            ("residu_anti_jointure", residual),
        ] {
            cleaned.reconciliation.insert(what.to_owned(), found);
        }
        // An archive that tells no instants cannot have them.
        let can_tell = self.archived.is_empty() || !self.archive_instants.is_empty();
        let lacking = orphans + if can_tell { self.before_opening } else { 0 };
        if lacking > 0 {
            cleaned.warnings.push(format!(
                "{lacking} migrated activities of La Coop are left out although the archive given \
                 does not have their record: is the whole archive there?"
            ));
        }
        if residual > 0 {
            cleaned.warnings.push(format!(
                "{residual} activities of La Coop were created at the very instant of a record of \
                 the archive, the same day, and count beside it: are they copies without a mark?"
            ));
        }
    }

    /// The anti-join, by another key than the one that decided: activities of the Coop that count
    /// although a record of the Espace Coop that counts has their instant of creation, and their
    /// day or the next: the migration gave copies the day in UTC.
    fn residual(&self, facts: &[Facts], fates: &[Vec<Fate>]) -> i64 {
        let kept = |wanted: System| {
            let segments = self.systems.iter().zip(facts).zip(fates);
            let segments = segments.filter(move |((found, _), _)| **found == (wanted, true));
            segments.flat_map(|((_, facts), fates)| {
                let rows = facts.created.iter().zip(&facts.days).zip(fates);
                rows.filter(|(_, fate)| **fate == Fate::Kept)
                    .map(|((created, day), _)| (*created, *day))
                    .filter(|(created, _)| *created != i64::MIN)
            })
        };
        let archived: HashSet<(i64, i32)> = kept(System::Legacy).collect();
        let is_twin = |(created, day): &(i64, i32)| {
            archived.contains(&(*created, *day)) || archived.contains(&(*created, day + 1))
        };
        i64::try_from(kept(System::Coop).filter(is_twin).count()).unwrap_or(i64::MAX)
    }
}
