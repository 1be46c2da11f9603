//! What is expected of the inputs of each source, and the warnings that are accepted until a day.
//!
//! It stands apart from how an input is read: to change what is expected changes no figure, so
//! nothing is read or made again for it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::dataset::Dataset;
use crate::definition::pipeline::Pipeline;
use crate::definition::source::Source;
use crate::definition::{Files, Problem, toml_file};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::warnings::Code;

/// The file of the declaration.
pub const FILE: &str = "gates.toml";

/// `gates.toml`; without it, what is said here of each key holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// Reference days whose median a source is held against; 28.
    pub median_of_days: Option<u16>,
    /// Of all sources.
    #[serde(default)]
    all: Expected,
    /// Of a source or dataset, where it is something else.
    #[serde(default)]
    sources: BTreeMap<String, Expected>,
    /// Warnings that are told and change no exit code.
    #[serde(default)]
    pub accepted_warnings: Vec<AcceptedWarning>,
    /// BLAKE3 of the file.
    #[serde(skip)]
    pub digest: String,
}

/// What is declared of a source, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    required: Option<bool>,
    rows_percent_min: Option<u64>,
    rows_judged_from: Option<u32>,
    rejects_percent_max: Option<u64>,
    stale_days_max: Option<u16>,
    patience_days: Option<u16>,
}

/// What is expected of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without an input, and without one of an earlier night, there is no run.
    pub is_required: bool,
    /// Least share of the usual number of records; 90, and 0 where nobody can tell.
    pub rows_percent_min: u64,
    /// A source that usually has fewer records is judged only when it has none; 100.
    pub rows_judged_from: u32,
    /// Largest share of refused records; that of the pipeline.
    pub rejects_percent_max: u64,
    /// Days before the reference day that the newest record may be of, at most.
    pub stale_days_max: Option<u16>,
    /// Days that an earlier input stands for one that is held back; 7.
    pub patience_days: u16,
}

/// A warning that is told and does not change the exit code, until a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedWarning {
    /// Which one.
    pub code: Code,
    /// Of which source; of any by default.
    pub source: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last reference day it is accepted on.
    pub until: Date,
}

impl Gates {
    /// What is expected of a source.
    #[must_use]
    pub fn limits(&self, pipeline: &Pipeline, source: &str) -> Limits {
        let (own, all) = (self.sources.get(source), &self.all);
        let own = own.unwrap_or(all);
        let rejects = own.rejects_percent_max.or(all.rejects_percent_max);
        Limits {
            is_required: own.required.or(all.required).unwrap_or(false),
            rows_percent_min: own.rows_percent_min.or(all.rows_percent_min).unwrap_or(90),
            rows_judged_from: own.rows_judged_from.or(all.rows_judged_from).unwrap_or(100),
            rejects_percent_max: rejects.unwrap_or(pipeline.rejects_percent_max),
            stale_days_max: own.stale_days_max.or(all.stale_days_max),
            patience_days: own.patience_days.or(all.patience_days).unwrap_or(7),
        }
    }

    /// Reference days whose median a source is held against.
    #[must_use]
    pub fn median_of_days(&self) -> usize {
        usize::from(self.median_of_days.unwrap_or(28))
    }

    fn mistakes(
        &self,
        sources: &BTreeMap<String, Source>,
        datasets: &BTreeMap<String, Dataset>,
    ) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let is_known = |name: &String| sources.contains_key(name) || datasets.contains_key(name);
        for (name, expected) in &self.sources {
            let word = format!("[sources.{name}]");
            if !is_known(name) {
                found.push((word.clone(), format!("there is no source or dataset `{name}`")));
            }
            let subject = sources.get(name).map(|source| source.subject);
            let has_days = subject.is_none_or(|subject| subject == Subject::Activites);
            if expected.stale_days_max.is_some() && !has_days {
                let message = format!("`stale_days_max`: records of `{name}` bear no day");
                found.push((word, message));
            }
        }
        if self.all.stale_days_max.is_some() {
            let message = "`stale_days_max` is declared source by source: archives are old";
            found.push(("[all]".to_owned(), message.to_owned()));
        }
        for expected in self.sources.values().chain([&self.all]) {
            for (word, share) in [
                ("rows_percent_min", expected.rows_percent_min),
                ("rejects_percent_max", expected.rejects_percent_max),
            ] {
                if share.is_some_and(|share| share > 100) {
                    found.push((word.to_owned(), format!("`{word}` is a share, from 0 to 100")));
                }
            }
        }
        if self.median_of_days == Some(0) {
            let message = "`median_of_days` is at least 1".to_owned();
            found.push(("median_of_days".to_owned(), message));
        }
        for accepted in &self.accepted_warnings {
            if accepted.reason.trim().is_empty() {
                let message = "an accepted warning needs a `reason`".to_owned();
                found.push(("reason".to_owned(), message));
            }
            if let Some(name) = accepted.source.as_ref().filter(|name| !is_known(name)) {
                found.push((name.clone(), format!("there is no source or dataset `{name}`")));
            }
        }
        found
    }
}

pub(super) fn load(
    files: &Files,
    (sources, datasets): (&BTreeMap<String, Source>, &BTreeMap<String, Dataset>),
    problems: &mut Vec<Problem>,
) -> Gates {
    let Some(bytes) = files.get(FILE) else { return Gates::default() };
    let gates = toml_file::read::<Gates>(FILE, bytes, problems).unwrap_or_default();
    for (word, message) in gates.mistakes(sources, datasets) {
        problems.push(Problem::at(FILE, bytes, &word, message));
    }
    Gates { digest: blake3::hash(bytes).to_hex().to_string(), ..gates }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> (Gates, Vec<String>) {
        let files = Files::from([(FILE.to_owned(), text.as_bytes().to_vec())]);
        let mut problems = Vec::new();
        let gates = load(&files, (&BTreeMap::new(), &BTreeMap::new()), &mut problems);
        (gates, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_a_source_does_not_say_is_that_of_all() {
        let (gates, _) = loaded(
            "[all]\npatience_days = 3\nrejects_percent_max = 2\n[sources.a]\nrequired = true\n\
             rows_percent_min = 99\nstale_days_max = 4\n",
        );
        let pipeline = Pipeline { rejects_percent_max: 5, ..Pipeline::default() };
        let expected = Limits {
            is_required: true,
            rows_percent_min: 99,
            rows_judged_from: 100,
            rejects_percent_max: 2,
            stale_days_max: Some(4),
            patience_days: 3,
        };
        assert_eq!(gates.limits(&pipeline, "a"), expected);
        let other =
            Limits { is_required: false, rows_percent_min: 90, stale_days_max: None, ..expected };
        assert_eq!(gates.limits(&pipeline, "b"), other);
        let none = Gates::default();
        assert_eq!(none.limits(&pipeline, "a").rejects_percent_max, 5);
        assert_eq!(none.median_of_days(), 28);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let (_, problems) = loaded(
            "median_of_days = 0\n[all]\nrows_percent_min = 101\n[sources.x]\nrequired = true\n\
             [[accepted_warnings]]\ncode = \"input_empty\"\nsource = \"y\"\nreason = \" \"\n\
             until = \"2025-12-31\"\n",
        );
        assert_eq!(
            problems,
            [
                "gates.toml:4: there is no source or dataset `x`",
                "gates.toml:3: `rows_percent_min` is a share, from 0 to 100",
                "gates.toml:1: `median_of_days` is at least 1",
                "gates.toml:9: an accepted warning needs a `reason`",
                "gates.toml:8: there is no source or dataset `y`",
            ]
        );
        let (_, problems) = loaded("[all]\nstale_days_max = 3\n");
        assert_eq!(problems.len(), 1);
        let unknown =
            "[[accepted_warnings]]\ncode = \"any\"\nreason = \"r\"\nuntil = \"2025-01-01\"";
        assert!(loaded(unknown).1.concat().contains("unknown variant `any`"));
    }
}
