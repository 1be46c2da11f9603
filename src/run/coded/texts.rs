//! Codes of texts become a dictionary page and pages of its places, or plain texts.

use parquet::basic::Encoding;

use crate::column::{NO_TEXT, Texts};
use crate::error::{Error, Result};
use crate::run::coded::bounds::Label;
use crate::run::coded::chunk::{Chunk, DataPage, PAGE_BYTES, PAGE_ROWS};
use crate::run::coded::runs::{append_levels, append_runs, width_of};

/// Bytes of a dictionary beyond which texts are written plainly, as other writers do.
const DICTIONARY_BYTES: usize = 1 << 20;

/// Space a dictionary starts with: it rarely grows beyond.
const DICTIONARY_START: usize = 1 << 16;

/// Space that one row group leaves to the next.
#[derive(Default)]
pub(super) struct TextSpace {
    /// By code, one more than its place in the dictionary of the group; 0 where it has none.
    slots: Vec<u16>,
    /// The codes that have a place, in the order of their places.
    codes: Vec<u32>,
    /// Places of the values of the group, without nulls.
    places: Vec<u16>,
    body: Vec<u8>,
}

/// Appends a column of texts to its chunk.
///
/// # Errors
/// When a code has no text, or a page cannot be written.
pub(super) fn append_texts(
    codes: &[u32],
    texts: &dyn Texts,
    space: &mut TextSpace,
    chunk: &mut Chunk<'_, Label>,
) -> Result<()> {
    let Some(dictionary) = learn(codes, texts, space)? else {
        return append_plain(codes, texts, &mut space.body, chunk);
    };
    chunk.dictionary(dictionary.entries.len(), false, &dictionary.bytes)?;
    let greatest = u16::try_from(dictionary.entries.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let width = width_of(greatest);
    let mut met = Met { pages: vec![0; dictionary.entries.len()], page: 0 };
    let mut rest = space.places.as_slice();
    for page in codes.chunks(PAGE_ROWS) {
        let nulls = nulls(page);
        let (places, after) = rest
            .split_at_checked(page.len() - nulls)
            .ok_or_else(|| Error::internal("a page has as many places as values"))?;
        rest = after;
        let (bounds, text_bytes) = met.bounds(places, &dictionary, texts);
        space.body.clear();
        append_levels(page, nulls, |code| code == NO_TEXT, &mut space.body);
        space.body.push(width);
        append_runs(places, width, &mut space.body);
        let encoding = Encoding::RLE_DICTIONARY;
        let rows = page.len();
        let text_bytes = Some(text_bytes);
        chunk.page(DataPage { rows, nulls, encoding, bounds, text_bytes }, &space.body)?;
    }
    Ok(())
}

fn nulls(codes: &[u32]) -> usize {
    codes.iter().filter(|code| **code == NO_TEXT).count()
}

/// A text of the dictionary of a group.
struct Entry {
    code: u32,
    /// Its first eight bytes: they order most texts without looking at them.
    start: u64,
    bytes: u32,
}

/// The texts of a group, in the order they came.
struct Dictionary<'a> {
    texts: &'a dyn Texts,
    entries: Vec<Entry>,
    /// Its page.
    bytes: Vec<u8>,
    is_full: bool,
    /// A code of no text.
    stray: Option<u32>,
}

/// Gives each text of the group a place, and each value that of its text; none where the texts
/// are too many or too long for a dictionary to be of use.
fn learn<'a>(
    codes: &[u32],
    texts: &'a dyn Texts,
    space: &mut TextSpace,
) -> Result<Option<Dictionary<'a>>> {
    let TextSpace { slots, codes: known, places, .. } = space;
    for code in known.drain(..) {
        if let Some(slot) = place(code).and_then(|code| slots.get_mut(code)) {
            *slot = 0;
        }
    }
    if slots.len() < texts.len().max(1) {
        slots.resize(texts.len().max(1), 0);
    }
    // No text looks as if it had a place, so that it is not taken for a new one.
    if let Some(slot) = slots.first_mut() {
        *slot = 1;
    }
    let mut dictionary = Dictionary {
        texts,
        entries: Vec::new(),
        bytes: Vec::with_capacity(DICTIONARY_START),
        is_full: false,
        stray: None,
    };
    places.clear();
    places.reserve(codes.len());
    let mut values = 0;
    for page in codes.chunks(PAGE_ROWS) {
        let start = places.len();
        let nulls = nulls(page);
        values += page.len() - nulls;
        if nulls == 0 {
            places.extend(page.iter().map(|code| dictionary.place(*code, slots, known)));
        } else {
            places.resize(start + page.len(), 0);
            let space = places.get_mut(start..).unwrap_or_default();
            let mut kept = 0;
            // The next value takes the space of a null, which costs less than a branch.
            for code in page {
                let place = dictionary.place(*code, slots, known);
                if let Some(to) = space.get_mut(kept) {
                    *to = place;
                }
                kept += usize::from(*code != NO_TEXT);
            }
            places.truncate(start + page.len() - nulls);
        }
        if let Some(code) = dictionary.stray {
            return Err(Error::internal(format!("the code {code} has a text")));
        }
        if dictionary.is_full {
            return Ok(None);
        }
    }
    let is_useful = dictionary.entries.len() * 2 <= values || values == 0;
    Ok(is_useful.then_some(dictionary))
}

fn place(code: u32) -> Option<usize> {
    usize::try_from(code).ok()
}

impl Dictionary<'_> {
    #[inline]
    fn place(&mut self, code: u32, slots: &mut [u16], known: &mut Vec<u32>) -> u16 {
        match place(code).and_then(|code| slots.get(code)) {
            Some(slot) if *slot != 0 => *slot - 1,
            _ => self.add(code, slots, known),
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, code: u32, slots: &mut [u16], known: &mut Vec<u32>) -> u16 {
        if self.is_full {
            return 0;
        }
        let Some(slot) = place(code)
            .filter(|code| *code < self.texts.len())
            .and_then(|code| slots.get_mut(code))
        else {
            self.stray = Some(code);
            return 0;
        };
        let text = self.texts.text(code);
        let place = self.entries.len();
        let (Ok(bytes), Ok(next)) = (u32::try_from(text.len()), u16::try_from(place + 1)) else {
            self.is_full = true;
            return 0;
        };
        if self.bytes.len() + 4 + text.len() > DICTIONARY_BYTES {
            self.is_full = true;
            return 0;
        }
        self.bytes.extend(bytes.to_le_bytes());
        self.bytes.extend(text.as_bytes());
        self.entries.push(Entry { code, start: start_of(text), bytes });
        *slot = next;
        known.push(code);
        next - 1
    }

    fn is_before(&self, entry: &Entry, other: &Entry) -> bool {
        if entry.start != other.start {
            return entry.start < other.start;
        }
        // A start that is not filled is the whole text, unless it ends in zero bytes.
        self.texts.text(entry.code) < self.texts.text(other.code)
    }
}

fn start_of(text: &str) -> u64 {
    let mut start = [0; 8];
    start.iter_mut().zip(text.as_bytes()).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(start)
}

/// Which entries a page has: the number of the last page each was in.
struct Met {
    pages: Vec<u32>,
    page: u32,
}

impl Met {
    /// Least and greatest text of the next page, and the bytes of all its texts.
    fn bounds(
        &mut self,
        places: &[u16],
        dictionary: &Dictionary<'_>,
        texts: &dyn Texts,
    ) -> (Option<(Label, Label)>, usize) {
        self.page += 1;
        let mut bytes = 0;
        for place in places {
            let place = usize::from(*place);
            if let Some(page) = self.pages.get_mut(place) {
                *page = self.page;
            }
            bytes += dictionary.entries.get(place).map_or(0, |entry| u64::from(entry.bytes));
        }
        let mut bounds: Option<(&Entry, &Entry)> = None;
        for (entry, page) in dictionary.entries.iter().zip(&self.pages) {
            if *page != self.page {
                continue;
            }
            bounds = Some(match bounds {
                None => (entry, entry),
                Some((least, greatest)) => (
                    if dictionary.is_before(entry, least) { entry } else { least },
                    if dictionary.is_before(greatest, entry) { entry } else { greatest },
                ),
            });
        }
        let label = |entry: &Entry| Label(texts.text(entry.code).to_owned());
        let bounds = bounds.map(|(least, greatest)| (label(least), label(greatest)));
        (bounds, usize::try_from(bytes).unwrap_or(usize::MAX))
    }
}

/// Writes texts one after the other, each after its length.
fn append_plain(
    codes: &[u32],
    texts: &dyn Texts,
    body: &mut Vec<u8>,
    chunk: &mut Chunk<'_, Label>,
) -> Result<()> {
    let mut rest = codes;
    while !rest.is_empty() {
        let (page, after) = rest.split_at(rows_of_page(rest, texts)?);
        rest = after;
        let nulls = nulls(page);
        body.clear();
        append_levels(page, nulls, |code| code == NO_TEXT, body);
        let mut bounds: Option<(&str, &str)> = None;
        let mut text_bytes = 0;
        for code in page.iter().filter(|code| **code != NO_TEXT) {
            let text = texts.text(*code);
            let length = u32::try_from(text.len())
                .map_err(|_| Error::internal("a text has fewer than four billion bytes"))?;
            body.extend(length.to_le_bytes());
            body.extend(text.as_bytes());
            text_bytes += text.len();
            bounds =
                Some(bounds.map_or((text, text), |(least, greatest)| {
                    (least.min(text), greatest.max(text))
                }));
        }
        let label = |text: &str| Label(text.to_owned());
        let bounds = bounds.map(|(least, greatest)| (label(least), label(greatest)));
        let (rows, text_bytes) = (page.len(), Some(text_bytes));
        let encoding = Encoding::PLAIN;
        chunk.page(DataPage { rows, nulls, encoding, bounds, text_bytes }, body)?;
    }
    Ok(())
}

/// How many rows make a page: at least one, and no more bytes than it aims at otherwise.
fn rows_of_page(codes: &[u32], texts: &dyn Texts) -> Result<usize> {
    let mut bytes = 0;
    let mut rows = 0;
    for code in codes.iter().take(PAGE_ROWS) {
        if place(*code).is_none_or(|code| code >= texts.len()) && *code != NO_TEXT {
            return Err(Error::internal(format!("the code {code} has a text")));
        }
        bytes += if *code == NO_TEXT { 0 } else { 4 + texts.text(*code).len() };
        if bytes > PAGE_BYTES && rows > 0 {
            break;
        }
        rows += 1;
    }
    Ok(rows)
}
