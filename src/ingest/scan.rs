//! Bytes of delimited text become the places of their fields, sixty-four bytes at a time.
//!
//! Whatever is not regular is left to [`records`](crate::ingest::records), which loses but the line
//! that is broken.

use std::borrow::Cow;

use wide::u8x16;

/// The places of the fields of consecutive records, all of one number of fields.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Where each field ends: the place of its delimiter or line feed.
    ends: Vec<u32>,
    quotes: Vec<u32>,
    count: usize,
}

/// The bytes are not whole records of that many fields with quotes as they should be.
#[derive(Debug, PartialEq, Eq)]
pub struct Irregular;

impl Scan {
    /// Finds the fields of whole records, `count` each; memory of earlier scans is used again.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        delimiter: u8,
        count: usize,
    ) -> Result<(), Irregular> {
        self.ends.clear();
        self.quotes.clear();
        self.count = count;
        let feeds = self.find(bytes, delimiter).ok_or(Irregular)?;
        if count == 0 || self.ends.len() != feeds * count {
            return Err(Irregular);
        }
        // As many record ends as line feeds: all others are delimiters.
        let mut last_fields = self.ends.iter().skip(count - 1).step_by(count);
        let is_feed = |end: &u32| byte(bytes, *end) == Some(b'\n');
        if !last_fields.all(is_feed) || !self.has_proper_quotes(bytes) {
            return Err(Irregular);
        }
        Ok(())
    }

    /// Number of records.
    pub(crate) fn records(&self) -> usize {
        self.ends.len().checked_div(self.count).unwrap_or_default()
    }

    /// The bytes of a record, without its line end.
    pub(crate) fn record<'b>(&self, bytes: &'b [u8], record: usize) -> &'b [u8] {
        let start = self.start(record * self.count);
        let end = self.end(record * self.count + self.count - 1);
        trimmed(bytes.get(start..end).unwrap_or_default())
    }

    /// Where a record ends, at its line feed.
    pub(crate) fn record_end(&self, record: usize) -> usize {
        self.end(record * self.count + self.count - 1)
    }

    /// The bytes of one field of each record, quotes included.
    #[inline]
    pub(crate) fn field<'s, 'b: 's>(
        &'s self,
        bytes: &'b [u8],
        field: usize,
    ) -> impl ExactSizeIterator<Item = &'b [u8]> + 's {
        let is_last = field + 1 == self.count;
        // Behind which field it starts: the one before, or the last one of the record before.
        let before = field.checked_sub(1).unwrap_or_else(|| self.count.saturating_sub(1));
        let is_first = field == 0;
        let mut previous = 0;
        self.ends.chunks_exact(self.count.max(1)).map(move |ends| {
            let end_before = place(ends.get(before)) + 1;
            let start =
                if is_first { std::mem::replace(&mut previous, end_before) } else { end_before };
            let raw = bytes.get(start..place(ends.get(field))).unwrap_or_default();
            if is_last { trimmed(raw) } else { raw }
        })
    }

    /// The fields of one record, quotes included.
    pub(crate) fn fields_of<'s, 'b: 's>(
        &'s self,
        bytes: &'b [u8],
        record: usize,
    ) -> impl Iterator<Item = &'b [u8]> + 's {
        let first = record * self.count;
        (first..first + self.count).map(move |field| {
            let raw = bytes.get(self.start(field)..self.end(field)).unwrap_or_default();
            if (field + 1).is_multiple_of(self.count) { trimmed(raw) } else { raw }
        })
    }

    fn start(&self, field: usize) -> usize {
        field.checked_sub(1).map_or(0, |before| self.end(before) + 1)
    }

    fn end(&self, field: usize) -> usize {
        place(self.ends.get(field))
    }

    /// Notes delimiters and line feeds outside quotes, and all quotes; returns the number of those
    /// line feeds, or nothing when a quote stays open.
    fn find(&mut self, bytes: &[u8], delimiter: u8) -> Option<usize> {
        let (blocks, rest) = bytes.as_chunks::<64>();
        self.ends.reserve(bytes.len() / 6);
        let [delimiter, feed, quote] = [delimiter, b'\n', b'"'].map(u8x16::splat);
        let mut state = State::default();
        let mut tail = [0; 64];
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        let last = (!rest.is_empty()).then_some(&tail);
        for block in blocks.iter().chain(last) {
            let mut masks = [0_u64; 3];
            for (number, lane) in block.as_chunks::<16>().0.iter().enumerate() {
                let lane = u8x16::new(*lane);
                for (mask, wanted) in masks.iter_mut().zip([delimiter, feed, quote]) {
                    *mask |= u64::from(lane.simd_eq(wanted).to_bitmask()) << (16 * number);
                }
            }
            self.note(&mut state, masks);
        }
        (!state.is_open()).then_some(state.feeds)
    }

    #[inline]
    fn note(&mut self, state: &mut State, [delimiters, feeds, quotes]: [u64; 3]) {
        let mut ends = delimiters | feeds;
        let mut counted = feeds;
        if quotes != 0 || state.is_open() {
            let inside = state.inside(quotes);
            ends &= !inside;
            counted &= !inside;
            push_places(&mut self.quotes, quotes, state.base);
        }
        state.feeds += usize::try_from(counted.count_ones()).unwrap_or_default();
        push_places(&mut self.ends, ends, state.base);
        state.base += 64;
    }

    /// Whether each field with a quote is enclosed in quotes, with doubled ones inside.
    fn has_proper_quotes(&self, bytes: &[u8]) -> bool {
        let mut quotes = self.quotes.iter().copied().peekable();
        while let Some(quote) = quotes.peek().copied() {
            let field = self.ends.partition_point(|end| *end < quote);
            let mut raw = bytes.get(self.start(field)..self.end(field)).unwrap_or_default();
            if (field + 1).is_multiple_of(self.count) {
                raw = trimmed(raw);
            }
            let inner = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
            let Some(inner) = inner else { return false };
            if !has_doubled_quotes_alone(inner) {
                return false;
            }
            let end = self.ends.get(field).copied().unwrap_or(u32::MAX);
            while quotes.next_if(|quote| *quote < end).is_some() {}
        }
        true
    }
}

/// Where the scan is.
#[derive(Default)]
struct State {
    base: u32,
    feeds: usize,
    /// All ones inside quotes.
    open: u64,
}

impl State {
    fn is_open(&self) -> bool {
        self.open != 0
    }

    /// The bytes from each opening quote to the one before its closing quote.
    fn inside(&mut self, quotes: u64) -> u64 {
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= self.open;
        self.open = if inside >> 63 == 1 { u64::MAX } else { 0 };
        inside
    }
}

#[inline]
fn push_places(places: &mut Vec<u32>, mut mask: u64, base: u32) {
    while mask != 0 {
        places.push(base + mask.trailing_zeros());
        mask &= mask - 1;
    }
}

fn has_doubled_quotes_alone(inner: &[u8]) -> bool {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'"', rest) {
        if rest.get(at + 1) != Some(&b'"') {
            return false;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    true
}

#[inline]
fn place(end: Option<&u32>) -> usize {
    end.map_or(0, |end| usize::try_from(*end).unwrap_or_default())
}

fn byte(bytes: &[u8], place: u32) -> Option<u8> {
    bytes.get(usize::try_from(place).ok()?).copied()
}

/// Without the carriage return before a line feed.
#[inline]
fn trimmed(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

/// The bytes of a field without the quotes that enclose it, doubled ones made single.
#[inline]
pub(crate) fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")) else {
        return Cow::Borrowed(raw);
    };
    if memchr::memchr(b'"', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'"', rest) {
        text.extend_from_slice(rest.get(..=at).unwrap_or_default());
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str, count: usize) -> Option<Vec<Vec<String>>> {
        let mut scan = Scan::default();
        scan.read(text.as_bytes(), b';', count).ok()?;
        let mut records = vec![Vec::new(); scan.records()];
        for field in 0..count {
            for (record, raw) in records.iter_mut().zip(scan.field(text.as_bytes(), field)) {
                record.push(String::from_utf8(unquoted(raw).into_owned()).unwrap());
            }
        }
        Some(records)
    }

    #[test]
    fn regular_records_are_cut() {
        assert_eq!(fields("a;b\r\n;\n", 2).unwrap(), [["a", "b"], ["", ""]]);
        assert_eq!(fields("\"a;\"\"b\"\n;\";\"\"\"\n", 2), None);
        assert_eq!(fields("\"a;\"\"b\";\"\n\"\n", 2).unwrap(), [["a;\"b", "\n"]]);
    }

    #[test]
    fn irregular_ones_are_told() {
        for text in ["a;b;c\n", "a\n", "a;b", "\"a;b\n", "a;\"b\"c\n", "a\"\";b\n", "a;b\n\n"] {
            assert_eq!(fields(text, 2), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            records in prop::collection::vec(
                prop::collection::vec("[ab;\"\r\né]{0,40}", 3), 0..40),
        ) {
            let quote = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
            let line = |record: &Vec<String>| {
                record.iter().map(quote).collect::<Vec<_>>().join(";") + "\n"
            };
            let text: String = records.iter().map(line).collect();
            prop_assert_eq!(fields(&text, 3).unwrap(), records);
        }
    }
}
