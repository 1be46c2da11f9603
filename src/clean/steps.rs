//! What is done to rows, step by step: on frames here, as SQL on an engine. A step says what it
//! does once, for both.

use polars::prelude::*;

use crate::clean::attendances::Attendances;
use crate::clean::attended::count_people;
use crate::clean::delay::count_days;
use crate::clean::lookup::{Dated, Directory, Look};
use crate::error::Result;
use crate::vocabulary::columns::Column as Name;

/// One thing that is done to all rows.
#[derive(Debug)]
pub enum Step<'a> {
    /// Columns are computed from others of the row; one of a name that is there takes its place.
    With(Vec<Expr>),
    /// Columns say what is known of the distinct combinations of some texts.
    Look(Look<'a>),
    /// Columns say what is known of some texts on the day of the activity.
    Dated(Dated<'a>),
    /// Columns of the row that a key finds in a directory.
    Join(Join<'a>),
    /// Counts that a record does not have are those of the people who attended.
    People(&'a Attendances),
    /// The days from the activity to its entry, by the calendar of Paris.
    Delay,
}

/// Columns of a directory, as they are called there and as they will be; nulls where no row is
/// found.
#[derive(Debug)]
pub struct Join<'a> {
    /// The directory.
    pub directory: &'a Directory,
    /// The key.
    pub key: Name,
    /// Names there and here.
    pub columns: Vec<(String, String)>,
}

/// Takes steps on a frame.
///
/// # Errors
/// When a frame operation fails.
pub(super) fn take(mut rows: DataFrame, steps: &[Step<'_>]) -> Result<DataFrame> {
    for step in steps {
        rows = match step {
            Step::With(columns) => rows.lazy().with_columns(columns).collect()?,
            Step::Look(look) => look.apply(rows)?,
            Step::Dated(dated) => dated.apply(rows)?,
            Step::Join(Join { directory, key, columns }) => directory.join(rows, key, columns)?,
            Step::People(attendances) => count_people(rows, attendances)?,
            Step::Delay => count_days(rows)?,
        };
    }
    Ok(rows)
}
