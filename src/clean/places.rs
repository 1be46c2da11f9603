//! Where an activity took place becomes its commune, EPCI, département and région.

use polars::prelude::*;

use crate::clean::lookup::{lookup, text_column};
use crate::clean::territory::locate;
use crate::definition::Definitions;
use crate::error::Result;
use crate::vocabulary::codes::{INCONNU, SEPARATOR};
use crate::vocabulary::columns::{self, Column as Name};

/// Flags of the place, while rows are on their way.
pub(super) const PLACE_FLAGS: &str = "drapeaux du lieu";
/// Département of the employer, while rows are on their way.
pub(super) const EMPLOYER_DEPARTEMENT: &str = "departement de l'employeur";
/// Région of the employer, while rows are on their way.
pub(super) const EMPLOYER_REGION: &str = "region de l'employeur";

/// Where the activity took place: its commune, its postal code, the structure that received it, and
/// the employer's département where nothing else tells.
pub(super) fn join_territory(
    rows: DataFrame,
    employers: &DataFrame,
    definitions: &Definitions,
) -> Result<LazyFrame> {
    let place_flags = text_column(PLACE_FLAGS);
    let rows = lookup(
        rows,
        [&columns::CODE_COMMUNE, &columns::CODE_POSTAL],
        [
            &columns::COMMUNE,
            &columns::EPCI,
            &columns::DEPARTEMENT,
            &columns::REGION,
            &columns::DEPARTEMENT_SOURCE,
            &place_flags,
        ],
        |[commune, postal_code]| {
            let located = locate(&definitions.territory, commune, postal_code);
            let found = located.flags.join(SEPARATOR);
            [
                located.commune,
                located.epci,
                located.departement,
                located.region,
                Some(located.source.to_owned()),
                Some(found).filter(|flags| !flags.is_empty()),
            ]
        },
    )?;
    let places =
        employers.clone().lazy().filter(col(columns::DEPARTEMENT.name).neq(lit(INCONNU))).select([
            col(columns::STRUCTURE_ID.name),
            col(columns::COMMUNE.name).alias(of_place(&columns::COMMUNE)),
            col(columns::EPCI.name).alias(of_place(&columns::EPCI)),
            col(columns::DEPARTEMENT.name).alias(of_place(&columns::DEPARTEMENT)),
            col(columns::REGION.name).alias(of_place(&columns::REGION)),
        ]);
    let rows = rows.lazy().join(
        places,
        [col(columns::LIEU_STRUCTURE_ID.name)],
        [col(columns::STRUCTURE_ID.name)],
        JoinArgs::new(JoinType::Left),
    );
    let rows = fall_back(
        rows,
        "structure_lieu",
        of_place(&columns::DEPARTEMENT),
        &[
            (&columns::COMMUNE, of_place(&columns::COMMUNE)),
            (&columns::EPCI, of_place(&columns::EPCI)),
            (&columns::REGION, of_place(&columns::REGION)),
            (&columns::DEPARTEMENT, of_place(&columns::DEPARTEMENT)),
        ],
    );
    let rows = fall_back(
        rows,
        "employeur",
        EMPLOYER_DEPARTEMENT.to_owned(),
        &[
            (&columns::REGION, EMPLOYER_REGION.to_owned()),
            (&columns::DEPARTEMENT, EMPLOYER_DEPARTEMENT.to_owned()),
        ],
    );
    Ok(rows.with_columns([col(columns::DEPARTEMENT.name).fill_null(lit(INCONNU))]))
}

fn of_place(name: &Name) -> String {
    format!("{} du lieu", name.name)
}

/// Takes columns from another source where no département is known and that source has one.
fn fall_back(
    rows: LazyFrame,
    source: &str,
    departement: String,
    taken: &[(&Name, String)],
) -> LazyFrame {
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
    rows.with_columns(picked)
}
