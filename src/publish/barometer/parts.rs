//! What a part of the page is made of: sentences, drawings, and the table that has their figures.

use serde::Serialize;

use crate::publish::barometer::figures::{Figure, Figures};
use crate::publish::barometer::map::Map;
use crate::publish::catalogue::Catalogue;
use crate::publish::grid::Grids;
use crate::publish::pages::chart::{self, Lines};
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns::{DEPARTEMENT, PERIODE, TYPE_EMPLOYEUR};
use crate::vocabulary::french::{change, percent};

/// The measure that readers call « accompagnements ».
pub(super) const MAIN: &str = "nb_participations";
/// Its name on the page.
pub(super) const ACCOMPAGNEMENTS: &str = "accompagnements";

/// A part of the page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Part {
    pub(super) anchor: &'static str,
    pub(super) title: String,
    /// What it shows, in a few words that a reader may repeat.
    pub(super) sentences: Vec<String>,
    pub(super) cards: Vec<Card>,
    pub(super) drawing: Option<Drawing>,
    pub(super) small: Vec<Drawing>,
    pub(super) map: Option<Map>,
    pub(super) sheets: Vec<Sheet>,
    /// How to read it, and what it is not.
    pub(super) notes: Vec<String>,
}

/// A key figure.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) figure: Figure,
    /// Beside the year before.
    pub(super) change: Option<String>,
    pub(super) what: String,
    pub(super) is_not: String,
}

/// Figures over time, drawn.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    pub(super) anchor: String,
    pub(super) title: String,
    /// What it shows, for who does not see it.
    pub(super) told: String,
    pub(super) lines: Lines,
    /// Names of the marked steps.
    pub(super) times: Vec<(String, String)>,
    /// Months that have no figures yet: where they begin, how wide they are.
    pub(super) provisional: Option<(String, String)>,
    /// Breaks of the series: where, and the number of its note.
    pub(super) breaks: Vec<(String, usize)>,
}

/// A table, each row of which may be a bar.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sheet {
    pub(super) caption: String,
    /// The file that has all of it.
    pub(super) csv: String,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// Shown when asked for.
    pub(super) is_folded: bool,
}

/// A row of a table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) figures: Vec<Figure>,
    /// What follows from the figures: shares, changes.
    pub(super) told: Vec<String>,
    pub(super) is_total: bool,
}

impl Sheet {
    /// A table of a file.
    pub(super) fn of(figures: &Figures<'_>, caption: impl Into<String>) -> Self {
        let csv = format!("{}.csv", figures.table.name);
        Self { caption: caption.into(), csv, ..Self::default() }
    }

    /// Makes the first figure of each row a bar; rows of totals have none.
    pub(super) fn with_bars(mut self) -> Self {
        let value = |row: &Row| row.figures.first().and_then(|figure| figure.value);
        let parts = self.rows.iter().filter(|row| !row.is_total);
        let longest = parts.filter_map(value).max().unwrap_or_default();
        for row in self.rows.iter_mut().filter(|row| !row.is_total) {
            if let Some(figure) = row.figures.first_mut()
                && let Some(value) = figure.value
            {
                figure.bar = chart::percent(value.max(0), longest);
            }
        }
        self
    }
}

/// Heads of a table of the last year, beside the year before where there is one.
pub(super) fn compared_heads(head: &str, year: &str, before: Option<&str>) -> Vec<String> {
    let mut heads = vec![head.to_owned(), year.to_owned()];
    heads.extend(before.map(str::to_owned));
    heads.push(format!("Part en {year}"));
    heads.extend(before.map(|_| "Évolution".to_owned()));
    heads
}

/// A row of such a table: the share of all, and the change.
pub(super) fn compared(label: String, now: Figure, was: Option<Figure>, all: &Figure) -> Row {
    let share = now.value.zip(all.value).and_then(|(part, whole)| percent(part, whole));
    let mut told = vec![share.unwrap_or_else(|| "–".to_owned())];
    told.extend(was.as_ref().map(|was| moved(was, &now)));
    Row { label, figures: [now].into_iter().chain(was).collect(), told, is_total: false }
}

/// A change between two figures, in words; a sign where it cannot be told.
pub(super) fn moved(before: &Figure, after: &Figure) -> String {
    let known = before.value.zip(after.value);
    known.and_then(|(before, after)| change(before, after)).unwrap_or_else(|| "–".to_owned())
}

/// The figures that most readers come for.
pub(super) fn in_short(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let mut part = Part { anchor: "en-bref", title: "En bref".to_owned(), ..Part::default() };
    let measure = |name: &str| catalogue.measures.iter().find(|measure| measure.name == name);
    let mut add = |figure: Figure, name: &str, title: String, change: Option<String>| {
        let Some(measure) = measure(name) else { return };
        let what = format!("{}.", sentence(&measure.formula));
        let is_not = format!("Ce n'est pas {}.", measure.is_not);
        part.cards.push(Card { title, figure, change, what, is_not });
    };
    let activities = Figures::of(catalogue, grids, &[TYPE_EMPLOYEUR.name, PERIODE.name]);
    if let Some(figures) = &activities
        && let Some((year, before)) = figures.years()
    {
        // What readers come for is first.
        let mut names: Vec<&str> =
            figures.table.figures().map(|column| column.name.as_str()).collect();
        names.sort_by_key(|name| *name != MAIN);
        for name in names {
            let Some(known) = measure(name) else { continue };
            let figure = figures.get(&[ENSEMBLE, year], name);
            let change = before.map(|before| {
                let was = figures.get(&[ENSEMBLE, before], name);
                format!("{} par rapport à {before}", moved(&was, &figure))
            });
            let title = match name {
                MAIN => format!("Accompagnements en {year}"),
                _ => format!("{} en {year}", known.title),
            };
            add(figure, name, title, change);
        }
    }
    if let Some(figures) = Figures::of(catalogue, grids, &[TYPE_EMPLOYEUR.name, DEPARTEMENT.name]) {
        for column in figures.table.figures() {
            let Some(known) = measure(&column.name) else { continue };
            let figure = figures.get(&[ENSEMBLE, ENSEMBLE], &column.name);
            add(figure, &column.name, known.title.clone(), None);
        }
    }
    (!part.cards.is_empty()).then_some(part)
}

/// A text that begins with a capital.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
