//! The months of a release become a line: what is provisional and what broke the series on it.

use jiff::civil::Date;

use crate::publish::barometer::figures::{Figure, Figures};
use crate::publish::barometer::parts::{ACCOMPAGNEMENTS, Drawing, MAIN, Part, Row, Sheet};
use crate::publish::barometer::{after, month_of, with_unit};
use crate::publish::catalogue::{Break, Catalogue};
use crate::publish::grid::Grids;
use crate::publish::pages::chart::{Lines, lines, time};
use crate::vocabulary::calendar::{Length, last_day};
use crate::vocabulary::codes::{ENSEMBLE, System};
use crate::vocabulary::columns::{PERIODE, TYPE_EMPLOYEUR};
use crate::vocabulary::french;

const CHANGED: &str = "La Coop s'ouvre, et remplace l'Espace Coop en quelques mois : les deux \
                       systèmes ne demandent pas les mêmes choses.";
const SHORT: [&str; 12] = [
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
    "déc.",
];

/// Months that follow one another, with the steps at which years begin.
pub(super) struct Calendar {
    pub(super) months: Vec<String>,
    starts: Vec<usize>,
    /// How many of them are closed.
    closed: usize,
}

impl Calendar {
    /// From the first month of a release to that of its reference day.
    pub(super) fn of(catalogue: &Catalogue) -> Option<Self> {
        let period = catalogue.period.as_ref()?;
        let last = month_of(catalogue.as_of).max(period.last.clone());
        let mut months = vec![period.first.clone()];
        while let Some(month) = months.last().filter(|month| **month < last) {
            let next = after(month);
            if next <= *month {
                break;
            }
            months.push(next);
        }
        let starts = months.iter().enumerate().filter(|(_, month)| month.ends_with("-01"));
        let starts = starts.map(|(at, _)| at).collect();
        let closed = months.iter().filter(|month| **month <= period.last).count();
        Some(Self { months, starts, closed })
    }

    /// Draws the figures of a row, month by month.
    pub(super) fn draw(&self, figure: impl Fn(&str) -> Figure) -> Lines {
        let closed = self
            .months
            .iter()
            .enumerate()
            .map(|(at, month)| if at < self.closed { figure(month).value } else { None });
        lines(&closed.collect::<Vec<_>>(), &self.starts)
    }

    /// Names of the marked years.
    pub(super) fn names(&self, drawn: &Lines) -> Vec<(String, String)> {
        let named = drawn.times.iter().filter_map(|(at, step)| {
            let year = self.months.get(*step)?.get(..4)?;
            Some((at.clone(), year.to_owned()))
        });
        named.collect()
    }

    pub(super) fn provisional(&self) -> Option<(String, String)> {
        let count = self.months.len();
        let open = count.checked_sub(self.closed).filter(|open| *open > 0)?;
        Some((time(self.closed, count), time(open, count)))
    }

    /// Where a month begins, if it is neither the first nor after the last.
    fn place(&self, month: &str) -> Option<String> {
        let at = self.months.iter().position(|known| known == month).filter(|at| *at > 0)?;
        Some(time(at, self.months.len()))
    }
}

/// The part.
pub(super) fn part(catalogue: &Catalogue, grids: &Grids) -> Option<Part> {
    let figures = Figures::of(catalogue, grids, &[TYPE_EMPLOYEUR.name, PERIODE.name])?;
    let calendar = Calendar::of(catalogue).filter(|_| figures.has(MAIN))?;
    let of_month = |month: &str| figures.get(&[ENSEMBLE, month], MAIN);
    let drawn = calendar.draw(of_month);
    let times = calendar.names(&drawn);
    let (breaks, mut notes) = breaks(catalogue, &calendar);
    notes.push(
        "Un mois dont le chiffre est secret interrompt la ligne. La zone hachurée est celle des \
         mois provisoires, dont les chiffres ne sont pas encore diffusés."
            .to_owned(),
    );
    let title = "Accompagnements par mois".to_owned();
    let sentences = sentences(&calendar, of_month);
    let told = sentences.join(" ");
    Some(Part {
        anchor: "mois",
        title: "Au fil des mois".to_owned(),
        sentences,
        drawing: Some(Drawing {
            anchor: "courbe-mois".to_owned(),
            title,
            told,
            lines: drawn,
            times,
            provisional: calendar.provisional(),
            breaks,
        }),
        sheets: vec![sheet(&figures, &calendar)],
        notes,
        ..Part::default()
    })
}

fn sentences(calendar: &Calendar, of_month: impl Fn(&str) -> Figure) -> Vec<String> {
    let closed = calendar.months.iter().take(calendar.closed);
    let known: Vec<(&str, i64, String)> = closed
        .filter_map(|month| {
            let figure = of_month(month);
            Some((month.as_str(), figure.value?, figure.text))
        })
        .collect();
    let Some((last, _, text)) = known.last() else {
        return vec!["Aucun mois n'a de chiffre qui puisse être montré.".to_owned()];
    };
    let mut told = vec![format!(
        "Dernier mois diffusé : {}, avec {}.",
        french::period(last),
        with_unit(text, ACCOMPAGNEMENTS)
    )];
    if let Some((most, _, text)) = known.iter().rev().max_by_key(|(_, value, _)| *value)
        && known.len() > 1
    {
        let text = with_unit(text, ACCOMPAGNEMENTS);
        told.push(format!("Le mois le plus actif : {}, {text}.", french::period(most)));
    }
    told
}

/// A row a year, a column a month.
fn sheet(figures: &Figures<'_>, calendar: &Calendar) -> Sheet {
    let mut sheet = Sheet::of(figures, "Accompagnements par mois et par année, France entière");
    sheet.heads = vec!["Année".to_owned()];
    sheet.heads.extend(SHORT.map(str::to_owned));
    sheet.heads.push("Total".to_owned());
    sheet.is_folded = true;
    let closed = calendar.months.get(..calendar.closed).unwrap_or_default();
    let years = figures.periods(Length::Annee);
    let mut rows: Vec<String> =
        closed.iter().map(|month| Length::Annee.of(month)).collect::<Vec<_>>();
    rows.dedup();
    for year in rows {
        let months = (1..=SHORT.len()).map(|month| format!("{year}-{month:02}"));
        let months = months.map(|month| match closed.contains(&month) {
            true => figures.get(&[ENSEMBLE, &month], MAIN),
            false => none(),
        });
        let mut row = Row { label: year.clone(), figures: months.collect(), ..Row::default() };
        row.figures.push(match years.contains(&year.as_str()) {
            true => figures.get(&[ENSEMBLE, &year], MAIN),
            false => none(),
        });
        sheet.rows.push(row);
    }
    sheet
}

/// What is shown where a release has no figure at all.
fn none() -> Figure {
    Figure { text: "–".to_owned(), ..Figure::default() }
}

/// Where the series breaks, and what is said of each place.
fn breaks(catalogue: &Catalogue, calendar: &Calendar) -> (Vec<(String, usize)>, Vec<String>) {
    let mut found: Vec<(String, String)> = Vec::new();
    let opening = catalogue.coop_opening.map(month);
    found.extend(opening.map(|month| (month, CHANGED.to_owned())));
    for Break { system, first, last, text } in &catalogue.breaks {
        let after_last = last.and_then(|day| day.tomorrow().ok());
        // Partners' own systems begin where they do.
        let day = first.or(after_last).filter(|_| *system != System::Plat.code());
        found.extend(day.map(|day| (month(day), text.clone())));
    }
    found.retain(|(month, _)| calendar.place(month).is_some());
    found.sort();
    let (mut marks, mut notes): (Vec<(String, usize)>, Vec<String>) = Default::default();
    let mut before = String::new();
    for (month, text) in found {
        if month != before {
            let place = calendar.place(&month).unwrap_or_default();
            marks.push((place, marks.len() + 1));
        }
        notes.push(format!("Rupture {} ({}) : {text}", marks.len(), french::period(&month)));
        before = month;
    }
    (marks, notes)
}

/// The month in which a break is drawn: where most of it is after the break.
fn month(day: Date) -> String {
    let month = month_of(day);
    let middle = last_day(&month).is_some_and(|last| day.day() * 2 > last.day());
    if middle { after(&month) } else { month }
}
