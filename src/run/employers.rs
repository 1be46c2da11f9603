//! Structures, legal units and the public list are read; activities name the employers they lack.

use std::cmp::{Ordering, Reverse};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::RecordBatch;

use crate::clean::employers::{Declared, Period, Register, Unit};
use crate::clean::public_employers::{self, Decision};
use crate::error::Result;
use crate::ingest::pseudonym::datalake_hash;
use crate::run::clean::Cleaned;
use crate::run::corrections::Matched;
use crate::run::frames;
use crate::run::job::Job;
use crate::run::ledger::{Account, Amount, Ledger};
use crate::run::manifest::Segment;
use crate::run::mentions::{Employer, Mentions};
use crate::run::outputs::write_table;
use crate::run::staged::{
    account, batches, count, day, declared_source, lacking, of_subject, sum, text,
};
use crate::vocabulary::codes::{Fate, Subject};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{self, CLEAN_EMPLOYEURS_PUBLICS};

/// Length of a hashed identifier of the datalake: base64 of 32 bytes.
const HASH_CHARS: usize = 44;
/// Length of an identifier of the Espace Coop.
const OBJECT_ID_CHARS: usize = 24;

/// Which of two structures of one identifier counts: the lower rank of the source, then the greater
/// fingerprint.
type Standing = (Reverse<u8>, i64);

/// One employer an identifier: of several that differ, the one of the best standing.
pub(super) fn read_structures(
    job: &Job<'_>,
    segments: &[Segment],
    (cleaned, register): (&mut Cleaned, &mut Matched),
) -> Result<Register> {
    let mut best: BTreeMap<String, (Standing, Declared, Account)> = BTreeMap::new();
    let staged: Vec<&Name> = tables::STAGED_STRUCTURES.columns.iter().collect();
    let one = Amount::of_rows(1);
    for segment in of_subject(job, segments, Subject::Structures) {
        let account = account(segment, String::new());
        let rank = declared_source(job, segment)?.rank;
        for batch in batches(job, segment, &staged)? {
            let batch = batch?;
            let read = i64::try_from(batch.num_rows()).unwrap_or_default();
            cleaned.ledger.enter(&account, Amount::of_rows(read));
            let batch = register.correct_structures(job, segment, batch, &mut cleaned.ledger)?;
            for row in 0..batch.num_rows() {
                let id = text(&batch, &columns::STRUCTURE_ID, row).ok_or_else(lacking)?.to_owned();
                let print = sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?;
                let standing = (Reverse(rank), print);
                let new = (standing, declared(&batch, row), account.clone());
                let (lost, fate) = match best.entry(id) {
                    Entry::Vacant(slot) => {
                        slot.insert(new);
                        continue;
                    }
                    Entry::Occupied(slot) if slot.get().0.1 == print => (new, Fate::Duplicate),
                    Entry::Occupied(mut slot) => match slot.get().0.cmp(&standing) {
                        Ordering::Less => (slot.insert(new), Fate::Superseded),
                        Ordering::Equal | Ordering::Greater => (new, Fate::Superseded),
                    },
                };
                cleaned.ledger.leave(&lost.2, fate, "", one);
            }
        }
    }
    for (_, _, account) in best.values() {
        cleaned.ledger.leave(account, Fate::Kept, "", one);
    }
    let structures = best.into_iter().map(|(id, (_, declared, _))| (id, declared)).collect();
    Ok(Register::new(structures, read_units(job, segments, &mut cleaned.ledger)?))
}

/// Legal units: the period that covers the reference day, else the latest, and the others where
/// the category is another.
fn read_units(
    job: &Job<'_>,
    segments: &[Segment],
    ledger: &mut Ledger,
) -> Result<BTreeMap<String, Unit>> {
    let as_of = job.as_of_days()?;
    let staged: Vec<&Name> = tables::STAGED_UNITES_LEGALES.columns.iter().collect();
    let mut periods: BTreeMap<String, Vec<(Period, Account)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    let one = Amount::of_rows(1);
    for segment in of_subject(job, segments, Subject::UnitesLegales) {
        let account = account(segment, String::new());
        for batch in batches(job, segment, &staged)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                ledger.enter(&account, one);
                if !seen.insert(sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?) {
                    ledger.leave(&account, Fate::Duplicate, "", one);
                    continue;
                }
                let siren = text(&batch, &columns::SIREN, row).ok_or_else(lacking)?;
                let category = text(&batch, &columns::CATEGORIE_JURIDIQUE, row);
                let period = Period {
                    start: day(&batch, &columns::DEBUT, row),
                    end: day(&batch, &columns::FIN, row),
                    category: category.unwrap_or_default().to_owned(),
                };
                periods.entry(siren.to_owned()).or_default().push((period, account.clone()));
            }
        }
    }
    let mut units = BTreeMap::new();
    for (siren, mut of_unit) in periods {
        of_unit.sort_by_key(|(period, _)| {
            (!period.covers(as_of), Reverse(period.start), period.category.clone())
        });
        for (place, (_, account)) in of_unit.iter().enumerate() {
            let fate = if place == 0 { Fate::Kept } else { Fate::Superseded };
            ledger.leave(account, fate, "", one);
        }
        let periods: Vec<Period> = of_unit.into_iter().map(|(period, _)| period).collect();
        let Some(best) = periods.first().filter(|period| !period.category.is_empty()) else {
            continue;
        };
        let category = best.category.clone();
        let has_changed = periods.iter().any(|other| other.category != category);
        let changes = if has_changed { periods } else { Vec::new() };
        units.insert(siren, Unit { category, changes });
    }
    Ok(units)
}

/// What activities say of employers that the structures do not know; and which identifier a hashed
/// one stands for.
pub(super) fn complete(mentions: &Mentions, register: &mut Register) -> HashMap<String, String> {
    let seen: Vec<Employer<'_>> = mentions.employers().collect();
    let aliases = aliases(register, &seen);
    for Employer { id, siret, kind } in seen {
        let Some(id) = id else { continue };
        let id = aliases.get(id).map_or(id, String::as_str);
        register.complete(id, siret, kind.unwrap_or_default());
    }
    aliases
}

/// Hashed identifier → identifier, where a file of hashed identifiers is read.
fn aliases(register: &Register, seen: &[Employer<'_>]) -> HashMap<String, String> {
    let ids: HashSet<&str> = seen.iter().filter_map(|employer| employer.id).collect();
    if !ids.iter().any(|id| id.len() == HASH_CHARS) {
        return HashMap::new();
    }
    let plain = register.ids().chain(ids.iter().copied()).filter(|id| id.len() == OBJECT_ID_CHARS);
    let hashed = plain.map(|id| (datalake_hash(id), id.to_owned()));
    hashed.filter(|(hash, _)| ids.contains(hash.as_str())).collect()
}

/// Identical lines of the public list are one decision.
pub(super) fn read_public(
    job: &Job<'_>,
    segments: &[Segment],
    cleaned: &mut Cleaned,
) -> Result<Vec<Decision>> {
    let staged: Vec<&Name> = tables::STAGED_EMPLOYEURS_PUBLICS.columns.iter().collect();
    let mut decisions: BTreeMap<i64, Decision> = BTreeMap::new();
    let one = Amount::of_rows(1);
    for segment in of_subject(job, segments, Subject::EmployeursPublics) {
        let account = account(segment, String::new());
        for batch in batches(job, segment, &staged)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let decision = decision(&batch, row)?;
                cleaned.ledger.enter(&account, one);
                let before = decisions.insert(decision.fingerprint, decision);
                let fate = if before.is_some() { Fate::Duplicate } else { Fate::Kept };
                cleaned.ledger.leave(&account, fate, "", one);
            }
        }
    }
    Ok(decisions.into_values().collect())
}

/// Writes the clean public list.
pub(super) fn clean_public(
    job: &Job<'_>,
    decisions: Vec<Decision>,
    register: &Register,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let frame = public_employers::resolve_all(decisions, register, job.definitions)?;
    let batch = frames::to_batch(&schema(&CLEAN_EMPLOYEURS_PUBLICS), &frame)?;
    let path = "clean/employeurs_publics.parquet";
    cleaned.count_flags(&CLEAN_EMPLOYEURS_PUBLICS, &batch);
    cleaned.outputs.push(write_table(job, path, &CLEAN_EMPLOYEURS_PUBLICS, &[batch])?);
    Ok(())
}

fn decision(batch: &RecordBatch, row: usize) -> Result<Decision> {
    let of = |column: &Name| text(batch, column, row).unwrap_or_default().to_owned();
    Ok(Decision {
        employer: declared(batch, row),
        fingerprint: sum(batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
        day: day(batch, &columns::DATE_VALIDATION, row),
        posts: count(batch, &columns::NB_POSTES, row).ok_or_else(lacking)?,
        investment: sum(batch, &columns::INVESTISSEMENT_CENTIMES, row),
        departement: of(&columns::DEPARTEMENT_DECLARE),
        zrr: of(&columns::ZRR),
        qpv: of(&columns::QPV),
    })
}

fn declared(batch: &RecordBatch, row: usize) -> Declared {
    let of = |column: &Name| text(batch, column, row).unwrap_or_default().to_owned();
    Declared {
        siret: text(batch, &columns::SIRET, row).map(str::to_owned),
        name_rules: of(&columns::REGLES_NOM),
        kind: of(&columns::TYPE_DECLARE),
        category: of(&columns::CATEGORIE_JURIDIQUE),
        commune: of(&columns::CODE_COMMUNE),
        postal_code: of(&columns::CODE_POSTAL),
        france_services: of(&columns::FRANCE_SERVICES),
        flags: of(&columns::DRAPEAUX),
    }
}
