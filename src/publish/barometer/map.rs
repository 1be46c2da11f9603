//! Départements become a map, by what was done for a thousand inhabitants, and the table of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::definition::Definitions;
use crate::definition::outline::{Frame, Outlines};
use crate::publish::barometer::figures::{Figure, Figures};
use crate::publish::barometer::parts::{ACCOMPAGNEMENTS, MAIN, Part, Row, Sheet, moved};
use crate::publish::barometer::with_unit;
use crate::publish::catalogue::Catalogue;
use crate::publish::grid::Grids;
use crate::vocabulary::codes::{ENSEMBLE, INCONNU};
use crate::vocabulary::columns::{DEPARTEMENT, PERIODE};
use crate::vocabulary::french::{UNBROKEN, counted, per_mille, tenths};

/// Shades of the map.
const CLASSES: usize = 5;
/// A change is of so many at least, in both years: a few more of a few is no growth.
const GROWS_FROM: i64 = 100;
/// A commune as such, in the territory.
const COMMUNE: &str = "commune";

/// What the map is drawn with.
#[derive(Clone, Debug, Default)]
pub struct Geography {
    outlines: Outlines,
    /// Legal population of each département.
    residents: BTreeMap<String, i64>,
}

impl Geography {
    /// The map and the populations of the declarations.
    #[must_use]
    pub fn of(definitions: &Definitions) -> Self {
        let mut residents = BTreeMap::<String, i64>::new();
        let communes = definitions.territory.communes().iter();
        for commune in communes.filter(|commune| commune.kind == COMMUNE) {
            let count = commune.population.and_then(|count| i64::try_from(count).ok());
            *residents.entry(commune.departement.clone()).or_default() += count.unwrap_or_default();
        }
        Self { outlines: definitions.outlines.clone(), residents }
    }
}

/// A drawn map.
#[derive(Debug, Serialize)]
pub(super) struct Map {
    anchor: &'static str,
    title: String,
    told: String,
    view: [i32; 4],
    insets: Vec<Inset>,
    shapes: Vec<Drawn>,
    legend: Vec<Shade>,
    credit: String,
}

#[derive(Debug, Serialize)]
struct Inset {
    title: String,
    frame: [i32; 4],
    at: [i32; 2],
}

#[derive(Debug, Serialize)]
struct Drawn {
    trace: String,
    /// `c1` to `c5`, `secret` or `none`.
    class: String,
    /// What a reader who points at it is told.
    told: String,
}

#[derive(Debug, Serialize)]
struct Shade {
    class: String,
    text: String,
}

/// A département in the last year.
struct Place<'a> {
    code: &'a str,
    name: String,
    now: Figure,
    before: Option<Figure>,
    /// For a thousand inhabitants, in tenths.
    rate: Option<i64>,
}

/// The part.
pub(super) fn part(catalogue: &Catalogue, grids: &Grids, geography: &Geography) -> Option<Part> {
    let figures = Figures::of(catalogue, grids, &[DEPARTEMENT.name, PERIODE.name]);
    let figures = figures.filter(|figures| figures.has(MAIN))?;
    let (year, before) = figures.years()?;
    let codes = figures.codes(DEPARTEMENT.name).into_iter().filter(|(code, _)| *code != INCONNU);
    let places: Vec<Place<'_>> = codes
        .map(|(code, name)| {
            let now = figures.get(&[code, year], MAIN);
            let before = before.map(|before| figures.get(&[code, before], MAIN));
            let residents = geography.residents.get(code).copied().unwrap_or_default();
            // Tenths of a per cent are tenths for a thousand, ten times.
            let rate = now.value.and_then(|value| per_mille(value.saturating_mul(10), residents));
            Place { code, name, now, before, rate }
        })
        .collect();
    let mut sentences = Vec::new();
    sentences.extend(grown(&places, before, year));
    let hidden = places.iter().filter(|place| place.now.is_hidden).count();
    if hidden > 0 {
        sentences.push(format!(
            "En {year}, le chiffre de {} est secret, sur {}.",
            counted(hidden, "département", "départements"),
            counted(places.len(), "département ou collectivité", "départements et collectivités")
        ));
    }
    let told = sentences.join(" ");
    let drawn = drawn(&places, geography, (year, told));
    let sheet = sheet(&figures, &places, (year, before));
    Some(Part {
        anchor: "departements",
        title: "Par département".to_owned(),
        sentences,
        map: drawn,
        sheets: vec![sheet],
        notes: vec![
            figures.table.definition.clone(),
            "Pour 1 000 habitants : population légale de l'année du code officiel géographique \
             cité dans les sources."
                .to_owned(),
        ],
        ..Part::default()
    })
}

/// Which grew most, and which least.
fn grown(places: &[Place<'_>], before: Option<&str>, year: &str) -> Option<String> {
    let before = before?;
    let mut known: Vec<(i64, &Place<'_>, &Figure, &Figure)> = places
        .iter()
        .filter_map(|place| {
            let was = place.before.as_ref()?;
            let (from, to) = (was.value?, place.now.value?);
            let is_enough = from.min(to) >= GROWS_FROM;
            let change = per_mille(to - from, from).filter(|_| is_enough)?;
            Some((change, place, was, &place.now))
        })
        .collect();
    known.sort_by_key(|(change, place, ..)| (std::cmp::Reverse(*change), place.code));
    let (change, place, was, now) = known.first()?;
    if *change <= 0 {
        return Some(format!("Aucun département n'a progressé entre {before} et {year}."));
    }
    Some(format!(
        "Plus forte hausse entre {before} et {year} : {} ({}), {}, de {} à {}.",
        place.name,
        place.code,
        moved(was, now),
        was.text,
        with_unit(&now.text, ACCOMPAGNEMENTS)
    ))
}

fn sheet(
    figures: &Figures<'_>,
    places: &[Place<'_>],
    (year, before): (&str, Option<&str>),
) -> Sheet {
    let caption = format!("Accompagnements par département, {year}");
    let mut sheet = Sheet::of(figures, caption);
    sheet.is_folded = true;
    sheet.heads = vec!["Département".to_owned(), year.to_owned()];
    sheet.heads.extend(before.map(str::to_owned));
    sheet.heads.push("Pour 1 000 habitants".to_owned());
    sheet.heads.extend(before.map(|_| "Évolution".to_owned()));
    let row = |label: String, now: Figure, was: Option<Figure>, rate: Option<i64>| {
        let mut told = vec![rate.map_or_else(|| "–".to_owned(), tenths)];
        told.extend(was.as_ref().map(|was| moved(was, &now)));
        Row { label, figures: [now].into_iter().chain(was).collect(), told, is_total: false }
    };
    sheet.rows = places
        .iter()
        .map(|place| {
            let label = format!("{} ({})", place.name, place.code);
            row(label, place.now.clone(), place.before.clone(), place.rate)
        })
        .collect();
    let get = |code: &str, year: &str| figures.get(&[code, year], MAIN);
    for (code, label) in [(INCONNU, "Inconnu"), (ENSEMBLE, "Ensemble")] {
        let was = before.map(|before| get(code, before));
        let mut row = row(label.to_owned(), get(code, year), was, None);
        row.is_total = code == ENSEMBLE;
        sheet.rows.push(row);
    }
    sheet
}

fn drawn(places: &[Place<'_>], geography: &Geography, told: (&str, String)) -> Option<Map> {
    let whole = geography.outlines.whole.as_ref()?;
    let (year, told) = told;
    let mut rates: Vec<i64> = places.iter().filter_map(|place| place.rate).collect();
    rates.sort_unstable();
    let limits = limits(&rates);
    let by_code: BTreeMap<&str, &Place<'_>> =
        places.iter().map(|place| (place.code, place)).collect();
    let shapes = geography.outlines.shapes.iter().map(|shape| {
        let place = by_code.get(shape.departement.as_str());
        let (class, told) = match place {
            Some(place) => (class_of(place, &limits), words(place)),
            None => ("none".to_owned(), format!("{} : aucun", shape.departement)),
        };
        Drawn { trace: shape.trace.clone(), class, told }
    });
    let frame = |frame: &Frame| [frame.x, frame.y, frame.largeur, frame.hauteur];
    let insets = geography.outlines.insets.iter().map(|inset| Inset {
        title: inset.titre.clone(),
        frame: frame(inset),
        at: [inset.titre_x, inset.titre_y],
    });
    let [x, y, width, height] = frame(whole);
    Some(Map {
        anchor: "carte",
        title: format!("Accompagnements pour 1{UNBROKEN}000 habitants, {year}"),
        told,
        view: [x - 2, y - 2, width + 4, height + 4],
        insets: insets.collect(),
        shapes: shapes.collect(),
        legend: legend(&limits, places),
        credit: geography.outlines.credit.clone(),
    })
}

fn words(place: &Place<'_>) -> String {
    let Place { code, name, now, rate, .. } = place;
    match rate {
        _ if now.is_hidden => format!("{name} ({code}) : secret"),
        Some(rate) => format!(
            "{name} ({code}) : {}, {} pour 1{UNBROKEN}000 habitants",
            now.text,
            tenths(*rate)
        ),
        None => format!("{name} ({code}) : {}", now.text),
    }
}

/// Where classes of as many départements each begin, without classes that are empty.
fn limits(rates: &[i64]) -> Vec<i64> {
    let starts = (0..CLASSES).filter_map(|class| rates.get(class * rates.len() / CLASSES));
    let mut starts: Vec<i64> = starts.copied().collect();
    starts.dedup();
    starts
}

fn class_of(place: &Place<'_>, limits: &[i64]) -> String {
    match place.rate {
        _ if place.now.is_hidden => "secret".to_owned(),
        Some(rate) => format!("c{}", limits.partition_point(|start| *start <= rate).max(1)),
        None => "none".to_owned(),
    }
}

fn legend(limits: &[i64], places: &[Place<'_>]) -> Vec<Shade> {
    let ends = limits.iter().skip(1).map(Some).chain([None]);
    let mut legend: Vec<Shade> = limits
        .iter()
        .zip(ends)
        .enumerate()
        .map(|(place, (start, end))| {
            let text = match end {
                Some(end) => format!("de {} à moins de {}", tenths(*start), tenths(*end)),
                None => format!("{} et plus", tenths(*start)),
            };
            Shade { class: format!("c{}", place + 1), text }
        })
        .collect();
    if places.iter().any(|place| place.now.is_hidden) {
        legend.push(Shade { class: "secret".to_owned(), text: "secret".to_owned() });
    }
    legend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::grid::{Cell, Grid};
    use crate::publish::invented;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn a_hidden_departement_is_hatched_and_the_one_that_grew_most_is_named() {
        let figures = [
            ("01", "2023", Some(200)),
            ("01", "2024", Some(250)),
            ("02", "2023", Some(100)),
            ("02", "2024", Some(290)),
            ("2A", "2023", None),
            ("2A", "2024", None),
            // A few more of a few.
            ("971", "2023", Some(2)),
            ("971", "2024", Some(90)),
        ];
        let rows = figures.map(|(code, year, figure)| {
            let secret = if figure.is_none() { text("s") } else { Cell::Empty };
            vec![text(code), text(year), figure.map_or(Cell::Empty, Cell::Number), secret]
        });
        let columns = ["departement", "periode", MAIN, "secret"].map(str::to_owned).to_vec();
        let grid = Grid { columns, rows: rows.to_vec() };
        let grids = [("activites_par_departement_periode".to_owned(), grid)].into();
        let catalogue = invented::catalogue_of(&grids);
        let part = part(&catalogue, &grids, &Geography::of(&invented::DEFINITIONS)).unwrap();
        assert_eq!(
            part.sentences,
            [
                "Plus forte hausse entre 2023 et 2024 : Aisne (02), +190,0\u{a0}%, de 100 à \
                 290\u{a0}accompagnements.",
                "En 2024, le chiffre de 1\u{a0}département est secret, sur \
                 4\u{a0}départements et collectivités."
            ]
        );
        let map = part.map.unwrap();
        let class = |code: &str| {
            let told = format!("({code}) : ");
            map.shapes.iter().find(|shape| shape.told.contains(&told)).unwrap().class.as_str()
        };
        assert_eq!(class("2A"), "secret");
        assert_eq!((class("01"), class("02"), class("971")), ("c2", "c3", "c1"));
        assert!(map.shapes.iter().any(|shape| shape.told == "03 : aucun"));
        assert_eq!(map.shapes.len(), 105);
        assert_eq!(map.legend.len(), 4);
    }

    #[test]
    fn classes_hold_as_many_each_and_none_is_empty() {
        assert_eq!(limits(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [1, 3, 5, 7, 9]);
        assert_eq!(limits(&[4, 4, 4, 9]), [4, 9]);
        assert_eq!(limits(&[7]), [7]);
        assert_eq!(limits(&[]), [0; 0]);
    }
}
