//! Arrow batches become Parquet files that any reader opens, and back.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;

use crate::error::{Error, Result};
use crate::run::draft::{Draft, Written};
use crate::run::footers::{Footers, load};
use crate::run::store::Store;
use crate::vocabulary::columns::{self, Column};

/// DuckDB's unit of parallel reading.
pub const ROWS_PER_GROUP: usize = 122_880;
/// Columns whose values hardly come twice: a dictionary of them would only be given up later.
const ALL_DIFFERENT: [Column; 7] = [
    columns::LIGNE,
    columns::EMPREINTE,
    columns::ACTIVITE_ID,
    columns::COPIE_DE,
    columns::CREE_LE,
    columns::MODIFIE_LE,
    columns::BENEFICIAIRE_ID,
];
/// Rows decoded at a time.
const BATCH: usize = 65_536;

/// What a file says of itself: no clock, no run.
#[derive(Clone, Debug)]
pub struct Description {
    /// Columns it is sorted by; together they are unique, or it is unsorted.
    pub sorted_by: Vec<String>,
    /// Key and value, written into the footer.
    pub metadata: Vec<(String, String)>,
}

/// A Parquet file under construction.
pub struct Writer {
    inner: ArrowWriter<Draft>,
    rows: u64,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({} rows)", self.rows)
    }
}

impl Writer {
    /// Starts a file.
    ///
    /// # Errors
    /// When the schema cannot be written.
    pub fn new(draft: Draft, schema: SchemaRef, description: &Description) -> Result<Self> {
        let level = ZstdLevel::try_new(3).map_err(failed)?;
        let properties = properties(&schema, description, Compression::ZSTD(level))?
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP));
        let different = ALL_DIFFERENT.iter().map(|column| ColumnPath::from(column.name));
        let properties = different.fold(properties, |properties, path| {
            properties.set_column_dictionary_enabled(path, false)
        });
        let properties = Some(properties.build());
        let inner = ArrowWriter::try_new(draft, schema, properties).map_err(failed)?;
        Ok(Self { inner, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += u64::try_from(batch.num_rows()).unwrap_or_default();
        self.inner.write(batch).map_err(failed)
    }

    /// Ends the row group: rows added from now on are in another.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_group(&mut self) -> Result<()> {
        self.inner.flush().map_err(failed)
    }

    /// Puts the file in its place; returns it and its number of rows.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub fn commit(self) -> Result<(Written, u64)> {
        let mut draft = self.inner.into_inner().map_err(failed)?;
        draft.flush().map_err(|error| failed(error.into()))?;
        Ok((draft.commit()?, self.rows))
    }
}

/// Writes rows that are of no table, in the order they have.
///
/// # Errors
/// When they cannot be written.
pub fn write_rows(draft: Draft, rows: &RecordBatch) -> Result<()> {
    let description = Description { sorted_by: Vec::new(), metadata: Vec::new() };
    let mut writer = Writer::new(draft, rows.schema(), &description)?;
    writer.write(rows)?;
    writer.commit().map(drop)
}

/// What the writers of all files have in common.
///
/// # Errors
/// When the schema lacks a column the file is sorted by.
pub(super) fn properties(
    schema: &Schema,
    description: &Description,
    compression: Compression,
) -> Result<WriterPropertiesBuilder> {
    let mut sorting = Vec::new();
    for name in &description.sorted_by {
        let column_idx = i32::try_from(schema.index_of(name)?)
            .map_err(|_| Error::internal("a table has fewer than two billion columns"))?;
        sorting.push(SortingColumn { column_idx, descending: false, nulls_first: true });
    }
    let metadata = description
        .metadata
        .iter()
        .map(|(key, value)| KeyValue { key: key.clone(), value: Some(value.clone()) })
        .collect();
    Ok(WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(compression)
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .set_key_value_metadata(Some(metadata))
        .set_created_by(concat!("conum ", env!("CARGO_PKG_VERSION")).to_owned()))
}

/// Reads the rows of a file: some columns, and some rows where a selection is given.
///
/// # Errors
/// When it is not a Parquet file or lacks a column.
pub fn read(
    file: File,
    columns: Option<&[&str]>,
    selection: Option<RowSelection>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    rows_of(builder.with_batch_size(BATCH), columns, selection)
}

/// Reads some row groups of a file that says that of itself: some columns, and some of their rows,
/// or all.
///
/// # Errors
/// When they cannot be read.
pub(super) fn read_groups(
    file: File,
    metadata: &ArrowReaderMetadata,
    (groups, columns, rows): (Vec<usize>, Option<&[&str]>, Option<RowSelection>),
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
    rows_of(builder.with_batch_size(BATCH).with_row_groups(groups), columns, rows)
}

/// Reads all rows of a small file as one batch.
///
/// # Errors
/// When it is not a Parquet file.
pub fn read_whole(file: File) -> Result<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    let fields = builder.schema().fields().clone();
    let batches = rows_of(builder.with_batch_size(BATCH), None, None)?;
    let batches: Vec<RecordBatch> = batches.collect::<Result<_>>()?;
    Ok(concat_batches(&Arc::new(Schema::new(fields)), &batches)?)
}

fn rows_of(
    mut builder: ParquetRecordBatchReaderBuilder<File>,
    columns: Option<&[&str]>,
    selection: Option<RowSelection>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    if let Some(columns) = columns {
        let indices: Vec<usize> = columns
            .iter()
            .map(|name| builder.schema().index_of(name).map_err(Error::from))
            .collect::<Result<_>>()?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), indices);
        builder = builder.with_projection(mask);
    }
    if let Some(selection) = selection {
        builder = builder.with_row_selection(selection);
    }
    let reader = builder.build().map_err(failed)?;
    Ok(reader.map(|batch| {
        batch.map_err(|error| {
            Error::data(format!("a Parquet file is damaged: {error}"))
                .because(error)
                .hint("`conum verify` names it; `conum run --force` makes all files again")
        })
    }))
}

/// A file whose row groups are read one by one.
pub struct Groups<'s> {
    store: &'s Store,
    path: String,
    footer: Footer,
}

/// A footer that is read once, or again whenever it was forgotten.
enum Footer {
    Kept(ArrowReaderMetadata),
    AmongLast(Arc<Footers>),
}

impl std::fmt::Debug for Groups<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Groups({})", self.path)
    }
}

impl<'s> Groups<'s> {
    /// Reads the footer of a file, once and for all.
    ///
    /// # Errors
    /// When it is not a Parquet file.
    pub fn open(store: &'s Store, path: &str) -> Result<Self> {
        let footer = Footer::Kept(load(&store.file(path)?)?);
        Ok(Self { store, path: path.to_owned(), footer })
    }

    /// One of many small files, of whose footers the last are kept.
    #[must_use]
    pub fn among(footers: &Arc<Footers>, store: &'s Store, path: &str) -> Self {
        let footer = Footer::AmongLast(Arc::clone(footers));
        Self { store, path: path.to_owned(), footer }
    }

    /// Reads some columns of a row group, that many rows at a time: those of a selection.
    ///
    /// # Errors
    /// When the file cannot be read or lacks a column.
    pub fn read(
        &self,
        group: usize,
        columns: &[&str],
        (selection, at_once): (Option<RowSelection>, usize),
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let file = self.store.file(&self.path)?;
        let metadata = match &self.footer {
            Footer::Kept(metadata) => metadata.clone(),
            Footer::AmongLast(footers) => footers.of(&self.path, &file)?,
        };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let builder = builder.with_row_groups(vec![group]).with_batch_size(at_once);
        rows_of(builder, Some(columns), selection)
    }
}

/// Number of rows that the footer of a file promises.
///
/// # Errors
/// When it is not a Parquet file.
pub fn row_count(file: File) -> Result<i64> {
    Ok(metadata(file)?.file_metadata().num_rows())
}

/// The footer of a file.
///
/// # Errors
/// When it is not a Parquet file.
pub fn metadata(file: File) -> Result<Arc<ParquetMetaData>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    Ok(Arc::clone(builder.metadata()))
}

/// The columns of a file, as Arrow has them.
///
/// # Errors
/// When it is not a Parquet file.
pub fn schema(file: File) -> Result<SchemaRef> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    Ok(Arc::clone(builder.schema()))
}

/// A failure of the Parquet library, as one of ours.
pub(super) fn failed(error: ParquetError) -> Error {
    let error = match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => return Error::io("write", Path::new("a Parquet file"), *cause),
            Err(other) => ParquetError::External(other),
        },
        other => other,
    };
    Error::data(format!("a Parquet file cannot be read or written: {error}")).because(error)
}
