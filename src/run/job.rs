//! What one run has to do: its inputs, its declarations, its reference day.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet};
use jiff::civil::Date;

use crate::definition::{Definitions, Files};
use crate::error::{Error, Result};
use crate::ingest::pseudonym::Key;
use crate::run::asked::Asked;
use crate::run::dataset::lookups::source_name;
use crate::run::digest;
use crate::run::folders;
use crate::run::hashes::Hashes;
use crate::run::held_back::Judged;
use crate::run::input;
use crate::run::log::MACHINES;
use crate::run::manifest::Input;
use crate::run::store::Store;
use crate::vocabulary::text::visible;

/// What a person may want to see move.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A stage begins, with that many steps.
    Stage(&'static str, u64),
    /// A step is done.
    Step(String),
    /// The stage is over.
    Done,
}

/// One run.
#[derive(Clone)]
pub struct Job<'a> {
    /// The warehouse.
    pub store: &'a Store,
    /// What `pipelines/` declares.
    pub definitions: &'a Definitions,
    /// Name of the pipeline file.
    pub pipeline: String,
    /// Key of the pseudonyms.
    pub key: Key,
    /// Last admissible day.
    pub as_of: Date,
    /// BLAKE3 of the line of the register that began the run.
    pub registered: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// When the night began: before the run, where it goes on with one that came to no end.
    pub began_at: String,
    /// Tells the time, RFC 3339.
    pub clock: fn() -> String,
    /// The files of `pipelines/`.
    pub files: &'a Files,
    /// The inputs are an invented export.
    pub is_sample: bool,
    /// Rebuild every stage.
    pub is_forced: bool,
    /// Runs whose data is kept beside this one: for readers that still have it open, and to go
    /// back to.
    pub runs_kept: usize,
    /// Input files and where they are.
    pub inputs: Vec<(Input, PathBuf)>,
    /// Names that match a source and are no regular file.
    pub unreadable: Vec<String>,
    /// Sources whose input is right whatever the gates say: a person said so.
    pub accept: Vec<String>,
    /// What was decided of the inputs; nothing at first.
    pub judged: Judged,
    /// Cleans activities and makes the declared tables, in place of this program.
    pub engine: Option<&'a Asked<'a>>,
    /// Shows progress.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({} as of {}, {} inputs)", self.pipeline, self.as_of, self.inputs.len())
    }
}

impl Job<'_> {
    /// Tells by which declarations the run is made, and of what.
    pub(super) fn tell(&self) {
        let Job { pipeline, definitions, inputs, .. } = self;
        let (definitions, inputs) = (definitions.digest.as_str(), inputs.len());
        tracing::info!(event = "run.configured", pipeline, definitions, inputs, "Inputs found.");
        for (input, _) in &self.inputs {
            let Input { name, bytes, blake3, source, same_as, .. } = input;
            tracing::info!(
                target: MACHINES,
                event = "input.found",
                input = name,
                source,
                bytes,
                blake3,
                same_as,
                "Found."
            );
        }
    }

    /// Inputs that a source reads, each content once.
    pub fn read_inputs(&self) -> impl Iterator<Item = (&Input, &Path, &str)> {
        self.inputs.iter().filter_map(|(input, path)| {
            let source = input.source.as_deref()?;
            input.same_as.is_none().then_some((input, path.as_path(), source))
        })
    }

    /// Inputs that become segments: all that are read, but those that are only looked up.
    pub fn staged_inputs(&self) -> impl Iterator<Item = (&Input, &Path, &str)> {
        self.read_inputs().filter(|(_, _, source)| self.is_staged(source))
    }

    /// Whether what a source reads becomes segments.
    pub(super) fn is_staged(&self, source: &str) -> bool {
        let Definitions { sources, datasets, .. } = self.definitions;
        sources.contains_key(source) || datasets.contains_key(source)
    }

    /// The reference day in days since 1970.
    ///
    /// # Errors
    /// When it is out of any calendar.
    pub fn as_of_days(&self) -> Result<i32> {
        let days = self.as_of - Date::constant(1970, 1, 1);
        Ok(days.get_days())
    }
}

/// What an input folder holds.
#[derive(Debug)]
pub struct Inputs {
    /// Files and where they are.
    pub files: Vec<(Input, PathBuf)>,
    /// Names that match a source and are no regular file.
    pub unreadable: Vec<String>,
}

/// Whether the content of an input is to be known, by its source and its name; one whose content is
/// not has an empty hash.
pub type IsKnown<'k> = &'k dyn Fn(&str, &str) -> bool;

/// The files of an input folder, each with its content hash and the source whose pattern it
/// matches.
///
/// # Errors
/// When the folder is missing, when no file matches, when two sources claim a file.
pub fn find_inputs(
    folder: &Path,
    definitions: &Definitions,
    (hashes, is_known): (&Hashes, IsKnown<'_>),
) -> Result<Inputs> {
    let mut patterns: Vec<(String, GlobSet)> = Vec::new();
    for (name, source) in &definitions.sources {
        patterns.push((name.clone(), source.pattern().map_err(Error::definition)?));
    }
    for (name, dataset) in &definitions.datasets {
        patterns.push((name.clone(), dataset.pattern().map_err(Error::definition)?));
        for lookup in &dataset.lookups {
            let file = Glob::new(&lookup.file).map_err(|e| Error::definition(e.to_string()))?;
            let file = GlobSet::new([file]).map_err(|e| Error::definition(e.to_string()))?;
            patterns.push((source_name(name, lookup), file));
        }
    }
    let mut found: Vec<(Input, PathBuf)> = Vec::new();
    let mut unreadable = Vec::new();
    for path in folders::input_entries(folder)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if !path.is_file() {
            // A folder is not looked into; exports in it would be missed in silence. One that a
            // link leads to may be anything, the whole machine too.
            let is_linked = path.is_dir() && path.is_symlink();
            let is_folder = path.is_dir() && !is_linked;
            let below = if is_folder { folders::names_below(&path)? } else { Vec::new() };
            let is_read =
                |name: &String| !sources_of(&patterns, name).is_empty() || input::is_archive(name);
            if is_linked || is_read(&name) || below.iter().any(is_read) {
                unreadable.push(visible(&name).into_owned());
            }
            continue;
        }
        for input in listed(&path, &name, (&patterns, hashes, is_known))? {
            let same_as = found
                .iter()
                .filter(|_| !input.blake3.is_empty())
                .find(|(other, _)| other.blake3 == input.blake3 && other.source == input.source)
                .map(|(other, _)| other.name.clone());
            found.push((Input { same_as, ..input }, path.clone()));
        }
    }
    if found.iter().all(|(input, _)| input.source.is_none()) {
        let sources = definitions.sources.values().flat_map(|source| &source.files);
        let datasets = definitions.datasets.values().flat_map(|dataset| &dataset.files);
        let expected: Vec<String> = sources.chain(datasets).cloned().collect();
        return Err(Error::no_input(format!(
            "no file in `{}` matches a source of the pipeline",
            folder.display()
        ))
        .hint(format!("file names looked for: {}", expected.join(", "))));
    }
    Ok(Inputs { files: found, unreadable })
}

/// The inputs a file holds: itself, or those of its members that a source reads.
fn listed(
    path: &Path,
    name: &str,
    (patterns, hashes, is_known): (&[(String, GlobSet)], &Hashes, IsKnown<'_>),
) -> Result<Vec<Input>> {
    let stamp = Some(digest::stamp(path)?);
    if !input::is_archive(name) {
        let source = source_of(patterns, name)?;
        let name = visible(name).into_owned();
        // A file that no source reads is none of our business.
        let (bytes, blake3) = match &source {
            Some(source) if is_known(source, &name) => hashes.digest(path)?,
            _ => (0, String::new()),
        };
        return Ok(vec![Input { name, bytes, blake3, member: None, source, same_as: None, stamp }]);
    }
    let mut inputs = Vec::new();
    for member in input::members(path)? {
        let source = source_of(patterns, &member)?;
        let name = visible(&format!("{name}/{member}")).into_owned();
        let (bytes, blake3) = match &source {
            Some(source) if !is_known(source, &name) => (0, String::new()),
            _ => {
                let (bytes, archive) = hashes.digest(path)?;
                (bytes, input::member_hash(&archive, &member))
            }
        };
        inputs.push(Input {
            name,
            bytes,
            blake3,
            member: Some(member),
            source,
            same_as: None,
            stamp,
        });
    }
    Ok(inputs)
}

fn sources_of<'p>(patterns: &'p [(String, GlobSet)], name: &str) -> Vec<&'p str> {
    let name = input::bare_name(name);
    let matching = patterns.iter().filter(|(_, pattern)| pattern.is_match(name));
    matching.map(|(source, _)| source.as_str()).collect()
}

fn source_of(patterns: &[(String, GlobSet)], name: &str) -> Result<Option<String>> {
    let sources = sources_of(patterns, name);
    if let [first, second, ..] = sources.as_slice() {
        return Err(Error::definition(format!(
            "input `{}` matches the patterns of both `{first}` and `{second}`",
            visible(name)
        ))
        .hint("make the `files` patterns of the two sources disjoint"));
    }
    Ok(sources.first().map(|source| (*source).to_owned()))
}
