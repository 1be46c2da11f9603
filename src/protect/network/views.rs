//! Hidden figures become what each circuit, and each contributor, can tell of them.
//!
//! A contributor knows the cells that are his alone, so for him they are published: what remains
//! must still not be computable. Everyone else is the contributor of nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::protect::network::family::Family;
use crate::protect::network::labels::{Forest, Label, Span};

/// A figure in a slice.
pub(crate) type Place = (u32, u32);

/// Of more labels than this, not all sums are tried: each primary figure is.
const SUMS: usize = 6;

/// What is hidden, as seen from each circuit.
pub(crate) struct Views<'a> {
    family: &'a Family,
    is_primary: Vec<bool>,
    forests: Vec<Forest>,
    /// The figures that are primary in a slice of the circuit, by their labels.
    needed: Vec<HashMap<Label, Vec<u32>>>,
    /// The contributors who know a figure in a tree of the circuit's forest, by that tree.
    insiders: Vec<BTreeMap<u32, Vec<usize>>>,
}

impl<'a> Views<'a> {
    /// Of what is hidden now: what has no weight.
    pub(crate) fn new(family: &'a Family, weights: &[u64]) -> Self {
        let mut is_primary = vec![false; weights.len()];
        for (edge, slice) in &family.primary {
            is_primary[family.place(*edge, *slice)] = true;
        }
        let (forests, needed, insiders) = (Vec::new(), Vec::new(), Vec::new());
        let mut views = Self { family, is_primary, forests, needed, insiders };
        for circuit in family.numbers() {
            let in_circuit = |edge| family.all_hidden(weights, circuit, edge);
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
            views.insiders.push(BTreeMap::new());
        }
        for (contributor, places) in family.contributors.iter().enumerate() {
            for (edge, slice) in places {
                for circuit in &family.through[*slice as usize] {
                    if views.label(*circuit, *edge) != 0 {
                        let tree = views.tree(*circuit, *edge);
                        let known = views.insiders[*circuit as usize].entry(tree).or_default();
                        if known.last() != Some(&contributor) {
                            known.push(contributor);
                        }
                    }
                }
            }
        }
        views
    }

    /// The label of a figure in a circuit.
    pub(crate) fn label(&self, circuit: u32, edge: u32) -> Label {
        self.forests[circuit as usize].label(edge)
    }

    fn tree(&self, circuit: u32, edge: u32) -> u32 {
        self.forests[circuit as usize].tree(self.family.graph.ends[edge as usize].0)
    }

    fn has_primary(&self, circuit: u32, edge: u32) -> bool {
        self.slices(circuit).any(|slice| self.is_primary[self.family.place(edge, slice)])
    }

    fn slices(&self, circuit: u32) -> impl Iterator<Item = u32> + '_ {
        self.family.circuits[circuit as usize].iter().map(|(slice, _)| *slice)
    }

    /// What a contributor knows in a circuit.
    fn span(&self, circuit: u32, contributor: &[Place]) -> Span {
        let mut span = Span::default();
        for (edge, slice) in contributor {
            if self.slices(circuit).any(|known| known == *slice) {
                span.add(self.label(circuit, *edge));
            }
        }
        span
    }

    /// The primary figures that a contributor can compute in one circuit once he has a label too,
    /// or 0 for what he can compute already.
    fn computable(&self, circuit: u32, span: &Span, label: Label) -> Vec<u32> {
        let needed = &self.needed[circuit as usize];
        let rest = span.rest(label);
        if rest == 0 && label != 0 {
            return Vec::new();
        }
        let mut edges: Vec<u32> = if span.len() <= SUMS {
            span.sums().filter_map(|sum| needed.get(&(sum ^ rest))).flatten().copied().collect()
        } else {
            let same = needed.iter().filter(|(label, _)| span.rest(**label) == rest);
            same.flat_map(|(_, edges)| edges).copied().collect()
        };
        edges.sort_unstable();
        edges
    }

    /// Those of them that no other circuit protects from him, when `lost` labels are known there.
    fn exposed(
        &self,
        circuit: u32,
        label: Label,
        contributor: &[Place],
        lost: &[(u32, Label)],
    ) -> Vec<Place> {
        let safe_in = |circuit: u32, edge: u32| {
            let mut span = self.span(circuit, contributor);
            let lost = lost.iter().filter(|(known, _)| *known == circuit);
            lost.for_each(|(_, label)| span.add(*label));
            span.rest(self.label(circuit, edge)) != 0
        };
        let edges = self.computable(circuit, &self.span(circuit, contributor), label);
        let places = edges.iter().flat_map(|edge| self.slices(circuit).map(|slice| (*edge, slice)));
        let exposed = |(edge, slice): &Place| {
            let through = &self.family.through[*slice as usize];
            self.is_primary[self.family.place(*edge, *slice)]
                && !contributor.contains(&(*edge, *slice))
                && !through.iter().any(|circuit| safe_in(*circuit, *edge))
        };
        places.filter(exposed).collect()
    }

    /// The primary figures that a contributor can compute.
    pub(crate) fn exposed_to(&self, contributor: &[Place]) -> Vec<Place> {
        let circuits =
            contributor.iter().flat_map(|(_, slice)| &self.family.through[*slice as usize]);
        let circuits: BTreeSet<u32> = circuits.copied().collect();
        let exposed =
            circuits.iter().flat_map(|circuit| self.exposed(*circuit, 0, contributor, &[]));
        exposed.collect::<BTreeSet<Place>>().into_iter().collect()
    }

    /// Whether a figure can be published, which has these labels in these circuits, and no primary
    /// figure becomes computable to anyone.
    pub(crate) fn dispensable(&self, edge: u32, labels: &[(u32, Label)]) -> bool {
        labels.iter().all(|(circuit, label)| {
            let insiders = &self.insiders[*circuit as usize];
            let insiders = insiders.get(&self.tree(*circuit, edge)).into_iter().flatten();
            let insiders = insiders.map(|number| self.family.contributors[*number].as_slice());
            let mut everyone = [[].as_slice()].into_iter().chain(insiders);
            everyone.all(|known| self.exposed(*circuit, *label, known, labels).is_empty())
        })
    }

    /// Publishes a figure in a circuit where its label is not 0.
    pub(crate) fn publish(&mut self, circuit: u32, edge: u32) {
        let changed = self.forests[circuit as usize].publish(&self.family.graph, edge);
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
