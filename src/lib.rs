//! Raw activity exports of the Conseillers numériques become national statistics by employer type.
//!
//! The journey, and the order to read the modules in:
//!
//! 1. [`vocabulary`] says what words mean: columns, tables, codes. No file is touched.
//! 2. [`definition`] turns the files of `pipelines/` into typed, checked declarations.
//! 3. [`ingest`] makes typed rows of raw bytes: every record is a row, or a reject with a reason.
//! 4. [`clean`] makes one coded record an activity, joined to its employer and its territory.
//! 5. [`aggregate`] makes the tables that `pipelines/tables/` declares; adding one takes no Rust.
//! 6. [`protect`] hides what the law forbids to publish and what would give it away; [`audit`] then
//!    tries to compute it all the same, and nothing is published unless it fails.
//! 7. [`publish`] says what the figures of a release are, in the formats that readers use;
//!    [`revision`] what moved since the run before, and why.
//! 8. [`run`] plans, executes, accounts for and publishes all that; it alone knows files.
//! 9. [`cli`] is what the operator types, one command a file.
//!
//! [`engine`] asks engines of others, [`fetch`] lists the Coop's API into raw exports, [`deliver`]
//! takes a release to portals and buckets, [`sample`] invents exports to try it on, and [`error`]
//! is how all of them fail.

pub mod vocabulary;

pub mod definition;

pub mod column;

pub mod ingest;

pub mod clean;

pub mod aggregate;

pub mod protect;

pub mod audit;

pub mod publish;

pub mod revision;

pub mod run;

pub mod cli;

pub mod engine;

pub mod fetch;

pub mod deliver;

pub mod sample;

pub mod error;
