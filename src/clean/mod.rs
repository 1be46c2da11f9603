//! Typed rows become clean records: coded, joined to their employer and territory, unique, valid.

pub mod activities;
pub mod employers;
mod lookup;
mod places;
pub mod public_employers;
mod rules;
mod territory;
pub mod versions;

/// Changes when the same rows and declarations would give other records.
pub const VERSION: u32 = 1;
