//! A release is published on a portal of our own, which follows udata and fails on demand.

mod bucket;
mod command;
mod faults;
mod publishing;
mod request;
mod resuming;
pub mod server;
pub mod support;
