//! Records of published runs become what a source gave on each of the last reference days.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Kind, Result};
use crate::run::manifest::Manifest;
use crate::run::revision::history::back;
use crate::run::store::Store;

/// So many records are read, the last ones: several runs may have one reference day.
const RUNS_MAX: usize = 100;

/// What was published before.
#[derive(Debug, Default)]
pub(super) struct PastNights {
    /// The run that readers see.
    pub(super) last: Option<Manifest>,
    /// Reference days, the last first.
    nights: Vec<Night>,
}

/// The last run of a reference day.
#[derive(Debug)]
struct Night {
    as_of: String,
    /// Records of each source that had an input of its own.
    records: BTreeMap<String, i64>,
    /// Sources whose size a person said is right: what was before them says nothing.
    accepted: BTreeSet<String>,
}

impl PastNights {
    /// Reads the records, but for that of a run.
    ///
    /// # Errors
    /// When one that is there cannot be read now.
    pub(super) fn read(store: &Store, but: Option<&str>) -> Result<Self> {
        let mut found = Self::default();
        let is_left_out =
            |it: &Result<Manifest>| it.as_ref().is_ok_and(|it| but == Some(&it.run_id));
        for manifest in back(store).filter(|it| !is_left_out(it)).take(RUNS_MAX) {
            let manifest = match manifest {
                // The plan says so, and begins anew.
                Err(error) if error.kind == Kind::Data => break,
                manifest => manifest?,
            };
            found.add(&manifest);
            found.last.get_or_insert(manifest);
        }
        Ok(found)
    }

    fn add(&mut self, manifest: &Manifest) {
        let is_own = |source: &str| manifest.held_back.iter().all(|held| held.source != source);
        let accepted = manifest.accepted_inputs.iter().map(|input| input.source.clone());
        let accepted = accepted.filter(|source| is_own(source));
        if let Some(known) = self.nights.iter_mut().find(|night| night.as_of == manifest.as_of) {
            known.accepted.extend(accepted);
            return;
        }
        let mut records: BTreeMap<String, i64> = BTreeMap::new();
        for segment in &manifest.segments {
            *records.entry(segment.source.clone()).or_default() += segment.records;
        }
        // What stands for another night is not of this one.
        records.retain(|source, _| is_own(source));
        let accepted = accepted.collect();
        self.nights.push(Night { as_of: manifest.as_of.clone(), records, accepted });
    }

    /// The records of a source on the last reference days that had some of its own, the last
    /// first, back to the one that a person said is right.
    pub(super) fn records(&self, source: &str, days_max: usize) -> Vec<i64> {
        let mut found = Vec::new();
        for night in &self.nights {
            found.extend(night.records.get(source).copied());
            if found.len() == days_max || night.accepted.contains(source) {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::held_back::{AcceptedInput, Finding};

    /// A night of a source `a` with so many records.
    fn night(as_of: &str, records: i64, is_accepted: bool) -> Manifest {
        let segment = serde_json::json!({
            "source": "a", "id": "", "key": "", "records": records, "merged": 0,
            "container": "csv", "rows": {"path": "", "bytes": 0, "blake3": ""},
            "rejects": {"path": "", "bytes": 0, "blake3": ""}, "row_count": records,
            "unknown_columns": [],
        });
        let accepted = AcceptedInput {
            source: "a".to_owned(),
            finding: Finding::unreadable(""),
            keys: Vec::new(),
        };
        Manifest {
            as_of: as_of.to_owned(),
            segments: vec![serde_json::from_value(segment).unwrap()],
            accepted_inputs: is_accepted.then_some(accepted).into_iter().collect(),
            ..Manifest::default()
        }
    }

    #[test]
    fn a_day_counts_once_and_an_acceptance_begins_anew() {
        let mut past = PastNights::default();
        for manifest in [
            night("2025-07-04", 4, false),
            night("2025-07-04", 9, false),
            night("2025-07-03", 3, true),
            night("2025-07-02", 2, false),
        ] {
            past.add(&manifest);
        }
        assert_eq!(past.records("a", 28), [4, 3]);
        assert_eq!(past.records("a", 1), [4]);
        assert_eq!(past.records("b", 28), Vec::<i64>::new());
    }
}
