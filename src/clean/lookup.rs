//! What a function says of each distinct combination of some text columns is given to the rows, and
//! what it says of them on the day of each row.

use std::collections::HashMap;

use polars::prelude::*;

use crate::column::Fingerprints;
use crate::error::{Error, Result};
use crate::vocabulary::columns::{self, Column as Name, Kind};

type OnFrames<'a> = Box<dyn Fn(DataFrame) -> Result<DataFrame> + Sync + 'a>;

/// What is known of the distinct combinations of some texts.
pub struct Look<'a> {
    /// The texts.
    pub keys: Vec<Name>,
    /// What is known of them.
    pub values: Vec<Name>,
    apply: OnFrames<'a>,
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Look({:?} → {:?})", self.keys, self.values)
    }
}

impl<'a> Look<'a> {
    /// Columns `values`, as `find` gives them for each distinct combination of `keys`.
    pub(super) fn new<const K: usize, const V: usize>(
        keys: [Name; K],
        values: [Name; V],
        find: impl Fn([&str; K]) -> [Option<String>; V] + Sync + 'a,
    ) -> Self {
        let apply = move |rows| lookup(rows, &keys, &values, &find);
        Self { keys: keys.into(), values: values.into(), apply: Box::new(apply) }
    }

    /// Adds the columns to rows that have the keys, texts without nulls.
    ///
    /// # Errors
    /// When they have not.
    pub fn apply(&self, rows: DataFrame) -> Result<DataFrame> {
        (self.apply)(rows)
    }
}

/// Adds `values`, as `find` gives them for each distinct combination of `keys`. The key columns
/// are text without nulls.
fn lookup<const K: usize, const V: usize>(
    mut frame: DataFrame,
    keys: &[Name; K],
    values: &[Name; V],
    find: &impl Fn([&str; K]) -> [Option<String>; V],
) -> Result<DataFrame> {
    let mut texts = Vec::with_capacity(K);
    for key in keys {
        texts.push(frame.column(key.name)?.str()?);
    }
    let mut iterators: Vec<_> = texts.iter().map(|column| column.iter()).collect();
    let mut known: HashMap<[&str; K], IdxSize, Fingerprints> = HashMap::default();
    let mut found: [Vec<Option<String>>; V] = std::array::from_fn(|_| Vec::new());
    let mut places: Vec<IdxSize> = Vec::with_capacity(frame.height());
    for _ in 0..frame.height() {
        let mut combination = [""; K];
        for (slot, texts) in combination.iter_mut().zip(&mut iterators) {
            let text = texts.next().flatten();
            *slot = text.ok_or_else(|| Error::internal("key columns have no nulls"))?;
        }
        let next = IdxSize::try_from(known.len()).map_err(|_| Error::internal("few rows"))?;
        let place = *known.entry(combination).or_insert_with(|| {
            for (column, value) in found.iter_mut().zip(find(combination)) {
                column.push(value);
            }
            next
        });
        places.push(place);
    }
    drop((known, iterators));
    for (name, column) in values.iter().zip(found) {
        let distinct = Series::new(name.name.into(), column);
        frame.with_column(distinct.take_slice(&places)?.into())?;
    }
    Ok(frame)
}

/// First day of what [`Dated`] says.
pub const SINCE: &str = "depuis";
/// The day after its last.
pub const UNTIL: &str = "jusque";
/// What stands for the first and the last of all days: the years 1 and 9999.
const ALL_DAYS: [i32; 2] = [-719_162, 2_932_896];

/// What is known of some texts on a day.
pub struct Dated<'a> {
    /// The texts.
    pub keys: Vec<Name>,
    /// What is known of them.
    pub values: Vec<Name>,
    apply: OnFrames<'a>,
    spread: OnFrames<'a>,
}

impl std::fmt::Debug for Dated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dated({:?} → {:?})", self.keys, self.values)
    }
}

impl<'a> Dated<'a> {
    /// Columns `values`, as `find` gives them for `keys` and a day; it may give others from each of
    /// the days that `cuts` gives for the keys, and from no other.
    pub(super) fn new<const K: usize, const V: usize>(
        keys: [Name; K],
        values: [Name; V],
        cuts: impl Fn([&str; K]) -> Vec<i32> + Sync + 'a,
        find: impl Fn([&str; K], i32) -> [Option<&'a str>; V] + Sync + Clone + 'a,
    ) -> Self {
        let on_day = find.clone();
        let apply = move |rows| on_days(rows, &keys, &values, &on_day);
        let spread = move |rows| spread(&rows, &keys, &values, (&cuts, &find));
        let (apply, spread) = (Box::new(apply), Box::new(spread));
        Self { keys: keys.into(), values: values.into(), apply, spread }
    }

    /// Adds the columns to rows that have the keys, texts without nulls, and a day.
    pub(super) fn apply(&self, rows: DataFrame) -> Result<DataFrame> {
        (self.apply)(rows)
    }

    /// What is known of each combination of keys, in a row for each time it holds: [`SINCE`] and
    /// [`UNTIL`] say when.
    ///
    /// # Errors
    /// When the combinations lack a key.
    pub fn spread(&self, combinations: DataFrame) -> Result<DataFrame> {
        (self.spread)(combinations)
    }
}

fn key_of<'t, const K: usize>(texts: &[&'t StringChunked; K], row: usize) -> Result<[&'t str; K]> {
    let mut key = [""; K];
    for (slot, texts) in key.iter_mut().zip(texts) {
        *slot = texts.get(row).ok_or_else(|| Error::internal("key columns have no nulls"))?;
    }
    Ok(key)
}

fn texts_of<'f, const K: usize>(
    frame: &'f DataFrame,
    keys: &[Name; K],
) -> Result<[&'f StringChunked; K]> {
    let mut texts = Vec::with_capacity(K);
    for key in keys {
        texts.push(frame.column(key.name)?.str()?);
    }
    texts.try_into().map_err(|_| Error::internal("a key has its columns"))
}

fn on_days<'a, const K: usize, const V: usize>(
    mut rows: DataFrame,
    keys: &[Name; K],
    values: &[Name; V],
    find: &impl Fn([&str; K], i32) -> [Option<&'a str>; V],
) -> Result<DataFrame> {
    let height = rows.height();
    let texts = texts_of(&rows, keys)?;
    let days = rows.column(columns::DATE.name)?.date()?.physical();
    let mut found: [Vec<Option<&str>>; V] = std::array::from_fn(|_| Vec::with_capacity(height));
    for row in 0..height {
        let day = days.get(row).ok_or_else(|| Error::internal("a row has its day"))?;
        for (column, value) in found.iter_mut().zip(find(key_of(&texts, row)?, day)) {
            column.push(value);
        }
    }
    let found: Vec<Series> = values
        .iter()
        .zip(found)
        .map(|(name, column)| Series::new(name.name.into(), column))
        .collect();
    for column in found {
        rows.with_column(column.into())?;
    }
    Ok(rows)
}

fn spread<'a, const K: usize, const V: usize>(
    combinations: &DataFrame,
    keys: &[Name; K],
    values: &[Name; V],
    (cuts, find): (
        &impl Fn([&str; K]) -> Vec<i32>,
        &impl Fn([&str; K], i32) -> [Option<&'a str>; V],
    ),
) -> Result<DataFrame> {
    let texts = texts_of(combinations, keys)?;
    let (mut places, mut bounds): (Vec<IdxSize>, [Vec<i32>; 2]) = Default::default();
    let mut found: [Vec<Option<&str>>; V] = std::array::from_fn(|_| Vec::new());
    for row in 0..combinations.height() {
        let key = key_of(&texts, row)?;
        let mut days = cuts(key);
        let [first, last] = ALL_DAYS;
        days.retain(|day| (first..last).contains(day));
        days.push(first);
        days.sort_unstable();
        days.dedup();
        let ends = days.iter().skip(1).copied().chain([last]);
        for (since, until) in days.iter().copied().zip(ends) {
            places.push(IdxSize::try_from(row).map_err(|_| Error::internal("few rows"))?);
            for (bound, day) in bounds.iter_mut().zip([since, until]) {
                bound.push(day);
            }
            for (column, value) in found.iter_mut().zip(find(key, since)) {
                column.push(value);
            }
        }
    }
    let mut columns = Vec::new();
    for key in keys {
        let column = combinations.column(key.name)?.as_materialized_series();
        columns.push(column.take_slice(&places)?.into());
    }
    for (name, days) in [SINCE, UNTIL].into_iter().zip(bounds) {
        columns.push(Series::new(name.into(), days).cast(&DataType::Date)?.into());
    }
    for (name, texts) in values.iter().zip(found) {
        columns.push(Series::new(name.name.into(), texts).into());
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Rows that are found by a key.
#[derive(Debug)]
pub struct Directory {
    key: Name,
    rows: DataFrame,
    places: HashMap<String, IdxSize, Fingerprints>,
}

impl Directory {
    /// The column that they are found by.
    #[must_use]
    pub fn key(&self) -> Name {
        self.key
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &DataFrame {
        &self.rows
    }

    /// Finds these rows by a text column, no value of which stands twice.
    ///
    /// # Errors
    /// When there is no such column.
    pub(super) fn new(rows: DataFrame, key: &Name) -> Result<Self> {
        let keys = rows.column(key.name)?.str()?;
        let places = (0..).zip(keys.iter());
        let places = places.filter_map(|(place, key)| Some((key?.to_owned(), place))).collect();
        Ok(Self { key: *key, rows, places })
    }

    /// Adds columns, as they are called here and as they will be, from the row that has the value
    /// of `key`; nulls where there is none.
    pub(super) fn join(
        &self,
        mut frame: DataFrame,
        key: &Name,
        columns: &[(String, String)],
    ) -> Result<DataFrame> {
        let keys = frame.column(key.name)?.str()?;
        let places = keys.iter().map(|key| self.places.get(key?).copied());
        let places = IdxCa::from_iter_options(key.name.into(), places);
        for (from, to) in columns {
            let column = self.rows.column(from)?.as_materialized_series().take(&places)?;
            frame.with_column(column.with_name(to.as_str().into()).into())?;
        }
        Ok(frame)
    }
}

/// A text column that lives only while rows are on their way.
pub(super) fn text_column(name: &'static str) -> Name {
    Name { name, kind: Kind::Text, meaning: "" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_spread_over_times_is_what_holds_on_each_day(
            periods in prop::collection::vec((-20..20_i32, 0..9_i32), 0..5),
        ) {
            let on = |day: i32| {
                let covering = periods.iter().position(|(start, length)| {
                    (*start..start + length).contains(&day)
                });
                covering.map(|place| ["a", "b", "c", "d", "e"][place])
            };
            let found = text_column("found");
            let dated = Dated::new(
                [columns::STRUCTURE_ID],
                [found],
                |_| periods.iter().flat_map(|(start, length)| [*start, start + length]).collect(),
                |_, day| [on(day)],
            );
            let key = Series::new(columns::STRUCTURE_ID.name.into(), ["s"]);
            let met = DataFrame::new_infer_height(vec![key.into()]).unwrap();
            let spread = dated.spread(met).unwrap();
            let bound = |name| spread.column(name).unwrap().date().unwrap().physical().clone();
            let (since, until) = (bound(SINCE), bound(UNTIL));
            let texts = spread.column(found.name).unwrap().str().unwrap();
            for day in -30..30 {
                let held: Vec<Option<&str>> = (0..spread.height())
                    .filter(|row| {
                        since.get(*row).unwrap() <= day && day < until.get(*row).unwrap()
                    })
                    .map(|row| texts.get(row))
                    .collect();
                prop_assert_eq!(held, [on(day)], "on {}", day);
            }
        }
    }
}
