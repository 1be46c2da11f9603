//! A component becomes the furthest that one of its figures can go, by exact pivots.
//!
//! The true figures are a possible table, so the search starts there: a figure is pushed, others
//! give way along the equations, and what blocks leaves the basis. When nothing can give way, no
//! table with fractions has the figure any further: that is a proof.

use std::collections::BTreeMap;

use crate::audit::component::Component;
use crate::audit::figures::{Known, NO_HIGH, NO_LOW};
use crate::audit::ratio::Ratio;

type Sparse = BTreeMap<u32, Ratio>;

/// What a figure may change by, where that is limited.
pub type Limits<'a> = dyn Fn(u32) -> Option<(i64, i64)> + 'a;

/// How far a push went.
#[derive(Clone, Debug)]
pub struct Push {
    /// What each figure that moved changes by.
    pub change: Vec<(u32, Ratio)>,
    /// Whether the figure can go no further.
    pub is_furthest: bool,
}

/// The figures of a component and, as further columns, what each inequality leaves free.
#[derive(Clone, Debug)]
pub struct Tableau {
    /// The figure of each column; columns of inequalities come after.
    figures: Vec<u32>,
    /// How far each column can go down and up from the truth.
    bounds: Vec<(Option<Ratio>, Option<Ratio>)>,
    /// Each basic column as a sum of others.
    basic: BTreeMap<u32, Sparse>,
    /// The basic columns that each other column moves.
    moves: Vec<std::collections::BTreeSet<u32>>,
}

impl Tableau {
    /// The tableau of a component; nothing if its numbers grow out of hand.
    #[must_use]
    pub fn of(known: &Known, truth: &[i64], component: &Component) -> Option<Self> {
        let mut column = BTreeMap::new();
        let mut bounds = Vec::new();
        for (figure, place) in component.figures.iter().zip(0_u32..) {
            column.insert(*figure, place);
            let (at, now) = (*figure as usize, truth[*figure as usize]);
            let down = (known.low[at] != NO_LOW).then(|| known.low[at].checked_sub(now));
            let up = (known.high[at] != NO_HIGH).then(|| known.high[at].checked_sub(now));
            let whole = |bound: Option<Option<i64>>| bound.flatten().map(Ratio::of);
            bounds.push((whole(down), whole(up)));
        }
        let terms = |terms: &mut dyn Iterator<Item = (u32, i32)>| {
            let mut sparse = Sparse::new();
            for (figure, factor) in terms {
                if let (Some(column), true) = (column.get(&figure), factor != 0) {
                    sparse.insert(*column, Ratio::of(i64::from(factor)));
                }
            }
            sparse
        };
        let mut tableau = Self {
            figures: component.figures.clone(),
            moves: vec![Default::default(); bounds.len()],
            bounds,
            basic: BTreeMap::new(),
        };
        for row in &component.inequalities {
            let row = *row as usize;
            let slack = u32::try_from(tableau.bounds.len()).ok()?;
            let rows = &known.inequalities;
            let free = rows.sum(row, truth)?.checked_sub(rows.constant(row))?;
            tableau.bounds.push((Some(Ratio::of(free.checked_neg()?)), None));
            tableau.moves.push(Default::default());
            tableau.set(slack, terms(&mut rows.terms(row)));
        }
        for row in &component.equations {
            let mut sum = Sparse::new();
            for (column, factor) in terms(&mut known.equations.terms(*row as usize)) {
                match tableau.basic.get(&column) {
                    Some(basic) => add(&mut sum, basic, factor)?,
                    None => add(&mut sum, &Sparse::from([(column, Ratio::ONE)]), factor)?,
                }
            }
            // A whole factor keeps the numbers whole; the column that moves least, the rows short.
            let moved = |column: u32| tableau.moves[column as usize].len();
            let whole = |factor: Ratio| factor == Ratio::ONE || factor.minus() == Ratio::ONE;
            let best = sum.iter().min_by_key(|(column, by)| (!whole(**by), moved(**column)));
            let Some((pivot, factor)) = best.map(|(column, by)| (*column, *by)) else { continue };
            sum.remove(&pivot);
            let by = Ratio::ONE.over(factor.minus())?;
            let mut basic = Sparse::new();
            add(&mut basic, &sum, by)?;
            tableau.enter(pivot, basic)?;
        }
        Some(tableau)
    }

    /// Pushes a figure by up to `by`. Others stay within the changes that `limits` says, if any:
    /// from a number that is not positive to one that is not negative.
    #[must_use]
    pub fn push(&mut self, figure: u32, by: i64, limits: &Limits<'_>) -> Option<Push> {
        let target = u32::try_from(self.figures.binary_search(&figure).ok()?).ok()?;
        let up = by > 0;
        let wanted = Ratio::of(by.abs());
        let bounds: Vec<_> = (0..self.bounds.len())
            .map(|column| {
                let (down, up) = self.bounds[column];
                let Some((least_by, most_by)) =
                    self.figures.get(column).and_then(|one| limits(*one))
                else {
                    return Some((down, up));
                };
                let (least_by, most_by) = (Ratio::of(least_by), Ratio::of(most_by));
                let raised = least(down.map(Ratio::minus), Some(least_by.minus()))?;
                Some((raised.map(Ratio::minus), least(up, Some(most_by))?))
            })
            .collect::<Option<_>>()?;
        let mut at = vec![Ratio::ZERO; bounds.len()];
        // The rule of the least column ends; the bound is for the case that it were wrong.
        for _ in 0..100 + 20 * bounds.len() {
            let done = if up { at[target as usize] } else { at[target as usize].minus() };
            if !done.less(wanted)? {
                return Some(self.reached(&at, false));
            }
            let Some((column, rises, factor)) = self.entering(target, up, &at, &bounds)? else {
                return Some(self.reached(&at, true));
            };
            // How far the column can go itself, and until the target is where it should be.
            let rest = wanted.plus(done.minus())?.over(if factor.sign() < 0 {
                factor.minus()
            } else {
                factor
            })?;
            let mut step = least(room(&bounds, &at, column, rises)?, Some(rest))?.unwrap_or(rest);
            let mut blocking = None;
            for basic in self.moves[column as usize].iter().copied() {
                let factor = self.basic.get(&basic)?.get(&column).copied()?;
                let basic_rises = (factor.sign() > 0) == rises;
                let size = if factor.sign() < 0 { factor.minus() } else { factor };
                let Some(free) = room(&bounds, &at, basic, basic_rises)? else { continue };
                let until = free.over(size)?;
                if until.less(step)? {
                    (step, blocking) = (until, Some(basic));
                }
            }
            let moved = if rises { step } else { step.minus() };
            at[column as usize] = at[column as usize].plus(moved)?;
            for basic in self.moves[column as usize].iter().copied() {
                let factor = self.basic.get(&basic)?.get(&column).copied()?;
                at[basic as usize] = at[basic as usize].plus(factor.times(moved)?)?;
            }
            if let Some(basic) = blocking {
                self.pivot(basic, column)?;
            }
        }
        Some(self.reached(&at, false))
    }

    /// The first column that can push the target further: which, whether upwards, by what factor.
    fn entering(
        &self,
        target: u32,
        up: bool,
        at: &[Ratio],
        bounds: &[(Option<Ratio>, Option<Ratio>)],
    ) -> Option<Option<(u32, bool, Ratio)>> {
        let itself = Sparse::from([(target, Ratio::ONE)]);
        for (column, factor) in self.basic.get(&target).unwrap_or(&itself) {
            let rises = (factor.sign() > 0) == up;
            if room(bounds, at, *column, rises)?.is_none_or(|room| room.sign() > 0) {
                return Some(Some((*column, rises, *factor)));
            }
        }
        Some(None)
    }

    fn reached(&self, at: &[Ratio], is_furthest: bool) -> Push {
        let moved = self.figures.iter().zip(at).filter(|(_, by)| by.sign() != 0);
        Push { change: moved.map(|(figure, by)| (*figure, *by)).collect(), is_furthest }
    }

    /// Exchanges a basic column and another.
    fn pivot(&mut self, leaving: u32, entering: u32) -> Option<()> {
        let mut sum = self.unset(leaving)?;
        let factor = sum.remove(&entering)?;
        // leaving = factor · entering + rest, so entering = (leaving - rest) / factor.
        let inverse = Ratio::ONE.over(factor)?;
        let mut basic = Sparse::from([(leaving, inverse)]);
        add(&mut basic, &sum, inverse.minus())?;
        self.enter(entering, basic)
    }

    /// Makes a column basic: it is replaced wherever it stands.
    fn enter(&mut self, column: u32, sum: Sparse) -> Option<()> {
        for other in std::mem::take(&mut self.moves[column as usize]) {
            let mut row = self.unset(other)?;
            let factor = row.remove(&column)?;
            add(&mut row, &sum, factor)?;
            self.set(other, row);
        }
        self.set(column, sum);
        Some(())
    }

    fn set(&mut self, column: u32, sum: Sparse) {
        for other in sum.keys() {
            self.moves[*other as usize].insert(column);
        }
        self.basic.insert(column, sum);
    }

    fn unset(&mut self, column: u32) -> Option<Sparse> {
        let sum = self.basic.remove(&column)?;
        for other in sum.keys() {
            self.moves[*other as usize].remove(&column);
        }
        Some(sum)
    }
}

/// How far a column can go one way; nothing known if nothing stops it. The outer `None` is a number
/// out of hand.
fn room(
    bounds: &[(Option<Ratio>, Option<Ratio>)],
    at: &[Ratio],
    column: u32,
    up: bool,
) -> Option<Option<Ratio>> {
    let (down, above) = bounds[column as usize];
    let now = at[column as usize];
    match if up { above } else { down } {
        None => Some(None),
        Some(bound) if up => Some(Some(bound.plus(now.minus())?)),
        Some(bound) => Some(Some(now.plus(bound.minus())?)),
    }
}

fn least(one: Option<Ratio>, other: Option<Ratio>) -> Option<Option<Ratio>> {
    Some(match (one, other) {
        (Some(one), Some(other)) => Some(if one.less(other)? { one } else { other }),
        (one, other) => one.or(other),
    })
}

/// Adds `factor` times a row to another.
fn add(row: &mut Sparse, other: &Sparse, factor: Ratio) -> Option<()> {
    for (column, value) in other {
        let sum = row.get(column).copied().unwrap_or(Ratio::ZERO);
        let sum = sum.plus(value.times(factor)?)?;
        if sum.sign() == 0 {
            row.remove(column);
        } else {
            row.insert(*column, sum);
        }
    }
    Some(())
}
