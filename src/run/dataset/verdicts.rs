//! Identifiers, versions and notices of all segments become verdicts; where an earlier run left
//! some, only identifiers that came since are judged again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clean::duplicates::{Verdict, Version, decide};
use crate::definition::dataset::Dataset;
use crate::error::{Error, Result};
use crate::run::dataset::files::Coded;
use crate::run::dataset::ids::{self, Entries};
use crate::run::draft::Written;
use crate::run::manifest::Segment;
use crate::run::store::Store;
use crate::vocabulary::columns;

/// A segment of a dataset or of its notices.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// What its columns are.
    pub dataset: &'a Dataset,
}

/// Row → what became of it, where anything did.
pub type Rows = BTreeMap<Verdict, Vec<u32>>;

/// What is known of a segment, and stays so until a later one bears one of its identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The index of its identifiers.
    pub index: Written,
    /// Rows of each verdict, in order.
    pub rows: Rows,
}

/// Rows of some verdicts in a range.
pub fn within(rows: &Rows, range: Range<u32>) -> impl Iterator<Item = (Verdict, &[u32])> {
    rows.iter().map(move |(verdict, rows)| {
        let first = rows.partition_point(|row| *row < range.start);
        let last = rows.partition_point(|row| *row < range.end);
        (*verdict, rows.get(first..last).unwrap_or_default())
    })
}

/// Segments that are opened when they are first read.
pub struct Files<'a> {
    store: &'a Store,
    parts: &'a [Part<'a>],
    opened: Vec<Mutex<Option<Arc<Coded<'a>>>>>,
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({})", self.parts.len())
    }
}

impl<'a> Files<'a> {
    /// The files of some segments.
    #[must_use]
    pub fn of(store: &'a Store, parts: &'a [Part<'a>]) -> Self {
        Self { store, parts, opened: parts.iter().map(|_| Mutex::default()).collect() }
    }

    /// The file of the segment of a number.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn get(&self, number: usize) -> Result<Arc<Coded<'a>>> {
        let (Some(part), Some(slot)) = (self.parts.get(number), self.opened.get(number)) else {
            return Err(Error::internal("a segment has a file"));
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*slot {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(Coded::open(self.store, &part.segment.rows.path)?);
        *slot = Some(Arc::clone(&file));
        Ok(file)
    }
}

/// Judges all rows of all segments, in their order; `earlier` has what was known of some, by their
/// keys, when there were no others.
///
/// # Errors
/// When a file cannot be read, or an index written.
pub fn judge(
    store: &Store,
    (parts, files): (&[Part<'_>], &Files<'_>),
    earlier: &BTreeMap<String, Judged>,
) -> Result<Vec<Judged>> {
    let keys: BTreeSet<&str> = parts.iter().map(|part| part.segment.key.as_str()).collect();
    // Without a segment that was there, what others lost to it counts again: all is judged anew.
    let is_more = earlier.keys().all(|key| keys.contains(key.as_str()));
    let known = |part: &Part<'_>| earlier.get(&part.segment.key).filter(|_| is_more);
    let mut judged = Vec::new();
    let mut fresh: Vec<(u32, Entries)> = Vec::new();
    for ((number, part), place) in (0_u32..).zip(parts).zip(0_usize..) {
        let path = index_path(part.segment);
        if let Some(known) = known(part)
            && (store.stat(&path)?.as_ref() == Some(&known.index))
        {
            judged.push(known.clone());
            continue;
        }
        let rows: Vec<u32> = part.segment.groups.iter().map(|(_, rows)| *rows).collect();
        let entries = Entries::read(&*files.get(place)?, &part.dataset.id, &rows)?;
        let index = entries.write(store, &path)?;
        if let Some(known) = known(part) {
            tracing::warn!(event = "index.damaged", file = %path, "Made again.");
            judged.push(Judged { index, ..known.clone() });
        } else {
            judged.push(Judged { index, rows: Rows::new() });
            fresh.push((number, entries));
        }
    }
    let candidates = candidates(store, (parts, &judged), &fresh)?;
    let mut versions = versions((parts, files), &candidates)?;
    if fresh.len() < parts.len() {
        // Rows that only share their hash with a fresh one are judged already.
        let is_fresh: HashSet<u32> = fresh.iter().map(|(number, _)| *number).collect();
        let of_fresh = versions.iter().filter(|version| is_fresh.contains(&version.segment));
        let ids: HashSet<u128> = of_fresh.map(|version| version.id).collect();
        versions.retain(|version| ids.contains(&version.id));
    }
    let decided = decide(versions);
    for of_segment in decided.chunk_by(|one, other| one.0 == other.0) {
        let segment = of_segment.first().and_then(|found| usize::try_from(found.0).ok());
        let Some(judged) = segment.and_then(|segment| judged.get_mut(segment)) else { continue };
        replace(&mut judged.rows, of_segment);
    }
    Ok(judged)
}

/// The path of the index of a segment.
fn index_path(segment: &Segment) -> String {
    format!("staged/{}/{}.ids", segment.source, segment.key)
}

/// Rows of fresh segments that may share their identifier with another row, and these others; by
/// segment, in order.
fn candidates(
    store: &Store,
    (parts, judged): (&[Part<'_>], &[Judged]),
    fresh: &[(u32, Entries)],
) -> Result<Vec<BTreeSet<u32>>> {
    let mut found = vec![BTreeSet::new(); parts.len()];
    let mut add = |segment: u32, row: u32| {
        let rows = usize::try_from(segment).ok().and_then(|segment| found.get_mut(segment));
        if let Some(rows) = rows {
            rows.insert(row);
        }
    };
    let entries: Vec<(u32, &Entries)> = fresh.iter().map(|(number, e)| (*number, e)).collect();
    for (segment, row) in ids::repeated(&entries) {
        add(segment, row);
    }
    let is_fresh: HashSet<u32> = fresh.iter().map(|(number, _)| *number).collect();
    let old: Vec<(u32, &Judged)> =
        (0..).zip(judged).filter(|(number, _)| !is_fresh.contains(number)).collect();
    if old.is_empty() || fresh.is_empty() {
        return Ok(found);
    }
    let mut wanted: Vec<u64> =
        fresh.iter().flat_map(|(_, entries)| entries.hashes().map(|(hash, _)| hash)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let hits: Vec<(u32, Vec<(u64, u32)>)> = old
        .par_iter()
        .map(|(number, judged)| Ok((*number, ids::hits(store, &judged.index.path, &wanted)?)))
        .collect::<Result<_>>()?;
    let mut met: HashSet<u64> = HashSet::new();
    for (segment, hits) in hits {
        for (hash, row) in hits {
            met.insert(hash);
            add(segment, row);
        }
    }
    for (segment, entries) in fresh {
        for (_, row) in entries.hashes().filter(|(hash, _)| met.contains(hash)) {
            add(*segment, row);
        }
    }
    Ok(found)
}

/// Reads what tells versions apart, of some rows of each segment.
fn versions(
    (parts, files): (&[Part<'_>], &Files<'_>),
    candidates: &[BTreeSet<u32>],
) -> Result<Vec<Version>> {
    let mut groups = Vec::new();
    for ((place, part), rows) in parts.iter().enumerate().zip(candidates) {
        let mut start = 0_u32;
        for (group, (_, count)) in part.segment.groups.iter().enumerate() {
            let range = start..start + count;
            start = range.end;
            if rows.range(range.clone()).next().is_some() {
                groups.push((place, group, range));
            }
        }
    }
    let read = |(place, group, range): &(usize, usize, Range<u32>)| -> Result<Vec<Version>> {
        let (Some(part), Some(rows)) = (parts.get(*place), candidates.get(*place)) else {
            return Err(Error::internal("a row comes from a segment"));
        };
        let names = [&part.dataset.id, &part.dataset.version, columns::EMPREINTE.name];
        let columns = files.get(*place)?.read(*group, &names, &[None, None, None])?;
        let [ids, at, prints] = columns.as_slice() else {
            return Err(Error::internal("three columns were asked for"));
        };
        let segment = u32::try_from(*place).map_err(|_| Error::internal("few segments"))?;
        let version = |row: &u32| {
            let place = usize::try_from(row - range.start).ok()?;
            Some(Version {
                id: *ids.ids().get(place)?,
                is_notice: part.dataset.notices_of.is_some(),
                at: *at.instants().get(place)?,
                content: prints.instants().get(place)?.cast_unsigned(),
                segment,
                row: *row,
            })
        };
        Ok(rows.range(range.clone()).filter_map(version).collect())
    };
    let versions: Vec<Vec<Version>> = groups.par_iter().map(read).collect::<Result<_>>()?;
    Ok(versions.into_iter().flatten().collect())
}

/// Puts the verdicts on some rows in the place of those before.
fn replace(rows: &mut Rows, decided: &[(u32, u32, Option<Verdict>)]) {
    let again: HashSet<u32> = decided.iter().map(|(_, row, _)| *row).collect();
    for of_verdict in rows.values_mut() {
        of_verdict.retain(|row| !again.contains(row));
    }
    for (_, row, verdict) in decided {
        if let Some(verdict) = verdict {
            rows.entry(*verdict).or_default().push(*row);
        }
    }
    rows.retain(|_, of_verdict| !of_verdict.is_empty());
    rows.values_mut().for_each(|of_verdict| of_verdict.sort_unstable());
}
