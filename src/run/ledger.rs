//! What became of every row and measure; a sum that does not come out stops the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::LEDGER;

/// Code of what goes in.
const ENTREE: &str = "entree";

/// Rows and measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Rows.
    pub rows: i64,
    /// Participants.
    pub participants: i64,
    /// Minutes.
    pub minutes: i64,
}

impl Amount {
    /// Rows alone.
    #[must_use]
    pub fn of_rows(rows: i64) -> Self {
        Self { rows, ..Self::default() }
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.participants += other.participants;
        self.minutes += other.minutes;
    }
}

/// Where an account stands: a stage, a source, one of its files, a year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// ingest, clean or aggregate.
    pub stage: String,
    /// Source, or table for aggregate.
    pub source: String,
    /// Segment, or measure for aggregate.
    pub segment: String,
    /// Year, or empty.
    pub period: String,
}

/// The accounts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// (account, fate, reason) → amount.
    lines: BTreeMap<(Account, String, String), Amount>,
}

impl Ledger {
    /// Adds what goes in.
    pub fn enter(&mut self, account: &Account, amount: Amount) {
        self.add(account, ENTREE, "", amount);
    }

    /// Adds what came out.
    pub fn leave(&mut self, account: &Account, fate: Fate, reason: &str, amount: Amount) {
        self.add(account, fate.code(), reason, amount);
    }

    fn add(&mut self, account: &Account, fate: &str, reason: &str, amount: Amount) {
        if amount != Amount::default() {
            let key = (account.clone(), fate.to_owned(), reason.to_owned());
            *self.lines.entry(key).or_default() += amount;
        }
    }

    /// Adds all lines of another ledger.
    pub fn merge(&mut self, other: Ledger) {
        for (key, amount) in other.lines {
            *self.lines.entry(key).or_default() += amount;
        }
    }

    /// The lines of a stage.
    #[must_use]
    pub fn of_stage(&self, stage: &str) -> Ledger {
        let of_stage = self.lines.iter().filter(|((account, _, _), _)| account.stage == stage);
        Ledger { lines: of_stage.map(|(key, amount)| (key.clone(), *amount)).collect() }
    }

    /// Visits each line: account, fate (`None` for what goes in), reason, amount.
    pub fn visit(&self, mut see: impl FnMut(&Account, Option<Fate>, &str, Amount)) {
        for ((account, code, reason), amount) in &self.lines {
            let fate = Fate::ALL.into_iter().find(|fate| fate.code() == code);
            see(account, fate, reason, *amount);
        }
    }

    /// The sum of the lines that are wanted.
    pub fn sum(&self, wanted: impl Fn(&Account, Option<Fate>, &str) -> bool) -> Amount {
        let mut total = Amount::default();
        self.visit(|account, fate, reason, amount| {
            if wanted(account, fate, reason) {
                total += amount;
            }
        });
        total
    }

    /// What went into (`None`) or out of a stage and source, over all segments and periods.
    #[must_use]
    pub fn total(&self, stage: &str, source: &str, fate: Option<Fate>) -> Amount {
        self.sum(|account, found, _| {
            account.stage == stage && account.source == source && found == fate
        })
    }

    /// The rows of a source that met a fate in the end: what ingest kept goes on to the clean
    /// stage, if that ran.
    #[must_use]
    pub fn outcome(&self, source: &str, fate: Fate) -> i64 {
        let later = self.total("clean", source, Some(fate)).rows;
        let goes_on = fate == Fate::Kept && !self.sources("clean").is_empty();
        let first = self.total("ingest", source, Some(fate)).rows;
        if goes_on { later } else { later + first }
    }

    /// The sources of a stage.
    #[must_use]
    pub fn sources(&self, stage: &str) -> Vec<String> {
        let of_stage = self.lines.keys().filter(|(account, _, _)| account.stage == stage);
        let mut sources: Vec<String> =
            of_stage.map(|(account, _, _)| account.source.clone()).collect();
        sources.dedup();
        sources
    }

    /// The reasons of a fate of a source, over all stages, with their rows.
    #[must_use]
    pub fn reasons(&self, source: &str, fate: Fate) -> BTreeMap<String, i64> {
        let mut reasons = BTreeMap::new();
        for ((account, code, reason), amount) in &self.lines {
            if account.source == source && code == fate.code() {
                *reasons.entry(reason.clone()).or_default() += amount.rows;
            }
        }
        reasons
    }

    /// What entered a stage from a segment, over all periods.
    #[must_use]
    pub fn entered(&self, stage: &str, source: &str, segment: &str) -> Amount {
        self.sum(|account, fate, _| {
            fate.is_none()
                && account.stage == stage
                && account.source == source
                && account.segment == segment
        })
    }

    /// The accounts of some sources alone.
    #[must_use]
    pub fn of_sources(&self, is_wanted: impl Fn(&str) -> bool) -> Ledger {
        let wanted = self.lines.iter().filter(|((account, ..), _)| is_wanted(&account.source));
        Ledger { lines: wanted.map(|(key, amount)| (key.clone(), *amount)).collect() }
    }

    /// What was kept, by period.
    #[must_use]
    pub fn kept_by_period(&self, stage: &str) -> BTreeMap<String, Amount> {
        let mut kept: BTreeMap<String, Amount> = BTreeMap::new();
        self.visit(|account, fate, _, amount| {
            if account.stage == stage && fate == Some(Fate::Kept) {
                *kept.entry(account.period.clone()).or_default() += amount;
            }
        });
        kept
    }

    /// Rejected rows by stage, source and reason.
    #[must_use]
    pub fn rejected(&self) -> BTreeMap<(String, String, String), i64> {
        let mut rejected = BTreeMap::new();
        self.visit(|account, fate, reason, amount| {
            if fate == Some(Fate::Rejected) {
                let key = (account.stage.clone(), account.source.clone(), reason.to_owned());
                *rejected.entry(key).or_default() += amount.rows;
            }
        });
        rejected
    }

    /// Accounts whose rows or measures do not come out: in - out, each other than zero.
    #[must_use]
    pub fn residuals(&self) -> Vec<(Account, Amount)> {
        let mut residuals: BTreeMap<&Account, Amount> = BTreeMap::new();
        for ((account, fate, _), amount) in &self.lines {
            let sign = if fate == ENTREE { 1 } else { -1 };
            *residuals.entry(account).or_default() += Amount {
                rows: sign * amount.rows,
                participants: sign * amount.participants,
                minutes: sign * amount.minutes,
            };
        }
        let open = residuals.into_iter().filter(|(_, amount)| *amount != Amount::default());
        open.map(|(account, amount)| (account.clone(), amount)).collect()
    }

    /// Fails when an account does not come out.
    ///
    /// # Errors
    /// Names each such account and what is missing.
    pub fn prove(&self) -> Result<()> {
        let residuals = self.residuals();
        if residuals.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = residuals
            .iter()
            .map(|(account, amount)| {
                format!(
                    "{} {} {} {}: {} row(s), {} participant(s), {} minute(s) unaccounted for",
                    account.stage,
                    account.source,
                    account.segment,
                    account.period,
                    amount.rows,
                    amount.participants,
                    amount.minutes
                )
            })
            .collect();
        Err(Error::data(format!("the ledger does not balance\n  {}", list.join("\n  ")))
            .hint("nothing was published; the last outputs are untouched"))
    }

    /// The ledger as a table, in the order of its key.
    ///
    /// # Errors
    /// When the batch cannot be built.
    pub fn to_batch(&self) -> Result<RecordBatch> {
        let text = |pick: fn(&(Account, String, String)) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.lines.keys().map(pick)))
        };
        let number = |pick: fn(&Amount) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(self.lines.values().map(pick)))
        };
        let columns = vec![
            text(|key| &key.0.stage),
            text(|key| &key.0.source),
            text(|key| &key.0.segment),
            text(|key| &key.0.period),
            text(|key| &key.1),
            text(|key| &key.2),
            number(|amount| amount.rows),
            number(|amount| amount.participants),
            number(|amount| amount.minutes),
        ];
        Ok(RecordBatch::try_new(schema(&LEDGER), columns)?)
    }

    /// Reads a ledger back.
    ///
    /// # Errors
    /// When the batch has other columns.
    pub fn from_batch(batch: &RecordBatch) -> Result<Self> {
        if batch.schema().fields() != schema(&LEDGER).fields() {
            return Err(Error::data("the ledger has other columns than expected"));
        }
        let text = |index: usize, row: usize| batch.column(index).as_string::<i32>().value(row);
        let number =
            |index: usize, row: usize| batch.column(index).as_primitive::<Int64Type>().value(row);
        let lines = (0..batch.num_rows()).map(|row| {
            let account = Account {
                stage: text(0, row).to_owned(),
                source: text(1, row).to_owned(),
                segment: text(2, row).to_owned(),
                period: text(3, row).to_owned(),
            };
            let amount = Amount {
                rows: number(6, row),
                participants: number(7, row),
                minutes: number(8, row),
            };
            ((account, text(4, row).to_owned(), text(5, row).to_owned()), amount)
        });
        Ok(Self { lines: lines.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            stage: "clean".to_owned(),
            source: "coop".to_owned(),
            segment: "s".to_owned(),
            period: "2024".to_owned(),
        }
    }

    #[test]
    fn a_row_that_vanished_is_named() {
        let mut ledger = Ledger::default();
        ledger.enter(&account(), Amount { rows: 3, participants: 9, minutes: 0 });
        ledger.leave(&account(), Fate::Kept, "", Amount { rows: 2, participants: 9, minutes: 0 });
        let message = ledger.prove().unwrap_err().to_string();
        assert!(message.contains("clean coop s 2024: 1 row(s), 0 participant(s)"), "{message}");
        ledger.leave(&account(), Fate::Rejected, "date", Amount::of_rows(1));
        assert!(ledger.prove().is_ok());
    }

    #[test]
    fn goes_to_a_table_and_back() {
        let mut ledger = Ledger::default();
        ledger.enter(&account(), Amount { rows: 3, participants: 9, minutes: 7 });
        ledger.leave(
            &account(),
            Fate::Deleted,
            "",
            Amount { rows: 3, participants: 9, minutes: 7 },
        );
        assert_eq!(Ledger::from_batch(&ledger.to_batch().unwrap()).unwrap(), ledger);
    }
}
