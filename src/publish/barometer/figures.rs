//! Rows of a release become figures that a page can show: each with where it is in its CSV.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::publish::catalogue::{Catalogue, Column, Table};
use crate::publish::grid::{Cell, Grid, Grids};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE};
use crate::vocabulary::columns::{PERIODE, SECRET};
use crate::vocabulary::french::{UNBROKEN, euros, spaced};

/// A figure as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figure {
    /// What a reader sees.
    pub(super) text: String,
    /// Table, row and column that have it, `table|column=code&column=code|measure`; nothing for a
    /// row that is not there.
    pub(super) mark: String,
    /// The figure; none of one that is hidden.
    pub(super) value: Option<i64>,
    /// Hidden for secrecy.
    pub(super) is_hidden: bool,
    /// Its bar, in per cent of the longest one beside it.
    pub(super) bar: String,
}

/// A table of a release, by its codes.
pub(super) struct Figures<'a> {
    pub(super) table: &'a Table,
    grid: &'a Grid,
    rows: BTreeMap<Vec<&'a str>, &'a [Cell]>,
}

impl<'a> Figures<'a> {
    /// The table of a release that has these dimensions, if it has one.
    pub(super) fn of(catalogue: &'a Catalogue, grids: &'a Grids, key: &[&str]) -> Option<Self> {
        let is_it = |table: &&Table| table.key.iter().map(String::as_str).eq(key.iter().copied());
        let table = catalogue.tables.iter().find(is_it)?;
        let grid = grids.get(&table.name)?;
        let width = table.key.len();
        let rows = grid.rows.iter().map(|row| {
            let codes = row.iter().take(width).map(|cell| match cell {
                Cell::Text(code) => code.as_str(),
                Cell::Empty | Cell::Number(_) => "",
            });
            (codes.collect(), row.as_slice())
        });
        let rows = rows.collect();
        Some(Self { table, grid, rows })
    }

    /// Whether it has a figure of this name.
    pub(super) fn has(&self, measure: &str) -> bool {
        self.table.figures().any(|column| column.name == measure)
    }

    /// The figure of a row; a row that is not there is zero, as the release says.
    pub(super) fn get(&self, codes: &[&str], measure: &str) -> Figure {
        let table = self.table;
        let found = self.rows.get(codes);
        let row = table.key.iter().zip(codes).map(|(name, code)| format!("{name}={code}"));
        let row: Vec<String> = row.collect();
        let mark = found.map(|_| format!("{}|{}|{measure}", table.name, row.join("&")));
        let cell = |name: &str| {
            let place = self.grid.columns.iter().position(|column| column == name);
            found.zip(place).and_then(|(row, place)| row.get(place))
        };
        let is_hidden = cell(SECRET.name).is_some_and(|cell| *cell != Cell::Empty);
        let value = match (is_hidden, cell(measure)) {
            (true, _) => None,
            (false, Some(Cell::Number(value))) => Some(*value),
            (false, _) => Some(0),
        };
        let unit = self.column(measure).map_or("", |column| column.unit.as_str());
        let text = match value {
            Some(cents) if unit.starts_with("centimes") => euros(cents),
            Some(minutes) if unit == "minutes" => format!("{}{UNBROKEN}min", spaced(minutes)),
            Some(value) => spaced(value),
            None => "secret".to_owned(),
        };
        Figure { text, mark: mark.unwrap_or_default(), value, is_hidden, bar: String::new() }
    }

    /// The codes of a dimension that have a row, and the words for them; its total is not among
    /// them.
    pub(super) fn codes(&self, dimension: &str) -> Vec<(&'a str, String)> {
        let met = self.grid.codes(dimension);
        let column = self.column(dimension);
        let declared: Vec<(&str, &str)> = column
            .into_iter()
            .flat_map(|column| &column.codes)
            .map(|code| (code.code.as_str(), code.label.as_str()))
            .collect();
        // In the order of their list, which readers know; then what is in none.
        let in_list = declared.iter().filter_map(|(code, label)| Some((*met.get(code)?, *label)));
        let listed: BTreeSet<&str> = declared.iter().map(|(code, _)| *code).collect();
        let others = met.iter().filter(|code| !listed.contains(**code)).map(|code| (*code, *code));
        let all = in_list.chain(others).filter(|(code, _)| *code != ENSEMBLE);
        let mut found: Vec<(&str, String)> =
            all.map(|(code, label)| (code, label.to_owned())).collect();
        // What is not known comes last, in whichever place its list has it.
        found.sort_by_key(|(code, _)| [NON_RENSEIGNE, INCONNU].contains(code));
        found
    }

    /// Its periods of a length, the first first.
    pub(super) fn periods(&self, length: Length) -> Vec<&'a str> {
        let met = self.grid.codes(PERIODE.name).into_iter();
        met.filter(|period| *period != ENSEMBLE && Length::of_period(period) == length).collect()
    }

    /// Its last year, and the one before it where it has that.
    pub(super) fn years(&self) -> Option<(&'a str, Option<&'a str>)> {
        let years = self.periods(Length::Annee);
        let last = years.last()?;
        let before = last.parse::<i16>().ok().map(|year| (year - 1).to_string());
        Some((*last, years.iter().copied().find(|year| Some(*year) == before.as_deref())))
    }

    fn column(&self, name: &str) -> Option<&'a Column> {
        self.table.columns.iter().find(|column| column.name == name)
    }
}
