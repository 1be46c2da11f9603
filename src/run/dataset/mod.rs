//! A dataset declared whole goes through the stages: ingest, clean, aggregate, verify.

pub mod clean;
pub mod files;
pub mod ids;
pub mod ingest;
pub mod kept;
pub mod lookups;
pub mod months;
pub mod order;
pub mod sums;
pub mod tables;
pub mod verdicts;
pub mod verify;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::definition::Definitions;
use crate::definition::dataset::Dataset;
use crate::error::{Error, Result};
use crate::run::dataset::verdicts::Part;
use crate::run::ingest::STAGE;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::manifest::Segment;
use crate::run::outputs::BUILDING;
use crate::run::parquet;
use crate::run::rejects::Located;
use crate::run::store::Store;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns;
use crate::vocabulary::reject::{Reject, is_identifier};

/// The datasets of which there are segments, with them and those of their notices of deletion, in
/// order.
pub fn with_segments<'m>(
    definitions: &'m Definitions,
    segments: &'m [Segment],
) -> impl Iterator<Item = (&'m str, &'m Dataset, Vec<Part<'m>>)> {
    let datasets = definitions.datasets.iter().filter(|(_, dataset)| dataset.notices_of.is_none());
    datasets.filter_map(move |(name, dataset)| {
        let part = |segment: &'m Segment| {
            let of = definitions.datasets.get(&segment.source)?;
            let is_own = segment.source == *name || of.notices_of.as_ref() == Some(name);
            is_own.then_some(Part { segment, dataset: of })
        };
        let own: Vec<Part<'m>> = segments.iter().filter_map(part).collect();
        (!own.is_empty()).then_some((name.as_str(), dataset, own))
    })
}

/// Folder of the rejects of datasets: each with its own fields.
pub const REJECTS: &str = "rejects/datasets/";

/// Gives the rejects of each segment a second name in the run.
///
/// # Errors
/// When a file cannot be linked.
pub fn publish_rejects(job: &Job<'_>, segments: &[Segment]) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for (_, _, own) in with_segments(job.definitions, segments) {
        for Part { segment, .. } in own {
            let path = format!("{REJECTS}{}/{}.parquet", segment.source, segment.id);
            job.store.link(&segment.rejects.path, &format!("{BUILDING}/{path}"))?;
            let rows = segment.refused.values().sum::<i64>();
            let mut file = segment.rejects.clone();
            file.path = path;
            outputs.push(Output { file, rows: u64::try_from(rows).unwrap_or_default() });
        }
    }
    Ok(outputs)
}

/// The rejects of all datasets of a run, without what the records say: participants are not told.
///
/// # Errors
/// When they cannot be read.
pub fn read_rejects(
    store: &Store,
    folder: &str,
    definitions: &Definitions,
) -> Result<Vec<Located>> {
    let top = format!("{folder}/{REJECTS}");
    let mut found = Vec::new();
    for path in store.files_below(top.trim_end_matches('/'))? {
        let name = path.strip_prefix(&top).and_then(|name| name.strip_suffix(".parquet"));
        let Some((source, segment)) = name.and_then(|name| name.split_once('/')) else { continue };
        let dataset = definitions.datasets.get(source);
        let field = dataset.and_then(|dataset| {
            let place = dataset.place(columns::STRUCTURE_ID.name)?;
            Some(dataset.columns.get(place)?.name.as_str())
        });
        for batch in parquet::read(store.file(&path)?, None, None)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                found.push(Located {
                    stage: STAGE.to_owned(),
                    source: source.to_owned(),
                    segment: segment.to_owned(),
                    reject: reject(&batch, field, row)?,
                });
            }
        }
    }
    Ok(found)
}

/// A reject of a dataset; the field that names the structure may hold anything.
fn reject(batch: &RecordBatch, structure: Option<&str>, row: usize) -> Result<Reject> {
    let lacking = || Error::data("the rejects of a dataset have no line or no reason");
    let text = |column: &ArrayRef| {
        let column = column.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let lines = batch.column_by_name(columns::LIGNE.name).ok_or_else(lacking)?;
    let lines = lines.as_primitive_opt::<Int64Type>().ok_or_else(lacking)?;
    let line = lines.value(row);
    let reasons = batch.columns().last().and_then(text).ok_or_else(lacking)?;
    let structure = structure.and_then(|field| batch.column_by_name(field)).and_then(text);
    Ok(Reject {
        line,
        place: format!("ligne {line}"),
        structure: structure.filter(|id| is_identifier(id)),
        reasons: reasons.split(SEPARATOR).map(str::to_owned).collect(),
        participants: 0,
        minutes: 0,
    })
}
