//! A correction says which records of a source are known to be wrong, and what to do about them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::codelist::Lists;
use crate::definition::source::{Reading, Source};
use crate::definition::{Files, Problem, in_folder, toml_file};
use crate::vocabulary::codes::{SEPARATOR, Subject};
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables;

/// What is done with the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// They are left out.
    Drop,
    /// Some of their values are replaced, and they bear the name as a flag.
    Override,
    /// They bear the name as a flag.
    Flag,
}

/// How far the provider is with the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Found here.
    Open,
    /// Told to the provider.
    Reported,
    /// Confirmed by the provider.
    Acknowledged,
    /// Corrected by the provider: the entry can go once no file has the error.
    FixedUpstream,
}

/// One value, or several any of which will do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(Value),
    /// Several.
    Several(Vec<Value>),
}

impl Values {
    /// The values.
    #[must_use]
    pub fn all(&self) -> &[Value] {
        match self {
            Values::One(value) => std::slice::from_ref(value),
            Values::Several(values) => values,
        }
    }
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A count.
    Number(i32),
    /// A text, or a day as `AAAA-MM-JJ`.
    Text(String),
}

/// One entry of the register.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Its code, in flags and in the ledger.
    pub name: String,
    /// The source whose records are wrong; the entry rests while a run has no file of it.
    pub source: String,
    /// What is done.
    pub action: Action,
    /// What is wrong, in plain words.
    pub reason: String,
    /// Who provides the file.
    pub provider: String,
    /// How far the provider is.
    pub status: Status,
    /// When the provider was told.
    pub reported: Option<Date>,
    /// How many records it must match, over all files of the source.
    pub expect: i64,
    /// Column → value: all must be equal. Identifiers as in the source, or as pseudonyms.
    #[serde(default)]
    pub r#where: BTreeMap<String, Values>,
    /// First and last day of the records, both included; activities only.
    pub days: Option<[Date; 2]>,
    /// Column → new value; `""` for none.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectionFile {
    #[serde(default)]
    correction: Vec<Correction>,
}

/// Columns of activities that are no longer there when corrections apply.
pub const GONE: [columns::Column; 6] = [
    columns::EMPREINTE,
    columns::COPIE_DE,
    columns::EST_COPIE,
    columns::MODIFIE_LE,
    columns::SUPPRIME_LE,
    columns::TYPE_DECLARE,
];

/// Identifiers are told as in the source: they become pseudonyms with the key of the run.
pub const PRIVATE: [columns::Column; 3] =
    [columns::ACTIVITE_ID, columns::CONSEILLER_ID, columns::UTILISATEUR_ID];

pub(super) fn load(
    files: &Files,
    (sources, lists): (&BTreeMap<String, Source>, &Lists),
    problems: &mut Vec<Problem>,
) -> Vec<Correction> {
    let mut all: Vec<Correction> = Vec::new();
    for (path, _, bytes) in in_folder(files, "corrections", "toml") {
        let Some(file) = toml_file::read::<CorrectionFile>(path, bytes, problems) else { continue };
        for correction in file.correction {
            let mut found = mistakes(&correction, (sources, lists));
            if all.iter().any(|other| other.name == correction.name) {
                found.push("another correction has this name".to_owned());
            }
            for message in found {
                let message = format!("correction `{}`: {message}", correction.name);
                problems.push(Problem::at(path, bytes, &correction.name, message));
            }
            all.push(correction);
        }
    }
    all
}

fn mistakes(
    correction: &Correction,
    (sources, lists): (&BTreeMap<String, Source>, &Lists),
) -> Vec<String> {
    let Some(source) = sources.get(&correction.source) else {
        return vec![format!("no source `{}`", correction.source)];
    };
    if !matches!(source.subject, Subject::Activites | Subject::Structures) {
        return vec!["only activities and structures can be corrected".to_owned()];
    }
    let mut found = Vec::new();
    let name = &correction.name;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 48 || !name.chars().all(is_plain) {
        found.push("a name is made of lower-case letters, digits and `_`".to_owned());
    }
    if correction.r#where.is_empty() && correction.days.is_none() {
        found.push("`where` or `days` must say which records".to_owned());
    }
    if correction.days.is_some() && source.subject != Subject::Activites {
        found.push("`days` are those of activities".to_owned());
    }
    if correction.expect < 1 {
        found.push("`expect` is the number of records it matches, at least 1".to_owned());
    }
    if (correction.action == Action::Override) == correction.set.is_empty() {
        found.push("`set` goes with `override`, and only with it".to_owned());
    }
    let conditions = correction.r#where.iter();
    let conditions =
        conditions.flat_map(|(column, all)| all.all().iter().map(move |v| (column, v)));
    for (column, value) in conditions.chain(&correction.set) {
        found.extend(mistake_of_value(source.subject, column, value));
    }
    // The day decides the file a record is in, and its identifier which version counts.
    for (column, value) in &correction.set {
        found.extend(mistake_of_new_value((source, lists), column, value));
    }
    let fixed = [
        columns::LIGNE,
        columns::EMPREINTE,
        columns::ACTIVITE_ID,
        columns::STRUCTURE_ID,
        columns::DATE,
        columns::DRAPEAUX,
    ];
    let fixed = fixed.iter().filter(|column| {
        **column != columns::STRUCTURE_ID || source.subject == Subject::Structures
    });
    for column in fixed.filter(|column| correction.set.contains_key(column.name)) {
        found.push(format!("`{}` cannot be replaced", column.name));
    }
    found
}

/// A value that `ingest` would not have made is not let in by the back door.
fn mistake_of_new_value(
    (source, lists): (&Source, &Lists),
    name: &str,
    value: &Value,
) -> Option<String> {
    let mapping = source.columns.get(name);
    let text = match value {
        Value::Number(number) => {
            return (*number < 0).then(|| format!("column `{name}`: {number} is no count"));
        }
        Value::Text(text) => text,
    };
    if text.is_empty() {
        let is_required = mapping.is_some_and(|mapping| mapping.required);
        return is_required.then(|| format!("column `{name}` cannot be emptied"));
    }
    let is_number =
        |length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let list = mapping.and_then(|mapping| mapping.list.as_deref());
    let codes = list.map(|list| lists.source_codes(list, source.system));
    let is_sound = match mapping.map(|mapping| mapping.reading) {
        Some(Reading::Siret) => is_number(14),
        Some(Reading::LegalCategory) => is_number(4),
        Some(Reading::PostalCode) => is_number(5),
        Some(Reading::Commune) => text.len() == 5,
        Some(Reading::Reference) => text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        Some(Reading::Duration) => is_count(text) || codes.is_some_and(|c| c.contains(text)),
        Some(Reading::Code) => codes.is_none_or(|codes| codes.contains(text)),
        Some(Reading::Codes) => {
            codes.is_none_or(|codes| text.split(SEPARATOR).all(|code| codes.contains(code)))
        }
        _ => true,
    };
    (!is_sound).then(|| format!("column `{name}`: `{text}` is no value of this column"))
}

fn is_count(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}

fn mistake_of_value(subject: Subject, name: &str, value: &Value) -> Option<String> {
    let staged = tables::staged(subject);
    let Some(column) = staged.columns.iter().find(|column| column.name == name) else {
        return Some(format!("column `{name}` is not one of `{}`", staged.name));
    };
    if subject == Subject::Activites && GONE.contains(column) {
        return Some(format!("column `{name}` is not known of an activity at that point"));
    }
    let fits = match (column.kind, value) {
        (Kind::Text, Value::Text(_)) | (Kind::Count, Value::Number(_)) => true,
        (Kind::Day, Value::Text(day)) => day.parse::<Date>().is_ok(),
        (Kind::Count, Value::Text(text)) => text.is_empty(),
        (Kind::Text | Kind::Day | Kind::Sum | Kind::Instant, _) => false,
    };
    (!fits).then(|| format!("column `{name}` cannot be compared with or set to {value:?}"))
}
