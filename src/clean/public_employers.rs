//! The public list of employers becomes coded decisions.

use jiff::civil::Date;
use polars::prelude::*;

use crate::clean::employers::{Declared, Register, resolve};
use crate::definition::Definitions;
use crate::definition::territory::Territory;
use crate::error::Result;
use crate::vocabulary::codes::{INCONNU, SEPARATOR};
use crate::vocabulary::{columns, flags};

/// One line of the list, as read.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// The employer.
    pub employer: Declared,
    /// Fingerprint of the line.
    pub fingerprint: i64,
    /// Days since 1970.
    pub day: Option<i32>,
    /// Posts.
    pub posts: i32,
    /// Cents.
    pub investment: Option<i64>,
    /// Département code written in the list.
    pub departement: String,
    /// As published.
    pub zrr: String,
    /// As published.
    pub qpv: String,
}

/// The clean table, sorted by its key. The département written in the list decides only where the
/// commune and the postal code do not, and is flagged when it disagrees.
///
/// # Errors
/// When the frame cannot be built.
pub fn resolve_all(
    mut decisions: Vec<Decision>,
    register: &Register,
    definitions: &Definitions,
) -> Result<DataFrame> {
    decisions.sort_by(|a, b| {
        let key = |d: &Decision| (d.employer.siret.clone(), d.day, d.fingerprint);
        key(a).cmp(&key(b))
    });
    for decision in &mut decisions {
        date_commune(decision, &definitions.territory);
    }
    let mut text: [Vec<Option<String>>; 15] = Default::default();
    for decision in &decisions {
        for (column, value) in text.iter_mut().zip(row(decision, register, definitions)) {
            column.push(value);
        }
    }
    let names = [
        columns::SIRET,
        columns::SIREN,
        columns::TYPE_DECLARE,
        columns::TYPE_EMPLOYEUR,
        columns::GROUPE_EMPLOYEUR,
        columns::TYPE_EMPLOYEUR_SOURCE,
        columns::FRANCE_SERVICES,
        columns::COMMUNE,
        columns::EPCI,
        columns::DEPARTEMENT,
        columns::REGION,
        columns::DEPARTEMENT_SOURCE,
        columns::ZRR,
        columns::QPV,
        columns::DRAPEAUX,
    ];
    let mut all: Vec<Column> = names
        .iter()
        .zip(text)
        .map(|(name, values)| Series::new(name.name.into(), values).into())
        .collect();
    let days: Vec<Option<i32>> = decisions.iter().map(|decision| decision.day).collect();
    let days = Series::new(columns::DATE_VALIDATION.name.into(), days).cast(&DataType::Date)?;
    let numbers = |name: &columns::Column, values: Vec<Option<i64>>| {
        Column::from(Series::new(name.name.into(), values))
    };
    let fingerprints = decisions.iter().map(|decision| Some(decision.fingerprint)).collect();
    let investments = decisions.iter().map(|decision| decision.investment).collect();
    let posts: Vec<i32> = decisions.iter().map(|decision| decision.posts).collect();
    all.extend([
        days.into(),
        numbers(&columns::EMPREINTE, fingerprints),
        Series::new(columns::NB_POSTES.name.into(), posts).into(),
        numbers(&columns::INVESTISSEMENT_CENTIMES, investments),
    ]);
    Ok(DataFrame::new_infer_height(all)?)
}

/// The commune of an employer is the one it had on the day of the decision.
fn date_commune(decision: &mut Decision, territory: &Territory) {
    let day = decision.day.and_then(|days| {
        let epoch = Date::constant(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().days(days)).ok()
    });
    if let Some(day) = day {
        let commune = territory.code_on(&decision.employer.commune, day).to_owned();
        decision.employer.commune = commune;
    }
}

fn row(
    decision: &Decision,
    register: &Register,
    definitions: &Definitions,
) -> [Option<String>; 15] {
    let mut employer = resolve(&decision.employer, register, definitions);
    let mut departement = employer.located.departement.clone();
    let mut source = employer.located.source;
    if let Some(region) = definitions.territory.region(&decision.departement) {
        match &departement {
            None => {
                departement = Some(decision.departement.clone());
                employer.located.region = Some(region.to_owned()).filter(|code| !code.is_empty());
                source = "declare";
            }
            Some(found) if *found != decision.departement => {
                employer.flags.push(flags::DEPARTEMENT_DIVERGENT.to_owned());
            }
            Some(_) => {}
        }
    }
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    [
        decision.employer.siret.clone(),
        employer.siren,
        text(&decision.employer.kind),
        Some(employer.kind),
        Some(employer.group),
        Some(employer.kind_source),
        Some(employer.france_services),
        employer.located.commune,
        employer.located.epci,
        Some(departement.unwrap_or_else(|| INCONNU.to_owned())),
        employer.located.region,
        Some(source.to_owned()),
        text(&decision.zrr),
        text(&decision.qpv),
        text(&employer.flags.join(SEPARATOR)),
    ]
}
