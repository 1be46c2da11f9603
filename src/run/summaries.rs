//! Clean files become the rows of summary tables, with the national totals read apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::civil::Date;
use rayon::prelude::*;

use crate::aggregate::coverage::{Coverage, Employer};
use crate::aggregate::margins::Made;
use crate::aggregate::{Records, Summary, Sums};
use crate::column::{NO_COUNT, Values};
use crate::definition::Definitions;
use crate::definition::indicator::Compute;
use crate::definition::table::Table;
use crate::error::Result;
use crate::run::asked::{self, Asked};
use crate::run::records::Reader;
use crate::run::store::Store;
use crate::vocabulary::codes::Subject;
use crate::vocabulary::tables;

/// National total of each additive measure of each table: (table, measure) → total.
pub type Nationals = BTreeMap<(String, String), i64>;

/// What summary tables are made of.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a> {
    /// The warehouse.
    pub store: &'a Store,
    /// Its folder that holds the clean files.
    pub folder: &'a str,
    /// The declarations.
    pub definitions: &'a Definitions,
    /// The reference day.
    pub as_of: Date,
    /// Makes the declared tables, in place of this program.
    pub engine: Option<&'a Asked<'a>>,
}

/// The tables of a subject.
#[derive(Debug)]
pub struct Summaries<'d> {
    /// Those that are declared.
    pub made: Vec<Made<'d>>,
    /// National totals.
    pub nationals: Nationals,
    /// What each employer sent; of activities alone.
    pub coverage: Option<Vec<Employer>>,
}

/// What some files come to.
#[derive(Clone)]
struct Part {
    sums: Vec<Sums>,
    coverage: Coverage,
    nationals: Nationals,
}

impl Part {
    fn merge(mut self, other: Self) -> Self {
        self.sums.iter_mut().zip(other.sums).for_each(|(to, from)| to.merge(from));
        self.coverage.merge(other.coverage);
        for (key, sum) in other.nationals {
            *self.nationals.entry(key).or_default() += sum;
        }
        self
    }
}

/// The clean files of a subject below a folder of the warehouse, in the order of their periods.
///
/// # Errors
/// When the folder cannot be listed.
pub fn clean_files(store: &Store, folder: &str, subject: Subject) -> Result<Vec<String>> {
    let table = tables::clean(subject).name;
    let mut files = store.files_below(&format!("{folder}/clean/{table}"))?;
    let single = format!("{folder}/clean/{table}.parquet");
    if store.has(&single) {
        files.push(single);
    }
    Ok(files)
}

/// Where the clean records of a subject are: a folder of files, or a file; none without records.
///
/// # Errors
/// When the folder cannot be listed.
pub fn clean_path(store: &Store, folder: &str, subject: Subject) -> Result<Option<PathBuf>> {
    Ok(clean_name(store, folder, subject)?.map(|name| store.path(&name)))
}

fn clean_name(store: &Store, folder: &str, subject: Subject) -> Result<Option<String>> {
    let path = format!("{folder}/clean/{}", tables::clean(subject).name);
    let single = format!("{path}.parquet");
    let files = clean_files(store, folder, subject)?;
    Ok(files.first().map(|file| if *file == single { single } else { path }))
}

/// Computes the tables of a subject from its clean files; where an engine does, no more is read
/// here than what proves them.
///
/// # Errors
/// When a file cannot be read.
pub fn summaries<'d>(below: Below<'d>, subject: Subject) -> Result<Summaries<'d>> {
    let Below { store, folder, definitions, .. } = below;
    let declared = || definitions.tables.iter().filter(|(_, table)| table.from == subject);
    let mut summaries = Vec::new();
    for (_, table) in declared() {
        summaries.push(Summary::new(table, definitions)?);
    }
    let has_coverage = subject == Subject::Activites;
    // What is summed here, and what an engine sums.
    let summed = if below.engine.is_none() { summaries.as_slice() } else { &[] };
    let mut needed: BTreeSet<&str> = summaries.iter().flat_map(Summary::measured).collect();
    needed.extend(summed.iter().flat_map(Summary::columns));
    if has_coverage {
        Coverage::columns().for_each(|column| _ = needed.insert(column));
    }
    let reader = Reader::new(store, subject, &needed);
    let texts = |wanted: &str| reader.texts(wanted);
    let nothing = || Part {
        sums: summed.iter().map(Summary::nothing).collect(),
        coverage: Coverage::default(),
        nationals: Nationals::new(),
    };
    let of_file = |path: &String| -> Result<Part> {
        let mut part = nothing();
        reader.each(path, &mut |records| {
            add_nationals(&mut part.nationals, (definitions, subject), records);
            for (sums, summary) in part.sums.iter_mut().zip(summed) {
                sums.merge(summary.sums(records, &texts)?);
            }
            if has_coverage { part.coverage.add(records, &texts) } else { Ok(()) }
        })?;
        Ok(part)
    };
    // Months are merged as they come: sums of all of them side by side would fill the memory.
    let files = clean_files(store, folder, subject)?;
    let merge = |one: Part, other: Part| Ok(one.merge(other));
    let all = files.par_iter().map(of_file).try_reduce(nothing, merge)?;
    let asked = below.engine.zip(clean_name(store, folder, subject)?);
    if let Some((engine, clean)) = &asked {
        engine.offer(store, clean)?;
    }
    let mut sums = all.sums.into_iter();
    let mut made = Vec::new();
    for ((name, table), summary) in declared().zip(&summaries) {
        let mut rows = Vec::new();
        if let Some((engine, clean)) = &asked {
            rows = asked::rows((engine, store), ((name, table), definitions), clean)?;
        }
        if rows.is_empty() {
            rows = summary.finish(sums.next().unwrap_or_else(|| summary.nothing()), &texts)?;
        }
        made.push(Made { name, table, rows });
    }
    let coverage = has_coverage.then(|| all.coverage.finish(&texts)).transpose()?;
    Ok(Summaries { made, nationals: all.nationals, coverage })
}

/// Sums straight from the files, by no table's grouping.
fn add_nationals(
    nationals: &mut Nationals,
    (definitions, subject): (&Definitions, Subject),
    records: &Records<'_>,
) {
    for (name, table) in definitions.tables.iter().filter(|(_, table)| table.from == subject) {
        for measure in &table.measures {
            if let Some(sum) = national(measure, table, definitions, records) {
                *nationals.entry((name.clone(), measure.clone())).or_default() += sum;
            }
        }
    }
}

/// The sum of a measure over all records; none where it does not add up.
fn national(
    measure: &str,
    table: &Table,
    definitions: &Definitions,
    records: &Records<'_>,
) -> Option<i64> {
    let sum_of = |name: &str| -> i64 {
        match records.columns.get(name) {
            Some(Values::Counts(counts)) => {
                counts.iter().filter(|count| **count != NO_COUNT).map(|c| i64::from(*c)).sum()
            }
            Some(Values::Instants(sums)) => sums.iter().sum(),
            _ => 0,
        }
    };
    let indicator = definitions.indicators.get(measure)?;
    let other = |name: &Option<String>| national(name.as_deref()?, table, definitions, records);
    match indicator.compute {
        Compute::Distinct => None,
        Compute::Count => i64::try_from(records.count).ok(),
        Compute::Sum => indicator.of.as_deref().map(sum_of),
        Compute::Bands => {
            let columns = table.bands.values().flat_map(BTreeMap::values).flatten();
            Some(columns.map(|source| sum_of(source)).sum())
        }
        Compute::Difference => Some(other(&indicator.of)? - other(&indicator.minus)?),
    }
}
