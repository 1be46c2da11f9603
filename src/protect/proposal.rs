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
const STEPS: usize = 400;

/// The hidden figures of one measure, and the sums they stand in.
struct Board<'r> {
    keys: Vec<&'r String>,
    values: Vec<i64>,
    /// Ties, each as places of hidden figures and signs.
    ties: Vec<Vec<(usize, i64)>>,
    ties_of: Vec<Vec<usize>>,
    /// Limits: places and signs, and what their sum is more than it must.
    limits: Vec<(Vec<(usize, i64)>, i64)>,
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
            let (up, down) = (size(primary.room.up), size(primary.room.down).min(value));
            let both = board.change(place, up.max(down), true);
            let (rise, fall) = match both {
                Some(change) => {
                    let opposite = change.iter().map(|(place, by)| (*place, -by)).collect();
                    (Some(change), Some(opposite))
                }
                None => (board.change(place, up, false), board.change(place, -down, false)),
            };
            let named = |change: Option<BTreeMap<usize, i64>>| {
                let terms = change.into_iter().flatten();
                let named = terms.filter_map(|(place, by)| Some(((*board.keys.get(place)?).clone(), by)));
                named.collect()
            };
            let (up, down) = (named(rise), named(fall));
            proofs.push(Proof { measure: measure.clone(), key: (*key).clone(), up, down });
        }
    }
    proofs
}

impl<'r> Board<'r> {
    fn new(release: &'r Release, pattern: &Pattern, measure: &str) -> Self {
        let is_hidden = |key: &String, is_inner: bool| is_inner || pattern.hidden.contains(key);
        let rows = release.rows.iter().filter(|(key, row)| is_hidden(key, row.is_inner));
        let figures =
            rows.filter_map(|(key, row)| Some((key, row.figures.get(measure).copied()?)));
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
            for (place, _) in tie {
                if let Some(of) = ties_of.get_mut(*place) {
                    of.push(number);
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
        let limits = limits.collect();
        Self { keys, values, ties, ties_of, limits }
    }

    /// A change that moves a figure by that much, whose opposite is one too where both are asked.
    fn change(&self, place: usize, by: i64, both_ways: bool) -> Option<BTreeMap<usize, i64>> {
        let mut change = BTreeMap::new();
        let mut open: BTreeMap<usize, i64> = BTreeMap::new();
        if by == 0 || !self.fits(place, by, both_ways) {
            return None;
        }
        self.apply(place, by, &mut change, &mut open);
        for _ in 0..STEPS {
            let Some((tie, rest)) = self.tightest(&open, &change) else { break };
            let candidates = self.ties.get(tie)?.iter().filter_map(|(place, sign)| {
                let by = -rest * sign;
                let is_new = !change.contains_key(place);
                let score = self.score(*place, by, &open);
                let value = self.values.get(*place).copied()?;
                (is_new && self.fits(*place, by, both_ways)).then_some((score, value, *place, by))
            });
            let (_, _, place, by) = candidates.max()?;
            self.apply(place, by, &mut change, &mut open);
        }
        let holds = self.limits.iter().all(|(terms, slack)| {
            let moved = terms.iter().filter_map(|(place, sign)| Some(change.get(place)? * sign));
            let moved: i64 = moved.sum();
            slack + moved >= 0 && (!both_ways || slack - moved >= 0)
        });
        (open.is_empty() && holds).then_some(change)
    }

    fn fits(&self, place: usize, by: i64, both_ways: bool) -> bool {
        let value = self.values.get(place).copied().unwrap_or_default();
        value + by >= 0 && (!both_ways || value - by >= 0)
    }

    /// The unbalanced sum with the fewest figures that are left to move.
    fn tightest(
        &self,
        open: &BTreeMap<usize, i64>,
        change: &BTreeMap<usize, i64>,
    ) -> Option<(usize, i64)> {
        let left = |tie: usize| {
            let terms = self.ties.get(tie).into_iter().flatten();
            terms.filter(|(place, _)| !change.contains_key(place)).count()
        };
        let found = open.iter().min_by_key(|(tie, _)| (left(**tie), **tie));
        found.map(|(tie, rest)| (*tie, *rest))
    }

    /// How many sums a move balances, less those that it unbalances.
    fn score(&self, place: usize, by: i64, open: &BTreeMap<usize, i64>) -> i64 {
        let ties = self.ties_of.get(place).into_iter().flatten();
        let scores = ties.map(|tie| match open.get(tie) {
            None => -1,
            Some(rest) => i64::from(rest + self.sign(*tie, place) * by == 0),
        });
        scores.sum()
    }

    fn sign(&self, tie: usize, place: usize) -> i64 {
        let terms = self.ties.get(tie).into_iter().flatten();
        terms.filter(|(one, _)| *one == place).map(|(_, sign)| sign).sum()
    }

    fn apply(
        &self,
        place: usize,
        by: i64,
        change: &mut BTreeMap<usize, i64>,
        open: &mut BTreeMap<usize, i64>,
    ) {
        *change.entry(place).or_default() += by;
        for tie in self.ties_of.get(place).into_iter().flatten() {
            let rest = open.entry(*tie).or_default();
            *rest += self.sign(*tie, place) * by;
            if *rest == 0 {
                open.remove(tie);
            }
        }
    }
}
