//! A source's declaration, compiled once: for each staged column, where its text is and how it is
//! read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use crate::definition::source::{Absent, Mapping, Quotes, Reading, Source, Syntax};
use crate::error::{Error, Result};
use crate::ingest::Context;
use crate::ingest::cell::Reader;
use crate::ingest::fields;
use crate::ingest::loose::Layout;
use crate::ingest::sheet::FIELD_END;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::tables::{self, Table};
use crate::vocabulary::text::visible;

/// Unknown keys of JSON objects that are remembered.
const UNKNOWN_MAX: usize = 100;

/// A compiled declaration.
pub(super) struct Plan<'a> {
    pub(super) table: &'static Table,
    pub(super) cut: Cut,
    pub(super) steps: Vec<Step<'a>>,
    /// Fields with parts: their number and syntax.
    pub(super) nested: Vec<(usize, Syntax)>,
    /// Path of the list whose elements are the records.
    pub(super) each: Option<Vec<String>>,
    missing: Vec<String>,
    /// Keys of a JSON object that the source reads or drops, and those met that are not among them.
    known: BTreeSet<String>,
    unknown: Mutex<BTreeSet<String>>,
}

/// How a record is cut.
pub(super) enum Cut {
    /// Fields, by RFC 4180: delimiter and number; and the one that may hold the delimiter.
    Quoted(u8, usize, Option<usize>),
    /// Fields without quotes.
    Loose(Layout),
    /// A JSON object.
    Object,
}

/// What becomes one column.
pub(super) struct Step<'a> {
    /// Place in the staged table.
    pub(super) column: usize,
    pub(super) name: &'a str,
    /// Where its text may be, best first; nowhere when the file does not have it.
    pub(super) from: Vec<Place>,
    /// Where an older form has one code for a whole group, and the code of this band.
    pub(super) group: Option<(Place, &'a str)>,
    /// Where it is told what a missing value stands for.
    pub(super) absent: Option<(Place, &'a Absent)>,
    /// Joins the elements of a list.
    pub(super) separator: Option<&'static str>,
    pub(super) required: bool,
    /// The file may lack it.
    optional: bool,
    /// Whether some record had its key, and whether some had the object it belongs to without it.
    is_seen: AtomicBool,
    is_lacking: AtomicBool,
    pub(super) reader: Reader<'a>,
}

/// Where a text is in a record.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The field of this number.
    Field(usize),
    /// A part of the nested field of this number.
    Part(usize, Vec<String>),
    /// A value of the object.
    Path(Vec<String>),
    /// A value of the element of the object's list.
    Element(Vec<String>),
}

impl<'a> Plan<'a> {
    /// Matches a CSV header with the declaration.
    ///
    /// # Errors
    /// When declared columns are not in the header: all of them are named.
    pub(super) fn of_csv(source: &'a Source, context: Context<'a>, header: &str) -> Result<Self> {
        let delimiter = super::delimiter(source)?;
        let mut names: Vec<String> = match source.quotes {
            Quotes::None => header.split(char::from(delimiter)).map(plain).collect(),
            Quotes::Double => {
                let mut places = Vec::new();
                fields::split(header.as_bytes(), delimiter, &mut places)
                    .ok_or_else(|| Error::data("the header line cannot be cut into fields"))?;
                places.iter().map(|field| plain(&field.text(header))).collect()
            }
        };
        names.extend(source.tail.iter().map(|name| plain(name)));
        if source.trailing_delimiter {
            names.push(String::new());
        }
        let number = |wanted: &str| names.iter().position(|name| *name == plain(wanted));
        let absorbs = source.absorbs.as_deref().and_then(number);
        let cut = match source.quotes {
            Quotes::Double => Cut::Quoted(delimiter, names.len(), absorbs),
            Quotes::None => {
                let is_json = |syntax: &Syntax| *syntax == Syntax::Json;
                let json = source.nested.iter().filter(|(_, syntax)| is_json(syntax));
                Cut::Loose(Layout {
                    delimiter,
                    count: names.len(),
                    json: json.filter_map(|(name, _)| number(name)).collect(),
                    absorbs,
                })
            }
        };
        Self::of_fields(source, context, (cut, &names))
    }

    /// Matches the columns of a sheet or of a Parquet file with the declaration.
    ///
    /// # Errors
    /// When declared columns are lacking: all of them are named.
    pub(super) fn of_columns(
        source: &'a Source,
        context: Context<'a>,
        names: &[String],
    ) -> Result<Self> {
        let layout =
            Layout { delimiter: FIELD_END, count: names.len(), json: Vec::new(), absorbs: None };
        let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        Self::of_fields(source, context, (Cut::Loose(layout), &names))
    }

    fn of_fields(
        source: &'a Source,
        context: Context<'a>,
        (cut, names): (Cut, &[String]),
    ) -> Result<Self> {
        let number = |wanted: &str| names.iter().position(|name| *name == plain(wanted));
        let mut nested = Vec::new();
        for (name, syntax) in &source.nested {
            nested.extend(number(name).map(|number| (number, *syntax)));
        }
        let locate = |wanted: &str| {
            if let Some(number) = number(wanted) {
                let part = nested.iter().position(|(nested, _)| *nested == number);
                return Some(part.map_or(Place::Field(number), |part| Place::Part(part, vec![])));
            }
            let (head, rest) = wanted.split_once('.')?;
            let head = number(head)?;
            let part = nested.iter().position(|(number, _)| *number == head)?;
            Some(Place::Part(part, path(rest)))
        };
        let mut lacking = Vec::new();
        let is_double = |place: &&String| names.iter().filter(|n| **n == plain(place)).count() > 1;
        for mapping in source.columns.values() {
            if let Some(name) = mapping.from.all().iter().find(is_double) {
                return Err(Error::data(format!("the header has `{name}` twice"))
                    .hint("which of the two is meant? the export has to say it"));
            }
            let is_there = mapping.from.all().iter().any(|place| locate(place).is_some());
            if !is_there && !mapping.optional {
                lacking.push(mapping.from.shown());
            }
        }
        if lacking.is_empty() {
            let plan = Self::new(source, context, cut, &locate)?;
            let of_tail: Vec<String> = source.tail.iter().map(|name| plain(name)).collect();
            let is_unknown = |name: &&String| {
                !name.is_empty() && !plan.known.contains(*name) && !of_tail.contains(name)
            };
            let unknown = names.iter().filter(is_unknown).map(|name| shortened(name)).collect();
            return Ok(Self { unknown: Mutex::new(unknown), nested, ..plan });
        }
        let error = Error::data(format!("missing column(s) {}", lacking.join(", ")));
        // Where nothing is recognised the line may be data, which is not to be shown.
        if lacking.len() == source.columns.values().filter(|mapping| !mapping.optional).count() {
            return Err(error.hint("no declared column is in the first line: is it a header?"));
        }
        Err(error.hint(format!("the header has {} field(s): {}", names.len(), shown(names))))
    }

    /// Each column is a path in an object.
    pub(super) fn of_objects(source: &'a Source, context: Context<'a>) -> Result<Self> {
        let prefix = source.each.as_deref().map(|each| format!("{each}."));
        Self::new(source, context, Cut::Object, &|wanted| {
            let of_element = prefix.as_deref().and_then(|prefix| wanted.strip_prefix(prefix));
            Some(of_element.map_or_else(|| Place::Path(path(wanted)), |p| Place::Element(path(p))))
        })
    }

    fn new(
        source: &'a Source,
        context: Context<'a>,
        cut: Cut,
        locate: &dyn Fn(&str) -> Option<Place>,
    ) -> Result<Self> {
        let table = tables::staged(source.subject);
        let paris = TimeZone::get("Europe/Paris").map_err(|error| {
            Error::internal("the time zone Europe/Paris is known").because(error)
        })?;
        let mut steps = Vec::new();
        for (name, mapping) in &source.columns {
            let column = column_index(table, name)
                .ok_or_else(|| Error::internal(format!("`{name}` is a column of the table")))?;
            let group = mapping.group.as_ref();
            let absent = mapping.absent.as_ref();
            steps.push(Step {
                column,
                name,
                from: mapping.from.all().iter().filter_map(|place| locate(place)).collect(),
                group: group.and_then(|group| Some((locate(&group.from)?, group.is.as_str()))),
                absent: absent.and_then(|absent| Some((locate(&absent.when)?, absent))),
                separator: (mapping.reading == Reading::Codes).then_some(SEPARATOR),
                required: mapping.required,
                optional: mapping.optional,
                is_seen: AtomicBool::new(false),
                is_lacking: AtomicBool::new(false),
                reader: Reader::new(source, mapping, context, paris.clone()),
            });
        }
        steps.sort_by_key(|step| step.column);
        let is_object = matches!(cut, Cut::Object);
        let head = |place: &str| match place.split_once('.') {
            Some((head, _)) if is_object || source.nested.contains_key(head) => plain(head),
            _ => plain(place),
        };
        let known = source.columns.values().flat_map(places).chain(&source.dropped);
        let known = known.map(|place| head(place)).collect();
        Ok(Self {
            table,
            cut,
            steps,
            nested: Vec::new(),
            each: source.each.as_deref().map(path),
            missing: source.missing.clone(),
            known,
            unknown: Mutex::default(),
        })
    }

    /// Remembers the keys of an object that the source neither reads nor drops.
    pub(super) fn note_keys<'k>(&self, keys: impl Iterator<Item = &'k String>) {
        for key in keys.filter(|key| !self.known.contains(*key)) {
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            unknown.insert(shortened(key));
            if unknown.len() > UNKNOWN_MAX {
                unknown.pop_last();
            }
        }
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
    pub(super) fn check_seen(&self, source: &Source, records: u64) -> Result<()> {
        let lacking: Vec<String> = self
            .steps
            .iter()
            .filter(|step| !step.optional && step.is_lacking.load(Ordering::Relaxed))
            .filter(|step| !step.is_seen.load(Ordering::Relaxed))
            .filter_map(|step| Some(source.columns.get(step.name)?.from.shown()))
            .collect();
        if records == 0 || lacking.is_empty() {
            return Ok(());
        }
        Err(Error::data(format!("no record has the key(s) {}", lacking.join(", ")))
            .hint("was a key renamed? `optional = true` in the source allows its absence"))
    }

    /// Fields of a delimited record.
    pub(super) fn field_count(&self) -> usize {
        match &self.cut {
            Cut::Quoted(_, count, _) => *count,
            Cut::Loose(layout) => layout.count,
            Cut::Object => 0,
        }
    }

    /// Whether a text means "no value".
    pub(super) fn is_missing(&self, raw: &str) -> bool {
        let text = raw.trim();
        text.is_empty() || self.missing.iter().any(|missing| missing == text)
    }
}

impl Step<'_> {
    /// Remembers whether a record has the key of the column.
    pub(super) fn note(&self, is_there: bool) {
        let place = if is_there { &self.is_seen } else { &self.is_lacking };
        place.store(true, Ordering::Relaxed);
    }
}

/// All places a mapping looks at.
fn places(mapping: &Mapping) -> impl Iterator<Item = &String> {
    let group = mapping.group.iter().map(|group| &group.from);
    let absent = mapping.absent.iter().map(|absent| &absent.when);
    mapping.from.all().iter().chain(group).chain(absent)
}

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

/// Where a column stands in a table.
pub(super) fn column_index(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name == name)
}

/// A header name without the accidents of typing: outer space and the kind of apostrophe.
pub(super) fn plain(name: &str) -> String {
    name.trim().trim_start_matches('\u{feff}').replace('\u{2019}', "'")
}

/// A name from a file, short enough to be shown; one that may tell of a person is hidden.
fn shortened(name: &str) -> String {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if name.contains('@') || digits >= 6 {
        return "(nom masqué)".to_owned();
    }
    visible(&name.chars().take(40).collect::<String>()).into_owned()
}

fn shown(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(8).map(|name| shortened(name)).collect();
    let more = if names.len() > first.len() { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}
