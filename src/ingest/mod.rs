//! Raw bytes become typed rows: every record is either a row or a reject with a reason.

mod batch;
mod cell;
mod fields;
mod json;
mod plan;
pub mod pseudonym;
mod records;
mod time;

use std::io::Read;

use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use crate::definition::codelist::Lists;
use crate::definition::employer_rules::EmployerRules;
use crate::definition::source::{Container, Source};
use crate::error::{Error, Result};
use crate::ingest::batch::Rows;
use crate::ingest::plan::Plan;
use crate::ingest::records::{Block, Blocks, Record};
use crate::vocabulary::reject::{Reject, reasons};

/// Changes when the same bytes and declaration would give other rows.
pub const READER_VERSION: u32 = 1;

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
    /// Records: rows + rejects.
    pub records: u64,
    /// Columns that the source neither reads nor drops.
    pub unknown_columns: Vec<String>,
}

/// Reads a whole input as `source` declares it and hands over its rows, piece by piece, in the
/// order of the file.
///
/// # Errors
/// When the file cannot be read, has no content, or lacks a declared column; and what `emit` says.
pub fn ingest(
    source: &Source,
    context: Context<'_>,
    input: impl Read,
    emit: &mut dyn FnMut(Parsed) -> Result<()>,
) -> Result<Met> {
    let mut blocks = match source.container {
        Container::Csv => Blocks::of_csv(input, source.encoding, delimiter(source)?),
        Container::Jsonl => Blocks::of_lines(input, source.encoding),
    };
    let plan = match source.container {
        Container::Csv => {
            let header = blocks.header()?;
            let plan = Plan::of_csv(source, context, &header)?;
            blocks.expect_fields(plan.field_count());
            plan
        }
        Container::Jsonl => {
            blocks.require_content()?;
            Plan::of_jsonl(source, context)?
        }
    };
    let mut records = 0;
    while let Some(block) = blocks.next_block()? {
        let mut parsed = parse(&plan, &block)?;
        merge_broken(&plan, &mut parsed, &block)?;
        for piece in parsed {
            records += rows(&piece.rows)? + rows_of(piece.rejects.len())?;
            emit(piece)?;
        }
    }
    plan.check_seen(records)?;
    Ok(Met { records, unknown_columns: plan.unknown_columns() })
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
    block
        .records
        .par_chunks(RECORDS_PER_TASK)
        .map(|records| {
            let mut rows = Rows::new(plan.table(), records.len());
            let mut scratch = plan.scratch();
            let mut rejects = Vec::new();
            for record in records {
                if let Some(reject) = parse_one(plan, block, record, &mut scratch, &mut rows)? {
                    rejects.push(reject);
                }
            }
            Ok(Parsed { rows: rows.finish()?, rejects })
        })
        .collect()
}

fn parse_one<'b>(
    plan: &Plan<'_>,
    block: &'b Block,
    record: &Record,
    scratch: &mut plan::Scratch,
    rows: &mut Rows,
) -> Result<Option<Reject>> {
    let bytes: &'b [u8] = block.bytes_of(record);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Some(Reject::of_shape(record.line, reasons::ENCODING)));
    };
    match plan.read(text, scratch) {
        Ok(()) => {
            rows.push(record.line, scratch)?;
            Ok(None)
        }
        Err(mut found) => {
            if !record.has_line_end && plan::is_shape(&found) {
                found = vec![reasons::TRUNCATED.to_owned()];
            }
            let participants = scratch.participants();
            Ok(Some(Reject { line: record.line, reasons: found, participants, minutes: 0 }))
        }
    }
}

/// Records that could not even be cut out belong to the first piece of their block.
fn merge_broken(plan: &Plan<'_>, parsed: &mut Vec<Parsed>, block: &Block) -> Result<()> {
    if parsed.is_empty() {
        let rows = Rows::new(plan.table(), 0).finish()?;
        parsed.push(Parsed { rows, rejects: Vec::new() });
    }
    if let Some(first) = parsed.first_mut() {
        let broken = block.broken.iter().map(|(line, reason)| Reject::of_shape(*line, reason));
        first.rejects.extend(broken);
    }
    Ok(())
}
