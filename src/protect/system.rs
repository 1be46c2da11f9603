//! All that is published together becomes one set of figures and of linear relations.

use std::collections::BTreeMap;

/// What may be done with a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Published, or hidden to protect another.
    #[default]
    Free,
    /// Forbidden by a rule: always hidden.
    Primary,
    /// Known to all whatever happens: a zero, or a figure of a past release.
    Frozen,
    /// Never published and not to be protected: only relations need it.
    Unpublished,
}

/// How far an outsider must remain from a primary figure. Nothing both ways means that it only
/// must not be computable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// It must be possible that the figure is at least that much greater.
    pub up: u64,
    /// It must be possible that the figure is at least that much smaller.
    pub down: u64,
}

/// One figure. The margin that two tables share is one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its value, in units of the measure scaled to integers.
    pub value: i64,
    /// What hiding it costs as a secondary cell.
    pub cost: u64,
    /// What may be done with it.
    pub state: State,
    /// For a primary cell.
    pub room: Room,
    /// What everyone knows it is at least: 0 for a count.
    pub floor: Option<i64>,
}

/// Rows of `(figure, sign)`: the signed sum of each is zero (or, as an inequality, not negative).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    starts: Vec<u32>,
    terms: Vec<(u32, i8)>,
}

impl Relations {
    /// Adds one.
    pub fn push(&mut self, terms: impl IntoIterator<Item = (u32, i8)>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.terms.extend(terms);
        self.starts.push(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
    }

    /// Number of relations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The terms of one.
    #[must_use]
    pub fn get(&self, row: usize) -> &[(u32, i8)] {
        &self.terms[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &[(u32, i8)]> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }
}

/// Figures and the relations between them.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// What each figure is; sorted.
    pub keys: Vec<String>,
    /// The figures, in the order of their keys.
    pub cells: Vec<Cell>,
    /// Signed sums that are zero.
    pub relations: Relations,
    /// Signed sums that are not negative, where equality is false.
    pub inequalities: Relations,
}

/// Which figures are hidden, in the order of a system's cells: primary, secondary and unpublished.
pub type Pattern = Vec<bool>;

/// Gathers figures and relations by key, in any order.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    cells: BTreeMap<String, Cell>,
    relations: Vec<(Vec<(String, i8)>, bool)>,
}

impl Builder {
    /// Adds a figure. One that is there already stays, and the stricter state wins: two tables
    /// that share a margin may judge it by different rules.
    pub fn cell(&mut self, key: impl Into<String>, cell: Cell) {
        let known = self.cells.entry(key.into()).or_insert(cell);
        if cell.state == State::Primary && known.state != State::Frozen {
            known.state = State::Primary;
            known.room.up = known.room.up.max(cell.room.up);
            known.room.down = known.room.down.max(cell.room.down);
        }
        if cell.state == State::Frozen {
            known.state = State::Frozen;
        }
        if known.state == State::Unpublished {
            known.state = cell.state;
        }
    }

    /// Whether a figure is there.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.cells.contains_key(key)
    }

    /// Says that a signed sum is zero. Figures that are not there count as published zeros.
    pub fn relation(&mut self, terms: Vec<(String, i8)>) {
        self.relations.push((terms, false));
    }

    /// Says that a signed sum is not negative.
    pub fn inequality(&mut self, terms: Vec<(String, i8)>) {
        self.relations.push((terms, true));
    }

    /// The system, its cells sorted by key, and each relation once.
    #[must_use]
    pub fn finish(self) -> System {
        let place: BTreeMap<&str, u32> =
            self.cells.keys().map(String::as_str).zip(0_u32..).collect();
        let mut rows: Vec<(bool, Vec<(u32, i8)>)> = Vec::new();
        for (terms, unequal) in &self.relations {
            let known = terms.iter();
            let known = known.filter_map(|(key, sign)| Some((*place.get(key.as_str())?, *sign)));
            let mut row: Vec<(u32, i8)> = known.collect();
            row.sort_unstable();
            if row.len() > 1 || (row.len() == 1 && !unequal) {
                rows.push((*unequal, row));
            }
        }
        rows.sort_unstable();
        rows.dedup();
        let (mut relations, mut inequalities) = (Relations::default(), Relations::default());
        for (unequal, row) in rows {
            if unequal { inequalities.push(row) } else { relations.push(row) }
        }
        let (keys, cells) = self.cells.into_iter().unzip();
        System { keys, cells, relations, inequalities }
    }
}

impl System {
    /// The cell of a key.
    #[must_use]
    pub fn cell(&self, key: &str) -> Option<usize> {
        self.keys.binary_search_by(|known| known.as_str().cmp(key)).ok()
    }

    /// What is hidden before any secondary cell.
    #[must_use]
    pub fn forbidden(&self) -> Pattern {
        let hidden = |cell: &Cell| matches!(cell.state, State::Primary | State::Unpublished);
        self.cells.iter().map(hidden).collect()
    }

    /// The primary cells.
    pub fn primary(&self) -> impl Iterator<Item = usize> + '_ {
        let cells = self.cells.iter().enumerate();
        cells.filter(|(_, cell)| cell.state == State::Primary).map(|(place, _)| place)
    }

    /// The cells that a pattern hides though no rule asks for it.
    #[must_use]
    pub fn secondary(&self, pattern: &[bool]) -> Vec<usize> {
        let cells = self.cells.iter().zip(pattern).enumerate();
        let hidden = cells.filter(|(_, (cell, hidden))| **hidden && cell.state == State::Free);
        hidden.map(|(place, _)| place).collect()
    }
}
