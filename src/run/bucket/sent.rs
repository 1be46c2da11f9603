//! What was made in the copy of a bucket goes there: files first, then the pointer.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::run::bucket::copy::{LocalCopy, files, links};
use crate::run::bucket::index::{Index, Kept, SWEPT, is_written_once};
use crate::run::draft::Written;
use crate::run::manifest::CURRENT;
use crate::run::stop;

impl LocalCopy<'_> {
    /// Sends what is not in the bucket, moves its pointer, and removes what nobody needs since the
    /// run before.
    ///
    /// # Errors
    /// When the bucket does not answer, or another machine moved the pointer meanwhile: what
    /// readers see is then as before, or as that machine left it.
    pub fn send(&mut self) -> Result<()> {
        if self.moved(true)? {
            // What the last pointer named may still be read: it goes at the next run.
            for name in &self.seen.index.going {
                if let Err(error) = self.bucket.remove(name) {
                    tracing::warn!(event = "bucket.kept", "{error}: old objects stay for now.");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends what was written down since, at the end of a night.
    ///
    /// # Errors
    /// As those of [`LocalCopy::send`].
    pub fn send_record(&mut self) -> Result<()> {
        // It may be asked to stop: what it has to do is no part of the run.
        stop::listen()?;
        let sent = self.moved(false);
        stop::finish();
        sent.map(drop)
    }

    /// Moves the pointer, if there is anything new, and tells whether it did.
    fn moved(&mut self, is_new: bool) -> Result<bool> {
        let mut index = self.sent()?;
        let before = &self.seen.index;
        if (&index.links, &index.files) == (&before.links, &before.files) {
            return Ok(false);
        }
        let used: BTreeSet<&str> = index.objects().collect();
        let (unused, going) = if is_new {
            let there = self.there()?;
            // Another machine may still be at it.
            let old = before.unused.union(&before.going).filter(|it| there.contains(*it));
            let going: BTreeSet<String> =
                old.filter(|name| !used.contains(name.as_str())).cloned().collect();
            let unused = there.into_iter().filter(|name| !going.contains(name));
            (unused.filter(|name| !used.contains(name.as_str())).collect(), going)
        } else {
            let since = before.objects().map(str::to_owned).chain(before.unused.iter().cloned());
            (since.filter(|name| !used.contains(name.as_str())).collect(), before.going.clone())
        };
        (index.unused, index.going) = (unused, going);
        let content = index.written()?;
        let tag = match self.bucket.point(&content, self.seen.tag.as_ref())? {
            Some(tag) => tag,
            // The answer to the one that moved it may have been lost.
            None => match self.bucket.pointed()? {
                Some((found, Some(tag))) if found == content => tag,
                _ => {
                    let told =
                        format!("another run was published in {} meanwhile", self.seen.bucket);
                    let hint = "run again: the folder is made a copy of it first";
                    return Err(Error::busy(told).hint(hint));
                }
            },
        };
        self.seen.index = index;
        self.seen.tag = Some(tag);
        self.seen.write(self.store)?;
        tracing::info!(
            event = "bucket.moved",
            bucket = self.seen.bucket,
            files = self.seen.index.files.len(),
            run = self.seen.index.links.get(CURRENT),
            "Readers of the bucket see the run."
        );
        Ok(true)
    }

    /// All objects that are there, such as those of a run that came to nothing.
    fn there(&self) -> Result<BTreeSet<String>> {
        let folders = SWEPT.iter().map(|folder| self.bucket.names_below(folder));
        Ok(folders.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Sends the files that the bucket lacks; gives the index of all.
    fn sent(&self) -> Result<Index> {
        let mut index = Index { links: links(self.store), ..Index::default() };
        for path in files(self.store)? {
            let Some(file) = self.store.stat(&path)? else { continue };
            let known = self.seen.index.files.get(&path);
            let kept = match known.filter(|kept| kept.is(&file)) {
                Some(kept) => kept.clone(),
                None if known.is_some() && is_written_once(&path) => {
                    let told = format!("`{path}` is not what it was when it was sent");
                    return Err(Error::data(told).hint("run again: it is brought from the bucket"));
                }
                None => self.put(&file)?,
            };
            index.files.insert(path, kept);
        }
        let is_whole = |run: &&String| index.files.keys().any(|path| path.starts_with(*run));
        let current = index.links.get(CURRENT);
        if current.is_some_and(|run| !is_whole(&run)) {
            return Err(Error::data("what readers of the folder see is not there"));
        }
        Ok(index)
    }

    fn put(&self, file: &Written) -> Result<Kept> {
        let is_brought = self.brought.get(&file.path) == Some(file);
        if is_brought && self.bucket.has(&file.path)? {
            return Ok(Kept::of(file, &file.path));
        }
        let names = Index::names(file).into_iter();
        for name in names.filter(|name| !self.seen.index.going.contains(name)) {
            if self.bucket.send(self.store, file, &name)? {
                return Ok(Kept::of(file, &name));
            }
        }
        let told = format!("the object of `{}` holds something else", file.path);
        Err(Error::data(told).hint("nothing was written over; who else writes there?"))
    }
}
