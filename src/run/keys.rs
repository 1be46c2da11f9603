//! The key of a month: a hash of all that its clean file and its accounts depend on.
//!
//! That is the program and its declarations, which rows of which segments count, and what is known
//! of the employers, advisers and attendances that these rows mention, and of no others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use rayon::prelude::*;

use crate::clean::VERSION;
use crate::clean::employers::{FormerType, FormerTypes};
use crate::error::{Error, Result};
use crate::run::activities::With;
use crate::run::clean;
use crate::run::corrections::of_source;
use crate::run::dataset::months::text_of;
use crate::run::mentions::{self, Adviser, Employer};
use crate::run::staged::{Group, lacking, number, text};
use crate::run::versions::Read;
use crate::vocabulary::calendar;
use crate::vocabulary::codes::Fate;
use crate::vocabulary::columns;

/// What is known of employers: a hash for each identifier.
pub(super) struct Employers(HashMap<String, blake3::Hash>);

impl Employers {
    /// Hashes each row of the clean table of employers, and the types they had before.
    pub(super) fn new(rows: &RecordBatch, former: &FormerTypes) -> Result<Self> {
        let mut known = HashMap::new();
        for row in 0..rows.num_rows() {
            let mut digest = Digest::default();
            for column in rows.columns() {
                let texts = column.as_string_opt::<i32>();
                let texts = texts.ok_or_else(|| Error::internal("employers are told in texts"))?;
                digest.text(texts.is_valid(row).then(|| texts.value(row)));
            }
            let id = text(rows, &columns::STRUCTURE_ID, row).ok_or_else(lacking)?;
            for FormerType { period, codes } in former.get(id).into_iter().flatten() {
                digest.number(period.start.map_or(i64::MIN, i64::from));
                digest.number(period.end.map_or(i64::MIN, i64::from));
                codes.iter().for_each(|code| digest.text(Some(code)));
            }
            known.insert(id.to_owned(), digest.0.finalize());
        }
        Ok(Self(known))
    }
}

/// All that the keys of months are made of.
pub(super) struct Keys<'a> {
    pub(super) read: &'a Read<'a>,
    pub(super) with: &'a With<'a>,
    /// Fate of each row of each segment.
    pub(super) fates: &'a [Vec<Fate>],
}

impl Keys<'_> {
    /// The key of each month some rows of which count; empty where no hash can tell.
    pub(super) fn of_months(&self) -> Result<BTreeMap<i32, String>> {
        let job = self.read.job;
        let of_groups: Vec<Option<blake3::Hash>> = (0..self.read.groups.len())
            .into_par_iter()
            .map(|place| self.of_group(place))
            .collect::<Result<_>>()?;
        let mut digests: BTreeMap<i32, Digest> = BTreeMap::new();
        let mut rewritten = BTreeSet::new();
        for (group, hash) in self.read.groups.iter().zip(of_groups) {
            let Some(hash) = hash else { continue };
            if self.is_rewritten(group)? {
                rewritten.insert(group.month);
            }
            let digest = digests.entry(group.month).or_insert_with(|| {
                let mut digest = Digest::default();
                digest.text(Some(env!("CARGO_PKG_VERSION")));
                digest.number(i64::from(VERSION));
                digest.text(Some(&clean::digest(job)));
                digest.number(i64::from(group.month));
                digest
            });
            digest.0.update(hash.as_bytes());
        }
        let mut keys = BTreeMap::new();
        for (month, mut digest) in digests {
            // Rules look at the reference day only to find days after it.
            digest.number(i64::from(self.with.known.as_of.min(last_day(month)?)));
            let key = digest.0.finalize().to_hex().to_string();
            keys.insert(month, if rewritten.contains(&month) { String::new() } else { key });
        }
        Ok(keys)
    }

    /// Whether a correction may make the rows of a group mention what they do not mention.
    fn is_rewritten(&self, group: &Group) -> Result<bool> {
        let segment = self.read.segments.get(group.segment).ok_or_else(lacking)?;
        let corrections = of_source(self.read.job, &segment.source);
        let sets = |name| corrections.iter().any(|correction| correction.set.contains_key(name));
        Ok(mentions::NAMES.iter().any(|column| sets(column.name)))
    }

    /// The hash of a row group; none if no row of it counts.
    fn of_group(&self, place: usize) -> Result<Option<blake3::Hash>> {
        let group = self.read.groups.get(place).ok_or_else(lacking)?;
        let segment = self.read.segments.get(group.segment).ok_or_else(lacking)?;
        let fates = self.fates.get(group.segment).and_then(|all| all.get(group.rows.clone()));
        let fates = fates.ok_or_else(lacking)?;
        if !fates.contains(&Fate::Kept) {
            return Ok(None);
        }
        let mut digest = Digest::default();
        digest.text(Some(&segment.key));
        digest.number(i64::try_from(group.number).unwrap_or_default());
        let kept: Vec<u8> = fates.iter().map(|fate| u8::from(*fate == Fate::Kept)).collect();
        digest.0.update(&kept);
        let (employers, advisers, places) = self.with.mentions.of_group(place)?;
        let mut hashes: Vec<[u8; 32]> = Vec::new();
        hashes.extend(employers.iter().map(|employer| self.of_employer(employer)));
        hashes.extend(advisers.iter().map(|adviser| self.of_adviser(adviser)));
        hashes.extend(places.iter().map(|place| self.of_structure(&mut Digest::default(), place)));
        hashes.sort_unstable();
        hashes.dedup();
        for hash in hashes {
            digest.0.update(&hash);
        }
        self.add_attendances(group, &mut digest)?;
        Ok(Some(digest.0.finalize()))
    }

    fn of_employer(&self, employer: &Employer<'_>) -> [u8; 32] {
        employer.id.map_or([0; 32], |id| {
            let id = self.with.known.aliases.get(id).map_or(id, String::as_str);
            let mut digest = Digest::default();
            digest.text(employer.id);
            self.of_structure(&mut digest, id)
        })
    }

    fn of_adviser(&self, adviser: &Adviser<'_>) -> [u8; 32] {
        let mut digest = Digest::default();
        let (mediator, account) = (adviser.mediator, adviser.account);
        digest.text(mediator);
        digest.text(account);
        let (mediator, account) = (mediator.unwrap_or_default(), account.unwrap_or_default());
        let contracts = self.with.known.contracts;
        digest.number(contracts.is_adviser(mediator, account).map_or(-1, i64::from));
        for period in contracts.periods(mediator, account) {
            digest.number(period.start.map_or(i64::MIN, i64::from));
            digest.number(period.end.map_or(i64::MIN, i64::from));
            self.of_structure(&mut digest, &period.structure);
        }
        digest.text(None);
        if let Some(found) = contracts.supposed(mediator) {
            self.of_structure(&mut digest, found.structure);
        }
        *digest.0.finalize().as_bytes()
    }

    /// Adds what is known of a structure.
    fn of_structure(&self, digest: &mut Digest, id: &str) -> [u8; 32] {
        digest.text(Some(id));
        let known = self.with.employers.0.get(id).map(blake3::Hash::as_bytes);
        digest.0.update(known.unwrap_or(&[0; 32]));
        *digest.0.finalize().as_bytes()
    }

    /// Adds who attended the activities that count.
    fn add_attendances(&self, group: &Group, digest: &mut Digest) -> Result<()> {
        if self.with.known.attendances.is_empty() {
            return Ok(());
        }
        let fates = self.fates.get(group.segment).ok_or_else(lacking)?;
        let year = i16::try_from(group.month.div_euclid(12)).unwrap_or_default();
        let mut place = group.rows.start;
        for batch in self.read.batches(group, &[&columns::ACTIVITE_ID])? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                if fates.get(place + row) != Some(&Fate::Kept) {
                    continue;
                }
                let id = number(text(&batch, &columns::ACTIVITE_ID, row).ok_or_else(lacking)?)?;
                let Some(counts) = self.with.known.attendances.counts(id, year) else { continue };
                digest.0.update(&id.to_le_bytes());
                counts.iter().for_each(|count| digest.number(i64::from(*count)));
            }
            place += batch.num_rows();
        }
        Ok(())
    }
}

/// The last day of a month, since 1970.
fn last_day(month: i32) -> Result<i32> {
    let outside = || Error::internal("a month is in the calendar");
    calendar::last_day(&text_of(month)).map(calendar::number_of).ok_or_else(outside)
}

/// A hash of texts and numbers that cannot run into one another.
#[derive(Default)]
struct Digest(blake3::Hasher);

impl Digest {
    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.number(-1),
            Some(text) => {
                self.number(i64::try_from(text.len()).unwrap_or(i64::MAX));
                self.0.update(text.as_bytes());
            }
        }
    }

    fn number(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }
}
