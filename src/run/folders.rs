//! Folders of inputs and declarations become lists of their files.
#![expect(clippy::disallowed_methods, reason = "lists folders beside store.rs")]

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::definition::{Files, is_declaration, is_folder_of_declarations};
use crate::error::{Error, Result};
use crate::run::store::read_file;

/// Bytes of a file of declarations, at most: the communes take two.
const DECLARATION_MAX: u64 = 64 << 20;

/// The names of all files below a folder, without those of the folders.
///
/// # Errors
/// When it cannot be listed.
pub fn names_below(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    walk(folder, &mut |path| {
        names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    })?;
    Ok(names)
}

/// What lies in an input folder, by name; hidden entries are left out.
///
/// # Errors
/// When there is no such folder or it cannot be listed.
pub fn input_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(Error::no_input(format!("there is no input folder `{}`", folder.display()))
            .hint("give the folder of the raw exports with `--input`"));
    }
    let mut files: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| {
            path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
        })
        .collect();
    files.sort_unstable();
    Ok(files)
}

/// The files of a folder of declarations, by relative path.
///
/// # Errors
/// When there is no such folder or a file cannot be read.
pub fn read_tree(folder: &Path) -> Result<Files> {
    let mut paths = Vec::new();
    if !folder.is_dir() {
        return Err(Error::definition(format!("there is no folder `{}`", folder.display()))
            .hint("give the file of the pipeline with `--pipeline`"));
    }
    for path in entries(folder)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if path.is_file() {
            paths.push(path);
        } else if name.is_some_and(|name| is_folder_of_declarations(&name)) {
            walk(&path, &mut |path| paths.push(path.to_owned()))?;
        }
    }
    let mut files = Files::new();
    for path in paths {
        let Ok(rest) = path.strip_prefix(folder) else { continue };
        let name = slashed(rest);
        if !is_declaration(&name) {
            continue;
        }
        if path.metadata().is_ok_and(|found| found.len() > DECLARATION_MAX) {
            return Err(Error::definition(format!("`{}` is longer than 64 MiB", path.display()))
                .hint("no list of codes or places is: which file is meant?"));
        }
        files.insert(name, read_file(&path)?);
    }
    Ok(files)
}

pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("list", folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        found.push(entry.map_err(failed)?.path());
    }
    found.sort_unstable();
    Ok(found)
}

pub(super) fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit)?;
        } else if path.is_file() {
            visit(&path);
        }
    }
    Ok(())
}

pub(super) fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Whether a path leads into a folder once links are followed, or nobody can tell.
///
/// # Errors
/// When a folder on the way cannot be read.
pub fn leads_into(path: &Path, folder: &Path) -> Result<bool> {
    let both = resolved(path)?.zip(resolved(folder)?);
    Ok(both.is_none_or(|(path, folder)| path.starts_with(folder)))
}

/// Where a path leads once links are followed, whether it is there or not; nothing when it goes
/// back through a folder that is not there.
pub(super) fn resolved(path: &Path) -> Result<Option<PathBuf>> {
    let failed = |error| Error::io("find", path, error);
    let path = std::path::absolute(path).map_err(failed)?;
    let there = path.ancestors().find(|folder| folder.symlink_metadata().is_ok());
    let there = there.unwrap_or(Path::new("/"));
    let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
    if rest.components().any(|part| part == Component::ParentDir) {
        return Ok(None);
    }
    let there = fs::canonicalize(there).map_err(failed)?;
    Ok(Some(if rest.as_os_str().is_empty() { there } else { there.join(rest) }))
}
