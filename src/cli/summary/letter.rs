//! Sentences, tables and numbers become lines of a letter, none longer than mail allows.

use crate::vocabulary::french::{UNBROKEN, typeset};

/// Characters of a line, at most.
pub(super) const WIDTH: usize = 72;
const INDENT: &str = "  ";

/// A letter in the making.
#[derive(Debug, Default)]
pub(super) struct Letter(Vec<String>);

impl Letter {
    /// The first line, which is the subject.
    pub(super) fn subject(&mut self, text: &str) {
        self.0.push(plain(&cut(text, WIDTH)));
    }

    /// A part begins.
    pub(super) fn part(&mut self, title: &str) {
        self.0.push(String::new());
        self.0.push(title.to_owned());
    }

    /// A sentence or several, over as many lines as they take.
    pub(super) fn say(&mut self, text: &str) {
        self.0.extend(wrapped(text, INDENT, INDENT));
    }

    /// One of a list.
    pub(super) fn item(&mut self, text: &str) {
        self.0.extend(wrapped(text, "- ", INDENT));
    }

    /// What to do about it.
    pub(super) fn advise(&mut self, text: &str) {
        self.0.extend(wrapped(text, "  > ", "    "));
    }

    /// Something that may not be broken, such as a path.
    pub(super) fn whole(&mut self, text: &str) {
        self.0.push(format!("{INDENT}{text}"));
    }

    /// Rows of a label and of numbers, which are put to the right.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |place: usize| {
            let cells = rows.iter().filter_map(|row| row.get(place));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let numbers: usize = (1..columns).map(|place| width(place) + 2).sum();
        let room = WIDTH.saturating_sub(INDENT.len() + numbers);
        let first = width(0).min(room);
        for row in rows {
            let label = row.first().map(|label| cut(label, first)).unwrap_or_default();
            let mut line = format!("{INDENT}{label:<first$}");
            for (place, cell) in row.iter().enumerate().skip(1) {
                let width = width(place);
                line.push_str(&format!("  {cell:>width$}"));
            }
            self.0.push(plain(line.trim_end()));
        }
    }

    /// The letter.
    pub(super) fn text(self) -> String {
        self.0.join("\n") + "\n"
    }
}

fn wrapped(text: &str, first: &str, others: &str) -> Vec<String> {
    let text = typeset(text);
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, others.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines.iter().map(|line| plain(line)).collect()
}

/// A line that is broken already needs no unbroken spaces, which some mail programs show as signs.
fn plain(line: &str) -> String {
    line.replace(UNBROKEN, " ")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_mail_allows() {
        let mut letter = Letter::default();
        letter.subject(&"x".repeat(90));
        letter.item(&"mot ".repeat(40));
        let row = |label: &str| [label, "1 234", "+5"].map(str::to_owned).to_vec();
        letter.table(&[row(&"é".repeat(90)), row("court")]);
        let text = letter.text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("\n- mot mot") && text.contains("\n  mot mot"), "{text}");
        let ends: Vec<usize> = text.lines().rev().take(2).map(|it| it.chars().count()).collect();
        assert_eq!(ends, [WIDTH, WIDTH], "numbers stand one below the other: {text}");
    }
}
