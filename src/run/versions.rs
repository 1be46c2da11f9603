//! Ids of all segments are read, and little else, to decide which version of each record counts.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::clean::repeated::{Hashes, Repeated};
use crate::clean::versions::{self, Role, Version};
use crate::definition::codelist::Lists;
use crate::definition::source::Source;
use crate::error::{Error, Result};
use crate::run::clean::Cleaned;
use crate::run::dataset::months::year_of;
use crate::run::job::Job;
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::run::parquet;
use crate::run::reconciliation::{Copies, Evidence};
use crate::run::staged::{
    Group, account, batches, count, day, declared_source, instant, lacking, number, sum, text,
};
use crate::vocabulary::codes::{Fate, OUI, System};
use crate::vocabulary::columns::{self, Column as Name};

/// Rows read at a time.
const ROWS: usize = 1 << 14;

/// What is read to decide.
pub(super) struct Read<'a> {
    pub(super) job: &'a Job<'a>,
    /// Segments of activities, and of notices of deletion.
    pub(super) segments: &'a [&'a Segment],
    pub(super) notices: &'a [&'a Segment],
    /// Files of the activities, and their row groups.
    pub(super) files: &'a [parquet::Groups<'a>],
    pub(super) groups: &'a [Group],
}

/// What a segment is of.
pub(super) struct Origin<'a> {
    pub(super) source: &'a Source,
    pub(super) system: System,
    /// It tells instants to the millisecond: a format of its own is that of a clock without.
    pub(super) is_exact: bool,
}

impl<'a> Read<'a> {
    /// What a segment of activities is of.
    pub(super) fn origin(&self, segment: usize) -> Result<Origin<'a>> {
        let segment = self.segments.get(segment).ok_or_else(lacking)?;
        let source = declared_source(self.job, segment)?;
        let creation = source.columns.get(columns::CREE_LE.name);
        let is_exact = creation.is_some_and(|mapping| mapping.format.is_none());
        Ok(Origin { source, system: source.system, is_exact })
    }

    /// Some columns of a row group.
    pub(super) fn batches(
        &self,
        group: &Group,
        columns: &[&Name],
    ) -> Result<impl Iterator<Item = Result<arrow::array::RecordBatch>> + use<>> {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        let file = self.files.get(group.segment).ok_or_else(lacking)?;
        file.read(group.number, &names, (None, ROWS))
    }
}

/// The fate of each row of each segment of activities. Most records have one row, whose fate is
/// seen at once; only those of several are put side by side.
pub(super) fn decide(read: &Read<'_>, cleaned: &mut Cleaned) -> Result<Vec<Vec<Fate>>> {
    let mut versions = read_notices(read)?;
    let (repeated, evidence) = first_look(read, &versions)?;
    let seen: Vec<Seen> = read
        .groups
        .par_iter()
        .map(|group| see(read, group, (&repeated, &evidence)))
        .collect::<Result<_>>()?;
    let mut fates: Vec<Vec<Fate>> = read.segments.iter().map(|_| Vec::new()).collect();
    let mut several = Vec::new();
    let mut copies = Copies::default();
    for (group, seen) in read.groups.iter().zip(seen) {
        fates.get_mut(group.segment).ok_or_else(lacking)?.extend(seen.fates);
        versions.extend(seen.versions);
        several.push(seen.several);
        copies.merge(seen.copies);
        enter(read, group, &seen.sums, cleaned)?;
    }
    for (index, effect) in versions::decide(versions, &mut fates) {
        let index = usize::try_from(index).ok().and_then(|at| at.checked_sub(read.segments.len()));
        let Some(segment) = index.and_then(|at| read.notices.get(at)) else {
            return Err(Error::internal("a notice comes from a segment of notices"));
        };
        let account = account(segment, String::new());
        cleaned.ledger.enter(&account, Amount::of_rows(1));
        cleaned.ledger.leave(&account, Fate::Notice, effect.code(), Amount::of_rows(1));
    }
    for (group, several) in read.groups.iter().zip(several) {
        let of_segment = fates.get(group.segment).ok_or_else(lacking)?;
        let mut sums: BTreeMap<Fate, Amount> = BTreeMap::new();
        for (row, amount) in several {
            *sums.entry(*of_segment.get(row).ok_or_else(lacking)?).or_default() += amount;
        }
        enter(read, group, &sums, cleaned)?;
    }
    evidence.conclude(read, (copies, &fates), cleaned)?;
    Ok(fates)
}

/// Enters rows of a group in the ledger, and takes out those that do not count.
fn enter(
    read: &Read<'_>,
    group: &Group,
    sums: &BTreeMap<Fate, Amount>,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let segment = read.segments.get(group.segment).ok_or_else(lacking)?;
    let account = account(segment, year_of(group.month).to_string());
    for (fate, amount) in sums {
        cleaned.ledger.enter(&account, *amount);
        if *fate != Fate::Kept {
            cleaned.ledger.leave(&account, *fate, "", *amount);
        }
    }
    Ok(())
}

/// A first look at all rows: which records have several, notices of deletion among them, and what
/// tells copies.
fn first_look(read: &Read<'_>, notices: &[Version]) -> Result<(Repeated, Evidence)> {
    let mut told = Hashes::default();
    told.add(notices.iter().map(|notice| key(notice.system, notice.id)));
    let names = [&columns::ACTIVITE_ID, &columns::COPIE_DE, &columns::CREE_LE];
    let of_group = |(mut hashes, mut evidence): (Hashes, Evidence), group: &Group| {
        let origin = read.origin(group.segment)?;
        for batch in read.batches(group, &names)? {
            let batch = batch?;
            let id = |row| number(text(&batch, &columns::ACTIVITE_ID, row).ok_or_else(lacking)?);
            let ids: Vec<u128> = (0..batch.num_rows()).map(id).collect::<Result<_>>()?;
            hashes.add(ids.iter().map(|id| key(origin.system, *id)));
            evidence.note(&origin, &batch, &ids)?;
        }
        Ok::<_, Error>((hashes, evidence))
    };
    let (hashes, evidence) = read
        .groups
        .par_iter()
        .try_fold(<(Hashes, Evidence)>::default, of_group)
        .try_reduce(Default::default, |one, other| {
            Ok((one.0.merged(other.0), one.1.merged(other.1)))
        })?;
    Ok((told.merged(hashes).repeated(), evidence.opened(read.job)?))
}

/// Tells records apart by their pseudonym, and all but surely by their system.
fn key(system: System, id: u128) -> u128 {
    let system = match system {
        System::Legacy => 1,
        System::Coop => 2,
        System::Plat => 3,
    };
    id ^ system
}

/// What was seen of a row group.
#[derive(Default)]
struct Seen {
    /// Fate of each row, as if it were the only one of its record.
    fates: Vec<Fate>,
    /// Rows and measures of those that are.
    sums: BTreeMap<Fate, Amount>,
    /// Rows that are not.
    versions: Vec<Version>,
    /// Their place in the segment, and their measures.
    several: Vec<(usize, Amount)>,
    copies: Copies,
}

fn see(
    read: &Read<'_>,
    group: &Group,
    (repeated, evidence): (&Repeated, &Evidence),
) -> Result<Seen> {
    let names = [
        &columns::ACTIVITE_ID,
        &columns::COPIE_DE,
        &columns::EST_COPIE,
        &columns::EMPREINTE,
        &columns::CREE_LE,
        &columns::MODIFIE_LE,
        &columns::SUPPRIME_LE,
        &columns::DATE,
        &columns::NB_PARTICIPANTS,
        &columns::DUREE,
    ];
    let origin = read.origin(group.segment)?;
    let (source, system) = (origin.source, origin.system);
    let lists = &read.job.definitions.lists;
    let mut minutes = Minutes { lists, system, known: HashMap::new() };
    let mut seen = Seen::default();
    for batch in read.batches(group, &names)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let of = |column: &Name| text(&batch, column, row);
            let place = group.rows.start + seen.fates.len();
            let id = number(of(&columns::ACTIVITE_ID).ok_or_else(lacking)?)?;
            let is_marked =
                of(&columns::COPIE_DE).is_some() || of(&columns::EST_COPIE) == Some(OUI);
            let created = instant(&batch, &columns::CREE_LE, row);
            let modified = instant(&batch, &columns::MODIFIE_LE, row);
            let is_copy = is_marked
                || source.copies_by_creation
                    && created.is_some_and(|at| {
                        seen.copies.is_unmarked_copy(evidence, at, modified == created)
                    });
            let deleted = instant(&batch, &columns::SUPPRIME_LE, row);
            let role = match (is_copy, deleted) {
                (true, _) => Role::Copy,
                (false, Some(_)) => Role::Deleted,
                (false, None) => Role::Activity,
            };
            let participants = count(&batch, &columns::NB_PARTICIPANTS, row);
            let amount = Amount {
                rows: 1,
                participants: i64::from(participants.ok_or_else(lacking)?),
                minutes: i64::from(minutes.of(of(&columns::DUREE).unwrap_or_default())),
            };
            if let (System::Coop, true, Some(at)) = (system, origin.is_exact, created)
                && evidence.has_instant(at)
            {
                let day = day(&batch, &columns::DATE, row).ok_or_else(lacking)?;
                seen.copies.suspect((group.segment, place), (at, day));
            }
            let is_alone = !repeated.has(key(system, id));
            if role == Role::Copy {
                seen.copies.count(id, is_alone);
            }
            seen.fates.push(role.alone());
            if is_alone {
                *seen.sums.entry(role.alone()).or_default() += amount;
                continue;
            }
            seen.several.push((place, amount));
            seen.versions.push(Version {
                system,
                id,
                modified: modified.unwrap_or(i64::MIN),
                rank: source.rank,
                fingerprint: sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
                segment: small(group.segment)?,
                row: small(place)?,
                role,
            });
        }
    }
    Ok(seen)
}

fn small(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::internal("a segment has fewer than 2^32 rows"))
}

fn read_notices(read: &Read<'_>) -> Result<Vec<Version>> {
    let names = [&columns::ACTIVITE_ID, &columns::EMPREINTE, &columns::SUPPRIME_LE];
    let mut all = Vec::new();
    for (index, segment) in (read.segments.len()..).zip(read.notices) {
        let source = declared_source(read.job, segment)?;
        let mut place = 0;
        for batch in batches(read.job, segment, &names)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let id = text(&batch, &columns::ACTIVITE_ID, row).ok_or_else(lacking)?;
                all.push(Version {
                    system: source.system,
                    id: number(id)?,
                    modified: instant(&batch, &columns::SUPPRIME_LE, row).ok_or_else(lacking)?,
                    rank: source.rank,
                    fingerprint: sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
                    segment: small(index)?,
                    row: place,
                    role: Role::Notice,
                });
                place += 1;
            }
        }
    }
    Ok(all)
}

/// Minutes of durations as entered, each text looked up once.
struct Minutes<'a> {
    lists: &'a Lists,
    system: System,
    known: HashMap<String, i32>,
}

impl Minutes<'_> {
    fn of(&mut self, duration: &str) -> i32 {
        if let Some(minutes) = self.known.get(duration) {
            return *minutes;
        }
        let found = self.lists.minutes(self.system.code(), duration);
        let minutes = found.map_or(0, |(minutes, _)| minutes);
        self.known.insert(duration.to_owned(), minutes);
        minutes
    }
}
