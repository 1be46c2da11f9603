//! What a post costs a year: the assumption against which the State's amounts are held.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::definition::codelist::Lists;
use crate::definition::scenario::EUROS_MAX;
use crate::definition::{Files, Problem, toml_file};

const FILE: &str = "cout.toml";

/// The assumption.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Whose it is, and what a reader must know, in French.
    pub definition: String,
    /// Annual cost of a post.
    pub cost_euros: i64,
    /// The same, of the employer types that have another one.
    #[serde(default)]
    pub cost_euros_by_type: BTreeMap<String, i64>,
}

impl Cost {
    /// Annual cost of a post of an employer type, in cents.
    #[must_use]
    pub fn cents_of(&self, kind: &str) -> i64 {
        self.cost_euros_by_type.get(kind).unwrap_or(&self.cost_euros) * 100
    }

    /// The whole assumption, in words.
    #[must_use]
    pub fn told(&self) -> String {
        let others = self.cost_euros_by_type.iter();
        let others: String = others.map(|(kind, euros)| format!(", {euros} € ({kind})")).collect();
        format!("Coût annuel d'un poste : {} €{others}. {}", self.cost_euros, self.definition)
    }
}

/// The assumption, where it is declared.
pub(super) fn load(files: &Files, lists: &Lists, problems: &mut Vec<Problem>) -> Option<Cost> {
    let bytes = files.get(FILE)?;
    let cost = toml_file::read::<Cost>(FILE, bytes, problems)?;
    let mut tell = |word: &str, message| problems.push(Problem::at(FILE, bytes, word, message));
    let all = std::iter::once(&cost.cost_euros).chain(cost.cost_euros_by_type.values());
    if all.into_iter().any(|euros| !(0..=EUROS_MAX).contains(euros)) {
        tell("cost_euros", format!("a post costs from 0 to {EUROS_MAX} euros a year"));
    }
    for kind in cost.cost_euros_by_type.keys().filter(|kind| !lists.has_employer_type(kind)) {
        tell("cost_euros_by_type", format!("`{kind}` is no employer type"));
    }
    Some(cost)
}
