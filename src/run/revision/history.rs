//! Runs since another one become what figures moved by in all.

use std::collections::BTreeMap;

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
    let mut found = Vec::new();
    let mut next = store.target(CURRENT).map(|run| format!("{run}/{MANIFEST}"));
    while let Some(path) = next.take() {
        // What is older may have been cleared away.
        let Some(content) = store.read(&path)? else { break };
        let manifest: Manifest = serde_json::from_slice(&content)
            .map_err(|error| Error::data(format!("`{path}` cannot be read")).because(error))?;
        next = manifest.previous.map(|previous| previous.path);
        found.push(Run { id: manifest.run_id, as_of: manifest.as_of });
    }
    found.reverse();
    Ok(found)
}

/// What figures moved by from one run to another, each named by its identifier, the beginning of
/// it, or its reference day; by default the last two.
///
/// # Errors
/// When there are no such runs, or a file cannot be read.
pub fn between(store: &Store, from: Option<&str>, to: Option<&str>) -> Result<Moved> {
    let runs = runs(store)?;
    let last =
        runs.len().checked_sub(1).ok_or_else(|| Error::no_input("no run was published yet"))?;
    let to = to.map_or(Ok(last), |name| place(&runs, name))?;
    let from = match from {
        Some(name) => place(&runs, name)?,
        None => {
            to.checked_sub(1).ok_or_else(|| Error::no_input("no run was published before it"))?
        }
    };
    if from > to {
        return Err(Error::no_input(format!(
            "run {} is later than {}",
            runs[from].id, runs[to].id
        ))
        .hint("the older run comes first"));
    }
    let mut tables: BTreeMap<String, Vec<Vec<Revision>>> = BTreeMap::new();
    for run in runs.iter().take(to + 1).skip(from + 1) {
        for (table, revisions) in revisions_of(store, &format!("{RUNS}/{}", run.id))? {
            tables.entry(table).or_default().push(revisions);
        }
    }
    let tables = tables.into_iter().map(|(table, runs)| (table, added(runs)));
    Ok(Moved { from: runs[from].clone(), to: runs[to].clone(), tables: tables.collect() })
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
