//! One TOML file becomes one declaration, or a problem with its line.

use serde::de::DeserializeOwned;

use crate::definition::Problem;

/// Bytes of a declaration, at most: reading takes two hundred times as much memory.
const LENGTH_MAX: usize = 1 << 20;

/// Reads `bytes` as a `T`; a mistake becomes a problem that names the line.
pub(super) fn read<T: DeserializeOwned>(
    path: &str,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
) -> Option<T> {
    if bytes.len() > LENGTH_MAX {
        problems.push(Problem::new(path, "is longer than 1 MiB"));
        return None;
    }
    // It names files, columns and sheets of the outputs.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.starts_with(['.', '-']) || !name.chars().all(is_plain) {
        problems.push(Problem::new(path, "its name has more than letters, digits, `_`, `-`, `.`"));
        return None;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        problems.push(Problem::new(path, "is not UTF-8"));
        return None;
    };
    match toml::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count() + 1);
            let message = error.message().to_owned();
            problems.push(Problem { file: path.to_owned(), line, message });
            None
        }
    }
}
