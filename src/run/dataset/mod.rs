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

use crate::definition::Definitions;
use crate::definition::dataset::Dataset;
use crate::error::Result;
use crate::run::dataset::verdicts::Part;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::manifest::Segment;
use crate::run::outputs::BUILDING;

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
