//! Identifiers of a segment become its index: which of its rows may bear some of them is told
//! without reading the segment.
//!
//! The index holds forty bits of the hash of each identifier, and the row that bears it. Two that
//! agree in these bits may differ all the same: whoever asks reads the rows and compares.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use crate::clean::duplicates::hash_of;
use crate::column::Values;
use crate::error::{Error, Result};
use crate::run::dataset::files::Coded;
use crate::run::draft::Written;
use crate::run::store::Store;

/// Bits of a hash that an index holds.
const BITS: u32 = 40;
/// The first of them tell the part, and each part is sorted on its own.
const PART_BITS: u32 = 8;
/// How an index begins.
const MARK: &[u8; 8] = b"conumid1";
/// Bytes before the fences: the mark, and how many bits of a hash tell its bucket.
const HEAD: usize = 12;
/// Entries a bucket has, about.
const BUCKET: usize = 64;
/// Bytes read at once, unless a bucket is longer.
const READ_MAX: u64 = 1 << 20;
/// Bytes between two buckets that are rather read than skipped.
const GAP_MAX: u64 = 4 << 10;

/// The bits of the hash of an identifier that an index holds.
#[must_use]
#[inline]
pub fn short_hash(id: u128) -> u64 {
    hash_of(id) >> (u64::BITS - BITS)
}

/// Identifiers of a segment: in each part, the other bits of each hash, and the row.
#[derive(Debug)]
pub struct Entries {
    parts: Vec<Vec<u64>>,
}

impl Default for Entries {
    fn default() -> Self {
        Self { parts: vec![Vec::new(); 1 << PART_BITS] }
    }
}

/// The bits of an entry that are those of the hash.
fn hash_bits(entry: u64) -> u64 {
    entry >> 32
}

/// The row of an entry.
fn row_of(entry: u64) -> u32 {
    u32::try_from(entry & u64::from(u32::MAX)).unwrap_or_default()
}

impl Entries {
    /// Reads the identifiers of a segment, whose row groups have so many rows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(file: &Coded<'_>, id: &str, rows: &[u32]) -> Result<Self> {
        let starts = rows.iter().scan(0_u32, |next, rows| {
            let start = *next;
            *next += rows;
            Some(start)
        });
        let groups: Vec<(usize, u32)> = starts.enumerate().collect();
        let mut entries = groups
            .par_iter()
            .try_fold(Self::default, |mut entries, (group, start)| {
                let columns = file.read(*group, &[id], &[None])?;
                entries.add(columns.first().map_or(&[], Values::ids), *start);
                Ok::<_, Error>(entries)
            })
            .try_reduce(Self::default, |one, other| Ok(one.merged(other)))?;
        entries.parts.par_iter_mut().for_each(|part| part.sort_unstable());
        Ok(entries)
    }

    fn add(&mut self, ids: &[u128], start: u32) {
        for (id, row) in ids.iter().zip(start..) {
            let hash = short_hash(*id);
            let part = usize::try_from(hash >> 32).ok().and_then(|part| self.parts.get_mut(part));
            if let Some(part) = part {
                part.push(hash << 32 | u64::from(row));
            }
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.parts.iter_mut().zip(other.parts).for_each(|(to, mut from)| to.append(&mut from));
        self
    }

    /// The hashes, in order, and their rows.
    pub fn hashes(&self) -> impl Iterator<Item = (u64, u32)> {
        (0_u64..).zip(&self.parts).flat_map(|(number, part)| {
            part.iter().map(move |entry| (number << 32 | hash_bits(*entry), row_of(*entry)))
        })
    }

    /// Writes the index of the segment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, store: &Store, path: &str) -> Result<Written> {
        let failed = |error| Error::io("write", &store.path(path), error);
        let mut draft = store.draft(path)?;
        let count = self.parts.iter().map(Vec::len).sum::<usize>();
        let bits = bucket_bits(count);
        let mut fences = vec![0_u32; (1 << bits) + 1];
        for (hash, _) in self.hashes() {
            let place = usize::try_from(hash >> (BITS - bits)).unwrap_or_default() + 1;
            if let Some(fence) = fences.get_mut(place) {
                *fence += 1;
            }
        }
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(&bits.to_le_bytes());
        let mut before = 0;
        for fence in &fences {
            before += fence;
            bytes.extend_from_slice(&u32::to_le_bytes(before));
        }
        draft.write_all(&bytes).map_err(failed)?;
        for part in &self.parts {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|entry| entry.to_le_bytes()));
            draft.write_all(&bytes).map_err(failed)?;
        }
        draft.commit_unsynced()
    }
}

/// Bits of a hash that tell its bucket.
fn bucket_bits(count: usize) -> u32 {
    (count / BUCKET).max(1).ilog2().clamp(PART_BITS, 24)
}

/// Rows of one or several segments that share their hash with another: segment and row.
#[must_use]
pub fn repeated(segments: &[(u32, &Entries)]) -> Vec<(u32, u32)> {
    let of_part = |part: usize| {
        let mut all: Vec<(u64, u32)> = Vec::new();
        for (segment, entries) in segments {
            let entries = entries.parts.get(part).map_or(&[][..], Vec::as_slice);
            if segments.len() == 1 {
                let shared = entries.chunk_by(|one, next| hash_bits(*one) == hash_bits(*next));
                let shared = shared.filter(|same| same.len() > 1).flatten();
                return shared.map(|entry| (*segment, row_of(*entry))).collect();
            }
            all.extend(entries.iter().map(|entry| (*entry, *segment)));
        }
        all.sort_unstable();
        let shared = all.chunk_by(|one, next| hash_bits(one.0) == hash_bits(next.0));
        let shared = shared.filter(|same| same.len() > 1).flatten();
        shared.map(|(entry, segment)| (*segment, row_of(*entry))).collect::<Vec<_>>()
    };
    (0..1 << PART_BITS).into_par_iter().flat_map_iter(of_part).collect()
}

/// The rows of a segment whose hash is one of these, which are in order: hash and row.
///
/// # Errors
/// When the index cannot be read.
pub fn hits(store: &Store, path: &str, wanted: &[u64]) -> Result<Vec<(u64, u32)>> {
    let index = Index::open(store, path)?;
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    let mut place = 0;
    while let Some(first) = wanted.get(place) {
        let (start, mut end) = index.range(*first);
        let mut next = place + 1;
        while let Some((from, to)) = wanted.get(next).map(|hash| index.range(*hash))
            && from <= end + GAP_MAX
            && to <= start + READ_MAX
        {
            end = to;
            next += 1;
        }
        bytes.resize(usize::try_from(end - start).unwrap_or_default(), 0);
        index.read(&mut bytes, start)?;
        for hash in wanted.get(place..next).unwrap_or_default() {
            let (from, to) = index.range(*hash);
            let at = |at: u64| usize::try_from(at - start).unwrap_or_default();
            let bucket = bytes.get(at(from)..at(to)).unwrap_or_default();
            let entries = bucket.as_chunks::<8>().0.iter().map(|entry| u64::from_le_bytes(*entry));
            let same = entries.filter(|entry| hash_bits(*entry) == hash & u64::from(u32::MAX));
            found.extend(same.map(|entry| (*hash, row_of(entry))));
        }
        place = next;
    }
    Ok(found)
}

/// An index whose buckets are read as they are needed.
struct Index<'s> {
    store: &'s Store,
    path: &'s str,
    file: File,
    bits: u32,
    /// Entries before each bucket.
    fences: Vec<u32>,
}

impl<'s> Index<'s> {
    fn open(store: &'s Store, path: &'s str) -> Result<Self> {
        let damaged = || Error::data(format!("`{path}` is no index of identifiers"));
        let mut index = Self { store, path, file: store.file(path)?, bits: 0, fences: Vec::new() };
        let mut head = [0; HEAD];
        index.read_at(&mut head, 0)?;
        let bits =
            head.strip_prefix(MARK).and_then(<[u8]>::as_array).map(|b| u32::from_le_bytes(*b));
        index.bits = bits.filter(|bits| (PART_BITS..=24).contains(bits)).ok_or_else(damaged)?;
        let mut fences = vec![0; ((1 << index.bits) + 1) * 4];
        index.read_at(&mut fences, HEAD as u64)?;
        index.fences = fences.as_chunks::<4>().0.iter().map(|f| u32::from_le_bytes(*f)).collect();
        if index.fences.is_sorted() { Ok(index) } else { Err(damaged()) }
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> Result<()> {
        let read = self.file.read_exact_at(bytes, at);
        read.map_err(|error| Error::io("read", &self.store.path(self.path), error))
    }

    /// The bytes of the entries from a place on, counted from the first entry.
    fn read(&self, bytes: &mut [u8], from: u64) -> Result<()> {
        let before = HEAD + self.fences.len() * 4;
        self.read_at(bytes, u64::try_from(before).unwrap_or_default() + from)
    }

    /// Where the entries of the bucket of a hash are, in bytes from the first entry.
    fn range(&self, hash: u64) -> (u64, u64) {
        let bucket = usize::try_from(hash >> (BITS - self.bits)).unwrap_or_default();
        let fence = |place: usize| self.fences.get(place).map_or(0, |entries| u64::from(*entries));
        (fence(bucket) * 8, fence(bucket + 1) * 8)
    }
}
