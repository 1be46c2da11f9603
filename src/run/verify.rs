//! A warehouse proves itself: every figure is recomputed from the files below it.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;

use crate::definition::Definitions;
use crate::error::{Error, Kind, Result};
use crate::run::execute::{DECLARATIONS, ledger_in, read_rejects};
use crate::run::folders;
use crate::run::ledger::{Amount, Ledger};
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::register::Register;
use crate::run::store::Store;
use crate::run::summaries::{Below, clean_files};
use crate::run::{aggregate, clean, dataset, frames, ingest, order, parquet};
use crate::vocabulary::codes::{Fate, SEPARATOR, Subject};
use crate::vocabulary::columns;
use crate::vocabulary::{flags, tables};

/// What was verified and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// The run.
    pub run_id: String,
    /// Checks that passed, in words.
    pub passed: Vec<String>,
    /// What is wrong, each naming its file.
    pub problems: Vec<String>,
}

impl Report {
    fn check(&mut self, what: &str, problems: Vec<String>) {
        if problems.is_empty() {
            self.passed.push(what.to_owned());
        }
        self.problems.extend(problems);
    }
}

/// Verifies the run that readers see.
///
/// # Errors
/// When there is no run, or its record cannot be read.
pub fn verify(store: &Store) -> Result<Report> {
    // A run that publishes meanwhile would swap the files; who may not lock verifies all the same.
    let _lock = match store.lock() {
        Ok(mut lock) => {
            lock.tell("`conum verify`", None);
            Some(lock)
        }
        Err(error) if error.kind == Kind::Busy => return Err(error),
        Err(_) => None,
    };
    let manifest = Manifest::published(store)?;
    let mut report = Report { run_id: manifest.run_id.clone(), ..Report::default() };
    let found = files(store, CURRENT, &manifest)?;
    report.check("each file has the length and hash of the manifest", found);
    report.check("no file but those of the manifest", strangers(store, &manifest)?);
    let is_whole = report.problems.is_empty();
    report.check("the register of runs is whole", Register::read(store)?.all_problems(store)?);
    if !is_whole {
        return Ok(report);
    }
    report
        .check("declared sort orders hold and keys are unique", order::problems(store, &manifest)?);
    let ledger = ledger_in(store, CURRENT)?;
    report.check("the ledger balances", balance(&ledger));
    let definitions = definitions(store, &manifest)?;
    for (name, dataset, own) in dataset::with_segments(&definitions, &manifest.segments) {
        let problems =
            dataset::verify::problems(store, (name, dataset, &own), &ledger, &definitions)?;
        report.check(&format!("the dataset {name} is that of its segments"), problems);
    }
    let is_of_series = |source: &str| !definitions.datasets.contains_key(source);
    let ledger = ledger.of_sources(is_of_series);
    let segments = manifest.segments.iter().filter(|segment| is_of_series(&segment.source));
    let manifest = Manifest { segments: segments.cloned().collect(), ..manifest.clone() };
    report.check("the ledger is that of the staged segments", staged(store, &manifest, &ledger)?);
    report.check("the ledger is that of the clean files", cleaned(store, &ledger)?);
    report.check("the ledger is that of the rejects", refused(store, &ledger)?);
    let found = employers(store, &definitions, &ledger)?;
    report.check("the ledger is that of the employers", found);
    let (problems, accounts, failed) = recomputed(store, &manifest, &definitions)?;
    report.check("tables are those of the clean files", problems);
    report.check("tables agree with each other", failed);
    let same = accounts == ledger.of_stage(aggregate::STAGE);
    let differs = format!("`{CURRENT}/ledger.parquet` does not hold the accounts of the tables");
    report.check("the ledger is that of the tables", if same { Vec::new() } else { vec![differs] });
    Ok(report)
}

/// The declarations of the run that readers see.
///
/// # Errors
/// When there is no run, or they are gone.
pub(super) fn definitions_of_current(store: &Store) -> Result<Definitions> {
    definitions(store, &Manifest::published(store)?)
}

/// The declarations of a run.
///
/// # Errors
/// When they are gone or changed.
pub fn definitions(store: &Store, manifest: &Manifest) -> Result<Definitions> {
    let folder = store.path(&format!("{DECLARATIONS}/{}", manifest.definitions));
    let damaged = || {
        Error::data(format!("the declarations in `{}` are gone or changed", folder.display()))
            .hint("`conum run` with the same `pipelines/` writes them again")
    };
    let files = folders::read_tree(&folder).map_err(|_| damaged())?;
    let definitions = Definitions::load(&manifest.pipeline, &files).map_err(|_| damaged())?;
    if definitions.digest == manifest.definitions { Ok(definitions) } else { Err(damaged()) }
}

/// Files that are gone or have other bytes than the manifest says.
pub(super) fn files(store: &Store, run: &str, manifest: &Manifest) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let outputs = manifest.outputs.iter().map(|output| {
        let mut file = output.file.clone();
        file.path = format!("{run}/{}", file.path);
        file
    });
    let staged = manifest.segments.iter().flat_map(|s| [s.rows.clone(), s.rejects.clone()]);
    for expected in outputs.chain(staged) {
        match store.stat(&expected.path)? {
            None => problems.push(format!("`{}` is missing", expected.path)),
            Some(found) if found != expected => {
                problems.push(format!("`{}` was changed since it was written", expected.path));
            }
            Some(_) => {}
        }
    }
    Ok(problems)
}

fn strangers(store: &Store, manifest: &Manifest) -> Result<Vec<String>> {
    let known: BTreeSet<String> =
        manifest.outputs.iter().map(|output| format!("{CURRENT}/{}", output.file.path)).collect();
    let mut problems = Vec::new();
    for folder in ["clean", "rejects", "tables"] {
        for name in store.files_below(&format!("{CURRENT}/{folder}"))? {
            if !known.contains(&name) {
                problems.push(format!("`{name}` is not in the manifest"));
            }
        }
    }
    Ok(problems)
}

fn read_all(store: &Store, path: &str) -> Result<RecordBatch> {
    let metadata = parquet::metadata(store.file(path)?)?;
    let batches: Vec<RecordBatch> =
        parquet::read(store.file(path)?, None, None)?.collect::<Result<_>>()?;
    let schema = match batches.first() {
        Some(batch) => batch.schema(),
        None => std::sync::Arc::new(
            ::parquet::arrow::parquet_to_arrow_schema(
                metadata.file_metadata().schema_descr(),
                None,
            )
            .map_err(|error| Error::data(format!("`{path}`: {error}")))?,
        ),
    };
    Ok(concat_batches(&schema, &batches)?)
}

fn balance(ledger: &Ledger) -> Vec<String> {
    match ledger.prove() {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("`{CURRENT}/ledger.parquet`: {error}")],
    }
}

/// Records = rows + rejects, and every staged row enters the clean stage with its participants.
fn staged(store: &Store, manifest: &Manifest, ledger: &Ledger) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for segment in &manifest.segments {
        let path = &segment.rows.path;
        let Amount { rows, participants, .. } = measured(store, path)?;
        let refused = i64::try_from(ingest::rejects_of(store, segment)?.len()).unwrap_or_default();
        if rows + refused + segment.merged != segment.records {
            problems.push(format!(
                "`{path}`: {} records read, {rows} rows and {refused} rejects left",
                segment.records
            ));
        }
        let entered = ledger.entered(clean::STAGE, &segment.source, &segment.id);
        if entered.rows != rows || entered.participants != participants {
            problems.push(format!(
                "`{path}`: {rows} rows and {participants} participants staged, {} and {} entered \
                 in the ledger",
                entered.rows, entered.participants
            ));
        }
    }
    Ok(problems)
}

/// Rows of a file, and the sums of the measures it has.
fn measured(store: &Store, path: &str) -> Result<Amount> {
    let names = [columns::NB_PARTICIPANTS.name, columns::DUREE_MINUTES.name];
    let metadata = parquet::metadata(store.file(path)?)?;
    let columns = metadata.file_metadata().schema_descr().columns();
    let has = |name: &&str| columns.iter().any(|column| column.name() == *name);
    let names: Vec<&str> = names.into_iter().filter(has).collect();
    let mut amount = Amount::of_rows(metadata.file_metadata().num_rows());
    if names.is_empty() {
        return Ok(amount);
    }
    for batch in parquet::read(store.file(path)?, Some(&names), None)? {
        let batch = batch?;
        amount.participants += frames::sum_of(&batch, columns::NB_PARTICIPANTS.name);
        amount.minutes += frames::sum_of(&batch, columns::DUREE_MINUTES.name);
    }
    Ok(amount)
}

/// Rows, participants and minutes of each year are those the ledger says were kept.
fn cleaned(store: &Store, ledger: &Ledger) -> Result<Vec<String>> {
    let mut found: BTreeMap<String, Amount> = BTreeMap::new();
    for path in clean_files(store, CURRENT, Subject::Activites)? {
        let year = path.split('/').find_map(|part| part.strip_prefix("annee="));
        let year = year.unwrap_or_default().to_owned();
        *found.entry(year).or_default() += measured(store, &path)?;
    }
    let mut kept = ledger.kept_by_period(clean::STAGE);
    kept.retain(|year, _| !year.is_empty());
    let years: BTreeSet<&String> = found.keys().chain(kept.keys()).collect();
    let differing = years.into_iter().filter(|year| found.get(*year) != kept.get(*year));
    let problem = |year: &String| {
        let of = |all: &BTreeMap<String, Amount>| all.get(year).copied().unwrap_or_default();
        let (read, kept) = (of(&found), of(&kept));
        format!(
            "`{CURRENT}/clean/activites/annee={year}` holds {read:?}, the ledger says {kept:?} \
             were kept"
        )
    };
    Ok(differing.map(problem).collect())
}

/// Employers are those the ledger says were kept, and those only activities name.
fn employers(store: &Store, definitions: &Definitions, ledger: &Ledger) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let of_one =
        [Subject::Structures, Subject::EmployeursPublics, Subject::Postes, Subject::Contrats];
    for subject in of_one {
        let path = format!("{CURRENT}/clean/{}.parquet", tables::clean(subject).name);
        let kept = ledger.sum(|account, fate, _| {
            let source = definitions.sources.get(&account.source);
            account.stage == clean::STAGE
                && fate == Some(Fate::Kept)
                && source.is_some_and(|source| source.subject == subject)
        });
        if !store.has(&path) {
            if kept.rows > 0 {
                problems.push(format!("`{path}` is missing"));
            }
            continue;
        }
        let batch = read_all(store, &path)?;
        let flags = batch.column_by_name(columns::DRAPEAUX.name);
        let flags = flags.and_then(|flags| flags.as_string_opt::<i32>());
        // Of other subjects each line is of the inputs, whether its structure is known or not.
        let is_declared = |found: &Option<&str>| {
            let mut flags = found.iter().flat_map(|found| found.split(SEPARATOR));
            subject != Subject::Structures || flags.all(|flag| flag != flags::STRUCTURE_INCONNUE)
        };
        let declared = flags.map_or(0, |flags| flags.iter().filter(is_declared).count());
        if i64::try_from(declared).ok() != Some(kept.rows) {
            problems.push(format!(
                "`{path}` holds {declared} employers of the inputs, the ledger says {} were kept",
                kept.rows
            ));
        }
    }
    Ok(problems)
}

/// Rejects by stage, source and primary reason are those of the ledger.
fn refused(store: &Store, ledger: &Ledger) -> Result<Vec<String>> {
    let mut found: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for reject in read_rejects(store, CURRENT)? {
        let reason = reject.primary().to_owned();
        *found.entry((reject.stage, reject.source, reason)).or_default() += 1;
    }
    let expected = ledger.rejected();
    if found == expected {
        return Ok(Vec::new());
    }
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let differing = keys.into_iter().filter(|key| found.get(key) != expected.get(key));
    Ok(differing
        .map(|key| {
            let (stage, source, reason) = key;
            let count = |counts: &BTreeMap<_, i64>| counts.get(key).copied().unwrap_or_default();
            format!(
                "`{CURRENT}/rejects/{stage}.parquet`: {} of `{source}` for {reason}, not the {} of \
                 the ledger",
                count(&found),
                count(&expected)
            )
        })
        .collect())
}

/// Makes each table again from the clean files, and compares Parquet and CSV; returns the accounts
/// of the tables, and the checks against each other that fail.
fn recomputed(
    store: &Store,
    manifest: &Manifest,
    definitions: &Definitions,
) -> Result<(Vec<String>, Ledger, Vec<String>)> {
    let as_of = manifest.as_of.parse().map_err(|error: jiff::Error| {
        Error::data("the reference day of the manifest is no day").because(error)
    })?;
    let below = Below { store, folder: CURRENT, definitions, as_of, engine: None };
    let all = aggregate::tables_of(below, &manifest.subjects(definitions))?;
    let declared = all.declared.iter().map(|(name, rows)| (name.as_str(), rows));
    let made = all.made.iter().map(|(table, rows)| (table.name, rows));
    let mut problems = Vec::new();
    for (name, expected) in declared.chain(made) {
        let path = format!("{CURRENT}/tables/{name}.parquet");
        if read_all(store, &path)?.columns() != expected.columns() {
            problems.push(format!("`{path}` is not what the clean files give"));
        }
        let path = format!("{CURRENT}/tables/{name}.csv");
        if store.read(&path)? != Some(aggregate::csv_of(expected, b',')?) {
            problems.push(format!("`{path}` is not what the clean files give"));
        }
    }
    let failed = all.checks.iter().filter(|check| check.differing > 0);
    let failed = failed.map(|check| {
        format!("`{}` and `{}` differ on `{}`", check.table, check.other, check.measure)
    });
    Ok((problems, all.ledger, failed.collect()))
}
