//! Exact tables become a release that passed the audit, or the table without which one may.

use crate::audit::certificate::{Certificate, PROTECTED, Verdict};
use crate::definition::secrecy::Policy;
use crate::error::{Error, Result};
use crate::protect::pattern::{Before, Pattern, hide};
use crate::protect::release::Release;
use crate::run::job::Job;
use crate::run::outputs::BUILDING;
use crate::run::protect::closed::Closed;
use crate::run::protect::counted::Exact;
use crate::run::protect::files::{RELEASE, VERDICT};
use crate::run::protect::losses::Losses;
use crate::run::protect::package::complete;
use crate::run::protect::past::Shapes;
use crate::run::protect::proof::{Evidence, OnDisk, Short};
use crate::run::protect::truth::Truth;
use crate::run::protect::withheld::{barest, narrowest, newest};
use crate::run::protect::{Record, not_json, write_public};

/// Rows named in an error, at most.
const NAMED: usize = 5;

/// Tables that may become a release.
pub(super) struct Draft<'a> {
    pub(super) exact: &'a [Exact<'a>],
    pub(super) release: Release,
    pub(super) truth: Truth,
    pub(super) known: &'a Before,
    /// Tables that past releases show.
    pub(super) out: &'a Shapes,
}

/// A release that passed the audit.
pub(super) struct Made {
    pub(super) release: Release,
    pub(super) pattern: Pattern,
    pub(super) truth: Truth,
    pub(super) name: String,
    pub(super) certificate: Certificate,
    pub(super) losses: Losses,
}

/// What became of a draft.
pub(super) enum Attempt {
    Made(Box<Made>),
    /// The place of a table without which there may be a release.
    Withhold(usize),
}

/// Protects the tables, writes what the public reads of them, and has it audited.
///
/// # Errors
/// When what is already published gives a figure away.
pub(super) fn attempt(
    job: &Job<'_>,
    policy: &Policy,
    (draft, closed): (Draft<'_>, &Closed),
    (before, past): (Option<&Record>, &[OnDisk]),
) -> Result<Attempt> {
    let Draft { exact, release, truth, known, out } = draft;
    job.store.remove_folder(&format!("{BUILDING}/{RELEASE}"))?;
    let pattern = hide(&release, known);
    if let (false, Some(place)) = (pattern.exposed.is_empty(), newest(exact, out)) {
        return Ok(Attempt::Withhold(place));
    }
    refuse_exposed(&pattern)?;
    let is_hidden = |key: &str| pattern.hidden.contains(key);
    if let Some(place) = barest(exact, out, policy.withhold_above_percent, &is_hidden) {
        return Ok(Attempt::Withhold(place));
    }
    let losses = Losses::of(exact, (&release, &pattern));
    write_public(job, policy, (exact, &pattern, &losses), closed)?;
    let name = complete(job, policy, closed, before)?;
    let releases = past.iter().filter(|past| past.name != name).cloned();
    let folder = format!("{BUILDING}/{RELEASE}");
    let last = OnDisk { name: name.clone(), folder, truth: truth.clone() };
    let releases: Vec<OnDisk> = releases.chain([last]).collect();
    let evidence = Evidence::read(job.store, (job.definitions, policy), &releases)?;
    match evidence.certify(&pattern.proofs)? {
        Ok(certificate) => {
            write_verdict(job, policy, (&evidence, &certificate))?;
            let made = Made { release, pattern, truth, name, certificate, losses };
            Ok(Attempt::Made(Box::new(made)))
        }
        Err(short) => {
            let (narrow, told) = (short.len(), named(&short));
            tracing::info!(event = "release.narrow", narrow, "Not proved safe: {told}");
            let place = narrowest(exact, out, &short).or_else(|| newest(exact, out));
            place.map(Attempt::Withhold).ok_or_else(|| refused(&short))
        }
    }
}

/// A figure that past releases give away cannot be hidden any more.
fn refuse_exposed(pattern: &Pattern) -> Result<()> {
    if pattern.exposed.is_empty() {
        return Ok(());
    }
    let named = pattern.exposed.iter().take(NAMED).map(|exposed| {
        let by = exposed.by.join("`, `");
        format!("{} of `{}` follows from `{by}`", exposed.measure, exposed.key)
    });
    Err(Error::secrecy(format!(
        "{} figures cannot be protected: what is already published determines them\n  {}",
        pattern.exposed.len(),
        named.collect::<Vec<_>>().join("\n  ")
    ))
    .hint("nothing was published; the last release stays"))
}

/// Judges the certificate, as any verifier does, and tells the public of it.
fn write_verdict(
    job: &Job<'_>,
    policy: &Policy,
    (evidence, certificate): (&Evidence, &Certificate),
) -> Result<()> {
    evidence.judge(certificate)?;
    let verdict = Verdict {
        rules: policy.version.clone(),
        verdict: PROTECTED.to_owned(),
        certificate: certificate.sha256().map_err(not_json)?,
    };
    let content = serde_json::to_vec_pretty(&verdict).map_err(not_json)?;
    job.store.write(&format!("{BUILDING}/{RELEASE}/{VERDICT}"), &content)?;
    let primaries = evidence.primaries();
    tracing::info!(event = "release.audited", primaries, "The audit finds no way in.");
    Ok(())
}

/// Figures that outsiders could compute, or guess too closely, whatever may still be hidden.
fn refused(short: &[Short]) -> Error {
    Error::secrecy(format!("{} figures are not protected\n  {}", short.len(), named(short)))
        .hint("nothing was published; the last release stays")
}

/// The first figures that are not safe, in words.
fn named(short: &[Short]) -> String {
    let named = short.iter().take(NAMED).map(|one| {
        let Short { measure, key, up, down } = one;
        format!("{measure} of `{key}` can only rise by {up} and fall by {down}")
    });
    named.collect::<Vec<_>>().join("\n  ")
}
