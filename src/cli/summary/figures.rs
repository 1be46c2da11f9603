//! Tables of two runs become the figures that a morning asks for: by type of employer, moved, odd.

use crate::cli::summary::letter::Letter;
use crate::error::Result;
use crate::revision::figures::Rows;
use crate::run::kept_runs::folder;
use crate::run::manifest::Manifest;
use crate::run::report::moved::{self, revised, title};
use crate::run::report::night::Night;
use crate::run::revision::figures_of;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;
use crate::vocabulary::french::{counted, short_day, signed, spaced};

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
            format!(" ; changement depuis le jour de référence {}", short_day(&before.as_of))
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
    let Some(definitions) = night.definitions.as_ref().filter(|_| night.seen.is_some()) else {
        return Ok(());
    };
    if definitions.pipeline.main_tables.is_empty() {
        return Ok(());
    }
    letter.part("CHIFFRES RÉVISÉS");
    let Some(revised) = revised(night)? else {
        letter.say("Première exécution : rien à comparer.");
        return Ok(());
    };
    let since = short_day(&revised.since);
    if revised.figures == 0 {
        letter.say(&format!("Aucun depuis le jour de référence {since}."));
        return Ok(());
    }
    let what = counted(revised.figures, "chiffre a changé", "chiffres ont changé");
    letter.say(&format!("Dans le tableau principal, {what} depuis le jour de référence {since}."));
    if revised.months.is_empty() {
        return Ok(());
    }
    letter.say(&format!("Les plus grands changements ({}) :", revised.title));
    for moved in revised.months.iter().take(NAMED) {
        let causes: Vec<&str> = moved.causes.iter().map(|cause| cause.in_french()).collect();
        letter.item(&format!(
            "{} : {} au lieu de {} ({}), {}",
            moved.row,
            spaced(moved.is),
            spaced(moved.was),
            signed(moved.is - moved.was, spaced),
            causes.join(" et ")
        ));
    }
    letter.advise("Tout voir : `conum diff`");
    Ok(())
}

/// Figures that became odd, each series told once.
pub(super) fn odd(letter: &mut Letter, night: &Night<'_>) -> Result<()> {
    let Some(series) = moved::odd(night)? else { return Ok(()) };
    letter.part("CHIFFRES INHABITUELS");
    if series.is_empty() {
        letter.say("Aucun nouveau : les mois clos sont conformes à leur propre passé.");
        return Ok(());
    }
    letter.say(&format!(
        "{} loin de leur propre passé, dans des mois clos :",
        counted(series.len(), "série nouvelle est", "séries nouvelles sont")
    ));
    for one in series.iter().take(NAMED) {
        let others = match one.months.len() {
            1 => String::new(),
            count => format!(" (et {})", counted(count - 1, "autre mois", "autres mois")),
        };
        letter.item(&format!(
            "{}, {} : {} ; son passé en annonçait {}{others}",
            one.title,
            one.row,
            spaced(one.is),
            spaced(one.expected)
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
