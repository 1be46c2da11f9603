//! A system becomes independent parts: what frozen figures say is left out, inequalities get a
//! figure of their own, and the rest falls into components.

use crate::protect::system::{Cell, State, System};

/// Figures and signs: their signed sum is zero.
pub type Row = Vec<(u32, i8)>;

/// One component: figures that are bound together when all that may be hidden is.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Place of each figure in the system; those beyond its end are slacks of inequalities.
    pub places: Vec<u32>,
    /// The figures. A slack is an unpublished figure of at least 0.
    pub cells: Vec<Cell>,
    /// Signed sums that are zero, over places in this part.
    pub rows: Vec<Row>,
}

impl Part {
    /// Number of figures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it has no figure.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether a figure is primary.
    #[must_use]
    pub fn is_primary(&self, cell: u32) -> bool {
        self.cells[cell as usize].state == State::Primary
    }

    /// The primary figures.
    pub fn primary(&self) -> impl Iterator<Item = u32> + '_ {
        self.indices().filter(|cell| self.is_primary(*cell))
    }

    /// The figures that may be published or hidden.
    pub fn free(&self) -> impl Iterator<Item = u32> + '_ {
        self.indices().filter(|cell| self.cells[*cell as usize].state == State::Free)
    }

    /// All figures.
    pub fn indices(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.cells.len()).unwrap_or(u32::MAX)
    }

    /// What a pattern that hides `hidden` costs.
    #[must_use]
    pub fn cost(&self, hidden: &[bool]) -> u64 {
        let cells = self.cells.iter().zip(hidden);
        let secondary = cells.filter(|(cell, hidden)| **hidden && cell.state == State::Free);
        secondary.map(|(cell, _)| cell.cost).sum()
    }

    /// Splits what a pattern hides into components that hold a primary figure; their places are
    /// those of this part.
    #[must_use]
    pub fn hidden_parts(&self, hidden: &[bool]) -> Vec<Part> {
        let places: Vec<u32> = self.indices().collect();
        components(&places, &self.cells, &self.rows, hidden)
    }
}

/// Figures and rows of a system with a slack for each inequality.
pub fn extended(system: &System) -> (Vec<Cell>, Vec<Row>) {
    let mut cells = system.cells.clone();
    let mut rows: Vec<Row> = system.relations.iter().map(<[_]>::to_vec).collect();
    for row in system.inequalities.iter() {
        let slack = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        let value = row.iter().map(|(cell, sign)| {
            i64::from(*sign).saturating_mul(system.cells[*cell as usize].value)
        });
        let value = value.fold(0_i64, i64::saturating_add).max(0);
        let state = State::Unpublished;
        cells.push(Cell { value, floor: Some(0), state, ..Cell::default() });
        rows.push(row.iter().copied().chain([(slack, -1)]).collect());
    }
    (cells, rows)
}

/// What everyone knows: the frozen figures, and those that a frozen total at its least fixes (the
/// parts of a published zero are zeros).
pub fn known(cells: &[Cell], rows: &[Row]) -> Vec<bool> {
    let mut known: Vec<bool> = cells.iter().map(|cell| cell.state == State::Frozen).collect();
    loop {
        let mut more = false;
        for row in rows {
            let mut open = row.iter().filter(|(cell, _)| !known[*cell as usize]).peekable();
            let Some(sign) = open.peek().map(|(_, sign)| *sign) else {
                continue;
            };
            let at_least = |cell: &Cell| cell.floor == Some(cell.value);
            if open.all(|(cell, other)| *other == sign && at_least(&cells[*cell as usize])) {
                for (cell, _) in row {
                    known[*cell as usize] = true;
                }
                more = true;
            }
        }
        if !more {
            return known;
        }
    }
}

/// The parts of a system that hold a primary figure, in the order of their first figure.
#[must_use]
pub fn parts(cells: &[Cell], rows: &[Row], known: &[bool]) -> Vec<Part> {
    let places: Vec<u32> = (0..u32::try_from(cells.len()).unwrap_or(u32::MAX)).collect();
    let open: Vec<bool> = known.iter().map(|known| !known).collect();
    components(&places, cells, rows, &open)
}

/// A part with the known figures that stand in a relation with its own, which become frozen.
#[must_use]
pub fn with_known(part: &Part, cells: &[Cell], rows: &[Row], known: &[bool]) -> Part {
    let mut near = vec![false; cells.len()];
    part.places.iter().for_each(|place| near[*place as usize] = true);
    for row in rows {
        if row.iter().any(|(cell, _)| near[*cell as usize] && !known[*cell as usize]) {
            row.iter().for_each(|(cell, _)| near[*cell as usize] = true);
        }
    }
    let mut cells = cells.to_vec();
    for (cell, known) in cells.iter_mut().zip(known) {
        if *known {
            cell.state = State::Frozen;
        }
    }
    let places: Vec<u32> = (0..u32::try_from(cells.len()).unwrap_or(u32::MAX)).collect();
    let mut whole = Part::default();
    for part in components(&places, &cells, rows, &near) {
        let base = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        whole.places.extend(part.places);
        whole.cells.extend(part.cells);
        let moved =
            |row: Row| -> Row { row.into_iter().map(|(cell, sign)| (cell + base, sign)).collect() };
        whole.rows.extend(part.rows.into_iter().map(moved));
    }
    whole
}

fn components(places: &[u32], cells: &[Cell], rows: &[Row], open: &[bool]) -> Vec<Part> {
    let mut chief: Vec<u32> = (0..u32::try_from(cells.len()).unwrap_or(u32::MAX)).collect();
    for row in rows {
        let mut row = row.iter().map(|(cell, _)| *cell).filter(|cell| open[*cell as usize]);
        let Some(first) = row.next() else {
            continue;
        };
        for cell in row {
            let (a, b) = (find(&mut chief, first), find(&mut chief, cell));
            chief[a.max(b) as usize] = a.min(b);
        }
    }
    let mut part_of: Vec<Option<usize>> = vec![None; cells.len()];
    let mut parts: Vec<Part> = Vec::new();
    for (place, cell) in cells.iter().enumerate() {
        if open[place] && cell.state == State::Primary {
            let chief = find(&mut chief, u32::try_from(place).unwrap_or(u32::MAX)) as usize;
            part_of[chief].get_or_insert_with(|| {
                parts.push(Part::default());
                parts.len() - 1
            });
        }
    }
    let mut local = vec![u32::MAX; cells.len()];
    for (place, cell) in cells.iter().enumerate() {
        let chief = find(&mut chief, u32::try_from(place).unwrap_or(u32::MAX)) as usize;
        if let Some(part) = part_of[chief].filter(|_| open[place]) {
            local[place] = u32::try_from(parts[part].len()).unwrap_or(u32::MAX);
            parts[part].places.push(places[place]);
            parts[part].cells.push(*cell);
        }
    }
    for row in rows {
        let terms = row.iter().filter(|(cell, _)| local[*cell as usize] < u32::MAX);
        let terms: Row = terms.map(|(cell, sign)| (local[*cell as usize], *sign)).collect();
        let Some((first, _)) = row.iter().find(|(cell, _)| local[*cell as usize] < u32::MAX) else {
            continue;
        };
        let chief = find(&mut chief, *first) as usize;
        if let Some(part) = part_of[chief] {
            parts[part].rows.push(terms);
        }
    }
    parts
}

fn find(chief: &mut [u32], cell: u32) -> u32 {
    let mut cell = cell;
    while chief[cell as usize] != cell {
        chief[cell as usize] = chief[chief[cell as usize] as usize];
        cell = chief[cell as usize];
    }
    cell
}
