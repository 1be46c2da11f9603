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
pub mod explain;
pub mod field;
pub mod insiders;
pub mod intervals;
pub mod part;
pub mod relaxation;
pub mod room;
pub mod search;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::protect::elimination::part::Part;
use crate::protect::elimination::search::Found;
use crate::protect::system::{Cell, Pattern, System};

/// By how much it costs less to hide what the last release hid.
const PREFERENCE: u64 = 16;

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
        Self { insiders: Vec::new(), preferred: Vec::new(), orders: 16 }
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
    let solved: Vec<Found> = parts.par_iter().map(|part| solve(part, options)).collect();
    let mut outcome = Outcome { pattern: system.forbidden(), ..Outcome::default() };
    let mut lost: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut safe: BTreeMap<u32, Witness> = BTreeMap::new();
    for (part, found) in parts.iter().zip(solved) {
        outcome.cost += part.cost(&found.hidden);
        outcome.bound += found.bound;
        for (place, hidden) in part.places.iter().zip(&found.hidden) {
            if let Some(shown) = outcome.pattern.get_mut(*place as usize) {
                *shown = *hidden;
            }
        }
        for (task, change) in found.done {
            let cell = part.places[task.cell as usize];
            let Some(change) = change else {
                lost.entry(cell)
                    .or_insert_with(|| explain::explain(part, task, &cells, &rows, &known));
                continue;
            };
            let witness =
                safe.entry(cell).or_insert_with(|| Witness { cell, ..Witness::default() });
            let change = change.into_iter().map(|(cell, by)| (part.places[cell as usize], by));
            // Slacks of inequalities are no figures.
            let change = change.filter(|(cell, _)| (*cell as usize) < system.cells.len());
            let change: Change = change.collect();
            if task.room == 0 {
                witness.down = change.iter().map(|(cell, by)| (*cell, -by)).collect();
            }
            if task.way > 0.0 { witness.up = change } else { witness.down = change }
        }
    }
    // Who is known whatever happens is not protected either.
    for cell in system.primary().filter(|cell| known[*cell]) {
        lost.insert(u32::try_from(cell).unwrap_or(u32::MAX), Vec::new());
    }
    safe.retain(|cell, _| !lost.contains_key(cell));
    outcome.witnesses = safe.into_values().collect();
    outcome.unprotected =
        lost.into_iter().map(|(cell, frozen)| Unprotected { cell, frozen }).collect();
    outcome
}

fn solve(part: &Part, options: &Options) -> Found {
    let cost = |(cell, place): (&Cell, &u32)| {
        let was_hidden = options.preferred.get(*place as usize).copied().unwrap_or(false);
        if was_hidden { cell.cost / PREFERENCE } else { cell.cost }
    };
    let costs: Vec<u64> = part.cells.iter().zip(&part.places).map(cost).collect();
    let mut found = search::search(part, &costs, options.orders);
    let own = |set: &Vec<u32>| -> Vec<u32> {
        let places = (0..).zip(&part.places).filter(|(_, place)| set.contains(place));
        places.map(|(cell, _)| cell).collect()
    };
    let insiders: Vec<Vec<u32>> = options.insiders.iter().map(own).collect();
    let insiders: Vec<Vec<u32>> = insiders.into_iter().filter(|own| !own.is_empty()).collect();
    insiders::guard(part, &costs, &insiders, &mut found);
    if found.done.is_empty() {
        found.done = search::witnesses(part, &found.hidden);
    }
    found
}
