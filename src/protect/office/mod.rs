//! Files of any statistical office become protected tables: `conum protect`.
//!
//! 1. [`decimal`], [`records`] and [`hierarchy`] read numbers, rows and trees of codes.
//! 2. [`cells`] adds and checks totals; [`problem`] applies the rules and links the tables;
//!    [`assemble`] does all that from files and what is said of them.
//! 3. [`output`] writes what may be read outside and what stays inside, [`losses`] what it cost.
//! 4. [`argus`] and [`jj`] are the formats of other tools, read and written to compare with them.

pub mod argus;
pub mod assemble;
pub mod cells;
pub mod decimal;
pub mod hierarchy;
pub mod jj;
pub mod losses;
pub mod output;
pub mod problem;
pub mod records;
