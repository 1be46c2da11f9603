//! Refused records become those of each employer, and a page for each in plain French.

mod page;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::Path;

use arrow::array::RecordBatch;

use crate::error::{Error, Result};
use crate::ingest::pseudonym::datalake_hash;
use crate::run::folders::{entries, leads_into, resolved};
use crate::run::parquet;
use crate::run::rejects::Located;
use crate::run::staged::{lacking, sum, text};
use crate::run::store::Store;
pub use crate::run::suppliers::page::Told;
use crate::run::suppliers::page::page;
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::tables::{CLEAN_EMPLOYEURS, COUVERTURE};

/// What records without a known employer are told in.
const NOBODY: &str = "sans-employeur.txt";
/// Characters of an identifier in a file name, at most.
const NAME_MAX: usize = 64;

/// What the clean files say of an employer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Employer {
    /// Its identifier.
    pub id: String,
    /// Code of its type.
    pub kind: String,
    /// Its SIRET, where it is known.
    pub siret: Option<String>,
    /// Its activities that count.
    pub activities: i64,
}

/// The employers of a run.
#[derive(Debug, Default)]
pub struct Employers {
    by_id: BTreeMap<String, Employer>,
    /// Identifier as the datalake of the Espace Coop writes it → identifier.
    hashed: HashMap<String, String>,
}

/// An employer, or all that names none that is known, and what was refused of it.
#[derive(Debug)]
pub struct Supplier<'a> {
    /// The employer.
    pub employer: Option<&'a Employer>,
    /// Refused records, never none.
    pub rejects: Vec<&'a Located>,
}

impl Employers {
    /// Reads the employers of the run in a folder of the warehouse, and how many of their
    /// activities count.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn read(store: &Store, folder: &str) -> Result<Self> {
        let mut found = Self::default();
        let names = [&columns::STRUCTURE_ID, &columns::SIRET, &columns::TYPE_EMPLOYEUR];
        let path = format!("{folder}/clean/{}.parquet", CLEAN_EMPLOYEURS.name);
        each_row(store, &path, &names, |batch, row| {
            let of = |column| text(batch, column, row).map(str::to_owned);
            let id = of(&columns::STRUCTURE_ID).ok_or_else(lacking)?;
            let kind = of(&columns::TYPE_EMPLOYEUR).unwrap_or_default();
            found.hashed.insert(datalake_hash(&id), id.clone());
            let employer = Employer { id, kind, siret: of(&columns::SIRET), activities: 0 };
            found.by_id.insert(employer.id.clone(), employer);
            Ok(())
        })?;
        let names = [&columns::STRUCTURE_ID, &columns::NB_ACTIVITES];
        let path = format!("{folder}/tables/{}.parquet", COUVERTURE.name);
        each_row(store, &path, &names, |batch, row| {
            let id = text(batch, &columns::STRUCTURE_ID, row);
            if let Some(employer) = id.and_then(|id| found.by_id.get_mut(id)) {
                employer.activities += sum(batch, &columns::NB_ACTIVITES, row).unwrap_or_default();
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The employer that a reject names, if it is known.
    #[must_use]
    pub fn of(&self, located: &Located) -> Option<&Employer> {
        let named = located.reject.structure.as_deref()?;
        self.by_id.get(named).or_else(|| self.by_id.get(self.hashed.get(named)?))
    }
}

fn each_row(
    store: &Store,
    path: &str,
    columns: &[&Column],
    mut visit: impl FnMut(&RecordBatch, usize) -> Result<()>,
) -> Result<()> {
    if !store.has(path) {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    for batch in parquet::read(store.file(path)?, Some(&names), None)? {
        let batch = batch?;
        (0..batch.num_rows()).try_for_each(|row| visit(&batch, row))?;
    }
    Ok(())
}

/// The rejects of each employer, by identifier; those without a known one come last.
#[must_use]
pub fn by_employer<'a>(employers: &'a Employers, rejects: &'a [Located]) -> Vec<Supplier<'a>> {
    let mut known: BTreeMap<&str, Supplier<'a>> = BTreeMap::new();
    let mut nobody = Supplier { employer: None, rejects: Vec::new() };
    for located in rejects {
        let supplier = match employers.of(located) {
            None => &mut nobody,
            employer @ Some(Employer { id, .. }) => {
                known.entry(id).or_insert(Supplier { employer, rejects: Vec::new() })
            }
        };
        supplier.rejects.push(located);
    }
    let nobody = Some(nobody).filter(|nobody| !nobody.rejects.is_empty());
    known.into_values().chain(nobody).collect()
}

impl Supplier<'_> {
    /// The name of its page. Identifiers are foreign text: other characters than those of a plain
    /// name are left out, and a hash behind a point, which no plain name holds, tells it apart.
    #[must_use]
    pub fn file_name(&self) -> String {
        let Some(Employer { id, .. }) = self.employer else { return NOBODY.to_owned() };
        let is_plain =
            |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['-', '_'].contains(c);
        let letters = id.chars().map(|c| c.to_ascii_lowercase());
        let plain: String = letters.filter(is_plain).take(NAME_MAX).collect();
        if plain == *id {
            return format!("employeur-{plain}.txt");
        }
        let hash = blake3::hash(id.as_bytes()).to_hex();
        format!("employeur-{plain}.{}.txt", hash.get(..16).unwrap_or_default())
    }
}

/// Writes a page for each supplier in a folder that is new or empty, and outside of the warehouse.
///
/// # Errors
/// When it is another folder, or a page cannot be written.
pub fn write(
    folder: &Path,
    warehouse: &Store,
    (told, suppliers): (&Told<'_>, &[Supplier<'_>]),
) -> Result<()> {
    let refuse = |why: &str| {
        let cause = io::Error::new(io::ErrorKind::InvalidInput, why);
        let error = Error::io("create the pages in", folder, cause);
        Err(error.hint("give a new folder, outside of the warehouse"))
    };
    let Some(place) = resolved(folder)? else {
        return refuse("the path goes back through a folder that is not there");
    };
    if leads_into(&place, &warehouse.path("."))? {
        return refuse("it is inside the warehouse");
    }
    if place.exists() && (!place.is_dir() || !entries(&place)?.is_empty()) {
        return refuse("it is not an empty folder");
    }
    let pages = Store::at(&place);
    for supplier in suppliers {
        let name = supplier.file_name();
        let mut draft = pages.draft(&name)?;
        let written = draft.write_all(page(told, supplier).as_bytes());
        written.map_err(|error| Error::io("write", &pages.path(&name), error))?;
        draft.commit_unsynced()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::reject::Reject;

    fn name_of(id: &str) -> String {
        let employer = Employer { id: id.to_owned(), ..Employer::default() };
        Supplier { employer: Some(&employer), rejects: Vec::new() }.file_name()
    }

    #[test]
    fn a_plain_identifier_is_the_name_and_no_other_leads_out_of_the_folder() {
        assert_eq!(name_of("62318e9445c0d1f2a3b4c5d6"), "employeur-62318e9445c0d1f2a3b4c5d6.txt");
        let long = "x".repeat(500);
        let ids =
            ["../../x", "=cmd", "/etc/x", "a b", "é", "..", "", "S1", "x\n", &long, "a.b", "ab"];
        let names: Vec<String> = ids.iter().map(|id| name_of(id)).collect();
        for name in &names {
            let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            assert!(name.chars().all(is_safe) && name.len() < 128, "{name}");
            assert!(name.starts_with("employeur-") && !name.contains(".."), "{name}");
        }
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len(), "{names:?}");
    }

    #[test]
    fn a_hashed_identifier_is_that_of_its_employer_and_an_unknown_one_is_nobody() {
        let known = Employer { id: "62318e9445c0d1f2a3b4c5d6".to_owned(), ..Employer::default() };
        let employers = Employers {
            hashed: HashMap::from([(datalake_hash(&known.id), known.id.clone())]),
            by_id: BTreeMap::from([(known.id.clone(), known.clone())]),
        };
        let reject = |line, structure: Option<String>| Located {
            stage: "ingest".to_owned(),
            source: "s".to_owned(),
            segment: "0".to_owned(),
            reject: Reject { structure, ..Reject::of_shape(line, "json_invalide") },
        };
        let rejects = [
            reject(1, None),
            reject(2, Some(datalake_hash(&known.id))),
            reject(3, Some("other".to_owned())),
            reject(4, Some(known.id.clone())),
        ];
        let found = by_employer(&employers, &rejects);
        let lines = |supplier: &Supplier<'_>| -> Vec<i64> {
            supplier.rejects.iter().map(|located| located.reject.line).collect()
        };
        assert_eq!(found.iter().map(lines).collect::<Vec<_>>(), [vec![2, 4], vec![1, 3]]);
        assert_eq!(found[0].employer, Some(&known));
        assert_eq!(found[1].file_name(), "sans-employeur.txt");
    }
}
