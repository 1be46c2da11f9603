//! A seed becomes an invented national export, with the flaws of the real ones.
//!
//! Every row is a function of the seed and of its number, so nothing is kept while writing:
//! a copy of an earlier row is made by inventing that row again.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use crate::sample::dataspace::Dataspace;
pub use crate::sample::format::Format;
use crate::sample::quirks::Quirk;
use crate::sample::world::World;

mod activity;
mod advisers;
mod beneficiaries;
mod classes;
mod coop;
mod coop_api;
mod coop_base;
mod coop_directory;
mod coop_labels;
mod coop_record;
mod coop_tables;
mod coop_values;
mod coop_xlsx;
mod cra_json;
mod datalake;
mod dataspace;
mod dataspace_files;
mod days;
mod deletions;
mod dice;
mod documents;
mod employers;
mod flat;
mod format;
#[cfg(test)]
mod format_tests;
mod legacy;
mod legacy_columns;
#[cfg(test)]
mod legacy_format_tests;
mod legacy_record;
mod legal_labels;
mod lines;
mod metabase;
mod migration;
mod open_data;
mod pace;
mod quirks;
mod register;
mod siret;
mod spots;
mod structures;
mod structures_export;
mod territory;
#[cfg(test)]
mod test_support;
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
    /// Activity rows: of the three main activity files together, or of the one format.
    pub rows: u64,
    /// Seed; the same request gives the same bytes.
    pub seed: u64,
    /// Communes to draw from; at least one.
    pub places: &'a [Place],
    /// Last possible day of an activity: year, month, day.
    pub last_day: (i16, u8, u8),
    /// The one format to write activities in; none for the usual folder, with three main files
    /// and an extract of their first rows in every other format.
    pub format: Option<Format>,
}

/// The first rows of a stream of activities, in one format.
#[derive(Clone, Copy)]
pub(crate) struct Portion {
    /// Rows of the whole stream, on which each of them depends.
    stream_rows: u64,
    /// Rows to write.
    rows: u64,
    /// Whether other files hold the same rows, so that the format may have flaws of its own.
    is_extract: bool,
}

impl Portion {
    fn whole(stream_rows: u64) -> Self {
        Self { stream_rows, rows: stream_rows, is_extract: false }
    }
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
    pub name: String,
    /// Records after the header, if there is one.
    pub rows: u64,
    /// Records that show each quirk.
    pub quirks: BTreeMap<&'static str, u64>,
}

impl FileSummary {
    fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rows: 0, quirks: BTreeMap::new() }
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

/// Where files go, and what was written in them.
pub(crate) struct Output<'o, 'a> {
    open: &'o mut Open<'a>,
    files: Vec<FileSummary>,
}

impl Output<'_, '_> {
    /// Writes one file from start to end.
    fn file(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<FileSummary>,
    ) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, (self.open)(name)?);
        self.files.push(write(&mut out)?);
        out.flush()
    }
}

/// Rows there are at least in an extract, and the share it has of all rows.
const EXTRACT_MIN: u64 = 40;
const EXTRACT_SHARE: u64 = 20;

/// Writes the files of an invented export, each from start to end.
///
/// Calls `open` once for each file. Memory depends on the square root of the rows (the advisers)
/// up to a ceiling, never on the rows themselves, but for two formats: the zipped one keeps the
/// rows of the years, the spreadsheet those of a file.
///
/// # Errors
///
/// Fails without places, with a last day that does not exist or is before the programme, and when
/// a file cannot be opened or written.
pub fn write(request: &Request<'_>, open: &mut Open<'_>) -> io::Result<Summary> {
    let world = World::new(request)?;
    let mut output = Output { open, files: Vec::new() };
    output.file(structures::FILE, |out| structures::write(&world, out))?;
    if request.format.is_none() {
        for format in [Format::LegacyArchive, Format::CoopActivites, Format::Flat] {
            let portion = Portion::whole(format.stream_rows(&world));
            format.write(&world, portion, &mut output)?;
        }
    }
    output.file(open_data::FILE, |out| open_data::write(&world, out))?;
    output.file(structures_export::FILE, |out| structures_export::write(&world, out))?;
    output.file(register::FILE, |out| register::write(&world, out))?;
    match request.format {
        Some(format) => {
            let portion = Portion::whole(format.stream_rows(&world));
            format.write(&world, portion, &mut output)?;
        }
        None => write_extracts(&world, &mut output)?,
    }
    dataspace_files::write(&Dataspace::new(request.seed, request.places), &mut output)?;
    Ok(Summary { files: output.files })
}

/// Writes the first rows of the legacy and Coop streams in the formats that are not the main ones,
/// and the deletions.
fn write_extracts(world: &World<'_>, output: &mut Output<'_, '_>) -> io::Result<()> {
    for format in [
        Format::LegacyDatalake,
        Format::LegacyMetabase,
        Format::LegacyDocuments,
        Format::CoopApi,
        Format::CoopXlsx,
        Format::CoopBase,
    ] {
        let stream_rows = format.stream_rows(world);
        let rows = EXTRACT_MIN.max(world.rows / EXTRACT_SHARE).min(stream_rows);
        format.write(world, Portion { stream_rows, rows, is_extract: true }, output)?;
    }
    output.file(deletions::FILE, |out| deletions::write(world, out))
}
