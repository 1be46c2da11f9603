//! A figure and how far it should go become a change that agrees with all that is known.
//!
//! Nothing here is believed: each change goes through the [`crate::audit::verifier`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::audit::certificate::Change;
use crate::audit::component::{Component, components};
use crate::audit::deduction::deduce;
use crate::audit::figures::{ByFigure, Known};
use crate::audit::graph::Graph;
use crate::audit::tableau::Tableau;

/// A component that is no graph is searched as a whole up to this number of figures. In a greater
/// one only so many figures nearest to the one that is pushed may move: what is found is as good,
/// but nothing found proves nothing.
const FIGURES_MAX: usize = 1_000;

/// How many figures may move where the whole is too great.
const NEAR_MAX: usize = 250;

/// How many figures are pushed where the whole is too great: who hides more, and asks again, gets
/// further than a search that never ends.
const NEAR_PUSHES_MAX: u32 = 400;

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
    /// Too great to be searched as a whole.
    Near,
}

/// What is hidden, ready to be searched.
pub struct Search<'a> {
    known: Known,
    truth: &'a [i64],
    components: Vec<Component>,
    /// The component of each hidden figure.
    place: BTreeMap<u32, usize>,
    machines: BTreeMap<usize, Machine>,
    /// The equations and inequalities of each hidden figure.
    rows: [ByFigure; 2],
    near_pushes_left: u32,
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
        let hidden = |figure| !known.is_shown(figure);
        let rows = [&known.equations, &known.inequalities];
        let rows = rows.map(|rows| rows.by_figure(known.len(), &hidden));
        let (machines, near_pushes_left) = (BTreeMap::new(), NEAR_PUSHES_MAX);
        Self { known, truth, components, place, machines, rows, near_pushes_left }
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
        let Self { known, truth, components, machines, rows, near_pushes_left, .. } = self;
        let machine =
            machines.entry(place).or_insert_with(|| Machine::of(known, truth, &components[place]));
        match machine {
            Machine::Graph(graph) => {
                let terms = graph.change((known, truth), (figure, by), closed);
                let by = terms.get(&figure).copied().unwrap_or(0);
                let change = (by != 0).then(|| Change::new(terms, false));
                Found { change, by, is_furthest: true }
            }
            Machine::Tableau(tableau) => Rounding::of(tableau, (figure, by), closed),
            Machine::Near if *near_pushes_left == 0 => Found::default(),
            Machine::Near => {
                *near_pushes_left -= 1;
                let near = near(known, rows, figure);
                let tableau = Tableau::of(known, truth, &near);
                let found = tableau.map(|mut it| Rounding::of(&mut it, (figure, by), closed));
                Found { is_furthest: false, ..found.unwrap_or_default() }
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
            return Self::Near;
        }
        let tableau = Tableau::of(known, truth, component);
        tableau.map_or(Self::Near, |tableau| Self::Tableau(Box::new(tableau)))
    }
}

/// The hidden figures nearest to one by shared rows, and those rows.
fn near(known: &Known, rows: &[ByFigure; 2], figure: u32) -> Component {
    let [equations, inequalities] = [&known.equations, &known.inequalities];
    let mut found = BTreeSet::from([figure]);
    let mut queue = VecDeque::from([figure]);
    let mut component = Component::default();
    while let Some(figure) = queue.pop_front() {
        for (all, by_figure) in [equations, inequalities].into_iter().zip(rows) {
            for (row, _) in by_figure.of(figure) {
                for (other, _) in all.terms(*row as usize) {
                    if found.len() < NEAR_MAX && !known.is_shown(other) && found.insert(other) {
                        queue.push_back(other);
                    }
                }
            }
        }
    }
    let touched = |by_figure: &ByFigure| -> Vec<u32> {
        let touched = found.iter().flat_map(|figure| by_figure.of(*figure));
        touched.map(|(row, _)| *row).collect::<BTreeSet<u32>>().into_iter().collect()
    };
    (component.equations, component.inequalities) = (touched(&rows[0]), touched(&rows[1]));
    component.figures = found.into_iter().collect();
    component
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

impl<'a> Rounding<'a> {
    fn of(tableau: &'a mut Tableau, aim: (u32, i64), closed: &'a dyn Fn(u32) -> bool) -> Found {
        let best = Found { is_furthest: true, ..Found::default() };
        let limits = BTreeMap::new();
        let mut rounding = Rounding { tableau, aim, closed, limits, left: ROUNDINGS_MAX, best };
        rounding.push();
        rounding.best
    }

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
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
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
