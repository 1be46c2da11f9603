//! Files become `SHA256SUMS`, which `sha256sum -c` reads.

use crate::publish::catalogue::File;

/// Its name in a release.
pub const NAME: &str = "SHA256SUMS";

/// A line a file, by path.
#[must_use]
pub fn sums(files: &[File]) -> Vec<u8> {
    let mut files: Vec<&File> = files.iter().filter(|file| file.path != NAME).collect();
    files.sort_unstable();
    let lines = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path));
    lines.collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_and_do_not_name_themselves() {
        let file = |path: &str| File { path: path.to_owned(), bytes: 1, sha256: "f0".to_owned() };
        let text = sums(&[file("b.csv"), file(NAME), file("a.csv")]);
        assert_eq!(text, b"f0  a.csv\nf0  b.csv\n");
    }
}
