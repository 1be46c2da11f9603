//! A seed becomes an invented national export, with the flaws of the real ones.
//!
//! Every row is a function of the seed and of its number, so nothing is kept while writing:
//! a copy of an earlier row is made by inventing that row again.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use crate::sample::quirks::Quirk;
use crate::sample::world::World;

mod activity;
mod advisers;
mod classes;
mod coop;
mod coop_values;
mod days;
mod dice;
mod employers;
mod flat;
mod legacy;
mod legacy_columns;
mod lines;
mod open_data;
mod pace;
mod quirks;
mod siret;
mod spots;
mod structures;
mod territory;
#[cfg(test)]
mod tests;
pub mod words;
mod world;

/// A commune where employers and activities may be.
#[derive(Clone, Debug)]
pub struct Place {
    /// INSEE code of the commune.
    pub code: String,
    /// One of its postal codes.
    pub postal_code: String,
    /// Code of its département, `2A` or `974` included.
    pub departement: String,
    /// Inhabitants; a bigger commune has more employers.
    pub population: u64,
}

/// What to invent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Activity rows, the three activity files together.
    pub rows: u64,
    /// Seed; the same request gives the same bytes.
    pub seed: u64,
    /// Communes to draw from; at least one.
    pub places: &'a [Place],
    /// Last possible day of an activity: year, month, day.
    pub last_day: (i16, u8, u8),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The files, in the order they were written.
    pub files: Vec<FileSummary>,
}

/// What was written in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Name of the file.
    pub name: &'static str,
    /// Records after the header, if there is one.
    pub rows: u64,
    /// Records that show each quirk.
    pub quirks: BTreeMap<&'static str, u64>,
}

impl FileSummary {
    fn new(name: &'static str) -> Self {
        Self { name, rows: 0, quirks: BTreeMap::new() }
    }

    fn count(&mut self, quirk: Quirk) {
        *self.quirks.entry(quirk.name()).or_default() += 1;
    }

    fn count_if(&mut self, shows: bool, quirk: Quirk) {
        if shows {
            self.count(quirk);
        }
    }
}

/// Opens a file of the export by its name.
pub type Open<'a> = dyn FnMut(&str) -> io::Result<Box<dyn Write>> + 'a;

type WriteFile = fn(&World<'_>, u64, &mut dyn Write) -> io::Result<FileSummary>;

/// Share of the rows each activity file has, in percent; the flat file takes what is left.
const LEGACY_SHARE: u64 = 45;
const COOP_SHARE: u64 = 45;

/// Writes the five files of an invented export, each from start to end.
///
/// Calls `open` once for each file. Memory depends on the square root of the rows (the advisers)
/// up to a ceiling, never on the rows themselves.
///
/// # Errors
///
/// Fails without places, with a last day that does not exist or is before the programme, and when
/// a file cannot be opened or written.
pub fn write(request: &Request<'_>, open: &mut Open<'_>) -> io::Result<Summary> {
    let world = World::new(request)?;
    let legacy_rows = world.legacy_rows();
    let coop_rows = request.rows.saturating_mul(COOP_SHARE) / 100;
    let flat_rows = request.rows - legacy_rows - coop_rows;
    let files: [(&'static str, u64, WriteFile); 5] = [
        (structures::FILE, 0, structures::write),
        (legacy::FILE, legacy_rows, legacy::write),
        (coop::FILE, coop_rows, coop::write),
        (flat::FILE, flat_rows, flat::write),
        (open_data::FILE, 0, open_data::write),
    ];
    let mut summary = Summary { files: Vec::new() };
    for (name, rows, write_file) in files {
        let mut out = BufWriter::with_capacity(1 << 16, open(name)?);
        summary.files.push(write_file(&world, rows, &mut out)?);
        out.flush()?;
    }
    Ok(summary)
}
