//! Small numbers become Parquet's mix of repeated runs and bit-packed groups.

/// Values tested and packed at a time; a run shorter than this may be packed.
const BLOCK: usize = 64;
/// Bytes of the widest group of eight values: eight times 16 bits.
const WIDEST_GROUP: usize = 16;

/// Bits needed for numbers up to `greatest`, at least one.
#[must_use]
pub(super) fn width_of(greatest: u16) -> u8 {
    let zeros = greatest.leading_zeros();
    u8::try_from(u16::BITS.saturating_sub(zeros)).unwrap_or(16).max(1)
}

/// Appends values, none of which needs more than `width` bits (16 at most).
pub(super) fn append_runs(values: &[u16], width: u8, out: &mut Vec<u8>) {
    let mut rest = values;
    while !rest.is_empty() {
        let packed: usize =
            rest.chunks(BLOCK).take_while(|block| !is_uniform(block)).map(<[u16]>::len).sum();
        let (literals, after) = rest.split_at(packed);
        append_packed(literals, width, out);
        rest = after;
        if let Some(first) = rest.first() {
            let run = run_length(rest, *first);
            append_run(*first, run, width, out);
            rest = rest.get(run..).unwrap_or_default();
        }
    }
}

/// Appends `count` times a value.
pub(super) fn append_run(value: u16, count: usize, width: u8, out: &mut Vec<u8>) {
    append_header(count << 1, out);
    let bytes = usize::from(width).div_ceil(8);
    out.extend(value.to_le_bytes().iter().take(bytes));
}

// A test without a branch per value lets the compiler use vectors.
fn is_uniform(block: &[u16]) -> bool {
    let first = block.first().copied().unwrap_or_default();
    block.iter().fold(0, |differences, value| differences | (value ^ first)) == 0
}

fn run_length(values: &[u16], value: u16) -> usize {
    let blocks = values
        .chunks_exact(BLOCK)
        .take_while(|block| block.first() == Some(&value) && is_uniform(block))
        .count();
    let whole = blocks * BLOCK;
    let rest = values.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|other| **other == value).count()
}

/// Appends groups of eight values; the last one is filled up with zeros, so that only the last
/// values of a page may be fewer than eight.
fn append_packed(values: &[u16], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    append_header((groups << 1) | 1, out);
    let start = out.len();
    let size = usize::from(width);
    out.resize(start + groups * size + WIDEST_GROUP, 0);
    let space = out.get_mut(start..).unwrap_or_default();
    let mut at = 0;
    // A group is written with 16 bytes at once; the next one overwrites what is too many.
    let mut write = |group: [u16; 8]| {
        if let Some(bytes) = space.get_mut(at..at + WIDEST_GROUP) {
            bytes.copy_from_slice(&packed_group(group, width).to_le_bytes());
        }
        at += size;
    };
    let (whole, tail) = values.as_chunks::<8>();
    whole.iter().copied().for_each(&mut write);
    if !tail.is_empty() {
        let mut group = [0; 8];
        group.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        write(group);
    }
    out.truncate(start + groups * size);
}

fn packed_group(group: [u16; 8], width: u8) -> u128 {
    let width = u32::from(width);
    let [a, b, c, d, e, f, g, h] = group.map(u64::from);
    let low = (a | (b << width)) | ((c | (d << width)) << (2 * width));
    let high = (e | (f << width)) | ((g | (h << width)) << (2 * width));
    u128::from(low) | (u128::from(high) << (4 * width))
}

fn append_header(mut number: usize, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

/// Appends the definition levels of a page: 1 for a value, 0 for none, after their length.
pub(super) fn append_levels<T: Copy>(
    values: &[T],
    nulls: usize,
    is_null: impl Fn(T) -> bool,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.extend([0; 4]);
    if nulls == 0 || nulls == values.len() {
        append_run(u16::from(nulls == 0), values.len(), 1, out);
    } else {
        let levels: Vec<u16> = values.iter().map(|value| u16::from(!is_null(*value))).collect();
        append_runs(&levels, 1, out);
    }
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[u16], width: u8, expected: &[u8]) {
        let mut out = Vec::new();
        append_runs(values, width, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn equal_values_are_one_run() {
        check(&[5; 300], 3, &[0xd8, 0x04, 5]);
    }

    #[test]
    fn the_example_of_the_format_is_packed_as_it_says() {
        check(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &[3, 0x88, 0xc6, 0xfa]);
    }

    #[test]
    fn a_last_group_is_filled_up_with_zeros() {
        check(&[1, 0, 1], 1, &[3, 0b101]);
    }

    #[test]
    fn widths_reach_sixteen_bits() {
        assert_eq!([0, 1, 2, 255, 256, u16::MAX].map(width_of), [1, 1, 2, 8, 9, 16]);
        let mut out = Vec::new();
        append_runs(&[1, u16::MAX, 0x1234, 4, 5, 6, 7, 8], 16, &mut out);
        assert_eq!(out, [3, 1, 0, 255, 255, 0x34, 0x12, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0]);
    }
}
