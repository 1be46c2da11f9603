//! Coded rows become sums and distinct counts for each combination of their dimensions, and for
//! each of the totals.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::column::{NO_COUNT, bits};

/// Combinations up to which a place is kept for each of them, met or not.
const DENSE_MAX: u64 = 1 << 20;

/// What is computed of the rows of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Their number.
    Count,
    /// The sum of a column of counts.
    Sum,
    /// The number of distinct codes of a column, no text left out.
    Distinct,
}

/// What a measure is computed from, one value a row.
#[derive(Clone, Copy, Debug)]
pub enum Cells<'a> {
    /// Nothing but the row.
    Rows,
    /// Counts.
    Counts(&'a [i32]),
    /// Sums.
    Sums(&'a [i64]),
    /// Codes.
    Codes(&'a [u32]),
}

/// Sums under construction, at the finest grain.
#[derive(Clone, Debug)]
pub struct Cube {
    dimensions: usize,
    measures: Vec<Measure>,
    cells: BTreeMap<Vec<u32>, Vec<Amount>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Amount {
    Sum(i64),
    /// A bit for each code.
    Distinct(Vec<u64>),
}

/// The cells of a cube, one after the other, to be put away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Codes of each cell.
    pub keys: Vec<u32>,
    /// Counts and sums of each cell.
    pub sums: Vec<i64>,
    /// Distinct codes of each cell, a bit each.
    pub bits: Vec<Vec<u64>>,
}

/// Looks at a combination, and at its parts.
pub type Visit<'v> = dyn FnMut(&[Option<u32>], &[Part]) + 'v;

/// A code of the last dimension, and its sums.
pub type Part = (u32, Vec<i64>);

/// A row of a table: the code of each dimension, `None` for the total, and the measures.
pub type Row = (Vec<Option<u32>>, Vec<i64>);

impl Cube {
    /// A cube without rows.
    #[must_use]
    pub fn new(dimensions: usize, measures: &[Measure]) -> Self {
        Self { dimensions, measures: measures.to_vec(), cells: BTreeMap::new() }
    }

    /// Adds rows: a code a row for each dimension, and what each measure is computed from.
    pub fn add(&mut self, dimensions: &[&[u32]], values: &[Cells<'_>]) {
        let of_values = |cells: &Cells<'_>| match cells {
            Cells::Rows => 0,
            Cells::Counts(counts) => counts.len(),
            Cells::Sums(sums) => sums.len(),
            Cells::Codes(codes) => codes.len(),
        };
        let rows = dimensions.iter().map(|codes| codes.len());
        let rows = rows.chain(values.iter().map(of_values)).max().unwrap_or_default();
        let (keys, slots) = slots(dimensions, rows);
        let mut cells: Vec<Vec<Amount>> = keys.iter().map(|_| self.nothing()).collect();
        for (place, measure) in values.iter().enumerate() {
            match measure {
                Cells::Rows => {
                    let mut sums = vec![0_i64; keys.len()];
                    for slot in &slots {
                        add_to(&mut sums, *slot, 1);
                    }
                    put(&mut cells, place, sums);
                }
                Cells::Counts(counts) => {
                    let mut sums = vec![0_i64; keys.len()];
                    for (slot, count) in slots.iter().zip(*counts) {
                        let count = if *count == NO_COUNT { 0 } else { i64::from(*count) };
                        add_to(&mut sums, *slot, count);
                    }
                    put(&mut cells, place, sums);
                }
                Cells::Sums(amounts) => {
                    let mut sums = vec![0_i64; keys.len()];
                    for (slot, amount) in slots.iter().zip(*amounts) {
                        add_to(&mut sums, *slot, *amount);
                    }
                    put(&mut cells, place, sums);
                }
                Cells::Codes(codes) => {
                    for (slot, code) in slots.iter().zip(*codes).filter(|(_, code)| **code != 0) {
                        let cell = usize::try_from(*slot).ok().and_then(|slot| cells.get_mut(slot));
                        if let Some(Amount::Distinct(codes)) =
                            cell.and_then(|cell| cell.get_mut(place))
                        {
                            bits::set(codes, *code);
                        }
                    }
                }
            }
        }
        for (key, amounts) in keys.into_iter().zip(cells) {
            self.add_cell(key, &amounts);
        }
    }

    /// Adds the cells of another cube of the same shape.
    pub fn merge(&mut self, other: Self) {
        for (key, amounts) in other.cells {
            self.add_cell(key, &amounts);
        }
    }

    /// Its cells, in order.
    #[must_use]
    pub fn cut(&self) -> Cut {
        let mut cut = Cut::default();
        for (key, amounts) in &self.cells {
            cut.keys.extend_from_slice(key);
            for amount in amounts {
                match amount {
                    Amount::Sum(sum) => cut.sums.push(*sum),
                    Amount::Distinct(bits) => cut.bits.push(bits.clone()),
                }
            }
        }
        cut
    }

    /// Adds the cells that a cube of the same shape was cut into.
    pub fn add_cut(&mut self, cut: Cut) {
        let Cut { keys, sums, bits } = cut;
        let (mut sums, mut bits) = (sums.into_iter(), bits.into_iter());
        for key in keys.chunks(self.dimensions.max(1)) {
            let mut amounts = self.nothing();
            for amount in &mut amounts {
                match amount {
                    Amount::Sum(sum) => *sum = sums.next().unwrap_or_default(),
                    Amount::Distinct(codes) => *codes = bits.next().unwrap_or_default(),
                }
            }
            self.add_cell(key.to_vec(), &amounts);
        }
    }

    /// Makes a dimension of the measures, at `place`: code `n` is the measure of that number, from
    /// 1.
    #[must_use]
    pub fn unfold(self, place: usize) -> Self {
        let mut unfolded = Self::new(self.dimensions + 1, &[Measure::Sum]);
        for (key, amounts) in self.cells {
            for (code, amount) in (1..).zip(amounts) {
                let mut key = key.clone();
                key.insert(place.min(key.len()), code);
                unfolded.add_cell(key, &[amount]);
            }
        }
        unfolded
    }

    /// Gives the codes of the dimension at `place` other codes: cells that get the same are added.
    #[must_use]
    pub fn regroup(&self, place: usize, codes: &[u32]) -> Self {
        let mut regrouped = Self::new(self.dimensions, &self.measures);
        for (key, amounts) in &self.cells {
            let mut key = key.clone();
            if let Some(code) = key.get_mut(place) {
                let other = usize::try_from(*code).ok().and_then(|code| codes.get(code));
                *code = other.copied().unwrap_or_default();
            }
            regrouped.add_cell(key, amounts);
        }
        regrouped
    }

    /// Number of its measures.
    #[must_use]
    pub fn measures(&self) -> usize {
        self.measures.len()
    }

    fn add_cell(&mut self, key: Vec<u32>, amounts: &[Amount]) {
        let nothing = self.nothing();
        let cell = self.cells.entry(key).or_insert(nothing);
        cell.iter_mut().zip(amounts).for_each(|(to, from)| to.add(from));
    }

    fn nothing(&self) -> Vec<Amount> {
        let of = |measure: &Measure| match measure {
            Measure::Count | Measure::Sum => Amount::Sum(0),
            Measure::Distinct => Amount::Distinct(Vec::new()),
        };
        self.measures.iter().map(of).collect()
    }

    /// A row for each combination met and for each total over some of the dimensions, in no order
    /// that a reader would expect.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut totals: HashMap<Vec<Option<u32>>, Vec<Amount>> = HashMap::new();
        for (key, amounts) in &self.cells {
            for subset in 0..(1_u32 << self.dimensions) {
                let kept =
                    |(place, code): (usize, &u32)| (subset >> place & 1 == 1).then_some(*code);
                let total: Vec<Option<u32>> = key.iter().enumerate().map(kept).collect();
                let cell = totals.entry(total).or_insert_with(|| self.nothing());
                cell.iter_mut().zip(amounts).for_each(|(to, from)| to.add(from));
            }
        }
        let figures = |amounts: &Vec<Amount>| amounts.iter().map(Amount::figure).collect();
        totals.iter().map(|(key, amounts)| (key.clone(), figures(amounts))).collect()
    }

    /// For each combination of the other dimensions and each of their totals that keeps the
    /// dimension at `kept`: the sums of each code of the last dimension.
    pub fn visit_parts(&self, kept: Option<usize>, visit: &mut Visit<'_>) {
        let others = self.dimensions.saturating_sub(1);
        let has = |subset: u32, place: usize| subset >> place & 1 == 1;
        for subset in (0..1_u32 << others).filter(|all| kept.is_none_or(|place| has(*all, place))) {
            let row = |(key, amounts)| {
                let key: &Vec<u32> = key;
                let codes = key.iter().take(others).enumerate();
                let codes = codes.map(|(place, code)| has(subset, place).then_some(*code));
                (codes.collect::<Vec<_>>(), key.last().copied().unwrap_or_default(), amounts)
            };
            let mut rows: Vec<(_, _, &Vec<Amount>)> = self.cells.iter().map(row).collect();
            rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
            for cell in rows.chunk_by(|one, other| one.0 == other.0) {
                let parts = cell.chunk_by(|one, other| one.1 == other.1).map(|part| {
                    let mut sums = self.nothing();
                    let amounts = part.iter().map(|(_, _, amounts)| *amounts);
                    amounts.for_each(|amounts| {
                        sums.iter_mut().zip(amounts).for_each(|(to, from)| to.add(from));
                    });
                    let code = part.first().map_or(0, |(_, code, _)| *code);
                    (code, sums.iter().map(Amount::figure).collect())
                });
                let parts: Vec<Part> = parts.collect();
                if let Some((key, ..)) = cell.first() {
                    visit(key, &parts);
                }
            }
        }
    }

    /// The same cells, each figure with the other sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        for amount in self.cells.values_mut().flatten() {
            if let Amount::Sum(sum) = amount {
                *sum = -*sum;
            }
        }
        self
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

impl Amount {
    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Amount::Sum(to), Amount::Sum(from)) => *to += from,
            (Amount::Distinct(to), Amount::Distinct(from)) => {
                bits::join(to, from);
            }
            _ => {}
        }
    }

    fn figure(&self) -> i64 {
        match self {
            Amount::Sum(sum) => *sum,
            Amount::Distinct(bits) => bits.iter().map(|word| i64::from(word.count_ones())).sum(),
        }
    }
}

/// The combinations of codes met, and the place of that of each row among them.
fn slots(dimensions: &[&[u32]], rows: usize) -> (Vec<Vec<u32>>, Vec<u32>) {
    let sizes = dimensions
        .iter()
        .map(|codes| u64::from(codes.iter().copied().max().unwrap_or_default()) + 1);
    let sizes: Vec<u64> = sizes.collect();
    let combinations = sizes.iter().try_fold(1_u64, |all, size| all.checked_mul(*size));
    let mut numbers = vec![0_u64; rows];
    for (codes, size) in dimensions.iter().zip(&sizes) {
        for (number, code) in numbers.iter_mut().zip(*codes) {
            *number = number.wrapping_mul(*size) + u64::from(*code);
        }
    }
    let mut met: Vec<u64> = Vec::new();
    let slots = match combinations {
        Some(combinations) if combinations <= DENSE_MAX => {
            dense(&numbers, usize::try_from(combinations).unwrap_or_default(), &mut met)
        }
        _ => sparse(&numbers, &mut met),
    };
    let key = |number: u64| {
        let mut rest = number;
        let mut codes: Vec<u32> = Vec::with_capacity(sizes.len());
        for size in sizes.iter().rev() {
            codes.push(u32::try_from(rest % size).unwrap_or_default());
            rest /= size;
        }
        codes.reverse();
        codes
    };
    (met.iter().map(|number| key(*number)).collect(), slots)
}

fn dense(numbers: &[u64], combinations: usize, met: &mut Vec<u64>) -> Vec<u32> {
    let mut places = vec![u32::MAX; combinations];
    let mut slots = Vec::with_capacity(numbers.len());
    for number in numbers {
        let place = usize::try_from(*number).ok().and_then(|number| places.get_mut(number));
        let Some(place) = place else { continue };
        if *place == u32::MAX {
            *place = u32::try_from(met.len()).unwrap_or(u32::MAX);
            met.push(*number);
        }
        slots.push(*place);
    }
    slots
}

fn sparse(numbers: &[u64], met: &mut Vec<u64>) -> Vec<u32> {
    let mut places: HashMap<u64, u32> = HashMap::new();
    let mut slots = Vec::with_capacity(numbers.len());
    for number in numbers {
        let next = u32::try_from(met.len()).unwrap_or(u32::MAX);
        let place = *places.entry(*number).or_insert(next);
        if place == next {
            met.push(*number);
        }
        slots.push(place);
    }
    slots
}

#[inline]
fn add_to(sums: &mut [i64], slot: u32, amount: i64) {
    if let Some(sum) = usize::try_from(slot).ok().and_then(|slot| sums.get_mut(slot)) {
        *sum += amount;
    }
}

fn put(cells: &mut [Vec<Amount>], place: usize, sums: Vec<i64>) {
    for (cell, sum) in cells.iter_mut().zip(sums) {
        if let Some(amount) = cell.get_mut(place) {
            *amount = Amount::Sum(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const MEASURES: [Measure; 3] = [Measure::Count, Measure::Sum, Measure::Distinct];

    /// Codes of two dimensions, a count, a code to be told apart.
    type Record = (u32, u32, i32, u32);

    fn cube(rows: &[Record]) -> Cube {
        let column = |of: fn(&Record) -> u32| rows.iter().map(of).collect::<Vec<_>>();
        let (a, b, codes) = (column(|row| row.0), column(|row| row.1), column(|row| row.3));
        let counts: Vec<i32> = rows.iter().map(|row| row.2).collect();
        let mut cube = Cube::new(2, &MEASURES);
        cube.add(&[&a, &b], &[Cells::Rows, Cells::Counts(&counts), Cells::Codes(&codes)]);
        cube
    }

    fn sorted(cube: &Cube) -> Vec<Row> {
        let mut rows = cube.rows();
        rows.sort();
        rows
    }

    proptest! {
        #[test]
        fn totals_are_those_of_the_rows(
            rows in prop::collection::vec((0..5_u32, 0..2_000_000_u32, -3..9, 0..200_u32), 0..60),
            cut in 0..60_usize,
            few in any::<bool>(),
        ) {
            let fewer = |(a, b, count, code): Record| (a, if few { b % 7 } else { b }, count, code);
            let rows: Vec<_> = rows.into_iter().map(fewer).collect();
            let whole = cube(&rows);
            let (first, second) = rows.split_at(cut.min(rows.len()));
            let mut parts = cube(first);
            parts.merge(cube(second));
            prop_assert_eq!(sorted(&whole), sorted(&parts));
            let mut again = Cube::new(2, &MEASURES);
            again.add_cut(whole.cut());
            prop_assert_eq!(sorted(&whole), sorted(&again));
            let mut parts = Vec::new();
            whole.visit_parts(Some(0), &mut |key, sums| {
                let sum: i64 = sums.iter().map(|(_, sums)| sums[1]).sum();
                parts.push((key.to_vec(), sum, sums.len()));
            });
            for (key, sum, count) in parts {
                let is_of = |row: &&Record| key[0] == Some(row.0);
                let of: Vec<_> = rows.iter().filter(is_of).collect();
                let codes: BTreeSet<u32> = of.iter().map(|row| row.1).collect();
                prop_assert_eq!(count, codes.len());
                prop_assert_eq!(sum, of.iter().map(|row| i64::from(row.2)).sum::<i64>());
            }
            for (key, figures) in whole.rows() {
                let is = |place: usize, code| key[place].is_none_or(|wanted| wanted == code);
                let is_of = |row: &&Record| is(0, row.0) && is(1, row.1);
                let of: Vec<_> = rows.iter().filter(is_of).collect();
                let distinct: BTreeSet<u32> =
                    of.iter().map(|row| row.3).filter(|code| *code != 0).collect();
                let sum: i64 = of.iter().map(|row| i64::from(row.2)).sum();
                let expected = vec![
                    i64::try_from(of.len()).unwrap(), sum, i64::try_from(distinct.len()).unwrap(),
                ];
                prop_assert_eq!(figures, expected);
            }
        }
    }
}
