//! Fields become lines of CSV or of JSON in a buffer that is used again.

use std::fmt::Display;

use serde_json::Value;

/// One CSV line; fields are quoted only where RFC 4180 asks for it.
pub(crate) struct CsvLine {
    text: String,
    separator: char,
    fields: usize,
    fields_max: usize,
}

impl CsvLine {
    pub(crate) fn new(separator: char) -> Self {
        Self { text: String::new(), separator, fields: 0, fields_max: usize::MAX }
    }

    /// Starts a line again; fields after the `fields_max` first are left out.
    pub(crate) fn start(&mut self, fields_max: usize) {
        self.text.clear();
        self.fields = 0;
        self.fields_max = fields_max;
    }

    /// Adds a field.
    pub(crate) fn field(&mut self, field: &str) {
        self.fields += 1;
        if self.fields > self.fields_max {
            return;
        }
        if self.fields > 1 {
            self.text.push(self.separator);
        }
        if field.contains([self.separator, '"', '\n', '\r']) {
            self.text.push('"');
            self.text.push_str(&field.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(field);
        }
    }

    /// Adds a field for each text.
    pub(crate) fn fields(&mut self, fields: &[&str]) {
        for field in fields {
            self.field(field);
        }
    }

    /// Adds a field for each number.
    pub(crate) fn numbers(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.field(&number.to_string());
        }
    }

    /// Ends the line and gives its bytes.
    pub(crate) fn end(&mut self) -> &[u8] {
        self.text.push('\n');
        self.text.as_bytes()
    }
}

/// One JSON object on a line.
pub(crate) struct JsonLine {
    text: String,
}

impl JsonLine {
    pub(crate) fn new() -> Self {
        Self { text: String::new() }
    }

    /// Starts a line again.
    pub(crate) fn start(&mut self) {
        self.text.clear();
        self.text.push('{');
    }

    fn separate(&mut self) {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    /// Adds a member that is written as it is: a number, `true`, `null`.
    pub(crate) fn bare(&mut self, key: &str, value: &dyn Display) {
        self.key(key);
        self.text.push_str(&value.to_string());
    }

    /// Adds a text, or `null`.
    pub(crate) fn text(&mut self, key: &str, value: Option<&str>) {
        self.key(key);
        self.value(value);
    }

    /// Adds a list of texts.
    pub(crate) fn list<S: AsRef<str>>(&mut self, key: &str, values: &[S]) {
        self.key(key);
        self.text.push('[');
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            self.value(Some(value.as_ref()));
        }
        self.text.push(']');
    }

    /// Adds an object of counts.
    pub(crate) fn counts(&mut self, key: &str, names: &[&str], counts: &[u64]) {
        self.open(key);
        for (name, count) in names.iter().zip(counts) {
            self.bare(name, count);
        }
        self.close();
    }

    /// Opens an object inside the line.
    pub(crate) fn open(&mut self, key: &str) {
        self.key(key);
        self.text.push('{');
    }

    /// Closes the object opened last.
    pub(crate) fn close(&mut self) {
        self.text.push('}');
    }

    /// Opens a list of objects inside the line.
    pub(crate) fn open_list(&mut self, key: &str) {
        self.key(key);
        self.text.push('[');
    }

    /// Opens an object inside a list.
    pub(crate) fn open_item(&mut self) {
        self.separate();
        self.text.push('{');
    }

    /// Closes the list opened last.
    pub(crate) fn close_list(&mut self) {
        self.text.push(']');
    }

    /// Ends the object without ending the line and gives its text.
    pub(crate) fn object(&mut self) -> &str {
        self.text.push('}');
        &self.text
    }

    /// Ends the line and gives its bytes.
    pub(crate) fn end(&mut self) -> &[u8] {
        self.text.push_str("}\n");
        self.text.as_bytes()
    }

    fn value(&mut self, value: Option<&str>) {
        match value {
            None => self.text.push_str("null"),
            Some(value) if value.contains(|c: char| c.is_control() || c == '"' || c == '\\') => {
                self.text.push_str(&Value::from(value).to_string());
            }
            Some(value) => {
                self.text.push('"');
                self.text.push_str(value);
                self.text.push('"');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::lines::{CsvLine, JsonLine};

    #[test]
    fn quotes_only_what_needs_it() {
        let mut line = CsvLine::new(',');
        line.start(4);
        line.fields(&["a b", "{a,b c}", "say \"x\"", "two\nlines", "left out"]);
        assert_eq!(line.end(), b"a b,\"{a,b c}\",\"say \"\"x\"\"\",\"two\nlines\"\n");
    }

    #[test]
    fn writes_nested_objects() {
        let mut line = JsonLine::new();
        line.start();
        line.text("a", Some("say \"x\""));
        line.open("b");
        line.counts("c", &["d", "e"], &[1, 2]);
        line.close();
        line.list("f", &["g", "h"]);
        line.text("i", None);
        line.open_list("j");
        for number in [1, 2] {
            line.open_item();
            line.bare("k", &number);
            line.close();
        }
        line.close_list();
        let expected = r#"{"a":"say \"x\"","b":{"c":{"d":1,"e":2}},"f":["g","h"],"i":null,"#;
        let expected = format!("{expected}{}", r#""j":[{"k":1},{"k":2}]}"#);
        assert_eq!(line.end(), format!("{expected}\n").as_bytes());
    }
}
