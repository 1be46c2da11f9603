//! A raw format: which files, which container, which header becomes which column.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::definition::codelist::Lists;
use crate::definition::{Files, Problem, in_folder, toml_file};
use crate::vocabulary::codes::{Subject, System};
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables;

/// How the bytes of a file are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Delimited text with a header line and RFC 4180 quotes.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// The text encoding of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, of which Latin-1 is a part.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// How a list is written in one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListStyle {
    /// `a|b`; also how the elements of a JSON array are joined.
    #[default]
    Pipe,
    /// `{a,"b c"}`.
    Postgres,
}

/// How the text of a cell is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Any non-empty text, kept as a keyed pseudonym.
    Pseudonym,
    /// An identifier of an organisation: letters, digits, `-`; kept.
    Reference,
    /// A day, in the column's `format` (default `%Y-%m-%d`).
    Day,
    /// An instant (UTC unless it bears an offset), kept as its Europe/Paris day.
    ParisDay,
    /// An instant (UTC unless it bears an offset).
    Instant,
    /// An integer.
    Count,
    /// An amount in euros, kept in cents.
    Euros,
    /// One code of a list or of `values`.
    Code,
    /// Several codes of a list.
    Codes,
    /// Minutes, or a class of the list.
    Duration,
    /// 14 digits.
    Siret,
    /// A commune code of INSEE; a lost leading zero is put back.
    Commune,
    /// A postal code; a lost leading zero is put back.
    PostalCode,
    /// A département code; a lost leading zero is put back.
    Departement,
    /// A legal category: 4 digits.
    LegalCategory,
    /// The name of an organisation, of which only the name rules it matches are kept.
    NameRules,
}

/// What becomes one column of the staged table.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Header name, or the dotted path of a JSON value.
    pub from: String,
    /// How its text is read.
    #[serde(rename = "as")]
    pub reading: Reading,
    /// A record without it is rejected.
    #[serde(default)]
    pub required: bool,
    /// The file may lack this header.
    #[serde(default)]
    pub optional: bool,
    /// An unknown code is left out and flagged, instead of refusing the record.
    #[serde(default)]
    pub lenient: bool,
    /// Code list of `code`, `codes` and `duration`.
    pub list: Option<String>,
    /// The codes themselves, where no list is worth a file.
    #[serde(default)]
    pub values: Vec<String>,
    /// Format of a day.
    pub format: Option<String>,
}

/// `pipelines/sources/<name>.toml`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// French title.
    pub title: String,
    /// What it describes.
    pub subject: Subject,
    /// The system it comes from.
    pub system: System,
    /// Container.
    pub container: Container,
    /// File patterns, matched against the name of each input file.
    pub files: Vec<String>,
    /// Text encoding.
    #[serde(default)]
    pub encoding: Encoding,
    /// Field separator of a CSV.
    pub delimiter: Option<char>,
    /// How lists are written.
    #[serde(default)]
    pub lists: ListStyle,
    /// Texts that mean "no value".
    #[serde(default)]
    pub missing: Vec<String>,
    /// Names of the fields that each row has after those of the header.
    #[serde(default)]
    pub tail: Vec<String>,
    /// Staged column → where it comes from.
    pub columns: BTreeMap<String, Mapping>,
    /// Fields known and not read: personal, free text or of no use.
    #[serde(default)]
    pub dropped: Vec<String>,
}

impl Source {
    /// Whether some column is kept as a pseudonym.
    #[must_use]
    pub fn has_pseudonyms(&self) -> bool {
        self.columns.values().any(|mapping| mapping.reading == Reading::Pseudonym)
    }

    /// The pattern of its files.
    ///
    /// # Errors
    /// A message when a pattern is not a glob.
    pub fn pattern(&self) -> std::result::Result<GlobSet, String> {
        let mut set = GlobSetBuilder::new();
        for pattern in &self.files {
            set.add(Glob::new(pattern).map_err(|error| error.to_string())?);
        }
        set.build().map_err(|error| error.to_string())
    }
}

pub(super) fn load(
    files: &Files,
    lists: &Lists,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    for (path, name, bytes) in in_folder(files, "sources", "toml") {
        if let Some(source) = toml_file::read::<Source>(path, bytes, problems) {
            for (word, message) in mistakes(&source, lists) {
                problems.push(Problem::at(path, bytes, &word, message));
            }
            sources.insert(name.to_owned(), source);
        }
    }
    if sources.is_empty() {
        problems.push(Problem::new("sources", "declares no source"));
    }
    sources
}

/// Columns that identify a record or a person: read as pseudonyms, and they alone.
const PSEUDONYMS: [columns::Column; 3] =
    [columns::ACTIVITE_ID, columns::COPIE_DE, columns::CONSEILLER_ID];

fn mistakes(source: &Source, lists: &Lists) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Err(message) = source.pattern() {
        found.push(("files".to_owned(), format!("`files`: {message}")));
    }
    match source.delimiter {
        Some(c) if !c.is_ascii() || c == '"' || c == '\n' => {
            found.push((
                "delimiter".to_owned(),
                format!("`delimiter`: {c:?} cannot separate fields"),
            ));
        }
        None if source.container == Container::Csv => {
            found.push(("container".to_owned(), "`delimiter` is missing".to_owned()));
        }
        _ => {}
    }
    for (name, mapping) in &source.columns {
        found.extend(mistakes_of_column(source, name, mapping, lists));
    }
    let required: &[&columns::Column] = match source.subject {
        Subject::Activites => &[
            &columns::ACTIVITE_ID,
            &columns::DATE,
            &columns::NB_PARTICIPANTS,
            &columns::TYPE_ACTIVITE,
        ],
        Subject::Structures => &[&columns::STRUCTURE_ID],
        Subject::EmployeursPublics => &[&columns::NB_POSTES],
    };
    for column in required {
        if !source.columns.get(column.name).is_some_and(|mapping| mapping.required) {
            let message = format!("column `{}` must be mapped with `required = true`", column.name);
            found.push((column.name.to_owned(), message));
        }
    }
    found
}

fn mistakes_of_column(
    source: &Source,
    name: &str,
    mapping: &Mapping,
    lists: &Lists,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let staged = tables::staged(source.subject);
    let Some(column) = staged.columns.iter().find(|column| column.name == name) else {
        return vec![(name.to_owned(), format!("column `{name}` is not one of `{}`", staged.name))];
    };
    let is_private = PSEUDONYMS.iter().any(|private| private.name == name);
    let is_hidden = mapping.reading == Reading::Pseudonym;
    if !fits(column.kind, mapping.reading) || is_private != is_hidden {
        let message = format!("column `{name}` cannot be read as {:?}", mapping.reading);
        found.push((name.to_owned(), message));
    }
    let coded = matches!(mapping.reading, Reading::Code | Reading::Codes | Reading::Duration);
    if let Some(format) = mapping.format.as_deref().filter(|format| !is_day_format(format)) {
        found.push((name.to_owned(), format!("column `{name}`: `{format}` is no format of a day")));
    }
    match &mapping.list {
        Some(list) if !lists.has(list, source.system) => {
            let message = format!("column `{name}`: no code list `{list}` for this system");
            found.push((name.to_owned(), message));
        }
        None if coded && mapping.values.is_empty() => {
            found.push((name.to_owned(), format!("column `{name}` needs a `list` or `values`")));
        }
        _ => {}
    }
    found
}

/// Whether a day written in the format can be read back.
fn is_day_format(format: &str) -> bool {
    let day = jiff::civil::Date::constant(2021, 12, 31);
    jiff::fmt::strtime::format(format, day)
        .and_then(|text| jiff::civil::Date::strptime(format, text))
        .is_ok_and(|read| read == day)
}

fn fits(kind: Kind, reading: Reading) -> bool {
    match reading {
        Reading::Day | Reading::ParisDay => kind == Kind::Day,
        Reading::Instant => kind == Kind::Instant,
        Reading::Count => kind == Kind::Count,
        Reading::Euros => kind == Kind::Sum,
        Reading::Pseudonym
        | Reading::Reference
        | Reading::Code
        | Reading::Codes
        | Reading::Duration
        | Reading::Siret
        | Reading::Commune
        | Reading::PostalCode
        | Reading::Departement
        | Reading::LegalCategory
        | Reading::NameRules => kind == Kind::Text,
    }
}
