//! A page for people, whatever the format it is written in: headings, texts, facts and tables.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What it is about, a paragraph each.
    pub about: Vec<Line>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Where links lead; unique in its page.
    pub anchor: String,
    /// Its heading.
    pub head: Line,
    /// Whether it is below the last section that is not.
    pub is_below: bool,
    /// Paragraphs.
    pub texts: Vec<Line>,
    /// Words and what is said of them.
    pub facts: Vec<(String, Line)>,
    /// A table.
    pub sheet: Option<Sheet>,
}

/// A table of a page; the first cell of a row names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// What it shows.
    pub caption: Line,
    /// Heads of its columns.
    pub heads: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<Line>>,
}

/// A text: pieces, one after the other.
pub type Line = Vec<Piece>;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A name, as programs write it.
    Name(String),
    /// A name that leads to a section, by its anchor.
    Link(String, String),
}

impl Piece {
    /// What it says, whatever it is.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Words(text) | Self::Name(text) | Self::Link(text, _) => text,
        }
    }
}

impl Serialize for Piece {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (kind, anchor) = match self {
            Self::Words(_) => ("words", ""),
            Self::Name(_) => ("name", ""),
            Self::Link(_, anchor) => ("link", anchor.as_str()),
        };
        let mut piece = to.serialize_struct("Piece", 3)?;
        piece.serialize_field("kind", kind)?;
        piece.serialize_field("text", self.text())?;
        piece.serialize_field("anchor", anchor)?;
        piece.end()
    }
}

/// Words alone.
#[must_use]
pub fn words(text: impl Into<String>) -> Line {
    vec![Piece::Words(text.into())]
}

/// A name alone.
#[must_use]
pub fn name(text: impl Into<String>) -> Line {
    vec![Piece::Name(text.into())]
}

/// A name that leads to a section.
#[must_use]
pub fn link(text: &str, anchor: String) -> Line {
    vec![Piece::Link(text.to_owned(), anchor)]
}

/// Names, with commas between them.
#[must_use]
pub fn listed(names: impl IntoIterator<Item = Line>) -> Line {
    let mut line = Line::new();
    for name in names {
        if !line.is_empty() {
            line.push(Piece::Words(", ".to_owned()));
        }
        line.extend(name);
    }
    line
}

impl Section {
    /// A section of the page.
    #[must_use]
    pub fn new(anchor: impl Into<String>, head: impl Into<String>) -> Self {
        Self { anchor: anchor.into(), head: words(head), ..Self::default() }
    }

    /// A section below another, that of a name.
    #[must_use]
    pub fn of_name(anchor: String, named: &str, title: &str) -> Self {
        let title = Piece::Words(format!(" : {title}"));
        let head = vec![Piece::Name(named.to_owned()), title];
        Self { anchor, head, is_below: true, ..Self::default() }
    }

    /// Adds what is said of a word, where something is.
    pub fn fact(&mut self, word: &str, told: Line) {
        if !told.iter().all(|piece| piece.text().is_empty()) {
            self.facts.push((word.to_owned(), told));
        }
    }
}
