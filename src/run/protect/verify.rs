//! The latest release is judged again, from files alone.

use crate::audit::certificate::{Certificate, Verdict};
use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::run::manifest::CURRENT;
use crate::run::protect::files::VERDICT;
use crate::run::protect::kept::Record;
use crate::run::protect::pass_gate_again;
use crate::run::protect::proof::{Evidence, OnDisk};
use crate::run::protect::truth::read;
use crate::run::protect::{CERTIFICATE, FOLDER, LATEST, RECORD, RELEASES};
use crate::run::store::Store;
use crate::run::verify::definitions_of_current;

/// What was verified.
#[derive(Debug)]
pub struct Verified {
    /// The release.
    pub release: String,
    /// Releases that were judged together, it among them.
    pub all: Vec<String>,
    /// Figures that must not be known, and cannot.
    pub primaries: usize,
    /// The hash of the certificate.
    pub certificate: String,
}

/// Verifies the certificate and the verdict of the release that readers see.
///
/// # Errors
/// When there is none, or it does not hold.
pub fn verify(store: &Store) -> Result<Verified> {
    let latest = store.target(&format!("{RELEASES}/{LATEST}"));
    let Some(latest) = latest else {
        return Err(Error::no_input("the warehouse has no release")
            .hint("`conum run` makes one of the months that are closed"));
    };
    let record = Record::read(store, CURRENT)?;
    let record = record.ok_or_else(|| lost(RECORD))?;
    if record.shown() != latest {
        return Err(Error::secrecy(format!(
            "`{RELEASES}/{LATEST}` points to `{latest}`, and the last run made `{}`",
            record.shown()
        )));
    }
    verify_run(store, CURRENT, &definitions_of_current(store)?)
}

/// Verifies what a run knows of all releases that are out, wherever the run is.
pub(in crate::run) fn verify_run(
    store: &Store,
    run: &str,
    definitions: &Definitions,
) -> Result<Verified> {
    let record = Record::read(store, run)?.ok_or_else(|| lost(RECORD))?;
    if record.all.last() != Some(&record.release) {
        return Err(lost(&record.release));
    }
    let Some(policy) = &definitions.secrecy else { return Err(lost("secrecy.toml")) };
    let mut all = Vec::new();
    for name in &record.all {
        let folder = format!("{RELEASES}/{name}");
        let truth = read(store, &format!("{run}/{FOLDER}/verite/{name}.parquet"))?;
        all.push(OnDisk { name: name.clone(), folder, truth });
    }
    let evidence = Evidence::read(store, (definitions, policy), &all)?;
    let content = store.read(&format!("{run}/{FOLDER}/{CERTIFICATE}"))?;
    let certificate = Certificate::from_bytes(&content.ok_or_else(|| lost(CERTIFICATE))?);
    let certificate = certificate
        .map_err(|error| Error::secrecy("the certificate cannot be read").because(error))?;
    let verdict = store.read(&format!("{RELEASES}/{}/{VERDICT}", record.release))?;
    let verdict: Verdict = serde_json::from_slice(&verdict.ok_or_else(|| lost(VERDICT))?)
        .map_err(|error| Error::secrecy("the verdict cannot be read").because(error))?;
    evidence.judge_released(&certificate, &verdict)?;
    pass_gate_again(store, definitions, run)?;
    Ok(Verified {
        release: record.shown().to_owned(),
        all: record.all.clone(),
        primaries: evidence.primaries(),
        certificate: verdict.certificate,
    })
}

fn lost(name: &str) -> Error {
    Error::secrecy(format!("`{name}` is gone: nothing proves the release"))
}
