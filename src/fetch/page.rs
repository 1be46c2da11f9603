//! The bytes of an answer become a row count and a link.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::fetch::{Error, Failure};

/// What the listing needs to know of a page; the rows themselves are read later, from the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Rows of the page.
    pub(super) rows: u64,
    /// Rows of the whole listing, as the server counts them.
    pub(super) total: Option<u64>,
    /// Link to the next page. The member `has_next_page` is not asked: it is true of every page
    /// that has rows, the last one included.
    pub(super) next: Option<String>,
}

impl Page {
    /// Reads a page, and tells a cut one from something else.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| {
            // Values stay out of the message: they may be about a person.
            let place = format!("line {}, column {}", error.line(), error.column());
            if error.is_eof() || (error.is_syntax() && is_at_end(&error, bytes)) {
                let problem = format!("the answer ends too early ({place})");
                return Failure::Passing { problem, wait: None };
            }
            let message = format!("the answer is not a page of rows ({place})");
            Failure::Lasting(Error::Unexpected(message))
        })?;
        Ok(Self {
            rows: document.data.len() as u64,
            total: document.meta.and_then(|meta| meta.total_count),
            next: document.links.and_then(|links| links.next).and_then(Link::href),
        })
    }
}

/// A number that is cut reads as a wrong one, in the last place.
fn is_at_end(error: &serde_json::Error, bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n');
    let (count, last) = lines.fold((0, 0), |(count, _), line| (count + 1, line.len()));
    error.line() == count && error.column() >= last
}

#[derive(Deserialize)]
struct Document {
    data: Vec<IgnoredAny>,
    links: Option<Links>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    total_count: Option<u64>,
}

#[derive(Deserialize)]
struct Links {
    next: Option<Link>,
}

/// The API gives an object, its description says text, and JSON:API allows both.
#[derive(Deserialize)]
#[serde(untagged)]
enum Link {
    Object { href: Option<String> },
    Text(String),
}

impl Link {
    fn href(self) -> Option<String> {
        match self {
            Link::Object { href } => href,
            Link::Text(href) => Some(href),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_link_in_every_form() {
        for (links, expected) in [
            (r#"{"next": {"href": "/b"}}"#, Some("/b")),
            (r#"{"next": "/b"}"#, Some("/b")),
            (r#"{"next": {"href": null}}"#, None),
            (r#"{"next": null}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            let text = format!(r#"{{"data": [{{}}, {{}}], "links": {links}}}"#);
            let page = Page::read(text.as_bytes()).unwrap();
            assert_eq!(page, Page { rows: 2, total: None, next: expected.map(str::to_owned) });
        }
    }

    #[test]
    fn takes_every_beginning_of_a_page_for_a_cut_one() {
        let text = r#"{"data": [{"id": "é\n", "n": -1.5e3}], "meta": {"total_count": 1}}"#;
        for end in 0..text.len() {
            let failure = Page::read(&text.as_bytes()[..end]).unwrap_err();
            assert!(matches!(failure, Failure::Passing { .. }), "{end}: {failure:?}");
        }
        assert_eq!(Page::read(text.as_bytes()).unwrap().total, Some(1));
    }

    #[test]
    fn takes_no_other_answer_for_a_page() {
        for text in [
            "<html></html>",
            r#"{"errors": []}"#,
            r#"{"data": {}}"#,
            r#"{"data": []} {}"#,
            r#"{"data": [], "meta": {"total_count": "Dupont"}}"#,
        ] {
            let failure = Page::read(text.as_bytes()).unwrap_err();
            assert!(!format!("{failure:?}").contains("Dupont"));
            assert!(matches!(failure, Failure::Lasting(Error::Unexpected(_))), "{text}");
        }
    }
}
