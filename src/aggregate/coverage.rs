//! Clean activities become, for each employer, the months in which it sent some.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::PoisonError;

use crate::aggregate::cube::{Cells, Cube, Measure};
use crate::aggregate::dimensions::Coder;
use crate::aggregate::{Records, TextsOf};
use crate::column::Texts;
use crate::definition::table::Dimension;
use crate::error::{Error, Result};
use crate::vocabulary::calendar::month_number;
use crate::vocabulary::columns;

const KEY: [&str; 3] =
    [columns::SYSTEME.name, columns::STRUCTURE_ID.name, columns::TYPE_EMPLOYEUR.name];

/// A month with activities.
const ACTIVE: &str = "actif";
/// A month without, between two with some.
const SILENT: &str = "silencieux";
/// A month before the first.
const NOT_YET: &str = "pas_encore";
/// A month after the last.
const OVER: &str = "termine";

/// Activities and months of each employer, under construction.
#[derive(Clone, Debug)]
pub struct Coverage(Cube);

/// What an employer sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Employer {
    /// System and identifier of the employer, and the type it had last.
    pub key: Vec<String>,
    /// Months with activities, since January of the year 0, and how many.
    pub sent: BTreeMap<i64, i64>,
}

/// A month of an employer.
#[derive(Debug, PartialEq, Eq)]
pub struct Month<'e> {
    /// The system.
    pub system: &'e str,
    /// The employer.
    pub structure: &'e str,
    /// Since January of the year 0.
    pub month: i64,
    /// Activities.
    pub count: i64,
    /// What the month is for the employer.
    pub state: &'static str,
}

impl Employer {
    /// First and last month with an activity.
    #[must_use]
    pub fn bounds(&self) -> Option<(i64, i64)> {
        self.sent.first_key_value().map(|(month, _)| *month).zip(self.last())
    }

    fn last(&self) -> Option<i64> {
        self.sent.last_key_value().map(|(month, _)| *month)
    }

    /// Activities, months with some, months without between the first and the last, months since
    /// the last.
    #[must_use]
    pub fn figures(&self, until: i64) -> [i64; 4] {
        let active = i64::try_from(self.sent.len()).unwrap_or(i64::MAX);
        let (first, last) = self.bounds().unwrap_or_default();
        [self.sent.values().sum(), active, last - first + 1 - active, until - last]
    }

    fn text(&self, place: usize) -> &str {
        self.key.get(place).map_or("", String::as_str)
    }
}

/// Each employer in each month, from the first that its system has to the last: not to that of the
/// reference day, which may be as far as anyone likes. The employers are in the order of their key.
#[must_use]
pub fn months(employers: &[Employer]) -> Vec<Month<'_>> {
    let mut found = Vec::new();
    for of_system in employers.chunk_by(|one, other| one.text(0) == other.text(0)) {
        let all = of_system.iter().filter_map(Employer::bounds);
        let whole = all.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        let Some((start, until)) = whole else { continue };
        for employer in of_system {
            let Some((first, last)) = employer.bounds() else { continue };
            found.extend((start..=until).map(|month| Month {
                system: employer.text(0),
                structure: employer.text(1),
                month,
                count: employer.sent.get(&month).copied().unwrap_or_default(),
                state: match month {
                    _ if employer.sent.contains_key(&month) => ACTIVE,
                    _ if month < first => NOT_YET,
                    _ if month > last => OVER,
                    _ => SILENT,
                },
            }));
        }
    }
    found
}

impl Default for Coverage {
    fn default() -> Self {
        Self(Cube::new(KEY.len() + 1, &[Measure::Count]))
    }
}

impl Coverage {
    /// The columns it reads.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        KEY.into_iter().chain([columns::MOIS.name])
    }

    /// Adds activities.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn add(&mut self, records: &Records<'_>, texts: &TextsOf<'_>) -> Result<()> {
        let codes = KEY.map(|name| Coder::new(Dimension::Column(name)));
        let codes = codes.iter().map(|coder| coder.codes(records, texts));
        let codes: Vec<Cow<'_, [u32]>> = codes.collect::<Result<_>>()?;
        let months = records.column(columns::MOIS.name)?.codes();
        let mut key: Vec<&[u32]> = codes.iter().map(AsRef::as_ref).collect();
        key.push(months);
        self.0.add(&key, &[Cells::Rows]);
        Ok(())
    }

    /// Adds what other activities came to.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// The employers, in the order of their key.
    ///
    /// # Errors
    /// When a column has no texts.
    pub fn finish(self, texts: &TextsOf<'_>) -> Result<Vec<Employer>> {
        let lacking = || Error::internal("an employer has its texts and its months");
        let text =
            |name: &str, code: u32| Coder::new(Dimension::Column(name)).text(Some(code), texts);
        let months = texts(columns::MOIS.name).ok_or_else(lacking)?;
        let months = months.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let cut = self.0.cut();
        let mut found: BTreeMap<&[u32], Vec<(i64, String, i64)>> = BTreeMap::new();
        for (codes, count) in cut.keys.chunks(KEY.len() + 1).zip(cut.sums) {
            let (Some(key), Some([kind, month])) = (codes.get(..2), codes.get(2..)) else {
                return Err(lacking());
            };
            let month = month_number(months.text(*month)).ok_or_else(lacking)?;
            let kind = text(columns::TYPE_EMPLOYEUR.name, *kind)?;
            found.entry(key).or_default().push((month, kind, count));
        }
        let mut employers = Vec::with_capacity(found.len());
        for (key, cells) in found {
            let (_, kind, _) = cells.iter().max().ok_or_else(lacking)?;
            let mut key: Vec<String> =
                KEY.iter().zip(key).map(|(name, code)| text(name, *code)).collect::<Result<_>>()?;
            key.push(kind.clone());
            let mut sent = BTreeMap::new();
            for (month, _, count) in cells {
                *sent.entry(month).or_default() += count;
            }
            employers.push(Employer { key, sent });
        }
        employers.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(employers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employer(system: &str, id: &str, kind: &str, sent: &[(i64, i64)]) -> Employer {
        let key = [system, id, kind].map(str::to_owned).to_vec();
        Employer { key, sent: sent.iter().copied().collect() }
    }

    #[test]
    fn a_month_is_active_silent_before_or_after() {
        let all = [
            employer("coop", "a", "commune", &[(11, 2), (13, 1)]),
            employer("coop", "b", "commune", &[(10, 1)]),
            employer("plat", "a", "commune", &[(14, 1)]),
        ];
        assert_eq!(all[0].figures(15), [3, 2, 1, 2]);
        let found = months(&all);
        let states: Vec<&str> = found.iter().map(|month| month.state).collect();
        assert_eq!(states[..4], [NOT_YET, ACTIVE, SILENT, ACTIVE]);
        assert_eq!(states[4..8], [ACTIVE, OVER, OVER, OVER]);
        // Another system has its own months.
        assert_eq!(states[8..], [ACTIVE]);
        assert_eq!(found.iter().map(|month| month.count).sum::<i64>(), 5);
    }
}
