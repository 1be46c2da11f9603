//! Ids of all segments are read, and nothing else, to decide which version of each record counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use jiff::civil::Date;

use crate::clean::versions::{self, Decided, Role, Version};
use crate::definition::codelist::Lists;
use crate::error::{Error, Result};
use crate::run::clean::Cleaned;
use crate::run::job::Job;
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::run::reconciliation::Evidence;
use crate::run::staged::{account, batches, count, day, declared_source, instant, lacking};
use crate::run::staged::{number, sum, text};
use crate::vocabulary::codes::{Fate, OUI, System};
use crate::vocabulary::columns::{self, Column as Name};

/// What is kept in memory of each row of a segment while versions are decided.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Day of each row, in days since 1970.
    pub(super) days: Vec<i32>,
    /// Instant of creation; `i64::MIN` when unknown.
    pub(super) created: Vec<i64>,
    participants: Vec<i32>,
    minutes: Vec<i32>,
}

/// Which rows count.
pub(super) struct Decisions {
    /// Year of each row of each segment.
    years: Vec<Vec<i16>>,
    fates: Vec<Vec<Fate>>,
}

impl Decisions {
    /// Years of the rows that count, in order.
    pub(super) fn years(&self) -> BTreeSet<i16> {
        let rows = self.years.iter().flatten().zip(self.fates.iter().flatten());
        rows.filter(|(_, fate)| **fate == Fate::Kept).map(|(year, _)| *year).collect()
    }

    /// The rows of a segment and year that count, and how many rows the segment has.
    pub(super) fn rows_of(
        &self,
        segment: usize,
        year: i16,
    ) -> Option<(impl Iterator<Item = Range<usize>>, usize)> {
        let (years, fates) = (self.years.get(segment)?, self.fates.get(segment)?);
        let is_taken = move |row: &usize| {
            years.get(*row) == Some(&year) && fates.get(*row) == Some(&Fate::Kept)
        };
        Some(((0..fates.len()).filter(is_taken).map(|row| row..row + 1), fates.len()))
    }
}

/// Reads ids alone, decides which version counts, and enters all rows in the ledger.
pub(super) fn decide(
    job: &Job<'_>,
    (segments, notices): (&[&Segment], &[&Segment]),
    cleaned: &mut Cleaned,
) -> Result<Decisions> {
    let mut all = Vec::new();
    let mut facts = Vec::new();
    let mut evidence = Evidence::default();
    for (index, segment) in segments.iter().enumerate() {
        facts.push(read_versions(job, (index, segment), &mut all, &mut evidence)?);
    }
    let opening = job.definitions.pipeline.coop_opening.in_tz("Europe/Paris");
    let opening = opening.map_err(|error| Error::internal("a day begins").because(error))?;
    evidence.mark_copies(&opening, &mut all);
    let mut rows: Vec<usize> = facts.iter().map(|facts| facts.days.len()).collect();
    for (index, segment) in notices.iter().enumerate() {
        let before = all.len();
        read_notices(job, (segments.len() + index, segment), &mut all)?;
        rows.push(all.len() - before);
    }
    evidence.count_copies(&all);
    let Decided { mut fates, notices: effects } = versions::decide(all, &rows);
    fates.truncate(segments.len());
    evidence.conclude(&facts, &fates, cleaned);
    for (index, effect) in effects {
        let Some(segment) = index.checked_sub(segments.len()).and_then(|at| notices.get(at)) else {
            return Err(Error::internal("a notice comes from a segment of notices"));
        };
        let account = account(segment, String::new());
        cleaned.ledger.enter(&account, Amount::of_rows(1));
        cleaned.ledger.leave(&account, Fate::Notice, effect.code(), Amount::of_rows(1));
    }
    let years = years(&facts)?;
    for (((segment, facts), fates), years) in segments.iter().zip(&facts).zip(&fates).zip(&years) {
        enter(segment, (facts, fates, years), cleaned);
    }
    Ok(Decisions { years, fates })
}

fn enter(
    segment: &Segment,
    (facts, fates, years): (&Facts, &[Fate], &[i16]),
    cleaned: &mut Cleaned,
) {
    let mut sums: BTreeMap<(i16, Fate), Amount> = BTreeMap::new();
    for (row, (fate, year)) in fates.iter().zip(years).enumerate() {
        let get = |values: &[i32]| values.get(row).copied().map_or(0, i64::from);
        *sums.entry((*year, *fate)).or_default() += Amount {
            rows: 1,
            participants: get(&facts.participants),
            minutes: get(&facts.minutes),
        };
    }
    for ((year, fate), amount) in sums {
        let account = account(segment, year.to_string());
        cleaned.ledger.enter(&account, amount);
        if fate != Fate::Kept {
            cleaned.ledger.leave(&account, fate, "", amount);
        }
    }
}

fn read_versions(
    job: &Job<'_>,
    (index, segment): (usize, &Segment),
    all: &mut Vec<Version>,
    evidence: &mut Evidence,
) -> Result<Facts> {
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
    let source = declared_source(job, segment)?;
    let system = source.system;
    // A format of its own is that of a clock without milliseconds.
    let creation = source.columns.get(columns::CREE_LE.name);
    let is_exact = creation.is_some_and(|mapping| mapping.format.is_none());
    let mut facts = Facts::default();
    let mut minutes = Minutes { lists: &job.definitions.lists, system, known: HashMap::new() };
    for batch in batches(job, segment, &names)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let of = |column: &Name| text(&batch, column, row);
            let id = number(of(&columns::ACTIVITE_ID).ok_or_else(lacking)?)?;
            let copied = of(&columns::COPIE_DE).map(number).transpose()?;
            let is_copy = copied.is_some() || of(&columns::EST_COPIE) == Some(OUI);
            let deleted = instant(&batch, &columns::SUPPRIME_LE, row);
            let created = instant(&batch, &columns::CREE_LE, row).unwrap_or(i64::MIN);
            let modified = instant(&batch, &columns::MODIFIE_LE, row).unwrap_or(i64::MIN);
            let role = match (is_copy, deleted) {
                (true, _) => Role::Copy,
                (false, Some(_)) => Role::Deleted,
                (false, None) => Role::Activity,
            };
            let by_creation = source.copies_by_creation && !is_copy;
            let told = (by_creation, is_exact);
            evidence.see(system, (all.len(), id, copied), (created, modified), told);
            all.push(Version {
                system,
                id,
                modified,
                rank: source.rank,
                fingerprint: sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
                segment: index,
                row: facts.days.len(),
                role,
            });
            facts.days.push(day(&batch, &columns::DATE, row).ok_or_else(lacking)?);
            facts.created.push(created);
            let participants = count(&batch, &columns::NB_PARTICIPANTS, row);
            facts.participants.push(participants.ok_or_else(lacking)?);
            facts.minutes.push(minutes.of(of(&columns::DUREE).unwrap_or_default()));
        }
    }
    evidence.end_segment(system, is_exact);
    Ok(facts)
}

fn read_notices(
    job: &Job<'_>,
    (index, segment): (usize, &Segment),
    all: &mut Vec<Version>,
) -> Result<()> {
    let names = [&columns::ACTIVITE_ID, &columns::EMPREINTE, &columns::SUPPRIME_LE];
    let source = declared_source(job, segment)?;
    let mut place = 0;
    for batch in batches(job, segment, &names)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let id = text(&batch, &columns::ACTIVITE_ID, row).ok_or_else(lacking)?;
            all.push(Version {
                system: source.system,
                id: number(id)?,
                modified: instant(&batch, &columns::SUPPRIME_LE, row).ok_or_else(lacking)?,
                rank: source.rank,
                fingerprint: sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
                segment: index,
                row: place,
                role: Role::Notice,
            });
            place += 1;
        }
    }
    Ok(())
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

/// Years of all rows, each day looked up once.
fn years(facts: &[Facts]) -> Result<Vec<Vec<i16>>> {
    let mut known: HashMap<i32, i16> = HashMap::new();
    let mut year = |days: i32| -> Result<i16> {
        if let Some(year) = known.get(&days) {
            return Ok(*year);
        }
        let date = Date::constant(1970, 1, 1)
            .checked_add(jiff::Span::new().days(days))
            .map_err(|error| Error::internal("a staged day is in the calendar").because(error))?;
        known.insert(days, date.year());
        Ok(date.year())
    };
    facts.iter().map(|facts| facts.days.iter().map(|day| year(*day)).collect()).collect()
}
