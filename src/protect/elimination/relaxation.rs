//! A part becomes the linear relaxation of its cheapest pattern: how much each figure wants to be
//! hidden, and what no pattern can cost less than.
//!
//! `x` says how far each figure is hidden. An outsider who may move a figure by at most `x` times
//! its limits must be able to move each primary figure far enough; where they cannot, the figures
//! that bar the way make a *cut*: their `x` must sum to more. Cuts come from the attacker; the
//! linear programme over them comes from a solver. It only proposes: no safety rests on it.

use std::cmp::Ordering;

use microlp::{ComparisonOp, OptimizationDirection, Problem, Solution, Variable};

use crate::protect::elimination::attacker::{Attacker, Limits, Reach};
use crate::protect::elimination::part::Part;
use crate::protect::elimination::room::{Task, allowance, float, tasks};
use crate::protect::system::State;

/// Cuts that are given to the solver in all rounds: the order is good before the bound is.
const CUTS_MAX: usize = 20_000;
const TINY: f64 = 1e-6;

/// How far each figure of a part is hidden, and a bound on the cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relaxed {
    /// From 0 to 1, in thousandths.
    pub hidden: Vec<u32>,
    /// No pattern costs less.
    pub bound: u64,
}

/// Figures and coefficients: the sum over how far each is hidden is at least 1.
type Cut = Vec<(u32, f64)>;

/// Solves it; none when the solver fails.
#[must_use]
pub fn relax(part: &Part, costs: &[u64], attacker: &mut Attacker) -> Option<Relaxed> {
    let tasks = tasks(part);
    let dearest = float(costs.iter().copied().max().unwrap_or(0).max(1));
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut variables: Vec<Option<Variable>> = vec![None; part.len()];
    for cell in part.free() {
        let cost = float(costs[cell as usize]) / dearest;
        variables[cell as usize] = Some(problem.add_var(cost, (0.0, 1.0)));
    }
    let mut cuts: Vec<Cut> = Vec::new();
    let (mut x, mut bound) = read(&variables, &problem.solve().ok()?.into_solution().ok()?);
    let mut given = 0;
    while given < CUTS_MAX {
        attacker.settle(&|cell| (0.0, x[cell as usize]));
        let found = tasks.iter().filter_map(|task| cut(part, attacker, *task, &x));
        let mut found: Vec<Cut> = found.collect();
        if found.is_empty() {
            break;
        }
        found.sort_by(order);
        found.dedup();
        // A cut that does not bind is found again if it matters: the programme stays small.
        cuts.retain(|cut| sum(cut, &x) < 1.0 + TINY);
        cuts.append(&mut found);
        given += cuts.len();
        let mut problem = problem.clone();
        for cut in &cuts {
            let terms = cut.iter();
            let terms =
                terms.filter_map(|(cell, value)| Some((variables[*cell as usize]?, *value)));
            problem.add_constraint(terms.collect::<Vec<_>>(), ComparisonOp::Ge, 1.0);
        }
        (x, bound) = read(&variables, &problem.solve().ok()?.into_solution().ok()?);
    }
    Some(Relaxed {
        hidden: x.into_iter().map(thousandths).collect(),
        bound: whole(bound * dearest),
    })
}

fn read(variables: &[Option<Variable>], solution: &Solution) -> (Vec<f64>, f64) {
    let value = |variable: Variable| {
        let x = solution.var_value(variable);
        if x < TINY { 0.0 } else { x.min(1.0) }
    };
    let x = variables.iter().map(|variable| variable.map_or(1.0, value));
    (x.collect(), solution.objective())
}

fn sum(cut: &Cut, x: &[f64]) -> f64 {
    cut.iter().map(|(cell, value)| value * x[*cell as usize]).sum()
}

fn order(a: &Cut, b: &Cut) -> Ordering {
    let term = |((a, x), (b, y)): (&(u32, f64), &(u32, f64))| a.cmp(b).then(x.total_cmp(y));
    a.len().cmp(&b.len()).then_with(|| {
        a.iter().zip(b).map(term).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

/// What `x` breaks when one task cannot be done within it.
fn cut(part: &Part, attacker: &mut Attacker, task: Task, x: &[f64]) -> Option<Cut> {
    let free = |cell: u32| part.cells[cell as usize].state == State::Free;
    let limits = |cell: u32| -> Limits {
        let (down, up) = allowance(&part.cells[cell as usize], task, 0);
        let x = x[cell as usize];
        // To hide a figure half does not let it move by half of a limit that is far off.
        if free(cell) { (-down.min(1.0) * x, up.min(1.0) * x) } else { (-down, up) }
    };
    let Reach::Barred(terms) = attacker.attack(task.cell, task.target(0), &limits) else {
        return None;
    };
    let mut rest = 1.0;
    let mut cut = Vec::new();
    for (cell, value) in terms {
        let (down, up) = allowance(&part.cells[cell as usize], task, 0);
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
    (!cut.is_empty() && sum(&cut, x) < 1.0 - TINY).then_some(cut)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 1000")]
fn thousandths(x: f64) -> u32 {
    (x * 1000.0).round() as u32
}

/// The least whole cost that is not below a bound, the solver's tolerance taken off first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn whole(bound: f64) -> u64 {
    (bound * (1.0 - 1e-9) - 1e-4).ceil().max(0.0) as u64
}
