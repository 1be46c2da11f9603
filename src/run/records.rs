//! Clean files become records in columns, texts as codes that all files share.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::aggregate::Records;
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
