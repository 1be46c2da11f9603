//! A run becomes events of OpenLineage 2-0-2: what it read, what it made, how it ended.
//!
//! A run is told by a UUID of version 8 made of the hash of the line of the register that began it,
//! so that the next run can tell the end of one that was killed. Names of data sets are paths that
//! stay the same from run to run; what tells two runs apart is the version of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::error::{Error, Kind, Result};
use crate::run::execute::Done;
use crate::run::logged::logged;
use crate::run::manifest::{CURRENT, Input, Manifest, Output, Segment};
use crate::run::parquet;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Attempt, Register};
use crate::run::store::Store;

/// Who tells: the program and its version, as a URI.
const PRODUCER: &str = concat!("urn:conum:", env!("CARGO_PKG_VERSION"));
const SPEC: &str = "https://openlineage.io/spec/";
/// Namespace of jobs.
const JOBS: &str = "conum";
/// Namespace of files.
const FILES: &str = "file";

/// Where events of a job go.
#[derive(Debug)]
pub struct Lineage<'a> {
    /// The warehouse.
    pub store: &'a Store,
    /// Name of the pipeline.
    pub job: String,
    /// Folder of the inputs.
    pub input: PathBuf,
    /// Tells the time.
    pub clock: fn() -> String,
    /// The folder and the name of the file that lines are added to.
    pub file: (Store, String),
}

/// The end of a run.
#[derive(Clone, Copy, Debug)]
enum End<'a> {
    Done(&'a Done),
    Failed(&'a Error),
}

impl Lineage<'_> {
    /// Tells that a run began, and that the one before it came to no end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn began(&self, line: &str, (started_at, as_of): (&str, Date)) -> Result<()> {
        let mut events = Vec::new();
        let before = self.attempts()?;
        let before = before.iter().rev().find(|it| it.line != line);
        if let Some(killed) = before.filter(|it| it.end.is_none() && it.begin.command == "run") {
            let run = json!({ "runId": uuid(&killed.line) });
            events.push(self.event(("ABORT", &(self.clock)()), &run, None));
        }
        let facets = json!({
            "nominalTime": facet("NominalTimeRunFacet", "1-0-1", nominal(as_of)?),
            "processing_engine": facet("ProcessingEngineRunFacet", "1-1-0", json!({
                "name": "conum",
                "version": env!("CARGO_PKG_VERSION"),
            })),
        });
        let run = json!({ "runId": uuid(line), "facets": facets });
        events.push(self.event(("START", started_at), &run, None));
        self.write(&events)
    }

    /// Tells how a run and its stages ended.
    ///
    /// # Errors
    /// When the outputs cannot be read, or it cannot be written.
    pub fn ended(&self, line: &str, done: std::result::Result<&Done, &Error>) -> Result<()> {
        let end = done.map_or_else(End::Failed, End::Done);
        let attempts = self.attempts()?;
        let attempt = attempts.iter().find(|it| it.line == line);
        let mut events = Vec::new();
        if let Some(attempt) = attempt {
            self.stages(attempt, &mut events);
        }
        let told = attempt.and_then(|it| it.end.as_ref()).map(|end| end.ended_at.clone());
        let time = told.unwrap_or_else(self.clock);
        let mut run = json!({ "runId": uuid(line) });
        if let End::Failed(error) = end {
            // What follows the first line names records.
            let message = error.message.lines().next().unwrap_or_default();
            let facet = facet(
                "ErrorMessageRunFacet",
                "1-0-0",
                json!({
                    "message": format!("code {}: {message}", error.kind.exit_code()),
                    "programmingLanguage": "Rust",
                }),
            );
            run["facets"] = json!({ "errorMessage": facet });
        }
        let mut event = self.event((how(end), &time), &run, None);
        if let End::Done(done) = end {
            event["inputs"] = self.inputs(&done.manifest).into();
            let outputs = if done.is_unchanged { Vec::new() } else { self.outputs(done)? };
            event["outputs"] = outputs.into();
        }
        events.push(event);
        self.write(&events)
    }

    fn attempts(&self) -> Result<Vec<Attempt>> {
        Ok(Register::read(self.store)?.attempts())
    }

    /// Each stage is a run of its own, below that of the whole.
    fn stages(&self, attempt: &Attempt, events: &mut Vec<Value>) {
        for took in logged(self.store, &attempt.begin.id).stages {
            let parent = facet(
                "ParentRunFacet",
                "1-0-1",
                json!({
                    "run": { "runId": uuid(&attempt.line) },
                    "job": { "namespace": JOBS, "name": self.job },
                }),
            );
            let run = json!({
                "runId": uuid(&format!("{} {}", attempt.line, took.stage)),
                "facets": { "parent": parent },
            });
            let stage = Some(took.stage.as_str());
            events.push(self.event(("START", &took.began), &run, stage));
            if let Some(ended) = &took.ended {
                let how = match took.code {
                    None => "COMPLETE",
                    Some(code) if is_stopped(code) => "ABORT",
                    Some(_) => "FAIL",
                };
                events.push(self.event((how, ended), &run, stage));
            }
        }
    }

    fn event(&self, (kind, time): (&str, &str), run: &Value, stage: Option<&str>) -> Value {
        let name = stage.map_or_else(|| self.job.clone(), |stage| format!("{}.{stage}", self.job));
        json!({
            "eventType": kind,
            "eventTime": time,
            "run": run,
            "job": { "namespace": JOBS, "name": name },
            "inputs": [],
            "outputs": [],
            "producer": PRODUCER,
            "schemaURL": format!("{SPEC}2-0-2/OpenLineage.json#/$defs/RunEvent"),
        })
    }

    fn inputs(&self, manifest: &Manifest) -> Vec<Value> {
        let read = manifest.inputs.iter().filter(|it| it.source.is_some() && it.same_as.is_none());
        read.map(|input| self.input(manifest, input)).collect()
    }

    fn input(&self, manifest: &Manifest, input: &Input) -> Value {
        let name = named(&self.input, &input.name);
        let source = input.source.as_deref().unwrap_or_default();
        let mut dataset = json!({
            "namespace": FILES,
            "name": name,
            "facets": {
                "version": version(&format!("blake3:{}", input.blake3)),
                "dataSource": facet("DatasourceDatasetFacet", "1-0-1", json!({ "name": source })),
            },
        });
        let is_of =
            |segment: &&Segment| segment.source == source && input.blake3.starts_with(&segment.id);
        if let Some(segment) = manifest.segments.iter().find(is_of) {
            let mut counts = json!({ "rowCount": segment.records, "fileCount": 1 });
            if input.member.is_none() {
                counts["size"] = input.bytes.into();
            }
            let counts = facet("InputStatisticsInputDatasetFacet", "1-0-0", counts);
            dataset["inputFacets"] = json!({ "inputStatistics": counts });
        }
        dataset
    }

    /// Tables of the run; those of a folder by year are one. And the release.
    fn outputs(&self, done: &Done) -> Result<Vec<Value>> {
        let mut groups: BTreeMap<String, Vec<&Output>> = BTreeMap::new();
        let all = done.manifest.outputs.iter().filter(|it| it.file.path.ends_with(".parquet"));
        for output in all {
            let parts: Vec<&str> = output.file.path.split('/').collect();
            let whole: Vec<&str> =
                parts.iter().copied().take_while(|part| !part.contains('=')).collect();
            groups.entry(whole.join("/")).or_default().push(output);
        }
        let mut outputs = Vec::new();
        for (name, files) in &groups {
            outputs.push(self.output(&done.manifest, name, files)?);
        }
        let latest = format!("{RELEASES}/{LATEST}");
        if let Some(release) = self.store.target(&latest) {
            outputs.push(json!({
                "namespace": FILES,
                "name": named(&self.store.path(""), &latest),
                "facets": { "version": version(&release) },
            }));
        }
        Ok(outputs)
    }

    fn output(&self, manifest: &Manifest, name: &str, files: &[&Output]) -> Result<Value> {
        let rows: u64 = files.iter().map(|output| output.rows).sum();
        let bytes: u64 = files.iter().map(|output| output.file.bytes).sum();
        let mut facets = json!({ "version": version(&manifest.run_id) });
        if let Some(first) = files.first() {
            let file = self.store.file(&format!("{CURRENT}/{}", first.file.path))?;
            let schema = parquet::schema(file)?;
            let fields = schema.fields().iter().map(|field| {
                let kind = field.data_type().to_string();
                let mut told = json!({ "name": field.name(), "type": kind });
                if let Some(meaning) = field.metadata().get("description") {
                    told["description"] = meaning.as_str().into();
                }
                told
            });
            let fields: Vec<Value> = fields.collect();
            facets["schema"] = facet("SchemaDatasetFacet", "1-0-0", json!({ "fields": fields }));
        }
        let counts = json!({ "rowCount": rows, "size": bytes });
        let counts = facet("OutputStatisticsOutputDatasetFacet", "1-0-1", counts);
        Ok(json!({
            "namespace": FILES,
            "name": named(&self.store.path(""), &format!("{CURRENT}/{name}")),
            "facets": facets,
            "outputFacets": { "outputStatistics": counts },
        }))
    }

    fn write(&self, events: &[Value]) -> Result<()> {
        use std::io::Write;

        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        let (folder, name) = &self.file;
        let written = folder.lines(name)?.write_all(lines.as_bytes());
        written.map_err(|error| Error::io("write", &folder.path(name), error))
    }
}

fn how(end: End<'_>) -> &'static str {
    match end {
        End::Done(_) => "COMPLETE",
        End::Failed(error) if is_stopped(error.kind.exit_code()) => "ABORT",
        End::Failed(_) => "FAIL",
    }
}

fn is_stopped(code: u8) -> bool {
    [Kind::Interrupted, Kind::Terminated].iter().any(|kind| kind.exit_code() == code)
}

fn facet(name: &str, version: &str, content: Value) -> Value {
    let mut facet = Map::new();
    facet.insert("_producer".to_owned(), PRODUCER.into());
    let url = format!("{SPEC}facets/{version}/{name}.json#/$defs/{name}");
    facet.insert("_schemaURL".to_owned(), url.into());
    if let Value::Object(content) = content {
        facet.extend(content);
    }
    facet.into()
}

fn version(version: &str) -> Value {
    facet("DatasetVersionDatasetFacet", "1-0-0", json!({ "datasetVersion": version }))
}

/// The reference day in Paris: what the run is of, whenever it is made.
fn nominal(as_of: Date) -> Result<Value> {
    let at = |day: Date| -> Result<String> {
        let start = TimeZone::get("Europe/Paris").and_then(|paris| day.to_zoned(paris));
        let start = start.map_err(|error| Error::internal("a day begins").because(error))?;
        Ok(start.timestamp().to_string())
    };
    let next = as_of.tomorrow();
    let next = next.map_err(|error| Error::internal("a day has a next").because(error))?;
    Ok(json!({ "nominalStartTime": at(as_of)?, "nominalEndTime": at(next)? }))
}

/// The whole path of a file.
fn named(folder: &Path, name: &str) -> String {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    folder.join(name).to_string_lossy().into_owned()
}

/// A UUID of version 8 (RFC 9562, section 5.8) made of the BLAKE3 of a text.
fn uuid(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes());
    let mut digits: Vec<char> = hash.to_hex().chars().take(32).collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '8';
    }
    if let Some(variant) = digits.get_mut(16) {
        // The two highest bits are 10.
        let value = (variant.to_digit(16).unwrap_or_default() & 3) | 8;
        *variant = char::from_digit(value, 16).unwrap_or('8');
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().iter();
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| part(from, to).collect::<String>()).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_the_same_uuid_of_version_8_each_time() {
        let one = uuid("a line");
        assert_eq!(one, uuid("a line"));
        assert_ne!(one, uuid("a line ingest"));
        let shape: String =
            one.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(one.get(14..15), Some("8"));
        assert!("89ab".contains(&one[19..20]), "{one}");
    }

    #[test]
    fn a_reference_day_is_that_of_paris() {
        let told = nominal(jiff::civil::date(2025, 3, 30)).unwrap();
        assert_eq!(told["nominalStartTime"], "2025-03-29T23:00:00Z");
        assert_eq!(told["nominalEndTime"], "2025-03-30T22:00:00Z", "a day of 23 hours");
    }
}
