//! Files of any statistical office become protected tables: `conum protect`.
//!
//! 1. [`decimal`], [`records`] and [`hierarchy`] read numbers, rows and trees of codes.
//! 2. [`cells`] adds and checks totals; [`problem`] applies the rules and links the tables.
//! 3. [`output`] writes what may be read outside and what stays inside, [`losses`] what it cost.

pub mod cells;
pub mod decimal;
pub mod hierarchy;
pub mod losses;
pub mod output;
pub mod problem;
pub mod records;
