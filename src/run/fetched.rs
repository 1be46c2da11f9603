//! Pages of the API and the state of their listing are kept in the folder of the raw exports.
#![expect(clippy::disallowed_methods, reason = "reads and removes files of the input folder")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fetch::state::state_name;
use crate::fetch::{Kept, Place, Route};
use crate::run::draft::Draft;

/// A folder of raw exports.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder; writing creates it.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// A state is hidden: it is no export, and no run should look at it.
    fn target(&self, name: &str) -> PathBuf {
        let is_state = Route::ALL.iter().any(|route| state_name(*route) == name);
        self.path.join(if is_state { format!(".{name}") } else { name.to_owned() })
    }
}

impl Place for Folder {
    fn save(&mut self, name: &str, bytes: &[u8]) -> Kept<()> {
        let mut draft = Draft::new(self.target(name), &self.path, name)?;
        draft.write_all(bytes)?;
        draft.commit()?;
        Ok(())
    }

    fn load(&mut self, name: &str) -> Kept<Option<Vec<u8>>> {
        match fs::read(self.target(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&mut self, name: &str) -> Kept<()> {
        match fs::remove_file(self.target(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
