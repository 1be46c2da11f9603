//! What `conum protect` reads, without its engines.

#[path = "../../../src/protect/office/mod.rs"]
pub mod office;
#[path = "../../../src/protect/rules.rs"]
pub mod rules;
#[path = "../../../src/protect/system.rs"]
pub mod system;
#[path = "../../../src/protect/table.rs"]
pub mod table;
#[path = "../../../src/protect/tree.rs"]
pub mod tree;
