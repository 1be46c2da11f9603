//! What a release is made of, figure by figure, becomes a restricted file, and back.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use crate::aggregate::holdings::Share;
use crate::clean::rows::{Row, to_batch};
use crate::error::Result;
use crate::run::parquet;
use crate::run::staged::{sum, text};
use crate::run::store::Store;
use crate::vocabulary::codes::OUI;
use crate::vocabulary::columns;
use crate::vocabulary::tables::{REGISTRE_SECRET, VERITE};

/// A figure and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) value: i64,
    pub(super) share: Share,
    /// Persons of the row, where a rule protects them.
    pub(super) persons: Option<u64>,
    /// The employer that all of the row comes from.
    pub(super) alone: Option<String>,
    /// It is never published.
    pub(super) is_inner: bool,
}

/// Figures, by the key of their row and their measure.
pub(super) type Truth = BTreeMap<(String, String), Figure>;

/// The rows of the file.
pub(super) fn batch(truth: &Truth) -> Result<RecordBatch> {
    let row = |((key, measure), figure): (&(String, String), &Figure)| {
        let mut row = Row::default();
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        row.text(&columns::CLE, Some(key));
        row.text(&columns::INDICATEUR, Some(measure));
        row.number(&columns::VALEUR, Some(figure.value));
        row.number(&columns::NB_UNITES, Some(number(figure.share.units)));
        row.number(&columns::CONTRIBUTIONS, Some(number(figure.share.total)));
        let ranks = [&columns::PREMIERE, &columns::DEUXIEME, &columns::TROISIEME];
        for (column, part) in ranks.into_iter().zip(&figure.share.largest) {
            row.number(column, Some(number(*part)));
        }
        row.number(&columns::NB_PERSONNES, figure.persons.map(number));
        row.text(&columns::SEUL, figure.alone.as_deref());
        row.text(&columns::MASQUE_LIE, figure.is_inner.then_some(OUI));
        row
    };
    to_batch(&VERITE, truth.iter().map(row).collect())
}

/// Reads the file.
pub(super) fn read(store: &Store, path: &str) -> Result<Truth> {
    let mut truth = Truth::new();
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let text = |column| text(&batch, column, row).map(str::to_owned);
            let number = |column| {
                let number = sum(&batch, column, row)?;
                u64::try_from(number).ok()
            };
            let ranks = [&columns::PREMIERE, &columns::DEUXIEME, &columns::TROISIEME];
            let share = Share {
                units: number(&columns::NB_UNITES).unwrap_or_default(),
                total: number(&columns::CONTRIBUTIONS).unwrap_or_default(),
                largest: ranks.into_iter().filter_map(number).collect(),
            };
            let figure = Figure {
                value: sum(&batch, &columns::VALEUR, row).unwrap_or_default(),
                share,
                persons: number(&columns::NB_PERSONNES),
                alone: text(&columns::SEUL),
                is_inner: text(&columns::MASQUE_LIE).is_some(),
            };
            let key = (
                text(&columns::CLE).unwrap_or_default(),
                text(&columns::INDICATEUR).unwrap_or_default(),
            );
            truth.insert(key, figure);
        }
    }
    Ok(truth)
}

/// Rows of releases: their status, and since when they have it.
pub(super) type Register = BTreeMap<String, (String, String)>;

/// The rows of the register.
pub(super) fn register_batch(register: &Register) -> Result<RecordBatch> {
    let row = |(key, (status, since)): (&String, &(String, String))| {
        let mut row = Row::default();
        row.text(&columns::CLE, Some(key));
        row.text(&columns::STATUT_SECRET, Some(status));
        row.text(&columns::DEPUIS, Some(since));
        row
    };
    to_batch(&REGISTRE_SECRET, register.iter().map(row).collect())
}

/// Reads the register.
pub(super) fn read_register(store: &Store, path: &str) -> Result<Register> {
    let mut register = Register::new();
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let text = |column| text(&batch, column, row).unwrap_or_default().to_owned();
            register.insert(
                text(&columns::CLE),
                (text(&columns::STATUT_SECRET), text(&columns::DEPUIS)),
            );
        }
    }
    Ok(register)
}
