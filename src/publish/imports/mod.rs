//! A catalogue becomes scripts that load its tables: codes as text, empty as missing.
//!
//! Each is run in the folder of the release, prints the rows of each table and the sum of each
//! figure, and stops where these are not what the release says.

pub mod duckdb;
pub mod python;
pub mod r;

use crate::publish::catalogue::{Catalogue, Table};

/// What a script says at its top.
fn head(catalogue: &Catalogue, comment: &str, usage: &str) -> String {
    format!(
        "{comment} {}, mise à jour du {}. Source : {}. {}.\n\
         {comment} Depuis le dossier de la diffusion : {usage}\n\
         {comment} Codes en texte, vide = manquant ; les sommes sont celles de toutes les lignes \
         visibles, totaux compris.\n",
        catalogue.title, catalogue.as_of, catalogue.producer, catalogue.licence.title
    )
}

/// Names of the figures of a table and their sums.
fn sums(table: &Table) -> impl Iterator<Item = (&str, i64)> {
    table.figures().map(|column| (column.name.as_str(), column.sum))
}

/// What each column is called where it is text, and where it is a figure.
fn kinds<'t>(
    table: &'t Table,
    (text, figure): (&'t str, &'t str),
) -> impl Iterator<Item = (&'t str, &'t str)> {
    let kind = move |is_figure| if is_figure { figure } else { text };
    table.columns.iter().map(move |column| (column.name.as_str(), kind(column.is_figure())))
}
