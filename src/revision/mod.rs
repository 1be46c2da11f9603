//! Two runs become what changed between them, and why.
//!
//! 1. [`cause`] says why a record counts otherwise than before.
//! 2. [`figures`] takes the figures of a table in both runs, and what the records of each cause
//!    come to in it: what a figure moved by is the sum of its causes, or a rule changed.

pub mod cause;
pub mod figures;
