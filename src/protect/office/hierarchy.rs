//! A list of codes, by parent or by level, becomes a tree under a total.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::protect::tree::Tree;

/// Names of the columns of a list of `child,parent`.
const CHILD: [&str; 2] = ["child", "enfant"];

/// Pairs of a code and what it is part of.
pub type Pairs = BTreeSet<(String, String)>;

/// Reads a list of codes: two columns `child,parent`, or a column a level, the widest first.
///
/// # Errors
/// When it is no CSV; the message names the file by `name`.
pub fn read(name: &str, bytes: &[u8], delimiter: u8) -> Result<Pairs> {
    let failed = |error: csv::Error| Error::data(format!("`{name}` is no list of codes: {error}"));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let heads = reader.headers().map_err(failed)?.clone();
    let first = heads.get(0).unwrap_or_default().to_lowercase();
    let is_by_parent = heads.len() == 2 && CHILD.contains(&first.as_str());
    let mut pairs = Pairs::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let codes: Vec<&str> = record.iter().collect();
        if is_by_parent {
            add_levels(codes.iter().rev().copied(), &mut pairs);
        } else {
            add_levels(codes.iter().copied(), &mut pairs);
        }
    }
    if pairs.is_empty() {
        return Err(Error::data(format!("`{name}` says of no code what it is part of"))
            .hint("give two columns `child,parent`, or one column a level, the widest first"));
    }
    Ok(pairs)
}

/// Adds a code of each level, from the widest. A code that two levels share is one code, and a
/// level without code is skipped.
pub fn add_levels<'a>(codes: impl Iterator<Item = &'a str>, pairs: &mut Pairs) {
    let mut above: Option<&str> = None;
    for code in codes.filter(|code| !code.is_empty()) {
        if let Some(parent) = above.filter(|parent| *parent != code) {
            pairs.insert((code.to_owned(), parent.to_owned()));
        }
        above = Some(code);
    }
}

/// One dimension of a table: its codes under one total.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// Name of the column.
    pub name: String,
    /// Its codes.
    pub tree: Tree,
    nodes: BTreeMap<String, u32>,
}

impl Axis {
    /// The codes of a dimension, under what `pairs` say, or else directly under the total.
    ///
    /// # Errors
    /// When the codes are no tree.
    pub fn new(name: &str, pairs: &Pairs, codes: &BTreeSet<&str>, total: &str) -> Result<Self> {
        let known: BTreeSet<&str> =
            pairs.iter().flat_map(|(child, parent)| [child.as_str(), parent.as_str()]).collect();
        let children: BTreeSet<&str> = pairs.iter().map(|(child, _)| child.as_str()).collect();
        let mut roots: BTreeSet<&str> = known.difference(&children).copied().collect();
        // Without a tree, all codes are parts of the total.
        let flat = if pairs.is_empty() { codes.clone() } else { BTreeSet::new() };
        roots.extend(flat.iter().filter(|code| **code != total));
        let above = match roots.len() {
            1 if !pairs.is_empty() => None,
            _ => Some(total),
        };
        let under_total = roots.iter().filter_map(|root| Some((*root, above?)));
        let pairs = pairs.iter().map(|(child, parent)| (child.as_str(), parent.as_str()));
        let tree = Tree::new(pairs.chain(under_total.filter(|(root, top)| root != top)), above);
        let tree = tree.map_err(|problem| Error::data(format!("dimension `{name}`: {problem}")))?;
        let nodes = tree.codes().iter().cloned().zip(tree.nodes()).collect();
        Ok(Self { name: name.to_owned(), tree, nodes })
    }

    /// The node of a code.
    #[must_use]
    pub fn node(&self, code: &str) -> Option<u32> {
        self.nodes.get(code).copied()
    }

    /// The code of a node.
    #[must_use]
    pub fn code(&self, node: u32) -> &str {
        &self.tree.codes()[node as usize]
    }

    /// A node and all it is part of, up to the total.
    pub fn upwards(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(node), |node| self.tree.parent(*node))
    }

    /// How many nodes a node is under.
    #[must_use]
    pub fn depth(&self, node: u32) -> usize {
        self.upwards(node).count() - 1
    }

    /// How many levels there are below the total.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.tree.leaves().map(|leaf| self.depth(leaf)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: &str = "A10,A21,A88\nAZ,A,01\nAZ,A,02\nAZ,X,X\nBE,B,\n";
    const PAIRS: &str = "child,parent\nA,AZ\n01,A\n02,A\nX,AZ\nB,BE\n";

    #[test]
    fn levels_and_pairs_say_the_same() {
        let levels = read("levels", LEVELS.as_bytes(), b',').unwrap();
        assert_eq!(levels, read("pairs", PAIRS.as_bytes(), b',').unwrap());
        let axis = Axis::new("ACTIVITY", &levels, &BTreeSet::new(), "Total").unwrap();
        assert_eq!(axis.tree.codes(), ["Total", "AZ", "A", "01", "02", "X", "BE", "B"]);
        assert_eq!(axis.levels(), 3);
        let above: Vec<&str> =
            axis.upwards(axis.node("02").unwrap()).map(|node| axis.code(node)).collect();
        assert_eq!(above, ["02", "A", "AZ", "Total"]);
    }

    #[test]
    fn one_root_is_the_total_and_no_tree_is_a_flat_one() {
        let pairs = read("pairs", b"child,parent\n35,53\n53,FR\n22,53\n", b',').unwrap();
        let axis = Axis::new("lieu", &pairs, &BTreeSet::new(), "Total").unwrap();
        assert_eq!(axis.tree.codes(), ["FR", "53", "22", "35"]);
        let codes = BTreeSet::from(["b", "Total", "a"]);
        let axis = Axis::new("type", &Pairs::new(), &codes, "Total").unwrap();
        assert_eq!(axis.tree.codes(), ["Total", "a", "b"]);
    }

    #[test]
    fn codes_that_are_no_tree_are_told() {
        let pairs = read("pairs", b"child,parent\na,x\na,y\n", b',').unwrap();
        let error = Axis::new("d", &pairs, &BTreeSet::new(), "Total").unwrap_err();
        assert_eq!(error.to_string(), "dimension `d`: code `a` has two parents, `x` and `y`");
        assert!(read("empty", b"a\n1\n", b',').is_err());
    }
}
