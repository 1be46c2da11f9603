//! Tables of one more dimension become bars: of the last year, beside the year before.

use crate::publish::barometer::figures::Figures;
use crate::publish::barometer::parts::{
    ACCOMPAGNEMENTS, MAIN, Part, Row, Sheet, compared, compared_heads,
};
use crate::publish::barometer::with_unit;
use crate::publish::catalogue::Catalogue;
use crate::publish::grid::Grids;
use crate::vocabulary::codes::{COLLECTIF, ENSEMBLE, INCONNU, NON_RENSEIGNE, OUI};
use crate::vocabulary::columns::{
    FRANCE_SERVICES, GENRE, PERIODE, STATUT, THEME, TRANCHE_AGE, TYPE_ACTIVITE, TYPE_EMPLOYEUR,
};
use crate::vocabulary::french::percent;

/// What a part shows of a table that has one more dimension than type of employer and year.
struct Shape<'a> {
    anchor: &'static str,
    title: &'a str,
    dimension: &'a str,
    measure: &'a str,
    /// What is counted, as in « 12 accompagnements ».
    unit: &'a str,
    /// The largest row first.
    is_sorted: bool,
}

/// Themes.
pub(super) fn themes(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "themes",
        title: "Thèmes abordés",
        dimension: THEME.name,
        measure: "nb_activites",
        unit: "activités",
        is_sorted: true,
    };
    part(catalogue, grids, &shape)
}

/// Kinds of activities: how many are workshops.
pub(super) fn workshops(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "ateliers",
        title: "Ateliers et accompagnements individuels",
        dimension: TYPE_ACTIVITE.name,
        measure: "nb_activites",
        unit: "activités",
        is_sorted: false,
    };
    let mut part = part(catalogue, grids, &shape)?;
    say_row(catalogue, grids, (&mut part, &shape), (COLLECTIF, "sont des ateliers collectifs"));
    Some(part)
}

/// Ages.
pub(super) fn ages(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "ages",
        title: "Âges",
        dimension: TRANCHE_AGE.name,
        measure: "nb_personnes_par_age",
        unit: ACCOMPAGNEMENTS,
        is_sorted: false,
    };
    part(catalogue, grids, &shape)
}

/// Genders.
pub(super) fn genders(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "genres",
        title: "Genre",
        dimension: GENRE.name,
        measure: "nb_personnes_par_genre",
        unit: ACCOMPAGNEMENTS,
        is_sorted: false,
    };
    part(catalogue, grids, &shape)
}

/// Statuses.
pub(super) fn statuses(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "statuts",
        title: "Situation",
        dimension: STATUT.name,
        measure: "nb_personnes_par_statut",
        unit: ACCOMPAGNEMENTS,
        is_sorted: false,
    };
    part(catalogue, grids, &shape)
}

/// Employers that have the label France Services, and those that have not.
pub(super) fn france_services(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let shape = Shape {
        anchor: "france-services",
        title: "France Services",
        dimension: FRANCE_SERVICES.name,
        measure: MAIN,
        unit: ACCOMPAGNEMENTS,
        is_sorted: false,
    };
    let mut part = part(catalogue, grids, &shape)?;
    let told = "ont pour employeur une structure labellisée France Services";
    say_row(catalogue, grids, (&mut part, &shape), (OUI, told));
    Some(part)
}

fn part(catalogue: &Catalogue, grids: &Grids, shape: &Shape<'_>) -> Option<Part> {
    let Shape { anchor, title, dimension, measure, unit, is_sorted } = *shape;
    let key = [TYPE_EMPLOYEUR.name, dimension, PERIODE.name];
    let figures = Figures::of(catalogue, grids, &key).filter(|found| found.has(measure))?;
    let (year, before) = figures.years()?;
    let get = |code: &str, year: &str| figures.get(&[ENSEMBLE, code, year], measure);
    let total = get(ENSEMBLE, year);
    let mut sheet = Sheet::of(&figures, format!("{title} : {unit}, {year}"));
    sheet.heads = compared_heads(title, year, before);
    let row = |code: &str, label: String, is_total: bool| {
        let was = before.map(|before| get(code, before));
        Row { is_total, ..compared(label, get(code, year), was, &total) }
    };
    let codes = figures.codes(dimension).into_iter();
    let mut rows: Vec<(&str, Row)> =
        codes.map(|(code, label)| (code, row(code, label, false))).collect();
    let value = |row: &Row| row.figures.first().and_then(|figure| figure.value);
    if is_sorted {
        // Hidden rows last.
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(value(row)));
    }
    let is_said = |code: &str| code != INCONNU && code != NON_RENSEIGNE;
    let most = rows.iter().filter(|(code, row)| is_said(code) && value(row) > Some(0));
    let most = most.rev().max_by_key(|(_, row)| value(row));
    let sentence = most.map(|(_, row)| {
        let text = row.figures.first().map_or("", |figure| figure.text.as_str());
        let share = row.told.first().filter(|share| *share != "–");
        let share = share.map(|share| format!(" ({share})")).unwrap_or_default();
        format!("En {year}, d'abord « {} » : {}{share}.", row.label, with_unit(text, unit))
    });
    sheet.rows = rows.into_iter().map(|(_, row)| row).collect();
    sheet.rows.push(row(ENSEMBLE, "Ensemble".to_owned(), true));
    Some(Part {
        anchor,
        title: title.to_owned(),
        sentences: sentence.into_iter().collect(),
        sheets: vec![sheet.with_bars()],
        notes: vec![figures.table.definition.clone()],
        ..Part::default()
    })
}

/// Says, first, how many of all are in a row.
fn say_row(
    catalogue: &Catalogue,
    grids: &Grids,
    (part, shape): (&mut Part, &Shape<'_>),
    (code, told): (&str, &str),
) {
    let key = [TYPE_EMPLOYEUR.name, shape.dimension, PERIODE.name];
    let Some(figures) = Figures::of(catalogue, grids, &key) else { return };
    let Some((year, _)) = figures.years() else { return };
    let get = |code: &str| figures.get(&[ENSEMBLE, code, year], shape.measure);
    let (found, total) = (get(code), get(ENSEMBLE));
    let known = found.value.zip(total.value);
    if let Some(share) = known.and_then(|(part, whole)| percent(part, whole)) {
        let text = with_unit(&found.text, shape.unit);
        part.sentences = vec![format!("En {year}, {text} {told}, soit {share} du total.")];
    }
}
