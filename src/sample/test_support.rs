//! What the tests of the export share: invented places, files in memory, a reader of CSV.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::rc::Rc;

use serde_json::Value;

use crate::sample::{Format, Place, Request, Summary, datalake, documents, write};

const PLACES: &str = "01053 01000 01 41000;02691 02100 02 53000;03190 03000 03 20000;\
    04070 04000 04 16000;06088 06000 06 342000;10387 10000 10 61000;13055 13001 13 870000;\
    13201 13001 13 40000;14118 14000 14 106000;16015 16000 16 41000;21231 21000 21 159000;\
    22278 22000 22 44000;24322 24000 24 30000;25056 25000 25 117000;29019 29200 29 140000;\
    2A004 20000 2A 71000;2B033 20200 2B 48000;31555 31000 31 493000;33063 33000 33 260000;\
    34172 34000 34 295000;35238 35000 35 222000;37261 37000 37 137000;38185 38000 38 158000;\
    42218 42000 42 173000;44109 44000 44 320000;45234 45000 45 116000;49007 49000 49 155000;\
    51454 51100 51 181000;54395 54000 54 104000;57463 57000 57 118000;59350 59000 59 236000;\
    62041 62000 62 42000;63113 63000 63 147000;67482 67000 67 287000;69381 69001 69 29000;\
    75111 75011 75 145000;76540 76000 76 112000;93066 93200 93 112000;97105 97100 971 10000;\
    97209 97200 972 78000;97302 97300 973 63000;97411 97490 974 153000;97608 97600 976 71000;\
    97801 97150 978 32000;98818 98800 988 94000";

/// Identifiers.
pub(super) type Ids = BTreeSet<String>;
pub(super) type Files = BTreeMap<String, Vec<u8>>;
pub(super) type Table = Vec<Vec<String>>;

#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn places() -> Vec<Place> {
    let parsed = PLACES.split(';').map(|entry| {
        let parts: Vec<String> = entry.split_whitespace().map(str::to_owned).collect();
        Place {
            code: parts[0].clone(),
            postal_code: parts[1].clone(),
            departement: parts[2].clone(),
            population: parts[3].parse().unwrap(),
        }
    });
    parsed.collect()
}

pub(super) fn sample(rows: u64, seed: u64) -> (Summary, Files) {
    sample_in(None, rows, seed)
}

/// Writes one format, or the usual folder.
pub(super) fn sample_in(format: Option<Format>, rows: u64, seed: u64) -> (Summary, Files) {
    let places = places();
    let request = Request { rows, seed, places: &places, last_day: (2025, 6, 30), format };
    let mut written: Vec<(String, Memory)> = Vec::new();
    let summary = write(&request, &mut |name| {
        let memory = Memory::default();
        written.push((name.to_owned(), memory.clone()));
        Ok(Box::new(memory))
    });
    let files = written.into_iter().map(|(name, memory)| (name, memory.0.borrow().clone()));
    (summary.unwrap(), files.collect())
}

/// Reads CSV by RFC 4180; the header is the first row.
pub(super) fn table(files: &Files, name: &str, separator: char) -> Table {
    let text = String::from_utf8(files[name].clone()).unwrap();
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut characters) = (false, text.chars().peekable());
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => field.push(character),
            '\n' => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ if character == separator => row.push(std::mem::take(&mut field)),
            _ => field.push(character),
        }
    }
    assert!(!is_quoted);
    rows
}

pub(super) fn tally<T>(rows: impl Iterator<Item = T>, keep: impl Fn(&T) -> bool) -> u64 {
    u64::try_from(rows.filter(keep).count()).unwrap()
}

pub(super) fn number(field: &str) -> i64 {
    field.parse().unwrap_or(0)
}

pub(super) fn files(format: Format, rows: u64) -> Files {
    sample_in(Some(format), rows, 7).1
}

pub(super) fn first_column(table: &[Vec<String>]) -> Ids {
    table.iter().skip(1).map(|row| row[0].clone()).collect()
}

pub(super) fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) fn gunzipped(files: &Files) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&files[datalake::FILE][..]).read_to_string(&mut text).unwrap();
    text
}

pub(super) fn stored_documents(files: &Files) -> Vec<Value> {
    lines(&zstd::decode_all(&files[documents::FILE][..]).unwrap())
}
