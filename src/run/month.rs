//! What a month of activities came to, kept for the next run: if it would come out the same, it is
//! taken over.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::clean::{Cleaned, STAGE};
use crate::run::corrections::Matched;
use crate::run::dataset::months::text_of;
use crate::run::job::Job;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::{CURRENT, Manifest, Output};
use crate::run::parquet;
use crate::run::rejects::{self, Located};
use crate::run::reuse;
use crate::vocabulary::codes::Fate;
use crate::vocabulary::tables::CLEAN_ACTIVITES;

const REJECTS: &str = "rejects/clean.parquet";

/// What a month came to.
#[derive(Debug, Default)]
pub(super) struct Month {
    /// Its file, if any row is kept.
    pub(super) output: Option<Output>,
    pub(super) flags: BTreeMap<String, u64>,
    pub(super) ledger: Ledger,
    pub(super) rejects: Vec<Located>,
    pub(super) matched: Matched,
}

/// The same, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Hash of all it depends on; empty where none can tell.
    key: String,
    output: Option<Output>,
    flags: BTreeMap<String, u64>,
    accounts: Vec<Line>,
    /// Segment and line of each refused row.
    rejects: Vec<(String, i64)>,
    /// Rows that each correction matched.
    matched: BTreeMap<String, i64>,
}

/// A line of the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    source: String,
    segment: String,
    period: String,
    fate: String,
    reason: String,
    amount: Amount,
}

impl Month {
    /// Whether none of its rows was left to be kept or refused.
    pub(super) fn is_empty(&self) -> bool {
        self.output.is_none() && self.rejects.is_empty()
    }

    /// What is kept of it.
    pub(super) fn record(&self, key: String) -> Record {
        let mut accounts = Vec::new();
        self.ledger.visit(|account, fate, reason, amount| {
            accounts.push(Line {
                source: account.source.clone(),
                segment: account.segment.clone(),
                period: account.period.clone(),
                fate: fate.map_or("", Fate::code).to_owned(),
                reason: reason.to_owned(),
                amount,
            });
        });
        let place = |located: &Located| (located.segment.clone(), located.reject.line);
        Record {
            key,
            output: self.output.clone(),
            flags: self.flags.clone(),
            accounts,
            rejects: self.rejects.iter().map(place).collect(),
            matched: self.matched.0.clone(),
        }
    }

    fn of_record(record: &Record, rejects: Vec<Located>) -> Result<Self> {
        let mut ledger = Ledger::default();
        for line in &record.accounts {
            let account = Account {
                stage: STAGE.to_owned(),
                source: line.source.clone(),
                segment: line.segment.clone(),
                period: line.period.clone(),
            };
            let fate = Fate::ALL.into_iter().find(|fate| fate.code() == line.fate);
            let fate = fate.ok_or_else(|| Error::internal("fates that are kept are fates"))?;
            ledger.leave(&account, fate, &line.reason, line.amount);
        }
        Ok(Self {
            output: record.output.clone(),
            flags: record.flags.clone(),
            ledger,
            rejects,
            matched: Matched(record.matched.clone()),
        })
    }

    /// Adds it to what the stage made.
    pub(super) fn enter(self, cleaned: &mut Cleaned, corrections: &mut Matched) {
        cleaned.outputs.extend(self.output);
        let flags = cleaned.flags.entry(CLEAN_ACTIVITES.name.to_owned()).or_default();
        self.flags.into_iter().for_each(|(flag, rows)| *flags.entry(flag).or_default() += rows);
        cleaned.ledger.merge(self.ledger);
        cleaned.rejects.extend(self.rejects);
        corrections.merge(self.matched);
    }
}

/// Leaves what the months came to to the next run.
pub(super) fn write(job: &Job<'_>, records: &BTreeMap<String, Record>) -> Result<()> {
    reuse::write(job, CLEAN_ACTIVITES.name, records)
}

/// What the run that readers see made of each month.
#[derive(Debug, Default)]
pub(super) struct Before {
    months: BTreeMap<String, Record>,
    rejects: HashMap<(String, i64), Located>,
}

impl Before {
    /// Reads what the current run left of months that have these keys, unless all is to be made
    /// again. Without any, nothing else is read: another version may have written it.
    pub(super) fn read(job: &Job<'_>, keys: &BTreeMap<i32, String>) -> Result<Self> {
        let mut months: BTreeMap<String, Record> = reuse::read(job, CLEAN_ACTIVITES.name)?;
        let wanted: BTreeMap<String, &String> =
            keys.iter().map(|(month, key)| (text_of(*month), key)).collect();
        months.retain(|month, record| {
            !record.key.is_empty() && wanted.get(month).is_some_and(|key| **key == record.key)
        });
        let current = Manifest::current(job.store).unwrap_or_default().unwrap_or_default();
        let refused = current.outputs.iter().find(|output| output.file.path == REJECTS);
        let mut rejects = HashMap::new();
        if let Some(output) = refused.filter(|_| !months.is_empty())
            && reuse::is_whole(job, output)?
        {
            let file = job.store.file(&format!("{CURRENT}/{REJECTS}"))?;
            for batch in parquet::read(file, None, None)? {
                for located in rejects::from_batch(&batch?)? {
                    rejects.insert((located.segment.clone(), located.reject.line), located);
                }
            }
        }
        Ok(Self { months, rejects })
    }

    /// What a month came to, if it has its key and its file is what was written: the file gets a
    /// second name in the run under construction.
    pub(super) fn take_over(&self, job: &Job<'_>, month: i32) -> Result<Option<Month>> {
        let Some(record) = self.months.get(&text_of(month)) else { return Ok(None) };
        let refused = record.rejects.iter().map(|place| self.rejects.get(place).cloned());
        let Some(refused) = refused.collect::<Option<Vec<Located>>>() else { return Ok(None) };
        let output = record.output.as_ref();
        if !output.map_or(Ok(true), |output| reuse::take_over(job, output))? {
            return Ok(None);
        }
        Month::of_record(record, refused).map(Some)
    }
}
