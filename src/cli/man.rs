//! `conum man`: the arguments the program takes, and what they say of themselves, become manual
//! pages, one a command.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::report::Page;
use crate::cli::{Cli, EXIT_CODES};
use crate::error::{Error, Result};
use crate::run::store::Store;

/// Write the manual pages: one of the program, and one of each command.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write them into.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let store = Store::at(&args.out);
    let mut page = Page::default();
    for command in with_commands_below(&program) {
        let name = format!("{}.1", name(command));
        let text = manual_page(command)
            .map_err(|error| Error::internal("a manual page is made in memory").because(error))?;
        store.write(&name, &text)?;
        page.line(args.out.join(name).display().to_string());
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

fn with_commands_below(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    std::iter::once(command).chain(below.flat_map(with_commands_below)).collect()
}

fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn manual_page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone().subcommand_help_heading("COMMANDS"))
        // The same bytes on any day; nothing at all would move the source to its place.
        .date(" ")
        .source(concat!("conum ", env!("CARGO_PKG_VERSION")))
        .manual("Conum manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::default();
    exit_status(&mut rest, command);
    entries(&mut rest, "ENVIRONMENT", &VARIABLES, command);
    entries(&mut rest, "FILES", &FILES, command);
    if name(command) != "conum" {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold("conum"), roman("(1)")]);
    }
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// How the command is called, as its help says.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut page = Roff::default();
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold(usage.trim_start_matches("Usage: ").trim_end())]);
    page
}

/// The codes a command tells of in its help, or those of all commands.
fn exit_status(page: &mut Roff, command: &Command) {
    page.control("SH", ["EXIT STATUS"]);
    let own = command.get_after_help().map(ToString::to_string);
    let help = own.filter(|help| help.starts_with("Exit codes:"));
    let help = help.as_deref().unwrap_or(EXIT_CODES);
    for line in help.lines().skip(1) {
        let line = line.trim();
        let meaning = line.find(char::is_alphabetic).unwrap_or(line.len());
        let (codes, meaning) = line.split_at(meaning);
        entry(page, bold(codes.trim_end()), meaning);
    }
}

/// The option that makes a command use something (none: any does), how it is named, what it is.
type Entry = (Option<&'static str>, &'static str, &'static str);

const VARIABLES: [Entry; 2] = [
    (
        None,
        "RUST_LOG",
        "What the log tells: a level such as debug, or conum=debug,warn. It wins over --quiet.",
    ),
    (
        Some("to"),
        "CREDENTIALS_DIRECTORY",
        "Folder in which a manager of services keeps the secret, datagouv or s3; read where there \
         is no --token-file.",
    ),
];

const FILES: [Entry; 9] = [
    (
        Some("pipeline"),
        "pipelines/",
        "Declarations: sources, code lists, rules, tables, secrecy, publication. Where make \
         install put them, they are in share/conum/pipelines below its prefix.",
    ),
    (
        Some("key_file"),
        "conum.key",
        "The secret that pseudonyms are keyed with, at least 16 bytes. Whoever has it and an \
         export can tell whose a record is: keep it apart, and never lose it.",
    ),
    (Some("warehouse"), "warehouse/tables/", "Exact tables of the run that readers see."),
    (Some("warehouse"), "warehouse/clean/", "Its clean records."),
    (Some("warehouse"), "warehouse/rejects/", "Records it refused, and why."),
    (Some("warehouse"), "warehouse/releases/latest/", "What the public may read."),
    (Some("warehouse"), "warehouse/current/", "The run that readers see, with its manifest."),
    (
        Some("warehouse"),
        "warehouse/register.jsonl",
        "What each run came to, failed ones too, chained by hash.",
    ),
    (
        Some("warehouse"),
        "warehouse/.lock",
        "The kernel's lock on it says who is at work; the file stays and means nothing.",
    ),
];

/// A section of those that the command, or one below it, uses.
fn entries(page: &mut Roff, head: &str, entries: &[Entry], command: &Command) {
    let commands = with_commands_below(command);
    let has = |option: &str| {
        let mut options = commands.iter().flat_map(|command| command.get_arguments());
        options.any(|argument| argument.get_id() == option && !argument.is_positional())
    };
    let used: Vec<&Entry> = entries.iter().filter(|(option, ..)| option.is_none_or(&has)).collect();
    if used.is_empty() {
        return;
    }
    page.control("SH", [head]);
    for (_, named, what) in used {
        entry(page, italic(*named), what);
    }
}

fn entry(page: &mut Roff, head: Inline, text: &str) {
    page.control("TP", []);
    page.text([head]);
    page.text([roman(text)]);
}
