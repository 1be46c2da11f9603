//! The rows of a release become hidden or published, measure after measure.
//!
//! To hide more never exposes a figure: so what one measure asks for is hidden for the others too,
//! and what each of them needs is found in turn.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::elimination::{Options, protect};
use crate::protect::release::{Release, Shared, Tie};
use crate::protect::rules::Status;
use crate::protect::system::{Builder, Cell, Room, State, System};

/// Figures of one measure up to which rooms and contributors are minded from the start. Beyond, no
/// figure is computable to begin with, and [`widen`] does the rest where the audit asks for it.
const ROOM_FIGURES_MAX: usize = 600;

/// What is known of rows that past releases had, by key: whether they hid them.
pub type Before = BTreeMap<String, bool>;

/// Changes of figures of one measure, by key of the row.
pub type Change = Vec<(String, i64)>;

/// Why a figure is safe: outsiders cannot tell either change from the truth.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The measure.
    pub measure: String,
    /// The row.
    pub key: String,
    /// A change that raises the figure.
    pub up: Change,
    /// A change that lowers it.
    pub down: Change,
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
    let is_out = |key: &str| before.get(key) == Some(&false);
    let was_hidden = |key: &str| before.get(key) == Some(&true);
    let mut pattern = Pattern::default();
    let rows = release.rows.iter().filter(|(_, row)| !row.is_inner);
    for (key, row) in rows {
        if was_hidden(key) || (!row.primary.is_empty() && !is_out(key)) {
            pattern.hidden.insert(key.clone());
        }
    }
    let measures: BTreeSet<&String> =
        release.rows.values().flat_map(|row| row.figures.keys()).collect();
    for measure in measures {
        let mut system = system(release, measure, (&pattern.hidden, before));
        let mut options = Options::default();
        if system.cells.len() > ROOM_FIGURES_MAX {
            options.orders = 0;
            system.cells.iter_mut().for_each(|cell| cell.room = Room::default());
        } else {
            options.insiders = insiders(release, &system);
        }
        let outcome = protect(&system, &options);
        let name = |place: u32| {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            system.keys.get(place).cloned().unwrap_or_default()
        };
        for place in system.secondary(&outcome.pattern) {
            pattern.hidden.extend(system.keys.get(place).cloned());
        }
        let named = |change: &[(u32, i64)]| {
            change.iter().map(|(place, by)| (name(*place), *by)).collect::<Change>()
        };
        pattern.proofs.extend(outcome.witnesses.iter().map(|witness| Proof {
            measure: measure.clone(),
            key: name(witness.cell),
            up: named(&witness.up),
            down: named(&witness.down),
        }));
        // Where nothing that is out stands in the way, the audit decides, and more may be hidden.
        let given_away = outcome.unprotected.iter().filter(|found| !found.frozen.is_empty());
        pattern.exposed.extend(given_away.map(|found| Exposed {
            measure: measure.clone(),
            key: name(found.cell),
            by: found.frozen.iter().map(|place| name(*place)).collect(),
        }));
    }
    pattern
}

/// Hides more where the audit finds a figure too narrow: in each sum that the figure stands in, the
/// smallest published row that leaves it room, or the largest. Says whether there was any.
pub fn widen(
    (release, before): (&Release, &Before),
    pattern: &mut Pattern,
    narrow: &[(String, String)],
) -> bool {
    let mut found = BTreeSet::new();
    for (measure, key) in narrow {
        let row = release.rows.get(key);
        let room = row.and_then(|row| row.primary.get(measure)).map(|primary| primary.room);
        let asked = room.map_or(1, |room| room.up.max(room.down).max(1));
        for tie in &release.ties {
            let is_in = tie.terms.iter().any(|(term, _)| term == key);
            if !is_in || !tie.measures.contains(measure) {
                continue;
            }
            let others = tie.terms.iter().filter_map(|(term, _)| {
                let row = release.rows.get(term)?;
                let value = row.figures.get(measure)?.unsigned_abs();
                let is_free = !row.is_inner
                    && value > 0
                    && !pattern.hidden.contains(term)
                    && !before.contains_key(term);
                is_free.then_some((value, term))
            });
            let others: BTreeSet<(u64, &String)> = others.collect();
            let wide = others.iter().find(|(value, _)| *value >= asked);
            found.extend(wide.or(others.last()).map(|(_, term)| (*term).clone()));
        }
    }
    let has_more = !found.is_empty();
    pattern.hidden.extend(found);
    has_more
}

/// The system of one measure.
fn system(
    release: &Release,
    measure: &str,
    (hidden, before): (&BTreeSet<String>, &Before),
) -> System {
    let mut builder = Builder::default();
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
        builder.cell(key.clone(), cell);
    }
    let is_of = |tie: &&Tie| tie.measures.iter().any(|one| one == measure);
    release.ties.iter().filter(is_of).for_each(|tie| builder.relation(tie.terms.clone()));
    release.limits.iter().filter(is_of).for_each(|tie| builder.inequality(tie.terms.clone()));
    builder.finish()
}

/// For each contributor, the figures that are all his.
fn insiders(release: &Release, system: &System) -> Vec<Vec<u32>> {
    let mut of: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (place, key) in (0_u32..).zip(&system.keys) {
        if let Some(alone) = release.rows.get(key).and_then(|row| row.alone.as_deref()) {
            of.entry(alone).or_default().push(place);
        }
    }
    of.into_values().collect()
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
        let release = Release::new(&[table(&CELLS)], &[]).unwrap();
        let pattern = hide(&release, &Before::new());
        assert!(pattern.hidden.contains("place=x|type=a") && pattern.hidden.len() == 4);
        assert!(pattern.exposed.is_empty());
        let status = |key: &str| pattern.status(key, &release.rows[key]);
        assert_eq!(status("place=x|type=a"), Status::A);
        assert_eq!(pattern.hidden.iter().filter(|key| status(key) == Status::D).count(), 3);
    }

    #[test]
    fn rows_of_past_releases_stay_what_they_were() {
        let release = Release::new(&[table(&CELLS)], &[]).unwrap();
        let before = Before::from([("type=b".to_owned(), false), ("place=y".to_owned(), true)]);
        let pattern = hide(&release, &before);
        assert!(pattern.hidden.contains("place=y") && !pattern.hidden.contains("type=b"));
    }

    #[test]
    fn parts_that_do_not_add_up_are_refused() {
        let mut cells = CELLS;
        cells[0].2 = 3;
        assert!(Release::new(&[table(&cells)], &[]).is_err());
    }
}
