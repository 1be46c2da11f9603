//! A primary figure that no pattern protects becomes the frozen figures that give it away.

use crate::protect::elimination::attacker::{Attacker, Reach};
use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::{Part, Row, with_known};
use crate::protect::elimination::room::{Task, allowance};
use crate::protect::system::{Cell, State};

/// Coefficients of the table in which frozen figures stand too.
const TABLE_MAX: usize = 16 << 20;

/// Frozen figures, by place in the system, from which an outsider learns that a task of a part
/// cannot be done. None of them can be left out of the computation, though another may be shorter.
#[must_use]
pub fn explain(part: &Part, task: Task, cells: &[Cell], rows: &[Row], known: &[bool]) -> Vec<u32> {
    let whole = with_known(part, cells, rows, known);
    let open = |cell: &u32| whole.cells[*cell as usize].state != State::Frozen;
    let place = part.places[task.cell as usize];
    let Some(cell) = (0..).zip(&whole.places).find(|(_, known)| **known == place) else {
        return Vec::new();
    };
    let task = Task { cell: cell.0, ..task };
    let mut basis: Vec<u32> = whole.indices().filter(open).collect();
    basis.extend(whole.indices().filter(|cell| !open(cell)));
    let circuits = Circuits::new(&whole, &basis);
    let Some(mut attacker) = Attacker::new(whole.len(), &circuits, TABLE_MAX) else {
        return Vec::new();
    };
    let limits = |cell: u32| {
        if open(&cell) {
            let (down, up) = allowance(&whole.cells[cell as usize], task, 0);
            (-down, up)
        } else {
            (0.0, 0.0)
        }
    };
    attacker.settle(&limits);
    let Reach::Barred(terms) = attacker.attack(task.cell, task.target(0), &limits) else {
        return Vec::new();
    };
    let frozen = terms.into_iter().map(|(cell, _)| cell).filter(|cell| !open(cell));
    frozen.map(|cell| whole.places[cell as usize]).collect()
}
