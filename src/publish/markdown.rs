//! A page becomes Markdown, with tables.

use crate::publish::document::{Document, Line, Piece, Section, Sheet};

/// The page as Markdown.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let mut page = format!("# {}\n", escaped(&document.title));
    for line in &document.about {
        page.push_str(&format!("\n{}\n", text(line)));
    }
    for Section { head, is_below, texts, facts, sheet, .. } in &document.sections {
        let marks = if *is_below { "###" } else { "##" };
        page.push_str(&format!("\n{marks} {}\n", text(head)));
        for line in texts {
            page.push_str(&format!("\n{}\n", text(line)));
        }
        if !facts.is_empty() {
            page.push('\n');
        }
        for (word, told) in facts {
            page.push_str(&format!("- {} : {}\n", escaped(word), text(told)));
        }
        if let Some(Sheet { caption, heads, rows }) = sheet {
            let ruler = heads.iter().map(|_| "---").collect::<Vec<_>>().join(" | ");
            let heads = heads.join(" | ");
            page.push_str(&format!("\n{} :\n\n| {heads} |\n| {ruler} |\n", text(caption)));
            for row in rows {
                let cells: Vec<String> = row.iter().map(text).collect();
                page.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
    }
    page
}

fn text(line: &Line) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Words(words) => escaped(words),
        // A mark inside a name would end it; a bar would end the cell, marked or not.
        Piece::Name(name) | Piece::Link(name, _) if !name.is_empty() => {
            format!("`{}`", name.replace('`', "'").replace('|', "\\|"))
        }
        Piece::Name(_) | Piece::Link(..) => String::new(),
    };
    line.iter().map(piece).collect()
}

/// A text that is nothing but text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => safe.push(' '),
            '\\' | '`' | '*' | '_' | '<' | '[' | '|' => safe.extend(['\\', letter]),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::document::{name, words};

    #[test]
    fn texts_are_escaped_and_tables_keep_their_cells() {
        let mut section = Section::new("a", "Une liste");
        section.fact("Formule", words("a_b * 2 | <b>"));
        section.sheet = Some(Sheet {
            caption: words("Colonnes"),
            heads: vec!["Nom", "Sens"],
            rows: vec![vec![name("a_b|c"), words("un | deux\ntrois")]],
        });
        let document =
            Document { title: "T".to_owned(), sections: vec![section], ..<_>::default() };
        assert_eq!(
            markdown(&document),
            "# T\n\n## Une liste\n\n- Formule : a\\_b \\* 2 \\| \\<b>\n\nColonnes :\n\n\
             | Nom | Sens |\n| --- | --- |\n| `a_b\\|c` | un \\| deux trois |\n"
        );
    }
}
