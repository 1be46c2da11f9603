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
    low: i64,
    high: i64,
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
                        let (low, high) = revision;
                        named.insert(change.clone(), Seen { value: by, shown, low, high });
                        changes.push([name, older.clone(), change]);
                        (older, seen)
                    }
                };
                figure.shown |= seen.shown;
                figure.low = figure.low.max(seen.low);
                named.insert(name.clone(), figure);
                names.insert((number, key.clone()), name.clone());
                later = Some((name, figure));
            }
        }
        let mut knowledge = Self::default();
        for (key, seen) in named {
            let (low, high) =
                if seen.shown { (seen.value, seen.value) } else { (seen.low, seen.high) };
            knowledge.known.push(low, high);
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
            for (one, other) in &release.bonds {
                let of_one = names.range((number, format!("{one}|"))..);
                let of_one = of_one.map_while(|((of, key), _)| {
                    let row = key.strip_prefix(one.as_str())?.strip_prefix('|')?;
                    (*of == number).then(|| (key, format!("{other}|{row}")))
                });
                for (key, of_other) in of_one {
                    let pair = place(key.clone()).zip(place(of_other));
                    let Some((one, other)) = pair else { continue };
                    let truth = |figure: u32| knowledge.truth[figure as usize];
                    let apart = truth(one).saturating_sub(truth(other));
                    rows.equations.insert((sorted([(one, 1), (other, -1)].into_iter()), apart));
                }
            }
        }
        for terms in changes {
            let terms = terms.iter().zip([1, -1, -1]);
            let terms = terms.filter_map(|(key, factor)| Some((knowledge.figure(key)?, factor)));
            rows.equations.insert((terms.collect(), 0));
        }
        for (terms, sum) in rows.equations {
            // A total without any part was not broken down: else it would be a row of zeros.
            if let [(total, _)] = terms.as_slice()
                && knowledge.truth[*total as usize] != 0
            {
                continue;
            }
            knowledge.known.equations.push(terms, sum);
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
                let low = measure.floor.unwrap_or(NO_LOW);
                let secret = release.secrets.get(&key).copied();
                let value = row.values[place].or(secret);
                let Some(value) = value else {
                    return Err(Unfit::NoSecret { release: release.name.clone(), key });
                };
                let shown = row.values[place].is_some();
                let seen = Seen { value, shown, low, high: NO_HIGH };
                let first = figures.entry(key.clone()).or_insert(seen);
                if first.value != value {
                    let (release, first) = (release.name.clone(), first.value);
                    return Err(Unfit::TwoValues { release, key, first, second: value });
                }
                first.shown |= shown;
                first.low = first.low.max(low);
            }
        }
    }
    Ok(figures)
}

/// Relations found so far, each once.
#[derive(Default)]
struct Lines {
    equations: BTreeSet<(Vec<(u32, i32)>, i64)>,
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
            rows.equations.insert((signed(-1), 0));
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
                    rows.equations.insert((terms(sum), 0));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::release::{Dimension, Measure};
    use crate::audit::test_support::{flat, hide, key_is_hidden, possible, table};

    fn release(table: Table) -> Release {
        Release { name: "1".into(), tables: vec![table], ..Release::default() }
    }

    #[test]
    fn a_margin_of_two_tables_is_one_figure_and_implied_sums_are_left_out() {
        let records: Vec<(Vec<usize>, i64)> =
            (0..8).map(|cell| (vec![cell % 2, cell / 2 % 2, cell / 4], 1)).collect();
        let [a, b, c] = [flat("a", 2), flat("b", 2), flat("c", 2)];
        let both = Release {
            tables: vec![
                table(&[(0, a.clone()), (1, b)], &records),
                table(&[(0, a), (2, c)], &records),
            ],
            ..Release::default()
        };
        let Knowledge { known, keys, .. } = Knowledge::of(&[both], (0, 0)).unwrap();
        assert_eq!(keys.len(), 1 + 2 + 2 + 4 + 2 + 4);
        // Over a: for each of b's three codes and c's three, the total once; over b and c: for each
        // part of a.
        assert_eq!(known.equations.len(), 3 + 3 - 1 + 2 + 2);
    }

    #[test]
    fn themes_of_which_an_activity_has_several_are_inequalities() {
        let theme = Dimension { sums: Sums::Overlap, ..flat("theme", 2) };
        let mut themes = table(&[(0, theme)], &[(vec![0], 3), (vec![1], 2)]);
        let total = themes.rows.iter_mut().find(|row| row.codes == ["T"]).unwrap();
        total.values = vec![Some(4)];
        let known = Knowledge::of(&[release(themes)], (0, 0)).unwrap().known;
        assert!(known.equations.is_empty());
        assert_eq!(known.inequalities.len(), 3);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut one = table(&[(0, flat("a", 1))], &[(vec![0], 3)]);
        one.rows[0].values = vec![None];
        let missing = Knowledge::of(&[release(one.clone())], (0, 0)).unwrap_err();
        assert_eq!(missing.to_string(), "release `1` hides `n|`, and nothing says what it was");
        one.rows[0].values = vec![];
        let width = Knowledge::of(&[release(one.clone())], (0, 0)).unwrap_err();
        assert!(matches!(width, Unfit::Width { .. }));
        one.rows[0].values = vec![Some(3)];
        let twice = Row { codes: vec!["T".into()], values: vec![Some(3)] };
        one.rows.push(twice);
        let twice = Knowledge::of(&[release(one)], (0, 0)).unwrap_err();
        assert!(matches!(twice, Unfit::TwoRows { .. }));
        let row = |value| Row { codes: vec![], values: vec![Some(value)] };
        let scalar = |value| Table {
            measures: vec![Measure { name: "n".into(), ..Measure::default() }],
            rows: vec![row(value)],
            ..Table::default()
        };
        let two = Release { tables: vec![scalar(1), scalar(2)], ..Release::default() };
        let two = Knowledge::of(&[two], (0, 0)).unwrap_err();
        assert!(matches!(two, Unfit::TwoValues { first: 1, second: 2, .. }));
    }

    /// The figures of each night when the records of its inner cells are counted, by key.
    type Counted = BTreeMap<String, i64>;

    /// Two tables that share a margin, of two codes by dimension.
    fn tables(counts: &[i64]) -> Vec<Table> {
        let codes = (0..counts.len()).map(|cell| vec![cell & 1, cell >> 1 & 1, cell >> 2]);
        let records: Vec<(Vec<usize>, i64)> = codes.zip(counts.iter().copied()).collect();
        let [a, b, c] = [flat("a", 2), flat("b", 2), flat("c", 2)];
        vec![table(&[(0, a.clone()), (1, b)], &records), table(&[(0, a), (2, c)], &records)]
    }

    fn counted(counts: &[i64]) -> Counted {
        let tables = tables(counts);
        let rows = tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
        rows.map(|(table, row)| (table.key(0, &row.codes), row.values[0].unwrap())).collect()
    }

    /// All ways to share `total` records among inner cells.
    fn shared(total: i64, cells: usize) -> Vec<Vec<i64>> {
        if cells == 1 {
            return vec![vec![total]];
        }
        let first = 0..=total;
        let with = |first: i64| {
            let rest = shared(total - first, cells - 1).into_iter();
            rest.map(move |rest| [vec![first], rest].concat())
        };
        first.flat_map(with).collect()
    }

    /// What each figure of each night can be: the nights one after the other, and a figure that
    /// does not change truly is the same in the table that is tried.
    fn follow(
        nights: &[(Counted, Vec<Counted>)],
        tried: &mut Vec<Counted>,
        ends: &mut Vec<BTreeMap<String, (i64, i64)>>,
    ) {
        let Some((truth, candidates)) = nights.get(tried.len()) else {
            for (ends, figures) in ends.iter_mut().zip(tried) {
                for (key, value) in figures {
                    let end = ends.entry(key.clone()).or_insert((*value, *value));
                    *end = (end.0.min(*value), end.1.max(*value));
                }
            }
            return;
        };
        for candidate in candidates {
            let before = |key: &String| {
                let mut nights = nights[..tried.len()].iter().zip(&*tried).rev();
                let (night, tried) = nights.find(|((truth, _), _)| truth.contains_key(key))?;
                Some((night.0[key], tried.get(key).copied().unwrap_or(0)))
            };
            let same = |key: &String| match before(key) {
                Some((value, tried)) if value == truth[key] => candidate.get(key) == Some(&tried),
                _ => true,
            };
            if truth.keys().all(same) {
                tried.push(candidate.clone());
                follow(nights, tried, ends);
                tried.pop();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
        #[test]
        fn nights_say_together_what_all_their_possible_records_say(
            first in prop::collection::vec(0..2_i64, 8),
            more in prop::collection::vec((0..8_usize, 0..2_i64), 2),
            (seed, share) in (any::<u64>(), 2..4_u64),
        ) {
            let mut counts = vec![first];
            for (cell, by) in more {
                let mut next = counts[counts.len() - 1].clone();
                next[cell] += by;
                counts.push(next);
            }
            let mut releases = Vec::new();
            let mut nights = Vec::new();
            for (night, counts) in counts.iter().enumerate() {
                let name = format!("{night}");
                let mut release = Release { name, tables: tables(counts), ..Release::default() };
                let hidden = |key: &str, night: u64| key_is_hidden(key, seed + night, share);
                let number = u64::try_from(night).unwrap() / 2;
                hide(&mut release, |key, _| key != "n|" && hidden(key, number));
                let truth = counted(counts);
                let total = truth.get("n|").copied().unwrap_or(0);
                let agrees = |figures: &Counted| {
                    let shown = truth.iter().filter(|(key, _)| !release.secrets.contains_key(*key));
                    // A row that is not there is a zero.
                    figures.keys().all(|key| truth.contains_key(key))
                        && shown.into_iter().all(|(key, value)| figures.get(key) == Some(value))
                };
                let candidates = shared(total, 8).into_iter().map(|counts| counted(&counts));
                let mut candidates: Vec<Counted> = candidates.filter(agrees).collect();
                let zeros: Counted = truth.keys().map(|key| (key.clone(), 0)).collect();
                for figures in &mut candidates {
                    let counted = std::mem::replace(figures, zeros.clone());
                    figures.extend(counted);
                }
                candidates.sort();
                candidates.dedup();
                nights.push((truth, candidates));
                releases.push(release);
            }
            let mut ends = vec![BTreeMap::new(); nights.len()];
            follow(&nights, &mut Vec::new(), &mut ends);
            let knowledge = Knowledge::of(&releases, (i64::MIN, i64::MAX)).unwrap();
            // Changes have no bounds to count between: they follow from the figures they part.
            let mut known = knowledge.known.clone();
            for (key, figure) in knowledge.keys.iter().zip(0_u32..) {
                if key.contains("..") && !known.is_shown(figure) {
                    (known.low[figure as usize], known.high[figure as usize]) = (-99, 99);
                }
            }
            let found = possible(&known);
            for (night, ends) in ends.iter().enumerate() {
                for (key, end) in ends {
                    let value = nights[night].0[key];
                    let later = nights.iter().enumerate().skip(night + 1);
                    let mut later =
                        later.filter_map(|(night, (truth, _))| Some((night, truth.get(key)?)));
                    let changed = later.clone().any(|(_, other)| *other != value);
                    let until = later.find(|(_, other)| **other != value).map(|(night, _)| night);
                    let last = (night..until.unwrap_or(nights.len()))
                        .rfind(|night| nights[*night].0.contains_key(key))
                        .unwrap();
                    let name = if changed { format!("{key}@{last}") } else { key.clone() };
                    let figure = knowledge.figure(&name).unwrap();
                    prop_assert_eq!(found[figure as usize], *end, "{} in night {}", key, night);
                }
            }
        }
    }
}
