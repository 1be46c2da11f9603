//! Pages of a column chunk that this program wrote become codes and numbers again.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::column::{Dictionary, NO_COUNT, NO_INSTANT, NO_TEXT, Values};
use crate::error::{Error, Result};
use crate::run::coded::unpack::read_runs;
use crate::run::parquet::failed;

/// The values of a column chunk. Texts get codes of the dictionary.
///
/// # Errors
/// When the chunk is damaged, or has a layout that this program does not write.
pub fn read_chunk(
    file: &Arc<File>,
    chunk: &ColumnChunkMetaData,
    dictionary: Option<&Mutex<Dictionary>>,
) -> Result<Values> {
    let rows = usize::try_from(chunk.num_values()).map_err(|_| damaged("a number of rows"))?;
    let pages = SerializedPageReader::new(Arc::clone(file), chunk, rows, None).map_err(failed)?;
    match (chunk.column_type(), chunk.column_descr().type_length()) {
        (Type::BYTE_ARRAY, _) => {
            let dictionary = dictionary.ok_or_else(|| Error::internal("texts need codes"))?;
            let mut texts = Texts { dictionary, known: Vec::new() };
            Ok(Values::Codes(read(pages, rows, NO_TEXT, &mut texts)?))
        }
        (Type::FIXED_LEN_BYTE_ARRAY, 16) => {
            Ok(Values::Ids(read(pages, rows, 0, &mut Numbers::new(u128::from_be_bytes))?))
        }
        (Type::INT32, _) => {
            Ok(Values::Counts(read(pages, rows, NO_COUNT, &mut Numbers::new(i32::from_le_bytes))?))
        }
        (Type::INT64, _) => {
            let mut numbers = Numbers::new(i64::from_le_bytes);
            Ok(Values::Instants(read(pages, rows, NO_INSTANT, &mut numbers)?))
        }
        (other, _) => Err(Error::internal(format!("no dataset has the type {other}"))),
    }
}

fn damaged(what: &str) -> Error {
    Error::data(format!("a Parquet file is damaged: {what} is not as it was written"))
        .hint("`conum verify` names it; `conum run --force` makes all files again")
}

/// How values of one type are written.
trait Plain<T> {
    /// Learns the values of a dictionary page.
    fn learn(&mut self, count: usize, bytes: &[u8]) -> Option<()>;
    /// The values of the dictionary, by their places.
    fn known(&self) -> &[T];
    /// Appends values that stand one after the other.
    fn append(&mut self, count: usize, bytes: &[u8], out: &mut Vec<T>) -> Option<()>;
}

/// Numbers of `N` bytes.
struct Numbers<T, const N: usize> {
    number: fn([u8; N]) -> T,
    known: Vec<T>,
}

impl<T, const N: usize> Numbers<T, N> {
    fn new(number: fn([u8; N]) -> T) -> Self {
        Self { number, known: Vec::new() }
    }
}

impl<T: Copy, const N: usize> Plain<T> for Numbers<T, N> {
    fn learn(&mut self, count: usize, bytes: &[u8]) -> Option<()> {
        let mut known = Vec::new();
        self.append(count, bytes, &mut known)?;
        self.known = known;
        Some(())
    }

    fn known(&self) -> &[T] {
        &self.known
    }

    fn append(&mut self, count: usize, bytes: &[u8], out: &mut Vec<T>) -> Option<()> {
        let numbers = bytes.as_chunks::<N>().0.get(..count)?;
        out.extend(numbers.iter().map(|bytes| (self.number)(*bytes)));
        Some(())
    }
}

/// Texts, each after its length.
struct Texts<'d> {
    dictionary: &'d Mutex<Dictionary>,
    known: Vec<u32>,
}

impl Plain<u32> for Texts<'_> {
    fn learn(&mut self, count: usize, bytes: &[u8]) -> Option<()> {
        let mut known = Vec::new();
        self.append(count, bytes, &mut known)?;
        self.known = known;
        Some(())
    }

    fn known(&self) -> &[u32] {
        &self.known
    }

    fn append(&mut self, count: usize, bytes: &[u8], out: &mut Vec<u32>) -> Option<()> {
        let mut dictionary = self.dictionary.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = bytes;
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (text, after) = after.split_at_checked(length)?;
            out.push(dictionary.code(std::str::from_utf8(text).ok()?));
            rest = after;
        }
        Some(())
    }
}

fn read<T: Copy>(
    mut pages: SerializedPageReader<File>,
    rows: usize,
    none: T,
    plain: &mut impl Plain<T>,
) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(rows);
    // Space that one page leaves to the next.
    let (mut levels, mut places, mut given) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(page) = pages.get_next_page().map_err(failed)? {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let count = usize::try_from(num_values).unwrap_or(usize::MAX);
                plain.learn(count, &buf).ok_or_else(|| damaged("a dictionary"))?;
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let count = usize::try_from(num_values).unwrap_or(usize::MAX);
                levels.clear();
                let (present, body) = read_levels(&buf, count, &mut levels)
                    .ok_or_else(|| damaged("the levels of a page"))?;
                let all_are = present == count;
                let to = if all_are { &mut values } else { &mut given };
                let read = if encoding == Encoding::PLAIN {
                    plain.append(present, body, to)
                } else {
                    places.clear();
                    append_coded((present, body), plain.known(), &mut places, to)
                };
                read.ok_or_else(|| damaged("a page"))?;
                if !all_are {
                    let mut given = given.drain(..);
                    let value = |level: &u32| if *level == 0 { None } else { given.next() };
                    values.extend(levels.iter().map(value).map(|value| value.unwrap_or(none)));
                }
            }
            Page::DataPageV2 { .. } => return Err(damaged("the version of a page")),
        }
    }
    if values.len() == rows { Ok(values) } else { Err(damaged("the number of values")) }
}

/// How many values of a page are there, and the bytes behind the levels, which say which these are.
fn read_levels<'b>(
    page: &'b [u8],
    count: usize,
    levels: &mut Vec<u32>,
) -> Option<(usize, &'b [u8])> {
    let (length, rest) = page.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (bytes, body) = rest.split_at_checked(length)?;
    read_runs(bytes, 1, count, levels)?;
    Some((levels.iter().filter(|level| **level != 0).count(), body))
}

/// Appends values told by their places in the dictionary; a width comes before the places.
fn append_coded<T: Copy>(
    (count, body): (usize, &[u8]),
    known: &[T],
    places: &mut Vec<u32>,
    out: &mut Vec<T>,
) -> Option<()> {
    let (width, body) = body.split_first()?;
    read_runs(body, *width, count, places)?;
    let Some(first) = known.first() else { return (count == 0).then_some(()) };
    // A place beyond the end is rare enough to be looked for once all are copied.
    let mut is_within = true;
    out.extend(places.iter().map(|place| {
        let found = usize::try_from(*place).ok().and_then(|place| known.get(place));
        is_within &= found.is_some();
        *found.unwrap_or(first)
    }));
    is_within.then_some(())
}
