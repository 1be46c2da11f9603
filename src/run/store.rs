//! Files are created, renamed, listed, locked and deleted here and nowhere else.
#![expect(clippy::disallowed_methods, reason = "the one place that touches files")]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::error::{Error, Kind, Result};
use crate::run::draft::{Draft, PREFIX, Written};
use crate::run::folders::{entries, resolved, slashed, walk};
use crate::run::hashes::{HASHES, Hashes};
use crate::run::stop;

/// Tells the starts of the machine apart, where the kernel does.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// A warehouse: the folder a run leaves behind.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    hashes: Arc<Hashes>,
}

impl Store {
    /// A warehouse that may not exist yet; writing creates it.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), hashes: Arc::default() }
    }

    /// A warehouse whose hashes are remembered, by the clock that is given; those of earlier runs
    /// are believed unless all is to be read again.
    ///
    /// # Errors
    /// When what was remembered is there and cannot be read.
    pub fn remembering(root: &Path, clock: fn() -> String, is_read_again: bool) -> Result<Self> {
        let hashes = Arc::new(Hashes::remembering(clock));
        let store = Self { root: root.to_owned(), hashes };
        if let (false, Some(content)) = (is_read_again, store.read(HASHES)?) {
            store.hashes.believe(&content, &boot());
        }
        Ok(store)
    }

    /// Writes down what is known of files; when it cannot be, or the run was asked to stop, they
    /// are only hashed again.
    pub fn keep_hashes(&self) {
        if stop::check().is_err() {
            return;
        }
        let kept = self.hashes.to_keep(&boot()).and_then(|kept| {
            let Some(kept) = kept else { return Ok(()) };
            let mut draft = self.draft(HASHES)?;
            draft.write_all(&kept).map_err(|error| Error::io("write", &self.root, error))?;
            draft.commit_unsynced().map(drop)
        });
        if let Err(error) = kept {
            tracing::warn!(event = "hashes.lost", "{error}");
        }
    }

    /// What is known of files, inputs among them.
    #[must_use]
    pub fn hashes(&self) -> &Hashes {
        &self.hashes
    }

    /// Opens a warehouse that exists.
    ///
    /// # Errors
    /// When there is none.
    pub fn existing(root: &Path) -> Result<Self> {
        if root.is_dir() {
            return Ok(Self::at(root));
        }
        Err(Error::no_input(format!("there is no warehouse `{}`", root.display()))
            .hint("`conum run` makes one"))
    }

    /// The place of a relative path.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The place of what is to be made or deleted: no link in the warehouse leads out of it.
    ///
    /// # Errors
    /// When one does.
    pub(super) fn inside(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        let folder = resolved(path.parent().unwrap_or(&self.root))?;
        if folder.zip(resolved(&self.root)?).is_some_and(|(it, root)| it.starts_with(root)) {
            return Ok(path);
        }
        let message = format!("`{}` leads out of the warehouse", path.display());
        Err(Error { kind: Kind::CannotCreate, ..Error::io_failed(message) }
            .hint("take the link away: nothing is made or deleted elsewhere"))
    }

    /// Starts a file aside; it appears under `name` when committed.
    ///
    /// # Errors
    /// When it cannot be created, or the run was asked to stop.
    pub fn draft(&self, name: &str) -> Result<Draft> {
        stop::check()?;
        let target = self.inside(name)?;
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        Ok(Draft::new(target, &folder, name)?.remembered_by(&self.hashes))
    }

    /// Writes a small file whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<Written> {
        let mut draft = self.draft(name)?;
        draft.write_all(content).map_err(|error| Error::io("write", &self.path(name), error))?;
        draft.commit()
    }

    /// Opens a file that lines are added to, one at a time and none of them synced: a run that is
    /// killed leaves those before. What was asked to stop writes them too.
    ///
    /// # Errors
    /// When it can be neither opened nor created.
    pub fn lines(&self, name: &str) -> Result<File> {
        let path = self.path(name);
        path.parent().map_or(Ok(()), create_folder)?;
        let file = File::options().create(true).append(true).open(&path);
        file.map_err(|error| Error::io("create", &path, error))
    }

    /// Reads a small file whole; `None` when it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match opened(&path).and_then(whole) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", &path, error)),
        }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it cannot be opened, or the run was asked to stop.
    pub fn file(&self, name: &str) -> Result<File> {
        stop::check()?;
        open(&self.path(name))
    }

    /// Whether a file is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// What killed runs left unfinished in a folder and below, pointers among it; some folders are
    /// not looked into.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn drafts(&self, folder: &str, others: &[&str]) -> Result<Vec<String>> {
        let mut drafts = Vec::new();
        for name in self.names_in(folder)? {
            let below = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let path = self.path(&below);
            if name.starts_with(PREFIX) {
                drafts.push(below);
            } else if !others.contains(&below.as_str()) && path.is_dir() && !path.is_symlink() {
                drafts.extend(self.drafts(&below, others)?);
            }
        }
        Ok(drafts)
    }

    /// Deletes a file, if it is there.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn remove_file(&self, name: &str) -> Result<()> {
        let path = self.inside(name)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("delete", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// What a file is now, or `None` when it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn stat(&self, name: &str) -> Result<Option<Written>> {
        let path = self.path(name);
        if !path.is_file() {
            return Ok(None);
        }
        let (bytes, blake3) = self.hashes.digest(&path)?;
        Ok(Some(Written { path: name.to_owned(), bytes, blake3 }))
    }

    /// All files below a folder, by relative path to the warehouse; drafts are left out.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn files_below(&self, folder: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let top = self.path(folder);
        if top.is_dir() {
            walk(&top, &mut |path| {
                if let Ok(rest) = path.strip_prefix(&self.root) {
                    found.push(slashed(rest));
                }
            })?;
        }
        found.retain(|name| !name.rsplit('/').next().is_some_and(|last| last.starts_with(PREFIX)));
        found.sort_unstable();
        Ok(found)
    }

    /// The names in a folder, without descending.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn names_in(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.path(folder);
        if !path.is_dir() {
            return Ok(Vec::new());
        }
        let mut names: Vec<String> = entries(&path)?
            .iter()
            .filter_map(|entry| entry.file_name().map(|name| name.to_string_lossy().into_owned()))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes a folder and all below, if it is there.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn remove_folder(&self, name: &str) -> Result<()> {
        let path = self.inside(name)?;
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("delete", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Deletes folders whose files may have other names, which stay known.
    ///
    /// # Errors
    /// When one cannot be deleted.
    pub fn remove_folders_beside(&self, folders: &[String], others: &[String]) -> Result<()> {
        let others: Vec<PathBuf> = others.iter().map(|name| self.path(name)).collect();
        let others: Vec<&Path> = others.iter().map(PathBuf::as_path).collect();
        self.hashes
            .renamed(&others, || folders.iter().try_for_each(|folder| self.remove_folder(folder)))
    }

    /// Gives all files below a folder a second name below another; both stay whole when one goes.
    ///
    /// # Errors
    /// When a file cannot be linked.
    pub fn link_files(&self, from: &str, to: &str) -> Result<()> {
        for name in self.files_below(from)? {
            let Some(rest) = name.strip_prefix(from) else { continue };
            self.link(&name, &format!("{to}{rest}"))?;
        }
        Ok(())
    }

    /// Gives a file a second name; it stays whole when one goes.
    ///
    /// # Errors
    /// When it cannot be linked.
    pub fn link(&self, from: &str, to: &str) -> Result<()> {
        let target = self.inside(to)?;
        target.parent().map_or(Ok(()), create_folder)?;
        let from = self.path(from);
        self.hashes.renamed(&[&from], || {
            fs::hard_link(&from, &target).map_err(|error| Error::io("create", &target, error))
        })
    }

    /// Waits until a file is on disk for good.
    ///
    /// # Errors
    /// When it cannot be opened or written.
    pub fn sync(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        let file = File::open(&path).and_then(|file| file.sync_all());
        file.map_err(|error| Error::io("write", &path, error))?;
        self.hashes.synced(&path)
    }

    /// Renames a finished folder into place, on disk for good when it returns.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn move_folder(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.inside(from)?, self.inside(to)?);
        sync_folders(&from)?;
        to.parent().map_or(Ok(()), create_folder)?;
        fs::rename(&from, &to).map_err(|error| Error::io("rename", &from, error))?;
        to.parent().map_or(Ok(()), sync_folder)
    }
}

/// Opens any file or folder for reading.
///
/// # Errors
/// When it cannot be opened, or is a pipe or a device, which may have no end.
pub fn open(path: &Path) -> Result<File> {
    opened(path).map_err(|error| Error::io("open", path, error))
}

fn opened(path: &Path) -> io::Result<File> {
    // A pipe that nobody writes to would be waited for.
    let mut asked = File::options();
    let file = asked.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let kind = file.metadata()?.file_type();
    match kind.is_file() || kind.is_dir() {
        true => Ok(file),
        false => Err(io::Error::other("it is a pipe or a device")),
    }
}

fn whole(mut file: File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Reads a small file anywhere.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    opened(path).and_then(whole).map_err(|error| Error::io("read", path, error))
}

fn boot() -> String {
    fs::read_to_string(BOOT).unwrap_or_default().trim().to_owned()
}

fn sync_folders(folder: &Path) -> Result<()> {
    for path in entries(folder)?.iter().filter(|path| path.is_dir() && !path.is_symlink()) {
        sync_folders(path)?;
    }
    sync_folder(folder)
}

/// Creates a folder and those above it, on disk for good when it returns.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(()),
    };
    create_folder(above)?;
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(above),
        // Another thread did.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(Error::io("create the folder", folder, error)),
    }
}

/// Makes the names in a folder outlive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    open(folder)?.sync_all().map_err(|error| Error::io("sync", folder, error))
}
