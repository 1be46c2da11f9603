//! Tables that are published together become one system, its primary cells judged by the rules.

use std::collections::BTreeMap;

use crate::definition::secrecy::{CostBy, Rules, Zero};
use crate::error::{Error, Result};
use crate::protect::office::cells::{Cells, Figure};
use crate::protect::office::records::Given;
use crate::protect::rules::{Primary, Status, judge, marked};
use crate::protect::system::{Builder, Cell, State, System};
use crate::protect::table::{Dimension, Table};

/// What the tables have in common.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What is primary; without rules, what the files mark.
    pub rules: &'a [&'a Rules],
    /// The room of what the files mark.
    pub of_marked: &'a Rules,
    /// What hiding costs.
    pub cost: CostBy,
    /// Decimals of the figures.
    pub places: u32,
}

/// A table that is published.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// Its name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
    /// The figure of each cell, in their order.
    pub figures: Vec<usize>,
}

/// All that is published together.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Its tables.
    pub tables: Vec<Stated>,
    /// Their figures and relations.
    pub system: System,
    /// Of each primary figure, why.
    pub primary: BTreeMap<usize, Status>,
    /// What everyone knows that a hidden figure of the tables is at least.
    pub floor: Option<i64>,
    /// Decimals of the figures.
    pub places: u32,
    /// The figures of each contributor who is alone in them, and so knows them.
    pub insiders: Vec<Vec<u32>>,
}

impl Problem {
    /// Links tables, each with its name: a margin that two of them have is one figure.
    ///
    /// # Errors
    /// When they disagree on a figure.
    pub fn new(tables: Vec<(String, Cells)>, terms: Terms) -> Result<Self> {
        let mut builder = Builder::default();
        let mut said: BTreeMap<String, (i64, Option<Primary>)> = BTreeMap::new();
        let mut keys: Vec<Vec<String>> = Vec::new();
        for (name, cells) in &tables {
            let judged = |figure: &Figure| (figure.made_of.value, terms.judge(figure));
            let table = cells.table(terms);
            let of_table: Vec<String> =
                table.cells.keys().map(|nodes| table.key("", nodes)).collect();
            for (key, (nodes, figure)) in of_table.iter().zip(&cells.figures) {
                let (value, primary) = judged(figure);
                let known = said.entry(key.clone()).or_insert((value, primary));
                if known.0 != value {
                    let words = cells.words(nodes);
                    return Err(Error::data(format!(
                        "`{name}` disagrees with another table on the figure of {words}"
                    ))
                    .hint("a code of two tables is one: name apart what is not the same"));
                }
                known.1 = known.1.into_iter().chain(primary).reduce(Primary::and);
            }
            table.add_to("", &mut builder);
            keys.push(of_table);
        }
        let mut system = builder.finish();
        let floor = terms.floor(&system);
        for cell in &mut system.cells {
            cell.floor = floor.map(|floor| floor.min(cell.value));
        }
        // No pattern makes it possible that a figure is below what everyone knows.
        let least = least(&system);
        for (cell, least) in system.cells.iter_mut().zip(least) {
            let below =
                least.and_then(|least| u64::try_from(cell.value.saturating_sub(least)).ok());
            cell.room.down = cell.room.down.min(below.unwrap_or(u64::MAX));
        }
        let place = |key: &String| system.cell(key);
        let tables = tables.into_iter().zip(keys);
        let tables = tables.map(|((name, cells), keys)| Stated {
            name,
            cells,
            figures: keys.iter().filter_map(place).collect(),
        });
        let tables = tables.collect();
        let primary = said.iter().filter_map(|(key, (_, primary))| {
            let place = place(key).filter(|place| system.cells[*place].state == State::Primary)?;
            Some((place, primary.as_ref()?.status))
        });
        let primary = primary.collect();
        let places = terms.places;
        Ok(Self { tables, system, primary, floor, places, insiders: Vec::new() })
    }

    /// Says that who is alone in a figure knows it. Files do not name him: one of a part who is
    /// alone in the total too is the same, and others are taken for different ones.
    pub fn mind_insiders(&mut self) {
        let mut is_alone = vec![false; self.system.cells.len()];
        for table in &self.tables {
            for (said, figure) in table.cells.figures.values().zip(&table.figures) {
                is_alone[*figure] |= said.made_of.units == 1 && said.made_of.value != 0;
            }
        }
        // The least figure of each contributor stands for him.
        let mut first: Vec<usize> = (0..is_alone.len()).collect();
        loop {
            let mut has_changed = false;
            for row in self.system.relations.iter() {
                let (total, parts): (Vec<_>, Vec<_>) = row.iter().partition(|(_, sign)| *sign < 0);
                let total = total.first().map(|(cell, _)| *cell as usize);
                let Some(total) = total.filter(|total| is_alone[*total]) else { continue };
                for (part, _) in parts {
                    let part = part as usize;
                    let least = first[total].min(first[part]);
                    if is_alone[part] && (first[total], first[part]) != (least, least) {
                        (first[total], first[part], has_changed) = (least, least, true);
                    }
                }
            }
            if !has_changed {
                break;
            }
        }
        let mut of_first: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (figure, first) in first.iter().enumerate().filter(|(figure, _)| is_alone[*figure]) {
            let figure = u32::try_from(figure).unwrap_or(u32::MAX);
            of_first.entry(*first).or_default().push(figure);
        }
        self.insiders = of_first.into_values().collect();
    }

    /// What becomes of a figure under a pattern.
    #[must_use]
    pub fn status(&self, figure: usize, pattern: &[bool]) -> Status {
        match (self.primary.get(&figure), pattern.get(figure)) {
            (Some(status), _) => *status,
            (None, Some(true)) => Status::D,
            (None, _) => Status::V,
        }
    }
}

impl Terms<'_> {
    fn judge(&self, figure: &Figure) -> Option<Primary> {
        let marked = match figure.given {
            Given::Published => return None,
            Given::Primary => Some(marked(&figure.made_of, self.of_marked)),
            Given::Nothing => None,
        };
        let judged = self.rules.iter().filter_map(|rules| judge(&figure.made_of, rules));
        marked.into_iter().chain(figure.alone).chain(judged).reduce(Primary::and)
    }

    fn cell(&self, figure: &Figure) -> Cell {
        let value = figure.made_of.value;
        let size = value.unsigned_abs();
        let primary = self.judge(figure);
        let state = match figure.given {
            Given::Published => State::Frozen,
            _ if primary.is_some() => State::Primary,
            _ if value == 0 && self.shows_zeros() => State::Frozen,
            Given::Primary | Given::Nothing => State::Free,
        };
        let cost = figure.cost.unwrap_or(match self.cost {
            CostBy::Value => size,
            CostBy::Count => 1,
            CostBy::Units => figure.made_of.units,
            CostBy::RootOfValue => size.isqrt(),
        });
        let room = primary.map(|primary| primary.room).unwrap_or_default();
        Cell { value, cost, state, room, floor: None }
    }

    /// Whether zeros that nobody contributes to are always published.
    fn shows_zeros(&self) -> bool {
        let mut rules = self.rules.iter().chain([&self.of_marked]);
        rules.all(|rules| rules.zero == Zero::Publish)
    }

    /// What everyone knows that a hidden figure is at least: nothing where one is negative; 1 where
    /// figures are whole and each zero is published, for what is hidden is none then; else 0.
    fn floor(&self, system: &System) -> Option<i64> {
        if system.cells.iter().any(|cell| cell.value < 0) {
            return None;
        }
        let is_shown = |cell: &Cell| cell.value > 0 || cell.state == State::Frozen;
        let hides_no_zero = self.shows_zeros() && system.cells.iter().all(is_shown);
        Some(i64::from(hides_no_zero && self.places == 0))
    }
}

/// What everyone knows that each figure is at least, whatever is hidden: a total of two parts that
/// are no zeros is no 1.
fn least(system: &System) -> Vec<Option<i64>> {
    let known =
        |cell: &Cell| if cell.state == State::Frozen { Some(cell.value) } else { cell.floor };
    let mut least: Vec<Option<i64>> = system.cells.iter().map(known).collect();
    loop {
        let mut has_changed = false;
        for row in system.relations.iter() {
            let (total, parts): (Vec<_>, Vec<_>) = row.iter().partition(|(_, sign)| *sign < 0);
            let [(total, _)] = total[..] else { continue };
            let of_parts = parts.iter().map(|(part, _)| least[*part as usize]);
            let sum = of_parts.sum::<Option<i64>>();
            if sum > least[total as usize] {
                (least[total as usize], has_changed) = (sum, true);
            }
        }
        if !has_changed {
            return least;
        }
    }
}

impl Cells {
    fn table(&self, terms: Terms) -> Table {
        let dimensions = self.axes.iter();
        let dimensions = dimensions
            .map(|axis| Dimension { name: axis.name.clone(), tree: axis.tree.clone() })
            .collect();
        let cells = self.figures.iter();
        let cells = cells.map(|(nodes, figure)| (nodes.clone(), terms.cell(figure))).collect();
        Table { dimensions, cells }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::office::cells::Counting;
    use crate::protect::office::hierarchy::{Axis, Pairs, Total};
    use crate::protect::office::records::{Record, Records};
    use std::collections::BTreeSet;

    fn cells(name: &str, rows: &[(&str, i64)], rules: &Rules) -> (String, Cells) {
        let codes: BTreeSet<&str> = rows.iter().map(|(code, _)| *code).collect();
        let axis = Axis::new(name, &Pairs::new(), &codes, Total::usual("Total")).unwrap();
        let row = |(code, value): &(&str, i64)| Record {
            codes: vec![(*code).to_owned()],
            value: *value,
            ..Record::default()
        };
        let rows = rows.iter().map(row).collect();
        let records = Records { dimensions: vec![name.into()], places: 0, rows };
        let missing = BTreeSet::new();
        let counting = Counting { rules, is_of_contributions: false, missing: &missing };
        (name.into(), Cells::new("t.csv", &records, &[(0, axis)], counting).unwrap())
    }

    fn problem(tables: [&[(&str, i64)]; 2]) -> Result<Problem> {
        let rules: Rules = toml::from_str("unit = \"person\"\nmin_units = 5").unwrap();
        let [sex, age] = tables;
        let tables = vec![cells("sex", sex, &rules), cells("age", age, &rules)];
        let (cost, places) = (CostBy::Value, 0);
        Problem::new(tables, Terms { rules: &[&rules], of_marked: &rules, cost, places })
    }

    #[test]
    fn linked_tables_are_one_system_with_their_primary_cells() {
        let found = problem([&[("F", 3), ("M", 9)], &[("old", 0), ("young", 12)]]).unwrap();
        assert_eq!(found.system.keys, ["|", "|age=old", "|age=young", "|sex=F", "|sex=M"]);
        assert_eq!(found.primary, BTreeMap::from([(3, Status::A)]));
        assert_eq!(found.system.cells[1].state, State::Frozen);
        assert_eq!(found.tables[1].figures, [0, 1, 2]);
        let pattern = [false, false, false, true, true];
        let statuses = (0..5).map(|figure| found.status(figure, &pattern).letter());
        assert_eq!(statuses.collect::<String>(), "VVVAD");
    }

    #[test]
    fn who_is_alone_in_a_part_and_its_total_is_one_contributor() {
        let mut found = problem([&[("F", 1), ("M", 0)], &[("old", 0), ("young", 1)]]).unwrap();
        found.mind_insiders();
        assert_eq!(found.insiders, [[0, 2, 3]]);
        let mut found = problem([&[("F", 1), ("M", 9)], &[("old", 1), ("young", 9)]]).unwrap();
        found.mind_insiders();
        assert_eq!(found.insiders, [[1], [3]]);
    }

    #[test]
    fn a_figure_needs_no_room_below_what_everyone_knows() {
        // A total of a 2 and a 1 is at least 2, for a hidden part is no zero.
        let found = problem([&[("F", 2), ("M", 1)], &[("old", 0), ("young", 3)]]).unwrap();
        let below = |key: &str| found.system.cells[found.system.cell(key).unwrap()].room.down;
        let keys = ["|", "|age=young", "|sex=F", "|sex=M"];
        assert_eq!((found.floor, keys.map(below)), (Some(1), [1, 1, 1, 0]));
        let found = problem([&[("F", 1), ("M", 1)], &[("old", 0), ("young", 2)]]).unwrap();
        assert_eq!(found.system.cells[0].room.down, 0);
    }

    #[test]
    fn linked_tables_agree_on_what_they_share() {
        let error = problem([&[("F", 3), ("M", 9)], &[("old", 1), ("young", 12)]]).unwrap_err();
        let expected = "`age` disagrees with another table on the figure of age=Total";
        assert_eq!(error.to_string(), expected);
    }
}
