//! A sheet of a workbook becomes records of delimited fields; rows of one record are grouped.
//!
//! The header is the first row that has all the columns the source reads: whatever precedes it is
//! about the export, not in it. The number of a record is that of its first row in the sheet.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Cursor, Read as _};

use calamine::{Cell, DataRef, Reader as _, Xlsx, XlsxCellReader};

use crate::definition::source::{Reading, Source};
use crate::error::{Error, Result};
use crate::ingest::guarded::guarded;
use crate::ingest::plan::plain;
use crate::ingest::records::{BLOCK, Block, RECORD_MAX, Reader, unreadable};
use crate::ingest::{WHOLE_MAX, archive, too_large_whole};
use crate::vocabulary::reject::reasons;
use crate::vocabulary::text::visible;

/// Separates the fields of a record, and the values of a grouped field; no cell may hold them.
pub(super) const FIELD_END: u8 = 0x1F;
/// Separates the values of a grouped field.
pub(super) const VALUE_END: char = '\u{1E}';
/// Rows that may precede the header.
const HEAD_ROWS_MAX: u32 = 200;
/// Columns a header may have.
const WIDTH_MAX: usize = 512;

type Cells<'a> = XlsxCellReader<'a, Cursor<Vec<u8>>>;

/// A sheet, read.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Names of the fields.
    pub(super) names: Vec<String>,
    /// Rows that went into the record of an earlier row.
    pub(super) merged: u64,
    records: std::vec::IntoIter<Grouped>,
}

/// Rows of one record: the fields of the first, and all values of those that are counted.
#[derive(Debug)]
struct Grouped {
    row: i64,
    /// Ranks of the people among the rows.
    ranks: HashSet<String>,
    fields: Vec<String>,
}

impl Sheet {
    /// Reads a sheet from the bytes of a workbook.
    ///
    /// # Errors
    /// When it is no workbook, lacks the sheet, or no row has the columns of the source.
    pub(super) fn open(bytes: Vec<u8>, source: &Source) -> Result<Self> {
        check_parts(&bytes)?;
        guarded("workbook", || Self::read(bytes, source))
    }

    fn read(bytes: Vec<u8>, source: &Source) -> Result<Self> {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| {
            Error::data(format!("the workbook cannot be opened: {error}"))
                .hint("is it an XLSX file, whole? open it in a spreadsheet and save it again")
        })?;
        let names = book.sheet_names();
        let wanted = source.sheet.clone().or_else(|| names.first().cloned());
        let Some(name) = wanted.filter(|wanted| names.contains(wanted)) else {
            return Err(Error::data(format!(
                "the workbook has no sheet `{}`; it has {}",
                source.sheet.as_deref().unwrap_or_default(),
                names
                    .iter()
                    .map(|name| format!("`{}`", visible(name)))
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        };
        let mut rows = Rows {
            cells: book.worksheet_cells_reader(&name).map_err(failed)?,
            next: None,
            is_at_end: false,
            width: WIDTH_MAX,
        };
        let names = header(&mut rows, source)?;
        rows.width = names.len();
        group(rows, names, source)
    }
}

impl Reader for Sheet {
    fn next_block(&mut self) -> Result<Option<Block>> {
        let mut block = Block::default();
        for record in self.records.by_ref() {
            let separator = char::from(FIELD_END).to_string();
            let fields = record.fields.join(&separator);
            if fields.len() > RECORD_MAX {
                block.refuse(record.row, reasons::TOO_LONG);
                continue;
            }
            block.append(fields.as_bytes(), record.row);
            if block.len() > BLOCK {
                break;
            }
        }
        Ok((!block.is_empty()).then_some(block))
    }
}

/// Fails where a workbook unpacks to more than is read, or says that it has more texts than there
/// is room for: its reader would make that room first.
fn check_parts(bytes: &[u8]) -> Result<()> {
    let mut parts = archive::open(Cursor::new(bytes)).map_err(|error| Error {
        message: format!("the workbook cannot be opened: {}", error.message),
        ..error
    })?;
    let mut unpacked: u64 = 0;
    for number in 0..parts.len() {
        let part = parts.by_index_raw(number).map_err(|error| archive::damaged(&error))?;
        unpacked = unpacked.saturating_add(part.size());
        if unpacked > WHOLE_MAX {
            return Err(too_large_whole());
        }
        let is_texts = part.name_raw().to_ascii_lowercase().ends_with(b"sharedstrings.xml");
        drop(part);
        if !is_texts {
            continue;
        }
        let mut texts = Vec::new();
        let mut part = parts.by_index(number).map_err(|error| archive::damaged(&error))?;
        part.read_to_end(&mut texts).map_err(unreadable)?;
        if most_texts(&texts) > texts.len() {
            return Err(Error::data("the workbook says that it has more texts than bytes")
                .hint("open it in a spreadsheet and save it again"));
        }
    }
    Ok(())
}

/// The largest number of texts that a list of them says it has.
fn most_texts(list: &[u8]) -> usize {
    const WORD: &[u8] = b"uniqueCount";
    let numbers = memchr::memmem::find_iter(list, WORD).map(|at| {
        let behind = list.get(at + WORD.len()..).unwrap_or_default();
        let digits = behind.iter().skip_while(|byte| b" \t\r\n='\"+".contains(byte));
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        digits.fold(0_usize, |number, digit| {
            number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        })
    });
    numbers.max().unwrap_or_default()
}

/// Rows of a sheet, from its cells.
struct Rows<'a> {
    cells: Cells<'a>,
    next: Option<Cell<DataRef<'a>>>,
    is_at_end: bool,
    /// Columns looked at: those of the header, once it is known.
    width: usize,
}

impl Rows<'_> {
    /// The next row that has a value: its number from 1, and its texts.
    fn next_row(&mut self) -> Result<Option<(u32, Vec<String>)>> {
        let mut row: Option<u32> = None;
        let mut texts = Vec::new();
        loop {
            let cell = match self.next.take() {
                Some(cell) => Some(cell),
                // Behind the last cell the reader must not be asked again.
                None if self.is_at_end => None,
                None => self.cells.next_cell().map_err(failed)?,
            };
            let Some(cell) = cell else {
                self.is_at_end = true;
                break;
            };
            let (number, column) = cell.get_position();
            if row.is_some_and(|row| row != number) {
                self.next = Some(cell);
                break;
            }
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            let text = text(cell.get_value());
            if text.is_empty() || column >= self.width {
                continue;
            }
            row = Some(number);
            if texts.len() <= column {
                texts.resize(column + 1, String::new());
            }
            if let Some(place) = texts.get_mut(column) {
                *place = text;
            }
        }
        Ok(row.map(|row| (row.saturating_add(1), texts)))
    }
}

/// The names of the columns, once all that the source reads are in one row.
fn header(rows: &mut Rows<'_>, source: &Source) -> Result<Vec<String>> {
    let mut best: Vec<String> = Vec::new();
    let required = source.columns.values().filter(|mapping| !mapping.optional);
    let required: Vec<_> = required.map(|mapping| mapping.from.all()).collect();
    let has = |names: &[String], places: &[String]| {
        places.iter().any(|place| names.contains(&plain(place)))
    };
    while let Some((number, texts)) = rows.next_row()? {
        let names: Vec<String> = texts.iter().map(|text| plain(text)).collect();
        let lacking = |names: &[String]| required.iter().filter(|p| !has(names, p)).count();
        if lacking(&names) == 0 {
            return Ok(names);
        }
        if lacking(&names) < lacking(&best) {
            best = names;
        }
        if number > HEAD_ROWS_MAX {
            break;
        }
    }
    let lacking = required.iter().filter(|places| !has(&best, places));
    let lacking: BTreeSet<String> =
        lacking.map(|places| format!("`{}`", places.join("` or `"))).collect();
    let lacking: Vec<String> = lacking.into_iter().collect();
    Err(Error::data(format!("no row has all the columns; missing: {}", lacking.join(", ")))
        .hint("was a column of the export renamed? its name is in the source's declaration"))
}

/// Rows that agree on all that is read of an activity are one record, unless one of them repeats
/// the rank of another: then the activity is there twice.
fn group(mut rows: Rows<'_>, names: Vec<String>, source: &Source) -> Result<Sheet> {
    let layout = Layout::new(&names, source);
    let mut groups: Vec<Grouped> = Vec::new();
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    let mut merged = 0;
    while let Some((row, mut fields)) = rows.next_row()? {
        fields.resize(names.len(), String::new());
        let Some(key) = layout.key(&fields) else {
            groups.push(Grouped { row: row.into(), ranks: HashSet::new(), fields });
            continue;
        };
        let rank = layout.rank(&fields);
        let same = known.entry(key).or_default();
        let open = same
            .iter()
            .copied()
            .find(|place| groups.get(*place).is_some_and(|group| !group.ranks.contains(&rank)));
        match open.and_then(|place| groups.get_mut(place)) {
            Some(group) => {
                group.ranks.insert(rank);
                layout.add(group, &fields);
                merged += 1;
            }
            None => {
                same.push(groups.len());
                groups.push(Grouped { row: row.into(), ranks: HashSet::from([rank]), fields });
            }
        }
    }
    Ok(Sheet { names, merged, records: groups.into_iter() })
}

/// Which columns tell activities apart, and which tell their people.
struct Layout {
    /// Column of the identifier.
    id: Option<usize>,
    /// Columns that all rows of an activity share.
    shared: Vec<usize>,
    /// Columns of ranks, `2/5`.
    ranks: Vec<usize>,
    /// Columns whose values are counted.
    counted: Vec<usize>,
}

impl Layout {
    fn new(names: &[String], source: &Source) -> Self {
        let place = |wanted: &String| names.iter().position(|name| *name == plain(wanted));
        let of = |is_wanted: &dyn Fn(Reading) -> bool| {
            let read = source.columns.values().filter(|mapping| is_wanted(mapping.reading));
            let mut found: Vec<usize> =
                read.flat_map(|mapping| mapping.from.all()).filter_map(place).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        Self {
            id: source.group_by.as_ref().and_then(place),
            shared: of(&|reading| !matches!(reading, Reading::Tally | Reading::Whole)),
            ranks: of(&|reading| reading == Reading::Whole),
            counted: of(&|reading| reading == Reading::Tally),
        }
    }

    /// What rows of one activity share; `None` where they have no identifier.
    fn key(&self, fields: &[String]) -> Option<String> {
        self.id.and_then(|id| fields.get(id)).filter(|id| !id.is_empty())?;
        let rank = self.rank(fields);
        let whole = rank.split_once('/').map_or("1", |(_, whole)| whole);
        Some(format!("{}{}{whole}", joined(&self.shared, fields), char::from(FIELD_END)))
    }

    fn rank(&self, fields: &[String]) -> String {
        joined(&self.ranks, fields)
    }

    fn add(&self, group: &mut Grouped, fields: &[String]) {
        for column in &self.counted {
            if let (Some(all), Some(one)) = (group.fields.get_mut(*column), fields.get(*column)) {
                all.push(VALUE_END);
                all.push_str(one);
            }
        }
    }
}

fn joined(columns: &[usize], fields: &[String]) -> String {
    let texts: Vec<&str> =
        columns.iter().filter_map(|column| fields.get(*column)).map(String::as_str).collect();
    texts.join(&char::from(FIELD_END).to_string())
}

/// The text of a cell: dates as `AAAA-MM-JJ`, with the time where there is one.
fn text(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        // A whole number prints without decimals.
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(is_true) => is_true.to_string(),
        DataRef::DateTime(at) => {
            let (year, month, day, hours, minutes, seconds, _) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hours, minutes, seconds) == (0, 0, 0) {
                date
            } else {
                format!("{date} {hours:02}:{minutes:02}:{seconds:02}")
            }
        }
        DataRef::Error(error) => error.to_string(),
    };
    let text = text.trim();
    text.replace([char::from(FIELD_END), VALUE_END], " ")
}

fn failed(error: calamine::XlsxError) -> Error {
    Error::data(format!("the sheet cannot be read: {error}")).because(error)
}
