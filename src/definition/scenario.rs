//! A renewal scenario: what a post costs, what the State pays of it, and when a post is at risk.
//!
//! Each file of `scenarios/` declares one. They change no table: only `conum scenario` reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::codelist::Lists;
use crate::definition::{Files, Problem, in_folder, toml_file};
use crate::vocabulary::columns;

/// The folder of scenarios.
pub const FOLDER: &str = "scenarios";
/// Years of a scenario at most: shares of a share stay exact in integers, and a plan a plan.
const YEARS_MAX: i32 = 10;
/// Euros a year of a post at most: the cents of all posts stay within 64 bits.
pub(super) const EUROS_MAX: i64 = 1_000_000;
/// Columns of posts that a condition may name: none tells one post from the next.
const CONDITIONS: [&str; 7] = [
    columns::TYPE_EMPLOYEUR.name,
    columns::FRANCE_SERVICES.name,
    columns::DEPARTEMENT.name,
    columns::REGION.name,
    columns::TYPOLOGIE.name,
    columns::ZRR.name,
    columns::QPV.name,
];

/// From when the renewals of a post are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The first year of the scenario is the first renewal of all posts.
    #[default]
    Scenario,
    /// The year after the end of its agreement, or the first of the scenario if that is later.
    Agreement,
}

/// When a post is at risk: one that meets any of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// The co-financing to find in the year is over this.
    pub cofinancing_over_euros: Option<i64>,
    /// The State's share is under this.
    pub state_share_under_percent: Option<i64>,
}

/// Posts that have the same terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Name.
    pub name: String,
    /// French title.
    pub title: String,
    /// Column of posts → values, all of which a post must meet; the last class has none.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub wanted: BTreeMap<String, Vec<String>>,
    /// What the State pays in the first renewal year, the second, …; the last one holds on.
    pub state_share_percent: Vec<i64>,
    /// How many posts go on at each renewal.
    #[serde(default = "all")]
    pub renewed_percent: i64,
    /// When a post is at risk.
    #[serde(default)]
    pub at_risk: Risk,
}

fn all() -> i64 {
    100
}

/// One scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// French title.
    pub title: String,
    /// What a reader must know, in French.
    pub definition: String,
    /// First and last year.
    pub years: [i32; 2],
    /// From when renewals are counted.
    #[serde(default)]
    pub starts: Start,
    /// What the State pays while an agreement runs.
    pub agreement_share_percent: Option<i64>,
    /// Annual cost of a post.
    pub cost_euros: i64,
    /// The same, of the employer types that have another one.
    #[serde(default)]
    pub cost_euros_by_type: BTreeMap<String, i64>,
    /// A post is of the first class whose conditions it meets.
    pub class: Vec<Class>,
}

impl Scenario {
    /// Annual cost of a post of an employer type, in euros.
    #[must_use]
    pub fn cost_of(&self, kind: &str) -> i64 {
        self.cost_euros_by_type.get(kind).copied().unwrap_or(self.cost_euros)
    }

    /// The place of the class of a post, told by its columns.
    pub fn class_of<'p>(&self, value: impl Fn(&str) -> Option<&'p str>) -> Option<usize> {
        let is_met = |(column, values): (&String, &Vec<String>)| {
            value(column).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        };
        self.class.iter().position(|class| class.wanted.iter().all(is_met))
    }
}

pub(super) fn load(
    files: &Files,
    lists: &Lists,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Scenario> {
    let mut scenarios = BTreeMap::new();
    for (path, name, bytes) in in_folder(files, FOLDER, "toml") {
        if let Some(scenario) = toml_file::read::<Scenario>(path, bytes, problems) {
            for (word, message) in mistakes(&scenario, lists) {
                problems.push(Problem::at(path, bytes, &word, message));
            }
            scenarios.insert(name.to_owned(), scenario);
        }
    }
    scenarios
}

/// Mistakes, each with a word of the line it is in.
fn mistakes(scenario: &Scenario, lists: &Lists) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut tell = |word: &str, message: String| found.push((word.to_owned(), message));
    let [first, last] = scenario.years;
    if !(2000..=2100).contains(&first) || !(first..first + YEARS_MAX).contains(&last) {
        tell("years", format!("`years` are the first and the last, {YEARS_MAX} years at most"));
    }
    let costs = std::iter::once(&scenario.cost_euros).chain(scenario.cost_euros_by_type.values());
    if costs.into_iter().any(|euros| !(0..=EUROS_MAX).contains(euros)) {
        tell("cost_euros", format!("a post costs from 0 to {EUROS_MAX} euros a year"));
    }
    for kind in scenario.cost_euros_by_type.keys().filter(|kind| !lists.has_employer_type(kind)) {
        tell(kind, format!("`{kind}` is no employer type"));
    }
    let is_of_agreement = scenario.starts == Start::Agreement;
    if scenario.agreement_share_percent.is_some() != is_of_agreement {
        let message = "`agreement_share_percent` goes with `starts = \"agreement\"`, and only so";
        tell("agreement_share_percent", message.to_owned());
    }
    if scenario.agreement_share_percent.is_some_and(|share| !is_percent(share)) {
        let message = "`agreement_share_percent` is from 0 to 100".to_owned();
        tell("agreement_share_percent", message);
    }
    for (place, class) in scenario.class.iter().enumerate() {
        let is_last = place + 1 == scenario.class.len();
        if class.wanted.is_empty() != is_last {
            let rule = "the last class, and no other, takes all posts and has no `where`";
            tell(&class.name, format!("class `{}`: {rule}", class.name));
        }
        if scenario.class.iter().take(place).any(|other| other.name == class.name) {
            tell(&class.name, format!("class `{}` stands twice", class.name));
        }
        for message in mistakes_of_class(class, lists) {
            tell(&class.name, format!("class `{}`: {message}", class.name));
        }
    }
    if scenario.class.is_empty() {
        tell("class", "`class` declares no class".to_owned());
    }
    found
}

fn mistakes_of_class(class: &Class, lists: &Lists) -> Vec<String> {
    let mut found = Vec::new();
    for (column, values) in &class.wanted {
        if !CONDITIONS.contains(&column.as_str()) {
            found.push(format!("posts are not told apart by `{column}`, but by {CONDITIONS:?}"));
        }
        if values.is_empty() {
            found.push(format!("`{column}` names no value"));
        }
        let is_type = *column == columns::TYPE_EMPLOYEUR.name;
        for kind in values.iter().filter(|kind| is_type && !lists.has_employer_type(kind)) {
            found.push(format!("`{kind}` is no employer type"));
        }
    }
    let shares = &class.state_share_percent;
    if shares.is_empty() || shares.iter().any(|share| !is_percent(*share)) {
        found.push("`state_share_percent` names one share or several, from 0 to 100".to_owned());
    }
    if !is_percent(class.renewed_percent) {
        found.push("`renewed_percent` is from 0 to 100".to_owned());
    }
    let Risk { cofinancing_over_euros: over, state_share_under_percent: under } = class.at_risk;
    if over.is_some_and(|euros| !(0..=EUROS_MAX).contains(&euros)) {
        found.push(format!("`cofinancing_over_euros` is from 0 to {EUROS_MAX}"));
    }
    if under.is_some_and(|share| !is_percent(share)) {
        found.push("`state_share_under_percent` is from 0 to 100".to_owned());
    }
    found
}

fn is_percent(share: i64) -> bool {
    (0..=100).contains(&share)
}
