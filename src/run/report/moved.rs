//! Tables of two runs become the figures that moved, with their causes, and those that became odd.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::definition::Definitions;
use crate::error::Result;
use crate::revision::cause::Cause;
use crate::run::kept_runs::folder;
use crate::run::report::night::Night;
use crate::run::revision::outliers::between;
use crate::run::revision::revisions_of;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// What moved in the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revised {
    /// Reference day of the run it is compared with.
    pub since: String,
    /// Figures that moved.
    pub figures: usize,
    /// Figures that each cause moved, in the order of causes; one may have several.
    pub causes: Vec<(Cause, usize)>,
    /// Title of the first measure, which counts records: the others follow it.
    pub title: String,
    /// Its figures of a month, the farthest first.
    pub months: Vec<Moved>,
}

/// A figure that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its row, in words.
    pub row: String,
    /// What it was.
    pub was: i64,
    /// What it is.
    pub is: i64,
    /// Why.
    pub causes: Vec<Cause>,
}

/// Figures of one cell that became odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Title of its measure.
    pub title: String,
    /// The row that is farthest from its past, in words.
    pub row: String,
    /// What that figure is.
    pub is: i64,
    /// What its past leads to expect.
    pub expected: i64,
    /// Months of it that became odd.
    pub months: BTreeSet<String>,
}

/// How many figures of the main table moved, and the farthest; nothing of a first run.
///
/// # Errors
/// When a file cannot be read.
pub fn revised(night: &Night<'_>) -> Result<Option<Revised>> {
    let (Some(definitions), Some(seen)) = (&night.definitions, &night.seen) else {
        return Ok(None);
    };
    let main = definitions.pipeline.main_tables.first();
    let Some((main, before)) = main.zip(night.before.as_ref()) else { return Ok(None) };
    let all = revisions_of(night.store, &folder(&seen.run_id))?;
    // A figure has a line for each cause.
    let mut figures: BTreeMap<(&str, &str), (i64, i64, BTreeSet<Cause>)> = BTreeMap::new();
    for revision in all.get(main).into_iter().flatten() {
        let figure = figures.entry((&revision.key, &revision.measure)).or_default();
        (figure.0, figure.1) = (revision.before, revision.now);
        figure.2.insert(revision.cause);
    }
    let moved_by = |cause: &Cause| figures.values().filter(|it| it.2.contains(cause)).count();
    let causes = Cause::ALL.into_iter().map(|cause| (cause, moved_by(&cause)));
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
    named.sort_by_key(|(key, (was, is, _))| (Reverse((is - was).abs()), **key));
    let months = named.into_iter().map(|((key, _), (was, is, causes))| Moved {
        row: in_words(definitions, key),
        was: *was,
        is: *is,
        causes: causes.iter().copied().collect(),
    });
    Ok(Some(Revised {
        since: before.as_of.clone(),
        figures: figures.len(),
        causes: causes.filter(|(_, count)| *count > 0).collect(),
        title: first.map(|first| title(definitions, first).to_lowercase()).unwrap_or_default(),
        months: months.collect(),
    }))
}

/// The cells whose figures became odd, the farthest first; nothing of a run that did not look.
///
/// # Errors
/// When a file cannot be read.
pub fn odd(night: &Night<'_>) -> Result<Option<Vec<Series>>> {
    let (Some(definitions), Some(seen)) = (&night.definitions, &night.seen) else {
        return Ok(None);
    };
    let Some(told) = between(night.store, None, Some(&seen.run_id))? else { return Ok(None) };
    // A cell is in several tables where it has no dimension but time; the farthest comes first.
    let mut found: Vec<(String, Series)> = Vec::new();
    for odd in &told.new {
        let month = format!("{}={}", columns::PERIODE.name, odd.periode);
        let others: Vec<&str> = odd.cle.split('|').filter(|part| *part != month).collect();
        let name = format!("{} {}", odd.indicateur, others.join("|"));
        if let Some((_, series)) = found.iter_mut().find(|(known, _)| *known == name) {
            series.months.insert(odd.periode.clone());
            continue;
        }
        let series = Series {
            title: title(definitions, &odd.indicateur),
            row: in_words(definitions, &odd.cle),
            is: odd.valeur,
            expected: odd.attendu,
            months: [odd.periode.clone()].into(),
        };
        found.push((name, series));
    }
    Ok(Some(found.into_iter().map(|(_, series)| series).collect()))
}

/// The title of a measure.
#[must_use]
pub fn title(definitions: &Definitions, measure: &str) -> String {
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
