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

/// The commune decides. The postal code tells which heir of a divided commune is meant, if one
/// alone has it; it decides where no commune does, if all its communes lie in one département.
pub(super) fn locate(territory: &Territory, commune: &str, postal_code: &str) -> Located {
    let mut located = Located { source: INCONNU, ..Located::default() };
    if let Some(place) = territory.place(commune) {
        let heir = territory.heir(place, postal_code);
        let found = heir.unwrap_or(place);
        located.commune = filled(&found.commune);
        located.epci = filled(&found.epci);
        located.region = filled(&found.region);
        located.departement = filled(&found.departement);
        located.flags.extend(match place.kind {
            PlaceKind::Commune => None,
            PlaceKind::PartOfCommune => Some(flags::COMMUNE_RATTACHEE),
            PlaceKind::Former => Some(flags::COMMUNE_ANCIENNE),
            PlaceKind::Divided if heir.is_some() => Some(flags::COMMUNE_PAR_CODE_POSTAL),
            PlaceKind::Divided => Some(flags::COMMUNE_DIVISEE),
        });
        if located.departement.is_some() {
            located.source = "commune";
            if is_elsewhere(territory, postal_code, &found.departement) {
                located.flags.push(flags::CODE_POSTAL_DIVERGENT);
            }
            return located;
        }
    } else if !commune.is_empty() {
        located.flags.push(flags::COMMUNE_INCONNUE);
    }
    match territory.postal_code(postal_code) {
        Some(PostalCode::One(departement)) => {
            located.region = territory.region(departement).and_then(filled);
            located.departement = Some(departement.to_owned());
            located.source = "code_postal";
            located.flags.push(flags::DEPARTEMENT_PAR_CODE_POSTAL);
        }
        Some(PostalCode::Several) => located.flags.push(flags::CODE_POSTAL_AMBIGU),
        None if postal_code.is_empty() => {}
        None => located.flags.push(flags::CODE_POSTAL_INCONNU),
    }
    located
}

/// Whether all communes of a postal code lie in another département.
fn is_elsewhere(territory: &Territory, postal_code: &str, departement: &str) -> bool {
    match territory.postal_code(postal_code) {
        Some(PostalCode::One(found)) => found != departement,
        Some(PostalCode::Several) | None => false,
    }
}

fn filled(code: impl AsRef<str>) -> Option<String> {
    let code = code.as_ref();
    (!code.is_empty()).then(|| code.to_owned())
}
