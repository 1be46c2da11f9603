//! Progress bars, on a terminal only.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::job::Progress;

/// One bar a stage.
pub(super) struct Bars {
    is_shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bars {
    pub(super) fn new(is_wanted: bool) -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self { is_shown: is_wanted && is_terminal, bar: Mutex::new(None) }
    }

    /// Whether somebody sees them.
    pub(super) fn are_shown(&self) -> bool {
        self.is_shown
    }

    pub(super) fn show(&self, progress: Progress) {
        if !self.is_shown {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Stage(name, steps) => {
                let new = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
                if let Ok(style) =
                    ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len} {msg}")
                {
                    new.set_style(style);
                }
                new.set_prefix(name);
                *bar = Some(new);
            }
            Progress::Step(what) => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_message(what);
                    bar.inc(1);
                }
            }
            Progress::Done => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }

    pub(super) fn clear(&self) {
        self.show(Progress::Done);
    }
}
