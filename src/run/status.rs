//! The warehouse and its register become what an operator asks in the morning: is it fresh, and is
//! all well?
//!
//! It only reads, and believes no clock: what is dated in the future has no age.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::run::held_back::{HeldBack, Reason};
use crate::run::manifest::{CURRENT, Manifest};
use crate::run::protect::{LATEST, RELEASES};
use crate::run::register::{Attempt, Register};
use crate::run::store::Store;
use crate::run::warning::Warning;

/// Clocks of two machines may differ by this much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);
/// The commands that bring readers something new.
pub(super) const PUBLISHING: [&str; 2] = ["run", "publish"];

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The last good run is recent enough.
    Fresh,
    /// So it is, but the last one did not end well.
    FreshButFailed,
    /// It is too old, and a run is at work that began in time.
    AtWork,
    /// It is too old, or nobody can tell how old it is.
    Stale,
    /// No run was published yet.
    Nothing,
}

/// What readers see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The run.
    pub run: String,
    /// Its reference day.
    pub as_of: String,
    /// When it was complete.
    pub finished_at: String,
    /// The release.
    pub release: Option<String>,
    /// What a person should know of it.
    pub warnings: Vec<Warning>,
    /// Sources for whose input an earlier one stands.
    pub held_back: Vec<Standing>,
}

/// A source that is as of an earlier day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The source.
    pub source: String,
    /// Why its input is not used.
    pub reason: Reason,
    /// The reference day that its records are as of.
    pub since: Date,
    /// The last reference day that they stand on.
    pub until: Date,
}

/// How old something may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The end of the last good run.
    pub run: SignedDuration,
    /// Inputs that have not changed since; any age by default.
    pub inputs: Option<SignedDuration>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What it comes to.
    pub state: State,
    /// What readers see.
    pub published: Option<Published>,
    /// Seconds since the end of the last good run; none where no clock tells.
    pub age_seconds: Option<i64>,
    /// The first run that found the inputs of the last good one, and no others were found since.
    pub inputs_since: Option<String>,
    /// The last thing that was done.
    pub last: Option<Attempt>,
    /// Who is at work now.
    pub at_work: Option<String>,
    /// What an operator should look at.
    pub odd: Vec<String>,
}

/// Asks the warehouse.
///
/// # Errors
/// When a file of it cannot be read.
pub fn status(store: &Store, now: Timestamp, limits: Limits) -> Result<Status> {
    let register = Register::read(store)?;
    let attempts = register.attempts();
    let at_work = store.holder()?;
    let mut odd = register.problems();
    let published = published(store)?;
    let good = attempts
        .iter()
        .rev()
        .find(|it| PUBLISHING.contains(&it.begin.command.as_str()) && it.is_good());
    // Runs before there was a register have only their record.
    let good_end = good.and_then(|good| good.end.as_ref()).map(|end| end.ended_at.clone());
    let good_end = good_end.or_else(|| published.as_ref().map(|it| it.finished_at.clone()));
    let age = match &good_end {
        Some(end) => age(end, now, &mut odd)?,
        None => None,
    };
    let inputs_since = good.and_then(|good| unchanged_since(&attempts, good));
    let last = attempts.last().cloned();
    let is_at_work = |it: &Attempt| {
        it.end.is_none() && at_work.as_ref().is_some_and(|who| who.contains(&it.begin.started_at))
    };
    let running = last.as_ref().filter(|last| is_at_work(last));
    let ended = attempts.iter().rev().find(|it| !is_at_work(it));
    let has_failed = ended.is_some_and(|it| !it.is_good());
    if let Some(ended) = ended.filter(|_| has_failed) {
        odd.push(match &ended.end {
            None => format!(
                "`conum {}` of {} came to no end: it was killed",
                ended.begin.command, ended.begin.started_at
            ),
            Some(end) => format!(
                "`conum {}` of {} ended with code {}: {}",
                ended.begin.command,
                ended.begin.started_at,
                end.code,
                end.reason.as_deref().unwrap_or("no reason given")
            ),
        });
    }
    let mut is_fresh = age.is_some_and(|age| age <= limits.run);
    if let (Some(since), Some(limit)) = (&inputs_since, limits.inputs)
        && instant(since)?.duration_until(now) > limit
    {
        odd.push(format!("no input has changed since {since}"));
        is_fresh = false;
    }
    // One that hangs is no hope.
    let is_hopeful = match running {
        Some(running) => age_of(&running.begin.started_at, now)? <= limits.run,
        None => false,
    };
    let state = match (&published, is_fresh) {
        (None, _) if is_hopeful => State::AtWork,
        (None, _) => State::Nothing,
        (Some(_), true) if has_failed => State::FreshButFailed,
        (Some(_), true) => State::Fresh,
        (Some(_), false) if is_hopeful => State::AtWork,
        (Some(_), false) => State::Stale,
    };
    let age_seconds = age.map(|age| age.as_secs());
    Ok(Status { state, published, age_seconds, inputs_since, last, at_work, odd })
}

fn published(store: &Store) -> Result<Option<Published>> {
    let release = store.target(&format!("{RELEASES}/{LATEST}"));
    Ok(Manifest::current(store)?.map(|manifest| Published {
        run: manifest.run_id,
        as_of: manifest.as_of,
        finished_at: manifest.finished_at,
        release,
        warnings: manifest.warnings,
        held_back: manifest.held_back.into_iter().map(standing).collect(),
    }))
}

fn standing(HeldBack { source, finding, since, until, .. }: HeldBack) -> Standing {
    Standing { source, reason: finding.reason, since, until }
}

/// How old an instant is; none if it has not come yet.
fn age(then: &str, now: Timestamp, odd: &mut Vec<String>) -> Result<Option<SignedDuration>> {
    let age = age_of(then, now)?;
    if age < -CLOCKS_DIFFER {
        odd.push(format!(
            "the last good run ended at {then}, and it is {now}: a clock was or is wrong, and \
             nobody can tell how old it is"
        ));
        return Ok(None);
    }
    Ok(Some(age.max(SignedDuration::ZERO)))
}

fn age_of(then: &str, now: Timestamp) -> Result<SignedDuration> {
    Ok(instant(then)?.duration_until(now))
}

fn instant(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|error: jiff::Error| {
        Error::data(format!("`{text}` of `{CURRENT}` or of the register is no instant"))
            .because(error)
    })
}

/// When the inputs of a run were first found, without others since.
pub(super) fn unchanged_since(attempts: &[Attempt], good: &Attempt) -> Option<String> {
    let inputs = |it: &Attempt| it.end.as_ref().and_then(|end| end.inputs.clone());
    let wanted = inputs(good)?;
    let known = attempts.iter().rev().filter(|it| inputs(it).is_some());
    let same = known.take_while(|it| inputs(it).as_ref() == Some(&wanted));
    same.last().map(|first| first.begin.started_at.clone())
}
