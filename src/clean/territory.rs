//! A commune code or a postal code becomes a territory, with a word on how sure it is.

use crate::definition::territory::{PlaceKind, PostalCode, Territory};
use crate::vocabulary::codes::INCONNU;
use crate::vocabulary::flags;

/// A territory of the reference vintage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) commune: Option<String>,
    pub(super) epci: Option<String>,
    pub(super) departement: Option<String>,
    pub(super) region: Option<String>,
    /// commune, code_postal or inconnu.
    pub(super) source: &'static str,
    pub(super) flags: Vec<&'static str>,
}

/// The commune decides; the postal code only where no commune does, and only if all its communes
/// lie in one département.
pub(super) fn locate(territory: &Territory, commune: &str, postal_code: &str) -> Located {
    let mut located = Located { source: INCONNU, ..Located::default() };
    if let Some(place) = territory.place(commune) {
        located.commune = filled(&place.commune);
        located.epci = filled(&place.epci);
        located.region = filled(&place.region);
        located.departement = filled(&place.departement);
        match place.kind {
            PlaceKind::Commune => {}
            PlaceKind::PartOfCommune => located.flags.push(flags::COMMUNE_RATTACHEE),
            PlaceKind::Former => located.flags.push(flags::COMMUNE_ANCIENNE),
        }
        if located.departement.is_some() {
            located.source = "commune";
            return located;
        }
    } else if !commune.is_empty() {
        located.flags.push(flags::COMMUNE_INCONNUE);
    }
    match territory.postal_code(postal_code) {
        Some(PostalCode::One(departement)) => {
            located.region = territory.region(departement).and_then(filled);
            located.departement = Some(departement.clone());
            located.source = "code_postal";
            located.flags.push(flags::DEPARTEMENT_PAR_CODE_POSTAL);
        }
        Some(PostalCode::Several) => located.flags.push(flags::CODE_POSTAL_AMBIGU),
        None if postal_code.is_empty() => {}
        None => located.flags.push(flags::CODE_POSTAL_INCONNU),
    }
    located
}

fn filled(code: impl AsRef<str>) -> Option<String> {
    let code = code.as_ref();
    (!code.is_empty()).then(|| code.to_owned())
}
