//! A certificate becomes a yes or the first reason for a no, by additions only.
//!
//! It looks for nothing: no graph, no elimination, no optimisation, and nothing of what made the
//! certificate. A change is believed when it moves no figure out of what is known of it, breaks no
//! equation and no inequality: then the changed table is as possible as the true one.

use crate::audit::certificate::{Certificate, Change, PROTECTED, ReleaseFile, Verdict};
use crate::audit::figures::{ByFigure, Known};

/// A figure that must not be known, and how far from it others must be possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Primary {
    /// Its number.
    pub figure: u32,
    /// It could be at least that much greater.
    pub up: i64,
    /// It could be at least that much smaller.
    pub down: i64,
    /// Both together are at least that much; never less than 1.
    pub width: i64,
}

/// What is verified: all of it is made anew from files, nothing comes from the engines.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Version of the rules.
    pub rules: &'a str,
    /// Every file of every release there is, sorted.
    pub files: &'a [ReleaseFile],
    /// What an outsider knows.
    pub known: &'a Known,
    /// The true figures.
    pub truth: &'a [i64],
    /// The figures that must not be known.
    pub primaries: &'a [Primary],
    /// For each contributor, sorted: the figures that he knows, being alone in them.
    pub insiders: &'a [Vec<u32>],
}

/// Why a certificate is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Refusal {
    #[error("the certificate is for other rules")]
    Rules,
    #[error(
        "file `{name}` of release `{release}` is not the one certified, or only one side has it"
    )]
    File { release: String, name: String },
    #[error("the certificate is about other figures or other relations")]
    Known,
    #[error("the public verdict is not that of this certificate")]
    Verdict,
    #[error("the true figure {figure} is not what is known of it")]
    Truth { figure: usize },
    #[error("the true figures break relation {row}")]
    TrueRelation { row: usize },
    #[error("line {line} cannot be read")]
    Unreadable { line: u64 },
    #[error("the certificate has {found} lines and {primaries} primaries, not what its head says")]
    Count { found: u64, primaries: u64 },
    #[error("line {line} moves figure {figure} to what it is known not to be")]
    Moves { line: u64, figure: u32 },
    #[error("line {line} breaks equation {row}")]
    Equation { line: u64, row: u32 },
    #[error("line {line} breaks inequality {row}")]
    Inequality { line: u64, row: u32 },
    #[error("figure {figure} can only rise by {up} and fall by {down}")]
    Room { figure: u32, up: i64, down: i64 },
    #[error("contributor {insider} can compute figure {figure}")]
    Insider { figure: u32, insider: u32 },
}

/// Says yes to a certificate, or why not.
///
/// # Errors
/// The first reason found.
pub fn verify(case: &Case<'_>, certificate: &Certificate) -> Result<(), Refusal> {
    let header = &certificate.header;
    if header.rules != case.rules {
        return Err(Refusal::Rules);
    }
    let only = |these: &[ReleaseFile], those: &[ReleaseFile]| {
        these.iter().find(|file| those.binary_search(file).is_err()).cloned()
    };
    let odd = only(&header.files, case.files).or_else(|| only(case.files, &header.files));
    if let Some(ReleaseFile { release, name, .. }) = odd {
        return Err(Refusal::File { release, name });
    }
    if header.known != case.known.sha256() {
        return Err(Refusal::Known);
    }
    verify_truth(case)?;
    verify_changes(case, certificate)
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
    let hash = certificate.sha256().map_err(|_| Refusal::Verdict)?;
    let said = (verdict.rules.as_str(), verdict.verdict.as_str(), &verdict.certificate);
    if said != (case.rules, PROTECTED, &hash) {
        return Err(Refusal::Verdict);
    }
    verify(case, certificate)
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

/// Each change leads to a possible table, and together they leave every primary its room.
fn verify_changes(case: &Case<'_>, certificate: &Certificate) -> Result<(), Refusal> {
    let figures = case.known.len();
    let mut sums = Sums::new(case.known);
    let mut room = vec![(0_i64, 0_i64); figures];
    let mut owners: Vec<Vec<u32>> =
        vec![Vec::new(); if case.insiders.is_empty() { 0 } else { figures }];
    for (insider, known) in (0_u32..).zip(case.insiders) {
        known.iter().for_each(|figure| owners[*figure as usize].push(insider));
    }
    let mut common: Vec<Option<Vec<u32>>> = vec![None; owners.len()];
    let mut found = 0;
    for change in certificate.lines() {
        let line = found + 1;
        let change = change.ok_or(Refusal::Unreadable { line })?;
        sums.verify(case, &change, line, 1)?;
        if change.mirrored {
            sums.verify(case, &change, line, -1)?;
        }
        for (figure, by) in &change.terms {
            let (up, down) = &mut room[*figure as usize];
            let other_way = if change.mirrored { -by } else { *by };
            *up = (*up).max(*by).max(other_way);
            *down = (*down).max(-by).max(-other_way);
        }
        if !owners.is_empty() {
            let touched = change.terms.iter().flat_map(|(figure, _)| &owners[*figure as usize]);
            let touched: std::collections::BTreeSet<u32> = touched.copied().collect();
            for (figure, _) in &change.terms {
                match &mut common[*figure as usize] {
                    Some(all) => all.retain(|insider| touched.contains(insider)),
                    none => *none = Some(touched.iter().copied().collect()),
                }
            }
        }
        found = line;
    }
    let primaries = u64::try_from(case.primaries.len()).unwrap_or(u64::MAX);
    if (found, primaries) != (certificate.header.lines, certificate.header.primaries) {
        return Err(Refusal::Count { found, primaries });
    }
    for Primary { figure, up, down, width } in case.primaries.iter().copied() {
        let Some(&(rises, falls)) = room.get(figure as usize) else { return Err(Refusal::Known) };
        if rises < up || falls < down || rises.saturating_add(falls) < width.max(1) {
            return Err(Refusal::Room { figure, up: rises, down: falls });
        }
        let stuck = common.get(figure as usize).and_then(Option::as_ref).into_iter().flatten();
        let his_own = owners.get(figure as usize);
        if let Some(insider) =
            stuck.copied().find(|one| his_own.is_some_and(|own| !own.contains(one)))
        {
            return Err(Refusal::Insider { figure, insider });
        }
    }
    Ok(())
}

/// What a change does to each row, kept between changes: it is all zeros again after each.
struct Sums {
    equations: (ByFigure, Vec<i64>),
    inequalities: (ByFigure, Vec<i64>),
    touched: Vec<u32>,
}

impl Sums {
    fn new(known: &Known) -> Self {
        let rows = |rows: &crate::audit::figures::Rows| {
            (rows.by_figure(known.len()), vec![0_i64; rows.len()])
        };
        let (equations, inequalities) = (rows(&known.equations), rows(&known.inequalities));
        Self { equations, inequalities, touched: Vec::new() }
    }

    fn verify(
        &mut self,
        case: &Case<'_>,
        change: &Change,
        line: u64,
        sign: i64,
    ) -> Result<(), Refusal> {
        let Case { known, truth, .. } = *case;
        let mut last = None;
        for (figure, by) in change.terms.iter().copied() {
            let (place, refusal) = (figure as usize, Refusal::Moves { line, figure });
            let value = truth.get(place).and_then(|value| value.checked_add(by.checked_mul(sign)?));
            let Some(value) = value else { return Err(refusal) };
            // Each figure once: else a sum could hide in two halves.
            if last >= Some(figure) || value < known.low[place] || value > known.high[place] {
                return Err(refusal);
            }
            last = Some(figure);
        }
        add(&mut self.equations, &mut self.touched, change, sign, &mut |row, sum| {
            (sum == Some(0)).then_some(()).ok_or(Refusal::Equation { line, row })
        })?;
        let rows = &known.inequalities;
        add(&mut self.inequalities, &mut self.touched, change, sign, &mut |row, by| {
            let sum = rows.sum(row as usize, truth).and_then(|sum| sum.checked_add(by?));
            let kept = sum.is_some_and(|sum| sum >= rows.constant(row as usize));
            kept.then_some(()).ok_or(Refusal::Inequality { line, row })
        })
    }
}

/// Adds a change up by row, and asks of each row it touches whether it holds.
fn add(
    (by_figure, sums): &mut (ByFigure, Vec<i64>),
    touched: &mut Vec<u32>,
    change: &Change,
    sign: i64,
    holds: &mut dyn FnMut(u32, Option<i64>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    touched.clear();
    for (figure, by) in &change.terms {
        for (row, factor) in by_figure.of(*figure) {
            let sum = &mut sums[*row as usize];
            let more = by.checked_mul(sign).and_then(|by| by.checked_mul(i64::from(*factor)));
            let Some(now) = more.and_then(|more| sum.checked_add(more)) else {
                return holds(*row, None);
            };
            *sum = now;
            touched.push(*row);
        }
    }
    touched.sort_unstable();
    touched.dedup();
    touched.iter().try_for_each(|row| holds(*row, Some(std::mem::take(&mut sums[*row as usize]))))
}
