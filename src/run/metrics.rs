//! What the warehouse says of its last run becomes metrics that Prometheus reads, through the
//! textfile collector of node_exporter.
//!
//! What a label may be is bounded by the declarations: sources, reasons, stages. None is of an
//! employer.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;

use crate::error::Result;
use crate::run::execute::ledger_in;
use crate::run::ledger::Ledger;
use crate::run::logged::logged;
use crate::run::machine;
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Attempt, Register};
use crate::run::status::{PUBLISHING, unchanged_since};
use crate::run::store::Store;
use crate::vocabulary::codes::Fate;

/// The code of a run that came to no end.
const KILLED: &str = "-1";

/// A value and its labels.
type Sample<'a> = (Vec<(&'static str, &'a str)>, String);

/// Lines of the exposition format.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str, samples: &[Sample<'_>]) {
        if samples.is_empty() {
            return;
        }
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let labels =
                if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            self.0.push_str(&format!("{name}{labels} {value}\n"));
        }
    }

    fn one(&mut self, name: &str, help: &str, value: Option<impl ToString>) {
        let sample = value.map(|value| (Vec::new(), value.to_string()));
        self.family(name, help, &Vec::from_iter(sample));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The metrics of a warehouse, after the run that began at an instant or after the last one.
///
/// # Errors
/// When the register or the record of the run that readers see cannot be read.
pub fn metrics(store: &Store, id: Option<&str>) -> Result<String> {
    let mut page = Page::default();
    let attempts = Register::read(store)?.attempts();
    let is_publishing = |it: &&Attempt| PUBLISHING.contains(&it.begin.command.as_str());
    let holder = store.holder()?.unwrap_or_default();
    let is_at_work = |it: &Attempt| it.end.is_none() && holder.contains(&it.begin.started_at);
    let mut all = attempts.iter().rev().filter(is_publishing);
    let last = match id {
        Some(id) => attempts.iter().find(|it| it.begin.id == id),
        None => all.find(|it| !is_at_work(it)),
    };
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    page.family("conum_build_info", "The program.", &[(version, "1".to_owned())]);
    if let Some(last) = last {
        of_attempt(&mut page, store, last);
    }
    let good = attempts.iter().rev().filter(is_publishing).find(|it| it.is_good());
    let end = good.and_then(|good| good.end.as_ref());
    let current = Manifest::current(store)?;
    // Runs before there was a register have only their record.
    let end = end.map(|end| end.ended_at.as_str());
    let end = end.or_else(|| current.as_ref().map(|current| current.finished_at.as_str()));
    let help = "When the last run ended well, one that found nothing new too.";
    page.one("conum_last_success_timestamp_seconds", help, end.and_then(seconds));
    let since = good.and_then(|good| unchanged_since(&attempts, good));
    let help = "When the inputs of the last good run were first found.";
    page.one("conum_inputs_since_timestamp_seconds", help, since.as_deref().and_then(seconds));
    if let Some(current) = &current {
        of_published(&mut page, store, current)?;
    }
    of_disk(&mut page, store)?;
    Ok(page.0)
}

fn of_attempt(page: &mut Page, store: &Store, last: &Attempt) {
    let began = seconds(&last.begin.started_at);
    page.one("conum_run_timestamp_seconds", "When the last run began.", began);
    let end = last.end.as_ref();
    let took = end.and_then(|end| took(&last.begin.started_at, &end.ended_at));
    page.one("conum_run_duration_seconds", "How long the last run took.", took);
    let code = end.map_or(KILLED.to_owned(), |end| end.code.to_string());
    let help = "Exit code of the last run; -1 when it was killed.";
    page.one("conum_run_exit_code", help, Some(code));
    let is_unchanged = end.map(|end| u8::from(end.is_unchanged));
    page.one("conum_run_unchanged", "Whether the last run found nothing new.", is_unchanged);
    let logged = logged(store, &last.begin.id);
    let help = "Memory that the last run had at most.";
    page.one("conum_peak_memory_bytes", help, logged.rss_peak);
    let ended = logged.stages.iter().filter(|stage| stage.ended.is_some());
    let samples = ended.map(|took| (vec![("stage", &*took.stage)], thousandths(took.elapsed_ms)));
    let help = "How long the stages of the last run took.";
    page.family("conum_stage_seconds", help, &samples.collect::<Vec<_>>());
}

fn of_published(page: &mut Page, store: &Store, current: &Manifest) -> Result<()> {
    let finished = seconds(&current.finished_at);
    let help = "When the run that readers see was complete.";
    page.one("conum_published_timestamp_seconds", help, finished);
    let release = store.target(&format!("{RELEASES}/{LATEST}")).unwrap_or_default();
    let labels =
        vec![("run", &*current.run_id), ("release", &*release), ("as_of", &*current.as_of)];
    page.family("conum_published_info", "What readers see.", &[(labels, "1".to_owned())]);
    let help = "Warnings of the run that readers see.";
    page.one("conum_warnings", help, Some(current.warnings.len()));
    let read = current.inputs.iter().filter(|input| input.source.is_some());
    let help = "Input files that a source read, of the run that readers see.";
    page.one("conum_inputs", help, Some(read.count()));
    let bytes: u64 = current.outputs.iter().map(|output| output.file.bytes).sum();
    page.one("conum_output_bytes", "Files of the run that readers see.", Some(bytes));
    of_rows(page, &ledger_in(store, CURRENT)?);
    Ok(())
}

fn of_rows(page: &mut Page, ledger: &Ledger) {
    let sources = ledger.sources("ingest");
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    let mut reasons = Vec::new();
    for source in &sources {
        let read = ledger.total("ingest", source, None).rows;
        rows.push((vec![("source", &**source), ("fate", "entree")], read.to_string()));
        for fate in Fate::ALL {
            let count = ledger.outcome(source, fate);
            // What a source never had is no line; what it may have is one, and an alert can wait.
            if count != 0 || [Fate::Kept, Fate::Rejected].contains(&fate) {
                let labels = vec![("source", &**source), ("fate", fate.code())];
                rows.push((labels, count.to_string()));
            }
        }
        let found = ledger.reasons(source, Fate::Rejected).into_iter();
        reasons.extend(found.map(|(reason, count)| (source, reason, count)));
    }
    for (source, reason, count) in &reasons {
        let labels = vec![("source", &***source), ("reason", &**reason)];
        rejects.push((labels, count.to_string()));
    }
    let help = "Rows that a source had read, and what became of them, of the run that readers see.";
    page.family("conum_rows", help, &rows);
    let help = "Rejected rows by first reason, of the run that readers see.";
    page.family("conum_rejects", help, &rejects);
}

/// A file that has several names is counted once.
fn of_disk(page: &mut Page, store: &Store) -> Result<()> {
    let mut samples = Vec::new();
    let mut known: BTreeSet<(u64, u64)> = BTreeSet::new();
    let folders = store.names_in("")?;
    let is_own = |name: &&String| store.path(name).is_dir() && !store.path(name).is_symlink();
    for folder in folders.iter().filter(is_own) {
        let mut bytes = 0_u64;
        for name in store.files_below(folder)? {
            // What goes away in the meantime takes no room.
            let Ok(found) = std::fs::symlink_metadata(store.path(&name)) else { continue };
            if known.insert((found.dev(), found.ino())) {
                bytes = bytes.saturating_add(found.len());
            }
        }
        samples.push((vec![("folder", &**folder)], bytes.to_string()));
    }
    let help = "Files below a folder of the warehouse.";
    page.family("conum_warehouse_bytes", help, &samples);
    let free = machine::free(&store.path("")).ok().map(|free| free.bytes);
    page.one("conum_warehouse_free_bytes", "What is free on its disk.", free);
    Ok(())
}

/// An instant as seconds since 1970.
fn seconds(instant: &str) -> Option<String> {
    let instant: Timestamp = instant.parse().ok()?;
    Some(thousandths(u64::try_from(instant.as_millisecond()).ok()?))
}

fn took(from: &str, to: &str) -> Option<String> {
    let [from, to] = [from, to].map(str::parse::<Timestamp>);
    let length = from.ok()?.duration_until(to.ok()?);
    Some(thousandths(u64::try_from(length.as_millis()).unwrap_or_default()))
}

fn thousandths(count: u64) -> String {
    format!("{}.{:03}", count / 1000, count % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_numbers_are_written_as_the_format_wants() {
        let mut page = Page::default();
        page.family("a_bytes", "One\nline \\.", &[(vec![("of", "a\"b\\c\nd")], "1".to_owned())]);
        page.one("b_seconds", "Time.", seconds("1970-01-01T00:01:00.005Z"));
        page.one("c", "Nothing is known of it.", None::<u8>);
        let expected = "# HELP a_bytes One\\nline \\\\.\n# TYPE a_bytes gauge\n\
            a_bytes{of=\"a\\\"b\\\\c\\nd\"} 1\n\
            # HELP b_seconds Time.\n# TYPE b_seconds gauge\nb_seconds 60.005\n";
        assert_eq!(page.0, expected);
        let (from, to) = ("2025-07-01T04:00:00.000Z", "2025-07-01T04:01:01.250Z");
        assert_eq!(took(from, to).as_deref(), Some("61.250"));
        assert_eq!(took(to, from).as_deref(), Some("0.000"), "the clock went back");
    }
}
