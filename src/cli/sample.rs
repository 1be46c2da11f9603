//! `conum sample`: an invented national export, at any scale.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::civil::Date;

use crate::cli::{pipeline_args, report};
use crate::error::{Error, Result};
use crate::run::sample_folder;
use crate::sample::{Format, Place, Request, write};

/// Invent an export in all formats, with the quirks of the real ones.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Activity rows, over all files.
    #[arg(long)]
    rows: u64,
    /// Same seed, same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write into.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Last day an invented activity may bear, unless a quirk says otherwise.
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-06-30")]
    last_day: Date,
    /// One format alone, which then holds all the rows [default: three main files, and an extract
    /// of them in every other format].
    #[arg(long, value_parser = format, value_name = "FORMAT")]
    format: Option<Format>,
    /// The pipeline, for its communes.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
}

fn format(name: &str) -> std::result::Result<Format, String> {
    let names = || Format::ALL.map(Format::name).join(", ");
    Format::from_name(name).ok_or_else(|| format!("the formats are {}", names()))
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    let places: Vec<Place> = definitions
        .territory
        .communes()
        .iter()
        .filter_map(|row| {
            let postal_code = row.codes_postaux.split(' ').find(|code| !code.is_empty())?;
            Some(Place {
                code: row.code.clone(),
                postal_code: postal_code.to_owned(),
                departement: row.departement.clone(),
                population: row.population.unwrap_or(0),
            })
        })
        .collect();
    let request = Request {
        rows: args.rows,
        seed: args.seed,
        places: &places,
        last_day: (
            args.last_day.year(),
            args.last_day.month().unsigned_abs(),
            args.last_day.day().unsigned_abs(),
        ),
        format: args.format,
    };
    let mut open = |name: &str| sample_folder::create_in(&args.out, name);
    let failed = |error| Error::io("create files in", Path::new(&args.out), error);
    let summary = write(&request, &mut open).map_err(failed)?;
    // Tells that the published key of pseudonyms is good enough.
    let mut mark =
        sample_folder::create_in(&args.out, sample_folder::SAMPLE_MARK).map_err(failed)?;
    writeln!(mark, "Invented by `conum sample --rows {} --seed {}`.", args.rows, args.seed)
        .map_err(failed)?;
    report::sample(&summary, &args.out)?;
    Ok(ExitCode::SUCCESS)
}
