//! Relations and an order of the figures become circuits, and circuits say which figures may be
//! published.
//!
//! A change of the figures that no relation forbids, and that touches as few figures as can be, is
//! a *circuit*. A primary figure is exact knowledge iff no circuit of hidden figures passes by it.
//! A *basis* takes the figures in order, those to hide at least cost first, and leaves out each
//! that is at the end of a circuit of earlier ones; so it has one equation for each figure in it,
//! whose other terms are figures outside, and these tell all:
//!
//! - a figure of the basis is exposed iff its equation has no other term;
//! - publishing a figure exposes another iff both are *in series*: all circuits pass by both.
//!
//! Figures outside the basis are the expensive ones: to publish them costs no elimination. Where a
//! figure of the basis is to be published, all that remains of its equation is few and hidden.

use crate::protect::elimination::field::{
    Number, add, from_integer, inverse, minus, mul, to_fraction,
};
use crate::protect::elimination::part::Part;

/// Terms by column, sorted.
type Terms = Vec<(u32, Number)>;

/// A figure of the basis, and what it is in terms of those outside.
pub type Equation = (u32, Vec<(u32, f64)>);

/// The equations of a basis of hidden figures.
#[derive(Clone, Debug)]
pub struct Circuits {
    /// Whether a figure is in the basis, and the row of its equation.
    row_of: Vec<Option<u32>>,
    /// For each row, the figure of the basis, whose coefficient is 1.
    heads: Vec<u32>,
    /// For each row, its other terms: figures outside the basis; published ones may still stand.
    rows: Vec<Terms>,
    /// For each row, its terms that are hidden.
    counts: Vec<u32>,
    /// For each figure outside, the rows that may have it.
    columns: Vec<Vec<u32>>,
    hidden: Vec<bool>,
}

impl Circuits {
    /// The equations when all is hidden, the basis taken from `order`, first come first.
    #[must_use]
    pub fn new(part: &Part, order: &[u32]) -> Self {
        let mut rank = vec![u32::MAX; part.len()];
        for (place, cell) in (0..).zip(order) {
            rank[*cell as usize] = place;
        }
        let echelon = reduce(echelon(part, order.len(), &rank));
        let mut row_of = vec![None; part.len()];
        let mut columns = vec![Vec::new(); part.len()];
        let (mut heads, mut rows, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (head, terms)) in (0..).zip(echelon) {
            let head = order[head as usize];
            let mut terms: Terms =
                terms.into_iter().map(|(place, value)| (order[place as usize], value)).collect();
            terms.sort_unstable();
            for (column, _) in &terms {
                columns[*column as usize].push(row);
            }
            row_of[head as usize] = Some(row);
            counts.push(u32::try_from(terms.len()).unwrap_or(u32::MAX));
            heads.push(head);
            rows.push(terms);
        }
        let mut hidden = vec![false; part.len()];
        for cell in order {
            hidden[*cell as usize] = true;
        }
        Self { row_of, heads, rows, counts, columns, hidden }
    }

    /// What is hidden.
    #[must_use]
    pub fn hidden(&self) -> &[bool] {
        &self.hidden
    }

    /// Whether a hidden figure can be computed from what is published.
    #[must_use]
    pub fn is_exposed(&self, cell: u32) -> bool {
        self.row_of[cell as usize].is_some_and(|row| self.counts[row as usize] == 0)
    }

    /// Publishes a figure unless one that `protect` names would be exposed; says whether it did.
    pub fn publish(&mut self, cell: u32, protect: &impl Fn(u32) -> bool) -> bool {
        let may = self.in_series(cell, protect).is_empty();
        if may {
            self.reveal(cell);
        }
        may
    }

    /// The figures that `protect` names and that would be exposed if a figure were published.
    pub fn in_series(&mut self, cell: u32, protect: &impl Fn(u32) -> bool) -> Vec<u32> {
        let Some(row) = self.row_of[cell as usize] else {
            let alone = |row: &&u32| {
                self.counts[**row as usize] == 1
                    && protect(self.heads[**row as usize])
                    && self.value(**row, cell).is_some()
            };
            let rows = self.columns[cell as usize].iter().filter(alone);
            return rows.map(|row| self.heads[*row as usize]).collect();
        };
        self.tidy(row);
        let terms = &self.rows[row as usize];
        let Some((column, _)) = self.narrowest(terms) else {
            return Vec::new();
        };
        let series = |other: &&u32| {
            **other != row
                && protect(self.heads[**other as usize])
                && self.counts[**other as usize] as usize == terms.len()
                && self.is_multiple(**other, terms)
        };
        let rows = self.columns[column as usize].iter().filter(series);
        let heads = rows.map(|row| self.heads[*row as usize]);
        heads.chain([column].into_iter().filter(|_| terms.len() == 1 && protect(column))).collect()
    }

    /// Publishes a figure, whatever it exposes.
    pub fn reveal(&mut self, cell: u32) {
        self.hidden[cell as usize] = false;
        match self.row_of[cell as usize].take() {
            Some(row) => self.reveal_inside(row),
            None => {
                for row in self.rows_with(cell) {
                    self.counts[row as usize] -= 1;
                }
                self.columns[cell as usize].clear();
            }
        }
    }

    /// Puts another figure in the basis in place of the one of a row, and drops that one.
    fn reveal_inside(&mut self, row: u32) {
        self.tidy(row);
        let terms = std::mem::take(&mut self.rows[row as usize]);
        let Some((entering, value)) = self.narrowest(&terms) else {
            // Exposed already: no circuit passes by it.
            return;
        };
        let mut with = self.rows_with(entering);
        with.retain(|other| *other != row);
        self.columns[entering as usize].clear();
        let scale = inverse(value);
        let rest = terms.iter().filter(|(column, _)| *column != entering);
        let rest: Terms = rest.map(|(column, value)| (*column, mul(scale, *value))).collect();
        for other in with {
            self.tidy(other);
            let factor = self.value(other, entering).map_or(0, minus);
            let mut sum = combine(&self.rows[other as usize], &rest, factor);
            sum.retain(|(column, _)| *column != entering);
            self.counts[other as usize] = u32::try_from(sum.len()).unwrap_or(u32::MAX);
            for (column, _) in &rest {
                if sum.binary_search_by_key(column, |term| term.0).is_ok() {
                    self.columns[*column as usize].push(other);
                }
            }
            self.rows[other as usize] = sum;
        }
        self.counts[row as usize] = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        self.rows[row as usize] = rest;
        self.heads[row as usize] = entering;
        self.row_of[entering as usize] = Some(row);
    }

    /// Among the terms of a row, the one that fewest rows have.
    fn narrowest(&self, terms: &Terms) -> Option<(u32, Number)> {
        let reach = |column: u32| self.columns[column as usize].len();
        terms.iter().min_by_key(|(column, _)| (reach(*column), *column)).copied()
    }

    /// The rows that have a figure outside the basis.
    fn rows_with(&self, cell: u32) -> Vec<u32> {
        let rows = self.columns[cell as usize].iter().copied();
        let mut rows: Vec<u32> = rows.filter(|row| self.value(*row, cell).is_some()).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The figures of the basis, each with what it is in terms of those outside; coefficients are
    /// small fractions, as floats. None when one is not.
    #[must_use]
    pub fn equations(&self) -> Option<Vec<Equation>> {
        let float = |(column, value): &(u32, Number)| {
            let (numerator, denominator) = to_fraction(minus(*value))?;
            let (numerator, denominator) =
                (i32::try_from(numerator).ok()?, i32::try_from(denominator).ok()?);
            Some((*column, f64::from(numerator) / f64::from(denominator)))
        };
        let heads = self.heads.iter().zip(&self.rows);
        heads
            .map(|(head, row)| Some((*head, row.iter().map(float).collect::<Option<_>>()?)))
            .collect()
    }

    /// Circuits of hidden figures by `cell`, in whole numbers: one for each figure out of the basis
    /// that ends one, the shortest first, at most `most`.
    #[must_use]
    pub fn circuits_by(&self, cell: u32, most: usize) -> Vec<Vec<(u32, i64)>> {
        let mut ends: Vec<u32> = match self.row_of[cell as usize] {
            None => vec![cell],
            Some(row) => {
                let terms = self.rows[row as usize].iter().map(|(column, _)| *column);
                terms.filter(|column| self.hidden[*column as usize]).collect()
            }
        };
        ends.sort_by_key(|end| (self.columns[*end as usize].len(), *end));
        ends.truncate(most);
        ends.into_iter().filter_map(|end| self.circuit(end)).collect()
    }

    /// The circuit that ends at a figure outside the basis.
    fn circuit(&self, end: u32) -> Option<Vec<(u32, i64)>> {
        let mut terms = vec![(end, (1_i64, 1_i64))];
        for row in self.rows_with(end) {
            if let Some(value) = self.value(row, end) {
                terms.push((self.heads[row as usize], to_fraction(minus(value))?));
            }
        }
        let mut scale = 1_i64;
        for (_, (_, denominator)) in &terms {
            scale = scale.checked_mul(denominator / divisor(scale, *denominator))?;
        }
        let whole = |(cell, (numerator, denominator)): (u32, (i64, i64))| {
            Some((cell, numerator.checked_mul(scale / denominator)?))
        };
        let mut circuit: Vec<(u32, i64)> = terms.into_iter().map(whole).collect::<Option<_>>()?;
        circuit.sort_unstable();
        Some(circuit)
    }

    fn value(&self, row: u32, column: u32) -> Option<Number> {
        let row = &self.rows[row as usize];
        row.binary_search_by_key(&column, |term| term.0).ok().map(|place| row[place].1)
    }

    fn tidy(&mut self, row: u32) {
        let hidden = &self.hidden;
        self.rows[row as usize].retain(|(column, _)| hidden[*column as usize]);
    }

    fn is_multiple(&self, row: u32, terms: &Terms) -> bool {
        let other = self.rows[row as usize].iter();
        let mut other = other.filter(|(column, _)| self.hidden[*column as usize]);
        let mut ratio: Option<(Number, Number)> = None;
        terms.iter().all(|(column, a)| match other.next() {
            Some((same, b)) if same == column => {
                let (a0, b0) = *ratio.get_or_insert((*a, *b));
                mul(a0, *b) == mul(b0, *a)
            }
            _ => false,
        })
    }
}

/// Rows of echelon form over ranks: `(leading rank, later terms)`, leading coefficient 1, by rank.
fn echelon(part: &Part, columns: usize, rank: &[u32]) -> Vec<(u32, Terms)> {
    let mut waiting: Vec<Vec<Terms>> = vec![Vec::new(); columns];
    for row in &part.rows {
        let terms = row.iter().filter(|(cell, _)| rank[*cell as usize] < u32::MAX);
        let mut terms: Terms = terms
            .map(|(cell, sign)| (rank[*cell as usize], from_integer(i64::from(*sign))))
            .collect();
        terms.sort_unstable();
        if let Some((lead, _)) = terms.first() {
            waiting[*lead as usize].push(terms);
        }
    }
    let mut done = Vec::new();
    for lead in 0..columns {
        let mut rows = std::mem::take(&mut waiting[lead]);
        rows.sort_by_key(Vec::len);
        let mut rows = rows.into_iter();
        let Some(mut pivot) = rows.next() else {
            continue;
        };
        let scale = inverse(pivot[0].1);
        pivot.iter_mut().for_each(|(_, value)| *value = mul(scale, *value));
        for row in rows {
            let row = combine(&row[1..], &pivot[1..], minus(row[0].1));
            if let Some((next, _)) = row.first() {
                waiting[*next as usize].push(row);
            }
        }
        pivot.remove(0);
        done.push((u32::try_from(lead).unwrap_or(u32::MAX), pivot));
    }
    done
}

/// Puts in each row, for each leading column of another, the terms of that other.
fn reduce(mut rows: Vec<(u32, Terms)>) -> Vec<(u32, Terms)> {
    let columns =
        rows.iter().flat_map(|(lead, terms)| terms.last().map(|term| term.0).max(Some(*lead)));
    let columns = columns.max().map_or(0, |last| last as usize + 1);
    let mut row_of: Vec<Option<usize>> = vec![None; columns];
    let mut sums: Vec<Number> = vec![0; columns];
    for place in (0..rows.len()).rev() {
        let terms = std::mem::take(&mut rows[place].1);
        let mut touched: Vec<u32> = Vec::new();
        let mut put = |column: u32, value: Number| {
            if sums[column as usize] == 0 {
                touched.push(column);
            }
            sums[column as usize] = add(sums[column as usize], value);
        };
        for (column, value) in terms {
            match row_of[column as usize] {
                None => put(column, value),
                Some(row) => {
                    let factor = minus(value);
                    rows[row]
                        .1
                        .iter()
                        .for_each(|(column, value)| put(*column, mul(factor, *value)));
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let taken =
            touched.into_iter().map(|column| (column, std::mem::take(&mut sums[column as usize])));
        rows[place].1 = taken.filter(|(_, value)| *value != 0).collect();
        row_of[rows[place].0 as usize] = Some(place);
    }
    rows
}

/// `a + factor · b`.
fn combine(a: &[(u32, Number)], b: &[(u32, Number)], factor: Number) -> Terms {
    let mut sum = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (None, None) => return sum,
            (Some(x), Some(y)) if x.0 == y.0 => {
                let value = add(x.1, mul(factor, y.1));
                if value != 0 {
                    sum.push((x.0, value));
                }
                a.next();
                b.next();
            }
            (Some(x), Some(y)) if x.0 > y.0 => {
                sum.push((y.0, mul(factor, y.1)));
                b.next();
            }
            (Some(_), _) => sum.extend(a.next()),
            (None, Some(y)) => {
                sum.push((y.0, mul(factor, y.1)));
                b.next();
            }
        }
    }
}

fn divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs().max(1)
}
