//! What a record, or the periods of employment of its adviser, say of its employer.

use polars::prelude::*;

use crate::clean::activities::Known;
use crate::clean::contracts::Contract;
use crate::clean::employers::FormerType;
use crate::clean::harmonise::IS_REBUILT;
use crate::clean::lookup::{Dated, Directory, Look, text_column};
use crate::clean::steps::{Join, Step};
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
/// The employer that a period of employment tells.
const FOUND: &str = "structure par emploi";
/// An identifier, in the place of its hash.
const PLAIN: &str = "structure en clair";
/// Whether the adviser is one of the programme.
const TOLD: &str = "conseiller du dispositif";
/// Type of the employer on the day, its group, and what decided.
const FORMER: [&str; 3] = ["type a la date", "groupe a la date", "source du type a la date"];
/// What told the employer, where a period of employment did.
const BY_CONTRACT: &str = "employeur par emploi";

/// Tells the employer of each activity, where that comes from, and whether its adviser is one of
/// the programme.
pub(super) fn employ<'a>(known: &'a Known<'a>) -> Vec<Step<'a>> {
    let id = || col(columns::STRUCTURE_ID.name);
    let none = || id().eq(lit(""));
    // The employer's identifier, or its SIRET where the activity has nothing else.
    let identified = when(none()).then(col(columns::SIRET.name)).otherwise(id());
    let mut steps = vec![Step::With(vec![identified.alias(columns::STRUCTURE_ID.name)])];
    if !known.aliases.is_empty() {
        steps.extend(resolve_hashed(known));
    }
    let found = when(none()).then(col(FOUND).fill_null(lit(""))).otherwise(id());
    let source = when(id().eq(lit("")))
        .then(lit(INCONNU))
        .when(col(BY_CONTRACT).is_not_null())
        .then(col(BY_CONTRACT))
        .when(col(IS_REBUILT).is_not_null())
        .then(lit(RECONSTITUE))
        .otherwise(lit(DECLARE));
    steps.extend([
        Step::Dated(by_contract(known)),
        Step::With(vec![found.alias(columns::STRUCTURE_ID.name)]),
        Step::With(vec![source.alias(columns::EMPLOYEUR_SOURCE.name)]),
        Step::Look(tell_advisers(known)),
        Step::With(vec![col(TOLD).alias(columns::CONSEILLER_NUMERIQUE.name)]),
    ]);
    steps
}

/// Puts the identifier in the place of its hash, where a file of hashed identifiers is read.
fn resolve_hashed<'a>(known: &'a Known<'a>) -> [Step<'a>; 2] {
    let look = Look::new([columns::STRUCTURE_ID], [text_column(PLAIN)], |[id]| {
        [Some(known.aliases.get(id).map_or(id, String::as_str).to_owned())]
    });
    [Step::Look(look), Step::With(vec![col(PLAIN).alias(columns::STRUCTURE_ID.name)])]
}

/// Where the record names no employer, finds that of the adviser on the day.
fn by_contract<'a>(known: &'a Known<'a>) -> Dated<'a> {
    let keys =
        [columns::STRUCTURE_ID, columns::SYSTEME, columns::CONSEILLER_ID, columns::UTILISATEUR_ID];
    let values = [FOUND, BY_CONTRACT, EMPLOYMENT_FLAG].map(text_column);
    let cuts = |[id, system, mediator, account]: [&str; 4]| {
        if !id.is_empty() || system == System::Legacy.code() {
            return Vec::new();
        }
        let periods = known.contracts.periods(mediator, account).iter();
        periods.flat_map(Contract::bounds).collect()
    };
    Dated::new(keys, values, cuts, |[id, system, mediator, account], day| {
        let found = match (id.is_empty(), system == System::Legacy.code()) {
            (false, _) => None,
            (true, false) => known.contracts.employer(mediator, account, day),
            (true, true) => known.contracts.supposed(mediator),
        };
        let source = found.map(|found| if found.is_covered { EMPLOI } else { RECONSTITUE });
        let is_ambiguous = found.is_some_and(|found| found.is_ambiguous);
        let flag = is_ambiguous.then_some(flags::EMPLOIS_MULTIPLES);
        [found.map(|found| found.structure), source, flag]
    })
}

/// Whether the adviser is one of the programme: as the record says, else as the account does. The
/// Espace Coop knew no others.
fn tell_advisers<'a>(known: &'a Known<'a>) -> Look<'a> {
    let keys = [
        columns::SYSTEME,
        columns::CONSEILLER_NUMERIQUE,
        columns::CONSEILLER_ID,
        columns::UTILISATEUR_ID,
    ];
    Look::new(keys, [text_column(TOLD)], |[system, own, mediator, account]| {
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
    })
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

/// The type that an employer had on the day, where it is not that of the reference day.
fn date_types<'a>(known: &'a Known<'a>) -> Dated<'a> {
    let [kind, group, source] = FORMER.map(text_column);
    let values = [kind, group, source, text_column(TYPE_FLAG)];
    let of = |id: &str| known.former_types.get(id).map_or(&[][..], Vec::as_slice);
    let cuts = move |[id]: [&str; 1]| of(id).iter().flat_map(|it| it.period.bounds()).collect();
    Dated::new([columns::STRUCTURE_ID], values, cuts, move |[id], day| {
        let former = of(id).iter().find(|former| former.period.covers(day));
        let code = |place| former.and_then(|f: &FormerType| f.codes.get(place)).map(String::as_str);
        [code(0), code(1), code(2), former.map(|_| flags::TYPE_A_LA_DATE)]
    })
}

/// The employer of the activity, with the type it had on that day.
pub(super) fn join_employer<'a>(known: &'a Known<'a>) -> Vec<Step<'a>> {
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
    let taken = taken.map(|(from, to)| (from.to_owned(), to.to_owned()));
    let types =
        [columns::TYPE_EMPLOYEUR, columns::GROUPE_EMPLOYEUR, columns::TYPE_EMPLOYEUR_SOURCE];
    let then = types.iter().zip(FORMER).map(|(name, former)| {
        let today = col(name.name).fill_null(lit(INCONNU));
        when(col(TYPE_FLAG).is_null()).then(today).otherwise(col(former)).alias(name.name)
    });
    let or_unknown = |name: &Name| col(name.name).fill_null(lit(INCONNU));
    let others = [columns::DEPARTEMENT_EMPLOYEUR, columns::FRANCE_SERVICES];
    vec![
        Step::Join(Join {
            directory: known.employers,
            key: columns::STRUCTURE_ID,
            columns: taken.into(),
        }),
        Step::Dated(date_types(known)),
        Step::With(then.chain(others.iter().map(or_unknown)).collect()),
    ]
}
