//! Where no terminal shows how far a run is, its log says so now and then.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::run::job::Progress;
use crate::run::log::stage_at_work;

/// A stage at work.
#[derive(Clone, Copy, Debug)]
struct Stage {
    name: &'static str,
    steps: u64,
    done: u64,
    since: Instant,
}

/// How far a run is.
pub(super) struct Heartbeat {
    begun: Instant,
    stage: Mutex<Option<Stage>>,
}

impl Heartbeat {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), stage: Mutex::new(None) }
    }

    /// Hears of the progress of the run.
    pub(super) fn hear(&self, progress: &Progress) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Stage(name, steps) => {
                *stage = Some(Stage { name, steps: *steps, done: 0, since: Instant::now() });
            }
            Progress::Step(_) => {
                if let Some(stage) = stage.as_mut() {
                    stage.done += 1;
                }
            }
            Progress::Done => *stage = None,
        }
    }

    /// Acts, and says every so often how far it is; never with a length of zero.
    pub(super) fn during<T>(&self, every: Duration, act: impl FnOnce() -> T) -> T {
        if every.is_zero() {
            return act();
        }
        std::thread::scope(|scope| {
            let (end, ended): (Sender<()>, Receiver<()>) = channel();
            scope.spawn(move || {
                // The other end is dropped when the work is done, or panics.
                while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    self.tell();
                }
            });
            let done = act();
            drop(end);
            done
        })
    }

    fn tell(&self) {
        let stage = *self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = milliseconds(self.begun.elapsed());
        let Some(Stage { name, steps, done, since }) = stage else {
            let work = stage_at_work();
            tracing::info!(event = "run.working", work, elapsed_ms, "At work.");
            return;
        };
        // Steps are files or months: what is left takes as long as what is done did.
        let left = u128::from(steps.saturating_sub(done)) * since.elapsed().as_millis();
        let left_ms = left.checked_div(done.into()).and_then(|left| u64::try_from(left).ok());
        let work = name;
        tracing::info!(event = "run.working", work, done, steps, left_ms, elapsed_ms, "At work.");
    }
}

fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
