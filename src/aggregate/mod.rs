//! Clean records become summary tables: integers, totals included, additive over periods.

pub mod cost;
pub mod coverage;
pub mod cube;
mod dimensions;
pub mod holdings;
pub mod margins;
pub mod scenario;
pub mod sql;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::aggregate::cube::{Cells, Cube, Measure};
use crate::aggregate::dimensions::Coder;
use crate::column::{Dictionary, NO_COUNT, Values};
use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::{Bands, Dimension, Table};
use crate::error::{Error, Result};

/// Changes when the same records and declarations would give other tables.
pub const VERSION: u32 = 3;

/// Some clean records: their columns, by name.
#[derive(Debug)]
pub struct Records<'a> {
    /// Columns.
    pub columns: BTreeMap<&'a str, &'a Values>,
    /// Number of rows.
    pub count: usize,
}

impl<'a> Records<'a> {
    fn column(&self, name: &str) -> Result<&'a Values> {
        let found = self.columns.get(name).copied();
        found.ok_or_else(|| Error::internal(format!("column `{name}` of a table was read")))
    }
}

/// Gives the texts of a column.
pub type TextsOf<'t> = dyn Fn(&str) -> Option<&'t Mutex<Dictionary>> + Sync + 't;

/// A summary table, ready to be summed.
#[derive(Debug)]
pub struct Summary<'a> {
    measures: Vec<(&'a str, &'a Indicator)>,
    dimensions: Vec<Coder<'a>>,
    /// Bands are counted without those of each record who came before.
    is_of_persons: bool,
}

/// Sums at the finest grain.
#[derive(Clone, Debug)]
pub struct Sums {
    cube: Cube,
    /// Records once each, whatever their codes of the split dimension.
    whole: Cube,
}

impl Sums {
    /// Adds sums of other records.
    pub fn merge(&mut self, other: Self) {
        self.cube.merge(other.cube);
        self.whole.merge(other.whole);
    }
}

/// A row of a table: the codes of its dimensions, and its figures.
pub type Row = (Vec<String>, Vec<i64>);

impl<'a> Summary<'a> {
    /// A table without sums.
    ///
    /// # Errors
    /// When the table names an indicator that is not declared.
    pub fn new(table: &'a Table, definitions: &'a Definitions) -> Result<Self> {
        let measures = table.measures.iter().map(|measure| {
            let indicator = definitions.indicators.get(measure);
            let indicator = indicator
                .ok_or_else(|| Error::internal(format!("indicator `{measure}` was checked")))?;
            Ok((measure.as_str(), indicator))
        });
        Ok(Self {
            measures: measures.collect::<Result<_>>()?,
            dimensions: table.dimensions().map(|(_, from)| Coder::new(from)).collect(),
            is_of_persons: false,
        })
    }

    /// The columns that its additive measures sum.
    pub fn measured(&self) -> impl Iterator<Item = &'a str> {
        let additive = self.summed().filter(|indicator| indicator.is_additive());
        let measures = additive.filter_map(|indicator| indicator.of.as_deref());
        let bands = self.bands().into_iter().flat_map(|(_, bands)| bands.values());
        measures.chain(bands.flatten().map(String::as_str))
    }

    /// The columns it reads from the clean records.
    pub fn columns(&self) -> impl Iterator<Item = &'a str> {
        let measures = self.summed().filter_map(|indicator| indicator.of.as_deref());
        let dimensions = self.dimensions.iter().flat_map(Coder::columns);
        measures.chain(dimensions).chain(self.is_of_persons.then_some(holdings::CAME_BEFORE))
    }

    /// The indicators that are summed; the others are differences of those.
    fn summed(&self) -> impl Iterator<Item = &'a Indicator> {
        let all = self.measures.iter().map(|(_, indicator)| *indicator);
        all.filter(|indicator| indicator.compute != Compute::Difference)
    }

    /// Its bands, which are measures until the end.
    fn bands(&self) -> Option<(usize, &'a Bands)> {
        self.dimensions.iter().enumerate().find_map(|(place, dimension)| match dimension.from {
            Dimension::Bands(bands) => Some((place, bands)),
            _ => None,
        })
    }

    /// The place of the dimension made of the codes of a multi-valued column, and that column.
    fn split(&self) -> Option<(usize, &'a str)> {
        self.dimensions.iter().enumerate().find_map(|(place, dimension)| match dimension.from {
            Dimension::Split(source) => Some((place, source)),
            _ => None,
        })
    }

    /// Sums of no records.
    #[must_use]
    pub fn nothing(&self) -> Sums {
        let measures: Vec<Measure> = match self.bands() {
            Some((_, bands)) => bands.values().map(|_| Measure::Sum).collect(),
            None => self.summed().filter_map(measure).collect(),
        };
        let own = self.dimensions.iter().filter(|dimension| dimension.is_own()).count();
        let split = usize::from(self.split().is_some());
        Sums { cube: Cube::new(own + split, &measures), whole: Cube::new(own, &measures) }
    }

    /// The sums of some records.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn sums(&self, records: &Records<'_>, texts: &TextsOf<'_>) -> Result<Sums> {
        let own = self.dimensions.iter().filter(|dimension| dimension.is_own());
        let own: Vec<Cow<'_, [u32]>> =
            own.map(|dimension| dimension.codes(records, texts)).collect::<Result<_>>()?;
        let measures = self.cells(records)?;
        let mut sums = self.nothing();
        let dimensions: Vec<&[u32]> = own.iter().map(AsRef::as_ref).collect();
        let split = self
            .split()
            .and_then(|(place, source)| Some((place, source, self.dimensions.get(place)?)));
        let Some((place, source, dimension)) = split else {
            sums.cube.add(&dimensions, &as_cells(&measures));
            return Ok(sums);
        };
        sums.whole.add(&dimensions, &as_cells(&measures));
        let (places, parts) = dimension.parts(source, records, texts)?;
        let mut codes: Vec<Vec<u32>> =
            dimensions.iter().map(|codes| gather(codes, &places)).collect();
        codes.insert(place.min(codes.len()), parts);
        let measures: Vec<Taken> = measures.iter().map(|taken| taken.gather(&places)).collect();
        let dimensions: Vec<&[u32]> = codes.iter().map(Vec::as_slice).collect();
        sums.cube.add(&dimensions, &as_cells(&measures));
        Ok(sums)
    }

    /// What the measures are computed from.
    fn cells<'r>(&self, records: &Records<'r>) -> Result<Vec<Taken<'r>>> {
        if let Some((_, bands)) = self.bands() {
            let of_band = |sources: &Vec<String>| -> Result<Taken<'r>> {
                let mut sums = vec![0_i64; records.count];
                for source in sources {
                    let counts = records.column(source)?.counts();
                    for (sum, count) in sums.iter_mut().zip(counts) {
                        *sum += if *count == NO_COUNT { 0 } else { i64::from(*count) };
                    }
                }
                if self.is_of_persons {
                    holdings::leave_out_those_who_came_before(&mut sums, records)?;
                }
                Ok(Taken::Sums(Cow::Owned(sums)))
            };
            return bands.values().map(of_band).collect();
        }
        let of_measure = |indicator: &Indicator| -> Result<Taken<'r>> {
            let Some(of) = indicator.of.as_deref() else { return Ok(Taken::Rows) };
            Ok(match records.column(of)? {
                Values::Codes(codes) => Taken::Codes(Cow::Borrowed(codes)),
                Values::Counts(counts) => Taken::Counts(Cow::Borrowed(counts)),
                Values::Instants(sums) => Taken::Sums(Cow::Borrowed(sums)),
                Values::Ids(_) => return Err(Error::internal("no measure is of identifiers")),
            })
        };
        self.summed().map(of_measure).collect()
    }

    /// A row for each combination of dimensions met and for each of their totals, sorted by the
    /// codes of its dimensions.
    ///
    /// # Errors
    /// When a column has no texts.
    pub fn finish(&self, sums: Sums, texts: &TextsOf<'_>) -> Result<Vec<Row>> {
        let Sums { cube, whole } = sums;
        let mut found = match (self.split(), self.bands()) {
            (Some((place, _)), _) => {
                let of_parts = self.rows_of(&cube, None).into_iter();
                let of_parts = of_parts.filter(|(key, _)| key.get(place) != Some(&None));
                let mut rows: Vec<cube::Row> = of_parts.collect();
                for (mut key, figures) in self.rows_of(&whole, Some(place)) {
                    key.insert(place.min(key.len()), None);
                    rows.push((key, figures));
                }
                rows
            }
            // Each measure of a table of bands is that of its band.
            (None, Some((place, _))) => self.rows_of(&cube.unfold(place), None),
            (None, None) => self.rows_of(&cube, None),
        };
        if found.is_empty() {
            let measures = self.nothing().cube.measures();
            found.push((vec![None; self.dimensions.len()], vec![0; measures]));
        }
        let mut rows = Vec::with_capacity(found.len());
        for (key, figures) in found {
            let codes = self.dimensions.iter().zip(key);
            let codes = codes.map(|(dimension, code)| dimension.text(code, texts));
            rows.push((codes.collect::<Result<_>>()?, self.figures(&figures)?));
        }
        rows.sort_unstable();
        Ok(rows)
    }

    /// The rows of a cube that has all dimensions, or all but one, with those of each length of
    /// its periods: sums of months, and what is distinct in a whole quarter or year.
    fn rows_of(&self, cube: &Cube, lacking: Option<usize>) -> Vec<cube::Row> {
        let dimensions = self.dimensions.iter().enumerate();
        let mut dimensions = dimensions.filter(|(place, _)| Some(*place) != lacking);
        let is_of_periods =
            |(_, dimension): (usize, &Coder<'_>)| matches!(dimension.from, Dimension::Periods(_));
        let mut rows = cube.rows();
        let Some(place) = dimensions.position(is_of_periods) else { return rows };
        let periods = self.dimensions.iter().find(|d| matches!(d.from, Dimension::Periods(_)));
        for codes in periods.into_iter().flat_map(Coder::longer_periods) {
            let longer = cube.regroup(place, &codes).rows().into_iter();
            rows.extend(longer.filter(|(key, _)| key.get(place) != Some(&None)));
        }
        rows
    }

    /// All measures in their order, from those that are summed.
    fn figures(&self, summed: &[i64]) -> Result<Vec<i64>> {
        if self.bands().is_some() {
            return Ok(vec![summed.first().copied().unwrap_or_default(); self.measures.len()]);
        }
        let names = self.measures.iter().filter(|(_, i)| i.compute != Compute::Difference);
        let known: BTreeMap<&str, i64> =
            names.map(|(name, _)| *name).zip(summed.iter().copied()).collect();
        let figure = |name: &Option<String>| {
            let figure = name.as_ref().and_then(|name| known.get(name.as_str()));
            figure.copied().ok_or_else(|| Error::internal("a difference is of measures"))
        };
        let all = self.measures.iter().map(|(name, indicator)| match known.get(name) {
            Some(figure) => Ok(*figure),
            None => Ok(figure(&indicator.of)? - figure(&indicator.minus)?),
        });
        all.collect()
    }
}

/// What a cube computes for an indicator.
fn measure(indicator: &Indicator) -> Option<Measure> {
    match indicator.compute {
        Compute::Count => Some(Measure::Count),
        Compute::Sum | Compute::Bands => Some(Measure::Sum),
        Compute::Distinct => Some(Measure::Distinct),
        Compute::Difference => None,
    }
}

/// What a measure is computed from, one value a row.
enum Taken<'a> {
    Rows,
    Counts(Cow<'a, [i32]>),
    Sums(Cow<'a, [i64]>),
    Codes(Cow<'a, [u32]>),
}

impl Taken<'_> {
    fn gather(&self, places: &[u32]) -> Taken<'static> {
        match self {
            Taken::Rows => Taken::Rows,
            Taken::Counts(values) => Taken::Counts(Cow::Owned(gather(values, places))),
            Taken::Sums(values) => Taken::Sums(Cow::Owned(gather(values, places))),
            Taken::Codes(values) => Taken::Codes(Cow::Owned(gather(values, places))),
        }
    }
}

fn as_cells<'t>(measures: &'t [Taken<'_>]) -> Vec<Cells<'t>> {
    let cells = measures.iter().map(|taken| match taken {
        Taken::Rows => Cells::Rows,
        Taken::Counts(counts) => Cells::Counts(counts),
        Taken::Sums(sums) => Cells::Sums(sums),
        Taken::Codes(codes) => Cells::Codes(codes),
    });
    cells.collect()
}

fn gather<T: Copy>(values: &[T], places: &[u32]) -> Vec<T> {
    let at = |place: &u32| usize::try_from(*place).ok().and_then(|place| values.get(place));
    places.iter().filter_map(at).copied().collect()
}
