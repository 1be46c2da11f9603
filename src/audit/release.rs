//! What the public reads of a release: its tables, how their codes add up, and what it hides.

use std::collections::BTreeMap;

/// How the parts of a total stand to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sums {
    /// They add up to it.
    #[default]
    Exact,
    /// Each is at most the total, and their sum is at least it: themes of which an activity has
    /// several, persons counted once.
    Overlap,
    /// Each is at most the total.
    Part,
    /// Nothing is known: rates, means.
    Unrelated,
}

/// A dimension of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// Name of its column.
    pub name: String,
    /// The code that stands for all; a table without the dimension shows it as well.
    pub total: Option<String>,
    /// The code that each code is part of, among the codes that this table shows. Groups that do
    /// not nest are other tables: the same figures under other parents.
    pub parents: BTreeMap<String, String>,
    /// How the parts stand to their total.
    pub sums: Sums,
}

/// A column of figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// What it counts, its filters included: the same name is the same figure in any table.
    pub name: String,
    /// What everyone knows that a figure is at least. For a count of which every zero is shown (or
    /// its row left out) that is 1, not 0: what is hidden is then known to be no zero.
    pub floor: Option<i64>,
    /// How its parts stand to their total, over every dimension.
    pub sums: Sums,
}

/// What holds in every row between its measures, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The signed sum is zero: all = recurrent + others.
    Equal(Vec<(usize, i32)>),
    /// The signed sum is not negative: participants ≥ activities.
    NotNegative(Vec<(usize, i32)>),
    /// `rate` shows `scale · numerator / denominator`, rounded half up.
    Rate {
        /// Place of the rate.
        rate: usize,
        /// Place of what is divided.
        numerator: usize,
        /// Place of what it is divided by.
        denominator: usize,
        /// 100 for whole percents, 1,000 when a rate of 12.5 % is held as 125.
        scale: i32,
    },
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// A code for each dimension.
    pub codes: Vec<String>,
    /// A figure for each measure, `None` where it is hidden.
    pub values: Vec<Option<i64>>,
}

/// A table. A row that is not there is a row of zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its dimensions; the period is one.
    pub dimensions: Vec<Dimension>,
    /// Its measures.
    pub measures: Vec<Measure>,
    /// What holds between them.
    pub relations: Vec<Relation>,
    /// Its rows, in any order.
    pub rows: Vec<Row>,
}

/// What is published at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Measures that move together: in each row that has both, everyone knows by how much they
    /// differ.
    pub bonds: Vec<(String, String)>,
    /// The true figures of what it hides, by key. They are kept inside, and say two things only:
    /// that the true table is possible, and which figures changed since another release.
    pub secrets: BTreeMap<String, i64>,
}

impl Table {
    /// The key of a figure: its measure, then each dimension and code but the totals, by name. So
    /// a margin has one key whatever the table it stands in.
    #[must_use]
    pub fn key(&self, measure: usize, codes: &[String]) -> String {
        let named = self.dimensions.iter().zip(codes);
        let named = named.filter(|(dimension, code)| dimension.total.as_ref() != Some(*code));
        let mut parts: Vec<String> =
            named.map(|(dimension, code)| format!("{}={code}", dimension.name)).collect();
        parts.sort();
        format!("{}|{}", self.measures[measure].name, parts.join("|"))
    }
}
