//! Parquet's mix of repeated runs and bit-packed groups becomes small numbers again.

/// The widest number, in bits: eight of them are sixteen bytes.
const WIDEST: u8 = 16;

/// Appends `count` numbers of `width` bits to `out`; nothing is said of what follows them. `None`
/// when the bytes do not hold so many.
pub(super) fn read_runs(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Option<()> {
    if width > WIDEST {
        return None;
    }
    let end = out.len() + count;
    out.reserve(count + 8);
    let mut rest = bytes;
    while out.len() < end {
        let header = read_header(&mut rest)?;
        let left = end - out.len();
        if header & 1 == 0 {
            let (value, after) = rest.split_at_checked(usize::from(width.div_ceil(8)))?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            out.resize(out.len() + (header >> 1).min(left), value);
            rest = after;
        } else {
            let groups = (header >> 1).min(left.div_ceil(8));
            let (packed, after) = rest.split_at_checked(groups * usize::from(width))?;
            unpack(packed, width, groups, out);
            // What is left of a header's groups can only follow the last number.
            out.truncate(end);
            rest = after;
        }
    }
    Some(())
}

fn unpack(packed: &[u8], width: u8, groups: usize, out: &mut Vec<u32>) {
    let (size, bits) = (usize::from(width), u32::from(width));
    let mask = (1_u64 << bits) - 1;
    for group in 0..groups {
        let bytes = packed.get(group * size..).unwrap_or_default();
        let word = match bytes.first_chunk::<16>() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte)),
        };
        // Four numbers fit 64 bits, where shifts are cheap.
        let halves = [word, word >> (4 * bits)].map(low_half);
        for half in halves {
            out.extend([0, 1, 2, 3].map(|place| low((half >> (place * bits)) & mask)));
        }
    }
}

fn low_half(word: u128) -> u64 {
    u64::try_from(word & u128::from(u64::MAX)).unwrap_or_default()
}

fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn read_header(bytes: &mut &[u8]) -> Option<usize> {
    let mut header = 0;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        header |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(header);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::coded::runs::{append_runs, width_of};

    proptest! {
        #[test]
        fn what_is_written_is_read(
            runs in prop::collection::vec((0..=u16::MAX, 1..200_usize), 0..20),
            width in 0..=16_u32,
            trailing in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let mask = u16::try_from((1_u32 << width) - 1).unwrap();
            let values: Vec<u16> = runs
                .iter()
                .flat_map(|(value, times)| std::iter::repeat_n(value & mask, *times))
                .collect();
            let width = width_of(mask);
            let mut bytes = Vec::new();
            append_runs(&values, width, &mut bytes);
            bytes.extend(trailing);
            let mut found = vec![7];
            prop_assert_eq!(read_runs(&bytes, width, values.len(), &mut found), Some(()));
            let expected: Vec<u32> =
                std::iter::once(7).chain(values.iter().map(|value| u32::from(*value))).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_read_or_told(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            width in 0..20_u8,
            count in 0..300_usize,
        ) {
            let mut found = Vec::new();
            if read_runs(&bytes, width, count, &mut found).is_some() {
                prop_assert_eq!(found.len(), count);
            }
        }
    }

    #[test]
    fn missing_bytes_are_told() {
        assert_eq!(read_runs(&[3, 0x88, 0xc6], 3, 8, &mut Vec::new()), None);
        assert_eq!(read_runs(&[], 3, 1, &mut Vec::new()), None);
        assert_eq!(read_runs(&[0xff, 0xff, 0xff, 0xff, 0xff, 1], 3, 1, &mut Vec::new()), None);
    }
}
