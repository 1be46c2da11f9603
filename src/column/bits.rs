//! Sets of codes, a bit for each code.

/// Adds a code.
pub fn set(bits: &mut Vec<u64>, code: u32) {
    let word = usize::try_from(code / 64).unwrap_or_default();
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    if let Some(word) = bits.get_mut(word) {
        *word |= 1 << (code % 64);
    }
}

/// Adds the codes of another set.
pub fn join(bits: &mut Vec<u64>, others: &[u64]) {
    if bits.len() < others.len() {
        bits.resize(others.len(), 0);
    }
    bits.iter_mut().zip(others).for_each(|(to, from)| *to |= from);
}

/// The codes, in order.
pub fn codes(bits: &[u64]) -> impl Iterator<Item = u32> {
    let of_word = |(word, start): (&u64, u32)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (bit < 64).then_some(start + bit)
        })
    };
    bits.iter().zip((0..).step_by(64)).flat_map(of_word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_are_those_that_were_added(
            some in prop::collection::btree_set(0..300_u32, 0..20),
            others in prop::collection::btree_set(0..300_u32, 0..20),
        ) {
            let of = |codes: &BTreeSet<u32>| {
                let mut bits = Vec::new();
                codes.iter().for_each(|code| set(&mut bits, *code));
                bits
            };
            let mut bits = of(&some);
            join(&mut bits, &of(&others));
            let expected: Vec<u32> = some.union(&others).copied().collect();
            prop_assert_eq!(codes(&bits).collect::<Vec<_>>(), expected);
        }
    }
}
