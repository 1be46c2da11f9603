//! The record of a run: what went in, by which declarations, what came out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::Definitions;
use crate::definition::source::Container;
use crate::error::{Error, Result};
use crate::run::digest::Stamp;
use crate::run::draft::Written;
use crate::run::held_back::{AcceptedInput, HeldBack};
use crate::run::store::Store;
use crate::run::warning::Warning;
use crate::vocabulary::codes::Subject;

/// Pointer to the run that readers see.
pub const CURRENT: &str = "current";
/// Name of the record in the folder of its run.
pub const MANIFEST: &str = "manifest.json";

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// File name.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of its bytes; empty when no source reads it.
    pub blake3: String,
    /// Its name in the archive that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The source whose pattern it matches.
    pub source: Option<String>,
    /// Another input with the same bytes, read instead.
    pub same_as: Option<String>,
    /// What the file system said of it before it was hashed.
    #[serde(skip)]
    pub stamp: Option<Stamp>,
}

/// A staged segment: one input file, parsed once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its source.
    pub source: String,
    /// First 16 hexadecimal digits of the BLAKE3 of the input.
    pub id: String,
    /// Hash of the input, the source's declaration, the lists and the reader's version.
    pub key: String,
    /// Records met.
    pub records: i64,
    /// Rows of a sheet that went into the record of an earlier row.
    pub merged: i64,
    /// How the input is laid out.
    pub container: Container,
    /// Typed rows.
    pub rows: Written,
    /// Refused records.
    pub rejects: Written,
    /// Number of typed rows.
    pub row_count: i64,
    /// Columns of the input that its source does not declare.
    pub unknown_columns: Vec<String>,
    /// Of activities and of a dataset: the month of each row group, in months since January of the
    /// year 0, and its rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<(i32, u32)>,
    /// Of a dataset: refused records by their first reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, i64>,
}

/// A file of the run and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The file, relative to the run.
    #[serde(flatten)]
    pub file: Written,
    /// Rows in it.
    pub rows: u64,
}

/// `manifest.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Stamp and key; the name of the run's folder.
    pub run_id: String,
    /// Version of the program.
    pub version: String,
    /// When the run began.
    pub started_at: String,
    /// When its outputs were complete.
    pub finished_at: String,
    /// Reference day.
    pub as_of: String,
    /// Pipeline file.
    pub pipeline: String,
    /// BLAKE3 of all declarations.
    pub definitions: String,
    /// BLAKE3 of each declaration.
    pub definition_files: BTreeMap<String, String>,
    /// Tells keys of pseudonyms apart.
    pub key_fingerprint: String,
    /// Input files.
    pub inputs: Vec<Input>,
    /// Segments they became.
    pub segments: Vec<Segment>,
    /// Stage → hash of all it depends on.
    pub stage_keys: BTreeMap<String, String>,
    /// Files of the run.
    pub outputs: Vec<Output>,
    /// Clean table → flag → rows that bear it.
    pub flags: BTreeMap<String, BTreeMap<String, u64>>,
    /// How the two systems fit together: what, and how many.
    #[serde(default)]
    pub reconciliation: BTreeMap<String, i64>,
    /// What the clean stage found that a person should know.
    pub clean_warnings: Vec<Warning>,
    /// All that a person should know.
    pub warnings: Vec<Warning>,
    /// Sources whose input of the night was not used: one of an earlier run stands among `inputs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
    /// Sources whose input is used because a person said that it is right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_inputs: Vec<AcceptedInput>,
    /// BLAKE3 of the line of the register that began the run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub registered: String,
    /// Manifest of the run before, and its BLAKE3.
    pub previous: Option<Written>,
}

impl Manifest {
    /// The subjects that some segment describes and that have a table.
    #[must_use]
    pub fn subjects(&self, definitions: &Definitions) -> Vec<Subject> {
        let sources = self.segments.iter().filter_map(|it| definitions.sources.get(&it.source));
        let subjects = sources.map(|source| source.subject);
        let mut subjects: Vec<Subject> = subjects.filter(|subject| subject.has_table()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// The record of the run that readers see, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn current(store: &Store) -> Result<Option<Self>> {
        let Some(content) = store.read(&format!("{CURRENT}/{MANIFEST}"))? else { return Ok(None) };
        let manifest = serde_json::from_slice(&content).map_err(|error| {
            Error::data(format!("`{CURRENT}/{MANIFEST}` cannot be read: {error}"))
                .because(error)
                .hint("run with `--force` to rebuild every stage")
        })?;
        Ok(Some(manifest))
    }

    /// The record of the run that readers see, where there must be one.
    ///
    /// # Errors
    /// When nothing is published, or it cannot be read.
    pub fn published(store: &Store) -> Result<Self> {
        Self::current(store)?.ok_or_else(|| {
            Error::no_input("the warehouse has no published run")
                .hint("`conum run` makes one; `conum plan` says what is missing")
        })
    }

    /// The file of the record that readers see.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(super) fn shown(store: &Store) -> Result<Option<Written>> {
        let run = store.target(CURRENT);
        run.map_or(Ok(None), |run| store.stat(&format!("{run}/{MANIFEST}")))
    }

    /// The name of the input that a segment is of; its own where no input is.
    #[must_use]
    pub fn input_of<'m>(&'m self, segment: &'m str) -> &'m str {
        let of = |input: &&Input| input.blake3.starts_with(segment);
        self.inputs.iter().find(of).map_or(segment, |input| &input.name)
    }

    /// The record as JSON.
    ///
    /// # Errors
    /// Never, in principle.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|error| Error::internal("a manifest is JSON").because(error))
    }
}
