//! A catalogue becomes the dictionary of a release as a page for people, in French.

use crate::error::Result;
use crate::publish::catalogue::{Catalogue, Code, Column, Measure, Period, Role, Table};
use crate::publish::document::{Document, Line, Piece, Section, Sheet, link, listed, name, words};
use crate::publish::html::html;
use crate::publish::markdown::markdown;

/// The page of a release as HTML.
pub const HTML: &str = "dictionnaire.html";
/// The page of a release as Markdown.
pub const MARKDOWN: &str = "dictionnaire.md";

/// The pages of a release: names and contents.
///
/// # Errors
/// Never, but for a fault of the program.
pub fn pages(catalogue: &Catalogue) -> Result<[(&'static str, Vec<u8>); 2]> {
    let document = document(catalogue);
    Ok([(HTML, html(&document)?.into_bytes()), (MARKDOWN, markdown(&document).into_bytes())])
}

/// Where the section of an indicator is.
#[must_use]
pub fn anchor_of_measure(name: &str) -> String {
    format!("indicateur-{name}")
}

/// Where the section of a table is.
#[must_use]
pub fn anchor_of_table(name: &str) -> String {
    format!("table-{name}")
}

/// Whether parts add up, as a fact.
#[must_use]
pub fn additive(is_additive: bool) -> Line {
    words(match is_additive {
        true => "oui : les parties s'ajoutent au total",
        false => "non : les parties ne s'ajoutent pas au total",
    })
}

/// A closed list of codes: the columns that have it, and where it is.
struct List<'c> {
    columns: Vec<&'c str>,
    codes: &'c [Code],
    anchor: String,
}

fn document(catalogue: &Catalogue) -> Document {
    let lists = lists(catalogue);
    let mut sections = vec![overview(catalogue)];
    sections.extend(catalogue.tables.iter().map(|table| of_table(catalogue, table, &lists)));
    sections.push(Section::new("indicateurs", "Indicateurs"));
    sections.extend(catalogue.measures.iter().map(|measure| of_measure(catalogue, measure)));
    if !lists.is_empty() {
        sections.push(Section::new("codes", "Listes de codes"));
    }
    sections.extend(lists.iter().map(of_list));
    let licence = &catalogue.licence;
    let licence = format!("{} ({}), {}.", licence.title, licence.id, licence.path);
    Document {
        title: format!("Dictionnaire : {}", catalogue.title),
        about: vec![words(catalogue.description()), words(licence)],
        sections,
    }
}

fn overview(catalogue: &Catalogue) -> Section {
    let months = |table: &Table| match &table.period {
        Some(Period { first, last }) => words(format!("de {first} à {last}")),
        None => words("sans période"),
    };
    let shown = catalogue.tables.iter().map(|table| {
        let named = link(&table.name, anchor_of_table(&table.name));
        let counts = [table.rows, table.hidden].map(|count| words(count.to_string()));
        [named, words(&table.title)].into_iter().chain(counts).chain([months(table)]).collect()
    });
    let mut section = Section::new("tables", "Tables");
    section.texts.extend(catalogue.withheld.iter().map(|table| {
        let why = Piece::Words(format!(" : {}. Non diffusée : {}", table.title, table.why));
        vec![Piece::Name(table.name.clone()), why]
    }));
    section.sheet = Some(Sheet {
        caption: words("Tables de la diffusion"),
        heads: vec!["Table", "Contenu", "Lignes", "dont masquées", "Mois"],
        rows: shown.collect(),
    });
    section
}

fn of_table(catalogue: &Catalogue, table: &Table, lists: &[List<'_>]) -> Section {
    let mut section = Section::of_name(anchor_of_table(&table.name), &table.name, &table.title);
    section.texts = [&table.definition, &table.why].map(words).to_vec();
    section.texts.retain(|text| *text != words(""));
    section.fact("Une ligne", words(&table.grain));
    section.fact("Clé", listed(table.key.iter().map(name)));
    let columns = table.columns.iter().map(|column| {
        let is_told = catalogue.measures.iter().any(|measure| measure.name == column.name);
        let named = match is_told {
            true => link(&column.name, anchor_of_measure(&column.name)),
            false => name(&column.name),
        };
        let kind = match column.role {
            Role::Dimension => "dimension",
            Role::Measure => "chiffre",
            Role::Note => "remarque",
        };
        let values = values(column, lists);
        vec![named, words(kind), words(&column.description), words(&column.unit), values]
    });
    section.sheet = Some(Sheet {
        caption: vec![Piece::Words("Colonnes de ".to_owned()), Piece::Name(table.name.clone())],
        heads: vec!["Colonne", "Rôle", "Description", "Unité", "Valeurs"],
        rows: columns.collect(),
    });
    section
}

/// What a column may have: its list, or an example.
fn values(column: &Column, lists: &[List<'_>]) -> Line {
    let of_it = |list: &&List<'_>| {
        list.codes == column.codes && list.columns.contains(&column.name.as_str())
    };
    let mut line = Line::new();
    if let Some(list) = lists.iter().find(of_it) {
        line.push(Piece::Words("liste ".to_owned()));
        line.extend(link(&column.name, list.anchor.clone()));
    } else if !column.example.is_empty() {
        line.push(Piece::Words("par exemple ".to_owned()));
        line.push(Piece::Name(column.example.clone()));
    }
    line
}

fn of_measure(catalogue: &Catalogue, measure: &Measure) -> Section {
    let anchor = anchor_of_measure(&measure.name);
    let mut section = Section::of_name(anchor, &measure.name, &measure.title);
    section.fact("Formule", words(&measure.formula));
    section.fact("N'est pas", words(&measure.is_not));
    section.fact("Unité", words(&measure.unit));
    section.fact("Additif", additive(measure.is_additive));
    section.fact("Ailleurs", words(&measure.used_by));
    let has_it = |table: &&Table| table.columns.iter().any(|column| column.name == measure.name);
    let tables = catalogue.tables.iter().filter(has_it);
    let links = tables.map(|table| link(&table.name, anchor_of_table(&table.name)));
    section.fact("Tables", listed(links));
    section
}

/// The closed lists, each once, in the order of the tables.
fn lists(catalogue: &Catalogue) -> Vec<List<'_>> {
    let mut lists: Vec<List<'_>> = Vec::new();
    let columns = catalogue.tables.iter().flat_map(|table| &table.columns);
    for column in columns.filter(|column| !column.codes.is_empty()) {
        let known = lists.iter_mut().find(|list| list.codes == column.codes);
        match known {
            Some(list) if list.columns.contains(&column.name.as_str()) => {}
            Some(list) => list.columns.push(&column.name),
            None => {
                let anchor = format!("codes-{}-{}", lists.len() + 1, column.name);
                lists.push(List { columns: vec![&column.name], codes: &column.codes, anchor });
            }
        }
    }
    lists
}

fn of_list(list: &List<'_>) -> Section {
    let names = listed(list.columns.iter().map(|column| name(*column)));
    let caption = [words("Codes de "), names.clone()].concat();
    let rows = list.codes.iter().map(|code| vec![name(&code.code), words(&code.label)]);
    Section {
        anchor: list.anchor.clone(),
        head: names,
        is_below: true,
        sheet: Some(Sheet { caption, heads: vec!["Code", "Libellé"], rows: rows.collect() }),
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::publish::invented;

    #[test]
    fn a_page_says_each_table_column_indicator_and_code_once() {
        let [(_, page), (_, text)] = pages(&invented::catalogue())
            .unwrap()
            .map(|(name, content)| (name, String::from_utf8(content).unwrap()));
        for expected in [
            "<h3 id=\"table-employeurs_par_type\"><code>employeurs_par_type</code>\u{a0}: ",
            "<a href=\"#indicateur-nb_activites\"><code>nb_activites</code></a>",
            "<caption>Codes de <code>type_employeur</code></caption>",
            "<td>Centre communal d&#x27;action sociale (CCAS)</td>",
            "Non diffusée\u{a0}: il en resterait trop peu",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        let ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "{ids:?}");
        let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            assert!(known.contains(link), "{link} leads nowhere");
        }
        assert!(
            text.contains("### `nb_activites` : Activités\n\n- Formule : nombre d'act"),
            "{text}"
        );
        assert!(text.contains("| `ccas` | Centre communal d'action sociale (CCAS) |"), "{text}");
    }
}
