//! The files of the published run and of the latest release become tables with names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::parquet;
use crate::run::query::relation::damaged;
use crate::run::store::{self, Store};

/// What the public reads; its tables bear the names of the exact ones, so it is always named.
const RELEASE: &str = "release";
/// Where it is.
const LATEST: &str = "releases/latest";
/// What protection keeps for itself: the exact figures behind those that are hidden.
const SECRECY: &str = "secrecy/";
/// How questions that are passed on write where the warehouse is, wherever it is.
const ANYWHERE: &str = "warehouse";

/// A file of a table, and the integer column that its path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Such as `annee`, 2024.
    pub(super) partition: Option<(String, i64)>,
}

/// Tables by their names, such as `clean.activites`: the path of their files.
#[derive(Debug)]
pub struct Catalogue {
    /// Where the warehouse is.
    root: PathBuf,
    tables: BTreeMap<String, Vec<Part>>,
}

/// A table as it is listed.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: i64,
    /// Its columns.
    pub columns: Vec<String>,
}

impl Catalogue {
    /// The tables of the published run and of its release. The pointers are followed once: a run
    /// that ends meanwhile mixes nothing.
    ///
    /// # Errors
    /// When nothing is published.
    pub fn of(store: &Store) -> Result<Self> {
        let target = store.target(CURRENT);
        let manifest = Manifest::published(store)?;
        let run = target.ok_or_else(|| Error::internal("a published run has its pointer"))?;
        let of_run = manifest.outputs.into_iter().map(|output| output.file.path);
        let of_run = of_run.filter(|path| !path.starts_with(SECRECY));
        let mut tables: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        let mut add = |path: &str, place: String| {
            if let Some((name, partition)) = named(path) {
                tables.entry(name).or_default().push(Part { path: store.path(&place), partition });
            }
        };
        for path in of_run {
            add(&path, format!("{run}/{path}"));
        }
        if let Some(release) = store.target(LATEST) {
            for file in store.names_in(&format!("releases/{release}"))? {
                add(&format!("{RELEASE}/{file}"), format!("releases/{release}/{file}"));
            }
        }
        tables.values_mut().for_each(|parts| parts.sort_by(|a, b| a.path.cmp(&b.path)));
        Ok(Self { root: store.path(""), tables })
    }

    /// The table that a question names: by its whole name, by the last part of it where only one of
    /// the run ends so, or by the path of its files in this warehouse.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) fn find(&self, wanted: &str) -> Result<String> {
        let path = wanted.strip_suffix(".parquet").map(|path| path.replace("/*", ""));
        let wanted = path.as_ref().map_or_else(|| wanted.to_owned(), |path| path.replace('/', "."));
        if self.tables.contains_key(&wanted) {
            return Ok(wanted);
        }
        // `warehouse/tables/x.parquet` says where the warehouse is as well; a name does not.
        let is_of = |name: &str| {
            let table = name.replace('.', "/");
            let place = path.as_ref().and_then(|path| path.strip_suffix(&table)?.strip_suffix('/'));
            place.is_some_and(|place| self.is_here(place))
        };
        let all = || self.tables.keys().filter(|name| !name.starts_with(RELEASE));
        let mut found = all().filter(|name| {
            let ends = |long: &str, short: &str| long.ends_with(&format!(".{short}"));
            ends(name, &wanted) || is_of(name)
        });
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(one), Some(other)) => {
                Err(Error::usage(format!("`{wanted}` is `{one}` or `{other}`: say which")))
            }
            (None, _) => {
                let error = Error::usage(format!("there is no table `{wanted}`"));
                Err(error.hint("`conum query` without a question lists all tables"))
            }
        }
    }

    /// Whether a path is that of the warehouse, or of its published run.
    fn is_here(&self, place: &str) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        let places = [real(&self.root), real(&self.root.join(CURRENT))];
        place == ANYWHERE || real(Path::new(place)).is_some_and(|it| places.contains(&Some(it)))
    }

    /// The files of a table, in the order of their paths.
    pub(super) fn files(&self, name: &str) -> &[Part] {
        self.tables.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All tables.
    ///
    /// # Errors
    /// When a footer cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let listed = self.tables.iter().map(|(name, parts)| {
            let mut listed = Listed { name: name.clone(), rows: 0, columns: Vec::new() };
            for (place, part) in parts.iter().enumerate() {
                let footer = parquet::metadata(store::open(&part.path)?)
                    .map_err(|error| damaged(&part.path, error))?;
                let footer = footer.file_metadata();
                listed.rows += footer.num_rows();
                if place == 0 {
                    let columns = footer.schema_descr().columns().iter();
                    listed.columns = columns.map(|column| column.name().to_owned()).collect();
                    listed.columns.extend(part.partition.iter().map(|(name, _)| name.clone()));
                }
            }
            Ok(listed)
        });
        listed.collect()
    }
}

/// The table and partition of a path below a run: `clean/activites/annee=2024/2024-05.parquet` is
/// of `clean.activites`.
fn named(path: &str) -> Option<(String, Option<(String, i64)>)> {
    let table = path.strip_suffix(".parquet")?;
    let parts: Vec<&str> = table.split('/').collect();
    let partitioned = parts.iter().position(|part| part.contains('='));
    let Some(place) = partitioned else { return Some((parts.join("."), None)) };
    let (column, value) = parts.get(place)?.split_once('=')?;
    let partition = (column.to_owned(), value.parse().ok()?);
    Some((parts.get(..place)?.join("."), Some(partition)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let paths = [
            "clean/activites/annee=2023/2023-12.parquet",
            "clean/activites/annee=2024/2024-01.parquet",
            "clean/postes.parquet",
            "rejects/clean.parquet",
            "release/postes_par_etat.parquet",
            "tables/postes_par_etat.parquet",
            "tables/double.parquet",
            "autres/double.parquet",
        ];
        let mut tables: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        for path in paths {
            let (name, partition) = named(path).unwrap();
            tables.entry(name).or_default().push(Part { path: path.into(), partition });
        }
        Catalogue { root: PathBuf::from("/nowhere"), tables }
    }

    #[test]
    fn a_table_is_found_by_its_names() {
        let catalogue = catalogue();
        for (wanted, found) in [
            ("clean.activites", "clean.activites"),
            ("activites", "clean.activites"),
            ("warehouse/clean/activites/*/*.parquet", "clean.activites"),
            ("warehouse/tables/postes_par_etat.parquet", "tables.postes_par_etat"),
            ("tables/postes_par_etat.parquet", "tables.postes_par_etat"),
            ("postes_par_etat", "tables.postes_par_etat"),
            ("release.postes_par_etat", "release.postes_par_etat"),
            ("postes", "clean.postes"),
        ] {
            assert_eq!(catalogue.find(wanted).unwrap(), found, "{wanted}");
        }
        for wanted in [
            "double",
            "etat",
            "",
            ".",
            "../postes",
            "nope",
            "stes",
            "other.clean.postes",
            "/data/other/tables/postes_par_etat.parquet",
            "warehouse/runs/1/tables/postes_par_etat.parquet",
            "warehouse/secrecy/tables/postes_par_etat.parquet",
        ] {
            let refused = catalogue.find(wanted).unwrap_err();
            assert_eq!(refused.kind.exit_code(), 2, "{wanted}: {refused}");
        }
        assert_eq!(catalogue.files("clean.activites").len(), 2);
        let partition = catalogue.files("clean.activites")[1].partition.clone();
        assert_eq!(partition, Some(("annee".to_owned(), 2024)));
    }
}
