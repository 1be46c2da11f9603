//! What a month of activities came to, kept for the next run: if it would come out the same, it is
//! taken over.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::run::clean::{Cleaned, STAGE};
use crate::run::corrections::Matched;
use crate::run::job::Job;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::{CURRENT, Manifest, Output};
use crate::run::outputs::BUILDING;
use crate::run::parquet;
use crate::run::rejects::{self, Located};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::tables::CLEAN_ACTIVITES;

/// What the months of a run came to, beside its manifest.
pub(super) const MONTHS: &str = "months.json";
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
            let fate =
                fate.ok_or_else(|| Error::data(format!("`{MONTHS}` is not of this program")))?;
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

/// Writes what the months came to.
pub(super) fn write(job: &Job<'_>, records: &BTreeMap<String, Record>) -> Result<Output> {
    let content = serde_json::to_vec(records)
        .map_err(|error| Error::internal("what months came to is JSON").because(error))?;
    let mut file = job.store.write(&format!("{BUILDING}/{MONTHS}"), &content)?;
    MONTHS.clone_into(&mut file.path);
    Ok(Output { file, rows: u64::try_from(records.len()).unwrap_or_default() })
}

/// What the run that readers see made of each month.
#[derive(Debug, Default)]
pub(super) struct Before {
    months: BTreeMap<String, Record>,
    rejects: HashMap<(String, i64), Located>,
}

impl Before {
    /// Reads what the current run left, unless all is to be made again or some of it was changed.
    pub(super) fn read(job: &Job<'_>) -> Result<Self> {
        let current = Manifest::current(job.store).unwrap_or_default();
        let Some(current) = current.filter(|_| !job.is_forced) else { return Ok(Self::default()) };
        let is_whole = |path: &str| -> Result<bool> {
            let output = current.outputs.iter().find(|output| output.file.path == path);
            output.map_or(Ok(false), |output| is_as_written(job, output))
        };
        if !(is_whole(MONTHS)? && is_whole(REJECTS)?) {
            return Ok(Self::default());
        }
        let content = job.store.read(&format!("{CURRENT}/{MONTHS}"))?.unwrap_or_default();
        let Ok(months) = serde_json::from_slice(&content) else { return Ok(Self::default()) };
        let mut refused = HashMap::new();
        let file = job.store.file(&format!("{CURRENT}/{REJECTS}"))?;
        for batch in parquet::read(file, None, None)? {
            for located in rejects::from_batch(&batch?)? {
                refused.insert((located.segment.clone(), located.reject.line), located);
            }
        }
        Ok(Self { months, rejects: refused })
    }

    /// What a month came to, if it has that key and its file is what was written: the file gets a
    /// second name in the run under construction.
    pub(super) fn take_over(
        &self,
        job: &Job<'_>,
        (month, key): (&str, &str),
    ) -> Result<Option<Month>> {
        let is_same = |record: &&Record| record.key == key && !key.is_empty();
        let Some(record) = self.months.get(month).filter(is_same) else {
            return Ok(None);
        };
        let refused = record.rejects.iter().map(|place| self.rejects.get(place).cloned());
        let Some(refused) = refused.collect::<Option<Vec<Located>>>() else { return Ok(None) };
        if let Some(output) = &record.output {
            if !is_as_written(job, output)? {
                return Ok(None);
            }
            let path = &output.file.path;
            job.store.link(&format!("{CURRENT}/{path}"), &format!("{BUILDING}/{path}"))?;
        }
        Month::of_record(record, refused).map(Some)
    }
}

/// Whether a file of the current run is what was written.
fn is_as_written(job: &Job<'_>, output: &Output) -> Result<bool> {
    let found = job.store.stat(&format!("{CURRENT}/{}", output.file.path))?;
    Ok(found.is_some_and(|found| found.blake3 == output.file.blake3))
}
