//! A primary figure becomes what must be possible: that it is more, and that it is less.

use crate::protect::elimination::part::Part;
use crate::protect::system::{Cell, Room};

/// One thing that must be possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// The primary figure.
    pub cell: u32,
    /// 1 to raise it, -1 to lower it.
    pub way: f64,
    /// By how much; 0 when any change will do, whatever others go below their floor.
    pub room: u64,
}

/// What a part asks. Where any change will do, its opposite does too.
#[must_use]
pub fn tasks(part: &Part) -> Vec<Task> {
    let mut tasks = Vec::new();
    for cell in part.primary() {
        let Room { up, down } = part.cells[cell as usize].room;
        if up > 0 || down == 0 {
            tasks.push(Task { cell, way: 1.0, room: up });
        }
        if down > 0 {
            tasks.push(Task { cell, way: -1.0, room: down });
        }
    }
    tasks
}

/// How far a figure may go down and up, in multiples of what a task asks.
#[must_use]
pub fn allowance(cell: &Cell, task: Task) -> (f64, f64) {
    const ANY: f64 = 1e6;
    match (task.room, cell.floor) {
        (0, _) | (_, None) => (ANY, ANY),
        (room, Some(floor)) => {
            let down = cell.value.saturating_sub(floor);
            (ratio(down, room), ANY)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a linear programme is solved in floats")]
fn ratio(down: i64, room: u64) -> f64 {
    down.max(0) as f64 / room as f64
}
