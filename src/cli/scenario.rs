//! `conum scenario`: what a renewal scenario costs, and whom.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::aggregate::scenario::{Line, project};
use crate::cli::key_figures::euros;
use crate::cli::pipeline_args;
use crate::cli::plan::Format;
use crate::cli::report::{Page, table};
use crate::cli::scenario_words::assumptions;
use crate::definition::Definitions;
use crate::definition::scenario::Scenario;
use crate::error::{Error, Result};
use crate::run::key_figures::percent;
use crate::run::manifest::Manifest;
use crate::run::scenario::posts;
use crate::run::store::Store;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;
use crate::vocabulary::french::spaced;

/// Say what a renewal scenario costs, by year and employer type; without a name, list them.
///
/// It counts the posts of the published run and changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of a scenario: a file of `scenarios/`, beside the pipeline.
    name: Option<String>,
    /// Folder of the outputs.
    #[arg(long, value_name = "DIR", default_value = "warehouse")]
    warehouse: PathBuf,
    /// The pipeline; its declarations are the folders beside it.
    #[arg(long, value_name = "FILE", default_value = "pipelines/national.toml")]
    pipeline: PathBuf,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (_, _, definitions) = pipeline_args::load(&args.pipeline)?;
    let page = match &args.name {
        None => list(&definitions.scenarios, args.format)?,
        Some(name) => {
            let store = Store::existing(&args.warehouse)?;
            let found = Found::new(&store, name, &definitions)?;
            match args.format {
                Format::Text => found.text(),
                Format::Json => found.json()?,
            }
        }
    };
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

fn list(scenarios: &BTreeMap<String, Scenario>, format: Format) -> Result<Page> {
    if let Format::Json = format {
        return as_page(&json!(scenarios));
    }
    let mut page = Page::default();
    let years = |scenario: &Scenario| {
        let [first, last] = scenario.years;
        format!("{first} à {last}")
    };
    let row = |(name, scenario): (&String, &Scenario)| {
        vec![name.clone(), years(scenario), scenario.title.clone()]
    };
    let rows: Vec<Vec<String>> = scenarios.iter().map(row).collect();
    table(&mut page, &["scénario", "années", "titre"], &rows);
    Ok(page)
}

/// A scenario and what it comes to on the posts of a run.
struct Found<'d> {
    name: &'d str,
    scenario: &'d Scenario,
    manifest: Manifest,
    /// Posts on the reference day.
    posts: i64,
    lines: Vec<Line>,
    /// Employer types and their labels.
    types: &'d [(String, String)],
}

impl<'d> Found<'d> {
    fn new(store: &Store, name: &'d str, definitions: &'d Definitions) -> Result<Self> {
        let scenario = definitions.scenarios.get(name).ok_or_else(|| {
            let names: Vec<&str> = definitions.scenarios.keys().map(String::as_str).collect();
            Error::definition(format!("there is no scenario `{name}`"))
                .hint(format!("those of `scenarios/` are: {}", names.join(", ")))
        })?;
        let manifest = Manifest::published(store)?;
        let posts = posts(store, &manifest, scenario)?;
        let types = definitions.lists.employer_types();
        let lines = project(scenario, &posts, types)?;
        Ok(Self { name, scenario, manifest, posts: posts.values().sum(), lines, types })
    }

    fn assumptions(&self) -> Vec<String> {
        assumptions(self.scenario, (self.posts, &self.manifest.as_of))
    }

    fn text(&self) -> Page {
        let mut page = Page::default();
        page.line(&self.scenario.title);
        page.line(&self.scenario.definition);
        page.line("\nHypothèses");
        for assumption in self.assumptions() {
            page.line(format!("- {assumption}"));
        }
        page.line("");
        let heads = [
            "année",
            "type d'employeur",
            "postes",
            "coût (€)",
            "État (€)",
            "cofinancement (€)",
            "part de l'État (%)",
            "postes à risque",
        ];
        let rows: Vec<Vec<String>> = self.lines.iter().map(|line| self.row(line)).collect();
        table(&mut page, &heads, &rows);
        page
    }

    fn row(&self, line: &Line) -> Vec<String> {
        let or_none = |number: Option<i64>| number.map_or("-".to_owned(), spaced);
        let label = self.types.iter().find(|(code, _)| *code == line.kind);
        let label = label.map_or(line.kind.as_str(), |(_, label)| label);
        vec![
            year(line),
            if line.kind == ENSEMBLE { "Ensemble" } else { label }.to_owned(),
            or_none(line.posts),
            euros(line.cost),
            euros(line.state),
            euros(line.cofinancing()),
            or_none(percent(Some(line.state), Some(line.cost))),
            or_none(line.at_risk),
        ]
    }

    fn json(&self) -> Result<Page> {
        let lines: Vec<Value> = self.lines.iter().map(as_json).collect();
        as_page(&json!({
            "nom": self.name,
            "scenario": self.scenario,
            "hypotheses": self.assumptions(),
            "run_id": self.manifest.run_id,
            "jour_de_reference": self.manifest.as_of,
            "lignes": lines,
        }))
    }
}

fn year(line: &Line) -> String {
    line.year.map_or(ENSEMBLE.to_owned(), |year| year.to_string())
}

/// A line by the names of the dictionary; amounts are in cents.
fn as_json(line: &Line) -> Value {
    json!({
        columns::ANNEE_SCENARIO.name: year(line),
        columns::TYPE_EMPLOYEUR.name: line.kind,
        columns::NB_POSTES_MAINTENUS.name: line.posts,
        columns::COUT.name: line.cost,
        columns::COUT_ETAT.name: line.state,
        columns::COFINANCEMENT.name: line.cofinancing(),
        columns::PART_ETAT.name: percent(Some(line.state), Some(line.cost)),
        columns::NB_POSTES_A_RISQUE.name: line.at_risk,
    })
}

fn as_page(value: &Value) -> Result<Page> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::internal("a scenario is JSON").because(error))?;
    let mut page = Page::default();
    page.line(text);
    Ok(page)
}
