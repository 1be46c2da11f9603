//! A pattern becomes one in which contributors, who know their own figures, compute no other.
//!
//! For who knows a figure it is as good as published: it is taken out, and the same question is
//! asked again. What a contributor could compute gets a circuit that passes by none of their own.

use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::part::Part;
use crate::protect::elimination::search::{Found, around, asks_no_room, eliminate, make_room};
use crate::protect::system::State;

/// Hides what keeps every insider from every primary figure but their own. `insiders` are sorted
/// sets of figures of the part. Gives the primary figures for which nothing helps.
pub fn guard(part: &Part, costs: &[u64], insiders: &[Vec<u32>], found: &mut Found) -> Vec<u32> {
    let mut held = part.clone();
    loop {
        let mut more = false;
        let exposed = exposed(part, &found.hidden, insiders);
        for (own, cell) in &exposed {
            for other in way_round(part, costs, &found.hidden, own, *cell) {
                more |= !found.hidden[other as usize] || is_free(&held, other);
                found.hidden[other as usize] = true;
                // It is not to be published again.
                if is_free(&held, other) {
                    held.cells[other as usize].state = State::Unpublished;
                }
            }
        }
        if !more {
            let mut open: Vec<u32> = exposed.into_iter().map(|(_, cell)| cell).collect();
            open.sort_unstable();
            open.dedup();
            return open;
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

/// Sets of figures, and a primary figure that who knows the set can compute.
fn exposed<'a>(part: &Part, hidden: &[bool], insiders: &'a [Vec<u32>]) -> Vec<(&'a [u32], u32)> {
    let basis: Vec<u32> = part.indices().filter(|cell| hidden[*cell as usize]).collect();
    let mut circuits = Circuits::new(part, &basis);
    let mut exposed: Vec<(&[u32], u32)> = Vec::new();
    for own in insiders {
        let secret = |cell: u32| part.is_primary(cell) && own.binary_search(&cell).is_err();
        let mut of_others = own.iter().copied().filter(|cell| hidden[*cell as usize]);
        let found = match (of_others.next(), of_others.next()) {
            (None, _) => continue,
            (Some(cell), None) => circuits.in_series(cell, &secret),
            _ => {
                let mut without = circuits.clone();
                let all = own.iter().filter(|cell| hidden[**cell as usize]);
                all.for_each(|cell| without.reveal(*cell));
                let primary = part.primary().filter(|cell| secret(*cell));
                let safe = primary.filter(|cell| !circuits.is_exposed(*cell));
                safe.filter(|cell| without.is_exposed(*cell)).collect()
            }
        };
        exposed.extend(found.into_iter().map(|cell| (own.as_slice(), cell)));
    }
    exposed
}

/// The figures of a circuit by a primary figure that passes by none of `own`, the one that hides
/// least anew; nothing when there is none.
fn way_round(part: &Part, costs: &[u64], hidden: &[bool], own: &[u32], cell: u32) -> Vec<u32> {
    let Some(near) = around(part, cell) else {
        return Vec::new();
    };
    let outer = |cell: u32| near.places[cell as usize];
    let price = |cell: u32| if hidden[cell as usize] { 0 } else { costs[cell as usize].max(1) };
    let others = near.indices().filter(|cell| own.binary_search(&outer(*cell)).is_err());
    let mut basis: Vec<u32> = others.collect();
    basis.sort_by_key(|cell| {
        let cell = outer(*cell);
        (!hidden[cell as usize], price(cell), cell)
    });
    let Ok(place) = near.places.binary_search(&cell) else {
        return Vec::new();
    };
    let circuits = Circuits::new(&near, &basis);
    let circuits = circuits.circuits_by(u32::try_from(place).unwrap_or(u32::MAX), 64);
    let priced = circuits.into_iter().map(|circuit| {
        let cells: Vec<u32> = circuit.into_iter().map(|(cell, _)| outer(cell)).collect();
        (cells.iter().map(|cell| price(*cell)).sum::<u64>(), cells)
    });
    priced.min().map(|(_, cells)| cells).unwrap_or_default()
}
