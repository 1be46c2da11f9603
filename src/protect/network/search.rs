//! A figure becomes the cheapest cycle through it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::protect::network::graph::Graph;

/// The weight of what may never be used.
pub(crate) const NEVER: u64 = u64::MAX;

/// Nodes known to be on common cycles of hidden figures: between them the way is free, so that
/// each such set is searched as one node.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    parent: Vec<u32>,
    /// The members of each set, in a ring.
    next: Vec<u32>,
    size: Vec<u32>,
}

impl Merged {
    /// Each node alone.
    pub(crate) fn new(nodes: u32) -> Self {
        let parent: Vec<u32> = (0..nodes).collect();
        Self { next: parent.clone(), size: vec![1; parent.len()], parent }
    }

    /// The node that stands for the set of a node.
    pub(crate) fn find(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let above = self.parent[self.parent[node as usize] as usize];
            self.parent[node as usize] = above;
            node = above;
        }
        node
    }

    /// Makes two sets one.
    pub(crate) fn unite(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        if one == other {
            return;
        }
        let larger = self.size[one as usize] >= self.size[other as usize];
        let (root, under) = if larger { (one, other) } else { (other, one) };
        self.parent[under as usize] = root;
        self.size[root as usize] += self.size[under as usize];
        self.next.swap(root as usize, under as usize);
    }
}

#[derive(Clone, Debug, Default)]
struct Side {
    round: Vec<u32>,
    distance: Vec<u64>,
    entry: Vec<u32>,
    front: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Side {
    fn at(&self, node: u32, round: u32) -> u64 {
        if self.round[node as usize] == round { self.distance[node as usize] } else { NEVER }
    }

    fn reach(&mut self, node: u32, distance: u64, entry: u32, round: u32) {
        self.round[node as usize] = round;
        self.distance[node as usize] = distance;
        self.entry[node as usize] = entry;
        self.front.push(Reverse((distance, node)));
    }

    /// How near the next node is.
    fn nearest(&self) -> u64 {
        self.front.peek().map_or(NEVER, |Reverse((distance, _))| *distance)
    }
}

/// Room for searches, kept from one to the next.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    sides: [Side; 2],
    round: u32,
}

impl Search {
    /// For a graph with that many nodes.
    pub(crate) fn new(nodes: u32) -> Self {
        let nodes = nodes as usize;
        let side = Side {
            round: vec![0; nodes],
            distance: vec![0; nodes],
            entry: vec![0; nodes],
            front: BinaryHeap::new(),
        };
        Self { sides: [side.clone(), side], round: 0 }
    }

    /// The cheapest way from the head of `edge` back to its tail without it, if one weighs less
    /// than `limit`: its weight and its edges in order, those inside merged sets left out. The
    /// weight of an edge may depend on whether the way goes along it or against it.
    pub(crate) fn cheapest(
        &mut self,
        graph: &Graph,
        merged: &mut Merged,
        weight: impl Fn(u32, bool) -> u64,
        (edge, limit): (u32, u64),
    ) -> Option<(u64, Vec<u32>)> {
        let (tail, head) = graph.ends[edge as usize];
        let (tail, head) = (merged.find(tail), merged.find(head));
        if tail == head {
            return (limit > 0).then(|| (0, Vec::new()));
        }
        // Both ends at once: the two searches meet halfway, having seen far less than one would.
        self.round += 1;
        let round = self.round;
        for (side, start) in self.sides.iter_mut().zip([head, tail]) {
            side.front.clear();
            side.reach(start, 0, u32::MAX, round);
        }
        let (mut best, mut meeting) = (limit, None);
        loop {
            let near = [self.sides[0].nearest(), self.sides[1].nearest()];
            if near[0] == NEVER || near[1] == NEVER || near[0] + near[1] >= best {
                break;
            }
            let active = usize::from(near[1] < near[0]);
            let [one, two] = &mut self.sides;
            let (side, other) = if active == 0 { (one, two) } else { (two, one) };
            let Some(Reverse((distance, set))) = side.front.pop() else { break };
            if distance > side.at(set, round) {
                continue;
            }
            let mut member = set;
            loop {
                for (link, there) in graph.links(member) {
                    // The second search goes backwards, from the tail.
                    let start = if active == 0 { member } else { *there };
                    let step = weight(*link, graph.ends[*link as usize].0 == start);
                    if step >= best - distance || *link == edge {
                        continue;
                    }
                    let (there, distance) = (merged.find(*there), distance + step);
                    if there == set || distance >= side.at(there, round) {
                        continue;
                    }
                    side.reach(there, distance, *link, round);
                    let rest = other.at(there, round);
                    if rest != NEVER && distance + rest < best {
                        (best, meeting) = (distance + rest, Some(there));
                    }
                }
                member = merged.next[member as usize];
                if member == set {
                    break;
                }
            }
        }
        meeting.map(|meeting| (best, self.way(graph, merged, meeting)))
    }

    fn way(&self, graph: &Graph, merged: &mut Merged, meeting: u32) -> Vec<u32> {
        let mut trace = |side: &Side| {
            let (mut edges, mut here) = (Vec::new(), meeting);
            while side.entry[here as usize] != u32::MAX {
                let edge = side.entry[here as usize];
                edges.push(edge);
                let (from, to) = graph.ends[edge as usize];
                let (from, to) = (merged.find(from), merged.find(to));
                here = if from == here { to } else { from };
            }
            edges
        };
        let mut way = trace(&self.sides[0]);
        way.reverse();
        way.extend(trace(&self.sides[1]));
        way
    }
}
