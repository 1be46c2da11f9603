//! A pipeline is planned, executed, accounted for and published; the only place that knows files.

pub mod aggregate;
pub mod clean;
pub mod draft;
pub mod execute;
pub mod frames;
mod gates;
pub mod ingest;
pub mod job;
pub mod ledger;
pub mod manifest;
pub mod outputs;
pub mod parquet;
pub mod plan;
pub mod rejects;
pub mod sample_folder;
pub mod store;
pub mod verify;
mod versions;
