//! Limits on how far each figure may be moved become how far one of them can be.
//!
//! The attacker's linear programme: raise (or lower) one figure while every relation holds and no
//! figure leaves its limits. To move nothing is always possible, so each question starts from there
//! with the basis that the last one ended with, and mostly takes a handful of exchanges.

use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::Part;
use crate::protect::elimination::room::{Task, is_witness};

/// Below it a move is none.
const TINY: f64 = 1e-9;
/// Below it a coefficient is 0: true ones are fractions of small terms.
const ZERO: f64 = 1e-6;

/// How far a figure may go down and up: not positive, not negative.
pub type Limits = (f64, f64);

/// The relations of a part, solved for the figures of a basis.
#[derive(Clone, Debug)]
pub struct Attacker {
    /// For each row, the figure of the basis.
    heads: Vec<u32>,
    /// For each column, the figure outside.
    outside: Vec<u32>,
    /// Row and column of a figure, one of them `u32::MAX`.
    at: Vec<(u32, u32)>,
    /// Each figure of the basis as a combination of those outside, by row.
    table: Vec<f64>,
    /// The change of each figure.
    changes: Vec<f64>,
}

/// A column, and the numerator and denominator of a coefficient.
type Share = (usize, (i64, i64));

/// What an attack comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The figure can be moved that far.
    Enough,
    /// It cannot: its change is this combination of changes of figures at their limits.
    Barred(Vec<(u32, f64)>),
    /// The exchanges had no end.
    Unknown,
}

impl Attacker {
    /// From the equations of a basis, when they have at most `most` coefficients.
    #[must_use]
    pub fn new(cells: usize, circuits: &Circuits, most: usize) -> Option<Self> {
        let equations = circuits.equations()?;
        let mut at = vec![(u32::MAX, u32::MAX); cells];
        for (row, (head, _)) in (0..).zip(&equations) {
            at[*head as usize].0 = row;
        }
        let mut outside = Vec::new();
        for (cell, at) in (0..).zip(at.iter_mut()) {
            if at.0 == u32::MAX && circuits.hidden()[cell as usize] {
                at.1 = u32::try_from(outside.len()).ok()?;
                outside.push(cell);
            }
        }
        let width = outside.len();
        if equations.len().checked_mul(width)? > most {
            return None;
        }
        let mut table = vec![0.0; equations.len() * width];
        for (row, (_, terms)) in equations.iter().enumerate() {
            for (cell, value) in terms {
                if at[*cell as usize].1 < u32::MAX {
                    table[row * width + at[*cell as usize].1 as usize] = *value;
                }
            }
        }
        let heads = equations.into_iter().map(|(head, _)| head).collect();
        Some(Self { heads, outside, at, table, changes: vec![0.0; cells] })
    }

    /// The changes that the last attack ended with.
    #[must_use]
    pub fn changes(&self) -> &[f64] {
        &self.changes
    }

    /// Moves a figure by `target`, or as far as limits let it.
    pub fn attack(&mut self, cell: u32, target: f64, limits: &impl Fn(u32) -> Limits) -> Reach {
        self.changes.fill(0.0);
        let mut limits: Vec<Limits> =
            (0..).zip(&self.changes).map(|(cell, _)| limits(cell)).collect();
        limits[cell as usize] = if target > 0.0 { (0.0, target) } else { (target, 0.0) };
        for exchanges in 0..5000 {
            if (self.changes[cell as usize] - target).abs() <= TINY * target.abs() {
                return Reach::Enough;
            }
            let careful = exchanges > 500;
            let Some((column, way)) = self.entering(cell, target, &limits, careful) else {
                return Reach::Barred(self.gradient(cell));
            };
            self.step(column, way, &limits, careful);
        }
        Reach::Unknown
    }

    /// The change of a figure as a combination of those of figures outside the basis.
    fn gradient(&self, cell: u32) -> Vec<(u32, f64)> {
        let (row, column) = self.at[cell as usize];
        if column < u32::MAX {
            return vec![(cell, 1.0)];
        }
        let terms = self.outside.iter().copied().zip(self.row(row as usize).iter().copied());
        terms.filter(|(_, value)| value.abs() > ZERO).collect()
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.table[row * self.outside.len()..(row + 1) * self.outside.len()]
    }

    /// The column to move, and which way: the steepest, or the first one when careful.
    fn entering(
        &self,
        cell: u32,
        target: f64,
        limits: &[Limits],
        careful: bool,
    ) -> Option<(usize, f64)> {
        let (row, column) = self.at[cell as usize];
        if column < u32::MAX {
            return Some((column as usize, target.signum()));
        }
        let mut best: Option<(usize, f64)> = None;
        for (column, value) in self.row(row as usize).iter().enumerate() {
            if value.abs() <= ZERO || best.is_some_and(|(_, most)| most.abs() >= value.abs()) {
                continue;
            }
            let other = self.outside[column] as usize;
            let (low, high) = limits[other];
            let room = if value * target > 0.0 {
                high - self.changes[other]
            } else {
                self.changes[other] - low
            };
            if room > TINY {
                best = Some((column, *value));
                if careful {
                    break;
                }
            }
        }
        best.map(|(column, value)| (column, (value * target).signum()))
    }

    /// Moves a column until it or a figure of the basis is at its limit; that one leaves the basis.
    fn step(&mut self, column: usize, way: f64, limits: &[Limits], careful: bool) {
        let width = self.outside.len();
        let moved = self.outside[column] as usize;
        let room = |cell: usize, slope: f64| {
            let (low, high) = limits[cell];
            let room =
                if slope > 0.0 { high - self.changes[cell] } else { self.changes[cell] - low };
            room.max(0.0) / slope.abs()
        };
        let mut length = room(moved, way);
        let mut leaving: Option<(usize, f64)> = None;
        for (row, head) in self.heads.iter().enumerate() {
            let slope = self.table[row * width + column] * way;
            if slope.abs() <= ZERO {
                continue;
            }
            let most = room(*head as usize, slope);
            // Among equals the largest coefficient is the safest one to divide by.
            let better = match leaving {
                Some((_, known)) if (most - length).abs() <= TINY * length => {
                    !careful && slope.abs() > known
                }
                _ => most < length,
            };
            if better {
                length = most.min(length);
                leaving = Some((row, slope.abs()));
            }
        }
        self.changes[moved] += way * length;
        for (row, head) in self.heads.iter().enumerate() {
            let slope = self.table[row * width + column] * way;
            if slope.abs() > ZERO {
                self.changes[*head as usize] += slope * length;
            }
        }
        if let Some((row, _)) = leaving {
            self.exchange(row, column);
        }
    }

    /// Puts the figure of a column in the basis, in place of that of a row.
    fn exchange(&mut self, row: usize, column: usize) {
        let width = self.outside.len();
        let scale = 1.0 / self.table[row * width + column];
        let mut terms: Vec<(usize, f64)> = Vec::new();
        for other in 0..width {
            let value = &mut self.table[row * width + other];
            *value = snap(if other == column { scale } else { -*value * scale });
            if value.abs() > ZERO {
                terms.push((other, *value));
            }
        }
        for other in (0..self.heads.len()).filter(|other| *other != row) {
            let line = &mut self.table[other * width..(other + 1) * width];
            let factor = std::mem::take(&mut line[column]);
            if factor.abs() > ZERO {
                for (place, value) in &terms {
                    line[*place] = snap(line[*place] + factor * value);
                }
            }
        }
        let (head, moved) = (self.heads[row], self.outside[column]);
        let (row_place, column_place) = (self.at[head as usize].0, self.at[moved as usize].1);
        self.at[head as usize] = (u32::MAX, column_place);
        self.at[moved as usize] = (row_place, u32::MAX);
        self.heads[row] = moved;
        self.outside[column] = head;
    }

    /// The changes that the last attack ended with, in whole units and as a witness; none when that
    /// cannot be: figures outside the basis are at whole limits, and others are what they make.
    #[must_use]
    pub fn whole(&self, part: &Part, task: Task) -> Option<Vec<(u32, i64)>> {
        let unit = task.room.max(1);
        let used: Vec<usize> = (0..self.outside.len())
            .filter(|column| self.changes[self.outside[*column] as usize].abs() > TINY)
            .collect();
        let mut terms: Vec<(usize, Vec<Share>)> = Vec::new();
        let mut scale = 1_i64;
        for row in 0..self.heads.len() {
            let line = self.row(row);
            let mut fractions = Vec::new();
            for column in used.iter().filter(|column| line[**column].abs() > ZERO) {
                let fraction = fraction(line[*column])?;
                scale = common(scale, fraction.1)?;
                fractions.push((*column, fraction));
            }
            if !fractions.is_empty() {
                terms.push((row, fractions));
            }
        }
        let mut values = vec![0_i128; self.outside.len()];
        for column in &used {
            let cell = self.outside[*column];
            let value = exact(self.changes[cell as usize], unit)?;
            let scale = i128::from(scale);
            // The figure asked for may move further, others not.
            values[*column] = if cell == task.cell {
                (value + value.signum() * (scale - 1)) / scale * scale
            } else {
                value / scale * scale
            };
        }
        let mut change: Vec<(u32, i64)> = Vec::new();
        for column in used {
            change.push((self.outside[column], i64::try_from(values[column]).ok()?));
        }
        for (row, fractions) in terms {
            let parts = fractions.iter();
            let sum: i128 = parts
                .map(|(column, (numerator, denominator))| {
                    values[*column] / i128::from(*denominator) * i128::from(*numerator)
                })
                .sum();
            change.push((self.heads[row], i64::try_from(sum).ok()?));
        }
        change.retain(|(_, value)| *value != 0);
        change.sort_unstable();
        is_witness(part, task, &change).then_some(change)
    }

    /// Leaves out figures that move no more, once they are many.
    pub fn forget(&mut self, fixed: &impl Fn(u32) -> bool) {
        let still = self.outside.iter().filter(|cell| fixed(**cell)).count();
        if still * 8 < self.outside.len() {
            return;
        }
        self.settle(&|cell| if fixed(cell) { (0.0, 0.0) } else { (-1.0, 1.0) });
        let width = self.outside.len();
        let columns: Vec<usize> =
            (0..width).filter(|column| !fixed(self.outside[*column])).collect();
        let rows: Vec<usize> =
            (0..self.heads.len()).filter(|row| !fixed(self.heads[*row])).collect();
        let table = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
        self.table = table.map(|(row, column)| self.table[row * width + column]).collect();
        self.outside = columns.iter().map(|column| self.outside[*column]).collect();
        self.heads = rows.iter().map(|row| self.heads[*row]).collect();
        self.at.fill((u32::MAX, u32::MAX));
        for (row, head) in (0..).zip(&self.heads) {
            self.at[*head as usize].0 = row;
        }
        for (column, cell) in (0..).zip(&self.outside) {
            self.at[*cell as usize].1 = column;
        }
    }

    /// Takes out of the basis, where that can be, the figures that limits let nowhere.
    pub fn settle(&mut self, limits: &impl Fn(u32) -> Limits) {
        let fixed = |cell: u32| {
            let (low, high) = limits(cell);
            high - low <= TINY
        };
        for row in 0..self.heads.len() {
            if !fixed(self.heads[row]) {
                continue;
            }
            let free = self
                .row(row)
                .iter()
                .enumerate()
                .filter(|(column, value)| value.abs() > ZERO && !fixed(self.outside[*column]));
            let best = free.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(b.0.cmp(&a.0)));
            if let Some((column, _)) = best {
                self.exchange(row, column);
            }
        }
    }
}

/// The fraction that a coefficient must be: errors of rounding do not add up.
fn snap(value: f64) -> f64 {
    const PARTS: f64 = 2520.0;
    let near = (value * PARTS).round();
    if (value * PARTS - near).abs() < 1e-4 { near / PARTS } else { value }
}

/// A change in multiples of a unit, as a whole number.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked after")]
fn exact(change: f64, unit: u64) -> Option<i128> {
    let value = (change * unit as f64).round();
    (value.abs() < 1e18).then_some(value as i128)
}

/// The fraction of small terms that a coefficient is.
#[expect(clippy::cast_possible_truncation, reason = "below 2³⁰")]
fn fraction(value: f64) -> Option<(i64, i64)> {
    (1..=1000_i32).find_map(|denominator| {
        let numerator = value * f64::from(denominator);
        let near = (numerator - numerator.round()).abs() < 1e-6 && numerator.abs() < 1e9;
        near.then(|| (numerator.round() as i64, i64::from(denominator)))
    })
}

fn common(a: i64, b: i64) -> Option<i64> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a.checked_mul(b / x.max(1)).filter(|scale| *scale <= 1_000_000)
}
