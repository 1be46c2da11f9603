//! Hidden cycles become room: how far each primary figure must be free to rise and to sink.

use std::collections::BTreeMap;

use crate::protect::network::circuits::Circuit;
use crate::protect::network::family::Family;
use crate::protect::network::search::{Merged, NEVER, Search};
use crate::protect::network::views::Place;
use crate::protect::network::{Network, Proof};
use crate::protect::system::Room;

/// Hides what gives primary figures the room they need; the proof for each, and the cells that
/// cannot have it.
pub(crate) fn make_rooms(
    network: &Network,
    family: &Family,
    weights: &mut [u64],
) -> (Vec<Proof>, Vec<u32>) {
    if network.rooms.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let figures = network.figures();
    let needs: BTreeMap<u32, Room> = network.rooms.iter().copied().collect();
    let cells = (0..weights.len()).map(|place| family.cell(figures, family.at(place)));
    let whole = |value: u64| i64::try_from(value).unwrap_or(ALL).min(ALL);
    let below = |cell: u32| network.values[cell as usize].saturating_sub(network.floor);
    let below: Vec<i64> = cells.map(|cell| whole(below(cell))).collect();
    let mut rooms = Rooms::new(family, &below);
    let (mut proofs, mut narrow) = (Vec::new(), Vec::new());
    for place in &family.primary {
        let cell = family.cell(figures, *place);
        let Some(room) = needs.get(&cell) else { continue };
        let mut change = |amount: i64| {
            let (circuit, flow) = rooms.make(weights, *place, amount)?;
            let mut changes = Vec::new();
            for (slice, sign) in &family.circuits[circuit as usize] {
                let of_slice = flow.iter().map(|(edge, by)| {
                    (family.cell(figures, (*edge, *slice)), by * i64::from(*sign))
                });
                changes.extend(of_slice);
            }
            Some(changes)
        };
        match (change(whole(room.up)), change(-whole(room.down))) {
            (Some(up), Some(down)) => proofs.push(Proof { cell, up, down }),
            _ => narrow.push(cell),
        }
    }
    (proofs, narrow)
}

/// A change of figures: by edge, in the slices of a circuit where the sign is +, the contrary where
/// it is −.
type Flow = BTreeMap<u32, i64>;

/// Where there is no limit.
const ALL: i64 = i64::MAX / 4;

/// Finds room for primary figures, hiding at the least weight what it takes.
struct Rooms<'a> {
    family: &'a Family,
    below: &'a [i64],
    apart: Merged,
    search: Search,
}

impl<'a> Rooms<'a> {
    /// `below` is how far the figure of each place of the family may sink.
    fn new(family: &'a Family, below: &'a [i64]) -> Self {
        let nodes = family.graph.nodes;
        Self { family, below, apart: Merged::new(nodes), search: Search::new(nodes) }
    }

    /// Hides what lets a primary figure change by `amount`; the circuit and the change, or none
    /// where nothing does.
    fn make(
        &mut self,
        weights: &mut [u64],
        (edge, slice): Place,
        amount: i64,
    ) -> Option<(u32, Flow)> {
        let family = self.family;
        let through = family.through[slice as usize].iter();
        let own = |number: &u32| family.weight(weights, &family.circuits[*number as usize], edge);
        let own = through.map(|number| (own(number), *number)).filter(|(own, _)| *own != NEVER);
        let mut own: Vec<(u64, u32)> = own.collect();
        own.sort_unstable();
        let found = own.into_iter().find_map(|(_, number)| {
            let circuit = &family.circuits[number as usize];
            let same = circuit.iter().any(|(known, sign)| *known == slice && *sign > 0);
            let amount = if same { amount } else { -amount };
            Some((number, self.flow(weights, circuit, edge, amount)?))
        });
        let (number, flow) = found?;
        for edge in flow.keys() {
            for (slice, _) in &family.circuits[number as usize] {
                weights[family.place(*edge, *slice)] = 0;
            }
        }
        Some((number, flow))
    }

    /// Sends the amount around successive cheapest cycles. No figure sinks below its floor.
    fn flow(&mut self, weights: &[u64], circuit: &Circuit, edge: u32, amount: i64) -> Option<Flow> {
        let (family, below) = (self.family, self.below);
        let sinks = |edge: u32, rising: bool| {
            let slices = circuit.iter().filter(|(_, sign)| (*sign > 0) != rising);
            slices.map(|(slice, _)| below[family.place(edge, *slice)]).min().unwrap_or(ALL)
        };
        let spare = |flow: &Flow, edge: u32, rising: bool| {
            let now = flow.get(&edge).copied().unwrap_or(0);
            if rising { sinks(edge, true) - now } else { sinks(edge, false) + now }
        };
        let mut flow = Flow::new();
        let (rising, mut left) = (amount > 0, amount.abs());
        if spare(&flow, edge, rising) < left {
            return None;
        }
        flow.insert(edge, amount);
        while left > 0 {
            // To lower the figure is to go around the same cycle the other way.
            let weight = |edge: u32, along: bool| match family.weight(weights, circuit, edge) {
                NEVER => NEVER,
                _ if spare(&flow, edge, along == rising) == 0 => NEVER,
                _ if flow.contains_key(&edge) => 0,
                weight => weight,
            };
            let graph = &family.graph;
            let way = self.search.cheapest(graph, &mut self.apart, weight, (edge, NEVER));
            let (_, path) = way?;
            let around = graph.around(edge, &path);
            let steps = || path.iter().zip(&around[1..]).map(|(edge, (_, by))| (*edge, *by > 0));
            let most = steps().map(|(edge, along)| spare(&flow, edge, along == rising));
            let sent = most.chain([left]).min().unwrap_or(0);
            for (edge, along) in steps() {
                *flow.entry(edge).or_default() += if along == rising { sent } else { -sent };
            }
            left -= sent;
        }
        flow.retain(|_, by| *by != 0);
        Some(flow)
    }
}
