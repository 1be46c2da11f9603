//! What decides the type of an employer, in order: exception, legal category, known SIREN, then the
//! fallback rules of the list: SIREN prefix, name, declared type, as they are numbered.

use std::collections::BTreeMap;

use regex::{Regex, RegexSet};
use serde::Deserialize;

use crate::definition::codelist::read;
use crate::definition::{Files, Problem};

const CATEGORIES: &str = "codelists/categories_juridiques.csv";
const LABELS: &str = "codelists/categories_juridiques_libelles.csv";
const EXCEPTIONS: &str = "codelists/exceptions_siren.csv";
const RULES: &str = "codelists/regles_employeur.csv";

/// The rules, compiled.
#[derive(Debug, Default)]
pub struct EmployerRules {
    /// Prefix of the legal category → type; the longest prefix wins.
    categories: BTreeMap<String, String>,
    /// Label of a legal category, without regard to case → its code.
    labels: BTreeMap<String, String>,
    /// SIREN → type.
    exceptions: BTreeMap<String, String>,
    /// Fallbacks in order.
    fallbacks: Vec<Fallback>,
    /// The patterns of the name rules, in the same order as `name_orders`.
    names: RegexSet,
    name_orders: Vec<u32>,
}

/// What a fallback rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Criterion {
    Nom,
    Siren,
    TypeDeclare,
}

#[derive(Debug)]
struct Fallback {
    order: u32,
    criterion: Criterion,
    pattern: String,
    siren: Option<Regex>,
    kind: String,
    source: String,
}

#[derive(Deserialize)]
struct CategoryRow {
    prefixe: String,
    type_employeur: String,
}

#[derive(Deserialize)]
struct LabelRow {
    libelle: String,
    code: String,
}

#[derive(Deserialize)]
struct ExceptionRow {
    siren: String,
    type_employeur: String,
}

#[derive(Deserialize)]
struct FallbackRow {
    ordre: u32,
    critere: Criterion,
    motif: String,
    siren_motif: String,
    type_employeur: String,
    source: String,
}

impl EmployerRules {
    pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Self {
        let categories: Vec<CategoryRow> = read(files, CATEGORIES, problems);
        let exceptions: Vec<ExceptionRow> = read(files, EXCEPTIONS, problems);
        let labels: Vec<LabelRow> = read(files, LABELS, problems);
        let mut rows: Vec<FallbackRow> = read(files, RULES, problems);
        rows.sort_by_key(|row| row.ordre);
        let mut rules = Self {
            labels: labels.into_iter().map(|row| (row.libelle.to_lowercase(), row.code)).collect(),
            categories: categories
                .into_iter()
                .map(|row| (row.prefixe, row.type_employeur))
                .collect(),
            exceptions: exceptions.into_iter().map(|row| (row.siren, row.type_employeur)).collect(),
            ..Self::default()
        };
        let mut patterns = Vec::new();
        for pair in rows.windows(2) {
            if let [one, other] = pair
                && one.ordre == other.ordre
            {
                let message = format!("two rules have the order {}", one.ordre);
                problems.push(Problem::new(RULES, message));
            }
        }
        for row in rows {
            if row.critere == Criterion::Nom {
                rules.name_orders.push(row.ordre);
                patterns.push(row.motif.clone());
            }
            let siren = (!row.siren_motif.is_empty()).then(|| Regex::new(&row.siren_motif));
            let siren = siren.transpose().unwrap_or_else(|error| {
                problems.push(Problem::new(RULES, format!("rule {}: {error}", row.ordre)));
                None
            });
            rules.fallbacks.push(Fallback {
                order: row.ordre,
                criterion: row.critere,
                pattern: row.motif,
                siren,
                kind: row.type_employeur,
                source: row.source,
            });
        }
        rules.names = RegexSet::new(patterns).unwrap_or_else(|error| {
            problems.push(Problem::new(RULES, error.to_string()));
            RegexSet::default()
        });
        rules
    }

    /// The types that some rule gives, each once.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        let given = self.categories.values().chain(self.exceptions.values());
        let given = given.chain(self.fallbacks.iter().map(|rule| &rule.kind));
        given.map(String::as_str).collect::<std::collections::BTreeSet<_>>().into_iter()
    }

    /// The orders of the name rules that a name matches, space-separated: all that is kept of it.
    #[must_use]
    pub fn name_rules(&self, name: &str) -> String {
        let name = normalise(name);
        let orders: Vec<String> = self
            .names
            .matches(&name)
            .into_iter()
            .filter_map(|index| self.name_orders.get(index).map(u32::to_string))
            .collect();
        orders.join(" ")
    }

    /// The type of a SIREN that the legal category would misplace.
    #[must_use]
    pub fn exception(&self, siren: &str) -> Option<&str> {
        self.exceptions.get(siren).map(String::as_str)
    }

    /// The code of a legal category from its label.
    #[must_use]
    pub fn category_of_label(&self, label: &str) -> Option<&str> {
        self.labels.get(&label.to_lowercase()).map(String::as_str)
    }

    /// The type of a legal category: that of its longest known prefix.
    #[must_use]
    pub fn of_category(&self, category: &str) -> Option<&str> {
        (1..=category.len())
            .rev()
            .filter_map(|length| category.get(..length))
            .find_map(|prefix| self.categories.get(prefix))
            .map(String::as_str)
    }

    /// The first fallback that holds: (type, source).
    #[must_use]
    pub fn fallback(&self, name_rules: &str, siren: &str, declared: &str) -> Option<(&str, &str)> {
        let names: Vec<u32> =
            name_rules.split(' ').filter_map(|order| order.parse().ok()).collect();
        self.fallbacks
            .iter()
            .find(|rule| {
                let holds = match rule.criterion {
                    Criterion::Nom => names.contains(&rule.order),
                    Criterion::Siren => !siren.is_empty() && siren.starts_with(&rule.pattern),
                    Criterion::TypeDeclare => rule.pattern == declared,
                };
                holds && rule.siren.as_ref().is_none_or(|pattern| pattern.is_match(siren))
            })
            .map(|rule| (rule.kind.as_str(), rule.source.as_str()))
    }
}

/// Upper case without accents, one space for each run of other characters. Asterisks stay: SIRENE
/// puts one between the names of a natural person.
#[must_use]
fn normalise(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_uppercase) {
        match unaccented(c) {
            Some(letters) => plain.push_str(letters),
            None if c.is_ascii_alphanumeric() || c == '*' => plain.push(c),
            None if plain.ends_with(' ') || plain.is_empty() => {}
            None => plain.push(' '),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'À' | 'Á' | 'Â' | 'Ä' | 'Ã' => "A",
        'Ç' => "C",
        'È' | 'É' | 'Ê' | 'Ë' => "E",
        'Ì' | 'Í' | 'Î' | 'Ï' => "I",
        'Ñ' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Ö' | 'Õ' => "O",
        'Ù' | 'Ú' | 'Û' | 'Ü' => "U",
        'Ÿ' | 'Ý' => "Y",
        'Œ' => "OE",
        'Æ' => "AE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_case_accents_and_punctuation() {
        assert_eq!(normalise("  Écoles d'Œuvres – (C.C.A.S.) "), "ECOLES D OEUVRES C C A S");
        assert_eq!(normalise("VAUBRUNEL*/OCTAVIE  /"), "VAUBRUNEL* OCTAVIE");
    }

    fn rules() -> EmployerRules {
        let files: Files = [
            (CATEGORIES, "prefixe,type_employeur,remarque\n92,association,\n9,autre_prive,\n"),
            (LABELS, "libelle,code\nAssociation déclarée,9220\n"),
            (EXCEPTIONS, "siren,type_employeur,motif\n217500016,commune,\n"),
            (
                RULES,
                "ordre,critere,motif,siren_motif,type_employeur,source\n\
                 1,nom,^CCAS ,,ccas,nom\n2,nom,^CC ,^2,epci,nom\n\
                 3,siren,21,,commune,siren_prefixe\n\
                 4,type_declare,PRIVATE,,autre_prive,type_declare\n",
            ),
        ]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .collect();
        let mut problems = Vec::new();
        let rules = EmployerRules::load(&files, &mut problems);
        assert_eq!(problems, []);
        rules
    }

    #[test]
    fn the_longest_prefix_of_the_legal_category_wins() {
        assert_eq!(rules().of_category("9220"), Some("association"));
        assert_eq!(rules().of_category("9900"), Some("autre_prive"));
        assert_eq!(rules().of_category("1000"), None);
    }

    #[test]
    fn a_label_stands_for_its_category() {
        assert_eq!(rules().category_of_label("ASSOCIATION déclarée"), Some("9220"));
        assert_eq!(rules().category_of_label("Association"), None);
    }

    #[test]
    fn a_name_rule_may_ask_for_a_siren_too() {
        let rules = rules();
        let names = rules.name_rules("CC du Val d'Orle");
        assert_eq!(names, "2");
        assert_eq!(rules.fallback(&names, "200012345", ""), Some(("epci", "nom")));
        assert_eq!(rules.fallback(&names, "812345678", ""), None);
        assert_eq!(rules.fallback("", "210100001", "PRIVATE"), Some(("commune", "siren_prefixe")));
        assert_eq!(rules.fallback("", "", "PRIVATE"), Some(("autre_prive", "type_declare")));
    }
}
