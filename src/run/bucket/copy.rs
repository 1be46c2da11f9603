//! A folder becomes a copy of the warehouse that a bucket holds.
//!
//! A copy that the bucket has not moved away from is ahead of it, and stays; one that it has is
//! made anew, but for what it read from inputs, whose names say all that it depends on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::deliver::objects::Tag;
use crate::error::{Error, Result};
use crate::run::bucket::Bucket;
use crate::run::bucket::index::{Index, KEPT, Kept, STAGED, is_written_once};
use crate::run::bucket::segments::is_record;
use crate::run::delivered::FOLDER as PUBLICATION;
use crate::run::draft::Written;
use crate::run::execute::RUNS;
use crate::run::interrupted::NIGHT;
use crate::run::lock::Lock;
use crate::run::manifest::CURRENT;
use crate::run::outputs::BUILDING;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::REGISTER;
use crate::run::report::REPORTS;
use crate::run::store::Store;
use crate::run::swap;

/// Says what the folder was a copy of when it was last the same.
const SEEN: &str = "bucket.json";
/// How often a bucket that others move is read again.
const LOOKS: u32 = 3;

/// A folder, as a copy of what a bucket holds.
#[derive(Debug)]
pub struct LocalCopy<'a> {
    pub(super) store: &'a Store,
    pub(super) bucket: &'a Bucket,
    pub(super) seen: Seen,
    /// Segments that were brought from there.
    pub(super) brought: BTreeMap<String, Written>,
}

/// What a bucket held at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) bucket: String,
    /// None before anything was there; that of nothing while the folder is being made a copy.
    pub(super) tag: Option<Tag>,
    pub(super) index: Index,
}

impl Seen {
    fn read(store: &Store) -> Result<Option<Self>> {
        let content = store.read(SEEN)?;
        Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
    }

    /// Whether the folder was being made a copy.
    fn is_half(&self) -> bool {
        self.tag.as_ref() == Some(&Tag::of_nothing())
    }

    pub(super) fn write(&self, store: &Store) -> Result<()> {
        let content = serde_json::to_vec(self)
            .map_err(|error| Error::internal("a moment is JSON").because(error))?;
        store.write(SEEN, &content).map(drop)
    }
}

impl<'a> LocalCopy<'a> {
    /// Makes the folder of a warehouse, whose lock one has, a copy of what the bucket holds.
    ///
    /// # Errors
    /// When the bucket does not answer, or the folder holds another warehouse.
    pub fn bring(store: &'a Store, bucket: &'a Bucket, _: &Lock) -> Result<Self> {
        bucket.prove()?;
        let mut looks = LOOKS;
        let seen = loop {
            let seen = now(bucket)?;
            match follow(store, bucket, &seen) {
                // What it names may go away once it moved.
                Err(_) if looks > 0 && now(bucket)?.tag != seen.tag => looks -= 1,
                done => break done.map(|()| seen)?,
            }
        };
        let mut segments = bucket.names_below(STAGED)?;
        segments.retain(|name| !seen.index.going.contains(name));
        let missing: Vec<&String> = segments.iter().filter(|name| !store.has(name)).collect();
        // The record of a segment comes last: without it the rest is nothing.
        let (records, rest): (Vec<&String>, Vec<&String>) =
            missing.into_iter().partition(|name| is_record(name));
        let mut brought = BTreeMap::new();
        for name in rest.into_iter().chain(records) {
            brought.insert(name.clone(), bucket.bring(store, name, name)?);
        }
        seen.write(store)?;
        tracing::info!(
            event = "bucket.read",
            bucket = seen.bucket,
            files = seen.index.files.len(),
            segments = segments.len(),
            "The folder is a copy of the bucket."
        );
        Ok(Self { store, bucket, seen, brought })
    }

    /// Whether nothing was in the bucket, and nothing is in the folder that readers could see.
    pub(super) fn is_nothing(&self) -> bool {
        self.seen.tag.is_none() && !self.store.has(RUNS)
    }
}

/// What the bucket holds now.
fn now(bucket: &Bucket) -> Result<Seen> {
    let (tag, index) = match bucket.pointed()? {
        Some((content, tag)) => (tag, Index::read(&content)?),
        None => (None, Index::default()),
    };
    Ok(Seen { bucket: bucket.origin(), tag, index })
}

/// Makes a folder the copy of what a bucket holds, unless it is one already, or ahead of it.
fn follow(store: &Store, bucket: &Bucket, now: &Seen) -> Result<()> {
    let seen = Seen::read(store)?;
    let is_own = seen.as_ref().is_some_and(|seen| seen.bucket == now.bucket);
    if let Some(half) = seen.as_ref().filter(|seen| !is_own && seen.is_half()) {
        let told = format!("the folder holds half a copy of {}", half.bucket);
        return Err(Error::usage(told).hint("run with that bucket, or give an empty folder"));
    }
    if now.tag.is_none() {
        let had_one = seen.as_ref().is_some_and(|seen| is_own && seen.tag.is_some());
        if had_one || (!is_own && !bucket.names_below(RUNS)?.is_empty()) {
            let told = format!("{}: the object that names all others is gone", now.bucket);
            return Err(Error::data(told).hint("put `current.json` back, or clear the bucket"));
        }
        // A warehouse moves into a bucket that holds none.
        return Ok(());
    }
    // Attempts that came to nothing, as the bucket did not answer, make no warehouse.
    let is_nothing = |path: &String| is_staged(path) || is_page(path) || path == REGISTER;
    // One whose sending came to nothing is no copy, unless the bucket has all of it.
    let is_copy = is_own && seen.as_ref().is_some_and(|seen| seen.tag.is_some());
    let is_there =
        |path: &String| is_nothing(path) || (is_own && now.index.files.contains_key(path));
    if !is_copy && !files(store)?.iter().all(is_there) {
        let told = format!("the warehouse is no copy of the one in {}", now.bucket);
        return Err(Error::usage(told).hint("give an empty folder with `--warehouse`"));
    }
    let seen = seen.filter(|_| is_own);
    if let Some(seen) = seen.as_ref().filter(|seen| seen.tag == now.tag) {
        // If it is not ahead, what is not here was taken away by hand. What differs is later, such
        // as the register of a night that came to nothing, or was damaged.
        let is_ahead = links(store) != seen.index.links;
        let is_wanted = |path: &str, kept: &Kept| match store.stat(path)? {
            Some(file) => Ok(is_written_once(path) && !kept.is(&file)),
            None => Ok(!is_ahead),
        };
        return bring_all(store, bucket, &now.index, &is_wanted);
    }
    let index = seen.map(|seen| seen.index).unwrap_or_default();
    tell_dropped(store, &index, &now.index)?;
    // Whatever comes of it, the folder is to be made a copy.
    Seen { bucket: now.bucket.clone(), tag: Some(Tag::of_nothing()), index: index.clone() }
        .write(store)?;
    same(store, bucket, (&index, &now.index))
}

/// Says what was made here and never sent, and is given up as another machine published.
fn tell_dropped(store: &Store, seen: &Index, now: &Index) -> Result<()> {
    for path in files(store)?.into_iter().filter(|path| !is_kept_on(path, (seen, now))) {
        let is_one = path.ends_with("/manifest.json") || path.matches('/').count() < 2;
        let Some(file) = store.stat(&path)?.filter(|_| is_one && !is_page(&path)) else { continue };
        let is_sent =
            [seen, now].iter().any(|it| it.files.get(&path).is_some_and(|it| it.is(&file)));
        if !is_sent {
            tracing::warn!(
                event = "bucket.dropped",
                path,
                "It was not sent, and is dropped: another machine published."
            );
        }
    }
    Ok(())
}

/// Whether the folder is the copy of a bucket that has not been sent what readers of the folder
/// see.
///
/// # Errors
/// When it cannot be told.
pub fn is_ahead(store: &Store) -> Result<bool> {
    Ok(Seen::read(store)?.is_some_and(|seen| links(store) != seen.index.links))
}

/// The names of all files that are not of this machine alone.
pub(super) fn files(store: &Store) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in KEPT {
        match store.has(name) {
            true => found.push(name.to_owned()),
            false => found.extend(store.files_below(name)?),
        }
    }
    let is_own = |name: &String| name.rsplit('/').any(|part| part.starts_with('.'));
    found.retain(|name| !is_own(name) && store.target(name).is_none());
    Ok(found)
}

/// The links that choose what readers see.
pub(super) fn links(store: &Store) -> BTreeMap<String, String> {
    let names = [CURRENT.to_owned(), format!("{RELEASES}/{LATEST}")];
    names.into_iter().filter_map(|name| store.target(&name).map(|to| (name, to))).collect()
}

/// Makes a warehouse, which was the copy of an index, what another one says.
fn same(store: &Store, bucket: &Bucket, (seen, index): (&Index, &Index)) -> Result<()> {
    store.remove_folder(BUILDING)?;
    store.remove_file(NIGHT)?;
    let differs = |path: &str, kept: &Kept| {
        let Some(file) = store.stat(path)? else { return Ok(true) };
        Ok(!kept.is(&file) && !is_kept_on(path, (seen, index)))
    };
    bring_all(store, bucket, index, &differs)?;
    for name in links(store).keys().filter(|name| !index.links.contains_key(*name)) {
        store.remove_file(name)?;
    }
    for (name, target) in &index.links {
        store.point(name, target)?;
    }
    swap::link_folders(store)?;
    forget(store, (seen, index))
}

/// Whether what the folder has of a file is later than what the bucket has: what this machine
/// published, when no other did.
fn is_kept_on(path: &str, (seen, now): (&Index, &Index)) -> bool {
    let is_publication = path.strip_prefix(PUBLICATION).is_some_and(|rest| rest.starts_with('/'));
    is_publication && seen.files.get(path) == now.files.get(path)
}

/// Brings the files of an index that are wanted.
fn bring_all(
    store: &Store,
    bucket: &Bucket,
    index: &Index,
    is_wanted: &dyn Fn(&str, &Kept) -> Result<bool>,
) -> Result<()> {
    for (path, kept) in &index.files {
        if !is_wanted(path, kept)? {
            continue;
        }
        let file = bucket.bring(store, kept.object(path), path)?;
        if !kept.is(&file) {
            let told = format!("`{path}` in the bucket is not what was put there");
            return Err(Error::data(told).hint("`current.json` tells what each file is"));
        }
    }
    Ok(())
}

/// Removes what the bucket does not hold: runs that came to nothing there, and what they made.
/// Pages of nights stay, and segments.
fn forget(store: &Store, (seen, index): (&Index, &Index)) -> Result<()> {
    for path in files(store)? {
        let is_kept = is_staged(&path) || is_page(&path) || is_kept_on(&path, (seen, index));
        if !is_kept && !index.files.contains_key(&path) {
            store.remove_file(&path)?;
        }
    }
    let folder_of = |path: &String| {
        let mut slashes = path.match_indices('/').map(|(at, _)| at);
        slashes.nth(1).and_then(|at| path.get(..at)).map(str::to_owned)
    };
    let folders: BTreeSet<String> = index.files.keys().filter_map(folder_of).collect();
    for above in [RUNS, RELEASES] {
        for name in store.names_in(above)? {
            let folder = format!("{above}/{name}");
            if store.target(&folder).is_none() && !folders.contains(&folder) {
                store.remove_folder(&folder)?;
            }
        }
    }
    Ok(())
}

fn is_staged(path: &str) -> bool {
    path.strip_prefix(STAGED).is_some_and(|rest| rest.starts_with('/'))
}

fn is_page(path: &str) -> bool {
    path.strip_prefix(REPORTS).is_some_and(|rest| rest.starts_with('/'))
}
