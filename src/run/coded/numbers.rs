//! Counts, days, instants and sums become pages: of places in a small dictionary, or plain.

use parquet::basic::Encoding;

use crate::error::{Error, Result};
use crate::run::coded::bounds::Bound;
use crate::run::coded::chunk::{Chunk, DataPage, PAGE_ROWS};
use crate::run::coded::runs::{append_levels, append_runs, width_of};

/// Numbers as far apart as this, or farther, are written plainly.
const SPAN: usize = 4096;

/// Space that one row group leaves to the next.
#[derive(Default)]
pub(super) struct NumberSpace {
    places: Vec<u16>,
    body: Vec<u8>,
}

/// A number of fixed width, whose least value means none.
pub(super) trait Number: Bound + Copy + Ord + Default {
    /// No value.
    const NONE: Self;
    /// The greatest value.
    const GREATEST: Self;
    /// Appends its bytes, the lowest first.
    fn append(numbers: &[Self], out: &mut Vec<u8>);
    /// How much greater than the least number it is.
    fn above(self, least: Self) -> usize;
}

impl Number for i32 {
    const NONE: Self = i32::MIN;
    const GREATEST: Self = i32::MAX;

    fn append(numbers: &[Self], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + numbers.len() * 4, 0);
        let space = out.get_mut(start..).unwrap_or_default();
        let (space, _) = space.as_chunks_mut::<4>();
        space.iter_mut().zip(numbers).for_each(|(to, from)| *to = from.to_le_bytes());
    }

    #[inline]
    fn above(self, least: Self) -> usize {
        usize::try_from(self.wrapping_sub(least).cast_unsigned()).unwrap_or(usize::MAX)
    }
}

impl Number for i64 {
    const NONE: Self = i64::MIN;
    const GREATEST: Self = i64::MAX;

    fn append(numbers: &[Self], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + numbers.len() * 8, 0);
        let space = out.get_mut(start..).unwrap_or_default();
        let (space, _) = space.as_chunks_mut::<8>();
        space.iter_mut().zip(numbers).for_each(|(to, from)| *to = from.to_le_bytes());
    }

    #[inline]
    fn above(self, least: Self) -> usize {
        usize::try_from(self.wrapping_sub(least).cast_unsigned()).unwrap_or(usize::MAX)
    }
}

/// What is known of a page before it is written.
#[derive(Clone, Copy)]
struct Facts<T> {
    nulls: usize,
    bounds: Option<(T, T)>,
}

fn facts<T: Number>(page: &[T]) -> Facts<T> {
    // One figure at a time, so that the compiler uses vectors for each.
    let nulls = page.iter().filter(|number| **number == T::NONE).count();
    let visible = |number: &T| if *number == T::NONE { T::GREATEST } else { *number };
    let least = page.iter().map(visible).fold(T::GREATEST, T::min);
    // None is the least number: it never hides the greatest one.
    let greatest = page.iter().copied().fold(T::NONE, T::max);
    Facts { nulls, bounds: (nulls < page.len()).then_some((least, greatest)) }
}

/// Appends a column of numbers to its chunk, with a dictionary where they are close together.
///
/// # Errors
/// When a page cannot be written.
pub(super) fn append_numbers<T: Number>(
    numbers: &[T],
    space: &mut NumberSpace,
    chunk: &mut Chunk<'_, T>,
) -> Result<()> {
    let pages: Vec<Facts<T>> = numbers.chunks(PAGE_ROWS).map(facts).collect();
    let values = numbers.len() - pages.iter().map(|page| page.nulls).sum::<usize>();
    let bounds = pages
        .iter()
        .filter_map(|page| page.bounds)
        .reduce(|bounds, page| (bounds.0.min(page.0), bounds.1.max(page.1)));
    let dictionary = bounds.and_then(|bounds| Dictionary::of(numbers, bounds));
    match dictionary {
        Some(dictionary) if dictionary.entries.len() * 2 <= values => {
            append_coded(numbers, &pages, (&dictionary, space), chunk)
        }
        _ => append_plain(numbers, &pages, space, chunk),
    }
}

/// Appends a column of numbers to its chunk, as they are.
///
/// # Errors
/// When a page cannot be written.
pub(super) fn append_plain_numbers<T: Number>(
    numbers: &[T],
    space: &mut NumberSpace,
    chunk: &mut Chunk<'_, T>,
) -> Result<()> {
    let pages: Vec<Facts<T>> = numbers.chunks(PAGE_ROWS).map(facts).collect();
    append_plain(numbers, &pages, space, chunk)
}

/// The numbers of a group, in their order.
struct Dictionary<T> {
    least: T,
    entries: Vec<T>,
    /// By how much greater than the least it is, the place of a number; the last entry is for what
    /// has none, so that no branch is needed.
    places: [u16; SPAN + 1],
}

impl<T: Number> Dictionary<T> {
    fn of(numbers: &[T], (least, greatest): (T, T)) -> Option<Self> {
        if greatest.above(least) >= SPAN {
            return None;
        }
        let mut met = [T::NONE; SPAN + 1];
        for number in numbers {
            // No value falls on the last entry, or on one that no number has.
            if let Some(entry) = met.get_mut(number.above(least).min(SPAN)) {
                *entry = *number;
            }
        }
        let mut places = [0; SPAN + 1];
        let mut entries = Vec::new();
        for (place, entry) in places.iter_mut().zip(met) {
            if entry != T::NONE {
                *place = u16::try_from(entries.len()).ok()?;
                entries.push(entry);
            }
        }
        Some(Self { least, entries, places })
    }

    #[inline]
    fn place(&self, number: T) -> u16 {
        self.places.get(number.above(self.least).min(SPAN)).copied().unwrap_or_default()
    }
}

fn append_coded<T: Number>(
    numbers: &[T],
    pages: &[Facts<T>],
    (dictionary, space): (&Dictionary<T>, &mut NumberSpace),
    chunk: &mut Chunk<'_, T>,
) -> Result<()> {
    let NumberSpace { places, body } = space;
    body.clear();
    T::append(&dictionary.entries, body);
    chunk.dictionary(dictionary.entries.len(), true, body)?;
    let greatest = u16::try_from(dictionary.entries.len().saturating_sub(1))
        .map_err(|_| Error::internal("a dictionary of numbers is small"))?;
    let width = width_of(greatest);
    for (page, facts) in numbers.chunks(PAGE_ROWS).zip(pages) {
        places.clear();
        if facts.nulls == 0 {
            places.extend(page.iter().map(|number| dictionary.place(*number)));
        } else {
            places.resize(page.len(), 0);
            let mut kept = 0;
            // The next value takes the space of a null, which costs less than a branch.
            for number in page {
                if let Some(to) = places.get_mut(kept) {
                    *to = dictionary.place(*number);
                }
                kept += usize::from(*number != T::NONE);
            }
            places.truncate(kept);
        }
        body.clear();
        append_levels(page, facts.nulls, |number| number == T::NONE, body);
        body.push(width);
        append_runs(places, width, body);
        chunk.page(page_of(page, facts, Encoding::RLE_DICTIONARY), body)?;
    }
    Ok(())
}

fn append_plain<T: Number>(
    numbers: &[T],
    pages: &[Facts<T>],
    space: &mut NumberSpace,
    chunk: &mut Chunk<'_, T>,
) -> Result<()> {
    let body = &mut space.body;
    for (page, facts) in numbers.chunks(PAGE_ROWS).zip(pages) {
        body.clear();
        append_levels(page, facts.nulls, |number| number == T::NONE, body);
        if facts.nulls == 0 {
            T::append(page, body);
        } else {
            let given: Vec<T> = page.iter().copied().filter(|number| *number != T::NONE).collect();
            T::append(&given, body);
        }
        chunk.page(page_of(page, facts, Encoding::PLAIN), body)?;
    }
    Ok(())
}

fn page_of<T: Number>(page: &[T], facts: &Facts<T>, encoding: Encoding) -> DataPage<T> {
    let Facts { nulls, bounds } = *facts;
    DataPage { rows: page.len(), nulls, encoding, bounds, text_bytes: None }
}
