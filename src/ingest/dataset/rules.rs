//! Rules of validity judge columns, and add their reasons to the records that break them.

use jiff::civil::Date;

use crate::column::Values;
use crate::definition::dataset::{Check, Dataset};
use crate::error::{Error, Result};

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// A rule over steps: what breaks it, the bit of its reason, and the reasons that silence it.
#[derive(Debug)]
pub(super) struct Rule {
    check: Compiled,
    reason: u64,
    unless: u64,
}

#[derive(Debug)]
enum Compiled {
    Within(usize, std::ops::Range<i64>),
    Sum(Vec<usize>, usize),
    AtMost(usize, usize),
}

impl Rule {
    /// Compiles a rule; `reason` is its bit, `unless` those that refuse one of its columns.
    pub(super) fn new(
        dataset: &Dataset,
        declared: &Check,
        (reason, unless): (u64, u64),
    ) -> Result<Self> {
        let place = |name: &str| {
            dataset.place(name).ok_or_else(|| Error::internal("a rule names a column"))
        };
        let check = match declared {
            Check::Within { column, from, before } => {
                let start =
                    |day: Date| i64::from((day - Date::constant(1970, 1, 1)).get_days()) * DAY;
                Compiled::Within(place(column)?, start(*from)..start(*before))
            }
            Check::Sum { columns, equals } => Compiled::Sum(
                columns.iter().map(|name| place(name)).collect::<Result<_>>()?,
                place(equals)?,
            ),
            Check::AtMost { column, most } => Compiled::AtMost(place(column)?, place(most)?),
        };
        Ok(Self { check, reason, unless })
    }

    /// Adds its reason to the rows that break it.
    pub(super) fn judge(&self, columns: &[Values], masks: &mut [u64]) {
        let counts = |place: &usize| columns.get(*place).map_or(&[][..], Values::counts);
        match &self.check {
            Compiled::Within(place, range) => {
                let instants = columns.get(*place).map_or(&[][..], Values::instants);
                for (at, mask) in instants.iter().zip(masks) {
                    self.add(!range.contains(at), mask);
                }
            }
            Compiled::Sum(parts, whole) => {
                let mut rests: Vec<i64> = counts(whole).iter().copied().map(i64::from).collect();
                for part in parts {
                    for (rest, count) in rests.iter_mut().zip(counts(part)) {
                        *rest -= i64::from(*count);
                    }
                }
                for (rest, mask) in rests.iter().zip(masks) {
                    self.add(*rest != 0, mask);
                }
            }
            Compiled::AtMost(one, other) => {
                for ((count, most), mask) in counts(one).iter().zip(counts(other)).zip(masks) {
                    self.add(count > most, mask);
                }
            }
        }
    }

    #[inline]
    fn add(&self, is_broken: bool, mask: &mut u64) {
        if is_broken && *mask & self.unless == 0 {
            *mask |= self.reason;
        }
    }
}
