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

    /// The primary figures of slices of a circuit among edges, without those that a contributor
    /// knows.
    fn primary(&self, circuit: u32, edges: &[u32], contributor: &[Place]) -> Vec<Place> {
        let places = edges.iter().flat_map(|edge| self.slices(circuit).map(|slice| (*edge, slice)));
        let primary = |(edge, slice): &Place| {
            self.is_primary[self.family.place(*edge, *slice)]
                && !contributor.contains(&(*edge, *slice))
        };
        places.filter(primary).collect()
    }

    /// Whether any circuit protects a primary figure from a contributor when he is told what has
    /// the `lost` labels, each in its circuit.
    fn safe(&self, place: Place, contributor: &[Place], lost: &[(u32, Label)]) -> bool {
        self.family.through[place.1 as usize].iter().any(|circuit| {
            let mut span = self.span(*circuit, contributor);
            let lost = lost.iter().filter(|(known, _)| known == circuit);
            lost.for_each(|(_, label)| span.add(*label));
            span.rest(self.label(*circuit, place.0)) != 0
        })
    }

    /// The primary figures that a contributor can compute.
    pub(crate) fn exposed_to(&self, contributor: &[Place]) -> Vec<Place> {
        let slices = contributor.iter().map(|(_, slice)| *slice as usize);
        let circuits: BTreeSet<u32> =
            slices.flat_map(|slice| &self.family.through[slice]).copied().collect();
        let mut exposed = BTreeSet::new();
        for circuit in circuits {
            let edges = self.computable(circuit, &self.span(circuit, contributor), 0);
            let places = self.primary(circuit, &edges, contributor).into_iter();
            exposed.extend(places.filter(|place| !self.safe(*place, contributor, &[])));
        }
        exposed.into_iter().collect()
    }

    /// Whether a figure can be published, which has these labels in these circuits, and no primary
    /// figure becomes computable to anyone.
    pub(crate) fn dispensable(&self, edge: u32, labels: &[(u32, Label)]) -> bool {
        labels.iter().all(|(circuit, label)| {
            let keeps = |contributor: &[Place]| {
                let span = self.span(*circuit, contributor);
                let edges = self.computable(*circuit, &span, *label);
                let places = self.primary(*circuit, &edges, contributor);
                places.iter().all(|place| self.safe(*place, contributor, labels))
            };
            // Those that all can compute in this circuit now are left to others, where
            // contributors know more than all do.
            let left = || self.primary(*circuit, self.needed(*circuit, *label), &[]);
            let keeps_left = |place: Place| {
                let mut through = self.family.through[place.1 as usize].iter();
                through.all(|circuit| {
                    self.insiders(*circuit, place.0).all(|known| {
                        known.contains(&place)
                            || self.safe(place, known, labels)
                            || !self.safe(place, known, &[])
                    })
                })
            };
            keeps(&[])
                && self.insiders(*circuit, edge).all(keeps)
                && (self.family.contributors.is_empty() || left().into_iter().all(keeps_left))
        })
    }

    /// The contributors who know a figure in the tree of one in a circuit.
    fn insiders(&self, circuit: u32, edge: u32) -> impl Iterator<Item = &[Place]> + '_ {
        let insiders = self.insiders[circuit as usize].get(&self.tree(circuit, edge));
        let insiders = insiders.into_iter().flatten();
        insiders.map(|number| self.family.contributors[*number].as_slice())
    }

    /// The labels of a figure of a slice in the circuits where it is not computable. Where it is,
    /// it protects nothing.
    pub(crate) fn labels(&self, (edge, slice): Place) -> Vec<(u32, Label)> {
        let through = self.family.through[slice as usize].iter();
        let labels = through.map(|circuit| (*circuit, self.label(*circuit, edge)));
        labels.filter(|(_, label)| *label != 0).collect()
    }

    /// The figures that are primary in a slice of a circuit and have that label in it.
    pub(crate) fn needed(&self, circuit: u32, label: Label) -> &[u32] {
        self.needed[circuit as usize].get(&label).map_or(&[], Vec::as_slice)
    }

    /// Publishes a figure of a slice.
    pub(crate) fn publish(&mut self, (edge, slice): Place) {
        for circuit in &self.family.through[slice as usize] {
            let changed = self.forests[*circuit as usize].publish(&self.family.graph, edge);
            self.labelled(*circuit, changed);
        }
    }

    /// Hides a figure of a slice; what is hidden has no weight.
    pub(crate) fn hide(&mut self, weights: &[u64], (edge, slice): Place) {
        for circuit in &self.family.through[slice as usize] {
            if self.family.all_hidden(weights, *circuit, edge) {
                let changed = self.forests[*circuit as usize].hide(&self.family.graph, edge);
                self.labelled(*circuit, changed);
            }
        }
    }

    /// Takes note of labels that changed, and of what they were.
    fn labelled(&mut self, circuit: u32, changed: Vec<(u32, Label)>) {
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
