//! One TOML file becomes one declaration, or a problem with its line.

use serde::de::DeserializeOwned;

use crate::definition::Problem;

/// Reads `bytes` as a `T`; a mistake becomes a problem that names the line.
pub(super) fn read<T: DeserializeOwned>(
    path: &str,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
) -> Option<T> {
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
