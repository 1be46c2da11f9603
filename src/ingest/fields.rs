//! A CSV record becomes fields, RFC 4180: quotes enclose a field, a doubled quote is one.

use std::borrow::Cow;

/// The place of a field in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    start: usize,
    end: usize,
    has_doubled_quotes: bool,
}

impl Field {
    /// The field between two places, without quotes.
    pub(super) fn plain(start: usize, end: usize) -> Self {
        Self { start, end, has_doubled_quotes: false }
    }

    /// What goes from the start of this field to the end of another.
    pub(super) fn up_to(&self, last: &Field) -> Self {
        Self::plain(self.start, last.end)
    }

    /// The field's text.
    pub(super) fn text<'a>(&self, record: &'a str) -> Cow<'a, str> {
        let raw = record.get(self.start..self.end).unwrap_or_default();
        if self.has_doubled_quotes {
            Cow::Owned(raw.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(raw)
        }
    }
}

/// Cuts a record at its delimiters. `None` when a quote is left open or closes inside a field.
pub(super) fn split(record: &[u8], delimiter: u8, fields: &mut Vec<Field>) -> Option<()> {
    fields.clear();
    let mut start = 0;
    loop {
        let rest = record.get(start..)?;
        let (field, next) = if rest.first() == Some(&b'"') {
            quoted(record, start, delimiter)?
        } else {
            let end = memchr::memchr(delimiter, rest).map_or(record.len(), |at| start + at);
            (Field { start, end, has_doubled_quotes: false }, end)
        };
        fields.push(field);
        if next >= record.len() {
            return Some(());
        }
        start = next + 1;
    }
}

/// The quoted field that starts at `start`, and the place of the delimiter or end behind it.
fn quoted(record: &[u8], start: usize, delimiter: u8) -> Option<(Field, usize)> {
    let mut at = start + 1;
    let mut has_doubled_quotes = false;
    loop {
        at += memchr::memchr(b'"', record.get(at..)?)?;
        match record.get(at + 1) {
            Some(b'"') => {
                has_doubled_quotes = true;
                at += 2;
            }
            Some(byte) if *byte != delimiter => return None,
            _ => return Some((Field { start: start + 1, end: at, has_doubled_quotes }, at + 1)),
        }
    }
}

/// Where a record ends that may hold line feeds inside quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The place of its line feed, or of the end of the text.
    At(usize),
    /// A quote is open at the end of the text.
    Open,
    /// A quote closes inside a field.
    Broken,
}

/// Finds the end of the record that starts at 0.
pub(super) fn record_end(text: &[u8], delimiter: u8) -> End {
    let mut at = 0;
    loop {
        let Some(rest) = text.get(at..) else { return End::At(text.len()) };
        if rest.first() == Some(&b'"') {
            at += 1;
            loop {
                let Some(quote) = text.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) else {
                    return End::Open;
                };
                at += quote + 1;
                if text.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
            match (text.get(at), text.get(at + 1)) {
                (None, _) => return End::At(at),
                (Some(b'\n'), _) => return End::At(at),
                (Some(b'\r'), Some(b'\n')) => return End::At(at + 1),
                (Some(b'\r'), None) => return End::At(at + 1),
                (Some(byte), _) if *byte == delimiter => at += 1,
                _ => return End::Broken,
            }
        } else {
            match memchr::memchr2(delimiter, b'\n', rest) {
                None => return End::At(text.len()),
                Some(found) if rest.get(found) == Some(&b'\n') => return End::At(at + found),
                Some(found) => at += found + 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(record: &str) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        split(record.as_bytes(), b';', &mut fields)?;
        Some(fields.iter().map(|field| field.text(record).into_owned()).collect())
    }

    #[test]
    fn cuts_fields() {
        assert_eq!(texts("a;b;;d").unwrap(), ["a", "b", "", "d"]);
        assert_eq!(texts("").unwrap(), [""]);
        assert_eq!(texts("a;").unwrap(), ["a", ""]);
        assert_eq!(texts("\"a;\"\"b\"\"\";\"\n\"").unwrap(), ["a;\"b\"", "\n"]);
        assert_eq!(texts("a \"b\";c").unwrap(), ["a \"b\"", "c"]);
        assert_eq!(texts("\"a"), None);
        assert_eq!(texts("\"a\"b;c"), None);
    }

    #[test]
    fn finds_the_end_of_a_record() {
        let end = |text: &str| record_end(text.as_bytes(), b';');
        assert_eq!(end("a;b\nc"), End::At(3));
        assert_eq!(end("a;\"b\nc\";d\ne"), End::At(9));
        assert_eq!(end("a;\"b\nc"), End::Open);
        assert_eq!(end("a;\"b\"c\n"), End::Broken);
        assert_eq!(end("\"a\"\r\nb"), End::At(4));
        assert_eq!(end("a"), End::At(1));
    }
}
