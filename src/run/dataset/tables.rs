//! Coded rows of a dataset become its summary tables, in Parquet and CSV.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use rayon::prelude::*;

use crate::aggregate::cube::{Cells, Cube, Measure};
use crate::column::{Dictionary, NO_TEXT, Texts, Values};
use crate::definition::Definitions;
use crate::definition::dataset::{Dataset, Field, Table};
use crate::definition::indicator::{Compute, Indicator};
use crate::error::{Error, Result};
use crate::run::aggregate::csv_of;
use crate::run::dataset::files::{Coded, Dictionaries};
use crate::run::dataset::months;
use crate::run::dataset::sums::{PARTS, Shape};
use crate::run::job::Job;
use crate::run::manifest::Output;
use crate::run::outputs;
use crate::run::parquet::Description;
use crate::run::store::Store;

/// The columns of some rows, by their names, and the month of all of them.
pub struct Rows<'r> {
    /// Columns.
    pub columns: BTreeMap<&'r str, &'r Values>,
    /// Months since January of the year 0.
    pub month: i32,
    /// Number of rows.
    pub count: usize,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rows({} of {})", self.count, months::text_of(self.month))
    }
}

/// The tables of a dataset, compiled.
#[derive(Debug)]
pub struct Tables<'d> {
    dataset: &'d Dataset,
    plans: Vec<Plan<'d>>,
    /// Parts of split texts, of all columns.
    parts: Mutex<Dictionary>,
}

#[derive(Debug)]
struct Plan<'d> {
    table: &'d Table,
    measures: Vec<(&'d str, &'d Indicator)>,
    /// The parts of each code of the text that is split.
    parts_of: Mutex<Vec<Arc<[u32]>>>,
}

/// The sums of each table, in their order.
pub type Cubes = Vec<Cube>;

impl<'d> Tables<'d> {
    /// Compiles the tables.
    ///
    /// # Errors
    /// When a measure is not declared.
    pub fn new(dataset: &'d Dataset, definitions: &'d Definitions) -> Result<Self> {
        let mut plans = Vec::new();
        for table in &dataset.tables {
            let mut measures = Vec::new();
            for name in &table.measures {
                let indicator = definitions.indicators.get(name);
                let declared = || Error::internal(format!("measure `{name}` is declared"));
                measures.push((name.as_str(), indicator.ok_or_else(declared)?));
            }
            plans.push(Plan { table, measures, parts_of: Mutex::default() });
        }
        Ok(Self { dataset, plans, parts: Mutex::default() })
    }

    /// The columns that some table needs, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let of = |plan: &'_ Plan<'d>| {
            let table = plan.table;
            let is_own = |name: &&str| {
                *name != self.dataset.period.name
                    && !table.split.contains_key(*name)
                    && !table.bands.contains_key(*name)
            };
            let by = table.by.iter().map(String::as_str).filter(is_own);
            let split = table.split.values().map(String::as_str);
            let bands = table.bands.values().flatten().map(String::as_str);
            let of = plan.measures.iter().filter_map(|(_, indicator)| indicator.of.as_deref());
            by.chain(split).chain(bands).chain(of).collect::<Vec<&'d str>>()
        };
        let mut names: Vec<&str> = self.plans.iter().flat_map(of).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What the codes of each table stand for.
    pub(super) fn shapes(&self) -> Vec<Shape<'_>> {
        let dimension = |plan: &'_ Plan<'d>, name: &'d String| {
            let is_part = plan.table.split.contains_key(name);
            let is_period = *name == self.dataset.period.name;
            (!is_period).then_some(if is_part { PARTS } else { name.as_str() })
        };
        let shape = |plan: &'_ Plan<'d>| Shape {
            dimensions: plan.own_dimensions().map(|name| dimension(plan, name)).collect(),
            distinct: plan
                .sources()
                .into_iter()
                .filter_map(|(measure, name)| name.filter(|_| measure == Measure::Distinct))
                .collect(),
        };
        self.plans.iter().map(shape).collect()
    }

    /// The parts of split texts.
    pub(super) fn parts(&self) -> &Mutex<Dictionary> {
        &self.parts
    }

    /// Sums without rows.
    #[must_use]
    pub fn nothing(&self) -> Cubes {
        self.plans.iter().map(Plan::cube).collect()
    }

    /// The sums of some rows. `texts` gives the dictionary of a column.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn sums<'t>(
        &self,
        rows: &Rows<'_>,
        texts: &dyn Fn(&str) -> Option<&'t Mutex<Dictionary>>,
    ) -> Result<Cubes> {
        self.plans.iter().map(|plan| self.sum(plan, rows, texts)).collect()
    }

    fn sum<'t>(
        &self,
        plan: &Plan<'_>,
        rows: &Rows<'_>,
        texts: &dyn Fn(&str) -> Option<&'t Mutex<Dictionary>>,
    ) -> Result<Cube> {
        let column = |name: &str| {
            let found = rows.columns.get(name).copied();
            found.ok_or_else(|| Error::internal(format!("column `{name}` of a table")))
        };
        let split = plan.table.split.iter().next();
        let (places, parts) = match split {
            Some((_, source)) => {
                let texts = texts(source).ok_or_else(|| Error::internal("a text is split"))?;
                self.split(plan, column(source)?.codes(), texts)
            }
            None => (Vec::new(), Vec::new()),
        };
        let count = if split.is_some() { places.len() } else { rows.count };
        let taken = |name: &str| -> Result<Cow<'_, Values>> {
            let values = column(name)?;
            Ok(match split {
                Some(_) => Cow::Owned(values.gather(&places)),
                None => Cow::Borrowed(values),
            })
        };
        let parts = Values::Codes(parts);
        let mut dimensions: Vec<Cow<'_, Values>> = Vec::new();
        for name in plan.own_dimensions() {
            dimensions.push(if plan.table.split.contains_key(name) {
                Cow::Borrowed(&parts)
            } else if *name == self.dataset.period.name {
                Cow::Owned(Values::Codes(vec![rows.month.cast_unsigned(); count]))
            } else {
                taken(name)?
            });
        }
        let measures = plan.sources();
        let values = measures.iter().filter_map(|(_, name)| *name).map(taken);
        let values: Vec<Cow<'_, Values>> = values.collect::<Result<_>>()?;
        let mut values = values.iter();
        let cells: Vec<Cells<'_>> = measures
            .iter()
            .map(|(measure, _)| match (measure, measure == &Measure::Count) {
                (_, true) => Cells::Rows,
                (Measure::Sum, _) => {
                    Cells::Counts(values.next().map_or(&[], |values| values.counts()))
                }
                _ => Cells::Codes(values.next().map_or(&[], |values| values.codes())),
            })
            .collect();
        let dimensions: Vec<&[u32]> = dimensions.iter().map(|values| values.codes()).collect();
        let mut cube = plan.cube();
        cube.add(&dimensions, &cells);
        Ok(cube)
    }

    /// For each part of each text: the place of its row, and its code.
    fn split(
        &self,
        plan: &Plan<'_>,
        codes: &[u32],
        texts: &Mutex<Dictionary>,
    ) -> (Vec<u32>, Vec<u32>) {
        let mut known = plan.parts_of.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dictionary = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        while known.len() < Texts::len(&*texts) {
            let text = texts.text(u32::try_from(known.len()).unwrap_or_default());
            let parts = text.split(self.dataset.separator).filter(|part| !part.is_empty());
            known.push(parts.map(|part| dictionary.code(part)).collect());
        }
        drop((texts, dictionary));
        let known: Vec<Arc<[u32]>> = known.clone();
        let (mut places, mut parts) = (Vec::new(), Vec::new());
        for (place, code) in (0..).zip(codes) {
            let of = usize::try_from(*code).ok().and_then(|code| known.get(code));
            for part in of.into_iter().flat_map(|parts| parts.iter()) {
                places.push(place);
                parts.push(*part);
            }
        }
        (places, parts)
    }

    /// The rows of each table, in the order of the texts of its dimensions.
    ///
    /// # Errors
    /// When a column has no dictionary.
    pub fn finish<'t>(
        &self,
        cubes: Cubes,
        texts: &dyn Fn(&str) -> Option<&'t Mutex<Dictionary>>,
    ) -> Result<Vec<(String, RecordBatch)>> {
        let made = self.plans.iter().zip(cubes);
        made.map(|(plan, cube)| Ok((plan.table.name.clone(), self.table(plan, cube, texts)?)))
            .collect()
    }

    fn table<'t>(
        &self,
        plan: &Plan<'_>,
        cube: Cube,
        texts: &dyn Fn(&str) -> Option<&'t Mutex<Dictionary>>,
    ) -> Result<RecordBatch> {
        let by = &plan.table.by;
        let band = by.iter().position(|name| plan.table.bands.contains_key(name));
        let cube = if let Some(place) = band { cube.unfold(place) } else { cube };
        let text = |name: &str, code: Option<u32>| -> Result<String> {
            let Some(code) = code else { return Ok(self.dataset.total.clone()) };
            if name == self.dataset.period.name {
                return Ok(months::text_of(code.cast_signed()));
            }
            if let Some(bands) = plan.table.bands.get(name) {
                let place = usize::try_from(code).unwrap_or_default().wrapping_sub(1);
                return Ok(bands.get(place).cloned().unwrap_or_default());
            }
            let own = plan.table.split.contains_key(name).then_some(&self.parts);
            let dictionary = own.or_else(|| texts(name));
            let dictionary =
                dictionary.ok_or_else(|| Error::internal("a dimension is of texts"))?;
            let dictionary = dictionary.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(if code == NO_TEXT { String::new() } else { dictionary.text(code).to_owned() })
        };
        let mut rows: Vec<(Vec<String>, Vec<i64>)> = Vec::new();
        for (key, figures) in cube.rows() {
            let texts = by.iter().zip(key).map(|(name, code)| text(name, code));
            rows.push((texts.collect::<Result<_>>()?, figures));
        }
        rows.sort();
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (place, name) in by.iter().enumerate() {
            fields.push(ArrowField::new(name, DataType::Utf8, true));
            let texts = rows.iter().map(|(key, _)| key.get(place));
            arrays.push(Arc::new(texts.collect::<StringArray>()));
        }
        for (place, (name, _)) in plan.measures.iter().enumerate() {
            fields.push(ArrowField::new(*name, DataType::Int64, true));
            let figures = rows.iter().map(|(_, figures)| figures.get(place).copied());
            arrays.push(Arc::new(figures.collect::<Int64Array>()));
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}

impl<'d> Plan<'d> {
    /// Dimensions that are no bands.
    fn own_dimensions(&self) -> impl Iterator<Item = &'d String> {
        let table = self.table;
        table.by.iter().filter(|name| !table.bands.contains_key(*name))
    }

    /// What is computed, and from which column. Bands are measures until the end.
    fn sources(&self) -> Vec<(Measure, Option<&'d str>)> {
        let table = self.table;
        if !table.bands.is_empty() {
            let bands = table.bands.values().flatten();
            return bands.map(|name| (Measure::Sum, Some(name.as_str()))).collect();
        }
        let of = |indicator: &Indicator| match indicator.compute {
            // A dataset has no differences: its declaration would be refused.
            Compute::Count | Compute::Bands | Compute::Difference => Measure::Count,
            Compute::Sum => Measure::Sum,
            Compute::Distinct => Measure::Distinct,
        };
        self.measures.iter().map(|(_, found)| (of(found), found.of.as_deref())).collect()
    }

    fn cube(&self) -> Cube {
        let measures: Vec<Measure> = self.sources().iter().map(|(measure, _)| *measure).collect();
        Cube::new(self.own_dimensions().count(), &measures)
    }
}

/// Adds sums to others of the same tables.
pub fn merge(cubes: &mut Cubes, others: Cubes) {
    cubes.iter_mut().zip(others).for_each(|(cube, other)| cube.merge(other));
}

/// The tables of a dataset from its clean files below a folder of the warehouse.
///
/// # Errors
/// When a file cannot be read.
pub fn of_files(
    store: &Store,
    folder: &str,
    (name, dataset): (&str, &Dataset),
    definitions: &Definitions,
) -> Result<Vec<(String, RecordBatch)>> {
    let tables = Tables::new(dataset, definitions)?;
    let names = tables.columns();
    let is_count = |name: &&str| {
        let place = dataset.place(name);
        place.and_then(|place| dataset.columns.get(place)).is_some_and(Field::is_count)
    };
    let dictionaries: Dictionaries =
        names.iter().map(|name| (!is_count(name)).then(Mutex::default)).collect();
    let texts = |wanted: &str| {
        let place = names.iter().position(|name| *name == wanted)?;
        dictionaries.get(place)?.as_ref()
    };
    let sums = |path: &String| -> Result<Cubes> {
        let mut cubes = tables.nothing();
        let month = months::in_path(path, &dataset.period.name).and_then(months::of_text);
        let month = month.ok_or_else(|| Error::data(format!("`{path}` names no month")))?;
        let file = Coded::open(store, path)?;
        for group in 0..file.groups() {
            let read = file.read(group, &names, &dictionaries)?;
            let count = read.first().map_or(0, Values::len);
            let columns: BTreeMap<&str, &Values> = names.iter().copied().zip(&read).collect();
            merge(&mut cubes, tables.sums(&Rows { columns, month, count }, &texts)?);
        }
        Ok(cubes)
    };
    let files = store.files_below(&format!("{folder}/clean/{name}"))?;
    let parts: Vec<Cubes> = files.par_iter().map(sums).collect::<Result<_>>()?;
    let mut all = tables.nothing();
    parts.into_iter().for_each(|part| merge(&mut all, part));
    tables.finish(all, &texts)
}

/// Writes tables in Parquet and CSV.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    job: &Job<'_>,
    dataset: &Dataset,
    tables: &[(String, RecordBatch)],
) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for (name, batch) in tables {
        let Some(table) = dataset.tables.iter().find(|table| table.name == *name) else { continue };
        let grain = format!("une combinaison de {}", table.by.join(", "));
        let digest = &job.definitions.digest;
        let metadata = outputs::metadata(job, (name, &grain, &table.title), digest)?;
        let description = Description { sorted_by: table.by.clone(), metadata };
        let path = format!("tables/{name}.parquet");
        let one = std::slice::from_ref(batch);
        let parquet = outputs::write(job, &path, (batch.schema(), &description), one)?;
        let path = format!("tables/{name}.csv");
        let csv = csv_of(batch, dataset.csv_delimiter)?;
        let mut file = job.store.write(&format!("{}/{path}", outputs::BUILDING), &csv)?;
        file.path = path;
        outputs.extend([parquet.clone(), Output { file, rows: parquet.rows }]);
    }
    Ok(outputs)
}
