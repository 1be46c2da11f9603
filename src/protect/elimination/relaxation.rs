//! A part becomes the linear relaxation of its cheapest pattern: how much each figure wants to be
//! hidden, and what no pattern can cost less than.
//!
//! `x` says how far each figure is hidden. An outsider who may move a figure by at most `x` times
//! its limits must be able to move each primary figure far enough; where they cannot, the figures
//! that bar the way make a *cut*: their `x` must sum to more. Cuts come from the attacker; the
//! linear programme over them comes from a solver. It only proposes: no safety rests on it.

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use crate::protect::elimination::attacker::{Attacker, Limits, Reach};
use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::Part;
use crate::protect::elimination::room::{Task, allowance, tasks};
use crate::protect::system::State;

/// Rounds of cuts.
const ROUNDS: usize = 60;
const TINY: f64 = 1e-6;

/// How far each figure of a part is hidden, and a bound on the cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relaxed {
    /// From 0 to 1, in thousandths.
    pub hidden: Vec<u32>,
    /// No pattern costs less.
    pub bound: f64,
}

/// Solves it; none when the part has more than `most` coefficients.
#[must_use]
pub fn relax(part: &Part, costs: &[u64], most: usize) -> Option<Relaxed> {
    let basis: Vec<u32> = part.indices().collect();
    let mut attacker = Attacker::new(part.len(), &Circuits::new(part, &basis), most)?;
    let tasks = tasks(part);
    let dearest = f64_of(costs.iter().copied().max().unwrap_or(0).max(1));
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut variables: Vec<Option<Variable>> = vec![None; part.len()];
    for cell in part.free() {
        let cost = f64_of(costs[cell as usize]) / dearest;
        variables[cell as usize] = Some(problem.add_var(cost, (0.0, 1.0)));
    }
    let mut solution = problem.solve().ok()?.into_solution().ok()?;
    for _ in 0..ROUNDS {
        let x: Vec<f64> = variables
            .iter()
            .map(|variable| variable.map_or(1.0, |variable| solution.var_value(variable)))
            .collect();
        let x: Vec<f64> =
            x.into_iter().map(|x| if x < TINY { 0.0 } else { x.min(1.0) }).collect();
        attacker.settle(&|cell| (0.0, x[cell as usize]));
        let cuts: Vec<Vec<(u32, f64)>> =
            tasks.iter().filter_map(|task| cut(part, &mut attacker, *task, &x)).collect();
        let mut cuts = cuts;
        cuts.dedup();
        if part.len() > 100 { println!("      obj {} cuts {}", solution.objective()*dearest, cuts.len()); }
        if cuts.is_empty() {
            break;
        }
        for cut in cuts {
            let terms = cut.iter();
            let terms = terms.filter_map(|(cell, value)| {
                variables[*cell as usize].map(|variable| (variable, *value))
            });
            let terms: Vec<(Variable, f64)> = terms.collect();
            solution = solution.add_constraint(&terms, ComparisonOp::Ge, 1.0).ok()?.into_solution().ok()?;
        }
    }
    let thousandths = |variable: &Option<Variable>| {
        let x = variable.map_or(1.0, |variable| solution.var_value(variable));
        (0..1000).find(|step| f64::from(*step) + 0.5 > x * 1000.0).unwrap_or(1000)
    };
    let hidden = variables.iter().map(thousandths).collect();
    Some(Relaxed { hidden, bound: solution.objective() * dearest })
}

/// What `x` breaks, scaled to at least 1, when one task cannot be done within it.
fn cut(part: &Part, attacker: &mut Attacker, task: Task, x: &[f64]) -> Option<Vec<(u32, f64)>> {
    let free = |cell: u32| part.cells[cell as usize].state == State::Free;
    let limits = |cell: u32| -> Limits {
        let (down, up) = allowance(&part.cells[cell as usize], task);
        let x = x[cell as usize];
        if free(cell) { (-down.min(1.0) * x, up.min(1.0) * x) } else { (-down, up) }
    };
    let Reach::Barred(terms) = attacker.attack(task.cell, task.way, &limits) else {
        return None;
    };
    let mut rest = 1.0;
    let mut cut = Vec::new();
    for (cell, value) in terms {
        let (down, up) = allowance(&part.cells[cell as usize], task);
        let most = value.abs() * if value * task.way > 0.0 { up } else { down };
        if free(cell) {
            cut.push((cell, most));
        } else {
            rest -= most;
        }
    }
    if rest <= TINY {
        return None;
    }
    for (_, value) in &mut cut {
        *value = (*value / rest).min(1.0);
    }
    cut.retain(|(_, value)| *value > TINY);
    cut.sort_unstable_by_key(|(cell, _)| *cell);
    let sum: f64 = cut.iter().map(|(cell, value)| value * x[*cell as usize]).sum();
    (sum < 1.0 - TINY && !cut.is_empty()).then_some(cut)
}

/// A cost, near enough for an order.
#[expect(clippy::cast_precision_loss, reason = "a linear programme is solved in floats")]
fn f64_of(cost: u64) -> f64 {
    cost as f64
}
