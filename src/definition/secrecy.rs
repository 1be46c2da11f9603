//! The policy of statistical secrecy: what is too small to publish, who decided it and when.
//!
//! What the file leaves out has the safe value. Percentages are exact: `90.909` is 90,909 of
//! 100,000.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::definition::{Files, Problem, toml_file};

/// The file of the policy.
pub const FILE: &str = "secrecy.toml";

/// `secrecy.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Repeated by every protected file, so that a reader knows which rules it obeys.
    pub version: String,
    /// Who answers for it.
    pub decided_by: String,
    /// Since when.
    pub decided_on: Date,
    /// Why, in French.
    pub reason: String,
    /// What stands for a hidden figure in public files, whatever hides it.
    #[serde(default = "symbol")]
    pub symbol: String,
    /// What hiding a figure costs, when some must be hidden to protect others.
    #[serde(default)]
    pub cost: Cost,
    /// A table of which more than that share of the rows would be hidden is not published.
    #[serde(default = "three_quarters")]
    pub withhold_above_percent: u64,
    /// Sets of rules, by name; a table names those it obeys.
    pub rules: BTreeMap<String, Rules>,
}

fn three_quarters() -> u64 {
    75
}

fn symbol() -> String {
    "s".to_owned()
}

/// What hiding a figure costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The measure of the loss.
    #[serde(default)]
    pub by: CostBy,
    /// Share of its cost for a figure that the last release hid: the pattern stays from one to the
    /// next.
    #[serde(default = "one_tenth")]
    pub hidden_before_percent: u64,
}

impl Default for Cost {
    fn default() -> Self {
        Self { by: CostBy::default(), hidden_before_percent: one_tenth() }
    }
}

fn one_tenth() -> u64 {
    10
}

/// The measure of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBy {
    /// The sum of what is hidden.
    #[default]
    Value,
    /// The number of figures hidden.
    Count,
    /// The number of units in them.
    Units,
    /// Between the sum and the number.
    RootOfValue,
}

/// Whom a rule protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A legal unit (SIREN), or its group where a list exists: its establishments are one.
    Holding,
    /// An establishment or an antenna.
    Structure,
    /// A natural person.
    Person,
}

/// Rows whose unit is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// All together are one unit: fewer units, and a larger one.
    #[default]
    One,
    /// Each is a unit.
    Each,
}

/// Cells of a missing code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Judged as the others.
    #[default]
    Unsafe,
    /// Never primary.
    Safe,
}

/// Cells of zero that nobody contributes to. Those of some unit are judged as the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Zero {
    /// Always published.
    #[default]
    Publish,
    /// Published, or hidden to protect others.
    MayHide,
}

/// The largest units may not exceed a share of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Dominance {
    /// How many of the largest.
    pub top: usize,
    /// The share.
    pub percent: Percent,
}

/// How far outsiders must remain from a primary figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// It only must not be computable.
    Exact,
    /// Of its value, both ways.
    Percent(Percent),
    /// The values that are possible lie as far apart as the number of units asked for.
    Width,
    /// What the rule that it breaks says: the handbook's protection level.
    Level,
}

/// By status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// Of a cell with too few units.
    #[serde(rename = "A", default = "tenth")]
    pub few: Interval,
    /// Of a cell that a few units dominate.
    #[serde(rename = "B", default = "level")]
    pub dominated: Interval,
}

fn tenth() -> Interval {
    Interval::Percent(Percent(10 * Percent::ONE))
}

fn level() -> Interval {
    Interval::Level
}

/// A set of rules; a cell that breaks one of them is primary.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Whom they protect.
    pub unit: Unit,
    /// A cell of fewer units is primary.
    pub min_units: u64,
    /// Shares not to exceed.
    #[serde(default = "dominance")]
    pub dominance: Vec<Dominance>,
    /// The second unit may not estimate the first one closer than this; 0 is no such rule.
    #[serde(default)]
    pub p_percent: Percent,
    /// Rows without unit.
    #[serde(default)]
    pub unknown_unit: Unknown,
    /// Cells of a missing code.
    #[serde(default)]
    pub missing_codes: Missing,
    /// Cells of zero that nobody contributes to. Those of some unit are judged as the others.
    #[serde(default)]
    pub zero: Zero,
    /// A group whose units all fall in one category is hidden; by default, a group of persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k_disclosure: Option<bool>,
    /// Room that outsiders must be left with; by default the widest that suits the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Intervals>,
}

fn dominance() -> Vec<Dominance> {
    vec![Dominance { top: 1, percent: Percent(85 * Percent::ONE) }]
}

impl Rules {
    /// Rules for a table of nobody's pipeline: structures, so many of them, and the usual share.
    #[must_use]
    pub fn bare(min_units: u64, interval: Option<Interval>) -> Self {
        Self {
            unit: Unit::Structure,
            min_units,
            dominance: dominance(),
            p_percent: Percent::default(),
            unknown_unit: Unknown::default(),
            missing_codes: Missing::default(),
            zero: Zero::default(),
            k_disclosure: None,
            interval: interval.map(|one| Intervals { few: one, dominated: one }),
        }
    }

    /// Whether a group whose units all fall in one category is hidden.
    #[must_use]
    pub fn hides_groups(&self) -> bool {
        self.k_disclosure.unwrap_or(self.unit == Unit::Person)
    }

    /// Room that outsiders must be left with.
    #[must_use]
    pub fn intervals(&self) -> Intervals {
        let of_unit = match self.unit {
            Unit::Person => Intervals { few: Interval::Width, dominated: level() },
            Unit::Holding | Unit::Structure => Intervals { few: tenth(), dominated: level() },
        };
        self.interval.unwrap_or(of_unit)
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.min_units == 0 {
            found.push(("min_units", "`min_units` is 1 at least".to_owned()));
        }
        let is_share = |share: Percent| (1..=100 * Percent::ONE).contains(&share.0);
        if self.dominance.iter().any(|rule| rule.top == 0 || !is_share(rule.percent)) {
            let message = "`dominance` has `top` of 1 at least and `percent` over 0, to 100";
            found.push(("dominance", message.to_owned()));
        }
        if self.p_percent != Percent::default() && !is_share(self.p_percent) {
            found.push(("p_percent", "`p_percent` is from 0 to 100".to_owned()));
        }
        found
    }
}

/// A percentage, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u64);

impl Percent {
    /// One percent.
    pub const ONE: u64 = 1000;
    /// A hundred percent.
    pub const ALL: u64 = 100 * Self::ONE;

    /// Reads `85` or `90.909`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 3 || !is_number(whole) || !is_number(part) {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = format!("{part:0<3}").parse().ok()?;
        Some(Self(whole.checked_mul(Self::ONE)?.checked_add(part)?))
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:03}", self.0 / Self::ONE, self.0 % Self::ONE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The shortest text of a number is what its author wrote.
        let text = match toml::Value::deserialize(from)? {
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        let expected = || format!("`{text}` is no percentage of three decimals at most");
        Self::parse(&text).ok_or_else(|| de::Error::custom(expected()))
    }
}

const EXACT: &str = "exact";
const WIDTH: &str = "width >= min_units";
const LEVEL: &str = "dominance level";

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Interval::Exact => to.serialize_str(EXACT),
            Interval::Percent(share) => to.collect_str(&format_args!("{share} %")),
            Interval::Width => to.serialize_str(WIDTH),
            Interval::Level => to.serialize_str(LEVEL),
        }
    }
}

impl std::str::FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = || Percent::parse(text.strip_suffix('%')?.trim_end());
        match text {
            EXACT => Ok(Interval::Exact),
            WIDTH => Ok(Interval::Width),
            LEVEL => Ok(Interval::Level),
            _ => share().map(Interval::Percent).ok_or_else(|| {
                let known = format!("\"{EXACT}\", \"10 %\", \"{WIDTH}\" or \"{LEVEL}\"");
                format!("an interval is {known}, not \"{text}\"")
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Reads the policy; without its file there is none, and nothing may be published.
pub fn load(files: &Files, problems: &mut Vec<Problem>) -> Option<Policy> {
    let bytes = files.get(FILE)?;
    read(FILE, bytes, problems)
}

/// Reads the policy of a file.
pub fn read(path: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Option<Policy> {
    let policy: Policy = toml_file::read(path, bytes, problems)?;
    for (name, rules) in &policy.rules {
        for (word, message) in rules.mistakes() {
            problems.push(Problem::at(path, bytes, word, format!("rules `{name}`: {message}")));
        }
    }
    for (word, text) in [
        ("version", &policy.version),
        ("decided_by", &policy.decided_by),
        ("reason", &policy.reason),
        ("symbol", &policy.symbol),
    ] {
        if text.trim().is_empty() {
            problems.push(Problem::at(path, bytes, word, format!("`{word}` says nothing")));
        }
    }
    // A number in place of a figure would be read as one.
    if policy.symbol.chars().any(|letter| letter.is_ascii_digit() || letter == ',') {
        let message = "`symbol` may not be taken for a figure";
        problems.push(Problem::at(path, bytes, "symbol", message));
    }
    if policy.cost.hidden_before_percent > 100 {
        let message = "`hidden_before_percent` is a share, from 0 to 100";
        problems.push(Problem::at(path, bytes, "hidden_before_percent", message));
    }
    if policy.withhold_above_percent > 100 {
        let message = "`withhold_above_percent` is a share, from 0 to 100";
        problems.push(Problem::at(path, bytes, "withhold_above_percent", message));
    }
    if policy.rules.is_empty() {
        problems.push(Problem::new(path, "`rules` declares no set of rules"));
    }
    Some(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../pipelines/secrecy.toml");

    fn read_text(text: &str) -> (Option<Policy>, Vec<String>) {
        let mut problems = Vec::new();
        let policy = read(FILE, text.as_bytes(), &mut problems);
        (policy, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_a_set_of_rules_leaves_out_is_what_the_shipped_policy_says() {
        let (shipped, problems) = read_text(SHIPPED);
        assert_eq!(problems, [""; 0]);
        let shipped = shipped.unwrap();
        let bare = |unit: &str, min_units: u64| -> Rules {
            toml::from_str(&format!("unit = \"{unit}\"\nmin_units = {min_units}")).unwrap()
        };
        for (name, bare) in [("structures", bare("holding", 3)), ("persons", bare("person", 5))] {
            let rules = &shipped.rules[name];
            assert_eq!(rules.intervals(), bare.intervals(), "{name}");
            assert_eq!(rules.hides_groups(), bare.hides_groups(), "{name}");
            let (k_disclosure, interval) = (rules.k_disclosure, rules.interval);
            assert_eq!(*rules, Rules { k_disclosure, interval, ..bare }, "{name}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let wrong = SHIPPED
            .replacen("percent = 85", "percent = 185", 1)
            .replacen("min_units = 5", "min_units = 0", 1)
            .replacen("symbol = \"s\"", "symbol = \"0\"", 1);
        let (_, problems) = read_text(&wrong);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().all(|problem| problem.starts_with("secrecy.toml:")));
        let (policy, problems) = read_text(&SHIPPED.replacen("10 %", "ten", 1));
        assert!(policy.is_none());
        assert!(problems[0].contains("dominance level"), "{problems:?}");
    }

    #[test]
    fn percentages_are_exact() {
        for text in ["85", "90.909", "0.5", "0"] {
            assert_eq!(Percent::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "1.2345", "-1", "1e3", "99999999999999999999"] {
            assert_eq!(Percent::parse(text), None, "{text}");
        }
        let rule: Dominance = toml::from_str("top = 2\npercent = 90.909").unwrap();
        assert_eq!(rule.percent, Percent(90_909));
    }
}
