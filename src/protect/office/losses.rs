//! A pattern becomes what it costs, by table and level.

use std::collections::BTreeMap;

use crate::protect::office::problem::{Problem, Stated};
use crate::protect::rules::Status;

/// What is hidden at one level of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Table.
    pub table: String,
    /// Depth in each dimension that has totals: `lieu 2 × type 1`; the total is 0.
    pub level: String,
    /// Number of cells that are not zero.
    pub cells: u64,
    /// Those with too few units.
    pub few: u64,
    /// Those that a few units dominate.
    pub dominated: u64,
    /// Those hidden to protect others.
    pub secondary: u64,
    /// Sum of the latter.
    pub secondary_value: i64,
    /// Sum of all.
    pub value: i64,
}

impl Loss {
    fn add(&mut self, status: Status, value: i64) {
        let value = value.saturating_abs();
        self.cells += u64::from(value != 0);
        self.value = self.value.saturating_add(value);
        match status {
            Status::A => self.few += 1,
            Status::B => self.dominated += 1,
            Status::D => {
                self.secondary += 1;
                self.secondary_value = self.secondary_value.saturating_add(value);
            }
            Status::V => {}
        }
    }
}

/// The losses of each table, level by level, and over the whole table first.
#[must_use]
pub fn losses(problem: &Problem, pattern: &[bool]) -> Vec<Loss> {
    let mut found = Vec::new();
    for table in &problem.tables {
        let mut whole = Loss { table: table.name.clone(), level: "all".into(), ..Loss::default() };
        let mut levels: BTreeMap<Vec<usize>, Loss> = BTreeMap::new();
        for (nodes, figure) in table.cells.figures.keys().zip(&table.figures) {
            let value = problem.system.cells.get(*figure).map_or(0, |cell| cell.value);
            let status = problem.status(*figure, pattern);
            let depths: Vec<usize> =
                table.cells.axes.iter().zip(nodes).map(|(axis, node)| axis.depth(*node)).collect();
            let level = levels.entry(depths).or_default();
            level.add(status, value);
            whole.add(status, value);
        }
        found.push(whole);
        found.extend(levels.into_iter().map(|(depths, loss)| Loss {
            table: table.name.clone(),
            level: words(table, &depths),
            ..loss
        }));
    }
    found
}

fn words(table: &Stated, depths: &[usize]) -> String {
    let named = table.cells.axes.iter().zip(depths);
    let named = named.map(|(axis, depth)| format!("{} {depth}", axis.name));
    named.collect::<Vec<_>>().join(" × ")
}
