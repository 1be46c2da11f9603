//! A question in SQL becomes rows, over all that a warehouse holds for readers.
//!
//! Polars reads SQL and plans; files are read here, and of them the columns and row groups that the
//! plan asks for. Nothing that a question may say writes: its tables are frames in memory. Where
//! polars would answer something else than SQL means, the question is rewritten or refused before.

mod catalogue;
mod guard;
mod relation;
mod result;
mod rewrite;
mod statement;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use polars::prelude::*;
use polars::sql::SQLContext;

pub use catalogue::{Catalogue, Listed};

/// Writes an answer to a Parquet file.
pub use crate::run::parquet::write_rows as save;

use crate::error::{Error, Result};
use crate::run::query::relation::Relation;
use crate::run::query::statement::understand;
use crate::run::store::Store;

/// Where a failure to read waits: polars would turn it into a text, and its exit code be lost.
type Failure = Arc<Mutex<Option<Error>>>;

/// For the brackets of the longest question: each takes from the stack, in two parsers and a plan.
const STACK: usize = 256 * 1024 * 1024;

/// Answers a question.
///
/// Whole numbers are 64 bits wide, whatever a file or a function has. Rows that ORDER BY leaves
/// equal, or all without it, are sorted by their columns from the left: the same files, the same
/// bytes.
///
/// # Errors
/// `Usage` when the question is no SELECT, names what is not there, or has no answer that is known
/// to be right; else when a file cannot be read.
pub fn query(store: &Store, sql: &str) -> Result<RecordBatch> {
    let catalogue = Catalogue::of(store)?;
    std::thread::scope(|scope| {
        let asking = std::thread::Builder::new().stack_size(STACK);
        let asking = asking.spawn_scoped(scope, || answer(&catalogue, sql));
        let asking = asking.map_err(|error| {
            Error::io_failed(format!("no thread for a question: {error}")).because(error)
        })?;
        asking.join().unwrap_or_else(|_| Err(defect()))
    })
}

fn answer(catalogue: &Catalogue, sql: &str) -> Result<RecordBatch> {
    let question = understand(sql, &|name| catalogue.find(name))?;
    let failure = Failure::default();
    let mut context = SQLContext::new();
    for name in &question.tables {
        let relation = Relation::open(catalogue.files(name), Arc::clone(&failure))?;
        let args = ScanArgsAnonymous { schema: Some(relation.schema()), ..Default::default() };
        context.register(name, LazyFrame::anonymous_scan(Arc::new(relation), args)?);
    }
    // Polars meets some statements with a panic; that is a defect too, and has its exit code.
    let mut collect = || {
        let mut frame = context.execute(&question.text).map_err(refused)?;
        if question.is_open {
            let columns = frame.collect_schema().map_err(refused)?.len();
            frame = context.execute(&question.settled(columns)?).map_err(refused)?;
        }
        frame.collect().map_err(refused)
    };
    // Its text is for those who mend polars.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let answered = catch_unwind(AssertUnwindSafe(&mut collect));
    set_hook(hook);
    let answered = answered.map_err(|_| defect())?;
    let failed = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(error) = failed {
        return Err(error);
    }
    let frame = answered?;
    let frame = if question.is_ordered { frame } else { result::sorted(frame)? };
    result::to_batch(&frame)
}

fn defect() -> Error {
    Error::internal("polars has a defect that this question meets").hint("ask it in another way")
}

/// What polars does not understand, as the one who asks needs to know it.
fn refused(error: PolarsError) -> Error {
    let text = error.to_string();
    // The plan that polars adds is of no use to him.
    let message = text.lines().next().unwrap_or_default().to_owned();
    Error::usage(message)
        .because(error)
        .hint("`conum query` without a question lists the tables and their columns")
}
