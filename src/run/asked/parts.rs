//! The rows that an engine wrote are read back month by month, whatever files it made of them.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jiff::civil::Date;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use polars::prelude::DataFrame;

use crate::error::{Error, Result};
use crate::run::asked::exchange::in_schema;
use crate::run::dataset::months::text_of;
use crate::run::frames;
use crate::run::parquet::{failed, read_groups};
use crate::run::store::Store;
use crate::vocabulary::columns;
use crate::vocabulary::schema::{field, schema};
use crate::vocabulary::tables::CLEAN_ACTIVITES;

/// Files, and what they say of themselves.
pub(super) struct Parts<'a> {
    store: &'a Store,
    files: Vec<(String, ArrowReaderMetadata)>,
    schema: SchemaRef,
}

/// The columns that come back beside those of clean activities.
pub(super) const BESIDE: [columns::Column; 3] =
    [columns::SEGMENT, columns::LIGNE, columns::RAISONS];

impl<'a> Parts<'a> {
    /// The files of a folder.
    pub(super) fn open(store: &'a Store, folder: &str) -> Result<Self> {
        let mut files = Vec::new();
        for name in store.files_below(folder)? {
            let base = name.rsplit('/').next().unwrap_or_default();
            // What engines leave beside: marks of success, checksums.
            if !base.ends_with(".parquet") || base.starts_with(['.', '_']) {
                continue;
            }
            let options = ArrowReaderOptions::new();
            let metadata = ArrowReaderMetadata::load(&store.file(&name)?, options);
            files.push((name, metadata.map_err(failed)?));
        }
        let clean = schema(&CLEAN_ACTIVITES);
        let fields = clean.fields().iter().cloned();
        let fields = fields.chain(BESIDE.iter().map(|column| Arc::new(beside(column))));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<Arc<Field>>>()));
        Ok(Self { store, files, schema })
    }

    /// Hands over the rows of a month, piece by piece.
    pub(super) fn each(
        &self,
        month: i32,
        see: &mut dyn FnMut(DataFrame) -> Result<()>,
    ) -> Result<()> {
        let days = days_of(month)?;
        let text = text_of(month);
        for (name, metadata) in &self.files {
            let groups = metadata.metadata().row_groups().iter().enumerate();
            let groups = groups.filter(|(_, group)| may_hold(group, days));
            let groups: Vec<usize> = groups.map(|(number, _)| number).collect();
            if groups.is_empty() {
                continue;
            }
            let file = self.store.file(name)?;
            for batch in read_groups(file, metadata, groups)? {
                let batch = in_schema(&batch?, &self.schema)?;
                let months = batch.column_by_name(columns::MOIS.name);
                let months = months.and_then(|months| months.as_string_opt::<i32>());
                let months = months.ok_or_else(|| Error::internal("a clean row has its month"))?;
                let is_there = months.iter().map(|month| Some(month == Some(text.as_str())));
                let rows = filter_record_batch(&batch, &BooleanArray::from_iter(is_there))?;
                if rows.num_rows() > 0 {
                    see(frames::to_frame(&self.schema, std::slice::from_ref(&rows))?)?;
                }
            }
        }
        Ok(())
    }
}

/// A column of [`BESIDE`]; a segment is told by its number.
fn beside(column: &columns::Column) -> Field {
    match *column {
        columns::SEGMENT => Field::new(column.name, DataType::Int64, false),
        _ => field(column),
    }
}

/// The first and the last day of a month, in days since 1970.
fn days_of(month: i32) -> Result<(i32, i32)> {
    let out = || Error::internal("a month has days");
    let year = i16::try_from(month.div_euclid(12)).map_err(|_| out())?;
    let number = i8::try_from(month.rem_euclid(12) + 1).map_err(|_| out())?;
    let first = Date::new(year, number, 1).map_err(|_| out())?;
    let since = |day: Date| (day - Date::constant(1970, 1, 1)).get_days();
    Ok((since(first), since(first.last_of_month())))
}

/// Whether a row group may have rows of some days, as far as it says.
fn may_hold(group: &RowGroupMetaData, (first, last): (i32, i32)) -> bool {
    let days = group.columns().iter().find(|column| {
        column.column_path().parts().first().is_some_and(|name| name == columns::DATE.name)
    });
    match days.and_then(|days| days.statistics()) {
        Some(Statistics::Int32(days)) => match (days.min_opt(), days.max_opt()) {
            (Some(least), Some(most)) => *least <= last && *most >= first,
            _ => true,
        },
        _ => true,
    }
}
