//! Key figures as a page shows them: each beside what is published.

use crate::cli::report::{Page, table};
use crate::error::Result;
use crate::run::key_figures::{Shown, percent, published};
use crate::run::store::Store;
use crate::vocabulary::french::spaced;

const CENTS: &str = "centimes d'euro";

/// The key figures, if the run has any.
pub(super) fn show(page: &mut Page, store: &Store) -> Result<()> {
    let rows = published(store)?.into_iter().map(|figure| {
        let value = value(&figure);
        vec![figure.title, value, figure.published, figure.agrees]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.line("\nChiffres clés");
    table(page, &["chiffre", "valeur", "publié", "concorde"], &rows);
    page.line("");
    Ok(())
}

/// The value in its unit: euros instead of cents, a share in per cent with what it is made of.
fn value(figure: &Shown) -> String {
    let Some(value) = figure.value else { return "-".to_owned() };
    if let Some(whole) = figure.whole {
        let share = percent(Some(value), Some(whole));
        let share = share.map_or("-".to_owned(), |share| format!("{share} %"));
        return format!("{share} ({} / {})", spaced(value), spaced(whole));
    }
    if figure.unit == CENTS { format!("{} €", euros(value)) } else { spaced(value) }
}

/// Cents as euros, the French way.
pub(super) fn euros(cents: i64) -> String {
    format!("{},{:02}", spaced(cents / 100), (cents % 100).abs())
}
