//! Small random releases, and all tables that agree with them, counted one by one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::audit::figures::Known;
use crate::audit::release::{Dimension, Measure, Release, Row, Sums, Table};

/// A dimension of a total `T` and `parts` codes.
pub(crate) fn flat(name: &str, parts: usize) -> Dimension {
    let code = |part: usize| (format!("{name}{part}"), "T".to_owned());
    let parents = (0..parts).map(code).collect();
    Dimension { name: name.into(), total: Some("T".into()), parents, sums: Sums::Exact }
}

/// The table of some dimensions of records, each a code number for every dimension and a count.
/// Rows of zeros are left out.
pub(crate) fn table(dimensions: &[(usize, Dimension)], records: &[(Vec<usize>, i64)]) -> Table {
    let mut cells: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for (codes, count) in records {
        let mut keys = vec![Vec::new()];
        for (place, dimension) in dimensions {
            let mut code = format!("{}{}", dimension.name, codes[*place]);
            let mut longer: Vec<Vec<String>> = Vec::new();
            loop {
                longer.extend(
                    keys.iter().map(|key: &Vec<String>| {
                        key.iter().cloned().chain([code.clone()]).collect()
                    }),
                );
                let Some(parent) = dimension.parents.get(&code) else { break };
                code.clone_from(parent);
            }
            keys = longer;
        }
        for key in keys {
            *cells.entry(key).or_default() += count;
        }
    }
    let cells = cells.into_iter().filter(|(_, count)| *count != 0);
    let rows = cells.map(|(codes, count)| Row { codes, values: vec![Some(count)] }).collect();
    let measure = Measure { name: "n".into(), floor: Some(0), sums: Sums::Exact };
    let dimensions = dimensions.iter().map(|(_, dimension)| dimension.clone()).collect();
    Table { name: "t".into(), dimensions, measures: vec![measure], relations: vec![], rows }
}

/// Hides the figures that `hidden` says, in every table of a release.
pub(crate) fn hide(release: &mut Release, hidden: impl Fn(&str, i64) -> bool) {
    let Release { tables, secrets, .. } = release;
    for table in tables {
        for place in 0..table.rows.len() {
            let key = table.key(0, &table.rows[place].codes);
            let value = &mut table.rows[place].values[0];
            if let Some(shown) = *value
                && hidden(&key, shown)
            {
                secrets.insert(key, shown);
                *value = None;
            }
        }
    }
}

/// Two tables that share a margin, some of their figures hidden.
pub(crate) fn linked() -> impl Strategy<Value = Release> {
    let sizes = (2..4_usize, 2..3_usize, 2..3_usize);
    sizes.prop_flat_map(|(first, second, third)| {
        let counts = prop::collection::vec(0..3_i64, first * second * third);
        (counts, any::<u64>(), 1..4_u64).prop_map(move |(counts, seed, share)| {
            let codes = (0..counts.len())
                .map(|cell| vec![cell % first, cell / first % second, cell / first / second]);
            let records: Vec<(Vec<usize>, i64)> = codes.zip(counts).collect();
            let [a, b, c] = [flat("a", first), flat("b", second), flat("c", third)];
            let tables = vec![
                table(&[(0, a.clone()), (1, b)], &records),
                table(&[(0, a), (2, c)], &records),
            ];
            let mut release = Release { name: "1".into(), tables, secrets: BTreeMap::new() };
            // A hash of the key decides: one figure is hidden everywhere or nowhere.
            hide(&mut release, |key, _| {
                let hash = key.bytes().fold(seed, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17)
                });
                key != "n|" && hash % 4 < share
            });
            release
        })
    })
}

/// The least and the most that each figure is in any table that agrees with what is known. Figures
/// must be bounded by what is shown.
pub(crate) fn possible(known: &Known) -> Vec<(i64, i64)> {
    let mut ends = vec![(i64::MAX, i64::MIN); known.len()];
    let most = known.high.iter().filter(|high| **high < 1_000).max().copied().unwrap_or(0);
    let mut values = known.low.clone();
    search(known, 0, most, &mut values, &mut ends);
    ends
}

fn search(known: &Known, at: usize, most: i64, values: &mut Vec<i64>, ends: &mut [(i64, i64)]) {
    if at == values.len() {
        for (end, value) in ends.iter_mut().zip(values) {
            *end = (end.0.min(*value), end.1.max(*value));
        }
        return;
    }
    for value in known.low[at]..=known.high[at].min(most) {
        values[at] = value;
        let figure = u32::try_from(at).unwrap();
        // Figures after this one are not decided: a row counts once its last figure is.
        let decided = |terms: Vec<(u32, i32)>| {
            let last = terms.iter().map(|(figure, _)| *figure).max();
            last == Some(figure)
        };
        let equal = (0..known.equations.len()).all(|row| {
            !decided(known.equations.terms(row).collect())
                || known.equations.sum(row, values) == Some(known.equations.constant(row))
        });
        let enough = (0..known.inequalities.len()).all(|row| {
            !decided(known.inequalities.terms(row).collect())
                || known.inequalities.sum(row, values) >= Some(known.inequalities.constant(row))
        });
        if equal && enough {
            search(known, at + 1, most, values, ends);
        }
    }
}
