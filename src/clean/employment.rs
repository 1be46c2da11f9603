//! What a record, or the periods of employment of its adviser, say of its employer.

use polars::prelude::*;

use crate::clean::activities::Known;
use crate::clean::employers::FormerType;
use crate::clean::harmonise::IS_REBUILT;
use crate::clean::lookup::{Directory, lookup};
use crate::error::Result;
use crate::vocabulary::codes::{
    DECLARE, EMPLOI, INCONNU, NON, OUI, RECONSTITUE, SEPARATOR, System,
};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::flags;

/// Whether no list has the employer, while rows are on their way.
pub(super) const IS_UNLISTED: &str = "employeur d'aucune liste";
/// Flag of the type that an employer had.
pub(super) const TYPE_FLAG: &str = "drapeau du type";
/// Flag of the period of employment.
pub(super) const EMPLOYMENT_FLAG: &str = "drapeau de l'emploi";
/// What told the employer, where a period of employment did.
const BY_CONTRACT: &str = "employeur par emploi";

/// Tells the employer of each activity, where that comes from, and whether its adviser is one of
/// the programme.
pub(super) fn employ(rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    let rows = rows.lazy().with_columns([identified()]).collect()?;
    let rows = resolve_hashed(rows, known)?;
    let rows = by_contract(rows, known)?;
    let source = when(col(columns::STRUCTURE_ID.name).eq(lit("")))
        .then(lit(INCONNU))
        .when(col(BY_CONTRACT).is_not_null())
        .then(col(BY_CONTRACT))
        .when(col(IS_REBUILT).is_not_null())
        .then(lit(RECONSTITUE))
        .otherwise(lit(DECLARE))
        .alias(columns::EMPLOYEUR_SOURCE.name);
    let rows = rows.lazy().with_columns([source]).collect()?;
    tell_advisers(rows, known)
}

/// The employer's identifier, or its SIRET where the activity has nothing else.
fn identified() -> Expr {
    let id = || col(columns::STRUCTURE_ID.name);
    when(id().eq(lit("")))
        .then(col(columns::SIRET.name))
        .otherwise(id())
        .alias(columns::STRUCTURE_ID.name)
}

/// Puts the identifier in the place of its hash, where a file of hashed identifiers is read.
fn resolve_hashed(rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    if known.aliases.is_empty() {
        return Ok(rows);
    }
    let plain = Name { name: "structure en clair", ..columns::STRUCTURE_ID };
    let rows = lookup(rows, [&columns::STRUCTURE_ID], [&plain], |[id]| {
        [Some(known.aliases.get(id).map_or(id, String::as_str).to_owned())]
    })?;
    Ok(rows.lazy().with_columns([col(plain.name).alias(columns::STRUCTURE_ID.name)]).collect()?)
}

/// Where the record names no employer, takes that of the adviser on the day.
fn by_contract(mut rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    let height = rows.height();
    let (mut structures, mut sources, mut flagged) =
        (Vec::with_capacity(height), Vec::with_capacity(height), Vec::with_capacity(height));
    let own = rows.column(columns::STRUCTURE_ID.name)?.str()?;
    let systems = rows.column(columns::SYSTEME.name)?.str()?;
    let mediators = rows.column(columns::CONSEILLER_ID.name)?.str()?;
    let accounts = rows.column(columns::UTILISATEUR_ID.name)?.str()?;
    let days = rows.column(columns::DATE.name)?.date()?.physical();
    for row in 0..height {
        let text = |column: &StringChunked| column.get(row).unwrap_or_default().to_owned();
        let id = text(own);
        let (mediator, account) = (text(mediators), text(accounts));
        let day = days.get(row).unwrap_or_default();
        let is_legacy = systems.get(row) == Some(System::Legacy.code());
        let found = match (id.is_empty(), is_legacy) {
            (false, _) => None,
            (true, false) => known.contracts.employer(&mediator, &account, day),
            (true, true) => known.contracts.supposed(&mediator),
        };
        sources.push(found.map(|found| if found.is_covered { EMPLOI } else { RECONSTITUE }));
        let is_ambiguous = found.is_some_and(|found| found.is_ambiguous);
        flagged.push(is_ambiguous.then_some(flags::EMPLOIS_MULTIPLES));
        structures.push(found.map_or(id, |found| found.structure.to_owned()));
    }
    for (name, column) in [
        (columns::STRUCTURE_ID.name, Series::new(columns::STRUCTURE_ID.name.into(), structures)),
        (BY_CONTRACT, Series::new(BY_CONTRACT.into(), sources)),
        (EMPLOYMENT_FLAG, Series::new(EMPLOYMENT_FLAG.into(), flagged)),
    ] {
        rows.with_column(column.with_name(name.into()).into())?;
    }
    Ok(rows)
}

/// Whether the adviser is one of the programme: as the record says, else as the account does. The
/// Espace Coop knew no others.
fn tell_advisers(rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    let told = Name { name: "conseiller du dispositif", ..columns::CONSEILLER_NUMERIQUE };
    let keys = [
        &columns::SYSTEME,
        &columns::CONSEILLER_NUMERIQUE,
        &columns::CONSEILLER_ID,
        &columns::UTILISATEUR_ID,
    ];
    let rows = lookup(rows, keys, [&told], |[system, own, mediator, account]| {
        let by_account = || match known.contracts.is_adviser(mediator, account) {
            Some(true) => OUI,
            Some(false) => NON,
            None => INCONNU,
        };
        let found = match (system, own) {
            (_, OUI | NON) => own,
            (system, _) if system == System::Legacy.code() => OUI,
            _ => by_account(),
        };
        [Some(found.to_owned())]
    })?;
    let told = col(told.name).alias(columns::CONSEILLER_NUMERIQUE.name);
    Ok(rows.lazy().with_columns([told]).collect()?)
}

/// The clean table of employers, by identifier.
///
/// # Errors
/// When it lacks a column.
pub fn directory(mut employers: DataFrame) -> Result<Directory> {
    let has_flag = |flags: Option<&str>| {
        flags.is_some_and(|flags| flags.split(SEPARATOR).any(|f| f == flags::STRUCTURE_INCONNUE))
    };
    let flags = employers.column(columns::DRAPEAUX.name)?.str()?;
    let unlisted: Vec<bool> = flags.iter().map(has_flag).collect();
    employers.with_column(Series::new(IS_UNLISTED.into(), unlisted).into())?;
    Directory::new(employers, &columns::STRUCTURE_ID)
}

/// Puts the type that the employer had on the day in the place of that of the reference day.
fn date_types(mut rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    let none: Vec<Option<&str>> = vec![None; rows.height()];
    rows.with_column(Series::new(TYPE_FLAG.into(), none).into())?;
    if known.former_types.is_empty() {
        return Ok(rows);
    }
    let ids = rows.column(columns::STRUCTURE_ID.name)?.str()?;
    let days = rows.column(columns::DATE.name)?.date()?.physical();
    let former: Vec<Option<&FormerType>> = ids
        .iter()
        .zip(days.iter())
        .map(|(id, day)| {
            let (of_one, day) = (known.former_types.get(id?)?, day?);
            of_one.iter().find(|former| former.period.covers(day))
        })
        .collect();
    let flagged: Vec<Option<&str>> =
        former.iter().map(|former| former.map(|_| flags::TYPE_A_LA_DATE)).collect();
    let names =
        [columns::TYPE_EMPLOYEUR, columns::GROUPE_EMPLOYEUR, columns::TYPE_EMPLOYEUR_SOURCE];
    let mut changed = vec![Series::new(TYPE_FLAG.into(), flagged)];
    for (place, name) in names.iter().enumerate() {
        let today = rows.column(name.name)?.str()?;
        let then = |former: &Option<&'_ FormerType>| {
            former.and_then(|former| former.codes.get(place)).cloned()
        };
        let codes: Vec<Option<String>> = former
            .iter()
            .zip(today.iter())
            .map(|(former, today)| then(former).or_else(|| today.map(str::to_owned)))
            .collect();
        changed.push(Series::new(name.name.into(), codes));
    }
    for column in changed {
        rows.with_column(column.into())?;
    }
    Ok(rows)
}

/// The employer of the activity, with the type it had on that day.
pub(super) fn join_employer(rows: DataFrame, known: &Known<'_>) -> Result<DataFrame> {
    let taken = [
        (columns::SIREN.name, columns::SIREN.name),
        (columns::TYPE_EMPLOYEUR.name, columns::TYPE_EMPLOYEUR.name),
        (columns::GROUPE_EMPLOYEUR.name, columns::GROUPE_EMPLOYEUR.name),
        (columns::TYPE_EMPLOYEUR_SOURCE.name, columns::TYPE_EMPLOYEUR_SOURCE.name),
        (columns::FRANCE_SERVICES.name, columns::FRANCE_SERVICES.name),
        (columns::COMMUNE.name, columns::COMMUNE_EMPLOYEUR.name),
        (columns::EPCI.name, columns::EPCI_EMPLOYEUR.name),
        (columns::DEPARTEMENT.name, columns::DEPARTEMENT_EMPLOYEUR.name),
        (columns::REGION.name, columns::REGION_EMPLOYEUR.name),
        (IS_UNLISTED, IS_UNLISTED),
    ];
    let joined = known.employers.join(rows, &columns::STRUCTURE_ID, &taken)?;
    let joined = date_types(joined, known)?;
    let or_unknown = |name: &Name| col(name.name).fill_null(lit(INCONNU));
    Ok(joined
        .lazy()
        .with_columns([
            or_unknown(&columns::TYPE_EMPLOYEUR),
            or_unknown(&columns::GROUPE_EMPLOYEUR),
            or_unknown(&columns::TYPE_EMPLOYEUR_SOURCE),
            or_unknown(&columns::DEPARTEMENT_EMPLOYEUR),
            or_unknown(&columns::FRANCE_SERVICES),
        ])
        .collect()?)
}
