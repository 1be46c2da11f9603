//! The Parquet files of a dataset: what their columns are, and their row groups as codes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};

use crate::column::{Dictionary, Values};
use crate::definition::dataset::{Dataset, Field, Reading};
use crate::error::{Error, Result};
use crate::run::coded::layout::{Layout, Packing};
use crate::run::coded::pages::read_chunk;
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

/// A Parquet file of this program, whose row groups are read as codes.
pub struct Coded<'s> {
    store: &'s Store,
    path: String,
    metadata: Arc<ParquetMetaData>,
}

impl std::fmt::Debug for Coded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Coded({} row groups)", self.metadata.num_row_groups())
    }
}

impl<'s> Coded<'s> {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// When it is not a Parquet file.
    pub fn open(store: &'s Store, path: &str) -> Result<Self> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&store.file(path)?);
        Ok(Self { store, path: path.to_owned(), metadata: Arc::new(metadata.map_err(failed)?) })
    }

    /// Number of row groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Rows of a row group.
    #[must_use]
    pub fn rows_of(&self, group: usize) -> u32 {
        u32::try_from(self.metadata.row_group(group).num_rows()).unwrap_or_default()
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
        let file = Arc::new(self.store.file(&self.path)?);
        let chunks = self.metadata.row_group(group).columns();
        let column = |(name, dictionary): (&&str, &Option<Mutex<Dictionary>>)| {
            let chunk = chunks.iter().find(|chunk| chunk.column_descr().name() == *name);
            let chunk = chunk
                .ok_or_else(|| Error::data(format!("`{}` has no column `{name}`", self.path)))?;
            read_chunk(&file, chunk, dictionary.as_ref())
        };
        names.iter().zip(dictionaries).map(column).collect()
    }
}
