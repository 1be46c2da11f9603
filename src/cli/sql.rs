//! `conum sql`: declared tables as queries for engines of others.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::aggregate::sql::{Dialect, query};
use crate::cli::report;
use crate::error::{Error, Result};
use crate::run::aggregate::provisional_since;
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::store::Store;
use crate::run::summaries::clean_path;
use crate::run::verify::definitions;

/// Print the query that makes a table of the published run from its clean records: another engine
/// gives the same rows. Clean records are for the office.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of a declared table [default: all of them, one query each].
    table: Option<String>,
    /// Whose SQL; that of Spark is also that of Sail.
    #[arg(long, value_enum, default_value_t = Sql::Duckdb)]
    dialect: Sql,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sql {
    Duckdb,
    Spark,
}

impl From<Sql> for Dialect {
    fn from(sql: Sql) -> Self {
        match sql {
            Sql::Duckdb => Dialect::Duckdb,
            Sql::Spark => Dialect::Spark,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let store = Store::existing(&args.warehouse)?;
    let manifest = Manifest::published(&store)?;
    let definitions = definitions(&store, &manifest)?;
    let as_of = manifest.as_of.parse();
    let as_of = as_of.map_err(|error| Error::data("a run has its day").because(error))?;
    let since = provisional_since(&definitions, as_of)?;
    let dialect = Dialect::from(args.dialect);
    if let Some(name) = args.table.as_ref().filter(|name| !definitions.tables.contains_key(*name)) {
        let names: Vec<&str> = definitions.tables.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("no declared table is named `{name}`"))
            .hint(format!("one of {}", names.join(", "))));
    }
    let mut text = String::new();
    for (name, table) in &definitions.tables {
        if args.table.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        // Without records of its subject, the run has no such table.
        let Some(path) = clean_path(&store, CURRENT, table.from)? else { continue };
        let path = std::path::absolute(&path).map_err(|error| Error::io("find", &path, error))?;
        let records = dialect.parquet(&path.to_string_lossy());
        let query = query((table, &definitions), (&records, dialect), since)?;
        text.push_str(&format!("-- {name} : {}\n{query}\n", table.title));
    }
    if let Some(name) = args.table.as_ref().filter(|_| text.is_empty()) {
        return Err(Error::no_input(format!("the published run has no records for `{name}`")));
    }
    report::text(&text)?;
    Ok(ExitCode::SUCCESS)
}
