//! The files of a table become a frame: of the columns and row groups that a plan asks for.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use arrow::array::ArrayRef;
use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::run::parquet::failed;
use crate::run::query::catalogue::Part;
use crate::run::query::values;
use crate::run::query::{Failure, refused};
use crate::run::store;

/// Bears what a condition says of each row; no file has a column of this name.
const KEPT: &str = "\u{1}kept";

/// A table as polars scans it.
pub(super) struct Relation {
    schema: SchemaRef,
    files: Vec<Opened>,
    groups: Vec<Group>,
    failure: Failure,
}

/// A file whose footer is read.
struct Opened {
    path: PathBuf,
    /// With texts as codes where the file has them so.
    footer: ArrowReaderMetadata,
    partition: Option<(String, i64)>,
}

/// A row group.
#[derive(Clone, Copy)]
struct Group {
    file: usize,
    place: usize,
    rows: usize,
}

impl Relation {
    /// Reads the footers of the files of a table; they have the columns of the first one.
    ///
    /// # Errors
    /// When one cannot be read, or there is none.
    pub(super) fn open(parts: &[Part], failure: Failure) -> Result<Self> {
        let files: Vec<Opened> = parts.iter().map(Opened::new).collect::<Result<_>>()?;
        let first = files.first().ok_or_else(|| Error::internal("a table has a file"))?;
        let mut schema = Schema::default();
        for field in first.footer.schema().fields() {
            schema.insert(field.name().as_str().into(), values::kind(field)?);
        }
        if let Some((name, _)) = &first.partition {
            schema.insert(name.as_str().into(), DataType::Int64);
        }
        let groups = files.iter().enumerate().flat_map(|(file, opened)| {
            let groups = opened.footer.metadata().row_groups().iter().enumerate();
            groups.map(move |(place, group)| Group {
                file,
                place,
                rows: usize::try_from(group.num_rows()).unwrap_or_default(),
            })
        });
        let groups = groups.collect();
        Ok(Self { schema: Arc::new(schema), files, groups, failure })
    }

    /// Names and types of the columns.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Columns of some row groups, one below the other.
    fn read(&self, groups: &[Group], names: &[PlSmallStr]) -> Result<DataFrame> {
        let all = vec![None; groups.len()];
        self.read_kept(groups, names, &all)
    }

    /// The same, of rows that are kept where that is said.
    fn read_kept(
        &self,
        groups: &[Group],
        names: &[PlSmallStr],
        kept: &[Option<BooleanChunked>],
    ) -> Result<DataFrame> {
        let read = groups.par_iter().zip(kept).map(|(group, kept)| {
            let frame = self.read_group(*group, names)?;
            Ok(kept.as_ref().map_or(Ok(frame.clone()), |kept| frame.filter(kept))?)
        });
        let frames: Vec<DataFrame> = read.collect::<Result<_>>()?;
        if names.is_empty() {
            let rows = frames.iter().map(DataFrame::height).sum();
            return Ok(DataFrame::empty_with_height(rows));
        }
        let mut below = self.nothing(names)?;
        for frame in frames {
            below.vstack_mut_owned(frame)?;
        }
        Ok(below)
    }

    fn nothing(&self, names: &[PlSmallStr]) -> Result<DataFrame> {
        let mut schema = Schema::default();
        for name in names {
            schema.insert(name.clone(), self.schema.try_get(name)?.clone());
        }
        Ok(DataFrame::empty_with_schema(&schema))
    }

    fn read_group(&self, group: Group, names: &[PlSmallStr]) -> Result<DataFrame> {
        let file = self.files.get(group.file).ok_or_else(|| Error::internal("a file is there"))?;
        let partition = |name: &str| match &file.partition {
            Some((column, value)) if column == name => Some(*value),
            _ => None,
        };
        let stored: Vec<&str> =
            names.iter().map(PlSmallStr::as_str).filter(|name| partition(name).is_none()).collect();
        let arrays = file.arrays(group, &stored)?;
        let mut arrays = arrays.into_iter();
        let columns = names.iter().map(|name| match partition(name) {
            Some(value) => Ok(Column::new_scalar(name.clone(), value.into(), group.rows)),
            None => {
                let arrays = arrays.next().unwrap_or_default();
                values::column(name, self.schema.try_get(name)?, &arrays)
            }
        });
        Ok(DataFrame::new(group.rows, columns.collect::<Result<_>>()?)?)
    }

    /// Rows that fulfil a condition: its columns are read first, the others of row groups only that
    /// have such rows.
    fn read_where(&self, names: &[PlSmallStr], condition: &Expr) -> Result<DataFrame> {
        let asked: Vec<PlSmallStr> = names
            .iter()
            .filter(|name| {
                condition
                    .into_iter()
                    .any(|it| matches!(it, Expr::Column(column) if column == *name))
            })
            .cloned()
            .collect();
        if asked.is_empty() {
            let frame = self.read(&self.groups, names)?;
            return frame.lazy().filter(condition.clone()).collect().map_err(refused);
        }
        let told = self.read(&self.groups, &asked)?;
        let verdict = told.clone().lazy().select([condition.clone().alias(KEPT)]);
        let verdict = verdict.collect().map_err(refused)?;
        let verdict = verdict.column(KEPT)?.bool()?.fill_null_with_values(false)?;
        if verdict.len() != told.height() {
            let all = self.read(&self.groups, names)?.lazy().filter(condition.clone());
            return all.collect().map_err(refused);
        }
        let mut groups = Vec::new();
        let mut kept = Vec::new();
        let mut start = 0;
        for group in &self.groups {
            let of_group = verdict.slice(start, group.rows);
            start += i64::try_from(group.rows).unwrap_or_default();
            if of_group.any() {
                groups.push(*group);
                kept.push((!of_group.all()).then_some(of_group));
            }
        }
        let told = told.filter(&verdict)?;
        let others: Vec<PlSmallStr> =
            names.iter().filter(|name| !asked.contains(name)).cloned().collect();
        let others = self.read_kept(&groups, &others, &kept)?;
        Ok(told.hstack(others.columns())?.select(names)?)
    }

    fn answer(&self, args: &AnonymousScanArgs) -> Result<DataFrame> {
        let names: Vec<PlSmallStr> = match &args.with_columns {
            Some(names) => names.to_vec(),
            None => self.schema.iter_names_cloned().collect(),
        };
        if let Some(condition) = args.predicate.as_ref().and_then(told) {
            return self.read_where(&names, &condition);
        }
        // With a condition that is not told, the first rows need not be those wanted.
        let wanted = args.n_rows.filter(|_| args.predicate.is_none());
        let Some(wanted) = wanted else { return self.read(&self.groups, &names) };
        let mut rows = 0;
        let until = self.groups.iter().position(|group| {
            rows += group.rows;
            rows >= wanted
        });
        let groups = self.groups.get(..=until.unwrap_or(usize::MAX - 1)).unwrap_or(&self.groups);
        Ok(self.read(groups, &names)?.head(Some(wanted)))
    }
}

/// What a condition says by itself. The rest is what the first rows of a sorted answer have shown
/// so far, which only spares work and has no words.
fn told(condition: &Expr) -> Option<Expr> {
    match condition {
        Expr::Display { fmt_str, .. } if fmt_str.starts_with("dynamic_pred") => None,
        Expr::BinaryExpr { left, op: op @ (Operator::And | Operator::LogicalAnd), right } => {
            match (told(left), told(right)) {
                (Some(left), Some(right)) => {
                    Some(Expr::BinaryExpr { left: Arc::new(left), op: *op, right: Arc::new(right) })
                }
                (left, right) => left.or(right),
            }
        }
        all => Some(all.clone()),
    }
}

/// Names the file of which something cannot be read.
pub(super) fn damaged(path: &Path, error: Error) -> Error {
    Error { message: format!("`{}`: {}", path.display(), error.message), ..error }
}

impl AnonymousScan for Relation {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn scan(&self, args: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        self.answer(&args).map_err(|error| {
            let text = error.message.clone();
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
            PolarsError::ComputeError(text.into())
        })
    }

    fn schema(&self, _: Option<usize>) -> PolarsResult<SchemaRef> {
        Ok(self.schema())
    }

    fn allows_predicate_pushdown(&self) -> bool {
        true
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }
}

impl Opened {
    fn new(part: &Part) -> Result<Self> {
        let file = store::open(&part.path)?;
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| damaged(&part.path, failed(error)))?;
        let groups = plain.metadata().row_groups();
        let fields = plain.schema().fields().iter().enumerate().map(|(place, field)| {
            let has_codes = groups.iter().all(|group| {
                let column = group.columns().get(place);
                column.is_some_and(|column| column.dictionary_page_offset().is_some())
            });
            values::coded(field, has_codes)
        });
        let schema = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let footer =
            ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(failed)?;
        Ok(Self { path: part.path.clone(), footer, partition: part.partition.clone() })
    }

    /// The arrays of some columns of a row group, in the order of their names.
    fn arrays(&self, group: Group, names: &[&str]) -> Result<Vec<Vec<ArrayRef>>> {
        let mut arrays = vec![Vec::new(); names.len()];
        if names.is_empty() {
            return Ok(arrays);
        }
        let file = store::open(&self.path)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.footer.clone());
        let places = names.iter().map(|name| Ok(self.footer.schema().index_of(name)?));
        let mask =
            ProjectionMask::roots(builder.parquet_schema(), places.collect::<Result<Vec<_>>>()?);
        let reader = builder
            .with_row_groups(vec![group.place])
            .with_projection(mask)
            .with_batch_size(group.rows.max(1));
        for batch in reader.build().map_err(failed)? {
            let batch = batch.map_err(|error| {
                let path = self.path.display();
                Error::data(format!("`{path}` is damaged: {error}"))
                    .because(error)
                    .hint("`conum verify` names what else is; `conum run --force` makes all again")
            })?;
            for (name, arrays) in names.iter().zip(&mut arrays) {
                let array = batch.column_by_name(name);
                arrays.push(Arc::clone(array.ok_or_else(|| Error::internal("a column is read"))?));
            }
        }
        Ok(arrays)
    }
}
