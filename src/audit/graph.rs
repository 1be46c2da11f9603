//! A component whose figures stand in two equations at most becomes a graph: equations are its
//! nodes, figures its edges. A figure is computable if it is a bridge, and a change is a cycle.

use std::collections::{BTreeMap, VecDeque};

use crate::audit::component::Component;
use crate::audit::figures::Known;

/// A graph: raising the figure of an edge by one carries one unit along it.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The figure of each edge, and the nodes it goes from and to.
    edges: Vec<(u32, u32, u32)>,
    /// The edges at each node.
    at: Vec<Vec<u32>>,
    /// The edge of each figure.
    edge_of: BTreeMap<u32, u32>,
    // Of the last search.
    reached: Vec<Option<u32>>,
    visited: Vec<u32>,
}

impl Graph {
    /// The graph of a component, if it is one: factors are 1 or -1, and the equations can be turned
    /// so that each figure stands in one with each sign. Inequalities make it none.
    #[must_use]
    pub fn of(known: &Known, component: &Component) -> Option<Self> {
        if !component.inequalities.is_empty() {
            return None;
        }
        let mut stands: BTreeMap<u32, Vec<(u32, i32)>> = BTreeMap::new();
        for (row, node) in component.equations.iter().zip(0_u32..) {
            for (figure, factor) in known.equations.terms(*row as usize) {
                if !known.is_shown(figure) {
                    stands.entry(figure).or_default().push((node, factor));
                }
            }
        }
        let nodes = component.equations.len();
        let mut near: Vec<Vec<(u32, i32)>> = vec![Vec::new(); nodes];
        for rows in stands.values() {
            if rows.len() > 2 || rows.iter().any(|(_, factor)| factor.abs() != 1) {
                return None;
            }
            if let [(one, first), (other, second)] = rows[..] {
                near[one as usize].push((other, -first * second));
                near[other as usize].push((one, -first * second));
            }
        }
        let turned = turn(&near)?;
        // Figures of one equation go to a last node, whose equation the others imply.
        let outside = u32::try_from(nodes).ok()?;
        let mut graph = Self { at: vec![Vec::new(); nodes + 1], ..Self::default() };
        for figure in &component.figures {
            let (mut from, mut to) = (outside, outside);
            for (node, factor) in stands.get(figure).into_iter().flatten() {
                let end = if factor * turned[*node as usize] > 0 { &mut to } else { &mut from };
                *end = *node;
            }
            let edge = u32::try_from(graph.edges.len()).ok()?;
            graph.edges.push((*figure, from, to));
            graph.edge_of.insert(*figure, edge);
            graph.at[from as usize].push(edge);
            if from != to {
                graph.at[to as usize].push(edge);
            }
        }
        graph.reached = vec![None; nodes + 1];
        Some(graph)
    }

    /// The figures that are bridges, sorted.
    #[must_use]
    pub fn bridges(&self) -> Vec<u32> {
        let mut bridges = Vec::new();
        let mut entered = vec![0_u32; self.at.len()];
        let mut lowest = vec![0_u32; self.at.len()];
        let mut clock = 0_u32;
        for start in (0_u32..).take(self.at.len()) {
            if entered[start as usize] != 0 {
                continue;
            }
            clock += 1;
            entered[start as usize] = clock;
            lowest[start as usize] = clock;
            // Node, the edge it was entered by, and the next of its edges to follow.
            let mut path: Vec<(u32, Option<u32>, usize)> = vec![(start, None, 0)];
            while let Some((node, by, next)) = path.last_mut() {
                let (node, by) = (*node, *by);
                if let Some(edge) = self.at[node as usize].get(*next).copied() {
                    *next += 1;
                    let other = self.other_end(edge, node) as usize;
                    if Some(edge) == by {
                        continue;
                    }
                    if entered[other] != 0 {
                        lowest[node as usize] = lowest[node as usize].min(entered[other]);
                        continue;
                    }
                    clock += 1;
                    (entered[other], lowest[other]) = (clock, clock);
                    path.push((self.other_end(edge, node), Some(edge), 0));
                } else {
                    path.pop();
                    let Some((parent, _, _)) = path.last() else { continue };
                    let parent = *parent as usize;
                    lowest[parent] = lowest[parent].min(lowest[node as usize]);
                    if let (Some(edge), true) = (by, lowest[node as usize] > entered[parent]) {
                        bridges.push(self.edges[edge as usize].0);
                    }
                }
            }
        }
        bridges.sort_unstable();
        bridges
    }

    /// The change that moves `figure` by `by`, or by as much of it as is possible, without touching
    /// the figures that `closed` says.
    pub fn change(
        &mut self,
        (known, truth): (&Known, &[i64]),
        (figure, by): (u32, i64),
        closed: &dyn Fn(u32) -> bool,
    ) -> BTreeMap<u32, i64> {
        let mut change: BTreeMap<u32, i64> = BTreeMap::new();
        let Some(edge) = self.edge_of.get(&figure).copied() else { return change };
        let (_, from, to) = self.edges[edge as usize];
        let (start, end) = if by > 0 { (to, from) } else { (from, to) };
        let wanted = by.abs().min(left(known, truth, figure, by.signum(), 0));
        let mut done = 0;
        while done < wanted {
            let capacity = |edge: u32, up: bool| {
                let (other, ..) = self.edges[edge as usize];
                let moved = change.get(&other).copied().unwrap_or(0);
                let stays = other == figure || closed(other);
                if stays { 0 } else { left(known, truth, other, if up { 1 } else { -1 }, moved) }
            };
            let reached = std::mem::take(&mut self.reached);
            let visited = std::mem::take(&mut self.visited);
            let search = Search { reached, visited, path: Vec::new(), capacity: 0 };
            let search = self.path(start, end, &capacity, search);
            let step = search.capacity.min(wanted - done);
            for (edge, up) in &search.path {
                let moved = change.entry(self.edges[*edge as usize].0).or_insert(0);
                *moved += if *up { step } else { -step };
            }
            (self.reached, self.visited) = (search.reached, search.visited);
            if step == 0 {
                break;
            }
            done += step;
        }
        change.insert(figure, done * by.signum());
        change.retain(|_, by| *by != 0);
        change
    }

    /// A shortest path along which something can flow.
    fn path(
        &self,
        start: u32,
        end: u32,
        capacity: &dyn Fn(u32, bool) -> i64,
        mut search: Search,
    ) -> Search {
        if start == end {
            search.capacity = i64::MAX;
            return search;
        }
        let mut queue = VecDeque::from([start]);
        search.visited.push(start);
        // Any edge marks the start as reached; the walk back stops before it is used.
        search.reached[start as usize] = Some(u32::MAX);
        'found: while let Some(node) = queue.pop_front() {
            for edge in self.at[node as usize].iter().copied() {
                let (_, from, _) = self.edges[edge as usize];
                let other = self.other_end(edge, node);
                if search.reached[other as usize].is_none() && capacity(edge, from == node) > 0 {
                    search.reached[other as usize] = Some(edge);
                    search.visited.push(other);
                    if other == end {
                        break 'found;
                    }
                    queue.push_back(other);
                }
            }
        }
        if search.reached[end as usize].is_some() {
            search.capacity = i64::MAX;
            let mut node = end;
            while let (Some(edge), true) = (search.reached[node as usize], node != start) {
                let up = self.edges[edge as usize].2 == node;
                search.capacity = search.capacity.min(capacity(edge, up));
                search.path.push((edge, up));
                node = self.other_end(edge, node);
            }
        }
        for node in search.visited.drain(..) {
            search.reached[node as usize] = None;
        }
        search
    }

    fn other_end(&self, edge: u32, node: u32) -> u32 {
        let (_, from, to) = self.edges[edge as usize];
        if from == node { to } else { from }
    }
}

/// A search for a path: its marks are kept from one to the next, as they are many.
struct Search {
    reached: Vec<Option<u32>>,
    visited: Vec<u32>,
    path: Vec<(u32, bool)>,
    capacity: i64,
}

/// How much further a figure can go one way.
fn left(known: &Known, truth: &[i64], figure: u32, way: i64, moved: i64) -> i64 {
    let (figure, now) = (figure as usize, truth[figure as usize].saturating_add(moved));
    if way > 0 {
        known.high[figure].saturating_sub(now)
    } else {
        now.saturating_sub(known.low[figure])
    }
}

/// A sign for each node such that neighbours agree, if there is one.
fn turn(near: &[Vec<(u32, i32)>]) -> Option<Vec<i32>> {
    let mut turned = vec![0_i32; near.len()];
    for start in 0..near.len() {
        if turned[start] != 0 {
            continue;
        }
        turned[start] = 1;
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            for (other, same) in &near[node] {
                let sign = turned[node] * same;
                let known = &mut turned[*other as usize];
                if *known == 0 {
                    *known = sign;
                    stack.push(*other as usize);
                } else if *known != sign {
                    return None;
                }
            }
        }
    }
    Some(turned)
}
