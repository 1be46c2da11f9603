//! The folder of the warehouse through which tables go to an engine, and come back.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use polars::prelude::DataFrame;
use rayon::prelude::*;

use crate::aggregate::sql::Dialect;
use crate::engine::client::Engine;
use crate::error::{Error, Result};
use crate::run::asked::Asked;
use crate::run::frames;
use crate::run::manifest::Segment;
use crate::run::parquet::{self, Description, Writer, write_rows};
use crate::run::staged::lacking;
use crate::run::store::Store;
use crate::vocabulary::columns;

/// The folder; nothing in it outlives the stage.
pub(super) const FOLDER: &str = "exchange";

/// Small segments read at once.
const SEGMENTS_READ: usize = 32;

/// An engine, and what it shares with this program.
pub(super) struct Exchange<'a> {
    engine: &'a Engine,
    asked: &'a Asked<'a>,
    store: &'a Store,
}

impl<'a> Exchange<'a> {
    /// Begins with an empty folder.
    pub(super) fn new(asked: &'a Asked<'a>, store: &'a Store) -> Result<Self> {
        store.remove_folder(FOLDER)?;
        Ok(Self { engine: asked.engine()?, asked, store })
    }

    /// What is in the folder is of no use any more.
    pub(super) fn end(self) -> Result<()> {
        self.asked.clear()?;
        self.store.remove_folder(FOLDER)
    }

    /// A file of the warehouse, or a folder that the engine wrote, as a relation.
    pub(super) fn relation(&self, name: &str) -> Result<String> {
        self.asked.offer(self.store, name)?;
        Ok(Dialect::Spark.parquet(&self.asked.location(self.store, name)?))
    }

    /// Gives a table; returns it as a relation.
    pub(super) fn give(&self, name: &str, rows: &DataFrame) -> Result<String> {
        let name = format!("{FOLDER}/{name}.parquet");
        write_rows(self.store.draft(&name)?, &frames::batch_of(rows)?)?;
        self.relation(&name)
    }

    /// Puts segments that have rows together, each row with the number of its own; returns the
    /// file.
    pub(super) fn gather(&self, source: &str, segments: &[(usize, &Segment)]) -> Result<String> {
        let name = format!("{FOLDER}/{source}.parquet");
        let mut writer: Option<Writer> = None;
        let nothing = Description { sorted_by: Vec::new(), metadata: Vec::new() };
        for some in segments.chunks(SEGMENTS_READ) {
            let read: Result<Vec<Vec<RecordBatch>>> =
                some.par_iter().map(|(number, segment)| self.numbered(*number, segment)).collect();
            for rows in read?.iter().flatten() {
                let writer = match &mut writer {
                    Some(writer) => writer,
                    None => {
                        let draft = self.store.draft(&name)?;
                        writer.insert(Writer::new(draft, rows.schema(), &nothing)?)
                    }
                };
                writer.write(rows)?;
            }
        }
        writer.ok_or_else(lacking)?.commit()?;
        Ok(name)
    }

    fn numbered(&self, number: usize, segment: &Segment) -> Result<Vec<RecordBatch>> {
        let number = i64::try_from(number).map_err(|_| Error::internal("few segments"))?;
        let rows = parquet::read(self.store.file(&segment.rows.path)?, None, None)?;
        rows.map(|batch| numbered(&batch?, number)).collect()
    }

    /// Has the engine write the rows of a query; returns the folder they are in.
    pub(super) fn make(&self, name: &str, query: &str) -> Result<String> {
        let name = format!("{FOLDER}/{name}");
        let path =
            self.asked.location(self.store, &name)?.replace('\\', "\\\\").replace('\'', "\\'");
        self.engine.tell(&format!("INSERT OVERWRITE DIRECTORY '{path}' USING parquet\n{query}"))?;
        Ok(name)
    }

    /// Brings what the engine wrote in a folder to this machine.
    pub(super) fn collect(&self, folder: &str) -> Result<()> {
        self.asked.collect(self.store, folder)
    }

    /// The rows that answer a query, in columns of some names and types.
    pub(super) fn ask(&self, query: &str, columns: &[(&str, DataType)]) -> Result<RecordBatch> {
        let fields = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let answer = self.engine.ask(query)?;
        let cast: Result<Vec<RecordBatch>> =
            answer.iter().map(|batch| in_schema(batch, &schema)).collect();
        Ok(concat_batches(&schema, &cast?)?)
    }

    /// The distinct texts that answer a query, as a frame.
    pub(super) fn texts(&self, query: &str, names: &[&str]) -> Result<DataFrame> {
        let columns: Vec<(&str, DataType)> =
            names.iter().map(|name| (*name, DataType::Utf8)).collect();
        let rows = self.ask(query, &columns)?;
        frames::to_frame(&rows.schema(), &[rows])
    }

    /// The numbers of the one row that answers a query; none where it has nothing.
    pub(super) fn numbers<const N: usize>(
        &self,
        query: &str,
        names: [&str; N],
    ) -> Result<[Option<i64>; N]> {
        let rows = self.ask(query, &names.map(|name| (name, DataType::Int64)))?;
        if rows.num_rows() != 1 {
            return Err(Error::internal("numbers are asked for in one row"));
        }
        let columns = rows.columns().iter();
        let numbers = columns.map(|column| column.as_primitive::<Int64Type>().iter().next());
        let numbers: Vec<Option<i64>> = numbers.map(Option::flatten).collect();
        numbers.try_into().map_err(|_| Error::internal("as many numbers as names"))
    }
}

/// Rows with the number of their segment.
fn numbered(rows: &RecordBatch, number: i64) -> Result<RecordBatch> {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![number; rows.num_rows()]));
    let field = Field::new(columns::SEGMENT.name, DataType::Int64, false);
    let fields: Vec<Arc<Field>> =
        rows.schema_ref().fields().iter().cloned().chain([Arc::new(field)]).collect();
    let arrays = rows.columns().iter().cloned().chain([numbers]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// The columns of a schema, by their names, of a batch that an engine made in types of its own.
pub(super) fn in_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let column = |field: &Arc<Field>| {
        let column = batch.column_by_name(field.name());
        let column = column.ok_or_else(|| {
            Error::internal(format!("the engine gives no column `{}`", field.name()))
        })?;
        Ok(cast(column, field.data_type())?)
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
