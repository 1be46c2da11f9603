//! Fields and a piece of a file become the body of a form.

/// A form under way.
#[derive(Debug)]
pub(super) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty form; `mark` is no part of what goes into it.
    pub(super) fn new(mark: &str) -> Self {
        Self { boundary: format!("conum-{mark}"), body: Vec::new() }
    }

    /// Adds a field. Names and values are our own: none has a quote or a line end.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        let Self { boundary, body } = &mut self;
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        self
    }

    /// Adds a piece of a file.
    pub(super) fn file(mut self, file_name: &str, content: &[u8]) -> Self {
        let Self { boundary, body } = &mut self;
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{file_name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
        self
    }

    /// The content type, and the body.
    pub(super) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_its_parts_between_boundaries() {
        let (kind, body) = Form::new("x").field("a", "1").file("b.csv", b"\0\n").finish();
        assert_eq!(kind, "multipart/form-data; boundary=conum-x");
        let expected = "--conum-x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --conum-x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.csv\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\0\n\r\n--conum-x--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
