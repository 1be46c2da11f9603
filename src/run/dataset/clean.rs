//! Segments of a dataset become clean files, a month at a time: one version a record, in order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use arrow::array::RecordBatch;
use rayon::prelude::*;

use crate::column::{Dictionary, NO_TEXT, Texts, Values};
use crate::definition::dataset::{Dataset, Field, Reading};
use crate::error::{Error, Result};
use crate::ingest::dataset::Known;
use crate::run::clean::{Cleaned, STAGE};
use crate::run::coded::file::CodedWriter;
use crate::run::coded::layout::Layout;
use crate::run::coded::{self, Cells};
use crate::run::dataset::files::{Dictionaries, clean_layout};
use crate::run::dataset::kept::{self, Kept, KeptMonth, month_keys};
use crate::run::dataset::months::text_of;
use crate::run::dataset::order::order_of;
use crate::run::dataset::tables::{Cubes, Rows, Tables, merge};
use crate::run::dataset::verdicts::{Files, Judged, Part, judge, within};
use crate::run::dataset::{lookups, sums};
use crate::run::job::{Job, Progress};
use crate::run::manifest::Output;
use crate::run::outputs::BUILDING;
use crate::run::parquet::ROWS_PER_GROUP;
use crate::run::reuse;

/// The texts of columns and of what is looked up, all with their codes.
#[derive(Debug)]
pub struct Coding<'d> {
    dataset: &'d Dataset,
    /// Of each column.
    columns: Dictionaries,
    /// Of each lookup.
    lookups: Vec<Found>,
}

/// What is found for the codes of a column.
#[derive(Debug)]
struct Found {
    dictionary: Mutex<Dictionary>,
    /// The code found for each code of the column.
    codes: Mutex<Vec<u32>>,
}

impl<'d> Coding<'d> {
    /// No text yet.
    #[must_use]
    pub fn new(dataset: &'d Dataset) -> Self {
        let is_text = |reading| reading == Reading::Text;
        let columns = dataset.columns.iter().map(|f| is_text(f.reading).then(Mutex::default));
        let none = || Found { dictionary: Mutex::default(), codes: Mutex::default() };
        Self {
            dataset,
            columns: columns.collect(),
            lookups: dataset.lookups.iter().map(|_| none()).collect(),
        }
    }

    /// The dictionary of a column, or of what is looked up.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<&Mutex<Dictionary>> {
        if let Some(place) = self.dataset.place(name) {
            return self.columns.get(place)?.as_ref();
        }
        let place = self.dataset.lookups.iter().position(|lookup| lookup.gives == name)?;
        self.lookups.get(place).map(|found| &found.dictionary)
    }
}

impl Found {
    /// What is found for each of some codes.
    fn look_up(&self, codes: &[u32], texts: &Mutex<Dictionary>, known: &Known) -> Vec<u32> {
        let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dictionary = self.dictionary.lock().unwrap_or_else(PoisonError::into_inner);
        while found.len() < Texts::len(&*texts) {
            let text = texts.text(u32::try_from(found.len()).unwrap_or_default());
            let meaning = known.get(text).map(|meaning| dictionary.code(meaning));
            found.push(meaning.unwrap_or(NO_TEXT));
        }
        drop((texts, dictionary));
        let of = |code: &u32| {
            let place = usize::try_from(*code).unwrap_or_default();
            found.get(place).copied().unwrap_or(NO_TEXT)
        };
        codes.iter().map(of).collect()
    }
}

/// A month's file and its sums.
struct Month {
    output: Option<Output>,
    cubes: Cubes,
}

/// Cleans all months of a dataset that an earlier run did not; returns its tables.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(
    job: &Job<'_>,
    (name, dataset): (&str, &Dataset),
    parts: &[Part<'_>],
    cleaned: &mut Cleaned,
) -> Result<Vec<(String, RecordBatch)>> {
    let known = lookups::read(job, name, dataset)?;
    let files = Files::of(job.store, parts);
    let mut earlier: Kept = reuse::read(job, name)?;
    let judged = judge(job.store, (parts, &files), &earlier.segments)?;
    kept::enter(parts, &judged, &mut cleaned.ledger);
    let keys = month_keys(job, (name, dataset), parts, &judged)?;
    let mut months: BTreeMap<i32, KeptMonth> = BTreeMap::new();
    for (month, key) in &keys {
        months.extend(earlier.take(job, *month, key)?.map(|kept| (*month, kept)));
    }
    let tables = Tables::new(dataset, job.definitions)?;
    let coding = Coding::new(dataset);
    let kept = months.values_mut().map(|month| &mut month.sums);
    let kept = sums::take_out(kept, &earlier.texts, (&tables, &coding))?;
    let mut cubes: BTreeMap<i32, Cubes> = months.keys().copied().zip(kept).collect();
    let layout = clean_layout(name, dataset)?;
    let work =
        Work { job, name, dataset, parts, files, judged: &judged, known, coding, tables, layout };
    let to_clean: Vec<i32> = keys.keys().filter(|m| !months.contains_key(m)).copied().collect();
    tracing::info!(
        event = "months.kept",
        dataset = name,
        kept = months.len(),
        cleaned = to_clean.len(),
        "Months that nothing new concerns are kept."
    );
    (job.progress)(Progress::Stage(STAGE, u64::try_from(to_clean.len()).unwrap_or_default()));
    let done = work.clean_all(&to_clean)?;
    (job.progress)(Progress::Done);
    for (month, Month { output, cubes: made }) in to_clean.into_iter().zip(done) {
        let key = keys.get(&month).cloned().unwrap_or_default();
        months.insert(month, KeptMonth { key, output, sums: Vec::new() });
        cubes.insert(month, made);
    }
    let (cuts, texts) = sums::put_away(cubes.values(), (&work.tables, &work.coding))?;
    for (month, sums) in months.values_mut().zip(cuts) {
        month.sums = sums;
        cleaned.outputs.extend(month.output.clone());
    }
    let segments = parts.iter().map(|part| part.segment.key.clone());
    let segments = segments.zip(judged.iter().cloned()).collect();
    reuse::write(job, name, &Kept { segments, months, texts })?;
    let mut all = work.tables.nothing();
    cubes.into_values().for_each(|of_month| merge(&mut all, of_month));
    work.tables.finish(all, &|name| work.coding.texts(name))
}

/// All that cleaning a month needs.
struct Work<'a> {
    job: &'a Job<'a>,
    name: &'a str,
    dataset: &'a Dataset,
    parts: &'a [Part<'a>],
    files: Files<'a>,
    judged: &'a [Judged],
    known: Vec<Known>,
    coding: Coding<'a>,
    tables: Tables<'a>,
    layout: Layout,
}

impl Work<'_> {
    /// Cleans months in parallel, while a thread of its own waits for their files to be on disk.
    fn clean_all(&self, months: &[i32]) -> Result<Vec<Month>> {
        let (written, to_sync) = mpsc::channel::<String>();
        std::thread::scope(|scope| {
            let synced = scope.spawn(move || -> Result<()> {
                to_sync.into_iter().try_for_each(|path| self.job.store.sync(&path))
            });
            let clean = |month: &i32| -> Result<Month> {
                let done = self.clean(*month)?;
                if let Some(output) = &done.output {
                    let path = format!("{BUILDING}/{}", output.file.path);
                    written.send(path).map_err(|_| Error::internal("a thread syncs files"))?;
                }
                (self.job.progress)(Progress::Step(text_of(*month)));
                Ok(done)
            };
            let done: Result<Vec<Month>> = months.par_iter().with_max_len(1).map(clean).collect();
            drop(written);
            let synced = synced.join().map_err(|_| Error::internal("a thread syncs files"))?;
            let done = done?;
            synced.map(|()| done)
        })
    }

    fn clean(&self, month: i32) -> Result<Month> {
        let mut done = Month { output: None, cubes: self.tables.nothing() };
        let (rows, lost) = self.gather(month)?;
        let column = |name: &str| self.dataset.place(name).and_then(|place| rows.get(place));
        let instants = column(&self.dataset.period.month_of).map_or(&[][..], Values::instants);
        let ids = column(&self.dataset.id).map_or(&[][..], Values::ids);
        let order = order_of(instants, ids, &lost);
        if order.is_empty() {
            return Ok(done);
        }
        let rows: Vec<Values> = rows.into_iter().map(|values| values.gather(&order)).collect();
        let mut found = Vec::new();
        for ((lookup, known), into) in
            self.dataset.lookups.iter().zip(&self.known).zip(&self.coding.lookups)
        {
            let place = self.dataset.place(&lookup.column);
            let codes = place.and_then(|place| rows.get(place)).map_or(&[][..], Values::codes);
            let texts = self.coding.texts(&lookup.column);
            let texts = texts.ok_or_else(|| Error::internal("texts are looked up"))?;
            found.push(Values::Codes(into.look_up(codes, texts, known)));
        }
        let names = self.dataset.clean_columns();
        let columns: BTreeMap<&str, &Values> = names.zip(rows.iter().chain(&found)).collect();
        let of_month = Rows { columns, month, count: order.len() };
        done.cubes = self.tables.sums(&of_month, &|name| self.coding.texts(name))?;
        done.output = Some(self.write(month, (&rows, &found), order.len())?);
        Ok(done)
    }

    /// The rows of a month of all segments, and those of them that do not count.
    fn gather(&self, month: i32) -> Result<(Vec<Values>, Vec<u32>)> {
        let names: Vec<&str> = self.dataset.columns.iter().map(Field::column).collect();
        let mut rows: Vec<Values> = Vec::new();
        let mut all_lost = Vec::new();
        for ((number, part), judged) in self.parts.iter().enumerate().zip(self.judged) {
            if part.dataset.notices_of.is_some() {
                continue;
            }
            let mut start = 0_u32;
            for (group, (of_month, count)) in part.segment.groups.iter().enumerate() {
                let range = start..start + count;
                start = range.end;
                if *of_month != month {
                    continue;
                }
                let base = rows.first().map_or(0, Values::len);
                let read = self.files.get(number)?.read(group, &names, &self.coding.columns)?;
                if rows.is_empty() {
                    rows = read;
                } else {
                    for (to, from) in rows.iter_mut().zip(&read) {
                        to.extend(from, 0..from.len());
                    }
                }
                let base = u32::try_from(base).unwrap_or_default();
                for (_, lost) in within(&judged.rows, range.clone()) {
                    all_lost.extend(lost.iter().map(|row| base + row - range.start));
                }
            }
        }
        Ok((rows, all_lost))
    }

    fn write(
        &self,
        month: i32,
        (rows, found): (&[Values], &[Values]),
        count: usize,
    ) -> Result<Output> {
        let period = &self.dataset.period.name;
        let name = self.name;
        let path = format!("clean/{name}/{period}={}/{name}.parquet", text_of(month));
        let draft = self.job.store.draft(&format!("{BUILDING}/{path}"))?;
        let mut writer = CodedWriter::new(draft, &self.layout)?;
        let texts = |name: &str| match self.coding.texts(name) {
            Some(texts) => texts.lock().unwrap_or_else(PoisonError::into_inner).texts(),
            None => Arc::default(),
        };
        let names = self.dataset.clean_columns();
        let texts: Vec<Arc<Vec<Arc<str>>>> = names.map(texts).collect();
        for start in (0..count).step_by(ROWS_PER_GROUP) {
            let end = (start + ROWS_PER_GROUP).min(count);
            let digits = self.dataset.columns.iter().map(|field| field.digits);
            let cells =
                rows.iter().chain(found).zip(&texts).zip(digits.chain(std::iter::repeat(None)));
            let cells: Vec<Cells<'_>> = cells
                .map(|((values, texts), digits)| match values {
                    Values::Codes(codes) => {
                        Cells::Codes { codes: part(codes, start, end), texts: &**texts }
                    }
                    Values::Ids(ids) => Cells::Hex {
                        ids: part(ids, start, end),
                        digits: digits.and_then(|d| usize::try_from(d).ok()).unwrap_or(32),
                    },
                    Values::Counts(counts) => Cells::Counts(part(counts, start, end)),
                    Values::Instants(at) => Cells::Instants(part(at, start, end)),
                })
                .collect();
            writer.append(coded::encode(&cells, &self.layout)?)?;
        }
        let (draft, rows) = writer.finish()?;
        let mut file = draft.commit_unsynced()?;
        file.path = path;
        Ok(Output { file, rows })
    }
}

fn part<T>(values: &[T], start: usize, end: usize) -> &[T] {
    values.get(start..end).unwrap_or_default()
}
