//! Past releases become what the next one is judged with, or the reason why there can be none.
//!
//! What readers have once read does not go away: a file that is lost, or a table that is declared
//! otherwise since, would only be forgotten by the audit.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::certificate::{Certificate, ReleaseFile};
use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::run::manifest::CURRENT;
use crate::run::protect::counted::{Wanted, published, wanted};
use crate::run::protect::kept::Record;
use crate::run::protect::proof::{OnDisk, files_of};
use crate::run::protect::{CERTIFICATE, FOLDER};
use crate::run::store::Store;

/// What each table that was ever released is made of.
pub(super) type Shapes = BTreeMap<String, String>;

/// All files of past releases are those that the last certificate is about.
pub(super) fn are_whole(store: &Store, past: &[OnDisk]) -> Result<()> {
    if past.is_empty() {
        return Ok(());
    }
    let path = format!("{CURRENT}/{FOLDER}/{CERTIFICATE}");
    let content = store.read(&path)?.ok_or_else(|| lost(&path))?;
    let certificate = Certificate::from_bytes(&content)
        .map_err(|error| Error::secrecy(format!("`{path}` cannot be read")).because(error))?;
    let mut found: BTreeSet<ReleaseFile> = BTreeSet::new();
    for release in past {
        found.extend(files_of(store, release)?);
    }
    let certified: BTreeSet<ReleaseFile> = certificate.header.files.into_iter().collect();
    match certified.symmetric_difference(&found).next() {
        Some(odd) => Err(lost(&format!("releases/{}/{}", odd.release, odd.name))),
        None => Ok(()),
    }
}

fn lost(path: &str) -> Error {
    Error::secrecy(format!("`{path}` is gone, or not what it was when it was published")).hint(
        "bring it back from a copy of the warehouse: releases are judged with all before them",
    )
}

/// What a released table is made of, as far as it says what adds up to what.
pub(super) fn shape(wanted: &Wanted<'_>) -> String {
    let dimensions: Vec<_> = wanted.table.dimensions().collect();
    let measures: Vec<&str> = published(wanted.table, wanted.secrecy).collect();
    let (periods, across) = (&wanted.secrecy.periods, &wanted.secrecy.across);
    format!("{dimensions:?} {measures:?} {periods:?} {across:?}")
}

/// The shapes of tables that are out, none of which has changed.
pub(super) fn same_shapes(definitions: &Definitions, before: Option<&Record>) -> Result<Shapes> {
    let shapes = before.map(|before| before.shapes.clone()).unwrap_or_default();
    let now: BTreeMap<&str, String> =
        wanted(definitions).iter().map(|wanted| (wanted.name, shape(wanted))).collect();
    match shapes.iter().find(|(name, shape)| now.get(name.as_str()) != Some(*shape)) {
        Some((name, _)) => Err(Error::secrecy(format!(
            "`{name}` is published, and is no longer declared with the same dimensions, measures \
             and periods"
        ))
        .hint("bring its declaration back, or begin a new warehouse")),
        None => Ok(shapes),
    }
}
