//! The register of indicators and tables becomes a page for people, in French: internal tables too.

use crate::definition::register::{Axis, Figure, Register, Sheet};
use crate::publish::dictionary::{additive, anchor_of_measure, anchor_of_table};
use crate::publish::document::{self, Document, Line, Piece, Section, link, listed, name, words};

/// The page.
#[must_use]
pub fn document(title: &str, register: &Register<'_>) -> Document {
    let mut sections = Vec::new();
    if !register.tables.is_empty() {
        sections.push(Section::new("tables", "Tables"));
        sections.extend(register.tables.iter().map(|sheet| of_sheet(register, sheet)));
    }
    if !register.indicators.is_empty() {
        sections.push(Section::new("indicateurs", "Indicateurs"));
        sections.extend(register.indicators.iter().map(|figure| of_figure(register, figure)));
    }
    let about = "Ce que sont les tables et les indicateurs, d'après leurs déclarations. Des tables \
                 internes en font partie : une diffusion a son propre dictionnaire.";
    Document { title: format!("Dictionnaire : {title}"), about: vec![words(about)], sections }
}

fn of_sheet(register: &Register<'_>, sheet: &Sheet<'_>) -> Section {
    let mut section = Section::of_name(anchor_of_table(sheet.name), sheet.name, sheet.title);
    section.texts = vec![words(sheet.definition.as_ref())];
    section.fact("Faite de", words(sheet.from));
    let axis = |role: &'static str| {
        move |axis: &Axis<'_>| {
            let codes = listed(axis.codes.iter().map(|code| name(*code)));
            vec![name(axis.name), words(role), words(axis.meaning), codes]
        }
    };
    let measures = sheet.measures.iter().map(|measure| {
        let known = register.indicators.iter().find(|figure| figure.name == *measure);
        let title = known.map_or("", |figure| figure.title);
        vec![linked(known.is_some(), measure, anchor_of_measure), words("chiffre"), words(title)]
            .into_iter()
            .chain([Line::new()])
            .collect()
    });
    let rows: Vec<Vec<Line>> = sheet
        .dimensions
        .iter()
        .map(axis("dimension"))
        .chain(sheet.columns.iter().map(axis("colonne")))
        .chain(measures)
        .collect();
    let caption = vec![Piece::Words("Colonnes de ".to_owned()), Piece::Name(sheet.name.to_owned())];
    let heads = vec!["Colonne", "Rôle", "Description", "Codes"];
    section.sheet = Some(document::Sheet { caption, heads, rows });
    section
}

fn of_figure(register: &Register<'_>, figure: &Figure<'_>) -> Section {
    let mut section = Section::of_name(anchor_of_measure(figure.name), figure.name, figure.title);
    section.fact("Formule", words(figure.formula));
    section.fact("N'est pas", words(figure.is_not));
    section.fact("Unité", words(figure.unit));
    section.fact("Additif", additive(figure.is_additive));
    section.fact("Ailleurs", words(figure.used_by));
    let tables = figure.tables.iter().map(|table| {
        let is_told = register.tables.iter().any(|sheet| sheet.name == *table);
        linked(is_told, table, anchor_of_table)
    });
    section.fact("Tables", listed(tables));
    section
}

/// A name, which leads to its section where the page has it.
fn linked(is_told: bool, named: &str, anchor: fn(&str) -> String) -> Line {
    if is_told { link(named, anchor(named)) } else { name(named) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::html::html;
    use crate::publish::invented::DEFINITIONS;

    #[test]
    fn a_page_of_one_indicator_leads_nowhere_else() {
        let page =
            html(&document("Essai", &Register::new(&DEFINITIONS).only("nb_activites"))).unwrap();
        assert!(page.contains("<dt>N&#x27;est pas</dt>"), "{page}");
        assert!(page.contains("<code>activites_par_employeur_periode</code>"), "{page}");
        assert!(!page.contains("#table-"), "{page}");
    }
}
