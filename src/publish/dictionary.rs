//! A catalogue becomes the dictionary of a release as a page, in French.

use std::collections::BTreeMap;

use crate::publish::catalogue::{Catalogue, Code, Column, Measure, Period, Role, Table};
use crate::publish::document::{
    Document, Line, Piece, Section, Sheet, link, listed, name, words,
};
use crate::publish::html::html;
use crate::publish::markdown::markdown;
use crate::publish::notes;

/// The page of a release as HTML.
pub const HTML: &str = "dictionnaire.html";
/// The page of a release as Markdown.
pub const MARKDOWN: &str = "dictionnaire.md";

/// The pages of a release: names and contents.
#[must_use]
pub fn pages(catalogue: &Catalogue) -> [(&'static str, Vec<u8>); 2] {
    let document = document(catalogue);
    [(HTML, html(&document).into_bytes()), (MARKDOWN, markdown(&document).into_bytes())]
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

/// Lists of codes, each with the columns that have it and its anchor.
type Lists<'c> = Vec<(Vec<&'c str>, &'c [Code], String)>;

fn document(catalogue: &Catalogue) -> Document {
    let lists = lists(catalogue);
    let mut sections = vec![overview(catalogue)];
    sections.extend(catalogue.tables.iter().map(|table| of_table(catalogue, table, &lists)));
    if !catalogue.measures.is_empty() {
        sections.push(Section::new("indicateurs", "Indicateurs"));
    }
    sections.extend(catalogue.measures.iter().map(|measure| of_measure(catalogue, measure)));
    if !lists.is_empty() {
        sections.push(Section::new("codes", "Listes de codes"));
    }
    sections.extend(lists.iter().map(of_list));
    let notes = notes::sections(catalogue).into_iter();
    let about = [words(catalogue.description()), {
        let licence = &catalogue.licence;
        words(format!("{} ({}), {}.", licence.title, licence.id, licence.path))
    }];
    let _ = notes;
    Document {
        title: format!("Dictionnaire : {}", catalogue.title),
        about: about.to_vec(),
        sections,
    }
}
