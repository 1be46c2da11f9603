//! Rows become the cells of a table, totals included and checked to the last unit.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::secrecy::Rules;
use crate::error::{Error, Result};
use crate::protect::office::decimal::show;
use crate::protect::office::hierarchy::Axis;
use crate::protect::office::records::{Given, Record, Records};
use crate::protect::rules::{Contributions, Primary, Status, Tally};
use crate::protect::system::Room;

/// What the rows say of one cell.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// Its value and what it is made of.
    pub made_of: Contributions,
    /// What is known already.
    pub given: Given,
    /// What hiding it costs, if the file says so.
    pub cost: Option<u64>,
    /// The line that says it; a total that was added has none.
    pub line: Option<u64>,
    /// Set where all of a group are in one category.
    pub alone: Option<Primary>,
}

/// A table as read: its cells by the nodes of their codes.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Its dimensions.
    pub axes: Vec<Axis>,
    /// Its cells.
    pub figures: BTreeMap<Vec<u32>, Figure>,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting<'a> {
    /// What looks at the largest contributions.
    pub rules: &'a Rules,
    /// Whether rows are contributions, each of the unit that it names.
    pub is_of_contributions: bool,
    /// Codes that say that a code is missing.
    pub missing: &'a BTreeSet<String>,
}

impl Cells {
    /// The cells of the rows that have codes of these dimensions, each told by its place among
    /// those of the rows. Totals are added along a dimension of which no row has one.
    ///
    /// # Errors
    /// When a cell stands twice, or a total is not the sum of its parts; the message names the
    /// file by `name`.
    pub fn new(
        name: &str,
        records: &Records,
        axes: &[(usize, Axis)],
        counting: Counting,
    ) -> Result<Self> {
        let nodes_of = |row: &Record| -> Option<Vec<u32>> {
            axes.iter().map(|(place, axis)| axis.node(row.codes.get(*place)?)).collect()
        };
        let rows: Vec<(Vec<u32>, &Record)> =
            records.rows.iter().filter_map(|row| Some((nodes_of(row)?, row))).collect();
        let axes: Vec<Axis> = axes.iter().map(|(_, axis)| axis.clone()).collect();
        let has_total = |(place, axis): (usize, &Axis)| {
            rows.iter().any(|(nodes, _)| !axis.tree.children(nodes[place]).is_empty())
        };
        let has_totals: Vec<bool> = axes.iter().enumerate().map(has_total).collect();
        let is_complete = has_totals.iter().all(|has| *has) && !counting.is_of_contributions;
        let mut cells = Self { axes, figures: BTreeMap::new() };
        let mut tallies: BTreeMap<Vec<u32>, Tally> = BTreeMap::new();
        for (own, row) in &rows {
            for nodes in cells.counted_in(own, &has_totals) {
                if counting.is_of_contributions {
                    let tally = tallies.entry(nodes.clone()).or_default();
                    tally.add(row.unit.as_deref(), row.value);
                }
                let figure = cells.figures.entry(nodes.clone()).or_default();
                if nodes == *own {
                    if figure.line.is_some() && is_complete {
                        return Err(cells.twice(name, own, row.line));
                    }
                    (figure.line, figure.given) = (Some(row.line), row.given);
                    figure.cost = row.cost;
                }
                add(&mut figure.made_of, row, records.places);
            }
        }
        for (nodes, tally) in tallies {
            let figure = cells.figures.entry(nodes).or_default();
            figure.made_of = tally.contributions(counting.rules);
        }
        for (nodes, figure) in &mut cells.figures {
            let mut codes = cells.axes.iter().zip(nodes).map(|(axis, node)| axis.code(*node));
            figure.made_of.is_of_missing_code = codes.any(|code| counting.missing.contains(code));
        }
        cells.check(name, records.places)?;
        Ok(cells)
    }

    /// The cells a row counts in: its own, and the totals that are to be added.
    fn counted_in(&self, own: &[u32], has_totals: &[bool]) -> Vec<Vec<u32>> {
        let mut found = vec![own.to_vec()];
        for (place, axis) in self.axes.iter().enumerate().filter(|(place, _)| !has_totals[*place]) {
            for known in std::mem::take(&mut found) {
                found.extend(axis.upwards(known[place]).map(|node| {
                    let mut nodes = known.clone();
                    nodes[place] = node;
                    nodes
                }));
            }
        }
        found
    }

    /// Each total is the sum of its parts; one that no row says is zero, or an error.
    fn check(&mut self, name: &str, places: u32) -> Result<()> {
        let mut sums: BTreeMap<(usize, Vec<u32>), i128> = BTreeMap::new();
        for (nodes, figure) in &self.figures {
            for (place, axis) in self.axes.iter().enumerate() {
                let Some(parent) = axis.tree.parent(nodes[place]) else { continue };
                let mut nodes = nodes.clone();
                nodes[place] = parent;
                *sums.entry((place, nodes)).or_default() += i128::from(figure.made_of.value);
            }
        }
        let mut wrong = Vec::new();
        for ((place, nodes), sum) in sums {
            let total = self.figures.entry(nodes.clone()).or_default();
            if i128::from(total.made_of.value) != sum {
                wrong.push((place, nodes, sum));
            }
        }
        // A line of the file tells more than a total that was added.
        let line = |nodes: &Vec<u32>| self.figures.get(nodes).and_then(|figure| figure.line);
        let first = wrong.iter().min_by_key(|(_, nodes, _)| line(nodes).unwrap_or(u64::MAX));
        let Some((place, nodes, sum)) = first else { return Ok(()) };
        let figure = self.figures.get(nodes).cloned().unwrap_or_default();
        let line = figure.line.map_or("no line".to_owned(), |line| format!("line {line}"));
        let said = show(figure.made_of.value, places);
        let sum = i64::try_from(*sum).map_or(sum.to_string(), |sum| show(sum, places));
        let (what, axis) = (self.words(nodes), &self.axes[*place].name);
        Err(Error::data(format!(
            "`{name}`, {line}: {what} is {said}, and its parts by `{axis}` add up to {sum} \
             ({} totals are wrong)",
            wrong.len()
        ))
        .hint("a total is the exact sum of its parts; are the tree and the decimals right?"))
    }

    /// Hides each group whose units all fall in one category of a dimension: that category, and
    /// those that are empty, or the zeros would say what the figure does not. Its total is judged
    /// as the others.
    pub fn hide_groups(&mut self, place: usize) {
        let Some(axis) = self.axes.get(place) else { return };
        let mut alone = Vec::new();
        for (nodes, total) in self.figures.iter().filter(|(_, total)| total.made_of.value != 0) {
            let parts = axis.tree.children(nodes[place]).iter().map(|child| {
                let mut part = nodes.clone();
                part[place] = *child;
                let value = self.figures.get(&part).map_or(0, |figure| figure.made_of.value);
                (part, value)
            });
            let parts: Vec<(Vec<u32>, i64)> = parts.collect();
            let is_one = parts.iter().any(|(_, value)| *value == total.made_of.value);
            if is_one
                && parts.iter().filter(|(_, value)| *value != 0).count() == 1
                && parts.len() > 1
            {
                alone.extend(parts);
            }
        }
        for (nodes, value) in alone {
            let room = if value == 0 { Room { up: 1, down: 0 } } else { Room { up: 0, down: 1 } };
            let figure = self.figures.entry(nodes).or_default();
            figure.alone = Some(Primary { status: Status::A, room });
        }
    }

    fn twice(&self, name: &str, nodes: &[u32], line: u64) -> Error {
        Error::data(format!("`{name}`, line {line}: {} stands twice", self.words(nodes)))
    }

    /// A cell in words.
    #[must_use]
    pub fn words(&self, nodes: &[u32]) -> String {
        let codes = self.axes.iter().zip(nodes);
        let codes = codes.map(|(axis, node)| format!("{}={}", axis.name, axis.code(*node)));
        codes.collect::<Vec<_>>().join(" ")
    }
}

/// Adds a row to what a figure is made of. Units of two rows count as different ones: a file of
/// contributions, that names them, counts each once.
fn add(figure: &mut Contributions, row: &Record, places: u32) {
    let size = row.value.unsigned_abs();
    figure.value = figure.value.saturating_add(row.value);
    figure.total = figure.total.saturating_add(size);
    // A count without units counts them itself.
    figure.units += row.units.unwrap_or_else(|| size / 10_u64.pow(places));
    figure.largest.extend(&row.largest);
    figure.largest.sort_unstable_by(|one, other| other.cmp(one));
    figure.largest.truncate(row.largest.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::office::hierarchy::{Pairs, add_levels};

    fn rules() -> Rules {
        toml::from_str("unit = \"holding\"\nmin_units = 3").unwrap()
    }

    fn row(line: u64, codes: [&str; 2], value: i64) -> Record {
        let codes = codes.map(str::to_owned).to_vec();
        Record { line, codes, value, ..Record::default() }
    }

    fn records(rows: Vec<Record>) -> Records {
        Records { dimensions: vec!["place".into(), "sex".into()], places: 0, rows }
    }

    fn axes() -> Vec<(usize, Axis)> {
        let mut pairs = Pairs::new();
        add_levels(["FR", "53", "22"].into_iter(), &mut pairs);
        add_levels(["FR", "53", "35"].into_iter(), &mut pairs);
        let place = Axis::new("place", &pairs, &BTreeSet::new(), "Total").unwrap();
        let sexes = BTreeSet::from(["F", "M"]);
        vec![(0, place), (1, Axis::new("sex", &Pairs::new(), &sexes, "Total").unwrap())]
    }

    fn cells(rows: Vec<Record>, is_of_contributions: bool) -> Result<Cells> {
        let (rules, missing) = (rules(), BTreeSet::new());
        let counting = Counting { rules: &rules, is_of_contributions, missing: &missing };
        Cells::new("t.csv", &records(rows), &axes(), counting)
    }

    fn value(cells: &Cells, codes: [&str; 2]) -> i64 {
        let nodes = cells.axes.iter().zip(codes).map(|(axis, code)| axis.node(code).unwrap());
        cells.figures[&nodes.collect::<Vec<u32>>()].made_of.value
    }

    #[test]
    fn totals_are_added_where_none_is_given() {
        let inner = vec![row(2, ["22", "F"], 4), row(3, ["35", "F"], 5), row(4, ["35", "M"], 1)];
        let found = cells(inner, false).unwrap();
        assert_eq!(found.figures.len(), 11, "22 × M is an absent zero");
        assert_eq!(value(&found, ["FR", "Total"]), 10);
        // Totals by sex alone are given.
        let half = vec![row(2, ["22", "F"], 4), row(3, ["22", "Total"], 4)];
        assert_eq!(cells(half, false).unwrap().figures.len(), 6);
    }

    #[test]
    fn a_total_that_is_no_sum_is_told_with_its_line() {
        let mut rows = vec![row(2, ["22", "F"], 4), row(3, ["53", "F"], 5), row(4, ["FR", "F"], 5)];
        let error = cells(rows.clone(), false).unwrap_err().to_string();
        let expected = "`t.csv`, line 3: place=53 sex=F is 5, and its parts by `place` add up to 4";
        assert!(error.starts_with(expected), "{error}");
        rows[1].value = 4;
        let error = cells(rows.clone(), false).unwrap_err().to_string();
        assert!(error.contains("line 4: place=FR sex=F is 5"), "{error}");
        rows.pop();
        let error = cells(rows.clone(), false).unwrap_err().to_string();
        assert!(error.contains("no line: place=FR sex=Total is 0"), "{error}");
    }

    #[test]
    fn a_unit_of_two_places_counts_once_above_them() {
        let by = |line: u64, place: &str, unit: &str| Record {
            unit: Some(unit.to_owned()),
            ..row(line, [place, "F"], 10)
        };
        let found =
            cells(vec![by(2, "22", "a"), by(3, "35", "a"), by(4, "35", "b")], true).unwrap();
        let region: Vec<u32> = vec![found.axes[0].node("53").unwrap(), 0];
        let made_of = &found.figures[&region].made_of;
        assert_eq!((made_of.value, made_of.units, made_of.largest[0]), (30, 2, 20));
    }

    #[test]
    fn a_group_of_one_category_is_hidden_with_its_empty_ones() {
        let rows = [["22", "F"], ["35", "F"], ["35", "M"]].map(|codes| row(2, codes, 9)).to_vec();
        let mut found = cells(rows, false).unwrap();
        found.hide_groups(1);
        let hidden = found.figures.iter().filter(|(_, figure)| figure.alone.is_some());
        let hidden: Vec<String> = hidden.map(|(nodes, _)| found.words(nodes)).collect();
        assert_eq!(hidden, ["place=22 sex=F", "place=22 sex=M"]);
    }

    #[test]
    fn a_cell_that_stands_twice_is_told() {
        let rows = ["F", "Total", "F"].map(|sex| row(2, ["FR", sex], 4)).to_vec();
        let error = cells(rows, false).unwrap_err().to_string();
        assert_eq!(error, "`t.csv`, line 2: place=FR sex=F stands twice");
    }
}
