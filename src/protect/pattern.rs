//! The rows of a release become hidden or published, with what proves that enough is hidden.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::balance::balance;
use crate::protect::balance::desk::Fate;
use crate::protect::elimination::{Options, protect};
use crate::protect::release::{Release, Shared, Tie};
use crate::protect::rules::Status;
use crate::protect::system::{Builder, Cell, Room, State, System};

/// What is known of rows that past releases had, by key: whether they hid them.
pub type Before = BTreeMap<String, bool>;

/// A figure of a change: its measure, the key of its row, and what it moves by.
pub type Moved = (String, String, i64);

/// Why figures are safe: outsiders cannot tell the changed ones from the truth.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// What changes together; the opposite may be as possible.
    pub change: Vec<Moved>,
}

/// A figure that what is out already gives away.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// The measure.
    pub measure: String,
    /// The row.
    pub key: String,
    /// Published rows that determine it.
    pub by: Vec<String>,
}

/// What a release hides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Rows that are not published, but for inner ones, which never are.
    pub hidden: BTreeSet<String>,
    /// Why that is enough.
    pub proofs: Vec<Proof>,
    /// Figures for which it is not: the release is to be held back if there is any.
    pub exposed: Vec<Exposed>,
}

impl Pattern {
    /// The status of a row.
    #[must_use]
    pub fn status(&self, key: &str, row: &Shared) -> Status {
        if !self.hidden.contains(key) {
            return Status::V;
        }
        row.primary.values().map(|primary| primary.status).min().unwrap_or(Status::D)
    }
}

/// Decides which rows are hidden. Those of past releases stay what they were.
#[must_use]
pub fn hide(release: &Release, before: &Before) -> Pattern {
    let fates = release.rows.iter().map(|(key, row)| match before.get(key) {
        Some(false) => Fate::Out,
        Some(true) => Fate::Hidden,
        None if row.is_inner || !row.primary.is_empty() => Fate::Hidden,
        None => Fate::Free,
    });
    let balanced = balance(release, &fates.collect::<Vec<Fate>>());
    let keys: Vec<&String> = release.rows.keys().collect();
    let name = |row: u32| keys.get(row as usize).map_or_else(String::new, |key| (*key).clone());
    let mut pattern = Pattern::default();
    for ((key, row), fate) in release.rows.iter().zip(&balanced.fates) {
        if *fate == Fate::Hidden && !row.is_inner {
            pattern.hidden.insert(key.clone());
        }
    }
    let proofs = balanced.changes.into_iter().map(|moves| {
        let named = moves.into_iter().map(|(measure, row, by)| (measure, name(row), by));
        Proof { change: named.collect() }
    });
    pattern.proofs = proofs.collect();
    if before.values().any(|was_hidden| !was_hidden) {
        let failed: BTreeSet<String> =
            balanced.short.into_iter().map(|(measure, _)| measure).collect();
        let groups = release.groups();
        let groups = groups.iter().filter(|group| group.iter().any(|one| failed.contains(one)));
        for measures in groups {
            let found = given_away(release, measures, (&pattern.hidden, before));
            pattern.exposed.extend(found);
        }
    }
    pattern
}

/// The figures of some measures that follow from what past releases show, whatever is hidden now.
fn given_away(
    release: &Release,
    measures: &[String],
    (hidden, before): (&BTreeSet<String>, &Before),
) -> Vec<Exposed> {
    let mut system = system(release, measures, (hidden, before));
    system.cells.iter_mut().for_each(|cell| cell.room = Room::default());
    let outcome = protect(&system, &Options { orders: 0, ..Options::default() });
    let name = |place: u32| {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        system.keys.get(place).and_then(|name| name.split_once('|')).unwrap_or_default()
    };
    let found = outcome.unprotected.iter().filter(|found| !found.frozen.is_empty());
    let found = found.map(|found| {
        let (measure, key) = name(found.cell);
        let mut by: Vec<String> =
            found.frozen.iter().map(|place| name(*place).1.to_owned()).collect();
        by.dedup();
        Exposed { measure: measure.to_owned(), key: key.to_owned(), by }
    });
    found.collect()
}

/// The system of some measures.
fn system(
    release: &Release,
    measures: &[String],
    (hidden, before): (&BTreeSet<String>, &Before),
) -> System {
    let mut builder = Builder::default();
    let figure = |measure: &str, key: &str| format!("{measure}|{key}");
    for measure in measures {
        let floor = release.floor(measure);
        for (key, row) in &release.rows {
            let Some(value) = row.figures.get(measure).copied() else { continue };
            let mut cell = Cell { value, floor: Some(floor), ..Cell::default() };
            cell.cost = value.unsigned_abs().max(1);
            // A zero is no one's figure; no one need know either that it is one.
            let primary = row.primary.get(measure).filter(|_| value != 0);
            if row.is_inner {
                cell.state = State::Unpublished;
            } else if !hidden.contains(key) {
                cell.state = if before.contains_key(key) { State::Frozen } else { State::Free };
            } else if let Some(primary) = primary {
                cell.state = State::Primary;
                cell.room = primary.room;
                cell.room.down = cell.room.down.min((value - floor).unsigned_abs());
            } else {
                cell.state = State::Unpublished;
            }
            builder.cell(figure(measure, key), cell);
        }
        let is_of = |tie: &&Tie| tie.measures.contains(measure);
        let named = |tie: &Tie| {
            let terms = tie.terms.iter().map(|(key, sign)| (figure(measure, key), *sign));
            terms.collect::<Vec<_>>()
        };
        release.ties.iter().filter(is_of).for_each(|tie| builder.relation(named(tie)));
        release.limits.iter().filter(is_of).for_each(|tie| builder.inequality(named(tie)));
    }
    for (one, other) in &release.bonds {
        let rows = release.rows.iter().filter(|(_, row)| {
            [one, other].iter().all(|measure| row.figures.contains_key(*measure))
        });
        for (key, _) in rows {
            builder.relation(vec![(figure(one, key), 1), (figure(other, key), -1)]);
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::release::{Adding, Axis, Line, Table};
    use crate::protect::rules::Primary;

    /// A table by two dimensions: codes, figure, and whether it is primary.
    fn table(cells: &[(&str, &str, i64, bool)]) -> Table {
        let axis = |name: &str| Axis { name: name.to_owned(), adding: Adding::ToTotal };
        let primary = Primary { status: Status::A, room: Room { up: 1, down: 1 } };
        let line = |(one, other, figure, is_primary): &(&str, &str, i64, bool)| Line {
            codes: vec![(*one).to_owned(), (*other).to_owned()],
            figures: vec![*figure],
            primary: vec![is_primary.then_some(primary)],
            alone: None,
        };
        Table {
            axes: vec![axis("type"), axis("place")],
            measures: vec!["n".to_owned()],
            lines: cells.iter().map(line).collect(),
        }
    }

    const CELLS: [(&str, &str, i64, bool); 9] = [
        ("a", "x", 2, true),
        ("a", "y", 20, false),
        ("b", "x", 10, false),
        ("b", "y", 30, false),
        ("a", "ensemble", 22, false),
        ("b", "ensemble", 40, false),
        ("ensemble", "x", 12, false),
        ("ensemble", "y", 50, false),
        ("ensemble", "ensemble", 62, false),
    ];

    #[test]
    fn one_primary_row_takes_three_others() {
        let release = Release::new(&[table(&CELLS)], &[], &[]).unwrap();
        let pattern = hide(&release, &Before::new());
        assert!(pattern.hidden.contains("place=x|type=a") && pattern.hidden.len() == 4);
        assert!(pattern.exposed.is_empty());
        let status = |key: &str| pattern.status(key, &release.rows[key]);
        assert_eq!(status("place=x|type=a"), Status::A);
        assert_eq!(pattern.hidden.iter().filter(|key| status(key) == Status::D).count(), 3);
    }

    #[test]
    fn rows_of_past_releases_stay_what_they_were() {
        let release = Release::new(&[table(&CELLS)], &[], &[]).unwrap();
        let before = Before::from([("type=b".to_owned(), false), ("place=y".to_owned(), true)]);
        let pattern = hide(&release, &before);
        assert!(pattern.hidden.contains("place=y") && !pattern.hidden.contains("type=b"));
    }

    #[test]
    fn parts_that_do_not_add_up_are_refused() {
        let mut cells = CELLS;
        cells[0].2 = 3;
        assert!(Release::new(&[table(&cells)], &[], &[]).is_err());
    }
}
