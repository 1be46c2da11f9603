//! The fields of one column become values, and reasons to refuse their records.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::column::{Dictionary, Found, Memo, NO_COUNT, NO_INSTANT, NO_TEXT, Values};
use crate::definition::dataset::{Field, Reading};
use crate::ingest::dataset::Known;
use crate::ingest::fixed::{hexadecimal, instant, integer};
use crate::ingest::scan::{Scan, unquoted};

/// How one column is read.
#[derive(Debug)]
pub(super) struct Step<'d> {
    /// Number of its field.
    pub(super) field: usize,
    typing: Typing<'d>,
    /// The bit of the reason for which a record without it is refused; none refuses it not.
    refusal: u64,
}

#[derive(Debug)]
enum Typing<'d> {
    Hexadecimal(usize),
    Instant,
    /// The least one.
    Count(i32),
    /// Numbers that may be told by a class.
    Class(&'d BTreeMap<String, i32>),
    Text(Texts<'d>),
}

/// A column of texts, those of all threads.
#[derive(Debug)]
struct Texts<'d> {
    dictionary: Mutex<Dictionary>,
    /// The only ones there are.
    values: Option<&'d [String]>,
    /// Where they are looked up, and the bit of the reason when they are not found.
    known: Vec<(&'d Known, u64)>,
}

fn typing<'d>(field: &'d Field, known: Vec<(&'d Known, u64)>) -> Typing<'d> {
    match field.reading {
        Reading::Hexadecimal => {
            let digits = field.digits.and_then(|digits| usize::try_from(digits).ok());
            Typing::Hexadecimal(digits.unwrap_or_default())
        }
        Reading::Instant => Typing::Instant,
        Reading::Count if field.classes.is_empty() => {
            Typing::Count(field.least.unwrap_or(NO_COUNT + 1))
        }
        Reading::Count => Typing::Class(&field.classes),
        Reading::Text => Typing::Text(Texts {
            dictionary: Mutex::default(),
            values: (!field.values.is_empty()).then_some(&field.values),
            known,
        }),
    }
}

impl<'d> Step<'d> {
    /// How a column is read from the field of a number. `known` has where its texts are looked up,
    /// and the bit of the reason when they are not found.
    pub(super) fn new(
        declared: &'d Field,
        field: usize,
        known: Vec<(&'d Known, u64)>,
        refusal: u64,
    ) -> Self {
        Self { field, typing: typing(declared, known), refusal }
    }

    /// Its texts, by their codes; none where it has no texts.
    pub(super) fn texts(&self) -> Arc<Vec<Arc<str>>> {
        match &self.typing {
            Typing::Text(texts) => {
                texts.dictionary.lock().unwrap_or_else(PoisonError::into_inner).texts()
            }
            _ => Arc::default(),
        }
    }

    /// The values of a column; months are those of its instants.
    pub(super) fn read(
        &self,
        (bytes, scan): (&[u8], &Scan),
        memo: &mut Memo,
        (months, masks): (Option<&mut Vec<i32>>, &mut [u64]),
    ) -> Values {
        let raws = scan.field(bytes, self.field).zip(masks);
        match &self.typing {
            Typing::Hexadecimal(digits) => Values::Ids(
                raws.map(|(raw, mask)| match hexadecimal(&plain_field(raw), *digits) {
                    Some(id) => id,
                    None => refused(mask, self.refusal, 0),
                })
                .collect(),
            ),
            Typing::Instant => {
                let mut kept = Vec::new();
                let months = months.unwrap_or(&mut kept);
                let read = raws.map(|(raw, mask)| {
                    let found = instant(&plain_field(raw));
                    months.push(found.map_or(0, |found| found.month));
                    match found {
                        Some(found) => found.micros,
                        None => refused(mask, self.refusal, NO_INSTANT),
                    }
                });
                Values::Instants(read.collect())
            }
            Typing::Count(least) => Values::Counts(
                raws.map(|(raw, mask)| {
                    match integer(&plain_field(raw)).filter(|count| count >= least) {
                        Some(count) => count,
                        None => refused(mask, self.refusal, NO_COUNT),
                    }
                })
                .collect(),
            ),
            Typing::Class(classes) => Values::Counts(
                raws.map(|(raw, mask)| {
                    let found = memo.get(raw, |raw| class(classes, raw));
                    if found.is_refused {
                        return refused(mask, self.refusal, NO_COUNT);
                    }
                    found.value.cast_signed()
                })
                .collect(),
            ),
            Typing::Text(texts) => Values::Codes(
                raws.map(|(raw, mask)| {
                    let found = memo.get(raw, |raw| texts.find(raw, self.refusal));
                    if found.is_refused {
                        *mask |= texts.reasons(raw, self.refusal);
                    }
                    found.value
                })
                .collect(),
            ),
        }
    }
}

/// The bytes of a field; the quotes that enclose one are rare and taken away.
#[inline]
fn plain_field(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.first() == Some(&b'"') { unquoted(raw) } else { Cow::Borrowed(raw) }
}

#[inline]
fn refused<T>(mask: &mut u64, reason: u64, nothing: T) -> T {
    *mask |= reason;
    nothing
}

fn class(classes: &BTreeMap<String, i32>, raw: &[u8]) -> Found {
    let raw = unquoted(raw);
    let text = String::from_utf8_lossy(&raw);
    let found = classes.get(text.as_ref()).copied().or_else(|| integer(&raw));
    Found { value: found.unwrap_or(NO_COUNT).cast_unsigned(), is_refused: found.is_none() }
}

impl Texts<'_> {
    fn find(&self, raw: &[u8], refusal: u64) -> Found {
        let unquoted = unquoted(raw);
        let text = String::from_utf8_lossy(&unquoted);
        let value = if text.is_empty() {
            NO_TEXT
        } else {
            self.dictionary.lock().unwrap_or_else(PoisonError::into_inner).code(&text)
        };
        Found { value, is_refused: self.reasons(raw, refusal) != 0 }
    }

    /// The reasons against a text; `refusal` is that against one that is missing or not of the
    /// list.
    fn reasons(&self, raw: &[u8], refusal: u64) -> u64 {
        let raw = unquoted(raw);
        let text = String::from_utf8_lossy(&raw);
        let is_value = match self.values {
            Some(values) => values.iter().any(|value| *value == text),
            None => !text.is_empty(),
        };
        let mut reasons = if is_value { 0 } else { refusal };
        for (known, reason) in &self.known {
            if !known.contains_key(text.as_ref()) {
                reasons |= reason;
            }
        }
        reasons
    }
}
