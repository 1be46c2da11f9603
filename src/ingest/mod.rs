//! Raw bytes become typed rows: every record is either a row or a reject with a reason.

pub mod archive;
mod batch;
mod cell;
pub mod dataset;
mod edn;
mod elements;
mod extract;
mod fields;
mod fixed;
mod guarded;
mod loose;
mod official;
mod plan;
pub mod pseudonym;
mod record;
mod records;
mod runs;
mod scan;
mod sheet;
mod thrift;
pub mod time;
mod value;

use std::io::Read;

use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use crate::definition::codelist::Lists;
use crate::definition::employer_rules::EmployerRules;
use crate::definition::source::{Container, Quotes, Source};
use crate::error::{Error, Result};
use crate::ingest::batch::Rows;
use crate::ingest::elements::Elements;
use crate::ingest::extract::Extract;
use crate::ingest::plan::Plan;
use crate::ingest::record::{Refusal, Scratch};
use crate::ingest::records::{Block, Blocks, Reader, Record, unreadable};
use crate::ingest::sheet::Sheet;
use crate::vocabulary::reject::{Reject, reasons};

/// Changes when the same bytes and declaration would give other rows.
pub const READER_VERSION: u32 = 7;

/// Records parsed by one task; fixed, so that batches do not depend on the number of threads.
const RECORDS_PER_TASK: usize = 512;

/// What reading needs beside the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Code lists.
    pub lists: &'a Lists,
    /// Name rules of employers.
    pub employer_rules: &'a EmployerRules,
    /// Key of the pseudonyms.
    pub key: &'a pseudonym::Key,
}

/// Rows and rejects of some consecutive records.
#[derive(Debug)]
pub struct Parsed {
    /// Typed rows, in the order of the file.
    pub rows: RecordBatch,
    /// Refused records, by line.
    pub rejects: Vec<Reject>,
}

/// What was met in an input.
#[derive(Debug)]
pub struct Met {
    /// Records: rows + rejects + merged.
    pub records: u64,
    /// Rows of a sheet that went into the record of an earlier row.
    pub merged: u64,
    /// Columns that the source neither reads nor drops.
    pub unknown_columns: Vec<String>,
}

/// Bytes of an input that must be read whole, at most.
const WHOLE_MAX: u64 = 1 << 30;

/// Reads a whole input, laid out as `container`, as `source` declares it and hands over its rows,
/// piece by piece, in the order of the file.
///
/// # Errors
/// When the file cannot be read, has no content, or lacks a declared column; and what `emit` says.
pub fn ingest<'r>(
    (source, container): (&Source, Container),
    context: Context<'_>,
    input: impl Read + Send + 'r,
    emit: &mut (dyn FnMut(Parsed) -> Result<()> + Send),
) -> Result<Met> {
    let (plan, mut reader, merged) = open((source, container), context, input)?;
    let mut records = merged;
    let mut block = reader.next_block()?;
    let mut parsed: Vec<Parsed> = Vec::new();
    // While a block is parsed, the rows of the one before are handed over and the next one is read.
    while block.is_some() || !parsed.is_empty() {
        let (now, next) = rayon::join(
            || block.as_ref().map_or(Ok(Vec::new()), |block| parse(&plan, block)),
            || -> Result<Option<Block>> {
                for piece in parsed {
                    records += rows(&piece.rows)? + rows_of(piece.rejects.len())?;
                    emit(piece)?;
                }
                if block.is_some() { reader.next_block() } else { Ok(None) }
            },
        );
        (block, parsed) = (next?, now?);
    }
    plan.check_seen(source, records)?;
    Ok(Met { records, merged, unknown_columns: plan.unknown_columns() })
}

/// The compiled declaration, the records of the input, and how many rows were merged.
fn open<'a, 'r>(
    (source, container): (&'a Source, Container),
    context: Context<'a>,
    input: impl Read + Send + 'r,
) -> Result<(Plan<'a>, Box<dyn Reader + Send + 'r>, u64)> {
    Ok(match container {
        Container::Csv => {
            let mut blocks = Blocks::of_csv(input, source.encoding, delimiter(source)?);
            if source.quotes == Quotes::None {
                blocks = blocks.without_quotes();
            }
            let header = blocks.header()?;
            let plan = Plan::of_csv(source, context, &header)?;
            blocks.expect_fields(plan.field_count(), source.absorbs.is_some());
            (plan, Box::new(blocks), 0)
        }
        Container::Jsonl => {
            let mut blocks = Blocks::of_lines(input, source.encoding);
            blocks.require_content()?;
            (Plan::of_objects(source, context)?, Box::new(blocks), 0)
        }
        Container::Json => {
            let elements = Elements::new(input, source.records.as_deref());
            (Plan::of_objects(source, context)?, Box::new(elements), 0)
        }
        Container::Xlsx => {
            let sheet = Sheet::open(whole(input)?, source)?;
            let plan = Plan::of_columns(source, context, &sheet.names)?;
            let merged = sheet.merged;
            (plan, Box::new(sheet), merged)
        }
        Container::Parquet => {
            let is_read = |name: &str| {
                let mut places = source.columns.values().flat_map(|mapping| mapping.from.all());
                places.any(|place| plan::plain(place) == plan::plain(name))
            };
            let extract = Extract::open(whole(input)?, source.lists, &is_read)?;
            (Plan::of_columns(source, context, &extract.names)?, Box::new(extract), 0)
        }
    })
}

fn whole(input: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = input.take(WHOLE_MAX + 1).read_to_end(&mut bytes);
    limit.map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(Error::no_input("the file is empty")
            .hint("was the export interrupted? ask for it again or take the file away"));
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > WHOLE_MAX) {
        return Err(too_large_whole());
    }
    Ok(bytes)
}

fn too_large_whole() -> Error {
    Error::data("the file is larger than 1 GiB and cannot be read in pieces")
        .hint("split it, or ask for the same extract as CSV")
}

fn delimiter(source: &Source) -> Result<u8> {
    source
        .delimiter
        .and_then(|c| u8::try_from(c).ok())
        .ok_or_else(|| Error::internal("a CSV source has a one-byte delimiter"))
}

fn rows(batch: &RecordBatch) -> Result<u64> {
    rows_of(batch.num_rows())
}

fn rows_of(count: usize) -> Result<u64> {
    u64::try_from(count).map_err(|_| Error::internal("a row count fits 64 bits"))
}

fn parse(plan: &Plan<'_>, block: &Block) -> Result<Vec<Parsed>> {
    let mut parsed: Vec<Parsed> = block
        .records
        .par_chunks(RECORDS_PER_TASK)
        .map(|records| {
            let mut rows = Rows::new(plan.table, records.len());
            let mut scratch = Scratch::new(plan);
            let mut rejects = Vec::new();
            for record in records {
                parse_one(plan, (block, record), &mut scratch, (&mut rows, &mut rejects))?;
            }
            Ok(Parsed { rows: rows.finish()?, rejects })
        })
        .collect::<Result<_>>()?;
    merge_broken(plan, &mut parsed, block)?;
    Ok(parsed)
}

fn parse_one(
    plan: &Plan<'_>,
    (block, record): (&Block, &Record),
    scratch: &mut Scratch,
    (rows, rejects): (&mut Rows, &mut Vec<Reject>),
) -> Result<()> {
    let Ok(text) = std::str::from_utf8(block.bytes_of(record)) else {
        rejects.push(Reject::of_shape(record.line, reasons::ENCODING));
        return Ok(());
    };
    plan.read(text, scratch, &mut |scratch, outcome| match outcome {
        Ok(()) => rows.push(record.line, scratch),
        Err(refusal) => {
            rejects.push(reject(plan, record, refusal, scratch));
            Ok(())
        }
    })
}

fn reject(plan: &Plan<'_>, record: &Record, refusal: Refusal, scratch: &Scratch) -> Reject {
    let is_cut = !record.has_line_end && refusal.is_of_shape();
    // Behind the place of the record itself, which the caller knows how to name.
    let place = match (&plan.each, refusal.element) {
        (Some(each), Some(element)) => format!(".{}[{element}]", each.join(".")),
        _ => String::new(),
    };
    let reasons = if is_cut { vec![reasons::TRUNCATED.to_owned()] } else { refusal.reasons };
    let (structure, participants) = (scratch.structure(), scratch.participants());
    Reject { line: record.line, place, structure, reasons, participants, minutes: 0 }
}

/// Records that could not even be cut out belong to the first piece of their block.
fn merge_broken(plan: &Plan<'_>, parsed: &mut Vec<Parsed>, block: &Block) -> Result<()> {
    if parsed.is_empty() {
        let rows = Rows::new(plan.table, 0).finish()?;
        parsed.push(Parsed { rows, rejects: Vec::new() });
    }
    if let Some(first) = parsed.first_mut() {
        let broken = block.broken.iter().map(|(line, reason)| Reject::of_shape(*line, reason));
        first.rejects.extend(broken);
    }
    Ok(())
}
