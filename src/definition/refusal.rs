//! A reason to refuse a record becomes what is wrong, what was expected and what to do, in French.

use crate::definition::Definitions;
use crate::vocabulary::columns;
use crate::vocabulary::reject::{Meaning, reasons};

/// Of a rule that says no more.
const PROBLEM: &str = "une valeur n'est pas admise";
const REMEDY: &str = "Vérifiez la valeur dans l'outil de saisie et corrigez-la.";

/// A reason, told to those who can put it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// What it means.
    pub meaning: Meaning<'a>,
    /// The fields of the file that it is about, as the file names them.
    pub fields: Vec<&'a str>,
    /// What is in them.
    pub content: Option<&'a str>,
}

impl Definitions {
    /// What a reason means in a source or dataset. An unknown one means no more than that.
    #[must_use]
    pub fn refusal<'a>(&'a self, source: &str, reason: &'a str) -> Refusal<'a> {
        let (code, column) = reason.split_once(':').unzip();
        let code = code.unwrap_or(reason);
        let rule = self.rules.iter().find(|rule| rule.name == code);
        let of_rule = rule.map(|rule| Meaning {
            problem: rule.problem.as_deref().unwrap_or(PROBLEM),
            expected: &rule.expected,
            remedy: rule.remedy.as_deref().unwrap_or(REMEDY),
        });
        let of_dataset = || {
            let rule = self.datasets.get(source)?.rules.iter().find(|rule| rule.name == code);
            Some(Meaning { problem: PROBLEM, expected: &rule?.expected, remedy: REMEDY })
        };
        let unknown = Meaning { problem: PROBLEM, expected: "", remedy: REMEDY };
        let meaning = of_rule.or_else(|| reasons::meaning(code)).or_else(of_dataset);
        // A rule of one column does not repeat its name.
        let alone = rule.and_then(|rule| rule.columns.first().filter(|_| rule.columns.len() == 1));
        let column = column.or(alone.map(String::as_str));
        let mapping = column.and_then(|column| self.sources.get(source)?.columns.get(column));
        let own = mapping.map_or(&[][..], |mapping| mapping.from.all());
        let of_dataset = self.datasets.get(source).into_iter().flat_map(|dataset| {
            let refuses = |refuse: &Option<String>| refuse.as_deref() == Some(code);
            let read = dataset.columns.iter().filter(move |field| refuses(&field.refuse));
            let looked_up = dataset.lookups.iter().filter(move |lookup| refuses(&lookup.refuse));
            let read = read.map(|field| field.name.as_str());
            read.chain(looked_up.map(|lookup| lookup.column.as_str()))
        });
        Refusal {
            meaning: meaning.unwrap_or(unknown),
            fields: own.iter().map(String::as_str).chain(of_dataset).collect(),
            content: column.and_then(columns::find).map(|column| column.meaning),
        }
    }
}
