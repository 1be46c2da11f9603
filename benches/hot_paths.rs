//! The loops that most of a run is spent in, each alone, on one thread.
#![expect(clippy::disallowed_methods, reason = "the rules of src/ do not bind what measures it")]

mod invented;

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use conum::aggregate::cube::{self, Cube, Measure};
use conum::clean::duplicates::{Version, decide};
use conum::clean::repeated::Hashes;
use conum::column::Values;
use conum::definition::Definitions;
use conum::definition::dataset::Dataset;
use conum::ingest::dataset::{Irregular, Known, Plan, Runs, Scratch};
use conum::ingest::pseudonym::Key;
use conum::ingest::{self, Context};
use conum::run::coded::layout::Layout;
use conum::run::coded::{self, Cells};
use conum::run::dataset::files::{clean_layout, staged_layout};
use conum::run::folders::read_tree;
use conum::sample::{self, Format, Place, Request};
use criterion::{Criterion, Throughput};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Records of the dataset, and of each national source.
const RECORDS: u64 = 10_000;
const NAME: &str = "sessions";

fn main() -> Result<()> {
    // On this thread: a pool would only add noise.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let race = Definitions::load("race.toml", &read_tree(&root.join("benches/race"))?)?;
    let national = Definitions::load("national.toml", &read_tree(&root.join("pipelines"))?)?;
    let dataset = race.datasets.get(NAME).ok_or("the race has one dataset")?;
    let known = known(dataset);
    let mut criterion = Criterion::default().sample_size(30).configure_from_args();
    let read = dataset_group(&mut criterion, dataset, &known)?;
    source_group(&mut criterion, &national)?;
    coded_group(&mut criterion, dataset, &read)?;
    duplicates_group(&mut criterion);
    cube_group(&mut criterion, dataset, &read)?;
    criterion.final_summary();
    Ok(())
}

/// What the lookups of the dataset find: structures first, then communes.
fn known(dataset: &Dataset) -> Vec<Known> {
    let of = |column: &str| -> Known {
        match column {
            "structure_id" => invented::structures().map(|(id, of)| (id, of.to_owned())).collect(),
            _ => invented::communes().collect(),
        }
    };
    dataset.lookups.iter().map(|lookup| of(&lookup.column)).collect()
}

/// Columns of all good records, the texts of each by their codes, and what was met.
struct Read {
    columns: Vec<Values>,
    texts: Vec<Arc<Vec<Arc<str>>>>,
    refused: usize,
    /// Records cut one by one.
    careful: usize,
}

/// Reads an export as `run/dataset/ingest.rs` does, without its threads and files.
fn read(dataset: &Dataset, known: &[Known], text: &str, scratch: &mut Scratch) -> Result<Read> {
    let (header, mut line, mut runs) = Runs::open(text.as_bytes(), dataset.delimiter)?;
    let plan = Plan::new(dataset, known, &header)?;
    runs.expect_fields(plan.field_count());
    let (mut columns, mut refused, mut careful) = (Vec::<Values>::new(), 0, 0);
    while let Some(run) = runs.next_run()? {
        let piece = match plan.read(&run, scratch) {
            Ok(piece) => piece,
            Err(Irregular) => {
                let Some(block) = runs.cut_carefully([run].into_iter(), &mut line)? else {
                    continue;
                };
                let mended = plan.mended(&block);
                careful += mended.lines.len() + mended.refused.len();
                refused += mended.refused.len();
                plan.read(&mended.run, scratch).map_err(|_| "mended records are regular")?
            }
        };
        refused += piece.refused.len();
        if columns.is_empty() {
            columns = piece.columns.iter().map(|values| values.empty_like(0)).collect();
        }
        for (to, from) in columns.iter_mut().zip(&piece.columns) {
            to.extend_at(from, &piece.rows);
        }
    }
    Ok(Read { columns, texts: plan.texts(), refused, careful })
}

/// Fails unless every record was a row or refused, and as many were cut with care as should be.
fn check(read: &Read, careful: usize) -> Result<()> {
    let rows = read.columns.first().map_or(0, Values::len);
    if (rows + read.refused, read.careful) != (usize::try_from(RECORDS)?, careful) {
        let (refused, careful) = (read.refused, read.careful);
        return Err(format!("{rows} rows, {refused} refused, {careful} cut with care").into());
    }
    Ok(())
}

fn dataset_group(criterion: &mut Criterion, dataset: &Dataset, known: &[Known]) -> Result<Read> {
    let regular = invented::sessions(RECORDS);
    // A quote inside of a field that has none around it, in every run.
    let irregular = regular.replace("Première visite", "Écran 5\" remplacé");
    let mut scratch = Scratch::default();
    let found = read(dataset, known, &regular, &mut scratch)?;
    check(&found, 0)?;
    check(&read(dataset, known, &irregular, &mut scratch)?, usize::try_from(RECORDS)?)?;
    let mut group = criterion.benchmark_group("dataset");
    for (name, text) in [("regular", &regular), ("irregular quotes", &irregular)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| read(dataset, known, text, &mut scratch)));
    }
    group.finish();
    Ok(found)
}

fn source_group(criterion: &mut Criterion, definitions: &Definitions) -> Result<()> {
    let key = Key::published();
    let context = Context {
        lists: &definitions.lists,
        employer_rules: &definitions.employer_rules,
        key: &key,
    };
    let mut group = criterion.benchmark_group("source");
    for (name, format, prefix) in [
        ("activites_plates", Format::Flat, "activites_plates"),
        ("legacy_archive", Format::LegacyArchive, "cras_conseiller_numerique"),
    ] {
        let source = definitions.sources.get(name).ok_or("a source of the series")?;
        let text = sampled(definitions, format, prefix)?;
        let read = || {
            let mut rows = 0;
            ingest::ingest((source, source.container), context, text.as_slice(), &mut |piece| {
                rows += black_box(piece).rows.num_rows();
                Ok(())
            })?;
            conum::error::Result::Ok(rows)
        };
        if read()? < usize::try_from(RECORDS)? * 9 / 10 {
            return Err(format!("{name}: the sample is mostly good records").into());
        }
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(read));
    }
    group.finish();
    Ok(())
}

/// The file of an invented national export whose name has this prefix.
fn sampled(definitions: &Definitions, format: Format, prefix: &str) -> Result<Vec<u8>> {
    let places = definitions.territory.communes().iter().take(500).map(|row| Place {
        code: row.code.clone(),
        postal_code: row.codes_postaux.chars().take(5).collect(),
        departement: row.departement.clone(),
        population: row.population.unwrap_or(0),
    });
    let request = Request {
        rows: RECORDS,
        seed: 7,
        places: &places.collect::<Vec<_>>(),
        last_day: (2025, 6, 30),
        format: Some(format),
    };
    let folder = tempfile::tempdir()?;
    let made = sample::write(&request, &mut |name| {
        Ok(Box::new(fs::File::create(folder.path().join(name))?))
    })?;
    let file = made.files.iter().find(|file| file.name.starts_with(prefix));
    let file = file.ok_or_else(|| format!("the sample has a file {prefix}…"))?;
    Ok(fs::read(folder.path().join(&file.name))?)
}

fn coded_group(criterion: &mut Criterion, dataset: &Dataset, read: &Read) -> Result<()> {
    let rows = read.columns.first().map_or(0, Values::len);
    let mut group = criterion.benchmark_group("coded");
    group.throughput(Throughput::Elements(rows as u64));
    for (name, layout) in
        [("staged", staged_layout(NAME, dataset)?), ("clean", clean_layout(NAME, dataset)?)]
    {
        let cells = cells(dataset, read, &layout);
        coded::encode(&cells, &layout)?;
        group.bench_function(name, |b| b.iter(|| coded::encode(&cells, &layout)));
    }
    group.finish();
    Ok(())
}

/// The columns as a layout has them: plain with fingerprints when staged, looked up when clean.
fn cells<'a>(dataset: &Dataset, read: &'a Read, layout: &Layout) -> Vec<Cells<'a>> {
    let count = dataset.columns.len();
    let is_clean = layout.schema().num_columns() > count + 1;
    let mut cells: Vec<Cells<'a>> = Vec::new();
    for (values, texts) in read.columns.iter().zip(&read.texts) {
        cells.push(match values {
            Values::Codes(codes) => Cells::Codes { codes, texts: &**texts },
            Values::Ids(ids) if is_clean => Cells::Hex { ids, digits: 24 },
            Values::Ids(ids) => Cells::Binary(ids),
            Values::Counts(counts) => Cells::Counts(counts),
            Values::Instants(instants) => Cells::Instants(instants),
        });
    }
    if is_clean {
        // Columns of about as many texts as those looked up.
        let looked_up = dataset.lookups.iter().filter_map(|_| dataset.place("canal"));
        let looked_up: Vec<Cells<'a>> = looked_up.filter_map(|at| cells.get(at).copied()).collect();
        cells.extend(looked_up);
    } else if let Some(Values::Instants(prints)) = read.columns.get(count) {
        cells.push(Cells::Sums(prints));
    }
    cells
}

fn duplicates_group(criterion: &mut Criterion) {
    const ROWS: u32 = 200_000;
    // One in a hundred comes twice.
    let id = |row: u32| u128::from(if row.is_multiple_of(100) { row / 2 } else { row }) << 40;
    let ids: Vec<u128> = (0..ROWS).map(id).collect();
    let version = |row: u32| Version {
        id: u128::from(row / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        is_notice: false,
        at: i64::from(row % 3),
        content: u64::from(row % 4),
        segment: row % 5,
        row,
    };
    let versions: Vec<Version> = (0..ROWS / 50).map(version).collect();
    let mut group = criterion.benchmark_group("duplicates");
    group.throughput(Throughput::Elements(ids.len() as u64));
    group.bench_function("identifiers", |b| {
        b.iter(|| {
            let mut hashes = Hashes::default();
            hashes.add(ids.iter().copied());
            hashes.repeated()
        });
    });
    group.throughput(Throughput::Elements(versions.len() as u64));
    group.bench_function("versions", |b| b.iter(|| decide(versions.clone())));
    group.finish();
}

fn cube_group(criterion: &mut Criterion, dataset: &Dataset, read: &Read) -> Result<()> {
    let column = |name: &str| {
        let values = dataset.place(name).and_then(|place| read.columns.get(place));
        values.ok_or_else(|| format!("the dataset has `{name}`"))
    };
    let dimensions = [column("canal")?.codes(), column("code_commune")?.codes()];
    let values = [
        cube::Cells::Rows,
        cube::Cells::Counts(column("nb_participants")?.counts()),
        cube::Cells::Codes(column("conseiller_id")?.codes()),
    ];
    let sums = || {
        let mut cube = Cube::new(2, &[Measure::Count, Measure::Sum, Measure::Distinct]);
        cube.add(&dimensions, &values);
        cube
    };
    let cube = sums();
    let mut group = criterion.benchmark_group("cube");
    group.throughput(Throughput::Elements(dimensions[0].len() as u64));
    group.bench_function("sums", |b| b.iter(sums));
    group.bench_function("totals", |b| b.iter(|| cube.rows()));
    group.finish();
    Ok(())
}
