//! Work on a warehouse becomes a line of its register at the beginning and another at the end.

use crate::error::{Error, Result};
use crate::run::execute::Done;
use crate::run::lock::{Lock, host};
use crate::run::manifest::{CURRENT, Input, MANIFEST};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Begin, End, Event, Register, totals};
use crate::run::run_name::stamp;
use crate::run::stop;
use crate::run::store::Store;

/// Something at work, with the lock of the warehouse.
#[derive(Debug)]
pub struct Attempt<'s> {
    store: &'s Store,
    register: Register,
    clock: fn() -> String,
    id: String,
    /// BLAKE3 of the line that began it.
    pub registered: String,
    /// When it began.
    pub started_at: String,
    _lock: Lock,
}

impl<'s> Attempt<'s> {
    /// Takes the lock and writes down what begins; from then on a signal asks it to stop.
    ///
    /// # Errors
    /// `Busy` when something else is at work, or when it cannot be written down.
    pub fn begin(
        store: &'s Store,
        (command, as_of): (&str, Option<String>),
        clock: fn() -> String,
    ) -> Result<Self> {
        let mut lock = store.lock()?;
        stop::listen()?;
        let started_at = clock();
        lock.tell(&format!("`conum {command}`"), Some(&started_at));
        let mut register = Register::read(store)?;
        let killed = register.attempts().pop().filter(|last| last.end.is_none());
        if let Some(killed) = killed {
            let since = killed.begin.started_at;
            tracing::warn!(event = "run.killed", since, "The one before came to no end.");
        }
        for problem in register.problems() {
            tracing::warn!(event = "register.damaged", "{problem}");
        }
        let id = format!("{}Z", stamp(&started_at));
        let begin = Begin {
            id: id.clone(),
            command: command.to_owned(),
            started_at: started_at.clone(),
            as_of,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: host(),
            pid: std::process::id(),
        };
        let registered = register.add(store, Event::Begin(begin))?;
        Ok(Self { store, register, clock, id, registered, started_at, _lock: lock })
    }

    /// Writes down what a run came to.
    pub fn ran(self, done: std::result::Result<&Done, &Error>) {
        let accepted = done.iter().flat_map(|done| &done.manifest.accepted_inputs);
        let end = match done {
            Ok(done) => End {
                code: done.exit_code(),
                run: Some(done.manifest.run_id.clone()),
                is_unchanged: done.is_unchanged,
                inputs: Some(digest(&done.manifest.inputs)),
                ledger: totals(&done.ledger),
                warnings: done.manifest.warnings.len(),
                held_back: done.manifest.held_back.iter().map(|it| it.source.clone()).collect(),
                accepted: accepted.map(|it| it.source.clone()).collect(),
                ..End::default()
            },
            Err(error) => failed(error),
        };
        self.end(end);
    }

    /// Writes down what something else came to; where nobody can write, it is as if it was killed.
    pub fn did<T>(self, done: &Result<T>) {
        let end = done.as_ref().err().map(failed).unwrap_or_default();
        self.end(end);
    }

    fn end(mut self, end: End) {
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
        match self.register.add(self.store, Event::End(Box::new(end))) {
            // Whoever keeps the log can tell later that the register was not cut.
            Ok(line) => tracing::info!(event = "run.registered", code, line, "Written down."),
            Err(error) => tracing::warn!(event = "register.lost", "{error}"),
        }
    }
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
