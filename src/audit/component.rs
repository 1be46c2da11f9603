//! Hidden figures become groups that no relation ties: each is judged alone.

use std::collections::BTreeMap;

use crate::audit::figures::{Known, Rows};

/// Hidden figures tied by relations, and those relations, by number and sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its hidden figures.
    pub figures: Vec<u32>,
    /// The equations they stand in.
    pub equations: Vec<u32>,
    /// The inequalities they stand in.
    pub inequalities: Vec<u32>,
}

/// The components of what is hidden, by their first figure.
#[must_use]
pub fn components(known: &Known) -> Vec<Component> {
    let mut above: Vec<u32> = (0_u32..).take(known.len()).collect();
    let ends = |rows: &Rows, row: usize| {
        rows.terms(row).map(|(figure, _)| figure).find(|figure| !known.is_shown(*figure))
    };
    for rows in [&known.equations, &known.inequalities] {
        for row in 0..rows.len() {
            let Some(first) = ends(rows, row) else { continue };
            for (figure, _) in rows.terms(row).filter(|(figure, _)| !known.is_shown(*figure)) {
                let (one, other) = (root(&mut above, first), root(&mut above, figure));
                above[one.max(other) as usize] = one.min(other);
            }
        }
    }
    let mut components: BTreeMap<u32, Component> = BTreeMap::new();
    for figure in (0_u32..).take(known.len()).filter(|figure| !known.is_shown(*figure)) {
        components.entry(root(&mut above, figure)).or_default().figures.push(figure);
    }
    for (unequal, rows) in [&known.equations, &known.inequalities].into_iter().enumerate() {
        for (row, number) in (0..rows.len()).zip(0_u32..) {
            let Some(first) = ends(rows, row) else { continue };
            let component = components.entry(root(&mut above, first)).or_default();
            let list =
                if unequal == 1 { &mut component.inequalities } else { &mut component.equations };
            list.push(number);
        }
    }
    components.into_values().collect()
}

fn root(above: &mut [u32], mut figure: u32) -> u32 {
    while above[figure as usize] != figure {
        let next = above[above[figure as usize] as usize];
        above[figure as usize] = next;
        figure = next;
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::figures::NO_HIGH;

    #[test]
    fn a_shown_figure_ties_nothing() {
        let mut known = Known::default();
        for figure in 0..5 {
            known.push(0, if figure == 2 { 0 } else { NO_HIGH });
        }
        known.equations.push([(0, 1), (1, -1), (2, 1)], 0);
        known.inequalities.push([(2, 1), (3, -1), (4, 1)], 0);
        let first = Component { figures: vec![0, 1], equations: vec![0], ..Component::default() };
        let other = Component { figures: vec![3, 4], inequalities: vec![0], ..first.clone() };
        assert_eq!(components(&known), [first, Component { equations: vec![], ..other }]);
    }
}
