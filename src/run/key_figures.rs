//! Cells of tables become the table of key figures, each beside what is published.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use jiff::civil::Date;

use crate::clean::rows::{Row, to_batch};
use crate::definition::Definitions;
use crate::definition::key_figure::{Cells, KeyFigure, Published};
use crate::error::Result;
use crate::run::manifest::CURRENT;
use crate::run::parquet;
use crate::run::staged::{sum, text};
use crate::run::store::Store;
use crate::vocabulary::codes::{ENSEMBLE, NON, OUI};
use crate::vocabulary::columns;
use crate::vocabulary::tables::CHIFFRES_CLES;

/// The tables that are declared and were made, by name.
type Tables<'t> = BTreeMap<&'t str, &'t RecordBatch>;

/// The key figures on a reference day; nothing where none is declared or none of their tables is
/// there. A figure whose table is not there has no value.
///
/// # Errors
/// When the table cannot be put together.
pub fn make(
    definitions: &Definitions,
    as_of: Date,
    declared: &[(String, RecordBatch)],
) -> Result<Option<RecordBatch>> {
    let tables: Tables<'_> = declared.iter().map(|(name, rows)| (name.as_str(), rows)).collect();
    let is_there = |figure: &KeyFigure| tables.contains_key(figure.value.table.as_str());
    if !definitions.key_figures.iter().any(is_there) {
        return Ok(None);
    }
    let rows = definitions.key_figures.iter().zip(1_i64..);
    let rows = rows.map(|(figure, order)| row(figure, order, definitions, (as_of, &tables)));
    to_batch(&CHIFFRES_CLES, rows.collect()).map(Some)
}

/// A key figure of a run.
#[derive(Debug)]
pub struct Shown {
    /// French title.
    pub title: String,
    /// Value; the numerator of a share.
    pub value: Option<i64>,
    /// What a share is a share of.
    pub whole: Option<i64>,
    /// Unit.
    pub unit: String,
    /// What is published, in words.
    pub published: String,
    /// Whether both agree; empty on another day.
    pub agrees: String,
}

/// The key figures of the run that readers see; none where it has none.
///
/// # Errors
/// When they cannot be read.
pub fn published(store: &Store) -> Result<Vec<Shown>> {
    let path = format!("{CURRENT}/tables/{}.parquet", CHIFFRES_CLES.name);
    let mut shown = Vec::new();
    if !store.has(&path) {
        return Ok(shown);
    }
    for batch in parquet::read(store.file(&path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let text = |column| text(&batch, column, row).unwrap_or_default().to_owned();
            shown.push(Shown {
                title: text(&columns::LIBELLE),
                value: sum(&batch, &columns::VALEUR, row),
                whole: sum(&batch, &columns::DENOMINATEUR, row),
                unit: text(&columns::UNITE),
                published: text(&columns::PUBLIE),
                agrees: text(&columns::CONCORDE),
            });
        }
    }
    Ok(shown)
}

fn row(
    figure: &KeyFigure,
    order: i64,
    definitions: &Definitions,
    (as_of, tables): (Date, &Tables<'_>),
) -> Row {
    let mut row = Row::default();
    let value = value_of(&figure.value, definitions, tables);
    let whole = figure.share_of.as_ref().and_then(|cells| value_of(cells, definitions, tables));
    row.number(&columns::ORDRE, Some(order));
    row.text(&columns::CHIFFRE, Some(&figure.name));
    row.text(&columns::LIBELLE, Some(&figure.title));
    row.text(&columns::DEFINITION, Some(&figure.definition));
    row.text(&columns::TABLE, Some(&figure.value.table));
    row.number(&columns::VALEUR, value);
    row.number(&columns::DENOMINATEUR, whole);
    let indicator = definitions.indicators.get(&figure.value.measure);
    row.text(&columns::UNITE, indicator.map(|indicator| indicator.unit.as_str()));
    if let Some(published) = &figure.published {
        row.number(&columns::VALEUR_PUBLIEE, Some(published.value));
        row.text(&columns::PUBLIE, Some(&published.wording));
        row.text(&columns::PUBLIE_LE, Some(&published.on.to_string()));
        let shown = if figure.share_of.is_some() { percent(value, whole) } else { value };
        let agrees = shown.filter(|_| published.on == as_of).map(|shown| agrees(published, shown));
        row.text(&columns::CONCORDE, agrees.map(|agrees| if agrees { OUI } else { NON }));
    }
    row
}

fn agrees(published: &Published, value: i64) -> bool {
    if published.at_least { value >= published.value } else { value == published.value }
}

/// A share in per cent, half up.
#[must_use]
pub fn percent(value: Option<i64>, whole: Option<i64>) -> Option<i64> {
    let (value, whole) = (value?, whole.filter(|whole| *whole > 0)?);
    i64::try_from((i128::from(value) * 200 + i128::from(whole)) / (i128::from(whole) * 2)).ok()
}

/// The sum of some cells; none where the table is not there. Cells that no record fills are 0.
fn value_of(cells: &Cells, definitions: &Definitions, tables: &Tables<'_>) -> Option<i64> {
    let dimensions = &definitions.tables.get(&cells.table)?.by;
    let table = tables.get(cells.table.as_str())?;
    let figures = table.column_by_name(&cells.measure)?.as_primitive_opt::<Int64Type>()?;
    let is_wanted = |row: usize| {
        table.schema().fields().iter().zip(table.columns()).all(|(field, column)| {
            let texts = column.as_string_opt::<i32>().filter(|_| dimensions.contains(field.name()));
            let Some(texts) = texts else { return true };
            match cells.wanted.get(field.name()) {
                Some(values) => values.iter().any(|value| value == texts.value(row)),
                None => texts.value(row) == ENSEMBLE,
            }
        })
    };
    Some((0..table.num_rows()).filter(|row| is_wanted(*row)).map(|row| figures.value(row)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_half_up() {
        assert_eq!(percent(Some(1), Some(200)), Some(1));
        assert_eq!(percent(Some(99), Some(1_000)), Some(10));
        assert_eq!(percent(Some(94), Some(1_000)), Some(9));
        assert_eq!(percent(Some(1), Some(0)), None);
        assert_eq!(percent(None, Some(3)), None);
    }
}
