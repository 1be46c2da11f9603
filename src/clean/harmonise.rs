//! Codes of the systems become those of the common vocabulary, as they were valid on the day.

use jiff::civil::Date;
use polars::prelude::*;

use crate::clean::lookup::{lookup, text_column};
use crate::definition::Definitions;
use crate::definition::codelist::Lists;
use crate::error::Result;
use crate::vocabulary::codes::{INCONNU, RECONSTITUE, SEPARATOR};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::flags;

/// Kind of activity, in the common vocabulary.
pub(super) const COMMON_KIND: &str = "type commun";
/// Place, in the common vocabulary.
pub(super) const COMMON_PLACE: &str = "lieu commun";
/// Themes, in the common vocabulary.
pub(super) const COMMON_THEMES: &str = "themes communs";
/// Minutes of the duration, as text.
pub(super) const MINUTES: &str = "minutes";
/// The flag of a duration told by a class.
pub(super) const DURATION_FLAG: &str = "drapeau de la duree";
/// Whether the system rebuilt the employers of that day afterwards.
pub(super) const IS_REBUILT: &str = "employeur reconstitue par le systeme";
const PERIOD: &str = "periode des codes";
const LATE_FLAGS: [&str; 3] = ["nature hors periode", "lieu hors periode", "themes hors periode"];

/// The codes of the systems become those of the common vocabulary, as they were valid on the day.
pub(super) fn harmonise(rows: DataFrame, definitions: &Definitions) -> Result<DataFrame> {
    let lists = &definitions.lists;
    let (rows, days) = periods(rows, lists)?;
    let day = |period: &str| {
        let number = period.parse::<usize>().unwrap_or_default();
        days.get(number).copied().unwrap_or(Date::MIN)
    };
    let one = |list: &str, (system, period, code): (&str, &str, &str)| {
        let (found, is_valid) = lists.common_codes(list, (system, code), day(period));
        let late = (!is_valid).then(|| flags::CODE_HORS_PERIODE.to_owned());
        [found.first().map(|code| (*code).to_owned()), late]
    };
    let [kind, place, themes, minutes, is_class, period] =
        [COMMON_KIND, COMMON_PLACE, COMMON_THEMES, MINUTES, DURATION_FLAG, PERIOD].map(text_column);
    let [late_kind, late_place, late_themes] = LATE_FLAGS.map(text_column);
    let of = |code: &'static Name| [&columns::SYSTEME, &period, code];
    let rows = lookup(rows, of(&columns::TYPE_ACTIVITE), [&kind, &late_kind], |[s, p, code]| {
        one("types_activite", (s, p, code))
    })?;
    let rows = lookup(rows, of(&columns::LIEU), [&place, &late_place], |[s, p, code]| {
        one("lieux", (s, p, code))
    })?;
    let rows = lookup(rows, of(&columns::THEMES), [&themes, &late_themes], |[s, p, codes]| {
        let mut found = std::collections::BTreeSet::new();
        let mut are_valid = true;
        for code in codes.split(SEPARATOR).filter(|code| !code.is_empty()) {
            let (common, is_valid) = lists.common_codes("themes", (s, code), day(p));
            are_valid &= is_valid;
            if common.is_empty() {
                found.insert(INCONNU);
            }
            found.extend(common);
        }
        let found = found.into_iter().collect::<Vec<_>>().join(SEPARATOR);
        let late = (!are_valid).then(|| flags::CODE_HORS_PERIODE.to_owned());
        [Some(found).filter(|found| !found.is_empty()), late]
    })?;
    let rebuilt = text_column(IS_REBUILT);
    let breaks = [&columns::RUPTURES, &rebuilt];
    let rows = lookup(rows, [&columns::SYSTEME, &period], breaks, |[s, p]| {
        let found = lists.breaks(s, day(p));
        let is_rebuilt = found.contains(&flags::EMPLOYEUR_RECONSTITUE);
        let found = found.join(SEPARATOR);
        [Some(found).filter(|found| !found.is_empty()), is_rebuilt.then(|| RECONSTITUE.to_owned())]
    })?;
    lookup(rows, [&columns::SYSTEME, &columns::DUREE], [&minutes, &is_class], |[s, duration]| {
        let found = lists.minutes(s, duration);
        [
            found.map(|(minutes, _)| minutes.to_string()),
            found.filter(|(_, is_class)| *is_class).map(|_| flags::DUREE_ESTIMEE.to_owned()),
        ]
    })
}

/// Numbers the periods in which no code becomes valid or ceases to be; gives a day of each.
fn periods(rows: DataFrame, lists: &Lists) -> Result<(DataFrame, Vec<Date>)> {
    let mut days = vec![Date::MIN];
    days.extend(lists.cuts());
    let mut number = lit("0");
    for (place, day) in days.iter().enumerate().skip(1) {
        let since = (*day - Date::constant(1970, 1, 1)).get_days();
        number = when(col(columns::DATE.name).gt_eq(lit(since).cast(DataType::Date)))
            .then(lit(place.to_string()))
            .otherwise(number);
    }
    Ok((rows.lazy().with_columns([number.alias(PERIOD)]).collect()?, days))
}

/// One flag, whichever code is used outside its dates.
pub(super) fn any_late() -> Expr {
    let [kind, place, themes] = LATE_FLAGS.map(col);
    let or = |one: Expr, other: Expr| when(one.clone().is_null()).then(other).otherwise(one);
    or(kind, or(place, themes)).alias(flags::CODE_HORS_PERIODE)
}
