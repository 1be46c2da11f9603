//! Bytes are read as a source declares them; whatever they are, all that was met comes out.

// The readers and what they need, without the rest of conum and its slow build.
#[path = "../../../src/column/mod.rs"]
pub mod column;
#[path = "../../../src/definition/mod.rs"]
pub mod definition;
#[path = "../../../src/error.rs"]
pub mod error;
#[path = "../../../src/ingest/mod.rs"]
pub mod ingest;
pub mod protect;
#[path = "../../../src/vocabulary/mod.rs"]
pub mod vocabulary;
mod workbook;
// Once more, to call directly what is private to `ingest`.
#[path = "../../../src/ingest/edn.rs"]
mod edn;
#[path = "../../../src/ingest/time.rs"]
mod time;

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use jiff::tz::TimeZone;

use crate::definition::dataset::Dataset;
use crate::definition::source::Container;
use crate::definition::{Definitions, Files, is_declaration};
use crate::ingest::dataset::{Irregular, Plan, Runs, Scratch};
use crate::ingest::pseudonym::Key;
use crate::ingest::{Context, ingest};
use crate::workbook::{PARTS, workbook};

/// Blank lines that push a record over the end of the block it was in.
const SHIFT: usize = 10_000;

/// The declarations of `pipelines/`, and the sources of this folder beside them.
static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pipelines = here.join("../../pipelines");
    let mut files = Files::new();
    for folder in ["", "carte", "codelists", "corrections", "reference", "rules", "sources", "tables"] {
        add(&mut files, &pipelines.join(folder), folder);
    }
    add(&mut files, &here.join("sources"), "sources");
    // On the thread of the fuzzer: a pool would only cost time.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    pool.build_global().unwrap();
    Definitions::load("national.toml", &files).unwrap_or_else(|error| panic!("{error}"))
});

fn add(files: &mut Files, folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        let path = path.trim_start_matches('/');
        if is_declaration(path) {
            files.insert(path.to_owned(), fs::read(entry.path()).unwrap());
        }
    }
}

/// What came out of an input.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Records met.
    pub records: usize,
    /// Line and fingerprint of each row.
    pub rows: Vec<(i64, i64)>,
    /// Line, place and reasons of each reject.
    pub rejects: Vec<(i64, String, Vec<String>)>,
}

/// Reads an input; `None` when it is refused as a whole.
#[must_use]
pub fn read(source: &str, bytes: &[u8]) -> Option<Outcome> {
    read_as(source, DEFINITIONS.sources[source].container, bytes)
}

/// Reads an input that is laid out otherwise than its source declares.
#[must_use]
pub fn read_as(source: &str, container: Container, bytes: &[u8]) -> Option<Outcome> {
    let definitions = &*DEFINITIONS;
    let declared = &definitions.sources[source];
    let key = Key::published();
    let context = Context {
        lists: &definitions.lists,
        employer_rules: &definitions.employer_rules,
        key: &key,
    };
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    let met = ingest((declared, container), context, bytes, &mut |piece| {
        let column = |name| piece.rows.column_by_name(name).unwrap().as_primitive::<Int64Type>();
        let (lines, fingerprints) = (column("ligne"), column("empreinte"));
        rows.extend(lines.values().iter().copied().zip(fingerprints.values().iter().copied()));
        rejects.extend(piece.rejects.into_iter().map(|r| (r.line, r.place, r.reasons)));
        Ok(())
    });
    let met = met.ok()?;
    assert_eq!(met.records, (rows.len() + rejects.len()) as u64 + met.merged, "records are lost");
    // Those of which the place alone is known come first in their block.
    rejects.sort();
    Some(Outcome { records: rows.len() + rejects.len(), rows, rejects })
}

/// Reads an input twice, the second time with blank lines behind its header or before its records:
/// where its blocks end decides nothing.
#[must_use]
pub fn check(source: &str, bytes: &[u8]) -> Option<Outcome> {
    let found = read(source, bytes);
    let declared = &DEFINITIONS.sources[source];
    let (head, body) = bytes.split_at(start_of_records(declared.container, bytes));
    let blank = vec![b'\n'; if body.is_empty() { 0 } else { SHIFT }];
    let mut again = read(source, &[head, &blank, body].concat());
    if declared.container == Container::Json {
        assert_eq!(found, again, "white space changes what is read");
        return found;
    }
    if let Some(again) = &mut again {
        let shift = blank.len() as i64;
        again.rows.iter_mut().for_each(|row| row.0 -= shift);
        again.rejects.iter_mut().for_each(|reject| reject.0 -= shift);
    }
    assert_eq!(found, again, "blank lines change what is read");
    if let Some(found) = found.as_ref().filter(|_| declared.each.is_none()) {
        let feeds = bytes.iter().filter(|byte| **byte == b'\n').count();
        let lines = found.rows.iter().map(|row| row.0).chain(found.rejects.iter().map(|r| r.0));
        let lines: BTreeSet<i64> = lines.collect();
        assert_eq!(lines.len(), found.records, "a line is two records");
        assert!(lines.iter().all(|line| (1..=feeds as i64 + 1).contains(line)), "{lines:?}");
    }
    found
}

/// Reads a workbook: anything, or a whole one of which one part is anything. What is read twice is
/// the same.
pub fn check_workbook(part: u8, bytes: &[u8]) {
    let book = match PARTS.get(usize::from(part) % (PARTS.len() + 1)) {
        Some(name) => workbook(name, bytes),
        None => bytes.to_vec(),
    };
    assert_eq!(read("coop_xlsx", &book), read("coop_xlsx", &book));
}

/// Reads a Parquet file of some source.
pub fn check_parquet(source: &str, bytes: &[u8]) {
    let read = || read_as(source, Container::Parquet, bytes);
    assert_eq!(read(), read());
}

/// Opens an archive and reads its files: none is longer than it says, all together are what an
/// archive of that length may hold.
pub fn check_archive(bytes: &[u8]) {
    let Ok(mut archive) = ingest::archive::open(Cursor::new(bytes)) else { return };
    assert!(archive.len() <= ingest::archive::MEMBERS_MAX);
    let mut unpacked = 0;
    for number in 0..archive.len() {
        let Ok(mut member) = archive.by_index(number) else { continue };
        let declared = member.size();
        let read = std::io::copy(&mut member, &mut std::io::sink());
        assert!(read.is_err() || read.is_ok_and(|length| length <= declared));
        unpacked += declared;
    }
    assert!(unpacked <= ingest::archive::unpacked_max(bytes.len() as u64));
}

/// What became of the records of a dataset: identifiers of rows, and line and reasons of rejects.
#[derive(Debug, Default, PartialEq, Eq)]
struct Met {
    ids: Vec<u128>,
    refused: Vec<(i64, u64)>,
    broken: Vec<(i64, &'static str)>,
}

/// Reads records of a dataset run by run, and all of them with care: both find the same.
pub fn check_dataset(bytes: &[u8]) {
    let fast = read_dataset(bytes, false);
    assert_eq!(fast, read_dataset(bytes, true), "care changes what is read");
}

fn read_dataset(bytes: &[u8], is_careful: bool) -> Option<Met> {
    static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        toml::from_str(&fs::read_to_string(here.join("dataset.toml")).unwrap()).unwrap()
    });
    let (header, mut line, mut runs) = Runs::open(bytes, b';').ok()?;
    let plan = Plan::new(&DATASET, &[], &header).ok()?;
    runs.expect_fields(plan.field_count());
    let mut scratch = Scratch::default();
    let mut met = Met::default();
    while let Some(run) = runs.next_run().unwrap() {
        let outcome = if is_careful { Err(Irregular) } else { plan.read(&run, &mut scratch) };
        let (piece, lines) = match outcome {
            Ok(piece) => (piece, None),
            Err(Irregular) => {
                let Some(block) = runs.cut_carefully([run].into_iter(), &mut line).unwrap() else {
                    continue;
                };
                let mended = plan.mended(&block);
                met.broken.extend(mended.refused);
                if mended.run.is_empty() {
                    continue;
                }
                (plan.read(&mended.run, &mut scratch).unwrap(), Some(mended.lines))
            }
        };
        assert_eq!(piece.records, piece.rows.len() + piece.refused.len());
        met.ids.extend(piece.columns[0].gather(&piece.rows).ids());
        for refused in &piece.refused {
            let at = lines.as_ref().map_or(line + refused.line, |lines| lines[refused.record]);
            met.refused.push((at, refused.reasons));
        }
        if lines.is_none() {
            line += piece.lines;
        }
    }
    met.ids.sort_unstable();
    met.refused.sort_unstable();
    met.broken.sort_unstable();
    Some(met)
}

/// Where blank lines may stand: behind the header, if its end is plain to see, or the mark.
fn start_of_records(container: Container, bytes: &[u8]) -> usize {
    match container {
        Container::Csv => match bytes.iter().position(|byte| *byte == b'\n') {
            Some(feed) if !bytes[..feed].contains(&b'"') => feed + 1,
            _ => bytes.len(),
        },
        _ if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) => 3,
        _ => 0,
    }
}

/// Lines that hold more than white space.
#[must_use]
pub fn filled_lines(bytes: &[u8]) -> usize {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count()
}

/// Reads a text as EDN and as a point in time.
pub fn check_value(text: &str) {
    if let Some(value) = edn::parse(text) {
        assert_eq!(edn::parse(&format!(" {text}\n")), Some(value), "white space changes a value");
    }
    let paris = TimeZone::get("Europe/Paris").unwrap();
    for format in [None, Some("%d/%m/%Y")] {
        let _ = time::day(text, format);
    }
    let formats = ["%a %b %d %Y %H:%M:%S GMT%z", "%d/%m/%Y à %H:%M"];
    let instants = formats.iter().map(|format| time::instant_as(text, format, &paris));
    for at in instants.chain([time::instant(text, &TimeZone::UTC)]).flatten() {
        let Some(day) = vocabulary::calendar::paris_day(at, &paris) else { continue };
        // Paris is at most two hours and a bit from UTC.
        let days = [at - 7_200_000_000, at + 7_200_000_000].map(|at| at.div_euclid(86_400_000_000));
        assert!((days[0]..=days[1]).contains(&i64::from(day)), "{text}: {day}");
    }
}

/// Places of declarations, each read by code of its own.
const DECLARED: [&str; 16] = [
    "national.toml",
    "sources/fuzzed.toml",
    "datasets/fuzzed.toml",
    "tables/fuzzed.toml",
    "rules/activites.toml",
    "corrections/fuzzed.toml",
    "scenarios/fuzzed.toml",
    "indicateurs.toml",
    "chiffres_cles.toml",
    "secrecy.toml",
    "publication.toml",
    "codelists/themes.csv",
    "codelists/regles_employeur.csv",
    "codelists/types_employeur.csv",
    "reference/communes.csv",
    "reference/epci.csv",
];

/// Loads declarations of which one is anything: all its problems are told, and the same ones again.
pub fn check_declarations(place: u8, bytes: &[u8]) {
    // All but the list of communes, which would take nearly all the time.
    static OTHERS: LazyLock<Files> = LazyLock::new(|| {
        let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
        let mut files = Files::new();
        for folder in ["", "carte", "codelists", "rules", "scenarios"] {
            add(&mut files, &pipelines.join(folder), folder);
        }
        files
    });
    let mut files = OTHERS.clone();
    let path = DECLARED[usize::from(place) % DECLARED.len()];
    files.insert(path.to_owned(), bytes.to_vec());
    let load = || Definitions::load("national.toml", &files).map(|loaded| loaded.digest);
    let (once, again) = (load(), load());
    assert_eq!(once.map_err(|it| it.to_string()), again.map_err(|it| it.to_string()));
}

/// Reads the files of other tools for protection; a problem that can be read is written and read
/// again as the same one.
pub fn check_office(kind: u8, bytes: &[u8]) {
    use crate::protect::office::{argus, hierarchy, jj};
    use crate::protect::rules::Status;
    use crate::protect::system::State;
    match kind % 4 {
        0 => drop(argus::read_metadata("m.rda", bytes)),
        1 => drop(argus::read_tree("t.hrc", bytes, ("@", "Total"))),
        2 => drop(hierarchy::read("t.csv", bytes)),
        _ => {
            let Ok(found) = jj::read("p.jj", bytes) else { return };
            let state = |state: State| if state == State::Primary { Status::A } else { Status::V };
            let cells = &found.system.cells[..found.cells];
            let statuses: Vec<Status> = cells.iter().map(|cell| state(cell.state)).collect();
            let text = jj::write(&found.system, &statuses, found.places);
            let again = jj::read("p.jj", text.as_bytes()).unwrap();
            let values = |cells: &[protect::system::Cell]| -> Vec<(bool, State)> {
                cells.iter().map(|cell| (cell.value == 0, cell.state)).collect()
            };
            assert_eq!(values(cells), values(&again.system.cells[..again.cells]));
        }
    }
}
