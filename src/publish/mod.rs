//! Protected tables become the texts that go with them: what each figure is, how to read it.
//!
//! Plain data in, bytes out. The same release gives the same bytes: its day is that of its figures,
//! and nothing here asks for the time.

pub mod catalogue;
pub mod grid;

mod codes;
pub mod describe;

pub mod fields;

pub mod datapackage;
pub mod dcat;
pub mod table_schema;

pub mod changelog;
pub mod notes;

pub mod imports;

pub mod workbook;

pub mod document;

pub mod html;
pub mod markdown;

pub mod dictionary;
pub mod register;

pub mod pages;

pub mod barometer;

pub mod sums;

#[cfg(test)]
mod invented;

/// The name of the catalogue in a release, as JSON that programs read.
pub const DICTIONARY: &str = "dictionnaire.json";

/// JSON that people can read, with a line end.
fn text_of(value: &serde_json::Value) -> Vec<u8> {
    let mut text = format!("{value:#}").into_bytes();
    text.push(b'\n');
    text
}
