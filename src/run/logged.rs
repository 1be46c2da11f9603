//! The log of a run becomes what its stages took, and what it found and read.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::run::log::path;
use crate::run::store::Store;

/// A stage of a run that began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// Its name.
    pub stage: String,
    /// When it began.
    pub began: String,
    /// When it ended; never in a run that was killed.
    pub ended: Option<String>,
    /// Milliseconds.
    pub elapsed_ms: u64,
    /// Bytes of memory that the run had at most up to its end.
    pub rss_peak: Option<u64>,
    /// Exit code of the run, where it failed.
    pub code: Option<u8>,
}

/// An input that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// The source that reads it.
    pub source: String,
    /// Length of its file.
    pub bytes: u64,
    /// BLAKE3 of its bytes.
    pub blake3: String,
    /// Records that were met in it; none where it was not read.
    pub records: Option<i64>,
}

/// What the log of a run says; nothing where there is none, or it was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Stages, in their order.
    pub stages: Vec<Took>,
    /// Bytes of memory that it had at most.
    pub rss_peak: Option<u64>,
    /// Inputs that a source reads, by name, each content once.
    pub inputs: BTreeMap<String, Found>,
    /// Sources whose input cannot be used, and the code of why.
    pub refused: BTreeMap<String, String>,
}

/// A line, as far as it is of use here.
#[derive(Deserialize)]
struct Line {
    ts: String,
    event: String,
    stage: Option<String>,
    elapsed_ms: Option<u64>,
    rss_peak: Option<u64>,
    code: Option<u8>,
    input: Option<String>,
    source: Option<String>,
    bytes: Option<u64>,
    blake3: Option<String>,
    same_as: Option<String>,
    records: Option<i64>,
    reason: Option<String>,
}

/// Reads the log of what began at an instant.
#[must_use]
pub fn logged(store: &Store, id: &str) -> Logged {
    let content = store.read(&path(id)).ok().flatten().unwrap_or_default();
    of_lines(&String::from_utf8_lossy(&content))
}

fn of_lines(content: &str) -> Logged {
    let mut found = Logged::default();
    // The last line of a run that was killed may be cut off.
    for line in content.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        found.rss_peak = found.rss_peak.max(line.rss_peak);
        if let (Some(name), Some(source)) = (&line.input, &line.source) {
            let (name, source) = (name.clone(), source.clone());
            match line.event.as_str() {
                "input.found" if line.same_as.is_none() => {
                    let bytes = line.bytes.unwrap_or_default();
                    let blake3 = line.blake3.clone().unwrap_or_default();
                    let input = Found { name: name.clone(), source, bytes, blake3, records: None };
                    found.inputs.insert(name, input);
                }
                "segment.ready" => {
                    if let Some(input) = found.inputs.get_mut(&name) {
                        input.records = line.records;
                    }
                }
                _ => {}
            }
        }
        if let ("source.refused", Some(source), Some(reason)) =
            (line.event.as_str(), &line.source, &line.reason)
        {
            found.refused.insert(source.clone(), reason.clone());
        }
        let Some(stage) = line.stage else { continue };
        match line.event.as_str() {
            "stage.started" => {
                found.stages.push(Took { stage, began: line.ts, ..Took::default() });
            }
            "stage.finished" | "stage.failed" => {
                if let Some(last) = found.stages.last_mut().filter(|last| last.stage == stage) {
                    last.ended = Some(line.ts);
                    last.elapsed_ms = line.elapsed_ms.unwrap_or_default();
                    last.rss_peak = line.rss_peak;
                    last.code = line.code;
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_told_as_far_as_the_log_goes() {
        let found = of_lines(
            r#"{"ts":"1","event":"run.started"}
{"ts":"1","event":"input.found","input":"a.csv","source":"a","bytes":7,"blake3":"b"}
{"ts":"1","event":"input.found","input":"b.csv","source":"a","bytes":7,"same_as":"a.csv"}
{"ts":"1","event":"segment.ready","input":"a.csv","source":"a","rows":4,"rejected":0,"records":5}
{"ts":"1","event":"source.refused","source":"b","reason":"stale"}
{"ts":"2","event":"stage.started","stage":"ingest"}
{"ts":"3","event":"stage.finished","stage":"ingest","elapsed_ms":12,"rss_peak":9}
{"ts":"4","event":"stage.started","stage":"clean"}
{"ts":"5","event":"stage.fini"#,
        );
        let ingest = Took {
            stage: "ingest".to_owned(),
            began: "2".to_owned(),
            ended: Some("3".to_owned()),
            elapsed_ms: 12,
            rss_peak: Some(9),
            code: None,
        };
        let clean = Took { stage: "clean".to_owned(), began: "4".to_owned(), ..Took::default() };
        let input = Found {
            name: "a.csv".to_owned(),
            source: "a".to_owned(),
            bytes: 7,
            blake3: "b".to_owned(),
            records: Some(5),
        };
        let inputs = [("a.csv".to_owned(), input)].into();
        let refused = [("b".to_owned(), "stale".to_owned())].into();
        let stages = vec![ingest, clean];
        assert_eq!(found, Logged { stages, rss_peak: Some(9), inputs, refused });
    }
}
