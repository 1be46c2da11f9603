//! Two runs become what changed between them, and why.
//!
//! 1. [`cause`] says why a record counts otherwise than before.
//! 2. [`figures`] takes the figures of a table in both runs, and what the records of each cause
//!    come to in it: what a figure moved by is the sum of its causes, or a rule changed.
//! 3. [`triangle`] says what each period was said to be 1, 7, 30 and 90 days after its end.
//! 4. [`outlier`] tells the months that are far from all that a cell's own past leads to expect.

pub mod cause;
pub mod figures;
pub mod outlier;
pub mod triangle;
