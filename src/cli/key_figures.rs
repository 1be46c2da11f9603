//! Key figures as a page shows them: each beside what is published.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::cli::report::{Page, spaced, table};
use crate::error::Result;
use crate::run::key_figures::{percent, published};
use crate::run::store::Store;
use crate::vocabulary::columns::{self, Column};

const CENTS: &str = "centimes d'euro";

/// The key figures, if the run has any.
pub(super) fn show(page: &mut Page, store: &Store) -> Result<()> {
    let Some(figures) = published(store)? else { return Ok(()) };
    let mut rows = Vec::new();
    for batch in &figures {
        for row in 0..batch.num_rows() {
            let text = |column| text(batch, column, row).unwrap_or_default().to_owned();
            rows.push(vec![
                text(&columns::LIBELLE),
                value(batch, row),
                text(&columns::PUBLIE),
                text(&columns::CONCORDE),
            ]);
        }
    }
    page.line("\nChiffres clés");
    table(page, &["chiffre", "valeur", "publié", "concorde"], &rows);
    page.line("");
    Ok(())
}

/// The value in its unit: euros instead of cents, a share in per cent with what it is made of.
fn value(batch: &RecordBatch, row: usize) -> String {
    let Some(value) = number(batch, &columns::VALEUR, row) else { return "-".to_owned() };
    if let Some(whole) = number(batch, &columns::DENOMINATEUR, row) {
        let share = percent(Some(value), Some(whole));
        let share = share.map_or("-".to_owned(), |share| format!("{share} %"));
        return format!("{share} ({} / {})", spaced(value), spaced(whole));
    }
    match text(batch, &columns::UNITE, row) {
        Some(CENTS) => format!("{} €", euros(value)),
        _ => spaced(value),
    }
}

/// Cents as euros, the French way.
pub(super) fn euros(cents: i64) -> String {
    format!("{},{:02}", spaced(cents / 100), (cents % 100).abs())
}

fn text<'b>(batch: &'b RecordBatch, column: &Column, row: usize) -> Option<&'b str> {
    let array = batch.column_by_name(column.name)?.as_string_opt::<i32>()?;
    array.is_valid(row).then(|| array.value(row))
}

fn number(batch: &RecordBatch, column: &Column, row: usize) -> Option<i64> {
    let array = batch.column_by_name(column.name)?.as_primitive_opt::<Int64Type>()?;
    array.is_valid(row).then(|| array.value(row))
}
