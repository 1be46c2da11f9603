//! Codes of the systems become those of the common vocabulary, as they were valid on the day.

use jiff::civil::Date;
use polars::prelude::*;

use crate::clean::lookup::{Look, text_column};
use crate::clean::steps::Step;
use crate::definition::Definitions;
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
pub(super) fn harmonise(definitions: &Definitions) -> [Step<'_>; 6] {
    let lists = &definitions.lists;
    let mut days = vec![Date::MIN];
    days.extend(lists.cuts());
    let period = number(&days);
    // The day that a period begins with.
    let day = move |period: &str| {
        let number = period.parse::<usize>().unwrap_or_default();
        days.get(number).copied().unwrap_or(Date::MIN)
    };
    let one = {
        let day = day.clone();
        move |list: &str, [system, period, code]: [&str; 3]| {
            let (found, is_valid) = lists.common_codes(list, (system, code), day(period));
            let late = (!is_valid).then(|| flags::CODE_HORS_PERIODE.to_owned());
            [found.first().map(|code| (*code).to_owned()), late]
        }
    };
    let many = {
        let day = day.clone();
        move |[system, period, codes]: [&str; 3]| {
            let mut found = std::collections::BTreeSet::new();
            let mut are_valid = true;
            for code in codes.split(SEPARATOR).filter(|code| !code.is_empty()) {
                let (common, is_valid) = lists.common_codes("themes", (system, code), day(period));
                are_valid &= is_valid;
                if common.is_empty() {
                    found.insert(INCONNU);
                }
                found.extend(common);
            }
            let found = found.into_iter().collect::<Vec<_>>().join(SEPARATOR);
            let late = (!are_valid).then(|| flags::CODE_HORS_PERIODE.to_owned());
            [Some(found).filter(|found| !found.is_empty()), late]
        }
    };
    let breaks = move |[system, period]: [&str; 2]| {
        let found = lists.breaks(system, day(period));
        let is_rebuilt = found.contains(&flags::EMPLOYEUR_RECONSTITUE);
        let found = found.join(SEPARATOR);
        [Some(found).filter(|found| !found.is_empty()), is_rebuilt.then(|| RECONSTITUE.to_owned())]
    };
    let minutes = |[system, duration]: [&str; 2]| {
        let found = lists.minutes(system, duration);
        [
            found.map(|(minutes, _)| minutes.to_string()),
            found.filter(|(_, is_class)| *is_class).map(|_| flags::DUREE_ESTIMEE.to_owned()),
        ]
    };
    let [late_kind, late_place, late_themes] = LATE_FLAGS.map(text_column);
    let of = |code: Name| [columns::SYSTEME, text_column(PERIOD), code];
    let place = one.clone();
    [
        Step::With(vec![period]),
        Step::Look(Look::new(
            of(columns::TYPE_ACTIVITE),
            [text_column(COMMON_KIND), late_kind],
            move |key| one("types_activite", key),
        )),
        Step::Look(Look::new(
            of(columns::LIEU),
            [text_column(COMMON_PLACE), late_place],
            move |key| place("lieux", key),
        )),
        Step::Look(Look::new(of(columns::THEMES), [text_column(COMMON_THEMES), late_themes], many)),
        Step::Look(Look::new(
            [columns::SYSTEME, text_column(PERIOD)],
            [columns::RUPTURES, text_column(IS_REBUILT)],
            breaks,
        )),
        Step::Look(Look::new(
            [columns::SYSTEME, columns::DUREE],
            [text_column(MINUTES), text_column(DURATION_FLAG)],
            minutes,
        )),
    ]
}

/// The number of the period in which no code becomes valid or ceases to be, of those that begin on
/// some days.
fn number(days: &[Date]) -> Expr {
    let mut number = lit("0");
    for (place, day) in days.iter().enumerate().skip(1) {
        let since = (*day - Date::constant(1970, 1, 1)).get_days();
        number = when(col(columns::DATE.name).gt_eq(lit(since).cast(DataType::Date)))
            .then(lit(place.to_string()))
            .otherwise(number);
    }
    number.alias(PERIOD)
}

/// One flag, whichever code is used outside its dates.
pub(super) fn any_late() -> Expr {
    let [kind, place, themes] = LATE_FLAGS.map(col);
    let or = |one: Expr, other: Expr| when(one.clone().is_null()).then(other).otherwise(one);
    or(kind, or(place, themes)).alias(flags::CODE_HORS_PERIODE)
}
