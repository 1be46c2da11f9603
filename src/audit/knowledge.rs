//! All releases together become what an outsider knows: figures, bounds and relations.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::figures::{Known, NO_HIGH, NO_LOW};
use crate::audit::release::{Relation, Release, Row, Sums, Table};

/// What an outsider knows, and the truth beside it.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// What each figure is. A figure that another release gave otherwise is there under the name of
    /// that release, `key@release`, and what changed as `key@release..next`.
    pub keys: Vec<String>,
    /// What is known of them.
    pub known: Known,
    /// The true figures: nothing that searches for a way in may read them but to prove that there
    /// is none.
    pub truth: Vec<i64>,
}

/// Why releases do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Unfit {
    #[error("release `{release}` shows `{key}` as {first} and as {second}")]
    TwoValues { release: String, key: String, first: i64, second: i64 },
    #[error("release `{release}` hides `{key}`, and nothing says what it was")]
    NoSecret { release: String, key: String },
    #[error("table `{table}` of release `{release}` has a row of another width")]
    Width { release: String, table: String },
    #[error("table `{table}` of release `{release}` has two rows `{codes}`")]
    TwoRows { release: String, table: String, codes: String },
    #[error("the rate of `{key}` in release `{release}` is too great")]
    Rate { release: String, key: String },
}

/// One figure in one release.
#[derive(Clone, Copy)]
struct Seen {
    value: i64,
    shown: bool,
    floor: i64,
}

impl Knowledge {
    /// The number of a figure.
    #[must_use]
    pub fn figure(&self, key: &str) -> Option<u32> {
        let place = self.keys.binary_search_by(|known| known.as_str().cmp(key)).ok()?;
        u32::try_from(place).ok()
    }

    /// What `releases`, the oldest first, say together. `revision` bounds what a figure can change
    /// by from one to the next: `(0, MAX)` where figures only grow.
    ///
    /// # Errors
    /// When they do not fit together.
    pub fn of(releases: &[Release], revision: (i64, i64)) -> Result<Self, Unfit> {
        let mut histories: BTreeMap<String, Vec<(usize, Seen)>> = BTreeMap::new();
        for (number, release) in releases.iter().enumerate() {
            for (key, seen) in figures_of(release)? {
                histories.entry(key).or_default().push((number, seen));
            }
        }
        // A figure that does not change is one figure, shown if any release shows it.
        let mut named: BTreeMap<String, Seen> = BTreeMap::new();
        let mut changes: Vec<[String; 3]> = Vec::new();
        let mut names: BTreeMap<(usize, String), String> = BTreeMap::new();
        for (key, history) in histories {
            let mut later: Option<(String, Seen)> = None;
            for (number, seen) in history.into_iter().rev() {
                let (name, mut figure) = match later.take() {
                    None => (key.clone(), seen),
                    Some((name, next)) if next.value == seen.value => (name, next),
                    Some((name, next)) => {
                        let release = &releases[number].name;
                        let older = format!("{key}@{release}");
                        let change = format!("{older}..{}", name.rsplit('@').next().unwrap_or(""));
                        let change = if name == key { format!("{older}..") } else { change };
                        let by = next.value.saturating_sub(seen.value);
                        let shown = next.shown && seen.shown;
                        named.insert(change.clone(), Seen { value: by, shown, floor: revision.0 });
                        changes.push([name, older.clone(), change]);
                        (older, seen)
                    }
                };
                figure.shown |= seen.shown;
                figure.floor = figure.floor.max(seen.floor);
                named.insert(name.clone(), figure);
                names.insert((number, key.clone()), name.clone());
                later = Some((name, figure));
            }
        }
        let mut knowledge = Self::default();
        for (key, seen) in named {
            let change = key.contains("..") && key.contains('@');
            let high = if change { revision.1 } else { NO_HIGH };
            let bounds = if seen.shown { (seen.value, seen.value) } else { (seen.floor, high) };
            knowledge.known.push(bounds.0, bounds.1);
            knowledge.keys.push(key);
            knowledge.truth.push(seen.value);
        }
        let mut rows = Lines::default();
        for (number, release) in releases.iter().enumerate() {
            let place =
                |key: String| names.get(&(number, key)).and_then(|key| knowledge.figure(key));
            for table in &release.tables {
                relate_codes(table, &place, &mut rows);
                relate_measures(table, &release.name, &place, &mut rows)?;
            }
        }
        for terms in changes {
            let terms = terms.iter().zip([1, -1, -1]);
            let terms = terms.filter_map(|(key, factor)| Some((knowledge.figure(key)?, factor)));
            rows.equations.insert(terms.collect());
        }
        for terms in rows.equations {
            knowledge.known.equations.push(terms, 0);
        }
        for (terms, least) in rows.inequalities {
            knowledge.known.inequalities.push(terms, least);
        }
        Ok(knowledge)
    }
}

/// The figures of a release by key.
fn figures_of(release: &Release) -> Result<BTreeMap<String, Seen>, Unfit> {
    let mut figures: BTreeMap<String, Seen> = BTreeMap::new();
    for table in &release.tables {
        let odd = |row: &Row| {
            (row.codes.len(), row.values.len()) != (table.dimensions.len(), table.measures.len())
        };
        if table.rows.iter().any(odd) {
            let (release, table) = (release.name.clone(), table.name.clone());
            return Err(Unfit::Width { release, table });
        }
        let mut known = BTreeSet::new();
        for row in &table.rows {
            if !known.insert(&row.codes) {
                let (release, table) = (release.name.clone(), table.name.clone());
                return Err(Unfit::TwoRows { release, table, codes: row.codes.join(" ") });
            }
            for place in (0..table.measures.len()).filter(|place| !table.is_rate(*place)) {
                let (measure, key) = (&table.measures[place], table.key(place, &row.codes));
                let floor = measure.floor.unwrap_or(NO_LOW);
                let secret = release.secrets.get(&key).copied();
                let value = row.values[place].or(secret);
                let Some(value) = value else {
                    return Err(Unfit::NoSecret { release: release.name.clone(), key });
                };
                let seen = Seen { value, shown: row.values[place].is_some(), floor };
                let first = figures.entry(key.clone()).or_insert(seen);
                if first.value != value {
                    let (release, first) = (release.name.clone(), first.value);
                    return Err(Unfit::TwoValues { release, key, first, second: value });
                }
                first.shown |= seen.shown;
                first.floor = first.floor.max(floor);
            }
        }
    }
    Ok(figures)
}

/// Relations found so far, each once.
#[derive(Default)]
struct Lines {
    equations: BTreeSet<Vec<(u32, i32)>>,
    inequalities: BTreeSet<(Vec<(u32, i32)>, i64)>,
}

/// Totals and their parts. Sums over a dimension are stated for the leaves of the dimensions before
/// it only: with the sums over those, they imply the others, and in a table of two dimensions each
/// figure then stands in two equations at most.
fn relate_codes(table: &Table, place: &dyn Fn(String) -> Option<u32>, rows: &mut Lines) {
    let inner: Vec<BTreeSet<&String>> =
        table.dimensions.iter().map(|dimension| dimension.parents.values().collect()).collect();
    for (measure, judged) in table.measures.iter().enumerate() {
        for (along, dimension) in table.dimensions.iter().enumerate() {
            let sums = judged.sums.max(dimension.sums);
            let implied = |row: &Row| {
                let before = (0..along)
                    .filter(|place| judged.sums.max(table.dimensions[*place].sums) == Sums::Exact);
                before.into_iter().any(|place| inner[place].contains(&row.codes[place]))
            };
            let mut groups: BTreeMap<Vec<String>, (Option<u32>, Vec<u32>)> = BTreeMap::new();
            for row in table.rows.iter().filter(|row| sums != Sums::Exact || !implied(row)) {
                let code = &row.codes[along];
                let Some(figure) = place(table.key(measure, &row.codes)) else { continue };
                if inner[along].contains(code) {
                    groups.entry(row.codes.clone()).or_default().0 = Some(figure);
                }
                if let Some(parent) = dimension.parents.get(code) {
                    let mut codes = row.codes.clone();
                    codes[along].clone_from(parent);
                    groups.entry(codes).or_default().1.push(figure);
                }
            }
            for (total, parts) in groups.into_values() {
                relate_group(sums, total, &parts, rows);
            }
        }
    }
}

fn relate_group(sums: Sums, total: Option<u32>, parts: &[u32], rows: &mut Lines) {
    let signed = |total_factor: i32| {
        let parts = parts.iter().map(|part| (*part, -total_factor));
        sorted(total.map(|total| (total, total_factor)).into_iter().chain(parts))
    };
    match sums {
        Sums::Exact => {
            rows.equations.insert(signed(-1));
        }
        Sums::Overlap | Sums::Part => {
            if sums == Sums::Overlap {
                rows.inequalities.insert((signed(-1), 0));
            }
            for part in parts {
                let whole = total.map(|total| (total, 1)).into_iter();
                rows.inequalities.insert((sorted(whole.chain([(*part, -1)])), 0));
            }
        }
        Sums::Unrelated => {}
    }
}

/// What holds between the measures of a row.
fn relate_measures(
    table: &Table,
    release: &str,
    place: &dyn Fn(String) -> Option<u32>,
    rows: &mut Lines,
) -> Result<(), Unfit> {
    for row in &table.rows {
        let figure = |measure: usize| place(table.key(measure, &row.codes));
        let terms = |terms: &[(usize, i32)]| {
            let terms = terms.iter();
            sorted(terms.filter_map(|(measure, factor)| Some((figure(*measure)?, *factor))))
        };
        for relation in &table.relations {
            match relation {
                Relation::Equal(sum) => {
                    rows.equations.insert(terms(sum));
                }
                Relation::NotNegative(sum) => {
                    rows.inequalities.insert((terms(sum), 0));
                }
                Relation::Rate { rate, numerator, denominator, scale } => {
                    let Some(shown) = row.values[*rate] else { continue };
                    let doubled = i32::try_from(shown).ok().and_then(|rate| rate.checked_mul(2));
                    let bounds = doubled.and_then(|doubled| {
                        let (less, more) = (doubled.checked_sub(1)?, doubled.checked_add(1)?);
                        Some((less, more, scale.checked_mul(2)?))
                    });
                    let Some((less, more, twice)) = bounds else {
                        let (key, release) = (table.key(*rate, &row.codes), release.to_owned());
                        return Err(Unfit::Rate { release, key });
                    };
                    let low = [(*numerator, twice), (*denominator, -less)];
                    let high = [(*denominator, more), (*numerator, -twice)];
                    rows.inequalities.insert((terms(&low), 0));
                    rows.inequalities.insert((terms(&high), 1));
                }
            }
        }
    }
    Ok(())
}

fn sorted(terms: impl Iterator<Item = (u32, i32)>) -> Vec<(u32, i32)> {
    let mut terms: Vec<(u32, i32)> = terms.collect();
    terms.sort_unstable();
    terms
}

impl Table {
    /// Whether a measure is shown as a rate of two others: no figure of its own.
    fn is_rate(&self, measure: usize) -> bool {
        let rates = self.relations.iter();
        rates.into_iter().any(|one| matches!(one, Relation::Rate { rate, .. } if *rate == measure))
    }
}
