//! A raw format: which files, which container, which header becomes which column.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::definition::codelist::Lists;
use crate::definition::source_check::mistakes;
use crate::definition::{Files, Problem, in_folder, toml_file};
use crate::vocabulary::codes::{Subject, System};

/// How the bytes of a file are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Delimited text with a header line; a Parquet file with the same columns is read as well.
    Csv,
    /// One JSON object a line, extended JSON included.
    Jsonl,
    /// One JSON document with a list of objects.
    Json,
    /// A sheet of a workbook, below whatever precedes its header row.
    Xlsx,
    /// Columns of a Parquet file.
    Parquet,
}

/// Whether quotes enclose the fields of delimited text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quotes {
    /// They do, RFC 4180.
    #[default]
    Double,
    /// A quote is a character like another.
    None,
}

/// How a value with parts is written in one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// JSON; where quotes enclose nothing, it may hold the delimiter.
    Json,
    /// EDN, as Metabase prints documents: `{:a 1, :b 2}`, `["x" "y"]`.
    Edn,
}

/// The clock that instants without an offset were read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Zone {
    /// Coordinated universal time.
    #[default]
    #[serde(rename = "UTC")]
    Utc,
    /// Paris.
    #[serde(rename = "Europe/Paris")]
    Paris,
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
    /// One a line of the cell.
    Lines,
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
    /// `oui` for one of `values`, `non` for one of `no`, whatever the case.
    YesNo,
    /// A SIREN: 9 digits with a key.
    Siren,
    /// A rank and a whole, `2/5`, of which the whole is kept; a number alone is a whole.
    Whole,
    /// How many of the values of a grouped column are among `values`.
    Tally,
}

/// One place or several; the first that has a value is read.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum From {
    /// A header name, or the dotted path of a JSON value.
    One(String),
    /// Several of them.
    Several(Vec<String>),
}

impl From {
    /// The places, best first.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            From::One(place) => std::slice::from_ref(place),
            From::Several(places) => places,
        }
    }

    /// The places in words.
    #[must_use]
    pub fn shown(&self) -> String {
        let places: Vec<String> = self.all().iter().map(|place| format!("`{place}`")).collect();
        places.join(" or ")
    }
}

/// A group told by one code instead of a count a band: all its participants are in that band.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Where the code is.
    pub from: String,
    /// The code of this band.
    pub is: String,
}

/// What stands for a missing number of participants, where the record says so.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// The place that decides.
    pub when: String,
    /// Its texts for which the value is supposed.
    pub is: Vec<String>,
    /// The value.
    pub value: String,
}

/// What becomes one column of the staged table.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Where its text is.
    pub from: From,
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
    /// What means no, where `values` mean yes.
    #[serde(default)]
    pub no: Vec<String>,
    /// Format of a day or instant.
    pub format: Option<String>,
    /// The identifier is hashed first, as the datalake does, to join those it wrote.
    #[serde(default)]
    pub hash: bool,
    /// Put before an identifier that is a mere number, so that it is none of another table.
    #[serde(default)]
    pub prefix: String,
    /// The one code that an older form gives for a whole group.
    pub group: Option<Group>,
    /// What a missing value stands for.
    pub absent: Option<Absent>,
    /// Unit of a duration.
    #[serde(default)]
    pub unit: Unit,
}

/// Unit of a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes.
    #[default]
    Minutes,
    /// Hours, with decimals.
    Hours,
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
    /// A row ends with one delimiter more than the header.
    #[serde(default)]
    pub trailing_delimiter: bool,
    /// Whether quotes enclose fields.
    #[serde(default)]
    pub quotes: Quotes,
    /// The field, never quoted, that holds the delimiter when a row has too many.
    pub absorbs: Option<String>,
    /// Fields with parts, reached by dotted paths.
    #[serde(default)]
    pub nested: BTreeMap<String, Syntax>,
    /// Decimal mark other than the point.
    pub decimal: Option<char>,
    /// Clock of the instants that bear no offset.
    #[serde(default)]
    pub zone: Zone,
    /// Key of the list of records in a JSON document; the document itself is the list otherwise.
    pub records: Option<String>,
    /// Path of a list in each record, whose elements are the records.
    pub each: Option<String>,
    /// Name of the sheet; the first one otherwise.
    pub sheet: Option<String>,
    /// Rows that share the value of this column are one record.
    pub group_by: Option<String>,
    /// Which source tells of a version that two give with one date: the lowest rank.
    #[serde(default)]
    pub rank: u8,
    /// Activities that bear no mark of being copies are known by the instant they were created.
    #[serde(default)]
    pub copies_by_creation: bool,
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

    /// How a file of this name is laid out.
    #[must_use]
    pub fn container_of(&self, name: &str) -> Container {
        let is_parquet = name.to_lowercase().ends_with(".parquet");
        if self.container == Container::Csv && is_parquet {
            return Container::Parquet;
        }
        self.container
    }

    /// Where a record is, in words: a line, an element of a list, a row of a sheet.
    #[must_use]
    pub fn place(&self, container: Container, number: i64) -> String {
        match container {
            Container::Csv | Container::Jsonl => format!("ligne {number}"),
            Container::Json => {
                format!("{}[{}]", self.records.as_deref().unwrap_or("$"), number - 1)
            }
            Container::Xlsx => match &self.sheet {
                Some(sheet) => format!("feuille {sheet}, ligne {number}"),
                None => format!("première feuille, ligne {number}"),
            },
            Container::Parquet => format!("enregistrement {number}"),
        }
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
