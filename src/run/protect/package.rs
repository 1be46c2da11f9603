//! The tables of a release become what goes with them: descriptions, notes, scripts, hashes.
//!
//! A file that has hashes of others is written after them: `datapackage.json`, then `dcat.jsonld`,
//! then `SHA256SUMS`, which has those of all files but the verdict. All of it is written before the
//! audit, whose certificate has the hash of each file.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::audit::figures::hex;
use crate::definition::secrecy::Policy;
use crate::error::{Error, Result};
use crate::publish::barometer::{self, Geography};
use crate::publish::catalogue::{Catalogue, File};
use crate::publish::changelog::{self, Change, Last};
use crate::publish::describe::{self, Circumstances};
use crate::publish::grid::{Cell, Grid, Grids};
use crate::publish::{
    DICTIONARY, datapackage, dcat, dictionary, imports, notes, sums, table_schema, workbook,
};
use crate::revision::figures::key;
use crate::run::job::Job;
use crate::run::outputs::BUILDING;
use crate::run::parquet;
use crate::run::protect::causes;
use crate::run::protect::closed::Closed;
use crate::run::protect::files::{RELEASE, VERDICT};
use crate::run::protect::kept::Record;
use crate::run::protect::{RELEASES, name_of, not_json};
use crate::run::store::Store;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// Files that have the hashes of others.
const LAST: [&str; 4] = [datapackage::NAME, dcat::NAME, sums::NAME, VERDICT];
/// Letters of the day that the name of a release begins with, `2024-03-01`.
const DAY: usize = 10;

/// Completes the release under construction and names it: the last one if it has the same files.
pub(super) fn complete(
    job: &Job<'_>,
    policy: &Policy,
    closed: &Closed,
    before: Option<&Record>,
) -> Result<String> {
    let tables = tables_in(job, &format!("{BUILDING}/{RELEASE}"))?;
    let described = |day: Date| {
        let sources = job.read_inputs().map(|(_, _, source)| source).collect();
        let closed_after_days = closed.after_days(job.definitions.pipeline.provisional_days);
        let held = job.judged.held.iter();
        let earlier = held.map(|held| (held.source.as_str(), held.since)).collect();
        let circumstances = Circumstances { as_of: day, sources, earlier, closed_after_days };
        describe::catalogue(job.definitions, policy, &circumstances, &tables)
    };
    let last = before.map(|before| released(job, &before.release)).transpose()?;
    let Some(last) = last else {
        let catalogue = described(job.as_of);
        let changelog = changelog::changelog(None, &catalogue, &[]);
        write(job, (catalogue, &tables), changelog)?;
        return name_of(job, before);
    };
    // The same files, of the same day, are the same release: so is what it says of those before.
    write(job, (described(last.day), &tables), last.page.clone())?;
    let name = name_of(job, before)?;
    if before.is_some_and(|before| before.release == name) {
        return Ok(name);
    }
    let catalogue = described(job.as_of);
    let mut changes = changes(&catalogue, &last.tables, &tables);
    causes::tell(job, closed, &last.name, &mut changes)?;
    let told = Last { day: last.day, catalogue: last.catalogue.as_ref(), page: &last.page };
    let changelog = changelog::changelog(Some(&told), &catalogue, &changes);
    write(job, (catalogue, &tables), changelog)?;
    name_of(job, before)
}

/// A release that is out.
struct Released {
    name: String,
    day: Date,
    tables: Grids,
    /// What it says of itself, where it does.
    catalogue: Option<Catalogue>,
    /// What it says of those before.
    page: String,
}

fn released(job: &Job<'_>, name: &str) -> Result<Released> {
    let folder = format!("{RELEASES}/{name}");
    let day = name.get(..DAY).and_then(|day| day.parse().ok());
    let day = day.ok_or_else(|| Error::internal(format!("`{name}` begins with a day")))?;
    let content = job.store.read(&format!("{folder}/{DICTIONARY}"))?;
    // One of another version of the program is compared by its tables alone.
    let catalogue = content.and_then(|content| serde_json::from_slice(&content).ok());
    let page = job.store.read(&format!("{folder}/{}", changelog::NAME))?.unwrap_or_default();
    let page = String::from_utf8_lossy(&page).into_owned();
    Ok(Released { name: name.to_owned(), day, tables: tables_in(job, &folder)?, catalogue, page })
}

fn write(
    job: &Job<'_>,
    (mut catalogue, tables): (Catalogue, &Grids),
    changelog: String,
) -> Result<()> {
    let mut texts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for table in &catalogue.tables {
        texts.insert(table_schema::name(table), table_schema::table_schema(&catalogue, table));
    }
    let mut dictionary = serde_json::to_vec_pretty(&catalogue).map_err(not_json)?;
    dictionary.push(b'\n');
    let page = barometer::barometer(&catalogue, tables, &Geography::of(job.definitions))?;
    for (name, content) in [
        (notes::NAME, notes::notes(&catalogue).into_bytes()),
        (changelog::NAME, changelog.into_bytes()),
        (imports::r::NAME, imports::r::script(&catalogue).into_bytes()),
        (imports::python::NAME, imports::python::script(&catalogue).into_bytes()),
        (imports::duckdb::NAME, imports::duckdb::script(&catalogue).into_bytes()),
        (workbook::NAME, workbook::workbook(&catalogue, tables)?),
        (DICTIONARY, dictionary),
        (barometer::NAME, page.into_bytes()),
    ] {
        texts.insert(name.to_owned(), content);
    }
    texts.extend(dictionary::pages(&catalogue)?.map(|(name, content)| (name.to_owned(), content)));
    for (name, content) in &texts {
        put(job.store, name, content)?;
    }
    let folder = format!("{BUILDING}/{RELEASE}");
    for name in job.store.names_in(&folder)? {
        if LAST.contains(&name.as_str()) {
            continue;
        }
        let content = job.store.read(&format!("{folder}/{name}"))?.unwrap_or_default();
        catalogue.files.push(file(name, &content));
    }
    type Renderer = fn(&Catalogue) -> Vec<u8>;
    let last: [(&str, Renderer); 2] =
        [(datapackage::NAME, datapackage::datapackage), (dcat::NAME, dcat::dcat)];
    for (name, render) in last {
        let content = render(&catalogue);
        put(job.store, name, &content)?;
        catalogue.files.push(file(name.to_owned(), &content));
    }
    put(job.store, sums::NAME, &sums::sums(&catalogue.files))
}

fn put(store: &Store, name: &str, content: &[u8]) -> Result<()> {
    store.write(&format!("{BUILDING}/{RELEASE}/{name}"), content).map(drop)
}

fn file(path: String, content: &[u8]) -> File {
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    File { path, bytes, sha256: hex(&Sha256::digest(content)) }
}

/// The tables of a release, as its Parquet files have them.
fn tables_in(job: &Job<'_>, folder: &str) -> Result<Grids> {
    let mut grids = Grids::new();
    for name in job.definitions.tables.keys() {
        let path = format!("{folder}/{name}.parquet");
        if job.store.has(&path) {
            grids.insert(name.clone(), grid(job.store, &path)?);
        }
    }
    Ok(grids)
}

fn grid(store: &Store, path: &str) -> Result<Grid> {
    // A table without rows has columns all the same.
    let metadata = parquet::metadata(store.file(path)?)?;
    let columns = metadata.file_metadata().schema_descr().columns().iter();
    let mut grid = Grid {
        columns: columns.map(|column| column.name().to_owned()).collect(),
        rows: Vec::new(),
    };
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            grid.rows.push(cells(&batch, row, path)?);
        }
    }
    Ok(grid)
}

fn cells(batch: &RecordBatch, row: usize, path: &str) -> Result<Vec<Cell>> {
    let cell = |column: &arrow::array::ArrayRef| {
        Ok(match column.data_type() {
            _ if column.is_null(row) => Cell::Empty,
            DataType::Utf8 => Cell::Text(column.as_string::<i32>().value(row).to_owned()),
            DataType::Int32 => Cell::Number(column.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Cell::Number(column.as_primitive::<Int64Type>().value(row)),
            other => return Err(Error::internal(format!("`{path}` has values of type {other}"))),
        })
    };
    batch.columns().iter().map(cell).collect()
}

/// Figures that are not what they were; those of rows that are new or gone are no changes.
fn changes(catalogue: &Catalogue, before: &Grids, after: &Grids) -> Vec<Change> {
    let mut changes = Vec::new();
    for table in &catalogue.tables {
        let (Some(old), Some(new)) = (before.get(&table.name), after.get(&table.name)) else {
            continue;
        };
        let old = by_key(old, &table.key);
        let period = table.key.iter().position(|name| name == columns::PERIODE.name);
        for (codes, row) in by_key(new, &table.key) {
            let Some(was) = old.get(&codes) else { continue };
            for figure in table.figures() {
                let value = |row: &BTreeMap<&str, &Cell>| match row.get(figure.name.as_str()) {
                    Some(Cell::Number(value)) => Some(*value),
                    _ => None,
                };
                let (before, after) = (value(was), value(&row));
                if before != after && was.contains_key(figure.name.as_str()) {
                    changes.push(Change {
                        table: table.name.clone(),
                        cell: codes.join(", "),
                        measure: figure.name.clone(),
                        before,
                        after,
                        row: key(&table.key, &codes),
                        period: period
                            .and_then(|place| codes.get(place))
                            .map_or_else(|| ENSEMBLE.to_owned(), Clone::clone),
                        causes: BTreeSet::new(),
                    });
                }
            }
        }
    }
    changes
}

/// Rows by their codes, each as its cells by column.
fn by_key<'g>(
    grid: &'g Grid,
    key: &[String],
) -> BTreeMap<Vec<String>, BTreeMap<&'g str, &'g Cell>> {
    let rows = grid.rows.iter().map(|row| {
        let cells: BTreeMap<&str, &Cell> =
            grid.columns.iter().map(String::as_str).zip(row).collect();
        let code = |name: &String| cells.get(name.as_str()).map(ToString::to_string);
        (key.iter().filter_map(code).collect(), cells)
    });
    rows.collect()
}
