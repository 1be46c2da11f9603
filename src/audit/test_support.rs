//! Small random releases, and all tables that agree with them, counted one by one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::audit::case::{Case, Primary};
use crate::audit::certificate::ReleaseFile;
use crate::audit::figures::{ByFigure, Known, Rows};
use crate::audit::knowledge::Knowledge;
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

/// Whether a figure is hidden, about `share` times of four. A hash of the key decides: one figure
/// is hidden everywhere or nowhere.
pub(crate) fn key_is_hidden(key: &str, seed: u64, share: u64) -> bool {
    let mix = |hash: u64, byte: u8| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17)
    };
    key.bytes().fold(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), mix) % 4 < share
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
            let mut release = Release { name: "1".into(), tables, ..Release::default() };
            hide(&mut release, |key, _| key != "n|" && key_is_hidden(key, seed, share));
            release
        })
    })
}

/// The least and the most that each figure is in any table that agrees with what is known. Figures
/// must be bounded by what is shown.
pub(crate) fn possible(known: &Known) -> Vec<(i64, i64)> {
    let most = known.high.iter().filter(|high| **high < 1_000).max().copied().unwrap_or(0);
    let rows = [&known.equations, &known.inequalities];
    let by_figure = rows.map(|rows| rows.by_figure(known.len(), &|_| true));
    let ends = vec![(i64::MAX, i64::MIN); known.len()];
    let mut tables = Tables { known, most, by_figure, values: vec![0; known.len()], ends };
    tables.follow(0);
    tables.ends
}

struct Tables<'a> {
    known: &'a Known,
    most: i64,
    by_figure: [ByFigure; 2],
    values: Vec<i64>,
    ends: Vec<(i64, i64)>,
}

impl Tables<'_> {
    fn follow(&mut self, at: usize) {
        if at == self.values.len() {
            for (end, value) in self.ends.iter_mut().zip(&self.values) {
                *end = (end.0.min(*value), end.1.max(*value));
            }
            return;
        }
        for value in self.known.low[at]..=self.known.high[at].min(self.most) {
            self.values[at] = value;
            if self.may_be(at) {
                self.follow(at + 1);
            }
        }
    }

    /// Whether each row of the last figure decided can still add up.
    fn may_be(&self, at: usize) -> bool {
        let ends = |rows: &Rows, row: u32| {
            rows.terms(row as usize).fold((0, 0), |(least, most), (figure, factor)| {
                let figure = figure as usize;
                let (low, high) = if figure <= at {
                    (self.values[figure], self.values[figure])
                } else {
                    (self.known.low[figure], self.known.high[figure].min(self.most))
                };
                let factor = i64::from(factor);
                let (one, other) = (low * factor, high * factor);
                (least + one.min(other), most + one.max(other))
            })
        };
        let figure = u32::try_from(at).unwrap();
        let Known { equations, inequalities, .. } = self.known;
        self.by_figure[0].of(figure).iter().all(|(row, _)| {
            let (least, most) = ends(equations, *row);
            (least..=most).contains(&equations.constant(*row as usize))
        }) && self.by_figure[1]
            .of(figure)
            .iter()
            .all(|(row, _)| ends(inequalities, *row).1 >= inequalities.constant(*row as usize))
    }
}

/// A release as a case: the hidden figures of at most 2 are primary, and should go `by` 1 each way
/// where their floor allows.
pub(crate) struct Small {
    pub(crate) knowledge: Knowledge,
    pub(crate) primaries: Vec<Primary>,
    pub(crate) files: Vec<ReleaseFile>,
    pub(crate) insiders: Vec<Vec<u32>>,
}

impl Small {
    pub(crate) fn of(releases: &[Release]) -> Self {
        let knowledge = Knowledge::of(releases, (i64::MIN, i64::MAX)).unwrap();
        let hidden = (0_u32..).take(knowledge.truth.len());
        let hidden = hidden.filter(|figure| !knowledge.known.is_shown(*figure));
        let low = |figure: &u32| knowledge.truth[*figure as usize] <= 2;
        let primaries =
            hidden.filter(low).map(|figure| Primary { figure, up: 1, down: 1, width: 2 }).collect();
        let files = releases.iter().map(|release| ReleaseFile {
            release: release.name.clone(),
            name: "t.csv".into(),
            sha256: "0".into(),
        });
        Self { primaries, files: files.collect(), knowledge, insiders: vec![] }
    }

    pub(crate) fn case(&self) -> Case<'_> {
        Case {
            rules: "1",
            files: &self.files,
            known: &self.knowledge.known,
            truth: &self.knowledge.truth,
            primaries: &self.primaries,
            insiders: &self.insiders,
        }
    }
}
