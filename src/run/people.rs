//! Attendances, people, accounts and periods of employment are read from their segments.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::clean::attendances::{Attendance, Attendances, Person};
use crate::clean::contracts::{Contract, Contracts};
use crate::error::{Error, Result};
use crate::run::job::Job;
use crate::run::ledger::{Amount, Ledger};
use crate::run::manifest::Segment;
use crate::run::mentions::Mentions;
use crate::run::staged::{
    account, batches, count, day, instant, lacking, number, of_subject, sum, text,
};
use crate::vocabulary::calendar::paris_day;
use crate::vocabulary::codes::{Fate, NON, OUI, Subject};
use crate::vocabulary::{columns, tables};

/// Rows of each segment by what became of them.
#[derive(Default)]
struct Fates(HashMap<(usize, Fate), i64>);

impl Fates {
    fn count(&mut self, segment: usize, fate: Fate) {
        *self.0.entry((segment, fate)).or_default() += 1;
    }

    fn enter(self, segments: &[&Segment], ledger: &mut Ledger) {
        for ((index, fate), rows) in self.0 {
            let Some(segment) = segments.get(index) else { continue };
            let account = account(segment, String::new());
            ledger.enter(&account, Amount::of_rows(rows));
            ledger.leave(&account, fate, "", Amount::of_rows(rows));
        }
    }
}

/// Who attended what, with one account for each row.
pub(super) fn attendances(
    job: &Job<'_>,
    segments: &[Segment],
    ledger: &mut Ledger,
) -> Result<Attendances> {
    let attended = of_subject(job, segments, Subject::Accompagnements);
    let (ids, people) = people(job, segments, ledger)?;
    let mut numbers = Numbers { ids, others: HashMap::new() };
    let names = [&columns::ACTIVITE_ID, &columns::BENEFICIAIRE_ID, &columns::PREMIER];
    let mut rows: Vec<Attendance> = Vec::new();
    for (index, segment) in (0_u16..).zip(&attended) {
        for batch in batches(job, segment, &names)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let id = |column| text(&batch, column, row).ok_or_else(lacking).and_then(number);
                let is_recurrent = text(&batch, &columns::PREMIER, row) == Some(NON);
                let person = numbers.of(id(&columns::BENEFICIAIRE_ID)?)?;
                let activity = id(&columns::ACTIVITE_ID)?;
                rows.push(Attendance::new(activity, person, is_recurrent, index));
            }
        }
    }
    drop(numbers);
    let mut fates = Fates::default();
    let known = Attendances::new(rows, people, &mut |segment, fate| {
        fates.count(usize::from(segment), fate);
    });
    fates.enter(&attended, ledger);
    Ok(known)
}

/// Numbers of persons: their place among those that are told, then the others as they come.
struct Numbers {
    /// In order.
    ids: Vec<u128>,
    others: HashMap<u128, u32>,
}

impl Numbers {
    fn of(&mut self, id: u128) -> Result<u32> {
        let many = || Error::data("more than four billion people");
        if let Ok(place) = self.ids.binary_search(&id) {
            return u32::try_from(place).map_err(|_| many());
        }
        let next = u32::try_from(self.ids.len() + self.others.len()).map_err(|_| many())?;
        Ok(*self.others.entry(id).or_insert(next))
    }
}

/// One person an identifier, in order: of several that differ, that of the greatest fingerprint.
fn people(
    job: &Job<'_>,
    segments: &[Segment],
    ledger: &mut Ledger,
) -> Result<(Vec<u128>, Vec<Person>)> {
    let told = of_subject(job, segments, Subject::Beneficiaires);
    let names: Vec<_> = tables::STAGED_BENEFICIAIRES.columns.iter().collect();
    let mut rows: Vec<(u128, Reverse<i64>, u16, Person)> = Vec::new();
    for (index, segment) in (0_u16..).zip(&told) {
        for batch in batches(job, segment, &names)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let of = |column| text(&batch, column, row).unwrap_or_default();
                let person = Person::new(
                    of(&columns::TRANCHE_AGE),
                    of(&columns::STATUT_SOCIAL),
                    of(&columns::GENRE),
                    count(&batch, &columns::ANNEE_NAISSANCE, row),
                );
                let print = sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?;
                rows.push((number(of(&columns::BENEFICIAIRE_ID))?, Reverse(print), index, person));
            }
        }
    }
    rows.par_sort_unstable_by_key(|(id, print, segment, _)| (*id, *print, *segment));
    let mut fates = Fates::default();
    let (mut ids, mut people) = (Vec::new(), Vec::new());
    let mut before = None;
    for (id, print, segment, person) in rows {
        let fate = match before {
            Some((same, best)) if same == id && best == print => Fate::Duplicate,
            Some((same, _)) if same == id => Fate::Superseded,
            _ => {
                ids.push(id);
                people.push(person);
                Fate::Kept
            }
        };
        fates.count(usize::from(segment), fate);
        before = Some((id, print));
    }
    fates.enter(&told, ledger);
    Ok((ids, people))
}

/// Who worked for whom, and when.
pub(super) fn contracts(
    job: &Job<'_>,
    segments: &[Segment],
    ledger: &mut Ledger,
) -> Result<Contracts> {
    let paris = TimeZone::get("Europe/Paris")
        .map_err(|error| Error::internal("the time zone Europe/Paris is known").because(error))?;
    let mut contracts = Contracts::default();
    let names: Vec<_> = tables::STAGED_EMPLOIS.columns.iter().collect();
    each(job, segments, (Subject::Emplois, &names), ledger, &mut |batch, row| {
        let account = text(batch, &columns::UTILISATEUR_ID, row).ok_or_else(lacking)?;
        let structure = text(batch, &columns::STRUCTURE_ID, row).ok_or_else(lacking)?;
        // A period taken away in the Coop ended that day at the latest.
        let removed = instant(batch, &columns::SUPPRIME_LE, row);
        let removed = removed.and_then(|at| paris_day(at, &paris));
        let end = day(batch, &columns::FIN, row);
        let start = day(batch, &columns::DEBUT, row);
        let end = end.into_iter().chain(removed).min();
        // A period that ends before it begins covers no day, and is near none.
        if start.is_none_or(|start| end.is_none_or(|end| start <= end)) {
            contracts.add(account, Contract { start, end, structure: structure.to_owned() });
        }
        tell(&mut contracts, account, (batch, row));
        Ok(())
    })?;
    let names: Vec<_> = tables::STAGED_UTILISATEURS.columns.iter().collect();
    each(job, segments, (Subject::Utilisateurs, &names), ledger, &mut |batch, row| {
        let account = text(batch, &columns::UTILISATEUR_ID, row).ok_or_else(lacking)?;
        tell(&mut contracts, account, (batch, row));
        Ok(())
    })?;
    Ok(contracts)
}

/// Notes the mediator of an account, and whether it is that of an adviser of the programme.
fn tell(contracts: &mut Contracts, account: &str, (batch, row): (&RecordBatch, usize)) {
    if let Some(mediator) = text(batch, &columns::CONSEILLER_ID, row) {
        contracts.link(mediator, account);
    }
    if let Some(told) = text(batch, &columns::CONSEILLER_NUMERIQUE, row) {
        contracts.tell(account, told == OUI);
    }
}

/// Visits each distinct row of a subject.
fn each(
    job: &Job<'_>,
    segments: &[Segment],
    (subject, names): (Subject, &[&columns::Column]),
    ledger: &mut Ledger,
    see: &mut dyn FnMut(&RecordBatch, usize) -> Result<()>,
) -> Result<()> {
    let told = of_subject(job, segments, subject);
    let mut fates = Fates::default();
    let mut seen = HashSet::new();
    for (index, segment) in told.iter().enumerate() {
        for batch in batches(job, segment, names)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let print = sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?;
                if !seen.insert(print) {
                    fates.count(index, Fate::Duplicate);
                    continue;
                }
                fates.count(index, Fate::Kept);
                see(&batch, row)?;
            }
        }
    }
    fates.enter(&told, ledger);
    Ok(())
}

/// The mediators that activities name together with their account.
pub(super) fn link_accounts(mentions: &Mentions, contracts: &mut Contracts) {
    if contracts.is_empty() {
        return;
    }
    let mut named: Vec<(&str, &str)> =
        mentions.advisers().filter_map(|adviser| adviser.mediator.zip(adviser.account)).collect();
    named.sort_unstable();
    for (mediator, account) in named {
        contracts.link(mediator, account);
    }
}

/// Advisers some of whose records name no employer, while all others name the same one: documents
/// of the Espace Coop before November 2022 may lack it.
pub(super) fn suppose_employers(
    mentions: &Mentions,
    (aliases, contracts): (&HashMap<String, String>, &mut Contracts),
) {
    let mut named: HashMap<&str, Option<&str>> = HashMap::new();
    let mut lacking: HashSet<&str> = HashSet::new();
    for adviser in mentions.advisers().filter(|adviser| adviser.is_legacy) {
        let Some(mediator) = adviser.mediator else { continue };
        let Some(id) = adviser.structure else {
            lacking.insert(mediator);
            continue;
        };
        let id = aliases.get(id).map_or(id, String::as_str);
        let known = named.entry(mediator).or_insert(Some(id));
        if *known != Some(id) {
            *known = None;
        }
    }
    for adviser in lacking {
        if let Some(Some(structure)) = named.get(adviser) {
            contracts.suppose(adviser, structure);
        }
    }
}
