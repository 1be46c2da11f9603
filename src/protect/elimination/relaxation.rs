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
/// The same after some figures were fixed.
const CUTS_DIVING: usize = 5_000;
/// Cuts found at once up to which the solver goes on from where it was.
const FEW: usize = 64;
/// Of the figures that a dive finds partly hidden, one in so many is fixed at a time.
const DEPTHS: usize = 5;
const TINY: f64 = 1e-6;
/// A cut broken by less is kept: the solver is no more exact.
const BROKEN: f64 = 1e-4;

/// How far each figure of a part is hidden, and a bound on the cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relaxed {
    /// From 0 to 1, in thousandths.
    pub hidden: Vec<u32>,
    /// Where room is asked, the same once figures that are partly hidden were fixed, the most
    /// hidden ones first.
    pub dived: Option<Vec<u32>>,
    /// No pattern costs less.
    pub bound: u64,
}

/// Figures and coefficients: the sum over how far each is hidden is at least 1.
type Cut = Vec<(u32, f64)>;

/// Solves it, then dives; none when the solver fails.
#[must_use]
pub fn relax(part: &Part, costs: &[u64], attacker: &mut Attacker) -> Option<Relaxed> {
    let dearest = float(costs.iter().copied().max().unwrap_or(0).max(1));
    let mut master = Master {
        part,
        costs: costs.iter().map(|cost| float(*cost) / dearest).collect(),
        fixed: vec![false; part.len()],
        cuts: Vec::new(),
        asks_room: tasks(part).iter().any(|task| task.room > 0),
        variables: Vec::new(),
        x: Vec::new(),
        solution: None,
    };
    master.solve()?;
    master.cut_off(attacker, CUTS_MAX)?;
    let bound = whole(master.solution.as_ref()?.objective() * dearest);
    let hidden = master.thousandths();
    while master.asks_room && master.fix() {
        master.solve()?;
        master.cut_off(attacker, CUTS_DIVING)?;
    }
    let dived = master.asks_room.then(|| master.thousandths());
    Some(Relaxed { hidden, dived, bound })
}

/// The linear programme, as far as it is known.
struct Master<'a> {
    part: &'a Part,
    costs: Vec<f64>,
    /// Figures that are to be hidden.
    fixed: Vec<bool>,
    cuts: Vec<Cut>,
    /// Where none is asked there are few cuts, and all are best looked for at once.
    asks_room: bool,
    variables: Vec<Option<Variable>>,
    x: Vec<f64>,
    solution: Option<Solution>,
}

impl Master<'_> {
    /// Solves it anew.
    fn solve(&mut self) -> Option<()> {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        self.variables = vec![None; self.part.len()];
        for cell in self.part.free() {
            let place = cell as usize;
            let least = if self.fixed[place] { 1.0 } else { 0.0 };
            self.variables[place] = Some(problem.add_var(self.costs[place], (least, 1.0)));
        }
        for cut in &self.cuts {
            problem.add_constraint(self.terms(cut), ComparisonOp::Ge, 1.0);
        }
        self.read(problem.solve().ok()?.into_solution().ok()?);
        Some(())
    }

    fn terms(&self, cut: &Cut) -> Vec<(Variable, f64)> {
        let terms = cut.iter();
        terms.filter_map(|(cell, by)| Some((self.variables[*cell as usize]?, *by))).collect()
    }

    fn read(&mut self, solution: Solution) {
        let value = |variable: Variable| {
            let x = solution.var_value(variable);
            if x < TINY { 0.0 } else { x.min(1.0) }
        };
        self.x = self.variables.iter().map(|known| known.map_or(1.0, value)).collect();
        self.solution = Some(solution);
    }

    /// Adds cuts until no task breaks one, or there were too many.
    fn cut_off(&mut self, attacker: &mut Attacker, most: usize) -> Option<()> {
        let tasks = tasks(self.part);
        let mut open = tasks.clone();
        let mut given = 0;
        while given < most {
            attacker.settle(&|cell| (0.0, self.x[cell as usize]));
            if !self.asks_room {
                open.clone_from(&tasks);
            }
            let all = open.len() == tasks.len();
            let mut found: Vec<Cut> = Vec::new();
            // What broke a cut is asked again before all others are.
            open.retain(|task| {
                let cut = cut(self.part, attacker, *task, &self.x);
                let breaks = cut.is_some();
                found.extend(cut);
                breaks
            });
            if found.is_empty() {
                if all {
                    break;
                }
                open.clone_from(&tasks);
                continue;
            }
            found.sort_by(order);
            found.dedup();
            if self.asks_room && found.len() <= FEW {
                self.add(found)?;
            } else {
                // A cut that does not bind is found again if it matters: the programme stays small.
                self.cuts.retain(|cut| sum(cut, &self.x) < 1.0 + TINY);
                self.cuts.append(&mut found);
                self.solve()?;
            }
            given += self.cuts.len();
        }
        Some(())
    }

    /// Adds cuts one by one, those that are still broken.
    fn add(&mut self, cuts: Vec<Cut>) -> Option<()> {
        for cut in cuts {
            if sum(&cut, &self.x) < 1.0 - BROKEN {
                let terms = self.terms(&cut);
                let solution = self.solution.take()?.add_constraint(terms, ComparisonOp::Ge, 1.0);
                self.read(solution.ok()?.into_solution().ok()?);
                self.cuts.push(cut);
            }
        }
        Some(())
    }

    /// Fixes the figures that are hidden most; says whether there were any.
    fn fix(&mut self) -> bool {
        let x = &self.x;
        let open = self.part.free().filter(|cell| {
            let place = *cell as usize;
            !self.fixed[place] && x[place] > TINY
        });
        let mut open: Vec<u32> = open.collect();
        open.sort_by(|a, b| x[*b as usize].total_cmp(&x[*a as usize]).then(a.cmp(b)));
        let whole = open.iter().filter(|cell| x[**cell as usize] > 0.999).count();
        for cell in open.iter().take(whole.max(open.len().div_ceil(DEPTHS))) {
            self.fixed[*cell as usize] = true;
        }
        !open.is_empty()
    }

    fn thousandths(&self) -> Vec<u32> {
        self.x.iter().copied().map(thousandths).collect()
    }
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
    (!cut.is_empty() && sum(&cut, x) < 1.0 - BROKEN).then_some(cut)
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
