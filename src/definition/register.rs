//! Declared indicators and tables become one register: what each is, and what cites what.

use serde::Serialize;

use crate::definition::Definitions;
use crate::definition::indicator::Indicator;
use crate::definition::table::{Dimension, Table};
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::{columns, tables};

/// All that is published: indicators and the tables that cite them.
#[derive(Debug, Serialize)]
pub struct Register<'d> {
    /// Indicators, by name.
    pub indicators: Vec<Figure<'d>>,
    /// Tables, by name.
    pub tables: Vec<Sheet<'d>>,
}

/// An indicator.
#[derive(Debug, Serialize)]
pub struct Figure<'d> {
    /// Its name, that of its column.
    pub name: &'d str,
    /// French title.
    pub title: &'d str,
    /// French formula.
    pub formula: &'d str,
    /// Unit.
    pub unit: &'d str,
    /// What it must not be taken for.
    pub is_not: &'d str,
    /// Which system published it, and under what name.
    pub used_by: &'d str,
    /// Whether its parts add up to its total.
    pub is_additive: bool,
    /// The tables that cite it.
    pub tables: Vec<&'d str>,
}

/// A table.
#[derive(Debug, Serialize)]
pub struct Sheet<'d> {
    /// Its name, that of its files.
    pub name: &'d str,
    /// French title.
    pub title: &'d str,
    /// What a reader must know.
    pub definition: &'d str,
    /// The clean table it sums.
    pub from: &'static str,
    /// Its dimensions, in sort order.
    pub dimensions: Vec<Axis<'d>>,
    /// Its measures: indicators, in order.
    pub measures: Vec<&'d str>,
}

/// A dimension of a table.
#[derive(Debug, Serialize)]
pub struct Axis<'d> {
    /// Its name, that of its column.
    pub name: &'d str,
    /// What it is, in French.
    pub meaning: &'static str,
    /// Its codes where the table says them; otherwise they are those of the data.
    pub codes: Vec<&'d str>,
}

impl<'d> Register<'d> {
    /// The whole register.
    #[must_use]
    pub fn new(definitions: &'d Definitions) -> Self {
        let indicators = definitions.indicators.iter();
        let sheets = definitions.tables.iter().map(|(name, table)| sheet(name, table));
        Self {
            indicators: indicators.map(|(name, one)| figure(name, one, definitions)).collect(),
            tables: sheets.collect(),
        }
    }

    /// What bears a name: an indicator or a table.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        self.indicators.retain(|figure| figure.name == name);
        self.tables.retain(|sheet| sheet.name == name);
        self
    }

    /// Whether nothing is left in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indicators.is_empty() && self.tables.is_empty()
    }
}

fn figure<'d>(name: &'d str, indicator: &'d Indicator, definitions: &'d Definitions) -> Figure<'d> {
    let citing = definitions.tables.iter();
    let citing = citing.filter(|(_, table)| table.measures.iter().any(|measure| measure == name));
    Figure {
        name,
        title: &indicator.title,
        formula: &indicator.formula,
        unit: &indicator.unit,
        is_not: &indicator.is_not,
        used_by: &indicator.used_by,
        is_additive: indicator.is_additive(),
        tables: citing.map(|(name, _)| name.as_str()).collect(),
    }
}

fn sheet<'d>(name: &'d str, table: &'d Table) -> Sheet<'d> {
    let axis = |(name, dimension): (&'d str, Dimension<'d>)| Axis {
        name,
        meaning: columns::find(name).map_or("", |column| column.meaning),
        codes: codes(dimension),
    };
    Sheet {
        name,
        title: &table.title,
        definition: &table.definition,
        from: tables::clean(table.from).name,
        dimensions: table.dimensions().map(axis).collect(),
        measures: table.measures.iter().map(String::as_str).collect(),
    }
}

/// The codes that the table itself says, of periods their lengths.
fn codes(dimension: Dimension<'_>) -> Vec<&str> {
    let mut codes: Vec<&str> = match dimension {
        Dimension::Column(_) | Dimension::Split(_) => return Vec::new(),
        Dimension::Periods(lengths) => lengths.iter().map(|length| length.code()).collect(),
        Dimension::Classes(classes) => classes.ascending().map(|(name, _)| name).collect(),
        Dimension::Bands(bands) => bands.keys().map(String::as_str).collect(),
    };
    codes.push(ENSEMBLE);
    codes
}
