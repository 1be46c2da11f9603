//! A dataset declared whole goes through the stages: ingest, clean, aggregate, verify.

pub mod clean;
pub mod files;
pub mod ingest;
pub mod lookups;
pub mod months;
pub mod order;
pub mod tables;
pub mod verify;

use crate::definition::Definitions;
use crate::definition::dataset::Dataset;
use crate::error::Result;
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::manifest::Segment;
use crate::run::outputs::BUILDING;

/// The datasets of which there are segments, with them, in order.
pub fn with_segments<'m>(
    definitions: &'m Definitions,
    segments: &'m [Segment],
) -> impl Iterator<Item = (&'m str, &'m Dataset, Vec<&'m Segment>)> {
    definitions.datasets.iter().filter_map(move |(name, dataset)| {
        let own: Vec<&Segment> = segments.iter().filter(|s| s.source == *name).collect();
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
    for (name, _, own) in with_segments(job.definitions, segments) {
        for segment in own {
            let path = format!("{REJECTS}{name}/{}.parquet", segment.id);
            job.store.link(&segment.rejects.path, &format!("{BUILDING}/{path}"))?;
            let rows = segment.refused.values().sum::<i64>();
            let mut file = segment.rejects.clone();
            file.path = path;
            outputs.push(Output { file, rows: u64::try_from(rows).unwrap_or_default() });
        }
    }
    Ok(outputs)
}
