//! Two systems, one series: which activities of the Coop are copies of the Espace Coop, and a proof
//! that none of them counts twice.

use std::collections::HashSet;

use arrow::array::RecordBatch;

use crate::error::{Error, Result};
use crate::run::clean::Cleaned;
use crate::run::job::Job;
use crate::run::staged::{day, instant, lacking, number, text};
use crate::run::versions::{Origin, Read};
use crate::run::warning::Warning;
use crate::vocabulary::codes::{Fate, System};
use crate::vocabulary::columns;
use crate::vocabulary::warnings::Code;

/// When the Coop opened, in microseconds since 1970.
pub(super) fn opening(job: &Job<'_>) -> Result<i64> {
    let opening = job.definitions.pipeline.coop_opening.in_tz("Europe/Paris");
    let opening = opening.map_err(|error| Error::internal("a day begins").because(error))?;
    Ok(opening.timestamp().as_microsecond())
}

/// What tells copies from activities, from a first look at all rows.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Records of the Espace Coop that some activity says it copies.
    copied: Vec<u128>,
    /// Records of the Espace Coop.
    archived: Vec<u128>,
    /// When records of the Espace Coop were created, told to the millisecond.
    archive_instants: HashSet<i64>,
    /// When the Coop opened.
    opening: i64,
}

impl Evidence {
    /// Notes the rows of a batch, whose identifiers are given.
    pub(super) fn note(
        &mut self,
        origin: &Origin<'_>,
        batch: &RecordBatch,
        ids: &[u128],
    ) -> Result<()> {
        let is_legacy = origin.system == System::Legacy;
        if is_legacy {
            self.archived.extend(ids);
        }
        for row in 0..batch.num_rows() {
            self.copied.extend(text(batch, &columns::COPIE_DE, row).map(number).transpose()?);
            if is_legacy && origin.is_exact {
                self.archive_instants.extend(instant(batch, &columns::CREE_LE, row));
            }
        }
        Ok(())
    }

    /// Both together.
    pub(super) fn merged(mut self, mut other: Self) -> Self {
        self.copied.append(&mut other.copied);
        self.archived.append(&mut other.archived);
        if self.archive_instants.len() < other.archive_instants.len() {
            std::mem::swap(&mut self.archive_instants, &mut other.archive_instants);
        }
        self.archive_instants.extend(other.archive_instants);
        self
    }

    /// Says when the Coop opened.
    pub(super) fn opened(self, job: &Job<'_>) -> Result<Self> {
        Ok(Self { opening: opening(job)?, ..self })
    }

    /// Whether a record of the Espace Coop was created at that very instant.
    pub(super) fn has_instant(&self, created: i64) -> bool {
        self.archive_instants.contains(&created)
    }

    /// Says how the two systems fit together, and warns where they do not.
    pub(super) fn conclude(
        mut self,
        read: &Read<'_>,
        (copies, fates): (Copies, &[Vec<Fate>]),
        cleaned: &mut Cleaned,
    ) -> Result<()> {
        let residual = copies.residual(read, fates)?;
        for ids in [&mut self.archived, &mut self.copied] {
            ids.sort_unstable();
            ids.dedup();
        }
        let lacks = |ids: &[u128], id: &u128| ids.binary_search(id).is_err();
        let count = |found: usize| i64::try_from(found).unwrap_or(i64::MAX);
        let orphans = count(self.copied.iter().filter(|id| lacks(&self.archived, id)).count());
        let uncopied = count(self.archived.iter().filter(|id| lacks(&self.copied, id)).count());
        let has_both = !self.archived.is_empty() && !self.copied.is_empty();
        let found = Found {
            migrated: copies.alone + count(copies.several.len()),
            by_instant: copies.by_instant,
            before_opening: copies.before_opening,
            orphans,
            uncopied: if has_both { uncopied } else { 0 },
            residual,
            // An archive that tells no instants cannot have them.
            can_tell: self.archived.is_empty() || !self.archive_instants.is_empty(),
        };
        found.conclude(cleaned);
        Ok(())
    }
}

/// How the two systems fit together, in numbers.
pub(super) struct Found {
    /// Activities that are copies, and of those without a mark, by what they are.
    pub(super) migrated: i64,
    pub(super) by_instant: i64,
    pub(super) before_opening: i64,
    /// Records of the Espace Coop that copies name and no file has.
    pub(super) orphans: i64,
    /// Those that no copy names, where there are both.
    pub(super) uncopied: i64,
    /// Activities that count beside a record of the same instant.
    pub(super) residual: i64,
    /// Whether the archive could have the records that copies without a mark are of.
    pub(super) can_tell: bool,
}

impl Found {
    /// Says so, and warns where the systems do not fit.
    pub(super) fn conclude(self, cleaned: &mut Cleaned) {
        let Self { orphans, residual, .. } = self;
        for (what, found) in [
            ("copies_migrees", self.migrated),
            ("copies_par_instant", self.by_instant),
            ("copies_avant_ouverture", self.before_opening),
            ("copies_sans_archive", orphans),
            ("archives_sans_copie", self.uncopied),
            ("residu_anti_jointure", residual),
        ] {
            cleaned.reconciliation.insert(what.to_owned(), found);
        }
        let lacking = orphans + if self.can_tell { self.before_opening } else { 0 };
        if lacking > 0 {
            let text = format!(
                "{lacking} migrated activities of La Coop are left out although the archive given \
                 does not have their record: is the whole archive there?"
            );
            cleaned.warnings.push(Warning::new(Code::CopiesLacking, text));
        }
        if residual > 0 {
            let text = format!(
                "{residual} activities of La Coop were created at the very instant of a record of \
                 the archive, the same day, and count beside it: are they copies without a mark?"
            );
            cleaned.warnings.push(Warning::new(Code::CopiesSuspected, text));
        }
    }
}

/// Copies that were met, and activities that might be some.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Of those without a mark, copies by the instant of their creation, and by its being before
    /// the Coop.
    by_instant: i64,
    before_opening: i64,
    /// Activities that are copies and have one row, and those that have several.
    alone: i64,
    several: HashSet<u128>,
    /// Activities of the Coop created at the very instant of a record of the Espace Coop: segment
    /// and row, creation and day.
    suspects: Vec<((usize, usize), (i64, i32))>,
}

impl Copies {
    /// Activities that bear no mark are copies when they were created before the Coop opened, or
    /// at the very instant of a record of the Espace Coop and never modified: the migration gave
    /// copies the instant of what they copy.
    pub(super) fn is_unmarked_copy(
        &mut self,
        evidence: &Evidence,
        created: i64,
        is_unmodified: bool,
    ) -> bool {
        let is_twin = is_unmodified && evidence.has_instant(created);
        let is_before = created < evidence.opening;
        self.by_instant += i64::from(is_twin);
        self.before_opening += i64::from(!is_twin && is_before);
        is_twin || is_before
    }

    /// Counts a row that is a copy.
    pub(super) fn count(&mut self, id: u128, is_alone: bool) {
        if is_alone {
            self.alone += 1;
        } else {
            self.several.insert(id);
        }
    }

    /// Notes an activity created at the very instant of a record of the Espace Coop.
    pub(super) fn suspect(&mut self, place: (usize, usize), (created, day): (i64, i32)) {
        self.suspects.push((place, (created, day)));
    }

    /// Adds what was met elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.by_instant += other.by_instant;
        self.before_opening += other.before_opening;
        self.alone += other.alone;
        self.several.extend(other.several);
        self.suspects.extend(other.suspects);
    }

    /// The anti-join, by another key than the one that decided: activities of the Coop that count
    /// although a record of the Espace Coop that counts has their instant of creation, and their
    /// day or the next: the migration gave copies the day in UTC.
    fn residual(&self, read: &Read<'_>, fates: &[Vec<Fate>]) -> Result<i64> {
        let is_kept = |(segment, row): (usize, usize)| {
            fates.get(segment).and_then(|fates| fates.get(row)) == Some(&Fate::Kept)
        };
        let counting = self.suspects.iter().filter(|(place, _)| is_kept(*place));
        let suspects: Vec<(i64, i32)> = counting.map(|(_, of)| *of).collect();
        if suspects.is_empty() {
            return Ok(0);
        }
        let instants: HashSet<i64> = suspects.iter().map(|(created, _)| *created).collect();
        let mut archived: HashSet<(i64, i32)> = HashSet::new();
        for group in read.groups {
            let origin = read.origin(group.segment)?;
            if origin.system != System::Legacy || !origin.is_exact {
                continue;
            }
            let mut place = group.rows.start;
            for batch in read.batches(group, &[&columns::CREE_LE, &columns::DATE])? {
                let batch = batch?;
                for row in 0..batch.num_rows() {
                    let created = instant(&batch, &columns::CREE_LE, row);
                    if let Some(created) = created.filter(|created| instants.contains(created))
                        && is_kept((group.segment, place + row))
                    {
                        let day = day(&batch, &columns::DATE, row).ok_or_else(lacking)?;
                        archived.insert((created, day));
                    }
                }
                place += batch.num_rows();
            }
        }
        let is_twin = |(created, day): &&(i64, i32)| {
            archived.contains(&(*created, *day)) || archived.contains(&(*created, day + 1))
        };
        Ok(i64::try_from(suspects.iter().filter(is_twin).count()).unwrap_or(i64::MAX))
    }
}
