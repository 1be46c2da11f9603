//! Posts of the run that readers see become the groups that a scenario counts.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::aggregate::scenario::{Group, Posts};
use crate::definition::scenario::Scenario;
use crate::error::{Error, Result};
use crate::run::execute::RUNS;
use crate::run::manifest::Manifest;
use crate::run::parquet;
use crate::run::staged::{day, text};
use crate::run::store::Store;
use crate::vocabulary::calendar;
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::tables::{CLEAN_POSTES, CLEAN_SUBVENTIONS, Table};

/// Posts occupied or vacant on the reference day of the run, by group.
///
/// # Errors
/// When the run has no posts, or a file cannot be read.
pub fn posts(store: &Store, manifest: &Manifest, scenario: &Scenario) -> Result<Posts> {
    let path = path(manifest, &CLEAN_POSTES);
    if !store.has(&path) {
        return Err(Error::no_input("the published run has no posts")
            .hint("give it exports of posts, `dataspace_poste*`, and run the pipeline again"));
    }
    let ends = agreement_ends(store, manifest)?;
    let mut posts = Posts::new();
    for batch in parquet::read(store.file(&path)?, None, None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let value = |name: &str| columns::find(name).and_then(|name| text(&batch, name, row));
            if text(&batch, &columns::EMPLOYEUR_ACTIF_ID, row).is_none() {
                continue;
            }
            let id = text(&batch, &columns::POSTE_ID, row).ok_or_else(lacking)?;
            let kind = text(&batch, &columns::TYPE_EMPLOYEUR, row).ok_or_else(lacking)?;
            let class = scenario.class_of(value);
            let class = class.ok_or_else(|| Error::internal("the last class takes all posts"))?;
            let group =
                Group { kind: kind.to_owned(), class, agreement_ends: ends.get(id).copied() };
            *posts.entry(group).or_default() += 1;
        }
    }
    Ok(posts)
}

/// The year in which the agreement of a post ends: of those begun by the reference day, the one
/// that ends last.
fn agreement_ends(store: &Store, manifest: &Manifest) -> Result<HashMap<String, i32>> {
    let mut ends: HashMap<String, i32> = HashMap::new();
    let path = path(manifest, &CLEAN_SUBVENTIONS);
    if !store.has(&path) {
        return Ok(ends);
    }
    let as_of: Date = manifest.as_of.parse().map_err(|_| Error::data("the manifest has no day"))?;
    let as_of = calendar::number_of(as_of);
    let needed = [&columns::POSTE_ID, &columns::DEBUT_CONVENTION, &columns::FIN_CONVENTION];
    let names = needed.map(|column: &Column| column.name);
    for batch in parquet::read(store.file(&path)?, Some(&names), None)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let has_begun = day(&batch, &columns::DEBUT_CONVENTION, row).is_none_or(|d| d <= as_of);
            let Some(end) = day(&batch, &columns::FIN_CONVENTION, row).filter(|_| has_begun) else {
                continue;
            };
            let id = text(&batch, &columns::POSTE_ID, row).ok_or_else(lacking)?;
            let outside = || Error::data("the end of an agreement is not in the calendar");
            let end = calendar::day_of(end).ok_or_else(outside)?;
            let year = i32::from(end.year());
            let known = ends.entry(id.to_owned()).or_insert(year);
            *known = year.max(*known);
        }
    }
    Ok(ends)
}

/// In the folder of the run itself: another run may be published meanwhile.
fn path(manifest: &Manifest, table: &Table) -> String {
    format!("{RUNS}/{}/clean/{}.parquet", manifest.run_id, table.name)
}

fn lacking() -> Error {
    Error::data("a clean post lacks its identifier or its employer type")
        .hint("`conum verify` names damaged files; `conum run --force` makes them again")
}
