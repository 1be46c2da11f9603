//! A stream of bytes becomes blocks of whole records, each with the line it starts at.
//!
//! A record whose quotes do not close, or that swallows lines and then has the wrong number of
//! fields, costs only its first line: reading goes on at the next one.

use std::io::Read;

use crate::definition::source::Encoding;
use crate::error::{Error, Result};
use crate::ingest::fields::{self, End};
use crate::vocabulary::reject::reasons;

/// Bytes read at a time; few under the fuzzer, so that its small inputs span several blocks.
pub(super) const BLOCK: usize = if cfg!(fuzzing) { 16 << 10 } else { 4 << 20 };
/// A record longer than this is refused.
pub(super) const RECORD_MAX: usize = BLOCK / 4;
/// Lines a record may span: bounds what is read again when quotes open on every line.
const LINES_MAX: usize = 1000;

/// Hands over an input as blocks of records, from its start to its end.
pub(super) trait Reader {
    /// The next records, or `None` at the end.
    fn next_block(&mut self) -> Result<Option<Block>>;
}

/// The place of a record in its block, without its line end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    start: usize,
    end: usize,
    /// Line of the file, from 1.
    pub(super) line: i64,
    /// Whether a line end follows.
    pub(super) has_line_end: bool,
}

/// Some consecutive records of the file.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    /// Records cut out.
    pub(super) records: Vec<Record>,
    /// Lines that are no record, and why.
    pub(super) broken: Vec<(i64, &'static str)>,
}

impl Block {
    /// A block of these bytes, not yet cut.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Adds the record between two places.
    pub(super) fn push(&mut self, start: usize, end: usize, number: i64) {
        self.records.push(Record { start, end, line: number, has_line_end: true });
    }

    /// Adds a record of these bytes behind the others.
    pub(super) fn append(&mut self, record: &[u8], number: i64) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        self.push(start, self.bytes.len(), number);
    }

    /// Counts what is no record.
    pub(super) fn refuse(&mut self, number: i64, reason: &'static str) {
        self.broken.push((number, reason));
    }

    /// Whether nothing was found in it.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.broken.is_empty()
    }

    /// Length of its bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes its bytes out, to be cut.
    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Puts its bytes back.
    pub(super) fn put_bytes(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Takes away the bytes from a place on.
    pub(super) fn split_off(&mut self, at: usize) -> Vec<u8> {
        self.bytes.split_off(at)
    }

    /// The bytes of one of its records.
    pub(super) fn bytes_of(&self, record: &Record) -> &[u8] {
        self.bytes.get(record.start..record.end).unwrap_or_default()
    }
}

/// Where the cutting of an input stands.
pub(super) struct Rest {
    /// Bytes read and not yet handed over.
    pub(super) carry: Vec<u8>,
    /// Line they begin at, from 1.
    pub(super) line: i64,
    /// The input has no more.
    pub(super) is_at_end: bool,
}

/// Cuts an input into blocks of records.
pub(super) struct Blocks<R> {
    input: R,
    encoding: Encoding,
    /// Delimiter of a CSV; lines are records otherwise.
    delimiter: Option<u8>,
    /// Whether quotes enclose fields, which may then span lines.
    has_quotes: bool,
    field_count: Option<usize>,
    /// Whether a record may have more, which one field holds.
    may_absorb: bool,
    /// Bytes read and not yet handed over.
    carry: Vec<u8>,
    line: i64,
    is_at_end: bool,
    /// The rest of a line that was too long is being passed over.
    is_skipping: bool,
}

impl<R: Read> Blocks<R> {
    /// Records of delimited text.
    pub(super) fn of_csv(input: R, encoding: Encoding, delimiter: u8) -> Self {
        Self { delimiter: Some(delimiter), has_quotes: true, ..Self::of_lines(input, encoding) }
    }

    /// The same where a quote is a character like another.
    pub(super) fn without_quotes(self) -> Self {
        Self { has_quotes: false, ..self }
    }

    /// Each line is a record.
    pub(super) fn of_lines(input: R, encoding: Encoding) -> Self {
        Self {
            input,
            encoding,
            delimiter: None,
            has_quotes: false,
            field_count: None,
            may_absorb: false,
            carry: Vec::new(),
            line: 1,
            is_at_end: false,
            is_skipping: false,
        }
    }

    /// The same, from where it was left.
    pub(super) fn resumed(self, rest: Rest) -> Self {
        let Rest { carry, line, is_at_end } = rest;
        Self { carry, line, is_at_end, ..self }
    }

    /// The input, and where its cutting stands.
    pub(super) fn into_rest(self) -> (R, Rest) {
        let Self { input, carry, line, is_at_end, .. } = self;
        (input, Rest { carry, line, is_at_end })
    }

    /// Passes over the rest of a line that was too long.
    pub(super) fn pass_long_line(&mut self) -> Result<()> {
        while self.is_skipping && !(self.is_at_end && self.carry.is_empty()) {
            self.fill()?;
            let feed = memchr::memchr(b'\n', &self.carry);
            self.carry.drain(..feed.map_or(self.carry.len(), |feed| feed + 1));
            self.is_skipping = feed.is_none();
            self.line += i64::from(feed.is_some());
        }
        Ok(())
    }

    /// How many fields a record must have to be allowed to span several lines.
    pub(super) fn expect_fields(&mut self, count: usize, may_absorb: bool) {
        self.field_count = Some(count);
        self.may_absorb = may_absorb;
    }

    /// Fails on an input without any byte but white space.
    pub(super) fn require_content(&mut self) -> Result<()> {
        self.fill()?;
        if self.carry.starts_with(&[0xEF, 0xBB, 0xBF]) {
            self.carry.drain(..3);
        }
        if self.is_at_end && self.carry.trim_ascii().is_empty() {
            return Err(Error::no_input("the file is empty")
                .hint("was the export interrupted? ask for it again or take the file away"));
        }
        Ok(())
    }

    /// Reads the header record of a CSV.
    pub(super) fn header(&mut self) -> Result<String> {
        self.require_content()?;
        let delimiter = self.delimiter.unwrap_or(b',');
        let limit = self.carry.len().min(RECORD_MAX);
        let head = self.carry.get(..limit).unwrap_or_default();
        let found = if self.has_quotes {
            fields::record_end(head, delimiter)
        } else {
            End::At(memchr::memchr(b'\n', head).unwrap_or(head.len()))
        };
        let is_cut = matches!(found, End::At(end) if end >= RECORD_MAX);
        if is_cut {
            return Err(Error::data("the header line is longer than any real one")
                .hint("is this the right file? its name matches the pattern of a CSV source"));
        }
        let End::At(end) = found else {
            return Err(Error::data("the header line has a quote that does not close properly")
                .hint("is this the right file? its name matches the pattern of a CSV source"));
        };
        let header = head.get(..end).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', header).count() + 1;
        let text = String::from_utf8(header.trim_ascii_end().to_vec()).map_err(|_| {
            Error::data("the header line is not UTF-8 text")
                .hint("a Latin-1 export needs `encoding = \"windows-1252\"` in its source")
        })?;
        if text.contains(['\r', '\0']) {
            return Err(Error::data("the header line holds a carriage return or a zero byte")
                .hint("lines must end with LF or CR LF, and the text must be UTF-8"));
        }
        let next = (end + 1).min(self.carry.len());
        self.carry.drain(..next);
        self.line += i64::try_from(lines).unwrap_or(1);
        Ok(text)
    }

    fn fill(&mut self) -> Result<()> {
        while !self.is_at_end && self.carry.len() < BLOCK {
            let wanted = u64::try_from(BLOCK).unwrap_or(u64::MAX);
            let mut raw = Vec::with_capacity(BLOCK);
            let count =
                self.input.by_ref().take(wanted).read_to_end(&mut raw).map_err(unreadable)?;
            self.is_at_end = count < BLOCK;
            match self.encoding {
                Encoding::Utf8 => self.carry.append(&mut raw),
                Encoding::Windows1252 => {
                    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&raw);
                    self.carry.extend_from_slice(text.as_bytes());
                }
            }
        }
        Ok(())
    }

    /// Cuts as many records as the block holds; returns how many of its bytes are used.
    fn cut(&mut self, block: &mut Block) -> usize {
        let bytes = std::mem::take(&mut block.bytes);
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let feed = memchr::memchr(b'\n', rest);
            if self.is_skipping {
                at = feed.map_or(bytes.len(), |feed| at + feed + 1);
                if feed.is_some() {
                    self.is_skipping = false;
                    self.line += 1;
                }
                continue;
            }
            if feed.is_none() && !self.is_at_end {
                if rest.len() <= RECORD_MAX {
                    break;
                }
                block.broken.push((self.line, reasons::TOO_LONG));
                self.is_skipping = true;
                at = bytes.len();
                continue;
            }
            match self.piece(rest, feed.unwrap_or(rest.len())) {
                Piece::Blank(length) => at += self.pass(rest, length),
                Piece::Broken(reason, length) => {
                    block.broken.push((self.line, reason));
                    at += self.pass(rest, length);
                }
                Piece::Record(length) => {
                    let body = trim_return(rest.get(..length).unwrap_or_default());
                    block.records.push(Record {
                        start: at,
                        end: at + body,
                        line: self.line,
                        has_line_end: length < rest.len(),
                    });
                    at += self.pass(rest, length);
                }
                Piece::Unfinished => break,
            }
        }
        block.bytes = bytes;
        at
    }

    /// Moves past a piece and its line end; returns their length.
    fn pass(&mut self, rest: &[u8], length: usize) -> usize {
        let taken = (length + 1).min(rest.len());
        let feeds = memchr::memchr_iter(b'\n', rest.get(..taken).unwrap_or_default()).count();
        self.line += i64::try_from(feeds).unwrap_or(1);
        taken
    }

    /// What starts here; its first line is `first` bytes long.
    fn piece(&self, rest: &[u8], first: usize) -> Piece {
        let line = rest.get(..first).unwrap_or_default();
        // First, so that where a block ends does not decide what a long blank line is.
        if first > RECORD_MAX {
            return Piece::Broken(reasons::TOO_LONG, first);
        }
        if line.trim_ascii().is_empty() {
            return Piece::Blank(first);
        }
        let Some(delimiter) = self.delimiter.filter(|_| self.has_quotes) else {
            return Piece::Record(first);
        };
        if memchr::memchr(b'"', line).is_none() {
            return Piece::Record(first);
        }
        let window = rest.get(..rest.len().min(RECORD_MAX)).unwrap_or_default();
        let last = memchr::memchr_iter(b'\n', window).nth(LINES_MAX);
        let window = window.get(..last.map_or(window.len(), |feed| feed + 1)).unwrap_or_default();
        match fields::record_end(window, delimiter) {
            End::At(end) if end <= first => Piece::Record(first),
            End::At(end) if end < window.len() || (self.is_at_end && end == rest.len()) => {
                if self.has_the_fields(window.get(..end).unwrap_or_default(), delimiter) {
                    Piece::Record(end)
                } else {
                    Piece::Broken(reasons::QUOTES, first)
                }
            }
            End::At(_) | End::Open
                if last.is_none() && !self.is_at_end && rest.len() < RECORD_MAX =>
            {
                Piece::Unfinished
            }
            End::At(_) | End::Open | End::Broken => Piece::Broken(reasons::QUOTES, first),
        }
    }

    fn has_the_fields(&self, record: &[u8], delimiter: u8) -> bool {
        let mut found = Vec::new();
        let record = record.get(..trim_return(record)).unwrap_or_default();
        fields::split(record, delimiter, &mut found).is_some()
            && self.field_count.is_none_or(|count| {
                count == found.len() || (self.may_absorb && count < found.len())
            })
    }
}

impl<R: Read> Reader for Blocks<R> {
    fn next_block(&mut self) -> Result<Option<Block>> {
        while !(self.is_at_end && self.carry.is_empty()) {
            self.fill()?;
            let mut block = Block::of(std::mem::take(&mut self.carry));
            let used = self.cut(&mut block);
            self.carry = block.split_off(used);
            if !block.is_empty() {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }
}

enum Piece {
    Blank(usize),
    Record(usize),
    Broken(&'static str, usize),
    /// More bytes are needed to tell.
    Unfinished,
}

/// An input that cannot be read on: a flaw of its packing, or of the disk.
pub(super) fn unreadable(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::InvalidData {
        return Error::data(format!("the file is damaged or cut: {error}"))
            .because(error)
            .hint("was its transfer interrupted? ask for it again or take the file away");
    }
    Error::io("read", std::path::Path::new("the input"), error)
}

fn trim_return(record: &[u8]) -> usize {
    record.len() - usize::from(record.last() == Some(&b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], fields: usize) -> Vec<(i64, String)> {
        let mut blocks = Blocks::of_csv(text, Encoding::Utf8, b',');
        blocks.expect_fields(fields, false);
        let mut found = Vec::new();
        while let Some(block) = blocks.next_block().unwrap() {
            for record in &block.records {
                let text = String::from_utf8_lossy(block.bytes_of(record)).into_owned();
                found.push((record.line, text));
            }
            found.extend(block.broken.iter().map(|(line, reason)| (*line, format!("!{reason}"))));
        }
        found.sort();
        found
    }

    #[test]
    fn a_record_may_span_lines_and_others_keep_their_line_number() {
        let found = cut(b"a,b\r\n\"c\nc\",d\n\ne,f", 2);
        let expected = [(1, "a,b"), (2, "\"c\nc\",d"), (5, "e,f")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let found = cut(b"a,b\nc,\"d\ne,f\ng,h\n", 2);
        let expected = [(1, "a,b"), (2, "!guillemets"), (3, "e,f"), (4, "g,h")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_quote_that_closes_lines_later_costs_one_line() {
        let found = cut(b"a,\"b\nc,d\n\"e,f\ng,h\n", 2);
        assert_eq!(found.iter().filter(|(_, text)| text == "c,d" || text == "g,h").count(), 2);
        assert_eq!(found.first().map(|(_, text)| text.as_str()), Some("!guillemets"));
    }

    #[test]
    fn quotes_that_open_on_every_line_do_not_make_reading_slow() {
        // Each line would otherwise be looked at up to a record's length: minutes for a megabyte.
        let text = "x\";\"\n".repeat(100_000);
        assert_eq!(cut(text.as_bytes(), 2).len(), 100_000);
    }

    #[test]
    fn a_record_of_ten_megabytes_costs_one_line() {
        let mut text = b"a,b\nc,".to_vec();
        text.extend(std::iter::repeat_n(b'x', 10 << 20));
        text.extend_from_slice(b"\ne,f\n");
        let expected = [(1, "a,b"), (2, "!enregistrement_trop_long"), (3, "e,f")];
        assert_eq!(cut(&text, 2), expected.map(|(line, text)| (line, text.to_owned())));
    }
}
