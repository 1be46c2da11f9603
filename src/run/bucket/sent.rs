//! What was made in the copy of a bucket goes there: files first, then the pointer.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::run::bucket::copy::{LocalCopy, files, links};
use crate::run::bucket::index::{Index, Kept, SWEPT};
use crate::run::draft::Written;
use crate::run::manifest::CURRENT;

impl LocalCopy<'_> {
    /// Sends what is not in the bucket, moves its pointer, and removes what nobody needs since the
    /// run before.
    ///
    /// # Errors
    /// When the bucket does not answer, or another machine moved the pointer meanwhile: what
    /// readers see is then as before, or as that machine left it.
    pub fn send(&mut self) -> Result<()> {
        if let Some(before) = self.moved(true)? {
            // What the last pointer named may still be read: it goes at the next run.
            let used: BTreeSet<&str> = self.seen.index.objects().collect();
            let old = before.unused.iter().filter(|name| !used.contains(name.as_str()));
            for name in old {
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
        self.moved(false).map(drop)
    }

    /// Moves the pointer, if there is anything new; gives the index before.
    fn moved(&mut self, is_night: bool) -> Result<Option<Index>> {
        let mut index = self.sent()?;
        let before = &self.seen.index;
        if (&index.links, &index.files) == (&before.links, &before.files) {
            return Ok(None);
        }
        let failed = if is_night { self.strays()? } else { Vec::new() };
        let used: BTreeSet<&str> = index.objects().collect();
        let earlier = before.unused.iter().filter(|_| !is_night);
        let known = self.segments.iter().chain(earlier).chain(&failed).map(String::as_str);
        let unused = known.chain(before.objects()).filter(|name| !used.contains(name));
        index.unused = unused.map(str::to_owned).collect();
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
        let before = std::mem::replace(&mut self.seen.index, index);
        self.seen.tag = Some(tag);
        self.seen.write(self.store)?;
        tracing::info!(
            event = "bucket.moved",
            bucket = self.seen.bucket,
            files = self.seen.index.files.len(),
            run = self.seen.index.links.get(CURRENT),
            "Readers of the bucket see the run."
        );
        Ok(Some(before))
    }

    /// All that is in the folders of objects, such as what a run sent that came to nothing.
    fn strays(&self) -> Result<Vec<String>> {
        let folders = SWEPT.iter().map(|folder| self.bucket.names_below(folder));
        Ok(folders.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Sends the files that the bucket lacks; gives the index of all.
    fn sent(&self) -> Result<Index> {
        let mut index = Index { links: links(self.store), ..Index::default() };
        for path in files(self.store)? {
            let Some(file) = self.store.stat(&path)? else { continue };
            let known = self.seen.index.files.get(&path).filter(|kept| kept.is(&file));
            let kept = known.cloned().map_or_else(|| self.put(&file), Ok)?;
            index.files.insert(path, kept);
        }
        Ok(index)
    }

    fn put(&self, file: &Written) -> Result<Kept> {
        let is_brought = self.brought.get(&file.path) == Some(file);
        if is_brought && self.bucket.has(&file.path)? {
            return Ok(Kept::of(file, &file.path));
        }
        for name in Index::names(file) {
            if self.bucket.send(self.store, file, &name)? {
                return Ok(Kept::of(file, &name));
            }
        }
        let told = format!("the object of `{}` holds something else", file.path);
        Err(Error::data(told).hint("nothing was written over; who else writes there?"))
    }
}
