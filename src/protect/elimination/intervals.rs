//! A pattern becomes one that leaves each primary figure the room it needs.
//!
//! Each task has a witness: whole changes of hidden figures that no relation forbids and that
//! leave no figure below its floor. To publish a figure is to look for other witnesses where the
//! present ones need it; it stays hidden when there are none.

use crate::protect::elimination::attacker::{Attacker, Limits, Reach};
use crate::protect::elimination::part::Part;
use crate::protect::elimination::room::{Task, allowance, tasks};
use crate::protect::system::Pattern;

/// In units of the measure.
const MARGINS: [u64; 4] = [0, 60, 4_000, 200_000];

/// Changes of figures of a part.
type Change = Vec<(u32, i64)>;

/// A pattern of a part, and its witnesses.
#[derive(Clone, Debug)]
pub struct Guard<'a> {
    part: &'a Part,
    attacker: Attacker,
    tasks: Vec<Task>,
    hidden: Pattern,
    /// By task; none where it cannot be done.
    witnesses: Vec<Option<Change>>,
}

impl<'a> Guard<'a> {
    /// Looks for witnesses in a pattern.
    #[must_use]
    pub fn new(part: &'a Part, attacker: Attacker, hidden: Pattern) -> Self {
        let tasks = tasks(part);
        let witnesses = vec![None; tasks.len()];
        let mut guard = Self { part, attacker, tasks, hidden, witnesses };
        for task in 0..guard.tasks.len() {
            guard.witnesses[task] = guard.attack(task, &guard.hidden.clone());
        }
        guard
    }

    /// Hides, for each task without a witness, what one needs. Of what is free the last of `order`
    /// are hidden first.
    pub fn repair(&mut self, order: &[u32]) {
        for task in 0..self.tasks.len() {
            if self.witnesses[task].is_none() {
                self.witnesses[task] = self.attack(task, &self.hidden.clone());
            }
            if self.witnesses[task].is_none() {
                self.hide_for(task, order);
            }
        }
    }

    /// What is hidden.
    #[must_use]
    pub fn hidden(&self) -> &Pattern {
        &self.hidden
    }

    /// Each task with its witness, or none where nothing helps.
    #[must_use]
    pub fn into_witnesses(self) -> Vec<(Task, Option<Change>)> {
        self.tasks.into_iter().zip(self.witnesses).collect()
    }

    /// Publishes in that order what no task needs.
    pub fn clean_up(&mut self, order: &[u32]) {
        for cell in order {
            if self.hidden[*cell as usize] {
                self.publish(*cell);
                let hidden = &self.hidden;
                self.attacker.forget(&|cell| !hidden[cell as usize]);
            }
        }
    }

    /// Publishes a figure unless a task could no more be done.
    fn publish(&mut self, cell: u32) {
        self.hidden[cell as usize] = false;
        let uses = |change: &Change| is_moved(change, cell);
        let touched = self.witnesses.iter().enumerate();
        let touched = touched.filter(|(_, witness)| witness.as_ref().is_some_and(uses));
        let touched: Vec<usize> = touched.map(|(task, _)| task).collect();
        let hidden = self.hidden.clone();
        let mut found = Vec::with_capacity(touched.len());
        for task in touched {
            let Some(change) = self.attack(task, &hidden) else {
                self.hidden[cell as usize] = true;
                return;
            };
            found.push((task, change));
        }
        for (task, change) in found {
            self.witnesses[task] = Some(change);
        }
    }

    /// Hides others in the place of a figure while they cost less. The last of `order` are hidden
    /// first, the first ones replaced first.
    pub fn exchange(&mut self, costs: &[u64], order: &[u32]) {
        let mut gains = true;
        while std::mem::take(&mut gains) {
            for cell in order {
                if self.hidden[*cell as usize] {
                    let before = (self.hidden.clone(), self.witnesses.clone());
                    if self.replace(*cell, costs, order) {
                        gains = true;
                    } else {
                        (self.hidden, self.witnesses) = before;
                    }
                }
            }
            for cell in order.iter().filter(|_| gains) {
                if self.hidden[*cell as usize] {
                    self.publish(*cell);
                }
            }
        }
    }

    /// Publishes a figure and hides what its tasks need instead; says whether that costs less.
    fn replace(&mut self, cell: u32, costs: &[u64], order: &[u32]) -> bool {
        self.hidden[cell as usize] = false;
        let mut left = costs[cell as usize];
        for task in 0..self.tasks.len() {
            if !self.witnesses[task].as_ref().is_some_and(|change| is_moved(change, cell)) {
                continue;
            }
            let before = self.hidden.clone();
            self.witnesses[task] = self.attack(task, &before);
            if self.witnesses[task].is_some() {
                continue;
            }
            let may = |other: &u32| {
                let place = *other as usize;
                *other != cell && !before[place] && costs[place] < left
            };
            let cheaper: Vec<u32> = order.iter().copied().filter(may).collect();
            self.hide_for(task, &cheaper);
            for other in &cheaper {
                if self.hidden[*other as usize] {
                    self.publish(*other);
                }
            }
            let others = cheaper.iter().filter(|other| self.hidden[**other as usize]);
            let price: u64 = others.map(|other| costs[*other as usize]).sum();
            if self.witnesses[task].is_none() || price >= left {
                return false;
            }
            left -= price;
        }
        true
    }

    /// Hides what a task needs of the shortest end of the order in which it can be done.
    fn hide_for(&mut self, task: usize, order: &[u32]) {
        let start = self.hidden.clone();
        let with = |count: usize| {
            let mut hidden = start.clone();
            for cell in &order[order.len() - count..] {
                hidden[*cell as usize] = true;
            }
            hidden
        };
        let (mut few, mut enough) = (0, order.len());
        let Some(mut best) = self.attack(task, &with(enough)) else {
            return;
        };
        while enough - few > 1 {
            let count = usize::midpoint(few, enough);
            match self.attack(task, &with(count)) {
                Some(change) => (enough, best) = (count, change),
                None => few = count,
            }
        }
        for (cell, _) in &best {
            self.hidden[*cell as usize] = true;
        }
        self.witnesses[task] = Some(best);
    }

    /// A witness within a pattern.
    fn attack(&mut self, task: usize, hidden: &[bool]) -> Option<Change> {
        let task = self.tasks[task];
        // Whole changes may need a little more than the room itself, and a little off floors.
        let mut found = None;
        for margin in MARGINS {
            found = self.reach(task, hidden, margin)?;
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// Whether a task can be done within a pattern, and in whole changes.
    fn reach(&mut self, task: Task, hidden: &[bool], margin: u64) -> Option<Option<Change>> {
        let limits = |cell: u32| -> Limits {
            if hidden[cell as usize] {
                let (down, up) = allowance(&self.part.cells[cell as usize], task, margin);
                (-down, up)
            } else {
                (0.0, 0.0)
            }
        };
        self.attacker.settle(&limits);
        match self.attacker.attack(task.cell, task.target(margin), &limits) {
            Reach::Enough => Some(self.attacker.whole(self.part, task)),
            _ => None,
        }
    }
}

fn is_moved(change: &Change, cell: u32) -> bool {
    change.binary_search_by_key(&cell, |(cell, _)| *cell).is_ok()
}
