//! A seed becomes repeatable integers; each row of each file has its own place in the stream.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Room each row has in its stream, in 32-bit words; a row uses about a tenth of it.
const WORDS_PER_ROW: u128 = 4096;

/// What a stream of numbers is for; streams never overlap.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Employers, in order of number.
    Employers,
    /// Advisers, in order of number.
    Advisers,
    /// Rows of the legacy archive.
    Legacy,
    /// Rows of the Coop.
    Coop,
    /// Rows of the flat file.
    Flat,
}

impl Stream {
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Employers => 1,
            Self::Advisers => 2,
            Self::Legacy => 3,
            Self::Coop => 4,
            Self::Flat => 5,
        }
    }
}

/// A source of integers that can be moved to any row.
pub(crate) struct Dice {
    numbers: ChaCha8Rng,
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut numbers = ChaCha8Rng::seed_from_u64(seed);
        numbers.set_stream(stream.number());
        Self { numbers }
    }

    /// Moves to the first number of a row: what is drawn next depends on the row alone.
    pub(crate) fn turn_to(&mut self, row: u64) {
        self.numbers.set_word_pos(u128::from(row).wrapping_mul(WORDS_PER_ROW));
    }

    /// Draws from `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 64 x 64 product is uniform to within bound / 2^64.
        self.numbers.next_u64().carrying_mul(bound, 0).1
    }

    /// Draws from `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs();
        low.saturating_add_unsigned(self.below(width.saturating_add(1)))
    }

    /// Is true `part` times out of `whole`.
    pub(crate) fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// Draws a position in a list of this length.
    pub(crate) fn position(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    /// Draws one member of a list; the default value when the list is empty.
    pub(crate) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let position = self.position(list.len());
        list.get(position).copied().unwrap_or_default()
    }

    /// Draws a position with these weights.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (position, weight) in weights.iter().enumerate() {
            if left < *weight {
                return position;
            }
            left -= weight;
        }
        0
    }

    /// Draws one member of a weighted list; the default value when the list is empty.
    pub(crate) fn weigh<T: Copy + Default>(&mut self, list: &[(T, u64)]) -> T {
        let mut left = self.below(list.iter().map(|(_, weight)| weight).sum());
        for (member, weight) in list {
            if left < *weight {
                return *member;
            }
            left -= weight;
        }
        T::default()
    }

    /// Counts successes of `part` in `whole` before the first failure, at most `limit`.
    pub(crate) fn run_of(&mut self, (part, whole): (u64, u64), limit: u64) -> u64 {
        let mut count = 0;
        while count < limit && self.chance(part, whole) {
            count += 1;
        }
        count
    }
}

/// Mixes numbers into one that looks random: the finaliser of `SplitMix64`, chained.
pub(crate) fn mix(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x9e37_79b9_7f4a_7c15, |state, number| {
        let mut word = state ^ number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    })
}

/// Makes the legacy identifier of thing `number` of a kind: 24 hexadecimal digits, all distinct.
pub(crate) fn object_id(seed: u64, kind: u64, number: u64) -> String {
    let noise = mix(&[seed, kind, number]) >> 4;
    format!("6{noise:015x}{:08x}", number & 0xffff_ffff)
}

/// Makes the Coop identifier of thing `number` of a kind: a version 4 UUID.
pub(crate) fn uuid(seed: u64, kind: u64, number: u64) -> String {
    let (high, low) = (mix(&[seed, kind, number, 1]), mix(&[seed, kind, number, 2]));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff,
    )
}
