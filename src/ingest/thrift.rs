//! The descriptions in a Parquet file are walked before its reader sees them. That reader believes
//! how long a list is said to be, and one of booleans takes no bytes there: a file of four
//! kilobytes could keep it busy for an hour.
//!
//! Layout: the compact protocol of Thrift, as its specification has it.

/// Levels of structures in structures.
const DEPTH_MAX: u8 = 32;
/// What a Parquet file ends with, behind the length of its footer.
const MARK: &[u8; 4] = b"PAR1";
/// The field of the header of a page that says how long the page is.
const PAGE_LENGTH: i64 = 3;

/// Whether the footer of a file can be walked; one that is not where it should be is for the reader
/// to tell.
pub(super) fn has_sound_footer(file: &[u8]) -> bool {
    let Some((rest, mark)) = file.split_last_chunk::<4>() else { return true };
    let Some((rest, length)) = rest.split_last_chunk::<4>() else { return true };
    let length = usize::try_from(u32::from_le_bytes(*length)).ok();
    let footer = length.and_then(|length| rest.len().checked_sub(length));
    let footer = footer.and_then(|start| rest.get(start..));
    match footer.filter(|_| mark == MARK) {
        Some(footer) => Walk { left: footer }.structure(DEPTH_MAX, &mut |_, _| {}).is_some(),
        None => true,
    }
}

/// Whether the headers of all pages can be walked, in parts of a file that begin somewhere and are
/// so long.
pub(super) fn has_sound_pages(file: &[u8], mut parts: impl Iterator<Item = (u64, u64)>) -> bool {
    parts.all(|(start, length)| {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let chunk = file.get(start..start.saturating_add(length).min(file.len()));
        are_pages(chunk.unwrap_or_default())
    })
}

fn are_pages(chunk: &[u8]) -> bool {
    let mut walk = Walk { left: chunk };
    while !walk.left.is_empty() {
        let mut page = None;
        let mut see = |field, number| page = page.or((field == PAGE_LENGTH).then_some(number));
        if walk.structure(DEPTH_MAX, &mut see).is_none() {
            return false;
        }
        let page = page.and_then(|length| usize::try_from(length).ok());
        if page.and_then(|length| walk.take(length)).is_none() {
            return false;
        }
    }
    true
}

/// Bytes that are not walked yet.
struct Walk<'a> {
    left: &'a [u8],
}

impl<'a> Walk<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(count)?;
        self.left = left;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        let half = i64::try_from(number >> 1).ok()?;
        Some(if number & 1 == 0 { half } else { -half - 1 })
    }

    /// Walks a structure; `see` is told its fields that are numbers.
    fn structure(&mut self, depth: u8, see: &mut dyn FnMut(i64, i64)) -> Option<()> {
        let mut field = 0;
        loop {
            let header = self.byte()?;
            if header & 0x0f == 0 {
                return Some(());
            }
            field = match header >> 4 {
                0 => self.signed()?,
                step => field + i64::from(step),
            };
            match header & 0x0f {
                // A boolean is in its header.
                1 | 2 => {}
                4..=6 => see(field, self.signed()?),
                kind => self.skip(kind, depth)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            3 => self.byte().map(drop),
            4..=6 => self.number().map(drop),
            7 => self.take(8).map(drop),
            8 => {
                let length = usize::try_from(self.number()?).ok()?;
                self.take(length).map(drop)
            }
            9 | 10 => {
                let header = self.byte()?;
                let count = match header >> 4 {
                    15 => self.number()?,
                    count => u64::from(count),
                };
                self.elements(count, &[header & 0x0f], depth)
            }
            11 => {
                let count = self.number()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                self.elements(count, &[kinds >> 4, kinds & 0x0f], depth)
            }
            12 => self.structure(depth, &mut |_, _| {}),
            13 => self.take(16).map(drop),
            _ => None,
        }
    }

    /// Each element takes a byte at least: no footer and no header of a page has booleans in lists.
    fn elements(&mut self, count: u64, kinds: &[u8], depth: u8) -> Option<()> {
        let is_long = usize::try_from(count).map_or(true, |count| count > self.left.len());
        if count > 0 && (is_long || kinds.iter().any(|kind| matches!(kind, 1 | 2))) {
            return None;
        }
        for _ in 0..count {
            kinds.iter().try_for_each(|kind| self.skip(*kind, depth))?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sound(footer: &[u8]) -> bool {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        has_sound_footer(&[footer, &length, MARK].concat())
    }

    #[test]
    fn a_footer_has_no_list_longer_than_itself() {
        // Field 1 a number, field 2 a list of two texts, field 5 a structure with a boolean.
        let good = [0x15, 0x02, 0x19, 0x28, 1, b'a', 0, 0x3c, 0x11, 0, 0];
        assert!(is_sound(&good));
        for cut in 0..good.len() {
            assert!(!is_sound(&good[..cut]), "{cut}");
        }
        // Two billion booleans, in a list and in a map; two billion numbers.
        let many = [0xff, 0xff, 0xff, 0xff, 0x07];
        for header in [&[0x19, 0xf1][..], &[0x19, 0xf5]] {
            assert!(!is_sound(&[header, &many, &[0]].concat()), "{header:?}");
        }
        assert!(!is_sound(&[&[0x1b][..], &many, &[0x11, 0]].concat()));
        assert!(!is_sound(&[&[0x19, 0x21][..], &[0]].concat()), "two booleans");
        // A structure in a structure, without end.
        assert!(!is_sound(&[0x1c; 100]));
        assert!(has_sound_footer(b"PAR1"), "the reader says what is wrong");
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        // A header that says three bytes, and the page.
        let page = [0x35, 0x06, 0, b'a', b'b', b'c'];
        assert!(are_pages(&[page, page].concat()));
        assert!(!are_pages(&page[..5]), "a page is cut");
        assert!(!are_pages(&[0x15, 0x06, 0]), "no length");
        assert!(!are_pages(&[0x35, 0x05, 0]), "a negative one");
    }
}
