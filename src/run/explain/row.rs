//! Dimensions and codes, as they are typed, become a row of a table, or the reason why not.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use crate::definition::Definitions;
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::revision::figures::key;
use crate::run::manifest::CURRENT;
use crate::run::parquet;
use crate::run::store::Store;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::tables::MADE;

/// Why a name is that of no table whose rows can be explained.
pub(super) fn unknown_table(definitions: &Definitions, name: &str) -> Error {
    if let Some(made) = MADE.iter().find(|made| made.table.name == name) {
        let told = format!("`{name}` is not declared: the program makes it of {}", made.from);
        return Error::usage(told).hint(format!(
            "`conum describe {name}` says what it is; the rows of declared tables are explained"
        ));
    }
    let known: Vec<&str> = definitions.tables.keys().map(String::as_str).collect();
    Error::no_input(format!("no table is named `{name}`"))
        .hint(format!("the tables are {}", known.join(", ")))
}

/// The codes of a row, in the order of the dimensions.
pub(super) fn codes_of(table: &Table, named: &[(String, String)]) -> Result<Vec<String>> {
    if let Some((name, _)) = named.iter().find(|(name, _)| !table.by.contains(name)) {
        return Err(Error::usage(format!("`{name}` is no dimension of the table"))
            .hint(format!("its dimensions are {}", table.by.join(", "))));
    }
    let mut seen = BTreeSet::new();
    if let Some((name, _)) = named.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(Error::usage(format!("`{name}` is given twice"))
            .hint("a row has one code of each dimension"));
    }
    let code = |name: &String| {
        let found = named.iter().find(|(known, _)| known == name);
        found.map_or_else(|| ENSEMBLE.to_owned(), |(_, code)| code.clone())
    };
    Ok(table.by.iter().map(code).collect())
}

/// Why a table has no such row.
pub(super) fn no_row(store: &Store, name: &str, table: &Table, codes: &[String]) -> Error {
    let error = Error::no_input(format!("no row of `{name}` is {}", key(&table.by, codes)));
    let path = format!("{CURRENT}/tables/{name}.parquet");
    let Ok(known) = known_codes(store, &path, table) else { return error };
    let unknown =
        table.by.iter().zip(codes).zip(&known).find(|((_, code), known)| !known.contains(*code));
    match unknown {
        Some(((dimension, _), known)) => {
            let some: Vec<&str> = known.iter().take(20).map(String::as_str).collect();
            error.hint(format!("codes of `{dimension}`: {}", some.join(", ")))
        }
        None => error.hint("each code is there, but not together: the figure is zero"),
    }
}

/// The codes of each dimension.
fn known_codes(store: &Store, path: &str, table: &Table) -> Result<Vec<BTreeSet<String>>> {
    let mut known = vec![BTreeSet::new(); table.by.len()];
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        for (name, known) in table.by.iter().zip(&mut known) {
            let column = batch.column_by_name(name).and_then(|it| it.as_string_opt::<i32>());
            known.extend(column.into_iter().flatten().flatten().map(str::to_owned));
        }
    }
    Ok(known)
}

/// The figures of a row of a file, by the measures of the table.
pub(super) fn row_in(
    store: &Store,
    path: &str,
    table: &Table,
    codes: &[String],
) -> Result<Option<Vec<Option<i64>>>> {
    if !store.has(path) {
        return Ok(None);
    }
    for batch in parquet::read(store.file(path)?, None, None)? {
        let batch = batch?;
        let texts = |name: &String| batch.column_by_name(name)?.as_string_opt::<i32>();
        let columns: Option<Vec<_>> = table.by.iter().map(texts).collect();
        let Some(columns) = columns else { return Ok(None) };
        let is_it =
            |row: &usize| columns.iter().zip(codes).all(|(it, code)| it.value(*row) == code);
        if let Some(row) = (0..batch.num_rows()).find(is_it) {
            let figure = |name: &String| {
                let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
                column.is_valid(row).then(|| column.value(row))
            };
            return Ok(Some(table.measures.iter().map(figure).collect()));
        }
    }
    Ok(None)
}
