//! A primary figure that nothing can protect becomes the published figures that give it away.

use crate::protect::network::family::Family;
use crate::protect::network::graph::Graph;
use crate::protect::network::search::NEVER;
use crate::protect::network::views::Place;

/// The figures, frozen in their slice, of which the primary one is a signed sum; none may be left
/// out. Empty when it is the only one that its relations leave open, or when only several slices
/// together give it away.
pub(crate) fn giving_away(family: &Family, weights: &[u64], (edge, slice): Place) -> Vec<u32> {
    let graph = &family.graph;
    let (tail, head) = graph.ends[edge as usize];
    let never = |edge: u32| weights[family.place(edge, slice)] == NEVER;
    let cuts = [(head, tail), (tail, head)].map(|(here, there)| {
        // What can move with one end, and of the rest what hangs together at the other end: the
        // frozen figures between these two are what the primary one is the sum of.
        let near = reach(graph, here, |other, _| other != edge && !never(other));
        if near[there as usize] {
            return Vec::new();
        }
        let far = reach(graph, there, |other, node| other != edge && !near[node as usize]);
        let cut = graph.edges().filter(|other| {
            let (from, to) = graph.ends[*other as usize];
            *other != edge && far[from as usize] != far[to as usize]
        });
        cut.collect()
    });
    let [one, other] = cuts;
    if one.len() <= other.len() { one } else { other }
}

/// The nodes that a node reaches over the edges that `open` lets through.
fn reach(graph: &Graph, start: u32, open: impl Fn(u32, u32) -> bool) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes as usize];
    let mut next = vec![start];
    reached[start as usize] = true;
    while let Some(node) = next.pop() {
        for (edge, there) in graph.links(node) {
            if !reached[*there as usize] && open(*edge, *there) {
                reached[*there as usize] = true;
                next.push(*there);
            }
        }
    }
    reached
}
