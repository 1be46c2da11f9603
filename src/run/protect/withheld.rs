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
