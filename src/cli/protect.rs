//! `conum protect`: hide what is secret in any table, and prove that it cannot be computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::report::{Page, table};
use crate::definition::secrecy::{
    self, CostBy, Dominance, Interval, Intervals, Percent, Rules, Zero,
};
use crate::error::{Error, Result};
use crate::protect::engine::Engine;
use crate::protect::office::assemble::Plan;
use crate::protect::office::decimal::show;
use crate::protect::office::losses::losses;
use crate::protect::office::records::Columns;
use crate::run::protect_file::{self, Format, Judged, Request, Words};
use crate::run::store::read_file;
use crate::vocabulary::french::spaced;

/// Protect any table with hierarchies: hide what rules forbid and what would give it away, prove
/// that no hidden primary figure can be computed, and write what may be published.
///
/// Several tables are protected together: the figures of a margin they share are the same. It
/// needs no pipeline. Nothing is written when the proof fails.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A table: CSV of cells, of inner cells (totals are added) or of contributions; `.rda` of
    /// τ-ARGUS, with its `.tab`; `.jj`.
    #[arg(long = "table", alias = "linked", value_name = "FILE", required = true)]
    tables: Vec<PathBuf>,
    /// Tree of the codes of a dimension, as CSV: `child,parent`, or one column a level from the
    /// widest. Two trees of one dimension make linked tables.
    #[arg(long = "hierarchy", value_name = "[DIM=]FILE")]
    hierarchies: Vec<String>,
    /// Columns of the table that are the tree of a dimension, from the narrowest.
    #[arg(long, value_name = "DIM=COL,…")]
    levels: Vec<String>,
    /// Dimensions [default: all columns that mean nothing else].
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    by: Vec<String>,
    /// Column of the figures [default: each row counts as one].
    #[arg(long, value_name = "COL")]
    value: Option<String>,
    /// Column of the number of units [default: the figure itself is one].
    #[arg(long, value_name = "COL")]
    units: Option<String>,
    /// Columns of the largest contributions.
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    max: Vec<String>,
    /// Column of the unit of a row: rows are contributions.
    #[arg(long, value_name = "COL")]
    unit: Option<String>,
    /// Column that says what is primary (A, B, u, 1, TRUE) or published already (F, p, z).
    #[arg(long, value_name = "COL")]
    status: Option<String>,
    /// Column of what hiding a figure costs.
    #[arg(long, value_name = "COL")]
    cost_column: Option<String>,
    /// Code of the total [default: Total, Ensemble, or the root of the tree].
    #[arg(long = "total", value_name = "[DIM=]CODE")]
    totals: Vec<String>,
    /// Code that says that a code is missing.
    #[arg(long = "missing", value_name = "CODE")]
    missing: Vec<String>,
    /// Dimension whose categories are an attribute of units, for the rule of groups that fall in
    /// one category [default: those without tree].
    #[arg(long = "attribute", value_name = "DIM")]
    attributes: Vec<String>,
    /// Policy of secrecy, as `pipelines/secrecy.toml`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["min_units", "dominance", "p_percent"])]
    rules: Option<PathBuf>,
    /// Set of rules of the policy; all those named are obeyed [default: its only one].
    #[arg(long = "rule", value_name = "NAME", requires = "rules")]
    sets: Vec<String>,
    /// Fewer units are too few [default: 3, and 1 where a column says what is primary].
    #[arg(long, value_name = "N")]
    min_units: Option<u64>,
    /// The largest units may not exceed a share [default: 1:85, where contributions are known].
    #[arg(long, value_name = "TOP:PERCENT", value_parser = dominance)]
    dominance: Vec<Dominance>,
    /// The second unit may not estimate the first one closer than this.
    #[arg(long, value_name = "P", value_parser = percent)]
    p_percent: Option<Percent>,
    /// Room of primary figures: `exact` (not computable), `10 %`, `width >= min_units`,
    /// `dominance level` [default: what the rules say].
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    interval: Option<Interval>,
    /// What becomes of zeros that nobody contributes to. Where they are published, everyone knows
    /// that a hidden count is at least 1 [default: what the rules say, or `published`].
    #[arg(long, value_enum)]
    zeros: Option<Zeros>,
    /// Protect from contributors too: who is alone in a figure knows it.
    #[arg(long)]
    insiders: bool,
    /// What hiding costs.
    #[arg(long, value_enum, default_value_t = Cost::Value)]
    cost: Cost,
    /// Decimals of the figures [default: as many as the files have].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=9))]
    decimals: Option<u32>,
    /// How the result is written; `argus` and `jj` write the problem for other tools.
    #[arg(long, value_enum, default_value_t = Output::Csv)]
    format: Output,
    /// Folder to write into, or a `.csv` file for one table; what stays inside goes to `interne/`.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

/// What hiding costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cost {
    /// The sum of what is hidden.
    Value,
    /// The number of figures.
    Count,
    /// The number of units.
    Units,
    /// The root of the value.
    Root,
}

/// What becomes of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Zeros {
    /// Always published.
    Published,
    /// Published, or hidden to protect others.
    Hidden,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A public CSV file and one that stays inside.
    Csv,
    /// The problem, for τ-ARGUS.
    Argus,
    /// The problem and what became of it, in the JJ format.
    Jj,
}

fn percent(text: &str) -> std::result::Result<Percent, String> {
    Percent::parse(text).ok_or_else(|| "a percentage of three decimals at most".to_owned())
}

fn dominance(text: &str) -> std::result::Result<Dominance, String> {
    let (top, share) = text.split_once(':').ok_or("as in 1:85")?;
    let top = top.parse().map_err(|_| "as in 1:85")?;
    Ok(Dominance { top, percent: percent(share)? })
}

fn interval(text: &str) -> std::result::Result<Interval, String> {
    text.parse()
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (rules, words) = rules(args)?;
    let judged = protect_file::protect(
        protect_file::read(&Request {
            tables: args.tables.clone(),
            trees: args.hierarchies.iter().map(|text| named(text)).collect(),
            plan: plan(args, rules),
        })?,
        &words,
    )?;
    shown(&judged).print()?;
    if !judged.exposed.is_empty() || !judged.solved.unprotected.is_empty() {
        return Err(refused(&judged));
    }
    let format = match args.format {
        Output::Csv => Format::Csv,
        Output::Argus => Format::Argus,
        Output::Jj => Format::Jj,
    };
    let (folder, files) = protect_file::write(&judged, format, &args.out)?;
    let mut page = Page::default();
    for file in files {
        page.line(format!("  {}", folder.join(file).display()));
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

/// `DIM=FILE`, or a file alone.
fn named(text: &str) -> (Option<String>, PathBuf) {
    match text.split_once('=') {
        Some((dimension, file)) => (Some(dimension.to_owned()), PathBuf::from(file)),
        None => (None, PathBuf::from(text)),
    }
}

fn plan(args: &Args, mut rules: Vec<Rules>) -> Plan {
    let split = |text: &String| {
        let (dimension, columns) = text.split_once('=').unwrap_or((text, ""));
        (dimension.to_owned(), columns.split(',').map(str::to_owned).collect())
    };
    let total = |text: &String| {
        let (dimension, code) = text.split_once('=').unwrap_or(("", text));
        (dimension.to_owned(), code.to_owned())
    };
    let totals: BTreeMap<String, String> = args.totals.iter().map(total).collect();
    let missing: BTreeSet<String> = args.missing.iter().cloned().collect();
    let mut of_marked = Rules::bare(1, args.interval);
    for rules in rules.iter_mut().chain([&mut of_marked]) {
        rules.zero = match args.zeros {
            Some(Zeros::Published) => Zero::Publish,
            Some(Zeros::Hidden) => Zero::MayHide,
            None => rules.zero,
        };
    }
    Plan {
        columns: Columns {
            by: args.by.clone(),
            value: args.value.clone(),
            units: args.units.clone(),
            largest: args.max.clone(),
            unit: args.unit.clone(),
            status: args.status.clone(),
            cost: args.cost_column.clone(),
            places: args.decimals,
            ..Columns::default()
        },
        levels: args.levels.iter().map(split).collect(),
        totals,
        attributes: args.attributes.clone(),
        missing,
        of_marked,
        rules,
        cost: match args.cost {
            Cost::Value => CostBy::Value,
            Cost::Count => CostBy::Count,
            Cost::Units => CostBy::Units,
            Cost::Root => CostBy::RootOfValue,
        },
        minds_insiders: args.insiders,
    }
}

/// The rules that the command line names or says.
fn rules(args: &Args) -> Result<(Vec<Rules>, Words)> {
    let Some(path) = &args.rules else {
        let is_marked = args.status.is_some() || args.tables.iter().all(|path| is_marked(path));
        let words = Words { version: "command line".into(), symbol: "s".into() };
        let is_said = args.min_units.is_some() || args.p_percent.is_some();
        if is_marked && !is_said && args.dominance.is_empty() {
            return Ok((Vec::new(), words));
        }
        let mut rules = Rules::bare(args.min_units.unwrap_or(3), args.interval);
        rules.p_percent = args.p_percent.unwrap_or_default();
        if !args.dominance.is_empty() {
            rules.dominance.clone_from(&args.dominance);
        }
        return Ok((vec![rules], words));
    };
    let name = path.display().to_string();
    let mut problems = Vec::new();
    let policy = secrecy::read(&name, &read_file(path)?, &mut problems);
    let Some(policy) = policy.filter(|_| problems.is_empty()) else {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(Error::definition(list.join("\n  ")));
    };
    let known: Vec<&str> = policy.rules.keys().map(String::as_str).collect();
    let hint = || format!("name one with `--rule`: {}", known.join(", "));
    let mut rules: Vec<Rules> = Vec::new();
    for set in &args.sets {
        let found = policy.rules.get(set).cloned();
        let lacks = || Error::definition(format!("`{name}` has no rules `{set}`")).hint(hint());
        rules.push(found.ok_or_else(lacks)?);
    }
    if rules.is_empty() {
        rules.extend(policy.rules.values().cloned());
        if rules.len() != 1 {
            return Err(Error::definition(format!("`{name}` has several rules")).hint(hint()));
        }
    }
    for rules in rules.iter_mut().filter(|_| args.interval.is_some()) {
        rules.interval = args.interval.map(|one| Intervals { few: one, dominated: one });
    }
    Ok((rules, Words { version: policy.version, symbol: policy.symbol }))
}

/// Formats that say themselves what is primary.
fn is_marked(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jj" || extension == "rda")
}

/// What it cost, by table and level.
fn shown(judged: &Judged) -> Page {
    let Judged { problem, solved, .. } = judged;
    let mut page = Page::default();
    let count = |count: u64| spaced(i64::try_from(count).unwrap_or(i64::MAX));
    let share = |part: i64, whole: i64| {
        let tenths = (i128::from(part) * 1000).checked_div(i128::from(whole)).unwrap_or(0);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let rows = losses(problem, &solved.pattern).into_iter().map(|loss| {
        vec![
            loss.table,
            loss.level,
            count(loss.cells),
            count(loss.few),
            count(loss.dominated),
            count(loss.secondary),
            show(loss.secondary_value, problem.places),
            share(loss.secondary_value, loss.value),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let heads = ["table", "level", "cells", "A", "B", "D", "value of D", "% of value"];
    if !rows.is_empty() {
        table(&mut page, &heads, &rows);
    }
    let engine = match solved.engine {
        Engine::Network => "network",
        Engine::Elimination => "elimination",
    };
    let secondary = problem.system.secondary(&solved.pattern).len();
    let cost = i64::try_from(solved.cost).unwrap_or(i64::MAX);
    let cost = show(cost, problem.places);
    page.line(format!(
        "\n{} figures, {} primary, {secondary} hidden to protect them \
         (engine: {engine}); cost {cost}",
        count(u64::try_from(problem.system.cells.len()).unwrap_or(u64::MAX)),
        problem.primary.len(),
    ));
    if let Some(bound) = solved.bound.filter(|bound| *bound > 0) {
        let bound = show(i64::try_from(bound).unwrap_or(i64::MAX), problem.places);
        page.line(format!("no pattern costs less than {bound}"));
    }
    let verdict = if judged.exposed.is_empty() { "protected" } else { "NOT protected" };
    let hash = judged.proof.certificate.sha256().unwrap_or_default();
    page.line(format!("verdict: {verdict}, certificate {hash}"));
    page
}

/// What is not protected.
fn refused(judged: &Judged) -> Error {
    let key = |cell: usize| judged.problem.system.keys.get(cell).cloned().unwrap_or_default();
    let frozen = judged.solved.unprotected.iter().filter(|(_, frozen)| !frozen.is_empty());
    let frozen = frozen.map(|(cell, frozen)| {
        let names: Vec<String> = frozen.iter().map(|cell| key(*cell as usize)).collect();
        format!("{} is determined by {}", key(*cell as usize), names.join(", "))
    });
    let mut told: Vec<String> = frozen.take(TOLD_MAX).collect();
    told.extend(judged.exposed.iter().take(TOLD_MAX - told.len()).cloned());
    let count = judged.exposed.len().max(judged.solved.unprotected.len());
    Error::secrecy(format!("{count} primary figures are not protected\n  {}", told.join("\n  ")))
        .hint("nothing was written; publish less, or ask for less room with `--interval exact`")
}

/// How many figures are named in a refusal.
const TOLD_MAX: usize = 10;
