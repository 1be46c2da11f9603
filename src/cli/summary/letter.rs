//! Sentences, tables and numbers become lines of a letter, none longer than mail allows.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::report::spaced;

/// Characters of a line, at most.
pub(super) const WIDTH: usize = 72;
const INDENT: &str = "  ";
/// A space at which no line ends.
const UNBROKEN: char = '\u{a0}';

/// A letter in the making.
#[derive(Debug, Default)]
pub(super) struct Letter(Vec<String>);

impl Letter {
    /// The first line, which is the subject.
    pub(super) fn subject(&mut self, text: &str) {
        self.0.push(cut(text, WIDTH));
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
            self.0.push(line.trim_end().to_owned());
        }
    }

    /// The letter.
    pub(super) fn text(self) -> String {
        self.0.join("\n") + "\n"
    }
}

fn wrapped(text: &str, first: &str, others: &str) -> Vec<String> {
    // No line begins with these.
    let mut text = text.to_owned();
    for sign in [":", ";", "?", "!", "%", "€", "»"] {
        text = text.replace(&format!(" {sign}"), &format!("{UNBROKEN}{sign}"));
    }
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
    lines.into_iter().map(|line| line.replace(UNBROKEN, " ")).collect()
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A word in the number that goes with a count.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    // In French nothing is singular, and so is one.
    let told = spaced(i64::try_from(count).unwrap_or(i64::MAX));
    format!("{told} {}", if count < 2 { one } else { many })
}

/// A change, with its sign.
pub(super) fn signed(change: i64, told: impl Fn(i64) -> String) -> String {
    match change {
        0 => "=".to_owned(),
        1.. => format!("+{}", told(change)),
        _ => told(change),
    }
}

/// A share in per cent with one decimal, rounded half up.
pub(super) fn percent(part: i64, whole: i64) -> Option<String> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let thousandths = (part * 2000 + whole) / (whole * 2);
    Some(format!("{},{} %", thousandths / 10, thousandths % 10))
}

/// A day as people write it.
pub(super) fn day(iso: &str) -> String {
    let day = iso.parse::<Date>().map(|day| day.strftime("%d/%m/%Y").to_string());
    day.unwrap_or_else(|_| iso.to_owned())
}

/// A day and an hour in Paris.
pub(super) fn hour(instant: &str) -> String {
    in_paris(instant, "%d/%m/%Y à\u{a0}%H\u{a0}h\u{a0}%M")
}

/// A day in Paris.
pub(super) fn day_of(instant: &str) -> String {
    in_paris(instant, "%d/%m/%Y")
}

fn in_paris(instant: &str, format: &str) -> String {
    let told = instant.parse::<Timestamp>().ok().zip(TimeZone::get("Europe/Paris").ok());
    let told = told.map(|(at, paris)| at.to_zoned(paris).strftime(format).to_string());
    told.unwrap_or_else(|| instant.to_owned())
}

/// A length of time.
pub(super) fn length(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds},{}{UNBROKEN}s", milliseconds % 1000 / 100),
        60..3600 => {
            format!("{}{UNBROKEN}min{UNBROKEN}{:02}{UNBROKEN}s", seconds / 60, seconds % 60)
        }
        _ => format!(
            "{}{UNBROKEN}h{UNBROKEN}{:02}{UNBROKEN}min",
            seconds / 3600,
            seconds % 3600 / 60
        ),
    }
}

/// Bytes.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}{UNBROKEN}octets"),
        1_000..1_000_000 => format!("{}{UNBROKEN}ko", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{}{UNBROKEN}Mo", bytes / 1_000_000),
        _ => format!("{}{UNBROKEN}Go", bytes / 1_000_000_000),
    }
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

    #[test]
    fn numbers_are_told_as_people_write_them() {
        assert_eq!(percent(10, 199).as_deref(), Some("5,0 %"));
        assert_eq!(percent(1, 0), None);
        assert_eq!(signed(0, |n| n.to_string()), "=");
        assert_eq!(signed(-3, |n| n.to_string()), "-3");
        assert_eq!(length(4_321), "4,3\u{a0}s");
        assert_eq!(length(65_000), "1\u{a0}min\u{a0}05\u{a0}s");
        assert_eq!(length(7_260_000), "2\u{a0}h\u{a0}01\u{a0}min");
        assert_eq!(size(180_000_000), "180\u{a0}Mo");
        assert_eq!(hour("2025-07-01T02:10:00.000Z"), "01/07/2025 à\u{a0}04\u{a0}h\u{a0}10");
        assert_eq!(day("2025-07-01"), "01/07/2025");
    }
}
