//! A dataset proves itself: its ledger and tables are recomputed from the files below them.

use std::collections::BTreeMap;

use crate::definition::Definitions;
use crate::definition::dataset::Dataset;
use crate::error::Result;
use crate::run::aggregate::csv_of;
use crate::run::dataset::verdicts::Part;
use crate::run::dataset::{months, tables};
use crate::run::ledger::Ledger;
use crate::run::manifest::CURRENT;
use crate::run::store::Store;
use crate::run::{clean, ingest, parquet};
use crate::vocabulary::codes::Fate;

/// What is wrong, each naming its file.
///
/// # Errors
/// When a file cannot be read.
pub fn problems(
    store: &Store,
    (name, dataset, parts): (&str, &Dataset, &[Part<'_>]),
    ledger: &Ledger,
    definitions: &Definitions,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for Part { segment, .. } in parts {
        let path = &segment.rows.path;
        let rows = parquet::row_count(store.file(path)?)?;
        let refused = parquet::row_count(store.file(&segment.rejects.path)?)?;
        let entered = ledger.entered(clean::STAGE, &segment.source, &segment.id).rows;
        let read = ledger.entered(ingest::STAGE, &segment.source, &segment.id).rows;
        let is_told = refused == segment.refused.values().sum::<i64>();
        if rows != entered
            || rows + refused != segment.records
            || read < segment.records
            || !is_told
        {
            found.push(format!(
                "`{path}`: {rows} rows and {refused} rejects left of {} records, and {entered} \
                 rows entered in the ledger",
                segment.records
            ));
        }
    }
    found.extend(of_months(store, (name, dataset), ledger)?);
    for (table, batch) in tables::of_files(store, CURRENT, (name, dataset), definitions)? {
        let path = format!("{CURRENT}/tables/{table}.parquet");
        let batches = parquet::read(store.file(&path)?, None, None)?.collect::<Result<Vec<_>>>()?;
        let same = arrow::compute::concat_batches(&batch.schema(), &batches);
        if !same.is_ok_and(|same| same.columns() == batch.columns()) {
            found.push(format!("`{path}` is not what the clean files give"));
        }
        let path = format!("{CURRENT}/tables/{table}.csv");
        if store.read(&path)? != Some(csv_of(&batch, dataset.csv_delimiter)?) {
            found.push(format!("`{path}` is not what the clean files give"));
        }
    }
    Ok(found)
}

/// Rows of each month are those the ledger says were kept.
fn of_months(
    store: &Store,
    (name, dataset): (&str, &Dataset),
    ledger: &Ledger,
) -> Result<Vec<String>> {
    let mut kept: BTreeMap<String, i64> = BTreeMap::new();
    ledger.visit(|account, fate, _, amount| {
        if account.stage == clean::STAGE && account.source == name && fate == Some(Fate::Kept) {
            *kept.entry(account.period.clone()).or_default() += amount.rows;
        }
    });
    kept.retain(|_, rows| *rows > 0);
    let mut found = Vec::new();
    for path in store.files_below(&format!("{CURRENT}/clean/{name}"))? {
        let month = months::in_path(&path, &dataset.period.name);
        let rows = parquet::row_count(store.file(&path)?)?;
        let expected = month.and_then(|month| kept.remove(month)).unwrap_or_default();
        if rows != expected {
            found.push(format!("`{path}` holds {rows} rows, the ledger says {expected} were kept"));
        }
    }
    found.extend(kept.into_keys().map(|month| format!("the clean file of {month} is missing")));
    Ok(found)
}
