//! A validity rule says which clean activities are refused or flagged, and why.

use serde::Deserialize;

use crate::definition::{Files, Problem, toml_file};
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables::STAGED_ACTIVITES;

const FILE: &str = "rules/activites.toml";

/// What happens to a row that breaks the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row goes to the rejects.
    Reject,
    /// The row stays and bears the rule's name as a flag.
    Flag,
}

/// What must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// The count lies between both bounds, included; a missing one passes.
    Between([i32; 2]),
    /// The day is not before this one.
    NotBefore(String),
    /// The day is not after the reference day of the run.
    NotAfterReferenceDay(bool),
    /// The count is not greater than that of another column.
    AtMost(String),
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its code, in rejects and flags.
    pub name: String,
    /// What happens.
    pub severity: Severity,
    /// The columns it reads, each on its own.
    pub columns: Vec<String>,
    /// What must hold.
    pub check: Check,
    /// What was expected, in plain French.
    pub expected: String,
    /// What is wrong, in plain French: a clause for those who sent a refused record.
    pub problem: Option<String>,
    /// What they can do about it, in sentences.
    pub remedy: Option<String>,
}

impl Rule {
    /// Its code when it is broken by `column`.
    #[must_use]
    pub fn code(&self, column: &str) -> String {
        if self.columns.len() == 1 { self.name.clone() } else { format!("{}:{column}", self.name) }
    }

    /// Whether it depends on the reference day.
    #[must_use]
    pub fn is_of_reference_day(&self) -> bool {
        matches!(self.check, Check::NotAfterReferenceDay(true))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<Rule>,
}

pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Vec<Rule> {
    let Some(bytes) = files.get(FILE) else {
        problems.push(Problem::new(FILE, "is missing"));
        return Vec::new();
    };
    let Some(file) = toml_file::read::<RuleFile>(FILE, bytes, problems) else {
        return Vec::new();
    };
    for rule in &file.rule {
        let mut named = rule.columns.clone();
        if let Check::AtMost(other) = &rule.check {
            named.push(other.clone());
        }
        let is_judged = |name: &str| {
            let mut judged = STAGED_ACTIVITES.columns.iter().chain([&columns::DUREE_MINUTES]);
            judged.any(|column| column.name == name)
        };
        for name in named.iter().filter(|name| !is_judged(name)) {
            problems.push(Problem::at(
                FILE,
                bytes,
                name,
                format!("rule `{}`: column `{name}` is not one of an activity", rule.name),
            ));
        }
        let wanted = match rule.check {
            Check::Between(_) | Check::AtMost(_) => Kind::Count,
            Check::NotBefore(_) | Check::NotAfterReferenceDay(_) => Kind::Day,
        };
        for name in &named {
            if columns::find(name).is_some_and(|column| column.kind != wanted) {
                let message = format!("rule `{}`: column `{name}` is no {wanted:?}", rule.name);
                problems.push(Problem::at(FILE, bytes, &rule.name, message));
            }
        }
        if let Check::NotBefore(day) = &rule.check
            && day.parse::<jiff::civil::Date>().is_err()
        {
            problems
                .push(Problem::new(FILE, format!("rule `{}`: `{day}` is not a day", rule.name)));
        }
    }
    file.rule
}
