//! A release becomes `barometre.html`: what it says, for people who look before they read.
//!
//! All figures are those of the release, so nothing is here that its files do not show.

mod figures;
mod map;
mod months;
mod parts;
mod regions;
mod shares;
mod types;

use jiff::civil::Date;
use serde::Serialize;

use crate::error::Result;
use crate::publish::barometer::parts::Part;
use crate::publish::catalogue::{Catalogue, Withheld};
use crate::publish::grid::Grids;
use crate::publish::notes::essentials;
use crate::publish::pages::render;
use crate::vocabulary::calendar::last_day;
use crate::vocabulary::french::{self, UNBROKEN};

pub use map::Geography;

/// Its name in a release.
pub const NAME: &str = "barometre.html";
const TEMPLATE: &str = NAME;

/// All that the page tells.
#[derive(Debug, Serialize)]
struct Barometer<'a> {
    title: &'a str,
    producer: &'a str,
    day: String,
    licence: Licence<'a>,
    /// The months that have figures, in words; none without any.
    shown: Option<String>,
    /// The months that have none yet, in words.
    provisional: String,
    provisional_days: u16,
    symbol: &'a str,
    secrecy: &'a [String],
    parts: Vec<Part>,
    withheld: &'a [Withheld],
    /// What a reader must know: breaks of series, sources, …
    notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Licence<'a> {
    title: &'a str,
    path: &'a str,
}

/// A heading and what is below it.
#[derive(Debug, Serialize)]
struct Note {
    head: String,
    lines: Vec<String>,
}

/// The page of a release.
///
/// # Errors
/// Never, but for a fault of the program.
pub fn barometer(catalogue: &Catalogue, grids: &Grids, geography: &Geography) -> Result<String> {
    let parts = [
        parts::in_short(catalogue, grids),
        months::part(catalogue, grids),
        types::part(catalogue, grids),
        map::part(catalogue, grids, geography),
        regions::part(catalogue, grids),
        shares::themes(catalogue, grids),
        shares::workshops(catalogue, grids),
        shares::ages(catalogue, grids),
        shares::genders(catalogue, grids),
        shares::statuses(catalogue, grids),
        shares::france_services(catalogue, grids),
        types::employers(catalogue, grids),
    ];
    let told = Barometer {
        title: &catalogue.title,
        producer: &catalogue.producer,
        day: french::day(catalogue.as_of),
        licence: Licence { title: &catalogue.licence.title, path: &catalogue.licence.path },
        shown: catalogue.period.as_ref().map(|period| {
            format!("de {} à {}", french::period(&period.first), french::period(&period.last))
        }),
        provisional: provisional(catalogue),
        provisional_days: catalogue.provisional_days,
        symbol: &catalogue.rules.symbol,
        secrecy: &catalogue.rules.lines,
        parts: parts.into_iter().flatten().collect(),
        withheld: &catalogue.withheld,
        notes: notes(catalogue),
    };
    render(TEMPLATE, &told)
}

/// The months that are not closed on the day of the release, in words.
fn provisional(catalogue: &Catalogue) -> String {
    let last = month_of(catalogue.as_of);
    let first = match &catalogue.period {
        Some(period) => after(&period.last),
        None => return format!("tous, jusqu'à {}", french::period(&last)),
    };
    if first >= last {
        return french::period(&last);
    }
    format!("de {} à {}", french::period(&first), french::period(&last))
}

/// The month of a day, `2025-07`.
fn month_of(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

/// The month after a month.
fn after(month: &str) -> String {
    let next = last_day(month).and_then(|day| day.tomorrow().ok());
    next.map_or_else(|| month.to_owned(), month_of)
}

/// What the notes of the release say of all its figures.
fn notes(catalogue: &Catalogue) -> Vec<Note> {
    let plain = |line: String| line.trim_start_matches(['-', ' ', '\n', '>']).replace('`', "");
    let notes = essentials(catalogue).into_iter().map(|(head, lines)| Note {
        head,
        lines: lines.into_iter().map(plain).filter(|line| !line.is_empty()).collect(),
    });
    notes.collect()
}

/// A figure and what it counts: `1 234 accompagnements`.
fn with_unit(text: &str, unit: &str) -> String {
    format!("{text}{UNBROKEN}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::grid::{Cell, Grid};
    use crate::publish::invented;

    const BY_PERIOD: &str = "activites_par_employeur_periode";

    fn page(grids: &Grids) -> String {
        let geography = Geography::of(&invented::DEFINITIONS);
        barometer(&invented::catalogue_of(grids), grids, &geography).unwrap()
    }

    /// A table by type of employer and period.
    fn by_period(rows: Vec<(&str, String, Option<i64>)>) -> Grids {
        let columns = ["type_employeur", "periode", "nb_activites", "nb_participations", "secret"];
        let row = |(code, period, figure): (&str, String, Option<i64>)| {
            let figure = figure.map_or(Cell::Empty, Cell::Number);
            let is_hidden = figure == Cell::Empty;
            let secret = if is_hidden { Cell::Text("s".to_owned()) } else { Cell::Empty };
            vec![Cell::Text(code.to_owned()), Cell::Text(period), figure.clone(), figure, secret]
        };
        let columns = columns.map(str::to_owned).to_vec();
        let grid = Grid { columns, rows: rows.into_iter().map(row).collect() };
        [(BY_PERIOD.to_owned(), grid)].into()
    }

    #[test]
    fn a_release_is_told_in_short_and_at_length() {
        let page = page(&invented::grids());
        for expected in [
            "Accompagnements en 2024</h3>",
            "|type_employeur=ensemble&amp;periode=2024|nb_participations\">47</span>",
            "Mois provisoires, non diffusés\u{a0}: de janvier 2025 à juillet 2025.",
            "<a href=\"activites_par_employeur_periode.csv\">",
            "Centre communal d&#x27;action sociale (CCAS)",
            "19,1\u{a0}%",
            "Ruptures de série",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains(" src="), "{page}");
    }

    #[test]
    fn a_release_without_tables_says_so() {
        let page = page(&Grids::new());
        assert!(page.contains("rien ne peut être montré"), "{page}");
        assert!(page.contains("Mois provisoires, non diffusés\u{a0}: tous, jusqu"), "{page}");
    }

    #[test]
    fn where_all_is_hidden_nothing_is_zero() {
        let months = (1..=12).map(|month| format!("2024-{month:02}"));
        let periods = ["2024".to_owned()].into_iter().chain(months);
        let page = page(&by_period(periods.map(|period| ("ensemble", period, None)).collect()));
        assert!(page.contains("Aucun mois n&#x27;a de chiffre qui puisse être montré."), "{page}");
        assert!(page.contains(">secret</span>") && !page.contains(">0</td>"), "{page}");
        assert!(!page.contains("class=\"line\""), "{page}");
    }

    #[test]
    fn twenty_years_of_months_have_few_marks() {
        let months = (2006..2026).flat_map(|year| (1..=12).map(move |month| (year, month)));
        let months = months.filter(|at| *at < (2025, 3));
        let rows = months.map(|(year, month)| ("ensemble", format!("{year}-{month:02}"), Some(9)));
        let years = (2006..2025).map(|year| ("ensemble", year.to_string(), Some(108)));
        let page = page(&by_period(rows.chain(years).collect()));
        let times = page.split("class=\"times\"").nth(1).unwrap();
        let times = times.split("</div>").next().unwrap();
        assert!((4..=8).contains(&times.matches("<span").count()), "{times}");
        assert!(page.contains("Mois diffusés\u{a0}: de janvier 2006 à février 2025."), "{page}");
        let by_year = "par type d&#x27;employeur, depuis 2015</caption>";
        assert!(page.contains(by_year), "{page}");
        assert!(page.len() < 200_000, "{}", page.len());
    }
}
