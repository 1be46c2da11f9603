//! Declared indicators and tables become one register: what each is, and what cites what.

use std::borrow::Cow;

use serde::Serialize;

use crate::definition::Definitions;
use crate::definition::dataset::{self, Dataset};
use crate::definition::indicator::Indicator;
use crate::definition::table::{self, Dimension};
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::tables::{self, MADE, Made, PART_ETAT_COUT, Table};

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
    pub definition: Cow<'d, str>,
    /// What it is made from: a clean table, a dataset, other tables.
    pub from: &'d str,
    /// Its dimensions, in sort order.
    pub dimensions: Vec<Axis<'d>>,
    /// Its measures: indicators, in order.
    pub measures: Vec<&'d str>,
    /// Its other columns, where it is no declared table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Axis<'d>>,
}

/// A dimension or another column of a table.
#[derive(Debug, Serialize)]
pub struct Axis<'d> {
    /// Its name, that of its column.
    pub name: &'d str,
    /// What it is, in French.
    pub meaning: &'d str,
    /// Its codes where the table says them; otherwise they are those of the data.
    pub codes: Vec<&'d str>,
}

impl<'d> Register<'d> {
    /// The whole register.
    #[must_use]
    pub fn new(definitions: &'d Definitions) -> Self {
        let indicators = definitions.indicators.iter();
        let mut all: Vec<Sheet<'d>> =
            definitions.tables.iter().map(|(name, table)| sheet(name, table)).collect();
        // Datasets alone have no such tables.
        let made = MADE.iter().filter(|_| !definitions.tables.is_empty());
        all.extend(made.filter_map(|made| definitions.sheet_of(made)));
        for (name, dataset) in &definitions.datasets {
            all.extend(dataset.tables.iter().map(|table| sheet_of_dataset(name, dataset, table)));
        }
        all.sort_by_key(|sheet| sheet.name);
        let citing = |name: &str| -> Vec<&'d str> {
            let citing = all.iter().filter(|sheet| sheet.measures.contains(&name));
            citing.map(|sheet| sheet.name).collect()
        };
        Self {
            indicators: indicators.map(|(name, one)| figure(name, one, citing(name))).collect(),
            tables: all,
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

impl Definitions {
    /// What a reader must know of a table that the program makes; none where nothing declares what
    /// it is made with.
    #[must_use]
    pub fn told_of(&self, made: &Made) -> Option<Cow<'static, str>> {
        if made.table.name != PART_ETAT_COUT.name {
            return Some(Cow::Borrowed(made.definition));
        }
        let cost = self.cost.as_ref()?;
        Some(Cow::Owned(format!("{} {}", cost.told(), made.definition)))
    }

    fn sheet_of(&self, made: &'static Made) -> Option<Sheet<'_>> {
        let axis = |column: &'static Column| Axis {
            name: column.name,
            meaning: column.meaning,
            codes: if column.name == columns::CHIFFRE.name {
                self.key_figures.iter().map(|figure| figure.name.as_str()).collect()
            } else {
                Vec::new()
            },
        };
        let Table { name, columns, key, .. } = made.table;
        Some(Sheet {
            name,
            title: made.title,
            definition: self.told_of(made)?,
            from: made.from,
            dimensions: key.iter().map(axis).collect(),
            measures: Vec::new(),
            columns: columns.iter().filter(|column| !key.contains(column)).map(axis).collect(),
        })
    }
}

fn figure<'d>(name: &'d str, indicator: &'d Indicator, tables: Vec<&'d str>) -> Figure<'d> {
    Figure {
        name,
        title: &indicator.title,
        formula: &indicator.formula,
        unit: &indicator.unit,
        is_not: &indicator.is_not,
        used_by: &indicator.used_by,
        is_additive: indicator.is_additive(),
        tables,
    }
}

fn sheet_of_dataset<'d>(
    name: &'d str,
    dataset: &'d Dataset,
    table: &'d dataset::Table,
) -> Sheet<'d> {
    let axis = |dimension: &'d String| Axis {
        name: dimension,
        meaning: dataset.meaning(table.split.get(dimension).unwrap_or(dimension)),
        codes: table.bands.get(dimension).map_or_else(Vec::new, |bands| {
            bands.iter().chain([&dataset.total]).map(String::as_str).collect()
        }),
    };
    Sheet {
        name: &table.name,
        title: &table.title,
        definition: Cow::Borrowed(&dataset.title),
        from: name,
        dimensions: table.by.iter().map(axis).collect(),
        measures: table.measures.iter().map(String::as_str).collect(),
        columns: Vec::new(),
    }
}

fn sheet<'d>(name: &'d str, table: &'d table::Table) -> Sheet<'d> {
    let axis = |(name, dimension): (&'d str, Dimension<'d>)| Axis {
        name,
        meaning: columns::find(name).map_or("", |column| column.meaning),
        codes: codes(dimension),
    };
    Sheet {
        name,
        title: &table.title,
        definition: Cow::Borrowed(&table.definition),
        from: tables::clean(table.from).name,
        dimensions: table.dimensions().map(axis).collect(),
        measures: table.measures.iter().map(String::as_str).collect(),
        columns: Vec::new(),
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
