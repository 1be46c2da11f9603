//! EDN, as Metabase prints documents, becomes a JSON value: maps, vectors, texts, numbers.
//!
//! Keywords lose their colon; `nil` is null. Sets, tags and characters are never met and refused.

use serde_json::{Map, Value};

/// Depth beyond which nothing real goes.
const DEPTH_MAX: usize = 32;

/// Reads one value; `None` when the text is not one and nothing else.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over white space; a comma is white space in EDN.
    fn skip(&mut self) {
        let rest = self.rest();
        let kept = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        self.at += rest.len() - kept.len();
    }

    fn take(&mut self, c: char) -> bool {
        let is_next = self.rest().starts_with(c);
        if is_next {
            self.at += c.len_utf8();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.skip();
        match self.rest().chars().next()? {
            '{' => self.map(depth),
            '[' => self.list(depth, ('[', ']')),
            '(' => self.list(depth, ('(', ')')),
            '"' => self.string().map(Value::String),
            ':' => {
                self.take(':');
                self.word().map(|word| Value::String(word.to_owned()))
            }
            _ => self.atom(),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.take('{');
        let mut map = Map::new();
        loop {
            self.skip();
            if self.take('}') {
                return Some(Value::Object(map));
            }
            let Value::String(key) = self.value(depth + 1)? else { return None };
            let value = self.value(depth + 1)?;
            if map.insert(key, value).is_some() {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize, (open, close): (char, char)) -> Option<Value> {
        self.take(open);
        let mut elements = Vec::new();
        loop {
            self.skip();
            if self.take(close) {
                return Some(Value::Array(elements));
            }
            elements.push(self.value(depth + 1)?);
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take('"');
        let mut text = String::new();
        let mut is_escaped = false;
        for c in self.rest().chars() {
            self.at += c.len_utf8();
            match (is_escaped, c) {
                (false, '"') => return Some(text),
                (false, '\\') => is_escaped = true,
                (true, _) => {
                    is_escaped = false;
                    text.push(match c {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    });
                }
                (false, other) => text.push(other),
            }
        }
        None
    }

    /// Letters, digits and signs up to the next delimiter.
    fn word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let is_end = |c: char| c.is_whitespace() || ",{}[]()\":".contains(c);
        let word = rest.get(..rest.find(is_end).unwrap_or(rest.len()))?;
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    fn atom(&mut self) -> Option<Value> {
        match self.word()? {
            "nil" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            word => word.parse::<serde_json::Number>().ok().map(Value::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_metabase_prints() {
        let map = parse("{:etudiant 0, :sansEmploi 1, :enEmploi nil}");
        assert_eq!(map, Some(json!({"etudiant": 0, "sansEmploi": 1, "enEmploi": null})));
        assert_eq!(parse("[\"a\" \"b c\"]"), Some(json!(["a", "b c"])));
        assert_eq!(parse(" {\"CCAS\" {:n -2}} "), Some(json!({"CCAS": {"n": -2}})));
        assert_eq!(parse("[]"), Some(json!([])));
        assert_eq!(parse(r#"["l\"eau"]"#), Some(json!(["l\"eau"])));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let deep = "[".repeat(10_000);
        let cut = "{:a 1";
        for text in ["", "{:a}", cut, "{:a 1} x", "{1 2}", "{:a 1, :a 2}", "#{1}", "[1}", &deep] {
            assert_eq!(parse(text), None, "{}", text.get(..20).unwrap_or(text));
        }
    }
}
