//! Segments of a dataset become clean files, a month at a time: one version a record, in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use arrow::array::RecordBatch;
use rayon::prelude::*;

use crate::clean::duplicates::{Hashes, Lost, Repeated, Version, losers};
use crate::column::{Dictionary, NO_TEXT, Texts, Values};
use crate::definition::dataset::{Dataset, Field, Reading};
use crate::error::{Error, Result};
use crate::ingest::dataset::Known;
use crate::run::clean::{Cleaned, STAGE};
use crate::run::coded::file::CodedWriter;
use crate::run::coded::layout::Layout;
use crate::run::coded::{self, Cells};
use crate::run::dataset::files::{Coded, Dictionaries, clean_layout};
use crate::run::dataset::lookups;
use crate::run::dataset::months::text_of;
use crate::run::dataset::order::order_of;
use crate::run::dataset::tables::{Cubes, Rows, Tables, merge};
use crate::run::job::{Job, Progress};
use crate::run::ledger::{Account, Amount};
use crate::run::manifest::{Output, Segment};
use crate::run::outputs::BUILDING;
use crate::run::parquet::ROWS_PER_GROUP;
use crate::vocabulary::codes::Fate;
use crate::vocabulary::columns;

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

/// A month's file, its sums and its accounts.
struct Month {
    output: Option<Output>,
    cubes: Cubes,
    /// Segment → rows kept, and rows lost.
    accounts: BTreeMap<usize, (i64, BTreeMap<Lost, i64>)>,
    month: i32,
}

/// Cleans all months of a dataset; returns its tables.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(
    job: &Job<'_>,
    (name, dataset): (&str, &Dataset),
    segments: &[&Segment],
    cleaned: &mut Cleaned,
) -> Result<Vec<(String, RecordBatch)>> {
    let known = lookups::read(job, name, dataset)?;
    let files: Vec<Coded<'_>> = segments
        .iter()
        .map(|segment| Coded::open(job.store, &segment.rows.path))
        .collect::<Result<_>>()?;
    let lost = find_lost(dataset, &files)?;
    let tables = Tables::new(dataset, job.definitions)?;
    let coding = Coding::new(dataset);
    let layout = clean_layout(name, dataset)?;
    let work = Work { job, name, dataset, segments, files, lost, known, coding, tables, layout };
    let months: BTreeSet<i32> =
        segments.iter().flat_map(|segment| &segment.groups).map(|(month, _)| *month).collect();
    (job.progress)(Progress::Stage(STAGE, u64::try_from(months.len()).unwrap_or_default()));
    let done = work.clean_all(&months.into_iter().collect::<Vec<i32>>())?;
    (job.progress)(Progress::Done);
    let mut cubes = work.tables.nothing();
    for month in done {
        work.enter(&month, cleaned)?;
        cleaned.outputs.extend(month.output);
        merge(&mut cubes, month.cubes);
    }
    work.tables.finish(cubes, &|name| work.coding.texts(name))
}

/// The rows of each segment that do not count, in order.
fn find_lost(dataset: &Dataset, files: &[Coded<'_>]) -> Result<Vec<Vec<(u32, Lost)>>> {
    let groups: Vec<(usize, usize)> = files
        .iter()
        .enumerate()
        .flat_map(|(segment, file)| (0..file.groups()).map(move |group| (segment, group)))
        .collect();
    let read = |(segment, group): (usize, usize), names: &[&str]| {
        let file = files.get(segment).ok_or_else(|| Error::internal("a segment has a file"))?;
        file.read(group, names, &[None, None, None])
    };
    let hashes = groups
        .par_iter()
        .try_fold(Hashes::default, |mut hashes, place| {
            let columns = read(*place, &[&dataset.id])?;
            hashes.add(columns.first().map_or(&[], Values::ids));
            Ok::<_, Error>(hashes)
        })
        .try_reduce(Hashes::default, |one, other| Ok(one.merged(other)))?;
    let repeated: Repeated = hashes.repeated();
    let mut starts = HashMap::new();
    let mut next: Vec<u32> = vec![0; files.len()];
    for (segment, group) in &groups {
        let (Some(file), Some(start)) = (files.get(*segment), next.get_mut(*segment)) else {
            continue;
        };
        starts.insert((*segment, *group), *start);
        *start += file.rows_of(*group);
    }
    let names = [dataset.id.as_str(), dataset.version.as_str(), columns::EMPREINTE.name];
    let versions = |place: &(usize, usize)| -> Result<Vec<Version>> {
        let columns = read(*place, &names)?;
        let [ids, at, prints] = columns.as_slice() else {
            return Err(Error::internal("three columns were asked for"));
        };
        let start = starts.get(place).copied().unwrap_or_default();
        let segment = u32::try_from(place.0).map_err(|_| Error::internal("few segments"))?;
        let rows = ids.ids().iter().zip(at.instants()).zip(prints.instants()).zip(start..);
        let several = rows.filter(|(((id, _), _), _)| repeated.has(**id));
        Ok(several
            .map(|(((id, at), print), row)| Version {
                id: *id,
                at: *at,
                content: print.cast_unsigned(),
                segment,
                row,
            })
            .collect())
    };
    let versions: Vec<Vec<Version>> = if repeated.is_empty() {
        Vec::new()
    } else {
        groups.par_iter().map(versions).collect::<Result<_>>()?
    };
    let mut lost = vec![Vec::new(); files.len()];
    for (segment, row, why) in losers(versions.into_iter().flatten().collect()) {
        let place = usize::try_from(segment).unwrap_or_default();
        if let Some(rows) = lost.get_mut(place) {
            rows.push((row, why));
        }
    }
    Ok(lost)
}

/// All that cleaning a month needs.
struct Work<'a> {
    job: &'a Job<'a>,
    name: &'a str,
    dataset: &'a Dataset,
    segments: &'a [&'a Segment],
    files: Vec<Coded<'a>>,
    lost: Vec<Vec<(u32, Lost)>>,
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
        let mut done =
            Month { output: None, cubes: self.tables.nothing(), accounts: BTreeMap::new(), month };
        let (rows, lost) = self.gather(month, &mut done)?;
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
    fn gather(&self, month: i32, done: &mut Month) -> Result<(Vec<Values>, Vec<u32>)> {
        let names: Vec<&str> = self.dataset.columns.iter().map(Field::column).collect();
        let mut rows: Vec<Values> = Vec::new();
        let mut all_lost = Vec::new();
        for (number, (segment, file)) in self.segments.iter().zip(&self.files).enumerate() {
            let lost = self.lost.get(number).map_or(&[][..], Vec::as_slice);
            let mut start = 0_u32;
            for (group, (of_month, count)) in segment.groups.iter().enumerate() {
                let range = start..start + count;
                start = range.end;
                if *of_month != month {
                    continue;
                }
                let base = rows.first().map_or(0, Values::len);
                let read = file.read(group, &names, &self.coding.columns)?;
                if rows.is_empty() {
                    rows = read;
                } else {
                    for (to, from) in rows.iter_mut().zip(&read) {
                        to.extend(from, 0..from.len());
                    }
                }
                let first = lost.partition_point(|(row, _)| *row < range.start);
                let last = lost.partition_point(|(row, _)| *row < range.end);
                let here = lost.get(first..last).unwrap_or_default();
                let (kept, reasons) = done.accounts.entry(number).or_default();
                *kept += i64::from(*count) - i64::try_from(here.len()).unwrap_or_default();
                for (row, why) in here {
                    *reasons.entry(*why).or_default() += 1;
                    all_lost.push(u32::try_from(base).unwrap_or_default() + row - range.start);
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

    /// Enters a month in the ledger.
    fn enter(&self, month: &Month, cleaned: &mut Cleaned) -> Result<()> {
        for (number, (kept, lost)) in &month.accounts {
            let segment = self.segments.get(*number);
            let segment = segment.ok_or_else(|| Error::internal("a row comes from a segment"))?;
            let account = Account {
                stage: STAGE.to_owned(),
                source: self.name.to_owned(),
                segment: segment.id.clone(),
                period: text_of(month.month),
            };
            let all = kept + lost.values().sum::<i64>();
            cleaned.ledger.enter(&account, Amount::of_rows(all));
            cleaned.ledger.leave(&account, Fate::Kept, "", Amount::of_rows(*kept));
            for (why, count) in lost {
                let fate = match why {
                    Lost::Superseded => Fate::Superseded,
                    Lost::Duplicate => Fate::Duplicate,
                };
                cleaned.ledger.leave(&account, fate, "", Amount::of_rows(*count));
            }
        }
        Ok(())
    }
}

fn part<T>(values: &[T], start: usize, end: usize) -> &[T] {
    values.get(start..end).unwrap_or_default()
}
