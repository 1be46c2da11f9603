//! Runs since another one become what figures moved by in all.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::revision::figures::{Revision, added};
use crate::run::execute::RUNS;
use crate::run::manifest::{CURRENT, MANIFEST, Manifest};
use crate::run::revision::revisions_of;
use crate::run::store::Store;

/// A published run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its identifier.
    pub id: String,
    /// Its reference day.
    pub as_of: String,
}

/// What figures moved by from one run to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The first run.
    pub from: Run,
    /// The last.
    pub to: Run,
    /// Figures, by table.
    pub tables: BTreeMap<String, Vec<Revision>>,
}

/// The runs that were published, the oldest first: each is the one before the next, back from the
/// one that readers see.
///
/// # Errors
/// When a record of a run cannot be read.
pub fn runs(store: &Store) -> Result<Vec<Run>> {
    let told = |manifest: Manifest| Run { id: manifest.run_id, as_of: manifest.as_of };
    let mut found: Vec<Run> = back(store).map(|it| it.map(told)).collect::<Result<_>>()?;
    found.reverse();
    Ok(found)
}

/// The records of published runs, the last first, read one by one.
pub(in crate::run) fn back(store: &Store) -> impl Iterator<Item = Result<Manifest>> {
    let mut next = store.target(CURRENT).map(|run| format!("{run}/{MANIFEST}"));
    let mut is_first = true;
    std::iter::from_fn(move || {
        let path = next.take()?;
        // What is older may have been cleared away.
        let content = store.read(&path).transpose()?;
        let manifest = content.and_then(|content| {
            serde_json::from_slice::<Manifest>(&content)
                .map_err(|error| Error::data(format!("`{path}` cannot be read")).because(error))
        });
        match manifest {
            Ok(manifest) => {
                next = manifest.previous.as_ref().map(|previous| previous.path.clone());
                is_first = false;
                Some(Ok(manifest))
            }
            Err(error) if is_first => Some(Err(error)),
            // A damaged record ends what is known of the past, and no night fails for it.
            Err(error) => {
                tracing::warn!(
                    event = "history.damaged",
                    "{error}: what is before it is not told."
                );
                None
            }
        }
    })
}

/// For each source, when the earliest run began that had the inputs of a run, and no others came
/// in between; no more than so many runs are looked at.
///
/// # Errors
/// When the record of the last run cannot be read.
pub fn since(store: &Store, last: &Manifest, runs: usize) -> Result<BTreeMap<String, String>> {
    let wanted = hashes(last);
    let mut found = BTreeMap::new();
    let mut same: BTreeSet<&String> = wanted.keys().collect();
    let earlier =
        back(store).skip_while(|run| run.as_ref().is_ok_and(|run| run.run_id != last.run_id));
    for run in earlier.take(runs) {
        let run = run?;
        let of_run = hashes(&run);
        same.retain(|source| of_run.get(*source) == wanted.get(*source));
        if same.is_empty() {
            break;
        }
        found.extend(same.iter().map(|source| ((*source).clone(), run.started_at.clone())));
    }
    Ok(found)
}

/// The hashes of the inputs of each source.
fn hashes(run: &Manifest) -> BTreeMap<String, BTreeSet<&str>> {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for input in &run.inputs {
        if let Some(source) = &input.source {
            found.entry(source.clone()).or_default().insert(&input.blake3);
        }
    }
    found
}

/// What figures moved by from one run to another, each named by its identifier, the beginning of
/// it, or its reference day; by default the last two.
///
/// # Errors
/// When there are no such runs, or a file cannot be read.
pub fn between(store: &Store, from: Option<&str>, to: Option<&str>) -> Result<Moved> {
    let (runs, from, to) = ends(store, from, to)?;
    let from = from.ok_or_else(|| Error::no_input("no run was published before it"))?;
    let mut tables: BTreeMap<String, Vec<Vec<Revision>>> = BTreeMap::new();
    for run in runs.iter().take(to + 1).skip(from + 1) {
        for (table, revisions) in revisions_of(store, &format!("{RUNS}/{}", run.id))? {
            tables.entry(table).or_default().push(revisions);
        }
    }
    let tables = tables.into_iter().map(|(table, runs)| (table, added(runs)));
    Ok(Moved { from: runs[from].clone(), to: runs[to].clone(), tables: tables.collect() })
}

/// All runs, and the places of two: the first is the one before the other where none is named, if
/// there is one.
pub(super) fn ends(
    store: &Store,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(Vec<Run>, Option<usize>, usize)> {
    let runs = runs(store)?;
    let last =
        runs.len().checked_sub(1).ok_or_else(|| Error::no_input("no run was published yet"))?;
    let to = to.map_or(Ok(last), |name| place(&runs, name))?;
    let from = match from {
        Some(name) => Some(place(&runs, name)?),
        None => to.checked_sub(1),
    };
    if let Some(from) = from.filter(|from| *from > to) {
        let message = format!("run {} is later than {}", runs[from].id, runs[to].id);
        return Err(Error::no_input(message).hint("the older run comes first"));
    }
    Ok((runs, from, to))
}

fn place(runs: &[Run], name: &str) -> Result<usize> {
    let is_it = |run: &Run| !name.is_empty() && (run.as_of == name || run.id.starts_with(name));
    let found = runs.iter().rposition(is_it);
    found.ok_or_else(|| {
        let known: Vec<String> =
            runs.iter().rev().take(5).map(|run| format!("{} ({})", run.id, run.as_of)).collect();
        Error::no_input(format!("no published run is `{name}`"))
            .hint(format!("the last ones are {}", known.join(", ")))
    })
}
