//! A record whose quotes enclose nothing becomes fields; JSON in a field may hold the delimiter.

use serde_json::Value;

use crate::ingest::fields::Field;
use crate::vocabulary::reject::reasons;

/// How such records are cut.
#[derive(Debug)]
pub(super) struct Layout {
    /// Delimiter.
    pub(super) delimiter: u8,
    /// Fields of a record.
    pub(super) count: usize,
    /// Numbers of the fields that hold JSON.
    pub(super) json: Vec<usize>,
    /// Number of the field to which superfluous delimiters belong.
    pub(super) absorbs: Option<usize>,
}

/// Cuts a record.
///
/// # Errors
/// The reason to refuse it.
pub(super) fn split(
    record: &str,
    layout: &Layout,
    fields: &mut Vec<Field>,
) -> Result<(), &'static str> {
    fields.clear();
    let bytes = record.as_bytes();
    let mut start = 0;
    loop {
        let rest = bytes.get(start..).unwrap_or_default();
        let is_json = layout.json.contains(&fields.len()) && rest.first() == Some(&b'{');
        let from = if is_json {
            let text = record.get(start..).unwrap_or_default();
            start + json_end(text).ok_or(reasons::NESTED)?
        } else {
            start
        };
        let tail = bytes.get(from..).unwrap_or_default();
        let end = memchr::memchr(layout.delimiter, tail).map_or(bytes.len(), |at| from + at);
        fields.push(Field::plain(start, end));
        if end >= bytes.len() {
            break;
        }
        start = end + 1;
    }
    absorb((layout.count, layout.absorbs), fields);
    if fields.len() == layout.count { Ok(()) } else { Err(reasons::FIELD_COUNT) }
}

/// Where the JSON value at the start of a text ends.
fn json_end(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(_)) => Some(values.byte_offset()),
        Some(Err(_)) | None => None,
    }
}

/// Joins the fields that one field was cut into.
pub(super) fn absorb((count, absorbs): (usize, Option<usize>), fields: &mut Vec<Field>) {
    let Some(number) = absorbs else { return };
    let surplus = fields.len().saturating_sub(count);
    let (Some(first), Some(last)) = (fields.get(number), fields.get(number + surplus)) else {
        return;
    };
    let joined = first.up_to(last);
    if let Some(field) = fields.get_mut(number) {
        *field = joined;
    }
    fields.drain(number + 1..=number + surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(record: &str, json: &[usize], absorbs: Option<usize>) -> Result<Vec<String>, String> {
        let layout = Layout { delimiter: b';', count: 3, json: json.to_vec(), absorbs };
        let mut fields = Vec::new();
        split(record, &layout, &mut fields).map_err(str::to_owned)?;
        Ok(fields.iter().map(|field| field.text(record).into_owned()).collect())
    }

    #[test]
    fn json_may_hold_the_delimiter() {
        let record = r#"a;{"n":"x; \"y\";","t":{"u":[1]}};b"#;
        let fields = cut(record, &[1], None).unwrap();
        assert_eq!(fields, ["a", r#"{"n":"x; \"y\";","t":{"u":[1]}}"#, "b"]);
        assert_eq!(cut("a;undefined;", &[1], None).unwrap(), ["a", "undefined", ""]);
        assert_eq!(cut(r#"a;{"n":"x;b"#, &[1], None), Err(reasons::NESTED.to_owned()));
        assert_eq!(cut("a;b", &[1], None), Err(reasons::FIELD_COUNT.to_owned()));
    }

    #[test]
    fn one_field_takes_the_superfluous_delimiters() {
        assert_eq!(cut("a;b;c;d;e", &[], Some(1)).unwrap(), ["a", "b;c;d", "e"]);
        assert_eq!(cut("a;\"b\" c;d", &[], Some(1)).unwrap(), ["a", "\"b\" c", "d"]);
        assert_eq!(cut("a;b", &[], Some(1)), Err(reasons::FIELD_COUNT.to_owned()));
    }
}
