//! A part becomes a pattern: several orders of elimination are tried, the cheapest is kept.

use std::cmp::Reverse;

use crate::protect::elimination::attacker::Attacker;
use crate::protect::elimination::circuits::Circuits;
use crate::protect::elimination::intervals::Guard;
use crate::protect::elimination::part::Part;
use crate::protect::elimination::relaxation::relax;
use crate::protect::elimination::room::{Task, is_witness, tasks};
use crate::protect::system::{Pattern, Room, State};

/// Coefficients of a table of floats, beyond which a part is solved without one: 64 megabytes.
const TABLE_MAX: usize = 8 << 20;
/// Attempts times the cube of hidden figures.
const WORK: usize = 10_000_000;
/// Figures around a primary one that are looked at when the part is beyond that.
const AROUND_MAX: usize = 2000;

/// A task of a part with its witness, none where nothing helps.
pub type Done = (Task, Option<Vec<(u32, i64)>>);

/// A pattern of a part.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is hidden.
    pub hidden: Pattern,
    /// In which order figures were published.
    pub order: Vec<u32>,
    /// Where room is asked, each task with its witness.
    pub done: Vec<Done>,
    /// Primary figures that an insider computes whatever is hidden.
    pub open_to_insiders: Vec<u32>,
    /// No pattern costs less.
    pub bound: u64,
}

/// Finds one that costs little.
#[must_use]
pub fn search(part: &Part, costs: &[u64], orders: u32) -> Found {
    let dearest = |cell: &u32| (Reverse(costs[*cell as usize]), *cell);
    let mut order: Vec<u32> = part.free().collect();
    order.sort_by_key(dearest);
    let mut found = Found::default();
    let by_cost = order.clone();
    let mut attempts: Vec<(Vec<u32>, Option<Pattern>)> = vec![(order.clone(), None)];
    let relaxed = (orders > 0).then(|| attacker(part)).flatten();
    let relaxed = relaxed.and_then(|mut attacker| relax(part, costs, &mut attacker));
    if let Some(relaxed) = relaxed {
        for hidden in [Some(relaxed.hidden), relaxed.dived].into_iter().flatten() {
            order.sort_by_key(|cell| (hidden[*cell as usize], dearest(cell)));
            let support = hidden.iter().map(|hidden| *hidden > 0).collect();
            attempts.push((order.clone(), Some(support)));
        }
        found.bound = relaxed.bound;
    }
    let price = |hidden: &[bool]| -> u64 {
        part.free().filter(|cell| hidden[*cell as usize]).map(|cell| costs[cell as usize]).sum()
    };
    let solve = |order: &[u32], start: Option<&Pattern>| {
        if asks_no_room(part) {
            return (eliminate(part, order), Vec::new());
        }
        make_room(part, start.cloned().unwrap_or_else(|| eliminate(part, order)), order)
    };
    let mut least = u64::MAX;
    let mut keep = |found: &mut Found, (hidden, done): (Pattern, Vec<Done>), order: Vec<u32>| {
        if price(&hidden) < least || found.hidden.is_empty() {
            least = price(&hidden);
            (found.hidden, found.done, found.order) = (hidden, done, order);
        }
    };
    for (order, start) in attempts {
        keep(&mut found, solve(&order, start.as_ref()), order);
    }
    // Where room is asked each attempt costs as the cube of what is hidden.
    let hidden = part.free().filter(|cell| found.hidden[*cell as usize]).count();
    let affordable = if asks_no_room(part) { usize::MAX } else { WORK / hidden.pow(3).max(1) };
    for seed in (0..orders).take(affordable) {
        let order = perturbed(&found, costs, seed);
        let start = found.hidden.clone();
        keep(&mut found, solve(&order, Some(&start)), order);
    }
    if let Some(attacker) = (orders > 0 && !asks_no_room(part)).then(|| attacker(part)).flatten() {
        let mut guard = Guard::new(part, attacker, found.hidden.clone());
        guard.exchange(costs, &by_cost);
        let order = found.order.clone();
        keep(&mut found, (guard.hidden().clone(), guard.into_witnesses()), order);
    }
    found
}

/// Whether it is enough that no primary figure of a part can be computed.
#[must_use]
pub fn asks_no_room(part: &Part) -> bool {
    part.primary().all(|cell| part.cells[cell as usize].room == Room::default())
}

fn attacker(part: &Part) -> Option<Attacker> {
    let basis: Vec<u32> = part.indices().collect();
    Attacker::new(part.len(), &Circuits::new(part, &basis), TABLE_MAX)
}

/// Publishes in that order what exposes no primary figure.
#[must_use]
pub fn eliminate(part: &Part, order: &[u32]) -> Pattern {
    let mut circuits = Circuits::new(part, &basis(part, order));
    for cell in order {
        circuits.publish(*cell, &|cell| part.is_primary(cell));
    }
    circuits.hidden().to_vec()
}

/// What may be hidden, what is to be hidden first: primary figures, those never published, those
/// that the order leaves out, and the order from its end.
fn basis(part: &Part, order: &[u32]) -> Vec<u32> {
    let mut rank = vec![0; part.len()];
    for cell in part.indices() {
        rank[cell as usize] = match part.cells[cell as usize].state {
            State::Primary => 0,
            State::Unpublished | State::Frozen => 1,
            State::Free => 2,
        };
    }
    for (place, cell) in order.iter().rev().enumerate() {
        rank[*cell as usize] = 3 + place;
    }
    let mut basis: Vec<u32> = part.indices().collect();
    basis.sort_by_key(|cell| rank[*cell as usize]);
    basis
}

/// The order of a pattern with some of its figures at the front, so that others take their place.
fn perturbed(found: &Found, costs: &[u64], seed: u32) -> Vec<u32> {
    let noise = |cell: u32| scramble(u64::from(cell) << 32 | u64::from(seed));
    let mut order = found.order.clone();
    order.sort_by_key(|cell| {
        let (cost, noise) = (costs[*cell as usize], noise(*cell));
        let hidden = found.hidden[*cell as usize];
        let first = hidden && noise % 8 == 0;
        let cost = u128::from(cost) * u128::from(1024 + (noise >> 8) % 1024);
        (!first, hidden, Reverse(cost))
    });
    order
}

/// A number that looks like chance.
fn scramble(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Hides further figures until each task has a witness, then publishes those that none needs.
#[must_use]
pub fn make_room(part: &Part, start: Pattern, order: &[u32]) -> (Pattern, Vec<Done>) {
    let mut hidden = start;
    let lacking: Vec<Done> =
        witnesses(part, &hidden).into_iter().filter(|(_, change)| change.is_none()).collect();
    if !lacking.is_empty() {
        match attacker(part) {
            Some(attacker) => {
                let mut guard = Guard::new(part, attacker, hidden);
                guard.repair(order);
                hidden = guard.hidden().clone();
            }
            None => {
                for (task, _) in lacking {
                    repair_around(part, task.cell, &mut hidden, order);
                }
            }
        }
    }
    let mut done = Vec::new();
    let mut needed: Pattern = part.cells.iter().map(|cell| cell.state != State::Free).collect();
    for sub in part.hidden_parts(&hidden) {
        let mut kept = vec![true; sub.len()];
        match attacker(&sub) {
            Some(attacker) => {
                let mut guard = Guard::new(&sub, attacker, kept);
                guard.clean_up(&inside(part, &sub, order));
                kept = guard.hidden().clone();
                done.extend(outward(&sub, guard.into_witnesses()));
            }
            None => done.extend(outward(&sub, by_circuits(&sub))),
        }
        for (place, kept) in sub.places.iter().zip(kept) {
            needed[*place as usize] |= kept;
        }
    }
    // What was hidden and is bound to no primary figure protects none.
    let hidden = hidden.iter().zip(needed).map(|(hidden, needed)| *hidden && needed).collect();
    sort(&mut done);
    (hidden, done)
}

/// An order of a part, in places of a component of it.
fn inside(part: &Part, sub: &Part, order: &[u32]) -> Vec<u32> {
    let mut local = vec![u32::MAX; part.len()];
    for (cell, place) in (0..).zip(&sub.places) {
        local[*place as usize] = cell;
    }
    let cells = order.iter().map(|cell| local[*cell as usize]);
    cells.filter(|cell| *cell < u32::MAX).collect()
}

/// Hides what a primary figure needs among the figures around it.
fn repair_around(part: &Part, cell: u32, hidden: &mut Pattern, order: &[u32]) {
    let Some(near) = around(part, cell) else {
        return;
    };
    let Some(attacker) = attacker(&near) else {
        return;
    };
    let start = near.places.iter().map(|place| hidden[*place as usize]).collect();
    let mut guard = Guard::new(&near, attacker, start);
    guard.repair(&inside(part, &near, order));
    for (place, kept) in near.places.iter().zip(guard.hidden()) {
        hidden[*place as usize] |= *kept;
    }
}

/// The figures around one, in places of the part: all of a small part.
#[must_use]
pub fn around(part: &Part, cell: u32) -> Option<Part> {
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); part.len()];
    for (row, terms) in part.rows.iter().enumerate() {
        terms.iter().for_each(|(cell, _)| rows_of[*cell as usize].push(row));
    }
    let mut near = vec![false; part.len()];
    near[cell as usize] = true;
    let mut queue = vec![cell];
    let mut next = 0;
    while next < queue.len() && queue.len() < AROUND_MAX {
        for row in &rows_of[queue[next] as usize] {
            for (other, _) in &part.rows[*row] {
                if !near[*other as usize] {
                    near[*other as usize] = true;
                    queue.push(*other);
                }
            }
        }
        next += 1;
    }
    part.hidden_parts(&near).into_iter().find(|near| near.places.contains(&cell))
}

/// Each task of a part, with its witness in a pattern.
#[must_use]
pub fn witnesses(part: &Part, hidden: &[bool]) -> Vec<Done> {
    let mut all: Vec<Done> = Vec::new();
    for sub in part.hidden_parts(hidden) {
        let mut done = by_circuits(&sub);
        let lacks = done.iter().any(|(_, change)| change.is_none());
        if let Some(attacker) = lacks.then(|| attacker(&sub)).flatten() {
            let guard = Guard::new(&sub, attacker, vec![true; sub.len()]);
            for (mine, other) in done.iter_mut().zip(guard.into_witnesses()) {
                if mine.1.is_none() {
                    *mine = other;
                }
            }
        }
        all.extend(outward(&sub, done));
    }
    sort(&mut all);
    all
}

/// Tasks of a component, in places of the part.
fn outward(sub: &Part, done: Vec<Done>) -> impl Iterator<Item = Done> {
    done.into_iter().map(|(task, change)| {
        let outer = |cell: u32| sub.places[cell as usize];
        let change =
            change.map(|change| change.into_iter().map(|(cell, by)| (outer(cell), by)).collect());
        (Task { cell: outer(task.cell), ..task }, change)
    })
}

fn sort(done: &mut [Done]) {
    done.sort_by(|(a, _), (b, _)| a.cell.cmp(&b.cell).then(b.way.total_cmp(&a.way)));
}

/// Each task of a part of which all is hidden, with a witness that is a single circuit.
fn by_circuits(part: &Part) -> Vec<Done> {
    let basis: Vec<u32> = part.indices().collect();
    let circuits = Circuits::new(part, &basis);
    tasks(part).into_iter().map(|task| (task, by_circuit(part, &circuits, task))).collect()
}

/// A single circuit that does a task.
fn by_circuit(part: &Part, circuits: &Circuits, task: Task) -> Option<Vec<(u32, i64)>> {
    circuits.circuits_by(task.cell, 16).into_iter().find_map(|circuit| {
        let of = circuit.binary_search_by_key(&task.cell, |(cell, _)| *cell).ok()?;
        let (room, own) = (i64::try_from(task.room.max(1)).ok()?, circuit[of].1);
        let times = (room + own.abs() - 1) / own.abs() * own.signum();
        let times = if task.way > 0.0 { times } else { -times };
        let scaled = circuit.into_iter().map(|(cell, by)| Some((cell, by.checked_mul(times)?)));
        let change: Vec<(u32, i64)> = scaled.collect::<Option<_>>()?;
        is_witness(part, task, &change).then_some(change)
    })
}
