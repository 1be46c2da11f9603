//! Files and what is said of them become the tables to protect together.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::secrecy::{CostBy, Rules};
use crate::error::{Error, Result};
use crate::protect::office::cells::{Cells, Counting};
use crate::protect::office::hierarchy::{Axis, Pairs, Total, add_levels};
use crate::protect::office::problem::{Problem, Terms};
use crate::protect::office::records::{self, Columns, Records};

/// A file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name, in messages and outputs.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A list of codes.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    /// Its dimension; without it, the one whose codes it has.
    pub dimension: Option<String>,
    /// Its name, in messages and outputs.
    pub name: String,
    /// What its codes are part of.
    pub pairs: Pairs,
}

/// What is said of the files.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the columns mean; those that are levels are in `levels`.
    pub columns: Columns,
    /// Dimensions whose tree is in columns of the table, from the narrowest. One that is there
    /// twice has two trees that do not nest.
    pub levels: Vec<(String, Vec<String>)>,
    /// The code of the total, by dimension; that of no name is for the others.
    pub totals: BTreeMap<String, String>,
    /// Dimensions that are attributes of units: a group that falls in one category is hidden, if
    /// the rules say so. When none is named, all that have no tree.
    pub attributes: Vec<String>,
    /// Codes that say that a code is missing.
    pub missing: BTreeSet<String>,
    /// What is primary; nothing but what the files mark, if there is none.
    pub rules: Vec<Rules>,
    /// The room of what the files mark.
    pub of_marked: Rules,
    /// What hiding costs.
    pub cost: CostBy,
    /// Whether contributors who are alone in a figure, and so know it, must learn no more.
    pub minds_insiders: bool,
}

/// Names that totals go by.
const TOTALS: [&str; 5] = ["Total", "total", "TOTAL", "Ensemble", "ensemble"];

/// The tables of some files, linked.
///
/// # Errors
/// When a file cannot be read, or figures do not add up.
pub fn assemble(tables: &[Source], codes: &[Codes], plan: &Plan) -> Result<Problem> {
    let mut columns = plan.columns.clone();
    columns.levels = plan.levels.iter().flat_map(|(_, levels)| levels.iter().cloned()).collect();
    let read = |columns: &Columns| -> Result<Vec<Records>> {
        tables.iter().map(|file| records::read(&file.name, &file.bytes, columns)).collect()
    };
    let mut read_tables = read(&columns)?;
    // One scale for all: a margin has the same figure in two files.
    let places = read_tables.iter().map(|records| records.places).max().unwrap_or(0);
    if read_tables.iter().any(|records| records.places != places) {
        read_tables = read(&Columns { places: Some(places), ..columns.clone() })?;
    }
    let trees = trees_of(codes, &read_tables)?;
    let mut found = Vec::new();
    for (source, records) in tables.iter().zip(&read_tables) {
        found.extend(tables_of(source, records, (&trees, &columns.levels, plan))?);
    }
    let rules: Vec<&Rules> = plan.rules.iter().collect();
    let terms = Terms { rules: &rules, of_marked: &plan.of_marked, cost: plan.cost, places };
    let mut problem = Problem::new(found, terms)?;
    if plan.minds_insiders {
        problem.mind_insiders();
    }
    Ok(problem)
}

/// Names of the trees chosen, and a dimension for each column.
type Choice = (Vec<String>, Vec<(usize, Axis)>);
/// A tree of a dimension, and its name.
type Named = (String, Pairs);

/// The trees of each dimension.
fn trees_of(codes: &[Codes], tables: &[Records]) -> Result<BTreeMap<String, Vec<Named>>> {
    let mut trees: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for list in codes {
        let Codes { name, pairs, .. } = list;
        let dimension = match &list.dimension {
            Some(dimension) => dimension.clone(),
            None => dimension_of(pairs, tables).ok_or_else(|| {
                Error::data(format!("`{name}` has the codes of no dimension"))
                    .hint("say which one it is of: `--hierarchy DIM=FILE`")
            })?,
        };
        if !tables.iter().any(|records| records.dimensions.contains(&dimension)) {
            return Err(Error::data(format!("no table has the dimension `{dimension}`"))
                .hint(format!("`{name}` is said to be its tree")));
        }
        trees.entry(dimension).or_default().push((name.clone(), pairs.clone()));
    }
    Ok(trees)
}

/// The dimension that has most of its codes in a tree.
fn dimension_of(pairs: &Pairs, tables: &[Records]) -> Option<String> {
    let known: BTreeSet<&str> = pairs.iter().map(|(child, _)| child.as_str()).collect();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for records in tables {
        for (place, dimension) in records.dimensions.iter().enumerate() {
            let codes: BTreeSet<&str> = records
                .rows
                .iter()
                .filter_map(|row| Some(row.codes.get(place)?.as_str()))
                .collect();
            *met.entry(dimension).or_default() += codes.intersection(&known).count();
        }
    }
    let most = met.into_iter().max_by_key(|(_, count)| *count)?;
    (most.1 > 0).then(|| most.0.to_owned())
}

/// The tables of one file: one, or as many as there are ways to choose a tree for each dimension.
fn tables_of(
    source: &Source,
    records: &Records,
    (trees, level_columns, plan): (&BTreeMap<String, Vec<Named>>, &[String], &Plan),
) -> Result<Vec<(String, Cells)>> {
    let mut choices: Vec<Choice> = vec![(Vec::new(), Vec::new())];
    for (place, dimension) in records.dimensions.iter().enumerate() {
        let mut given = trees.get(dimension).cloned().unwrap_or_default();
        given.extend(trees_of_columns(records, place, (level_columns, plan)));
        let codes: BTreeSet<&str> =
            records.rows.iter().filter_map(|row| Some(row.codes.get(place)?.as_str())).collect();
        let named = plan.totals.get(dimension).or_else(|| plan.totals.get(""));
        let usual = TOTALS.into_iter().find(|total| codes.contains(total)).unwrap_or(TOTALS[0]);
        let code = named.map_or(usual, String::as_str);
        let total = Total { code, is_named: named.is_some() };
        let is_only = given.len() < 2;
        if given.is_empty() {
            given.push(Named::default());
        }
        let mut more = Vec::new();
        for (name, pairs) in &given {
            let axis = Axis::new(dimension, pairs, &codes, total)?;
            for (names, axes) in &choices {
                let (mut names, mut axes) = (names.clone(), axes.clone());
                names.extend((!is_only).then(|| name.clone()));
                axes.push((place, axis.clone()));
                more.push((names, axes));
            }
        }
        choices = more;
    }
    let is_known = |codes: &[String]| {
        let has = |(place, axis): &(usize, Axis)| axis.node(&codes[*place]).is_some();
        choices.iter().any(|(_, axes)| axes.iter().all(has))
    };
    if let Some(row) = records.rows.iter().find(|row| !is_known(&row.codes)) {
        let (name, line, codes) = (&source.name, row.line, row.codes.join(", "));
        return Err(Error::data(format!("`{name}`, line {line}: no tree has the codes {codes}"))
            .hint("add them to the tree, or name the total with `--total`"));
    }
    let looked_at = plan.rules.iter().max_by_key(|rules| rules.dominance.len());
    let counting = Counting {
        rules: looked_at.unwrap_or(&plan.of_marked),
        is_of_contributions: plan.columns.unit.is_some(),
        missing: &plan.missing,
    };
    let hides_groups = plan.rules.iter().any(Rules::hides_groups);
    let cells = choices.iter().map(|(names, axes)| {
        let mut cells = Cells::new(&source.name, records, axes, counting)?;
        for place in (0..cells.axes.len()).filter(|_| hides_groups) {
            let axis = &cells.axes[place];
            let is_named = plan.attributes.contains(&axis.name);
            if is_named || (plan.attributes.is_empty() && axis.levels() == 1) {
                cells.hide_groups(place);
            }
        }
        let mut name = vec![source.name.clone()];
        name.extend(names.iter().cloned());
        Ok((name.join(" by "), cells))
    });
    cells.collect()
}

/// The trees that columns of the table make of a dimension.
fn trees_of_columns(
    records: &Records,
    place: usize,
    (level_columns, plan): (&[String], &Plan),
) -> Vec<Named> {
    let dimension = records.dimensions.get(place);
    let of_dimension = plan.levels.iter().filter(|(name, _)| Some(name) == dimension);
    let tree = |(_, levels): &(String, Vec<String>)| -> Named {
        let find = |level: &String| level_columns.iter().position(|column| column == level);
        let places: Vec<usize> = levels.iter().filter_map(find).collect();
        let mut pairs = Pairs::new();
        for row in &records.rows {
            let above = places.iter().rev().filter_map(|place| row.levels.get(*place));
            let codes = above.chain(row.codes.get(place)).map(String::as_str);
            add_levels(codes, &mut pairs);
        }
        (levels.join(" "), pairs)
    };
    of_dimension.map(tree).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::rules::Status;

    fn plan(by: &[&str]) -> Plan {
        let rules: Rules =
            toml::from_str("unit = \"structure\"\nmin_units = 4\ndominance = []").unwrap();
        Plan {
            columns: Columns {
                by: by.iter().map(|by| (*by).to_owned()).collect(),
                value: Some("n".into()),
                ..Columns::default()
            },
            levels: Vec::new(),
            totals: BTreeMap::new(),
            attributes: Vec::new(),
            missing: BTreeSet::new(),
            of_marked: rules.clone(),
            rules: vec![rules],
            cost: CostBy::Value,
            minds_insiders: false,
        }
    }

    fn read(tree: &[u8]) -> Pairs {
        crate::protect::office::hierarchy::read("tree.csv", tree).unwrap()
    }

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.into(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn groups_that_do_not_nest_are_linked_tables() {
        let mut plan = plan(&["region"]);
        for level in ["county", "size"] {
            plan.levels.push(("region".into(), vec![level.into()]));
        }
        let text = "region,county,size,n\nA,1,small,2\nB,1,BIG,8\nC,2,small,9\n";
        let found = assemble(&[source("t", text)], &[], &plan).unwrap();
        let names: Vec<&str> = found.tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["t by county", "t by size"]);
        let keys = ["|", "|region=1", "|region=2", "|region=A", "|region=B", "|region=BIG"];
        assert_eq!(found.system.keys[..6], keys);
        assert_eq!(found.system.relations.len(), 6);
        assert_eq!(found.primary, BTreeMap::from([(3, Status::A)]));
    }

    #[test]
    fn a_list_of_codes_finds_its_dimension() {
        let pairs = read(b"child,parent\n22,53\n35,53\n53,FR\n");
        let lists = [Codes { dimension: None, name: "tree.csv".into(), pairs }];
        let text = "lieu,type,n\n22,a,5\n35,a,7\n";
        let found = assemble(&[source("t", text)], &lists, &plan(&[])).unwrap();
        assert!(found.system.keys.contains(&"|lieu=53|type=a".to_owned()));
        let text = "lieu,type,n\n22,a,5\n44,a,7\n";
        let error = assemble(&[source("t", text)], &lists, &plan(&[])).unwrap_err();
        assert_eq!(error.to_string(), "`t`, line 3: no tree has the codes 44, a");
        let text = "lieu,type,n\n01,a,5\n";
        let error = assemble(&[source("t", text)], &lists, &plan(&[])).unwrap_err();
        assert_eq!(error.to_string(), "`tree.csv` has the codes of no dimension");
    }

    #[test]
    fn two_files_of_other_scales_share_their_margin() {
        let tables = [
            source("a", "x,n\nTotal,7.5\np,7.5\n"),
            source("b", "y,n\nTotal,7.50\nq,5.25\nr,2.25\n"),
        ];
        let found = assemble(&tables, &[], &plan(&[])).unwrap();
        assert_eq!((found.places, found.system.cells[0].value), (2, 750));
    }
}
