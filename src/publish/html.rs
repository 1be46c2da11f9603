//! A page becomes one HTML file: no script, nothing from elsewhere, readable by all.

use crate::error::Result;
use crate::publish::document::Document;
use crate::publish::pages::render;

/// The page as HTML.
///
/// # Errors
/// Never, but for a fault of the program.
pub fn html(document: &Document) -> Result<String> {
    render("document.html", document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::document::{Section, Sheet, link, words};

    #[test]
    fn texts_are_escaped_and_heads_are_told_from_cells() {
        let mut section = Section::new("a", "<script>alert(1)</script>");
        section.fact("moins de 3", words("a < b & \"c\""));
        section.sheet = Some(Sheet {
            caption: words("Colonnes d'ici"),
            heads: vec!["Nom", "Sens"],
            rows: vec![vec![link("n", "a".to_owned()), words("l'<b>")]],
        });
        let document =
            Document { title: "T".to_owned(), sections: vec![section], ..<_>::default() };
        let page = html(&document).unwrap();
        for expected in [
            "<html lang=\"fr\">",
            "<h2 id=\"a\">&lt;script&gt;alert(1)&lt;&#x2f;script&gt;</h2>",
            "<dd>a &lt; b &amp; &quot;c&quot;</dd>",
            "aria-label=\"Colonnes d&#x27;ici\">",
            "<caption>Colonnes d&#x27;ici</caption>",
            "<th scope=\"col\">Sens</th>",
            "<th scope=\"row\"><a href=\"#a\"><code>n</code></a></th><td>l&#x27;&lt;b&gt;</td>",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains("src="), "{page}");
    }
}
