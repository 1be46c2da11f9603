//! A pattern becomes one in which contributors, who know their own figures, compute no other.
//!
//! For who knows a figure it is as good as published: it is taken out, and the same question is
//! asked again. What a contributor could compute gets a circuit that passes by none of their own.

use std::cmp::Reverse;

use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::Part;
use crate::protect::elimination::search::{Found, asks_no_room, eliminate, make_room};
use crate::protect::system::State;

/// Hides what keeps every insider from every primary figure but their own. `insiders` are sets of
/// figures of the part.
pub fn guard(part: &Part, costs: &[u64], insiders: &[Vec<u32>], found: &mut Found) {
    let mut held = part.clone();
    loop {
        let mut more = false;
        for own in insiders {
            for cell in exposed(part, &found.hidden, own) {
                for other in way_round(part, costs, &found.hidden, own, cell) {
                    more |= !found.hidden[other as usize] || is_free(&held, other);
                    found.hidden[other as usize] = true;
                    // It is not to be published again.
                    if is_free(&held, other) {
                        held.cells[other as usize].state = State::Unpublished;
                    }
                }
            }
        }
        if !more {
            return;
        }
        let order = found.order.iter().copied().filter(|cell| is_free(&held, *cell));
        let mut order: Vec<u32> = order.collect();
        order.sort_by_key(|cell| found.hidden[*cell as usize]);
        if asks_no_room(&held) {
            found.hidden = eliminate(&held, &order);
        } else {
            (found.hidden, found.done) = make_room(&held, found.hidden.clone(), &order);
        }
    }
}

fn is_free(part: &Part, cell: u32) -> bool {
    part.cells[cell as usize].state == State::Free
}

/// Primary figures that who knows `own` can compute.
fn exposed(part: &Part, hidden: &[bool], own: &[u32]) -> Vec<u32> {
    let basis: Vec<u32> = part.indices().filter(|cell| hidden[*cell as usize]).collect();
    let mut circuits = Circuits::new(part, &basis);
    let primary: Vec<u32> =
        part.primary().filter(|cell| !own.contains(cell) && !circuits.is_exposed(*cell)).collect();
    own.iter().filter(|cell| hidden[**cell as usize]).for_each(|cell| circuits.reveal(*cell));
    primary.into_iter().filter(|cell| circuits.is_exposed(*cell)).collect()
}

/// The figures of a circuit by a primary figure that passes by none of `own`, the one that hides
/// least anew; nothing when there is none.
fn way_round(part: &Part, costs: &[u64], hidden: &[bool], own: &[u32], cell: u32) -> Vec<u32> {
    let price = |cell: u32| if hidden[cell as usize] { 0 } else { costs[cell as usize].max(1) };
    let mut basis: Vec<u32> = part.indices().filter(|cell| !own.contains(cell)).collect();
    basis.sort_by_key(|cell| (Reverse(hidden[*cell as usize]), price(*cell), *cell));
    let circuits = Circuits::new(part, &basis).circuits_by(cell, 64);
    let priced = circuits.into_iter().map(|circuit| {
        let cells: Vec<u32> = circuit.into_iter().map(|(cell, _)| cell).collect();
        (cells.iter().map(|cell| price(*cell)).sum::<u64>(), cells)
    });
    priced.min().map(|(_, cells)| cells).unwrap_or_default()
}
