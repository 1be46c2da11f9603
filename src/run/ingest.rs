//! Each input file is parsed once: its segment is kept under the hash of all it depends on.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::ingest::{self, Context, READER_VERSION};
use crate::run::dataset;
use crate::run::dataset::lookups::source_name;
use crate::run::draft::Written;
use crate::run::input;
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::{Input, Segment};
use crate::run::parquet::{self, Description, Writer};
use crate::run::rejects::{self, Located};
use crate::run::staging::Staging;
use crate::run::store::Store;
use crate::vocabulary::codes::Fate;
use crate::vocabulary::reject::Reject;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{self, REJECTS, Table};

/// Name of the stage.
pub const STAGE: &str = "ingest";

/// Lists whose codes decide what is read; the name rules decide what is kept of a name.
const READ_BY_INGEST: [&str; 7] = [
    "codelists/categories_juridiques_libelles.csv",
    "codelists/durees.csv",
    "codelists/france_services.csv",
    "codelists/lieux.csv",
    "codelists/regles_employeur.csv",
    "codelists/themes.csv",
    "codelists/types_activite.csv",
];

/// Refused records of a file, at most: they are kept in memory, a kilobyte each, and a file of so
/// many is none of its source.
const REFUSED_MAX: usize = 1 << 20;

/// Digits of a content hash that name a segment.
pub const ID_DIGITS: usize = 16;

/// The hash of all that the segment of an input depends on.
#[must_use]
pub fn key(job: &Job<'_>, input: &Input, source: &str) -> String {
    let digests = &job.definitions.digests;
    let own = format!("sources/{source}.toml");
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(env!("CARGO_PKG_VERSION").as_bytes())
        .update(&READER_VERSION.to_le_bytes())
        .update(input.blake3.as_bytes());
    hasher.update(job.key.fingerprint().as_bytes());
    if let Some(dataset) = job.definitions.datasets.get(source) {
        let own = format!("datasets/{}.toml", dataset.notices_of.as_deref().unwrap_or(source));
        hasher.update(digests.get(&own).map_or(&[], |digest| digest.as_bytes()));
        let looked_up: Vec<String> =
            dataset.lookups.iter().map(|lookup| source_name(source, lookup)).collect();
        for (input, _, name) in job.read_inputs() {
            if looked_up.iter().any(|other| name == other) {
                hasher.update(input.blake3.as_bytes());
            }
        }
    }
    for path in READ_BY_INGEST.iter().copied().chain([own.as_str()]) {
        hasher.update(digests.get(path).map_or(&[], |digest| digest.as_bytes()));
    }
    hasher.finalize().to_hex().to_string()
}

/// The segment of a key, if it is whole: both its files are what its record says, and hold as many
/// rows.
///
/// # Errors
/// When a file cannot be read.
pub fn existing(store: &Store, source: &str, key: &str) -> Result<Option<Segment>> {
    let Some(record) = store.read(&record_path(source, key))? else { return Ok(None) };
    let Ok(segment) = serde_json::from_slice::<Segment>(&record) else { return Ok(None) };
    for file in [&segment.rows, &segment.rejects] {
        if store.stat(&file.path)?.as_ref() != Some(file) {
            tracing::warn!(event = "segment.damaged", file = %file.path, "Read again.");
            return Ok(None);
        }
    }
    let rows = parquet::row_count(store.file(&segment.rows.path)?)?;
    let refused = parquet::row_count(store.file(&segment.rejects.path)?)?;
    let is_true = segment.key == key
        && segment.source == source
        && segment.row_count == rows
        && segment.records == rows + refused + segment.merged;
    Ok(is_true.then_some(segment))
}

/// What was read.
#[derive(Debug)]
pub struct Ingested {
    /// Segments, in the order of their ids.
    pub segments: Vec<Segment>,
    /// Accounts of the stage.
    pub ledger: Ledger,
    /// Sources of which an input is not what they declare, and what is wrong.
    pub failed: BTreeMap<String, Error>,
}

/// Reads all inputs that have no segment yet.
///
/// # Errors
/// When a file cannot be read at all.
pub fn run(job: &Job<'_>) -> Result<Ingested> {
    let inputs: Vec<_> = job.staged_inputs().collect();
    (job.progress)(Progress::Stage(STAGE, u64::try_from(inputs.len()).unwrap_or_default()));
    let mut segments = Vec::new();
    let mut failed = BTreeMap::new();
    for (input, path, source) in inputs {
        let segment = match segment(job, (input, path, source)) {
            Err(error) if matches!(error.kind, Kind::Data | Kind::NoInput) => {
                tracing::warn!(event = "input.unreadable", source, "{error}");
                failed.entry(source.to_owned()).or_insert(error);
                continue;
            }
            read => read?,
        };
        tracing::info!(
            event = "segment.ready", source, input = %input.name, rows = segment.row_count,
            rejected = segment.records - segment.row_count - segment.merged,
            records = segment.records, "Input read."
        );
        (job.progress)(Progress::Step(input.name.clone()));
        segments.push(segment);
    }
    (job.progress)(Progress::Done);
    segments.sort_by(|a, b| (&a.id, &a.source).cmp(&(&b.id, &b.source)));
    let ledger = account(job, &segments)?;
    Ok(Ingested { segments, ledger, failed })
}

/// The segment of an input: the one that is there, or a new one.
///
/// # Errors
/// When the input is not what its source declares, or a file cannot be read or written.
pub(super) fn segment(
    job: &Job<'_>,
    (input, path, source): (&Input, &Path, &str),
) -> Result<Segment> {
    let key = key(job, input, source);
    // What stands for another night is not there to be read again.
    let is_again = job.is_forced && !job.judged.stands(source);
    let known = if is_again { None } else { existing(job.store, source, &key)? };
    let read = known.map_or_else(|| stage(job, (input, path, source), &key), Ok);
    read.map_err(|error| Error {
        message: format!("`{}` as `{source}`: {}", input.name, error.message),
        ..error
    })
}

fn stage(
    job: &Job<'_>,
    (input, path, source): (&Input, &Path, &str),
    key: &str,
) -> Result<Segment> {
    let segment = match job.definitions.datasets.get(source) {
        Some(declared) => dataset::ingest::read(job, (input, path), (source, declared), key)?,
        None => read(job, (input, path, source), key)?,
    };
    let record = serde_json::to_vec_pretty(&segment)
        .map_err(|error| Error::internal("a segment's record is JSON").because(error))?;
    let _record: Written = job.store.write(&record_path(source, key), &record)?;
    Ok(segment)
}

fn read(job: &Job<'_>, (input, path, source): (&Input, &Path, &str), key: &str) -> Result<Segment> {
    let declared = job
        .definitions
        .sources
        .get(source)
        .ok_or_else(|| Error::internal(format!("source `{source}` is declared")))?;
    let table = tables::staged(declared.subject);
    let id: String = input.blake3.chars().take(ID_DIGITS).collect();
    let metadata = |table: &Table| {
        vec![
            ("table".to_owned(), table.name.to_owned()),
            ("grain".to_owned(), table.grain.to_owned()),
        ]
    };
    let open = |suffix: &str, table: &Table| {
        let draft = job.store.draft(&rows_path(source, &format!("{key}{suffix}")))?;
        let sorted_by = table.key.iter().map(|column| column.name.to_owned()).collect();
        Writer::new(draft, schema(table), &Description { sorted_by, metadata: metadata(table) })
    };
    let mut rows = Staging::new(open("", table)?, declared.subject);
    let mut refused: Vec<Located> = Vec::new();
    let context = Context {
        lists: &job.definitions.lists,
        employer_rules: &job.definitions.employer_rules,
        key: &job.key,
    };
    let container = declared.container_of(input::bare_name(&input.name));
    let read = input::with_bytes((input, path), |bytes| {
        ingest::ingest((declared, container), context, bytes, &mut |piece| {
            let rejects = piece.rejects.into_iter();
            refused.extend(rejects.map(|mut reject| {
                let place = declared.place(container, reject.line);
                reject.place = format!("{place}{}", reject.place);
                located(source, &id, reject)
            }));
            check_refused(&refused)?;
            rows.add(piece.rows)
        })
    })?;
    rejects::sort(&mut refused);
    let mut rejected = open(".rejects", &REJECTS)?;
    rejected.write(&rejects::to_batch(&refused)?)?;
    let (rejects, _) = rejected.commit()?;
    let (rows, row_count, groups) = rows.finish()?;
    Ok(Segment {
        source: source.to_owned(),
        id,
        key: key.to_owned(),
        records: signed(read.records)?,
        merged: signed(read.merged)?,
        container,
        rows,
        rejects,
        row_count: signed(row_count)?,
        unknown_columns: read.unknown_columns,
        groups,
        refused: BTreeMap::new(),
    })
}

/// Fails where so much is refused that the file can be no export of this source.
fn check_refused(refused: &[Located]) -> Result<()> {
    if refused.len() <= REFUSED_MAX {
        return Ok(());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for located in refused {
        *counts.entry(located.primary()).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(reason, count)| (**count, **reason));
    let (reason, count) = most.map_or(("", 0), |(reason, count)| (*reason, *count));
    Err(Error::data(format!("more than {REFUSED_MAX} records are refused ({reason} {count})"))
        .hint("is this the right file? its name matches the pattern of the source"))
}

fn located(source: &str, segment: &str, reject: Reject) -> Located {
    Located {
        stage: STAGE.to_owned(),
        source: source.to_owned(),
        segment: segment.to_owned(),
        reject,
    }
}

/// Where the rows of a segment are.
pub(super) fn rows_path(source: &str, key: &str) -> String {
    format!("staged/{source}/{key}.parquet")
}

fn record_path(source: &str, key: &str) -> String {
    format!("staged/{source}/{key}.json")
}

fn signed(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::internal("a row count fits 63 bits"))
}

/// The rejects of a segment.
///
/// # Errors
/// When they cannot be read.
pub fn rejects_of(store: &Store, segment: &Segment) -> Result<Vec<Located>> {
    let mut found = Vec::new();
    for batch in parquet::read(store.file(&segment.rejects.path)?, None, None)? {
        found.extend(rejects::from_batch(&batch?)?);
    }
    Ok(found)
}

/// Refused records by their first reason.
pub(super) fn refused(job: &Job<'_>, segment: &Segment) -> Result<BTreeMap<String, i64>> {
    if job.definitions.datasets.contains_key(&segment.source) {
        return Ok(segment.refused.clone());
    }
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for reject in rejects_of(job.store, segment)? {
        *counts.entry(reject.primary().to_owned()).or_default() += 1;
    }
    Ok(counts)
}

/// The accounts of the stage: records met = rows + rejects, and identical files count as
/// duplicates.
fn account(job: &Job<'_>, segments: &[Segment]) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    for segment in segments {
        let account = Account {
            stage: STAGE.to_owned(),
            source: segment.source.clone(),
            segment: segment.id.clone(),
            period: String::new(),
        };
        ledger.enter(&account, Amount::of_rows(segment.records));
        ledger.leave(&account, Fate::Kept, "", Amount::of_rows(segment.row_count));
        ledger.leave(&account, Fate::Merged, "", Amount::of_rows(segment.merged));
        for (reason, count) in refused(job, segment)? {
            ledger.leave(&account, Fate::Rejected, &reason, Amount::of_rows(count));
        }
        let copies = job.inputs.iter().filter(|(input, _)| {
            input.same_as.is_some()
                && input.source.as_deref() == Some(&segment.source)
                && input.blake3.starts_with(&segment.id)
        });
        for _ in copies {
            ledger.enter(&account, Amount::of_rows(segment.records));
            let copied = Amount::of_rows(segment.records);
            ledger.leave(&account, Fate::Duplicate, "fichier_identique", copied);
        }
    }
    Ok(ledger)
}

/// One batch of the rejects of all segments.
///
/// # Errors
/// When they cannot be read.
pub fn all_rejects(store: &Store, segments: &[Segment]) -> Result<Vec<Located>> {
    let mut all = Vec::new();
    for segment in segments {
        all.extend(rejects_of(store, segment)?);
    }
    rejects::sort(&mut all);
    Ok(all)
}
