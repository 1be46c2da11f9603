//! `conum query`: a question in SQL.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arrow::array::RecordBatch;
use clap::ValueEnum;

use crate::cli::report::{self, Page, table};
use crate::cli::rows;
use crate::error::{Error, Result};
use crate::run::aggregate::csv_of;
use crate::run::folders::leads_into;
use crate::run::query::save;
use crate::run::query::{Catalogue, query};
use crate::run::store::Store;

/// Answer a question in SQL, over the clean data (`clean.activites`), the exact tables
/// (`tables.NAME`), what the public reads (`release.NAME`) and the accounts of the run. It only
/// reads. Clean data and exact tables are for the office.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A SELECT; `-` reads it from standard input [default: list the tables and their columns].
    sql: Option<String>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// Format of the answer [default: what the name of `--output` ends in, else table].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A file for the answer, outside of the warehouse, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// At most this many rows of a table on screen.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// Comma, decimal point, ISO days; nothing where nothing is known.
    Csv,
    /// One array of objects.
    Json,
    /// A file, with `--output`.
    Parquet,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let format = format(args)?;
    let target = args.output.as_deref().map(|path| target(path, &args.warehouse)).transpose()?;
    let Some(sql) = &args.sql else {
        list(&Catalogue::of(&store)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let answer = query(&store, &text_of(sql)?)?;
    match (format, target) {
        (Format::Parquet, Some((folder, name))) => save(folder.draft(&name)?, &answer)?,
        (_, None) => report::text(&written(format, &answer, args.limit)?)?,
        (_, Some((folder, name))) => {
            let text = written(format, &answer, usize::MAX)?;
            drop(folder.write(&name, text.as_bytes())?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The question itself, or what standard input says.
fn text_of(sql: &str) -> Result<String> {
    if sql != "-" {
        return Ok(sql.to_owned());
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Error::io("read", Path::new("standard input"), error))?;
    String::from_utf8(bytes)
        .map_err(|error| Error::usage("the question on standard input is not UTF-8").because(error))
}

fn format(args: &Args) -> Result<Format> {
    let ending = args.output.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
    let of_ending = ending.and_then(|ending| Format::from_str(ending, true).ok());
    let format = args.format.or(of_ending).unwrap_or(Format::Table);
    if format == Format::Parquet && args.output.is_none() {
        return Err(Error::usage("Parquet goes to a file").hint("add `--output FILE`"));
    }
    Ok(format)
}

/// The folder and the name of the file for the answer.
fn target(path: &Path, warehouse: &Path) -> Result<(Store, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Error::usage(format!("`{}` is no file", path.display())))?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    if leads_into(folder, warehouse)? {
        return Err(Error::usage(format!("`{}` is in the warehouse", path.display()))
            .hint("a question leaves the warehouse as it is: name another folder"));
    }
    // A device or a link would be replaced by a file.
    if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return Err(Error::usage(format!("`{}` is there and is no file", path.display()))
            .hint("name a file or a new one; without `--output` the answer can be piped on"));
    }
    Ok((Store::at(folder), name.to_owned()))
}

fn list(catalogue: &Catalogue) -> Result<()> {
    let mut page = Page::default();
    let tables = catalogue.list()?;
    let rows: Vec<Vec<String>> = tables
        .iter()
        .map(|it| vec![it.name.clone(), it.rows.to_string(), it.columns.join(" ")])
        .collect();
    table(&mut page, &["table", "rows", "columns"], &rows);
    page.print()
}

/// The answer as text.
fn written(format: Format, answer: &RecordBatch, limit: usize) -> Result<String> {
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|error| Error::internal("texts are UTF-8").because(error))
    };
    match format {
        Format::Csv => text(csv_of(answer, b',')?),
        Format::Json => rows::json(answer),
        _ => rows::page(answer, limit),
    }
}
