//! Numbers become the posts of a full programme, with who holds them and what the State gives.
//!
//! Whatever the rows of activities, there are as many posts as the public account of February 2023
//! has, so that its figures come out on that day: 4,000 people under contract, a tenth of them
//! without term, 2,600 contracts that end in 2023, and the sums of each envelope.

use crate::sample::Place;
use crate::sample::classes::FULL_ROWS;
use crate::sample::days::from_civil;
use crate::sample::dice::mix;
use crate::sample::employers::{Employer, invent};

/// Turns the seed into that of another world, whose employers are not those of activities.
const SALT: u64 = 0x0d5e_0a2e;
/// The day of the account.
const ACCOUNT: i64 = from_civil(2023, 2, 23);
/// The day of the extract.
pub(crate) const EXTRACTED: i64 = from_civil(2025, 6, 30);

/// Posts held on the day of the account, and what becomes of the others.
const HELD: u64 = 4_000;
const VACANT: u64 = 150;
const RETURNED: u64 = 180;
const POSTS: u64 = HELD + VACANT + RETURNED;
/// Employers labelled France Services.
const LABELLED: usize = 800;
/// Contracts without term, and those that end in the year of the account.
const PERMANENT: u64 = 400;
const ENDING: u64 = 2_600;
/// Posts with an agreement of the recovery plan before 2023, and in 2023.
const FIRST_AGREEMENTS: u64 = 3_700;
const LATE_AGREEMENTS: u64 = 400;
/// Posts with an agreement of renewal in 2023.
const RENEWALS: u64 = 1_100;
/// Euros of an agreement; the first 2,500 of the recovery plan have 100 more.
const FIRST_EUROS: u64 = 67_500;
const LATE_EUROS: u64 = 70_000;
const RENEWAL_EUROS: u64 = 40_000;
/// One post in as many was given to another structure before.
const TRANSFERRED: u64 = 97;
/// One post in as many is that of a coordinator.
const COORDINATED: u64 = 45;

/// A post.
pub(crate) struct Post {
    pub(crate) number: u64,
    /// Position of the employer, and of the one that had the post before.
    pub(crate) employer: usize,
    pub(crate) former: Option<usize>,
    pub(crate) is_coordinator: bool,
    pub(crate) awarded: i64,
    /// Day it was given back.
    pub(crate) returned: Option<i64>,
    /// Number of the person, where somebody holds or held it.
    pub(crate) person: Option<u64>,
    pub(crate) is_held: bool,
    pub(crate) contracts: Vec<Contract>,
    pub(crate) agreements: Vec<Agreement>,
}

/// A contract of employment.
pub(crate) struct Contract {
    pub(crate) kind: &'static str,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
    pub(crate) broken: Option<i64>,
}

/// An agreement on a subsidy.
pub(crate) struct Agreement {
    pub(crate) source: &'static str,
    pub(crate) start: i64,
    pub(crate) months: i64,
    pub(crate) euros: u64,
    /// Of which a bonus.
    pub(crate) bonus: u64,
    pub(crate) paid: Vec<(u64, i64)>,
}

impl Agreement {
    pub(crate) fn end(&self) -> i64 {
        self.start + self.months * 365 / 12 - 1
    }
}

/// Employers and posts.
pub(crate) struct Dataspace {
    pub(crate) employers: Vec<Employer>,
    pub(crate) posts: Vec<Post>,
    labelled: Vec<bool>,
    seed: u64,
}

impl Dataspace {
    /// Invents the posts of a seed.
    pub(crate) fn new(seed: u64, places: &[Place]) -> Self {
        let seed = seed ^ SALT;
        let employers = invent(seed, FULL_ROWS, places);
        let mut ranks: Vec<usize> = (0..employers.len()).collect();
        ranks.sort_by_key(|rank| mix(&[seed, 1, number(*rank)]));
        let mut labelled = vec![false; employers.len()];
        for rank in ranks.into_iter().take(LABELLED) {
            if let Some(label) = labelled.get_mut(rank) {
                *label = true;
            }
        }
        let posts = (0..POSTS).map(|number| post(seed, number, employers.len())).collect();
        Self { employers, posts, labelled, seed }
    }

    /// Gives the label of an employer as the source writes it; a third of the others have none.
    pub(crate) fn label(&self, employer: usize) -> &'static str {
        match self.labelled.get(employer) {
            Some(true) => "oui",
            _ if mix(&[self.seed, 2, number(employer)]).is_multiple_of(3) => "",
            _ => "non",
        }
    }
}

fn number(position: usize) -> u64 {
    u64::try_from(position).unwrap_or(u64::MAX)
}

/// Draws from `0..bound` for a thing and a purpose.
fn below(seed: u64, (purpose, number): (u64, u64), bound: i64) -> i64 {
    let bound = bound.max(1).unsigned_abs();
    i64::try_from(mix(&[seed, purpose, number]) % bound).unwrap_or_default()
}

/// Each employer has a first post; the other posts go to any of them.
fn employer_of(seed: u64, number: u64, employers: usize) -> usize {
    let position = usize::try_from(number).unwrap_or_default();
    let drawn = || below(seed, (3, number), i64::try_from(employers).unwrap_or(1));
    if position < employers { position } else { usize::try_from(drawn()).unwrap_or_default() }
}

fn post(seed: u64, number: u64, employers: usize) -> Post {
    let employer = employer_of(seed, number, employers);
    let draw = |purpose, bound| below(seed, (purpose, number), bound);
    let is_held = number < HELD;
    let is_returned = number >= HELD + VACANT;
    let start = from_civil(2021, 3, 24) + draw(4, 520);
    // Some held posts are given back after the account.
    let later = is_held && number % 31 == 7;
    let returned = match (is_returned, later) {
        (true, _) => Some(start + 90 + draw(5, ACCOUNT - start - 100)),
        (_, true) => Some(from_civil(2024, 3, 1) + draw(5, 400)),
        _ => None,
    };
    let has_person = is_held || is_returned;
    Post {
        number,
        employer,
        former: (number % TRANSFERRED == 41).then_some((employer + 1) % employers.max(1)),
        is_coordinator: is_held && number % COORDINATED == 3,
        awarded: start - 20 - draw(6, 60),
        returned,
        person: has_person.then_some(number),
        is_held,
        contracts: if is_held {
            contracts(seed, number, start)
        } else if is_returned {
            let end = start + 545;
            vec![Contract { kind: "CDD", start, end: Some(end), broken: returned }]
        } else {
            Vec::new()
        },
        agreements: agreements(seed, number, start),
    }
}

/// The contract that runs on the day of the account, and for most the one that follows.
fn contracts(seed: u64, number: u64, start: i64) -> Vec<Contract> {
    let draw = |purpose, bound| below(seed, (purpose, number), bound);
    // A permutation of the numbers, so that kinds fall on employers of all types.
    let rank = number * 1_237 % HELD;
    let kind = if rank < PERMANENT {
        "CDI"
    } else {
        match rank % 20 {
            0 => "CDP",
            1 if rank.is_multiple_of(3) => "PEC",
            _ => "CDD",
        }
    };
    let end = if rank < PERMANENT {
        None
    } else if rank < PERMANENT + ENDING {
        Some(ACCOUNT + 1 + draw(7, from_civil(2023, 12, 31) - ACCOUNT))
    } else {
        Some(from_civil(2024, 1, 1) + draw(7, 360))
    };
    let mut all = Vec::new();
    // One in seven had a first contract that ended before.
    let renewed = number % 7 == 2 && start < from_civil(2022, 3, 1);
    if renewed {
        all.push(Contract { kind: "CDD", start, end: Some(start + 299), broken: None });
    }
    let start = if renewed { start + 300 } else { start };
    all.push(Contract { kind, start, end, broken: None });
    if let Some(end) = end.filter(|_| number % 10 < 7) {
        let next = if number.is_multiple_of(4) { "CDI" } else { "CDD" };
        let last = (next == "CDD").then_some(end + 1_095);
        let broken = (number % 23 == 5).then_some(end + 200);
        all.push(Contract { kind: next, start: end + 1, end: last, broken });
    }
    all
}

fn agreements(seed: u64, number: u64, start: i64) -> Vec<Agreement> {
    let draw = |purpose, bound| below(seed, (purpose, number), bound);
    // Two neighbours differ by as much from the mean, so that the sum is that of the account.
    let shift = below(seed, (8, number / 2), 40).unsigned_abs() * 100;
    let shifted = |euros: u64| if number.is_multiple_of(2) { euros + shift } else { euros - shift };
    let half = |euros: u64, day: i64| vec![(euros / 2, day)];
    let mut all = Vec::new();
    if number < FIRST_AGREEMENTS {
        let euros = shifted(FIRST_EUROS) + if number < 2_500 { 100 } else { 0 };
        let start = start.min(from_civil(2022, 12, 1));
        all.push(Agreement {
            source: "dgcl",
            start,
            months: 24,
            euros,
            bonus: 0,
            paid: half(euros, start + 60),
        });
    } else if number < FIRST_AGREEMENTS + LATE_AGREEMENTS {
        let start = from_civil(2023, 1, 2) + draw(9, 300);
        all.push(Agreement {
            source: "dgcl",
            start,
            months: 24,
            euros: LATE_EUROS,
            bonus: 0,
            paid: half(LATE_EUROS, start + 60),
        });
    }
    if number < RENEWALS {
        let start = from_civil(2023, 1, 1) + draw(10, 360);
        let euros = shifted(RENEWAL_EUROS);
        all.push(Agreement {
            source: if number.is_multiple_of(5) { "ditp" } else { "dge" },
            start,
            months: 36,
            euros,
            bonus: if number.is_multiple_of(3) { 5_000 } else { 0 },
            paid: vec![(euros / 2, start + 45), (euros / 4, start + 400)],
        });
    } else if number < HELD && number % 10 < 7 {
        let start = from_civil(2024, 1, 1) + draw(10, 500);
        all.push(Agreement {
            source: "dge",
            start,
            months: 36,
            euros: 30_000,
            bonus: 0,
            paid: half(30_000, start + 45),
        });
    }
    all
}
