//! What employers sent, what posts cost and what was compared become tables beside those declared.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::aggregate::cost::{Agreement, Work, shares};
use crate::aggregate::coverage::{Employer, Month, months};
use crate::aggregate::margins::Check;
use crate::clean::rows::{Row, to_batch};
use crate::definition::cost::Cost;
use crate::error::Result;
use crate::run::parquet;
use crate::run::staged::{day, sum, text};
use crate::run::summaries::{Below, clean_files};
use crate::vocabulary::calendar::{month_text, number_of};
use crate::vocabulary::codes::{INCONNU, Subject};
use crate::vocabulary::columns;
use crate::vocabulary::schema::schema;
use crate::vocabulary::tables::{COUVERTURE, COUVERTURE_MOIS, PART_ETAT_COUT, RECONCILIATION};

/// The coverage of employers; `until` is the month of the reference day.
pub(super) fn covered(employers: &[Employer], until: i64) -> Result<RecordBatch> {
    let of_key = |place: usize| texts(employers, |e| e.key.get(place).cloned());
    let of_bounds = |of: fn((i64, i64)) -> i64| {
        texts(employers, |e| e.bounds().map(|bounds| month_text(of(bounds))))
    };
    let figure = |place: usize| numbers(employers, |e| e.figures(until).get(place).copied());
    let mut arrays: Vec<ArrayRef> = (0..3).map(of_key).collect();
    arrays.extend([of_bounds(|(first, _)| first), of_bounds(|(_, last)| last)]);
    arrays.extend((0..4).map(figure));
    Ok(RecordBatch::try_new(schema(&COUVERTURE), arrays)?)
}

/// The months of each employer.
pub(super) fn covered_months(employers: &[Employer]) -> Result<RecordBatch> {
    let all = months(employers);
    let arrays = vec![
        texts(&all, |month: &Month<'_>| Some(month.system)),
        texts(&all, |month| Some(month.structure)),
        texts(&all, |month| Some(month_text(month.month))),
        numbers(&all, |month| Some(month.count)),
        texts(&all, |month| Some(month.state)),
    ];
    Ok(RecordBatch::try_new(schema(&COUVERTURE_MOIS), arrays)?)
}

/// The rows of the reconciliation.
pub(super) fn checked(checks: &[Check]) -> Result<RecordBatch> {
    let arrays = vec![
        texts(checks, |check| Some(&check.table)),
        texts(checks, |check| Some(&check.other)),
        texts(checks, |check| Some(&check.dimensions)),
        texts(checks, |check| Some(&check.measure)),
        numbers(checks, |check| Some(check.cells)),
        numbers(checks, |check| Some(check.differing)),
    ];
    Ok(RecordBatch::try_new(schema(&RECONCILIATION), arrays)?)
}

/// The State's share of the cost of posts, from the clean contracts and subsidies.
pub(super) fn state_share(below: Below<'_>, cost: &Cost) -> Result<RecordBatch> {
    let mut work = Vec::new();
    each(below, Subject::Contrats, &mut |batch, row| {
        work.push(Work {
            kind: kind(batch, row),
            start: day(batch, &columns::DEBUT, row),
            end: day(batch, &columns::DERNIER_JOUR, row),
        });
    })?;
    let mut agreements = Vec::new();
    each(below, Subject::Subventions, &mut |batch, row| {
        let cents = |column| sum(batch, column, row).unwrap_or_default();
        agreements.push(Agreement {
            kind: kind(batch, row),
            start: day(batch, &columns::DEBUT_CONVENTION, row),
            end: day(batch, &columns::FIN_CONVENTION, row),
            amounts: [cents(&columns::CONVENTIONNE), cents(&columns::VERSE)],
        });
    })?;
    let found = shares(cost, &work, &agreements, number_of(below.as_of))?;
    let rows = found.into_iter().map(|((kind, year), share)| {
        let [agreed, paid] = share.state;
        let mut row = Row::default();
        row.text(&columns::TYPE_EMPLOYEUR, Some(&kind));
        row.text(&columns::ANNEE_COUT, Some(&year));
        row.number(&columns::JOURS_CONTRAT, Some(share.days));
        row.number(&columns::COUT, Some(share.cost));
        row.number(&columns::ETAT_CONVENTIONNE, Some(agreed));
        row.number(&columns::ETAT_VERSE, Some(paid));
        row
    });
    to_batch(&PART_ETAT_COUT, rows.collect())
}

fn kind(batch: &RecordBatch, row: usize) -> String {
    text(batch, &columns::TYPE_EMPLOYEUR, row).unwrap_or(INCONNU).to_owned()
}

/// Visits the rows of the clean files of a subject.
fn each(
    below: Below<'_>,
    subject: Subject,
    visit: &mut dyn FnMut(&RecordBatch, usize),
) -> Result<()> {
    for path in clean_files(below.store, below.folder, subject)? {
        for batch in parquet::read(below.store.file(&path)?, None, None)? {
            let batch = batch?;
            (0..batch.num_rows()).for_each(|row| visit(&batch, row));
        }
    }
    Ok(())
}

fn texts<'r, T, S: AsRef<str>>(rows: &'r [T], of: impl Fn(&'r T) -> Option<S>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn numbers<T>(rows: &[T], of: impl Fn(&T) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Int64Array>())
}
