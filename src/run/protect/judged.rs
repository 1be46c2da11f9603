//! Figures and their contributors become the rows of a release, the forbidden ones marked.

use std::collections::BTreeMap;

use crate::aggregate::Row;
use crate::definition::secrecy::{Policy, Unit};
use crate::definition::table::{Dimension, Table};
use crate::protect::release::{self, Adding, Axis, Crossing, Line};
use crate::protect::rules::{Contributions, Primary, Status, judge};
use crate::protect::system::Room;
use crate::run::protect::closed::Closed;
use crate::run::protect::counted::{Exact, Wanted};
use crate::run::protect::truth::{Figure, Truth};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE};
use crate::vocabulary::columns;

/// The key of a row of a table.
pub(super) fn key_of(table: &Table, codes: &[String]) -> String {
    release::key(table.by.iter().map(String::as_str).zip(codes.iter().map(String::as_str)))
}

/// Whether releases show the period of a row, as long as the table asks for.
pub(super) fn is_shown(
    wanted: &Wanted<'_>,
    by: &[String],
    codes: &[String],
    closed: &Closed,
) -> bool {
    let place = by.iter().position(|name| name == columns::PERIODE.name);
    let Some(period) = place.and_then(|place| codes.get(place)) else { return true };
    let lengths = &wanted.secrecy.periods;
    let is_of_length = || {
        lengths.is_empty()
            || lengths.contains(&crate::vocabulary::calendar::Length::of_period(period))
    };
    closed.shows(period) && is_of_length()
}

/// Keeps the rows of closed periods.
pub(super) fn keep_closed(exact: &mut [Exact<'_>], closed: &Closed) {
    for Exact { wanted, rows, persons, across, .. } in exact {
        let mut kept =
            rows.iter().map(|row| is_shown(wanted, &wanted.table.by, &row.codes, closed));
        let kept: Vec<bool> = kept.by_ref().collect();
        let mut each = kept.iter();
        rows.retain(|_| each.next().copied().unwrap_or_default());
        let mut each = kept.iter();
        persons.retain(|_| each.next().copied().unwrap_or_default());
        let by = dimensions_across(wanted);
        across.retain(|(codes, _)| {
            codes.iter().all(|code| code != ENSEMBLE) && is_shown(wanted, &by, codes, closed)
        });
    }
}

/// The dimensions of the sums by both groupings.
fn dimensions_across(wanted: &Wanted<'_>) -> Vec<String> {
    let Some(across) = &wanted.secrecy.across else { return Vec::new() };
    let mut by = vec![across.dimension.clone(), across.column.clone()];
    by.extend(wanted.table.by.iter().filter(|name| *name == columns::PERIODE.name).cloned());
    by
}

/// All figures, by row and measure.
pub(super) fn truth_of(exact: &[Exact<'_>]) -> Truth {
    let mut truth = Truth::new();
    for Exact { wanted, measures, rows, persons, across } in exact {
        for (row, persons) in rows.iter().zip(persons) {
            let key = key_of(wanted.table, &row.codes);
            for (place, measure) in measures.iter().enumerate() {
                let figure = Figure {
                    value: row.figures.get(place).copied().unwrap_or_default(),
                    share: row.shares.get(place).cloned().unwrap_or_default(),
                    persons: *persons,
                    alone: row.alone.clone(),
                    is_inner: false,
                };
                truth.insert((key.clone(), (*measure).to_owned()), figure);
            }
        }
        let by = dimensions_across(wanted);
        for (codes, figures) in across {
            let codes = by.iter().map(String::as_str).zip(codes.iter().map(String::as_str));
            let key = release::key(codes);
            for (measure, value) in measures.iter().zip(figures) {
                let figure = Figure { value: *value, is_inner: true, ..Figure::default() };
                truth.insert((key.clone(), (*measure).to_owned()), figure);
            }
        }
    }
    truth
}

/// The figures of a row that the rules forbid.
pub(super) fn judged(
    (wanted, measures): (&Wanted<'_>, &[&str]),
    codes: &[String],
    (truth, policy): (&Truth, &Policy),
) -> Vec<Option<Primary>> {
    let key = key_of(wanted.table, codes);
    let is_of_missing_code = codes.iter().any(|code| code == INCONNU || code == NON_RENSEIGNE);
    let of_measure = |measure: &&str| {
        let figure = truth.get(&(key.clone(), (*measure).to_owned()))?;
        let names = wanted.secrecy.rules.get(*measure).into_iter().flatten();
        let rules = names.filter_map(|name| policy.rules.get(name));
        let found = rules.filter_map(|rules| {
            let mut parts = Contributions {
                value: figure.value,
                is_of_missing_code,
                ..Contributions::default()
            };
            match rules.unit {
                Unit::Person => {
                    parts.total = figure.value.unsigned_abs();
                    parts.units = figure.persons.unwrap_or(parts.total);
                }
                Unit::Holding | Unit::Structure => {
                    parts.units = figure.share.units;
                    parts.total = figure.share.total;
                    parts.largest.clone_from(&figure.share.largest);
                }
            }
            let group = (rules.hides_groups() && is_whole_group(wanted, measure, codes, truth))
                .then_some(Primary { status: Status::A, room: Room { up: 1, down: 1 } });
            judge(&parts, rules).into_iter().chain(group).reduce(Primary::and)
        });
        found.reduce(Primary::and)
    };
    measures.iter().map(of_measure).collect()
}

/// Whether all persons of a group fall in this category: to show it is to tell of each of them.
fn is_whole_group(wanted: &Wanted<'_>, measure: &str, codes: &[String], truth: &Truth) -> bool {
    let bands = wanted.table.dimensions().position(|(_, from)| matches!(from, Dimension::Bands(_)));
    let Some(place) = bands else { return false };
    let is_category =
        codes.get(place).is_some_and(|code| code != ENSEMBLE && code != NON_RENSEIGNE);
    let mut of_group = codes.to_vec();
    if let Some(code) = of_group.get_mut(place) {
        ENSEMBLE.clone_into(code);
    }
    let value = |codes: &[String]| {
        let key = (key_of(wanted.table, codes), measure.to_owned());
        truth.get(&key).map_or(0, |figure| figure.value)
    };
    is_category && value(codes) != 0 && value(codes) == value(&of_group)
}

/// The rows of a table of a release.
pub(super) fn lines(exact: &Exact<'_>, truth: &Truth, policy: &Policy) -> release::Table {
    let Exact { wanted, measures, rows, .. } = exact;
    let axes = wanted.table.dimensions().map(|(name, from)| Axis {
        name: name.to_owned(),
        adding: match from {
            Dimension::Periods(_) => Adding::ToLongerPeriods,
            Dimension::Split(_) => Adding::BeyondTotal,
            Dimension::Column(_) | Dimension::Classes(_) | Dimension::Bands(_) => Adding::ToTotal,
        },
    });
    let lines = rows.iter().map(|row| Line {
        codes: row.codes.clone(),
        figures: row.figures.iter().take(measures.len()).copied().collect(),
        primary: judged((wanted, measures), &row.codes, (truth, policy)),
        alone: row.alone.clone(),
    });
    release::Table {
        axes: axes.collect(),
        measures: measures.iter().map(|measure| (*measure).to_owned()).collect(),
        lines: lines.collect(),
    }
}

/// The sums by both groupings of a table.
pub(super) fn crossing(exact: &Exact<'_>) -> Option<Crossing> {
    exact.wanted.secrecy.across.as_ref()?;
    let rows: Vec<Row> = exact.across.clone();
    Some(Crossing {
        dimensions: dimensions_across(&exact.wanted),
        measures: exact.measures.iter().map(|measure| (*measure).to_owned()).collect(),
        rows,
    })
}

/// The inner rows of a release, by the dimensions they have: codes of each.
pub(super) fn inner_rows(truth: &Truth) -> BTreeMap<Vec<String>, Vec<Vec<String>>> {
    let mut found: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    for (key, _) in truth.iter().filter(|(_, figure)| figure.is_inner).map(|(key, f)| (&key.0, f)) {
        let pairs = key.split('|').filter_map(|part| part.split_once('='));
        let (names, codes): (Vec<String>, Vec<String>) =
            pairs.map(|(name, code)| (name.to_owned(), code.to_owned())).unzip();
        let rows = found.entry(names).or_default();
        if rows.last() != Some(&codes) {
            rows.push(codes);
        }
    }
    found
}
