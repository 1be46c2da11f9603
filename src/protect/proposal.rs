//! What is hidden becomes changes of figures that nobody could tell from the truth, guessed one sum
//! after the other.
//!
//! A change of one figure unbalances the sums it stands in; each is balanced again by another
//! hidden figure, the one that balances most. It is quick and finds nothing hard: what it does not
//! find, the engines and the audit look for.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::pattern::{Pattern, Proof};
use crate::protect::release::{Release, Tie};

/// Figures changed for one guess, at most.
const STEPS: usize = 80;

/// Contributors for whom a change of their own is looked for, for each figure.
const ONLOOKERS: usize = 12;

/// The hidden figures of one measure, and the sums they stand in.
struct Board<'r> {
    keys: Vec<&'r String>,
    values: Vec<i64>,
    /// What everyone knows that they are at least.
    floor: i64,
    /// Ties, each as places of hidden figures and signs.
    ties: Vec<Vec<(usize, i64)>>,
    ties_of: Vec<Vec<(usize, i64)>>,
    /// Limits: places and signs, and what their sum is more than it must.
    limits: Vec<(Vec<(usize, i64)>, i64)>,
    limits_of: Vec<Vec<usize>>,
    /// The contributor that all of a figure comes from.
    owners: Vec<Option<&'r str>>,
}

/// Guesses for each primary figure.
#[must_use]
pub fn propose(release: &Release, pattern: &Pattern) -> Vec<Proof> {
    let measures: BTreeSet<&String> =
        release.rows.values().flat_map(|row| row.figures.keys()).collect();
    let mut proofs = Vec::new();
    for measure in measures {
        let board = Board::new(release, pattern, measure);
        for (place, key) in board.keys.iter().enumerate() {
            let row = release.rows.get(*key);
            let Some(primary) = row.and_then(|row| row.primary.get(measure)) else { continue };
            let size = |room: u64| i64::try_from(room.max(1)).unwrap_or(i64::MAX);
            let value = board.values.get(place).copied().unwrap_or_default();
            let least = board.floor;
            let (up, down) = (size(primary.room.up), size(primary.room.down).min(value - least));
            let both = board.change(place, (up.max(down), true), None);
            let (rise, fall) = match both {
                Some(change) => {
                    let opposite = change.iter().map(|(place, by)| (*place, -by)).collect();
                    (Some(change), Some(opposite))
                }
                None => {
                    let way = |by: i64| board.change(place, (by, false), None);
                    (way(up), way(-down))
                }
            };
            let named = |change: Option<BTreeMap<usize, i64>>| {
                let terms = change.into_iter().flatten().filter_map(|(place, by)| {
                    let key = board.keys.get(place)?;
                    Some(((*key).clone(), by))
                });
                terms.collect()
            };
            // Whoever knows a figure of these changes needs one that leaves his alone.
            let moved = rise.iter().chain(&fall).flat_map(BTreeMap::keys);
            let owner = |place: &usize| board.owners.get(*place).copied().flatten();
            let onlookers: BTreeSet<&str> =
                moved.filter_map(owner).filter(|one| owner(&place) != Some(*one)).collect();
            let mut found = vec![(named(rise), named(fall))];
            for onlooker in onlookers.into_iter().take(ONLOOKERS) {
                let way = |by: i64| board.change(place, (by, false), Some(onlooker));
                found.push((named(way(1).or_else(|| way(-1))), Vec::new()));
            }
            let (measure, key) = (measure.as_str(), key.as_str());
            proofs.extend(found.into_iter().map(|(up, down)| Proof {
                measure: measure.to_owned(),
                key: key.to_owned(),
                up,
                down,
            }));
        }
    }
    proofs
}

impl<'r> Board<'r> {
    fn new(release: &'r Release, pattern: &Pattern, measure: &str) -> Self {
        let is_hidden = |key: &String, is_inner: bool| is_inner || pattern.hidden.contains(key);
        let rows = release.rows.iter().filter(|(key, row)| is_hidden(key, row.is_inner));
        let figures = rows.filter_map(|(key, row)| Some((key, row.figures.get(measure).copied()?)));
        let (keys, values): (Vec<&String>, Vec<i64>) = figures.unzip();
        let place = |key: &String| keys.binary_search(&key).ok();
        let terms = |tie: &Tie| -> Vec<(usize, i64)> {
            let terms = tie.terms.iter();
            terms.filter_map(|(key, sign)| Some((place(key)?, i64::from(*sign)))).collect()
        };
        let is_of = |tie: &&Tie| tie.measures.iter().any(|one| one == measure);
        let ties: Vec<Vec<(usize, i64)>> = release.ties.iter().filter(is_of).map(terms).collect();
        let mut ties_of = vec![Vec::new(); keys.len()];
        for (number, tie) in ties.iter().enumerate() {
            for (place, sign) in tie {
                if let Some(of) = ties_of.get_mut(*place) {
                    of.push((number, *sign));
                }
            }
        }
        let slack = |tie: &Tie| {
            let figures = tie.terms.iter().filter_map(|(key, sign)| {
                Some(release.rows.get(key)?.figures.get(measure)? * i64::from(*sign))
            });
            figures.sum()
        };
        let limits = release.limits.iter().filter(is_of).map(|tie| (terms(tie), slack(tie)));
        let limits: Vec<(Vec<(usize, i64)>, i64)> = limits.collect();
        let mut limits_of = vec![Vec::new(); keys.len()];
        for (number, (terms, _)) in limits.iter().enumerate() {
            for (place, _) in terms {
                if let Some(of) = limits_of.get_mut(*place) {
                    of.push(number);
                }
            }
        }
        let owner = |key: &&'r String| release.rows.get(*key).and_then(|row| row.alone.as_deref());
        let owners = keys.iter().map(owner).collect();
        let floor = release.floor(measure);
        Self { keys, values, floor, ties, ties_of, limits, limits_of, owners }
    }

    /// A change that moves a figure by that much, whose opposite is one too where both are asked.
    /// Figures of the contributor who looks on do not move.
    fn change(
        &self,
        place: usize,
        (by, both_ways): (i64, bool),
        onlooker: Option<&str>,
    ) -> Option<BTreeMap<usize, i64>> {
        let is_closed = |place: usize| {
            onlooker.is_some() && self.owners.get(place).copied().flatten() == onlooker
        };
        if by == 0 || !self.fits(place, by, both_ways) {
            return None;
        }
        let mut guess = Guess { moved: vec![0; self.keys.len()], ..Guess::default() };
        self.apply(place, by, &mut guess);
        for _ in 0..STEPS {
            // The sum of the fewest figures: there is least to choose from.
            let open = guess.open.iter();
            let tightest = open.min_by_key(|(tie, _)| (self.ties.get(**tie).map(Vec::len), **tie));
            let Some((tie, rest)) = tightest.map(|(tie, rest)| (*tie, *rest)) else { break };
            let candidates = self.ties.get(tie)?.iter().filter_map(|(place, sign)| {
                let by = -rest * sign;
                let is_new = guess.moved.get(*place) == Some(&0);
                let value = self.values.get(*place).copied()?;
                let may = is_new && !is_closed(*place) && self.fits(*place, by, both_ways);
                may.then(|| (self.score(*place, by, &guess.open), value, *place, by))
            });
            let (_, _, place, by) = candidates.max()?;
            self.apply(place, by, &mut guess);
        }
        let is_balanced = guess.open.is_empty() && self.respects(&guess, both_ways);
        is_balanced.then(|| guess.changes.into_iter().collect())
    }

    fn fits(&self, place: usize, by: i64, both_ways: bool) -> bool {
        let value = self.values.get(place).copied().unwrap_or_default();
        value + by >= self.floor && (!both_ways || value - by >= self.floor)
    }

    fn respects(&self, guess: &Guess, both_ways: bool) -> bool {
        let touched = guess.changes.iter().filter_map(|(place, _)| self.limits_of.get(*place));
        let touched: BTreeSet<usize> = touched.flatten().copied().collect();
        touched.iter().filter_map(|number| self.limits.get(*number)).all(|(terms, slack)| {
            let moved =
                terms.iter().filter_map(|(place, sign)| Some(guess.moved.get(*place)? * sign));
            let by: i64 = moved.sum();
            slack + by >= 0 && (!both_ways || slack - by >= 0)
        })
    }

    /// How many sums a move balances, less those that it unbalances.
    fn score(&self, place: usize, by: i64, open: &BTreeMap<usize, i64>) -> i64 {
        let ties = self.ties_of.get(place).into_iter().flatten();
        let scores = ties.map(|(tie, sign)| match open.get(tie) {
            None => -1,
            Some(rest) => i64::from(rest + sign * by == 0),
        });
        scores.sum()
    }

    fn apply(&self, place: usize, by: i64, guess: &mut Guess) {
        if let Some(moved) = guess.moved.get_mut(place) {
            *moved = by;
        }
        guess.changes.push((place, by));
        for (tie, sign) in self.ties_of.get(place).into_iter().flatten() {
            let rest = guess.open.entry(*tie).or_default();
            *rest += sign * by;
            if *rest == 0 {
                guess.open.remove(tie);
            }
        }
    }
}

/// A change under construction.
#[derive(Default)]
struct Guess {
    /// What each figure moves by.
    moved: Vec<i64>,
    /// Figures that move, in the order they came.
    changes: Vec<(usize, i64)>,
    /// Sums that are not balanced yet, and by how much.
    open: BTreeMap<usize, i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::release::{Adding, Axis, Line, Table};
    use crate::protect::rules::{Primary, Status};
    use crate::protect::system::Room;

    #[test]
    fn a_square_of_hidden_figures_is_found() {
        let axis = |name: &str| Axis { name: name.to_owned(), adding: Adding::ToTotal };
        let primary = Primary { status: Status::A, room: Room { up: 1, down: 1 } };
        let codes = ["x", "y", "ensemble"];
        let values = [[2, 5, 7], [9, 30, 39], [11, 35, 46]];
        let lines = codes.iter().zip(values).flat_map(|(row, values)| {
            codes.iter().zip(values).map(move |(column, value)| Line {
                codes: vec![(*row).to_owned(), (*column).to_owned()],
                figures: vec![value],
                primary: vec![(value == 2).then_some(primary)],
                alone: None,
            })
        });
        let table = Table {
            axes: vec![axis("a"), axis("b")],
            measures: vec!["n".to_owned()],
            lines: lines.collect(),
        };
        let release = Release::new(&[table], &[]).unwrap();
        let hidden = ["a=x|b=x", "a=x|b=y", "a=y|b=x", "a=y|b=y"].map(str::to_owned);
        let mut pattern = Pattern { hidden: hidden.into(), ..Pattern::default() };
        let found = propose(&release, &pattern);
        let of = |key: &str, by: i64| (key.to_owned(), by);
        let square = vec![of("a=x|b=x", 1), of("a=x|b=y", -1), of("a=y|b=x", -1), of("a=y|b=y", 1)];
        assert_eq!((found[0].key.as_str(), &found[0].up), ("a=x|b=x", &square));
        pattern.hidden.remove("a=y|b=y");
        assert!(propose(&release, &pattern)[0].up.is_empty());
    }
}
