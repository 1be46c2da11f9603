//! Posts, contracts and subsidies are read from their segments, and their clean tables written.

use std::collections::HashSet;

use arrow::array::RecordBatch;

use crate::clean::employers::Register;
use crate::clean::posts::{self, Line};
use crate::clean::rows::{Row, to_batch};
use crate::clean::subsidies::{self, Grant, V1, V2};
use crate::clean::work_contracts::{self, WorkContract};
use crate::error::Result;
use crate::run::clean::{Cleaned, STAGE};
use crate::run::job::Job;
use crate::run::ledger::Amount;
use crate::run::manifest::Segment;
use crate::run::outputs::write_table;
use crate::run::rejects::Located;
use crate::run::staged::{account, batches, day, instant, lacking, of_subject, sum, text};
use crate::vocabulary::codes::{Fate, Subject};
use crate::vocabulary::columns::{self, Column as Name};
use crate::vocabulary::reject::{Reject, reasons};
use crate::vocabulary::tables;

/// What the segments say.
pub(super) struct Awards {
    posts: Read<Line>,
    contracts: Read<WorkContract>,
    grants: Read<Vec<Grant>>,
}

/// Distinct lines of a subject, with the number of their segment and their place in it.
struct Read<T> {
    subject: Subject,
    lines: Vec<T>,
    places: Vec<(usize, i64)>,
}

impl Awards {
    /// Reads all of them; lines that are exact copies are entered as such.
    pub(super) fn read(job: &Job<'_>, segments: &[Segment], cleaned: &mut Cleaned) -> Result<Self> {
        Ok(Self {
            posts: read(job, segments, (Subject::Postes, cleaned), post)?,
            contracts: read(job, segments, (Subject::Contrats, cleaned), contract)?,
            grants: read(job, segments, (Subject::Subventions, cleaned), grants)?,
        })
    }

    /// The structures they name.
    pub(super) fn structures(&self) -> impl Iterator<Item = &str> {
        let of_posts = self.posts.lines.iter().map(|line| line.structure.as_str());
        of_posts.chain(self.contracts.lines.iter().map(|line| line.structure.as_str()))
    }

    /// Writes the clean tables of those that have segments.
    pub(super) fn clean(
        self,
        job: &Job<'_>,
        segments: &[Segment],
        register: &Register,
        cleaned: &mut Cleaned,
    ) -> Result<()> {
        let tell = |id: &str, row: &mut Row| register.tell(id, job.definitions, row);
        let as_of = job.as_of_days()?;
        let lines = posts::lines(&self.posts.lines);
        let (contracts, is_used) = work_contracts::latest(self.contracts.lines);
        let running = work_contracts::running(&contracts, as_of);
        let to = Table { job, segments, subject: Subject::Contrats };
        let fates = is_used.into_iter().map(fate).collect();
        let rows = work_contracts::clean(&contracts, &tell, as_of);
        to.write(rows, (&self.contracts.places, fates), cleaned)?;

        let (rows, is_used) = posts::clean(&self.posts.lines, &tell, (&running, as_of));
        let to = Table { job, segments, subject: Subject::Postes };
        let fates = is_used.into_iter().map(fate).collect();
        to.write(rows, (&self.posts.places, fates), cleaned)?;

        let mut fates = vec![Fate::Superseded; self.grants.lines.len()];
        let mut all: Vec<Grant> = Vec::new();
        for (number, grants) in self.grants.lines.into_iter().enumerate() {
            if grants.is_empty()
                && let Some(fate) = fates.get_mut(number)
            {
                *fate = Fate::Rejected;
            }
            all.extend(grants.into_iter().map(|grant| Grant { line: number, ..grant }));
        }
        let (rows, used) = subsidies::clean(&all, &lines, &tell, as_of);
        for number in used {
            if let Some(fate) = fates.get_mut(number) {
                *fate = Fate::Kept;
            }
        }
        let to = Table { job, segments, subject: Subject::Subventions };
        to.write(rows, (&self.grants.places, fates), cleaned)
    }
}

fn fate(is_used: bool) -> Fate {
    if is_used { Fate::Kept } else { Fate::Superseded }
}

/// Where records of a subject go.
struct Table<'a, 'j> {
    job: &'a Job<'j>,
    segments: &'a [Segment],
    subject: Subject,
}

impl Table<'_, '_> {
    /// Writes the records, and enters what became of each line.
    fn write(
        &self,
        rows: Vec<Row>,
        (places, fates): (&[(usize, i64)], Vec<Fate>),
        cleaned: &mut Cleaned,
    ) -> Result<()> {
        let segments = of_subject(self.job, self.segments, self.subject);
        if segments.is_empty() {
            return Ok(());
        }
        for ((segment, line), fate) in places.iter().zip(fates) {
            let segment = segments.get(*segment).ok_or_else(lacking)?;
            let account = account(segment, String::new());
            let is_refused = fate == Fate::Rejected;
            let reason = if is_refused { reasons::EMPTY_SUBSIDY } else { "" };
            cleaned.ledger.leave(&account, fate, reason, Amount::of_rows(1));
            if is_refused {
                cleaned.rejects.push(Located {
                    stage: STAGE.to_owned(),
                    source: segment.source.clone(),
                    segment: segment.id.clone(),
                    reject: Reject::of_shape(*line, reason),
                });
            }
        }
        let table = tables::clean(self.subject);
        let batch = to_batch(table, rows)?;
        cleaned.count_flags(table, &batch);
        let path = format!("clean/{}.parquet", table.name);
        cleaned.outputs.push(write_table(self.job, &path, table, &[batch])?);
        Ok(())
    }
}

/// Reads the distinct lines of a subject.
fn read<T>(
    job: &Job<'_>,
    segments: &[Segment],
    (subject, cleaned): (Subject, &mut Cleaned),
    of_row: impl Fn(&RecordBatch, usize) -> Result<T>,
) -> Result<Read<T>> {
    let names: Vec<&Name> = tables::staged(subject).columns.iter().collect();
    let mut found = Read { subject, lines: Vec::new(), places: Vec::new() };
    let mut seen = HashSet::new();
    for (number, segment) in of_subject(job, segments, found.subject).into_iter().enumerate() {
        let account = account(segment, String::new());
        for batch in batches(job, segment, &names)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                cleaned.ledger.enter(&account, Amount::of_rows(1));
                if !seen.insert(sum(&batch, &columns::EMPREINTE, row).ok_or_else(lacking)?) {
                    cleaned.ledger.leave(&account, Fate::Duplicate, "", Amount::of_rows(1));
                    continue;
                }
                let line = sum(&batch, &columns::LIGNE, row).ok_or_else(lacking)?;
                found.lines.push(of_row(&batch, row)?);
                found.places.push((number, line));
            }
        }
    }
    Ok(found)
}

fn owned(batch: &RecordBatch, column: &Name, row: usize) -> Option<String> {
    text(batch, column, row).map(str::to_owned)
}

fn required(batch: &RecordBatch, column: &Name, row: usize) -> Result<String> {
    owned(batch, column, row).ok_or_else(lacking)
}

fn post(batch: &RecordBatch, row: usize) -> Result<Line> {
    Ok(Line {
        post: required(batch, &columns::POSTE_ID, row)?,
        line: required(batch, &columns::POSTE_LIGNE_ID, row)?,
        structure: required(batch, &columns::STRUCTURE_ID, row)?,
        person: owned(batch, &columns::PERSONNE_ID, row),
        kind: owned(batch, &columns::TYPOLOGIE, row),
        state: required(batch, &columns::ETAT_DECLARE, row)?,
        awarded: day(batch, &columns::DATE_ATTRIBUTION, row),
        returned: day(batch, &columns::DATE_RENDU, row),
        renewed: owned(batch, &columns::RENOUVELE, row),
        created: instant(batch, &columns::CREE_LE, row),
        print: sum(batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
        flags: owned(batch, &columns::DRAPEAUX, row).unwrap_or_default(),
    })
}

fn contract(batch: &RecordBatch, row: usize) -> Result<WorkContract> {
    Ok(WorkContract {
        id: required(batch, &columns::CONTRAT_ID, row)?,
        person: required(batch, &columns::PERSONNE_ID, row)?,
        structure: required(batch, &columns::STRUCTURE_ID, row)?,
        kind: owned(batch, &columns::TYPE_CONTRAT, row),
        start: day(batch, &columns::DEBUT, row),
        end: day(batch, &columns::FIN, row),
        broken: day(batch, &columns::DATE_RUPTURE, row),
        created: instant(batch, &columns::CREE_LE, row),
        modified: instant(batch, &columns::MODIFIE_LE, row),
        print: sum(batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
        flags: owned(batch, &columns::DRAPEAUX, row).unwrap_or_default(),
    })
}

/// The envelopes a line speaks of: one where it names its source, else both.
fn grants(batch: &RecordBatch, row: usize) -> Result<Vec<Grant>> {
    let cents = |column| sum(batch, column, row).unwrap_or_default();
    let on = |column| day(batch, column, row);
    let payments = || -> Vec<(i64, Option<i32>)> {
        let all = [
            (&columns::VERSEMENT_1, &columns::DATE_VERSEMENT_1),
            (&columns::VERSEMENT_2, &columns::DATE_VERSEMENT_2),
            (&columns::VERSEMENT_3, &columns::DATE_VERSEMENT_3),
        ];
        all.into_iter().filter_map(|(paid, at)| Some((sum(batch, paid, row)?, on(at)))).collect()
    };
    let common = Grant {
        post_line: required(batch, &columns::POSTE_LIGNE_ID, row)?,
        print: sum(batch, &columns::EMPREINTE, row).ok_or_else(lacking)?,
        flags: owned(batch, &columns::DRAPEAUX, row).unwrap_or_default(),
        ..Grant::default()
    };
    let found = if let Some(source) = owned(batch, &columns::SOURCE_FINANCEMENT, row) {
        vec![Grant {
            envelope: if source == "DGCL" { V1 } else { V2 },
            source: Some(source.to_lowercase()),
            start: on(&columns::DEBUT_CONVENTION),
            end: on(&columns::FIN_CONVENTION),
            amount: cents(&columns::SUBVENTION) + cents(&columns::BONIFICATION),
            payments: payments(),
            ..common
        }]
    } else {
        let dge = (on(&columns::DEBUT_CONVENTION_DGE), on(&columns::FIN_CONVENTION_DGE));
        let ditp = (on(&columns::DEBUT_CONVENTION_DITP), on(&columns::FIN_CONVENTION_DITP));
        // Of two agreements of the envelope, the one that ends last.
        let is_dge = ditp == (None, None) || (dge.1, dge.0) >= (ditp.1, ditp.0);
        let (start, end) = if is_dge { dge } else { ditp };
        let first = sum(batch, &columns::VERSEMENT_V1, row);
        vec![
            Grant {
                envelope: V1,
                source: Some("dgcl".to_owned()),
                start: on(&columns::DEBUT_CONVENTION_DGCL),
                end: on(&columns::FIN_CONVENTION_DGCL),
                amount: cents(&columns::SUBVENTION_V1),
                credit: cents(&columns::AVOIR_V1),
                payments: first.map(|paid| (paid, None)).into_iter().collect(),
                ..common.clone()
            },
            Grant {
                envelope: V2,
                source: Some(if is_dge { "dge" } else { "ditp" }.to_owned()),
                start,
                end,
                amount: cents(&columns::SUBVENTION_V2) + cents(&columns::BONIFICATION),
                credit: cents(&columns::AVOIR_V2),
                payments: payments(),
                ..common
            },
        ]
    };
    Ok(found.into_iter().filter(|grant| !grant.is_empty()).collect())
}
