//! A link that readers follow is swapped at once, and may be made aside long before.
#![expect(clippy::disallowed_methods, reason = "swaps links beside store.rs")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::run::draft::PREFIX;
use crate::run::folders::slashed;
use crate::run::store::{Store, sync_folder};

impl Store {
    /// Points the link `name` to `target` at once: a reader sees the old or the new, never neither.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub fn point(&self, name: &str, target: &str) -> Result<()> {
        if self.target(name).as_deref() == Some(target) {
            return Ok(());
        }
        self.aim(name, target)?;
        let (path, aside) = (self.path(name), self.aside(name));
        fs::rename(&aside, &path).map_err(|error| Error::io("rename", &aside, error))?;
        path.parent().map_or(Ok(()), sync_folder)
    }

    /// Makes the link that [`Store::point`] will put in place, aside: what is done meanwhile is
    /// known to belong to it.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub fn aim(&self, name: &str, target: &str) -> Result<()> {
        self.inside(name)?;
        let aside = self.aside(name);
        match fs::read_link(&aside) {
            Ok(aimed) if aimed == Path::new(target) => return Ok(()),
            Ok(_) => fs::remove_file(&aside).map_err(|error| Error::io("delete", &aside, error))?,
            Err(_) => {}
        }
        std::os::unix::fs::symlink(target, &aside)
            .map_err(|error| Error::io("create", &aside, error))?;
        aside.parent().map_or(Ok(()), sync_folder)
    }

    /// Where a link that was made aside, and never put in place, points.
    #[must_use]
    pub fn aimed(&self, name: &str) -> Option<String> {
        fs::read_link(self.aside(name)).ok().map(|target| slashed(&target))
    }

    fn aside(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let last = name.rsplit('/').next().unwrap_or(name);
        path.with_file_name(format!("{PREFIX}{last}"))
    }

    /// Where the link `name` points.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<String> {
        fs::read_link(self.path(name)).ok().map(|target| slashed(&target))
    }
}
