//! What activities say of employers and of advisers, each thing once, whatever the number of rows.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::column::{Fingerprints, NO_TEXT, Texts, Values};
use crate::error::Result;
use crate::run::dataset::files::{Coded, Dictionaries};
use crate::run::job::Job;
use crate::run::manifest::Segment;
use crate::run::staged::{Group, lacking, system};
use crate::vocabulary::codes::System;
use crate::vocabulary::columns::{self, Column};

/// The columns that mention somebody.
pub(super) const NAMES: [Column; 6] = [
    columns::STRUCTURE_ID,
    columns::SIRET,
    columns::TYPE_DECLARE,
    columns::CONSEILLER_ID,
    columns::UTILISATEUR_ID,
    columns::LIEU_STRUCTURE_ID,
];

/// What is mentioned, by row group, as codes of texts.
pub(super) struct Mentions {
    groups: Vec<Codes>,
    texts: Vec<Arc<Vec<Arc<str>>>>,
}

/// Distinct combinations of the codes of a row group.
struct Codes {
    is_legacy: bool,
    /// Identifier, SIRET and declared type.
    employers: Vec<[u32; 3]>,
    /// Mediator, account and identifier of the employer.
    advisers: Vec<[u32; 3]>,
    places: Vec<u32>,
}

/// An employer as an activity names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Employer<'m> {
    /// Its identifier, or its SIRET where the activity has nothing else.
    pub(super) id: Option<&'m str>,
    pub(super) siret: Option<&'m str>,
    pub(super) kind: Option<&'m str>,
}

/// An adviser as an activity names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Adviser<'m> {
    pub(super) mediator: Option<&'m str>,
    pub(super) account: Option<&'m str>,
    /// The identifier of the employer.
    pub(super) structure: Option<&'m str>,
    /// Whether the activity is of the Espace Coop.
    pub(super) is_legacy: bool,
}

impl Mentions {
    /// Reads what all row groups mention.
    pub(super) fn read(job: &Job<'_>, segments: &[&Segment], groups: &[Group]) -> Result<Self> {
        let dictionaries: Dictionaries = NAMES.iter().map(|_| Some(Mutex::default())).collect();
        let names = NAMES.map(|column| column.name);
        let of_group = |group: &Group, segment: &Segment, file: &Coded<'_>| -> Result<Codes> {
            let read = file.read(group.number, &names, &dictionaries)?;
            let codes: Vec<&[u32]> = read.iter().map(Values::codes).collect();
            let [structures, sirets, kinds, mediators, accounts, places] = codes.as_slice() else {
                return Err(lacking());
            };
            let mut places = places.to_vec();
            places.sort_unstable();
            places.dedup();
            Ok(Codes {
                is_legacy: system(job, segment)? == System::Legacy,
                employers: distinct([structures, sirets, kinds]),
                advisers: distinct([mediators, accounts, structures]),
                places,
            })
        };
        // A file is open while its own row groups are read, and no longer.
        let of_segment = |groups: &[Group]| -> Result<Vec<Codes>> {
            let segment = groups.first().and_then(|group| segments.get(group.segment));
            let segment = segment.ok_or_else(lacking)?;
            let file = Coded::open(job.store, &segment.rows.path)?;
            groups.par_iter().map(|group| of_group(group, segment, &file)).collect()
        };
        let by_segment: Vec<&[Group]> =
            groups.chunk_by(|one, other| one.segment == other.segment).collect();
        let groups: Vec<Vec<Codes>> =
            by_segment.into_par_iter().map(of_segment).collect::<Result<_>>()?;
        let groups = groups.into_iter().flatten().collect();
        let texts = dictionaries.iter().flatten();
        let texts = texts.map(|known| known.lock().unwrap_or_else(PoisonError::into_inner).texts());
        Ok(Self { groups, texts: texts.collect() })
    }

    fn text(&self, column: usize, code: u32) -> Option<&str> {
        let texts = self.texts.get(column)?;
        (code != NO_TEXT).then(|| Texts::text(&**texts, code))
    }

    fn employer(&self, [structure, siret, kind]: [u32; 3]) -> Employer<'_> {
        let siret = self.text(1, siret);
        Employer { id: self.text(0, structure).or(siret), siret, kind: self.text(2, kind) }
    }

    fn adviser(&self, is_legacy: bool, [mediator, account, structure]: [u32; 3]) -> Adviser<'_> {
        Adviser {
            mediator: self.text(3, mediator),
            account: self.text(4, account),
            structure: self.text(0, structure),
            is_legacy,
        }
    }

    /// All employers, in no order.
    pub(super) fn employers(&self) -> impl Iterator<Item = Employer<'_>> {
        let all = self.groups.iter().flat_map(|group| &group.employers).copied();
        all.collect::<HashSet<_>>().into_iter().map(|codes| self.employer(codes))
    }

    /// All advisers, in no order.
    pub(super) fn advisers(&self) -> impl Iterator<Item = Adviser<'_>> {
        let of_group =
            |group: &Codes| group.advisers.iter().map(|codes| (group.is_legacy, *codes)).collect();
        let all = self.groups.iter().flat_map(|group| -> Vec<_> { of_group(group) });
        let all = all.collect::<HashSet<_>>().into_iter();
        all.map(|(is_legacy, codes)| self.adviser(is_legacy, codes))
    }

    /// What a row group mentions: employers, advisers, and structures that received activities.
    pub(super) fn of_group(
        &self,
        group: usize,
    ) -> Result<(Vec<Employer<'_>>, Vec<Adviser<'_>>, Vec<&str>)> {
        let group = self.groups.get(group).ok_or_else(lacking)?;
        let employers = group.employers.iter().map(|codes| self.employer(*codes)).collect();
        let advisers = group.advisers.iter();
        let advisers = advisers.map(|codes| self.adviser(group.is_legacy, *codes)).collect();
        let places = group.places.iter().filter_map(|code| self.text(5, *code)).collect();
        Ok((employers, advisers, places))
    }
}

fn distinct([a, b, c]: [&&[u32]; 3]) -> Vec<[u32; 3]> {
    let mut seen: HashSet<[u32; 3], Fingerprints> = HashSet::default();
    let mut before = None;
    for ((a, b), c) in a.iter().zip(*b).zip(*c) {
        let codes = [*a, *b, *c];
        if before.replace(codes) != Some(codes) {
            seen.insert(codes);
        }
    }
    seen.into_iter().collect()
}
