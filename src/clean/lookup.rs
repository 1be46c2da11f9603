//! What a function says of each distinct combination of some text columns is joined to the rows.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::vocabulary::columns::{Column as Name, Kind};

/// Joins `values`, as `find` gives them for each distinct combination of `keys`. The key columns
/// are text without nulls.
pub(super) fn lookup<const K: usize, const V: usize>(
    frame: DataFrame,
    keys: [&Name; K],
    values: [&Name; V],
    mut find: impl FnMut([&str; K]) -> [Option<String>; V],
) -> Result<DataFrame> {
    let named: Vec<Expr> = keys.iter().map(|key| col(key.name)).collect();
    let distinct = frame
        .clone()
        .lazy()
        .select(named.clone())
        .unique(None, UniqueKeepStrategy::Any)
        .collect()?;
    let mut texts = Vec::with_capacity(K);
    for key in keys {
        texts.push(distinct.column(key.name)?.str()?);
    }
    let mut found: [Vec<Option<String>>; V] = std::array::from_fn(|_| Vec::new());
    for row in 0..distinct.height() {
        let mut combination = [""; K];
        for (slot, text) in combination.iter_mut().zip(&texts) {
            *slot = text.get(row).ok_or_else(|| Error::internal("key columns have no nulls"))?;
        }
        for (column, value) in found.iter_mut().zip(find(combination)) {
            column.push(value);
        }
    }
    let mut table = distinct.clone();
    for (name, column) in values.iter().zip(found) {
        table.with_column(Series::new(name.name.into(), column).into())?;
    }
    let joined =
        frame.lazy().join(table.lazy(), named.clone(), named, JoinArgs::new(JoinType::Left));
    Ok(joined.collect()?)
}

/// A text column that lives only while rows are on their way.
pub(super) fn text_column(name: &'static str) -> Name {
    Name { name, kind: Kind::Text, meaning: "" }
}
