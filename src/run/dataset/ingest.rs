//! An export of a dataset is read run by run, in parallel, and staged by month.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use crate::column::Values;
use crate::definition::dataset::Dataset;
use crate::definition::source::Container;
use crate::error::{Error, Result};
use crate::ingest::dataset::{Irregular, Mended, Outcome, Piece, Plan, Refused, Runs, Scratch};
use crate::run::coded::file::CodedWriter;
use crate::run::coded::layout::Layout;
use crate::run::coded::{self, Cells, EncodedGroup};
use crate::run::dataset::files::staged_layout;
use crate::run::dataset::lookups;
use crate::run::dataset::months::{Group, Months};
use crate::run::draft::Draft;
use crate::run::ingest::ID_DIGITS;
use crate::run::input;
use crate::run::job::Job;
use crate::run::manifest::{Input, Segment};
use crate::run::parquet::{Description, Writer};
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns;

/// Runs read in parallel.
const WAVE: usize = 64;
/// Refused records written at once.
const REFUSED_AT_ONCE: usize = 8192;

/// Reads one input of a dataset into a segment.
///
/// # Errors
/// When it cannot be read, or a file cannot be written.
pub fn read(
    job: &Job<'_>,
    (input, path): (&Input, &Path),
    (name, dataset): (&str, &Dataset),
    key: &str,
) -> Result<Segment> {
    let known = lookups::read(job, name, dataset)?;
    let draft = job.store.draft(&format!("staged/{name}/{key}.parquet"))?;
    let refused = job.store.draft(&format!("staged/{name}/{key}.rejects.parquet"))?;
    let done = input::with_bytes((input, path), |bytes| {
        let (header, line, mut runs) = Runs::open(bytes, dataset.delimiter)?;
        let plan = Plan::new(dataset, &known, &header)?;
        runs.expect_fields(plan.field_count());
        let schema = schema_of_refused(dataset);
        let description = Description {
            sorted_by: vec![columns::LIGNE.name.to_owned()],
            metadata: vec![("table".to_owned(), format!("{name} : rejets"))],
        };
        let layout = staged_layout(name, dataset)?;
        let mut staging = Staging {
            plan: &plan,
            rows: CodedWriter::new(draft, &layout)?,
            layout: &layout,
            refused: Writer::new(refused, Arc::clone(&schema), &description)?,
            schema,
            months: Months::default(),
            waiting: Vec::new(),
            groups: Vec::new(),
            counts: BTreeMap::new(),
            records: 0,
            line,
        };
        staging.read(&mut runs)?;
        staging.finish()
    })?;
    Ok(Segment {
        source: name.to_owned(),
        id: input.blake3.chars().take(ID_DIGITS).collect(),
        key: key.to_owned(),
        container: Container::Csv,
        ..done
    })
}

/// The columns of refused records: their line, their fields as they are, and why.
fn schema_of_refused(dataset: &Dataset) -> SchemaRef {
    let mut fields = vec![Field::new(columns::LIGNE.name, DataType::Int64, true)];
    let texts = dataset.columns.iter().map(|field| field.name.as_str()).chain(["reasons"]);
    fields.extend(texts.map(|name| Field::new(name, DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

/// What one step of reading leaves to the next.
struct Staged {
    /// A run that is not regular, and those behind it.
    irregular: Vec<Vec<u8>>,
    next: Vec<Vec<u8>>,
}

/// A segment under construction.
struct Staging<'a> {
    plan: &'a Plan<'a>,
    layout: &'a Layout,
    rows: CodedWriter<Draft>,
    refused: Writer,
    schema: SchemaRef,
    months: Months,
    /// Refused records, not yet written, and why.
    waiting: Vec<(Refused, String)>,
    groups: Vec<(i32, u32)>,
    counts: BTreeMap<String, i64>,
    records: i64,
    /// Line of the next record.
    line: i64,
}

impl Staging<'_> {
    /// Reads all runs: while those of a wave are parsed, those of the one before are staged, and
    /// the next wave is read.
    fn read<R: Read + Send>(&mut self, runs: &mut Runs<R>) -> Result<()> {
        let scratches = Mutex::new(Vec::new());
        let mut parsed: VecDeque<(Vec<u8>, Outcome)> = VecDeque::new();
        let mut wave = wave_of(runs)?;
        while !wave.is_empty() || !parsed.is_empty() {
            let plan = self.plan;
            let (outcomes, staged) = rayon::join(
                || -> Vec<Outcome> {
                    wave.par_iter().map(|run| parse(plan, run, &scratches)).collect()
                },
                || -> Result<Staged> {
                    let irregular = self.stage(parsed)?;
                    let next = if irregular.is_empty() { wave_of(runs)? } else { Vec::new() };
                    Ok(Staged { irregular, next })
                },
            );
            let Staged { mut irregular, next } = staged?;
            if irregular.is_empty() {
                parsed = wave.into_iter().zip(outcomes).collect();
                wave = next;
            } else {
                // What follows may have been cut at a wrong place.
                irregular.append(&mut wave);
                self.read_carefully(runs, irregular, &scratches)?;
                parsed = VecDeque::new();
                wave = wave_of(runs)?;
            }
        }
        Ok(())
    }

    /// Stages the rows of runs, in their order; returns the first that is not regular, and those
    /// behind it.
    fn stage(&mut self, mut parsed: VecDeque<(Vec<u8>, Outcome)>) -> Result<Vec<Vec<u8>>> {
        let mut full = Vec::new();
        let mut irregular = Vec::new();
        while let Some((run, outcome)) = parsed.pop_front() {
            match outcome {
                Ok(piece) => full.extend(self.add(piece)?),
                Err(Irregular) => {
                    irregular.push(run);
                    irregular.extend(parsed.drain(..).map(|(run, _)| run));
                }
            }
        }
        self.encode(&full)?;
        Ok(irregular)
    }

    fn encode(&mut self, groups: &[Group]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let (texts, layout) = (self.plan.texts(), self.layout);
        let encoded: Vec<(i32, EncodedGroup)> =
            groups.par_iter().map(|group| encode(group, &texts, layout)).collect::<Result<_>>()?;
        for (month, group) in encoded {
            let rows = u32::try_from(group.rows);
            let rows = rows.map_err(|_| Error::internal("a group is small"))?;
            self.groups.push((month, rows));
            self.rows.append(group)?;
        }
        Ok(())
    }

    /// Cuts records one by one where quotes are not as they should be, then reads them as any
    /// others, written as they should be.
    fn read_carefully<R: Read>(
        &mut self,
        runs: &mut Runs<R>,
        again: Vec<Vec<u8>>,
        scratches: &Mutex<Vec<Scratch>>,
    ) -> Result<()> {
        let Some(block) = runs.cut_carefully(again.into_iter(), &mut self.line)? else {
            return Ok(());
        };
        let Mended { run, lines, refused } = self.plan.mended(&block);
        self.records += i64::try_from(refused.len()).unwrap_or_default();
        let shapeless =
            refused.into_iter().map(|(line, reason)| (Refused::shapeless(line), reason.to_owned()));
        let mut refused: Vec<(Refused, String)> = shapeless.collect();
        let mut full = Vec::new();
        if !run.is_empty() {
            let mut piece = parse(self.plan, &run, scratches)
                .map_err(|_| Error::internal("mended records are regular"))?;
            for record in &mut piece.refused {
                record.line = lines.get(record.record).copied().unwrap_or_default();
            }
            refused.extend(self.explained(std::mem::take(&mut piece.refused)));
            full = self.add_rows(&piece)?;
        }
        refused.sort_by_key(|(record, _)| record.line);
        self.refuse(refused)?;
        self.encode(&full)
    }

    fn add(&mut self, mut piece: Piece) -> Result<Vec<Group>> {
        for record in &mut piece.refused {
            record.line += self.line;
        }
        self.line += piece.lines;
        let refused = self.explained(std::mem::take(&mut piece.refused));
        self.refuse(refused)?;
        self.add_rows(&piece)
    }

    fn add_rows(&mut self, piece: &Piece) -> Result<Vec<Group>> {
        self.records += i64::try_from(piece.records).unwrap_or_default();
        self.months.add(&piece.columns, &piece.rows, &piece.months)
    }

    /// Refused records with their reasons in words.
    fn explained(&self, refused: Vec<Refused>) -> Vec<(Refused, String)> {
        let reasons = |mask: u64| {
            let names = self.plan.reasons.iter().enumerate();
            let broken = names.filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, name)| *name);
            broken.collect::<Vec<_>>().join(SEPARATOR)
        };
        let explain = |record: Refused| {
            let reasons = reasons(record.reasons);
            (record, reasons)
        };
        refused.into_iter().map(explain).collect()
    }

    fn refuse(&mut self, refused: Vec<(Refused, String)>) -> Result<()> {
        for (_, reasons) in &refused {
            let first = reasons.split(SEPARATOR).next().unwrap_or_default();
            *self.counts.entry(first.to_owned()).or_default() += 1;
        }
        self.waiting.extend(refused);
        if self.waiting.len() >= REFUSED_AT_ONCE { self.flush_refused() } else { Ok(()) }
    }

    fn flush_refused(&mut self) -> Result<()> {
        let refused = std::mem::take(&mut self.waiting);
        if refused.is_empty() {
            return Ok(());
        }
        let lines: Int64Array = refused.iter().map(|(record, _)| Some(record.line)).collect();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(lines)];
        for place in 0..self.schema.fields().len() - 2 {
            let number = self.plan.field_of(place);
            let texts = refused.iter().map(|(record, _)| record.field(number));
            arrays.push(Arc::new(texts.collect::<StringArray>()));
        }
        let reasons = refused.iter().map(|(_, reason)| Some(reason));
        arrays.push(Arc::new(reasons.collect::<StringArray>()));
        self.refused.write(&RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    fn finish(mut self) -> Result<Segment> {
        self.flush_refused()?;
        let last: Vec<Group> = std::mem::take(&mut self.months).finish().collect();
        self.encode(&last)?;
        let (draft, rows) = self.rows.finish()?;
        let (refused, _) = self.refused.commit()?;
        Ok(Segment {
            source: String::new(),
            id: String::new(),
            key: String::new(),
            records: self.records,
            merged: 0,
            container: Container::Csv,
            rows: draft.commit_unsynced()?,
            rejects: refused,
            row_count: i64::try_from(rows).unwrap_or_default(),
            unknown_columns: Vec::new(),
            groups: self.groups,
            refused: self.counts,
        })
    }
}

fn wave_of<R: Read>(runs: &mut Runs<R>) -> Result<Vec<Vec<u8>>> {
    let mut wave = Vec::new();
    while wave.len() < WAVE
        && let Some(run) = runs.next_run()?
    {
        wave.push(run);
    }
    Ok(wave)
}

fn parse(plan: &Plan<'_>, run: &[u8], scratches: &Mutex<Vec<Scratch>>) -> Outcome {
    let free = || scratches.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scratch = free().pop().unwrap_or_default();
    let outcome = plan.read(run, &mut scratch);
    free().push(scratch);
    outcome
}

fn encode(
    group: &Group,
    texts: &[Arc<Vec<Arc<str>>>],
    layout: &Layout,
) -> Result<(i32, EncodedGroup)> {
    let nothing = Arc::default();
    let texts = texts.iter().chain(std::iter::repeat(&nothing));
    let print = group.columns.len() - 1;
    let cells: Vec<Cells<'_>> = group
        .columns
        .iter()
        .zip(texts)
        .enumerate()
        .map(|(place, (values, texts))| match values {
            Values::Instants(prints) if place == print => Cells::Sums(prints),
            Values::Codes(codes) => Cells::Codes { codes, texts: &**texts },
            Values::Ids(ids) => Cells::Binary(ids),
            Values::Counts(counts) => Cells::Counts(counts),
            Values::Instants(instants) => Cells::Instants(instants),
        })
        .collect();
    Ok((group.month, coded::encode(&cells, layout)?))
}
