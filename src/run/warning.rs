//! What a person should know becomes a code, a text, and whether it is accepted for now.

use std::fmt::{Display, Formatter};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::definition::gates::AcceptedWarning;
use crate::vocabulary::warnings::Code;

/// A warning of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Warning {
    /// What it is about, for machines.
    pub code: Code,
    /// The source or dataset it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// For people.
    pub text: String,
    /// Until when it changes no exit code, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

/// That a warning is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The last reference day.
    pub until: Date,
    /// Why.
    pub reason: String,
}

/// A warning as records have it: before there were codes, a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Whole { code: Code, source: Option<String>, text: String, accepted: Option<Accepted> },
}

impl From<Written> for Warning {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => Self::new(Code::Other, text),
            Written::Whole { code, source, text, accepted } => {
                Self { code, source, text, accepted }
            }
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        match &self.accepted {
            Some(Accepted { until, reason }) => write!(f, " (accepted until {until}: {reason})"),
            None => Ok(()),
        }
    }
}

impl Warning {
    /// A warning of no source.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, source: None, text: text.into(), accepted: None }
    }

    /// A warning of a source.
    pub fn of(code: Code, source: &str, text: impl Into<String>) -> Self {
        Self { source: Some(source.to_owned()), ..Self::new(code, text) }
    }

    /// Whether it is accepted for now.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted.is_some()
    }
}

/// Marks warnings that are declared to be accepted. One that is no longer says so, and an
/// acceptance that fits none is itself a warning.
#[must_use]
pub fn accept(found: Vec<Warning>, declared: &[AcceptedWarning], as_of: Date) -> Vec<Warning> {
    let fits = |warning: &Warning, one: &AcceptedWarning| {
        let is_of = one.source.is_none() || one.source == warning.source;
        one.code == warning.code && is_of
    };
    let unused = declared.iter().filter(|one| !found.iter().any(|warning| fits(warning, one)));
    let unused = unused.map(|one| {
        let of = one.source.as_ref().map(|source| format!(" of `{source}`")).unwrap_or_default();
        let text = format!(
            "the accepted warning {}{of} was not given: the entry of `gates.toml` can go",
            name(one.code)
        );
        Warning { source: one.source.clone(), ..Warning::new(Code::AcceptanceUnused, text) }
    });
    let unused: Vec<Warning> = unused.collect();
    let marked = found.into_iter().map(|mut warning| {
        let fitting = declared.iter().filter(|one| fits(&warning, one));
        let Some(last) = fitting.max_by_key(|one| one.until) else { return warning };
        if as_of <= last.until {
            warning.accepted = Some(Accepted { until: last.until, reason: last.reason.clone() });
        } else {
            warning.text.push_str(&format!(" (it was accepted until {})", last.until));
        }
        warning
    });
    marked.chain(unused).collect()
}

/// A code as declarations have it.
fn name(code: Code) -> String {
    let json = serde_json::to_string(&code).unwrap_or_default();
    format!("`{}`", json.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(code: Code, source: Option<&str>, day: &str) -> AcceptedWarning {
        AcceptedWarning {
            code,
            source: source.map(str::to_owned),
            reason: "asked for".to_owned(),
            until: day.parse().unwrap(),
        }
    }

    fn told(declared: &[AcceptedWarning]) -> Vec<String> {
        let found = vec![
            Warning::of(Code::InputCut, "a", "a breaks off"),
            Warning::of(Code::InputCut, "b", "b breaks off"),
        ];
        let day = Date::constant(2025, 7, 2);
        accept(found, declared, day).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_warning_is_accepted_until_its_day_and_no_longer() {
        assert_eq!(
            told(&[until(Code::InputCut, Some("a"), "2025-07-02")]),
            ["a breaks off (accepted until 2025-07-02: asked for)", "b breaks off"]
        );
        assert_eq!(
            told(&[until(Code::InputCut, None, "2025-07-01")]),
            [
                "a breaks off (it was accepted until 2025-07-01)",
                "b breaks off (it was accepted until 2025-07-01)"
            ]
        );
        // The later of two holds.
        let both =
            [until(Code::InputCut, None, "2025-07-01"), until(Code::InputCut, None, "2025-08-01")];
        assert!(told(&both)[0].contains("(accepted until 2025-08-01"));
    }

    #[test]
    fn an_acceptance_of_nothing_is_a_warning() {
        let found = told(&[until(Code::InputEmpty, Some("a"), "2025-07-02")]);
        let expected = "the accepted warning `input_empty` of `a` was not given: the entry of \
                        `gates.toml` can go";
        assert_eq!(found[2..], [expected]);
    }

    #[test]
    fn records_of_before_there_were_codes_are_read() {
        let old: Warning = serde_json::from_str("\"some text\"").unwrap();
        assert_eq!(old, Warning::new(Code::Other, "some text"));
        let json = serde_json::to_string(&Warning::of(Code::InputCut, "a", "text")).unwrap();
        assert_eq!(json, r#"{"code":"input_cut","source":"a","text":"text"}"#);
        assert_eq!(serde_json::from_str::<Warning>(&json).unwrap().source.as_deref(), Some("a"));
    }
}
