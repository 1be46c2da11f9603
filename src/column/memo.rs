//! Raw texts become what was found for them before: most fields repeat a few thousand texts.

/// What a text stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A code, or a count.
    pub value: u32,
    /// Whether the text is refused.
    pub is_refused: bool,
}

/// Texts longer than this are not remembered.
const LENGTH_MAX: usize = 4096;
/// Bytes of texts that are remembered, at most: beyond it a column does not repeat itself.
const BYTES_MAX: usize = 64 << 20;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A table of texts with open addressing: one probe for a text met before. Entries are small, so
/// that those of a column stay near the processor.
#[derive(Clone, Debug)]
pub struct Memo {
    /// A power of two of places.
    entries: Vec<Entry>,
    used: usize,
    /// Where each long text is, and how long.
    longs: Vec<(u32, u32)>,
    texts: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The text itself when it is short, else its hash.
    word: u64,
    value: u32,
    /// What kind of entry it is, or the number of the long text.
    kind: u32,
}

/// Kinds of entries: a place without one, a short text, a short text that is refused. A long text
/// has its number here, twice, and one more where it is refused.
const FREE: u32 = u32::MAX;
const SHORT: u32 = u32::MAX - 2;

impl Default for Memo {
    fn default() -> Self {
        Self { entries: vec![NO_ENTRY; 64], used: 0, longs: Vec::new(), texts: Vec::new() }
    }
}

const NO_ENTRY: Entry = Entry { word: 0, value: 0, kind: FREE };

impl Memo {
    /// What was found for a text, or what `find` finds for it now.
    #[inline]
    pub fn get(&mut self, text: &[u8], find: impl FnOnce(&[u8]) -> Found) -> Found {
        let (word, is_short) = word_of(text);
        let mut place = self.place(word);
        while let Some(entry) = self.entries.get(place).filter(|entry| entry.kind != FREE) {
            let is_same =
                |kind| if is_short { kind >= SHORT - 1 } else { self.is_long(kind, text) };
            if entry.word == word && is_same(entry.kind) {
                return Found { value: entry.value, is_refused: entry.kind & 1 == 0 };
            }
            place = (place + 1) & (self.entries.len() - 1);
        }
        let found = find(text);
        self.remember(place, (word, text, is_short), found);
        found
    }

    fn place(&self, word: u64) -> usize {
        // The upper half depends on all bits of the word.
        let mixed = word.wrapping_mul(MULTIPLIER) >> 32;
        usize::try_from(mixed).unwrap_or_default() & (self.entries.len() - 1)
    }

    /// Whether an entry is that of a long text.
    fn is_long(&self, kind: u32, text: &[u8]) -> bool {
        let number = usize::try_from(kind / 2).unwrap_or(usize::MAX);
        let Some((start, length)) = self.longs.get(number) else { return false };
        let start = usize::try_from(*start).unwrap_or(usize::MAX);
        let length = usize::try_from(*length).unwrap_or_default();
        if length != text.len() {
            return false;
        }
        let known = self.texts.get(start..start.saturating_add(length)).unwrap_or_default();
        // By words: the texts are short, and a call to compare memory costs more than this.
        let (words, _) = known.as_chunks::<8>();
        let (others, _) = text.as_chunks::<8>();
        let is_same = |(one, other): (&[u8; 8], &[u8; 8])| {
            u64::from_le_bytes(*one) == u64::from_le_bytes(*other)
        };
        words.iter().zip(others).all(is_same) && known.last_chunk::<8>() == text.last_chunk::<8>()
    }

    fn remember(&mut self, place: usize, (word, text, is_short): (u64, &[u8], bool), found: Found) {
        if text.len() > LENGTH_MAX || self.texts.len() + 16 * self.used > BYTES_MAX {
            return;
        }
        let (Ok(start), Ok(length), Ok(number)) = (
            u32::try_from(self.texts.len()),
            u32::try_from(text.len()),
            u32::try_from(self.longs.len()),
        ) else {
            return;
        };
        let Found { value, is_refused } = found;
        // Odd where the text is not refused.
        let kind = if is_short { SHORT } else { number * 2 + 1 };
        let kind = kind - u32::from(is_refused);
        if let Some(entry) = self.entries.get_mut(place) {
            *entry = Entry { word, value, kind };
            self.used += 1;
            if !is_short {
                self.longs.push((start, length));
                self.texts.extend_from_slice(text);
            }
        }
        if self.used * 3 > self.entries.len() * 2 {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let larger = vec![NO_ENTRY; self.entries.len() * 2];
        for entry in std::mem::replace(&mut self.entries, larger) {
            if entry.kind == FREE {
                continue;
            }
            let mut place = self.place(entry.word);
            while self.entries.get(place).is_some_and(|entry| entry.kind != FREE) {
                place = (place + 1) & (self.entries.len() - 1);
            }
            if let Some(slot) = self.entries.get_mut(place) {
                *slot = entry;
            }
        }
    }
}

/// A text of at most seven bytes as a number that no other has, its length in the last byte; or the
/// hash of a longer one. Whether it is short.
#[inline]
fn word_of(text: &[u8]) -> (u64, bool) {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let mut hash = u64::from_le_bytes(*first);
        let whole = text.get(8..text.len() - 8).unwrap_or_default();
        for word in whole.as_chunks::<8>().0 {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER).rotate_left(29);
        }
        if text.len() > 16 {
            // The bytes between the whole words and the last one lie in the eight before it.
            let before = text.get(..text.len() - 8).and_then(<[u8]>::last_chunk::<8>);
            let before = before.map_or(0, |word| u64::from_le_bytes(*word));
            hash = (hash ^ before).wrapping_mul(MULTIPLIER).rotate_left(29);
        }
        hash = (hash ^ u64::from_le_bytes(*last)).wrapping_mul(MULTIPLIER);
        return (hash ^ hash >> 31, false);
    }
    let length = u64::try_from(text.len()).unwrap_or_default() << 56;
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() - 4));
        return (u64::from(u32::from_le_bytes(*first)) | last | length, true);
    }
    let at = |place: usize| text.get(place).copied().map_or(0, u64::from) << (8 * place);
    (at(0) | at(1) | at(2) | length, true)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_found_once_and_remembered(
            texts in prop::collection::vec(prop::collection::vec(0..4_u8, 0..20), 1..400),
        ) {
            let mut memo = Memo::default();
            let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
            for text in texts {
                let next = u32::try_from(known.len()).unwrap();
                let expected = *known.entry(text.clone()).or_insert(next);
                let mut is_new = false;
                let found = memo.get(&text, |_| {
                    is_new = true;
                    Found { value: next, is_refused: next % 2 == 1 }
                });
                prop_assert_eq!(found, Found { value: expected, is_refused: expected % 2 == 1 });
                prop_assert_eq!(is_new, expected == next);
            }
        }
    }

    #[test]
    fn a_short_text_is_not_taken_for_a_long_one() {
        let mut memo = Memo::default();
        // The hash of the first is the number of the second.
        for (value, text) in (0..).zip([&[0_u8; 8][..], &[]]) {
            let found = memo.get(text, |_| Found { value, is_refused: false });
            assert_eq!(found.value, value);
        }
    }

    #[test]
    fn a_long_text_is_found_anew() {
        let mut memo = Memo::default();
        let text = vec![b'a'; LENGTH_MAX + 1];
        let finds = (0..2).filter(|_| {
            let mut is_found = false;
            memo.get(&text, |_| {
                is_found = true;
                Found::default()
            });
            is_found
        });
        assert_eq!(finds.count(), 2);
    }
}
