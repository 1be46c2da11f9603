//! What is known of a night becomes the parts of a letter.

use std::collections::BTreeMap;

use crate::cli::summary::letter::Letter;
use crate::error::{EXIT_WARNINGS, Result};
use crate::run::ledger::Ledger;
use crate::run::log;
use crate::run::machine;
use crate::run::report::inputs::came;
use crate::run::report::night::Night;
use crate::run::report::{advice, outcome};
use crate::vocabulary::codes::Fate;
use crate::vocabulary::french::{
    counted, day_of, length, percent, short_day, signed, size, spaced,
};

/// Sources that are named for their rejects, at most.
const SOURCES: usize = 12;

/// The outcome in one line.
pub(super) fn subject(night: &Night<'_>) -> String {
    let begin = &night.attempt.begin;
    let as_of = begin.as_of.as_deref().map(short_day).unwrap_or_else(|| day_of(&begin.started_at));
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
    outcome::happened(night).iter().for_each(|line| letter.say(line));
    if !night.attempt.is_good() {
        letter.part("QUE FAIRE");
        letter.say(outcome::to_do(night));
    }
}

/// What readers see after it.
pub(super) fn seen(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    letter.part("CE QUE VOIENT LES LECTEURS");
    outcome::seen(night)?.iter().for_each(|line| letter.say(line));
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
    if night.seen.is_none() || !night.attempt.is_good() {
        return Ok(());
    }
    letter.part("EXPORTS LUS");
    let all = came(night)?;
    let (mut by_day, mut new) = (BTreeMap::<String, Vec<&str>>::new(), Vec::new());
    for it in &all {
        match &it.since {
            None => new.push(it.source.as_str()),
            Some(first) => {
                let first = first.get(..10).unwrap_or(first).to_owned();
                by_day.entry(first).or_default().push(&it.source);
            }
        }
    }
    let files: usize = all.iter().map(|it| it.files).sum();
    letter.say(&format!(
        "{} de {}.",
        counted(files, "fichier", "fichiers"),
        counted(all.len(), "source", "sources")
    ));
    if !new.is_empty() {
        letter.item(&format!("nouveaux ou changés : {}", new.join(", ")));
    }
    for (first, sources) in by_day.iter().rev() {
        letter.item(&format!("inchangés depuis le {} : {}", short_day(first), sources.join(", ")));
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
