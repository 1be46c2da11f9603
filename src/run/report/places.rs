//! The warehouse and its register become where to look, and what the last nights came to.

use crate::error::EXIT_WARNINGS;
use crate::run::log;
use crate::run::manifest::MANIFEST;
use crate::run::outputs::BUILDING;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Attempt, REGISTER};
use crate::run::report::cost::lasted;
use crate::run::report::night::Night;
use crate::run::report::path;
use crate::run::report::sheet::{Cell, Part, Sheet, Tone};
use crate::run::{execute, kept_runs};
use crate::vocabulary::french::{hour, length, short_day};

/// Attempts that are listed.
const LISTED: usize = 10;

/// The part on where things are.
pub(super) fn part(night: &Night<'_>, before: &[Attempt]) -> Part {
    Part {
        anchor: "ou",
        title: "Où regarder",
        sheets: vec![places(night), attempts(night, before)],
        notes: vec![
            "Les chemins partent de l'entrepôt. Les tables, la diffusion et les lignes refusées \
             sont celles que les lecteurs voient au moment de lire cette page."
                .to_owned(),
        ],
        ..Part::default()
    }
}

fn places(night: &Night<'_>) -> Sheet {
    let store = night.store;
    let mut sheet = Sheet::of("Dans l'entrepôt", &["Quoi", "Chemin"]);
    let run = night.seen.as_ref().map(|seen| kept_runs::folder(&seen.run_id));
    let left = night.left().filter(|_| !night.attempt.is_good());
    for (what, name) in [
        ("Tables exactes", Some("tables".to_owned())),
        ("Diffusion publique", Some(format!("{RELEASES}/{LATEST}"))),
        ("Lignes refusées", Some("rejects".to_owned())),
        ("Ce que la nuit n'a pas publié", left.map(|_| BUILDING.to_owned())),
        ("Journal de cette nuit", Some(log::path(&night.attempt.begin.id))),
        ("Fiche de l'exécution publiée", run.map(|run| format!("{run}/{MANIFEST}"))),
        ("Déclarations des exécutions", Some(execute::DECLARATIONS.to_owned())),
        ("Registre des exécutions", Some(REGISTER.to_owned())),
    ] {
        if let Some(name) = name.filter(|name| store.path(name).exists()) {
            let link = format!("../{name}");
            sheet.row([Cell::from(what), Cell::from(name).link(link)]);
        }
    }
    sheet
}

fn attempts(night: &Night<'_>, before: &[Attempt]) -> Sheet {
    let heads = ["Début", "Commande", "Jour de référence", "#Code", "Fin", "#Durée", "Rapport"];
    let mut sheet = Sheet::of("Les dernières nuits", &heads);
    let all = before.iter().rev().take(LISTED - 1);
    for attempt in [&night.attempt].into_iter().chain(all) {
        let begin = &attempt.begin;
        let name = path(&begin.id);
        let is_this = begin.id == night.attempt.begin.id;
        let report = match is_this || night.store.has(&name) {
            true => {
                let file = name.rsplit('/').next().unwrap_or(&name).to_owned();
                Cell::from(if is_this { "cette page" } else { "rapport" }).link(file)
            }
            false => Cell::none(),
        };
        let end = match &attempt.end {
            None => Cell::verdict("tuée", Tone::Bad),
            Some(end) if end.code == 0 => Cell::verdict("bonne", Tone::Good),
            Some(end) if end.code == EXIT_WARNINGS => Cell::verdict("avertissements", Tone::Warn),
            Some(_) => Cell::verdict("échec", Tone::Bad),
        };
        sheet.row([
            Cell::from(hour(&begin.started_at)),
            Cell::from(format!("`conum {}`", begin.command)),
            Cell::from(begin.as_of.as_deref().map(short_day)),
            Cell::from(attempt.end.as_ref().map(|end| i64::from(end.code))),
            end,
            Cell::from(lasted(attempt).map(length)),
            report,
        ]);
    }
    sheet
}
