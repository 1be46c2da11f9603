//! A JSON document with a list of objects becomes blocks of records, one an element.
//!
//! Elements are cut without being understood: brackets and quotes are counted, no more. The number
//! of a record is the place of its element, from 1.

use std::io::Read;

use crate::error::{Error, Result};
use crate::ingest::records::{BLOCK, Block, RECORD_MAX, Reader, unreadable};
use crate::vocabulary::reject::reasons;

/// Bytes that may precede the list.
const HEAD_MAX: usize = 16 << 20;

/// Cuts the list of a document into records.
pub(super) struct Elements<R> {
    input: R,
    /// Key of the list; the document itself is the list otherwise.
    key: Option<String>,
    carry: Vec<u8>,
    number: i64,
    is_at_end: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    /// Behind the bracket of the list, the rest of the document not yet looked at.
    Behind,
    After,
}

/// Where an element stops.
enum Stop {
    /// At the comma or bracket at this place.
    At(usize),
    /// Not in these bytes.
    Beyond,
}

impl<R: Read> Elements<R> {
    pub(super) fn new(input: R, key: Option<&str>) -> Self {
        Self {
            input,
            key: key.map(str::to_owned),
            carry: Vec::new(),
            number: 1,
            is_at_end: false,
            state: State::Before,
        }
    }

    fn fill(&mut self, wanted: usize) -> Result<()> {
        while !self.is_at_end && self.carry.len() < wanted {
            let before = self.carry.len();
            let limit = u64::try_from(BLOCK).unwrap_or(u64::MAX);
            self.input.by_ref().take(limit).read_to_end(&mut self.carry).map_err(unreadable)?;
            self.is_at_end = self.carry.len() == before;
        }
        Ok(())
    }

    /// Passes over all that precedes the first element.
    fn find_list(&mut self) -> Result<()> {
        let mut wanted = BLOCK;
        loop {
            self.fill(wanted)?;
            if self.carry.starts_with(&[0xEF, 0xBB, 0xBF]) {
                self.carry.drain(..3);
            }
            if self.carry.trim_ascii().is_empty() && self.is_at_end {
                return Err(Error::no_input("the file is empty")
                    .hint("was the export interrupted? ask for it again or take the file away"));
            }
            if let Some(start) = list_start(&self.carry, self.key.as_deref()) {
                self.carry.drain(..start);
                self.state = State::Inside;
                return Ok(());
            }
            if self.is_at_end || self.carry.len() > HEAD_MAX {
                let name =
                    self.key.as_deref().map_or("at its top".to_owned(), |k| format!("`{k}`"));
                return Err(Error::data(format!("the JSON document has no list {name}"))
                    .hint("is it a page of the API, or the error message it sent instead?"));
            }
            wanted = self.carry.len() + BLOCK;
        }
    }
}

impl<R: Read> Reader for Elements<R> {
    fn next_block(&mut self) -> Result<Option<Block>> {
        if self.state == State::Before {
            self.find_list()?;
        }
        let mut wanted = BLOCK;
        while self.state == State::Inside {
            self.fill(wanted)?;
            let mut block = Block::of(std::mem::take(&mut self.carry));
            let used = self.cut(&mut block);
            self.carry = block.split_off(used);
            if !block.is_empty() {
                return Ok(Some(block));
            }
            if self.is_at_end && used == 0 {
                self.state = State::After;
            }
            wanted = self.carry.len() + BLOCK;
        }
        if self.state == State::Behind {
            self.check_rest()?;
            self.state = State::After;
        }
        Ok(None)
    }
}

impl<R: Read> Elements<R> {
    /// Fails when records may stand behind the list: a second one, or another document.
    fn check_rest(&mut self) -> Result<()> {
        self.fill(HEAD_MAX)?;
        let mut depth = usize::from(self.key.is_some());
        let mut at = 0;
        let mut found = None;
        while let Some(byte) = self.carry.get(at) {
            if depth == 0 && !byte.is_ascii_whitespace() {
                found = Some("something follows the JSON document");
                break;
            }
            match byte {
                b'"' => {
                    let Some(end) = string_end(&self.carry, at) else { break };
                    let text = self.carry.get(at + 1..end).unwrap_or_default();
                    at = end;
                    let is_list = bracket_behind(&self.carry, end + 1).is_some();
                    if depth == 1 && is_list && self.key.as_deref().map(str::as_bytes) == Some(text)
                    {
                        found = Some("the JSON document has its list twice");
                        break;
                    }
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        if found.is_none() && (depth > 0 || self.carry.len() > HEAD_MAX) {
            found = Some("the JSON document has no end");
        }
        match found {
            None => Ok(()),
            Some(problem) => Err(Error::data(problem)
                .hint("is it one whole page a file? ask for it again, or separate the pages")),
        }
    }

    /// Cuts as many elements as the bytes hold; returns how many bytes are used.
    fn cut(&mut self, block: &mut Block) -> usize {
        let bytes = block.take_bytes();
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let is_filler = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            let Some(filler) = rest.iter().position(|byte| !is_filler(byte)) else {
                if self.is_at_end {
                    block.refuse(self.number, reasons::TRUNCATED);
                    self.state = State::After;
                }
                at = bytes.len();
                break;
            };
            let start = at + filler;
            let rest = bytes.get(start..).unwrap_or_default();
            if rest.first() == Some(&b']') {
                self.state = State::Behind;
                at = start + 1;
                break;
            }
            match element_end(rest) {
                Stop::At(length) if length > RECORD_MAX => {
                    block.refuse(self.number, reasons::TOO_LONG);
                    at = start + length;
                }
                Stop::At(length) => {
                    let body = rest.get(..length).unwrap_or_default().trim_ascii_end().len();
                    block.push(start, start + body, self.number);
                    at = start + length;
                }
                Stop::Beyond if self.is_at_end => {
                    block.refuse(self.number, reasons::TRUNCATED);
                    self.state = State::After;
                    at = bytes.len();
                    break;
                }
                // One element longer than any page: what follows cannot be told from it.
                Stop::Beyond if rest.len() > HEAD_MAX => {
                    block.refuse(self.number, reasons::TOO_LONG);
                    self.state = State::After;
                    at = bytes.len();
                    break;
                }
                Stop::Beyond => {
                    at = start;
                    break;
                }
            }
            self.number += 1;
        }
        block.put_bytes(bytes);
        at
    }
}

/// The end of the element that starts at 0: a comma or closing bracket of its list.
fn element_end(bytes: &[u8]) -> Stop {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at) {
                Some(end) => at = end,
                None => return Stop::Beyond,
            },
            b'{' | b'[' => depth += 1,
            b',' | b']' if depth == 0 => return Stop::At(at),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Stop::Beyond
}

/// The place of the quote that closes the one at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Where the elements of the list begin: behind its bracket. `None` when it is not in these bytes.
fn list_start(bytes: &[u8], key: Option<&str>) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let Some(key) = key else {
        return (bytes.get(at) == Some(&b'[')).then_some(at + 1);
    };
    let mut is_key_next = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at)?;
                let text = bytes.get(at + 1..end)?;
                at = end;
                if is_key_next && depth == 1 && text == key.as_bytes() {
                    return bracket_behind(bytes, end + 1);
                }
                is_key_next = false;
            }
            b'{' => {
                depth += 1;
                is_key_next = true;
            }
            b'[' => depth += 1,
            b',' => is_key_next = true,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place behind `: [`.
fn bracket_behind(bytes: &[u8], start: usize) -> Option<usize> {
    let mut rest = bytes.iter().enumerate().skip(start);
    let mut next = || rest.find(|(_, byte)| !byte.is_ascii_whitespace());
    let (_, b':') = next()? else { return None };
    let (place, b'[') = next()? else { return None };
    Some(place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, key: Option<&str>) -> Result<Vec<(i64, String)>> {
        let mut elements = Elements::new(text.as_bytes(), key);
        let mut found = Vec::new();
        while let Some(block) = elements.next_block()? {
            for record in &block.records {
                let text = String::from_utf8_lossy(block.bytes_of(record)).into_owned();
                found.push((record.line, text));
            }
            found.extend(block.broken.iter().map(|(line, reason)| (*line, format!("!{reason}"))));
        }
        Ok(found)
    }

    fn texts(found: &[(i64, String)]) -> Vec<&str> {
        found.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn elements_are_cut_out_of_a_page() {
        let page = r#"{"meta":{"data":[9]}, "data" : [ {"a":"]},\"{"} ,{"b":[1,{}]}
            ],"links":{"data":[{}]}}"#;
        let found = cut(page, Some("data")).unwrap();
        assert_eq!(texts(&found), [r#"{"a":"]},\"{"}"#, r#"{"b":[1,{}]}"#]);
        assert_eq!(found.last().map(|(number, _)| *number), Some(2));
        assert_eq!(texts(&cut("[1,2]", None).unwrap()), ["1", "2"]);
        assert!(cut(r#"{"data":[]}"#, Some("data")).unwrap().is_empty());
    }

    #[test]
    fn a_page_that_breaks_off_says_so() {
        let found = cut(r#"{"data":[{"a":1},{"b":"#, Some("data")).unwrap();
        assert_eq!(texts(&found), [r#"{"a":1}"#, "!ligne_tronquee"]);
        let found = cut(r#"{"data":[{"a":1},"#, Some("data")).unwrap();
        assert_eq!(texts(&found), [r#"{"a":1}"#, "!ligne_tronquee"]);
    }

    #[test]
    fn nothing_may_hide_behind_the_list() {
        for text in [
            r#"{"data":[{}]}{"data":[{}]}"#,
            r#"{"data":[{}],"data":[{}]}"#,
            r#"{"data":[{}]} x"#,
            r#"{"data":[{}],"meta":{"#,
        ] {
            assert!(cut(text, Some("data")).is_err(), "{text}");
        }
        let sound = r#"{"data":[{}],"meta":{"data":[1],"x":"]}"}} "#;
        assert_eq!(cut(sound, Some("data")).unwrap().len(), 1);
    }

    #[test]
    fn a_document_without_the_list_is_an_error() {
        for text in ["", "{}", r#"{"error":"data"}"#, r#"{"data":{}}"#, "[", "data"] {
            let found = cut(text, Some("data"));
            assert!(found.is_err(), "{text}");
        }
    }
}
