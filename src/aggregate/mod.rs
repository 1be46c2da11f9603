//! Clean records become summary tables: integers, totals included, additive over periods.

pub mod cube;
pub mod scenario;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::aggregate::cube::{Cells, Cube, Measure};
use crate::column::{Dictionary, NO_COUNT, NO_TEXT, Texts, Values};
use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE, SEPARATOR};

/// Changes when the same records and declarations would give other tables.
pub const VERSION: u32 = 1;

/// Some clean records: their columns, by name.
#[derive(Debug)]
pub struct Records<'a> {
    /// Columns.
    pub columns: BTreeMap<&'a str, &'a Values>,
    /// Number of rows.
    pub count: usize,
}

impl Records<'_> {
    fn column(&self, name: &str) -> Result<&Values> {
        let found = self.columns.get(name).copied();
        found.ok_or_else(|| Error::internal(format!("column `{name}` of a table was read")))
    }
}

/// Gives the texts of a column.
pub type TextsOf<'t> = dyn Fn(&str) -> Option<&'t Mutex<Dictionary>> + Sync + 't;

/// A summary table, ready to be summed.
#[derive(Debug)]
pub struct Summary<'a> {
    table: &'a Table,
    measures: Vec<&'a Indicator>,
    /// The dimension made of the codes of a multi-valued column, and that column.
    split: Option<(&'a str, &'a str)>,
    /// The dimension made of bands, and the columns of each.
    bands: Option<(&'a str, &'a BTreeMap<String, Vec<String>>)>,
    /// The codes of the split dimension, and those that each text of its column has.
    parts: Mutex<(Dictionary, Vec<Vec<u32>>)>,
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
            indicator.ok_or_else(|| Error::internal(format!("indicator `{measure}` was checked")))
        });
        let split = table.split.iter().next();
        let bands = table.bands.iter().next();
        Ok(Self {
            table,
            measures: measures.collect::<Result<_>>()?,
            split: split.map(|(dimension, source)| (dimension.as_str(), source.as_str())),
            bands: bands.map(|(dimension, bands)| (dimension.as_str(), bands)),
            parts: Mutex::default(),
        })
    }

    /// The columns it reads from the clean records.
    pub fn columns(&self) -> impl Iterator<Item = &'a str> {
        let bands = self.bands.iter().flat_map(|(_, bands)| bands.values().flatten());
        let measures = self.measures.iter().filter_map(|indicator| indicator.of.as_ref());
        let columns = bands.chain(measures).map(String::as_str);
        columns.chain(self.own()).chain(self.split.map(|(_, source)| source))
    }

    /// Dimensions that are columns.
    fn own(&self) -> impl Iterator<Item = &'a str> {
        let derived = [self.split.map(|of| of.0), self.bands.map(|of| of.0)];
        let names = self.table.by.iter().map(String::as_str);
        names.filter(move |name| !derived.contains(&Some(*name)))
    }

    /// Dimensions of the cube: all but the bands, which are measures until the end.
    fn dimensions(&self) -> impl Iterator<Item = &'a str> {
        let bands = self.bands.map(|of| of.0);
        let names = self.table.by.iter().map(String::as_str);
        names.filter(move |name| Some(*name) != bands)
    }

    /// Sums of no records.
    #[must_use]
    pub fn nothing(&self) -> Sums {
        let measures: Vec<Measure> = match self.bands {
            Some((_, bands)) => bands.values().map(|_| Measure::Sum).collect(),
            None => self.measures.iter().map(|indicator| measure(indicator)).collect(),
        };
        Sums {
            cube: Cube::new(self.dimensions().count(), &measures),
            whole: Cube::new(self.own().count(), &measures),
        }
    }

    /// The sums of some records.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn sums(&self, records: &Records<'_>, texts: &TextsOf<'_>) -> Result<Sums> {
        let mut own = BTreeMap::new();
        for name in self.own() {
            let texts = texts(name).ok_or_else(|| Error::internal("a dimension is of texts"))?;
            own.insert(name, known(records.column(name)?.codes(), texts));
        }
        let measures = self.cells(records)?;
        let mut sums = self.nothing();
        let Some((dimension, source)) = self.split else {
            sums.cube.add(&in_order(&own, self.dimensions()), &as_cells(&measures));
            return Ok(sums);
        };
        sums.whole.add(&in_order(&own, self.own()), &as_cells(&measures));
        let texts = texts(source).ok_or_else(|| Error::internal("a text is split"))?;
        let (places, parts) = self.split_codes(records.column(source)?.codes(), texts);
        let own: BTreeMap<&str, Vec<u32>> = own
            .into_iter()
            .map(|(name, codes)| (name, gather(&codes, &places)))
            .chain([(dimension, parts)])
            .collect();
        let measures: Vec<Taken> = measures.iter().map(|taken| taken.gather(&places)).collect();
        sums.cube.add(&in_order(&own, self.dimensions()), &as_cells(&measures));
        Ok(sums)
    }

    /// What the measures are computed from.
    fn cells<'r>(&self, records: &'r Records<'_>) -> Result<Vec<Taken<'r>>> {
        if let Some((_, bands)) = self.bands {
            let of_band = |sources: &Vec<String>| -> Result<Taken<'r>> {
                let mut sums = vec![0_i64; records.count];
                for source in sources {
                    let counts = records.column(source)?.counts();
                    for (sum, count) in sums.iter_mut().zip(counts) {
                        *sum += if *count == NO_COUNT { 0 } else { i64::from(*count) };
                    }
                }
                Ok(Taken::Sums(Cow::Owned(sums)))
            };
            return bands.values().map(of_band).collect();
        }
        let of_measure = |indicator: &&Indicator| -> Result<Taken<'r>> {
            let Some(of) = indicator.of.as_deref() else { return Ok(Taken::Rows) };
            Ok(match records.column(of)? {
                Values::Codes(codes) => Taken::Codes(Cow::Borrowed(codes)),
                Values::Counts(counts) => Taken::Counts(Cow::Borrowed(counts)),
                Values::Instants(sums) => Taken::Sums(Cow::Borrowed(sums)),
                Values::Ids(_) => return Err(Error::internal("no measure is of identifiers")),
            })
        };
        self.measures.iter().map(of_measure).collect()
    }

    /// For each code of each text: the place of its row, and the code.
    fn split_codes(&self, codes: &[u32], texts: &Mutex<Dictionary>) -> (Vec<u32>, Vec<u32>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let (dictionary, known) = &mut *parts;
        let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
        while known.len() < Texts::len(&*texts) {
            let text = texts.text(u32::try_from(known.len()).unwrap_or_default());
            let text = if known.is_empty() { NON_RENSEIGNE } else { text };
            known.push(text.split(SEPARATOR).map(|part| dictionary.code(part)).collect());
        }
        drop(texts);
        let (mut places, mut split) = (Vec::new(), Vec::new());
        for (place, code) in (0..).zip(codes) {
            let of = usize::try_from(*code).ok().and_then(|code| known.get(code));
            for part in of.into_iter().flatten() {
                places.push(place);
                split.push(*part);
            }
        }
        (places, split)
    }

    /// A row for each combination of dimensions met and for each of their totals, sorted by the
    /// codes of its dimensions.
    ///
    /// # Errors
    /// When a column has no texts.
    pub fn finish(&self, sums: Sums, texts: &TextsOf<'_>) -> Result<Vec<Row>> {
        let Sums { cube, whole } = sums;
        let names: Vec<&str> = self.table.by.iter().map(String::as_str).collect();
        let at = |name: &str| names.iter().position(|other| *other == name).unwrap_or_default();
        let mut found = Vec::new();
        match (self.split, self.bands) {
            (Some((dimension, _)), _) => {
                let place = at(dimension);
                found.extend(
                    cube.rows().into_iter().filter(|(key, _)| key.get(place) != Some(&None)),
                );
                for (mut key, figures) in whole.rows() {
                    key.insert(place.min(key.len()), None);
                    found.push((key, figures));
                }
            }
            (None, Some((dimension, _))) => {
                for (key, figures) in cube.unfold(at(dimension)).rows() {
                    // Each measure of a table of bands is that of its band.
                    let figure = figures.first().copied().unwrap_or_default();
                    found.push((key, vec![figure; self.measures.len()]));
                }
            }
            (None, None) => found.extend(cube.rows()),
        }
        if found.is_empty() {
            found.push((vec![None; names.len()], vec![0; self.measures.len()]));
        }
        let mut rows = Vec::with_capacity(found.len());
        for (key, figures) in found {
            let codes = names.iter().zip(key).map(|(name, code)| self.text(name, code, texts));
            rows.push((codes.collect::<Result<_>>()?, figures));
        }
        rows.sort_unstable();
        Ok(rows)
    }

    fn text(&self, name: &str, code: Option<u32>, texts: &TextsOf<'_>) -> Result<String> {
        let Some(code) = code else { return Ok(ENSEMBLE.to_owned()) };
        if self.split.is_some_and(|(dimension, _)| dimension == name) {
            let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(parts.0.text(code).to_owned());
        }
        if let Some((_, bands)) = self.bands.filter(|(dimension, _)| *dimension == name) {
            let band = usize::try_from(code).ok().and_then(|code| code.checked_sub(1));
            let band = band.and_then(|band| bands.keys().nth(band));
            return band.cloned().ok_or_else(|| Error::internal("a band has its name"));
        }
        let texts = texts(name).ok_or_else(|| Error::internal("a dimension is of texts"))?;
        let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(texts.text(code).to_owned())
    }
}

fn measure(indicator: &Indicator) -> Measure {
    match indicator.compute {
        Compute::Count => Measure::Count,
        Compute::Sum | Compute::Bands => Measure::Sum,
        Compute::Distinct => Measure::Distinct,
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

/// The codes of a dimension; what is not known is a code like the others.
fn known(codes: &[u32], texts: &Mutex<Dictionary>) -> Vec<u32> {
    if !codes.contains(&NO_TEXT) {
        return codes.to_vec();
    }
    let unknown = texts.lock().unwrap_or_else(PoisonError::into_inner).code(INCONNU);
    codes.iter().map(|code| if *code == NO_TEXT { unknown } else { *code }).collect()
}

/// Columns in an order of names.
fn in_order<'c, 'n>(
    columns: &'c BTreeMap<&str, Vec<u32>>,
    names: impl Iterator<Item = &'n str>,
) -> Vec<&'c [u32]> {
    names.filter_map(|name| columns.get(name)).map(Vec::as_slice).collect()
}
