//! What a night came to becomes a page that somebody reads in the morning, whatever its end.
//!
//! It holds what an operator needs and nothing else: sources, reasons and counts, no value of a
//! record. That it cannot be written is no reason for a run to fail. `conum summary` tells the
//! same as text, from the same parts.

pub mod advice;
mod checks;
mod cost;
mod fates;
mod gates;
pub mod inputs;
pub mod moved;
pub mod night;
pub mod outcome;
mod places;
mod revised;
mod sheet;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::publish::pages::render;
use crate::run::machine::peak_memory_bytes;
use crate::run::manifest::Manifest;
use crate::run::register::{Attempt, End};
use crate::run::report::inputs::{Came, came};
use crate::run::report::night::Night;
use crate::run::report::sheet::{Cell, Part, Sheet, Tone};
use crate::run::store::Store;
use crate::vocabulary::french::{counted, day_of, short_day, size};

/// Folder of the pages in the warehouse.
pub const REPORTS: &str = "reports";
/// The command of which each attempt has a page.
pub const COMMAND: &str = "run";
/// The last page, always.
const LATEST: &str = "latest.html";
/// Pages that stay, that of this night among them.
const KEPT: usize = 100;
const TEMPLATE: &str = "rapport.html";
/// Anchor and title of the part on what came in.
const INPUTS: (&str, &str) = ("entrees", "Ce qui est arrivé");

/// What the template is told.
#[derive(Debug, Serialize)]
struct Report {
    id: String,
    version: String,
    /// Its reference day.
    day: String,
    /// The outcome in a word, and its colour.
    word: &'static str,
    tone: Tone,
    /// What happened.
    sentences: Vec<String>,
    /// What to do next.
    to_do: Vec<String>,
    /// What readers see.
    seen: Vec<String>,
    parts: Vec<Part>,
}

/// The page of a night.
#[must_use]
pub fn path(id: &str) -> String {
    format!("{REPORTS}/{id}.html")
}

/// Writes the page of a night that ends now, and has the last page be it; gives its path. A page
/// that cannot be written is told of, and nothing else.
pub(super) fn keep(store: &Store, end: &End, definitions: Option<&Definitions>) -> Option<String> {
    let written = catch_unwind(AssertUnwindSafe(|| write(store, end, definitions)));
    match written.unwrap_or_else(|_| Err(Error::defect())) {
        Ok(path) => {
            let rss_peak = peak_memory_bytes();
            tracing::info!(event = "report.written", path, rss_peak, "The page of the night.");
            Some(path)
        }
        Err(error) => {
            tracing::warn!(event = "report.lost", "{error}: the night has no page.");
            None
        }
    }
}

fn write(store: &Store, end: &End, definitions: Option<&Definitions>) -> Result<String> {
    let (night, before) = Night::ending(store, end)?;
    let path = path(&end.id);
    store.write(&path, page(&night, &before, definitions)?.as_bytes())?;
    store.point(&format!("{REPORTS}/{LATEST}"), &format!("{}.html", end.id))?;
    prune(store);
    Ok(path)
}

/// Clears away pages of long ago; what cannot be stays.
fn prune(store: &Store) {
    let Ok(names) = store.names_in(REPORTS) else { return };
    let is_page = |name: &&String| name.ends_with(".html") && *name != LATEST;
    for name in names.iter().filter(is_page).rev().skip(KEPT) {
        store.remove_file(&format!("{REPORTS}/{name}")).ok();
    }
}

fn page(
    night: &Night<'_>,
    before: &[Attempt],
    definitions: Option<&Definitions>,
) -> Result<String> {
    // What readers see was made by other declarations than a night that failed, perhaps.
    let definitions = definitions.or(night.definitions.as_ref());
    let ledger = night.ledger();
    let left = if night.attempt.is_good() { None } else { night.left() };
    let made = if night.attempt.is_good() { night.seen.as_ref() } else { left.as_ref() };
    let came = came(night);
    let known = came.as_deref().unwrap_or_default();
    let begin = &night.attempt.begin;
    let (word, tone) = outcome::verdict(night);
    let report = Report {
        id: begin.id.clone(),
        version: begin.version.clone(),
        day: begin.as_of.as_deref().map_or_else(|| day_of(&begin.started_at), short_day),
        word,
        tone,
        sentences: outcome::happened(night),
        to_do: to_do(night, made),
        seen: outcome::seen(night).unwrap_or_else(|error| vec![format!("Ne se lit pas : {error}")]),
        parts: vec![
            or_said(came.as_deref().map(|came| inputs(came, night)), INPUTS),
            fates::part(ledger.as_ref(), definitions),
            or_said(checks::part(night, made, (definitions, ledger.as_ref(), known)), checks::NAME),
            or_said(revised::part(night), revised::NAME),
            cost::part(night, before),
            places::part(night, before),
        ],
    };
    render(TEMPLATE, &report)
}

/// A part, or that it cannot be read: the rest of the page is of use all the same.
fn or_said<E: Display>(
    part: std::result::Result<Part, E>,
    (anchor, title): (&'static str, &'static str),
) -> Part {
    part.unwrap_or_else(|error| {
        let sentences = vec![format!("Ne se lit pas : {error}")];
        Part { anchor, title, sentences, ..Part::default() }
    })
}

/// What to do next: of a night with warnings, about each of them.
fn to_do(night: &Night<'_>, made: Option<&Manifest>) -> Vec<String> {
    let mut all = vec![outcome::to_do(night).to_owned()];
    let warnings = made.filter(|_| night.attempt.is_good()).map(|made| made.warnings.as_slice());
    let open = warnings.unwrap_or_default().iter().filter(|warning| !warning.is_accepted());
    for advice in open.filter_map(|warning| advice::of_warning(warning.code)) {
        if !all.iter().any(|known| known == advice) {
            all.push(advice.to_owned());
        }
    }
    all
}

/// The part on what came in.
fn inputs(came: &[Came], night: &Night<'_>) -> Part {
    let heads = ["Source", "#Fichiers", "#Taille", "#Enregistrements", "État"];
    let mut sheet = Sheet::of("Exports, par source", &heads);
    for it in came {
        let state = match &it.since {
            None => "nouveau ou changé".to_owned(),
            Some(first) => format!("inchangé depuis le {}", day_of(first)),
        };
        if it.files > 0 {
            sheet.row([
                Cell::from(it.source.as_str()),
                Cell::from(it.files),
                Cell::from(size(it.bytes)),
                Cell::from(it.records),
                Cell::from(state),
            ]);
        }
        if let Some(held) = &it.held {
            let (stands, until) = (short_day(&held.stands), short_day(&held.until));
            let told = format!(
                "retenue ({}) : l'export du {stands} la remplace, jusqu'au {until}",
                held.why
            );
            sheet.row([
                Cell::from(format!("{}, cette nuit", it.source)),
                Cell::from(held.files),
                Cell::from(size(held.bytes)),
                Cell::from(held.records),
                Cell::verdict(told, Tone::Warn),
            ]);
        }
    }
    let files: usize = came.iter().map(|it| it.files).sum();
    let mut sentences = vec![format!(
        "{} de {}.",
        counted(files, "fichier", "fichiers"),
        counted(came.len(), "source", "sources")
    )];
    if night.attempt.is_good() {
        let held = came.iter().filter(|it| it.held.is_some()).count();
        if held > 0 {
            let one = "source est retenue : son dernier bon export la remplace.";
            let many = "sources sont retenues : leur dernier bon export les remplace.";
            sentences.push(counted(held, one, many));
        }
    } else if sheet.is_empty() {
        let unknown = "Pas encore connu : la nuit s'est arrêtée avant d'avoir lu le dossier \
                       d'entrée.";
        sentences = vec![unknown.to_owned()];
    }
    Part {
        anchor: INPUTS.0,
        title: INPUTS.1,
        sentences,
        sheets: if sheet.is_empty() { Vec::new() } else { vec![sheet] },
        ..Part::default()
    }
}
