//! A request becomes what all files share: places, employers, advisers and the last day.

use std::collections::BTreeMap;
use std::io;

use crate::sample::advisers::Advisers;
use crate::sample::days::{PROGRAMME_START, checked};
use crate::sample::employers::{Employer, invent};
use crate::sample::quirks::Quirk;
use crate::sample::{Place, Request};

/// Share of the rows each stream has in the usual folder, in percent; the flat file takes what is
/// left.
const LEGACY_SHARE: u64 = 45;
const COOP_SHARE: u64 = 45;

/// What all files share.
pub(crate) struct World<'a> {
    pub(crate) seed: u64,
    /// Activity rows asked for, all streams together.
    pub(crate) rows: u64,
    /// Whether one format alone was asked for, so that a stream has all the rows.
    has_one_format: bool,
    /// Last possible day of an activity.
    pub(crate) last_day: i64,
    pub(crate) places: &'a [Place],
    /// Positions of the places of each département.
    pub(crate) neighbours: BTreeMap<&'a str, Vec<usize>>,
    pub(crate) employers: Vec<Employer>,
    pub(crate) advisers: Advisers,
    /// Positions of the employers that gave up.
    pub(crate) abandoned: Vec<usize>,
    /// Positions of the employers that the Coop knows.
    pub(crate) known_to_coop: Vec<usize>,
}

impl<'a> World<'a> {
    /// Invents the world of a request.
    pub(crate) fn new(request: &Request<'a>) -> io::Result<Self> {
        let refuse = |message: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        let (year, month, day) = request.last_day;
        let last_day = checked(year, month, day)?;
        if last_day < PROGRAMME_START {
            return refuse("the last day is before the programme started, on 2020-11-17");
        }
        if request.places.is_empty() {
            return refuse("no place to draw from");
        }
        let mut neighbours: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, place) in request.places.iter().enumerate() {
            neighbours.entry(&place.departement).or_default().push(position);
        }
        let employers = invent(request.seed, request.rows, request.places);
        let positions = |keep: fn(&Employer) -> bool| {
            let kept = employers.iter().enumerate().filter(move |(_, employer)| keep(employer));
            kept.map(|(position, _)| position).collect()
        };
        Ok(Self {
            seed: request.seed,
            rows: request.rows,
            has_one_format: request.format.is_some(),
            last_day,
            places: request.places,
            neighbours,
            advisers: Advisers::invent(request.seed, request.rows, &employers, last_day),
            abandoned: positions(|employer| employer.quirk == Some(Quirk::AbandonedStructure)),
            known_to_coop: positions(|employer| employer.coop_id.is_some()),
            employers,
        })
    }

    /// Counts the rows of the legacy stream, which other files refer to.
    pub(crate) fn legacy_rows(&self) -> u64 {
        self.share(LEGACY_SHARE)
    }

    /// Counts the rows of the Coop's stream.
    pub(crate) fn coop_rows(&self) -> u64 {
        self.share(COOP_SHARE)
    }

    /// Counts the rows of the flat stream, which takes what the others leave.
    pub(crate) fn flat_rows(&self) -> u64 {
        if self.has_one_format {
            return self.rows;
        }
        self.rows - self.legacy_rows() - self.coop_rows()
    }

    fn share(&self, percent: u64) -> u64 {
        if self.has_one_format { self.rows } else { self.rows.saturating_mul(percent) / 100 }
    }
}
