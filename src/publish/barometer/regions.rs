//! Régions become small drawings side by side, and a table by year.

use crate::publish::barometer::figures::Figures;
use crate::publish::barometer::months::Calendar;
use crate::publish::barometer::parts::{Drawing, MAIN, Part, Row, Sheet};
use crate::publish::catalogue::Catalogue;
use crate::publish::grid::Grids;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{ENSEMBLE, INCONNU};
use crate::vocabulary::columns::{PERIODE, REGION};

/// Years that a sheet of paper has room for; all of them are in the CSV.
const YEARS: usize = 10;

/// The part.
pub(super) fn part(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let figures = Figures::of(catalogue, grids, &[REGION.name, PERIODE.name]);
    let figures = figures.filter(|figures| figures.has(MAIN))?;
    let small = small(catalogue, &figures, REGION.name);
    Some(Part {
        anchor: "regions",
        title: "Par région".to_owned(),
        small,
        sheets: by_year(&figures, REGION.name, "Région").into_iter().collect(),
        notes: vec![
            "Chaque région a sa propre échelle, dont la ligne du haut porte le chiffre.".to_owned(),
            format!("Les chiffres mois par mois sont dans {}.csv.", figures.table.name),
            figures.table.definition.clone(),
        ],
        ..Part::default()
    })
}

/// A small drawing for each code of a table by a dimension and by period that has a month of more
/// than zero to show.
pub(super) fn small(catalogue: &Catalogue, figures: &Figures<'_>, dimension: &str) -> Vec<Drawing> {
    let Some(calendar) = Calendar::of(catalogue) else { return Vec::new() };
    let codes = figures.codes(dimension).into_iter().filter(|(code, _)| *code != INCONNU);
    let drawings = codes.filter_map(|(code, title)| {
        let lines = calendar.draw(|month| figures.get(&[code, month], MAIN));
        let times = calendar.names(&lines);
        let is_more_than_zero = |month: &String| figures.get(&[code, month], MAIN).value > Some(0);
        let is_shown = calendar.months.iter().any(is_more_than_zero);
        let told = format!("{title} : accompagnements par mois.");
        let anchor = format!("courbe-{dimension}-{code}").replace('_', "-");
        let breaks = Vec::new();
        let provisional = calendar.provisional();
        is_shown.then_some(Drawing { anchor, title, told, lines, times, provisional, breaks })
    });
    drawings.collect()
}

/// A row a code, a column for each of the last years; nothing without a year.
pub(super) fn by_year(figures: &Figures<'_>, dimension: &str, head: &str) -> Option<Sheet> {
    let all = figures.periods(Length::Annee);
    let left_out = all.len().saturating_sub(YEARS);
    let years: Vec<&str> = all.into_iter().skip(left_out).collect();
    let since = years.first().filter(|_| left_out > 0);
    let since = since.map(|year| format!(", depuis {year}")).unwrap_or_default();
    let caption = format!("Accompagnements par année, par {}{since}", head.to_lowercase());
    let mut sheet = Sheet::of(figures, caption);
    sheet.heads = vec![head.to_owned()];
    sheet.heads.extend(years.iter().map(|year| (*year).to_owned()));
    let codes = figures.codes(dimension).into_iter();
    let codes = codes.chain([(ENSEMBLE, "Ensemble".to_owned())]);
    sheet.rows = codes
        .map(|(code, label)| {
            let shown = years.iter().map(|year| figures.get(&[code, year], MAIN));
            let figures = shown.collect();
            Row { label, figures, is_total: code == ENSEMBLE, ..Row::default() }
        })
        .collect();
    (!years.is_empty()).then_some(sheet)
}
