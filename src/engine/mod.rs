//! Queries go to an engine of another, over Spark Connect: one text, one answer.

pub mod address;
pub mod client;
mod messages;
