//! A declared dimension becomes a code for each record, and codes become texts again.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::aggregate::{Records, TextsOf};
use crate::column::{Dictionary, NO_COUNT, NO_TEXT, Texts};
use crate::definition::table::{Classes, Dimension};
use crate::error::{Error, Result};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE, SEPARATOR};
use crate::vocabulary::columns;

/// One dimension of a table, with the codes it makes.
#[derive(Debug)]
pub(super) struct Coder<'a> {
    /// Where its values come from.
    pub(super) from: Dimension<'a>,
    made: Mutex<Made>,
}

/// Codes of periods and of parts, and those that each text of the column below has.
#[derive(Debug, Default)]
struct Made {
    texts: Dictionary,
    of: Vec<Vec<u32>>,
}

impl<'a> Coder<'a> {
    pub(super) fn new(from: Dimension<'a>) -> Self {
        Self { from, made: Mutex::default() }
    }

    /// The columns it is made of.
    pub(super) fn columns(&self) -> Vec<&'a str> {
        match self.from {
            Dimension::Column(source) | Dimension::Split(source) => vec![source],
            Dimension::Periods(_) => vec![columns::MOIS.name],
            Dimension::Classes(classes) => vec![classes.of.as_str()],
            Dimension::Bands(bands) => bands.values().flatten().map(String::as_str).collect(),
        }
    }

    /// Whether a record has one value of it, whatever its measures.
    pub(super) fn is_own(&self) -> bool {
        !matches!(self.from, Dimension::Split(_) | Dimension::Bands(_))
    }

    /// The code of each record.
    pub(super) fn codes<'r>(
        &self,
        records: &Records<'r>,
        texts: &TextsOf<'_>,
    ) -> Result<Cow<'r, [u32]>> {
        match self.from {
            Dimension::Column(source) => {
                Ok(known(records.column(source)?.codes(), texts_of(source, texts)?))
            }
            Dimension::Classes(classes) => {
                let counts = records.column(&classes.of)?.counts();
                Ok(Cow::Owned(of_classes(classes, counts)))
            }
            Dimension::Periods(lengths) => {
                let source = columns::MOIS.name;
                let shortest = lengths.first().copied().unwrap_or(Length::Mois);
                let made = self.learn(texts_of(source, texts)?, |month| vec![shortest.of(month)]);
                let first = |codes: &Vec<u32>| codes.first().copied().unwrap_or_default();
                let of: Vec<u32> = made.of.iter().map(first).collect();
                let codes = records.column(source)?.codes();
                Ok(Cow::Owned(codes.iter().map(|code| at(&of, *code)).collect()))
            }
            Dimension::Split(_) | Dimension::Bands(_) => {
                Err(Error::internal("a record has one code of its own dimensions"))
            }
        }
    }

    /// For each code of each record: the place of the record, and the code.
    pub(super) fn parts(
        &self,
        source: &str,
        records: &Records<'_>,
        texts: &TextsOf<'_>,
    ) -> Result<(Vec<u32>, Vec<u32>)> {
        let split = |text: &str| {
            let text = if text.is_empty() { NON_RENSEIGNE } else { text };
            text.split(SEPARATOR).map(str::to_owned).collect()
        };
        let made = self.learn(texts_of(source, texts)?, split);
        let (mut places, mut parts) = (Vec::new(), Vec::new());
        for (place, code) in (0..).zip(records.column(source)?.codes()) {
            let of = usize::try_from(*code).ok().and_then(|code| made.of.get(code));
            for part in of.into_iter().flatten() {
                places.push(place);
                parts.push(*part);
            }
        }
        Ok((places, parts))
    }

    /// Makes codes of the texts of a column that came since the last time.
    fn learn(
        &self,
        column: &Mutex<Dictionary>,
        of: impl Fn(&str) -> Vec<String>,
    ) -> MutexGuard<'_, Made> {
        let mut made = self.made();
        let column = column.lock().unwrap_or_else(PoisonError::into_inner);
        while made.of.len() < Texts::len(&*column) {
            let text = column.text(u32::try_from(made.of.len()).unwrap_or_default());
            let codes = of(text).iter().map(|text| made.texts.code(text)).collect();
            made.of.push(codes);
        }
        made
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a dimension of periods: the code of the longer period that each is in, for each length
    /// but the shortest.
    pub(super) fn longer_periods(&self) -> Vec<Vec<u32>> {
        let Dimension::Periods(lengths) = self.from else { return Vec::new() };
        let mut made = self.made();
        let shortest: Vec<String> = {
            let codes = 0..u32::try_from(Texts::len(&made.texts)).unwrap_or_default();
            codes.map(|code| made.texts.text(code).to_owned()).collect()
        };
        let longer = lengths.iter().skip(1);
        longer
            .map(|length| shortest.iter().map(|text| made.texts.code(&length.of(text))).collect())
            .collect()
    }

    /// The text of a code.
    pub(super) fn text(&self, code: Option<u32>, texts: &TextsOf<'_>) -> Result<String> {
        let Some(code) = code else { return Ok(ENSEMBLE.to_owned()) };
        let number = usize::try_from(code).ok().and_then(|code| code.checked_sub(1));
        match self.from {
            Dimension::Column(source) => {
                let texts = texts_of(source, texts)?;
                let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(texts.text(code).to_owned())
            }
            Dimension::Periods(_) | Dimension::Split(_) => {
                Ok(self.made().texts.text(code).to_owned())
            }
            Dimension::Classes(classes) => {
                let name = number.and_then(|number| classes.ascending().nth(number));
                Ok(name.map_or(NON_RENSEIGNE, |(name, _)| name).to_owned())
            }
            Dimension::Bands(bands) => {
                let band = number.and_then(|number| bands.keys().nth(number));
                band.cloned().ok_or_else(|| Error::internal("a band has its name"))
            }
        }
    }
}

fn texts_of<'t>(source: &str, texts: &TextsOf<'t>) -> Result<&'t Mutex<Dictionary>> {
    texts(source).ok_or_else(|| Error::internal(format!("`{source}` is a column of texts")))
}

/// The codes of a dimension; what is not known is a code like the others.
fn known<'r>(codes: &'r [u32], texts: &Mutex<Dictionary>) -> Cow<'r, [u32]> {
    if !codes.contains(&NO_TEXT) {
        return Cow::Borrowed(codes);
    }
    let unknown = texts.lock().unwrap_or_else(PoisonError::into_inner).code(INCONNU);
    codes.iter().map(|code| if *code == NO_TEXT { unknown } else { *code }).collect()
}

/// One more than the place of the class of each count, 0 where there is none.
fn of_classes(classes: &Classes, counts: &[i32]) -> Vec<u32> {
    let least: Vec<i32> = classes.ascending().map(|(_, least)| least).collect();
    let class = |count: &i32| match *count {
        NO_COUNT => 0,
        count => u32::try_from(least.partition_point(|least| *least <= count)).unwrap_or_default(),
    };
    counts.iter().map(class).collect()
}

fn at(codes: &[u32], code: u32) -> u32 {
    usize::try_from(code).ok().and_then(|code| codes.get(code)).copied().unwrap_or_default()
}
