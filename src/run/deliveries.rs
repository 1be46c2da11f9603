//! What came tonight, and what came before, become the inputs that a run is made of.
//!
//! The past is that of published runs, back from the one that readers see: one that was taken back
//! is none. So the same inputs in the same warehouse are judged the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Span;
use jiff::civil::Date;

use crate::definition::Definitions;
use crate::definition::gates::Limits;
use crate::error::{Error, Result};
use crate::run::held_back::{Delivery, Finding, HeldBack, Judged, Reason, is_over, shortcoming};
use crate::run::ingest::{self, Ingested};
use crate::run::job::Job;
use crate::run::ledger::Ledger;
use crate::run::manifest::{Input, Manifest, Segment};
use crate::run::newest::newest;
use crate::run::past_nights::PastNights;
use crate::run::store::Store;
use crate::run::verdict::{Given, Stand, Verdict, accepted, is_usable, refusal, settle};
use crate::run::warning::Warning;
use crate::run::{clean, gates};
use crate::vocabulary::calendar::{day_of, number_of};
use crate::vocabulary::reject::reasons;
use crate::vocabulary::warnings::Code;

/// The inputs of a night and those of the nights before.
pub(super) struct Deliveries<'r, 'a> {
    job: &'r Job<'a>,
    past: PastNights,
}

impl<'r, 'a> Deliveries<'r, 'a> {
    /// Reads what came before.
    ///
    /// # Errors
    /// When the warehouse cannot be read, or a source is accepted that is not declared.
    pub(super) fn new(job: &'r Job<'a>) -> Result<Self> {
        let is_declared = |name: &&String| {
            let (name, known) = (name.as_str(), job.definitions);
            known.sources.contains_key(name) || known.datasets.contains_key(name)
        };
        if let Some(name) = job.accept.iter().find(|name| !is_declared(name)) {
            return Err(Error::usage(format!("`--accept {name}`: there is no such source"))
                .hint("a source has the name of its file in `sources/` or `datasets/`"));
        }
        Ok(Self { job, past: PastNights::read(job.store, None)? })
    }

    /// What can be decided without reading an input: of sources without any, and of those that
    /// were read before; and why a run would end.
    ///
    /// # Errors
    /// When the warehouse cannot be read.
    pub(super) fn known(&self) -> Result<(Judged, Option<Error>)> {
        let mut judged = Judged::default();
        let mut refused = Vec::new();
        for source in self.sources() {
            let mut given = self.given(&source);
            if let Some(held) = self.remembered(&given)? {
                judged.held.push(held);
                continue;
            }
            for key in &given.keys {
                given.segments.extend(ingest::existing(self.job.store, &source, key)?);
            }
            if given.segments.len() == given.keys.len() {
                let verdict = self.verdict(&given)?;
                refused.extend(settle(verdict, &mut judged).map(|why| (source.clone(), why)));
            }
        }
        Ok((self.complete(judged), refusal(&refused)))
    }

    /// What is decided once all inputs are read.
    ///
    /// # Errors
    /// When nothing stands for an input that is not to be used.
    pub(super) fn after_ingest(&self, used: &Job<'_>, read: &mut Ingested) -> Result<Judged> {
        let mut judged = Judged { held: used.judged.held.clone(), ..Judged::default() };
        let mut refused = Vec::new();
        for source in self.sources() {
            if judged.stands(&source) {
                continue;
            }
            let mut given = self.given(&source);
            let of_source = read.segments.iter().filter(|segment| segment.source == source);
            given.segments = of_source.cloned().collect();
            given.failed = read.failed.get(&source);
            let verdict = self.verdict(&given)?;
            refused.extend(settle(verdict, &mut judged).map(|why| (source, why)));
        }
        for (source, (finding, _)) in &refused {
            let reason = finding.reason.code();
            tracing::warn!(event = "source.refused", source, reason, "Nothing stands for it.");
        }
        // What an input is not, is best told by who read it.
        let failed = refused.iter().find_map(|(source, _)| read.failed.remove(source));
        match failed.or_else(|| refusal(&refused)) {
            Some(error) => Err(error),
            None => Ok(self.complete(judged)),
        }
    }

    /// What is decided once records were judged by the rules: sources of which too many are
    /// refused. Without an earlier input to stand for them, they stay, and the gate ends the run.
    ///
    /// # Errors
    /// When the warehouse cannot be read.
    pub(super) fn after_clean(&self, used: &Job<'_>, ledger: &Ledger) -> Result<Judged> {
        let mut judged = used.judged.clone();
        for over in gates::over(used, ledger) {
            let source = over.source.as_str();
            if judged.stands(source) || judged.is_accepted(source) {
                continue;
            }
            let mut given = self.given(source);
            for key in &given.keys {
                given.segments.extend(ingest::existing(self.job.store, source, key)?);
            }
            let limits = self.limits(source);
            let figures = (over.refused, over.read, limits.rejects_percent_max);
            let finding = Finding::rejects(figures, &over.reasons);
            let verdict = self.consequence(&given, finding, &limits)?;
            settle(verdict, &mut judged);
        }
        Ok(self.complete(judged))
    }

    /// The same in order, whatever it was decided in; that what stands was accepted once holds as
    /// long as it stands.
    fn complete(&self, mut judged: Judged) -> Judged {
        for accepted in self.past.last.iter().flat_map(|last| &last.accepted_inputs) {
            if judged.stands(&accepted.source) && !judged.is_accepted(&accepted.source) {
                judged.accepted.push(accepted.clone());
            }
        }
        judged.held.sort_by(|a, b| a.source.cmp(&b.source));
        judged.accepted.sort_by(|a, b| a.source.cmp(&b.source));
        judged
    }

    /// The job with the inputs that are used.
    #[must_use]
    pub(super) fn used(&self, judged: Judged) -> Job<'a> {
        let mut job = self.job.clone();
        let stands = |input: &Input| input.source.as_ref().is_some_and(|it| judged.stands(it));
        job.inputs.retain(|(input, _)| !stands(input));
        let earlier = self.past.last.iter().flat_map(|last| &last.inputs);
        // It is staged: nobody opens it again.
        let earlier = earlier.filter(|input| stands(input));
        job.inputs.extend(earlier.map(|input| (input.clone(), PathBuf::new())));
        job.inputs.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        job.judged = judged;
        job
    }

    /// What tells the newest record of a source.
    fn told(&self) -> (&Store, &Definitions, Date) {
        (self.job.store, self.job.definitions, self.job.as_of)
    }

    fn limits(&self, source: &str) -> Limits {
        let definitions = self.job.definitions;
        definitions.gates.limits(&definitions.pipeline, source)
    }

    /// The sources that have an input, had one, or must have one.
    fn sources(&self) -> BTreeSet<String> {
        let definitions = self.job.definitions;
        let declared: BTreeSet<&String> =
            definitions.sources.keys().chain(definitions.datasets.keys()).collect();
        let given: BTreeSet<&str> = self.job.staged_inputs().map(|(_, _, source)| source).collect();
        let is_met = |source: &&&String| {
            given.contains(source.as_str())
                || self.past.last.iter().any(|last| has(last, source))
                || self.limits(source).is_required
        };
        declared.iter().filter(is_met).map(|source| (*source).clone()).collect()
    }

    fn given<'g>(&self, source: &'g str) -> Given<'g> {
        let staged = self.job.staged_inputs().filter(|(_, _, of)| *of == source);
        let mut keys: Vec<String> =
            staged.map(|(input, _, _)| ingest::key(self.job, input, source)).collect();
        keys.sort_unstable();
        let inputs = self.job.inputs.iter().map(|(input, _)| input);
        let inputs = inputs.filter(|input| input.source.as_deref() == Some(source));
        let inputs = inputs.cloned().collect();
        Given { source, inputs, keys, segments: Vec::new(), failed: None }
    }

    /// A source that was held back for what only reading it all could tell, and is given the same
    /// again, under the same rules.
    fn remembered(&self, given: &Given<'_>) -> Result<Option<HeldBack>> {
        let last = self.past.last.iter().flat_map(|last| &last.held_back);
        let mut last = last.filter(|held| held.source == given.source);
        let Some(held) = last.next() else { return Ok(None) };
        let limits = self.limits(given.source);
        let figure = |name| held.finding.figures.get(name).copied().unwrap_or_default();
        let is_same = match held.finding.reason {
            Reason::Unreadable => true,
            Reason::Rejects => {
                let (refused, records) = (figure("refused"), figure("records"));
                held.rules == clean::digest(self.job)
                    && is_over(refused, records, limits.rejects_percent_max)
            }
            Reason::Absent | Reason::Truncated | Reason::Smaller | Reason::Stale => false,
        };
        if !is_same || held.keys != given.keys || self.job.is_forced {
            return Ok(None);
        }
        match self.consequence(given, held.finding.clone(), &limits)? {
            Verdict::Held(now) => Ok(Some(HeldBack { segments: held.segments.clone(), ..now })),
            _ => Ok(None),
        }
    }

    fn verdict(&self, given: &Given<'_>) -> Result<Verdict> {
        let limits = self.limits(given.source);
        let before = self.past.records(given.source, self.job.definitions.gates.median_of_days());
        let found = shortcoming(&limits, &self.delivery(given)?, &before);
        // The input that readers see the figures of is no worse than it was.
        let found =
            found.filter(|finding| finding.reason == Reason::Unreadable || !self.is_in_use(given));
        match found {
            Some(finding) => self.consequence(given, finding, &limits),
            None => self.age(given, &limits),
        }
    }

    /// What the segments tell of a delivery.
    fn delivery(&self, given: &Given<'_>) -> Result<Delivery> {
        let mut found = Delivery {
            inputs: given.keys.len(),
            unreadable: given.failed.map(|error| error.message.clone()),
            ..Delivery::default()
        };
        let mut refused: BTreeMap<String, i64> = BTreeMap::new();
        for segment in &given.segments {
            found.records += segment.records;
            for (reason, rows) in ingest::refused(self.job, segment)? {
                if reason == reasons::TRUNCATED && found.cut.is_none() {
                    let own = given.inputs.iter().find(|it| it.blake3.starts_with(&segment.id));
                    found.cut = own.map(|input| input.name.clone());
                }
                found.refused += rows;
                *refused.entry(reason).or_default() += rows;
            }
        }
        found.reasons = gates::most_frequent(refused);
        Ok(found)
    }

    /// What follows from how old the newest record is.
    fn age(&self, given: &Given<'_>, limits: &Limits) -> Result<Verdict> {
        let Some(limit) = limits.stale_days_max.filter(|_| !given.keys.is_empty()) else {
            return Ok(Verdict::Used);
        };
        let found = newest(self.told(), given.source, &given.segments)?;
        let age = found.map(|day| number_of(self.job.as_of) - day);
        if age.is_some_and(|age| age <= i32::from(limit)) {
            return Ok(Verdict::Used);
        }
        let finding = Finding::stale(found.and_then(day_of), age, limit);
        if self.has_spoken(given) {
            return Ok(Verdict::Accepted(accepted(given, finding)));
        }
        let stand = self.stand(given.source)?;
        if matches!(stand, Stand::Since(_)) && !self.is_in_use(given) {
            let earlier = self.past.last.iter().flat_map(|last| &last.segments);
            let earlier: Vec<Segment> =
                earlier.filter(|it| it.source == given.source).cloned().collect();
            if newest(self.told(), given.source, &earlier)? > found {
                return self.consequence(given, finding, limits);
            }
        }
        let is_first = matches!(stand, Stand::Never) && limits.is_required;
        let patience = i32::from(limit) + i32::from(limits.patience_days);
        let source = given.source;
        if is_first || age.is_some_and(|age| age > patience) {
            return Ok(Verdict::Refused(finding, "nothing newer stands for it".to_owned()));
        }
        let text = format!("source `{source}` is stale: {}", finding.found);
        let until = found.and_then(|day| day_of(day + patience));
        let until = until.map(|until| format!("; it is used until {until}")).unwrap_or_default();
        let warning = Warning::of(Code::SourceStale, source, format!("{text}{until}"));
        Ok(Verdict::Late(warning))
    }

    /// What follows from a shortcoming.
    fn consequence(&self, given: &Given<'_>, finding: Finding, limits: &Limits) -> Result<Verdict> {
        // Nobody can say that what cannot be read is right.
        if finding.reason != Reason::Unreadable && self.has_spoken(given) {
            return Ok(Verdict::Accepted(accepted(given, finding)));
        }
        let since = match self.stand(given.source)? {
            Stand::Since(since) if !self.is_in_use(given) => since,
            // It was made again from nothing, and is not what it was.
            Stand::Since(_) if finding.reason == Reason::Unreadable => {
                return Ok(Verdict::Refused(finding, "nothing else stands for it".to_owned()));
            }
            Stand::Since(_) => return Ok(Verdict::Used),
            Stand::Never if is_usable(&finding, limits) => return Ok(Verdict::Used),
            Stand::Never => return Ok(Verdict::Refused(finding, "it never had one".to_owned())),
            Stand::Lost if finding.reason == Reason::Rejects => return Ok(Verdict::Used),
            Stand::Lost => {
                let why = "its last good input was read by other declarations or another program";
                return Ok(Verdict::Refused(finding, why.to_owned()));
            }
        };
        let until = since.saturating_add(Span::new().days(i64::from(limits.patience_days)));
        if self.job.as_of > until {
            // Of rejects, the gate tells the lines.
            let why = format!("its input of {since} stood until {until}");
            return Ok(match finding.reason {
                Reason::Rejects => Verdict::Used,
                _ => Verdict::Refused(finding, why),
            });
        }
        Ok(Verdict::Held(HeldBack {
            source: given.source.to_owned(),
            finding,
            since,
            until,
            given: given.inputs.clone(),
            keys: given.keys.clone(),
            segments: given.segments.clone(),
            rules: clean::digest(self.job),
        }))
    }

    /// Whether a person said that the input is right: now, or of the same one before.
    fn has_spoken(&self, given: &Given<'_>) -> bool {
        let before = self.past.last.iter().flat_map(|last| &last.accepted_inputs);
        let mut before = before.filter(|it| it.source == given.source && it.keys == given.keys);
        self.job.accept.iter().any(|name| name == given.source) || before.next().is_some()
    }

    /// Whether the input is the one that readers see the figures of.
    fn is_in_use(&self, given: &Given<'_>) -> bool {
        let last = self.past.last.iter().flat_map(|last| &last.inputs);
        let last = last.filter(|input| input.source.as_deref() == Some(given.source));
        let hashes = |inputs: &mut dyn Iterator<Item = &Input>| -> BTreeSet<String> {
            inputs.map(|input| input.blake3.clone()).collect()
        };
        let now = hashes(&mut given.inputs.iter());
        !now.is_empty() && hashes(&mut last.into_iter()) == now
    }

    /// What an earlier run leaves to a source: its segments must be those that its inputs would
    /// give today.
    fn stand(&self, source: &str) -> Result<Stand> {
        let Some(last) = self.past.last.as_ref().filter(|last| has(last, source)) else {
            return Ok(Stand::Never);
        };
        let own =
            |input: &&Input| input.source.as_deref() == Some(source) && input.same_as.is_none();
        for input in last.inputs.iter().filter(own) {
            let key = ingest::key(self.job, input, source);
            if ingest::existing(self.job.store, source, &key)?.is_none() {
                return Ok(Stand::Lost);
            }
        }
        let held = last.held_back.iter().find(|held| held.source == source);
        let since = held.map_or_else(|| last.as_of.parse().ok(), |held| Some(held.since));
        Ok(since.map_or(Stand::Lost, Stand::Since))
    }
}

fn has(manifest: &Manifest, source: &str) -> bool {
    manifest.segments.iter().any(|segment| segment.source == source)
}
