//! Clean files become records in columns, texts as codes that all files share.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::aggregate::{Records, Summary, Sums};
use crate::column::Dictionary;
use crate::error::{Error, Result};
use crate::run::dataset::files::{Coded, Dictionaries};
use crate::run::store::Store;
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::{Column, Kind};
use crate::vocabulary::tables;

/// Reads some columns of the clean files of a subject.
pub(super) struct Reader<'a> {
    store: &'a Store,
    names: Vec<&'static str>,
    dictionaries: Dictionaries,
}

impl<'a> Reader<'a> {
    /// A reader of the columns of the subject that are needed.
    pub(super) fn new(store: &'a Store, subject: Subject, needed: &BTreeSet<&str>) -> Self {
        let columns = tables::clean(subject).columns.iter();
        let needed: Vec<&Column> = columns.filter(|column| needed.contains(column.name)).collect();
        let texts = |column: &&Column| (column.kind == Kind::Text).then(Mutex::default);
        let dictionaries = needed.iter().map(texts).collect();
        Self { store, names: needed.iter().map(|column| column.name).collect(), dictionaries }
    }

    /// The texts of a column.
    pub(super) fn texts(&self, wanted: &str) -> Option<&Mutex<Dictionary>> {
        let place = self.names.iter().position(|name| *name == wanted)?;
        self.dictionaries.get(place)?.as_ref()
    }

    /// Shows the records of a file, piece by piece.
    pub(super) fn each(
        &self,
        path: &str,
        show: &mut dyn FnMut(&Records<'_>) -> Result<()>,
    ) -> Result<()> {
        let file = Coded::open(self.store, path)?;
        for group in 0..file.groups() {
            let read = file.read(group, &self.names, &self.dictionaries)?;
            let columns = self.names.iter().copied().zip(&read).collect();
            let count = usize::try_from(file.rows_of(group));
            let count = count.map_err(|_| Error::internal("a group is small"))?;
            show(&Records { columns, count })?;
        }
        Ok(())
    }
}

/// Reads what some summaries of activities need.
pub(super) fn reader<'s>(store: &'s Store, summaries: &[Summary<'_>]) -> Reader<'s> {
    let needed: BTreeSet<&str> = summaries.iter().flat_map(Summary::columns).collect();
    Reader::new(store, Subject::Activites, &needed)
}

/// The sums of some files.
pub(super) fn sums_of(
    files: &[String],
    summaries: &[Summary<'_>],
    reader: &Reader<'_>,
) -> Result<Vec<Sums>> {
    let texts = |wanted: &str| reader.texts(wanted);
    let nothing = || summaries.iter().map(Summary::nothing).collect::<Vec<Sums>>();
    let of_file = |path: &String| -> Result<Vec<Sums>> {
        let mut all = nothing();
        reader.each(path, &mut |records| {
            for (sums, summary) in all.iter_mut().zip(summaries) {
                sums.merge(summary.sums(records, &texts)?);
            }
            Ok(())
        })?;
        Ok(all)
    };
    let merge = |mut one: Vec<Sums>, other: Vec<Sums>| {
        one.iter_mut().zip(other).for_each(|(to, from)| to.merge(from));
        Ok(one)
    };
    files.par_iter().map(of_file).try_reduce(nothing, merge)
}
