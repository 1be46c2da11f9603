//! Pages of the API are fetched from a server of our own, which fails on demand.

mod fetching;
mod night;
mod resuming;
pub mod server;
mod support;
