//! The text of a number becomes a whole number of its smallest unit, and back: nothing is rounded.

/// A decimal number: `digits / 10^places`, without useless zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    places: u32,
}

/// Powers of ten that are handled: as many as figures of 64 bits have digits.
const PLACES_MAX: u32 = 18;

impl Decimal {
    /// Reads `-12.50`, `12,5` or `1.25e+01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, power) = match text.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, number) = match number.strip_prefix('-') {
            Some(number) => (-1, number),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
        let all = format!("{whole}{part}");
        let has_digits_alone = all.bytes().all(|byte| byte.is_ascii_digit());
        if all.is_empty() || all.len() > 30 || !has_digits_alone {
            return None;
        }
        let mut digits = sign * all.parse::<i128>().ok()?;
        let mut places = i32::try_from(part.len()).ok()?.checked_sub(power)?;
        while digits != 0 && places < 0 {
            digits = digits.checked_mul(10)?;
            places += 1;
        }
        while places > 0 && digits % 10 == 0 {
            digits /= 10;
            places -= 1;
        }
        let places = u32::try_from(places.max(0)).ok()?;
        (places <= PLACES_MAX).then_some(Self { digits, places })
    }

    /// How many decimals it needs.
    #[must_use]
    pub fn places(self) -> u32 {
        self.places
    }

    /// The number of units of `10^-places` in it, if that is a whole number of 64 bits.
    #[must_use]
    pub fn scaled(self, places: u32) -> Option<i64> {
        let power = 10_i128.checked_pow(places.checked_sub(self.places)?)?;
        i64::try_from(self.digits.checked_mul(power)?).ok()
    }

    /// The whole number below it.
    #[must_use]
    pub fn floor(self) -> Option<i64> {
        i64::try_from(self.digits.div_euclid(10_i128.checked_pow(self.places)?)).ok()
    }
}

/// The text of a number of units of `10^-places`.
#[must_use]
pub fn show(units: i64, places: u32) -> String {
    if places == 0 {
        return units.to_string();
    }
    let width = places as usize + 1;
    let digits = format!("{:0>width$}", units.unsigned_abs());
    let (whole, part) = digits.split_at(digits.len() - places as usize);
    let part = part.trim_end_matches('0');
    let sign = if units < 0 { "-" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, places: u32, units: Option<i64>) {
        let read = Decimal::parse(text);
        assert_eq!(read.and_then(|number| number.scaled(places)), units, "{text}");
    }

    #[test]
    fn numbers_are_read_without_rounding() {
        check("44475.4973", 4, Some(444_754_973));
        check("1e+05", 0, Some(100_000));
        check("-1,50", 1, Some(-15));
        check("1.25e-2", 4, Some(125));
        check("0.05", 1, None);
        check("12 000", 0, None);
        check("", 0, None);
        check("1e999999999", 0, None);
        check("99999999999999999999", 0, None);
        assert_eq!(Decimal::parse("-0.5").unwrap().floor(), Some(-1));
        assert_eq!(Decimal::parse("2.96").unwrap().floor(), Some(2));
    }

    #[test]
    fn numbers_are_written_as_they_were_read() {
        for text in ["0", "-1.5", "44475.4973", "0.0001", "100000"] {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(show(number.scaled(4).unwrap(), 4), text);
        }
    }
}
