//! Segments and declarations of two runs become what is known of the records that changed, and of
//! what else did.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::revision::cause::{Around, Seen};
use crate::run::clean;
use crate::run::execute::DECLARATIONS;
use crate::run::job::Job;
use crate::run::manifest::{Manifest, Segment};
use crate::run::parquet::Groups;
use crate::run::staged::{batches, groups, lacking, of_subject, sum, text};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns;

/// Rows read at a time.
const ROWS: usize = 1 << 14;

/// Fingerprints of what sources tell of some records.
type Told = BTreeMap<String, BTreeSet<i64>>;

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
        // The same bytes say the same, however they are read.
        let files = |manifest: &Manifest| -> BTreeSet<(String, String)> {
            let of = of_subject(job, &manifest.segments, Subject::Activites).into_iter();
            of.map(|segment| (segment.source.clone(), segment.id.clone())).collect()
        };
        if files(before) == files(now) || wanted.0.is_empty() {
            return Ok(Self { before: Told::new(), now: Told::new(), are_same: true });
        }
        let [before, now] = [before, now].map(|manifest| told(job, &manifest.segments, wanted));
        Ok(Self { before: before?, now: now?, are_same: false })
    }

    /// Whether and how they tell of a record.
    pub(super) fn seen(&self, id: &str) -> Seen {
        let (past, present) = (self.before.get(id), self.now.get(id));
        let is_new = |mark: &i64| past.is_none_or(|past| !past.contains(mark));
        let is_gone = |mark: &i64| present.is_none_or(|present| !present.contains(mark));
        Seen {
            was_told: self.are_same || past.is_some(),
            is_told: self.are_same || present.is_some(),
            is_told_otherwise: present.is_some_and(|present| present.iter().any(is_new)),
            is_told_less: past.is_some_and(|past| past.iter().any(is_gone)),
            ..Seen::default()
        }
    }
}

/// What the sources of a run tell of some records in some months.
fn told(
    job: &Job<'_>,
    segments: &[Segment],
    (wanted, months): (&BTreeSet<String>, &BTreeSet<i32>),
) -> Result<Told> {
    let mut told = Told::new();
    let activities = of_subject(job, segments, Subject::Activites);
    let names = [columns::ACTIVITE_ID.name, columns::EMPREINTE.name];
    for group in groups(&activities)?.iter().filter(|group| months.contains(&group.month)) {
        let segment = activities.get(group.segment).ok_or_else(lacking)?;
        if !job.store.has(&segment.rows.path) {
            continue;
        }
        let file = Groups::open(job.store, &segment.rows.path)?;
        for batch in file.read(group.number, &names, (None, ROWS))? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let id = text(&batch, &columns::ACTIVITE_ID, row).unwrap_or_default();
                let mark = sum(&batch, &columns::EMPREINTE, row).unwrap_or_default();
                if wanted.contains(id) {
                    told.entry(id.to_owned()).or_default().insert(mark);
                }
            }
        }
    }
    Ok(told)
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
