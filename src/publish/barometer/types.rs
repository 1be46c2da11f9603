//! Types of employer become bars, small drawings and a table by year; employers, what they have.

use crate::publish::barometer::figures::Figures;
use crate::publish::barometer::parts::{
    ACCOMPAGNEMENTS, MAIN, Part, Row, Sheet, compared, compared_heads,
};
use crate::publish::barometer::regions::{by_year, small};
use crate::publish::barometer::with_unit;
use crate::publish::catalogue::Catalogue;
use crate::publish::grid::Grids;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns::{DEPARTEMENT, PERIODE, TYPE_EMPLOYEUR};

/// The part on activities by type of employer.
pub(super) fn part(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let figures = Figures::of(catalogue, grids, &[TYPE_EMPLOYEUR.name, PERIODE.name]);
    let figures = figures.filter(|figures| figures.has(MAIN))?;
    let mut sheets = Vec::new();
    let mut sentences = Vec::new();
    if let Some((year, before)) = figures.years() {
        let sheet = last_year(&figures, year, before).with_bars();
        sentences.extend(most(&sheet, year));
        sheets.push(sheet);
    }
    sheets.extend(by_year(&figures, TYPE_EMPLOYEUR.name, "Type d'employeur"));
    let small = small(catalogue, &figures, TYPE_EMPLOYEUR.name);
    let mut notes = vec![figures.table.definition.clone()];
    if !small.is_empty() {
        notes.push(
            "Dans les petites courbes, chaque type a sa propre échelle, dont la ligne du haut \
             porte le chiffre."
                .to_owned(),
        );
    }
    Some(Part {
        anchor: "types",
        title: "Par type d'employeur".to_owned(),
        sentences,
        small,
        sheets,
        notes,
        ..Part::default()
    })
}

fn last_year(figures: &Figures<'_>, year: &str, before: Option<&str>) -> Sheet {
    let get = |code: &str, year: &str| figures.get(&[code, year], MAIN);
    let total = get(ENSEMBLE, year);
    let caption = format!("Accompagnements par type d'employeur, {year}");
    let mut sheet = Sheet::of(figures, caption);
    sheet.heads = compared_heads("Type d'employeur", year, before);
    let codes = figures.codes(TYPE_EMPLOYEUR.name).into_iter();
    let codes = codes.chain([(ENSEMBLE, "Ensemble".to_owned())]);
    sheet.rows = codes
        .map(|(code, label)| {
            let was = before.map(|before| get(code, before));
            let row = compared(label, get(code, year), was, &total);
            Row { is_total: code == ENSEMBLE, ..row }
        })
        .collect();
    sheet
}

/// Who did most.
fn most(sheet: &Sheet, year: &str) -> Option<String> {
    let value = |row: &&Row| row.figures.first().and_then(|figure| figure.value);
    let rows = sheet.rows.iter().filter(|row| !row.is_total && value(row) > Some(0));
    let most = rows.rev().max_by_key(value)?;
    let text = with_unit(&most.figures.first()?.text, ACCOMPAGNEMENTS);
    let share = most.told.first().filter(|share| *share != "–");
    let share = share.map(|share| format!(", soit {share} du total")).unwrap_or_default();
    Some(format!("En {year}, le premier type d'employeur est « {} » : {text}{share}.", most.label))
}

/// The part on employers, posts and the money of the State.
pub(super) fn employers(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let figures = Figures::of(catalogue, grids, &[TYPE_EMPLOYEUR.name, DEPARTEMENT.name])?;
    let measures: Vec<_> = figures.table.figures().map(|column| column.name.as_str()).collect();
    let mut sheet = Sheet::of(&figures, figures.table.title.as_str());
    sheet.heads = vec!["Type d'employeur".to_owned()];
    sheet.heads.extend(figures.table.figures().map(|column| column.title.clone()));
    let codes = figures.codes(TYPE_EMPLOYEUR.name).into_iter();
    let codes = codes.chain([(ENSEMBLE, "Ensemble".to_owned())]);
    sheet.rows = codes
        .map(|(code, label)| {
            let shown = measures.iter().map(|name| figures.get(&[code, ENSEMBLE], name));
            let figures = shown.collect();
            Row { label, figures, is_total: code == ENSEMBLE, ..Row::default() }
        })
        .collect();
    let is_shown =
        |row: &Row| row.is_total || row.figures.iter().any(|figure| figure.value != Some(0));
    sheet.rows.retain(is_shown);
    Some(Part {
        anchor: "employeurs",
        title: "Employeurs, postes et financement".to_owned(),
        sheets: vec![sheet.with_bars()],
        notes: vec![
            figures.table.definition.clone(),
            "Les contrats et les versements ne sont pas dans la diffusion : leurs tables restent \
             internes."
                .to_owned(),
        ],
        ..Part::default()
    })
}
