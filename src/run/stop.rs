//! A signal to end becomes an error at the next safe point: wherever a file is begun, written or
//! opened. Once the new run is being swapped in, none of these is left, and the run ends as usual.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, Kind, Result};

/// Which of [`SIGNALS`] came last, counted from 1. Signals are sent to the process: there is one.
static ASKED: AtomicUsize = AtomicUsize::new(0);
/// One came: the next one ends the process at once.
static HAS_COME: AtomicBool = AtomicBool::new(false);
/// Signals are listened to, which is said to the system once.
static IS_LISTENING: AtomicBool = AtomicBool::new(false);
/// There is something to stop.
static IS_AT_WORK: AtomicBool = AtomicBool::new(false);

const SIGNALS: [(i32, Kind); 2] = [(SIGINT, Kind::Interrupted), (SIGTERM, Kind::Terminated)];

/// From now on a first signal asks the run to stop, and a second one ends the process.
///
/// # Errors
/// When the system refuses.
pub(super) fn listen() -> Result<()> {
    IS_AT_WORK.store(true, Ordering::Relaxed);
    if IS_LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    for (number, (signal, kind)) in (1..).zip(SIGNALS) {
        let listened = || -> io::Result<()> {
            // In this order: the first signal must not meet what it says itself.
            flag::register_conditional_shutdown(signal, kind.exit_code().into(), &HAS_COME)?;
            flag::register(signal, &HAS_COME)?;
            flag::register_usize(signal, &ASKED, number)?;
            Ok(())
        };
        listened().map_err(|error| Error::io("listen to", Path::new("signals"), error))?;
    }
    Ok(())
}

/// The run is over: what it came to is written down and told, whatever was asked. The next run of
/// this process does not begin.
pub(super) fn finish() {
    IS_AT_WORK.store(false, Ordering::Relaxed);
}

/// Whether the run goes on.
///
/// # Errors
/// When it was asked to stop.
pub(super) fn check() -> Result<()> {
    let asked = ASKED.load(Ordering::Relaxed).checked_sub(1);
    match asked.and_then(|place| SIGNALS.get(place)) {
        Some((_, kind)) if IS_AT_WORK.load(Ordering::Relaxed) => Err(Error::stopped(*kind)),
        _ => Ok(()),
    }
}
