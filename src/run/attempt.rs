//! Work on a warehouse becomes a line of its register at the beginning and another at the end.

use std::time::Instant;

use crate::definition::Definitions;
use crate::error::{EXIT_WARNINGS, Error, Result};
use crate::run::execute::Done;
use crate::run::lock::{Lock, host};
use crate::run::log::{self, MACHINES, elapsed_ms};
use crate::run::machine::{peak_memory_bytes, threads};
use crate::run::manifest::{CURRENT, Input, MANIFEST};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Begin, End, Event, Register, totals};
use crate::run::report;
use crate::run::run_name::stamp;
use crate::run::stop;
use crate::run::store::Store;

/// Something at work, with the lock of the warehouse.
#[derive(Debug)]
pub struct Attempt<'s> {
    store: &'s Store,
    register: Register,
    clock: fn() -> String,
    since: Instant,
    command: String,
    /// The instant it began, as runs are named.
    pub id: String,
    /// BLAKE3 of the line that began it.
    pub registered: String,
    /// When it began.
    pub started_at: String,
    is_over: bool,
    _lock: Lock,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        // A defect is an end too; what was killed has none.
        if !self.is_over && std::thread::panicking() {
            self.end((failed(&Error::defect()), None), || {});
        }
    }
}

impl<'s> Attempt<'s> {
    /// Writes down what begins, with the lock; from then on a signal asks it to stop.
    ///
    /// # Errors
    /// `Busy` when something else has the lock, or when it cannot be written down.
    pub fn begin(
        (store, lock): (&'s Store, Result<Lock>),
        (command, as_of): (&str, Option<String>),
        clock: fn() -> String,
    ) -> Result<Self> {
        let since = Instant::now();
        let started_at = clock();
        let begin = Begin {
            id: format!("{}Z", stamp(&started_at)),
            command: command.to_owned(),
            started_at,
            as_of,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: host(),
            pid: std::process::id(),
        };
        // Who does not get the lock leaves nothing in the warehouse.
        log::begin(lock.is_ok().then_some(store), &begin.id, begin.as_of.as_deref());
        let Begin { version, host, pid, .. } = &begin;
        let threads = threads();
        tracing::info!(event = "run.started", command, version, host, pid, threads, "Begins.");
        let attempt = lock.and_then(|lock| Self::with_lock((store, lock), (begin, since), clock));
        if let Err(error) = &attempt {
            tell_failed(&failed(error), since);
            log::end(true);
        }
        attempt
    }

    fn with_lock(
        (store, mut lock): (&'s Store, Lock),
        (begin, since): (Begin, Instant),
        clock: fn() -> String,
    ) -> Result<Self> {
        stop::listen()?;
        lock.tell(&format!("`conum {}`", begin.command), Some(&begin.started_at));
        log::prune(store);
        let mut register = Register::read(store)?;
        let killed = register.attempts().pop().filter(|last| last.end.is_none());
        if let Some(Begin { id: killed, started_at: since, .. }) = killed.map(|it| it.begin) {
            tracing::warn!(event = "run.killed", killed, since, "The one before came to no end.");
        }
        for problem in register.problems() {
            tracing::warn!(event = "register.damaged", "{problem}");
        }
        let (id, started_at) = (begin.id.clone(), begin.started_at.clone());
        let command = begin.command.clone();
        let registered = register.add(store, Event::Begin(begin))?;
        let is_over = false;
        let _lock = lock;
        Ok(Self {
            store,
            register,
            clock,
            since,
            command,
            id,
            registered,
            started_at,
            is_over,
            _lock,
        })
    }

    /// Writes down what a run came to, has others told, and tells its log; gives the path of its
    /// page, if it has one. What is declared may be known even of a run that failed.
    pub fn ran(
        mut self,
        (done, definitions): (std::result::Result<&Done, &Error>, Option<&Definitions>),
        then: impl FnOnce(),
    ) -> Option<String> {
        let accepted = done.iter().flat_map(|done| &done.manifest.accepted_inputs);
        let end = match done {
            Ok(done) => {
                for warning in &done.manifest.warnings {
                    tracing::warn!(event = "run.warning", "{warning}");
                }
                End {
                    code: done.exit_code(),
                    run: Some(done.manifest.run_id.clone()),
                    is_unchanged: done.is_unchanged,
                    inputs: Some(digest(&done.manifest.inputs)),
                    ledger: totals(&done.ledger),
                    warnings: done.manifest.warnings.len(),
                    held_back: done.manifest.held_back.iter().map(|it| it.source.clone()).collect(),
                    accepted: accepted.map(|it| it.source.clone()).collect(),
                    ..End::default()
                }
            }
            Err(error) => failed(error),
        };
        self.end((end, definitions), then)
    }

    /// Writes down what something else came to, and has others told; where nobody can write, it is
    /// as if it was killed.
    pub fn did<T>(mut self, done: &Result<T>, then: impl FnOnce()) {
        let end = done.as_ref().err().map(failed).unwrap_or_default();
        self.end((end, None), then);
    }

    fn end(
        &mut self,
        (end, definitions): (End, Option<&Definitions>),
        then: impl FnOnce(),
    ) -> Option<String> {
        self.is_over = true;
        // What was stopped has an end too.
        stop::finish();
        let run = self.store.target(CURRENT);
        let record = run
            .as_ref()
            .and_then(|run| self.store.read(&format!("{run}/{MANIFEST}")).ok().flatten());
        let name = |run: &String| run.rsplit('/').next().unwrap_or_default().to_owned();
        let end = End {
            id: self.id.clone(),
            ended_at: (self.clock)(),
            published: run.as_ref().map(name),
            manifest: record.map(|record| blake3::hash(&record).to_hex().to_string()),
            release: self.store.target(&format!("{RELEASES}/{LATEST}")),
            ..end
        };
        let code = end.code;
        match self.register.add(self.store, Event::End(Box::new(end.clone()))) {
            // Whoever keeps the log can tell later that the register was not cut.
            Ok(line) => tracing::info!(event = "run.registered", code, line, "Written down."),
            Err(error) => tracing::warn!(event = "register.lost", "{error}"),
        }
        let is_reported = self.command == report::COMMAND;
        let page = if is_reported { report::keep(self.store, &end, definitions) } else { None };
        then();
        tell_rows(&end);
        log::tell_lost();
        let has_failed = ![0, EXIT_WARNINGS].contains(&end.code);
        if has_failed {
            tell_failed(&end, self.since);
        } else {
            tell_done(&end, self.since);
        }
        log::end(has_failed);
        page
    }
}

/// What became of the rows, a line each.
fn tell_rows(end: &End) {
    for (of, fates) in &end.ledger {
        for (fate, rows) in fates {
            tracing::info!(target: MACHINES, event = "rows.accounted", of, fate, rows, "Rows.");
        }
    }
}

fn tell_done(end: &End, since: Instant) {
    tracing::info!(
        event = "run.finished",
        code = end.code,
        run = end.run,
        is_unchanged = end.is_unchanged,
        published = end.published,
        release = end.release,
        warnings = end.warnings,
        elapsed_ms = elapsed_ms(since),
        rss_peak = peak_memory_bytes(),
        "Done."
    );
}

fn tell_failed(end: &End, since: Instant) {
    tracing::error!(
        event = "run.finished",
        code = end.code,
        reason = end.reason,
        published = end.published,
        release = end.release,
        elapsed_ms = elapsed_ms(since),
        rss_peak = peak_memory_bytes(),
        "Not done."
    );
}

fn failed(error: &Error) -> End {
    // What follows the first line names records, at times many.
    let reason = error.message.lines().next().map(str::to_owned);
    End { code: error.kind.exit_code(), reason, ..End::default() }
}

/// What tells the inputs of two runs apart, whatever their names.
fn digest(inputs: &[Input]) -> String {
    let read = inputs.iter().filter(|input| input.source.is_some());
    let mut hashes: Vec<&str> = read.map(|input| input.blake3.as_str()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    blake3::hash(hashes.join(" ").as_bytes()).to_hex().chars().take(16).collect()
}
