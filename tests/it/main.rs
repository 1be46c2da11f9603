//! All integration tests, in one binary: each further one would link polars again.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "a test binary exports nothing")]
#![expect(clippy::disallowed_methods, reason = "tests make and break files")]

mod activity_nights;
mod api;
mod bad_input;
mod barometer;
mod browser;
mod bucket_nights;
mod corrections;
mod datasets;
mod declarations;
mod employment;
mod engine_nights;
mod engines;
mod faults;
mod file_size;
mod formats;
mod gate;
mod hardening;
mod held_back;
mod install;
mod journey;
mod listener;
mod night;
mod nights;
mod observe;
mod outliers;
mod outputs;
mod package;
mod portal;
mod posts;
mod properties;
mod protect;
mod public_list;
mod questions;
mod real_data;
mod rejects;
mod report;
mod revisions;
mod scenarios;
mod secrecy;
mod secrecy_audit;
mod secrecy_network;
mod secrecy_nights;
mod secrecy_rules;
mod secrecy_sets;
mod soak;
mod sources;
mod support;
mod tables;
mod tasks;
mod territory;
mod tidy;
mod versions;
mod workbook;
