//! The log of a run becomes what its stages took.

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
    /// Exit code of the run, where it failed.
    pub code: Option<u8>,
}

/// What the log of a run says; nothing where there is none, or it was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Stages, in their order.
    pub stages: Vec<Took>,
    /// Bytes of memory that it had at most.
    pub rss_peak: Option<u64>,
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
        let Some(stage) = line.stage else { continue };
        match line.event.as_str() {
            "stage.started" => {
                found.stages.push(Took { stage, began: line.ts, ..Took::default() });
            }
            "stage.finished" | "stage.failed" => {
                if let Some(last) = found.stages.last_mut().filter(|last| last.stage == stage) {
                    last.ended = Some(line.ts);
                    last.elapsed_ms = line.elapsed_ms.unwrap_or_default();
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
            code: None,
        };
        let clean = Took { stage: "clean".to_owned(), began: "4".to_owned(), ..Took::default() };
        assert_eq!(found, Logged { stages: vec![ingest, clean], rss_peak: Some(9) });
    }
}
