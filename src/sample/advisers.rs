//! Numbers become advisers: when they start, how much they do, for which employer on which day.

use crate::sample::days::{COOP_START, LEGACY_END, PROGRAMME_START, from_civil};
use crate::sample::dice::{Dice, Stream, object_id, uuid};
use crate::sample::employers::Employer;
use crate::sample::quirks::Quirk;

/// Kind numbers of identifiers made for advisers, as adviser, mediator and user.
const ADVISER_IDS: u64 = 2;
const MEDIATOR_IDS: u64 = 3;
const USER_IDS: u64 = 4;

const ADVISERS_MIN: u64 = 12;
const ADVISERS_MAX: u64 = 6000;

/// Activities of an adviser at each rank in per mille (domain note, section 4).
const VOLUMES: &[(u64, u64)] = &[
    (0, 1),
    (36, 10),
    (250, 150),
    (500, 355),
    (750, 700),
    (900, 1278),
    (950, 1750),
    (990, 2911),
    (999, 5500),
    (1000, 10_449),
];

/// One adviser.
pub(crate) struct Adviser {
    /// Identifier in the legacy system.
    pub(crate) legacy_id: String,
    /// Identifier as a mediator of the Coop.
    pub(crate) mediator_id: String,
    /// Identifier as a user of the Coop.
    pub(crate) user_id: String,
    start: i64,
    volume: u64,
    first_employer: usize,
    next_employer: Option<(i64, usize)>,
}

/// A stretch of days with one employer.
pub(crate) struct Employment {
    pub(crate) first_day: i64,
    /// Last day; none while it lasts.
    pub(crate) last_day: Option<i64>,
    /// Position of the employer.
    pub(crate) employer: usize,
}

impl Adviser {
    /// Tells whether the adviser ever had another employer.
    pub(crate) fn changes_employer(&self) -> bool {
        self.next_employer.is_some()
    }

    /// Lists the employments, the first first.
    pub(crate) fn employments(&self) -> impl Iterator<Item = Employment> + use<> {
        let first = Employment {
            first_day: self.start,
            last_day: self.next_employer.map(|(since, _)| since - 1),
            employer: self.first_employer,
        };
        let next = self.next_employer.map(|(since, employer)| Employment {
            first_day: since.max(self.start),
            last_day: None,
            employer,
        });
        let lasts_a_day =
            |first: &Employment| first.last_day.is_none_or(|day| day >= first.first_day);
        Some(first).filter(lasts_a_day).into_iter().chain(next)
    }

    fn employer_on(&self, day: i64) -> usize {
        match self.next_employer {
            Some((since, employer)) if day >= since => employer,
            _ => self.first_employer,
        }
    }
}

/// The advisers, by first day, with running sums of their volumes.
pub(crate) struct Advisers {
    advisers: Vec<Adviser>,
    sums: Vec<u64>,
}

impl Advisers {
    /// Invents the advisers of an export: 4,660 for 5 million rows, with its square root.
    pub(crate) fn invent(seed: u64, rows: u64, employers: &[Employer], last_day: i64) -> Self {
        let count = (rows.saturating_mul(4343) / 1000).isqrt().clamp(ADVISERS_MIN, ADVISERS_MAX);
        let mut dice = Dice::new(seed, Stream::Advisers);
        let hiring = Hiring::new(employers, last_day);
        let mut advisers: Vec<Adviser> = (0..count)
            .map(|number| {
                dice.turn_to(number);
                hiring.hire(&mut dice, seed, number)
            })
            .collect();
        advisers.sort_by_key(|adviser| adviser.start);
        let sums = advisers.iter().scan(0, |sum, adviser| {
            *sum += adviser.volume;
            Some(*sum)
        });
        let sums = sums.collect();
        Self { advisers, sums }
    }

    /// Lists the advisers, by first day.
    pub(crate) fn all(&self) -> &[Adviser] {
        &self.advisers
    }

    /// Draws an adviser at work on a day, and the position of the employer on that day.
    pub(crate) fn draw(&self, dice: &mut Dice, day: i64) -> Option<(&Adviser, usize)> {
        let started = self.advisers.partition_point(|adviser| adviser.start <= day).max(1);
        let drawn = dice.below(self.sums.get(started - 1).copied().unwrap_or(0));
        let adviser = self.advisers.get(self.sums.partition_point(|sum| *sum <= drawn))?;
        Some((adviser, adviser.employer_on(day)))
    }
}

/// Positions of the employers an adviser may have, by the systems they exist in.
struct Hiring {
    both: Vec<usize>,
    both_sums: Vec<u64>,
    legacy_only: Vec<usize>,
    coop_only: Vec<usize>,
    last_day: i64,
}

impl Hiring {
    fn new(employers: &[Employer], last_day: i64) -> Self {
        let mut hiring = Self {
            both: Vec::new(),
            both_sums: Vec::new(),
            legacy_only: Vec::new(),
            coop_only: Vec::new(),
            last_day,
        };
        let mut posts = 0;
        for (position, employer) in employers.iter().enumerate() {
            match employer.quirk {
                // Only rows that show the quirk are of an abandoned structure.
                Some(Quirk::AbandonedStructure) => {}
                Some(Quirk::LegacyOnly) => hiring.legacy_only.push(position),
                Some(Quirk::CoopOnly) => hiring.coop_only.push(position),
                _ => {
                    posts += employer.posts;
                    hiring.both.push(position);
                    hiring.both_sums.push(posts);
                }
            }
        }
        hiring
    }

    fn hire(&self, dice: &mut Dice, seed: u64, number: u64) -> Adviser {
        let last_start = from_civil(2024, 6, 30).min(self.last_day);
        // The first three are there from the first day on.
        let start = match number {
            0..3 => PROGRAMME_START,
            _ => dice.between(from_civil(2020, 12, 15), last_start).max(PROGRAMME_START),
        };
        let (first_employer, next_employer) = self.employers(dice, number, start);
        Adviser {
            legacy_id: object_id(seed, ADVISER_IDS, number),
            mediator_id: uuid(seed, MEDIATOR_IDS, number),
            user_id: uuid(seed, USER_IDS, number),
            start,
            volume: volume(dice),
            first_employer,
            next_employer,
        }
    }

    /// Draws the employer, and for one adviser in ten the day of a change and the next employer.
    ///
    /// An employer is never met in a system it does not exist in: one known to the legacy system
    /// alone is left before the Coop opens, one known to the Coop alone hires after the closure.
    fn employers(&self, dice: &mut Dice, number: u64, start: i64) -> (usize, Option<(i64, usize)>) {
        let first = self.usual(dice);
        let next = self.usual(dice);
        if number % 10 != 4 {
            return (first, None);
        }
        match number / 10 % 4 {
            0 if !self.legacy_only.is_empty() => {
                let day = dice.between(from_civil(2023, 1, 1), COOP_START - 1).min(self.last_day);
                (dice.pick(&self.legacy_only), Some((day, next)))
            }
            1 if !self.coop_only.is_empty() => {
                let day = dice.between(LEGACY_END + 1, self.last_day);
                (first, Some((day, dice.pick(&self.coop_only))))
            }
            _ => (first, Some((dice.between(start + 60, self.last_day), next))),
        }
    }

    fn usual(&self, dice: &mut Dice) -> usize {
        let drawn = dice.below(self.both_sums.last().copied().unwrap_or(0));
        let rank = self.both_sums.partition_point(|sum| *sum <= drawn);
        self.both.get(rank).copied().unwrap_or(0)
    }
}

/// Draws how much an adviser does, on the measured curve.
fn volume(dice: &mut Dice) -> u64 {
    let rank = dice.below(1000);
    let next = VOLUMES.iter().position(|(above, _)| *above > rank).unwrap_or(1).max(1);
    let (Some((rank_low, low)), Some((rank_high, high))) =
        (VOLUMES.get(next - 1), VOLUMES.get(next))
    else {
        return 1;
    };
    low + (high - low) * (rank - rank_low) / (rank_high - rank_low).max(1)
}
