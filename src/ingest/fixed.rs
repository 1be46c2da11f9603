//! Texts of a fixed layout become numbers, eight bytes at a time.

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// An instant, and the month it is in: years since 0 by twelve, and the months after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// Microseconds since 1970, UTC.
    pub(crate) micros: i64,
    /// Months since January of the year 0.
    pub(crate) month: i32,
}

/// Reads `YYYY-MM-DDTHH:MM:SS.mmmZ`.
pub(crate) fn instant(text: &[u8]) -> Option<Instant> {
    let words = <&[u8; 24]>::try_from(text).ok()?.as_chunks::<8>().0;
    let &[date, clock, rest] = words else { return None };
    let date = digits(date, *b"0000-00-")?;
    let clock = digits(clock, *b"00T00:00")?;
    let rest = digits(rest, *b":00.000Z")?;
    let [y3, y2, y1, y0, _, m1, m0, _] = date;
    let [d1, d0, _, h1, h0, _, n1, n0] = clock;
    let [_, s1, s0, _, f2, f1, f0, _] = rest;
    let year = y3 * 1000 + y2 * 100 + y1 * 10 + y0;
    let month = m1 * 10 + m0;
    let day = d1 * 10 + d0;
    let [hour, minute, second] = [h1 * 10 + h0, n1 * 10 + n0, s1 * 10 + s0];
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    let millis = i64::from(((hour * 60 + minute) * 60 + second) * 1000 + f2 * 100 + f1 * 10 + f0);
    Some(Instant { micros: i64::from(days) * DAY + millis * 1000, month: year * 12 + month - 1 })
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days_since_1970(year: i32, month: i32, day: i32) -> Option<i32> {
    const BEFORE: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    const LENGTH: [i32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let place = usize::try_from(month.checked_sub(1)?).ok()?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTH.get(place)? + i32::from(is_leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    // Leap days of the years before this one, since the year 0.
    let past = year - 1;
    let leaps = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) + 1;
    let in_year = BEFORE.get(place)? + i32::from(is_leap && month > 2) + day - 1;
    Some(year * 365 + leaps + in_year - 719_528)
}

/// The digits where the layout has a zero; the other bytes must be those of the layout.
fn digits(word: [u8; 8], layout: [u8; 8]) -> Option<[i32; 8]> {
    // What is left of a digit is its value, of another byte nothing.
    let value = u64::from_le_bytes(word) ^ u64::from_le_bytes(layout);
    let most = layout.map(|byte| if byte == b'0' { 0x80 - 10 } else { 0x80 - 1 });
    // The sum reaches the high bit of a byte that is too great, whatever is carried over from one
    // that has that bit itself.
    let beyond = value.wrapping_add(u64::from_le_bytes(most)) | value;
    (beyond & HIGH == 0).then(|| value.to_le_bytes().map(i32::from))
}

/// Reads lower-case hexadecimal digits, at most 32.
pub(crate) fn hexadecimal(text: &[u8], digits: usize) -> Option<u128> {
    if text.len() != digits {
        return None;
    }
    let (words, rest) = text.as_chunks::<8>();
    let mut number = 0_u128;
    for word in words {
        number = number << 32 | u128::from(eight_digits(*word)?);
    }
    for byte in rest {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        number = number << 4 | u128::from(digit);
    }
    Some(number)
}

fn eight_digits(word: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_be_bytes(word);
    // Letters have bit 6, digits have not; the rest is judged for each of the two.
    let letters = word >> 6 & ONES;
    let value = (word & (0x0f * ONES)) + letters * 9;
    let expected = (ONES * 0x30) - letters * 0x30 + letters * 0x60;
    let is_kind = (word ^ expected) & (0xf0 * ONES) == 0;
    // A letter is 10 to 15, a digit 0 to 9.
    let low = letters * 10;
    let high = ONES * 9 + letters * 6;
    let is_within = ((value | HIGH) - low) & ((high | HIGH) - value) & HIGH == HIGH;
    if !is_kind || !is_within {
        return None;
    }
    // Nibbles side by side, twice, four times.
    let pairs = (value | value >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours | fours >> 16) & 0xffff_ffff).ok()
}

/// Reads an integer of at most nine digits.
#[inline]
pub(crate) fn integer(text: &[u8]) -> Option<i32> {
    if let &[byte] = text {
        let digit = byte.wrapping_sub(b'0');
        return (digit < 10).then_some(i32::from(digit));
    }
    let (is_negative, digits) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i32::from(digit);
    }
    Some(if is_negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_instant_is_told() {
        for text in [
            "2023-02-30T10:00:00.000Z",
            "1900-02-29T10:00:00.000Z",
            "2023-13-01T10:00:00.000Z",
            "2023-00-01T10:00:00.000Z",
            "2023-01-01T24:00:00.000Z",
            "2023-01-01T10:60:00.000Z",
            "2023-01-01T10:00:00.000",
            "2023-01-01 10:00:00.000Z",
            "2023-01-0:T10:00:00.000Z",
            "2023-01-0/T10:00:00.000Z",
            "202\u{e9}-1-01T10:00:00.000Z",
            "",
        ] {
            assert_eq!(instant(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_identifier_is_told() {
        for text in
            ["undefine", "0123456g", "0123456A", "0123456/", "0123456:", "0123456`", "é23456"]
        {
            assert_eq!(hexadecimal(text.as_bytes(), 8), None, "{text}");
        }
        assert_eq!(hexadecimal(b"0123456", 8), None);
        assert_eq!(hexadecimal(b"00ff", 4), Some(255));
        assert_eq!(hexadecimal(b"0123456789abcdef0a", 18), Some(0x01_2345_6789_abcd_ef0a));
    }

    #[test]
    fn integers_are_plain() {
        assert_eq!(integer(b"7"), Some(7));
        assert_eq!(integer(b"-12"), Some(-12));
        assert_eq!(integer(b"999999999"), Some(999_999_999));
        for text in ["", "-", "+1", "1.0", "1000000000", ":", "/", "1 "] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_instant_is_read(
            seconds in -62_135_596_800_i64..253_402_300_800,
            millis in 0..1000_i32,
        ) {
            let at = Timestamp::new(seconds, millis * 1_000_000);
            prop_assume!(at.is_ok());
            let at = at.unwrap();
            let text = at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            let read = instant(text.as_bytes()).unwrap();
            prop_assert_eq!(read.micros, at.as_microsecond());
            let month = at.strftime("%Y-%m").to_string();
            prop_assert_eq!(format!("{:04}-{:02}", read.month / 12, read.month % 12 + 1), month);
        }

        #[test]
        fn any_identifier_is_read(id in any::<u128>(), digits in 1..=32_usize) {
            let id = id >> (128 - 4 * digits);
            prop_assert_eq!(hexadecimal(format!("{id:0digits$x}").as_bytes(), digits), Some(id));
        }

        #[test]
        fn any_other_text_is_refused(text in "[0-9a-fA-G:/`@]{8}") {
            let expected = u128::from_str_radix(&text, 16).ok();
            let is_lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
            let found = hexadecimal(text.as_bytes(), 8);
            prop_assert_eq!(found, expected.filter(|_| is_lower));
        }
    }
}
