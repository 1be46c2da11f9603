//! A table over trees becomes the cells and relations of a system.

use std::collections::BTreeMap;

use crate::protect::system::{Builder, Cell};
use crate::protect::tree::Tree;

/// One dimension of a table.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// Name of the column.
    pub name: String,
    /// Its codes. A root is the total.
    pub tree: Tree,
}

/// A published table with all its totals: one measure, some dimensions, each with one tree. Codes
/// grouped in two ways that do not nest are two tables that share cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Dimensions, in the order of the keys.
    pub dimensions: Vec<Dimension>,
    /// Cells that are not zero, by the nodes of their codes. What is absent is a published zero.
    pub cells: BTreeMap<Vec<u32>, Cell>,
}

impl Table {
    /// Adds its cells and relations to those of the other tables. `prefix` says what the figures
    /// are of (the measure). The key of a cell names each dimension and code but the total, sorted
    /// by name: so a margin has one key whatever the table it stands in.
    pub fn add_to(&self, prefix: &str, builder: &mut Builder) {
        for (nodes, cell) in &self.cells {
            builder.cell(self.key(prefix, nodes), *cell);
        }
        for (place, dimension) in self.dimensions.iter().enumerate() {
            for nodes in self.cells.keys() {
                let children = dimension.tree.children(nodes[place]);
                if children.is_empty() {
                    continue;
                }
                let mut terms = vec![(self.key(prefix, nodes), -1)];
                let mut part = nodes.clone();
                for child in children {
                    part[place] = *child;
                    if self.cells.contains_key(&part) {
                        terms.push((self.key(prefix, &part), 1));
                    }
                }
                builder.relation(terms);
            }
        }
    }

    /// The key of a cell.
    #[must_use]
    pub fn key(&self, prefix: &str, nodes: &[u32]) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (dimension, node) in self.dimensions.iter().zip(nodes) {
            if dimension.tree.parent(*node).is_some() || dimension.tree.roots() > 1 {
                let code = &dimension.tree.codes()[*node as usize];
                parts.push(format!("{}={code}", dimension.name));
            }
        }
        parts.sort();
        format!("{prefix}|{}", parts.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tables_share_their_margin() {
        let by = |name: &str, parts: [&str; 2]| Table {
            dimensions: vec![Dimension { name: name.into(), tree: Tree::flat("total", parts) }],
            cells: (0..3)
                .map(|node| (vec![node], Cell { value: i64::from(node), ..Cell::default() }))
                .collect(),
        };
        let mut builder = Builder::default();
        by("type", ["a", "b"]).add_to("n", &mut builder);
        by("age", ["x", "y"]).add_to("n", &mut builder);
        let system = builder.finish();
        assert_eq!(system.keys, ["n|", "n|age=x", "n|age=y", "n|type=a", "n|type=b"]);
        let relations: Vec<_> = system.relations.iter().collect();
        assert_eq!(relations, [[(0, -1), (1, 1), (2, 1)], [(0, -1), (3, 1), (4, 1)]]);
    }
}
