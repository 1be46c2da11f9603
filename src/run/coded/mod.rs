//! Columns of codes and numbers become an encoded row group of a Parquet file.

mod bounds;
mod chunk;
pub mod file;
mod ids;
pub mod layout;
mod numbers;
mod runs;
mod texts;

use std::cell::RefCell;

use bytes::Bytes;
use parquet::basic::{ConvertedType, Type};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::writer::TrackedWrite;
use parquet::schema::types::ColumnDescPtr;

use crate::column::Texts;
use crate::error::{Error, Result};
use crate::run::coded::bounds::Bound;
use crate::run::coded::chunk::{Chunk, Press};
use crate::run::coded::ids::{append_binary, append_hex};
use crate::run::coded::layout::Layout;
use crate::run::coded::numbers::{NumberSpace, append_numbers, append_plain_numbers};
use crate::run::coded::texts::{TextSpace, append_texts};
use crate::run::parquet::failed;

/// The values of one column in one row group.
#[derive(Clone, Copy)]
pub enum Cells<'a> {
    /// Texts by their codes, 0 for none.
    Codes {
        /// A code a row.
        codes: &'a [u32],
        /// Gives the text of a code.
        texts: &'a (dyn Texts + Sync),
    },
    /// Identifiers, written as text; there is one in each row.
    Hex {
        /// An identifier a row.
        ids: &'a [u128],
        /// How many of the last hexadecimal digits are written.
        digits: usize,
    },
    /// Identifiers, written as sixteen bytes; there is one in each row.
    Binary(&'a [u128]),
    /// Counts; the least number means none.
    Counts(&'a [i32]),
    /// Days since 1970; the least number means none.
    Days(&'a [i32]),
    /// Microseconds since 1970, UTC; the least number means none.
    Instants(&'a [i64]),
    /// Sums; the least number means none.
    Sums(&'a [i64]),
}

impl Cells<'_> {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Cells::Codes { codes, .. } => codes.len(),
            Cells::Hex { ids, .. } | Cells::Binary(ids) => ids.len(),
            Cells::Counts(numbers) | Cells::Days(numbers) => numbers.len(),
            Cells::Instants(numbers) | Cells::Sums(numbers) => numbers.len(),
        }
    }

    /// What the schema says of a column that may hold them: type, meaning and size.
    fn declared(&self) -> (Type, ConvertedType, i32) {
        match self {
            Cells::Codes { .. } | Cells::Hex { .. } => (Type::BYTE_ARRAY, ConvertedType::UTF8, -1),
            Cells::Binary(_) => (Type::FIXED_LEN_BYTE_ARRAY, ConvertedType::NONE, 16),
            Cells::Counts(_) => (Type::INT32, ConvertedType::NONE, -1),
            Cells::Days(_) => (Type::INT32, ConvertedType::DATE, -1),
            Cells::Instants(_) => (Type::INT64, ConvertedType::TIMESTAMP_MICROS, -1),
            Cells::Sums(_) => (Type::INT64, ConvertedType::NONE, -1),
        }
    }
}

/// A row group, ready to be appended to a file of its layout.
pub struct EncodedGroup {
    /// The pages of all columns, one after the other.
    pub bytes: Bytes,
    /// What each column is; its places count from the start of the bytes.
    pub columns: Vec<ColumnCloseResult>,
    /// Number of rows.
    pub rows: usize,
}

impl std::fmt::Debug for EncodedGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncodedGroup({} rows, {} bytes)", self.rows, self.bytes.len())
    }
}

/// Space that one row group leaves to the next on the same thread: fresh memory is dear.
#[derive(Default)]
struct Space {
    press: Press,
    texts: TextSpace,
    numbers: NumberSpace,
    ids: Vec<u8>,
}

thread_local! {
    static SPACE: RefCell<Space> = RefCell::default();
}

/// Encodes one row group; depends on nothing but its arguments, and may run on any thread.
///
/// # Errors
/// When columns differ in length or do not fit the layout, or a code has no text.
pub fn encode(group: &[Cells<'_>], layout: &Layout) -> Result<EncodedGroup> {
    SPACE.with(|space| {
        let mut space = space
            .try_borrow_mut()
            .map_err(|_| Error::internal("a thread encodes one row group at a time"))?;
        encode_with(group, layout, &mut space)
    })
}

fn encode_with(group: &[Cells<'_>], layout: &Layout, space: &mut Space) -> Result<EncodedGroup> {
    let descrs = layout.schema().columns();
    if group.len() != descrs.len() {
        let (found, expected) = (group.len(), descrs.len());
        return Err(Error::internal(format!("a table has {expected} columns, found {found}")));
    }
    let rows = group.first().map_or(0, Cells::rows);
    let mut columns = Vec::with_capacity(group.len());
    let mut bytes = TrackedWrite::new(Vec::new());
    for (cells, descr) in group.iter().zip(descrs) {
        let name = descr.name();
        if cells.rows() != rows {
            let found = cells.rows();
            return Err(Error::internal(format!(
                "the column `{name}` has {rows} rows as the others have, found {found}"
            )));
        }
        let declared = (descr.physical_type(), descr.converted_type(), descr.type_length());
        if cells.declared() != declared || descr.max_def_level() != 1 || descr.max_rep_level() != 0
        {
            let found = cells.declared();
            return Err(Error::internal(format!(
                "the column `{name}` is flat and of type {declared:?}, found {found:?}"
            )));
        }
        columns.push(encode_column(*cells, descr, layout, (space, &mut bytes))?);
    }
    let bytes = Bytes::from(bytes.into_inner().map_err(failed)?);
    Ok(EncodedGroup { bytes, columns, rows })
}

fn encode_column(
    cells: Cells<'_>,
    descr: &ColumnDescPtr,
    layout: &Layout,
    (space, bytes): (&mut Space, &mut TrackedWrite<Vec<u8>>),
) -> Result<ColumnCloseResult> {
    let Space { press, texts: text_space, numbers: number_space, ids: id_space } = space;
    let start = (descr, layout, press, bytes);
    match cells {
        Cells::Codes { codes, texts } => {
            chunk(start, |chunk| append_texts(codes, texts, text_space, chunk))
        }
        Cells::Hex { ids, digits } => {
            chunk(start, |chunk| append_hex(ids, digits, id_space, chunk))
        }
        Cells::Binary(ids) => chunk(start, |chunk| append_binary(ids, id_space, chunk)),
        Cells::Counts(numbers) | Cells::Days(numbers) => {
            chunk(start, |chunk| append_numbers(numbers, number_space, chunk))
        }
        Cells::Instants(numbers) | Cells::Sums(numbers) => {
            chunk(start, |chunk| append_plain_numbers(numbers, number_space, chunk))
        }
    }
}

fn chunk<B: Bound>(
    (descr, layout, press, bytes): (
        &ColumnDescPtr,
        &Layout,
        &mut Press,
        &mut TrackedWrite<Vec<u8>>,
    ),
    append: impl FnOnce(&mut Chunk<'_, B>) -> Result<()>,
) -> Result<ColumnCloseResult> {
    let mut chunk = Chunk::new(descr.clone(), layout.compression(), press, bytes);
    append(&mut chunk)?;
    chunk.close()
}

#[cfg(test)]
mod tests;
