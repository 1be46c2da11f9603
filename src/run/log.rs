//! Events become lines of JSON, on standard error and in a file beside the run.
//!
//! A process works on one warehouse at a time: what is at work is known here once, and every line
//! says it. The file says what it had even if the run is killed. That it cannot be written is no
//! reason for a run to fail.

use std::fmt::Debug;
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::error::{Error, Result};
use crate::run::machine::peak_memory_bytes;
use crate::run::store::Store;

/// Folder of the logs in the warehouse.
pub const LOGS: &str = "logs";
/// Target of events that are many, or only of use to programs.
pub const MACHINES: &str = "conum::machines";
/// Logs that stay, that of the run at work among them.
const LOGS_KEPT: usize = 100;

static NOW: Mutex<Now> = Mutex::new(Now { work: None, has_failed: false });

/// What this process does.
struct Now {
    work: Option<Work>,
    /// The last work failed, and that was told.
    has_failed: bool,
}

/// Something at work.
struct Work {
    id: String,
    as_of: Option<String>,
    stage: Option<&'static str>,
    /// Where its log is kept; nowhere without the lock, or once a line was lost.
    store: Option<Store>,
    file: Option<File>,
    /// Bytes of its whole lines.
    bytes: u64,
    lost: Option<Error>,
}

/// The file of a log.
#[must_use]
pub fn path(id: &str) -> String {
    format!("{LOGS}/{id}.jsonl")
}

/// From now on all lines are of this work, and are kept where it may write.
pub(super) fn begin(store: Option<&Store>, id: &str, as_of: Option<&str>) {
    let store = store.map(|store| Store::at(&store.path("")));
    let mut now = now();
    now.has_failed = false;
    now.work = Some(Work {
        id: id.to_owned(),
        as_of: as_of.map(str::to_owned),
        stage: None,
        store,
        file: None,
        bytes: 0,
        lost: None,
    });
}

/// The work is over, and its end was told.
pub(super) fn end(has_failed: bool) {
    let mut now = now();
    now.work = None;
    now.has_failed = has_failed;
}

/// Whether the last work failed, which its log says.
#[must_use]
pub fn has_failed() -> bool {
    now().has_failed
}

/// Says so, once, if lines could not be kept.
pub(super) fn tell_lost() {
    let lost = now().work.as_mut().and_then(|work| work.lost.take());
    if let Some(error) = lost {
        tracing::warn!(event = "log.lost", "{error}: the log is not kept from there on.");
    }
}

/// Clears away logs of long ago; what cannot be stays.
pub(super) fn prune(store: &Store) {
    let Ok(names) = store.names_in(LOGS) else { return };
    let names = names.iter().filter(|name| name.ends_with(".jsonl")).rev();
    for name in names.skip(LOGS_KEPT) {
        store.remove_file(&format!("{LOGS}/{name}")).ok();
    }
}

/// Runs a stage, and tells that it begins and what it took.
///
/// # Errors
/// Those of the stage.
pub(super) fn stage<T>(name: &'static str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let since = Instant::now();
    set_stage(Some(name));
    tracing::info!(event = "stage.started", "Stage begins.");
    let done = act();
    let (elapsed_ms, rss_peak) = (elapsed_ms(since), peak_memory_bytes());
    match &done {
        Ok(_) => tracing::info!(event = "stage.finished", elapsed_ms, rss_peak, "Stage done."),
        Err(error) => {
            let code = error.kind.exit_code();
            tracing::warn!(event = "stage.failed", elapsed_ms, rss_peak, code, "Stage failed.");
        }
    }
    set_stage(None);
    done
}

/// Milliseconds since an instant.
pub(super) fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The stage at work.
#[must_use]
pub fn stage_at_work() -> Option<&'static str> {
    now().work.as_ref().and_then(|work| work.stage)
}

fn set_stage(stage: Option<&'static str>) {
    if let Some(work) = now().work.as_mut() {
        work.stage = stage;
    }
}

fn now() -> MutexGuard<'static, Now> {
    NOW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Standard error.
    Stderr,
    /// The file of the run at work.
    Beside,
}

/// A layer that makes a line of each event.
#[derive(Debug)]
pub struct Lines {
    out: Out,
    clock: fn() -> String,
}

impl Lines {
    /// Lines with the time of a clock.
    #[must_use]
    pub fn new(out: Out, clock: fn() -> String) -> Self {
        Self { out, clock }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let mut now = now();
        let line = line(&(self.clock)(), event.metadata(), &told, now.work.as_ref());
        match (self.out, now.work.as_mut()) {
            // Whoever cannot read it knows; the exit code still tells.
            (Out::Stderr, _) => {
                std::io::stderr().lock().write_all(line.as_bytes()).ok();
            }
            (Out::Beside, Some(work)) => work.keep(&line),
            (Out::Beside, None) => {}
        }
    }
}

impl Work {
    /// Adds a line to the file; one that is lost is the last, as a log has no holes.
    fn keep(&mut self, line: &str) {
        let Some(store) = self.store.take() else { return };
        match self.add(&store, line) {
            Ok(()) => self.store = Some(store),
            Err(error) => {
                // Half a line is none.
                if let Some(file) = self.file.take() {
                    file.set_len(self.bytes).ok();
                }
                self.lost = Some(error);
            }
        }
    }

    fn add(&mut self, store: &Store, line: &str) -> Result<()> {
        let path = path(&self.id);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => store.lines(&path)?,
        };
        let written = file.write_all(line.as_bytes());
        self.file = Some(file);
        written.map_err(|error| Error::io("write", &store.path(&path), error))?;
        self.bytes += u64::try_from(line.len()).unwrap_or_default();
        Ok(())
    }
}

/// What an event says, in its order.
#[derive(Default)]
struct Told {
    event: Option<String>,
    message: Option<String>,
    fields: Vec<(&'static str, String)>,
}

impl Told {
    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "event" => self.event = Some(text),
            "message" => self.message = Some(text),
            name => self.fields.push((name, quoted(&text))),
        }
    }

    fn plain(&mut self, field: &Field, value: &impl ToString) {
        self.fields.push((field.name(), value.to_string()));
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, &value);
    }
}

/// An event as a line. What follows the first line of a message names records, at times many: it
/// is for the eyes of who runs a command, and is kept nowhere.
fn line(ts: &str, metadata: &Metadata<'_>, told: &Told, work: Option<&Work>) -> String {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let mut line = String::from("{");
    let mut add = |name: &str, value: &str| {
        let comma = if line.len() > 1 { "," } else { "" };
        line.push_str(&format!("{comma}\"{name}\":{value}"));
    };
    add("ts", &quoted(ts));
    add("level", &quoted(metadata.level().as_str()));
    add("target", &quoted(metadata.target()));
    // Libraries give their events no name.
    add("event", &quoted(told.event.as_deref().unwrap_or("library")));
    if let Some(work) = work {
        add("id", &quoted(&work.id));
        if let Some(as_of) = &work.as_of {
            add("as_of", &quoted(as_of));
        }
        if let Some(stage) = work.stage {
            add("stage", &quoted(stage));
        }
    }
    for (name, value) in &told.fields {
        add(name, value);
    }
    if let Some(message) = &told.message {
        add("message", &quoted(&first(message)));
    }
    line.push_str("}\n");
    line
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// A layer that keeps its lines here.
    struct Kept(Arc<Mutex<String>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut told = Told::default();
            event.record(&mut told);
            let line = line("2025-07-01T04:10:00.000Z", event.metadata(), &told, None);
            self.0.lock().unwrap().push_str(&line);
        }
    }

    #[test]
    fn an_event_is_one_line_of_json_whatever_is_in_it() {
        let kept = Arc::new(Mutex::new(String::new()));
        let registry = tracing_subscriber::registry().with(Kept(Arc::clone(&kept)));
        tracing::subscriber::with_default(registry, || {
            let odd = "a\"b\\c\n\u{1}\u{2028}é";
            tracing::warn!(event = "file.damaged", file = %odd, rows = 3, "{odd}");
            tracing::info!(bytes = Some(7_u64), rss_peak = None::<u64>, is_whole = true);
        });
        let kept = kept.lock().unwrap();
        let lines: Vec<Value> =
            kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{kept}");
        assert_eq!(lines[0]["file"], "a\"b\\c\n\u{1}\u{2028}é");
        assert_eq!(lines[0]["rows"], 3);
        assert_eq!(lines[0]["message"], "a\"b\\c", "what follows may name records");
        assert_eq!(lines[1]["event"], "library");
        assert_eq!(lines[1]["bytes"], 7);
        assert_eq!(lines[1].get("rss_peak"), None, "what is not known is not told");
        assert!(kept.starts_with(r#"{"ts":"2025-07-01T04:10:00.000Z","level":"WARN","#), "{kept}");
    }
}
