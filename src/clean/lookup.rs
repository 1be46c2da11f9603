//! What a function says of each distinct combination of some text columns is given to the rows.

use std::collections::HashMap;

use polars::prelude::*;

use crate::column::Fingerprints;
use crate::error::{Error, Result};
use crate::vocabulary::columns::{Column as Name, Kind};

/// Adds `values`, as `find` gives them for each distinct combination of `keys`. The key columns
/// are text without nulls.
pub(super) fn lookup<const K: usize, const V: usize>(
    mut frame: DataFrame,
    keys: [&Name; K],
    values: [&Name; V],
    mut find: impl FnMut([&str; K]) -> [Option<String>; V],
) -> Result<DataFrame> {
    let mut texts = Vec::with_capacity(K);
    for key in keys {
        texts.push(frame.column(key.name)?.str()?);
    }
    let mut iterators: Vec<_> = texts.iter().map(|column| column.iter()).collect();
    let mut known: HashMap<[&str; K], IdxSize, Fingerprints> = HashMap::default();
    let mut found: [Vec<Option<String>>; V] = std::array::from_fn(|_| Vec::new());
    let mut places: Vec<IdxSize> = Vec::with_capacity(frame.height());
    for _ in 0..frame.height() {
        let mut combination = [""; K];
        for (slot, texts) in combination.iter_mut().zip(&mut iterators) {
            let text = texts.next().flatten();
            *slot = text.ok_or_else(|| Error::internal("key columns have no nulls"))?;
        }
        let next = IdxSize::try_from(known.len()).map_err(|_| Error::internal("few rows"))?;
        let place = *known.entry(combination).or_insert_with(|| {
            for (column, value) in found.iter_mut().zip(find(combination)) {
                column.push(value);
            }
            next
        });
        places.push(place);
    }
    drop((known, iterators));
    for (name, column) in values.iter().zip(found) {
        let distinct = Series::new(name.name.into(), column);
        frame.with_column(distinct.take_slice(&places)?.into())?;
    }
    Ok(frame)
}

/// Rows that are found by a key.
#[derive(Debug)]
pub struct Directory {
    rows: DataFrame,
    places: HashMap<String, IdxSize, Fingerprints>,
}

impl Directory {
    /// Finds these rows by a text column, no value of which stands twice.
    ///
    /// # Errors
    /// When there is no such column.
    pub(super) fn new(rows: DataFrame, key: &Name) -> Result<Self> {
        let keys = rows.column(key.name)?.str()?;
        let places = (0..).zip(keys.iter());
        let places = places.filter_map(|(place, key)| Some((key?.to_owned(), place))).collect();
        Ok(Self { rows, places })
    }

    /// Adds columns, as they are called here and as they will be, from the row that has the value
    /// of `key`; nulls where there is none.
    pub(super) fn join(
        &self,
        mut frame: DataFrame,
        key: &Name,
        columns: &[(&str, &str)],
    ) -> Result<DataFrame> {
        let keys = frame.column(key.name)?.str()?;
        let places = keys.iter().map(|key| self.places.get(key?).copied());
        let places = IdxCa::from_iter_options(key.name.into(), places);
        for (from, to) in columns {
            let column = self.rows.column(from)?.as_materialized_series().take(&places)?;
            frame.with_column(column.with_name((*to).into()).into())?;
        }
        Ok(frame)
    }
}

/// A text column that lives only while rows are on their way.
pub(super) fn text_column(name: &'static str) -> Name {
    Name { name, kind: Kind::Text, meaning: "" }
}
