//! A file that nobody else may read becomes a secret.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::run::store::open;

/// Bytes of a secret, at most: a key or a token is a line.
const SECRET_MAX: u64 = 64 << 10;

/// Who keeps a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Who runs the program.
    Owner,
    /// A manager of services, for it.
    Manager,
}

/// Reads a secret, which nobody else may read; a manager of services that keeps it lets itself.
///
/// # Errors
/// When it cannot be read, or others can.
pub fn read_secret(path: &Path, keeper: Keeper) -> Result<Vec<u8>> {
    let failed = |error| Error::io("read", path, error);
    let file = open(path)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let open_to = match keeper {
        Keeper::Owner => 0o077,
        // It gives the user of the service a right of its own, which shows as one of the group.
        Keeper::Manager => 0o007,
    };
    if mode & open_to != 0 {
        return Err(Error::definition(format!("others can read the secret `{}`", path.display()))
            .hint("`chmod 600` it, and take another secret if others may have read it"));
    }
    content(file, path)
}

/// Reads the key of pseudonyms, or another secret; whether others may read it is not asked.
///
/// # Errors
/// When it cannot be read, or is no line.
pub fn read_any(path: &Path) -> Result<Vec<u8>> {
    content(open(path)?, path)
}

fn content(file: File, path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = file.take(SECRET_MAX + 1).read_to_end(&mut content);
    let count = read.map_err(|error| Error::io("read", path, error))?;
    if u64::try_from(count).is_ok_and(|count| count <= SECRET_MAX) {
        return Ok(content);
    }
    Err(Error::definition(format!("`{}` is too long to be a secret", path.display()))
        .hint("a key or a token is one line"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"x").unwrap();
        for (mode, owner, manager) in [
            (0o600, true, true),
            (0o400, true, true),
            (0o440, false, true),
            (0o644, false, false),
            (0o604, false, false),
        ] {
            let permissions = std::fs::Permissions::from_mode(mode);
            file.as_file().set_permissions(permissions).unwrap();
            assert_eq!(read_secret(file.path(), Keeper::Owner).is_ok(), owner, "{mode:o}");
            assert_eq!(read_secret(file.path(), Keeper::Manager).is_ok(), manager, "{mode:o}");
        }
    }
}
