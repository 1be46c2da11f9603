//! Summary tables become checks: parts add up to totals, and tables agree on what they share.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::Row;
use crate::definition::indicator::Indicator;
use crate::definition::table::{Dimension, Table};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{ENSEMBLE, SEPARATOR};

/// A summary table with its rows.
#[derive(Debug)]
pub struct Made<'d> {
    /// Its name.
    pub name: &'d str,
    /// Its declaration.
    pub table: &'d Table,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// What was compared, and how much of it differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// The table.
    pub table: String,
    /// The table it is compared with: itself, when its parts are compared with its totals.
    pub other: String,
    /// The dimensions they share, or the one whose parts are added.
    pub dimensions: String,
    /// The indicator.
    pub measure: String,
    /// Cells compared.
    pub cells: i64,
    /// Cells that differ.
    pub differing: i64,
}

/// Figures by codes.
type Figures<'r> = BTreeMap<Vec<&'r str>, Vec<i64>>;

/// All checks of the tables of one subject, sorted. Distinct counts do not add up and have none.
#[must_use]
pub fn checks(made: &[Made<'_>], indicators: &BTreeMap<String, Indicator>) -> Vec<Check> {
    let mut found = Vec::new();
    for (place, one) in made.iter().enumerate() {
        for (name, dimension) in one.table.dimensions() {
            if !matches!(dimension, Dimension::Split(_)) {
                let (parts, totals) = parts_and_totals(one, name, dimension);
                compare((one, one), name, (&parts, &totals), indicators, &mut found);
            }
        }
        for other in made.iter().skip(place + 1) {
            let common: Vec<&str> = common(one.table, other.table).collect();
            let lengths: Vec<Length> = both(&one.table.periods, &other.table.periods).collect();
            let of_one = margin(one, &common, &lengths);
            let of_other = margin(other, &common, &lengths);
            let shared =
                if common.is_empty() { ENSEMBLE.to_owned() } else { common.join(SEPARATOR) };
            compare((one, other), &shared, (&of_one, &of_other), indicators, &mut found);
        }
    }
    found.sort_unstable();
    found
}

/// For each indicator that both tables have and that adds up: how many cells differ.
fn compare(
    (one, other): (&Made<'_>, &Made<'_>),
    dimensions: &str,
    (figures, others): (&Figures<'_>, &Figures<'_>),
    indicators: &BTreeMap<String, Indicator>,
    found: &mut Vec<Check>,
) {
    let keys: BTreeSet<&Vec<&str>> = figures.keys().chain(others.keys()).collect();
    let count = |cells: usize| i64::try_from(cells).unwrap_or(i64::MAX);
    for (place, measure) in one.table.measures.iter().enumerate() {
        let in_other = other.table.measures.iter().position(|name| name == measure);
        let is_additive = indicators.get(measure).is_some_and(Indicator::is_additive);
        let Some(in_other) = in_other.filter(|_| is_additive) else { continue };
        let differs = |key: &&&Vec<&str>| {
            let figure = figures.get(**key).and_then(|figures| figures.get(place));
            figure != others.get(**key).and_then(|figures| figures.get(in_other))
        };
        found.push(Check {
            table: one.name.to_owned(),
            other: other.name.to_owned(),
            dimensions: dimensions.to_owned(),
            measure: measure.clone(),
            cells: count(keys.len()),
            differing: count(keys.iter().filter(differs).count()),
        });
    }
}

/// The rows of a table without one of its dimensions: added up, and as its totals say. Periods of
/// each length add up to the same total.
fn parts_and_totals<'r>(
    made: &'r Made<'_>,
    name: &str,
    dimension: Dimension<'_>,
) -> (Figures<'r>, Figures<'r>) {
    let place = made.table.by.iter().position(|other| other == name).unwrap_or_default();
    let lengths = match dimension {
        Dimension::Periods(lengths) => lengths,
        _ => &[],
    };
    let (mut parts, mut totals) = (Figures::new(), Figures::new());
    for (codes, figures) in &made.rows {
        let Some(own) = codes.get(place) else { continue };
        let mut key: Vec<&str> = codes.iter().map(String::as_str).collect();
        key.remove(place);
        if own != ENSEMBLE {
            if !lengths.is_empty() {
                key.push(Length::of_period(own).code());
            }
            let sums = parts.entry(key).or_insert_with(|| vec![0; figures.len()]);
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        } else if lengths.is_empty() {
            totals.insert(key, figures.clone());
        } else {
            for length in lengths {
                let key = key.iter().copied().chain([length.code()]).collect();
                totals.insert(key, figures.clone());
            }
        }
    }
    // Of no record there is a total, and no part.
    if parts.is_empty() {
        totals.clear();
    }
    (parts, totals)
}

/// The dimensions that two tables make alike, or of periods that some have the same length.
fn common<'t>(one: &'t Table, other: &'t Table) -> impl Iterator<Item = &'t str> {
    one.dimensions().filter_map(move |(name, dimension)| {
        let (_, in_other) = other.dimensions().find(|(other, _)| *other == name)?;
        let is_alike = match (dimension, in_other) {
            (Dimension::Periods(some), Dimension::Periods(others)) => {
                both(some, others).next().is_some()
            }
            _ => dimension == in_other,
        };
        is_alike.then_some(name)
    })
}

fn both<'l>(some: &'l [Length], others: &'l [Length]) -> impl Iterator<Item = Length> + 'l {
    some.iter().filter(|length| others.contains(length)).copied()
}

/// The figures of a table by some of its dimensions, the others taken together.
fn margin<'r>(made: &'r Made<'_>, common: &[&str], lengths: &[Length]) -> Figures<'r> {
    let is_kept = |name: &String, dimension: Dimension<'_>, code: &str| {
        if !common.contains(&name.as_str()) {
            return code == ENSEMBLE;
        }
        let is_of_periods = matches!(dimension, Dimension::Periods(_));
        code == ENSEMBLE || !is_of_periods || lengths.contains(&Length::of_period(code))
    };
    let mut found = Figures::new();
    let places: Vec<usize> = common
        .iter()
        .filter_map(|name| made.table.by.iter().position(|other| other == name))
        .collect();
    let dimensions: Vec<Dimension<'_>> =
        made.table.dimensions().map(|(_, dimension)| dimension).collect();
    for (codes, figures) in &made.rows {
        let mut cells = made.table.by.iter().zip(&dimensions).zip(codes);
        if cells.all(|((name, dimension), code)| is_kept(name, *dimension, code)) {
            let key = places.iter().filter_map(|place| codes.get(*place)).map(String::as_str);
            found.insert(key.collect(), figures.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indicators() -> BTreeMap<String, Indicator> {
        let text = "[n]\ntitle=''\nformula=''\nis_not=''\nunit=''\ncompute='count'\n\
            [d]\ntitle=''\nformula=''\nis_not=''\nunit=''\ncompute='distinct'\nof='siren'\n";
        toml::from_str(text).unwrap()
    }

    fn table(by: &str) -> Table {
        let text = format!(
            "title=''\ndefinition=''\nfrom='activites'\nby=[{by}]\nmeasures=['n','d']\n\
             periods=['mois','annee']\n"
        );
        toml::from_str(&text).unwrap()
    }

    /// Rows as `a,b,1,2` a line.
    fn rows(dimensions: usize, lines: &str) -> Vec<Row> {
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let (codes, figures) = cells.split_at(dimensions);
            let figures = figures.iter().map(|figure| figure.parse().unwrap());
            (codes.iter().map(|code| (*code).to_owned()).collect(), figures.collect())
        };
        lines.split_whitespace().map(row).collect()
    }

    /// `table other dimensions: cells/differing` of each check.
    fn check(regions: &str, expected: &[&str]) {
        let (by_period, by_region) = (table("'periode'"), table("'region','periode'"));
        let periods = "2024-01,3,1 2024-02,2,1 2024,5,1 ensemble,5,1";
        let made = [
            Made { name: "p", table: &by_period, rows: rows(1, periods) },
            Made { name: "r", table: &by_region, rows: rows(2, regions) },
        ];
        let told = |check: Check| {
            let Check { table, other, dimensions, measure, cells, differing } = check;
            format!("{table} {other} {dimensions} {measure}: {cells}/{differing}")
        };
        let found: Vec<String> = checks(&made, &indicators()).into_iter().map(told).collect();
        assert_eq!(found, expected);
    }

    const REGIONS: &str = "11,2024-01,3,1 11,2024-02,1,1 11,2024,4,1 11,ensemble,4,1 \
        84,2024-02,1,1 84,2024,1,1 84,ensemble,1,1 \
        ensemble,2024-01,3,1 ensemble,2024-02,2,1 ensemble,2024,5,1 ensemble,ensemble,5,1";

    #[test]
    fn tables_that_agree_say_so_and_distinct_counts_are_not_compared() {
        check(
            REGIONS,
            &[
                "p p periode n: 2/0",
                "p r periode n: 4/0",
                "r r periode n: 6/0",
                "r r region n: 4/0",
            ],
        );
    }

    #[test]
    fn a_cell_that_is_wrong_or_missing_is_counted() {
        check(
            &REGIONS.replace("ensemble,2024-02,2,1", "ensemble,2024-02,3,1"),
            &[
                "p p periode n: 2/0",
                "p r periode n: 4/1",
                "r r periode n: 6/1",
                "r r region n: 4/1",
            ],
        );
        check(
            &REGIONS.replace("11,2024-02,1,1", ""),
            &[
                "p p periode n: 2/0",
                "p r periode n: 4/0",
                "r r periode n: 6/1",
                "r r region n: 4/1",
            ],
        );
    }
}
