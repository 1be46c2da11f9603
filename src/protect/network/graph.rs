//! A table becomes a graph whose cycles are what its figures can do together.
//!
//! Each figure of territory × column stands in exactly two relations: it is part of the same
//! column one territory up, and it is the sum of its parts or, for the smallest territories, a
//! term of their row. So it is an edge between two relations, and what changes may be made to the
//! figures without breaking a relation is what flows around cycles.

use crate::protect::tree::Tree;

/// The relations as nodes, the figures as edges. A figure of which nothing may change is no edge.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// Number of relations.
    pub(crate) nodes: u32,
    /// The figure of each edge, ascending: territory × columns + column.
    pub(crate) figures: Vec<u32>,
    /// Where each edge leads: from the relation that has it with + to the one with −.
    pub(crate) ends: Vec<(u32, u32)>,
    starts: Vec<u32>,
    links: Vec<(u32, u32)>,
}

impl Graph {
    /// The graph of the figures that `movable` keeps. Column 0 is the total of the others.
    pub(crate) fn new(territory: &Tree, columns: u32, movable: impl Fn(u32) -> bool) -> Self {
        // The ground is node 0: it stands for no relation, so anything may flow into it.
        let mut nodes = 1;
        let mut take = |count: u32| {
            nodes += count;
            nodes - count
        };
        let inner = |place: u32| !territory.children(place).is_empty();
        let mut columns_of = Vec::with_capacity(territory.len());
        let mut rows = Vec::with_capacity(territory.len());
        for place in territory.nodes() {
            columns_of.push(if inner(place) { take(columns) } else { 0 });
            let has_row = columns > 1 && (!inner(place) || territory.parent(place).is_none());
            rows.push(if has_row { take(1) } else { 0 });
        }
        let (mut figures, mut ends) = (Vec::new(), Vec::new());
        for place in territory.nodes() {
            for column in 0..columns {
                let figure = place * columns + column;
                if !movable(figure) {
                    continue;
                }
                let row = rows[place as usize];
                let above = match territory.parent(place) {
                    Some(parent) => columns_of[parent as usize] + column,
                    None if inner(place) => row,
                    None => 0,
                };
                let below = if inner(place) { columns_of[place as usize] + column } else { row };
                figures.push(figure);
                ends.push(if column == 0 { (below, above) } else { (above, below) });
            }
        }
        let (starts, links) = adjacency(nodes, &ends);
        Self { nodes, figures, ends, starts, links }
    }

    /// The edges at a node, each with the node at its other end.
    pub(crate) fn links(&self, node: u32) -> &[(u32, u32)] {
        &self.links[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// All edges.
    pub(crate) fn edges(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The edges of a path that starts at the head of `edge` and comes back to its tail become the
    /// change around that cycle: by figure, with +1 for that of `edge`.
    pub(crate) fn around(&self, edge: u32, path: &[u32]) -> Vec<(u32, i8)> {
        let (_, mut here) = self.ends[edge as usize];
        let mut change = vec![(self.figures[edge as usize], 1)];
        for edge in path {
            let (from, to) = self.ends[*edge as usize];
            let along = from == here;
            here = if along { to } else { from };
            change.push((self.figures[*edge as usize], if along { 1 } else { -1 }));
        }
        change
    }
}

fn adjacency(nodes: u32, ends: &[(u32, u32)]) -> (Vec<u32>, Vec<(u32, u32)>) {
    let mut starts = vec![0_u32; nodes as usize + 1];
    for (from, to) in ends {
        starts[*from as usize + 1] += 1;
        starts[*to as usize + 1] += 1;
    }
    for node in 0..nodes as usize {
        starts[node + 1] += starts[node];
    }
    let mut next = starts.clone();
    let mut links = vec![(0, 0); ends.len() * 2];
    for (edge, (from, to)) in (0_u32..).zip(ends) {
        for (here, there) in [(from, to), (to, from)] {
            links[next[*here as usize] as usize] = (edge, *there);
            next[*here as usize] += 1;
        }
    }
    (starts, links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_stands_in_two_relations_and_a_cycle_keeps_them() {
        let tree = Tree::new([("a", "top"), ("b", "top")], []).unwrap();
        let graph = Graph::new(&tree, 3, |_| true);
        // Ground; three columns and the row of the top; the rows of a and b.
        assert_eq!((graph.nodes, graph.ends.len()), (7, 9));
        // Part 1 of a rises, part 2 of a sinks, so does part 1 of b, and part 2 of b rises.
        let change = graph.around(4, &[5, 8, 7]);
        assert_eq!(change, [(4, 1), (5, -1), (8, 1), (7, -1)]);
    }

    #[test]
    fn one_column_is_a_tree_alone() {
        let tree = Tree::flat("top", ["a", "b"]);
        let graph = Graph::new(&tree, 1, |_| true);
        assert_eq!(graph.ends, [(1, 0), (0, 1), (0, 1)]);
    }
}
