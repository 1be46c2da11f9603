//! Figures that are far from the past of their own cell, as a person reads them.

use crate::cli::report::{Page, table};
use crate::error::Result;
use crate::run::revision::outliers::{Odd, Told, between};
use crate::run::store::Store;

/// Figures that a run names.
const NAMED: usize = 5;

/// Says how many figures are odd, and the farthest of those that were not in the run before.
pub(super) fn show(page: &mut Page, store: &Store) -> Result<()> {
    let Some(told) = between(store, None, None)? else { return Ok(()) };
    page.line(format!(
        "\nFar from their own past: {} figures, {} of them new; `conum diff --outliers`",
        told.all.len(),
        told.new.len()
    ));
    if !told.new.is_empty() {
        lines(page, &told.new, NAMED);
    }
    Ok(())
}

/// What was not odd in one run and is in another.
pub(super) fn listed(told: &Told, limit: usize) -> Result<()> {
    let mut page = Page::default();
    let Told { from, to, new, .. } = told;
    let since = from.as_ref().map_or_else(
        || ", the first".to_owned(),
        |from| format!(" and not of {} ({})", from.id, from.as_of),
    );
    page.line(format!("Far from their own past in the tables of {} ({}){since}", to.id, to.as_of));
    if new.is_empty() {
        page.line("No figure.");
        return page.print();
    }
    lines(&mut page, new, limit);
    if new.len() > limit {
        page.line(format!("… and {} more: `--limit`, `--format csv`", new.len() - limit));
    }
    page.print()
}

/// The heads and cells of figures.
fn lines(page: &mut Page, all: &[Odd], limit: usize) {
    let rows: Vec<Vec<String>> = all.iter().take(limit).map(|odd| line(odd).to_vec()).collect();
    table(page, &["table", "row", "figure", "is", "expected", "score"], &rows);
}

fn line(odd: &Odd) -> [String; 6] {
    [
        odd.table.clone(),
        odd.cle.clone(),
        odd.indicateur.clone(),
        odd.valeur.to_string(),
        odd.attendu.to_string(),
        score(odd),
    ]
}

/// How far a figure is from its past, with the sign of the side.
pub(super) fn score(odd: &Odd) -> String {
    let sign = if odd.valeur < odd.attendu { '-' } else { '+' };
    format!("{sign}{}.{:02}", odd.score_centiemes / 100, odd.score_centiemes % 100)
}
