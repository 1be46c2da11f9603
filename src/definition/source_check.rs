//! What a declared source says is held against the staged table, the code lists and itself.

use crate::definition::codelist::Lists;
use crate::definition::source::{Container, Encoding, Mapping, Quotes, Reading, Source};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables;

/// Columns that identify a record or a person: read as pseudonyms, and they alone.
const PSEUDONYMS: [columns::Column; 10] = [
    columns::ACTIVITE_ID,
    columns::COPIE_DE,
    columns::CONSEILLER_ID,
    columns::UTILISATEUR_ID,
    columns::BENEFICIAIRE_ID,
    columns::POSTE_ID,
    columns::POSTE_LIGNE_ID,
    columns::PERSONNE_ID,
    columns::CONTRAT_ID,
    columns::SUBVENTION_ID,
];

pub(super) fn mistakes(source: &Source, lists: &Lists) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Err(message) = source.pattern() {
        found.push(("files".to_owned(), format!("`files`: {message}")));
    }
    if source.files.is_empty() {
        found.push(("files".to_owned(), "`files` names no pattern".to_owned()));
    }
    match source.delimiter {
        Some(c) if !c.is_ascii() || c == '"' || c == '\n' => {
            found.push((
                "delimiter".to_owned(),
                format!("`delimiter`: {c:?} cannot separate fields"),
            ));
        }
        None if source.container == Container::Csv => {
            found.push(("container".to_owned(), "`delimiter` is missing".to_owned()));
        }
        _ => {}
    }
    found.extend(mistakes_of_layout(source));
    for (name, mapping) in &source.columns {
        found.extend(mistakes_of_column(source, name, mapping, lists));
    }
    let required: &[&columns::Column] = match source.subject {
        Subject::Activites => &[
            &columns::ACTIVITE_ID,
            &columns::DATE,
            &columns::NB_PARTICIPANTS,
            &columns::TYPE_ACTIVITE,
        ],
        Subject::Structures => &[&columns::STRUCTURE_ID],
        Subject::EmployeursPublics => &[&columns::NB_POSTES],
        Subject::Suppressions => &[&columns::ACTIVITE_ID, &columns::SUPPRIME_LE],
        Subject::Accompagnements => &[&columns::ACTIVITE_ID, &columns::BENEFICIAIRE_ID],
        Subject::Beneficiaires => &[&columns::BENEFICIAIRE_ID],
        Subject::Emplois => &[&columns::UTILISATEUR_ID, &columns::STRUCTURE_ID],
        Subject::Utilisateurs => &[&columns::UTILISATEUR_ID],
        Subject::UnitesLegales => &[&columns::SIREN],
        Subject::Postes => &[
            &columns::POSTE_ID,
            &columns::POSTE_LIGNE_ID,
            &columns::STRUCTURE_ID,
            &columns::ETAT_DECLARE,
        ],
        Subject::Contrats => &[&columns::CONTRAT_ID, &columns::PERSONNE_ID, &columns::STRUCTURE_ID],
        Subject::Subventions => &[&columns::SUBVENTION_ID, &columns::POSTE_LIGNE_ID],
    };
    for column in required {
        if !source.columns.get(column.name).is_some_and(|mapping| mapping.required) {
            let message = format!("column `{}` must be mapped with `required = true`", column.name);
            found.push((column.name.to_owned(), message));
        }
    }
    found
}

/// Keys that only some containers heed.
fn mistakes_of_layout(source: &Source) -> Vec<(String, String)> {
    let is_csv = source.container == Container::Csv;
    let is_json = matches!(source.container, Container::Json | Container::Jsonl);
    let is_lines = source.container == Container::Jsonl;
    let heeded = [
        ("delimiter", source.delimiter.is_some(), is_csv),
        ("encoding", source.encoding != Encoding::Utf8, is_csv || is_lines),
        ("tail", !source.tail.is_empty(), is_csv),
        ("quotes", source.quotes == Quotes::None, is_csv),
        ("trailing_delimiter", source.trailing_delimiter, is_csv),
        ("nested", !source.nested.is_empty(), is_csv),
        ("absorbs", source.absorbs.is_some(), is_csv),
        ("records", source.records.is_some(), source.container == Container::Json),
        ("each", source.each.is_some(), is_json),
        ("sheet", source.sheet.is_some(), source.container == Container::Xlsx),
        ("group_by", source.group_by.is_some(), source.container == Container::Xlsx),
    ];
    let idle = heeded.into_iter().filter(|(_, is_given, is_heeded)| *is_given && !is_heeded);
    let mut found: Vec<(String, String)> = idle
        .map(|(key, _, _)| (key.to_owned(), format!("`{key}` does not go with this container")))
        .collect();
    if source.decimal.is_some_and(|mark| mark != ',') {
        found.push(("decimal".to_owned(), "`decimal` can only be a comma".to_owned()));
    }
    found
}

fn mistakes_of_column(
    source: &Source,
    name: &str,
    mapping: &Mapping,
    lists: &Lists,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let staged = tables::staged(source.subject);
    let Some(column) = staged.columns.iter().find(|column| column.name == name) else {
        return vec![(name.to_owned(), format!("column `{name}` is not one of `{}`", staged.name))];
    };
    let is_private = PSEUDONYMS.iter().any(|private| private.name == name);
    let is_hidden = mapping.reading == Reading::Pseudonym;
    if !fits(column.kind, mapping.reading) || is_private != is_hidden {
        let message = format!("column `{name}` cannot be read as {:?}", mapping.reading);
        found.push((name.to_owned(), message));
    }
    let coded = matches!(mapping.reading, Reading::Code | Reading::Codes | Reading::Duration);
    if let Some(format) = mapping.format.as_deref().filter(|format| !is_format(format, mapping)) {
        let message = format!("column `{name}`: `{format}` is no format of a day or instant");
        found.push((name.to_owned(), message));
    }
    if source.dropped.iter().any(|dropped| mapping.from.all().contains(dropped)) {
        found.push((name.to_owned(), format!("column `{name}` is both read and dropped")));
    }
    if mapping.from.all().is_empty() || mapping.from.all().iter().any(String::is_empty) {
        found.push((name.to_owned(), format!("column `{name}`: `from` is empty")));
    }
    let is_tally = mapping.reading == Reading::Tally;
    if is_tally && (mapping.values.is_empty() || source.group_by.is_none()) {
        let message = format!("column `{name}`: a tally needs `values`, and `group_by`");
        found.push((name.to_owned(), message));
    }
    if mapping.absent.is_some() && name != columns::NB_PARTICIPANTS.name {
        let message = format!("column `{name}`: only a number of participants can be supposed");
        found.push((name.to_owned(), message));
    }
    if mapping.group.is_some() && mapping.reading != Reading::Count {
        found.push((name.to_owned(), format!("column `{name}`: only counts come in a group")));
    }
    match &mapping.list {
        Some(list) if !lists.has(list, source.system) => {
            let message = format!("column `{name}`: no code list `{list}` for this system");
            found.push((name.to_owned(), message));
        }
        None if coded && mapping.values.is_empty() => {
            found.push((name.to_owned(), format!("column `{name}` needs a `list` or `values`")));
        }
        _ => {}
    }
    found
}

/// Whether what is written in the format can be read back.
fn is_format(format: &str, mapping: &Mapping) -> bool {
    let day = jiff::civil::Date::constant(2021, 12, 31);
    if mapping.reading == Reading::Day {
        return jiff::fmt::strtime::format(format, day)
            .and_then(|text| jiff::civil::Date::strptime(format, text))
            .is_ok_and(|read| read == day);
    }
    let at = day.at(13, 45, 0, 0).in_tz("Europe/Paris");
    at.and_then(|at| jiff::fmt::strtime::format(format, &at))
        .and_then(|text| jiff::fmt::strtime::parse(format, text))
        .and_then(|parts| parts.to_datetime())
        .is_ok_and(|read| read == day.at(13, 45, 0, 0))
}

fn fits(kind: Kind, reading: Reading) -> bool {
    match reading {
        Reading::Day | Reading::ParisDay => kind == Kind::Day,
        Reading::Instant => kind == Kind::Instant,
        Reading::Count | Reading::Whole | Reading::Tally => kind == Kind::Count,
        Reading::Euros => kind == Kind::Sum,
        Reading::Pseudonym
        | Reading::Reference
        | Reading::Code
        | Reading::Codes
        | Reading::Duration
        | Reading::Siret
        | Reading::Commune
        | Reading::PostalCode
        | Reading::Departement
        | Reading::LegalCategory
        | Reading::Siren
        | Reading::YesNo
        | Reading::NameRules => kind == Kind::Text,
    }
}
