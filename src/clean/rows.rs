//! Records that are made one by one become a batch of a table of the dictionary.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns::{self, Column, Kind};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::Table;

/// A cell that has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A count, a sum, or a day since 1970.
    Number(i64),
}

/// A record: its cells that have a value, by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(BTreeMap<&'static str, Cell>);

impl Row {
    /// Sets a text; none, or an empty one, is no value.
    pub fn text(&mut self, column: &Column, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.0.insert(column.name, Cell::Text(text.to_owned()));
        }
    }

    /// Sets a number, or a day.
    pub fn number(&mut self, column: &Column, number: Option<impl Into<i64>>) {
        if let Some(number) = number {
            self.0.insert(column.name, Cell::Number(number.into()));
        }
    }

    /// Adds flags, each once; an empty text is none.
    pub fn flags<'t>(&mut self, flags: impl IntoIterator<Item = &'t str>) {
        let mut all = self.text_of(&columns::DRAPEAUX).unwrap_or_default().to_owned();
        for flag in flags.into_iter().flat_map(|flags| flags.split(SEPARATOR)) {
            if !flag.is_empty() && all.split(SEPARATOR).all(|known| known != flag) {
                let separator = if all.is_empty() { "" } else { SEPARATOR };
                all.extend([separator, flag]);
            }
        }
        self.text(&columns::DRAPEAUX, Some(&all));
    }

    fn text_of(&self, column: &Column) -> Option<&str> {
        match self.0.get(column.name) {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number_of(&self, column: &Column) -> Option<i64> {
        match self.0.get(column.name) {
            Some(Cell::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The batch of some records, sorted by the key of their table, whose columns are texts.
///
/// # Errors
/// When a number does not fit its column.
pub fn to_batch(table: &Table, mut rows: Vec<Row>) -> Result<RecordBatch> {
    rows.sort_by(|one, other| {
        let of = |row: &Row, column: &Column| row.0.get(column.name).map(ordered);
        let keys = table.key.iter().map(|column| of(one, column).cmp(&of(other, column)));
        keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let columns = table.columns.iter().map(|column| array(column, &rows));
    Ok(RecordBatch::try_new(schema(table), columns.collect::<Result<_>>()?)?)
}

/// Of the records that share a key, the place of the one of the highest standing.
pub(super) fn best<K: Ord, S: Ord>(
    records: impl IntoIterator<Item = (K, S)>,
) -> BTreeMap<K, usize> {
    let mut best: BTreeMap<K, (S, usize)> = BTreeMap::new();
    for (place, (key, standing)) in records.into_iter().enumerate() {
        if best.get(&key).is_none_or(|(known, _)| *known < standing) {
            best.insert(key, (standing, place));
        }
    }
    best.into_iter().map(|(key, (_, place))| (key, place)).collect()
}

fn ordered(cell: &Cell) -> (String, i64) {
    match cell {
        Cell::Text(text) => (text.clone(), 0),
        Cell::Number(number) => (String::new(), *number),
    }
}

fn array(column: &Column, rows: &[Row]) -> Result<ArrayRef> {
    let small = |number: i64| {
        let message = || Error::data(format!("{number} is too great for `{}`", column.name));
        i32::try_from(number).map_err(|_| message())
    };
    let numbers = rows.iter().map(|row| row.number_of(column));
    Ok(match column.kind {
        Kind::Text => Arc::new(rows.iter().map(|row| row.text_of(column)).collect::<StringArray>()),
        Kind::Sum => Arc::new(numbers.collect::<Int64Array>()),
        Kind::Count => {
            let counts = numbers.map(|number| number.map(small).transpose());
            Arc::new(Int32Array::from(counts.collect::<Result<Vec<_>>>()?))
        }
        Kind::Day => {
            let days = numbers.map(|number| number.map(small).transpose());
            Arc::new(Date32Array::from(days.collect::<Result<Vec<_>>>()?))
        }
        Kind::Instant => return Err(Error::internal("no clean record has an instant")),
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;
    use crate::vocabulary::tables::CLEAN_CONTRATS;

    #[test]
    fn records_are_sorted_by_key_and_lack_what_nobody_set() {
        let row = |id: &str, end: Option<i32>| {
            let mut row = Row::default();
            row.text(&columns::CONTRAT_ID, Some(id));
            row.text(&columns::TYPE_CONTRAT, Some(""));
            row.number(&columns::FIN, end);
            row
        };
        let rows = vec![row("b", None), row("a", Some(19_000))];
        let batch = to_batch(&CLEAN_CONTRATS, rows).unwrap();
        let ids = batch.column_by_name("contrat_id").unwrap().as_string::<i32>();
        assert_eq!(ids.iter().flatten().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(batch.column_by_name("type_contrat").unwrap().null_count(), 2);
        assert_eq!(batch.column_by_name("fin").unwrap().null_count(), 1);
    }
}
