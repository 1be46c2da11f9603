//! A folder becomes a copy of the warehouse that a bucket holds, and what was made in it goes
//! there.
//!
//! A copy that the bucket has not moved away from is ahead of it, and is sent; one that it has is
//! made anew, but for what it read from inputs, whose names say all that it depends on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::deliver::objects::Tag;
use crate::error::{Error, Result};
use crate::run::bucket::Bucket;
use crate::run::bucket::index::{Index, KEPT, Kept, STAGED};
use crate::run::draft::Written;
use crate::run::execute::RUNS;
use crate::run::interrupted::NIGHT;
use crate::run::manifest::CURRENT;
use crate::run::outputs::BUILDING;
use crate::run::protect::{LATEST, RELEASES};
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
    store: &'a Store,
    bucket: &'a Bucket,
    seen: Seen,
    /// Segments that were in the bucket, in the index or not.
    segments: BTreeSet<String>,
    /// Those that were brought from there.
    brought: BTreeMap<String, Written>,
}

/// What a bucket held at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    bucket: String,
    /// None before anything was there, and while the folder is being made a copy.
    tag: Option<Tag>,
    index: Index,
}

impl Seen {
    fn read(store: &Store) -> Result<Option<Self>> {
        let content = store.read(SEEN)?;
        Ok(content.and_then(|content| serde_json::from_slice(&content).ok()))
    }

    fn write(&self, store: &Store) -> Result<()> {
        let content = serde_json::to_vec(self)
            .map_err(|error| Error::internal("a moment is JSON").because(error))?;
        store.write(SEEN, &content).map(drop)
    }
}

impl<'a> LocalCopy<'a> {
    /// Makes the folder of a warehouse a copy of what the bucket holds.
    ///
    /// # Errors
    /// When the bucket does not answer, or the folder holds another warehouse.
    pub fn bring(store: &'a Store, bucket: &'a Bucket) -> Result<Self> {
        let _lock = store.lock()?;
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
        let segments: BTreeSet<String> = bucket.names_below(STAGED)?.into_iter().collect();
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
        Ok(Self { store, bucket, seen, segments, brought })
    }

    /// Sends what is not in the bucket, moves its pointer, and removes what nobody needs since the
    /// run before.
    ///
    /// # Errors
    /// When the bucket does not answer, or another machine moved the pointer meanwhile: what
    /// readers see is then as before, or as that machine left it.
    pub fn send(&mut self) -> Result<()> {
        if let Some(before) = self.moved(true)? {
            // What the last pointer named may still be read: it goes at the next run.
            let used: BTreeSet<&str> = self.seen.index.objects().collect();
            let old = before.unused.iter().filter(|name| !used.contains(name.as_str()));
            for name in old {
                if let Err(error) = self.bucket.remove(name) {
                    tracing::warn!(event = "bucket.kept", "{error}: old objects stay for now.");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends what was written down since, at the end of a night.
    ///
    /// # Errors
    /// As those of [`LocalCopy::send`], and when something else is at work in the folder.
    pub fn send_record(&mut self) -> Result<()> {
        let _lock = self.store.lock()?;
        self.moved(false).map(drop)
    }

    /// Moves the pointer, if there is anything new; gives the index before.
    fn moved(&mut self, is_night: bool) -> Result<Option<Index>> {
        let mut index = self.sent()?;
        let before = &self.seen.index;
        if (&index.links, &index.files) == (&before.links, &before.files) {
            return Ok(None);
        }
        let used: BTreeSet<&str> = index.objects().collect();
        let known = before.objects().chain(self.segments.iter().map(String::as_str));
        let earlier = before.unused.iter().map(String::as_str).filter(|_| !is_night);
        let unused = known.chain(earlier).filter(|name| !used.contains(name));
        index.unused = unused.map(str::to_owned).collect();
        let content = index.written()?;
        let tag = match self.bucket.point(&content, self.seen.tag.as_ref())? {
            Some(tag) => tag,
            // The answer to the one that moved it may have been lost.
            None => match self.bucket.pointed()? {
                Some((found, Some(tag))) if found == content => tag,
                _ => {
                    let told =
                        format!("another run was published in {} meanwhile", self.seen.bucket);
                    let hint = "run again: the folder is made a copy of it first";
                    return Err(Error::busy(told).hint(hint));
                }
            },
        };
        let before = std::mem::replace(&mut self.seen.index, index);
        self.seen.tag = Some(tag);
        self.seen.write(self.store)?;
        tracing::info!(
            event = "bucket.moved",
            bucket = self.seen.bucket,
            files = self.seen.index.files.len(),
            run = self.seen.index.links.get(CURRENT),
            "Readers of the bucket see the run."
        );
        Ok(Some(before))
    }

    /// Sends the files that the bucket lacks; gives the index of all.
    fn sent(&self) -> Result<Index> {
        let mut index = Index { links: links(self.store), ..Index::default() };
        for path in files(self.store)? {
            let Some(file) = self.store.stat(&path)? else { continue };
            let known = self.seen.index.files.get(&path).filter(|kept| kept.is(&file));
            let kept = known.cloned().map_or_else(|| self.put(&file), Ok)?;
            index.files.insert(path, kept);
        }
        Ok(index)
    }

    fn put(&self, file: &Written) -> Result<Kept> {
        let is_brought = self.brought.get(&file.path) == Some(file);
        if is_brought && self.bucket.has(&file.path)? {
            return Ok(Kept::of(file, &file.path));
        }
        for name in Index::names(file) {
            if self.bucket.send(self.store, file, &name)? {
                return Ok(Kept::of(file, &name));
            }
        }
        let told = format!("the object of `{}` holds something else", file.path);
        Err(Error::data(told).hint("nothing was written over; who else writes there?"))
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
    if now.tag.is_none() {
        let had_one = seen.as_ref().is_some_and(|seen| is_own && seen.tag.is_some());
        if had_one || (!is_own && !bucket.names_below("runs")?.is_empty()) {
            let told = format!("{}: the object that names all others is gone", now.bucket);
            return Err(Error::data(told).hint("put `current.json` back, or clear the bucket"));
        }
        // A warehouse moves into a bucket that holds none.
        return Ok(());
    }
    if !is_own && (store.has("register.jsonl") || !files(store)?.iter().all(|it| is_staged(it))) {
        let told = format!("the warehouse is no copy of the one in {}", now.bucket);
        return Err(Error::usage(told).hint("give an empty folder with `--warehouse`"));
    }
    let seen = seen.filter(|_| is_own);
    if let Some(seen) = seen.as_ref().filter(|seen| seen.tag == now.tag) {
        if links(store) == seen.index.links {
            // It is not ahead: what is not here was taken away by hand. What differs is later, such
            // as the register of a night that came to nothing.
            bring_all(store, bucket, &now.index, &|path, _| Ok(!store.has(path)))?;
        }
        return Ok(());
    }
    if let Some(seen) = &seen {
        tell_dropped(store, seen)?;
    }
    // Whatever comes of it, the folder is to be made a copy.
    let index = seen.map(|seen| seen.index).unwrap_or_default();
    Seen { bucket: now.bucket.clone(), tag: None, index }.write(store)?;
    same(store, bucket, &now.index)
}

/// Says what was made here and never sent, and is given up as another machine published.
fn tell_dropped(store: &Store, seen: &Seen) -> Result<()> {
    for path in files(store)? {
        let is_new =
            |kept: &Kept| store.stat(&path).map(|file| file.is_none_or(|it| !kept.is(&it)));
        let is_unsent = seen.index.files.get(&path).map_or(Ok(true), is_new)?;
        let is_one = path.ends_with("/manifest.json") || path.matches('/').count() < 2;
        if is_unsent && is_one && !path.starts_with(&format!("{REPORTS}/")) {
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

/// Sends the segment of an input, its record last, where the bucket lacks it.
///
/// # Errors
/// When the bucket does not answer.
pub fn send_segment(store: &Store, bucket: &Bucket, rows: &str) -> Result<()> {
    let stem = rows.strip_suffix("parquet").unwrap_or(rows);
    let folder = rows.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut names = store.files_below(folder)?;
    names.retain(|name| name.starts_with(stem));
    names.sort_by_key(|name| is_record(name));
    for name in names {
        let Some(file) = store.stat(&name)? else { continue };
        if !bucket.send(store, &file, &name)? {
            let told = format!("`{name}` in the bucket is of another program");
            return Err(Error::data(told).hint("nothing was written over"));
        }
    }
    Ok(())
}

/// Whether the segment with these rows is in the bucket.
///
/// # Errors
/// When the bucket does not answer.
pub fn has_segment(bucket: &Bucket, rows: &str) -> Result<bool> {
    let stem = rows.strip_suffix("parquet").unwrap_or(rows);
    bucket.has(&format!("{stem}json"))
}

/// The names of all files that are not of this machine alone.
fn files(store: &Store) -> Result<Vec<String>> {
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
fn links(store: &Store) -> BTreeMap<String, String> {
    let names = [CURRENT.to_owned(), format!("{RELEASES}/{LATEST}")];
    names.into_iter().filter_map(|name| store.target(&name).map(|to| (name, to))).collect()
}

/// Makes a warehouse what an index says.
fn same(store: &Store, bucket: &Bucket, index: &Index) -> Result<()> {
    store.remove_folder(BUILDING)?;
    store.remove_file(NIGHT)?;
    let differs = |path: &str, kept: &Kept| {
        store.stat(path).map(|file| file.is_none_or(|file| !kept.is(&file)))
    };
    bring_all(store, bucket, index, &differs)?;
    for (name, target) in &index.links {
        store.point(name, target)?;
    }
    swap::link_folders(store)?;
    forget(store, index)
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
fn forget(store: &Store, index: &Index) -> Result<()> {
    for path in files(store)? {
        let is_kept = is_staged(&path) || path.starts_with(&format!("{REPORTS}/"));
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

fn is_record(name: &str) -> bool {
    name.ends_with(".json")
}
