//! Code lists: what a source's code means in the common vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::definition::table::{Dimension, Table};
use crate::definition::{Files, Problem};
use crate::vocabulary::codes::{EMPLOYER_GROUPS, INCONNU, NON_RENSEIGNE, System};

/// Lists of `systeme, code_source, code`.
const CORRESPONDENCES: [&str; 3] = ["types_activite", "lieux", "themes"];

/// The list of the codes that tables make. Declarations of before it was there have none.
const MADE: &str = "modalites";

/// All code lists of `pipelines/codelists/`.
#[derive(Debug, Default)]
pub struct Lists {
    /// List → (system, source code) → common codes, with their validity.
    correspondences: BTreeMap<String, BTreeMap<(String, String), Vec<Common>>>,
    /// List → common code → French label.
    labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Breaks of series.
    breaks: Vec<Break>,
    /// (system, class) → conventional minutes.
    durations: BTreeMap<(String, String), i32>,
    /// Raw France Services value → `oui`, `non`, `inconnu`.
    france_services: BTreeMap<String, String>,
    /// Employer types in the order of the file, with their French labels.
    employer_types: Vec<(String, String)>,
    /// Employer type → the group it is published in.
    employer_groups: BTreeMap<String, String>,
    /// Codes that tables make themselves, in the order of the file.
    made: Vec<Made>,
}

/// A code of a band or of a class, which no source writes.
#[derive(Debug, Deserialize)]
struct Made {
    variable: String,
    code: String,
    libelle: String,
}

/// A common code and when a source may write it.
#[derive(Clone, Debug)]
struct Common {
    code: String,
    validity: Validity,
}

/// Days, included; an empty bound is open.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Validity {
    debut: Option<Date>,
    fin: Option<Date>,
}

impl Validity {
    fn holds(&self, day: Date) -> bool {
        self.debut.is_none_or(|debut| debut <= day) && self.fin.is_none_or(|fin| day <= fin)
    }

    /// The days on which it begins or has ended.
    fn cuts(self) -> impl Iterator<Item = Date> {
        let behind = self.fin.and_then(|fin| fin.tomorrow().ok());
        self.debut.into_iter().chain(behind)
    }
}

#[derive(Deserialize)]
struct Correspondence {
    systeme: System,
    code_source: String,
    code: String,
    libelle: String,
    debut: Option<Date>,
    fin: Option<Date>,
}

/// A break of a series: how records of a system differ on some days.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Break {
    /// The system.
    pub systeme: System,
    /// The flag that its records bear.
    pub drapeau: String,
    /// First day; none where it has always been so.
    pub debut: Option<Date>,
    /// Last day; none where it still is so.
    pub fin: Option<Date>,
    /// What a reader must know, in French.
    pub libelle: String,
}

impl Break {
    fn validity(&self) -> Validity {
        Validity { debut: self.debut, fin: self.fin }
    }
}

#[derive(Deserialize)]
struct Duration {
    systeme: System,
    code_source: String,
    minutes: i32,
}

#[derive(Deserialize)]
struct FranceServices {
    valeur: String,
    code: String,
}

#[derive(Deserialize)]
struct EmployerType {
    code: String,
    libelle: String,
    regroupement: String,
}

impl Lists {
    pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Self {
        let mut lists = Self::default();
        for name in CORRESPONDENCES {
            let rows: Vec<Correspondence> = read(files, &path(name), problems);
            let list = lists.correspondences.entry(name.to_owned()).or_default();
            let mut labels = BTreeMap::new();
            for row in rows {
                let key = (row.systeme.code().to_owned(), row.code_source);
                let validity = Validity { debut: row.debut, fin: row.fin };
                labels.entry(row.code.clone()).or_insert(row.libelle);
                list.entry(key).or_default().push(Common { code: row.code, validity });
            }
            lists.labels.insert(name.to_owned(), labels);
        }
        lists.breaks = read(files, &path("ruptures"), problems);
        let durations: Vec<Duration> = read(files, &path("durees"), problems);
        lists.durations = durations
            .into_iter()
            .map(|row| ((row.systeme.code().to_owned(), row.code_source), row.minutes))
            .collect();
        let values: Vec<FranceServices> = read(files, &path("france_services"), problems);
        lists.france_services = values.into_iter().map(|row| (row.valeur, row.code)).collect();
        let types: Vec<EmployerType> = read(files, &path("types_employeur"), problems);
        for row in types {
            if !EMPLOYER_GROUPS.contains(&row.regroupement.as_str()) {
                let message = format!(
                    "`regroupement` of `{}` is `{}`, expected one of {}",
                    row.code,
                    row.regroupement,
                    EMPLOYER_GROUPS.join(", ")
                );
                problems.push(Problem::new(&path("types_employeur"), message));
            }
            lists.employer_groups.insert(row.code.clone(), row.regroupement);
            lists.employer_types.push((row.code, row.libelle));
        }
        if files.contains_key(&path(MADE)) {
            lists.made = read(files, &path(MADE), problems);
        }
        lists
    }

    /// Whether the list has codes for this system.
    #[must_use]
    pub fn has(&self, list: &str, system: System) -> bool {
        list == "durees"
            || list == "france_services"
            || self
                .correspondences
                .get(list)
                .is_some_and(|codes| codes.keys().any(|(systeme, _)| systeme == system.code()))
    }

    /// The codes a source of this system may write.
    #[must_use]
    pub fn source_codes(&self, list: &str, system: System) -> BTreeSet<String> {
        let of_system =
            |(systeme, code): &(String, String)| (systeme == system.code()).then(|| code.clone());
        match list {
            "durees" => self.durations.keys().filter_map(of_system).collect(),
            "france_services" => self.france_services.keys().cloned().collect(),
            _ => self
                .correspondences
                .get(list)
                .map(|codes| codes.keys().filter_map(of_system).collect())
                .unwrap_or_default(),
        }
    }

    /// The common codes of a source code on a day, and whether the day is in their validity; empty
    /// when the list does not have it.
    ///
    /// A code used outside its dates keeps its meaning: the record is flagged, nothing is lost.
    #[must_use]
    pub fn common_codes(
        &self,
        list: &str,
        (system, code): (&str, &str),
        day: Date,
    ) -> (Vec<&str>, bool) {
        let found = self
            .correspondences
            .get(list)
            .and_then(|codes| codes.get(&(system.to_owned(), code.to_owned())))
            .map_or(&[][..], Vec::as_slice);
        let valid: Vec<&str> = found
            .iter()
            .filter(|common| common.validity.holds(day))
            .map(|common| common.code.as_str())
            .collect();
        if valid.is_empty() {
            return (found.iter().map(|common| common.code.as_str()).collect(), found.is_empty());
        }
        (valid, true)
    }

    /// The breaks of series that records of a system bear on a day.
    #[must_use]
    pub fn breaks(&self, system: &str, day: Date) -> Vec<&str> {
        self.breaks
            .iter()
            .filter(|one| one.systeme.code() == system && one.validity().holds(day))
            .map(|one| one.drapeau.as_str())
            .collect()
    }

    /// All breaks of series, in the order of the file.
    #[must_use]
    pub fn all_breaks(&self) -> &[Break] {
        &self.breaks
    }

    /// The common codes of a list and their French labels.
    pub fn labels(&self, list: &str) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.labels.get(list).into_iter().flatten();
        labels.map(|(code, label)| (code.as_str(), label.as_str()))
    }

    /// Codes that tables make for a dimension and their French labels, in the order of the file.
    pub fn made(&self, dimension: &str) -> impl Iterator<Item = (&str, &str)> {
        let of_it = self.made.iter().filter(move |made| made.variable == dimension);
        of_it.map(|made| (made.code.as_str(), made.libelle.as_str()))
    }

    /// Checks that the list, where it is there, has a label for all that tables make.
    pub(super) fn check_made(&self, tables: &BTreeMap<String, Table>, problems: &mut Vec<Problem>) {
        if self.made.is_empty() {
            return;
        }
        for (name, dimension) in tables.values().flat_map(Table::dimensions) {
            let codes: BTreeSet<&str> = match dimension {
                Dimension::Classes(classes) => classes.from.keys().map(String::as_str).collect(),
                Dimension::Bands(bands) => bands.keys().map(String::as_str).collect(),
                Dimension::Column(_) | Dimension::Split(_) | Dimension::Periods(_) => continue,
            };
            let is_listed = |code: &str| self.made(name).any(|(listed, _)| listed == code);
            for code in codes.into_iter().filter(|code| *code != NON_RENSEIGNE) {
                if !is_listed(code) {
                    let message = format!("`{code}` of `{name}` has no label");
                    problems.push(Problem::new(&path(MADE), message));
                }
            }
        }
    }

    /// The days between which no validity begins or ends, in order.
    #[must_use]
    pub fn cuts(&self) -> BTreeSet<Date> {
        let codes = self.correspondences.values().flat_map(BTreeMap::values).flatten();
        let validities = codes.map(|common| common.validity);
        validities.chain(self.breaks.iter().map(Break::validity)).flat_map(Validity::cuts).collect()
    }

    /// Minutes of a duration as entered: itself, or the middle of its class. `None` when unknown.
    #[must_use]
    pub fn minutes(&self, system: &str, duration: &str) -> Option<(i32, bool)> {
        let class = self.durations.get(&(system.to_owned(), duration.to_owned()));
        match class {
            Some(minutes) => Some((*minutes, true)),
            None => duration.parse().ok().map(|minutes| (minutes, false)),
        }
    }

    /// `oui`, `non` or `inconnu` for a raw France Services value.
    #[must_use]
    pub fn france_services(&self, value: &str) -> Option<&str> {
        self.france_services.get(value).map(String::as_str)
    }

    /// Whether the list of employer types has this code.
    #[must_use]
    pub fn has_employer_type(&self, code: &str) -> bool {
        self.employer_types.iter().any(|(known, _)| known == code)
    }

    /// The group in which a type of employer is published.
    #[must_use]
    pub fn employer_group(&self, kind: &str) -> &str {
        self.employer_groups.get(kind).map_or(INCONNU, String::as_str)
    }

    /// Employer types and their labels, in the order of the file.
    #[must_use]
    pub fn employer_types(&self) -> &[(String, String)] {
        &self.employer_types
    }
}

fn path(name: &str) -> String {
    format!("codelists/{name}.csv")
}

/// Reads a CSV file with a header into rows of `T`; a mistake becomes a problem with its line.
pub(super) fn read<T: DeserializeOwned>(
    files: &Files,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    let Some(bytes) = files.get(path) else {
        problems.push(Problem::new(path, "is missing"));
        return Vec::new();
    };
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).into_deserialize() {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => {
                let line = error.position().and_then(|place| usize::try_from(place.line()).ok());
                let message = error.to_string();
                problems.push(Problem { file: path.to_owned(), line, message });
            }
        }
    }
    rows
}
