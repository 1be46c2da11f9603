//! The end of a night becomes what happened, what readers see and what to do.

use crate::error::{EXIT_WARNINGS, Kind, Result};
use crate::run::kept_runs::folder;
use crate::run::protect::closed::months;
use crate::run::report::advice;
use crate::run::report::night::Night;
use crate::run::report::sheet::Tone;
use crate::vocabulary::french::{hour, short_day};

/// The outcome in a word, and its colour.
pub(super) fn verdict(night: &Night<'_>) -> (&'static str, Tone) {
    let Some(end) = night.end() else { return ("Tuée", Tone::Bad) };
    let is = |kind: Kind| kind.exit_code() == end.code;
    match (end.code, end.is_unchanged) {
        (0, true) => ("Rien de neuf", Tone::Good),
        (0, false) => ("Publiée", Tone::Good),
        (EXIT_WARNINGS, true) => ("Rien de neuf, avec avertissements", Tone::Warn),
        (EXIT_WARNINGS, false) => ("Publiée, avec avertissements", Tone::Warn),
        _ if is(Kind::Data) || is(Kind::NoInput) || is(Kind::Secrecy) => ("Refusée", Tone::Bad),
        _ if is(Kind::Interrupted) || is(Kind::Terminated) => ("Interrompue", Tone::Bad),
        _ => ("Échec", Tone::Bad),
    }
}

/// What happened, in sentences of which the first says it.
#[must_use]
pub fn happened(night: &Night<'_>) -> Vec<String> {
    let begin = &night.attempt.begin;
    let mut told = vec![meaning(night).0.to_owned()];
    if let Some(end) = night.end() {
        if end.is_unchanged {
            let same = "Les exports et les règles sont les mêmes : rien n'était à refaire.";
            told.push(same.to_owned());
        }
        if let Some(reason) = &end.reason {
            told.push(format!("Message du programme : {reason}"));
        }
        let (began, ended) = (hour(&begin.started_at), hour(&end.ended_at));
        told.push(format!("Début le {began}, fin le {ended}."));
    } else {
        told.push(format!("Début le {}, sans fin.", hour(&begin.started_at)));
    }
    let failed = night.logged.stages.iter().find(|it| it.code.is_some() || it.ended.is_none());
    if let Some(stage) = failed.filter(|_| !night.attempt.is_good()) {
        told.push(format!("Étape en cours : {}.", advice::stage(&stage.stage)));
    }
    if night.failures > 1 {
        told.push(format!("C'est la {}e nuit de suite qui échoue.", night.failures));
    }
    told
}

/// What to do about the end of a night.
#[must_use]
pub fn to_do(night: &Night<'_>) -> &'static str {
    meaning(night).1
}

fn meaning(night: &Night<'_>) -> (&'static str, &'static str) {
    night.end().map_or(advice::KILLED, |end| advice::of_code(end.code))
}

/// What readers see after it, in sentences.
///
/// # Errors
/// When what a run kept of its months cannot be read.
pub fn seen(night: &Night<'_>) -> Result<Vec<String>> {
    let Some(seen) = &night.seen else {
        return Ok(vec!["Rien : aucune exécution n'est encore publiée.".to_owned()]);
    };
    let mut told = Vec::new();
    if !night.attempt.is_good() {
        told.push("Toujours l'exécution précédente, entière :".to_owned());
    }
    let as_of = short_day(&seen.as_of);
    let finished = hour(&seen.finished_at);
    told.push(format!("Jour de référence {as_of}, publié le {finished}."));
    if let Some(release) = night.end().and_then(|end| end.release.as_deref()) {
        told.push(format!("Diffusion publique : {release}."));
    }
    if !night.is_new() {
        return Ok(told);
    }
    let now = months(night.store, &folder(&seen.run_id))?;
    let was = match &night.before {
        Some(before) => months(night.store, &folder(&before.run_id))?,
        None => Vec::new(),
    };
    let new: Vec<&String> = now.iter().filter(|month| !was.contains(month)).collect();
    match (new.as_slice(), now.last()) {
        ([], Some(last)) => told.push(format!("Pas de mois nouveau ; le dernier est {last}.")),
        ([one], _) => told.push(format!("Mois nouveau : {one}.")),
        ([first, .., last], _) => {
            told.push(format!("{} mois nouveaux : de {first} à {last}.", new.len()));
        }
        ([], None) => {}
    }
    Ok(told)
}
