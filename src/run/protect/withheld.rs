//! Tables of which too little would be left, or nothing is proved, become tables that are not
//! published.

use std::collections::BTreeMap;

use crate::run::protect::counted::Exact;
use crate::run::protect::judged::key_of;
use crate::run::protect::past::Shapes;
use crate::run::protect::proof::Short;

/// The place of the table with the greatest share of hidden rows, if that is more than the policy
/// allows. A table that a past release shows stays.
pub(super) fn barest(
    exact: &[Exact<'_>],
    out: &Shapes,
    percent_max: u64,
    is_hidden: &dyn Fn(&str) -> bool,
) -> Option<usize> {
    let shares = exact.iter().enumerate().filter(|(_, exact)| !out.contains_key(exact.wanted.name));
    let shares = shares.filter_map(|(place, exact)| {
        let rows = u64::try_from(exact.rows.len()).ok()?;
        let hidden = keys(exact).filter(|key| is_hidden(key)).count();
        let share = u64::try_from(hidden).ok()?.saturating_mul(10_000).checked_div(rows)?;
        (share > percent_max.saturating_mul(100)).then_some((share, place))
    });
    shares.max_by_key(|(share, place)| (*share, std::cmp::Reverse(*place))).map(|(_, place)| place)
}

/// The place of the table in which most of the figures stand that are not proved.
pub(super) fn narrowest(exact: &[Exact<'_>], out: &Shapes, short: &[Short]) -> Option<usize> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for one in short {
        *times.entry(one.key.as_str()).or_default() += 1;
    }
    let counts = exact.iter().enumerate().filter(|(_, exact)| !out.contains_key(exact.wanted.name));
    let counts = counts.map(|(place, exact)| {
        let found = keys(exact).filter_map(|key| times.get(key.as_str()).copied());
        (found.sum::<usize>(), place)
    });
    let most = counts.max_by_key(|(count, place)| (*count, std::cmp::Reverse(*place)));
    most.filter(|(count, _)| *count > 0).map(|(_, place)| place)
}

/// The place of the largest table that no past release shows: what is out may be tied to it by
/// rows that it does not have.
pub(super) fn newest(exact: &[Exact<'_>], out: &Shapes) -> Option<usize> {
    let new = exact.iter().enumerate().filter(|(_, exact)| !out.contains_key(exact.wanted.name));
    let largest = new.max_by_key(|(place, exact)| (exact.rows.len(), std::cmp::Reverse(*place)));
    largest.map(|(place, _)| place)
}

fn keys<'e>(exact: &'e Exact<'_>) -> impl Iterator<Item = String> + 'e {
    exact.rows.iter().map(|row| key_of(exact.wanted.table, &row.codes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::holdings::Counted;
    use crate::definition::table::{Secrecy, Table};
    use crate::run::protect::counted::Wanted;

    /// A table by `departement`, with a row for each code.
    fn exact<'t>(
        name: &'t str,
        (table, secrecy): (&'t Table, &'t Secrecy),
        codes: &[&str],
    ) -> Exact<'t> {
        let row = |code: &&str| Counted {
            codes: vec![(*code).to_owned()],
            figures: vec![1],
            shares: Vec::new(),
            alone: None,
        };
        Exact {
            wanted: Wanted { name, table, secrecy },
            measures: vec!["nb_activites"],
            rows: codes.iter().map(row).collect(),
            persons: vec![None; codes.len()],
            across: Vec::new(),
        }
    }

    #[test]
    fn new_tables_are_withheld_and_those_that_are_out_stay() {
        let text = "title = 't'\ndefinition = 'd'\nfrom = 'activites'\nby = ['departement']\n\
            measures = ['nb_activites']\n[secrecy]\nwhy = 'w'\n";
        let table: Table = toml::from_str(text).unwrap();
        let both = (&table, table.secrecy.as_ref().unwrap());
        let all = [
            exact("out", both, &["01", "02", "03", "04"]),
            exact("small", both, &["01", "2A"]),
            exact("large", both, &["01", "02", "03"]),
            exact("as_large", both, &["01", "02", "04"]),
        ];
        let out = Shapes::from([("out".to_owned(), String::new())]);
        let every = |names: &[&str]| -> Shapes {
            names.iter().map(|name| ((*name).to_owned(), String::new())).collect()
        };
        // The largest of the new ones, the first of equal ones; none where all are out.
        assert_eq!(newest(&all, &out), Some(2));
        assert_eq!(newest(&all, &every(&["out", "large"])), Some(3));
        assert_eq!(newest(&all, &every(&["out", "large", "as_large"])), Some(1));
        assert_eq!(newest(&all, &every(&["out", "large", "as_large", "small"])), None);
        // What hides the greatest share, if that is more than may be.
        let is_hidden = |key: &str| ["departement=01", "departement=2A"].contains(&key);
        assert_eq!(barest(&all, &out, 90, &is_hidden), Some(1));
        assert_eq!(barest(&all, &every(&["out", "small"]), 30, &is_hidden), Some(2));
        assert_eq!(barest(&all, &every(&["out", "small"]), 34, &is_hidden), None);
        // What has most of the figures that are not proved.
        let short = ["departement=01", "departement=04"].map(|key| Short {
            measure: "nb_activites".to_owned(),
            key: key.to_owned(),
            up: 0,
            down: 0,
        });
        assert_eq!(narrowest(&all, &out, &short), Some(3));
        assert_eq!(narrowest(&all, &every(&["out", "as_large"]), &short[1..]), None);
    }
}
