//! What a run made of the months of a dataset becomes what the next run need not make again.
//!
//! A month is known by the hash of all that decides its clean file and its sums: its rows, which
//! of them count, declarations and files looked up.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::aggregate::cube::Cut;
use crate::clean::VERSION;
use crate::clean::duplicates::Verdict;
use crate::clean::versions::Effect;
use crate::definition::dataset::Dataset;
use crate::error::Result;
use crate::run::clean::STAGE;
use crate::run::dataset::lookups;
use crate::run::dataset::months::text_of;
use crate::run::dataset::verdicts::{Judged, Part, Rows, within};
use crate::run::job::Job;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::Output;
use crate::run::reuse;
use crate::vocabulary::codes::Fate;

/// What a run leaves to the next, of one dataset.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// What was known of each segment, by its key.
    pub segments: BTreeMap<String, Judged>,
    /// Months with rows.
    pub months: BTreeMap<i32, KeptMonth>,
    /// The texts that the codes of sums stand for, by column: the first has the code 1.
    pub texts: BTreeMap<String, Vec<String>>,
}

/// A month that need not be made again.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptMonth {
    /// Hash of all it depends on.
    pub key: String,
    /// Its clean file, unless all its rows lost.
    pub output: Option<Output>,
    /// Its sums, a table each.
    pub sums: Vec<Cut>,
}

impl Kept {
    /// Takes a month out, with its clean file linked into the run under construction, if its key
    /// is the same and its file is whole.
    ///
    /// # Errors
    /// When its file cannot be read or linked.
    pub fn take(&mut self, job: &Job<'_>, month: i32, key: &str) -> Result<Option<KeptMonth>> {
        let Some(kept) = self.months.remove(&month).filter(|kept| kept.key == key) else {
            return Ok(None);
        };
        let is_there =
            kept.output.as_ref().map_or(Ok(true), |output| reuse::take_over(job, output))?;
        Ok(is_there.then_some(kept))
    }
}

/// The hash of all that each month depends on.
///
/// # Errors
/// When a file to look up is missing.
pub fn month_keys(
    job: &Job<'_>,
    (name, dataset): (&str, &Dataset),
    parts: &[Part<'_>],
    judged: &[Judged],
) -> Result<BTreeMap<i32, String>> {
    let mut base = blake3::Hasher::new();
    base.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&VERSION.to_le_bytes());
    for path in [format!("datasets/{name}.toml").as_str(), "indicateurs.toml"] {
        let digest = job.definitions.digests.get(path);
        base.update(digest.map_or(&[], |digest| digest.as_bytes())).update(b"\n");
    }
    for (input, _) in lookups::inputs(job, name, dataset)? {
        base.update(input.blake3.as_bytes());
    }
    let mut hashers: BTreeMap<i32, blake3::Hasher> = BTreeMap::new();
    let of_rows = parts.iter().zip(judged).filter(|(part, _)| part.dataset.notices_of.is_none());
    for (part, judged) in of_rows {
        let mut start = 0_u32;
        for (month, count) in &part.segment.groups {
            let range = start..start + count;
            start = range.end;
            let hasher = hashers.entry(*month).or_insert_with(|| base.clone());
            hasher.update(part.segment.rows.blake3.as_bytes());
            hasher.update(&range.start.to_le_bytes()).update(&count.to_le_bytes());
            for (verdict, rows) in within(&judged.rows, range) {
                // A verdict on rows of another month is none of this one.
                if rows.is_empty() {
                    continue;
                }
                let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
                hasher.update(&[code(verdict)]).update(&bytes).update(&u32::MAX.to_le_bytes());
            }
        }
    }
    let key = |(month, hasher): (i32, blake3::Hasher)| (month, hasher.finalize().to_string());
    Ok(hashers.into_iter().map(key).collect())
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Superseded => 1,
        Verdict::Duplicate => 2,
        Verdict::Deleted => 3,
        Verdict::Applied => 4,
        Verdict::Overtaken => 5,
    }
}

/// Enters all rows and notices in the ledger: what is kept, what is not, and what each notice did.
pub fn enter(parts: &[Part<'_>], judged: &[Judged], ledger: &mut Ledger) {
    for (part, judged) in parts.iter().zip(judged) {
        let account = |period: String| Account {
            stage: STAGE.to_owned(),
            source: part.segment.source.clone(),
            segment: part.segment.id.clone(),
            period,
        };
        if part.dataset.notices_of.is_some() {
            let rows = part.segment.groups.iter().map(|(_, rows)| *rows).sum();
            let rest = (Fate::Notice, Effect::Void.code());
            enter_rows((&account(String::new()), rest), (&judged.rows, 0..rows), ledger);
            continue;
        }
        let mut start = 0_u32;
        for (month, count) in &part.segment.groups {
            let range = start..start + count;
            start = range.end;
            let account = account(text_of(*month));
            enter_rows((&account, (Fate::Kept, "")), (&judged.rows, range), ledger);
        }
    }
}

/// Enters rows in an account; those without verdict have the fate of the rest.
fn enter_rows(
    (account, rest): (&Account, (Fate, &str)),
    (rows, range): (&Rows, Range<u32>),
    ledger: &mut Ledger,
) {
    let mut left = i64::from(range.end - range.start);
    ledger.enter(account, Amount::of_rows(left));
    for (verdict, found) in within(rows, range) {
        let count = i64::try_from(found.len()).unwrap_or_default();
        let (fate, reason) = match verdict {
            Verdict::Superseded => (Fate::Superseded, ""),
            Verdict::Duplicate => (Fate::Duplicate, ""),
            Verdict::Deleted => (Fate::Deleted, ""),
            Verdict::Applied => (Fate::Notice, Effect::Applied.code()),
            Verdict::Overtaken => (Fate::Notice, Effect::Overtaken.code()),
        };
        ledger.leave(account, fate, reason, Amount::of_rows(count));
        left -= count;
    }
    ledger.leave(account, rest.0, rest.1, Amount::of_rows(left));
}
