//! A path in a JSON object becomes the text of a cell.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// The text at a path: a scalar as written, an array joined by `separator`; `None` for nothing.
pub(super) fn text<'a>(
    object: &BTreeMap<String, Value>,
    path: &[String],
    separator: &str,
) -> Option<Cow<'a, str>> {
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(object.get(first)?, |value, key| value.get(key))?;
    match value {
        Value::Array(elements) => {
            let texts: Vec<String> = elements.iter().filter_map(scalar).collect();
            Some(Cow::Owned(texts.join(separator)))
        }
        _ => scalar(value).map(Cow::Owned),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // An object where a scalar is due is shown as JSON, and refused by the reading of its column.
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_paths_and_joins_arrays() {
        let object = serde_json::from_str(r#"{"a":{"b":3},"t":["x","y"],"n":null}"#).unwrap();
        let at = |path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            text(&object, &path, "|").map(Cow::into_owned)
        };
        assert_eq!(at("a.b").as_deref(), Some("3"));
        assert_eq!(at("t").as_deref(), Some("x|y"));
        assert_eq!(at("n"), None);
        assert_eq!(at("a.c"), None);
        assert_eq!(at("t.x"), None);
    }
}
