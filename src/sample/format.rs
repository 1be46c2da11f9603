//! A name becomes one of the formats activities are exported in, and its writer.

use std::io;

use crate::sample::world::World;
use crate::sample::{
    Output, Portion, coop, coop_api, coop_base, coop_xlsx, datalake, documents, flat, legacy,
    metabase,
};

/// A form in which activities are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Postgres dump of the archive of the legacy system.
    LegacyArchive,
    /// Nightly raw extract of the legacy system.
    LegacyDatalake,
    /// Exports by year of a query tool on the legacy database.
    LegacyMetabase,
    /// Documents of the legacy database.
    LegacyDocuments,
    /// Activities of the Coop with employer and archived identifier, one JSON object a line.
    CoopActivites,
    /// Pages of the Coop's interface.
    CoopApi,
    /// Spreadsheet of the Coop, one row an accompaniment.
    CoopXlsx,
    /// Extracts of the Coop's database.
    CoopBase,
    /// The project's own flat file.
    Flat,
}

impl Format {
    /// All formats, those of the legacy system first.
    pub const ALL: [Self; 9] = [
        Self::LegacyArchive,
        Self::LegacyDatalake,
        Self::LegacyMetabase,
        Self::LegacyDocuments,
        Self::CoopActivites,
        Self::CoopApi,
        Self::CoopXlsx,
        Self::CoopBase,
        Self::Flat,
    ];

    /// Gives the name of the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LegacyArchive => "legacy_archive",
            Self::LegacyDatalake => "legacy_datalake",
            Self::LegacyMetabase => "legacy_metabase",
            Self::LegacyDocuments => "legacy_documents",
            Self::CoopActivites => "coop_activites",
            Self::CoopApi => "coop_api",
            Self::CoopXlsx => "coop_xlsx",
            Self::CoopBase => "coop_base",
            Self::Flat => "flat",
        }
    }

    /// Finds a format by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Counts the rows of the stream the format tells.
    pub(crate) fn stream_rows(self, world: &World<'_>) -> u64 {
        match self {
            Self::LegacyArchive
            | Self::LegacyDatalake
            | Self::LegacyMetabase
            | Self::LegacyDocuments => world.legacy_rows(),
            Self::CoopActivites | Self::CoopApi | Self::CoopXlsx | Self::CoopBase => {
                world.coop_rows()
            }
            Self::Flat => world.flat_rows(),
        }
    }

    /// Writes the files of the format.
    pub(crate) fn write(
        self,
        world: &World<'_>,
        portion: Portion,
        output: &mut Output<'_, '_>,
    ) -> io::Result<()> {
        match self {
            Self::LegacyArchive => {
                output.file(legacy::FILE, |out| legacy::write(world, portion, out))
            }
            Self::LegacyDatalake => {
                output.file(datalake::FILE, |out| datalake::write(world, portion, out))
            }
            Self::LegacyMetabase => {
                output.file(metabase::FILE, |out| metabase::write(world, portion, out))
            }
            Self::LegacyDocuments => {
                output.file(documents::FILE, |out| documents::write(world, portion, out))
            }
            Self::CoopActivites => output.file(coop::FILE, |out| coop::write(world, portion, out)),
            Self::CoopApi => coop_api::write(world, portion, output),
            Self::CoopXlsx => coop_xlsx::write(world, portion, output),
            Self::CoopBase => coop_base::write(world, portion, output),
            Self::Flat => output.file(flat::FILE, |out| flat::write(world, portion, out)),
        }
    }
}
