//! What no engine can go below on the data of a race: its bytes read, its fields split, its clean
//! pages compressed; each alone, on one thread.
//!
//! usage: cargo bench --bench floors -- DATA OUT [THREADS], as `race/race.py --floors` calls it
//!
//! Prints a line for each: name, tab, CPU seconds. The clean pages are those that conum's run left
//! beside OUT.
#![expect(clippy::disallowed_methods, reason = "the rules of src/ do not bind what measures it")]
#![expect(clippy::print_stdout, reason = "the race reads what is printed")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::column::page::Page;
use parquet::file::reader::{FileReader, SerializedFileReader};
use simd_csv::ZeroCopyReaderBuilder;
use zstd::bulk::Compressor;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Bytes read at a time: they stay near the processor. From 128 KiB on the allocator maps memory
/// whose bytes begin sixteen behind a page; there, some processors copy three times slower.
const PIECE: usize = 96 << 10;
/// Level of the clean files.
const LEVEL: i32 = 3;
/// The header of a page has fewer bytes.
const PAGE_HEADER_MAX: usize = 200;

fn main() -> Result<()> {
    // Cargo adds `--bench` to what it runs.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [data, out, ..] = words.as_slice() else {
        return Err("usage: cargo bench --bench floors -- DATA OUT [THREADS]".into());
    };
    let sessions = Path::new(data).join("sessions.csv");
    let clean = Path::new(out).with_file_name("conum").join("clean");
    let reading = cost(|| read(&sessions))?;
    let splitting = cost(|| split(&sessions))?;
    let compressing = compress(&clean)?;
    println!("reading the file\t{reading:.3}");
    println!("reading it and splitting its fields (simd-csv)\t{splitting:.3}");
    println!("compressing the clean pages (zstd {LEVEL})\t{compressing:.3}");
    println!("read + split + zstd\t{:.3}", splitting + compressing);
    Ok(())
}

/// CPU seconds that some work takes on this thread.
fn cost(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = spent()?;
    work()?;
    Ok(spent()? - start)
}

/// CPU seconds this thread has had.
fn spent() -> Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().ok_or("schedstat begins with a number")?;
    Ok(nanoseconds.parse::<f64>()? / 1e9)
}

fn read(path: &Path) -> Result<()> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    while file.read(&mut piece)? > 0 {}
    Ok(())
}

fn split(path: &Path) -> Result<()> {
    let mut reader = ZeroCopyReaderBuilder::with_capacity(PIECE);
    let mut reader = reader.delimiter(b';').from_reader(File::open(path)?);
    let (mut records, mut fields) = (0, 0);
    while let Some(record) = reader.read_byte_record()? {
        records += 1;
        fields += record.len();
    }
    if records == 0 || fields % records != 0 {
        return Err(format!("{fields} fields in {records} records").into());
    }
    Ok(())
}

/// CPU seconds to compress the pages of all Parquet files below a folder, nothing else.
fn compress(folder: &Path) -> Result<f64> {
    let mut files = Vec::new();
    find(folder, &mut files)?;
    if files.is_empty() {
        return Err(format!("{}: no Parquet file", folder.display()).into());
    }
    let mut press = Compressor::new(LEVEL)?;
    let mut space = Vec::new();
    let mut seconds = 0.0;
    for path in files {
        let (pages, written) = pages(&path)?;
        let mut compressed = 0;
        seconds += cost(|| {
            for page in &pages {
                space.clear();
                space.reserve(zstd::zstd_safe::compress_bound(page.len()));
                compressed += press.compress_to_buffer(page, &mut space)?;
            }
            Ok(())
        })?;
        if !(compressed..=compressed + PAGE_HEADER_MAX * pages.len()).contains(&written) {
            let name = path.display();
            return Err(format!("{name}: {written} bytes written, {compressed} made here").into());
        }
    }
    Ok(seconds)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder);
    for entry in entries.map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push(path);
        }
    }
    Ok(())
}

/// The pages of a file before they were compressed, and their bytes in the file, headers included.
fn pages(path: &Path) -> Result<(Vec<Bytes>, usize)> {
    let file = SerializedFileReader::new(File::open(path)?)?;
    let (mut pages, mut written) = (Vec::new(), 0);
    for number in 0..file.num_row_groups() {
        let group = file.get_row_group(number)?;
        for column in 0..group.num_columns() {
            written += usize::try_from(group.metadata().column(column).compressed_size())?;
            for page in group.get_column_page_reader(column)? {
                pages.push(match page? {
                    Page::DataPage { buf, .. }
                    | Page::DataPageV2 { buf, .. }
                    | Page::DictionaryPage { buf, .. } => buf,
                });
            }
        }
    }
    Ok((pages, written))
}
