//! A pipeline is planned, executed, accounted for and published; the only place that knows files.

pub mod aggregate;
pub mod clean;
mod corrections;
pub mod draft;
mod employers;
pub mod execute;
pub mod fetched;
pub mod frames;
mod gates;
pub mod ingest;
pub mod input;
pub mod job;
pub mod ledger;
pub mod manifest;
pub mod outputs;
pub mod parquet;
mod people;
pub mod plan;
mod reconciliation;
pub mod rejects;
pub mod sample_folder;
mod staged;
pub mod store;
pub mod verify;
mod versions;
