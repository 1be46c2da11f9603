//! The rows that an engine wrote are read back month by month, whatever files it made of them.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::file::metadata::PageIndexPolicy;
use polars::prelude::DataFrame;
use rayon::prelude::*;

use crate::error::Result;
use crate::run::asked::exchange::in_schema;
use crate::run::asked::ground::is_data;
use crate::run::frames;
use crate::run::parquet::{failed, read_groups};
use crate::run::staging::months;
use crate::run::store::Store;
use crate::vocabulary::columns;
use crate::vocabulary::schema::{field, schema};
use crate::vocabulary::tables::CLEAN_ACTIVITES;

/// Files, and where each has the rows of a month.
pub(super) struct Parts<'a> {
    store: &'a Store,
    files: Vec<File>,
    schema: SchemaRef,
}

struct File {
    name: String,
    metadata: ArrowReaderMetadata,
    /// Of each row group, its rows one behind the other.
    groups: Vec<Vec<Run>>,
}

/// Rows of one month that follow each other in a row group. An engine sorts, so they are few; one
/// that does not costs memory, and no row.
struct Run {
    month: i32,
    rows: Range<usize>,
}

/// The columns that come back beside those of clean activities.
pub(super) const BESIDE: [columns::Column; 3] =
    [columns::SEGMENT, columns::LIGNE, columns::RAISONS];

impl<'a> Parts<'a> {
    /// The files of a folder.
    pub(super) fn open(store: &'a Store, folder: &str) -> Result<Self> {
        let mut names = store.files_below(folder)?;
        names.retain(|name| is_data(name));
        let files: Result<Vec<File>> =
            names.into_par_iter().map(|name| File::open(store, name)).collect();
        let clean = schema(&CLEAN_ACTIVITES);
        let fields = clean.fields().iter().cloned();
        let fields = fields.chain(BESIDE.iter().map(|column| Arc::new(beside(column))));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<Arc<Field>>>()));
        Ok(Self { store, files: files?, schema })
    }

    /// Hands over the rows of a month, piece by piece.
    pub(super) fn each(
        &self,
        month: i32,
        see: &mut dyn FnMut(DataFrame) -> Result<()>,
    ) -> Result<()> {
        for file in &self.files {
            let (groups, rows) = file.of_month(month);
            if groups.is_empty() {
                continue;
            }
            let found = self.store.file(&file.name)?;
            for batch in read_groups(found, &file.metadata, (groups, None, Some(rows)))? {
                let rows = in_schema(&batch?, &self.schema)?;
                see(frames::to_frame(&self.schema, std::slice::from_ref(&rows))?)?;
            }
        }
        Ok(())
    }
}

impl File {
    fn open(store: &Store, name: String) -> Result<Self> {
        // With the index of its pages, those of other months are not even read.
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&store.file(&name)?, options).map_err(failed)?;
        let groups = (0..metadata.metadata().num_row_groups()).map(|group| {
            let days = Some([columns::DATE.name].as_slice());
            let mut runs: Vec<Run> = Vec::new();
            let mut row = 0;
            for batch in read_groups(store.file(&name)?, &metadata, (vec![group], days, None))? {
                for month in months(&batch?)? {
                    match runs.last_mut().filter(|run| run.month == month) {
                        Some(run) => run.rows.end = row + 1,
                        None => runs.push(Run { month, rows: row..row + 1 }),
                    }
                    row += 1;
                }
            }
            Ok(runs)
        });
        let groups = groups.collect::<Result<_>>()?;
        Ok(Self { name, metadata, groups })
    }

    /// The row groups that have rows of a month, and which of their rows they are.
    fn of_month(&self, month: i32) -> (Vec<usize>, RowSelection) {
        let (mut groups, mut ranges, mut before) = (Vec::new(), Vec::new(), 0);
        for (number, runs) in self.groups.iter().enumerate() {
            let own: Vec<Range<usize>> = runs
                .iter()
                .filter(|run| run.month == month)
                .map(|run| before + run.rows.start..before + run.rows.end)
                .collect();
            if !own.is_empty() {
                groups.push(number);
                ranges.extend(own);
                before += runs.last().map_or(0, |run| run.rows.end);
            }
        }
        (groups, RowSelection::from_consecutive_ranges(ranges.into_iter(), before))
    }
}

/// A column of [`BESIDE`]; a segment is told by its number.
fn beside(column: &columns::Column) -> Field {
    match *column {
        columns::SEGMENT => Field::new(column.name, DataType::Int64, false),
        _ => field(column),
    }
}
