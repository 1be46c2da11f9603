//! Exact tables become publishable ones: what no one may learn, or recompute, is hidden.
//!
//! 1. [`rules`] says which figures the law forbids: the *primary* cells.
//! 2. [`tree`] and [`table`] say which figures are sums of which, and [`system`] holds all that is
//!    published together as one set of linear relations.
//! 3. The engines hide further cells, the *secondary* ones, until no primary cell can be computed.
//!
//! Nothing here is taken on trust: the audit judges the result and shares no code with it.

pub(crate) mod balance;
pub mod elimination;
pub mod engine;
pub mod network;
pub mod office;
pub mod pattern;
pub mod release;
pub mod rules;
pub mod system;
pub mod table;
pub mod tree;
