//! Events become what a person or a program reads on standard error, and the log beside the run.

use std::io::IsTerminal;

use tracing_subscriber::Registry;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::LogFormat;
use crate::cli::pipeline_args::now;
use crate::error::{Error, Kind};
use crate::run::log::{Lines, MACHINES, Out, has_failed};

/// Starts both logs. `RUST_LOG` says what goes to standard error; beside the run lies all that is
/// not for who looks for a defect.
pub(super) fn start(format: LogFormat, is_quiet: bool) {
    let mut default = if is_quiet { "conum=warn" } else { "conum=info" }.to_owned();
    if format == LogFormat::Text {
        default.push_str(&format!(",{MACHINES}=off"));
    }
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .try_from_env()
        .unwrap_or_else(|_| EnvFilter::new(default));
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => Lines::new(Out::Stderr, now).boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .compact()
            .without_time()
            .with_target(false)
            .with_ansi(has_colours())
            .with_writer(std::io::stderr)
            .log_internal_errors(false)
            .boxed(),
    };
    let beside = Lines::new(Out::Beside, now).with_filter(EnvFilter::new("warn,conum=info"));
    let log = tracing_subscriber::registry().with(layer.with_filter(filter)).with(beside);
    if log.try_init().is_err() {
        tracing::debug!(event = "log.started", "A log was already started.");
    }
    if format == LogFormat::Json {
        std::panic::set_hook(Box::new(|panic| {
            // Not what was said: it may have the value of a record.
            let place = panic.location().map(ToString::to_string);
            tracing::error!(event = "program.failed", place, "A defect of the program.");
        }));
    }
}

/// Tells an error once: what is at work tells its own.
pub(super) fn error(error: &Error) {
    if has_failed() {
        return;
    }
    // What is wrong with the declarations is what who wrote them needs, line by line.
    let first = error.kind != Kind::Definition;
    let lines = error.message.lines().take(if first { 1 } else { usize::MAX });
    let reason = lines.map(str::trim).collect::<Vec<_>>().join("; ");
    let (code, hint) = (error.kind.exit_code(), error.hint.as_deref());
    tracing::error!(event = "command.failed", code, reason, hint, "Not done.");
}

/// Whether a terminal reads it, and its owner has nothing against colours (no-color.org).
fn has_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}
