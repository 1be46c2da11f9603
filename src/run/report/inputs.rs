//! Records of runs, and the log of one that left none, become what each source gave.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::run::held_back::{HeldBack, Reason};
use crate::run::manifest::{Input, Manifest};
use crate::run::report::night::Night;
use crate::run::revision::history::since;

/// Runs that are looked back to for when an input came.
const LOOKED_BACK: usize = 60;

/// What a source gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// The source or dataset.
    pub source: String,
    /// How many inputs.
    pub files: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// Records that were met; none where not all of them were read.
    pub records: Option<i64>,
    /// When the first run began that had the same inputs; none of inputs that are new.
    pub since: Option<String>,
    /// What was given and is not used: an earlier input stands for it.
    pub held: Option<Held>,
}

/// What a source gave that is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Why, in French.
    pub why: &'static str,
    /// How many inputs.
    pub files: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// Records, as far as they could be read.
    pub records: i64,
    /// Reference day of the input that stands for it.
    pub stands: String,
    /// The last reference day on which it does.
    pub until: String,
}

/// What each source gave, of what is used; by what is known of a run that readers never saw.
///
/// # Errors
/// When the record of the run that readers see cannot be read.
pub fn came(night: &Night<'_>) -> Result<Vec<Came>> {
    let left = if night.attempt.is_good() { None } else { night.left() };
    let made = if night.attempt.is_good() { night.seen.as_ref() } else { left.as_ref() };
    let mut found = match made {
        Some(made) => of_record(made),
        None => of_log(night),
    };
    let Some(seen) = &night.seen else { return Ok(found.into_values().map(|it| it.0).collect()) };
    let first = since(night.store, seen, LOOKED_BACK)?;
    let is_new = night.is_new();
    for (source, (came, hashes)) in &mut found {
        let known = seen.inputs.iter().filter(|it| it.source.as_ref() == Some(source));
        if *hashes == known.map(|it| it.blake3.as_str()).collect::<BTreeSet<_>>() {
            let first = first.get(source).unwrap_or(&seen.started_at);
            came.since = Some(first.clone()).filter(|first| !is_new || *first != seen.started_at);
        }
    }
    Ok(found.into_values().map(|it| it.0).collect())
}

/// By source, with the hashes of its inputs.
type Found<'m> = BTreeMap<String, (Came, BTreeSet<&'m str>)>;

fn of_record(made: &Manifest) -> Found<'_> {
    let mut found = Found::new();
    for input in &made.inputs {
        let Some(source) = &input.source else { continue };
        let (came, hashes) = found.entry(source.clone()).or_default();
        hashes.insert(&input.blake3);
        came.files += usize::from(input.same_as.is_none());
    }
    for (source, (came, _)) in &mut found {
        let own = made.inputs.iter().filter(|it| it.source.as_ref() == Some(source));
        came.bytes = bytes(own.filter(|it| it.same_as.is_none()));
        let segments = made.segments.iter().filter(|it| it.source == *source);
        // What is only looked up has no segment.
        came.records = segments.map(|it| it.records).reduce(|one, other| one + other);
        came.source.clone_from(source);
    }
    for held in &made.held_back {
        let (came, _) = found.entry(held.source.clone()).or_default();
        came.source.clone_from(&held.source);
        came.held = Some(of_held(held));
    }
    found
}

/// Why the input of a source is not used, from its code.
#[must_use]
pub fn why(reason: &str) -> &'static str {
    let is = |one: &Reason| one.code() == reason;
    match Reason::ALL.into_iter().find(is) {
        Some(Reason::Absent) => "absente",
        Some(Reason::Unreadable) => "illisible",
        Some(Reason::Truncated) => "tronquée",
        Some(Reason::Rejects) => "trop de lignes refusées",
        Some(Reason::Smaller) => "bien plus petite que d'habitude",
        Some(Reason::Stale) => "trop ancienne",
        None => "raison inconnue",
    }
}

fn of_held(held: &HeldBack) -> Held {
    Held {
        why: why(held.finding.reason.code()),
        files: held.given.iter().filter(|it| it.same_as.is_none()).count(),
        bytes: bytes(held.given.iter().filter(|it| it.same_as.is_none())),
        records: held.segments.iter().map(|segment| segment.records).sum(),
        stands: held.since.to_string(),
        until: held.until.to_string(),
    }
}

/// Bytes of files; those of an archive once.
fn bytes<'i>(inputs: impl Iterator<Item = &'i Input>) -> u64 {
    inputs.map(|it| (file(&it.name), it.bytes)).collect::<BTreeMap<_, _>>().into_values().sum()
}

/// The file of an input: the name of a member begins with that of its archive.
fn file(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn of_log<'n>(night: &'n Night<'_>) -> Found<'n> {
    let mut found = Found::new();
    let mut files: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for input in night.logged.inputs.values() {
        let (came, hashes) = found.entry(input.source.clone()).or_default();
        hashes.insert(&input.blake3);
        let others = if came.files == 0 { Some(0) } else { came.records };
        came.records = others.zip(input.records).map(|(others, own)| others + own);
        came.files += 1;
        came.source.clone_from(&input.source);
        files.insert((&input.source, file(&input.name)), input.bytes);
    }
    for ((source, _), bytes) in files {
        if let Some((came, _)) = found.get_mut(source) {
            came.bytes += bytes;
        }
    }
    found
}
