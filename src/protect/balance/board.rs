//! A release becomes, for one measure, figures and the sums they stand in.

use std::collections::BTreeMap;

use crate::protect::release::{Release, Tie};

/// A row, by its place among the keys of the release.
pub(crate) type Row = u32;

/// Rows that always have the same figure, such as a région and its only département: by number.
pub(crate) type Figure = u32;

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

/// The figures of one measure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Board {
    values: Vec<i64>,
    /// The rows of each figure.
    rows: Vec<Vec<Row>>,
    /// The figure of each row that has the measure.
    figures: Vec<Option<Figure>>,
    /// What everyone knows that each of them is at least, whatever is hidden.
    least: Vec<i64>,
    /// Signed sums that are zero.
    pub(crate) ties: Sums,
    /// Signed sums that are not negative.
    pub(crate) limits: Sums,
}

impl Board {
    /// The figures of a measure; `keys` are those of the release, in order.
    pub(crate) fn new(release: &Release, keys: &[&String], measure: &str) -> Self {
        let row = |key: &String| keys.binary_search(&key).ok();
        let values: Vec<Option<i64>> =
            release.rows.values().map(|row| row.figures.get(measure).copied()).collect();
        let of_measure = |tie: &&Tie| tie.measures.iter().any(|it| it == measure);
        let terms = |tie: &Tie| -> Vec<(usize, i64)> {
            let terms = tie.terms.iter();
            let terms = terms.filter_map(|(key, sign)| Some((row(key)?, i64::from(*sign))));
            terms.filter(|(row, _)| values.get(*row).copied().flatten().is_some()).collect()
        };
        let ties: Vec<_> = release.ties.iter().filter(of_measure).map(terms).collect();
        let limits: Vec<_> = release.limits.iter().filter(of_measure).map(terms).collect();
        let mut board = Self::default();
        board.number(&values, &ties);
        let sum = |terms: &Vec<(usize, i64)>| board.sum(terms);
        let ties = ties.iter().map(sum).filter(|sum| !sum.terms.is_empty()).collect();
        let limits = limits.iter().map(sum).filter(|sum| !sum.terms.is_empty()).collect();
        let figures = board.values.len();
        (board.ties, board.limits) = (Sums::new(ties, figures), Sums::new(limits, figures));
        board.least = vec![release.floor(measure); figures];
        while board.raise() {}
        board
    }

    /// Numbers the figures: a tie of two rows makes them one.
    fn number(&mut self, values: &[Option<i64>], ties: &[Vec<(usize, i64)>]) {
        let mut same: Vec<usize> = (0..values.len()).collect();
        let first = |same: &[usize], mut row: usize| {
            while same[row] != row {
                row = same[row];
            }
            row
        };
        for tie in ties {
            if let [(one, 1), (other, -1)] | [(other, -1), (one, 1)] = tie.as_slice() {
                let (one, other) = (first(&same, *one), first(&same, *other));
                same[one.max(other)] = one.min(other);
            }
        }
        self.figures = vec![None; values.len()];
        for (place, value) in values.iter().enumerate() {
            let (Some(value), Ok(row)) = (value, Row::try_from(place)) else { continue };
            let of_first = self.figures.get(first(&same, place)).copied().flatten();
            let figure = of_first.unwrap_or_else(|| {
                self.values.push(*value);
                self.rows.push(Vec::new());
                Figure::try_from(self.rows.len() - 1).unwrap_or(Figure::MAX)
            });
            self.figures[place] = Some(figure);
            self.rows[figure as usize].push(row);
        }
    }

    fn sum(&self, terms: &[(usize, i64)]) -> Sum {
        let mut signs: BTreeMap<Figure, i64> = BTreeMap::new();
        let mut slack = 0;
        for (row, sign) in terms {
            if let Some(figure) = self.figures.get(*row).copied().flatten() {
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

    /// The figure of a row, if it has the measure.
    pub(crate) fn figure(&self, row: Row) -> Option<Figure> {
        self.figures.get(row as usize).copied().flatten()
    }

    /// Number of figures.
    pub(crate) fn figures(&self) -> usize {
        self.values.len()
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
        Board::new(&release, &keys, "n")
    }

    #[test]
    fn a_total_of_one_part_is_that_part() {
        let rows = [("a", 3), ("b", 3), ("c", 4), ("d", 7)];
        let ties: [&[_]; 2] = [&[("a", 1), ("b", -1)], &[("b", 1), ("c", 1), ("d", -1)]];
        let board = board(&rows, &ties, &[]);
        assert_eq!(
            (board.figures(), board.figure(0), board.rows(0)),
            (3, board.figure(1), &[0, 1][..])
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
