//! A figure and how far it should go become a change that agrees with all that is known.
//!
//! Nothing here is believed: each change goes through the [`crate::audit::verifier`].

use std::collections::BTreeMap;

use crate::audit::certificate::Change;
use crate::audit::component::{Component, components};
use crate::audit::deduction::deduce;
use crate::audit::figures::Known;
use crate::audit::graph::Graph;
use crate::audit::tableau::Tableau;

/// A component that is no graph is searched by pivots up to this number of figures. A greater one
/// must bring its changes, or is refused.
pub const FIGURES_MAX: usize = 20_000;

/// How many further pushes may round a change that has fractions.
const ROUNDINGS_MAX: u32 = 200;

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A change that moves the figure, if there is one.
    pub change: Option<Change>,
    /// What it moves the figure by.
    pub by: i64,
    /// Whether no possible table moves it further.
    pub is_furthest: bool,
}

/// How a component is searched.
enum Machine {
    Graph(Graph),
    Tableau(Box<Tableau>),
    None,
}

/// What is hidden, ready to be searched.
pub struct Search<'a> {
    known: Known,
    truth: &'a [i64],
    components: Vec<Component>,
    /// The component of each hidden figure.
    place: BTreeMap<u32, usize>,
    machines: BTreeMap<usize, Machine>,
}

impl<'a> Search<'a> {
    /// Gets ready.
    #[must_use]
    pub fn new(known: &Known, truth: &'a [i64]) -> Self {
        let mut known = known.clone();
        deduce(&mut known);
        let components = components(&known);
        let place = components.iter().enumerate();
        let place = place.flat_map(|(place, one)| one.figures.iter().map(move |it| (*it, place)));
        let place = place.collect();
        Self { known, truth, components, place, machines: BTreeMap::new() }
    }

    /// The hidden figures tied to one, itself included.
    #[must_use]
    pub fn tied(&self, figure: u32) -> &[u32] {
        self.place.get(&figure).map_or(&[], |place| &self.components[*place].figures)
    }

    /// The furthest change that moves a figure by up to `by` and leaves alone what `closed` says.
    pub fn push(&mut self, figure: u32, by: i64, closed: &dyn Fn(u32) -> bool) -> Found {
        let stays = Found { is_furthest: true, ..Found::default() };
        let Some(place) = self.place.get(&figure).copied() else { return stays };
        if by == 0 || closed(figure) {
            return stays;
        }
        let Self { known, truth, components, machines, .. } = self;
        let machine =
            machines.entry(place).or_insert_with(|| Machine::of(known, truth, &components[place]));
        match machine {
            Machine::None => Found::default(),
            Machine::Graph(graph) => {
                let terms = graph.change((known, truth), (figure, by), closed);
                let by = terms.get(&figure).copied().unwrap_or(0);
                let change = (by != 0).then(|| Change::new(terms, false));
                Found { change, by, is_furthest: true }
            }
            Machine::Tableau(tableau) => {
                let best = Found { is_furthest: true, ..Found::default() };
                let limits = BTreeMap::new();
                let aim = (figure, by);
                let left = ROUNDINGS_MAX;
                let mut rounding = Rounding { tableau, aim, closed, limits, left, best };
                rounding.push();
                rounding.best
            }
        }
    }
}

impl Machine {
    fn of(known: &Known, truth: &[i64], component: &Component) -> Self {
        if let Some(graph) = Graph::of(known, component) {
            return Self::Graph(graph);
        }
        if component.figures.len() > FIGURES_MAX {
            return Self::None;
        }
        let tableau = Tableau::of(known, truth, component);
        tableau.map_or(Self::None, |tableau| Self::Tableau(Box::new(tableau)))
    }
}

/// Pushes, and where the change has fractions, pushes again with one of them kept nearer to zero.
struct Rounding<'a> {
    tableau: &'a mut Tableau,
    aim: (u32, i64),
    closed: &'a dyn Fn(u32) -> bool,
    limits: BTreeMap<u32, (i64, i64)>,
    left: u32,
    best: Found,
}

impl Rounding<'_> {
    fn push(&mut self) {
        let (figure, by) = self.aim;
        let limits = |figure: u32| {
            if (self.closed)(figure) { Some((0, 0)) } else { self.limits.get(&figure).copied() }
        };
        let Some(push) = self.tableau.push(figure, by, &limits) else {
            self.best.is_furthest = false;
            return;
        };
        let whole = push.change.iter().map(|(figure, by)| Some((*figure, by.whole()?)));
        if let Some(terms) = whole.collect::<Option<Vec<_>>>() {
            let moved = terms.iter().find(|(one, _)| *one == figure).map_or(0, |(_, by)| *by);
            if moved.abs() > self.best.by.abs() {
                (self.best.by, self.best.change) = (moved, Some(Change::new(terms, false)));
            }
            return;
        }
        // What rounding leaves out is not proved to be impossible.
        self.best.is_furthest = false;
        for (one, value) in &push.change {
            if self.best.by == by || self.left == 0 {
                return;
            }
            if value.whole().is_some() {
                continue;
            }
            self.left -= 1;
            let (down, up) = self.limits.get(one).copied().unwrap_or((i64::MIN + 1, i64::MAX));
            let end = value.towards_zero();
            let nearer = if value.sign() > 0 { (down, end) } else { (end, up) };
            let before = self.limits.insert(*one, nearer);
            self.push();
            match before {
                Some(before) => self.limits.insert(*one, before),
                None => self.limits.remove(one),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::deduction::deduce;
    use crate::audit::elimination::determined;
    use crate::audit::graph::Graph;
    use crate::audit::knowledge::Knowledge;
    use crate::audit::test_support::{linked, possible};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]
        #[test]
        fn the_furthest_is_that_of_all_possible_tables(release in linked()) {
            let Knowledge { known, truth, keys } =
                Knowledge::of(&[release], (i64::MIN, i64::MAX)).unwrap();
            let ends = possible(&known);
            let mut search = Search::new(&known, &truth);
            for (figure, (least, most)) in (0_u32..).zip(&ends) {
                let value = truth[figure as usize];
                let up = search.push(figure, 100, &|_| false);
                let down = search.push(figure, -100, &|_| false);
                let reached = (value + down.by, value + up.by);
                prop_assert_eq!(reached, (*least, *most), "{}", keys[figure as usize]);
                prop_assert!(up.is_furthest && down.is_furthest);
            }
        }

        #[test]
        fn graph_and_elimination_agree(release in linked()) {
            let mut known = Knowledge::of(&[release], (i64::MIN, i64::MAX)).unwrap().known;
            deduce(&mut known);
            for component in components(&known) {
                if let Some(graph) = Graph::of(&known, &component) {
                    prop_assert_eq!(graph.bridges(), determined(&known, &component));
                }
            }
        }
    }
}
