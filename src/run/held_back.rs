//! What a source gives tonight is held against what it gave before: is it to be used?
//!
//! Stale is better than wrong, source by source: what is held back is replaced by the last good
//! input of its source, for a while.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::definition::gates::Limits;
use crate::error::Kind;
use crate::run::manifest::{Input, Segment};
use crate::run::warning::Warning;

/// Why an input is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is none.
    Absent,
    /// It is not what its source declares.
    Unreadable,
    /// Its last record is not whole.
    Truncated,
    /// Too many of its records are refused.
    Rejects,
    /// It has much less than usual.
    Smaller,
    /// Its newest record is too old.
    Stale,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Absent,
        Self::Unreadable,
        Self::Truncated,
        Self::Rejects,
        Self::Smaller,
        Self::Stale,
    ];

    /// What it means to the scheduler when nothing stands for the input.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Reason::Absent | Reason::Truncated | Reason::Stale => Kind::NoInput,
            Reason::Unreadable | Reason::Rejects | Reason::Smaller => Kind::Data,
        }
    }

    /// The reason as records have it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Reason::Absent => "absent",
            Reason::Unreadable => "unreadable",
            Reason::Truncated => "truncated",
            Reason::Rejects => "rejects",
            Reason::Smaller => "smaller",
            Reason::Stale => "stale",
        }
    }
}

/// What is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Why it is not to be used.
    pub reason: Reason,
    /// The same in words, with its figures.
    pub found: String,
    /// The figures.
    pub figures: BTreeMap<String, i64>,
}

impl Finding {
    fn new(reason: Reason, found: impl Into<String>, figures: &[(&str, i64)]) -> Self {
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value));
        Self { reason, found: found.into(), figures: figures.collect() }
    }

    /// An input that is not what its source declares.
    #[must_use]
    pub fn unreadable(message: &str) -> Self {
        let first = message.lines().next().unwrap_or_default();
        Self::new(Reason::Unreadable, first, &[])
    }

    /// Records of which too many are refused.
    #[must_use]
    pub fn rejects((refused, read, percent): (i64, i64, u64), reasons: &str) -> Self {
        let found = format!(
            "{refused} of its {read} records are refused, more than {percent} % ({reasons})"
        );
        Self::new(Reason::Rejects, found, &[("refused", refused), ("records", read)])
    }

    /// A newest record that is too old, and the days since.
    #[must_use]
    pub fn stale(newest: Option<Date>, age: Option<i32>, limit: u16) -> Self {
        let figures: Vec<(&str, i64)> =
            age.into_iter().map(|age| ("age_days", i64::from(age))).collect();
        let found = match (newest, age) {
            (Some(newest), Some(age)) => format!(
                "its newest record is of {newest}, {age} days before the reference day, more than \
                 {limit}"
            ),
            _ => "it has no record up to the reference day".to_owned(),
        };
        Self::new(Reason::Stale, found, &figures)
    }
}

/// A source whose input of tonight is not used: that of an earlier run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The source or dataset.
    pub source: String,
    /// What is wrong.
    #[serde(flatten)]
    pub finding: Finding,
    /// Reference day of the last run that had a good input: the one that is used.
    pub since: Date,
    /// The last reference day that it stands on.
    pub until: Date,
    /// Inputs that were given and are not used.
    pub given: Vec<Input>,
    /// Hashes of all that reading them depends on.
    pub keys: Vec<String>,
    /// What was read of them, as far as it could be; its rows count in no figure.
    pub segments: Vec<Segment>,
    /// Digest of the rules by which records were refused.
    pub rules: String,
}

impl HeldBack {
    /// What a person should know.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { source, finding, since, until, .. } = self;
        format!(
            "source `{source}` is held back: {}; its input of {since} stands, until {until}",
            finding.found
        )
    }
}

/// An input that is used because a person said that it is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedInput {
    /// The source or dataset.
    pub source: String,
    /// What would have held it back.
    #[serde(flatten)]
    pub finding: Finding,
    /// Hashes of all that reading it depends on: as long as they are the same, it is accepted.
    pub keys: Vec<String>,
}

/// What was decided of tonight's inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Sources whose input is not used.
    pub held: Vec<HeldBack>,
    /// Sources whose input is used because a person said so.
    pub accepted: Vec<AcceptedInput>,
    /// Of sources whose newest record is old.
    pub late: Vec<Warning>,
}

impl Judged {
    /// Whether an earlier input stands for that of a source.
    #[must_use]
    pub fn stands(&self, source: &str) -> bool {
        self.held.iter().any(|held| held.source == source)
    }

    /// Whether a person said that the input of a source is right.
    #[must_use]
    pub fn is_accepted(&self, source: &str) -> bool {
        self.accepted.iter().any(|accepted| accepted.source == source)
    }
}

/// What a source gives tonight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// How many inputs.
    pub inputs: usize,
    /// Of an input that is not what the source declares, what is wrong.
    pub unreadable: Option<String>,
    /// The name of an input that breaks off.
    pub cut: Option<String>,
    /// Records met.
    pub records: i64,
    /// Those that could not be read.
    pub refused: i64,
    /// Why, the most frequent first.
    pub reasons: String,
}

/// What a delivery falls short of, if it does: `before` are the records of the days before, the
/// last first.
#[must_use]
pub fn shortcoming(limits: &Limits, tonight: &Delivery, before: &[i64]) -> Option<Finding> {
    if tonight.inputs == 0 {
        return Some(Finding::new(Reason::Absent, "it has no input", &[]));
    }
    if let Some(message) = &tonight.unreadable {
        return Some(Finding::unreadable(message));
    }
    if let Some(name) = &tonight.cut {
        let found = format!("`{name}` breaks off: its last record is not whole");
        return Some(Finding::new(Reason::Truncated, found, &[("records", tonight.records)]));
    }
    let Delivery { records, refused, .. } = *tonight;
    let percent = limits.rejects_percent_max;
    if is_over(refused, records, percent) {
        return Some(Finding::rejects((refused, records, percent), &tonight.reasons));
    }
    let usual = median(before)?;
    let percent = limits.rows_percent_min;
    let is_small = usual >= i64::from(limits.rows_judged_from)
        && i128::from(records) * 100 < i128::from(usual) * i128::from(percent);
    let is_gone = records == 0 && usual > 0 && percent > 0;
    (is_small || is_gone).then(|| {
        let days = before.len();
        let found = format!(
            "it has {records} records, less than {percent} % of {usual}, the median of the last \
             {days} day(s)"
        );
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        let figures = [("records", records), ("median", usual), ("days", days)];
        Finding::new(Reason::Smaller, found, &figures)
    })
}

/// Whether a part is more than a share of the whole.
#[must_use]
pub fn is_over(part: i64, whole: i64, percent: u64) -> bool {
    i128::from(part) * 100 > i128::from(whole) * i128::from(percent)
}

/// The middle one; the lesser of two.
#[must_use]
pub fn median(counts: &[i64]) -> Option<i64> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        is_required: false,
        rows_percent_min: 90,
        rows_judged_from: 100,
        rejects_percent_max: 5,
        stale_days_max: None,
        patience_days: 7,
    };

    fn given(records: i64) -> Delivery {
        Delivery { inputs: 1, records, ..Delivery::default() }
    }

    fn reason(tonight: &Delivery, before: &[i64]) -> Option<Reason> {
        shortcoming(&LIMITS, tonight, before).map(|finding| finding.reason)
    }

    #[test]
    fn each_shortcoming_has_its_reason_and_the_graver_one_is_told() {
        assert_eq!(reason(&Delivery::default(), &[]), Some(Reason::Absent));
        let message = Some("`a` as `b`: no header\nline 1".to_owned());
        let all = Delivery {
            unreadable: message,
            cut: Some("a.csv".to_owned()),
            refused: 50,
            ..given(50)
        };
        let told = shortcoming(&LIMITS, &all, &[1000]).unwrap();
        assert_eq!(
            (told.reason, told.found.as_str()),
            (Reason::Unreadable, "`a` as `b`: no header")
        );
        let all = Delivery { unreadable: None, ..all };
        assert_eq!(reason(&all, &[1000]), Some(Reason::Truncated));
        let all = Delivery { cut: None, ..all };
        assert_eq!(reason(&all, &[1000]), Some(Reason::Rejects));
        let all = Delivery { refused: 2, ..all };
        assert_eq!(reason(&all, &[1000]), Some(Reason::Smaller));
        let told = shortcoming(&LIMITS, &all, &[1000, 1200]).unwrap();
        let expected = "it has 50 records, less than 90 % of 1000, the median of the last 2 day(s)";
        assert_eq!(told.found, expected);
        assert_eq!(told.figures["median"], 1000);
    }

    #[test]
    fn size_is_held_against_the_median_where_there_is_a_past() {
        assert_eq!(reason(&given(0), &[]), None, "the first night knows no size");
        assert_eq!(reason(&given(900), &[1000]), None);
        assert_eq!(reason(&given(899), &[1000]), Some(Reason::Smaller));
        // A night that was odd itself decides nothing.
        assert_eq!(reason(&given(1000), &[1000, 9000, 1000]), None);
        // Few records come and go.
        assert_eq!(reason(&given(10), &[99]), None);
        assert_eq!(reason(&given(0), &[99]), Some(Reason::Smaller));
        let none = Limits { rows_percent_min: 0, ..LIMITS };
        assert_eq!(shortcoming(&none, &given(0), &[1000]), None);
    }

    #[test]
    fn a_ratchet_of_two_percent_a_night_is_found() {
        let mut counts = vec![100_000];
        let found = (1..60).find(|_| {
            let tonight = counts[0] * 98 / 100;
            let last = &counts[..counts.len().min(28)];
            let is_found = reason(&given(tonight), last) == Some(Reason::Smaller);
            counts.insert(0, tonight);
            is_found
        });
        assert_eq!(found, Some(11), "eleven nights, though no night lost more than two percent");
    }

    #[test]
    fn rejects_are_a_share_of_what_was_read() {
        assert_eq!(reason(&Delivery { refused: 5, ..given(100) }, &[]), None);
        assert_eq!(reason(&Delivery { refused: 6, ..given(100) }, &[]), Some(Reason::Rejects));
        assert_eq!(reason(&given(0), &[]), None, "nothing of nothing");
    }
}
