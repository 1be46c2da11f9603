//! Clean records become summary tables: integers, totals included, additive over periods.

pub mod cube;

use polars::prelude::*;

use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::Table;
use crate::error::{Error, Result};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE, SEPARATOR};

/// Changes when the same records and declarations would give other tables.
pub const VERSION: u32 = 1;

/// Parts that are put together into one, so that they do not grow with the number of periods.
const PARTS_MAX: usize = 12;

/// A summary table under construction: what each period adds, at the finest grain.
#[derive(Debug)]
pub struct Summary<'a> {
    name: &'a str,
    table: &'a Table,
    measures: Vec<(&'a str, &'a Indicator)>,
    /// Sums by dimensions and distinct column; the second for the totals of a split dimension.
    parts: Vec<DataFrame>,
    whole_parts: Vec<DataFrame>,
}

impl<'a> Summary<'a> {
    /// An empty summary.
    ///
    /// # Errors
    /// When the table names an indicator that is not declared.
    pub fn new(name: &'a str, table: &'a Table, definitions: &'a Definitions) -> Result<Self> {
        let measures = table.measures.iter().map(|measure| {
            let indicator = definitions.indicators.get(measure);
            let indicator = indicator
                .ok_or_else(|| Error::internal(format!("indicator `{measure}` was checked")))?;
            Ok((measure.as_str(), indicator))
        });
        let measures = measures.collect::<Result<_>>()?;
        Ok(Self { name, table, measures, parts: Vec::new(), whole_parts: Vec::new() })
    }

    /// The columns it reads from the clean records.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let table = self.table;
        let own =
            |name: &&String| !table.split.contains_key(*name) && !table.bands.contains_key(*name);
        let mut names: Vec<String> = table.by.iter().filter(own).cloned().collect();
        names.extend(table.split.values().cloned());
        names.extend(table.bands.values().flat_map(|bands| bands.values()).flatten().cloned());
        names.extend(self.measures.iter().filter_map(|(_, indicator)| indicator.of.clone()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Adds the records of a period.
    ///
    /// # Errors
    /// When a frame operation fails.
    pub fn add(&mut self, records: &DataFrame) -> Result<()> {
        let by: Vec<&str> = self.table.by.iter().map(String::as_str).collect();
        if let Some((dimension, bands)) = self.table.bands.iter().next() {
            let bands: Vec<LazyFrame> = bands
                .iter()
                .map(|(band, sources)| self.band(records, dimension, band, sources))
                .collect();
            let all = concat(bands, UnionArgs::default())?;
            self.parts.push(all.collect()?);
        } else if let Some((dimension, source)) = self.table.split.iter().next() {
            let split = records.clone().lazy().with_columns([col(source.as_str())
                .fill_null(lit(NON_RENSEIGNE))
                .str()
                .split(lit(SEPARATOR))
                .alias(dimension.as_str())]);
            let options = ExplodeOptions { empty_as_null: true, keep_nulls: true };
            let split = split.explode(by_name([dimension.as_str()], true, false), options);
            self.parts.push(self.group(split, &by)?);
            let rest: Vec<&str> = by.iter().copied().filter(|name| name != dimension).collect();
            self.whole_parts.push(self.group(records.clone().lazy(), &rest)?);
        } else {
            self.parts.push(self.group(records.clone().lazy(), &by)?);
        }
        let (parts, whole) = (&mut self.parts, &mut self.whole_parts);
        let (parts, whole) = (std::mem::take(parts), std::mem::take(whole));
        self.parts = self.put_together(parts)?;
        self.whole_parts = self.put_together(whole)?;
        Ok(())
    }

    /// Many parts become one.
    fn put_together(&self, parts: Vec<DataFrame>) -> Result<Vec<DataFrame>> {
        let Some(first) = parts.first().filter(|_| parts.len() >= PARTS_MAX) else {
            return Ok(parts);
        };
        let is_sum = |name: &&str| self.measures.iter().any(|(measure, _)| measure == name);
        let names: Vec<&str> =
            first.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
        let order: Vec<Expr> = names.iter().map(|name| col(*name)).collect();
        let (sums, keys): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_sum);
        let sums: Vec<Expr> = sums.into_iter().map(|name| col(name).sum()).collect();
        let keys: Vec<Expr> = keys.into_iter().map(col).collect();
        let parts: Vec<LazyFrame> = parts.iter().map(|part| part.clone().lazy()).collect();
        let all = concat(parts, UnionArgs::default())?;
        let one = if keys.is_empty() { all.select(sums) } else { all.group_by(keys).agg(sums) };
        Ok(vec![one.select(order).collect()?])
    }

    fn band(
        &self,
        records: &DataFrame,
        dimension: &str,
        band: &str,
        sources: &[String],
    ) -> LazyFrame {
        let sum = sources
            .iter()
            .map(|name| col(name.as_str()).cast(DataType::Int64).sum())
            .fold(lit(0_i64), |sum, part| sum + part);
        let own: Vec<Expr> = self
            .table
            .by
            .iter()
            .filter(|name| *name != dimension)
            .map(|name| dimension_of(name))
            .collect();
        let sums = self.measures.iter().map(|(name, _)| sum.clone().alias(*name));
        let grouped = if own.is_empty() {
            records.clone().lazy().select(sums.collect::<Vec<_>>())
        } else {
            records.clone().lazy().group_by(own).agg(sums.collect::<Vec<_>>())
        };
        let mut order: Vec<Expr> = self.table.by.iter().map(|name| col(name.as_str())).collect();
        order.extend(self.measures.iter().map(|(name, _)| col(*name)));
        grouped.with_columns([lit(band.to_owned()).alias(dimension)]).select(order)
    }

    /// Sums at the finest grain: dimensions, and the values to count once each.
    fn group(&self, records: LazyFrame, by: &[&str]) -> Result<DataFrame> {
        let mut keys: Vec<Expr> = by.iter().map(|name| dimension_of(name)).collect();
        keys.extend(self.distinct().map(|of| col(of).alias(distinct_name(of))));
        let sums: Vec<Expr> = self
            .measures
            .iter()
            .filter_map(|(name, indicator)| match (indicator.compute, indicator.of.as_deref()) {
                (Compute::Count, _) => Some(len().cast(DataType::Int64).alias(*name)),
                (Compute::Sum, Some(of)) => Some(col(of).cast(DataType::Int64).sum().alias(*name)),
                _ => None,
            })
            .collect();
        let grouped =
            if keys.is_empty() { records.select(sums) } else { records.group_by(keys).agg(sums) };
        Ok(grouped.collect()?)
    }

    /// Columns counted once each, in order, each once.
    fn distinct(&self) -> impl Iterator<Item = &'a str> {
        let mut names: Vec<&'a str> = self
            .measures
            .iter()
            .filter(|(_, indicator)| indicator.compute == Compute::Distinct)
            .filter_map(|(_, indicator)| indicator.of.as_deref())
            .collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// The table: a row for each combination of dimensions met and for each of their totals,
    /// sorted by the codes of its dimensions.
    ///
    /// # Errors
    /// When a frame operation fails.
    pub fn finish(self) -> Result<DataFrame> {
        let by: Vec<&str> = self.table.by.iter().map(String::as_str).collect();
        let split: Option<&str> = self.table.split.keys().next().map(String::as_str);
        let mut cells = Vec::new();
        for subset in 0..(1_u32 << by.len()) {
            let kept: Vec<&str> = by
                .iter()
                .enumerate()
                .filter(|(i, _)| subset & (1 << i) != 0)
                .map(|(_, n)| *n)
                .collect();
            let is_whole = split.is_some_and(|dimension| !kept.contains(&dimension));
            let parts = if is_whole { &self.whole_parts } else { &self.parts };
            if !parts.is_empty() {
                cells.push(self.total(parts, &by, &kept)?);
            }
        }
        if cells.is_empty() {
            return Err(Error::internal(format!("table `{}` got no period", self.name)));
        }
        let all = concat(cells, UnionArgs::default())?;
        Ok(all.sort(by, SortMultipleOptions::default()).collect()?)
    }

    fn total(&self, parts: &[DataFrame], by: &[&str], kept: &[&str]) -> Result<LazyFrame> {
        let parts: Vec<LazyFrame> = parts.iter().map(|part| part.clone().lazy()).collect();
        let all = concat(parts, UnionArgs::default())?;
        let measures: Vec<Expr> = self
            .measures
            .iter()
            .map(|(name, indicator)| match (indicator.compute, indicator.of.as_deref()) {
                (Compute::Distinct, Some(of)) => {
                    let values = col(distinct_name(of)).drop_nulls().n_unique();
                    values.cast(DataType::Int64).alias(*name)
                }
                _ => col(*name).sum(),
            })
            .collect();
        let grouped = if kept.is_empty() {
            all.select(measures)
        } else {
            all.group_by(kept.iter().map(|name| col(*name)).collect::<Vec<_>>()).agg(measures)
        };
        let totals: Vec<Expr> = by
            .iter()
            .filter(|name| !kept.contains(name))
            .map(|name| lit(ENSEMBLE).alias(*name))
            .collect();
        let order = by.iter().copied().chain(self.measures.iter().map(|(name, _)| *name));
        Ok(grouped.with_columns(totals).select(order.map(col).collect::<Vec<_>>()))
    }
}

/// A dimension; what is not known is a code like the others.
fn dimension_of(name: &str) -> Expr {
    col(name).fill_null(lit(INCONNU))
}

fn distinct_name(of: &str) -> String {
    format!("distinct {of}")
}
