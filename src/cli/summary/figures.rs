//! Tables of two runs become the figures that a morning asks for: by type of employer, moved, odd.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::report::spaced;
use crate::cli::summary::letter::{Letter, counted, day, signed};
use crate::cli::summary::night::Night;
use crate::definition::Definitions;
use crate::error::Result;
use crate::revision::cause::Cause;
use crate::revision::figures::Rows;
use crate::run::kept_runs::folder;
use crate::run::manifest::Manifest;
use crate::run::revision::outliers::{Odd, between};
use crate::run::revision::{figures_of, revisions_of};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// Figures that are named, at most.
const NAMED: usize = 5;
/// Measures of a table that are shown, each with its change.
const MEASURES: usize = 2;

/// The first main table by type of employer, beside the run before.
pub(super) fn by_type(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let (Some(definitions), Some(seen)) = (&night.definitions, &night.seen) else { return Ok(()) };
    let Some(name) = definitions.pipeline.main_tables.first() else { return Ok(()) };
    let Some(table) = definitions.tables.get(name) else { return Ok(()) };
    let rows = |run: &Manifest| -> Result<Option<Rows>> {
        let path = format!("{}/tables/{name}.parquet", folder(&run.run_id));
        let is_there = night.store.has(&path);
        let read = is_there.then(|| figures_of(night.store, &path, table)).transpose()?;
        Ok(read.flatten().map(|(rows, _)| rows))
    };
    let Some(now) = rows(seen)? else { return Ok(()) };
    let before = night.before.as_ref().map(rows).transpose()?.flatten();
    letter.part("CHIFFRES PAR TYPE D'EMPLOYEUR");
    letter.say("Diffusion restreinte : chiffres exacts, avant secret statistique.");
    let titles = table.measures.iter().take(MEASURES).map(|name| title(definitions, name));
    let titles: Vec<String> = titles.collect();
    let since = match (&before, &night.before) {
        (Some(_), Some(before)) => {
            format!(" ; changement depuis le jour de référence {}", day(&before.as_of))
        }
        _ => String::new(),
    };
    letter.say(&format!("Toutes périodes : {}{since}.", titles.join(", puis ").to_lowercase()));
    let mut types = definitions.lists.employer_types().to_vec();
    types.push((ENSEMBLE.to_owned(), "Ensemble".to_owned()));
    let mut lines = Vec::new();
    for (code, label) in types {
        let key = match code.as_str() {
            ENSEMBLE => code.clone(),
            code => format!("{}={code}", columns::TYPE_EMPLOYEUR.name),
        };
        let of = |rows: &Rows, place: usize| rows.get(&key)?.get(place).copied();
        let was = before.as_ref().is_some_and(|before| before.contains_key(&key));
        if !now.contains_key(&key) && !was {
            continue;
        }
        let mut line = vec![label];
        for place in 0..titles.len() {
            let value = of(&now, place).unwrap_or_default();
            line.push(spaced(value));
            if let Some(before) = &before {
                line.push(signed(value - of(before, place).unwrap_or_default(), spaced));
            }
        }
        lines.push(line);
    }
    letter.table(&lines);
    Ok(())
}

/// How many figures of the main table moved, and the farthest.
pub(super) fn revisions(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let (Some(definitions), Some(seen)) = (&night.definitions, &night.seen) else { return Ok(()) };
    let Some(main) = definitions.pipeline.main_tables.first() else { return Ok(()) };
    letter.part("CHIFFRES RÉVISÉS");
    let Some(before) = &night.before else {
        letter.say("Première exécution : rien à comparer.");
        return Ok(());
    };
    let all = revisions_of(night.store, &folder(&seen.run_id))?;
    // A figure has a line for each cause.
    let mut figures: BTreeMap<(&str, &str), (i64, i64, BTreeSet<Cause>)> = BTreeMap::new();
    for revision in all.get(main).into_iter().flatten() {
        let figure = figures.entry((&revision.key, &revision.measure)).or_default();
        (figure.0, figure.1) = (revision.before, revision.now);
        figure.2.insert(revision.cause);
    }
    if figures.is_empty() {
        letter.say(&format!("Aucun depuis le jour de référence {}.", day(&before.as_of)));
        return Ok(());
    }
    let what = counted(figures.len(), "chiffre a changé", "chiffres ont changé");
    letter.say(&format!(
        "Dans le tableau principal, {what} depuis le jour de référence {}.",
        day(&before.as_of)
    ));
    // The first measure counts records; the others follow it.
    let first = definitions.tables.get(main).and_then(|table| table.measures.first());
    let head = format!("{}=", columns::PERIODE.name);
    let is_month = |key: &str| {
        let period = key.split('|').find_map(|part| part.strip_prefix(&head));
        period.is_some_and(|period| Length::of_period(period) == Length::Mois)
    };
    let mut named: Vec<_> = figures
        .iter()
        .filter(|((key, measure), _)| Some(*measure) == first.map(String::as_str) && is_month(key))
        .collect();
    named.sort_by_key(|(key, (was, is, _))| (std::cmp::Reverse((is - was).abs()), **key));
    if named.is_empty() {
        return Ok(());
    }
    let title = first.map(|first| title(definitions, first).to_lowercase()).unwrap_or_default();
    letter.say(&format!("Les plus grands changements ({title}) :"));
    for ((key, _), (was, is, causes)) in named.into_iter().take(NAMED) {
        let causes: Vec<&str> = causes.iter().map(|cause| cause.in_french()).collect();
        letter.item(&format!(
            "{} : {} au lieu de {} ({}), {}",
            in_words(definitions, key),
            spaced(*is),
            spaced(*was),
            signed(is - was, spaced),
            causes.join(" et ")
        ));
    }
    letter.advise("Tout voir : `conum diff`");
    Ok(())
}

/// Figures that became odd, each series told once.
pub(super) fn odd(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let (Some(definitions), Some(seen)) = (&night.definitions, &night.seen) else { return Ok(()) };
    let Some(told) = between(night.store, None, Some(&seen.run_id))? else { return Ok(()) };
    // A series is in several tables where it has no dimension but time; the farthest comes first.
    let mut series: Vec<(String, Vec<&Odd>)> = Vec::new();
    for odd in &told.new {
        let month = format!("{}={}", columns::PERIODE.name, odd.periode);
        let others: Vec<&str> = odd.cle.split('|').filter(|part| *part != month).collect();
        let name = format!("{} {}", odd.indicateur, others.join("|"));
        match series.iter_mut().find(|(known, _)| *known == name) {
            Some((_, months)) if months.iter().any(|it| it.periode == odd.periode) => {}
            Some((_, months)) => months.push(odd),
            None => series.push((name, vec![odd])),
        }
    }
    letter.part("CHIFFRES INHABITUELS");
    if series.is_empty() {
        letter.say("Aucun nouveau : les mois clos sont conformes à leur propre passé.");
        return Ok(());
    }
    letter.say(&format!(
        "{} loin de leur propre passé, dans des mois clos :",
        counted(series.len(), "série nouvelle est", "séries nouvelles sont")
    ));
    for (_, months) in series.iter().take(NAMED) {
        let Some(odd) = months.first() else { continue };
        let others = match months.len() {
            1 => String::new(),
            count => format!(" (et {})", counted(count - 1, "autre mois", "autres mois")),
        };
        letter.item(&format!(
            "{}, {} : {} ; son passé en annonçait {}{others}",
            title(definitions, &odd.indicateur),
            in_words(definitions, &odd.cle),
            spaced(odd.valeur),
            spaced(odd.attendu)
        ));
    }
    if series.len() > NAMED {
        letter
            .item(&format!("et {}", counted(series.len() - NAMED, "autre série", "autres séries")));
    }
    letter.advise(
        "Vérifier auprès des employeurs ou des fournisseurs ; tout voir : \
                   `conum diff --outliers`",
    );
    Ok(())
}

fn title(definitions: &Definitions, measure: &str) -> String {
    let found = definitions.indicators.get(measure);
    found.map_or(measure, |indicator| indicator.title.as_str()).to_owned()
}

/// A row, by the names of its codes.
fn in_words(definitions: &Definitions, key: &str) -> String {
    if key == ENSEMBLE {
        return "ensemble".to_owned();
    }
    let part = |part: &str| {
        let (name, code) = part.split_once('=').unwrap_or(("", part));
        let types = definitions.lists.employer_types();
        let label = types.iter().find(|(known, _)| known == code).map(|(_, label)| label.clone());
        match label {
            Some(label) if name == columns::TYPE_EMPLOYEUR.name => label,
            _ if name == columns::PERIODE.name => code.to_owned(),
            _ if name == columns::REGION.name => format!("région {code}"),
            _ if name == columns::DEPARTEMENT.name => format!("département {code}"),
            _ => format!("{name} {code}").replace('_', " "),
        }
    };
    key.split('|').map(part).collect::<Vec<_>>().join(", ")
}
