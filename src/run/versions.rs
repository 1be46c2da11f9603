//! Ids of all segments are read, and nothing else, to decide which version of each record counts.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use jiff::civil::Date;

use crate::clean::versions::{self, Version};
use crate::definition::codelist::Lists;
use crate::error::{Error, Result};
use crate::run::clean::{Cleaned, account, batches};
use crate::run::job::Job;
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::vocabulary::codes::{Fate, System};
use crate::vocabulary::columns::{self, Column as Name};

/// What is kept in memory of each row of a segment while versions are decided.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Year of each row.
    pub(super) years: Vec<i16>,
    participants: Vec<i32>,
    minutes: Vec<i32>,
}

/// Reads ids alone, decides which version counts, and enters all rows in the ledger.
pub(super) fn decide(
    job: &Job<'_>,
    segments: &[&Segment],
    cleaned: &mut Cleaned,
) -> Result<(Vec<Facts>, Vec<Vec<Fate>>)> {
    let mut all = Vec::new();
    let mut facts = Vec::new();
    let mut copies: Vec<u128> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let system = system(job, segment)?;
        facts.push(read_versions(job, segment, (index, system), &mut all, &mut copies)?);
    }
    warn_of_orphans(&all, copies, cleaned);
    let rows: Vec<usize> = facts.iter().map(|facts| facts.years.len()).collect();
    let fates = versions::decide(all, &rows);
    for ((segment, facts), fates) in segments.iter().zip(&facts).zip(&fates) {
        let mut sums: BTreeMap<(i16, Fate), Amount> = BTreeMap::new();
        for (row, fate) in fates.iter().enumerate() {
            let get = |values: &[i32]| values.get(row).copied().map_or(0, i64::from);
            let year = facts.years.get(row).copied().unwrap_or_default();
            *sums.entry((year, *fate)).or_default() += Amount {
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
    Ok((facts, fates))
}

/// The system of a segment's source.
pub(super) fn system(job: &Job<'_>, segment: &Segment) -> Result<System> {
    let source = job.definitions.sources.get(&segment.source);
    let source = source.ok_or_else(|| Error::internal("a segment has a declared source"))?;
    Ok(source.system)
}

/// Copies of legacy records are left out because the archive has them: says so when it has not.
fn warn_of_orphans(all: &[Version], mut copies: Vec<u128>, cleaned: &mut Cleaned) {
    if copies.is_empty() {
        return;
    }
    let mut archived: Vec<u128> = all
        .iter()
        .filter(|version| version.system == System::Legacy)
        .map(|version| version.id)
        .collect();
    archived.sort_unstable();
    copies.sort_unstable();
    copies.dedup();
    let orphans = copies.iter().filter(|id| archived.binary_search(id).is_err()).count();
    if orphans > 0 {
        cleaned.warnings.push(format!(
            "{orphans} migrated activities of La Coop are left out although the archive given does \
             not have their record: is the whole archive there?"
        ));
    }
}

fn read_versions(
    job: &Job<'_>,
    segment: &Segment,
    (index, system): (usize, System),
    all: &mut Vec<Version>,
    copies: &mut Vec<u128>,
) -> Result<Facts> {
    let names = [
        &columns::ACTIVITE_ID,
        &columns::COPIE_DE,
        &columns::EMPREINTE,
        &columns::MODIFIE_LE,
        &columns::SUPPRIME_LE,
        &columns::DATE,
        &columns::NB_PARTICIPANTS,
        &columns::DUREE,
    ];
    let mut facts = Facts::default();
    let mut minutes = Minutes { lists: &job.definitions.lists, system, known: HashMap::new() };
    let mut calendar = Calendar::default();
    for batch in batches(job, segment, &names)? {
        let batch = batch?;
        let lacking = || Error::internal("an activity read has its columns");
        let column = |name: &Name| batch.column_by_name(name.name).ok_or_else(lacking);
        let ids = column(&columns::ACTIVITE_ID)?.as_string::<i32>();
        let copied = column(&columns::COPIE_DE)?.as_string::<i32>();
        let prints = column(&columns::EMPREINTE)?.as_primitive::<Int64Type>();
        let modified = column(&columns::MODIFIE_LE)?.as_primitive::<TimestampMicrosecondType>();
        let deleted = column(&columns::SUPPRIME_LE)?;
        let days = column(&columns::DATE)?.as_primitive::<Date32Type>();
        let participants = column(&columns::NB_PARTICIPANTS)?.as_primitive::<Int32Type>();
        let durations = column(&columns::DUREE)?.as_string::<i32>();
        for row in 0..batch.num_rows() {
            let id = number(ids.value(row))?;
            if copied.is_valid(row) {
                copies.push(number(copied.value(row))?);
            }
            all.push(Version {
                system,
                id,
                modified: if modified.is_valid(row) { modified.value(row) } else { i64::MIN },
                fingerprint: prints.value(row),
                segment: index,
                row: facts.years.len(),
                is_deleted: deleted.is_valid(row),
                is_copy: copied.is_valid(row),
            });
            facts.years.push(calendar.year(days.value(row))?);
            facts.participants.push(participants.value(row));
            let duration = if durations.is_valid(row) { durations.value(row) } else { "" };
            facts.minutes.push(minutes.of(duration));
        }
    }
    Ok(facts)
}

fn number(pseudonym: &str) -> Result<u128> {
    u128::from_str_radix(pseudonym, 16).map_err(|_| {
        Error::data("a staged pseudonym is not hexadecimal").hint("run with `--force`")
    })
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

/// Years of days, each day looked up once.
#[derive(Default)]
struct Calendar {
    known: HashMap<i32, i16>,
}

impl Calendar {
    fn year(&mut self, days: i32) -> Result<i16> {
        if let Some(year) = self.known.get(&days) {
            return Ok(*year);
        }
        let date = Date::constant(1970, 1, 1)
            .checked_add(jiff::Span::new().days(days))
            .map_err(|error| Error::internal("a staged day is in the calendar").because(error))?;
        self.known.insert(days, date.year());
        Ok(date.year())
    }
}
