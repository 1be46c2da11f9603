//! The codes of a dimension become a tree: each total is the sum of its children.

use std::collections::{BTreeMap, BTreeSet};

/// The codes of one dimension; a parent stands before its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    codes: Vec<String>,
    parents: Vec<Option<u32>>,
    children: Vec<Vec<u32>>,
}

/// Why codes are no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATree {
    /// A code has two parents.
    #[error("code `{code}` has two parents, `{first}` and `{second}`")]
    TwoParents {
        /// The code.
        code: String,
        /// Its parent.
        first: String,
        /// Its other parent.
        second: String,
    },
    /// A code is under itself.
    #[error("code `{code}` is under itself")]
    Cycle {
        /// The code.
        code: String,
    },
}

impl Tree {
    /// The tree of `(child, parent)` pairs. A code that is only a parent is a root; `alone` are
    /// roots without children. Order: from each root down, siblings by code.
    ///
    /// # Errors
    /// When a code has two parents, or is under itself.
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        alone: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, NotATree> {
        let mut parent_of: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (child, parent) in pairs {
            parent_of.entry(parent).or_insert(None);
            let known = parent_of.entry(child).or_insert(None);
            match known {
                Some(first) if *first != parent => {
                    return Err(NotATree::TwoParents {
                        code: child.into(),
                        first: (*first).into(),
                        second: parent.into(),
                    });
                }
                _ => *known = Some(parent),
            }
        }
        for code in alone {
            parent_of.entry(code).or_insert(None);
        }
        let mut below: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for (child, parent) in &parent_of {
            below.entry(*parent).or_default().push(child);
        }
        let mut tree = Self::default();
        let mut next: Vec<(&str, Option<u32>)> =
            below.get(&None).into_iter().flatten().rev().map(|root| (*root, None)).collect();
        while let Some((code, parent)) = next.pop() {
            let node = tree.push(code, parent);
            let children = below.get(&Some(code)).into_iter().flatten().rev();
            next.extend(children.map(|child| (*child, Some(node))));
        }
        if tree.len() < parent_of.len() {
            let reached: BTreeSet<&str> = tree.codes.iter().map(String::as_str).collect();
            let code = parent_of.keys().find(|code| !reached.contains(*code));
            let code = code.map(|code| (*code).to_owned()).unwrap_or_default();
            return Err(NotATree::Cycle { code });
        }
        Ok(tree)
    }

    /// A total and its parts.
    #[must_use]
    pub fn flat<'a>(total: &'a str, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tree = Self::default();
        let root = tree.push(total, None);
        for part in parts {
            tree.push(part, Some(root));
        }
        tree
    }

    /// Adds a code under one that is there, and gives its node.
    pub fn push(&mut self, code: &str, parent: Option<u32>) -> u32 {
        let node = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        self.codes.push(code.to_owned());
        self.parents.push(parent);
        self.children.push(Vec::new());
        if let Some(parent) = parent {
            self.children[parent as usize].push(node);
        }
        node
    }

    /// Number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether it has no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The codes, by node.
    #[must_use]
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// The node of a code.
    #[must_use]
    pub fn node(&self, code: &str) -> Option<u32> {
        let place = self.codes.iter().position(|known| known == code)?;
        u32::try_from(place).ok()
    }

    /// What a node is part of.
    #[must_use]
    pub fn parent(&self, node: u32) -> Option<u32> {
        self.parents[node as usize]
    }

    /// A node, what it is part of, and so on up to the root.
    pub fn up(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(node), |node| self.parent(*node))
    }

    /// The parts of a node.
    #[must_use]
    pub fn children(&self, node: u32) -> &[u32] {
        &self.children[node as usize]
    }

    /// Number of codes that are part of no other: 1 when there is a total.
    #[must_use]
    pub fn roots(&self) -> usize {
        self.parents.iter().filter(|parent| parent.is_none()).count()
    }

    /// Nodes without parts.
    pub fn leaves(&self) -> impl Iterator<Item = u32> + '_ {
        self.nodes().filter(|node| self.children(*node).is_empty())
    }

    /// All nodes, parents before children.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = u32> + use<> {
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_before_children_whatever_the_order_of_the_pairs() {
        let pairs = [("35", "53"), ("53", "FR"), ("35238", "35"), ("22", "53")];
        let tree = Tree::new(pairs, []).unwrap();
        assert_eq!(tree.codes(), ["FR", "53", "22", "35", "35238"]);
        let mut turned = pairs;
        turned.reverse();
        assert_eq!(Tree::new(turned, []).unwrap(), tree);
    }

    #[test]
    fn a_code_of_two_parents_or_under_itself_is_refused() {
        let two = Tree::new([("a", "x"), ("a", "y")], []);
        assert_eq!(two.unwrap_err().to_string(), "code `a` has two parents, `x` and `y`");
        let under_itself = Tree::new([("a", "b"), ("b", "a")], []);
        assert_eq!(under_itself.unwrap_err().to_string(), "code `a` is under itself");
    }
}
