//! Sums by employer become what each figure is made of: how many employers, and the largest parts.

use crate::aggregate::cube::Cube;
use crate::aggregate::dimensions::Coder;
use crate::aggregate::{Records, Summary, Sums, TextsOf};
use crate::column::NO_COUNT;
use crate::definition::Definitions;
use crate::definition::table::{Dimension, Table};
use crate::error::Result;
use crate::vocabulary::columns;

/// What tells employers apart: all establishments of a legal unit are one. What has none is one
/// more, so that cells have fewer units rather than more.
pub const HOLDING: &str = columns::SIREN.name;
/// Those of the participants of a record who came before.
pub(super) const CAME_BEFORE: &str = columns::NB_PARTICIPANTS_RECURRENTS.name;
/// Parts kept of each figure.
const LARGEST: usize = 3;

/// What employers contribute to a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Employers whose part is not zero.
    pub units: u64,
    /// Sum of the parts, each without its sign.
    pub total: u64,
    /// The largest parts without their sign, in falling order.
    pub largest: Vec<u64>,
}

/// A row of a table, and what its figures are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// Codes of its dimensions.
    pub codes: Vec<String>,
    /// Its measures.
    pub figures: Vec<i64>,
    /// What employers contribute to each.
    pub shares: Vec<Share>,
    /// The employer that all of it comes from, if it comes from one: his own figures he knows.
    pub alone: Option<String>,
}

/// Codes of a row and of the employer it all comes from, with its figures.
type Part = (Vec<Option<u32>>, Option<u32>, Vec<i64>, Vec<Share>);

/// The table whose sums tell the employers of each cell of a table apart.
#[must_use]
pub fn by_holding(table: &Table, measures: Vec<String>) -> Table {
    let by = table.by.iter().cloned().chain([HOLDING.to_owned()]).collect();
    Table { by, measures, ..table.clone() }
}

/// Takes from the counts of each record all who came before, who may all be among them.
pub(super) fn leave_out_those_who_came_before(
    sums: &mut [i64],
    records: &Records<'_>,
) -> Result<()> {
    for (sum, before) in sums.iter_mut().zip(records.column(CAME_BEFORE)?.counts()) {
        let before = if *before == NO_COUNT { 0 } else { i64::from(*before) };
        *sum = (*sum - before).max(0);
    }
    Ok(())
}

impl Sums {
    /// What these sums have more than others.
    #[must_use]
    pub fn since(mut self, before: Self) -> Self {
        let Sums { cube, whole } = before;
        self.merge(Self { cube: cube.negated(), whole: whole.negated() });
        self
    }
}

impl<'a> Summary<'a> {
    /// A table of bands that counts those who come for the first time, as far as records tell.
    ///
    /// # Errors
    /// When the table names an indicator that is not declared.
    pub fn of_persons(table: &'a Table, definitions: &'a Definitions) -> Result<Self> {
        Ok(Self { is_of_persons: true, ..Self::new(table, definitions)? })
    }

    /// Of a table [`by_holding`]: the rows without their last dimension, each with what it is made
    /// of, sorted. A table of periods has no row of all of them: it grows every night.
    ///
    /// # Errors
    /// When a column has no texts.
    pub fn shares(&self, sums: Sums, texts: &TextsOf<'_>) -> Result<Vec<Counted>> {
        let Sums { cube, whole } = sums;
        let mut rows: Vec<Part> = Vec::new();
        match (self.split(), self.bands()) {
            (Some((place, _)), _) => {
                self.add_shares(&cube, None, &mut rows);
                rows.retain(|(key, ..)| key.get(place) != Some(&None));
                let mut of_all = Vec::new();
                self.add_shares(&whole, Some(place), &mut of_all);
                for (mut key, alone, figures, shares) in of_all {
                    key.insert(place.min(key.len()), None);
                    rows.push((key, alone, figures, shares));
                }
            }
            (None, Some((place, _))) => self.add_shares(&cube.unfold(place), None, &mut rows),
            (None, None) => self.add_shares(&cube, None, &mut rows),
        }
        let counted = rows.into_iter().map(|(key, alone, figures, shares)| {
            let codes = self.dimensions.iter().zip(key);
            let codes = codes.map(|(dimension, code)| dimension.text(code, texts));
            let holdings = alone.zip(self.dimensions.last());
            let alone = holdings.map(|(code, holdings)| holdings.text(Some(code), texts));
            let codes = codes.collect::<Result<_>>()?;
            Ok(Counted { codes, figures, shares, alone: alone.transpose()? })
        });
        let mut counted: Vec<Counted> = counted.collect::<Result<_>>()?;
        counted.sort_unstable();
        Ok(counted)
    }

    /// Adds the rows of a cube that has all dimensions, or all but one, for each length of periods.
    fn add_shares(&self, cube: &Cube, lacking: Option<usize>, rows: &mut Vec<Part>) {
        let is_of_periods = |from: Dimension<'_>| matches!(from, Dimension::Periods(_));
        let dimensions = self.dimensions.iter().enumerate();
        let mut dimensions = dimensions.filter(|(place, _)| Some(*place) != lacking);
        let place = dimensions.position(|(_, dimension)| is_of_periods(dimension.from));
        let mut add = |cube: &Cube| {
            cube.visit_parts(place, &mut |key, parts| {
                let measures = parts.first().map_or(0, |(_, sums)| sums.len());
                let of =
                    |measure: usize| parts.iter().filter_map(move |(_, sums)| sums.get(measure));
                let figures = (0..measures).map(|measure| of(measure).sum()).collect();
                let shares = (0..measures).map(|measure| share(of(measure).copied())).collect();
                let mut parts = parts.iter().filter(|(_, sums)| sums.iter().any(|sum| *sum != 0));
                let alone = parts.next().filter(|_| parts.next().is_none()).map(|(code, _)| *code);
                rows.push((key.to_vec(), alone, figures, shares));
            });
        };
        add(cube);
        let Some(place) = place else { return };
        let periods = self.dimensions.iter().find(|dimension| is_of_periods(dimension.from));
        for codes in periods.into_iter().flat_map(Coder::longer_periods) {
            add(&cube.regroup(place, &codes));
        }
    }
}

fn share(parts: impl Iterator<Item = i64>) -> Share {
    let mut largest: Vec<u64> = parts.map(i64::unsigned_abs).filter(|part| *part > 0).collect();
    largest.sort_unstable_by(|one, other| other.cmp(one));
    let units = u64::try_from(largest.len()).unwrap_or(u64::MAX);
    let total = largest.iter().sum();
    largest.truncate(LARGEST);
    Share { units, total, largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_zero_is_nobodys() {
        let found = share([0, 5, -7, 1, 2].into_iter());
        assert_eq!(found, Share { units: 4, total: 15, largest: vec![7, 5, 2] });
        assert_eq!(share([0].into_iter()), Share::default());
    }
}
