//! A figure that should be able to move becomes the cheapest change of figures that keeps all sums.
//!
//! A move unbalances the sums the figure stands in. Each of them is balanced by another figure of
//! it, hidden already or to be hidden for what that costs, and so on until none is open: in months,
//! quarters and départements that takes four figures. The cheapest change begun is continued first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::protect::balance::board::{Board, Figure};

/// Weight of what is never hidden.
pub(crate) const NEVER: u64 = u64::MAX;

/// Figures moved by a change, at most.
const STEPS_MAX: usize = 60;

/// What may be hidden for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hides {
    Nothing,
    /// All but the rows that all of a period is part of.
    Parts,
    All,
}

/// How it is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) hides: Hides,
    /// Whether several figures may balance a sum, each as far as it can.
    pub(crate) splits: bool,
    /// How much sooner what is nearly balanced is continued than what is cheap.
    pub(crate) haste: u64,
    /// Changes begun, at most.
    pub(crate) tries: usize,
    /// Ways in which a sum is balanced that are looked at: the most promising ones.
    pub(crate) ways: usize,
}

/// What is looked for.
pub(crate) struct Ask<'a> {
    /// The figure that should move, and by how much.
    pub(crate) figure: Figure,
    pub(crate) by: i64,
    /// Whether the opposite must be possible too.
    pub(crate) both_ways: bool,
    /// What it weighs to move each figure: nothing if it is hidden, [`NEVER`] if that cannot be.
    pub(crate) weight: &'a dyn Fn(Figure) -> u64,
    pub(crate) effort: Effort,
}

/// A change under construction: the move that was added last, and what it continues.
struct Begun {
    before: Option<usize>,
    moved: (Figure, i64),
    weight: u64,
}

/// What a change under construction comes to.
#[derive(Default)]
struct Open {
    moves: Vec<(Figure, i64)>,
    /// Sums that are not balanced, and by how much.
    sums: Vec<(u32, i64)>,
}

impl Open {
    fn add(&mut self, board: &Board, (figure, by): (Figure, i64)) {
        self.moves.push((figure, by));
        for (sum, sign) in board.ties.of(figure) {
            match self.sums.iter().position(|(open, _)| open == sum) {
                None => self.sums.push((*sum, sign * by)),
                Some(place) => {
                    let rest = self.sums[place].1 + sign * by;
                    self.sums[place].1 = rest;
                    if rest == 0 {
                        self.sums.swap_remove(place);
                    }
                }
            }
        }
    }

    fn has_moved(&self, figure: Figure) -> bool {
        self.moves.iter().any(|(moved, _)| *moved == figure)
    }

    /// How much would be open after a move.
    fn open_after(&self, board: &Board, (figure, by): (Figure, i64)) -> u64 {
        let open: u64 = self.sums.iter().map(|(_, rest)| rest.unsigned_abs()).sum();
        board.ties.of(figure).iter().fold(open, |open, (sum, sign)| {
            let known = self.sums.iter().find(|(known, _)| known == sum);
            let rest = known.map_or(0, |known| known.1);
            open + (rest + sign * by).unsigned_abs() - rest.unsigned_abs()
        })
    }
}

/// The cheapest change that was found, by figure.
pub(crate) fn cheapest(board: &Board, ask: &Ask<'_>) -> Option<Vec<(Figure, i64)>> {
    if ask.by == 0 || board.most(ask.figure, ask.by, ask.both_ways) != ask.by {
        return None;
    }
    let effort = ask.effort;
    // Figures that balance sums are no smaller than what they move by; each stands in two or more.
    let promise =
        |weight: u64, open: u64| weight.saturating_add(open.saturating_mul(effort.haste) / 2);
    let mut begun = vec![Begun { before: None, moved: (ask.figure, ask.by), weight: 0 }];
    let mut queue = BinaryHeap::from([Reverse((0, 0, 0))]);
    let mut tries = 0;
    while let Some(Reverse((_, steps, place))) = queue.pop() {
        let open = unfold(board, &begun, place);
        // The sum of the fewest figures: there is least to choose from.
        let size = |sum: u32| board.ties.get(sum).map_or(0, |sum| sum.terms.len());
        let tightest = open.sums.iter().min_by_key(|(sum, _)| (size(*sum), *sum));
        let tightest = tightest.and_then(|(sum, rest)| Some((board.ties.get(*sum)?, *rest)));
        let Some((sum, rest)) = tightest.or_else(|| board.broken(&open.moves, ask.both_ways))
        else {
            let mut change = open.moves;
            change.sort_unstable();
            return Some(change);
        };
        tries += 1;
        if tries > effort.tries {
            return None;
        }
        if open.moves.len() >= STEPS_MAX {
            continue;
        }
        let so_far = begun[place].weight;
        let ways = sum.terms.iter().filter_map(|(figure, sign)| {
            let by = board.most(*figure, -rest * sign, ask.both_ways);
            if by == 0 || (by != -rest * sign && !effort.splits) || open.has_moved(*figure) {
                return None;
            }
            let weight = (ask.weight)(*figure);
            if weight == NEVER {
                return None;
            }
            let weight = so_far.saturating_add(weight);
            let promise = promise(weight, open.open_after(board, (*figure, by)));
            // Of two as good, the greater figure: it may move in more changes.
            Some((promise, Reverse(board.value(*figure)), *figure, by, weight))
        });
        let mut ways: Vec<_> = ways.collect();
        ways.sort_unstable();
        for (promise, _, figure, by, weight) in ways.into_iter().take(effort.ways) {
            queue.push(Reverse((promise, steps + 1, begun.len())));
            begun.push(Begun { before: Some(place), moved: (figure, by), weight });
        }
    }
    None
}

fn unfold(board: &Board, begun: &[Begun], place: usize) -> Open {
    let mut moves = Vec::new();
    let mut at = Some(place);
    while let Some(begun) = at.and_then(|place| begun.get(place)) {
        moves.push(begun.moved);
        at = begun.before;
    }
    let mut open = Open::default();
    moves.iter().rev().for_each(|moved| open.add(board, *moved));
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::balance::board::tests::board;

    const EFFORT: Effort =
        Effort { hides: Hides::All, splits: false, haste: 1, tries: 100, ways: 9 };

    fn found(
        board: &Board,
        (figure, by): (Figure, i64),
        effort: Effort,
    ) -> Option<Vec<(Figure, i64)>> {
        let weight = |figure: Figure| board.value(figure).unsigned_abs();
        cheapest(board, &Ask { figure, by, both_ways: true, weight: &weight, effort })
    }

    #[test]
    fn the_cheapest_figure_that_can_carry_it_balances_a_sum() {
        let rows = [("a", 9), ("b", 3), ("c", 8), ("d", 20), ("total", 40)];
        let tie: &[_] = &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("total", -1)];
        let board = board(&rows, &[tie], &[]);
        assert_eq!(found(&board, (0, 2), EFFORT), Some(vec![(0, 2), (1, -2)]));
        assert_eq!(found(&board, (0, 5), EFFORT), Some(vec![(0, 5), (2, -5)]));
        assert_eq!(found(&board, (0, 9), EFFORT), None, "it would be zero, which is published");
    }

    #[test]
    fn several_figures_carry_what_one_cannot() {
        let rows = [("a", 9), ("b", 4), ("c", 4), ("total", 17)];
        let tie: &[_] = &[("a", 1), ("b", 1), ("c", 1), ("total", -1)];
        let board = board(&rows, &[tie], &[]);
        let fixed = |figure: Figure| if figure == 3 { NEVER } else { 1 };
        let ask = |effort| Ask { figure: 0, by: 6, both_ways: true, weight: &fixed, effort };
        assert_eq!(cheapest(&board, &ask(EFFORT)), None);
        let splits = Effort { splits: true, ..EFFORT };
        assert_eq!(cheapest(&board, &ask(splits)), Some(vec![(0, 6), (1, -3), (2, -3)]));
    }

    #[test]
    fn a_limit_that_breaks_is_made_good_too() {
        let rows = [("all", 6), ("one", 5), ("other", 4), ("rest", 9), ("total", 15)];
        let tie: &[_] = &[("all", 1), ("rest", 1), ("total", -1)];
        let limits: [&[_]; 1] = [&[("one", 1), ("other", 1), ("all", -1)]];
        let board = board(&rows, &[tie], &limits);
        let moved = found(&board, (0, 4), EFFORT).unwrap();
        let by = |figure: Figure| moved.iter().find(|it| it.0 == figure).map_or(0, |it| it.1);
        assert!(by(1) + by(2) >= 1 && by(0) == 4, "{moved:?}");
    }
}
