//! Tables of the dictionary are written into the run under construction.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
use crate::run::clean;
use crate::run::job::Job;
use crate::run::log::MACHINES;
use crate::run::manifest::Output;
use crate::run::parquet::{Description, Writer};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::Table;

/// The folder of the run under construction.
pub const BUILDING: &str = "building";

/// Writes rows of a table of the dictionary, already in the order of its key.
///
/// # Errors
/// When the file cannot be written.
pub fn write_table(
    job: &Job<'_>,
    path: &str,
    table: &Table,
    batches: &[RecordBatch],
) -> Result<Output> {
    write_pieces(job, path, table, batches.iter().cloned().map(Ok))
}

/// Writes rows of a table of the dictionary, made piece by piece in the order of its key.
///
/// # Errors
/// When a piece cannot be made, or the file not written.
pub fn write_pieces(
    job: &Job<'_>,
    path: &str,
    table: &Table,
    pieces: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<Output> {
    let description = Description {
        sorted_by: table.key.iter().map(|column| column.name.to_owned()).collect(),
        metadata: metadata(job, (table.name, table.grain, ""), &clean::digest(job))?,
    };
    write_all(job, path, (schema(table), &description), pieces)
}

/// Writes rows of any schema.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    job: &Job<'_>,
    path: &str,
    (schema, description): (SchemaRef, &Description),
    batches: &[RecordBatch],
) -> Result<Output> {
    write_all(job, path, (schema, description), batches.iter().cloned().map(Ok))
}

fn write_all(
    job: &Job<'_>,
    path: &str,
    (schema, description): (SchemaRef, &Description),
    pieces: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<Output> {
    let draft = job.store.draft(&format!("{BUILDING}/{path}"))?;
    let mut writer = Writer::new(draft, schema, description)?;
    for piece in pieces {
        writer.write(&piece?)?;
    }
    let (mut file, rows) = writer.commit()?;
    path.clone_into(&mut file.path);
    let bytes = file.bytes;
    tracing::info!(target: MACHINES, event = "file.written", path, rows, bytes, "File written.");
    Ok(Output { file, rows })
}

/// What a file says of itself; `digest` is that of the declarations it depends on.
///
/// # Errors
/// Never, in principle.
pub fn metadata(
    job: &Job<'_>,
    (table, grain, title): (&str, &str, &str),
    digest: &str,
) -> Result<Vec<(String, String)>> {
    let pipeline = &job.definitions.pipeline;
    let definitions = digest.get(..16).ok_or_else(|| Error::internal("a digest has 64 digits"))?;
    let pairs = [
        ("dataset", pipeline.title.as_str()),
        ("table", table),
        ("title", title),
        ("grain", grain),
        ("definitions_version", definitions),
        ("producer", &pipeline.producer),
        ("licence", &pipeline.licence),
    ];
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(filled.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}
