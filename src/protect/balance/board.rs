//! A release becomes, for measures that move together, figures and the sums they stand in.

use std::collections::BTreeMap;

use crate::protect::release::{Release, Tie};

/// A row, by its place among the keys of the release.
pub(crate) type Row = u32;

/// What always moves together, such as a région and its only département: by number.
pub(crate) type Figure = u32;

/// Where a figure stands: a measure, by its place among those of the board, and a row.
pub(crate) type Place = (usize, Row);

/// Figures that are summed with signs, and by how much the sum may still fall: not at all for a
/// tie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) terms: Vec<(Figure, i64)>,
    pub(crate) slack: i64,
}

/// Sums, and those that each figure stands in, with its sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    all: Vec<Sum>,
    of: Vec<Vec<(u32, i64)>>,
}

/// The figures of some measures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Board {
    values: Vec<i64>,
    /// Where each figure stands.
    places: Vec<Vec<Place>>,
    /// The rows of each figure.
    rows: Vec<Vec<Row>>,
    /// By measure, the figure of each row that has it.
    figures: Vec<Vec<Option<Figure>>>,
    /// What everyone knows that each of them is at least, whatever is hidden.
    least: Vec<i64>,
    /// Signed sums that do not change.
    pub(crate) ties: Sums,
    /// Signed sums that are not negative.
    pub(crate) limits: Sums,
}

/// Signed places.
type Terms = Vec<(Place, i64)>;

impl Board {
    /// The figures of some measures; `keys` are those of the release, in order.
    pub(crate) fn new(release: &Release, keys: &[&String], measures: &[String]) -> Self {
        let of_measure = |measure: &String| -> Vec<Option<i64>> {
            release.rows.values().map(|row| row.figures.get(measure).copied()).collect()
        };
        let values: Vec<Vec<Option<i64>>> = measures.iter().map(of_measure).collect();
        let named = Named { keys, measures, values: &values };
        let mut ties: Vec<Terms> = release.ties.iter().flat_map(|tie| named.terms(tie)).collect();
        let limits: Vec<Terms> = release.limits.iter().flat_map(|it| named.terms(it)).collect();
        for (one, other) in &release.bonds {
            if let [Some(one), Some(other)] = [one, other].map(|name| named.measure(name)) {
                ties.extend(named.less(one, other));
            }
        }
        let mut board = Self::default();
        board.number(&values, &ties);
        let sum = |terms: &Terms| board.sum(terms);
        let ties = ties.iter().map(sum).filter(|sum| !sum.terms.is_empty()).collect();
        let limits = limits.iter().map(sum).filter(|sum| !sum.terms.is_empty()).collect();
        let figures = board.values.len();
        (board.ties, board.limits) = (Sums::new(ties, figures), Sums::new(limits, figures));
        let floors: Vec<i64> = measures.iter().map(|measure| release.floor(measure)).collect();
        let floor = |places: &Vec<Place>| places.iter().filter_map(|(of, _)| floors.get(*of)).max();
        board.least = board.places.iter().map(|at| floor(at).copied().unwrap_or(0)).collect();
        while board.raise() {}
        board
    }

    /// Numbers the figures: a tie of two places makes them one, if their values are the same.
    fn number(&mut self, values: &[Vec<Option<i64>>], ties: &[Terms]) {
        let mut same: BTreeMap<Place, Place> = BTreeMap::new();
        let value = |(measure, row): Place| values.get(measure)?.get(row as usize).copied()?;
        for tie in ties {
            if let [(one, 1), (other, -1)] | [(other, -1), (one, 1)] = tie.as_slice()
                && value(*one) == value(*other)
            {
                let (one, other) = (first(&same, *one), first(&same, *other));
                if one != other {
                    same.insert(one.max(other), one.min(other));
                }
            }
        }
        self.figures = values.iter().map(|of| vec![None; of.len()]).collect();
        for (measure, of_measure) in values.iter().enumerate() {
            for (row, value) in (0..).zip(of_measure) {
                let Some(value) = value else { continue };
                let place = (measure, row);
                let figure = self.figure(first(&same, place)).unwrap_or_else(|| {
                    self.values.push(*value);
                    self.places.push(Vec::new());
                    self.rows.push(Vec::new());
                    Figure::try_from(self.values.len() - 1).unwrap_or(Figure::MAX)
                });
                self.figures[measure][row as usize] = Some(figure);
                self.places[figure as usize].push(place);
                if !self.rows[figure as usize].contains(&row) {
                    self.rows[figure as usize].push(row);
                }
            }
        }
    }

    fn sum(&self, terms: &Terms) -> Sum {
        let mut signs: BTreeMap<Figure, i64> = BTreeMap::new();
        let mut slack = 0;
        for (place, sign) in terms {
            if let Some(figure) = self.figure(*place) {
                *signs.entry(figure).or_default() += sign;
                slack += self.value(figure) * sign;
            }
        }
        Sum { terms: signs.into_iter().filter(|(_, sign)| *sign != 0).collect(), slack }
    }

    /// A total is at least what its parts are together: says whether one was thought less.
    fn raise(&mut self) -> bool {
        let mut has_risen = false;
        for sum in &self.ties.all {
            if let [(one, 1), (other, -1)] | [(other, -1), (one, 1)] = sum.terms.as_slice() {
                let [one, other] = [*one as usize, *other as usize];
                let both = self.least[one].max(self.least[other] + sum.slack);
                has_risen |= both > self.least[one] || both - sum.slack > self.least[other];
                (self.least[one], self.least[other]) = (both, both - sum.slack);
                continue;
            }
            let mut totals = sum.terms.iter().filter(|(_, sign)| *sign == -1);
            let (Some((total, _)), None) = (totals.next(), totals.next()) else { continue };
            let parts = sum.terms.iter().filter(|(_, sign)| *sign > 0);
            let least =
                |figure: Figure| self.least.get(figure as usize).copied().unwrap_or_default();
            let of_parts: i64 = parts.map(|(part, sign)| least(*part) * sign).sum();
            if let Some(known) = self.least.get_mut(*total as usize).filter(|it| **it < of_parts) {
                (*known, has_risen) = (of_parts, true);
            }
        }
        has_risen
    }

    /// The figure of a place, if the row has the measure.
    pub(crate) fn figure(&self, (measure, row): Place) -> Option<Figure> {
        self.figures.get(measure)?.get(row as usize).copied().flatten()
    }

    /// The figures of a row.
    pub(crate) fn of_row(&self, row: Row) -> impl Iterator<Item = Figure> {
        self.figures.iter().filter_map(move |of| of.get(row as usize).copied().flatten())
    }

    /// Number of figures.
    pub(crate) fn figures(&self) -> usize {
        self.values.len()
    }

    /// Where a figure stands.
    pub(crate) fn places(&self, figure: Figure) -> &[Place] {
        self.places.get(figure as usize).map_or(&[], Vec::as_slice)
    }

    /// The rows of a figure.
    pub(crate) fn rows(&self, figure: Figure) -> &[Row] {
        self.rows.get(figure as usize).map_or(&[], Vec::as_slice)
    }

    /// The value of a figure.
    pub(crate) fn value(&self, figure: Figure) -> i64 {
        self.values.get(figure as usize).copied().unwrap_or_default()
    }

    /// How far a figure is above what everyone knows that it is at least.
    pub(crate) fn room_below(&self, figure: Figure) -> i64 {
        let least = self.least.get(figure as usize).copied().unwrap_or_default();
        (self.value(figure) - least).max(0)
    }

    /// How far a figure may move towards `by`, and as much the other way where that is asked.
    pub(crate) fn most(&self, figure: Figure, by: i64, both_ways: bool) -> i64 {
        let down = self.room_below(figure);
        if by < 0 {
            by.max(-down)
        } else if both_ways {
            by.min(down)
        } else {
            by
        }
    }

    /// A sum that a change would make negative, or its opposite where that is asked; and what must
    /// be made good.
    pub(crate) fn broken(&self, change: &[(Figure, i64)], both_ways: bool) -> Option<(&Sum, i64)> {
        let moved =
            |figure: Figure| change.iter().find(|(it, _)| *it == figure).map_or(0, |it| it.1);
        let touched = change.iter().flat_map(|(figure, _)| self.limits.of(*figure));
        let touched = touched.filter_map(|(number, _)| self.limits.get(*number));
        let mut broken = touched.filter_map(|sum| {
            let by: i64 = sum.terms.iter().map(|(figure, sign)| moved(*figure) * sign).sum();
            if sum.slack + by < 0 {
                Some((sum, sum.slack + by))
            } else if both_ways && sum.slack - by < 0 {
                Some((sum, by - sum.slack))
            } else {
                None
            }
        });
        broken.next()
    }
}

/// The figures of a release by name.
struct Named<'a> {
    keys: &'a [&'a String],
    measures: &'a [String],
    values: &'a [Vec<Option<i64>>],
}

impl Named<'_> {
    fn measure(&self, name: &str) -> Option<usize> {
        self.measures.iter().position(|measure| measure == name)
    }

    fn has(&self, (measure, row): Place) -> bool {
        let of = self.values.get(measure).and_then(|of| of.get(row as usize));
        of.is_some_and(Option::is_some)
    }

    /// The sums of a tie, one for each measure.
    fn terms(&self, tie: &Tie) -> impl Iterator<Item = Terms> {
        let measures = tie.measures.iter().filter_map(|name| self.measure(name));
        let rows = tie.terms.iter().filter_map(|(key, sign)| {
            let row = Row::try_from(self.keys.binary_search(&key).ok()?).ok()?;
            Some((row, i64::from(*sign)))
        });
        let rows: Vec<(Row, i64)> = rows.collect();
        measures.map(move |measure| {
            let terms = rows.iter().map(|(row, sign)| ((measure, *row), *sign));
            terms.filter(|(place, _)| self.has(*place)).collect()
        })
    }

    /// One measure less another, in each row that has both.
    fn less(&self, one: usize, other: usize) -> impl Iterator<Item = Terms> {
        let rows = (0..).take(self.keys.len());
        let rows = rows.filter(move |row| self.has((one, *row)) && self.has((other, *row)));
        rows.map(move |row| vec![((one, row), 1), ((other, row), -1)])
    }
}

/// The first of the places that are one figure with another.
fn first(same: &BTreeMap<Place, Place>, mut place: Place) -> Place {
    while let Some(before) = same.get(&place) {
        place = *before;
    }
    place
}

impl Sums {
    fn new(all: Vec<Sum>, figures: usize) -> Self {
        let mut of = vec![Vec::new(); figures];
        for (number, sum) in (0_u32..).zip(&all) {
            for (figure, sign) in &sum.terms {
                if let Some(of) = of.get_mut(*figure as usize) {
                    of.push((number, *sign));
                }
            }
        }
        Self { all, of }
    }

    /// A sum by its number.
    pub(crate) fn get(&self, number: u32) -> Option<&Sum> {
        self.all.get(number as usize)
    }

    /// The sums of a figure, and its sign in each.
    pub(crate) fn of(&self, figure: Figure) -> &[(u32, i64)] {
        self.of.get(figure as usize).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protect::release::Shared;

    /// Rows by key and value, and ties and limits as keys with signs.
    pub(crate) fn board(
        rows: &[(&str, i64)],
        ties: &[&[(&str, i8)]],
        limits: &[&[(&str, i8)]],
    ) -> Board {
        let mut release = Release::default();
        for (key, value) in rows {
            let figures = BTreeMap::from([("n".to_owned(), *value)]);
            release.rows.insert((*key).to_owned(), Shared { figures, ..Shared::default() });
        }
        let tie = |terms: &&[(&str, i8)]| Tie {
            measures: vec!["n".to_owned()],
            terms: terms.iter().map(|(key, sign)| ((*key).to_owned(), *sign)).collect(),
        };
        release.ties = ties.iter().map(tie).collect();
        release.limits = limits.iter().map(tie).collect();
        let keys: Vec<&String> = release.rows.keys().collect();
        Board::new(&release, &keys, &["n".to_owned()])
    }

    #[test]
    fn a_total_of_one_part_is_that_part() {
        let rows = [("a", 3), ("b", 3), ("c", 4), ("d", 7)];
        let ties: [&[_]; 2] = [&[("a", 1), ("b", -1)], &[("b", 1), ("c", 1), ("d", -1)]];
        let board = board(&rows, &ties, &[]);
        assert_eq!(
            (board.figures(), board.figure((0, 0)), board.rows(0)),
            (3, board.figure((0, 1)), &[0, 1][..])
        );
        assert_eq!(board.ties.of(0).len(), 1);
        assert_eq!(board.room_below(2), 5, "a total of two is 2 at least");
    }

    #[test]
    fn a_part_that_fills_what_limits_it_does_not_rise_alone() {
        let board = board(&[("all", 5), ("part", 4)], &[], &[&[("all", 1), ("part", -1)]]);
        assert!(board.broken(&[(1, 1)], false).is_none());
        assert_eq!(board.broken(&[(1, 3)], false).map(|(_, rest)| rest), Some(-2));
        assert_eq!(board.broken(&[(1, -3)], true).map(|(_, rest)| rest), Some(2));
    }
}
