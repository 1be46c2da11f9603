//! A release that is taken back stays known: what the last run knew of all releases becomes what an
//! earlier one knows when readers go back to it.

use crate::error::{Error, Result};
use crate::run::manifest::{CURRENT, Manifest, Output};
use crate::run::outputs::BUILDING;
use crate::run::protect::kept::{Record, shown};
use crate::run::protect::{FOLDER, RECORD, not_json};
use crate::run::store::Store;

/// Gives the run under construction all that the current one knows of releases, of closed months
/// and of what was hidden, and has readers see the release of an earlier run again; where that one
/// had none, they go on with what they have.
///
/// # Errors
/// When a file cannot be linked.
pub(in crate::run) fn carry(
    store: &Store,
    (current, earlier): (&Manifest, &Manifest),
    earlier_run: &str,
) -> Result<Vec<Output>> {
    let record = Record::read(store, CURRENT)?;
    let (from, known) = match record {
        Some(_) => (CURRENT, current),
        None => (earlier_run, earlier),
    };
    let mut outputs = Vec::new();
    for output in &known.outputs {
        let path = output.file.path.as_str();
        if !path.starts_with(&format!("{FOLDER}/")) {
            continue;
        }
        match &record {
            Some(record) if path == format!("{FOLDER}/{RECORD}") => {
                let shown = shown(store, earlier_run)?.filter(|shown| *shown != record.release);
                if let Some(unknown) = shown.as_ref().filter(|shown| !record.all.contains(shown)) {
                    let told = format!("the last run knows of no release `{unknown}`");
                    return Err(Error::secrecy(told));
                }
                let record = Record { shown, ..record.clone() };
                let content = serde_json::to_vec_pretty(&record).map_err(not_json)?;
                let mut file = store.write(&format!("{BUILDING}/{path}"), &content)?;
                path.clone_into(&mut file.path);
                outputs.push(Output { file, rows: 0 });
            }
            _ => {
                store.link(&format!("{from}/{path}"), &format!("{BUILDING}/{path}"))?;
                outputs.push(output.clone());
            }
        }
    }
    Ok(outputs)
}
