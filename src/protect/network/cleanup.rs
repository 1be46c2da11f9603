//! Hidden cycles become a pattern in which no secondary figure can be published again.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::protect::network::hide::Family;
use crate::protect::network::labels::{Forest, Label};

/// Publishes secondary figures again, the most costly first, as long as each primary figure keeps
/// a circuit in which it is not computable. `weights` are those before anything secondary was
/// hidden: 0 for what stays hidden.
pub(crate) fn clean_up(family: &Family, hidden: &mut [bool], weights: &[u64]) {
    let places = (0..hidden.len()).filter(|place| hidden[*place] && weights[*place] != 0);
    let mut secondary: Vec<(Reverse<u64>, usize)> =
        places.map(|place| (Reverse(weights[place]), place)).collect();
    secondary.sort_unstable();
    let mut views = Views::new(family, hidden);
    let mut lost = Vec::new();
    for (_, place) in secondary {
        let (edge, slice) = family.at(place);
        // In each circuit, publishing a figure makes those with the same label computable. Where
        // it is computable itself it protects nothing.
        lost.clear();
        for circuit in &family.through[slice as usize] {
            if family.all_hidden(hidden, *circuit, edge) {
                let label = views.forests[*circuit as usize].label(edge);
                lost.extend((label != 0).then_some((*circuit, label)));
            }
        }
        if lost.iter().all(|(circuit, label)| views.dispensable(hidden, *circuit, *label, &lost)) {
            for (circuit, _) in &lost {
                views.publish(*circuit, edge);
            }
            hidden[place] = false;
        }
    }
}

/// What is hidden, as seen from each circuit.
struct Views<'a> {
    family: &'a Family,
    is_primary: Vec<bool>,
    forests: Vec<Forest>,
    /// The figures that are primary in a slice of the circuit, by their labels.
    needed: Vec<HashMap<Label, Vec<u32>>>,
}

impl<'a> Views<'a> {
    fn new(family: &'a Family, hidden: &[bool]) -> Self {
        let mut is_primary = vec![false; hidden.len()];
        for (edge, slice) in &family.primary {
            is_primary[family.place(*edge, *slice)] = true;
        }
        let mut views = Self { family, is_primary, forests: Vec::new(), needed: Vec::new() };
        for circuit in family.numbers() {
            let in_circuit = |edge| family.all_hidden(hidden, circuit, edge);
            let forest = Forest::new(&family.graph, in_circuit);
            let mut needed: HashMap<Label, Vec<u32>> = HashMap::new();
            for edge in family.graph.edges() {
                let label = forest.label(edge);
                if label != 0 && views.has_primary(circuit, edge) {
                    needed.entry(label).or_default().push(edge);
                }
            }
            views.forests.push(forest);
            views.needed.push(needed);
        }
        views
    }

    fn has_primary(&self, circuit: u32, edge: u32) -> bool {
        let mut slices = self.family.circuits[circuit as usize].iter();
        slices.any(|(slice, _)| self.is_primary[self.family.place(edge, *slice)])
    }

    /// Whether the primary figures of a label in a circuit are safe in others, when in each of the
    /// circuits that `lost` lists those of a label no longer are.
    fn dispensable(
        &self,
        hidden: &[bool],
        circuit: u32,
        label: Label,
        lost: &[(u32, Label)],
    ) -> bool {
        let safe_in = |circuit: u32, edge: u32| {
            let label = self.forests[circuit as usize].label(edge);
            label != 0
                && self.family.all_hidden(hidden, circuit, edge)
                && !lost.contains(&(circuit, label))
        };
        let slices = &self.family.circuits[circuit as usize];
        let edges = self.needed[circuit as usize].get(&label);
        edges.into_iter().flatten().all(|edge| {
            slices.iter().all(|(slice, _)| {
                let through = &self.family.through[*slice as usize];
                !self.is_primary[self.family.place(*edge, *slice)]
                    || through.iter().any(|circuit| safe_in(*circuit, *edge))
            })
        })
    }

    fn publish(&mut self, circuit: u32, edge: u32) {
        let graph = &self.family.graph;
        let changed = self.forests[circuit as usize].publish(graph, edge);
        for (edge, before) in changed {
            if !self.has_primary(circuit, edge) {
                continue;
            }
            let needed = &mut self.needed[circuit as usize];
            if let Some(edges) = needed.get_mut(&before) {
                edges.retain(|known| *known != edge);
                if edges.is_empty() {
                    needed.remove(&before);
                }
            }
            let label = self.forests[circuit as usize].label(edge);
            if label != 0 {
                needed.entry(label).or_default().push(edge);
            }
        }
    }
}
