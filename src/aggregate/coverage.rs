//! Clean activities become, for each employer, the months in which it sent some.

use std::borrow::Cow;
use std::sync::PoisonError;

use crate::aggregate::cube::{Cells, Cube, Measure};
use crate::aggregate::dimensions::Coder;
use crate::aggregate::{Records, TextsOf};
use crate::column::{Texts, bits};
use crate::definition::table::Dimension;
use crate::error::{Error, Result};
use crate::vocabulary::calendar::month_number;
use crate::vocabulary::columns;

const KEY: [&str; 3] =
    [columns::SYSTEME.name, columns::STRUCTURE_ID.name, columns::TYPE_EMPLOYEUR.name];

/// Activities and months of each employer, under construction.
#[derive(Clone, Debug)]
pub struct Coverage(Cube);

/// What an employer sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Employer {
    /// System, identifier and type of the employer.
    pub key: Vec<String>,
    /// First month with an activity.
    pub first: String,
    /// Last one.
    pub last: String,
    /// Activities, months with some, months without between the first and the last, months since
    /// the last.
    pub figures: [i64; 4],
}

impl Default for Coverage {
    fn default() -> Self {
        Self(Cube::new(KEY.len(), &[Measure::Count, Measure::Distinct]))
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
        let key: Vec<&[u32]> = codes.iter().map(AsRef::as_ref).collect();
        self.0.add(&key, &[Cells::Rows, Cells::Codes(months)]);
        Ok(())
    }

    /// Adds what other activities came to.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// The employers, in the order of their key; `until` is the month of the reference day.
    ///
    /// # Errors
    /// When a column has no texts.
    pub fn finish(self, until: &str, texts: &TextsOf<'_>) -> Result<Vec<Employer>> {
        let lacking = || Error::internal("an employer has its texts and its months");
        let text =
            |name: &str, code: u32| Coder::new(Dimension::Column(name)).text(Some(code), texts);
        let months = texts(columns::MOIS.name).ok_or_else(lacking)?;
        let months = months.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let cut = self.0.cut();
        let mut employers = Vec::new();
        for ((key, sum), set) in cut.keys.chunks(KEY.len()).zip(cut.sums).zip(&cut.bits) {
            let mut sent: Vec<&str> = bits::codes(set).map(|code| months.text(code)).collect();
            sent.sort_unstable();
            let (first, last) = sent.first().zip(sent.last()).ok_or_else(lacking)?;
            let number = |month: &str| month_number(month).ok_or_else(lacking);
            let active = i64::try_from(sent.len()).map_err(|_| lacking())?;
            let span = number(last)? - number(first)? + 1;
            let key = KEY.iter().zip(key).map(|(name, code)| text(name, *code));
            employers.push(Employer {
                key: key.collect::<Result<_>>()?,
                first: (*first).to_owned(),
                last: (*last).to_owned(),
                figures: [sum, active, span - active, number(until)? - number(last)?],
            });
        }
        employers.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(employers)
    }
}
