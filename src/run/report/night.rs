//! The register and the records of runs become what is known of one night.

use crate::definition::Definitions;
use crate::error::{Error, Result};
use crate::run::execute::ledger_in;
use crate::run::kept_runs::{folder, record};
use crate::run::ledger::Ledger;
use crate::run::logged::{Logged, logged};
use crate::run::manifest::{MANIFEST, Manifest};
use crate::run::outputs::BUILDING;
use crate::run::register::{Attempt, End, Register};
use crate::run::store::Store;
use crate::run::verify::definitions;

/// The commands that a letter is written about.
const NIGHTLY: [&str; 2] = ["run", "publish"];

/// A run of some night.
#[derive(Debug)]
pub struct Night<'s> {
    /// The warehouse.
    pub store: &'s Store,
    /// What the register says of it.
    pub attempt: Attempt,
    /// How many nights in a row failed, with this one.
    pub failures: usize,
    /// The record of the run that readers saw after it.
    pub seen: Option<Manifest>,
    /// The record of the run before that one.
    pub before: Option<Manifest>,
    /// The declarations of what readers saw, if they are whole.
    pub definitions: Option<Definitions>,
    /// Its stages.
    pub logged: Logged,
}

impl<'s> Night<'s> {
    /// The last run that is over, or another.
    ///
    /// # Errors
    /// When there is no such run, or the register or a record cannot be read.
    pub fn of(store: &'s Store, name: Option<&str>) -> Result<Self> {
        let mut nights = Register::read(store)?.attempts();
        let holder = store.holder()?.unwrap_or_default();
        nights.retain(|it| NIGHTLY.contains(&it.begin.command.as_str()));
        nights.retain(|it| it.end.is_some() || !holder.contains(&it.begin.started_at));
        let is_it = |it: &Attempt| name.is_none_or(|name| is_named(it, name));
        let place = nights.iter().rposition(is_it);
        let place = place.ok_or_else(|| match name {
            Some(name) => Error::no_input(format!("the register knows no run `{name}`"))
                .hint("`conum runs list` shows them"),
            None => Error::no_input("no run is over yet").hint("`conum run` makes one"),
        })?;
        Self::at(store, nights, place)
    }

    /// The run that ends now, whether its end could be written down or not; gives the runs before
    /// it too, the oldest first.
    ///
    /// # Errors
    /// When the register or a record cannot be read.
    pub fn ending(store: &'s Store, end: &End) -> Result<(Self, Vec<Attempt>)> {
        let mut nights = Register::read(store)?.attempts();
        nights.retain(|it| NIGHTLY.contains(&it.begin.command.as_str()));
        let place = nights.iter().rposition(|it| it.begin.id == end.id);
        let place = place.ok_or_else(|| Error::internal("a run that ends has begun"))?;
        nights.truncate(place + 1);
        if let Some(last) = nights.last_mut() {
            last.end = Some(end.clone());
        }
        let before = nights.iter().take(place).cloned().collect();
        Ok((Self::at(store, nights, place)?, before))
    }

    fn at(store: &'s Store, mut nights: Vec<Attempt>, place: usize) -> Result<Self> {
        let failures = nights.iter().take(place + 1).rev().take_while(|it| !it.is_good()).count();
        let attempt = nights.swap_remove(place);
        let published = attempt.end.as_ref().and_then(|end| end.published.clone());
        // One that was killed left readers what they saw.
        let current = || Manifest::current(store).map(|it| it.map(|it| it.run_id));
        let published = published.map_or_else(current, |run| Ok(Some(run)))?;
        let seen = published.map_or(Ok(None), |run| record(store, &run))?;
        let before = seen.as_ref().and_then(|seen| seen.previous.as_ref());
        let before = before.and_then(|before| before.path.split('/').nth(1)).map(str::to_owned);
        let before = before.map_or(Ok(None), |run| record(store, &run))?;
        let definitions = seen.as_ref().and_then(|seen| definitions(store, seen).ok());
        let logged = logged(store, &attempt.begin.id);
        Ok(Self { store, attempt, failures, seen, before, definitions, logged })
    }

    /// Its end, if it came to one.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.attempt.end.as_ref()
    }

    /// Whether readers saw something new after it.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.attempt.is_good() && self.end().is_some_and(|end| !end.is_unchanged)
    }

    /// The accounts of the run that it made, even if readers never saw it.
    #[must_use]
    pub fn ledger(&self) -> Option<Ledger> {
        if self.attempt.is_good() {
            return self.seen.as_ref().and_then(|seen| self.ledger_of(seen));
        }
        self.left().and_then(|_| ledger_in(self.store, BUILDING).ok())
    }

    /// The record of a run that came far enough to leave one, and that readers never saw.
    #[must_use]
    pub fn left(&self) -> Option<Manifest> {
        let content = self.store.read(&format!("{BUILDING}/{MANIFEST}")).ok()??;
        let manifest: Manifest = serde_json::from_slice(&content).ok()?;
        (manifest.registered == self.attempt.line).then_some(manifest)
    }

    /// The accounts of the run that it is compared with.
    #[must_use]
    pub fn ledger_before(&self) -> Option<Ledger> {
        let before = if self.attempt.is_good() { &self.before } else { &self.seen };
        before.as_ref().and_then(|before| self.ledger_of(before))
    }

    fn ledger_of(&self, run: &Manifest) -> Option<Ledger> {
        ledger_in(self.store, &folder(&run.run_id)).ok()
    }
}

/// Whether a run is meant by its name or the beginning of it, or by its reference day.
fn is_named(attempt: &Attempt, name: &str) -> bool {
    let run = attempt.end.as_ref().and_then(|end| end.run.as_deref());
    let begins = |text: &str| !name.is_empty() && text.starts_with(name);
    begins(&attempt.begin.id)
        || run.is_some_and(begins)
        || attempt.begin.as_of.as_deref() == Some(name)
}
