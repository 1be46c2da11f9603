//! Sources for whose input an earlier one stands become lines at the end of a run.

use crate::cli::report::{Page, table};
use crate::run::manifest::Manifest;
use crate::vocabulary::french::spaced;

/// Sources that are as of an earlier day, and what came tonight instead.
pub(super) fn show(page: &mut Page, manifest: &Manifest) {
    if manifest.held_back.is_empty() {
        return;
    }
    let rows = manifest.held_back.iter().map(|held| {
        let read: i64 = held.segments.iter().map(|segment| segment.records).sum();
        let code = held.finding.reason.code().to_owned();
        let days = [&held.since, &held.until].map(ToString::to_string);
        [vec![held.source.clone(), code, spaced(read)], days.to_vec()].concat()
    });
    page.line("\nHeld back: the last good input is used");
    let heads = ["source", "reason", "read tonight", "as of", "stands until"];
    table(page, &heads, &rows.collect::<Vec<_>>());
}
