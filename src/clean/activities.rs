//! The latest versions of activities become clean activities or rejects, row by row.

use std::collections::HashMap;

use polars::prelude::*;

use crate::clean::attendances::Attendances;
use crate::clean::attended::ATTENDANCE_FLAG;
use crate::clean::contracts::Contracts;
use crate::clean::employers::FormerTypes;
use crate::clean::employment::{EMPLOYMENT_FLAG, IS_UNLISTED, TYPE_FLAG, employ, join_employer};
use crate::clean::harmonise::{
    COMMON_KIND, COMMON_PLACE, COMMON_THEMES, DURATION_FLAG, MINUTES, any_late, harmonise,
};
use crate::clean::lookup::Directory;
use crate::clean::places::{PLACE_FLAGS, UNKNOWN_COMMUNE, join_territory};
use crate::clean::rules::{flag, judge, none_if_empty};
use crate::clean::steps::{Step, take};
use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::vocabulary::codes::{COLLECTIF, NON_RENSEIGNE, OUI, SEPARATOR};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::reject::Reject;
use crate::vocabulary::{flags, tables};

/// Text columns that are looked up: an empty text stands for "none" on the way.
const KEYS: [Name; 14] = [
    columns::CONSEILLER_ID,
    columns::UTILISATEUR_ID,
    columns::CONSEILLER_NUMERIQUE,
    columns::SIRET,
    columns::LIEU_STRUCTURE_ID,
    columns::TYPE_ACTIVITE,
    columns::LIEU,
    columns::THEMES,
    columns::DUREE,
    columns::STRUCTURE_ID,
    columns::CODE_COMMUNE,
    columns::CODE_POSTAL,
    columns::SYSTEME,
    columns::DRAPEAUX,
];

/// A breakdown of the participants. What its counts lack to P is of its unknown, the last of them.
struct Breakdown {
    counts: &'static [Name],
    /// A column that lives only inside this stage.
    lacking: &'static str,
    /// The flag of counts that exceed P.
    exceeding: &'static str,
}

const BREAKDOWNS: [Breakdown; 3] = [
    Breakdown {
        counts: &[
            columns::AGE_MOINS_12,
            columns::AGE_12_17,
            columns::AGE_18_35,
            columns::AGE_35_60,
            columns::AGE_60_PLUS,
            columns::AGE_18_24,
            columns::AGE_25_39,
            columns::AGE_40_59,
            columns::AGE_60_69,
            columns::AGE_70_PLUS,
            columns::AGE_INCONNU,
        ],
        lacking: "ages manquants",
        exceeding: flags::AGES_SUPERIEURS,
    },
    Breakdown {
        counts: &[
            columns::STATUT_SCOLARISE,
            columns::STATUT_SANS_EMPLOI,
            columns::STATUT_EN_EMPLOI,
            columns::STATUT_RETRAITE,
            columns::STATUT_INCONNU,
        ],
        lacking: "statuts manquants",
        exceeding: flags::STATUTS_SUPERIEURS,
    },
    Breakdown {
        counts: &[columns::GENRE_FEMININ, columns::GENRE_MASCULIN, columns::GENRE_INCONNU],
        lacking: "genres manquants",
        exceeding: flags::GENRES_SUPERIEURS,
    },
];

/// Follow-ups that La Coop does not tell.
const FOLLOW_UPS: [Name; 2] = [columns::SUITE_INDIVIDUEL, columns::SUITE_ATELIER];

/// Clean and refused activities.
#[derive(Debug)]
pub struct Cleaned {
    /// Rows of [`tables::CLEAN_ACTIVITES`], in any order.
    pub kept: DataFrame,
    /// Number of the segment, and the reject.
    pub rejected: Vec<(usize, Reject)>,
    /// What was kept of each segment.
    pub tally: Vec<Tally>,
}

/// Rows and measures of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Number of the segment.
    pub segment: usize,
    /// Rows.
    pub rows: i64,
    /// Sum of participants.
    pub participants: i64,
    /// Sum of minutes.
    pub minutes: i64,
}

/// What other files say of activities.
#[derive(Debug)]
pub struct Known<'a> {
    /// The clean table of employers.
    pub employers: &'a Directory,
    /// The types that employers had at other times.
    pub former_types: &'a FormerTypes,
    /// Hashed identifier of a structure → its identifier.
    pub aliases: &'a HashMap<String, String>,
    /// Employment of advisers.
    pub contracts: &'a Contracts,
    /// Who attended.
    pub attendances: &'a Attendances,
    /// The declarations.
    pub definitions: &'a Definitions,
    /// Last admissible day, in days since 1970.
    pub as_of: i32,
}

/// Cleans rows of [`tables::STAGED_ACTIVITES`] with two more columns: the system, and the number
/// of the segment.
///
/// # Errors
/// When a frame operation fails.
pub fn clean(rows: DataFrame, known: &Known<'_>) -> Result<Cleaned> {
    split(&take(rows, &steps(known)?)?)
}

/// Tells the rows that are kept from those that are refused, once all steps are taken.
///
/// # Errors
/// When a frame operation fails.
pub fn split(rows: &DataFrame) -> Result<Cleaned> {
    let rejected = rejects(rows)?;
    let kept = rows.clone().lazy().filter(col(columns::RAISONS.name).eq(lit(""))).collect()?;
    let tally = tally(&kept)?;
    let columns = tables::CLEAN_ACTIVITES.columns.iter().map(|column| column.name);
    Ok(Cleaned { kept: kept.select(columns)?, rejected, tally })
}

/// What is done to the rows of staged activities, for them to have the columns of the clean table,
/// and in `raisons` the reasons to refuse them, empty for none.
///
/// # Errors
/// When a rule is wrong.
pub fn steps<'a>(known: &'a Known<'a>) -> Result<Vec<Step<'a>>> {
    let filled = KEYS.iter().map(|key| col(key.name).fill_null(lit(""))).collect();
    let mut steps = vec![Step::With(filled)];
    steps.extend(harmonise(known.definitions));
    steps.extend(employ(known));
    steps.extend(join_employer(known));
    steps.extend(join_territory(known.employers, known.definitions));
    steps.push(Step::People(known.attendances));
    steps.push(Step::Delay);
    steps.extend(complete());
    steps.push(judge(own_flags(), &known.definitions.rules, known.as_of)?);
    steps.extend(derive());
    Ok(steps)
}

/// Counts nobody gave are 0; what each breakdown lacks to P is counted apart.
fn complete() -> [Step<'static>; 2] {
    let zero = |name: &Name| col(name.name).fill_null(lit(0));
    let counts = BREAKDOWNS.iter().flat_map(|breakdown| breakdown.counts);
    let mut filled: Vec<Expr> = counts.chain(&FOLLOW_UPS).map(zero).collect();
    let oriented =
        when(col(columns::ORIENTE_VERS_STRUCTURE.name).eq(lit(OUI))).then(lit(1)).otherwise(lit(0));
    filled.extend([
        col(columns::SUITE_REDIRECTION.name).fill_null(oriented),
        col(MINUTES).cast(DataType::Int32).fill_null(lit(0)).alias(columns::DUREE_MINUTES.name),
        when(col(columns::NB_PARTICIPANTS_RECURRENTS.name).is_null())
            .then(lit(flags::RECURRENTS_INCONNUS))
            .otherwise(lit(NULL))
            .alias(flags::RECURRENTS_INCONNUS),
        zero(&columns::NB_PARTICIPANTS_RECURRENTS),
    ]);
    let lacking = BREAKDOWNS.iter().map(|breakdown| {
        let counts = breakdown.counts.iter().map(|count| col(count.name));
        let sum = counts.fold(lit(0), |sum, count| sum + count);
        (col(columns::NB_PARTICIPANTS.name) - sum).alias(breakdown.lacking)
    });
    [Step::With(filled), Step::With(lacking.collect())]
}

/// Flags that no rule declares.
fn own_flags() -> Vec<Expr> {
    let exceeding = BREAKDOWNS.iter().map(|breakdown| {
        let Breakdown { lacking, exceeding, .. } = breakdown;
        flag(col(*lacking).lt(lit(0)), exceeding)
    });
    let before = [
        none_if_empty(columns::DRAPEAUX.name),
        col(PLACE_FLAGS),
        col(UNKNOWN_COMMUNE),
        col(DURATION_FLAG),
        any_late(),
        col(EMPLOYMENT_FLAG),
        col(TYPE_FLAG),
        col(ATTENDANCE_FLAG),
        col(flags::RECURRENTS_INCONNUS),
    ];
    let after = [
        flag(col(columns::DUREE.name).eq(lit("")), flags::DUREE_INCONNUE),
        flag(
            col(columns::DEPARTEMENT_SOURCE.name).eq(lit("employeur")),
            flags::DEPARTEMENT_PAR_EMPLOYEUR,
        ),
        flag(
            col(IS_UNLISTED).fill_null(lit(true)).or(col(columns::STRUCTURE_ID.name).eq(lit(""))),
            flags::STRUCTURE_INCONNUE,
        ),
    ];
    before.into_iter().chain(exceeding).chain(after).collect()
}

fn tally(kept: &DataFrame) -> Result<Vec<Tally>> {
    let sum = |name: &Name| col(name.name).cast(DataType::Int64).sum();
    let by_segment = kept
        .clone()
        .lazy()
        .group_by([col(columns::SEGMENT.name)])
        .agg([
            len().cast(DataType::Int64).alias(columns::LIGNES.name),
            sum(&columns::NB_PARTICIPANTS),
            sum(&columns::DUREE_MINUTES),
        ])
        .sort([columns::SEGMENT.name], SortMultipleOptions::default())
        .collect()?;
    let number = |name: &Name, row: usize| -> Result<i64> {
        let value = by_segment.column(name.name)?.i64()?.get(row);
        value.ok_or_else(|| Error::internal("a sum is not null"))
    };
    (0..by_segment.height())
        .map(|row| {
            let segment = number(&columns::SEGMENT, row)?;
            Ok(Tally {
                segment: usize::try_from(segment)
                    .map_err(|_| Error::internal("a segment has a number"))?,
                rows: number(&columns::LIGNES, row)?,
                participants: number(&columns::NB_PARTICIPANTS, row)?,
                minutes: number(&columns::DUREE_MINUTES, row)?,
            })
        })
        .collect()
}

fn rejects(rows: &DataFrame) -> Result<Vec<(usize, Reject)>> {
    let refused = rows
        .clone()
        .lazy()
        .filter(col(columns::RAISONS.name).neq(lit("")))
        .select([
            col(columns::SEGMENT.name),
            col(columns::LIGNE.name),
            none_if_empty(columns::STRUCTURE_ID.name).alias(columns::STRUCTURE_ID.name),
            col(columns::RAISONS.name),
            col(columns::NB_PARTICIPANTS.name).cast(DataType::Int64),
            col(columns::DUREE_MINUTES.name).cast(DataType::Int64),
        ])
        .collect()?;
    let segments = refused.column(columns::SEGMENT.name)?.i64()?;
    let lines = refused.column(columns::LIGNE.name)?.i64()?;
    let structures = refused.column(columns::STRUCTURE_ID.name)?.str()?;
    let reasons = refused.column(columns::RAISONS.name)?.str()?;
    let participants = refused.column(columns::NB_PARTICIPANTS.name)?.i64()?;
    let minutes = refused.column(columns::DUREE_MINUTES.name)?.i64()?;
    let lacking = || Error::internal("a refused row has its segment, line and reasons");
    (0..refused.height())
        .map(|row| {
            let segment = segments.get(row).ok_or_else(lacking)?;
            let reject = Reject {
                line: lines.get(row).ok_or_else(lacking)?,
                place: String::new(),
                structure: structures.get(row).map(str::to_owned),
                reasons: reasons
                    .get(row)
                    .ok_or_else(lacking)?
                    .split(SEPARATOR)
                    .map(str::to_owned)
                    .collect(),
                participants: participants.get(row).unwrap_or_default(),
                minutes: minutes.get(row).unwrap_or_default(),
            };
            Ok((usize::try_from(segment).map_err(|_| lacking())?, reject))
        })
        .collect()
}

/// The columns of the clean table that nothing else needs.
fn derive() -> [Step<'static>; 2] {
    let p = || col(columns::NB_PARTICIPANTS.name);
    let r = || col(columns::NB_PARTICIPANTS_RECURRENTS.name);
    let is_workshop = || col(COMMON_KIND).eq(lit(COLLECTIF));
    let columns = vec![
        col(columns::DATE.name).dt().to_string("%Y-%m").alias(columns::MOIS.name),
        none_if_empty(columns::STRUCTURE_ID.name).alias(columns::STRUCTURE_ID.name),
        none_if_empty(columns::CONSEILLER_ID.name).alias(columns::CONSEILLER_ID.name),
        col(COMMON_KIND).alias(columns::TYPE_ACTIVITE.name),
        col(COMMON_PLACE).fill_null(lit(NON_RENSEIGNE)).alias(columns::LIEU.name),
        col(COMMON_THEMES).fill_null(lit(NON_RENSEIGNE)).alias(columns::THEMES.name),
        when(is_workshop())
            .then(p())
            .otherwise(lit(1))
            .alias(columns::NB_ACCOMPAGNEMENTS_HISTORIQUE.name),
        when(p().gt(r()))
            .then(p() - r())
            .otherwise(lit(0))
            .alias(columns::NB_PERSONNES_HORS_RECURRENTS.name),
        when(is_workshop()).then(lit(1)).otherwise(lit(0)).alias(columns::NB_ATELIERS.name),
        none_if_empty(columns::DRAPEAUX.name).alias(columns::DRAPEAUX.name),
    ];
    let unknown = BREAKDOWNS.iter().filter_map(|breakdown| {
        let unknown = breakdown.counts.last()?;
        let lacking = || col(breakdown.lacking);
        let lacking = when(lacking().gt(lit(0))).then(lacking()).otherwise(lit(0));
        Some((col(unknown.name) + lacking).alias(unknown.name))
    });
    [Step::With(columns), Step::With(unknown.collect())]
}
