//! What is known becomes what can be computed of the rest, by outsiders and by contributors.
//!
//! Differences of releases, totals less what is published, complements and rates need no attack of
//! their own: [`crate::audit::knowledge`] holds them all as relations.

use crate::audit::component::components;
use crate::audit::deduction::deduce;
use crate::audit::elimination::determined;
use crate::audit::figures::Known;
use crate::audit::graph::Graph;

/// The hidden figures that anyone can compute exactly, sorted. It reads no secret.
#[must_use]
pub fn computable(known: &Known) -> Vec<u32> {
    let mut known = known.clone();
    let mut found = deduce(&mut known);
    for component in components(&known) {
        match Graph::of(&known, &component) {
            Some(graph) => found.extend(graph.bridges()),
            None => found.extend(determined(&known, &component)),
        }
    }
    found.sort_unstable();
    found
}

/// What a contributor who knows `own` figures, whose true values are in `truth`, can compute
/// besides, sorted.
#[must_use]
pub fn computable_by(known: &Known, truth: &[i64], own: &[u32]) -> Vec<u32> {
    let mut his = known.clone();
    for figure in own {
        his.show(*figure, truth[*figure as usize]);
    }
    computable(&his)
}
