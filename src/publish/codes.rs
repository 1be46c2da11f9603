//! A dimension becomes the closed list of its codes, or the shape that they have.

use crate::definition::Definitions;
use crate::definition::table::{Dimension, Table};
use crate::publish::catalogue::Code;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{
    EMPLOYER_GROUPS, ENSEMBLE, INCONNU, NON, NON_RENSEIGNE, OUI, System,
};
use crate::vocabulary::columns;

/// What the codes of a dimension may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Domain {
    /// All of them; empty where the list is open.
    pub(super) codes: Vec<Code>,
    /// A regular expression that all of a code obeys.
    pub(super) pattern: Option<String>,
}

/// What the codes of a dimension of a table may be.
pub(super) fn domain(definitions: &Definitions, table: &Table, name: &str) -> Domain {
    let pair = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    let codes: Vec<(String, String)> = match table.dimension(name) {
        Dimension::Periods(lengths) => {
            return Domain { pattern: Some(periods(lengths)), ..Domain::default() };
        }
        Dimension::Classes(_) | Dimension::Bands(_) => {
            definitions.lists.made(name).map(pair).collect()
        }
        Dimension::Split(column) | Dimension::Column(column) => listed(definitions, column),
    };
    if codes.is_empty() {
        let pattern = has_siren(name).then(|| format!("([0-9]{{9}}|{INCONNU}|{ENSEMBLE})"));
        return Domain { pattern, ..Domain::default() };
    }
    let beside = [
        (INCONNU, "Inconnu"),
        (NON_RENSEIGNE, "Non renseigné"),
        (ENSEMBLE, "Ensemble : total de la dimension"),
    ];
    let beside = beside.map(|(code, label)| (code.to_owned(), label.to_owned()));
    let mut all: Vec<Code> = Vec::new();
    for (code, label) in codes.into_iter().chain(beside) {
        if all.iter().all(|known| known.code != code) {
            all.push(Code { code, label });
        }
    }
    Domain { codes: all, pattern: None }
}

/// The codes of a column and their labels; none where anyone may have another.
fn listed(definitions: &Definitions, column: &str) -> Vec<(String, String)> {
    let pair = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    let bare = |code: &str| (code.to_owned(), String::new());
    let is = |all: &[&columns::Column]| all.iter().any(|one| one.name == column);
    if is(&[&columns::TYPE_EMPLOYEUR]) {
        return definitions.lists.employer_types().to_vec();
    }
    if is(&[&columns::GROUPE_EMPLOYEUR]) {
        return EMPLOYER_GROUPS.iter().map(|code| bare(code)).collect();
    }
    if is(&[&columns::DEPARTEMENT, &columns::DEPARTEMENT_EMPLOYEUR]) {
        return definitions.territory.departements().map(pair).collect();
    }
    if is(&[&columns::REGION, &columns::REGION_EMPLOYEUR]) {
        return definitions.territory.regions().map(pair).collect();
    }
    if is(&[&columns::SYSTEME]) {
        return [System::Legacy, System::Coop, System::Plat].map(|one| bare(one.code())).to_vec();
    }
    if is(&[&columns::FRANCE_SERVICES]) {
        return [(OUI, "Labellisé"), (NON, "Non labellisé")].map(pair).to_vec();
    }
    let lists = [
        (columns::THEMES, "themes"),
        (columns::TYPE_ACTIVITE, "types_activite"),
        (columns::LIEU, "lieux"),
    ];
    let list = lists.into_iter().find(|(one, _)| one.name == column);
    list.map_or_else(Vec::new, |(_, list)| definitions.lists.labels(list).map(pair).collect())
}

fn has_siren(name: &str) -> bool {
    [columns::EPCI, columns::EPCI_EMPLOYEUR, columns::SIREN].iter().any(|one| one.name == name)
}

/// The shape of periods of some lengths.
fn periods(lengths: &[Length]) -> String {
    let shape = |length: &Length| match length {
        Length::Mois => "[0-9]{4}-(0[1-9]|1[0-2])",
        Length::Trimestre => "[0-9]{4}-T[1-4]",
        Length::Annee => "[0-9]{4}",
    };
    let shapes: Vec<&str> = lengths.iter().map(shape).chain([INCONNU, ENSEMBLE]).collect();
    format!("({})", shapes.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_the_shape_of_their_lengths() {
        let shape = periods(&[Length::Mois, Length::Annee]);
        let shape = regex::Regex::new(&format!("^{shape}$")).unwrap();
        for (text, fits) in [
            ("2024-03", true),
            ("2024", true),
            ("ensemble", true),
            ("2024-13", false),
            ("2024-T1", false),
            ("20245", false),
        ] {
            assert_eq!(shape.is_match(text), fits, "{text}");
        }
    }
}
