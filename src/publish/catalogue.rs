//! All that is said of a release, whatever the format it is said in.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::vocabulary::columns::SECRET;

/// A release: what it is made from, what it holds, under which rules and terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Name: lower case, ASCII, the same for all releases.
    pub name: String,
    /// French title.
    pub title: String,
    /// Reference day of its figures.
    pub as_of: Date,
    /// First and last month that its tables show.
    pub period: Option<Period>,
    /// Its months were closed that many days after their end, or later.
    pub provisional_days: u16,
    /// First day of La Coop, beside the Espace Coop at first.
    #[serde(default)]
    pub coop_opening: Option<Date>,
    /// Who produces the figures.
    pub producer: String,
    /// Where the public finds it, if it is known.
    pub homepage: Option<String>,
    /// Its licence.
    pub licence: Licence,
    /// The rules of statistical secrecy that it obeys.
    pub rules: Rules,
    /// What its figures are made from, as it was on that day.
    pub sources: Vec<Source>,
    /// Reference data of others that they rest on: what, whose, of when.
    pub references: Vec<String>,
    /// Breaks of its series.
    pub breaks: Vec<Break>,
    /// Its measures, by name.
    pub measures: Vec<Measure>,
    /// Its tables, by name.
    pub tables: Vec<Table>,
    /// Tables that are declared to be public, and are not in it.
    pub withheld: Vec<Withheld>,
    /// Its files, by path, as far as they are written.
    #[serde(skip)]
    pub files: Vec<File>,
}

/// The rules of statistical secrecy, as far as the public is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Their version.
    pub version: String,
    /// Who answers for them.
    pub decided_by: String,
    /// Since when.
    pub decided_on: Date,
    /// Why, in French.
    pub reason: String,
    /// What stands for hidden figures.
    pub symbol: String,
    /// What makes a figure sensitive, in French, one line a set of rules.
    pub lines: Vec<String>,
}

/// Months, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First month, `2021-01`.
    pub first: String,
    /// Last month.
    pub last: String,
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its identifier, SPDX where it has one.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it is read.
    pub path: String,
}

impl Licence {
    /// The licence of an identifier.
    #[must_use]
    pub fn of(id: &str) -> Self {
        let (title, path) = match id {
            "etalab-2.0" => {
                ("Licence Ouverte 2.0", "https://spdx.org/licenses/etalab-2.0.html".to_owned())
            }
            other => (other, format!("https://spdx.org/licenses/{other}.html")),
        };
        Self { id: id.to_owned(), title: title.to_owned(), path }
    }
}

/// What figures are made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name in the declarations.
    pub name: String,
    /// French title.
    pub title: String,
    /// The day that it is as of, where it is another than that of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
}

/// A break of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The system that it is a break of.
    pub system: String,
    /// First day; none where it has always been so.
    pub first: Option<Date>,
    /// Last day; none where it still is so.
    pub last: Option<Date>,
    /// What a reader must know, in French.
    pub text: String,
}

/// A measure of one or more tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name, that of its column.
    pub name: String,
    /// French title.
    pub title: String,
    /// French formula.
    pub formula: String,
    /// What it must not be taken for.
    pub is_not: String,
    /// Which system published it, and under what name.
    pub used_by: String,
    /// Unit.
    pub unit: String,
    /// Whether its parts add up to its total.
    pub is_additive: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, that of its files.
    pub name: String,
    /// French title.
    pub title: String,
    /// What a reader must know.
    pub definition: String,
    /// Why these figures and these levels are public.
    pub why: String,
    /// What one row is.
    pub grain: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns that no two rows share; the rows are sorted by them.
    pub key: Vec<String>,
    /// Number of rows.
    pub rows: u64,
    /// Number of rows whose figures are hidden.
    pub hidden: u64,
    /// Number of its series: measures, by each combination of dimensions other than the period.
    pub series: u64,
    /// First and last month that it shows; none of a table without periods.
    pub period: Option<Period>,
    /// Whether it is shown first, in the workbook.
    pub is_main: bool,
}

/// What a column is in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One of the dimensions.
    Dimension,
    /// A figure.
    Measure,
    /// What is said of the figures.
    Note,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is in its table.
    pub role: Role,
    /// French title.
    pub title: String,
    /// French description.
    pub description: String,
    /// Unit; empty where it has none.
    pub unit: String,
    /// Its codes where they are a closed list.
    pub codes: Vec<Code>,
    /// The shape of its texts where it has one: a regular expression that all of a text obeys.
    pub pattern: Option<String>,
    /// Whether it never is below zero.
    pub is_count: bool,
    /// A value that it has, or may have.
    pub example: String,
    /// The sum of its figures, all rows together, by which a reader checks the reading.
    pub sum: i64,
}

impl Column {
    /// Whether it is a figure; all else is text.
    #[must_use]
    pub fn is_figure(&self) -> bool {
        match self.role {
            Role::Measure => true,
            Role::Dimension | Role::Note => false,
        }
    }
}

impl Table {
    /// Its figures, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_figure())
    }
}

/// A code and its French label, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The label.
    pub label: String,
}

/// A table that is declared to be public, and is not in a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Its name.
    pub name: String,
    /// French title.
    pub title: String,
    /// Why, in French.
    #[serde(default)]
    pub why: String,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its path below the release.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The sha256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl File {
    /// The end of its name: `csv`, `parquet`, …
    #[must_use]
    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.extension() {
            "csv" => "text/csv",
            "parquet" => "application/vnd.apache.parquet",
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "json" => "application/json",
            "jsonld" => "application/ld+json",
            "html" => "text/html",
            "md" => "text/markdown",
            "py" => "text/x-python",
            "sql" => "application/sql",
            _ => "text/plain",
        }
    }
}

impl Catalogue {
    /// The file of a path, once it is written.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The day as a version: `2025.7.1`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}.{}.{}", self.as_of.year(), self.as_of.month(), self.as_of.day())
    }

    /// What the whole is, in a few sentences.
    #[must_use]
    pub fn description(&self) -> String {
        let shown = self.period.as_ref().map_or_else(String::new, |Period { first, last }| {
            format!(" Mois clos, de {first} à {last}.")
        });
        format!(
            "{}.{shown} Tables protégées au titre du secret statistique (règles {}) : les chiffres \
             masqués sont vides, et la colonne {} porte le signe {}. Source : {}, mise à jour du \
             {}.",
            self.title,
            self.rules.version,
            SECRET.name,
            self.rules.symbol,
            self.producer,
            self.as_of
        )
    }
}

/// A French title as a name: lower case, ASCII, words joined by `-`.
#[must_use]
pub fn name_of(title: &str) -> String {
    let mut name = String::new();
    for letter in title.to_lowercase().chars() {
        let plain = match letter {
            'à' | 'â' | 'ä' => "a",
            'ç' => "c",
            'é' | 'è' | 'ê' | 'ë' => "e",
            'î' | 'ï' => "i",
            'ô' | 'ö' => "o",
            'ù' | 'û' | 'ü' => "u",
            'œ' => "oe",
            _ if letter.is_ascii_alphanumeric() => {
                name.push(letter);
                continue;
            }
            _ if name.ends_with('-') || name.is_empty() => "",
            _ => "-",
        };
        name.push_str(plain);
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_makes_a_name() {
        let name = name_of("Statistiques nationales des Conseillers numériques");
        assert_eq!(name, "statistiques-nationales-des-conseillers-numeriques");
        assert_eq!(name_of("« Œuvre »  d'été"), "oeuvre-d-ete");
    }

    #[test]
    fn the_licence_of_the_state_has_its_french_name() {
        assert_eq!(Licence::of("etalab-2.0").title, "Licence Ouverte 2.0");
        assert_eq!(Licence::of("ODbL-1.0").path, "https://spdx.org/licenses/ODbL-1.0.html");
    }
}
