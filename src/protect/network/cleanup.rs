//! A protected slice becomes one in which no secondary figure can be published again.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::protect::network::graph::Graph;
use crate::protect::network::labels::{Forest, Label};

/// Publishes secondary figures again, the most costly first, as long as no primary figure becomes
/// computable. `cost` is that of a secondary figure, none of others.
pub(crate) fn clean_up(graph: &Graph, hidden: &mut [bool], cost: impl Fn(u32) -> Option<u64>) {
    let hidden_before = hidden.to_vec();
    let secondary = graph.edges().filter(|edge| hidden[*edge as usize]);
    let secondary = secondary.filter_map(|edge| cost(edge).map(|cost| (Reverse(cost), edge)));
    let mut secondary: Vec<(Reverse<u64>, u32)> = secondary.collect();
    secondary.sort_unstable();
    let mut forest = Forest::new(graph, |edge| hidden[edge as usize]);
    let is_primary = |edge: &u32| hidden_before[*edge as usize] && cost(*edge).is_none();
    let mut needed: HashMap<Label, u32> = HashMap::new();
    for edge in graph.edges().filter(is_primary) {
        *needed.entry(forest.label(edge)).or_default() += 1;
    }
    for (_, edge) in secondary {
        // Publishing a figure makes those with the same label computable. One that is computable
        // itself protects nothing.
        let label = forest.label(edge);
        if label == 0 || !needed.contains_key(&label) {
            hidden[edge as usize] = false;
        }
        if hidden[edge as usize] || label == 0 {
            continue;
        }
        for (edge, before) in forest.publish(graph, edge) {
            if is_primary(&edge) {
                forget(&mut needed, before);
                *needed.entry(forest.label(edge)).or_default() += 1;
            }
        }
    }
}

fn forget(needed: &mut HashMap<Label, u32>, label: Label) {
    if let Some(times) = needed.get_mut(&label) {
        *times -= 1;
        if *times == 0 {
            needed.remove(&label);
        }
    }
}
