//! What secrecy cost the release of a run, as a person reads it.

use crate::cli::report::{Page, table};
use crate::error::Result;
use crate::run::protect::kept::{Costs, costs};
use crate::run::protect::verify::Verified;
use crate::run::protect::{LATEST, RELEASES};
use crate::run::store::Store;

/// Shows what each table and level lost, for the eyes of the office alone.
pub(super) fn show(page: &mut Page, store: &Store) -> Result<()> {
    let Some(Costs { release, shown, losses, withheld }) = costs(store)? else { return Ok(()) };
    let lines = losses.lines().skip(1);
    let lines = lines.map(|line| line.split(',').map(str::to_owned).collect());
    let rows: Vec<Vec<String>> = lines.map(in_percent).collect();
    page.line(match shown {
        Some(shown) => {
            let place = format!("{RELEASES}/{LATEST}");
            format!("\nSecrecy: release {release}, taken back: {place} is {shown}")
        }
        None => format!("\nSecrecy: release {release}, in {RELEASES}/{LATEST}"),
    });
    let heads = ["table", "level", "period", "rows", "A", "B", "D", "hidden %", "value of D %"];
    table(page, &heads, &rows);
    page.line("A few units, B dominance, D to protect others. Internal: readers see one sign.");
    if !withheld.is_empty() {
        let withheld = withheld.join(", ");
        page.line(format!("Withheld, as too little would be left or is proved safe: {withheld}"));
    }
    Ok(())
}

/// Says what the verification of a release found.
pub(super) fn verified(verified: &Verified) -> Result<()> {
    let mut page = Page::default();
    let Verified { release, all, primaries, certificate } = verified;
    page.line(format!("Release {release}: {primaries} figures must not be known, and cannot."));
    let releases = all.len();
    page.line(format!("Judged with {releases} release(s); certificate {certificate}"));
    page.print()
}

/// The last two columns count thousandths.
fn in_percent(mut row: Vec<String>) -> Vec<String> {
    let place = row.len().saturating_sub(2);
    for cell in row.iter_mut().skip(place) {
        let thousandths: u64 = cell.parse().unwrap_or_default();
        *cell = format!("{}.{}", thousandths / 10, thousandths % 10);
    }
    row
}
