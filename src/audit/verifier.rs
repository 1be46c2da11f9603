//! A certificate becomes a yes or the first reason for a no, by additions only.
//!
//! It looks for nothing: no graph, no elimination, no optimisation, and nothing of what made the
//! certificate. A change is believed when it moves no figure out of what is known of it, breaks no
//! equation and no inequality: then the changed table is as possible as the true one.

use std::collections::BTreeSet;

use crate::audit::case::{Case, Primary, Refusal};
use crate::audit::certificate::{Certificate, Change, ReleaseFile, Verdict};
use crate::audit::figures::{ByFigure, Known, Rows};

/// Says yes to a certificate, or why not.
///
/// # Errors
/// The first reason found.
pub fn verify(case: &Case<'_>, certificate: &Certificate) -> Result<(), Refusal> {
    let header = &certificate.header;
    if header.rules != case.rules {
        return Err(Refusal::Rules);
    }
    let certified: BTreeSet<&ReleaseFile> = header.files.iter().collect();
    let found: BTreeSet<&ReleaseFile> = case.files.iter().collect();
    if let Some(odd) = certified.symmetric_difference(&found).next() {
        let (release, name) = (odd.release.clone(), odd.name.clone());
        return Err(Refusal::File { release, name });
    }
    if header.known != case.known.sha256() {
        return Err(Refusal::Known);
    }
    verify_truth(case)?;
    let mut ledger = Ledger::new(case);
    for change in certificate.lines() {
        let line = ledger.lines + 1;
        ledger.add(case, &change.ok_or(Refusal::Unreadable { line })?)?;
    }
    let found = (ledger.lines, u64::try_from(case.primaries.len()).unwrap_or(u64::MAX));
    if found != (header.lines, header.primaries) {
        return Err(Refusal::Count { found: found.0, primaries: found.1 });
    }
    case.primaries.iter().try_for_each(|primary| ledger.judge(primary))
}

/// The same, for a release that is out: its verdict must be that of the certificate.
///
/// # Errors
/// The first reason found.
pub fn verify_released(
    case: &Case<'_>,
    certificate: &Certificate,
    verdict: &Verdict,
) -> Result<(), Refusal> {
    if verdict.rules == case.rules && verdict.is_of(certificate) {
        verify(case, certificate)
    } else {
        Err(Refusal::Verdict)
    }
}

/// The true table is one of those that agree with what is known.
fn verify_truth(case: &Case<'_>) -> Result<(), Refusal> {
    let Case { known, truth, .. } = *case;
    if truth.len() != known.low.len() || truth.len() != known.high.len() {
        return Err(Refusal::Known);
    }
    let within = |figure: usize| (known.low[figure]..=known.high[figure]).contains(&truth[figure]);
    if let Some(figure) = (0..truth.len()).find(|figure| !within(*figure)) {
        return Err(Refusal::Truth { figure });
    }
    let rows = &known.equations;
    let broken = (0..rows.len()).find(|row| rows.sum(*row, truth) != Some(rows.constant(*row)));
    let rows = &known.inequalities;
    let below = |row: &usize| rows.sum(*row, truth).is_none_or(|sum| sum < rows.constant(*row));
    match broken.or_else(|| (0..rows.len()).find(below)) {
        Some(row) => Err(Refusal::TrueRelation { row }),
        None => Ok(()),
    }
}

/// The changes believed so far, and what they leave possible.
pub struct Ledger {
    lines: u64,
    /// For each figure, how far changes raise and lower it.
    room: Vec<(i64, i64)>,
    /// For each figure, the contributors who know it.
    owners: Vec<Vec<u32>>,
    /// For each figure, the contributors who know a figure of every change that moves it.
    stuck: Vec<Option<Vec<u32>>>,
    equations: (ByFigure, Vec<i64>),
    inequalities: (ByFigure, Vec<i64>),
    touched: Vec<u32>,
}

impl Ledger {
    /// No change yet.
    #[must_use]
    pub fn new(case: &Case<'_>) -> Self {
        let Known { equations, inequalities, .. } = case.known;
        let figures = case.known.len();
        let mut owners = vec![Vec::new(); if case.insiders.is_empty() { 0 } else { figures }];
        for (insider, known) in (0_u32..).zip(case.insiders) {
            known.iter().for_each(|figure| owners[*figure as usize].push(insider));
        }
        // A shown figure moves in no change: its rows need not be found.
        let hidden = |figure| !case.known.is_shown(figure);
        let rows = |rows: &Rows| (rows.by_figure(figures, &hidden), vec![0; rows.len()]);
        Self {
            lines: 0,
            room: vec![(0, 0); figures],
            stuck: vec![None; owners.len()],
            owners,
            equations: rows(equations),
            inequalities: rows(inequalities),
            touched: Vec::new(),
        }
    }

    /// Believes a change, or says why not.
    ///
    /// # Errors
    /// When it leads to no possible table.
    pub fn add(&mut self, case: &Case<'_>, change: &Change) -> Result<(), Refusal> {
        self.lines += 1;
        self.check(case, change, 1)?;
        if change.mirrored {
            self.check(case, change, -1)?;
        }
        for (figure, by) in &change.terms {
            let (up, down) = &mut self.room[*figure as usize];
            let opposite = if change.mirrored { -by } else { *by };
            *up = (*up).max(*by).max(opposite);
            *down = (*down).max(-by).max(-opposite);
        }
        if self.owners.is_empty() {
            return Ok(());
        }
        let knowing = change.terms.iter().flat_map(|(figure, _)| &self.owners[*figure as usize]);
        let knowing: BTreeSet<u32> = knowing.copied().collect();
        for (figure, _) in &change.terms {
            match &mut self.stuck[*figure as usize] {
                Some(stuck) => stuck.retain(|insider| knowing.contains(insider)),
                none => *none = Some(knowing.iter().copied().collect()),
            }
        }
        Ok(())
    }

    /// Whether the changes leave a figure its room, for outsiders and for each contributor.
    ///
    /// # Errors
    /// When they do not.
    pub fn judge(&self, primary: &Primary) -> Result<(), Refusal> {
        let figure = primary.figure;
        let (up, down) = self.room.get(figure as usize).copied().ok_or(Refusal::Known)?;
        let narrow = up.saturating_add(down) < primary.width.max(1);
        if up < primary.up || down < primary.down || narrow {
            return Err(Refusal::Room { figure, up, down });
        }
        let stuck = self.stuck.get(figure as usize).and_then(Option::as_ref).into_iter().flatten();
        let own = self.owners.get(figure as usize);
        match stuck.copied().find(|one| own.is_some_and(|own| !own.contains(one))) {
            Some(insider) => Err(Refusal::Insider { figure, insider }),
            None => Ok(()),
        }
    }

    fn check(&mut self, case: &Case<'_>, change: &Change, sign: i64) -> Result<(), Refusal> {
        let (Case { known, truth, .. }, line) = (*case, self.lines);
        let mut last = None;
        for (figure, by) in change.terms.iter().copied() {
            let (place, refusal) = (figure as usize, Refusal::Moves { line, figure });
            let value = truth.get(place).and_then(|value| value.checked_add(by.checked_mul(sign)?));
            let Some(value) = value else { return Err(refusal) };
            // Each figure once: else a move out of bounds could hide in two halves.
            if last >= Some(figure) || value < known.low[place] || value > known.high[place] {
                return Err(refusal);
            }
            last = Some(figure);
        }
        add_up(&mut self.equations, &mut self.touched, change, sign, |row, by| {
            if by == Some(0) { Ok(()) } else { Err(Refusal::Equation { line, row }) }
        })?;
        let rows = &known.inequalities;
        add_up(&mut self.inequalities, &mut self.touched, change, sign, |row, by| {
            let sum = rows.sum(row as usize, truth).and_then(|sum| sum.checked_add(by?));
            let kept = sum.is_some_and(|sum| sum >= rows.constant(row as usize));
            if kept { Ok(()) } else { Err(Refusal::Inequality { line, row }) }
        })
    }
}

/// Adds a change up by row, and asks of each row it touches whether it holds. The sums are zeros
/// before and after.
fn add_up(
    (by_figure, sums): &mut (ByFigure, Vec<i64>),
    touched: &mut Vec<u32>,
    change: &Change,
    sign: i64,
    holds: impl Fn(u32, Option<i64>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    touched.clear();
    let mut verdict = Ok(());
    for (figure, by) in &change.terms {
        for (row, factor) in by_figure.of(*figure) {
            touched.push(*row);
            let sum = &mut sums[*row as usize];
            let more = by.checked_mul(sign).and_then(|by| by.checked_mul(i64::from(*factor)));
            match more.and_then(|more| sum.checked_add(more)) {
                Some(now) => *sum = now,
                None => verdict = holds(*row, None),
            }
        }
    }
    touched.sort_unstable();
    touched.dedup();
    for row in touched.iter() {
        let sum = std::mem::take(&mut sums[*row as usize]);
        verdict = verdict.and_then(|()| holds(*row, Some(sum)));
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::certificate::PROTECTED;
    use crate::audit::proof::prove;
    use crate::audit::release::Release;
    use crate::audit::test_support::{Small, flat, hide, table};

    /// Two tables that share a margin, four figures of each hidden, twice published.
    fn small() -> Small {
        let records: Vec<(Vec<usize>, i64)> = (0..18)
            .map(|cell| (vec![cell % 3, cell / 3 % 3, cell / 9], 1 + (cell as i64) % 2))
            .collect();
        let release = |name: &str, more: i64| {
            let mut records = records.clone();
            records[8].1 += more;
            let [a, b, c] = [flat("a", 3), flat("b", 3), flat("c", 2)];
            let tables = vec![
                table(&[(0, a.clone()), (1, b)], &records),
                table(&[(0, a), (2, c)], &records),
            ];
            let mut release = Release { name: name.into(), tables, ..Release::default() };
            hide(&mut release, |key, _| {
                let (one, other) = (key.contains("a=a0"), key.contains("a=a1"));
                (one || other)
                    && (key.contains("b=b0") || key.contains("b=b1") || key.contains("c="))
            });
            release
        };
        let mut small = Small::of(&[release("1", 0), release("2", 5)]);
        small.primaries = ["n|a=a0|b=b0", "n|a=a1|c=c0"]
            .map(|key| small.knowledge.figure(key).unwrap())
            .map(|figure| Primary { figure, up: 1, down: 1, width: 2 })
            .to_vec();
        small
    }

    #[test]
    fn a_proof_is_accepted_and_its_verdict_with_it() {
        let small = small();
        let proof = prove(&small.case(), []);
        assert_eq!(proof.exposed, []);
        assert_eq!(verify(&small.case(), &proof.certificate), Ok(()));
        let hash = proof.certificate.sha256().unwrap();
        let mut verdict =
            Verdict { rules: "1".into(), verdict: PROTECTED.into(), certificate: hash };
        assert_eq!(verify_released(&small.case(), &proof.certificate, &verdict), Ok(()));
        verdict.verdict = "open".into();
        let refused = verify_released(&small.case(), &proof.certificate, &verdict);
        assert_eq!(refused, Err(Refusal::Verdict));
    }

    #[test]
    fn any_digit_of_a_change_altered_or_any_line_left_out_is_refused() {
        let small = small();
        let proof = prove(&small.case(), []).certificate;
        let lines: Vec<Change> = proof.lines().map(Option::unwrap).collect();
        let write = |lines: &[Change]| {
            let mut certificate = Certificate::new(proof.header.clone());
            lines.iter().for_each(|line| certificate.push(line));
            certificate
        };
        for line in 0..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(line);
            assert!(verify(&small.case(), &write(&fewer)).is_err());
            let mut certificate = write(&fewer);
            certificate.header.lines += 1;
            assert!(matches!(verify(&small.case(), &certificate), Err(Refusal::Count { .. })));
            for term in 0..lines[line].terms.len() {
                for by in [-2, -1, 1, 2] {
                    let mut altered = lines.clone();
                    altered[line].terms[term].1 += by;
                    assert!(verify(&small.case(), &write(&altered)).is_err(), "{by}");
                    let mut altered = lines.clone();
                    altered[line].terms[term].0 += 1;
                    assert!(verify(&small.case(), &write(&altered)).is_err());
                }
            }
        }
    }

    #[test]
    fn every_byte_of_the_file_counts() {
        let small = small();
        let proof = prove(&small.case(), []).certificate;
        let verdict = Verdict {
            rules: "1".into(),
            verdict: PROTECTED.into(),
            certificate: proof.sha256().unwrap(),
        };
        let bytes = proof.to_bytes().unwrap();
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            let refused = Certificate::from_bytes(&altered)
                .map(|certificate| verify_released(&small.case(), &certificate, &verdict));
            assert!(!matches!(refused, Ok(Ok(()))), "byte {place}");
        }
    }

    #[test]
    fn a_release_a_file_a_relation_or_a_primary_left_out_is_refused() {
        let small = small();
        let proof = prove(&small.case(), []).certificate;
        let case = small.case();
        let refused = |case: &Case<'_>| verify(case, &proof).unwrap_err();
        assert!(matches!(refused(&Case { files: &case.files[1..], ..case }), Refusal::File { .. }));
        let mut files = case.files.to_vec();
        files[0].sha256 = "1".into();
        assert!(matches!(refused(&Case { files: &files, ..case }), Refusal::File { .. }));
        files.truncate(1);
        assert!(matches!(refused(&Case { files: &files, ..case }), Refusal::File { .. }));
        assert_eq!(refused(&Case { rules: "2", ..case }), Refusal::Rules);
        let mut known = case.known.clone();
        known.show(case.primaries[0].figure, case.truth[case.primaries[0].figure as usize]);
        assert_eq!(refused(&Case { known: &known, ..case }), Refusal::Known);
        let primaries = &case.primaries[1..];
        assert!(matches!(refused(&Case { primaries, ..case }), Refusal::Count { .. }));
        let mut truth = case.truth.to_vec();
        truth[case.primaries[0].figure as usize] += 1;
        let refused = refused(&Case { truth: &truth, ..case });
        assert!(matches!(refused, Refusal::TrueRelation { .. }));
    }

    #[test]
    fn a_primary_that_is_shown_or_moves_one_way_only_is_refused() {
        let mut small = small();
        small.primaries[0].up = 100;
        let proof = prove(&small.case(), []);
        assert_eq!(proof.exposed.len(), 1);
        let refused = verify(&small.case(), &proof.certificate);
        assert!(matches!(refused, Err(Refusal::Room { .. })));
        let shown = small.knowledge.figure("n|").unwrap();
        small.primaries = vec![Primary { figure: shown, ..Primary::default() }];
        let proof = prove(&small.case(), []);
        let refused = verify(&small.case(), &proof.certificate);
        assert_eq!(refused, Err(Refusal::Room { figure: shown, up: 0, down: 0 }));
    }
}
