//! A dataset declared whole: its columns, what refuses a record, its periods, its tables.
//!
//! The national series has its columns in the dictionary of the program, because stages know what
//! they mean. A dataset whose columns mean nothing to the program is declared in one file of
//! `datasets/`, and goes through the same stages.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::deletions::{self, Deletions};
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::{Files, Problem, in_folder, toml_file};

/// How the text of a field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// As it is; texts are expected to come again and again.
    Text,
    /// That many lower-case hexadecimal digits.
    Hexadecimal,
    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    Instant,
    /// An integer.
    Count,
}

/// One column, and the field of the same name it is read from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, in the file and in the outputs.
    pub name: String,
    /// How it is read.
    #[serde(rename = "as")]
    pub reading: Reading,
    /// Its name in the outputs, when it is another.
    pub to: Option<String>,
    /// One French sentence.
    pub meaning: String,
    /// Digits of an identifier.
    pub digits: Option<u32>,
    /// Why a record is refused whose field is missing or cannot be read; without it, such a field
    /// has no value.
    pub refuse: Option<String>,
    /// The only texts there are.
    #[serde(default)]
    pub values: Vec<String>,
    /// Texts that stand for a number.
    #[serde(default)]
    pub classes: BTreeMap<String, i32>,
    /// The least count.
    pub least: Option<i32>,
}

impl Field {
    /// Whether it is a number.
    #[must_use]
    pub fn is_count(&self) -> bool {
        self.reading == Reading::Count
    }

    /// Its name in the outputs.
    #[must_use]
    pub fn column(&self) -> &str {
        self.to.as_deref().unwrap_or(&self.name)
    }
}

/// What must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// An instant lies in these days, the second left out.
    Within {
        /// The column.
        column: String,
        /// First day.
        from: Date,
        /// First day that is too late.
        before: Date,
    },
    /// Counts add up to another.
    Sum {
        /// The counts.
        columns: Vec<String>,
        /// Their sum.
        equals: String,
    },
    /// A count is not greater than another.
    AtMost {
        /// The count.
        column: String,
        /// The other.
        most: String,
    },
}

impl Check {
    /// The columns it judges.
    #[must_use]
    pub fn columns(&self) -> Vec<&String> {
        match self {
            Check::Within { column, .. } => vec![column],
            Check::Sum { columns, equals } => columns.iter().chain([equals]).collect(),
            Check::AtMost { column, most } => vec![column, most],
        }
    }
}

/// A rule of validity. It says nothing of a record one of its columns refuses already.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The reason that goes with the record.
    pub name: String,
    /// What must hold.
    pub check: Check,
    /// What was expected, in plain French.
    pub expected: String,
}

/// A column looked up in another file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The column that is looked up.
    pub column: String,
    /// Name of the column that is found.
    pub gives: String,
    /// One French sentence.
    pub meaning: String,
    /// Name of the file.
    pub file: String,
    /// Where the text is looked for.
    pub key: String,
    /// Where what is found is.
    pub value: String,
    /// What the value stands for, by its longest beginning; without any, for itself.
    #[serde(default)]
    pub prefixes: BTreeMap<String, String>,
    /// Why a record is refused whose text is not found.
    pub refuse: Option<String>,
}

/// The period of a record: the month of an instant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The instant.
    pub month_of: String,
    /// Name of the period.
    pub name: String,
    /// One French sentence.
    pub meaning: String,
}

/// A summary table of the dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// French title.
    pub title: String,
    /// Its dimensions, in sort order.
    pub by: Vec<String>,
    /// Its indicators, in order.
    pub measures: Vec<String>,
    /// A dimension whose values are the parts of a text, and that text. A record counts once for
    /// each of its parts, in totals too; one without text does not count.
    #[serde(default)]
    pub split: BTreeMap<String, String>,
    /// A dimension whose values are columns of counts.
    #[serde(default)]
    pub bands: BTreeMap<String, Vec<String>>,
}

/// `datasets/<name>.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// French title.
    pub title: String,
    /// What one row is, in French.
    pub grain: String,
    /// File patterns.
    pub files: Vec<String>,
    /// Field separator.
    #[serde(deserialize_with = "ascii")]
    pub delimiter: u8,
    /// Joins the parts of a text of several codes.
    pub separator: char,
    /// The column that all versions of a record share.
    pub id: String,
    /// The instant of a version: the latest counts.
    pub version: String,
    /// The period of a record; clean files hold one each.
    pub period: Period,
    /// What the total of a dimension is called.
    pub total: String,
    /// Field separator of the tables in CSV.
    #[serde(deserialize_with = "ascii")]
    pub csv_delimiter: u8,
    /// The fields, and columns, in order.
    #[serde(rename = "column")]
    pub columns: Vec<Field>,
    /// Columns looked up in other files.
    #[serde(default, rename = "lookup")]
    pub lookups: Vec<Lookup>,
    /// Rules of validity.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
    /// Summary tables.
    #[serde(default, rename = "table")]
    pub tables: Vec<Table>,
    /// Notices of deletion.
    pub deletions: Option<Deletions>,
    /// The dataset whose notices of deletion these are; no file declares it so.
    #[serde(skip)]
    pub notices_of: Option<String>,
}

impl Dataset {
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

    /// The columns of a clean file, in order: its own, then those looked up.
    pub fn clean_columns(&self) -> impl Iterator<Item = &str> {
        let lookups = self.lookups.iter().map(|lookup| lookup.gives.as_str());
        self.columns.iter().map(Field::column).chain(lookups)
    }

    /// Where a column stands among the fields, by its name in the outputs.
    #[must_use]
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|field| field.column() == column)
    }

    /// What a column means; nothing for what is no column.
    #[must_use]
    pub fn meaning(&self, column: &str) -> &str {
        let field = self.columns.iter().find(|field| field.column() == column);
        let lookup = self.lookups.iter().find(|lookup| lookup.gives == column);
        let period = Some(&self.period).filter(|period| period.name == column);
        let of_period = period.map(|period| period.meaning.as_str());
        let found = field.map(|field| field.meaning.as_str()).or(of_period);
        found.or(lookup.map(|lookup| lookup.meaning.as_str())).unwrap_or_default()
    }

    /// All reasons to refuse a record, in the order they are told.
    #[must_use]
    pub fn reasons(&self) -> Vec<&str> {
        let of_fields = self.columns.iter().filter_map(|field| field.refuse.as_deref());
        let of_lookups = self.lookups.iter().filter_map(|lookup| lookup.refuse.as_deref());
        let of_rules = self.rules.iter().map(|rule| rule.name.as_str());
        let all: BTreeSet<&str> = of_fields.chain(of_lookups).chain(of_rules).collect();
        all.into_iter().collect()
    }
}

/// A character of one byte.
fn ascii<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let character = char::deserialize(deserializer)?;
    let byte = u8::try_from(character).ok().filter(u8::is_ascii);
    byte.ok_or_else(|| serde::de::Error::custom("a delimiter is an ASCII character"))
}

pub(super) fn load(
    files: &Files,
    indicators: &BTreeMap<String, Indicator>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Dataset> {
    let mut datasets = BTreeMap::new();
    for (path, name, bytes) in in_folder(files, "datasets", "toml") {
        if let Some(dataset) = toml_file::read::<Dataset>(path, bytes, problems) {
            let mut found = mistakes(&dataset, indicators);
            if let Some(deletions) = &dataset.deletions {
                found.extend(deletions.mistakes(name, files));
                let notices = deletions.notices(name, &dataset);
                datasets.extend(notices.map(|notices| (deletions::name_of(name), notices)));
            }
            for (word, message) in found {
                problems.push(Problem::at(path, bytes, &word, message));
            }
            datasets.insert(name.to_owned(), dataset);
        }
    }
    datasets
}

fn mistakes(dataset: &Dataset, indicators: &BTreeMap<String, Indicator>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let reading = |name: &str| Some(dataset.columns.get(dataset.place(name)?)?.reading);
    let mut expect = |name: &str, wanted: Reading, is_there: bool| {
        if reading(name) != Some(wanted) && !(is_there && reading(name).is_none()) {
            found.push((name.to_owned(), format!("`{name}` must be a column as {wanted:?}")));
        }
    };
    expect(&dataset.id, Reading::Hexadecimal, false);
    expect(&dataset.version, Reading::Instant, false);
    expect(&dataset.period.month_of, Reading::Instant, false);
    for check in dataset.rules.iter().map(|rule| &rule.check) {
        let wanted = match check {
            Check::Within { .. } => Reading::Instant,
            Check::Sum { .. } | Check::AtMost { .. } => Reading::Count,
        };
        check.columns().into_iter().for_each(|name| expect(name, wanted, false));
    }
    dataset.lookups.iter().for_each(|lookup| expect(&lookup.column, Reading::Text, false));
    for table in &dataset.tables {
        table.split.values().for_each(|name| expect(name, Reading::Text, false));
        table.bands.values().flatten().for_each(|name| expect(name, Reading::Count, false));
        for name in &table.by {
            let is_derived = table.split.contains_key(name)
                || table.bands.contains_key(name)
                || *name == dataset.period.name
                || dataset.lookups.iter().any(|lookup| lookup.gives == *name);
            expect(name, Reading::Text, is_derived);
        }
        for (name, indicator) in table.measures.iter().map(|name| (name, indicators.get(name))) {
            match (indicator.map(|indicator| indicator.compute), indicator) {
                (Some(Compute::Sum), Some(of)) => {
                    expect(of.of.as_deref().unwrap_or_default(), Reading::Count, false);
                }
                (Some(Compute::Distinct), Some(of)) => {
                    expect(of.of.as_deref().unwrap_or_default(), Reading::Text, false);
                }
                (Some(Compute::Count | Compute::Bands), _) => {}
                _ => expect(name, Reading::Count, false),
            }
        }
    }
    let mut seen = BTreeSet::new();
    for name in dataset.clean_columns().chain([dataset.period.name.as_str()]) {
        if !seen.insert(name) {
            found.push((name.to_owned(), format!("column `{name}` stands twice")));
        }
    }
    if dataset.reasons().len() > 64 {
        found.push(("rule".to_owned(), "a dataset has at most 64 reasons".to_owned()));
    }
    let keys = [&dataset.id, &dataset.version, &dataset.period.month_of].into_iter();
    let judged = dataset.rules.iter().flat_map(|rule| rule.check.columns());
    for name in keys.chain(judged) {
        let field = dataset.columns.iter().find(|field| field.column() == name);
        if field.is_some_and(|field| field.refuse.is_none()) {
            let message = format!("`{name}` tells records apart or is judged: it needs `refuse`");
            found.push((name.clone(), message));
        }
    }
    for field in &dataset.columns {
        let has_digits = field.digits.is_some_and(|digits| (1..=32).contains(&digits));
        if field.reading == Reading::Hexadecimal && !has_digits {
            let message = format!("`{}` needs `digits`, from 1 to 32", field.name);
            found.push((field.name.clone(), message));
        }
    }
    found
}
