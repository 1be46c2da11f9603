//! A source's declaration, compiled once: for each staged column, where its text is and how it is
//! read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use crate::definition::source::{Mapping, Reading, Source};
use crate::error::{Error, Result};
use crate::ingest::Context;
use crate::ingest::cell::{Cell, Reader};
use crate::ingest::fields::{self, Field};
use crate::ingest::json::{self, Misshapen, Object};
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns;
use crate::vocabulary::reject::reasons;
use crate::vocabulary::tables::{self, Table};

/// Unknown keys of JSON objects that are remembered.
const UNKNOWN_MAX: usize = 100;

/// A compiled declaration.
pub(super) struct Plan<'a> {
    table: &'static Table,
    shape: Shape,
    steps: Vec<Step<'a>>,
    missing: Vec<String>,
    /// Keys of a JSON object that the source reads or drops, and those met that are not among them.
    known: BTreeSet<String>,
    unknown: Mutex<BTreeSet<String>>,
}

enum Shape {
    /// Delimiter and number of fields.
    Csv(u8, usize),
    Jsonl,
}

struct Step<'a> {
    /// Place in the staged table.
    column: usize,
    name: &'a str,
    from: From,
    required: bool,
    /// The file may lack it.
    optional: bool,
    /// Whether some record had its key, and whether some had the object it belongs to without it.
    is_seen: AtomicBool,
    is_lacking: AtomicBool,
    reader: Reader<'a>,
}

enum From {
    Field(usize),
    /// Keys, and the separator of a list.
    Path(Vec<String>, Option<&'static str>),
    /// The file does not have it.
    Nowhere,
}

/// What one task reuses from record to record.
pub(super) struct Scratch {
    fields: Vec<Field>,
    /// One cell a column of the staged table.
    pub(super) cells: Vec<Cell>,
    /// The text of the cells.
    pub(super) text: String,
    /// Flags of the record.
    pub(super) flags: Vec<&'static str>,
    participants: Option<usize>,
}

impl Scratch {
    /// Participants of the record last read, 0 when they could not be read.
    pub(super) fn participants(&self) -> i64 {
        match self.participants.and_then(|column| self.cells.get(column)) {
            Some(Cell::Number(number)) => *number,
            _ => 0,
        }
    }
}

/// Whether a record was refused for its shape alone.
pub(super) fn is_shape(found: &[String]) -> bool {
    let shapes = [reasons::FIELD_COUNT, reasons::QUOTES, reasons::JSON];
    found.iter().all(|reason| shapes.contains(&reason.as_str()))
}

impl<'a> Plan<'a> {
    /// Matches a CSV header with the declaration.
    ///
    /// # Errors
    /// When declared columns are not in the header: all of them are named.
    pub(super) fn of_csv(source: &'a Source, context: Context<'a>, header: &str) -> Result<Self> {
        let delimiter = super::delimiter(source)?;
        let mut places = Vec::new();
        fields::split(header.as_bytes(), delimiter, &mut places)
            .ok_or_else(|| Error::data("the header line cannot be cut into fields"))?;
        let mut names: Vec<String> =
            places.iter().map(|field| plain(&field.text(header))).collect();
        names.extend(source.tail.iter().map(|name| plain(name)));
        let (mut lacking, mut doubled) = (Vec::new(), None);
        let shape = Shape::Csv(delimiter, names.len());
        let plan = Self::new(source, context, shape, |mapping| {
            let wanted = plain(&mapping.from);
            let mut places = names.iter().enumerate().filter(|(_, name)| **name == wanted);
            let place = places.next();
            if places.next().is_some() {
                doubled = Some(mapping.from.clone());
            }
            if place.is_none() && !mapping.optional {
                lacking.push(format!("`{}`", mapping.from));
            }
            place.map_or(From::Nowhere, |(index, _)| From::Field(index))
        })?;
        if let Some(name) = doubled {
            return Err(Error::data(format!("the header has `{name}` twice"))
                .hint("which of the two is meant? the export has to say it"));
        }
        if lacking.is_empty() {
            let of_tail: Vec<String> = source.tail.iter().map(|name| plain(name)).collect();
            let is_unknown = |name: &&String| {
                !name.is_empty() && !plan.known.contains(*name) && !of_tail.contains(name)
            };
            let unknown = names.iter().filter(is_unknown).map(|name| shortened(name)).collect();
            return Ok(Self { unknown: Mutex::new(unknown), ..plan });
        }
        let error = Error::data(format!("missing column(s) {}", lacking.join(", ")));
        // Where nothing is recognised the line may be data, which is not to be shown.
        if lacking.len() == source.columns.values().filter(|mapping| !mapping.optional).count() {
            return Err(error.hint("no declared column is in the first line: is it a header?"));
        }
        Err(error.hint(format!("the header has {} field(s): {}", names.len(), shown(&names))))
    }

    /// Each column is a path in the line's object.
    pub(super) fn of_jsonl(source: &'a Source, context: Context<'a>) -> Result<Self> {
        Self::new(source, context, Shape::Jsonl, |mapping| {
            let separator = (mapping.reading == Reading::Codes).then_some(SEPARATOR);
            From::Path(mapping.from.split('.').map(str::to_owned).collect(), separator)
        })
    }

    fn new(
        source: &'a Source,
        context: Context<'a>,
        shape: Shape,
        mut locate: impl FnMut(&Mapping) -> From,
    ) -> Result<Self> {
        let table = tables::staged(source.subject);
        let paris = TimeZone::get("Europe/Paris").map_err(|error| {
            Error::internal("the time zone Europe/Paris is known").because(error)
        })?;
        let mut steps = Vec::new();
        for (name, mapping) in &source.columns {
            let column = column_index(table, name)
                .ok_or_else(|| Error::internal(format!("`{name}` is a column of the table")))?;
            steps.push(Step {
                column,
                name,
                from: locate(mapping),
                required: mapping.required,
                optional: mapping.optional,
                is_seen: AtomicBool::new(false),
                is_lacking: AtomicBool::new(false),
                reader: Reader::new(source, mapping, context, paris.clone()),
            });
        }
        steps.sort_by_key(|step| step.column);
        let first = |path: &String| path.split('.').next().map(plain);
        let known = source.columns.values().map(|mapping| &mapping.from);
        let known = known.chain(&source.dropped);
        let known = match shape {
            Shape::Csv(..) => known.map(|name| plain(name)).collect(),
            Shape::Jsonl => known.filter_map(first).collect(),
        };
        let missing = source.missing.clone();
        Ok(Self { table, shape, steps, missing, known, unknown: Mutex::default() })
    }

    /// Columns met that the source neither reads nor drops.
    pub(super) fn unknown_columns(&self) -> Vec<String> {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.iter().cloned().collect()
    }

    /// Fails when no record of a JSON file had a key that is declared: it was probably renamed.
    ///
    /// # Errors
    /// Names all such keys.
    pub(super) fn check_seen(&self, records: u64) -> Result<()> {
        let lacking: Vec<String> = self
            .steps
            .iter()
            .filter(|step| !step.optional && step.is_lacking.load(Ordering::Relaxed))
            .filter(|step| !step.is_seen.load(Ordering::Relaxed))
            .filter_map(|step| match &step.from {
                From::Path(path, _) => Some(format!("`{}`", path.join("."))),
                From::Field(_) | From::Nowhere => None,
            })
            .collect();
        if records == 0 || lacking.is_empty() {
            return Ok(());
        }
        Err(Error::data(format!("no record has the key(s) {}", lacking.join(", ")))
            .hint("was a key renamed? `optional = true` in the source allows its absence"))
    }

    /// The staged table.
    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    /// Fields of a CSV record.
    pub(super) fn field_count(&self) -> usize {
        match self.shape {
            Shape::Csv(_, count) => count,
            Shape::Jsonl => 0,
        }
    }

    /// Working memory for one task.
    pub(super) fn scratch(&self) -> Scratch {
        Scratch {
            fields: Vec::with_capacity(self.field_count()),
            cells: vec![Cell::Null; self.table.columns.len()],
            text: String::new(),
            flags: Vec::new(),
            participants: column_index(self.table, columns::NB_PARTICIPANTS.name),
        }
    }

    /// Reads one record into the scratch.
    ///
    /// # Errors
    /// All reasons to refuse it.
    pub(super) fn read(
        &self,
        record: &str,
        scratch: &mut Scratch,
    ) -> std::result::Result<(), Vec<String>> {
        scratch.text.clear();
        scratch.flags.clear();
        scratch.cells.fill(Cell::Null);
        match self.shape {
            Shape::Csv(delimiter, count) => self.read_csv(record, (delimiter, count), scratch),
            Shape::Jsonl => self.read_json(record, scratch),
        }
    }

    fn read_csv(
        &self,
        record: &str,
        (delimiter, count): (u8, usize),
        scratch: &mut Scratch,
    ) -> std::result::Result<(), Vec<String>> {
        let mut fields = std::mem::take(&mut scratch.fields);
        let is_cut = fields::split(record.as_bytes(), delimiter, &mut fields).is_some();
        let result = if !is_cut {
            Err(vec![reasons::QUOTES.to_owned()])
        } else if fields.len() != count {
            Err(vec![reasons::FIELD_COUNT.to_owned()])
        } else {
            self.read_cells(scratch, |step| match step.from {
                From::Field(index) => Ok(fields.get(index).map(|field| field.text(record))),
                From::Path(..) | From::Nowhere => Ok(None),
            })
        };
        scratch.fields = fields;
        result
    }

    fn read_json(
        &self,
        record: &str,
        scratch: &mut Scratch,
    ) -> std::result::Result<(), Vec<String>> {
        let Ok(object) = serde_json::from_str::<Object>(record) else {
            return Err(vec![reasons::JSON.to_owned()]);
        };
        for key in object.0.keys().filter(|key| !self.known.contains(*key)) {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            unknown.insert(shortened(key));
            if unknown.len() > UNKNOWN_MAX {
                unknown.pop_last();
            }
        }
        self.read_cells(scratch, |step| match &step.from {
            From::Path(path, separator) => {
                // Counts of 0 may be left out of their object; the object itself may not.
                let object_of = path.get(..path.len().saturating_sub(1).max(1)).unwrap_or(path);
                match json::has_key(&object, object_of) {
                    Some(true) => step.is_seen.store(true, Ordering::Relaxed),
                    Some(false) => step.is_lacking.store(true, Ordering::Relaxed),
                    None => {}
                }
                json::text(&object, path, *separator).map_err(|Misshapen| reasons::SHAPE)
            }
            From::Field(_) | From::Nowhere => Ok(None),
        })
    }

    fn read_cells<'r>(
        &self,
        scratch: &mut Scratch,
        text_of: impl Fn(&Step<'_>) -> std::result::Result<Option<Cow<'r, str>>, &'static str>,
    ) -> std::result::Result<(), Vec<String>> {
        let mut found = Vec::new();
        for step in &self.steps {
            let read = match text_of(step) {
                Ok(Some(raw)) if !self.is_missing(&raw) => {
                    step.reader.read(&raw, &mut scratch.text, &mut scratch.flags)
                }
                Ok(_) => Ok(Cell::Null),
                Err(reason) => Err(reason),
            };
            match read {
                Ok(Cell::Null) if step.required => {
                    found.push(format!("{}:{}", reasons::MISSING, step.name));
                }
                Ok(cell) => {
                    if let Some(place) = scratch.cells.get_mut(step.column) {
                        *place = cell;
                    }
                }
                Err(reason) => found.push(format!("{reason}:{}", step.name)),
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn is_missing(&self, raw: &str) -> bool {
        let text = raw.trim();
        text.is_empty() || self.missing.iter().any(|missing| missing == text)
    }
}

/// Where a column stands in a table.
pub(super) fn column_index(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name == name)
}

/// A header name without the accidents of typing: outer space and the kind of apostrophe.
fn plain(name: &str) -> String {
    name.trim().trim_start_matches('\u{feff}').replace('\u{2019}', "'")
}

/// A name from a file, short enough to be shown.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

fn shown(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(8).map(|name| shortened(name)).collect();
    let more = if names.len() > first.len() { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}
