//! Exact fractions, which give up rather than overflow.

/// A fraction in lowest terms, its lower part positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    upper: i128,
    lower: i128,
}

impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self { upper: 0, lower: 1 };
    /// One.
    pub const ONE: Self = Self { upper: 1, lower: 1 };

    /// A whole number.
    #[must_use]
    pub fn of(value: i64) -> Self {
        Self { upper: i128::from(value), lower: 1 }
    }

    fn reduced(upper: i128, lower: i128) -> Option<Self> {
        if lower == 1 {
            return Some(Self { upper, lower });
        }
        let (mut one, mut other) = (upper.unsigned_abs(), lower.unsigned_abs());
        while other != 0 {
            (one, other) = (other, one % other);
        }
        let common = i128::try_from(one).ok()? * lower.signum();
        (common != 0).then(|| Self { upper: upper / common, lower: lower / common })
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.lower == 1 && other.lower == 1 {
            return Some(Self { upper: self.upper.checked_add(other.upper)?, lower: 1 });
        }
        let one = self.upper.checked_mul(other.lower)?;
        let upper = one.checked_add(other.upper.checked_mul(self.lower)?)?;
        Self::reduced(upper, self.lower.checked_mul(other.lower)?)
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let upper = self.upper.checked_mul(other.upper)?;
        Self::reduced(upper, self.lower.checked_mul(other.lower)?)
    }

    /// The quotient, if there is one.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        let upper = self.upper.checked_mul(other.lower)?;
        Self::reduced(upper, self.lower.checked_mul(other.upper)?)
    }

    /// The opposite.
    #[must_use]
    pub fn minus(self) -> Self {
        Self { upper: -self.upper, lower: self.lower }
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(self) -> i32 {
        i32::from(self.upper > 0) - i32::from(self.upper < 0)
    }

    /// Whether it is less.
    #[must_use]
    pub fn less(self, other: Self) -> Option<bool> {
        Some(self.upper.checked_mul(other.lower)? < other.upper.checked_mul(self.lower)?)
    }

    /// Its whole part.
    #[must_use]
    pub fn towards_zero(self) -> i64 {
        let whole = self.upper / self.lower;
        i64::try_from(whole).unwrap_or(if whole > 0 { i64::MAX } else { i64::MIN + 1 })
    }

    /// It, if it is a whole number that can be held.
    #[must_use]
    pub fn whole(self) -> Option<i64> {
        if self.lower == 1 { i64::try_from(self.upper).ok() } else { None }
    }
}
