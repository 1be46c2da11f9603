//! Exact tables become a release: closed months only, protected, audited, and refused if the audit
//! finds a way in.
//!
//! What the public reads is built in `release/` and moved to `releases/<day>-<hash>/` with the run;
//! what it must not read stays in the folder `secrecy/` of the run.

mod attempt;
mod causes;
pub mod closed;
mod counted;
pub mod files;
mod gate;
mod judged;
pub mod kept;
mod losses;
mod package;
mod pages;
mod past;
mod proof;
mod public;
mod revised;
pub mod summed;
pub mod taken_back;
mod truth;
mod twice;
pub mod verify;
mod withheld;

use std::collections::BTreeMap;

pub use crate::run::protect::closed::FOLDER;
use arrow::array::RecordBatch;

use crate::definition::Definitions;
use crate::definition::outline;
use crate::definition::secrecy::Policy;
use crate::error::{Error, Kind, Result};
use crate::protect::pattern::{Before, Pattern};
use crate::protect::release::Release;
use crate::publish::describe::why_withheld;
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Output};
use crate::run::outputs::{BUILDING, write_table};
use crate::run::protect::attempt::{Attempt, Draft, Made, attempt};
use crate::run::protect::closed::{Closed, months_of};
use crate::run::protect::counted::{Exact, Plan};
use crate::run::protect::files::{RELEASE, write_open, write_protected};
use crate::run::protect::judged::{crossing, keep_closed, lines, truth_of};
use crate::run::protect::kept::{Record, keep, output};
use crate::run::protect::losses::Losses;
use crate::run::protect::pages::{Told, for_experts, for_readers};
use crate::run::protect::past::{are_whole, same_shapes, shape};
use crate::run::protect::proof::OnDisk;
use crate::run::protect::truth::{Register, read_register};
use crate::run::protect::withheld::barest;
use crate::run::records::{reader, sums_of};
use crate::run::store::Store;
use crate::vocabulary::tables::{REGISTRE_SECRET, Table, VERITE};

/// Name of the stage.
pub const STAGE: &str = "protect";
/// Changes when the same tables and declarations would give another release.
const VERSION: u32 = 4;
/// Folder of all releases.
pub const RELEASES: &str = "releases";
/// Pointer to the release that readers see.
pub const LATEST: &str = "latest";
/// What the release costs, by table and level.
pub const LOSSES: &str = "pertes.csv";
const RECORD: &str = "release.json";
const REGISTER: &str = "registre.parquet";
const CERTIFICATE: &str = "certificat.bin";

/// Whether a pipeline publishes anything.
#[must_use]
pub fn is_wanted(job: &Job<'_>) -> bool {
    job.definitions.secrecy.is_some() && !counted::wanted(job.definitions).is_empty()
}

/// Makes the release of a run, or takes over the last one; gives the files that stay inside.
///
/// # Errors
/// When a release would disclose what the rules protect, or cannot be proved not to.
pub fn run(job: &Job<'_>, outputs: &[Output]) -> Result<Vec<Output>> {
    for folder in [FOLDER, RELEASE] {
        job.store.remove_folder(&format!("{BUILDING}/{folder}"))?;
    }
    let Some(policy) = job.definitions.secrecy.as_ref().filter(|_| is_wanted(job)) else {
        return Ok(Vec::new());
    };
    let found = months_of(outputs);
    let before = Record::read(job.store, CURRENT)?;
    let register = match &before {
        Some(_) => read_register(job.store, &format!("{CURRENT}/{FOLDER}/{REGISTER}"))?,
        None if job.store.target(&format!("{RELEASES}/{LATEST}")).is_some() => {
            return Err(Error::secrecy(format!(
                "`{RELEASES}/` holds releases, and `{CURRENT}/{FOLDER}` no longer says what they \
                 hid"
            ))
            .hint("bring it back from a copy of the warehouse, or begin a new warehouse"));
        }
        None => Register::new(),
    };
    let mut closed = Closed::before(job)?.unwrap_or_default();
    closed.close(job, &found)?;
    let unrevised = closed.clone();
    let out = before.as_ref().map(|before| before.shapes.clone()).unwrap_or_default();
    let taken = revised::take_over(job, &mut closed, &found, (policy, &register, &out))?;
    let made = make(job, policy, (&mut closed, &found), (before.as_ref(), &register));
    match made {
        Err(error) if !taken.is_empty() && matches!(error.kind, Kind::Secrecy | Kind::Data) => {
            // What came to closed months waits on, if that is what stands in the way.
            tracing::warn!(event = "revision.waits", "{error}");
            for folder in [FOLDER, RELEASE] {
                job.store.remove_folder(&format!("{BUILDING}/{folder}"))?;
            }
            let mut closed = unrevised;
            for month in taken {
                closed.months.entry(month).and_modify(|month| month.is_waiting = true);
            }
            make(job, policy, (&mut closed, &found), (before.as_ref(), &register))
        }
        made => made,
    }
}

fn make(
    job: &Job<'_>,
    policy: &Policy,
    (closed, found): (&mut Closed, &BTreeMap<String, Output>),
    (before, register): (Option<&Record>, &Register),
) -> Result<Vec<Output>> {
    let mut outputs = closed.link(job, found)?;
    outputs.push(closed.write(job)?);
    let key = key(job, closed)?;
    if let Some(before) = before.filter(|before| before.key == key) {
        pass_gate(job.store, job.definitions, true)?;
        outputs.extend(keep(job, before)?);
        return Ok(outputs);
    }
    let mut exact = count(job, policy, closed)?;
    let known: Before =
        register.iter().map(|(key, (status, _))| (key.clone(), status != "V")).collect();
    let mut inside = Inside { job, outputs: Vec::new() };
    let past = inside.past(before)?;
    are_whole(job.store, &past)?;
    let mut shapes = same_shapes(job.definitions, before)?;
    let mut withheld = Vec::new();
    let made = loop {
        let truth = truth_of(&exact);
        let tables: Vec<_> = exact.iter().map(|exact| lines(exact, &truth, policy)).collect();
        let crossings: Vec<_> = exact.iter().filter_map(crossing).collect();
        let measures = exact.iter().flat_map(|exact| exact.measures.iter().copied());
        let bonds = counted::bonds(job.definitions, measures);
        let release = Release::new(&tables, &crossings, &bonds)?;
        let forbidden =
            |key: &str| release.rows.get(key).is_some_and(|row| !row.primary.is_empty());
        let bare = barest(&exact, &shapes, policy.withhold_above_percent, &forbidden);
        let place = match bare {
            Some(place) => place,
            None => {
                let draft = Draft { exact: &exact, release, truth, known: &known, out: &shapes };
                match attempt(job, policy, (draft, closed), (before, &past))? {
                    Attempt::Made(made) => break made,
                    Attempt::Withhold(place) => place,
                }
            }
        };
        let table = exact.remove(place).wanted.name;
        tracing::info!(event = "table.withheld", table, "Too little of it would be left.");
        withheld.push(table.to_owned());
    };
    let Made { release, pattern, truth, name, certificate, losses } = *made;
    shapes.extend(exact.iter().map(|exact| (exact.wanted.name.to_owned(), shape(&exact.wanted))));
    if past.iter().all(|past| past.name != name) {
        inside.table(&format!("verite/{name}.parquet"), &VERITE, &truth::batch(&truth)?)?;
    }
    inside.bytes(LOSSES, losses.inside().as_bytes())?;
    let certificate = certificate.to_bytes().map_err(not_json)?;
    inside.bytes(CERTIFICATE, &certificate)?;
    let register = registered(job, register, (&release, &pattern));
    inside.table(REGISTER, &REGISTRE_SECRET, &truth::register_batch(&register)?)?;
    let mut all = before.map(|before| before.all.clone()).unwrap_or_default();
    if !all.contains(&name) {
        all.push(name.clone());
    }
    let record = Record { release: name.clone(), key, all, withheld, shapes, shown: None };
    let content = serde_json::to_vec_pretty(&record).map_err(not_json)?;
    inside.bytes(RECORD, &content)?;
    outputs.append(&mut inside.outputs);
    let (rows, hidden) = losses.counts();
    tracing::info!(event = "release.made", release = name, rows, hidden, "Release protected.");
    Ok(outputs)
}

/// Opens a release again, as readers will: the one under construction, or one that is out.
///
/// # Errors
/// When it does not pass, or a file cannot be read.
pub fn pass_gate(store: &Store, definitions: &Definitions, is_out: bool) -> Result<()> {
    if is_out {
        return pass_gate_again(store, definitions, CURRENT);
    }
    let release = format!("{BUILDING}/{RELEASE}");
    match Record::read(store, BUILDING)? {
        Some(_) if store.names_in(&release)?.is_empty() => Ok(()),
        Some(record) => open_again(store, definitions, (BUILDING, &record, &release)),
        None => Ok(()),
    }
}

/// Opens the release that a run made, or took over, where it is out.
fn pass_gate_again(store: &Store, definitions: &Definitions, run: &str) -> Result<()> {
    let Some(record) = Record::read(store, run)? else { return Ok(()) };
    let release = format!("{RELEASES}/{}", record.release);
    open_again(store, definitions, (run, &record, &release))
}

fn open_again(
    store: &Store,
    definitions: &Definitions,
    (run, record, release): (&str, &Record, &str),
) -> Result<()> {
    let truth = truth::read(store, &format!("{run}/{FOLDER}/verite/{}.parquet", record.release))?;
    gate::problems(store, definitions, (release, run, &truth))?.none()
}

/// The hash of all that a release depends on: not the day, unless a month closes with it.
fn key(job: &Job<'_>, closed: &Closed) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let until = closed.until.map(|day| day.first_of_month().to_string());
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(&VERSION.to_le_bytes());
    hasher.update(until.unwrap_or_default().as_bytes());
    for (month, closed) in &closed.months {
        let file = closed.file.as_ref().map_or("", |file| file.file.blake3.as_str());
        hasher.update(month.as_bytes()).update(file.as_bytes());
    }
    let folders = [outline::FOLDER, "tables"];
    let concerns =
        |path: &str| path.split_once('/').is_none_or(|(folder, _)| folders.contains(&folder));
    hasher.update(job.definitions.digest_of(concerns).as_bytes());
    let tables = job.definitions.tables.iter();
    for (name, _) in tables.filter(|(_, table)| table.secrecy.as_ref().is_some_and(|it| it.open)) {
        let file = job.store.stat(&format!("{BUILDING}/tables/{name}.parquet"))?;
        hasher.update(file.map_or_else(String::new, |file| file.blake3).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The tables of the closed months.
fn count<'d>(job: &Job<'d>, policy: &Policy, closed: &Closed) -> Result<Vec<Exact<'d>>> {
    let plan = Plan::new(job.definitions, policy)?;
    let summaries = plan.summaries(job.definitions)?;
    let reader = reader(job.store, &summaries);
    let sums = sums_of(&closed.files(), &summaries, &reader)?;
    let mut exact = plan.finish((&summaries, sums), (&reader, job.definitions))?;
    keep_closed(&mut exact, closed);
    Ok(exact)
}

fn write_public(
    job: &Job<'_>,
    policy: &Policy,
    (exact, pattern, losses): (&[Exact<'_>], &Pattern, &Losses),
    closed: &Closed,
) -> Result<()> {
    let mut tables = Vec::new();
    for of_table in exact {
        write_protected(job, of_table, (&pattern.hidden, policy))?;
    }
    for (name, table) in &job.definitions.tables {
        let Some(secrecy) = &table.secrecy else { continue };
        let is_there = match secrecy.open {
            true => write_open(job, (name, table), policy)?,
            false => exact.iter().any(|exact| exact.wanted.name == name),
        };
        let why = match (is_there, secrecy.open) {
            (true, _) => secrecy.why.clone(),
            (false, is_open) => format!("**Non diffusée** : {}", why_withheld(is_open)),
        };
        tables.push((name.as_str(), table.title.as_str(), why));
    }
    let last = closed.months.keys().rfind(|month| closed.shows(month));
    let until = last.cloned().unwrap_or_else(|| "aucun".to_owned());
    let told = Told { policy, tables, until, counts: losses.counts() };
    let pages = [
        ("methode.md", for_readers(&told)),
        ("method.md", for_experts(&told)),
        (LOSSES, losses.outside()),
    ];
    for (name, text) in pages {
        job.store.write(&format!("{BUILDING}/{RELEASE}/{name}"), text.as_bytes())?;
    }
    Ok(())
}

/// The name of the release under construction; that of the last one if it has the same files.
fn name_of(job: &Job<'_>, before: Option<&Record>) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let folder = format!("{BUILDING}/{RELEASE}");
    for name in job.store.names_in(&folder)? {
        let file = job.store.stat(&format!("{folder}/{name}"))?;
        hasher
            .update(name.as_bytes())
            .update(file.map_or_else(String::new, |f| f.blake3).as_bytes());
    }
    let hash: String = hasher.finalize().to_hex().chars().take(8).collect();
    let same = before.map(|before| &before.release).filter(|name| name.ends_with(&hash));
    Ok(same.cloned().unwrap_or_else(|| format!("{}-{hash}", job.as_of)))
}

/// Files of a run that the public does not see.
struct Inside<'a> {
    job: &'a Job<'a>,
    outputs: Vec<Output>,
}

impl Inside<'_> {
    fn table(&mut self, name: &str, table: &Table, batch: &RecordBatch) -> Result<()> {
        let path = format!("{FOLDER}/{name}");
        self.outputs.push(write_table(self.job, &path, table, std::slice::from_ref(batch))?);
        Ok(())
    }

    fn bytes(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let path = format!("{FOLDER}/{name}");
        let mut file = self.job.store.write(&format!("{BUILDING}/{path}"), content)?;
        file.path = path;
        self.outputs.push(Output { file, rows: 0 });
        Ok(())
    }

    /// Past releases, and what they were made of, which this run keeps too.
    fn past(&mut self, before: Option<&Record>) -> Result<Vec<OnDisk>> {
        let mut found = Vec::new();
        for name in before.iter().flat_map(|before| &before.all) {
            let path = format!("{FOLDER}/verite/{name}.parquet");
            let from = format!("{CURRENT}/{path}");
            self.job.store.link(&from, &format!("{BUILDING}/{path}"))?;
            self.outputs.push(output(self.job.store, &path)?);
            let folder = format!("{RELEASES}/{name}");
            let truth = truth::read(self.job.store, &from)?;
            found.push(OnDisk { name: name.clone(), folder, truth });
        }
        Ok(found)
    }
}

fn not_json(error: serde_json::Error) -> Error {
    Error::internal("what is kept of a release is JSON").because(error)
}

/// The register after this release.
fn registered(
    job: &Job<'_>,
    before: &Register,
    (release, pattern): (&Release, &Pattern),
) -> Register {
    let mut register = before.clone();
    for (key, row) in release.rows.iter().filter(|(_, row)| !row.is_inner) {
        let status = pattern.status(key, row).letter().to_owned();
        let known = register.get(key).filter(|(known, _)| *known == status);
        let since = known.map_or_else(|| job.as_of.to_string(), |(_, since)| since.clone());
        register.insert(key.clone(), (status, since));
    }
    register
}
