//! What came to closed months since becomes part of releases once enough employers sent it.

use std::collections::BTreeMap;

use crate::aggregate::Summary;
use crate::aggregate::holdings::Counted;
use crate::definition::secrecy::{Policy, Unit};
use crate::error::Result;
use crate::protect::rules::{Contributions, judge};
use crate::run::job::Job;
use crate::run::manifest::{CURRENT, Output};
use crate::run::outputs::BUILDING;
use crate::run::protect::closed::Closed;
use crate::run::protect::counted::{Plan, Wanted};
use crate::run::protect::judged::{is_shown, key_of};
use crate::run::protect::past::Shapes;
use crate::run::protect::truth::Register;
use crate::run::records::{reader, sums_of};

/// Takes over what changed in closed months, where readers of the tables that are out may see it;
/// the other months wait. Gives the months that were taken over with other figures.
pub(super) fn take_over(
    job: &Job<'_>,
    closed: &mut Closed,
    found: &BTreeMap<String, Output>,
    (policy, register, out): (&Policy, &Register, &Shapes),
) -> Result<Vec<String>> {
    let mut taken = Vec::new();
    let changed = closed.changed(found);
    if changed.is_empty() {
        return Ok(taken);
    }
    let plan = Plan::new(job.definitions, policy)?;
    let summaries = plan.summaries(job.definitions)?;
    for month in changed {
        let Some(known) = closed.months.get(&month) else { continue };
        let before = known.file.iter().map(|file| format!("{CURRENT}/{}", file.file.path));
        let now = found.get(&month);
        let file = now.map(|now| format!("{BUILDING}/{}", now.file.path));
        let moved = moved(job, &plan, &summaries, (before.collect(), file.into_iter().collect()))?;
        let (moves, is_safe) = judged(&moved, closed, (policy, register, out));
        let Some(known) = closed.months.get_mut(&month) else { continue };
        known.is_waiting = moves && !is_safe;
        if known.is_waiting {
            tracing::info!(event = "revision.waits", month, "Too few employers moved it.");
            continue;
        }
        known.file = now.cloned();
        if moves {
            known.revised = Some(job.as_of.to_string());
            taken.push(month);
        }
    }
    Ok(taken)
}

/// A row of a table that changes, and by what.
type Moved<'d> = (Wanted<'d>, Counted);

/// The rows that change from some files to others.
fn moved<'d>(
    job: &Job<'_>,
    plan: &Plan<'d>,
    summaries: &[Summary<'_>],
    (before, now): (Vec<String>, Vec<String>),
) -> Result<Vec<Moved<'d>>> {
    let reader = reader(job.store, summaries);
    let before = sums_of(&before, summaries, &reader)?;
    let now = sums_of(&now, summaries, &reader)?;
    let since = now.into_iter().zip(before).map(|(now, before)| now.since(before)).collect();
    let exact = plan.finish((summaries, since), (&reader, job.definitions))?;
    let rows = exact.into_iter().flat_map(|exact| {
        let wanted = exact.wanted;
        exact.rows.into_iter().map(move |row| (wanted, row))
    });
    Ok(rows.filter(|(_, row)| row.shares.iter().any(|share| share.units > 0)).collect())
}

/// Whether figures move, and whether all that readers would see move may be seen.
fn judged(
    moved: &[Moved<'_>],
    closed: &Closed,
    (policy, register, out): (&Policy, &Register, &Shapes),
) -> (bool, bool) {
    let is_safe = |(wanted, row): &Moved<'_>| {
        // Of a table that is not out yet readers will see the new figures alone.
        if !out.contains_key(wanted.name) {
            return true;
        }
        let is_hidden = register
            .get(&key_of(wanted.table, &row.codes))
            .is_some_and(|(status, _)| status != "V");
        let is_there = is_shown(wanted, &wanted.table.by, &row.codes, closed);
        if is_hidden || !is_there {
            return true;
        }
        let rules = policy.rules.values().filter(|rules| rules.unit != Unit::Person);
        rules.into_iter().all(|rules| {
            let figures = row.figures.iter().zip(&row.shares);
            figures.into_iter().all(|(value, share)| {
                let parts = Contributions {
                    // What is added here and taken away there may still tell of both.
                    value: if share.units > 0 { (*value).max(1) } else { 0 },
                    units: share.units,
                    total: share.total,
                    largest: share.largest.clone(),
                    is_of_missing_code: false,
                };
                judge(&parts, rules).is_none()
            })
        })
    };
    (!moved.is_empty(), moved.iter().all(is_safe))
}
