//! A release is opened again as readers will: what they could not rely on, it is not published.
//!
//! It trusts nothing that was in memory: CSV is parsed anew, Parquet read from its footer on,
//! hashes taken again, and rows held against what the release is made of.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::audit::figures::hex;
use crate::definition::Definitions;
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::publish::{DICTIONARY, datapackage, dictionary, sums};
use crate::run::order::disorder;
use crate::run::parquet;
use crate::run::protect::counted::{Wanted, published};
use crate::run::protect::judged::key_of;
use crate::run::protect::summed::misfits;
use crate::run::protect::truth::Truth;
use crate::run::store::Store;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// Problems named in an error, at most.
const NAMED: usize = 5;

/// What is wrong with a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Problems {
    /// It would show what protection has not passed.
    pub(super) unprotected: Vec<String>,
    /// It is not what it says.
    pub(super) unsound: Vec<String>,
}

impl Problems {
    /// Nothing is wrong, or an error with what is.
    ///
    /// # Errors
    /// When anything is wrong: 77 where it concerns secrecy, else 65.
    pub(super) fn none(&self) -> Result<()> {
        let all: Vec<&String> = self.unprotected.iter().chain(&self.unsound).collect();
        if all.is_empty() {
            return Ok(());
        }
        let told: Vec<&str> = all.iter().take(NAMED).map(|it| it.as_str()).collect();
        let message = format!(
            "the release does not pass its gate: {} problem(s)\n  {}",
            all.len(),
            told.join("\n  ")
        );
        let error = match self.unprotected.is_empty() {
            true => Error::data(message),
            false => Error::secrecy(message),
        };
        Err(error.hint("nothing was published; the last release stays"))
    }
}

/// Opens each file of a release below a folder of the warehouse; `truth` is what it is made of, and
/// `run` the folder of the tables that are published as they are.
///
/// # Errors
/// When a file cannot be read at all.
pub(super) fn problems(
    store: &Store,
    definitions: &Definitions,
    (folder, run, truth): (&str, &str, &Truth),
) -> Result<Problems> {
    let mut problems = Problems::default();
    let names = store.names_in(folder)?;
    let tables: BTreeSet<&str> = names.iter().filter_map(|name| stem(name)).collect();
    for name in tables {
        let Some(table) = definitions.tables.get(name).filter(|table| table.secrecy.is_some())
        else {
            problems.unprotected.push(format!("`{name}` is no table that is released"));
            continue;
        };
        let told = Told { name, table, folder, run };
        told.look(store, truth, &mut problems)?;
    }
    problems.unsound.extend(sums_problems(store, folder, &names)?);
    problems.unsound.extend(package_problems(store, folder)?);
    problems.unsound.extend(dictionary_problems(store, folder)?);
    Ok(problems)
}

/// The table that a file of rows is of.
fn stem(name: &str) -> Option<&str> {
    // Losses by level are told beside the tables.
    let name = (name != super::LOSSES).then_some(name)?;
    name.strip_suffix(".csv").or_else(|| name.strip_suffix(".parquet"))
}

/// A table of the release.
struct Told<'a> {
    name: &'a str,
    table: &'a Table,
    folder: &'a str,
    run: &'a str,
}

impl Told<'_> {
    fn look(&self, store: &Store, truth: &Truth, problems: &mut Problems) -> Result<()> {
        let path = |kind: &str| format!("{}/{}.{kind}", self.folder, self.name);
        if let Some(kind) = ["csv", "parquet"].into_iter().find(|kind| !store.has(&path(kind))) {
            problems.unsound.push(format!("`{}.{kind}` is not there", self.name));
            return Ok(());
        }
        problems.unsound.extend(disorder(store, &path("parquet"))?);
        let batches = parquet::read(store.file(&path("parquet"))?, None, None)?;
        let batches: Vec<RecordBatch> = batches.collect::<Result<_>>()?;
        let rows = texts(&batches);
        let Some(secrecy) = &self.table.secrecy else { return Ok(()) };
        let shown: BTreeSet<&str> = match secrecy.open {
            true => self.table.measures.iter().map(String::as_str).collect(),
            false => published(self.table, secrecy).collect(),
        };
        let heads = heads(store, &path("parquet"))?;
        for head in &heads {
            let is_declared = self.table.by.contains(head) || shown.contains(head.as_str());
            if !is_declared && head != columns::SECRET.name && head != columns::PROVISOIRE.name {
                problems.unprotected.push(format!("`{}` shows a column `{head}`", self.name));
            }
        }
        let csv = store.read(&path("csv"))?.unwrap_or_default();
        if let Some(problem) = differing(&csv, &heads, &rows) {
            problems.unsound.push(format!("`{}`: CSV and Parquet differ: {problem}", self.name));
        }
        if secrecy.open {
            problems.unsound.extend(self.hold_open(store, (&heads, &rows))?);
        } else {
            let wanted = Wanted { name: self.name, table: self.table, secrecy };
            self.hold(&wanted, (&heads, &rows), truth, problems);
        }
        Ok(())
    }

    /// Where an open table is not that of the run.
    fn hold_open(
        &self,
        store: &Store,
        (heads, rows): (&[String], &[Vec<String>]),
    ) -> Result<Option<String>> {
        let path = format!("{}/tables/{}.parquet", self.run, self.name);
        if !store.has(&path) {
            return Ok(Some(format!("`{}`: the run has no such table", self.name)));
        }
        let expected = texts(&[parquet::read_whole(store.file(&path)?)?]);
        let expected_heads = self::heads(store, &path)?;
        let differs = (0..rows.len().max(expected.len()))
            .find(|place| rows.get(*place) != expected.get(*place))
            .or_else(|| (heads != expected_heads).then_some(0));
        let count = expected.len();
        Ok(differs.map(|place| {
            let name = self.name;
            format!("`{name}`: row {} is not that of the table, of {count} rows", place + 1)
        }))
    }

    /// Holds rows against what the release is made of: none too few, none too many, each as it is
    /// or hidden.
    fn hold(
        &self,
        wanted: &Wanted<'_>,
        (heads, rows): (&[String], &[Vec<String>]),
        truth: &Truth,
        problems: &mut Problems,
    ) {
        let place = |name: &str| heads.iter().position(|head| head == name);
        let cell =
            |row: &'_ [String], name: &str| -> Option<String> { row.get(place(name)?).cloned() };
        let mut expected = self.expected(wanted, truth);
        for row in rows {
            let codes: Option<Vec<String>> = self.table.by.iter().map(|by| cell(row, by)).collect();
            let Some(codes) = codes else { continue };
            let key = key_of(self.table, &codes);
            let is_hidden = cell(row, columns::SECRET.name).is_some_and(|it| !it.is_empty());
            if !expected.remove(&key) {
                problems.unprotected.push(format!("`{}`: no table has a row `{key}`", self.name));
                continue;
            }
            for measure in published(self.table, wanted.secrecy) {
                let shown = cell(row, measure).unwrap_or_default();
                let true_figure = truth.get(&(key.clone(), measure.to_owned()));
                let true_figure = true_figure.map_or(0, |figure| figure.value).to_string();
                let at = || format!("`{}`: {measure} of `{key}`", self.name);
                if is_hidden && !shown.is_empty() {
                    problems.unprotected.push(format!("{} is shown and marked hidden", at()));
                } else if !is_hidden && shown != true_figure {
                    problems.unsound.push(format!("{} is not what it was computed to be", at()));
                }
            }
        }
        for key in expected.iter().take(1) {
            let lacking = expected.len();
            problems.unsound.push(format!("`{}`: {lacking} row(s) lack, as `{key}`", self.name));
        }
    }

    /// The rows that the table should have.
    fn expected(&self, wanted: &Wanted<'_>, truth: &Truth) -> BTreeSet<String> {
        let lengths = match wanted.secrecy.periods.is_empty() {
            true => &self.table.periods,
            false => &wanted.secrecy.periods,
        };
        let measures: BTreeSet<&str> = published(self.table, wanted.secrecy).collect();
        let is_of_table = |key: &str| {
            key.split('|').filter(|part| !part.is_empty()).all(|part| {
                let (name, code) = part.split_once('=').unwrap_or((part, ENSEMBLE));
                let is_period = name == columns::PERIODE.name;
                self.table.by.iter().any(|by| by == name)
                    && (!is_period || lengths.contains(&Length::of_period(code)))
            })
        };
        // A table by periods has no row of all of them.
        let has_period = |key: &str| {
            let head = format!("{}=", columns::PERIODE.name);
            self.table.periods.is_empty() || key.split('|').any(|part| part.starts_with(&head))
        };
        let figures = truth.iter().filter(|((key, measure), figure)| {
            !figure.is_inner
                && measures.contains(measure.as_str())
                && is_of_table(key)
                && has_period(key)
        });
        figures.map(|((key, _), _)| key.clone()).collect()
    }
}

/// The columns of a file, which may have no rows.
fn heads(store: &Store, path: &str) -> Result<Vec<String>> {
    let metadata = parquet::metadata(store.file(path)?)?;
    let columns = metadata.file_metadata().schema_descr().columns();
    Ok(columns.iter().map(|column| column.name().to_owned()).collect())
}

/// Rows as a CSV would have them.
fn texts(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let cell = |column: &dyn Array, row: usize| match column.data_type() {
        _ if column.is_null(row) => String::new(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        other => format!("a value of type {other}"),
    };
    let rows = batches.iter().flat_map(|batch| {
        let row = move |row| batch.columns().iter().map(|column| cell(column, row)).collect();
        (0..batch.num_rows()).map(row)
    });
    rows.collect()
}

/// Where a CSV and rows differ.
fn differing(csv: &[u8], heads: &[String], rows: &[Vec<String>]) -> Option<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    let mut records = reader.records();
    let expected = [heads.to_vec()];
    for (line, expected) in expected.iter().chain(rows).enumerate() {
        let same = match records.next() {
            Some(Ok(record)) => record.iter().eq(expected.iter().map(String::as_str)),
            _ => false,
        };
        if !same {
            return Some(format!("line {}", line + 1));
        }
    }
    records.next().map(|_| "the CSV has more rows".to_owned())
}

/// What `SHA256SUMS` does not tell as it is.
fn sums_problems(store: &Store, folder: &str, names: &[String]) -> Result<Vec<String>> {
    let mut hashes = Vec::new();
    for name in names {
        let content = store.read(&format!("{folder}/{name}"))?.unwrap_or_default();
        hashes.push((name.as_str(), hex(&Sha256::digest(&content))));
    }
    let hashes = hashes.iter().map(|(name, hash)| (*name, hash.as_str()));
    let misfits = misfits(store, folder, hashes)?.into_iter();
    Ok(misfits.map(|name| format!("`{name}` is not what `{}` tells", sums::NAME)).collect())
}

/// What the description of the data does not tell as it is.
fn package_problems(store: &Store, folder: &str) -> Result<Vec<String>> {
    let name = datapackage::NAME;
    let content = store.read(&format!("{folder}/{name}"))?.unwrap_or_default();
    let Ok(package) = serde_json::from_slice::<Value>(&content) else {
        return Ok(vec![format!("`{name}` is no JSON")]);
    };
    let mut problems = Vec::new();
    for resource in package["resources"].as_array().into_iter().flatten() {
        let path = resource["path"].as_str().unwrap_or_default();
        let content = store.read(&format!("{folder}/{path}"))?.unwrap_or_default();
        let hash = format!("sha256:{}", hex(&Sha256::digest(&content)));
        let is_told = resource["hash"].as_str() == Some(hash.as_str())
            && resource["bytes"].as_u64() == u64::try_from(content.len()).ok();
        if !is_told {
            problems.push(format!("`{path}` is not what `{name}` tells"));
        }
    }
    if package["resources"].as_array().is_none_or(Vec::is_empty) {
        problems.push(format!("`{name}` tells of no file"));
    }
    Ok(problems)
}

/// Pages of the dictionary that do not say what programs read in it.
fn dictionary_problems(store: &Store, folder: &str) -> Result<Vec<String>> {
    let read = |name: &str| store.read(&format!("{folder}/{name}"));
    let catalogue = read(DICTIONARY)?.and_then(|content| serde_json::from_slice(&content).ok());
    let Some(catalogue) = catalogue else {
        return Ok(vec![format!("`{DICTIONARY}` is no dictionary")]);
    };
    let mut problems = Vec::new();
    for (name, content) in dictionary::pages(&catalogue)? {
        if read(name)?.as_ref() != Some(&content) {
            problems.push(format!("`{name}` does not say what `{DICTIONARY}` says"));
        }
    }
    Ok(problems)
}
