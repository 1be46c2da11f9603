//! What a person reads: results on standard output, errors on standard error.

use std::io::{ErrorKind, Write};
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};

use crate::cli::plan::Format;
use crate::cli::{held_back, key_figures, outliers, release};
use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::fetch::{Route, Summary};
use crate::publish::barometer;
use crate::run::execute::Done;
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::parquet;
use crate::run::plan::{Action, Plan};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::rejects::Located;
use crate::run::store::Store;
use crate::run::tasks::Task;
use crate::run::verify::Report;
use crate::sample::Summary as Invented;
use crate::vocabulary::codes::{ENSEMBLE, Fate};
use crate::vocabulary::columns;
use crate::vocabulary::french::spaced;
use crate::vocabulary::text::visible_lines;

/// What goes to standard output, all at once.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(&visible_lines(text.as_ref()));
        self.0.push('\n');
    }

    /// The lines, to be kept elsewhere.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Prints the page. A reader who stopped reading is no error.
    pub(super) fn print(self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(self.0.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::io("write", Path::new("standard output"), error))
            }
            _ => Ok(()),
        }
    }
}

/// Prints an error once: what, and what to do.
pub(super) fn error(error: &Error) {
    complain(&format!("error: {error}"));
    if let Some(hint) = &error.hint {
        complain(&format!("hint: {hint}"));
    }
}

/// One line on standard error; where nobody can read it, the exit code still tells.
fn complain(text: &str) {
    writeln!(std::io::stderr(), "{}", visible_lines(text)).ok();
}

/// The result of a whole run.
pub(super) fn outcome(
    store: &Store,
    done: &Done,
    definitions: &Definitions,
    (warehouse, report): (&Path, Option<&str>),
) -> Result<()> {
    let mut page = Page::default();
    accounts(&mut page, done);
    flags(&mut page, &done.manifest);
    for name in &definitions.pipeline.main_tables {
        main_table(&mut page, store, name, definitions)?;
    }
    key_figures::show(&mut page, store)?;
    release::show(&mut page, store)?;
    outliers::show(&mut page, store)?;
    let state = if done.is_unchanged { "Nothing new: unchanged since" } else { "Published:" };
    page.line(format!("{state} run {} as of {}", done.manifest.run_id, done.manifest.as_of));
    for folder in ["tables", "clean", "rejects"] {
        page.line(format!("  {folder:<8} {}", warehouse.join(folder).display()));
    }
    for (what, path) in [
        ("ledger", format!("{CURRENT}/ledger.parquet")),
        ("page", format!("{RELEASES}/{LATEST}/{}", barometer::NAME)),
    ] {
        if store.has(&path) {
            page.line(format!("  {what:<8} {}", warehouse.join(path).display()));
        }
    }
    if let Some(report) = report {
        page.line(format!("  {:<8} {}", "report", warehouse.join(report).display()));
    }
    page.print()
}

/// The fates that have a column even when no row met them.
const USUAL_FATES: usize = 6;

fn head(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::Rejected => "rejected",
        Fate::Duplicate => "duplicate",
        Fate::Superseded => "superseded",
        Fate::Deleted => "deleted",
        Fate::Migrated => "copy",
        Fate::Merged => "merged",
        Fate::Notice => "notice",
        Fate::Dropped => "dropped",
        Fate::Corrected => "corrected",
    }
}

/// What became of the rows, by source.
fn accounts(page: &mut Page, done: &Done) {
    let ledger = &done.ledger;
    let sources = ledger.sources("ingest");
    let is_met = |fate: &Fate| sources.iter().any(|source| ledger.outcome(source, *fate) != 0);
    let (usual, others) = Fate::ALL.split_at(USUAL_FATES);
    let fates: Vec<Fate> =
        usual.iter().chain(others.iter().filter(|fate| is_met(fate))).copied().collect();
    let mut rows = Vec::new();
    for source in &sources {
        let mut row = vec![source.clone(), spaced(ledger.total("ingest", source, None).rows)];
        row.extend(fates.iter().map(|fate| spaced(ledger.outcome(source, *fate))));
        rows.push(row);
    }
    let heads: Vec<&str> =
        ["source", "read"].into_iter().chain(fates.into_iter().map(head)).collect();
    page.line("Records");
    table(page, &heads, &rows);
    held_back::show(page, &done.manifest);
    reconciliation(page, &done.manifest);
}

/// How the two systems fit together.
fn reconciliation(page: &mut Page, manifest: &Manifest) {
    let found = |what: &str| manifest.reconciliation.get(what).copied().unwrap_or_default();
    if found("copies_migrees") == 0 {
        return;
    }
    page.line(format!(
        "\nTwo systems: {} copies of the Espace Coop left out ({} of them without a mark), {} \
         without their record in the archive; {} archived records without a copy given; anti-join \
         residual {}",
        spaced(found("copies_migrees")),
        spaced(found("copies_par_instant") + found("copies_avant_ouverture")),
        spaced(found("copies_sans_archive") + found("copies_avant_ouverture")),
        spaced(found("archives_sans_copie")),
        spaced(found("residu_anti_jointure")),
    ));
}

/// Kept rows that bear each flag, by clean table.
fn flags(page: &mut Page, manifest: &Manifest) {
    let mut rows = Vec::new();
    for (name, counts) in &manifest.flags {
        for (flag, count) in counts {
            rows.push(vec![
                name.clone(),
                flag.clone(),
                spaced(i64::try_from(*count).unwrap_or(i64::MAX)),
            ]);
        }
    }
    if !rows.is_empty() {
        page.line("\nFlags of the rows kept");
        table(page, &["table", "flag", "rows"], &rows);
    }
}

/// A table's rows by employer type, all other dimensions taken together.
fn main_table(page: &mut Page, store: &Store, name: &str, definitions: &Definitions) -> Result<()> {
    let path = format!("{CURRENT}/tables/{name}.parquet");
    let Some(declared) = definitions.tables.get(name) else { return Ok(()) };
    if !store.has(&path) {
        return Ok(());
    }
    let batches: Vec<RecordBatch> =
        parquet::read(store.file(&path)?, None, None)?.collect::<Result<_>>()?;
    let mut heads = vec!["type d'employeur"];
    heads.extend(declared.measures.iter().map(String::as_str));
    let mut types = definitions.lists.employer_types().to_vec();
    types.push((ENSEMBLE.to_owned(), "Ensemble".to_owned()));
    let mut rows = Vec::new();
    for (code, label) in &types {
        for batch in &batches {
            for row in (0..batch.num_rows()).filter(|row| is_line_of(batch, *row, code)) {
                let mut cells = vec![label.clone()];
                let sums = batch.columns().iter().filter(|c| *c.data_type() == DataType::Int64);
                cells.extend(sums.map(|c| spaced(c.as_primitive::<Int64Type>().value(row))));
                rows.push(cells);
            }
        }
    }
    page.line(format!("\n{}", declared.title));
    table(page, &heads, &rows);
    page.line("");
    Ok(())
}

/// Whether a row is that of an employer type, over all other dimensions.
fn is_line_of(batch: &RecordBatch, row: usize, code: &str) -> bool {
    batch.schema().fields().iter().zip(batch.columns()).all(|(field, column)| {
        match column.as_string_opt::<i32>() {
            None => true,
            Some(_) if field.name() == columns::PROVISOIRE.name => true,
            Some(text) if field.name() == columns::TYPE_EMPLOYEUR.name => text.value(row) == code,
            Some(text) => text.value(row) == ENSEMBLE,
        }
    })
}

/// The result of a stage run alone.
pub(super) fn stage(done: &Done, warehouse: &Path) -> Result<()> {
    let mut page = Page::default();
    accounts(&mut page, done);
    if done.is_published {
        page.line(format!("Published: run {}", done.manifest.run_id));
    } else {
        page.line(format!("Not published: made aside in {}; `run` goes on", warehouse.display()));
    }
    page.print()
}

/// A plan, a step a line.
pub(super) fn plan(plan: &Plan) -> Result<()> {
    let mut page = Page::default();
    let rows: Vec<Vec<String>> = plan
        .steps
        .iter()
        .map(|step| {
            let action = match step.action {
                Action::Run => "run",
                Action::UpToDate => "up to date",
            };
            let texts = [step.stage, &step.what, action, &step.reason];
            texts.iter().map(|text| (*text).to_owned()).collect()
        })
        .collect();
    table(&mut page, &["stage", "what", "action", "reason"], &rows);
    page.print()
}

/// Tasks, a line each.
pub(super) fn tasks(all: &[Task], format: Format) -> Result<()> {
    if format == Format::Json {
        return json(&all);
    }
    let mut page = Page::default();
    let row = |task: &Task| {
        let state = if task.is_done { "done" } else { "to do" };
        let (number, bytes) = (task.number.to_string(), task.bytes.to_string());
        vec![number, task.input.clone(), task.source.clone(), bytes, state.to_owned()]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    table(&mut page, &["task", "input", "source", "bytes", "state"], &rows);
    page.print()
}

/// Anything as JSON.
pub(super) fn json(told: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(told)
        .map_err(|error| Error::internal("what is told is JSON").because(error))?;
    Page(format!("{text}\n")).print()
}

/// A text that ends with a line.
pub(super) fn text(text: &str) -> Result<()> {
    Page(text.to_owned()).print()
}

/// What the declarations hold.
pub(super) fn definitions(definitions: &Definitions) -> Result<()> {
    let mut page = Page::default();
    page.line(&definitions.pipeline.title);
    page.line(format!(
        "{} sources, {} rules, {} indicators, {} tables: no problem found",
        definitions.sources.len(),
        definitions.rules.len(),
        definitions.indicators.len(),
        definitions.tables.len()
    ));
    page.print()
}

/// What was verified.
pub(super) fn verified(report: &Report) -> Result<()> {
    let mut page = Page::default();
    page.line(format!("Run {}", report.run_id));
    for check in &report.passed {
        page.line(format!("  ok    {check}"));
    }
    for problem in &report.problems {
        page.line(format!("  FAIL  {problem}"));
    }
    page.print()
}

/// Refused lines, with what was expected.
pub(super) fn rejects(
    found: &[Located],
    manifest: &Manifest,
    definitions: &Definitions,
    limit: usize,
) -> Result<()> {
    let mut page = Page::default();
    let rows: Vec<Vec<String>> = found
        .iter()
        .take(limit)
        .map(|located| {
            let reason = located.primary();
            let expected = definitions.refusal(&located.source, reason).meaning.expected;
            vec![
                manifest.input_of(&located.segment).to_owned(),
                located.reject.place.clone(),
                located.reject.reasons.join(", "),
                expected.to_owned(),
            ]
        })
        .collect();
    table(&mut page, &["file", "place", "reasons", "expected"], &rows);
    page.line(format!("{} of {} rejected lines", rows.len(), found.len()));
    page.print()
}

/// What a listing of the API brought.
pub(super) fn fetched(route: Route, found: &Summary, folder: &Path) -> Result<()> {
    let mut page = Page::default();
    let since =
        found.since.map_or("everything".to_owned(), |since| format!("changes since {since}"));
    page.line(format!(
        "{}: {since}, {} row(s) in {} file(s) of {}{}",
        route.name(),
        found.rows,
        found.pages,
        folder.display(),
        if found.resumed { ", resumed" } else { "" }
    ));
    page.print()
}

/// What was invented.
pub(super) fn sample(summary: &Invented, out: &Path) -> Result<()> {
    let mut page = Page::default();
    let rows: Vec<Vec<String>> = summary
        .files
        .iter()
        .map(|file| {
            let rows = i64::try_from(file.rows).unwrap_or(i64::MAX);
            vec![out.join(&file.name).display().to_string(), spaced(rows)]
        })
        .collect();
    table(&mut page, &["file", "rows"], &rows);
    page.print()
}

/// A text table: numbers to the right, the last column of text as long as it is.
pub(super) fn table(page: &mut Page, heads: &[&str], rows: &[Vec<String>]) {
    let is_number = |text: &str| {
        let is_part = |c: char| c.is_ascii_digit() || ['\u{202f}', ',', '-'].contains(&c);
        !text.is_empty() && text.chars().all(is_part)
    };
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let head = heads.get(column).map_or(0, |head| head.chars().count());
        cells.max().unwrap_or(0).max(head)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let numeric: Vec<bool> = (0..heads.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell)))
        .collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).zip(&numeric).map(|((cell, width), right)| {
            if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    page.line(line(&heads));
    for row in rows {
        page.line(line(row));
    }
}
