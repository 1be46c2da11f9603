//! Refused records become one table, whatever stage refused them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::run::dataset;
use crate::run::execute::read_rejects;
use crate::run::store::Store;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::reject::Reject;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::REJECTS;

/// A reject and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// ingest or clean.
    pub stage: String,
    /// Source.
    pub source: String,
    /// Segment.
    pub segment: String,
    /// The reject.
    pub reject: Reject,
}

impl Located {
    /// The first reason: the one it is counted under.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.reject.reasons.first().map_or("", String::as_str)
    }
}

/// All rejects of a run, those of datasets among them, in the order of their key.
///
/// # Errors
/// When they cannot be read.
pub fn read_all(store: &Store, folder: &str, definitions: &Definitions) -> Result<Vec<Located>> {
    let mut found = read_rejects(store, folder)?;
    found.extend(dataset::read_rejects(store, folder, definitions)?);
    sort(&mut found);
    Ok(found)
}

/// Puts rejects in the order of their key.
pub fn sort(rejects: &mut [Located]) {
    fn key(located: &Located) -> (&str, &str, &str, i64, &str) {
        let Located { stage, source, segment, reject } = located;
        (stage, source, segment, reject.line, &reject.place)
    }
    rejects.sort_by(|a, b| key(a).cmp(&key(b)));
}

/// The table of these rejects.
///
/// # Errors
/// When the batch cannot be built.
pub fn to_batch(rejects: &[Located]) -> Result<RecordBatch> {
    let text = |pick: &dyn Fn(&Located) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rejects.iter().map(pick)))
    };
    let number = |pick: fn(&Located) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rejects.iter().map(pick)))
    };
    let columns = vec![
        text(&|r| r.stage.clone()),
        text(&|r| r.source.clone()),
        text(&|r| r.segment.clone()),
        number(|r| r.reject.line),
        text(&|r| r.reject.place.clone()),
        Arc::new(rejects.iter().map(|r| r.reject.structure.as_deref()).collect::<StringArray>()),
        text(&|r| r.primary().to_owned()),
        text(&|r| r.reject.reasons.join(SEPARATOR)),
        number(|r| r.reject.participants),
        number(|r| r.reject.minutes),
    ];
    Ok(RecordBatch::try_new(schema(&REJECTS), columns)?)
}

/// Reads rejects back.
///
/// # Errors
/// When the batch has other columns.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Located>> {
    if batch.schema().fields() != schema(&REJECTS).fields() {
        return Err(Error::data("the rejects have other columns than expected")
            .hint("another version of the program wrote them: `conum run` makes them again"));
    }
    let text = |index: usize, row: usize| batch.column(index).as_string::<i32>().value(row);
    let number =
        |index: usize, row: usize| batch.column(index).as_primitive::<Int64Type>().value(row);
    Ok((0..batch.num_rows())
        .map(|row| Located {
            stage: text(0, row).to_owned(),
            source: text(1, row).to_owned(),
            segment: text(2, row).to_owned(),
            reject: Reject {
                line: number(3, row),
                place: text(4, row).to_owned(),
                structure: batch.column(5).is_valid(row).then(|| text(5, row).to_owned()),
                reasons: text(7, row).split(SEPARATOR).map(str::to_owned).collect(),
                participants: number(8, row),
                minutes: number(9, row),
            },
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_are_read_back_and_those_of_another_version_are_told_from_them() {
        let reject = |structure: Option<&str>| Located {
            stage: "ingest".to_owned(),
            source: "s".to_owned(),
            segment: "0".to_owned(),
            reject: Reject {
                structure: structure.map(str::to_owned),
                ..Reject::of_shape(2, "guillemets")
            },
        };
        let rejects = vec![reject(Some("s1")), reject(None)];
        let batch = to_batch(&rejects).unwrap();
        assert_eq!(from_batch(&batch).unwrap(), rejects);
        let kept: Vec<usize> = (0..batch.num_columns()).filter(|place| *place != 5).collect();
        let error = from_batch(&batch.project(&kept).unwrap()).unwrap_err();
        assert!(error.hint.is_some_and(|hint| hint.contains("conum run")));
    }
}
