//! A question in SQL becomes rows, over all that a warehouse holds for readers.
//!
//! Polars reads SQL and plans; files are read here, and of them the columns and row groups that the
//! plan asks for. Nothing that a question may say writes: its tables are frames in memory.

mod catalogue;
mod relation;
mod result;
mod statement;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use polars::prelude::*;
use polars::sql::SQLContext;

pub use catalogue::{Catalogue, Listed};

use crate::error::{Error, Result};
use crate::run::query::relation::Relation;
use crate::run::query::statement::understand;
use crate::run::store::Store;

/// Where a failure to read waits: polars would turn it into a text, and its exit code be lost.
type Failure = Arc<Mutex<Option<Error>>>;

/// Answers a question.
///
/// Whole numbers are 64 bits wide, whatever a file has, so that no sum overflows. Without an ORDER
/// BY of its own the answer is sorted by its columns from the left: the same files, the same bytes.
///
/// # Errors
/// `Usage` when the question is no SELECT, or names what is not there; else when a file cannot be
/// read.
pub fn query(store: &Store, sql: &str) -> Result<RecordBatch> {
    let catalogue = Catalogue::of(store)?;
    let question = understand(sql, &|name| catalogue.find(name))?;
    let failure = Failure::default();
    let mut context = SQLContext::new();
    for name in &question.tables {
        let relation = Relation::open(catalogue.files(name), Arc::clone(&failure))?;
        let args = ScanArgsAnonymous { schema: Some(relation.schema()), ..Default::default() };
        context.register(name, LazyFrame::anonymous_scan(Arc::new(relation), args)?);
    }
    // Polars meets some statements with a panic; that is a defect too, and has its exit code.
    let answer = || context.execute(&question.text).and_then(LazyFrame::collect);
    let answered = catch_unwind(AssertUnwindSafe(answer)).map_err(|_| {
        Error::internal("polars has a defect that this question meets")
            .hint("ask it in another way")
    })?;
    let failed = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(error) = failed {
        return Err(error);
    }
    let frame = answered.map_err(refused)?;
    let frame = if question.is_ordered { frame } else { result::sorted(frame)? };
    result::to_batch(&frame)
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
