//! Hidden figures become labels that tell at once which of them are computable, and by whom.
//!
//! Each edge outside a spanning forest draws a random label; an edge of the forest has the sum
//! (XOR) of the labels of those that close a cycle over it. A set of edges contains a cut if and
//! only if some of its labels sum to zero. So label 0 means a bridge: the figure is computable. A
//! figure whose label is a sum of labels of other figures is computable by who knows those. Two
//! sums are equal by chance once in 2^128; that would hide more, never less.

use std::collections::HashSet;

use crate::protect::network::graph::Graph;

/// What is summed.
pub(crate) type Label = u128;

const NO_EDGE: u32 = u32::MAX;

/// A spanning forest of the hidden figures, and the label of each.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    /// The edge to the node above, and that node.
    entry: Vec<(u32, u32)>,
    /// The first node of each node's tree.
    trees: Vec<u32>,
    labels: Vec<Label>,
}

impl Forest {
    /// The forest of what is hidden. Figures that are not have label 0.
    pub(crate) fn new(graph: &Graph, hidden: impl Fn(u32) -> bool) -> Self {
        let mut entry = vec![(NO_EDGE, NO_EDGE); graph.nodes as usize];
        let mut trees = vec![NO_EDGE; graph.nodes as usize];
        let mut order: Vec<u32> = Vec::new();
        let mut start = 0;
        for root in 0..graph.nodes {
            if trees[root as usize] != NO_EDGE {
                continue;
            }
            trees[root as usize] = root;
            order.push(root);
            while let Some(node) = order.get(start).copied() {
                start += 1;
                for (edge, there) in graph.links(node) {
                    if trees[*there as usize] == NO_EDGE && hidden(*edge) {
                        trees[*there as usize] = root;
                        entry[*there as usize] = (*edge, node);
                        order.push(*there);
                    }
                }
            }
        }
        let mut forest = Self { entry, trees, labels: vec![0; graph.ends.len()] };
        let mut sums = vec![0; graph.nodes as usize];
        for edge in graph.edges().filter(|edge| hidden(*edge)) {
            if forest.below(graph, edge).is_none() {
                let (from, to) = graph.ends[edge as usize];
                let label = random(edge);
                forest.labels[edge as usize] = label;
                sums[from as usize] ^= label;
                sums[to as usize] ^= label;
            }
        }
        for node in order.iter().rev() {
            let (edge, above) = forest.entry[*node as usize];
            if edge != NO_EDGE {
                forest.labels[edge as usize] = sums[*node as usize];
                sums[above as usize] ^= sums[*node as usize];
            }
        }
        forest
    }

    /// The label of a figure.
    pub(crate) fn label(&self, edge: u32) -> Label {
        self.labels[edge as usize]
    }

    /// The tree of a node when the forest was made: labels of two trees never make a sum.
    pub(crate) fn tree(&self, node: u32) -> u32 {
        self.trees[node as usize]
    }

    /// Publishes a figure; gives the figures whose labels change and what they were. The others'
    /// stay, and keep their meaning.
    pub(crate) fn publish(&mut self, graph: &Graph, edge: u32) -> Vec<(u32, Label)> {
        let (label, below) = (self.label(edge), self.below(graph, edge));
        if let Some(below) = below.filter(|_| label == 0) {
            self.entry[below as usize] = (NO_EDGE, NO_EDGE);
        }
        if label == 0 {
            return Vec::new();
        }
        // A label that holds the draw of `closing` gets that of all others which close a cycle over
        // `edge` in its place: only the edges around the cycle of `closing` have it.
        let closing = below.map_or(Some(edge), |below| self.crossing(graph, edge, below));
        let Some(closing) = closing else { return Vec::new() };
        let mut around = self.path(graph.ends[closing as usize]);
        around.push(closing);
        let mut changed = Vec::with_capacity(around.len());
        for edge in around {
            changed.push((edge, self.label(edge)));
            self.labels[edge as usize] ^= label;
        }
        if let Some(below) = below {
            // What hung below the cut hangs on the closing edge now.
            self.entry[below as usize] = (NO_EDGE, NO_EDGE);
            let (from, to) = graph.ends[closing as usize];
            let inside = self.up(from).any(|node| node == below);
            let (node, above) = if inside { (from, to) } else { (to, from) };
            self.hang(node, (closing, above));
        }
        changed
    }

    /// Hides a figure; gives the figures whose labels change and what they were.
    pub(crate) fn hide(&mut self, graph: &Graph, edge: u32) -> Vec<(u32, Label)> {
        let (from, to) = graph.ends[edge as usize];
        if self.up(from).last() != self.up(to).last() {
            self.hang(to, (edge, from));
            return Vec::new();
        }
        let mut around = self.path((from, to));
        around.push(edge);
        let mut changed = Vec::with_capacity(around.len());
        for edge_around in around {
            changed.push((edge_around, self.label(edge_around)));
            self.labels[edge_around as usize] ^= random(edge);
        }
        changed
    }

    /// Hangs the tree of a node on an edge to a node of another tree.
    fn hang(&mut self, mut node: u32, mut above: (u32, u32)) {
        while node != NO_EDGE {
            let (edge, next) = std::mem::replace(&mut self.entry[node as usize], above);
            above = (edge, node);
            node = next;
        }
    }

    /// The lower node of an edge of the forest.
    fn below(&self, graph: &Graph, edge: u32) -> Option<u32> {
        let (from, to) = graph.ends[edge as usize];
        [from, to].into_iter().find(|node| self.entry[*node as usize].0 == edge)
    }

    /// The first edge found that closes a cycle over the one above `below`.
    fn crossing(&self, graph: &Graph, cut: u32, below: u32) -> Option<u32> {
        let (from, to) = graph.ends[cut as usize];
        let above = if from == below { to } else { from };
        // Both sides in step, so that the smaller is all that is seen.
        let mut sides = [(vec![below], 0), (vec![above], 0)];
        let mut side = 0;
        let mut inside = HashSet::from([below]);
        let mut outside = HashSet::from([above]);
        loop {
            let seen = if side == 0 { &mut inside } else { &mut outside };
            let (order, next) = &mut sides[side];
            let Some(node) = order.get(*next) else { break };
            *next += 1;
            for (edge, there) in graph.links(*node) {
                if *edge != cut && self.below(graph, *edge).is_some() && seen.insert(*there) {
                    order.push(*there);
                }
            }
            side = 1 - side;
        }
        let seen = if side == 0 { &inside } else { &outside };
        let closes = |(edge, there): &&(u32, u32)| {
            self.label(*edge) != 0 && *edge != cut && !seen.contains(there)
        };
        let links = sides[side].0.iter().flat_map(|node| graph.links(*node));
        links.filter(closes).map(|(edge, _)| *edge).next()
    }

    /// The nodes from one upwards.
    fn up(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(node), |node| {
            Some(self.entry[*node as usize].1).filter(|above| *above != NO_EDGE)
        })
    }

    /// The edges of the forest between two nodes of one tree.
    fn path(&self, (one, other): (u32, u32)) -> Vec<u32> {
        let mut ones: Vec<u32> = self.up(one).collect();
        let mut others: Vec<u32> = self.up(other).collect();
        while ones.len() > 1 && others.len() > 1 && ones[ones.len() - 2] == others[others.len() - 2]
        {
            ones.pop();
            others.pop();
        }
        if ones.last() == others.last() {
            ones.pop();
            others.pop();
        }
        ones.into_iter().chain(others).map(|node| self.entry[node as usize].0).collect()
    }
}

/// Always the same for an edge: equal tables give equal bytes. (SplitMix64, twice.)
fn random(edge: u32) -> Label {
    let half = |seed: u64| {
        let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u128::from(mixed ^ (mixed >> 31))
    };
    let seed = u64::from(edge) * 2 + 1;
    half(seed) << 64 | half(seed + 1)
}

/// Labels that are not sums of each other, to tell which others are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    basis: Vec<Label>,
}

impl Span {
    /// What remains of a label; 0 when it is a sum of those added.
    pub(crate) fn rest(&self, label: Label) -> Label {
        // The highest bits differ and come down, so the least of both is the one without the bit.
        self.basis.iter().fold(label, |rest, known| rest.min(rest ^ known))
    }

    /// Number of labels that are not sums of each other.
    pub(crate) fn len(&self) -> usize {
        self.basis.len()
    }

    /// All sums, 0 among them.
    pub(crate) fn sums(&self) -> impl Iterator<Item = Label> + '_ {
        let chosen =
            |set: u64| self.basis.iter().enumerate().filter(move |(bit, _)| set >> bit & 1 == 1);
        (0..1_u64 << self.len()).map(move |set| chosen(set).fold(0, |sum, (_, label)| sum ^ label))
    }

    /// Adds a label.
    pub(crate) fn add(&mut self, label: Label) {
        let rest = self.rest(label);
        if rest != 0 {
            self.basis.push(rest);
            self.basis.sort_unstable_by(|one, other| other.cmp(one));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::tree::Tree;
    use proptest::prelude::*;

    #[test]
    fn a_bridge_has_label_zero_and_a_cut_sums_to_zero() {
        let tree = Tree::flat("top", ["a", "b", "c"]);
        let graph = Graph::new(&tree, 4, |_| true);
        // Hidden: columns 1 and 2 of a and b, column 3 of a, column 1 of c.
        let hidden = [5, 6, 9, 10, 7, 13];
        let forest = Forest::new(&graph, |edge| hidden.contains(&edge));
        let labels = forest.labels;
        assert_eq!((labels[7], labels[13]), (0, 0));
        assert!(labels[5] != 0);
        // Who knows one of the square knows all of it.
        assert!(hidden[..4].iter().all(|edge| labels[*edge as usize] == labels[5]));
    }

    #[test]
    fn a_span_knows_the_sums() {
        let mut span = Span::default();
        for label in [0b0110, 0b0011, 0b0101] {
            span.add(label);
        }
        assert_eq!(span.basis.len(), 2);
        assert_eq!(span.rest(0b0101), 0);
        assert!(span.rest(0b1001) != 0);
    }

    proptest! {
        #[test]
        fn labels_that_were_kept_say_what_new_ones_say(
            steps in prop::collection::vec(0_u32..20, 1..60),
        ) {
            let tree = Tree::new([("a", "x"), ("b", "x"), ("x", "top"), ("c", "top")], []).unwrap();
            let graph = Graph::new(&tree, 4, |_| true);
            let mut hidden = vec![true; graph.ends.len()];
            let mut forest = Forest::new(&graph, |_| true);
            for edge in steps {
                hidden[edge as usize] = !hidden[edge as usize];
                if hidden[edge as usize] {
                    forest.hide(&graph, edge);
                } else {
                    forest.publish(&graph, edge);
                }
                let anew = Forest::new(&graph, |edge| hidden[edge as usize]);
                for one in graph.edges() {
                    prop_assert_eq!(forest.label(one) == 0, anew.label(one) == 0);
                    for other in graph.edges() {
                        let same = anew.label(one) == anew.label(other);
                        prop_assert_eq!(forest.label(one) == forest.label(other), same);
                    }
                }
            }
        }
    }
}
