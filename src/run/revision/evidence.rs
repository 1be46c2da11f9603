//! Segments and declarations of two runs become what is known of the records that changed, and of
//! what else did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::FieldRef;
use arrow::row::{Row, RowConverter, SortField};

use crate::error::Result;
use crate::revision::cause::{Around, Seen};
use crate::run::clean;
use crate::run::execute::DECLARATIONS;
use crate::run::job::Job;
use crate::run::manifest::{Manifest, Segment};
use crate::run::parquet::Groups;
use crate::run::revision::records::is_readable;
use crate::run::staged::{Group, batches, groups, instant, lacking, of_subject, text};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::{self, Column};
use crate::vocabulary::tables::STAGED_ACTIVITES;

/// Rows read at a time.
const ROWS: usize = 1 << 14;

/// What is read of a record that its source does not tell: where it stood, and what was made of it.
const NOT_TOLD: [Column; 4] =
    [columns::LIGNE, columns::EMPREINTE, columns::ACTIVITE_ID, columns::DRAPEAUX];

/// What sources tell of some records.
type Told = BTreeMap<String, Tellings>;

/// What sources tell of a record.
#[derive(Debug, Default)]
struct Tellings {
    /// A number for each content. When it was last modified is none of it: an export may touch all
    /// its records and say nothing new.
    marks: BTreeSet<u64>,
    /// The latest version.
    last: Last,
}

/// When a version was modified, and whether it says that the record is deleted.
type Last = (Option<i64>, bool);

/// What changed besides the records of activities.
pub(super) fn around(job: &Job<'_>, before: &Manifest, now: &Manifest) -> Result<Around> {
    let paths = before.definition_files.keys().chain(now.definition_files.keys());
    let changed = paths
        .filter(|path| before.definition_files.get(*path) != now.definition_files.get(*path))
        .filter(|path| clean::concerns(&job.pipeline, path));
    let mut around = Around { rules: before.version != now.version, ..Around::default() };
    for path in changed {
        if path.starts_with("reference/") {
            around.references = true;
        } else if !path.starts_with("corrections/") {
            around.rules = true;
        }
    }
    let of_others = |manifest: &Manifest| -> BTreeSet<(String, String)> {
        let others = manifest.segments.iter().filter(|segment| {
            let source = job.definitions.sources.get(&segment.source);
            source.is_some_and(|source| {
                !matches!(
                    source.subject,
                    Subject::Activites
                        | Subject::Suppressions
                        | Subject::Accompagnements
                        | Subject::Beneficiaires
                )
            })
        });
        others.map(|segment| (segment.source.clone(), segment.id.clone())).collect()
    };
    around.references |= of_others(before) != of_others(now);
    for (action, source) in changed_corrections(job, before)?.into_values() {
        let source = job.definitions.sources.get(&source);
        around.structures |= source.is_some_and(|it| it.subject == Subject::Structures);
        around.drops |= action == "drop";
    }
    Ok(around)
}

/// Entries of the register of corrections that began, ended or changed: by name, what is done and
/// the source.
pub(super) fn changed_corrections(
    job: &Job<'_>,
    before: &Manifest,
) -> Result<BTreeMap<String, (String, String)>> {
    let mut register: [BTreeMap<String, toml::Value>; 2] = Default::default();
    let is_of_register =
        |path: &&String| path.starts_with("corrections/") && path.ends_with(".toml");
    for path in before.definition_files.keys().filter(is_of_register) {
        let kept = job.store.read(&format!("{DECLARATIONS}/{}/{path}", before.definitions))?;
        register[0].extend(entries(&kept.unwrap_or_default()));
    }
    for (_, content) in job.files.iter().filter(|(path, _)| is_of_register(path)) {
        register[1].extend(entries(content));
    }
    let [past, present] = &register;
    let names: BTreeSet<&String> = past.keys().chain(present.keys()).collect();
    let changed = names.into_iter().filter(|name| past.get(*name) != present.get(*name));
    let told = changed.filter_map(|name| {
        let entry = present.get(name).or_else(|| past.get(name))?;
        let word =
            |key| entry.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        Some((name.clone(), (word("action"), word("source"))))
    });
    Ok(told.collect())
}

fn entries(content: &[u8]) -> Vec<(String, toml::Value)> {
    let file: toml::Table = String::from_utf8_lossy(content).parse().unwrap_or_default();
    let entries = file.get("correction").and_then(toml::Value::as_array).cloned();
    let named = entries
        .unwrap_or_default()
        .into_iter()
        .filter_map(|entry| Some((entry.get("name")?.as_str()?.to_owned(), entry)));
    named.collect()
}

/// What the sources of two runs tell of some records.
pub(super) struct Sources {
    before: Told,
    now: Told,
    /// They are the same files: nothing needs to be read.
    are_same: bool,
}

impl Sources {
    /// Reads what is told of some records in some months.
    pub(super) fn read(
        job: &Job<'_>,
        (before, now): (&Manifest, &Manifest),
        wanted: (&BTreeSet<String>, &BTreeSet<i32>),
    ) -> Result<Self> {
        if are_same(job, before, now) || wanted.0.is_empty() {
            return Ok(Self { before: Told::new(), now: Told::new(), are_same: true });
        }
        let [before, now] = [before, now].map(|manifest| told(job, &manifest.segments, wanted));
        Ok(Self { before: before?, now: now?, are_same: false })
    }

    /// Whether and how they tell of a record.
    pub(super) fn seen(&self, id: &str) -> Seen {
        let (past, present) = (self.before.get(id), self.now.get(id));
        let differs = |one: Option<&Tellings>, other: Option<&Tellings>| {
            let known = |mark: &u64| other.is_some_and(|other| other.marks.contains(mark));
            one.is_some_and(|one| !one.marks.iter().all(known))
        };
        let is_deleted = |told: Option<&Tellings>| told.is_some_and(|told| told.last.1);
        Seen {
            was_told: self.are_same || past.is_some(),
            is_told: self.are_same || present.is_some(),
            is_told_otherwise: differs(present, past),
            is_told_less: differs(past, present),
            was_announced: is_deleted(past),
            is_announced: is_deleted(present),
            ..Seen::default()
        }
    }
}

/// Whether two runs read the same files: the same bytes say the same, however they are read.
fn are_same(job: &Job<'_>, before: &Manifest, now: &Manifest) -> bool {
    let [before, now] = [before, now].map(|manifest| -> BTreeSet<(&str, &str)> {
        let of = of_subject(job, &manifest.segments, Subject::Activites).into_iter();
        of.map(|segment| (segment.source.as_str(), segment.id.as_str())).collect()
    });
    before == now
}

/// Of records that left or joined a month, those that a source tells of in another one, before or
/// now, and these months: what they said there did not count.
pub(super) fn elsewhere(
    job: &Job<'_>,
    (before, now): (&Manifest, &Manifest),
    wanted: &BTreeMap<String, i32>,
) -> Result<(BTreeSet<String>, BTreeSet<i32>)> {
    let mut found = (BTreeSet::new(), BTreeSet::new());
    if are_same(job, before, now) || wanted.is_empty() {
        return Ok(found);
    }
    let all = [before, now]
        .into_iter()
        .flat_map(|manifest| of_subject(job, &manifest.segments, Subject::Activites).into_iter());
    let segments: BTreeMap<&str, &Segment> =
        all.map(|segment| (segment.rows.path.as_str(), segment)).collect();
    let segments: Vec<&Segment> = segments.into_values().collect();
    let files = files(job, &segments)?;
    for group in groups(&segments)? {
        let Some(file) = files.get(group.segment).and_then(Option::as_ref) else { continue };
        visit(file, &group, &mut |_, id| {
            if wanted.get(id).is_some_and(|month| *month != group.month) {
                found.0.insert(id.to_owned());
                found.1.insert(group.month);
            }
        })?;
    }
    Ok(found)
}

/// What the sources of a run tell of some records in some months.
fn told(
    job: &Job<'_>,
    segments: &[Segment],
    (wanted, months): (&BTreeSet<String>, &BTreeSet<i32>),
) -> Result<Told> {
    let mut told = Told::new();
    let activities = of_subject(job, segments, Subject::Activites);
    let files = files(job, &activities)?;
    for group in groups(&activities)?.iter().filter(|group| months.contains(&group.month)) {
        let Some(file) = files.get(group.segment).and_then(Option::as_ref) else { continue };
        let (mut places, mut ids) = (Vec::new(), Vec::new());
        visit(file, group, &mut |place, id| {
            if wanted.contains(id) {
                places.push(place..place + 1);
                ids.push(id.to_owned());
            }
        })?;
        if places.is_empty() {
            continue;
        }
        let selection = RowSelection::from_consecutive_ranges(places.into_iter(), group.rows.len());
        let mut ids = ids.into_iter();
        for batch in file.read(group.number, &contents(), (Some(selection), ROWS))? {
            for (mark, last) in marks(&batch?)? {
                let tellings = told.entry(ids.next().ok_or_else(lacking)?).or_default();
                tellings.marks.insert(mark);
                tellings.last = tellings.last.max(last);
            }
        }
    }
    Ok(told)
}

/// The files of segments; none where it is gone, or another version of the program wrote it.
fn files<'j>(job: &Job<'j>, segments: &[&Segment]) -> Result<Vec<Option<Groups<'j>>>> {
    let file = |segment: &&Segment| {
        let path = &segment.rows.path;
        let is_there = job.store.has(path) && is_readable(job.store, path, &STAGED_ACTIVITES)?;
        is_there.then(|| Groups::open(job.store, path)).transpose()
    };
    segments.iter().map(file).collect()
}

/// Tells the records of a group, each with its place.
fn visit(file: &Groups<'_>, group: &Group, tell: &mut dyn FnMut(usize, &str)) -> Result<()> {
    let mut place = 0;
    for batch in file.read(group.number, &[columns::ACTIVITE_ID.name], (None, ROWS))? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            tell(place, text(&batch, &columns::ACTIVITE_ID, row).unwrap_or_default());
            place += 1;
        }
    }
    Ok(())
}

/// The columns that are read of what a source tells.
fn contents() -> Vec<&'static str> {
    let names = STAGED_ACTIVITES.columns.iter().map(|column| column.name);
    names.filter(|name| NOT_TOLD.iter().all(|column| column.name != *name)).collect()
}

/// Of each row, the number of its content, and what it makes the last one.
fn marks(batch: &RecordBatch) -> Result<Vec<(u64, Last)>> {
    let schema = batch.schema();
    let told = schema.fields().iter().zip(batch.columns());
    let told = told.filter(|(field, _)| *field.name() != columns::MODIFIE_LE.name);
    let of_column = |(field, array): (&FieldRef, &ArrayRef)| {
        (SortField::new(field.data_type().clone()), Arc::clone(array))
    };
    let (sorts, arrays): (Vec<SortField>, Vec<ArrayRef>) = told.map(of_column).unzip();
    let rows = RowConverter::new(sorts)?.convert_columns(&arrays)?;
    let of_row = |(place, row): (usize, Row<'_>)| {
        let mut first = [0; 8];
        let hash = blake3::hash(row.as_ref());
        first.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
        let is_deleted = instant(batch, &columns::SUPPRIME_LE, place).is_some();
        let last = (instant(batch, &columns::MODIFIE_LE, place), is_deleted);
        (u64::from_le_bytes(first), last)
    };
    Ok(rows.iter().enumerate().map(of_row).collect())
}

/// The records that a run was told are deleted.
pub(super) fn announced(job: &Job<'_>, segments: &[Segment]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for segment in of_subject(job, segments, Subject::Suppressions) {
        for batch in batches(job, segment, &[&columns::ACTIVITE_ID])? {
            let batch = batch?;
            let ids = (0..batch.num_rows())
                .filter_map(|row| text(&batch, &columns::ACTIVITE_ID, row).map(str::to_owned));
            found.extend(ids);
        }
    }
    Ok(found)
}
