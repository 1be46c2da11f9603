//! What words mean: every column, every table the program itself names, every code it branches on.

pub mod calendar;
pub mod codes;
pub mod columns;
pub mod flags;
pub mod french;
pub mod reject;
pub mod schema;
pub mod sirene;
pub mod tables;
pub mod text;
pub mod warnings;
