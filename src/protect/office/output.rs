//! A protected table becomes two CSV files: one for the public, one that stays inside.

use crate::error::{Error, Result};
use crate::protect::office::decimal::show;
use crate::protect::office::problem::{Problem, Stated};
use crate::protect::rules::Status;

/// Column of the figures.
const VALUE: &str = "value";
/// Column of what became of them.
const STATUS: &str = "status";

/// What the public reads: each figure, or one symbol whatever hides it.
///
/// # Errors
/// When it cannot be written.
pub fn public(out: &Protected, symbol: &str) -> Result<Vec<u8>> {
    out.write(&[VALUE], |status, value| match status {
        Status::V => vec![value],
        Status::A | Status::B | Status::D => vec![symbol.to_owned()],
    })
}

/// What stays inside: all figures, and why some are hidden.
///
/// # Errors
/// When it cannot be written.
pub fn internal(out: &Protected) -> Result<Vec<u8>> {
    out.write(&[VALUE, STATUS], |status, value| vec![value, status.letter().to_owned()])
}

/// A table and what is hidden of it.
#[derive(Clone, Copy, Debug)]
pub struct Protected<'a> {
    /// All that is published with it.
    pub problem: &'a Problem,
    /// The table.
    pub table: &'a Stated,
    /// What is hidden.
    pub pattern: &'a [bool],
}

impl Protected<'_> {
    /// Rows in the order of the trees, zeros that were read included.
    fn write(
        &self,
        heads: &[&str],
        fields: impl Fn(Status, String) -> Vec<String>,
    ) -> Result<Vec<u8>> {
        let failed = |error: csv::Error| Error::internal("a CSV file in memory").because(error);
        let mut out = csv::Writer::from_writer(Vec::new());
        let axes = &self.table.cells.axes;
        let names = axes.iter().map(|axis| axis.name.as_str());
        out.write_record(names.chain(heads.iter().copied())).map_err(failed)?;
        for (nodes, figure) in self.table.cells.figures.keys().zip(&self.table.figures) {
            let value = self.problem.system.cells.get(*figure).map_or(0, |cell| cell.value);
            let status = self.problem.status(*figure, self.pattern);
            let mut line: Vec<String> =
                axes.iter().zip(nodes).map(|(axis, node)| axis.code(*node).to_owned()).collect();
            line.extend(fields(status, show(value, self.problem.places)));
            out.write_record(&line).map_err(failed)?;
        }
        out.into_inner().map_err(|_| Error::internal("a CSV file in memory"))
    }
}
