//! The forbidden figures of a release become rows to hide, and changes that prove them enough.
//!
//! A figure is safe when a change moves it as far as it must be able to go and keeps all sums: what
//! the change moves is hidden. [`board`] holds the sums, [`search`] finds the cheapest change, and
//! [`desk`] asks for those that each figure lacks. What no figure needs is published in the end.

pub(crate) mod board;
pub(crate) mod desk;
pub(crate) mod search;

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::balance::board::{Board, Row};
use crate::protect::balance::desk::{Desk, Fate, Rows};
use crate::protect::release::Release;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balanced {
    /// By row.
    pub(crate) fates: Vec<Fate>,
    /// Measure, moves of rows, and whether the opposite is possible too.
    pub(crate) changes: Vec<(String, Vec<(Row, i64)>, bool)>,
    /// Measure and row of the figures for which nothing was found.
    pub(crate) short: Vec<(String, Row)>,
}

/// Hides rows until each forbidden figure has changes of its own. `fates` are by row; what is
/// hidden stays so.
pub(crate) fn balance(release: &Release, fates: &[Fate]) -> Balanced {
    let keys: Vec<&String> = release.rows.keys().collect();
    let measures: BTreeSet<&String> =
        release.rows.values().flat_map(|row| row.figures.keys()).collect();
    let mut rows = Rows { fates: fates.to_vec(), owners: owners(release) };
    let mut short = Vec::new();
    let mut desks: Vec<(&String, Desk)> = Vec::new();
    for measure in measures {
        let board = Board::new(release, &keys, measure);
        let forbidden = (0_u32..).zip(release.rows.values()).filter_map(|(row, shared)| {
            let room = shared.primary.get(measure)?.room;
            // A zero is no one's figure; no one need know either that it is one.
            let is_some = shared.figures.get(measure).is_some_and(|value| *value != 0);
            (is_some && rows.fate(row) == Fate::Hidden).then_some((row, room))
        });
        let forbidden: Vec<_> = forbidden.collect();
        let mut desk = Desk::new(board, &forbidden);
        let figures = desk.forbidden();
        let failed = figures.into_iter().filter(|figure| !desk.protect(*figure, &mut rows, true));
        let failed: BTreeSet<_> = failed.collect();
        let failed = |row: &Row| desk.figure(*row).is_some_and(|figure| failed.contains(&figure));
        let failed = forbidden.iter().map(|(row, _)| *row).filter(failed);
        short.extend(failed.map(|row| (measure.clone(), row)));
        desks.push((measure, desk));
    }
    publish_again(&mut desks, &mut rows, fates);
    let changes = desks.iter().flat_map(|(measure, desk)| {
        desk.changes().map(|(moves, both_ways)| ((*measure).clone(), moves, both_ways))
    });
    Balanced { changes: changes.collect(), fates: rows.fates, short }
}

/// Publishes what no figure needs to be hidden, or only until other changes are found for it; what
/// readers miss most comes first.
fn publish_again(desks: &mut [(&String, Desk)], rows: &mut Rows, first: &[Fate]) {
    let fates = (0_u32..).zip(rows.fates.iter().zip(first));
    let secondary = fates.filter(|(_, (now, first))| (**now, **first) == (Fate::Hidden, Fate::Free));
    let mut secondary: Vec<Row> = secondary.map(|(row, _)| row).collect();
    secondary.sort_by_key(|row| std::cmp::Reverse(desks.iter().filter_map(|it| it.1.value(*row)).max()));
    for row in secondary {
        rows.set(row, Fate::Out);
        let mut done = Vec::new();
        let mut each = desks.iter_mut();
        let failed = each.by_ref().find_map(|(_, desk)| match desk.release(row, rows) {
            Some(undo) => {
                done.push(undo);
                None
            }
            None => Some(()),
        });
        if failed.is_some() {
            rows.set(row, Fate::Hidden);
            for ((_, desk), undo) in desks.iter_mut().zip(done) {
                desk.undo(undo, rows);
            }
        }
    }
}

/// The contributor that all of each row comes from, by number.
fn owners(release: &Release) -> Vec<Option<u32>> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let owners = release.rows.values().map(|row| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        row.alone.as_deref().map(|alone| *numbers.entry(alone).or_insert(next))
    });
    owners.collect()
}
