//! The forbidden figures of a release become rows to hide, and changes that prove them enough.
//!
//! A figure is safe when a change moves it as far as it must be able to go and keeps all sums: what
//! the change moves is hidden. [`board`] holds the sums, [`search`] finds the cheapest change, and
//! [`desk`] asks for those that each figure lacks. What no figure needs is published in the end.

pub(crate) mod board;
pub(crate) mod desk;
pub(crate) mod search;

use std::collections::BTreeMap;

use crate::protect::balance::board::{Board, Row};
use crate::protect::balance::desk::{Desk, Fate, Rows};
use crate::protect::balance::search::Hides;
use crate::protect::release::Release;
use crate::vocabulary::columns;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balanced {
    /// By row.
    pub(crate) fates: Vec<Fate>,
    /// What moves together: measures and rows.
    pub(crate) changes: Vec<Vec<(String, Row, i64)>>,
    /// Measure and row of the figures for which nothing was found.
    pub(crate) short: Vec<(String, Row)>,
}

/// Hides rows until each forbidden figure has changes of its own. `fates` are by row; what is
/// hidden stays so.
pub(crate) fn balance(release: &Release, fates: &[Fate]) -> Balanced {
    let keys: Vec<&String> = release.rows.keys().collect();
    let period = format!("{}=", columns::PERIODE.name);
    let is_top = |key: &String| !key.contains('|') && (key.is_empty() || key.starts_with(&period));
    let tops = release.rows.keys().map(is_top).collect();
    let mut rows = Rows { fates: fates.to_vec(), owners: owners(release), tops };
    let mut desks: Vec<Desk> = Vec::new();
    let groups = release.groups();
    for measures in &groups {
        let board = Board::new(release, &keys, measures);
        let forbidden = measures.iter().enumerate().flat_map(|(place, measure)| {
            let rows = (0_u32..).zip(release.rows.values());
            rows.filter_map(move |(row, shared)| {
                let room = shared.primary.get(measure)?.room;
                // A zero is no one's figure; no one need know either that it is one.
                let is_some = shared.figures.get(measure).is_some_and(|value| *value != 0);
                is_some.then_some(((place, row), room))
            })
        });
        let forbidden = forbidden.filter(|((_, row), _)| rows.fate(*row) == Fate::Hidden);
        let mut desk = Desk::new(board, forbidden);
        desk.protect_all(&mut rows);
        desks.push(desk);
    }
    // What other measures hide may be of help.
    desks.iter_mut().for_each(|desk| desk.protect_all(&mut rows));
    publish_again(&mut desks, &mut rows, fates);
    let name = |measures: &[String], place: usize| measures.get(place).cloned().unwrap_or_default();
    let mut found = Balanced::default();
    for (measures, desk) in groups.iter().zip(&desks) {
        found.changes.extend(desk.changes().map(|moves| {
            let named = moves.into_iter();
            named.map(|((measure, row), by)| (name(measures, measure), row, by)).collect()
        }));
        found.short.extend(desk.short().map(|(measure, row)| (name(measures, measure), row)));
    }
    Balanced { fates: rows.fates, ..found }
}

/// Publishes what no figure needs to be hidden, or only until other changes are found for it; what
/// readers miss most comes first.
fn publish_again(desks: &mut [Desk], rows: &mut Rows, first: &[Fate]) {
    let fates = (0_u32..).zip(rows.fates.iter().zip(first));
    let secondary = fates.filter(|(_, fates)| *fates == (&Fate::Hidden, &Fate::Free));
    let mut secondary: Vec<Row> = secondary.map(|(row, _)| row).collect();
    let value = |row: &Row| desks.iter().filter_map(|desk| desk.value(*row)).max();
    secondary.sort_by_key(|row| std::cmp::Reverse(value(row)));
    for row in secondary {
        // For what all of a period is part of, parts are rather hidden.
        let is_top = rows.tops.get(row as usize) == Some(&true);
        let hides = if is_top { Hides::Parts } else { Hides::Nothing };
        let known = is_top.then(|| rows.fates.clone());
        rows.set(row, Fate::Out);
        let mut done = Vec::new();
        let mut release =
            |desk: &mut Desk| desk.release(row, rows, hides).map(|undo| done.push(undo));
        let is_needless = desks.iter_mut().all(|desk| release(desk).is_some());
        if !is_needless {
            rows.set(row, Fate::Hidden);
            if let Some(fates) = known {
                rows.fates = fates;
            }
            for (desk, undo) in desks.iter_mut().zip(done) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protect::release::{Adding, Axis, Line, Table};
    use crate::protect::rules::{Primary, Status};
    use crate::protect::system::Room;
    use crate::vocabulary::codes::ENSEMBLE;

    const MONTHS: [&str; 3] = ["2024-01", "2024-02", "2024-03"];

    /// Départements by month and quarter with their total; what is less than 4 is forbidden.
    fn release(counts: &[[i64; 3]], owned: bool) -> Release {
        let axis = |name: &str, adding| Axis { name: name.to_owned(), adding };
        let names = (0..counts.len()).map(|place| format!("d{place}"));
        let total = [0, 1, 2].map(|month| counts.iter().map(|of| of[month]).sum::<i64>());
        let of_places = names.zip(counts.iter().copied()).chain([("ensemble".to_owned(), total)]);
        let lines = of_places.flat_map(|(place, of)| {
            let months = MONTHS.into_iter().zip(of);
            let periods = months.chain([("2024-T1", of.iter().sum())]);
            let line = |(period, value): (&str, i64)| Line {
                codes: vec![place.clone(), period.to_owned()],
                figures: vec![value],
                primary: vec![(value < 4).then_some(PRIMARY)],
                alone: (owned && value < 2).then(|| place.clone()),
            };
            periods.filter(|(_, value)| *value > 0).map(line).collect::<Vec<_>>()
        });
        let axes = vec![axis("place", Adding::ToTotal), axis("periode", Adding::ToLongerPeriods)];
        let table = Table { axes, measures: vec!["n".to_owned()], lines: lines.collect() };
        Release::new(&[table], &[], &[]).unwrap()
    }

    /// The same, with a table of each place by kinds, of which some count twice: its totals follow.
    fn with_kinds(counts: &[[i64; 3]]) -> Release {
        let places = release(counts, false);
        let axis = |name: &str, adding| Axis { name: name.to_owned(), adding };
        let mut lines: BTreeMap<Vec<String>, i64> = BTreeMap::new();
        for (place, of) in counts.iter().enumerate() {
            for (kind, value) in ["some", "others"].into_iter().zip([of[0], of[0] / 3 + of[1]]) {
                for (place, kind) in [
                    (format!("d{place}"), kind),
                    (format!("d{place}"), ENSEMBLE),
                    (ENSEMBLE.to_owned(), kind),
                    (ENSEMBLE.to_owned(), ENSEMBLE),
                ] {
                    let codes = vec![place, kind.to_owned(), MONTHS[0].to_owned()];
                    *lines.entry(codes).or_default() += value;
                }
            }
        }
        let lines = lines.into_iter().filter(|(_, value)| *value > 0).map(|(codes, value)| Line {
            codes,
            figures: vec![value],
            primary: vec![(value < 4).then_some(PRIMARY)],
            alone: None,
        });
        let axes = vec![
            axis("place", Adding::ToTotal),
            axis("kind", Adding::ToTotal),
            axis("periode", Adding::ToLongerPeriods),
        ];
        let table = Table { axes, measures: vec!["m".to_owned()], lines: lines.collect() };
        let bonds = [("n".to_owned(), "m".to_owned())];
        let kinds = Release::new(&[table], &[], &bonds).unwrap();
        let mut both = Release { bonds: kinds.bonds.clone(), ..places };
        for (key, row) in kinds.rows {
            let of = both.rows.entry(key).or_default();
            of.figures.extend(row.figures);
            of.primary.extend(row.primary);
        }
        both.ties.extend(kinds.ties);
        both
    }

    const PRIMARY: Primary = Primary { status: Status::A, room: Room { up: 1, down: 1 } };

    fn fates(release: &Release) -> Vec<Fate> {
        let fate = |row: &crate::protect::release::Shared| {
            if row.primary.is_empty() { Fate::Free } else { Fate::Hidden }
        };
        release.rows.values().map(fate).collect()
    }

    fn hidden(release: &Release, found: &Balanced) -> Vec<String> {
        let rows = release.rows.keys().zip(&found.fates);
        rows.filter(|(_, fate)| **fate == Fate::Hidden).map(|(key, _)| key.clone()).collect()
    }

    #[test]
    fn four_figures_hide_one_and_the_cheapest_are_taken() {
        let release = release(&[[3, 20, 30], [9, 40, 50], [60, 70, 80]], false);
        let found = balance(&release, &fates(&release));
        let square = ["d0", "d1"].map(|place| {
            ["2024-01", "2024-02"].map(|period| format!("periode={period}|place={place}"))
        });
        let mut square = square.concat();
        square.sort();
        assert_eq!((hidden(&release, &found), found.short), (square, vec![]));
    }

    #[test]
    fn what_is_out_is_gone_round_or_the_figure_is_named() {
        let release = release(&[[3, 20, 30], [9, 40, 50], [60, 70, 80]], false);
        let mut fates = fates(&release);
        let row = |key: &str| release.rows.keys().position(|known| known == key).unwrap();
        fates[row("periode=2024-01|place=d1")] = Fate::Out;
        let found = balance(&release, &fates);
        assert!(found.short.is_empty());
        assert!(hidden(&release, &found).contains(&"periode=2024-01|place=d2".to_owned()));
        for key in ["periode=2024-01|place=d2", "periode=2024-01"] {
            fates[row(key)] = Fate::Out;
        }
        let found = balance(&release, &fates);
        let named = u32::try_from(row("periode=2024-01|place=d0")).unwrap();
        assert_eq!(found.short, [("n".to_owned(), named)]);
    }

    #[test]
    fn a_total_of_two_ones_need_not_sink() {
        // All know that it is 2 at least: to ask for less would protect nothing, and never end.
        let release = release(&[[1, 1, 0], [9, 8, 0], [7, 9, 0]], false);
        assert!(balance(&release, &fates(&release)).short.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn changes_keep_sums_and_give_each_figure_its_room(
            counts in prop::collection::vec(prop::array::uniform3(0_i64..12), 2..6),
            (owned, kinds) in any::<(bool, bool)>(),
        ) {
            let release = if kinds { with_kinds(&counts) } else { release(&counts, owned) };
            let found = balance(&release, &fates(&release));
            let rows: Vec<_> = release.rows.values().collect();
            let value = |(measure, row): (&str, Row)| rows[row as usize].figures[measure];
            let mut reach: BTreeMap<(&str, Row), (i64, i64)> = BTreeMap::new();
            for moves in &found.changes {
                let moved = moves.iter();
                let moved = moved.map(|(measure, row, by)| ((measure.as_str(), *row), *by));
                let moved: BTreeMap<(&str, Row), i64> = moved.collect();
                let keys: Vec<_> = release.rows.keys().collect();
                for tie in &release.ties {
                    let by = |(key, sign): &(String, i8)| {
                        let row = Row::try_from(keys.binary_search(&key).unwrap()).unwrap();
                        let of = tie.measures[0].as_str();
                        moved.get(&(of, row)).copied().unwrap_or(0) * i64::from(*sign)
                    };
                    prop_assert_eq!(tie.terms.iter().map(by).sum::<i64>(), 0);
                }
                for (one, other) in &release.bonds {
                    for (row, shared) in (0_u32..).zip(&rows) {
                        let by = [one, other].map(|it| moved.get(&(it.as_str(), row)));
                        let has = |measure: &&String| shared.figures.contains_key(*measure);
                        let has_both = [one, other].iter().all(has);
                        prop_assert!(!has_both || by[0] == by[1]);
                    }
                }
                let both = moved.iter().all(|(place, by)| value(*place) - by.abs() >= 1);
                for (place, by) in &moved {
                    prop_assert!(value(*place) + by >= 1);
                    prop_assert_eq!(found.fates[place.1 as usize], Fate::Hidden);
                    let (up, down) = reach.entry(*place).or_default();
                    *up = (*up).max(if both { by.abs() } else { *by });
                    *down = (*down).max(if both { by.abs() } else { -by });
                }
            }
            for (row, shared) in (0_u32..).zip(&rows) {
                for measure in shared.primary.keys() {
                    let is_short = found.short.iter().any(|it| (&it.0, it.1) == (measure, row));
                    let up = reach.get(&(measure.as_str(), row)).map_or(0, |reach| reach.0);
                    prop_assert!(up >= 1 || is_short, "{:?}", shared);
                }
            }
        }
    }
}
