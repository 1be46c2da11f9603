//! What is known of a night becomes the parts of a letter.

use std::collections::BTreeMap;

use crate::cli::report::spaced;
use crate::cli::summary::advice;
use crate::cli::summary::letter::{
    Letter, counted, day, day_of, hour, length, percent, signed, size,
};
use crate::cli::summary::night::Night;
use crate::error::{EXIT_WARNINGS, Result};
use crate::run::kept_runs::folder;
use crate::run::ledger::Ledger;
use crate::run::log;
use crate::run::machine;
use crate::run::protect::closed::months;
use crate::run::revision::history::since;
use crate::vocabulary::codes::Fate;

/// Runs that are looked back to for when an input came.
const LOOKED_BACK: usize = 60;
/// Sources that are named for their rejects, at most.
const SOURCES: usize = 12;

/// The outcome in one line.
pub(super) fn subject(night: &Night<'_>) -> String {
    let begin = &night.attempt.begin;
    let as_of = begin.as_of.as_deref().map(day).unwrap_or_else(|| day_of(&begin.started_at));
    let outcome = match night.end() {
        None => "ÉCHEC, le programme a été tué".to_owned(),
        Some(end) if end.code == 0 && end.is_unchanged => "rien de neuf".to_owned(),
        Some(end) if end.code == 0 => "publié".to_owned(),
        Some(end) if end.code == EXIT_WARNINGS => {
            let told = counted(end.warnings, "avertissement", "avertissements");
            let new = if end.is_unchanged { "rien de neuf" } else { "publié" };
            format!("{new}, {told}")
        }
        Some(end) => format!("ÉCHEC, code {}", end.code),
    };
    format!("conum {as_of} : {outcome}")
}

/// What happened, and what to do.
pub(super) fn outcome(letter: &mut Letter, night: &Night<'_>) {
    letter.part("CE QUI S'EST PASSÉ");
    let begin = &night.attempt.begin;
    let is_good = night.attempt.is_good();
    let (what, to_do) = match night.end() {
        None => advice::KILLED,
        Some(end) => advice::of_code(end.code),
    };
    letter.say(what);
    if let Some(end) = night.end() {
        if end.is_unchanged {
            letter.say("Les exports et les règles sont les mêmes : rien n'était à refaire.");
        }
        if let Some(reason) = &end.reason {
            letter.say(&format!("Message du programme : {reason}"));
        }
        letter.say(&format!(
            "Début le {}, fin le {}.",
            hour(&begin.started_at),
            hour(&end.ended_at)
        ));
    } else {
        letter.say(&format!("Début le {}, sans fin.", hour(&begin.started_at)));
    }
    let failed = night.logged.stages.iter().find(|it| it.code.is_some() || it.ended.is_none());
    if let Some(stage) = failed.filter(|_| !is_good) {
        letter.say(&format!("Étape en cours : {}.", advice::stage(&stage.stage)));
    }
    if night.failures > 1 {
        letter.say(&format!("C'est la {}e nuit de suite qui échoue.", night.failures));
    }
    if !is_good {
        letter.part("QUE FAIRE");
        letter.say(to_do);
    }
}

/// What readers see after it.
pub(super) fn seen(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    letter.part("CE QUE VOIENT LES LECTEURS");
    let Some(seen) = &night.seen else {
        letter.say("Rien : aucune exécution n'est encore publiée.");
        return Ok(());
    };
    if !night.attempt.is_good() {
        letter.say("Toujours l'exécution précédente, entière :");
    }
    let as_of = day(&seen.as_of);
    let finished = hour(&seen.finished_at);
    letter.say(&format!("Jour de référence {as_of}, publié le {finished}."));
    let end = night.end();
    if let Some(release) = end.and_then(|end| end.release.as_deref()) {
        letter.say(&format!("Diffusion publique : {release}."));
    }
    if !night.is_new() {
        return Ok(());
    }
    let now = months(night.store, &folder(&seen.run_id))?;
    let was = match &night.before {
        Some(before) => months(night.store, &folder(&before.run_id))?,
        None => Vec::new(),
    };
    let new: Vec<&String> = now.iter().filter(|month| !was.contains(month)).collect();
    match (new.as_slice(), now.last()) {
        ([], Some(last)) => letter.say(&format!("Pas de mois nouveau ; le dernier est {last}.")),
        ([one], _) => letter.say(&format!("Mois nouveau : {one}.")),
        ([first, .., last], _) => {
            letter.say(&format!("{} mois nouveaux : de {first} à {last}.", new.len()));
        }
        ([], None) => {}
    }
    Ok(())
}

/// Each warning, and what to do about it.
pub(super) fn warnings(letter: &mut Letter, night: &Night<'_>) {
    let Some(seen) = night.seen.as_ref().filter(|_| night.attempt.is_good()) else { return };
    letter.part("AVERTISSEMENTS");
    if seen.warnings.is_empty() {
        letter.say("Aucun.");
    }
    for warning in &seen.warnings {
        letter.item(&warning.to_string());
        if let Some(advice) = advice::of_warning(warning.code) {
            letter.advise(advice);
        }
    }
}

/// Refused rows by source, beside those of the run before.
pub(super) fn rejects(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let Some(ledger) = night.ledger() else { return Ok(()) };
    letter.part("LIGNES REFUSÉES");
    let refused = |ledger: &Ledger, source: &str| ledger.outcome(source, Fate::Rejected);
    let read = |ledger: &Ledger, source: &str| ledger.total("ingest", source, None).rows;
    let before = night.ledger_before().filter(|_| !night.end().is_some_and(|end| end.is_unchanged));
    let was = |source: &str| before.as_ref().map(|before| refused(before, source));
    let mut sources = ledger.sources("ingest");
    sources.retain(|source| refused(&ledger, source) + was(source).unwrap_or_default() > 0);
    sources.sort_by_key(|source| (std::cmp::Reverse(refused(&ledger, source)), source.clone()));
    if sources.is_empty() {
        letter.say("Aucune.");
        return Ok(());
    }
    let line = |source: &String| {
        let (count, of) = (refused(&ledger, source), read(&ledger, source));
        let mut line = vec![
            source.clone(),
            format!("{} sur {}", spaced(count), spaced(of)),
            percent(count, of).unwrap_or_default(),
        ];
        line.extend(was(source).map(|was| signed(count - was, spaced)));
        line
    };
    let lines: Vec<Vec<String>> = sources.iter().take(SOURCES).map(line).collect();
    if before.is_some() {
        letter.say("Par source : refusées sur lues, part, changement depuis la fois précédente.");
    } else {
        letter.say("Par source : refusées sur lues, part.");
    }
    letter.table(&lines);
    if sources.len() > SOURCES {
        letter.say(&counted(sources.len() - SOURCES, "autre source", "autres sources"));
    }
    let which = if night.attempt.is_good() { "" } else { " --unpublished" };
    letter.advise(&format!("Le dire aux employeurs : `conum rejects --report DOSSIER{which}`"));
    Ok(())
}

/// The inputs, by the day they came.
pub(super) fn inputs(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let Some(seen) = night.seen.as_ref().filter(|_| night.attempt.is_good()) else { return Ok(()) };
    letter.part("EXPORTS LUS");
    let mut by_source: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for input in seen.inputs.iter().filter(|input| input.same_as.is_none()) {
        if let Some(source) = &input.source {
            let found = by_source.entry(source).or_default();
            (found.0, found.1) = (found.0 + 1, found.1.max(input.bytes));
        }
    }
    let since = since(night.store, seen, LOOKED_BACK)?;
    let (mut by_day, mut new) = (BTreeMap::<String, Vec<&str>>::new(), Vec::new());
    for source in by_source.keys() {
        let first = since.get(*source).unwrap_or(&seen.started_at);
        if night.is_new() && *first == seen.started_at {
            new.push(*source);
        } else {
            by_day.entry(first.get(..10).unwrap_or(first).to_owned()).or_default().push(source);
        }
    }
    let files: usize = by_source.values().map(|(files, _)| files).sum();
    letter.say(&format!(
        "{} de {}.",
        counted(files, "fichier", "fichiers"),
        counted(by_source.len(), "source", "sources")
    ));
    if !new.is_empty() {
        letter.item(&format!("nouveaux ou changés : {}", new.join(", ")));
    }
    for (first, sources) in by_day.iter().rev() {
        letter.item(&format!("inchangés depuis le {} : {}", day(first), sources.join(", ")));
    }
    Ok(())
}

/// Time and memory.
pub(super) fn cost(letter: &mut Letter, night: &Night<'_>) {
    letter.part("TEMPS ET MÉMOIRE");
    let stages: Vec<String> = night
        .logged
        .stages
        .iter()
        .filter(|stage| stage.ended.is_some())
        .map(|it| format!("{} {}", advice::stage(&it.stage), length(it.elapsed_ms)))
        .collect();
    if !stages.is_empty() {
        letter.say(&format!("{}.", stages.join(", ")));
    }
    if let Some(peak) = night.logged.rss_peak {
        letter.say(&format!("Mémoire, au plus : {}.", size(peak)));
    }
    if let Ok(free) = machine::free(&night.store.path("")) {
        letter.say(&format!("Libre sur le disque de l'entrepôt : {}.", size(free.bytes)));
    }
}

/// Where to look.
pub(super) fn places(letter: &mut Letter, night: &Night<'_>) {
    letter.part("OÙ REGARDER");
    let store = night.store;
    for (what, name) in [
        ("tableaux", "tables".to_owned()),
        ("diffusion", "releases/latest".to_owned()),
        ("lignes refusées", "rejects".to_owned()),
        ("journal", log::path(&night.attempt.begin.id)),
    ] {
        let path = store.path(&name);
        if path.exists() {
            letter.whole(&format!("{what:<15} {}", path.display()));
        }
    }
    if let Some(run) = night.end().and_then(|end| end.run.as_deref()) {
        letter.whole(&format!("{:<15} {run}", "exécution"));
    }
    letter.whole(&format!("{:<15} `conum runs list`, `conum status`", "l'historique"));
}
