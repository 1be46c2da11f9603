//! The tables of a release become rows that they share, and what adds up between these.
//!
//! A row has one fate for all its measures, in whatever tables it stands: so a reader need not
//! wonder which of its figures are there, and no table gives away what another hides.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::protect::rules::Primary;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// What the codes of a dimension add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    /// Their total.
    ToTotal,
    /// Periods: those of one length, to a longer period; there is no total.
    ToLongerPeriods,
    /// More than their total: one record may have several codes.
    BeyondTotal,
}

/// A dimension of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Name of the column.
    pub name: String,
    /// What its codes add up to.
    pub adding: Adding,
}

/// A row of a table; figures are in the order of its measures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Codes, in the order of the dimensions.
    pub codes: Vec<String>,
    /// Figures.
    pub figures: Vec<i64>,
    /// Figures that a rule forbids.
    pub primary: Vec<Option<Primary>>,
    /// The contributor that all of it comes from, if it comes from one.
    pub alone: Option<String>,
}

/// A table to be published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Dimensions.
    pub axes: Vec<Axis>,
    /// Measures; all add up.
    pub measures: Vec<String>,
    /// Rows. What is absent is zero.
    pub lines: Vec<Line>,
}

/// Sums by two dimensions that group the same records in two ways, each of which is published
/// alone: they are never published, and tie both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crossing {
    /// The two dimensions, and perhaps the periods.
    pub dimensions: Vec<String>,
    /// Measures.
    pub measures: Vec<String>,
    /// Codes and figures.
    pub rows: Vec<(Vec<String>, Vec<i64>)>,
}

/// A row, whatever the tables it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Its figures, by measure.
    pub figures: BTreeMap<String, i64>,
    /// Those that a rule forbids.
    pub primary: BTreeMap<String, Primary>,
    /// The contributor that all of it comes from.
    pub alone: Option<String>,
    /// It is never published, and only ties others.
    pub is_inner: bool,
}

/// Rows that are summed with signs, for some measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tie {
    /// Measures.
    pub measures: Vec<String>,
    /// Keys and signs.
    pub terms: Vec<(String, i8)>,
}

/// Two measures that move together in each row that has both: everyone knows by how much they
/// differ there.
pub type Bond = (String, String);

/// All rows of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// By key.
    pub rows: BTreeMap<String, Shared>,
    /// What adds up: signed sums that are zero.
    pub ties: Vec<Tie>,
    /// Signed sums that are not negative.
    pub limits: Vec<Tie>,
    /// Measures that move together.
    pub bonds: Vec<Bond>,
}

/// The key of a row: the dimensions it is no total of, sorted. So a margin has one key in all
/// tables.
#[must_use]
pub fn key<'a>(codes: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let codes = codes.into_iter().filter(|(_, code)| *code != ENSEMBLE);
    let mut parts: Vec<String> = codes.map(|(name, code)| format!("{name}={code}")).collect();
    parts.sort_unstable();
    parts.join("|")
}

impl Table {
    fn key(&self, codes: &[String]) -> String {
        key(self.axes.iter().map(|axis| axis.name.as_str()).zip(codes.iter().map(String::as_str)))
    }
}

impl Release {
    /// What all know that each figure of a measure is at least. Rows of zeros are left out: so
    /// where no row has a zero of it, a hidden figure is no zero either.
    #[must_use]
    pub fn floor(&self, measure: &str) -> i64 {
        let mut figures = self.rows.values().filter_map(|row| row.figures.get(measure));
        i64::from(figures.all(|figure| *figure > 0))
    }

    /// Puts tables and crossings together.
    ///
    /// # Errors
    /// When two tables differ on a row, or parts do not add up: then nothing can be protected.
    pub fn new(tables: &[Table], crossings: &[Crossing], bonds: &[Bond]) -> Result<Self> {
        let mut release = Self { bonds: bonds.to_vec(), ..Self::default() };
        for table in tables {
            release.add_rows(table)?;
        }
        for table in tables {
            for place in 0..table.axes.len() {
                release.add_ties(table, place);
            }
        }
        for crossing in crossings {
            release.cross(crossing);
        }
        release.ties.sort_unstable();
        release.ties.dedup();
        release.limits.sort_unstable();
        release.limits.dedup();
        release.prove()?;
        Ok(release)
    }

    fn add_rows(&mut self, table: &Table) -> Result<()> {
        for line in &table.lines {
            let key = table.key(&line.codes);
            let row = self.rows.entry(key.clone()).or_default();
            row.alone.clone_from(&line.alone);
            for (place, measure) in table.measures.iter().enumerate() {
                let figure = line.figures.get(place).copied().unwrap_or_default();
                let known = row.figures.insert(measure.clone(), figure);
                if known.is_some_and(|known| known != figure) {
                    return Err(Error::internal(format!(
                        "two tables differ on {measure} of `{key}`"
                    )));
                }
                if let Some(primary) = line.primary.get(place).copied().flatten() {
                    let known = row.primary.entry(measure.clone()).or_insert(primary);
                    *known = known.and(primary);
                }
            }
        }
        Ok(())
    }

    /// What adds up along a dimension of a table.
    fn add_ties(&mut self, table: &Table, place: usize) {
        let Some(axis) = table.axes.get(place) else { return };
        let lengths = lengths(table.lines.iter().filter_map(|line| line.codes.get(place)));
        let mut sums: BTreeMap<Vec<String>, Vec<(String, i8)>> = BTreeMap::new();
        for line in &table.lines {
            let Some(code) = line.codes.get(place) else { continue };
            let total: Option<String> = match axis.adding {
                Adding::ToLongerPeriods => longer(code, &lengths),
                Adding::ToTotal | Adding::BeyondTotal if code == ENSEMBLE => None,
                Adding::ToTotal | Adding::BeyondTotal => Some(ENSEMBLE.to_owned()),
            };
            let Some(total) = total else { continue };
            let mut of_total = line.codes.clone();
            if let Some(code) = of_total.get_mut(place) {
                *code = total;
            }
            let part = (table.key(&line.codes), 1);
            if axis.adding == Adding::BeyondTotal {
                let terms = vec![(table.key(&of_total), 1), (part.0.clone(), -1)];
                self.limits.push(Tie { measures: table.measures.clone(), terms });
            }
            sums.entry(of_total).or_default().push(part);
        }
        for (of_total, mut terms) in sums {
            let total = table.key(&of_total);
            // A period that is not over is not published.
            if !self.rows.contains_key(&total) {
                continue;
            }
            terms.push((total, -1));
            let ties = match axis.adding {
                Adding::ToTotal | Adding::ToLongerPeriods => &mut self.ties,
                Adding::BeyondTotal => &mut self.limits,
            };
            ties.push(Tie { measures: table.measures.clone(), terms });
        }
    }

    /// Ties two groupings of the same records.
    fn cross(&mut self, crossing: &Crossing) {
        let mut groups: BTreeMap<String, Vec<(String, i8)>> = BTreeMap::new();
        let place = crossing.dimensions.iter().position(|name| name == columns::PERIODE.name);
        let periods = crossing.rows.iter().filter_map(|(codes, _)| codes.get(place?));
        let lengths = lengths(periods);
        for (codes, figures) in &crossing.rows {
            let named = crossing.dimensions.iter().map(String::as_str);
            let named: Vec<(&str, &str)> = named.zip(codes.iter().map(String::as_str)).collect();
            let part = key(named.iter().copied());
            for lacking in 0..2 {
                let rest = named.iter().enumerate().filter(|(place, _)| *place != lacking);
                let group = key(rest.map(|(_, pair)| *pair));
                groups.entry(group).or_default().push((part.clone(), 1));
            }
            let period = named.iter().find(|(name, _)| *name == columns::PERIODE.name);
            if let Some(longer) = period.and_then(|(_, period)| longer(period, &lengths)) {
                let others = named.iter().filter(|(name, _)| *name != columns::PERIODE.name);
                let others = others.copied().chain([(columns::PERIODE.name, longer.as_str())]);
                groups.entry(key(others)).or_default().push((part.clone(), 1));
            }
            let figures = crossing.measures.iter().cloned().zip(figures.iter().copied());
            let inner = Shared { is_inner: true, ..Shared::default() };
            self.rows.insert(part, Shared { figures: figures.collect(), ..inner });
        }
        groups.retain(|group, _| self.rows.contains_key(group));
        for (group, mut terms) in groups {
            terms.push((group, -1));
            self.ties.push(Tie { measures: crossing.measures.clone(), terms });
        }
    }

    /// The measures, those that move together in one group; sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<String>> {
        let measures: BTreeSet<&String> =
            self.rows.values().flat_map(|row| row.figures.keys()).collect();
        let mut groups: Vec<Vec<String>> = measures.into_iter().map(|m| vec![m.clone()]).collect();
        for (one, other) in &self.bonds {
            let place = |measure| groups.iter().position(|group| group.contains(measure));
            let (Some(to), Some(from)) = (place(one), place(other)) else { continue };
            if to != from {
                let more = groups.remove(to.max(from));
                groups[to.min(from)].extend(more);
            }
        }
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups
    }

    /// Everything that is said to add up does.
    fn prove(&self) -> Result<()> {
        let ties = self.ties.iter().map(|tie| (tie, false));
        for (Tie { measures, terms }, may_exceed) in
            ties.chain(self.limits.iter().map(|tie| (tie, true)))
        {
            for measure in measures {
                let figures = terms.iter().filter_map(|(key, sign)| {
                    Some(self.rows.get(key)?.figures.get(measure)? * i64::from(*sign))
                });
                let sum: i64 = figures.sum();
                if sum != 0 && !(may_exceed && sum > 0) {
                    let total = terms.iter().find(|(_, sign)| *sign < 0).map(|(key, _)| key);
                    return Err(Error::internal(format!(
                        "{measure} of the parts of `{}` is {sum} too much",
                        total.map_or("", String::as_str)
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The lengths of some periods, the shortest first.
fn lengths<'a>(periods: impl Iterator<Item = &'a String>) -> Vec<Length> {
    let mut lengths: Vec<Length> = periods.map(|code| Length::of_period(code)).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// The period of the next length that a period is in.
fn longer(period: &str, lengths: &[Length]) -> Option<String> {
    let own = Length::of_period(period);
    lengths.iter().find(|length| **length > own).map(|length| length.of(period))
}
