//! A pipeline names its gates; its sources, rules and tables are the folders beside it.

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::{Files, Problem, toml_file};

/// `pipelines/<name>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// French title, written into every table.
    pub title: String,
    /// A source of which more than this share of lines is rejected stops the run.
    pub rejects_percent_max: u64,
    /// Tables shown at the end of a run, by employer type.
    pub main_tables: Vec<String>,
    /// Who produces the figures.
    pub producer: String,
    /// First day of La Coop: what it says was created before is a copy.
    pub coop_opening: Date,
    /// A period that ended less than this many days before the reference day may still grow.
    #[serde(default)]
    pub provisional_days: u16,
    /// Licence of the outputs.
    pub licence: String,
    /// Reference data of others that the figures rest on, to be cited: what, whose, of when.
    #[serde(default)]
    pub references: Vec<String>,
    /// Where the public finds the releases, if it is known.
    #[serde(default)]
    pub homepage: Option<String>,
}

impl Pipeline {
    pub(super) fn load(name: &str, files: &Files, problems: &mut Vec<Problem>) -> Self {
        let Some(bytes) = files.get(name) else {
            problems.push(Problem::new(name, "is not in the folder of the pipeline"));
            return Self::default();
        };
        let pipeline: Self = toml_file::read(name, bytes, problems).unwrap_or_default();
        if pipeline.rejects_percent_max > 100 {
            let message = "`rejects_percent_max` is a share, from 0 to 100";
            problems.push(Problem::at(name, bytes, "rejects_percent_max", message));
        }
        pipeline
    }
}
