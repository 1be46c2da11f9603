//! Communes, EPCI, départements and régions at the reference vintage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::codelist::read;
use crate::definition::{Files, Problem};

/// Where a commune code leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Commune at the reference vintage; empty for one that was divided.
    pub commune: String,
    /// SIREN of its EPCI, or empty.
    pub epci: String,
    /// Code of the département or overseas collectivity.
    pub departement: String,
    /// Code of the région, or empty.
    pub region: String,
    /// What the code is the code of.
    pub kind: PlaceKind,
    /// The communes of the reference vintage among which a divided one was shared.
    pub heirs: Vec<String>,
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
    /// A commune as it was before it was shared out between several.
    Divided,
}

/// What a postal code says of the département.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostalCode<'a> {
    /// All its communes lie in one.
    One(&'a str),
    /// Its communes lie in several.
    Several,
}

/// The reference territory.
#[derive(Debug, Default)]
pub struct Territory {
    places: HashMap<String, Place>,
    /// Postal code → its communes.
    postal_codes: BTreeMap<String, BTreeSet<String>>,
    divisions: Vec<Division>,
    departements: BTreeMap<String, DepartementRow>,
    regions: BTreeMap<String, String>,
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

#[derive(Debug, Deserialize)]
struct DepartementRow {
    code: String,
    region: String,
    nom: String,
}

#[derive(Deserialize)]
struct RegionRow {
    code: String,
    nom: String,
}

#[derive(Deserialize)]
struct EpciRow {
    siren: String,
}

/// A row of `reference/communes_divisees.csv`.
#[derive(Deserialize)]
struct DivisionRow {
    code: String,
    /// Last day on which the code was that of the undivided commune; empty when it is no longer in
    /// use.
    fin: Option<Date>,
    heritiers: String,
}

/// A code that names a smaller commune than it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// The code.
    pub code: String,
    /// Last day on which it was that of the undivided commune.
    pub until: Date,
    /// What the undivided commune is found by.
    pub key: String,
}

impl Territory {
    pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Self {
        let mut rows: Vec<CommuneRow> = read(files, "reference/communes.csv", problems);
        let departements: Vec<DepartementRow> = read(files, "reference/departements.csv", problems);
        let regions: Vec<RegionRow> = read(files, "reference/regions.csv", problems);
        let epci: Vec<EpciRow> = read(files, "reference/epci.csv", problems);
        let former: Vec<EpciRow> = read(files, "reference/epci_anciens.csv", problems);
        let divisions: Vec<DivisionRow> = read(files, "reference/communes_divisees.csv", problems);
        // A code may be that of a commune, of its delegated namesake and of a former one: the first
        // decides.
        rows.sort_by_key(|row| place_kind(&row.kind));
        let mut territory = Self {
            departements: departements.into_iter().map(|row| (row.code.clone(), row)).collect(),
            regions: regions.into_iter().map(|row| (row.code, row.nom)).collect(),
            epci_by_siren: epci.into_iter().chain(former).map(|row| row.siren).collect(),
            ..Self::default()
        };
        for row in rows {
            territory.add(row);
        }
        for row in divisions {
            territory.divide(row, problems);
        }
        territory.divisions.sort_by(|a, b| (&a.code, a.until).cmp(&(&b.code, b.until)));
        territory
    }

    fn add(&mut self, row: CommuneRow) {
        for code in row.codes_postaux.split_ascii_whitespace() {
            self.postal_codes.entry(code.to_owned()).or_default().insert(row.commune.clone());
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
            heirs: Vec::new(),
        });
        if matches!(row.kind.as_str(), "commune" | "arrondissement") {
            self.samples.push(row);
        }
    }

    /// The undivided commune has the territory that its heirs have in common.
    fn divide(&mut self, row: DivisionRow, problems: &mut Vec<Problem>) {
        let heirs: Vec<String> =
            row.heritiers.split_ascii_whitespace().map(str::to_owned).collect();
        let found: Vec<&Place> = heirs.iter().filter_map(|heir| self.places.get(heir)).collect();
        if found.len() < heirs.len() || heirs.len() < 2 {
            let message = format!("{}: `heritiers` must name two communes or more", row.code);
            problems.push(Problem::new("reference/communes_divisees.csv", message));
        }
        let place = Place {
            commune: String::new(),
            epci: common(&found, |place| &place.epci),
            departement: common(&found, |place| &place.departement),
            region: common(&found, |place| &place.region),
            kind: PlaceKind::Divided,
            heirs,
        };
        let key = match row.fin {
            None => row.code,
            Some(until) => {
                let key = format!("{} jusqu'au {until}", row.code);
                self.divisions.push(Division { code: row.code, until, key: key.clone() });
                key
            }
        };
        self.places.insert(key, place);
    }

    /// Where a commune code leads: current, former, delegated, arrondissement; or the key of a
    /// division.
    #[must_use]
    pub fn place(&self, code: &str) -> Option<&Place> {
        self.places.get(code)
    }

    /// Codes that name a smaller commune than they did, by code, then by day.
    #[must_use]
    pub fn divisions(&self) -> &[Division] {
        &self.divisions
    }

    /// What to look up for a code written on a day: itself, or the key of a later division.
    #[must_use]
    pub fn code_on<'a>(&'a self, code: &'a str, day: Date) -> &'a str {
        let later = |division: &&Division| division.code == code && day <= division.until;
        self.divisions.iter().find(later).map_or(code, |division| &division.key)
    }

    /// The heir of a divided commune that has this postal code, if one alone has it.
    #[must_use]
    pub fn heir(&self, divided: &Place, postal_code: &str) -> Option<&Place> {
        let communes = self.postal_codes.get(postal_code)?;
        let mut heirs = divided.heirs.iter().filter(|heir| communes.contains(*heir));
        match (heirs.next(), heirs.next()) {
            (Some(heir), None) => self.place(heir),
            _ => None,
        }
    }

    /// What a postal code says of the département.
    #[must_use]
    pub fn postal_code(&self, code: &str) -> Option<PostalCode<'_>> {
        let communes = self.postal_codes.get(code)?;
        let places = communes.iter().filter_map(|commune| self.places.get(commune));
        let departements: BTreeSet<&str> = places.map(|place| place.departement.as_str()).collect();
        match departements.first() {
            Some(departement) if departements.len() == 1 => Some(PostalCode::One(departement)),
            _ => Some(PostalCode::Several),
        }
    }

    /// The région of a département; `None` when the département does not exist.
    #[must_use]
    pub fn region(&self, departement: &str) -> Option<&str> {
        self.departements.get(departement).map(|row| row.region.as_str())
    }

    /// Départements and overseas collectivities, by code, with their names.
    pub fn departements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.departements.values().map(|row| (row.code.as_str(), row.nom.as_str()))
    }

    /// Régions, by code, with their names.
    pub fn regions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.regions.iter().map(|(code, name)| (code.as_str(), name.as_str()))
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

/// What all places have, else nothing.
fn common(places: &[&Place], of: impl Fn(&Place) -> &String) -> String {
    let values: BTreeSet<&String> = places.iter().map(|place| of(place)).collect();
    match values.first() {
        Some(value) if values.len() == 1 => (*value).clone(),
        _ => String::new(),
    }
}
