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

impl Task {
    /// How far to move the figure, in multiples of what is asked, with a margin in units.
    #[must_use]
    pub fn target(self, margin: u64) -> f64 {
        self.way * (1.0 + float(margin) / float(self.room.max(1)))
    }
}

/// What a part asks. Where any change will do, its opposite does too.
#[must_use]
pub fn tasks(part: &Part) -> Vec<Task> {
    let mut tasks = Vec::new();
    for cell in part.primary() {
        let known = part.cells[cell as usize];
        let Room { up, down } = known.room;
        // No pattern makes it possible that a figure is below what everyone knows it is at least.
        let below = known.floor.map_or(u64::MAX, |floor| floor.abs_diff(known.value));
        let (down, any) = (down.min(below), up == 0 && down == 0);
        if up > 0 || any {
            tasks.push(Task { cell, way: 1.0, room: up });
        }
        if down > 0 {
            tasks.push(Task { cell, way: -1.0, room: down });
        }
    }
    tasks
}

/// How far a figure may go down and up, in multiples of what a task asks; down to a margin above
/// its floor.
#[must_use]
pub fn allowance(cell: &Cell, task: Task, margin: u64) -> (f64, f64) {
    const ANY: f64 = 1e6;
    match (task.room, cell.floor) {
        (0, _) | (_, None) => (ANY, ANY),
        (room, Some(floor)) => {
            let down = cell.value.abs_diff(floor);
            let down = down - margin.min(down / 8);
            (float(down) / float(room), ANY)
        }
    }
}

/// Whether whole changes do a task: they keep each relation, and leave no figure below its floor
/// unless any change will do.
#[must_use]
pub fn is_witness(part: &Part, task: Task, change: &[(u32, i64)]) -> bool {
    let of = |cell: u32| {
        let place = change.binary_search_by_key(&cell, |(cell, _)| *cell);
        i128::from(place.map_or(0, |place| change[place].1))
    };
    let way = if task.way > 0.0 { 1 } else { -1 };
    let far = of(task.cell) * way >= i128::from(task.room.max(1));
    let above = |(cell, change): &(u32, i64)| {
        let known = part.cells[*cell as usize];
        let floor = known.floor.filter(|_| task.room > 0);
        floor.is_none_or(|floor| i128::from(known.value) + i128::from(*change) >= floor.into())
    };
    let kept = |row: &Vec<(u32, i8)>| {
        row.iter().map(|(cell, sign)| of(*cell) * i128::from(*sign)).sum::<i128>() == 0
    };
    far && change.iter().all(above) && part.rows.iter().all(kept)
}

/// A linear programme is solved in floats.
#[expect(clippy::cast_precision_loss, reason = "what comes of it is checked in whole numbers")]
#[must_use]
pub fn float(value: u64) -> f64 {
    value as f64
}
