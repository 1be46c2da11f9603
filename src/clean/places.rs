//! Where an activity took place becomes its commune, EPCI, département and région.

use jiff::civil::Date;
use polars::prelude::*;

use crate::clean::lookup::{Directory, Look, text_column};
use crate::clean::steps::{Join, Step};
use crate::clean::territory::locate;
use crate::definition::Definitions;
use crate::definition::territory::Territory;
use crate::vocabulary::codes::{INCONNU, SEPARATOR};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::flags;

/// Source of a territory that is that of the structure where the activity took place.
const RECEIVING: &str = "structure_lieu";
/// Whether the commune is that of the receiving structure.
const IS_RECEIVED: &str = "commune de la structure du lieu";
/// Flag of a commune code that gave way to the commune of the receiving structure.
pub(super) const UNKNOWN_COMMUNE: &str = "drapeau de la commune";
/// Flags of the place, while rows are on their way.
pub(super) const PLACE_FLAGS: &str = "drapeaux du lieu";

/// Where the activity took place: its commune, or that of the structure that received it; else its
/// postal code, else the employer's département.
pub(super) fn join_territory<'a>(
    employers: &'a Directory,
    definitions: &'a Definitions,
) -> Vec<Step<'a>> {
    let territory = &definitions.territory;
    let mut steps = vec![date_communes(territory)];
    steps.extend(join_receiving_structure(employers, territory));
    steps.push(Step::Look(look_up(territory)));
    let source = || col(columns::DEPARTEMENT_SOURCE.name);
    let by_receiver = when(col(IS_RECEIVED).and(source().eq(lit("commune"))))
        .then(lit(RECEIVING))
        .otherwise(source());
    steps.push(Step::With(vec![by_receiver.alias(columns::DEPARTEMENT_SOURCE.name)]));
    steps.push(fall_back(
        RECEIVING,
        &of_place(&columns::DEPARTEMENT),
        &[
            (&columns::REGION, of_place(&columns::REGION)),
            (&columns::DEPARTEMENT, of_place(&columns::DEPARTEMENT)),
        ],
    ));
    steps.push(fall_back(
        "employeur",
        columns::DEPARTEMENT_EMPLOYEUR.name,
        &[
            (&columns::REGION, columns::REGION_EMPLOYEUR.name.to_owned()),
            (&columns::DEPARTEMENT, columns::DEPARTEMENT_EMPLOYEUR.name.to_owned()),
        ],
    ));
    steps.push(Step::With(vec![col(columns::DEPARTEMENT.name).fill_null(lit(INCONNU))]));
    steps
}

/// What commune and postal code say together.
fn look_up(territory: &Territory) -> Look<'_> {
    let values = [
        columns::COMMUNE,
        columns::EPCI,
        columns::DEPARTEMENT,
        columns::REGION,
        columns::DEPARTEMENT_SOURCE,
        text_column(PLACE_FLAGS),
    ];
    Look::new([columns::CODE_COMMUNE, columns::CODE_POSTAL], values, |[commune, postal_code]| {
        let located = locate(territory, commune, postal_code);
        let found = located.flags.join(SEPARATOR);
        [
            located.commune,
            located.epci,
            located.departement,
            located.region,
            Some(located.source.to_owned()),
            Some(found).filter(|flags| !flags.is_empty()),
        ]
    })
}

/// A code that names a smaller commune than on the day of the activity stands for the larger one.
fn date_communes(territory: &Territory) -> Step<'static> {
    let commune = || col(columns::CODE_COMMUNE.name);
    // The earliest of several divisions of a code holds.
    let dated = territory.divisions().iter().rev().fold(commune(), |otherwise, division| {
        let until = (division.until - Date::constant(1970, 1, 1)).get_days();
        let is_earlier = col(columns::DATE.name).lt_eq(lit(until).cast(DataType::Date));
        when(commune().eq(lit(division.code.as_str())).and(is_earlier))
            .then(lit(division.key.as_str()))
            .otherwise(otherwise)
    });
    Step::With(vec![dated.alias(columns::CODE_COMMUNE.name)])
}

/// Where no commune is written, takes that of the structure that received the activity.
fn join_receiving_structure<'a>(
    employers: &'a Directory,
    territory: &'a Territory,
) -> [Step<'a>; 5] {
    let unknown =
        Look::new([columns::CODE_COMMUNE], [text_column(UNKNOWN_COMMUNE)], |[commune]| {
            let is_unknown = !commune.is_empty() && territory.place(commune).is_none();
            [is_unknown.then(|| flags::COMMUNE_INCONNUE.to_owned())]
        });
    let taken = [columns::COMMUNE, columns::DEPARTEMENT, columns::REGION];
    let taken = taken.map(|name| (name.name.to_owned(), of_place(&name)));
    let commune = || col(columns::CODE_COMMUNE.name);
    // A code that no commune has says as little as none, but is told.
    let says_nothing = commune().eq(lit("")).or(col(UNKNOWN_COMMUNE).is_not_null());
    let is_received = says_nothing.and(col(of_place(&columns::COMMUNE)).is_not_null());
    let told = when(col(IS_RECEIVED)).then(col(UNKNOWN_COMMUNE)).otherwise(lit(NULL));
    let taken_code =
        when(col(IS_RECEIVED)).then(col(of_place(&columns::COMMUNE))).otherwise(commune());
    [
        Step::Look(unknown),
        Step::Join(Join {
            directory: employers,
            key: columns::LIEU_STRUCTURE_ID,
            columns: taken.into(),
        }),
        Step::With(vec![is_received.alias(IS_RECEIVED)]),
        Step::With(vec![told.alias(UNKNOWN_COMMUNE)]),
        Step::With(vec![taken_code.alias(columns::CODE_COMMUNE.name)]),
    ]
}

fn of_place(name: &Name) -> String {
    format!("{} du lieu", name.name)
}

/// Takes columns from another source where no département is known and that source has one.
fn fall_back(source: &str, departement: &str, taken: &[(&Name, String)]) -> Step<'static> {
    let other = col(departement);
    let applies = col(columns::DEPARTEMENT.name)
        .is_null()
        .and(other.clone().is_not_null())
        .and(other.neq(lit(INCONNU)));
    let pick = |value: Expr, name: &Name| {
        when(applies.clone()).then(value).otherwise(col(name.name)).alias(name.name)
    };
    let mut picked = vec![pick(lit(source.to_owned()), &columns::DEPARTEMENT_SOURCE)];
    picked.extend(taken.iter().map(|(name, from)| pick(col(from.as_str()), name)));
    Step::With(picked)
}
