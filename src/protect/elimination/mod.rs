//! Any system of figures and relations becomes a pattern that protects its primary figures.
//!
//! 1. [`part`] splits the system into components; each is solved alone.
//! 2. [`circuits`] publishes the candidates one by one unless a primary figure would be computable.
//! 3. The order decides the cost: several are tried, and the cheapest pattern is kept.
//!
//! Every primary figure gets two *witnesses*: whole changes of hidden figures that no relation
//! forbids, one that raises it and one that lowers it. They, not the engine, are the proof.

pub mod attacker;
pub mod circuits;
pub mod field;
pub mod part;
pub mod relaxation;
pub mod room;

use rayon::prelude::*;

use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::Part;
use crate::protect::system::{Pattern, State, System};

/// What a release may ask beyond the safety of its primary figures.
#[derive(Clone, Debug)]
pub struct Options {
    /// Sets of figures that one contributor knows: their own. Who knows such a set must not be able
    /// to compute a primary figure outside it.
    pub insiders: Vec<Vec<u32>>,
    /// What the last release hid, or nothing: to hide it again costs little.
    pub preferred: Pattern,
    /// How many perturbed orders are tried.
    pub orders: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { insiders: Vec::new(), preferred: Vec::new(), orders: 8 }
    }
}

/// Changes of figures; what is not named does not change. Places are those of the system's cells.
pub type Change = Vec<(u32, i64)>;

/// Why a primary figure is safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The figure.
    pub cell: u32,
    /// A change that raises it.
    pub up: Change,
    /// A change that lowers it.
    pub down: Change,
}

/// A primary figure that no pattern protects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unprotected {
    /// The figure.
    pub cell: u32,
    /// Frozen figures that determine it: none of them can be left out of the computation.
    pub frozen: Vec<u32>,
}

/// What to hide, and why that is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Which figures are hidden.
    pub pattern: Pattern,
    /// What the secondary ones cost.
    pub cost: u64,
    /// No pattern costs less.
    pub bound: u64,
    /// One for each primary figure that is protected, by figure.
    pub witnesses: Vec<Witness>,
    /// The release is to be held back if there is any, by figure.
    pub unprotected: Vec<Unprotected>,
}

/// Hides what it takes.
#[must_use]
pub fn protect(system: &System, options: &Options) -> Outcome {
    let (cells, rows) = part::extended(system);
    let known = part::known(&cells, &rows);
    let parts = part::parts(&cells, &rows, &known);
    let solved: Vec<(Pattern, f64)> = parts.par_iter().map(|part| solve(part, options)).collect();
    let mut outcome = Outcome { pattern: system.forbidden(), ..Outcome::default() };
    for (part, (pattern, bound)) in parts.iter().zip(solved) {
        outcome.cost += part.cost(&pattern);
        outcome.bound += bound as u64;
        for (place, hidden) in part.places.iter().zip(pattern) {
            if let Some(shown) = outcome.pattern.get_mut(*place as usize) {
                *shown = hidden;
            }
        }
    }
    outcome
}

fn solve(part: &Part, options: &Options) -> (Pattern, f64) {
    let mut order: Vec<u32> = part.free().collect();
    order.sort_by_key(|cell| (std::cmp::Reverse(part.cells[*cell as usize].cost), *cell));
    let first = greedy(part, &order);
    let costs: Vec<u64> = part.cells.iter().map(|c| c.cost).collect();
    let t = std::time::Instant::now();
    let relaxed = relaxation::relax(part, &costs, 20_000_000);
    let mut best = (part.cost(&first), first);
    let mut bound = 0.0;
    if let Some(r) = relaxed {
        bound = r.bound;
        let nz = r.hidden.iter().filter(|x| **x > 0).count();
        order.sort_by_key(|cell| (r.hidden[*cell as usize], std::cmp::Reverse(part.cells[*cell as usize].cost), *cell));
        let second = greedy(part, &order);
        let c2 = part.cost(&second);
        if part.len() > 100 { println!("    part {} lp {:.3}s nz {nz} greedy {} lpguided {}", part.len(), t.elapsed().as_secs_f64(), best.0, c2); }
        if c2 < best.0 { best = (c2, second); }
    }
    (best.1, bound)
}

/// Publishes in that order what exposes no primary figure.
fn greedy(part: &Part, order: &[u32]) -> Pattern {
    let last = part.indices().filter(|cell| part.cells[*cell as usize].state == State::Primary);
    let never = part.indices().filter(|cell| part.cells[*cell as usize].state == State::Unpublished);
    let basis: Vec<u32> = last.chain(never).chain(order.iter().rev().copied()).collect();
    let mut circuits = Circuits::new(part, &basis);
    for cell in order {
        circuits.publish(*cell, &|cell| part.is_primary(cell));
    }
    circuits.hidden().to_vec()
}
