//! Exact coefficients become numbers modulo a prime, in which elimination needs no tolerance.

/// 2⁶¹ − 1: products fit in 128 bits, and a coefficient that is not zero in truth is zero here only
/// if this prime divides it, which no table of this world brings about.
pub const PRIME: u64 = (1 << 61) - 1;

/// A number modulo [`PRIME`].
pub type Number = u64;

/// Its opposite.
#[must_use]
pub fn minus(a: Number) -> Number {
    if a == 0 { 0 } else { PRIME - a }
}

/// The sum of two.
#[must_use]
pub fn add(a: Number, b: Number) -> Number {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// The product of two.
#[must_use]
pub fn mul(a: Number, b: Number) -> Number {
    // Most coefficients are 1 or -1.
    if a == 1 {
        return b;
    }
    let product = u128::from(a) * u128::from(b);
    let (low, high) = (product & u128::from(PRIME), product >> 61);
    let sum = u64::try_from(low).unwrap_or(0) + u64::try_from(high).unwrap_or(0);
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// The inverse of one that is not zero, by Fermat's little theorem.
#[must_use]
pub fn inverse(a: Number) -> Number {
    if a == 1 || a == PRIME - 1 {
        return a;
    }
    let (mut power, mut base, mut exponent) = (1, a, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = mul(power, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    power
}

/// A signed integer as a number.
#[must_use]
pub fn from_integer(a: i64) -> Number {
    let magnitude = a.unsigned_abs() % PRIME;
    if a < 0 { minus(magnitude) } else { magnitude }
}

/// The fraction with small terms that a number stands for: numerator and denominator, both below
/// 2³⁰; none when there is no such fraction.
#[must_use]
pub fn to_fraction(a: Number) -> Option<(i64, i64)> {
    const BOUND: i128 = 1 << 30;
    let (mut r0, mut r1) = (i128::from(PRIME), i128::from(a));
    let (mut t0, mut t1) = (0_i128, 1_i128);
    while r1 >= BOUND {
        let quotient = r0 / r1;
        (r0, r1) = (r1, r0 - quotient * r1);
        (t0, t1) = (t1, t0 - quotient * t1);
    }
    if t1 == 0 || t1.abs() >= BOUND {
        return None;
    }
    let sign = t1.signum();
    Some((i64::try_from(r1 * sign).ok()?, i64::try_from(t1 * sign).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_come_back() {
        for (numerator, denominator) in [(0, 1), (1, 1), (-1, 1), (5, 3), (-7, 12), (1_000_003, 8)]
        {
            let number = mul(from_integer(numerator), inverse(from_integer(denominator)));
            assert_eq!(to_fraction(number), Some((numerator, denominator)));
        }
        assert_eq!(to_fraction(mul(from_integer(1 << 40), inverse(from_integer(1_234_577)))), None);
    }

    #[test]
    fn every_number_has_an_inverse() {
        for number in [1, 2, 3, PRIME - 2, PRIME - 1, 1 << 60] {
            assert_eq!(mul(number, inverse(number)), 1);
            assert_eq!(add(number, minus(number)), 0);
        }
    }
}
