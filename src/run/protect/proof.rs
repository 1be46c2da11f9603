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
use crate::audit::release::{Dimension as Codes, Measure, Release, Row, Sums, Table};
use crate::audit::verifier::{verify, verify_released};
use crate::definition::Definitions;
use crate::definition::secrecy::Policy;
use crate::definition::table::Dimension;
use crate::error::{Error, Result};
use crate::protect::pattern::Proof;
use crate::protect::release::key;
use crate::run::protect::counted::{Wanted, published, wanted};
use crate::run::protect::files::{Public, VERDICT, read_public};
use crate::run::protect::judged::{inner_rows, key_of};
use crate::run::protect::truth::{Register, Truth};
use crate::run::protect::twice::judged_twice;
use crate::run::store::Store;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

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
    /// Reads the releases, the last one last. `register` says which rows were out before it.
    pub(super) fn read(
        store: &Store,
        (definitions, policy): (&Definitions, &Policy),
        releases: &[OnDisk],
        register: &Register,
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
        let mut out = public.split_last().map_or_else(BTreeSet::new, |(_, past)| shown(past));
        out.retain(|figure| {
            let row = figure.split_once('|').and_then(|(_, key)| register.get(key));
            row.is_some_and(|(status, _)| status == "V")
        });
        let primaries = primaries(store, (definitions, policy), (last, &out), &knowledge)?;
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
        let figure = |(key, by): &(String, i64)| {
            let key = format!("{}|{key}", proof.measure);
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
fn files_of(store: &Store, release: &OnDisk) -> Result<Vec<ReleaseFile>> {
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

/// What the public reads in the files of a release, and how codes add up.
fn as_published(store: &Store, definitions: &Definitions, on_disk: &OnDisk) -> Result<Release> {
    let mut tables = Vec::new();
    let names: BTreeSet<&String> = on_disk.truth.keys().map(|(_, measure)| measure).collect();
    let counted_measures: BTreeMap<&str, Measure> =
        names.iter().map(|name| (name.as_str(), counted(name, &on_disk.truth))).collect();
    for wanted in wanted(definitions) {
        let Some(public) = read_public(store, &on_disk.folder, &wanted)? else { continue };
        tables.push(table_of(&wanted, public, &counted_measures));
    }
    for (dimensions, rows) in inner_rows(&on_disk.truth) {
        let codes = |row: &Vec<String>| {
            key(dimensions.iter().map(String::as_str).zip(row.iter().map(String::as_str)))
        };
        let first = rows.first().map(codes).unwrap_or_default();
        let is_there =
            |name: &&&String| on_disk.truth.contains_key(&(first.clone(), (**name).clone()));
        let measures = names.iter().filter(is_there);
        let measures = measures.filter_map(|name| counted_measures.get(name.as_str()).cloned());
        let measures: Vec<Measure> = measures.collect();
        tables.extend(tied(&dimensions, &rows, &measures, &on_disk.truth));
    }
    let secrets = on_disk.truth.iter();
    let secrets = secrets.map(|((key, name), figure)| (format!("{name}|{key}"), figure.value));
    Ok(Release { name: on_disk.name.clone(), tables, secrets: secrets.collect() })
}

/// A measure, and what everyone knows that its figures are at least: rows of zeros are left out, so
/// where no row has a zero of it, a hidden figure is no zero either.
fn counted(name: &str, truth: &Truth) -> Measure {
    let mut figures = truth.iter().filter(|((_, measure), _)| measure == name);
    let floor = i64::from(figures.all(|(_, figure)| figure.value > 0));
    Measure { name: name.to_owned(), floor: Some(floor), sums: Sums::Exact }
}

fn table_of(wanted: &Wanted<'_>, public: Public, measures: &BTreeMap<&str, Measure>) -> Table {
    let codes = |place: usize| public.rows.iter().filter_map(move |row| row.codes.get(place));
    let dimensions = wanted.table.dimensions().enumerate().map(|(place, (name, from))| {
        let sums = match from {
            Dimension::Split(_) => Sums::Overlap,
            _ => Sums::Exact,
        };
        dimension(name, codes(place), sums)
    });
    Table {
        name: wanted.name.to_owned(),
        dimensions: dimensions.collect(),
        measures: published(wanted.table, wanted.secrecy)
            .map(|name| measures.get(name).cloned().unwrap_or_default())
            .collect(),
        relations: Vec::new(),
        rows: public.rows,
    }
}

/// A dimension: each code is part of the total, and a period of the next longer one.
fn dimension<'a>(name: &str, codes: impl Iterator<Item = &'a String>, sums: Sums) -> Codes {
    let codes: BTreeSet<&String> = codes.collect();
    if name != columns::PERIODE.name {
        let parts = codes.iter().filter(|code| **code != ENSEMBLE);
        let parents = parts.map(|code| ((*code).clone(), ENSEMBLE.to_owned())).collect();
        return Codes { name: name.to_owned(), total: Some(ENSEMBLE.to_owned()), parents, sums };
    }
    let lengths: BTreeSet<Length> = codes.iter().map(|code| Length::of_period(code)).collect();
    let parent = |code: &&String| {
        let own = Length::of_period(code);
        let longer = lengths.iter().find(|length| **length > own)?.of(code);
        codes.contains(&longer).then(|| ((*code).clone(), longer))
    };
    Codes {
        name: name.to_owned(),
        total: None,
        parents: codes.iter().filter_map(parent).collect(),
        sums,
    }
}

/// Inner rows with the rows that they are parts of: those of one grouping, and those of the other,
/// as far as these are released.
fn tied(
    dimensions: &[String],
    rows: &[Vec<String>],
    measures: &[Measure],
    truth: &Truth,
) -> Vec<Table> {
    let is_grouping =
        |place: &usize| dimensions.get(*place).is_some_and(|name| name != columns::PERIODE.name);
    let is_released = |codes: &Vec<String>| {
        let named = dimensions.iter().map(String::as_str);
        let key = key(named.zip(codes.iter().map(String::as_str)));
        measures.iter().all(|measure| truth.contains_key(&(key.clone(), measure.name.clone())))
    };
    let tables = (0..dimensions.len()).filter(is_grouping).map(|along| {
        let totals = rows.iter().map(|row| {
            let mut total = row.clone();
            if let Some(code) = total.get_mut(along) {
                ENSEMBLE.clone_into(code);
            }
            total
        });
        let totals: BTreeSet<Vec<String>> = totals.filter(is_released).collect();
        let has_totals = !totals.is_empty();
        let rows: Vec<&Vec<String>> = rows.iter().chain(&totals).collect();
        let codes = |place: usize| rows.iter().filter_map(move |row| row.get(place));
        let of = |(place, name): (usize, &String)| {
            let known = dimension(name, codes(place), Sums::Exact);
            let adds_up = (place == along && has_totals) || name == columns::PERIODE.name;
            if adds_up { known } else { Codes { total: None, parents: BTreeMap::new(), ..known } }
        };
        let of_rows = dimensions.iter().enumerate().map(of).collect();
        let values = vec![None; measures.len()];
        let row = |codes: &&Vec<String>| Row { codes: (*codes).clone(), values: values.clone() };
        Table {
            name: dimensions.join("|"),
            dimensions: of_rows,
            measures: measures.to_vec(),
            relations: Vec::new(),
            rows: rows.iter().map(row).collect(),
        }
    });
    tables.collect()
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

/// The figures of the last release that must not be known, whatever the engine took for such. One
/// that a past release showed under other rules is out for good; other figures of its row are not.
fn primaries(
    store: &Store,
    (definitions, policy): (&Definitions, &Policy),
    (last, out): (&OnDisk, &BTreeSet<String>),
    knowledge: &Knowledge,
) -> Result<Vec<Primary>> {
    let mut found: BTreeMap<u32, Primary> = BTreeMap::new();
    let least = least_of(&last.truth, knowledge);
    let lowest = |figure: u32| least.get(figure as usize).copied().unwrap_or_default();
    for wanted in wanted(definitions) {
        let Some(public) = read_public(store, &last.folder, &wanted)? else { continue };
        let measures: Vec<&str> = published(wanted.table, wanted.secrecy).collect();
        for row in &public.rows {
            let key = key_of(wanted.table, &row.codes);
            let judged = judged_twice((&wanted, &measures), &row.codes, (&last.truth, policy))?;
            for (measure, sensitive) in measures.iter().zip(judged) {
                let name = format!("{measure}|{key}");
                let figure = last.truth.get(&(key.clone(), (*measure).to_owned()));
                let value = figure.map_or(0, |figure| figure.value);
                let (Some(sensitive), Some(figure)) = (sensitive, knowledge.figure(&name)) else {
                    continue;
                };
                if out.contains(&name) {
                    continue;
                }
                let down = sensitive.down.min(value.saturating_sub(lowest(figure)));
                let known = found.entry(figure).or_insert(Primary { figure, ..Primary::default() });
                (known.up, known.down) = (known.up.max(sensitive.up), known.down.max(down));
            }
        }
    }
    Ok(found.into_values().collect())
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
