//! Figures that moved, and those that became odd, become a part of the page.

use crate::error::Result;
use crate::publish::changelog;
use crate::revision::cause::Cause;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::report::moved::{odd, revised};
use crate::run::report::night::Night;
use crate::run::report::sheet::{Cell, Part, Sheet};
use crate::vocabulary::french::{counted, short_day, signed, spaced};

/// Anchor and title of the part.
pub(super) const NAME: (&str, &str) = ("chiffres", "Ce qui a changé dans les chiffres");
/// Figures that are named.
const NAMED: usize = 10;

/// The part on figures.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn part(night: &Night<'_>) -> Result<Part> {
    let mut part = Part {
        anchor: NAME.0,
        title: NAME.1,
        notes: vec![
            "Chiffres exacts, avant secret statistique : ils ne sortent pas du service.".to_owned(),
        ],
        ..Part::default()
    };
    if !night.is_new() {
        let same = "Rien : les lecteurs voient les mêmes chiffres qu'avant cette nuit.";
        part.sentences.push(same.to_owned());
        return Ok(part);
    }
    moved(night, &mut part)?;
    became_odd(night, &mut part)?;
    part.sheets.extend(since_release(night)?);
    Ok(part)
}

/// What the public is told to have changed since the release before, with the causes.
fn since_release(night: &Night<'_>) -> Result<Option<Sheet>> {
    let page = night.store.read(&format!("{RELEASES}/{LATEST}/{}", changelog::NAME))?;
    let page = page.unwrap_or_default();
    let page = String::from_utf8_lossy(&page);
    let latest = page.split("\n## ").nth(1).and_then(|section| section.split_once('\n'));
    let Some((day, told)) = latest else { return Ok(None) };
    let caption =
        format!("Journal de la diffusion du {}, depuis celle d'avant", short_day(day.trim()));
    let mut sheet = Sheet::of(caption, &["Ce que le public peut lire"]);
    let lines = told.lines().map(|line| line.trim_start_matches([' ', '-', '#']));
    lines.filter(|line| !line.is_empty()).for_each(|line| sheet.row([Cell::from(line)]));
    Ok(Some(sheet))
}

fn moved(night: &Night<'_>, part: &mut Part) -> Result<()> {
    let Some(revised) = revised(night)? else {
        part.sentences.push("Première exécution : rien à comparer.".to_owned());
        return Ok(());
    };
    let since = short_day(&revised.since);
    if revised.figures == 0 {
        let none = format!("Aucun chiffre n'a changé depuis le jour de référence {since}.");
        part.sentences.push(none);
        return Ok(());
    }
    let what = counted(revised.figures, "chiffre a changé", "chiffres ont changé");
    part.sentences
        .push(format!("Dans le tableau principal, {what} depuis le jour de référence {since}."));
    let mut causes =
        Sheet::of("Pourquoi ; un chiffre peut avoir plusieurs causes", &["Cause", "#Chiffres"]);
    for (cause, figures) in revised.causes {
        causes.row([Cell::from(cause.in_french()), Cell::from(figures)]);
    }
    part.sheets.push(causes);
    let caption = format!("Les plus grands changements d'un mois ({})", revised.title);
    let mut sheet = Sheet::of(caption, &["Ligne", "#Avant", "#Maintenant", "#Écart", "Causes"]);
    for moved in revised.months.iter().take(NAMED) {
        let causes: Vec<&str> =
            moved.causes.iter().map(|cause: &Cause| cause.in_french()).collect();
        sheet.row([
            Cell::from(moved.row.as_str()),
            Cell::from(moved.was),
            Cell::from(moved.is),
            Cell::from(signed(moved.is - moved.was, spaced)),
            Cell::from(causes.join(" et ")),
        ]);
    }
    if !sheet.is_empty() {
        part.sheets.push(sheet);
    }
    part.notes.push("Tout voir : `conum diff`.".to_owned());
    Ok(())
}

fn became_odd(night: &Night<'_>, part: &mut Part) -> Result<()> {
    let Some(series) = odd(night)? else { return Ok(()) };
    if series.is_empty() {
        let none = "Aucun chiffre inhabituel de plus : les mois clos sont conformes à leur passé.";
        part.sentences.push(none.to_owned());
        return Ok(());
    }
    let what = counted(series.len(), "série nouvelle est", "séries nouvelles sont");
    part.sentences.push(format!("{what} loin de leur propre passé, dans des mois clos."));
    let heads = ["Chiffre", "Ligne", "#Valeur", "#Attendu", "#Mois"];
    let mut sheet = Sheet::of("Chiffres inhabituels, les plus éloignés d'abord", &heads);
    for one in series.iter().take(NAMED) {
        sheet.row([
            Cell::from(one.title.as_str()),
            Cell::from(one.row.as_str()),
            Cell::from(one.is),
            Cell::from(one.expected),
            Cell::from(one.months.len()),
        ]);
    }
    part.sheets.push(sheet);
    part.notes.push(
        "Vérifier auprès des employeurs ou des fournisseurs ; tout voir : \
         `conum diff --outliers`."
            .to_owned(),
    );
    Ok(())
}
