//! Contracts of employment become one record each, as it is on the reference day.

use std::collections::{HashMap, HashSet};

use crate::clean::employers::Tell;
use crate::clean::rows::{Row, best};
use crate::vocabulary::calendar::month_of;
use crate::vocabulary::codes::INCONNU;
use crate::vocabulary::{columns, flags};

const DAY_MICROS: i64 = 86_400_000_000;
const A_VENIR: &str = "a_venir";
const EN_COURS: &str = "en_cours";
const ECHU: &str = "echu";
const ROMPU: &str = "rompu";

/// A contract, in one of its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkContract {
    /// The contract.
    pub id: String,
    /// Who is employed.
    pub person: String,
    /// By whom.
    pub structure: String,
    /// CDD, CDI, CDP or PEC.
    pub kind: Option<String>,
    /// First day, since 1970.
    pub start: Option<i32>,
    /// Last day that was agreed.
    pub end: Option<i32>,
    /// Day it was broken off.
    pub broken: Option<i32>,
    /// Instant it was entered.
    pub created: Option<i64>,
    /// Instant of the version.
    pub modified: Option<i64>,
    /// Fingerprint of the line.
    pub print: i64,
    /// Flags of the reading.
    pub flags: String,
}

impl WorkContract {
    fn has_begun(&self, as_of: i32) -> bool {
        self.start.is_none_or(|start| start <= as_of)
    }

    /// Whether it was entered by the end of the reference day, in UTC.
    fn is_known(&self, as_of: i32) -> bool {
        self.created.is_none_or(|at| at < (i64::from(as_of) + 1) * DAY_MICROS)
    }

    fn is_broken(&self, as_of: i32) -> bool {
        self.broken.is_some_and(|day| day <= as_of)
    }

    /// The last day of work under it: its end, the day before it is broken off, or the day before
    /// the next one begins.
    fn last_day(&self, next: Option<i32>) -> Option<i32> {
        let before = |day: i32| day.saturating_sub(1);
        [self.end, self.broken.map(before), next.map(before)].into_iter().flatten().min()
    }

    fn state(&self, as_of: i32) -> &'static str {
        if !self.has_begun(as_of) {
            A_VENIR
        } else if self.is_broken(as_of) {
            ROMPU
        } else if self.end.is_some_and(|end| end < as_of) {
            ECHU
        } else {
            EN_COURS
        }
    }
}

/// Who is employed by whom on the reference day.
#[derive(Debug, Default)]
pub struct Running(HashSet<(String, String)>);

impl Running {
    /// Whether a person is employed by a structure.
    #[must_use]
    pub fn has(&self, person: &str, structure: &str) -> bool {
        self.0.contains(&(person.to_owned(), structure.to_owned()))
    }
}

/// The contracts in their last version, and whether each that was read is one of them.
#[must_use]
pub fn latest(all: Vec<WorkContract>) -> (Vec<WorkContract>, Vec<bool>) {
    let standings = all.iter().map(|one| (one.id.as_str(), (one.modified, one.print)));
    let places: HashSet<usize> = best(standings).into_values().collect();
    let is_used: Vec<bool> = (0..all.len()).map(|place| places.contains(&place)).collect();
    let kept = all.into_iter().zip(&is_used).filter(|(_, is_used)| **is_used);
    (kept.map(|(contract, _)| contract).collect(), is_used)
}

/// Who is employed by whom on a day.
#[must_use]
pub fn running(contracts: &[WorkContract], as_of: i32) -> Running {
    let of_day = contracts.iter().filter(|contract| contract.state(as_of) == EN_COURS);
    Running(of_day.map(|one| (one.person.clone(), one.structure.clone())).collect())
}

/// The records of contracts.
#[must_use]
pub fn clean(contracts: &[WorkContract], tell: &Tell<'_>, as_of: i32) -> Vec<Row> {
    let mut successions: HashMap<(&str, &str), Vec<&WorkContract>> = HashMap::new();
    for contract in contracts {
        let key = (contract.person.as_str(), contract.structure.as_str());
        successions.entry(key).or_default().push(contract);
    }
    let mut rows = Vec::with_capacity(contracts.len());
    for succession in successions.values_mut() {
        succession.sort_by_key(|contract| (contract.start, contract.end, &contract.id));
        // What follows counts from the day it is entered, even before it begins.
        let last = succession.iter().rposition(|contract| contract.is_known(as_of));
        for (place, contract) in succession.iter().enumerate() {
            let mut row = record(contract, tell, as_of);
            let is_due = contract.state(as_of) == EN_COURS && contract.end.is_some();
            let next = succession.get(place + 1).and_then(|next| next.start);
            row.number(&columns::DERNIER_JOUR, contract.last_day(next));
            row.text(&columns::RANG_CONTRAT, Some(&(place + 1).to_string()));
            row.number(&columns::NB_ECHEANCES, Some(is_due));
            row.number(&columns::NB_RENOUVELLEMENTS_DUS, Some(is_due && Some(place) >= last));
            rows.push(row);
        }
    }
    rows
}

fn record(contract: &WorkContract, tell: &Tell<'_>, as_of: i32) -> Row {
    let mut row = Row::default();
    tell(&contract.structure, &mut row);
    let state = contract.state(as_of);
    let is_running = state == EN_COURS;
    row.text(&columns::CONTRAT_ID, Some(&contract.id));
    row.text(&columns::STRUCTURE_ID, Some(&contract.structure));
    row.text(&columns::TYPE_CONTRAT, Some(contract.kind.as_deref().unwrap_or(INCONNU)));
    row.number(&columns::DEBUT, contract.start);
    row.number(&columns::FIN, contract.end);
    row.number(&columns::DATE_RUPTURE, contract.broken);
    row.text(&columns::ETAT_CONTRAT, Some(state));
    let month = contract.end.and_then(month_of);
    row.text(&columns::ECHEANCE, month.as_deref());
    row.text(&columns::ANNEE_ECHEANCE, month.as_deref().and_then(|month| month.get(..4)));
    row.text(&columns::SALARIE_ID, Some(contract.person.as_str()).filter(|_| is_running));
    row.number(&columns::NB_CONTRATS_EN_COURS, Some(is_running));
    let is_unbroken = contract.has_begun(as_of) && !contract.is_broken(as_of);
    row.number(&columns::NB_CONTRATS_NON_ROMPUS, Some(is_unbroken));
    let is_reversed = contract.start.zip(contract.end).is_some_and(|(start, end)| end < start);
    row.flags([contract.flags.as_str(), if is_reversed { flags::FIN_AVANT_DEBUT } else { "" }]);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(start: i32, end: Option<i32>, broken: Option<i32>) -> WorkContract {
        WorkContract { start: Some(start), end, broken, ..WorkContract::default() }
    }

    #[test]
    fn a_contract_runs_from_its_first_to_its_last_day() {
        let one = contract(10, Some(20), None);
        let states = [9, 10, 20, 21].map(|day| one.state(day));
        assert_eq!(states, [A_VENIR, EN_COURS, EN_COURS, ECHU]);
        let broken = contract(10, Some(20), Some(15));
        assert_eq!([14, 15, 30].map(|day| broken.state(day)), [EN_COURS, ROMPU, ROMPU]);
        assert_eq!(contract(10, None, None).state(30), EN_COURS);
    }

    #[test]
    fn the_last_day_is_the_first_that_something_ends() {
        let last = |end, broken, next| contract(10, end, broken).last_day(next);
        assert_eq!(last(None, None, None), None);
        assert_eq!(last(Some(20), None, None), Some(20));
        assert_eq!(last(Some(20), Some(15), Some(18)), Some(14));
        assert_eq!(last(Some(20), Some(25), Some(18)), Some(17));
        assert_eq!(last(Some(20), None, Some(21)), Some(20));
    }

    #[test]
    fn the_version_modified_last_counts_whatever_the_order() {
        let version = |modified, print| WorkContract {
            id: "c".to_owned(),
            modified: Some(modified),
            print,
            ..WorkContract::default()
        };
        let versions = vec![version(2, 1), version(1, 9), version(2, 3)];
        let (kept, used) = latest(versions.clone());
        assert_eq!((kept[0].print, used), (3, vec![false, false, true]));
        let (kept, _) = latest(versions.into_iter().rev().collect());
        assert_eq!(kept[0].print, 3);
    }
}
