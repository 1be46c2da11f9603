//! The Parquet files of a dataset: what their columns are, and their row groups as codes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Field as ArrowField, Int32Type, Int64Type, Schema, TimestampMicrosecondType,
};

use crate::column::{Dictionary, NO_COUNT, NO_INSTANT, NO_TEXT, Values};
use crate::definition::dataset::{Dataset, Field, Reading};
use crate::error::{Error, Result};
use crate::run::coded::layout::{Layout, Packing};
use crate::run::parquet::{Description, failed};
use crate::run::store::Store;
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::schema;

/// Where the texts of each column get their codes; none for columns that are no texts.
pub type Dictionaries = Vec<Option<Mutex<Dictionary>>>;

/// What the columns of a segment are: those of the dataset, and the fingerprint of each record.
///
/// # Errors
/// Never, in principle: names are unique.
pub fn staged_layout(name: &str, dataset: &Dataset) -> Result<Layout> {
    let mut fields: Vec<ArrowField> = dataset
        .columns
        .iter()
        .map(|field| match field.reading {
            Reading::Hexadecimal => {
                ArrowField::new(field.column(), DataType::FixedSizeBinary(16), true)
            }
            _ => arrow_field(field),
        })
        .collect();
    fields.push(schema::field(&columns::EMPREINTE));
    let about = description((name, dataset), Vec::new());
    Layout::new(&Schema::new(fields), &about, Packing::Plain)
}

/// What the columns of a clean file are: those of the dataset, and those looked up.
///
/// # Errors
/// Never, in principle: names are unique.
pub fn clean_layout(name: &str, dataset: &Dataset) -> Result<Layout> {
    let lookups = dataset.lookups.iter();
    let lookups = lookups.map(|lookup| described(&lookup.gives, Kind::Text, &lookup.meaning));
    let fields: Vec<ArrowField> = dataset.columns.iter().map(arrow_field).chain(lookups).collect();
    // By time, so that a reader of some days skips the other pages, and rows move little.
    let order = vec![dataset.period.month_of.clone(), dataset.id.clone()];
    let about = description((name, dataset), order);
    Layout::new(&Schema::new(fields), &about, Packing::Zstd(3))
}

fn arrow_field(field: &Field) -> ArrowField {
    let kind = match field.reading {
        Reading::Text | Reading::Hexadecimal => Kind::Text,
        Reading::Instant => Kind::Instant,
        Reading::Count => Kind::Count,
    };
    described(field.column(), kind, &field.meaning)
}

fn described(name: &str, kind: Kind, meaning: &str) -> ArrowField {
    let meaning = HashMap::from([("description".to_owned(), meaning.to_owned())]);
    ArrowField::new(name, schema::data_type(kind), true).with_metadata(meaning)
}

fn description((name, dataset): (&str, &Dataset), sorted_by: Vec<String>) -> Description {
    let pairs = [("table", name), ("title", &dataset.title), ("grain", &dataset.grain)];
    let metadata = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    Description { sorted_by, metadata: metadata.collect() }
}

/// A Parquet file whose row groups are read as codes.
pub struct Coded<'s> {
    store: &'s Store,
    path: String,
    metadata: ArrowReaderMetadata,
}

impl std::fmt::Debug for Coded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Coded({} row groups)", self.metadata.metadata().num_row_groups())
    }
}

impl<'s> Coded<'s> {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// When it is not a Parquet file.
    pub fn open(store: &'s Store, path: &str) -> Result<Self> {
        let file = store.file(path)?;
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(failed)?;
        let coded = |field: &Arc<ArrowField>| match field.data_type() {
            DataType::Utf8 => {
                let coded = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
                field.as_ref().clone().with_data_type(coded)
            }
            _ => field.as_ref().clone(),
        };
        let fields: Vec<ArrowField> = plain.schema().fields().iter().map(coded).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let metadata =
            ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(failed)?;
        Ok(Self { store, path: path.to_owned(), metadata })
    }

    /// Number of row groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Rows of a row group.
    #[must_use]
    pub fn rows_of(&self, group: usize) -> u32 {
        let rows = self.metadata.metadata().row_group(group).num_rows();
        u32::try_from(rows).unwrap_or_default()
    }

    /// Some columns of a row group, by their names; texts get codes of the dictionary of the same
    /// place.
    ///
    /// # Errors
    /// When the file is damaged or lacks a column.
    pub fn read(
        &self,
        group: usize,
        names: &[&str],
        dictionaries: &[Option<Mutex<Dictionary>>],
    ) -> Result<Vec<Values>> {
        // A file of its own: copies of one share the place they read at.
        let file = self.store.file(&self.path)?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let schema = self.metadata.schema();
        let places: Vec<usize> = names
            .iter()
            .map(|name| schema.index_of(name).map_err(Error::from))
            .collect::<Result<_>>()?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
        let rows = self.metadata.metadata().row_group(group).num_rows();
        let rows = usize::try_from(rows).map_err(|_| Error::internal("rows are countable"))?;
        let reader = builder
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(rows.max(1))
            .build()
            .map_err(failed)?;
        let mut found: Vec<Option<Values>> = names.iter().map(|_| None).collect();
        for batch in reader {
            let batch = batch.map_err(|error| {
                Error::data(format!("a Parquet file is damaged: {error}"))
                    .because(error)
                    .hint("`conum verify` names it; `conum run --force` makes all files again")
            })?;
            for ((name, slot), dictionary) in names.iter().zip(&mut found).zip(dictionaries) {
                let array = batch.column_by_name(name);
                let array = array.ok_or_else(|| Error::internal("a column that was asked for"))?;
                let values = values(array, dictionary.as_ref())?;
                match slot {
                    None => *slot = Some(values),
                    Some(before) => {
                        before.extend(&values, 0..values.len());
                    }
                }
            }
        }
        let nothing = || Error::data("a row group without rows");
        found.into_iter().map(|values| values.ok_or_else(nothing)).collect()
    }
}

fn values(array: &ArrayRef, dictionary: Option<&Mutex<Dictionary>>) -> Result<Values> {
    Ok(match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = dictionary.ok_or_else(|| Error::internal("texts need codes"))?;
            Values::Codes(codes(array, dictionary)?)
        }
        DataType::FixedSizeBinary(16) => {
            let ids = array.as_fixed_size_binary().iter().flatten();
            let id = |bytes: &[u8]| bytes.try_into().map(u128::from_be_bytes).unwrap_or_default();
            Values::Ids(ids.map(id).collect())
        }
        DataType::Int32 => {
            let counts = array.as_primitive::<Int32Type>();
            Values::Counts(match counts.null_count() {
                0 => counts.values().to_vec(),
                _ => counts.iter().map(|count| count.unwrap_or(NO_COUNT)).collect(),
            })
        }
        DataType::Int64 => Values::Instants(array.as_primitive::<Int64Type>().values().to_vec()),
        DataType::Timestamp(..) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>();
            Values::Instants(match instants.null_count() {
                0 => instants.values().to_vec(),
                _ => instants.iter().map(|at| at.unwrap_or(NO_INSTANT)).collect(),
            })
        }
        other => return Err(Error::internal(format!("no dataset has the type {other}"))),
    })
}

fn codes(array: &ArrayRef, dictionary: &Mutex<Dictionary>) -> Result<Vec<u32>> {
    let array = array.as_dictionary::<Int32Type>();
    let texts = array.values().as_string_opt::<i32>();
    let texts = texts.ok_or_else(|| Error::internal("a dictionary is of texts"))?;
    let mut known = dictionary.lock().unwrap_or_else(PoisonError::into_inner);
    let of: Vec<u32> = texts.iter().map(|text| known.code(text.unwrap_or_default())).collect();
    drop(known);
    let code = |key: i32| {
        usize::try_from(key).ok().and_then(|key| of.get(key)).copied().unwrap_or(NO_TEXT)
    };
    let keys = array.keys();
    Ok(match keys.null_count() {
        0 => keys.values().iter().map(|key| code(*key)).collect(),
        _ => keys.iter().map(|key| key.map_or(NO_TEXT, code)).collect(),
    })
}
