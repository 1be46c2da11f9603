//! A stream of bytes becomes runs of whole records, cut without looking at their fields.
//!
//! The cut is right when quotes are as they should be; [`Scan`](crate::ingest::scan::Scan) tells
//! when they are not, and the run is put back to be cut record by record.

use std::io::Read;

use crate::definition::source::Encoding;
use crate::error::Result;
use crate::ingest::records::{Block, Blocks, Reader, Rest, unreadable};

/// Bytes of a run: what a task reads at a time, small enough to stay near the processor.
const RUN: usize = if cfg!(fuzzing) { 1 << 10 } else { 192 << 10 };

/// Cuts an input of delimited text, without its header, into runs.
pub struct Runs<R> {
    input: R,
    delimiter: u8,
    /// Fields of a record.
    count: usize,
    /// Read and not yet handed over.
    carry: Vec<u8>,
    is_at_end: bool,
    /// The last line of the file got the end it lacks.
    is_completed: bool,
}

impl<R: Read> Runs<R> {
    /// Reads the header record; gives it, the line that follows it, and the runs from there on.
    ///
    /// # Errors
    /// When the input cannot be read, or has no header.
    pub fn open(input: R, delimiter: u8) -> Result<(String, i64, Self)> {
        let mut blocks = Blocks::of_csv(input, Encoding::Utf8, delimiter);
        let header = blocks.header()?;
        let (input, rest) = blocks.into_rest();
        let runs = Self {
            input,
            delimiter,
            count: 0,
            carry: rest.carry,
            is_at_end: rest.is_at_end,
            is_completed: false,
        };
        Ok((header, rest.line, runs))
    }

    /// Tells how many fields a record has.
    pub fn expect_fields(&mut self, count: usize) {
        self.count = count;
    }

    /// The next run, or `None` at the end. It ends with a line feed, save the last one of a file
    /// that does not, or one that has none.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn next_run(&mut self) -> Result<Option<Vec<u8>>> {
        let mut bytes = std::mem::take(&mut self.carry);
        if bytes.len() > RUN {
            self.carry = bytes.split_off(RUN);
        } else if !self.is_at_end {
            let wanted = RUN - bytes.len() + 1;
            let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
            bytes.reserve(wanted);
            let count = self.input.by_ref().take(limit).read_to_end(&mut bytes);
            self.is_at_end = count.map_err(unreadable)? < wanted;
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        if self.is_at_end && self.carry.is_empty() {
            if bytes.last() != Some(&b'\n') {
                bytes.push(b'\n');
                self.is_completed = true;
            }
            return Ok(Some(bytes));
        }
        let mut rest = bytes.split_off(cut(&bytes));
        rest.append(&mut self.carry);
        self.carry = rest;
        Ok(Some(bytes))
    }

    /// Puts runs back, the first of which is not regular, and cuts one block of records the careful
    /// way. `line` is that of the first record, and that of the next one afterwards.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn cut_carefully(
        &mut self,
        runs: impl Iterator<Item = Vec<u8>>,
        line: &mut i64,
    ) -> Result<Option<Block>> {
        let mut carry: Vec<u8> = runs.flatten().collect();
        carry.append(&mut self.carry);
        if std::mem::take(&mut self.is_completed) {
            carry.pop();
        }
        let rest = Rest { carry, line: *line, is_at_end: self.is_at_end };
        let mut blocks =
            Blocks::of_csv(&mut self.input, Encoding::Utf8, self.delimiter).resumed(rest);
        blocks.expect_fields(self.count, false);
        let block = blocks.next_block()?;
        blocks.pass_long_line()?;
        let (_, rest) = blocks.into_rest();
        self.carry = rest.carry;
        self.is_at_end = rest.is_at_end;
        *line = rest.line;
        Ok(block)
    }
}

/// Where the last record ends whose quotes, and those before it, close; the last line feed, or the
/// end, when none does.
fn cut(bytes: &[u8]) -> usize {
    let mut is_open = memchr::memchr_iter(b'"', bytes).count() % 2 == 1;
    let mut last = None;
    for place in memchr::memrchr2_iter(b'"', b'\n', bytes) {
        if bytes.get(place) == Some(&b'"') {
            is_open = !is_open;
        } else if is_open {
            last = last.or(Some(place + 1));
        } else {
            return place + 1;
        }
    }
    last.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_where_a_record_does() {
        assert_eq!(cut(b"a;b\nc;d\ne"), 8);
        assert_eq!(cut(b"a;\"\n\"\nb;\"\n"), 6);
        assert_eq!(cut(b"a;\"b\nc\n"), 7);
        assert_eq!(cut(b"a"), 1);
    }
}
