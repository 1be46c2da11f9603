//! Typed rows become clean records: coded, joined to their employer and territory, unique, valid.

pub mod activities;
pub mod attendances;
mod attended;
pub mod contracts;
pub mod corrections;
mod delay;
pub mod duplicates;
pub mod employers;
pub mod employment;
mod harmonise;
pub mod lookup;
mod places;
pub mod posts;
pub mod public_employers;
pub mod repeated;
pub mod rows;
mod rules;
pub mod sql;
pub mod steps;
pub mod subsidies;
mod territory;
pub mod versions;
pub mod work_contracts;

/// Changes when the same rows and declarations would give other records.
pub const VERSION: u32 = 7;
