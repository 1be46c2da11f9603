//! Identifiers become pages of hexadecimal texts, or of their sixteen bytes.

use parquet::basic::Encoding;

use crate::error::{Error, Result};
use crate::run::coded::bounds::{Id, Label};
use crate::run::coded::chunk::{Chunk, DataPage, PAGE_ROWS};
use crate::run::coded::runs::append_levels;

/// Digits of the longest identifier.
const DIGITS: usize = 32;
/// One in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// Appends the last `digits` lower-case hexadecimal digits of each identifier.
///
/// # Errors
/// When there are more digits than an identifier has, or a page cannot be written.
pub(super) fn append_hex(
    ids: &[u128],
    digits: usize,
    body: &mut Vec<u8>,
    chunk: &mut Chunk<'_, Label>,
) -> Result<()> {
    let above = u32::try_from(4 * digits)
        .ok()
        .filter(|bits| *bits <= u128::BITS)
        .ok_or_else(|| Error::internal("an identifier has at most 32 digits"))?;
    let mask = u128::MAX.checked_shr(u128::BITS - above).unwrap_or_default();
    let length = u32::try_from(digits).unwrap_or_default().to_le_bytes();
    for page in ids.chunks(PAGE_ROWS) {
        body.clear();
        append_levels(page, 0, |_| false, body);
        let start = body.len();
        let size = length.len() + digits;
        body.resize(start + page.len() * size, 0);
        let space = body.get_mut(start..).unwrap_or_default();
        for (to, id) in space.chunks_exact_mut(size).zip(page) {
            if let Some((prefix, text)) = to.split_first_chunk_mut::<4>() {
                *prefix = length;
                let all = hex(*id);
                if let Some(last) = all.get(DIGITS - digits..) {
                    text.copy_from_slice(last);
                }
            }
        }
        // Digits of one length are in the order of their numbers.
        let numbers = page.iter().map(|id| id & mask);
        let bounds = bounds(numbers)
            .map(|(least, greatest)| (label(least, digits), label(greatest, digits)));
        let text_bytes = Some(page.len() * digits);
        let (rows, encoding) = (page.len(), Encoding::PLAIN);
        chunk.page(DataPage { rows, nulls: 0, encoding, bounds, text_bytes }, body)?;
    }
    Ok(())
}

/// Appends the sixteen bytes of each identifier, the highest first.
///
/// # Errors
/// When a page cannot be written.
pub(super) fn append_binary(
    ids: &[u128],
    body: &mut Vec<u8>,
    chunk: &mut Chunk<'_, Id>,
) -> Result<()> {
    for page in ids.chunks(PAGE_ROWS) {
        body.clear();
        append_levels(page, 0, |_| false, body);
        let start = body.len();
        body.resize(start + page.len() * 16, 0);
        let (space, _) = body.get_mut(start..).unwrap_or_default().as_chunks_mut::<16>();
        space.iter_mut().zip(page).for_each(|(to, id)| *to = id.to_be_bytes());
        let bounds =
            bounds(page.iter().copied()).map(|(least, greatest)| (Id(least), Id(greatest)));
        let (rows, encoding) = (page.len(), Encoding::PLAIN);
        chunk.page(DataPage { rows, nulls: 0, encoding, bounds, text_bytes: None }, body)?;
    }
    Ok(())
}

fn bounds(ids: impl Iterator<Item = u128>) -> Option<(u128, u128)> {
    ids.fold(None, |bounds, id| {
        Some(
            bounds.map_or((id, id), |(least, greatest): (u128, u128)| {
                (least.min(id), greatest.max(id))
            }),
        )
    })
}

fn label(id: u128, digits: usize) -> Label {
    let text = format!("{id:032x}");
    Label(text.get(DIGITS - digits..).unwrap_or_default().to_owned())
}

fn hex(id: u128) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    let (eights, _) = digits.as_chunks_mut::<8>();
    let bytes = id.to_be_bytes();
    let (words, _) = bytes.as_chunks::<4>();
    let words = words.iter().map(|word| u32::from_be_bytes(*word));
    eights.iter_mut().zip(words).for_each(|(to, word)| *to = eight_digits(word));
    digits
}

/// Four bytes as eight digits, all at once.
fn eight_digits(word: u32) -> [u8; 8] {
    // Half bytes are moved apart, each into a byte of its own.
    let spread = u64::from(word);
    let spread = (spread | (spread << 16)) & 0x0000_ffff_0000_ffff;
    let spread = (spread | (spread << 8)) & 0x00ff_00ff_00ff_00ff;
    let spread = (spread | (spread << 4)) & (0x0f * ONES);
    // From ten on, adding six reaches the fifth bit: those digits are letters.
    let letters = ((spread + 6 * ONES) >> 4) & ONES;
    let letter = u64::from(b'a' - b'0' - 10);
    (spread + u64::from(b'0') * ONES + letters * letter).to_be_bytes()
}
