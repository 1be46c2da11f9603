//! Communes, EPCI, départements and régions at the reference vintage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use crate::definition::codelist::read;
use crate::definition::{Files, Problem};

/// Where a commune code leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Commune at the reference vintage; empty for a former commune that was split.
    pub commune: String,
    /// SIREN of its EPCI, or empty.
    pub epci: String,
    /// Code of the département or overseas collectivity.
    pub departement: String,
    /// Code of the région, or empty.
    pub region: String,
    /// What the code is the code of.
    pub kind: PlaceKind,
}

/// What a commune code is the code of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// A commune of the reference vintage.
    #[default]
    Commune,
    /// An arrondissement, or a delegated or associated commune.
    PartOfCommune,
    /// A commune that is no more.
    Former,
}

/// What a postal code says of the département.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostalCode {
    /// All its communes lie in one.
    One(String),
    /// Its communes lie in several.
    Several,
}

/// The reference territory.
#[derive(Debug, Default)]
pub struct Territory {
    places: HashMap<String, Place>,
    postal_codes: BTreeMap<String, PostalCode>,
    departements: BTreeMap<String, String>,
    communes_by_siren: BTreeSet<String>,
    epci_by_siren: BTreeSet<String>,
    samples: Vec<CommuneRow>,
}

/// A row of `reference/communes.csv`.
#[derive(Clone, Debug, Deserialize)]
pub struct CommuneRow {
    /// INSEE code.
    pub code: String,
    /// commune, arrondissement, deleguee, associee, ancienne, scindee.
    #[serde(rename = "type")]
    pub kind: String,
    /// Current commune it belongs to.
    pub commune: String,
    /// Département code.
    pub departement: String,
    /// Région code.
    pub region: String,
    /// SIREN of the EPCI.
    pub epci: String,
    /// SIREN of the commune.
    pub siren: String,
    /// Inhabitants.
    pub population: Option<u64>,
    /// Postal codes, space-separated.
    pub codes_postaux: String,
}

fn place_kind(kind: &str) -> PlaceKind {
    match kind {
        "commune" => PlaceKind::Commune,
        "arrondissement" | "deleguee" | "associee" => PlaceKind::PartOfCommune,
        _ => PlaceKind::Former,
    }
}

#[derive(Deserialize)]
struct DepartementRow {
    code: String,
    region: String,
}

#[derive(Deserialize)]
struct EpciRow {
    siren: String,
}

impl Territory {
    pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Self {
        let mut rows: Vec<CommuneRow> = read(files, "reference/communes.csv", problems);
        let departements: Vec<DepartementRow> = read(files, "reference/departements.csv", problems);
        let epci: Vec<EpciRow> = read(files, "reference/epci.csv", problems);
        // A code may be that of a commune, of its delegated namesake and of a former one: the first
        // decides.
        rows.sort_by_key(|row| place_kind(&row.kind));
        let mut territory = Self {
            departements: departements.into_iter().map(|row| (row.code, row.region)).collect(),
            epci_by_siren: epci.into_iter().map(|row| row.siren).collect(),
            ..Self::default()
        };
        for row in rows {
            territory.add(row);
        }
        territory
    }

    fn add(&mut self, row: CommuneRow) {
        for code in row.codes_postaux.split_ascii_whitespace() {
            self.postal_codes
                .entry(code.to_owned())
                .and_modify(|known| {
                    if *known != PostalCode::One(row.departement.clone()) {
                        *known = PostalCode::Several;
                    }
                })
                .or_insert_with(|| PostalCode::One(row.departement.clone()));
        }
        if !row.siren.is_empty() {
            self.communes_by_siren.insert(row.siren.clone());
        }
        self.places.entry(row.code.clone()).or_insert_with(|| Place {
            commune: row.commune.clone(),
            epci: row.epci.clone(),
            departement: row.departement.clone(),
            region: row.region.clone(),
            kind: place_kind(&row.kind),
        });
        if matches!(row.kind.as_str(), "commune" | "arrondissement") {
            self.samples.push(row);
        }
    }

    /// Where a commune code leads: current, former, delegated or arrondissement.
    #[must_use]
    pub fn place(&self, code: &str) -> Option<&Place> {
        self.places.get(code)
    }

    /// What a postal code says of the département.
    #[must_use]
    pub fn postal_code(&self, code: &str) -> Option<&PostalCode> {
        self.postal_codes.get(code)
    }

    /// The région of a département; `None` when the département does not exist.
    #[must_use]
    pub fn region(&self, departement: &str) -> Option<&str> {
        self.departements.get(departement).map(String::as_str)
    }

    /// The type of a SIREN that belongs to a commune or to an EPCI.
    #[must_use]
    pub fn employer_type(&self, siren: &str) -> Option<&'static str> {
        if self.communes_by_siren.contains(siren) {
            Some("commune")
        } else if self.epci_by_siren.contains(siren) {
            Some("epci")
        } else {
            None
        }
    }

    /// Communes and arrondissements, by code: where invented activities may take place.
    #[must_use]
    pub fn communes(&self) -> &[CommuneRow] {
        &self.samples
    }
}
