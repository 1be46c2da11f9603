//! `conum describe`: what the published figures are.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::{pipeline_args, report};
use crate::definition::register::{Figure, Register, Sheet};
use crate::error::{Error, Result};
use crate::publish::html::html;
use crate::publish::markdown::markdown;
use crate::publish::register::document;

/// Say what an indicator or a table is: formula, unit, what it is not, what cites it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of an indicator or of a table [default: the list of all of them].
    name: Option<String>,
    /// The pipeline; its declarations are the folders beside it.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
    /// Format of the description.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines: everything, or what bears the name.
    Json,
    /// A page for a browser, in French: one file.
    Html,
    /// The same page as Markdown.
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    let all = Register::new(&definitions);
    let register = match &args.name {
        None => all,
        Some(name) => {
            let near = nearest(&all, name);
            let register = all.only(name);
            if register.is_empty() {
                return Err(Error::definition(format!("no indicator or table is named `{name}`"))
                    .hint(near));
            }
            register
        }
    };
    match args.format {
        Format::Json => report::json(&register)?,
        Format::Html => report::text(&html(&document(&definitions.pipeline.title, &register))?)?,
        Format::Markdown => {
            report::text(&markdown(&document(&definitions.pipeline.title, &register)))?;
        }
        Format::Text if args.name.is_none() => report::text(&list(&register))?,
        Format::Text => {
            let figures = register.indicators.iter().map(of_figure);
            report::text(&figures.chain(register.tables.iter().map(of_sheet)).collect::<String>())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What to type instead: the names that share the longest beginning or a part of it.
fn nearest(register: &Register<'_>, wanted: &str) -> String {
    let figures = register.indicators.iter().map(|figure| figure.name);
    let names = figures.chain(register.tables.iter().map(|sheet| sheet.name));
    let near: Vec<&str> =
        names.filter(|name| !wanted.is_empty() && name.contains(wanted)).collect();
    if near.is_empty() {
        return "`conum describe` lists all names".to_owned();
    }
    format!("names that contain it: {}", near.join(", "))
}

/// Names and titles.
fn list(register: &Register<'_>) -> String {
    let figures: Vec<(&str, &str)> =
        register.indicators.iter().map(|figure| (figure.name, figure.title)).collect();
    let sheets: Vec<(&str, &str)> =
        register.tables.iter().map(|sheet| (sheet.name, sheet.title)).collect();
    let width = figures.iter().chain(&sheets).map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (head, lines) in [("Indicators", figures), ("\nTables", sheets)] {
        text.push_str(&format!("{head}\n"));
        for (name, title) in lines {
            text.push_str(&format!("  {name:<width$}  {title}\n"));
        }
    }
    text
}

fn of_figure(figure: &Figure<'_>) -> String {
    let additive = if figure.is_additive { "yes" } else { "no" };
    let lines = [
        ("title", figure.title.to_owned()),
        ("formula", figure.formula.to_owned()),
        ("unit", figure.unit.to_owned()),
        ("is not", figure.is_not.to_owned()),
        ("used by", figure.used_by.to_owned()),
        ("additive", additive.to_owned()),
        ("tables", figure.tables.join(", ")),
    ];
    described("indicator", figure.name, &lines)
}

fn of_sheet(sheet: &Sheet<'_>) -> String {
    let mut lines = vec![
        ("title", sheet.title.to_owned()),
        ("definition", sheet.definition.to_string()),
        ("from", sheet.from.to_owned()),
    ];
    for (head, all) in [("dimension", &sheet.dimensions), ("column", &sheet.columns)] {
        for axis in all {
            let codes = if axis.codes.is_empty() {
                String::new()
            } else {
                format!(" ({})", axis.codes.join(", "))
            };
            lines.push((head, format!("{}: {}{codes}", axis.name, axis.meaning)));
        }
    }
    lines.push(("measures", sheet.measures.join(", ")));
    described("table", sheet.name, &lines)
}

fn described(kind: &str, name: &str, lines: &[(&str, String)]) -> String {
    let told = lines.iter().filter(|(_, text)| !text.is_empty());
    let told: String = told.map(|(head, text)| format!("  {head:<10} {text}\n")).collect();
    format!("{kind} {name}\n{told}")
}
