//! The files of `pipelines/` become typed, validated declarations; all problems are told at once.

pub mod codelist;
pub mod correction;
pub mod cost;
pub mod dataset;
pub mod deletions;
pub mod employer_rules;
pub mod gates;
pub mod indicator;
pub mod key_figure;
pub mod outline;
pub mod pipeline;
pub mod publication;
pub mod refusal;
pub mod register;
pub mod rule;
pub mod scenario;
pub mod secrecy;
mod secrecy_check;
mod secrecy_ties;
pub mod source;
mod source_check;
pub mod table;
mod table_check;
pub mod territory;
mod toml_file;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::vocabulary::columns;

/// The files of the folder `pipelines/`: relative path with `/` → bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A declaration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Relative path of the file.
    pub file: String,
    /// Line, from 1, when known.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Problem {
    /// A problem of a whole file.
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }

    /// A problem at the first line of a file that begins with `word` or has it in quotes, if one
    /// does.
    pub fn at(file: &str, bytes: &[u8], word: &str, message: impl Into<String>) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let quoted = format!("\"{word}\"");
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let begins = |line: &str| {
            let rest = line.trim_start().strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(is_letter))
        };
        let place = text.lines().position(|line| begins(line) || line.contains(&quoted));
        Self { file: file.to_owned(), line: place.map(|place| place + 1), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Everything a run needs to know, none of it from the command line.
#[derive(Debug)]
pub struct Definitions {
    /// The pipeline itself.
    pub pipeline: pipeline::Pipeline,
    /// What is expected of inputs.
    pub gates: gates::Gates,
    /// Raw formats, by name.
    pub sources: BTreeMap<String, source::Source>,
    /// Datasets declared whole, by name.
    pub datasets: BTreeMap<String, dataset::Dataset>,
    /// Known errors of the sources.
    pub corrections: Vec<correction::Correction>,
    /// Validity rules of clean activities.
    pub rules: Vec<rule::Rule>,
    /// Indicators, by name.
    pub indicators: BTreeMap<String, indicator::Indicator>,
    /// Summary tables, by name.
    pub tables: BTreeMap<String, table::Table>,
    /// Key figures, in the order they are shown in.
    pub key_figures: Vec<key_figure::KeyFigure>,
    /// What a post costs, where it is declared.
    pub cost: Option<cost::Cost>,
    /// Renewal scenarios, by name.
    pub scenarios: BTreeMap<String, scenario::Scenario>,
    /// Where releases go, and as what.
    pub publication: Option<publication::Publication>,
    /// What is too small to publish; without it nothing is.
    pub secrecy: Option<secrecy::Policy>,
    /// Correspondences and code lists.
    pub lists: codelist::Lists,
    /// How an employer gets its type.
    pub employer_rules: employer_rules::EmployerRules,
    /// Communes, départements, régions, EPCI.
    pub territory: territory::Territory,
    /// Outlines of the départements, where they are drawn.
    pub outlines: outline::Outlines,
    /// BLAKE3 of the files above that a run depends on, in hexadecimal.
    pub digest: String,
    /// BLAKE3 of each of them, by relative path.
    pub digests: BTreeMap<String, String>,
}

impl Definitions {
    /// Reads the pipeline `name` and all it refers to from the folder's files.
    ///
    /// # Errors
    /// One error that lists every problem found.
    pub fn load(name: &str, files: &Files) -> Result<Self> {
        let mut problems = Vec::new();
        let pipeline = pipeline::Pipeline::load(name, files, &mut problems);
        let is_dataset = |path: &String| path.starts_with("datasets/");
        let is_of_series = |path: &String| path.contains('/') && !is_dataset(path);
        // Datasets alone need nothing of the national series.
        let needs_series = files.keys().any(is_of_series) || !files.keys().any(is_dataset);
        let indicators = indicator::load(files, needs_series, &mut problems);
        let datasets = dataset::load(files, &indicators, &mut problems);
        let mut of_series = Vec::new();
        let lists = codelist::Lists::load(files, &mut of_series);
        let sources = source::load(files, &lists, &mut of_series);
        let gates = gates::load(files, (&sources, &datasets), &mut problems);
        let corrections = correction::load(files, (&sources, &lists), &mut of_series);
        let rules = rule::load(files, &mut of_series);
        let publication = publication::load(files, &mut problems);
        let secrecy = secrecy::load(files, &mut problems);
        let tables = table::load(files, (&indicators, secrecy.as_ref()), &mut of_series);
        lists.check_made(&tables, &mut of_series);
        let key_figures = key_figure::load(files, (&tables, &indicators), &mut of_series);
        let cost = cost::load(files, &lists, &mut of_series);
        let scenarios = scenario::load(files, &lists, &mut of_series);
        let employer_rules = employer_rules::EmployerRules::load(files, &mut of_series);
        let territory = territory::Territory::load(files, &mut of_series);
        let outlines = outline::load(files, &mut problems);
        for table in pipeline.main_tables.iter().filter(|name| !tables.contains_key(*name)) {
            let message = format!("main table `{table}` is not declared in tables/");
            of_series.push(Problem::new(name, message));
        }
        for (name, _) in tables.iter().filter(|(name, table)| {
            pipeline.main_tables.contains(*name)
                && !table.by.iter().any(|by| by == columns::TYPE_EMPLOYEUR.name)
        }) {
            let message = "a main table is shown by employer type: `by` must have `type_employeur`";
            of_series.push(Problem::new(&format!("tables/{name}.toml"), message));
        }
        for kind in employer_rules.types().filter(|kind| !lists.has_employer_type(kind)) {
            let message =
                format!("employer type `{kind}` is used by a rule and is not in the list");
            of_series.push(Problem::new("codelists/types_employeur.csv", message));
        }
        if needs_series {
            problems.append(&mut of_series);
        }
        if !problems.is_empty() {
            let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Err(Error::definition(format!(
                "{} problem(s) in the declarations\n  {}",
                list.len(),
                list.join("\n  ")
            ))
            .hint("correct the files named above; `conum check` reads them without running"));
        }
        let (digest, digests) = digest(files);
        Ok(Self {
            pipeline,
            gates,
            sources,
            datasets,
            corrections,
            rules,
            indicators,
            tables,
            key_figures,
            cost,
            scenarios,
            publication,
            secrecy,
            lists,
            employer_rules,
            territory,
            outlines,
            digest,
            digests,
        })
    }
}

impl Definitions {
    /// BLAKE3 of the declarations that concern someone, in hexadecimal.
    #[must_use]
    pub fn digest_of(&self, concerns: impl Fn(&str) -> bool) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, digest) in self.digests.iter().filter(|(path, _)| concerns(path)) {
            hasher.update(path.as_bytes()).update(digest.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn digest(files: &Files) -> (String, BTreeMap<String, String>) {
    let mut whole = blake3::Hasher::new();
    let mut each = BTreeMap::new();
    // Commands of their own read these, or they judge: no file of a run depends on them.
    let is_scenario = |path: &str| path.split('/').next() == Some(scenario::FOLDER);
    let is_apart =
        |path: &str| is_scenario(path) || [publication::FILE, gates::FILE].contains(&path);
    let is_of_run = |path: &str| !is_apart(path) && is_declaration(path);
    for (path, bytes) in files.iter().filter(|(path, _)| is_of_run(path)) {
        let hash = blake3::hash(bytes);
        whole.update(path.as_bytes()).update(hash.as_bytes());
        each.insert(path.clone(), hash.to_hex().to_string());
    }
    (whole.finalize().to_hex().to_string(), each)
}

/// Folders of declarations beside a pipeline file.
const FOLDERS: [&str; 9] = [
    outline::FOLDER,
    "codelists",
    "corrections",
    "datasets",
    "reference",
    "rules",
    scenario::FOLDER,
    "sources",
    "tables",
];

/// Whether a file below the pipeline's folder is a declaration: nothing else is read or kept.
#[must_use]
pub fn is_declaration(path: &str) -> bool {
    match path.split_once('/') {
        None => path.ends_with(".toml"),
        Some((folder, _)) => {
            FOLDERS.contains(&folder) && (path.ends_with(".toml") || path.ends_with(".csv"))
        }
    }
}

/// Whether declarations may lie below a folder beside the pipeline file.
#[must_use]
pub fn is_folder_of_declarations(name: &str) -> bool {
    FOLDERS.contains(&name)
}

/// The files of a folder with an extension, and the name each declares.
fn in_folder<'a>(
    files: &'a Files,
    folder: &'a str,
    extension: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a [u8])> {
    files.iter().filter_map(move |(path, bytes)| {
        let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
        let name = rest.strip_suffix(extension)?.strip_suffix('.')?;
        (!name.contains('/')).then_some((path.as_str(), name, bytes.as_slice()))
    })
}
