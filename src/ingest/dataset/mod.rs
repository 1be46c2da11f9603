//! The fields of a declared dataset become columns, and the records that break its rules rejects.

mod columns;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Memo, Values, fingerprint};
use crate::definition::dataset::Dataset;
use crate::error::{Error, Result};
use crate::ingest::dataset::columns::Step;
use crate::ingest::dataset::rules::Rule;
use crate::ingest::fields;
use crate::ingest::plan::plain;
use crate::ingest::records::Block;
pub use crate::ingest::runs::Runs;
pub use crate::ingest::scan::Irregular;
use crate::ingest::scan::{Scan, unquoted};
use crate::vocabulary::reject::reasons;

/// What is looked up: text → what it stands for.
pub type Known = HashMap<String, String>;

/// A dataset compiled for one file.
#[derive(Debug)]
pub struct Plan<'d> {
    /// Number of fields in a record.
    count: usize,
    delimiter: u8,
    steps: Vec<Step<'d>>,
    rules: Vec<Rule>,
    /// The step that tells the period.
    period: usize,
    /// Reasons to refuse a record: bit `n` of a mask is the reason `n`.
    pub reasons: Vec<&'d str>,
}

/// What one task reuses from run to run.
#[derive(Debug, Default)]
pub struct Scratch {
    scan: Scan,
    /// One a step.
    memos: Vec<Memo>,
    months: Vec<i32>,
    masks: Vec<u64>,
}

/// What the records of a run became.
#[derive(Debug)]
pub struct Piece {
    /// The columns of the dataset and the fingerprints of the records, refused ones among them.
    pub columns: Vec<Values>,
    /// The rows that are not refused, by month, in the order of the file within one.
    pub rows: Vec<u32>,
    /// Months, in months since January of the year 0, and which of these rows are theirs.
    pub months: Vec<(i32, std::ops::Range<usize>)>,
    /// Refused records.
    pub refused: Vec<Refused>,
    /// Records met.
    pub records: usize,
    /// Lines passed.
    pub lines: i64,
}

/// A refused record.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its number in the run, from 0.
    pub record: usize,
    /// Lines between the start of the run and the record.
    pub line: i64,
    /// Reasons, a bit each.
    pub reasons: u64,
    /// Its fields as they are, one behind the other.
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Refused {
    /// A record of which nothing but its line can be told.
    #[must_use]
    pub fn shapeless(line: i64) -> Self {
        Self { record: 0, line, reasons: 0, text: String::new(), ends: Vec::new() }
    }

    /// A field; none where it is empty or there is none of that number.
    #[must_use]
    pub fn field(&self, number: usize) -> Option<&str> {
        let start = number.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let text = self.text.get(start?..*self.ends.get(number)?)?;
        (!text.is_empty()).then_some(text)
    }
}

/// What a run became, or that it is not regular.
pub type Outcome = std::result::Result<Piece, Irregular>;

/// Records that were cut with care.
#[derive(Debug, Default)]
pub struct Mended {
    /// Regular records.
    pub run: Vec<u8>,
    /// The line of each.
    pub lines: Vec<i64>,
    /// Lines that are no record of the file, and why.
    pub refused: Vec<(i64, &'static str)>,
}

impl<'d> Plan<'d> {
    /// Matches the header of a file with the declaration. `known` has what each of the lookups
    /// finds, in their order.
    ///
    /// # Errors
    /// When declared columns are not in the header: all of them are named.
    pub fn new(dataset: &'d Dataset, known: &'d [Known], header: &str) -> Result<Self> {
        let delimiter = dataset.delimiter;
        let mut places = Vec::new();
        fields::split(header.as_bytes(), delimiter, &mut places)
            .ok_or_else(|| Error::data("the header line cannot be cut into fields"))?;
        let header: Vec<String> = places.iter().map(|field| plain(&field.text(header))).collect();
        let names = dataset.reasons();
        let bit = |reason: Option<&str>| {
            let place = reason.and_then(|reason| names.iter().position(|other| *other == reason));
            place.map_or(0, |place| 1_u64 << place)
        };
        let mut steps = Vec::new();
        let mut lacking = Vec::new();
        for field in &dataset.columns {
            let own = |(_, name): &(usize, &String)| **name == plain(&field.name);
            let mut found = header.iter().enumerate().filter(own);
            let Some((number, _)) = found.next() else {
                lacking.push(format!("`{}`", field.name));
                continue;
            };
            if found.next().is_some() {
                let message = format!("the header has `{}` twice", field.name);
                return Err(Error::data(message)
                    .hint("which of the two is meant? the export has to say it"));
            }
            let lookups = dataset.lookups.iter().zip(known);
            let own = lookups.filter(|(lookup, _)| lookup.column == field.column());
            let known: Vec<_> = own.map(|(l, known)| (known, bit(l.refuse.as_deref()))).collect();
            steps.push(Step::new(field, number, known, bit(field.refuse.as_deref())));
        }
        if !lacking.is_empty() {
            return Err(Error::data(format!("missing column(s) {}", lacking.join(", ")))
                .hint("the declaration names the columns of the file as its header does"));
        }
        let rules = dataset.rules.iter().map(|declared| {
            let judged = declared.check.columns().into_iter();
            let judged = judged.filter_map(|name| dataset.columns.get(dataset.place(name)?));
            let unless = judged.fold(0, |all, field| all | bit(field.refuse.as_deref()));
            Rule::new(dataset, &declared.check, (bit(Some(&declared.name)), unless))
        });
        let rules = rules.collect::<Result<_>>()?;
        let period = dataset.place(&dataset.period.month_of);
        let period = period.ok_or_else(|| Error::internal("the period is that of a column"))?;
        Ok(Self { count: header.len(), delimiter, steps, rules, period, reasons: names })
    }

    /// Number of fields in a record.
    #[must_use]
    pub fn field_count(&self) -> usize {
        self.count
    }

    /// The number of the field that a column is read from.
    #[must_use]
    pub fn field_of(&self, column: usize) -> usize {
        self.steps.get(column).map_or(usize::MAX, |step| step.field)
    }

    /// The texts of each column that has some, by their codes.
    #[must_use]
    pub fn texts(&self) -> Vec<Arc<Vec<Arc<str>>>> {
        self.steps.iter().map(Step::texts).collect()
    }

    /// Records cut with care, as a run of regular ones with the line of each; and the lines of
    /// those that have not the shape of the file, with the reason.
    #[must_use]
    pub fn mended(&self, block: &Block) -> Mended {
        let mut mended = Mended { refused: block.broken.clone(), ..Mended::default() };
        let mut places = Vec::new();
        for record in &block.records {
            let bytes = block.bytes_of(record);
            let shape = match std::str::from_utf8(bytes) {
                Err(_) => Err(reasons::ENCODING),
                Ok(text) => match fields::split(bytes, self.delimiter, &mut places) {
                    None => Err(reasons::QUOTES),
                    Some(()) if places.len() != self.count => Err(reasons::FIELD_COUNT),
                    Some(()) => Ok(text),
                },
            };
            match shape {
                Ok(text) => {
                    mended.lines.push(record.line);
                    for (number, place) in places.iter().enumerate() {
                        if number > 0 {
                            mended.run.push(self.delimiter);
                        }
                        mended.run.push(b'"');
                        let text = place.text(text).replace('"', "\"\"");
                        mended.run.extend_from_slice(text.as_bytes());
                        mended.run.push(b'"');
                    }
                    mended.run.push(b'\n');
                }
                Err(reason) => {
                    let reason = if record.has_line_end { reason } else { reasons::TRUNCATED };
                    mended.refused.push((record.line, reason));
                }
            }
        }
        mended.refused.sort_unstable();
        mended
    }

    /// Reads the records of a run.
    ///
    /// # Errors
    /// When they cannot be cut without care.
    pub fn read(&self, bytes: &[u8], scratch: &mut Scratch) -> Outcome {
        let Scratch { scan, memos, months, masks } = scratch;
        if std::str::from_utf8(bytes).is_err() {
            return Err(Irregular);
        }
        scan.read(bytes, self.delimiter, self.count)?;
        memos.resize_with(self.steps.len(), Memo::default);
        months.clear();
        masks.clear();
        masks.resize(scan.records(), 0);
        let mut columns = Vec::with_capacity(self.steps.len());
        for (place, (step, memo)) in self.steps.iter().zip(memos).enumerate() {
            let months = (place == self.period).then_some(&mut *months);
            columns.push(step.read((bytes, scan), memo, (months, masks)));
        }
        for rule in &self.rules {
            rule.judge(&columns, masks);
        }
        let mut refused = Vec::new();
        let (mut line, mut at) = (0, 0);
        for (record, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            let end = scan.record_end(record);
            let start = end - scan.record(bytes, record).len().min(end);
            line += feeds(bytes, at..start);
            at = start;
            let (mut text, mut ends) = (String::new(), Vec::with_capacity(self.count));
            for raw in scan.fields_of(bytes, record) {
                text.push_str(&String::from_utf8_lossy(&unquoted(raw)));
                ends.push(text.len());
            }
            refused.push(Refused { record, line, reasons: *mask, text, ends });
        }
        let lines = line + feeds(bytes, at..bytes.len());
        let print = |record| fingerprint(scan.record(bytes, record)).cast_signed();
        columns.push(Values::Instants((0..masks.len()).map(print).collect()));
        let (rows, months) = by_month(months, masks);
        Ok(Piece { columns, rows, months, refused, records: masks.len(), lines })
    }
}

/// Line feeds in a range.
fn feeds(bytes: &[u8], range: std::ops::Range<usize>) -> i64 {
    let count = memchr::memchr_iter(b'\n', bytes.get(range).unwrap_or_default()).count();
    i64::try_from(count).unwrap_or_default()
}

/// The rows without reasons, by month, and the rows of each.
fn by_month(months: &[i32], masks: &[u64]) -> (Vec<u32>, Vec<(i32, std::ops::Range<usize>)>) {
    let good = months.iter().zip(masks).zip(0_u32..).filter(|((_, mask), _)| **mask == 0);
    let mut rows: Vec<(i32, u32)> = good.map(|((month, _), row)| (*month, row)).collect();
    rows.sort_unstable();
    let mut found = Vec::new();
    let mut start = 0;
    for group in rows.chunk_by(|one, other| one.0 == other.0) {
        let month = group.first().map_or(0, |(month, _)| *month);
        found.push((month, start..start + group.len()));
        start += group.len();
    }
    (rows.into_iter().map(|(_, row)| row).collect(), found)
}
