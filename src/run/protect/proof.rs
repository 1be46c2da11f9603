//! The files of all releases, and what is kept inside, become a verdict in which no engine has a
//! say.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::audit::case::{Case, Primary, Refusal};
use crate::audit::certificate::{Certificate, Change, ReleaseFile, Verdict};
use crate::audit::figures::{NO_LOW, hex};
use crate::audit::knowledge::Knowledge;
use crate::audit::least::least;
use crate::audit::proof::prove;
use crate::audit::release::Release;
use crate::audit::verifier::{verify, verify_released};
use crate::definition::Definitions;
use crate::definition::secrecy::Policy;
use crate::error::{Error, Result};
use crate::protect::pattern::{Moved, Proof};
use crate::run::protect::counted::{published, wanted};
use crate::run::protect::files::{VERDICT, read_public};
use crate::run::protect::judged::key_of;
use crate::run::protect::public::{as_published, counted};
use crate::run::protect::truth::Truth;
use crate::run::protect::twice::judged_twice;
use crate::run::store::Store;

/// A release on disk.
#[derive(Clone, Debug)]
pub(super) struct OnDisk {
    /// Its name.
    pub(super) name: String,
    /// Its folder in the warehouse.
    pub(super) folder: String,
    /// What it is made of.
    pub(super) truth: Truth,
}

/// A figure that is not proved safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) measure: String,
    pub(super) key: String,
    /// How far others are possible above it.
    pub(super) up: i64,
    /// How far below.
    pub(super) down: i64,
}

/// All that a certificate is judged by.
pub(super) struct Evidence {
    rules: String,
    files: Vec<ReleaseFile>,
    knowledge: Knowledge,
    primaries: Vec<Primary>,
    insiders: Vec<Vec<u32>>,
}

impl Evidence {
    /// Reads the releases, the last one last.
    pub(super) fn read(
        store: &Store,
        (definitions, policy): (&Definitions, &Policy),
        releases: &[OnDisk],
    ) -> Result<Self> {
        let mut public = Vec::new();
        let mut files = Vec::new();
        for release in releases {
            public.push(as_published(store, definitions, release)?);
            files.extend(files_of(store, release)?);
        }
        files.sort_unstable();
        // A closed month may be revised either way.
        let knowledge = Knowledge::of(&public, (i64::MIN, i64::MAX)).map_err(|unfit| {
            Error::secrecy(format!("the releases do not fit together: {unfit}"))
        })?;
        let last = releases.last().ok_or_else(|| Error::internal("there is a release"))?;
        let out = public.split_last().map_or_else(BTreeSet::new, |(_, past)| shown(past));
        let mut found = BTreeMap::new();
        for release in releases {
            let judged = Judged { release, last, out: &out };
            primaries(store, (definitions, policy), &judged, (&knowledge, &mut found))?;
        }
        let primaries = found.into_values().collect();
        let insiders = insiders(&last.truth, &knowledge);
        Ok(Self { rules: policy.version.clone(), files, knowledge, primaries, insiders })
    }

    fn case(&self) -> Case<'_> {
        Case {
            rules: &self.rules,
            files: &self.files,
            known: &self.knowledge.known,
            truth: &self.knowledge.truth,
            primaries: &self.primaries,
            insiders: &self.insiders,
        }
    }

    /// The certificate, from the changes that the engine proposes and others that the audit finds;
    /// or the figures for which there is none, with their measure and row.
    pub(super) fn certify(
        &self,
        proofs: &[Proof],
    ) -> Result<std::result::Result<Certificate, Vec<Short>>> {
        let mut changes: BTreeSet<Vec<(u32, i64)>> = BTreeSet::new();
        for proof in proofs {
            changes.insert(self.change(proof)?);
        }
        tracing::info!(
            event = "release.proposed",
            primaries = self.primaries.len(),
            "Audit begins."
        );
        let found = prove(&self.case(), changes.into_iter().map(|terms| Change::new(terms, false)));
        if found.exposed.is_empty() {
            return Ok(Ok(found.certificate));
        }
        let short = found.exposed.iter().map(|exposed| {
            let (measure, key) = self.name(exposed.figure).split_once('|').unwrap_or_default();
            Short {
                measure: measure.to_owned(),
                key: key.to_owned(),
                up: exposed.up,
                down: exposed.down,
            }
        });
        Ok(Err(short.collect()))
    }

    fn change(&self, proof: &Proof) -> Result<Vec<(u32, i64)>> {
        let figure = |(measure, key, by): &Moved| {
            let key = format!("{measure}|{key}");
            let figure = self.knowledge.figure(&key);
            let figure = figure.ok_or_else(|| Error::internal(format!("`{key}` is released")))?;
            Ok((figure, *by))
        };
        let mut terms: Vec<(u32, i64)> = proof.change.iter().map(figure).collect::<Result<_>>()?;
        terms.sort_unstable();
        Ok(terms)
    }

    /// Says yes to a certificate, or why not, in words.
    pub(super) fn judge(&self, certificate: &Certificate) -> Result<()> {
        verify(&self.case(), certificate).map_err(|refusal| self.told(&refusal))
    }

    /// The same, for a release that is out.
    pub(super) fn judge_released(
        &self,
        certificate: &Certificate,
        verdict: &Verdict,
    ) -> Result<()> {
        let judged = verify_released(&self.case(), certificate, verdict);
        judged.map_err(|refusal| self.told(&refusal))
    }

    fn name(&self, figure: u32) -> &str {
        let place = usize::try_from(figure).unwrap_or(usize::MAX);
        self.knowledge.keys.get(place).map_or("", String::as_str)
    }

    fn told(&self, refusal: &Refusal) -> Error {
        let what = match refusal {
            Refusal::Room { figure, .. }
            | Refusal::Insider { figure, .. }
            | Refusal::Moves { figure, .. } => format!(" (`{}`)", self.name(*figure)),
            _ => String::new(),
        };
        Error::secrecy(format!("the audit refuses the release: {refusal}{what}"))
            .hint("no release changes; the last one that passed stays")
    }

    /// Number of figures that must not be known.
    pub(super) fn primaries(&self) -> usize {
        self.primaries.len()
    }
}

/// The sha256 of each file of a release but the verdict, which tells of the certificate.
pub(super) fn files_of(store: &Store, release: &OnDisk) -> Result<Vec<ReleaseFile>> {
    let mut files = Vec::new();
    for name in store.names_in(&release.folder)? {
        if name == VERDICT {
            continue;
        }
        let content = store.read(&format!("{}/{name}", release.folder))?.unwrap_or_default();
        let sha256 = hex(&Sha256::digest(&content));
        files.push(ReleaseFile { release: release.name.clone(), name, sha256 });
    }
    Ok(files)
}

/// The figures that past releases show.
fn shown(past: &[Release]) -> BTreeSet<String> {
    let tables = past.iter().flat_map(|release| &release.tables);
    let rows = tables.flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let figures = rows.flat_map(|(table, row)| {
        let values = row.values.iter().enumerate().filter(|(_, value)| value.is_some());
        values.map(move |(measure, _)| table.key(measure, &row.codes))
    });
    figures.collect()
}

/// A release whose forbidden figures are looked for.
struct Judged<'a> {
    release: &'a OnDisk,
    /// The last one: what it has is judged as it is there.
    last: &'a OnDisk,
    /// Figures that past releases show: out for good, even under other rules than today's; other
    /// figures of their rows are not.
    out: &'a BTreeSet<String>,
}

/// The figures that must not be known, whatever the engine took for such: of the last release, and
/// of past ones what it no longer has.
fn primaries(
    store: &Store,
    (definitions, policy): (&Definitions, &Policy),
    judged: &Judged<'_>,
    (knowledge, found): (&Knowledge, &mut BTreeMap<u32, Primary>),
) -> Result<()> {
    let Judged { release, last, out } = judged;
    let least = least_of(&release.truth, knowledge);
    let lowest = |figure: u32| least.get(figure as usize).copied().unwrap_or_default();
    for wanted in wanted(definitions) {
        let Some(public) = read_public(store, &release.folder, &wanted)? else { continue };
        let measures: Vec<&str> = published(wanted.table, wanted.secrecy).collect();
        for row in &public.rows {
            let key = key_of(wanted.table, &row.codes);
            let sensitive =
                judged_twice((&wanted, &measures), &row.codes, (&release.truth, policy))?;
            for (measure, sensitive) in measures.iter().zip(sensitive) {
                let name = format!("{measure}|{key}");
                let named = (key.clone(), (*measure).to_owned());
                let is_gone_on = release.name != last.name && last.truth.contains_key(&named);
                let value = release.truth.get(&named).map_or(0, |figure| figure.value);
                let (Some(sensitive), Some(figure)) = (sensitive, knowledge.figure(&name)) else {
                    continue;
                };
                if is_gone_on || out.contains(&name) {
                    continue;
                }
                let down = sensitive.down.min(value.saturating_sub(lowest(figure)));
                let known = found.entry(figure).or_insert(Primary { figure, ..Primary::default() });
                (known.up, known.down) = (known.up.max(sensitive.up), known.down.max(down));
            }
        }
    }
    Ok(())
}

/// What everyone knows that each figure of the last release is at least, whatever is hidden.
fn least_of(truth: &Truth, knowledge: &Knowledge) -> Vec<i64> {
    let names: BTreeSet<&String> = truth.keys().map(|(_, measure)| measure).collect();
    let floors = names.into_iter().map(|name| (name.as_str(), counted(name, truth).floor));
    let floors: BTreeMap<&str, Option<i64>> = floors.collect();
    let floor = |figure: u32| {
        let name = knowledge.keys.get(figure as usize).map_or("", String::as_str);
        // Of a figure that was revised since nothing need be known.
        let measure = name.split_once('|').filter(|_| !name.contains('@')).map(|named| named.0);
        measure.and_then(|measure| floors.get(measure).copied().flatten()).unwrap_or(NO_LOW)
    };
    least(&knowledge.known, &floor)
}

/// For each contributor, the figures that are all his.
fn insiders(truth: &Truth, knowledge: &Knowledge) -> Vec<Vec<u32>> {
    let mut of: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for ((key, measure), figure) in truth {
        let number = knowledge.figure(&format!("{measure}|{key}"));
        if let (Some(alone), Some(number)) = (figure.alone.as_deref(), number) {
            of.entry(alone).or_default().push(number);
        }
    }
    let sorted = |mut figures: Vec<u32>| {
        figures.sort_unstable();
        figures
    };
    of.into_values().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::release::{Release as Asked, Shared};
    use crate::run::protect::truth::Figure;

    #[test]
    fn engine_and_audit_think_a_hidden_figure_at_least_the_same() {
        for (values, least) in [([1, 4], 1), ([0, 4], 0)] {
            let (mut truth, mut asked) = (Truth::new(), Asked::default());
            for (key, value) in ["type=a", "type=b"].into_iter().zip(values) {
                let figure = Figure { value, ..Figure::default() };
                truth.insert((key.to_owned(), "n".to_owned()), figure);
                let figures = BTreeMap::from([("n".to_owned(), value)]);
                asked.rows.insert(key.to_owned(), Shared { figures, ..Shared::default() });
            }
            assert_eq!((asked.floor("n"), counted("n", &truth).floor), (least, Some(least)));
        }
    }
}
