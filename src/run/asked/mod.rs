//! An engine is asked to clean activities, and for declared tables; it reads segments and clean
//! files where they are.

pub(super) mod clean;
mod exchange;
mod ground;
mod lookups;
mod parts;

use std::sync::OnceLock;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use crate::aggregate::Row;
use crate::aggregate::sql::{Dialect, query};
use crate::definition::Definitions;
use crate::definition::table::Table;
use crate::engine::address::Address;
use crate::engine::client::Engine;
use crate::error::{Error, Result};
use crate::fetch::Token;
use crate::run::log::MACHINES;
use crate::run::stop;
use crate::run::store::Store;

pub use ground::Shared;

/// An engine that a session is opened with when it is first needed.
#[derive(Debug)]
pub struct Asked<'a> {
    address: Address,
    token: Option<Token>,
    session: String,
    shared: Shared<'a>,
    opened: OnceLock<Engine>,
}

impl<'a> Asked<'a> {
    /// The engine at an address, with the token it asks for; `registered` is what no other run has,
    /// in hexadecimal digits.
    #[must_use]
    pub fn new(
        (address, token): (Address, Option<Token>),
        registered: &str,
        shared: Shared<'a>,
    ) -> Self {
        let session = uuid(registered);
        Self { address, token, session, shared, opened: OnceLock::new() }
    }

    /// The engine, in session.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn engine(&self) -> Result<&Engine> {
        if let Some(engine) = self.opened.get() {
            return Ok(engine);
        }
        let about = (self.session.clone(), self.token.as_ref().map(Token::secret));
        let engine = Engine::open(&self.address, about, stop::check)?;
        tracing::info!(event = "engine.opened", engine = %self.address, "The engine answers.");
        Ok(self.opened.get_or_init(|| engine))
    }
}

/// Takes away what a run that came to no end left for an engine.
///
/// # Errors
/// When it cannot be deleted.
pub(super) fn forget(store: &Store) -> Result<()> {
    store.remove_folder(exchange::FOLDER)
}

/// The rows of a declared table, in their order, from clean files; none where there is no record.
///
/// # Errors
/// When the engine fails, or what it answers is not of the shape of the table.
pub(super) fn rows(
    (asked, store): (&Asked<'_>, &Store),
    ((name, table), definitions): ((&str, &Table), &Definitions),
    clean: &str,
) -> Result<Vec<Row>> {
    let engine = asked.engine()?;
    let records = Dialect::Spark.parquet(&asked.location(store, clean)?);
    // Which periods are provisional is said of the rows, as of those of this program.
    let query = query((table, definitions), (&records, Dialect::Spark), jiff::civil::Date::MAX)?;
    let mut rows = Vec::new();
    for batch in engine.ask(query.trim_end().trim_end_matches(';'))? {
        let read = of_batch(&batch, table).map_err(|why| {
            let message = format!("the engine at {} answers `{name}` with {why}", engine.address());
            Error::internal(message).hint("nothing was published; run without `--engine`")
        });
        rows.extend(read?);
    }
    rows.sort_unstable();
    tracing::info!(
        target: MACHINES,
        event = "table.answered",
        engine = %engine.address(),
        table = name,
        rows = rows.len(),
        "Table answered."
    );
    Ok(rows)
}

/// The rows of a batch, or what is wrong with it.
fn of_batch(batch: &RecordBatch, table: &Table) -> std::result::Result<Vec<Row>, String> {
    let column = |name: &str, kind: &DataType| {
        let column = batch.column_by_name(name).ok_or_else(|| format!("no column `{name}`"))?;
        let column = cast(column, kind).map_err(|error| format!("a column `{name}`: {error}"))?;
        let is_whole = column.null_count() == 0;
        is_whole.then_some(column).ok_or_else(|| format!("nothing in a cell of `{name}`"))
    };
    let mut codes: Vec<StringArray> = Vec::new();
    for name in &table.by {
        codes.push(column(name, &DataType::Utf8)?.as_string::<i32>().clone());
    }
    let mut figures: Vec<Int64Array> = Vec::new();
    for name in &table.measures {
        figures.push(column(name, &DataType::Int64)?.as_primitive::<Int64Type>().clone());
    }
    let row = |row| {
        let codes = codes.iter().map(|column| column.value(row).to_owned()).collect();
        let figures = figures.iter().map(|column| column.value(row)).collect();
        (codes, figures)
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// A UUID of version 4 from the first digits of a hash.
fn uuid(hash: &str) -> String {
    let digits: Vec<char> = hash.chars().chain(std::iter::repeat('0')).take(32).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().iter();
    let part = |from, to| part(from, to).collect::<String>();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array};

    use super::*;

    #[test]
    fn a_session_is_named_after_the_run() {
        let name = uuid("0123456789abcdef0123456789abcdef99");
        assert_eq!(name, "01234567-89ab-4def-a123-456789abcdef");
        assert_eq!(uuid("").len(), 36);
    }

    #[test]
    fn an_answer_has_the_columns_of_the_table() {
        let table: Table = toml::from_str(
            "title = 't'\ndefinition = 'd'\nfrom = 'activites'\nby = ['lieu']\nmeasures = ['n']",
        )
        .unwrap();
        let of = |columns: Vec<(&str, ArrayRef)>| {
            of_batch(&RecordBatch::try_from_iter(columns).unwrap(), &table)
        };
        let places: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let counts: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let rows = of(vec![("n", counts.clone()), ("lieu", places.clone())]).unwrap();
        assert_eq!(rows, [(vec!["a".to_owned()], vec![1]), (vec!["b".to_owned()], vec![2])]);
        assert_eq!(of(vec![("n", counts)]).unwrap_err(), "no column `lieu`");
        let holes: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
        let error = of(vec![("n", holes), ("lieu", places)]).unwrap_err();
        assert_eq!(error, "nothing in a cell of `n`");
    }
}
