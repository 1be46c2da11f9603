//! Periods of employment become the employer of an adviser on a day.

use std::collections::{BTreeMap, HashMap};

/// Days since 1970.
type Day = i32;

/// A period of employment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contract {
    /// First day; `None` when it is not known.
    pub start: Option<Day>,
    /// Last day; `None` while it runs.
    pub end: Option<Day>,
    /// The employer.
    pub structure: String,
}

impl Contract {
    /// Its first day, and the day after its last.
    pub(super) fn bounds(&self) -> impl Iterator<Item = Day> + use<> {
        let after = self.end.and_then(|end| end.checked_add(1));
        [self.start, after].into_iter().flatten()
    }

    fn covers(&self, day: Day) -> bool {
        self.start.is_none_or(|start| start <= day) && self.end.is_none_or(|end| day <= end)
    }
}

/// What is known of accounts: their employment, and whether they are advisers of the programme.
#[derive(Debug, Default)]
pub struct Contracts {
    /// Account → its periods.
    by_account: BTreeMap<String, Vec<Contract>>,
    /// Mediator → account.
    accounts: HashMap<String, String>,
    /// Account → whether it is that of an adviser of the programme.
    advisers: HashMap<String, bool>,
    /// Mediator → the only employer that records name.
    supposed: HashMap<String, String>,
}

/// The employer of an adviser on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The employer.
    pub structure: &'a str,
    /// Whether a period covers the day; otherwise the nearest one is extended.
    pub is_covered: bool,
    /// Several employers cover the day.
    pub is_ambiguous: bool,
}

impl Contracts {
    /// Adds a period of employment. Of two that begin on one day at one employer, the one that has
    /// an end is the later version, then the one that ends later.
    pub fn add(&mut self, account: &str, contract: Contract) {
        let periods = self.by_account.entry(account.to_owned()).or_default();
        let is_same = |other: &&mut Contract| {
            (other.start, &other.structure) == (contract.start, &contract.structure)
        };
        match periods.iter_mut().find(is_same) {
            Some(other) => other.end = other.end.max(contract.end),
            None => periods.push(contract),
        }
        periods.sort_unstable();
    }

    /// The employers that periods of employment name.
    pub fn structures(&self) -> impl Iterator<Item = &str> {
        self.by_account.values().flatten().map(|contract| contract.structure.as_str())
    }

    /// Says which account a mediator has.
    pub fn link(&mut self, mediator: &str, account: &str) {
        self.accounts.entry(mediator.to_owned()).or_insert_with(|| account.to_owned());
    }

    /// Says whether an account is that of an adviser of the programme.
    pub fn tell(&mut self, account: &str, is_adviser: bool) {
        *self.advisers.entry(account.to_owned()).or_default() |= is_adviser;
    }

    /// Supposes that a mediator, of whom no period is known, always had one employer.
    pub fn suppose(&mut self, mediator: &str, structure: &str) {
        self.supposed.insert(mediator.to_owned(), structure.to_owned());
    }

    /// The only employer that the records of an adviser name.
    #[must_use]
    pub fn supposed(&self, mediator: &str) -> Option<Found<'_>> {
        let structure = self.supposed.get(mediator)?;
        Some(Found { structure, is_covered: false, is_ambiguous: false })
    }

    /// Whether no period is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    fn account<'a>(&'a self, mediator: &str, account: &'a str) -> Option<&'a str> {
        let linked = || self.accounts.get(mediator).map(String::as_str);
        Some(account).filter(|account| !account.is_empty()).or_else(linked)
    }

    /// The periods of employment of a mediator, or account.
    #[must_use]
    pub fn periods(&self, mediator: &str, account: &str) -> &[Contract] {
        let account = self.account(mediator, account);
        account.and_then(|account| self.by_account.get(account)).map_or(&[], Vec::as_slice)
    }

    /// Whether someone is an adviser of the programme; `None` when no account says.
    #[must_use]
    pub fn is_adviser(&self, mediator: &str, account: &str) -> Option<bool> {
        self.advisers.get(self.account(mediator, account)?).copied()
    }

    /// The employer of a mediator, or account, on a day. Of several, the period that began last;
    /// where none covers the day, the one before it, else the first one, as the Coop does.
    #[must_use]
    pub fn employer<'a>(&'a self, mediator: &str, account: &str, day: Day) -> Option<Found<'a>> {
        let periods = self.by_account.get(self.account(mediator, account)?)?;
        let covering: Vec<&Contract> = periods.iter().filter(|period| period.covers(day)).collect();
        let nearest = || {
            let before = periods.iter().filter(|period| period.end.is_some_and(|end| end < day));
            before.max_by_key(|period| (period.end, &period.structure)).or(periods.first())
        };
        let found = covering.iter().max().copied().or_else(nearest)?;
        Some(Found {
            structure: &found.structure,
            is_covered: !covering.is_empty(),
            is_ambiguous: covering.iter().any(|other| other.structure != found.structure),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contracts(periods: &[(Option<Day>, Option<Day>, &str)]) -> Contracts {
        let mut contracts = Contracts::default();
        for (start, end, structure) in periods {
            let contract =
                Contract { start: *start, end: *end, structure: (*structure).to_owned() };
            contracts.add("u", contract);
        }
        contracts.link("m", "u");
        contracts
    }

    fn on(contracts: &Contracts, day: Day) -> (String, bool, bool) {
        let found = contracts.employer("m", "", day).unwrap();
        (found.structure.to_owned(), found.is_covered, found.is_ambiguous)
    }

    #[test]
    fn the_period_of_the_day_tells_the_employer() {
        let known = contracts(&[(Some(10), Some(20), "a"), (Some(30), None, "b")]);
        assert_eq!(on(&known, 10), ("a".to_owned(), true, false));
        assert_eq!(on(&known, 99), ("b".to_owned(), true, false));
        assert_eq!(on(&known, 25), ("a".to_owned(), false, false));
        assert_eq!(on(&known, 1), ("a".to_owned(), false, false));
        assert!(known.employer("x", "", 10).is_none());
    }

    #[test]
    fn a_period_that_was_closed_since_takes_the_place_of_the_open_one() {
        let known =
            contracts(&[(Some(10), None, "a"), (Some(10), Some(20), "a"), (Some(21), None, "b")]);
        assert_eq!(on(&known, 30), ("b".to_owned(), true, false));
    }

    #[test]
    fn of_two_periods_the_one_that_began_last() {
        let known = contracts(&[(Some(10), None, "a"), (Some(15), None, "b")]);
        assert_eq!(on(&known, 20), ("b".to_owned(), true, true));
        assert_eq!(on(&known, 12), ("a".to_owned(), true, false));
    }

    #[test]
    fn the_only_employer_of_the_records_is_supposed() {
        let mut known = contracts(&[]);
        known.suppose("n", "c");
        assert_eq!(known.supposed("n").unwrap().structure, "c");
        assert!(known.supposed("m").is_none());
    }

    #[test]
    fn an_account_says_whether_it_is_an_adviser() {
        let mut known = contracts(&[]);
        known.tell("u", true);
        assert_eq!(known.is_adviser("m", ""), Some(true));
        assert_eq!(known.is_adviser("", "u"), Some(true));
        assert_eq!(known.is_adviser("n", ""), None);
    }
}
