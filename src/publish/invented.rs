//! A small release that is invented, for tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::date;

use crate::definition::{Definitions, Files};
use crate::publish::catalogue::{Catalogue, File};
use crate::publish::describe::{self, Circumstances};
use crate::publish::grid::{Cell, Grid, Grids};

macro_rules! declarations {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_bytes!(concat!("../../pipelines/", $path)).as_slice())),*]
    };
}

/// The declarations of the repository, as far as the tests need them.
pub(super) static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let files = declarations![
        "national.toml",
        "secrecy.toml",
        "indicateurs.toml",
        "carte/cadres.csv",
        "carte/carte.toml",
        "carte/contours.csv",
        "codelists/categories_juridiques.csv",
        "codelists/categories_juridiques_libelles.csv",
        "codelists/durees.csv",
        "codelists/exceptions_siren.csv",
        "codelists/france_services.csv",
        "codelists/lieux.csv",
        "codelists/regles_employeur.csv",
        "codelists/ruptures.csv",
        "codelists/themes.csv",
        "codelists/types_activite.csv",
        "codelists/types_employeur.csv",
        "reference/communes.csv",
        "reference/communes_divisees.csv",
        "reference/departements.csv",
        "reference/epci.csv",
        "reference/epci_anciens.csv",
        "reference/regions.csv",
        "rules/activites.toml",
        "sources/activites_plates.toml",
        "tables/activites_par_departement_periode.toml",
        "tables/activites_par_employeur_periode.toml",
        "tables/activites_par_employeur_theme.toml",
        "tables/activites_par_region_periode.toml",
        "tables/employeurs_par_type.toml",
    ];
    let files: Files =
        files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    Definitions::load("national.toml", &files).unwrap()
});

fn grid(text: &str, texts: usize) -> Grid {
    let mut lines = text.lines();
    let columns = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let cell = |(place, text): (usize, &str)| match text {
        "" => Cell::Empty,
        text if place < texts || text == "s" => Cell::Text(text.to_owned()),
        figure => Cell::Number(figure.parse().unwrap()),
    };
    let rows = lines.map(|line| line.split(',').enumerate().map(cell).collect()).collect();
    Grid { columns, rows }
}

/// Three tables, one of them with hidden rows, one open.
pub(super) fn grids() -> Grids {
    let by_period = "type_employeur,periode,nb_activites,nb_participations,nb_minutes,secret\n\
        association,2024,21,38,1320,\n\
        association,2024-01,,,,s\n\
        ccas,2024,4,9,200,\n\
        ensemble,2024,25,47,1520,\n\
        ensemble,2024-01,11,12,630,\n";
    let by_theme = "type_employeur,theme,periode,nb_activites,secret\n\
        ensemble,bureautique,2024,12,\n\
        ensemble,ensemble,2024,25,\n";
    let open = "type_employeur,departement,nb_postes,investissement_etat_centimes\n\
        association,01,2,7485800\n\
        ensemble,2A,3,11228700\n";
    let tables = [
        ("activites_par_employeur_periode", grid(by_period, 2)),
        ("activites_par_employeur_theme", grid(by_theme, 3)),
        ("employeurs_par_type", grid(open, 2)),
    ];
    tables.map(|(name, grid)| (name.to_owned(), grid)).into()
}

/// What is said of some tables.
pub(super) fn catalogue_of(grids: &Grids) -> Catalogue {
    let circumstances = Circumstances {
        as_of: date(2025, 7, 1),
        sources: ["activites_plates"].into(),
        earlier: BTreeMap::new(),
        closed_after_days: 120,
    };
    let policy = DEFINITIONS.secrecy.as_ref().unwrap();
    describe::catalogue(&DEFINITIONS, policy, &circumstances, grids)
}

/// What is said of the release, its tables written.
pub(super) fn catalogue() -> Catalogue {
    let grids = grids();
    let mut catalogue = catalogue_of(&grids);
    for name in grids.keys() {
        for kind in ["csv", "parquet"] {
            let path = format!("{name}.{kind}");
            catalogue.files.push(File { path, bytes: 7, sha256: "ab".repeat(32) });
        }
    }
    catalogue
}
