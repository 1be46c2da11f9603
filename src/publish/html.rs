//! A page becomes one HTML file: no script, nothing from elsewhere, readable by all.
//!
//! Heads of rows and columns are marked as such, tables have captions, headings follow one another,
//! wide tables are reached by keyboard, colours are those that the reader asked for.

use crate::publish::document::{Document, Line, Piece, Section, Sheet};

const STYLE: &str = "\
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem }
h2 { border-bottom: 2px solid; margin-top: 3rem }
h3 { margin-top: 2rem }
p, dd { max-width: 50rem }
dt { font-weight: bold }
dd { margin: 0 0 .5rem 1.5rem }
table { border-collapse: collapse; width: 100% }
caption { font-weight: bold; padding: .5rem 0; text-align: left }
th, td { border: 1px solid; padding: .3rem .5rem; text-align: left; vertical-align: top }
tbody th { font-weight: normal }
code { overflow-wrap: anywhere }
.sheet { overflow-x: auto }
.skip { left: -100rem; position: absolute }
.skip:focus { position: static }
";

/// The page as HTML.
#[must_use]
pub fn html(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#contenu\">Aller au contenu</a>\n\
         <header>\n<h1>{title}</h1>\n"
    );
    for line in &document.about {
        page.push_str(&format!("<p>{}</p>\n", text(line)));
    }
    page.push_str("</header>\n<nav aria-labelledby=\"sommaire\">\n");
    page.push_str("<h2 id=\"sommaire\">Sommaire</h2>\n<ul>\n");
    for Section { anchor, head, .. } in document.sections.iter().filter(|it| !it.is_below) {
        page.push_str(&format!("<li><a href=\"#{}\">{}</a></li>\n", escaped(anchor), text(head)));
    }
    page.push_str("</ul>\n</nav>\n<main id=\"contenu\">\n");
    for section in &document.sections {
        page.push_str(&of_section(section));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn of_section(section: &Section) -> String {
    let Section { anchor, head, is_below, texts, facts, sheet } = section;
    let level = if *is_below { 3 } else { 2 };
    let mut part = format!("<h{level} id=\"{}\">{}</h{level}>\n", escaped(anchor), text(head));
    for line in texts {
        part.push_str(&format!("<p>{}</p>\n", text(line)));
    }
    if !facts.is_empty() {
        part.push_str("<dl>\n");
        for (word, told) in facts {
            part.push_str(&format!("<dt>{}</dt>\n<dd>{}</dd>\n", escaped(word), text(told)));
        }
        part.push_str("</dl>\n");
    }
    part.extend(sheet.iter().map(of_sheet));
    part
}

fn of_sheet(sheet: &Sheet) -> String {
    let label: String = sheet.caption.iter().map(Piece::text).collect();
    let mut table = format!(
        "<div class=\"sheet\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n\
         <table>\n<caption>{}</caption>\n<thead>\n<tr>",
        escaped(&label),
        text(&sheet.caption)
    );
    for head in &sheet.heads {
        table.push_str(&format!("<th scope=\"col\">{}</th>", escaped(head)));
    }
    table.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &sheet.rows {
        table.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            table.push_str(&match place {
                0 => format!("<th scope=\"row\">{}</th>", text(cell)),
                _ => format!("<td>{}</td>", text(cell)),
            });
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody>\n</table>\n</div>\n");
    table
}

fn text(line: &Line) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Words(words) => escaped(words),
        Piece::Name(name) => format!("<code>{}</code>", escaped(name)),
        Piece::Link(name, anchor) => {
            format!("<a href=\"#{}\"><code>{}</code></a>", escaped(anchor), escaped(name))
        }
    };
    line.iter().map(piece).collect()
}

/// A text that is nothing but text, in an element or between quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::document::{link, words};

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
        let page = html(&document);
        for expected in [
            "<html lang=\"fr\">",
            "<h2 id=\"a\">&lt;script&gt;alert(1)&lt;/script&gt;</h2>",
            "<dd>a &lt; b &amp; &quot;c&quot;</dd>",
            "<caption>Colonnes d&#39;ici</caption>",
            "<th scope=\"col\">Sens</th>",
            "<th scope=\"row\"><a href=\"#a\"><code>n</code></a></th><td>l&#39;&lt;b&gt;</td>",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains("src="), "{page}");
    }
}
